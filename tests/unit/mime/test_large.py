"""Large and hostile messages: flat memory, no part lost, time that grows with the size only."""

import binascii
import hashlib
import mmap
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.raw import FileRaw

from postroom.mime.read import Limits, read

HEAD = b"From: a@b.example\r\nSubject: big\r\n"
MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
LINE = bytes(range(57))
ENCODED = binascii.b2a_base64(LINE, newline=False) + b"\r\n"
LINES = 1_970_000


class MappedRaw:
    """A message in a file, looked at through the page cache."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @property
    def size(self) -> int:
        return len(self.map)

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        return self.map.find(needle, start, len(self.map) if end is None else end)

    def read(self, start: int, end: int) -> bytes:
        return self.map[start:end]


@pytest.fixture
def large(tmp_path: Path) -> Iterator[MappedRaw]:
    path = tmp_path / "large.eml"
    with path.open("wb") as file:
        file.write(MIXED + b"--b\r\n\r\nsee the film\r\n--b\r\nContent-Type: video/mp4\r\n")
        file.write(b"Content-Transfer-Encoding: base64\r\n\r\n")
        for _ in range(LINES // 10_000):
            file.write(ENCODED * 10_000)
        file.write(b"--b--\r\n")
    raw = MappedRaw(path)
    yield raw
    raw.map.close()


@pytest.mark.parametrize("accelerated", [True, False])
def test_a_message_of_150_megabytes_costs_little_memory(large: MappedRaw, accelerated: bool) -> None:
    assert large.size > 150_000_000
    tracemalloc.start()
    message = read(large, accelerated=accelerated)
    digest, size = hashlib.sha256(), 0
    for chunk in message.attachments[0].content.chunks():
        assert len(chunk) <= 1 << 20
        digest.update(chunk)
        size += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert size == LINES * len(LINE)
    expected = hashlib.sha256()
    for _ in range(LINES // 10_000):
        expected.update(LINE * 10_000)
    assert digest.digest() == expected.digest()
    assert message.text == "see the film"


def test_a_text_that_is_too_long_is_cut_and_kept_whole_as_a_file() -> None:
    body = b"a line of words\r\n" * 600_000
    message = read(HEAD + b"\r\n" + body)
    assert message.defects == ("truncated body",)
    assert 7_800_000 < len(message.text) <= 8 << 20
    assert message.text.endswith("a line of words")
    assert [one.filename for one in message.attachments] == ["attachment1.txt"]
    assert b"".join(message.attachments[0].content.chunks()) == body


def test_a_long_text_in_a_file_is_read_in_bounded_pieces() -> None:
    raw = FileRaw(HEAD + b"\r\n" + b"a line of words\r\n" * 3_000_000)
    message = read(raw)
    for _ in message.attachments[0].content.chunks():
        pass
    assert raw.largest_read <= 3 * Limits().text + 64


@pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable", b"8bit", b"x-uuencode"])
def test_a_large_part_decodes_in_pieces_as_it_does_whole(encoding: bytes) -> None:
    plain = bytes(range(256)) * 12_000
    lines = [plain[at : at + 45] for at in range(0, len(plain), 45)]
    encoded = {
        b"base64": b"\r\n".join(binascii.b2a_base64(line, newline=False) for line in lines),
        b"quoted-printable": b"=\r\n".join(binascii.b2a_qp(line, istext=False) for line in lines),
        b"8bit": plain,
        b"x-uuencode": b"".join(binascii.b2a_uu(line) for line in lines),
    }[encoding]
    head = HEAD + b"Content-Type: a/b\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    for raw in (head + encoded, FileRaw(head + encoded)):
        chunks = list(read(raw).attachments[0].content.chunks())
        assert b"".join(chunks) == plain
        assert max(map(len, chunks)) <= 1 << 20


def test_quoted_printable_without_line_ends_is_not_cut_within_an_escape() -> None:
    head = HEAD + b"Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    for shift in range(4):
        encoded = b"x" * shift + b"=C3=BC" * 400_000
        content = read(head + encoded).attachments[0].content
        assert b"".join(content.chunks()) == b"x" * shift + "ü".encode() * 400_000


def nested(levels: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels)
    )
    closed = b"".join(b"\r\n--b%d--" % n for n in reversed(range(levels)))
    return HEAD + opened + b"Content-Type: text/plain\r\n\r\ndeep" + closed


def test_five_hundred_levels_are_read_to_the_bottom() -> None:
    message = read(nested(500))
    assert message.text == "deep"
    assert message.defects == ()


def test_what_lies_too_deep_is_kept_as_a_file() -> None:
    message = read(nested(5_000))
    assert message.defects == ("nested too deep",)
    assert [one.mimetype for one in message.attachments] == ["application/octet-stream"]
    assert b"deep" in b"".join(message.attachments[0].content.chunks())


def test_five_hundred_attachments_are_all_there() -> None:
    part = b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"
    message = read(MIXED + part * 500 + b"--b--")
    assert len(message.attachments) == 500
    assert len({one.filename for one in message.attachments}) == 500


def test_an_empty_part_is_an_empty_text() -> None:
    message = read(MIXED + b"--b\r\n--b\r\n\r\nhi\r\n--b--")
    assert (message.text, message.defects, message.attachments) == ("hi", (), ())


def test_parts_beyond_the_limit_stay_in_the_last_one() -> None:
    parts = b"".join(b"--b\r\nContent-Type: a/b\r\n\r\npart %d\r\n" % n for n in range(20))
    message = read(MIXED + parts + b"--b--", limits=Limits(parts=5))
    assert message.defects == ("too many parts",)
    assert b"part 19" in b"".join(message.attachments[-1].content.chunks())


def test_of_too_many_headers_the_first_are_kept() -> None:
    message = read(HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\nhi")
    assert len(message.headers) == 10_000
    assert message.defects == ("too many headers",)
    assert message.text == "hi"


def test_what_no_message_can_do_without_is_found_behind_ten_thousand_headers() -> None:
    surplus = b"".join(b"X-Relay-%d: passed on\r\n" % number for number in range(12_000))
    vital = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: at last\r\nMessage-ID: <1@b>\r\n"
    message = read(surplus + vital + b"X-More: no\r\n\r\nHi\r\n")
    assert (message.author and message.author.address, message.subject) == ("a@b.example", "at last")
    assert [address.address for address in message.to] == ["c@d.example"]
    assert (message.message_id, message.text) == ("1@b", "Hi")
    assert len(message.headers) == 10_004
    assert message.header("X-More") == ""


def test_of_too_much_header_the_beginning_is_kept() -> None:
    for line_end in (b"\r\n", b"\n"):
        header = HEAD + b"X: " + b" " * 5_000_000 + b"\r\nY: z\r\n\r\nhi"
        message = read(header.replace(b"\r\n", line_end))
        assert message.defects == ("too much header",)
        assert (message.subject, message.text) == ("big", "hi")


def test_header_without_end_is_all_header() -> None:
    message = read(HEAD + b"X: " + b" " * 2_000_000)
    assert message.text == ""


SLOW = {
    "five megabytes of blanks": HEAD + b"\r\n" + b" " * 5_000_000,
    "a hundred thousand quotes": HEAD
    + b"\r\n" + b"\r\n".join(b">" * (n % 300) + b" hi" for n in range(100_000)),
    "garbage for headers": HEAD + b"garbage\r\n" * 100_000 + b"From: z@z\r\n\r\nhi",
    "empty folded lines": b"Subject: a\r\n" + b" \r\n" * 300_000 + b"\r\nhi",
    "words that never end": b"Subject: " + b"=?a?q?" * 150_000 + b"\r\n\r\nhi",
    "many words": b"Subject: " + b"=?utf-8?q?a?= " * 70_000 + b"\r\n\r\nhi",
    "names without addresses": b"To: " + b"a, " * 300_000 + b"<a@b>\r\n\r\nhi",
    "brackets": b"To: " + b"<" * 500_000 + b"(" * 500_000 + b"\r\n\r\nhi",
    "quotes": b"To: " + b'"\\' * 500_000 + b"\r\n\r\nhi",
    "blanks among names": b'To: "a"' + b"\t" * 1_000_000 + b"<a@b.c\r\n\r\nhi",
    "parameters": b"Content-Type: a/b" + b';a="\\"' * 12_000 + b";" + b" " * 60_000 + b"\r\n\r\nhi",
    "almost boundaries": MIXED + b"--bx\r\n" * 500_000,
    "references": b"From: a\r\nReferences: " + b"<" * 500_000 + b"<a@b> " * 80_000 + b"\r\n\r\nhi",
    "unclosed tags": MIXED
    + b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<a <script>" * 300_000
    + b"\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: text/html\r\n\r\n" + b"<!--" * 300_000 + b"\r\n--b--",
    "pictures and their references": MIXED
    + b"--b\r\nContent-Type: text/html\r\n\r\n" + b"cid:a " * 300_000 + b"\r\n"
    + b"--b\r\nContent-Type: image/png\r\nContent-ID: <x>\r\n\r\na\r\n" * 1_000 + b"--b--",
    "letters of no charset": HEAD + b"\r\n" + bytes(range(128, 256)) * 60_000,
}  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", SLOW)
def test_a_hostile_message_is_read_in_linear_time(name: str) -> None:
    assert read(SLOW[name]).headers
