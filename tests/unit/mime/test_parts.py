"""Attached files: names, forwarded messages, winmail.dat."""

import random
import struct
import warnings
from pathlib import Path

import pytest
from tests.support.mail import a_message

from postroom.errors import MalformedMessage
from postroom.mime.filename import invent_filename, safe_filename
from postroom.mime.forwarded import attached_messages
from postroom.mime.message import BytesContent
from postroom.mime.read import Limits, read
from postroom.mime.subject import FORWARD_MARKS, REPLY_MARKS, count_reply_marks, is_forward, strip_reply_marks
from postroom.mime.text import html_to_text
from postroom.mime.tnef import unpack
from postroom.mime.transfer import decode_base64, decode_uuencode, is_accelerated

WINMAIL = Path(__file__).parents[2] / "corpus" / "mime" / "winmail.eml"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\a.txt", "a.txt"),
        ("dir/", "dir"),
        ("a\r\nb\0c.txt", "abc.txt"),
        ("CON.txt", "_CON.txt"),
        ("contract.txt", "contract.txt"),
        (" . ", ""),
        ("", ""),
        ("annex\u202efdp.exe", "annexfdp.exe"),
        ("u\u0308.txt", "ü.txt"),
        ("a  \t b.txt", "a b.txt"),
        ("x" * 400 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 400, "x" * 255),
        ("x" * 250 + "." + "y" * 100, "x" * 250 + "." + "y" * 4),
    ],
)
def test_file_names_are_cleaned(name: str, expected: str) -> None:
    assert safe_filename(name) == expected


def test_invented_names_fit_the_type() -> None:
    assert invent_filename("application/pdf", 1) == "attachment1.pdf"
    assert invent_filename("video/unheard-of", 2) == "video2.bin"
    assert invent_filename("message/delivery-status", 3) == "delivery-status.txt"


INNER = a_message(subject="inner")


@pytest.mark.parametrize(
    ("name", "mimetype"),
    [
        ("m.eml", "message/rfc822"),
        ("M.EML", "application/octet-stream"),
        ("without ending", "message/rfc822"),
    ],
)
def test_a_forwarded_message_is_found_by_type_or_name(name: str, mimetype: str) -> None:
    message = read(a_message(attachments=[("a.pdf", b"x"), (name, INNER, mimetype)]))
    found = attached_messages(message)
    assert [b"".join(one.chunks()) for one in found] == [INNER]


def test_a_message_without_a_forwarded_one_has_none() -> None:
    assert attached_messages(read(a_message(attachments=[("a.pdf", b"x")]))) == ()


@pytest.mark.parametrize(
    ("name", "mimetype"), [("item.MSG", "application/octet-stream"), ("item", "application/vnd.ms-outlook")]
)
def test_an_outlook_item_is_refused_with_a_reason(name: str, mimetype: str) -> None:
    with pytest.raises(MalformedMessage, match=r"\.msg"):
        attached_messages(read(a_message(attachments=[(name, b"x", mimetype)])))


def attribute(level: int, name: int, data: bytes) -> bytes:
    return (
        bytes([level])
        + struct.pack("<HHI", name, 6, len(data))
        + data
        + struct.pack("<H", sum(data) & 0xFFFF)
    )


def variable(kind: int, name: int, *values: bytes) -> bytes:
    padded = b"".join(struct.pack("<I", len(one)) + one + bytes(-len(one) % 4) for one in values)
    return struct.pack("<HHI", kind, name, len(values)) + padded


def winmail(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def file_attributes(
    *properties: bytes, data: bytes | None = b"content", title: bytes = b"SHORT.TXT\0"
) -> bytes:
    made = attribute(2, 0x9002, bytes(14)) + attribute(2, 0x8010, title)
    made += attribute(2, 0x800F, data) if data is not None else b""
    return made + attribute(2, 0x9005, struct.pack("<I", len(properties)) + b"".join(properties))


def test_winmail_gives_body_and_files() -> None:
    body = variable(0x001F, 0x1000, "Grüße\r\n".encode("utf-16-le"))
    found = unpack(winmail(attribute(1, 0x9003, struct.pack("<I", 1) + body), file_attributes()))
    assert found is not None
    assert found.text == "Grüße"
    assert found.files == (("SHORT.TXT", "application/octet-stream", "", b"content"),)


def test_winmail_uses_the_better_names() -> None:
    name = variable(0x001E, 0x3707, "Größe.pdf\0".encode("cp1252"))
    tag = variable(0x001E, 0x370E, b"application/PDF\0")
    cid = variable(0x001E, 0x3712, b"<a@b>\0")
    found = unpack(
        winmail(attribute(1, 0x9007, struct.pack("<II", 1252, 0)), file_attributes(name, tag, cid))
    )
    assert found is not None
    assert found.files == (("Größe.pdf", "application/pdf", "a@b", b"content"),)


def test_winmail_passes_over_what_it_does_not_need() -> None:
    named = struct.pack("<HH", 0x0003, 0x8001) + bytes(16) + struct.pack("<II", 0, 7) + bytes(4)
    spelt = (
        struct.pack("<HH", 0x0003, 0x8002)
        + bytes(16)
        + struct.pack("<II", 1, 6)
        + b"a\0b\0\0\0\0\0"
        + bytes(4)
    )
    many = struct.pack("<HHI", 0x1003, 0x0E00, 2) + bytes(8)
    texts = struct.pack("<HHI", 0x101E, 0x0E01, 2) + struct.pack("<I4sI4s", 2, b"ab", 2, b"cd")
    name = variable(0x001E, 0x3704, b"late.txt\0")
    found = unpack(
        winmail(attribute(1, 0x8004, b"subject"), file_attributes(named, spelt, many, texts, name, title=b""))
    )
    assert found is not None
    assert found.files[0][0] == "late.txt"


@pytest.mark.parametrize(("text", "names"), [("hi", ["SHORT.TXT"]), (None, ["winmail.dat", "SHORT.TXT"])])
def test_a_winmail_whose_body_can_not_be_read_is_kept_where_there_is_no_other(
    text: str | None, names: list[str]
) -> None:
    body = attribute(1, 0x9003, struct.pack("<I", 1) + variable(0x0102, 0x1009, b"LZFu"))
    octets = a_message(text=text, attachments=[("winmail.dat", winmail(body, file_attributes()))])
    assert [one.filename for one in read(octets).attachments] == names


def test_an_item_within_winmail_stays_such_an_item() -> None:
    inner = winmail(attribute(1, 0x800C, b"inner text"))
    item = variable(0x000D, 0x3701, bytes(16) + inner)
    found = unpack(winmail(file_attributes(item, data=None)))
    assert found is not None
    assert found.files == (("SHORT.TXT", "application/ms-tnef", "", inner),)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"no wrapping",
        winmail(),
        winmail(attribute(1, 0x9003, struct.pack("<IHHI", 0xFFFFFFFF, 0x1002, 1, 0xFFFFFFFF))),
        winmail(attribute(1, 0x9003, struct.pack("<IHHI", 0xFFFFFFFF, 0x1001, 1, 0xFFFFFFFF) * 3)),
        winmail(attribute(1, 0x9003, struct.pack("<IHHI", 1, 0x101F, 1, 0xFFFFFFFF))),
        winmail(attribute(1, 0x9003, struct.pack("<IHHI", 1, 0x7777, 1, 0))),
        winmail(attribute(2, 0x800F, b"a file that never began")),
        winmail(attribute(1, 0x9007, b"")),
        winmail(b"\0" * 11 * 30_000),
    ],
)
def test_a_winmail_with_nothing_in_it_or_made_to_hurt_gives_nothing(octets: bytes) -> None:
    assert unpack(octets) is None


@pytest.mark.timeout(60)
def test_a_damaged_winmail_never_raises() -> None:
    rng = random.Random(11)
    whole = winmail(
        attribute(1, 0x9003, struct.pack("<I", 1) + variable(0x0102, 0x1013, b"<p>x</p>")),
        file_attributes(variable(0x001F, 0x3707, "ü.txt".encode("utf-16-le"))),
    )
    for _ in range(5_000):
        octets = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            octets[rng.randrange(4, len(octets))] = rng.randrange(256)
        unpack(bytes(octets[: rng.randint(4, len(octets))]))


def test_winmail_reads_as_with_the_library_for_the_format() -> None:
    tnefparse = pytest.importorskip("tnefparse")
    wrapped = read(WINMAIL.read_bytes(), limits=Limits(tnef=0)).attachments[0]
    octets = b"".join(wrapped.content.chunks())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = tnefparse.TNEF(octets, do_checksum=True)
    ours = unpack(octets)
    assert ours is not None
    assert [(one.long_filename(), one.data) for one in theirs.attachments] == [
        (name, data) for name, _, _, data in ours.files
    ]
    assert theirs.htmlbody == ours.html


def test_a_winmail_that_is_too_large_stays_as_it_is() -> None:
    message = read(WINMAIL.read_bytes(), limits=Limits(tnef=10))
    assert [one.filename for one in message.attachments] == ["winmail.dat"]
    assert message.defects == ("large tnef",)


def test_a_file_called_winmail_is_unpacked_whatever_its_type() -> None:
    octets = winmail(attribute(1, 0x800C, b"the text"), file_attributes())
    message = read(a_message(text=None, attachments=[("WinMail.dat", octets)]))
    assert message.text == "the text"
    assert [one.filename for one in message.attachments] == ["SHORT.TXT"]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", (b"", True)),
        (b"aGVsbG8=", (b"hello", True)),
        (b" aG\tVs\r\nbG8=\n\n", (b"hello", True)),
        (b"aGVsbG8", (b"hello", False)),
        (b"aGVsbG8=\r\n--\r\nfooter", (b"hello", False)),
        (b"YQ==\r\nYQ==", (b"aa", True)),
        (b"aG!Vs", (b"hel", False)),
        (b"aGVsb", (b"hel", False)),
        (b"=", (b"", True)),
        (b"=?", (b"", False)),
        (b"====", (b"", True)),
    ],
)
def test_base64_is_decoded_as_far_as_it_goes(octets: bytes, expected: tuple[bytes, bool]) -> None:
    assert decode_base64(octets) == expected


def test_the_accelerator_decodes_the_same() -> None:
    assert is_accelerated()
    encoded = b"aGVsbG8h" * 500
    for octets in (encoded, encoded + b"!", encoded + b"Y", encoded + b"YQ==\r\n-- \r\nlist", b"=" + encoded):
        assert decode_base64(octets, accelerated=True)[0] == decode_base64(octets)[0]


def test_uuencode_passes_over_lines_it_can_not_read() -> None:
    assert decode_uuencode(b"begin 644 x\n%:&5L;&\\\nno line of it\x80\n`\nend\n") == (b"hello", False)


@pytest.mark.parametrize(
    ("subject", "plain", "marks"),
    [
        ("RE: Fw: AW[2]: Offer 2024: final", "Offer 2024: final", 3),
        ("Re(3): Re^2: x", "x", 2),
        ("Antw: SV: x", "x", 2),
        ("回复：报价", "报价", 1),
        ("RE : Réf. : x", "x", 2),
        ("إعادة توجيه: رد: x", "x", 2),
        ("ส่งต่อ: ตอบกลับ: x", "x", 2),
        ("Chuyển tiếp: x", "x", 1),
        ("Továbbítás: Vá: x", "x", 2),
        ("Reminder: invoice", "Reminder: invoice", 0),
        ("not fw: x", "not fw: x", 0),
        ("", "", 0),
        ("re:", "", 1),
        ("Re: " * 5_000 + "x", "x", 5_000),
    ],
)
def test_reply_marks_are_stripped(subject: str, plain: str, marks: int) -> None:
    assert strip_reply_marks(subject) == plain
    assert count_reply_marks(subject) == marks


@pytest.mark.parametrize("mark", sorted(FORWARD_MARKS))
def test_every_forward_mark_is_a_reply_mark_and_is_found_in_any_case(mark: str) -> None:
    assert mark in REPLY_MARKS
    assert is_forward(f"{mark}: Offer")
    assert is_forward(f"{mark.upper()}: Re: Offer")
    assert not is_forward(f"Re: {mark}: Offer")
    assert strip_reply_marks(f"{mark}: Offer") == "Offer"


@pytest.mark.parametrize("subject", ["", "Offer", "Re: x", "SV: x", "VS: x", "Fwd", "Forward: march", "İ: x"])
def test_other_subjects_are_no_forwards(subject: str) -> None:
    assert not is_forward(subject)


def test_the_dotted_capital_of_turkish_marks_a_forward() -> None:
    assert is_forward("İLT: Teklif")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("just words", "just words"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<script>x</script>a<style>p{}</style>", "a"),
        ("<SCRIPT>x<b></SCRIPT>a", "a"),
        ("<!-- x -->a<!-- open", "a"),
        ("a &amp; b &lt; c &#228;", "a & b < c ä"),
        ("2 < 3 > 1 <", "2 < 3 > 1 <"),
        ("<a href='x'>link</a> text", "link text"),
        ("<p>a</p>\n\n\n\n<p>b</p>", "a\n\nb"),
        ("<b", ""),
    ],
)
def test_html_becomes_the_text_that_a_reader_sees(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_bytes_in_memory_are_one_chunk() -> None:
    assert list(BytesContent(b"x").chunks()) == [b"x"]


def test_contents_can_be_read_again() -> None:
    content = read(a_message(attachments=[("a.bin", b"x" * 5_000)])).attachments[0].content
    assert b"".join(content.chunks()) == b"".join(content.chunks()) == b"x" * 5_000
