"""Messages as they are written, letter for letter."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.support.mail import a_message

from postroom.errors import UserError
from postroom.mime.compose import compose
from postroom.mime.message import Address, Attachment, BytesContent, Importance, Outgoing
from postroom.mime.nature import nature_of
from postroom.mime.read import read
from postroom.schema.choices import MessageKind

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ANN = Address("ann@corp.example", "Ann Smith")


def outgoing(**changes: object) -> Outgoing:
    fields = {"message_id": "one@corp.example", "date": AT, "sender": ANN, "to": [Address("bob@x.example")]}
    return Outgoing(**{**fields, **changes})  # type: ignore[arg-type]


def written(**changes: object) -> bytes:
    return b"".join(compose(outgoing(**changes)))


def header(octets: bytes, name: str) -> str:
    return read(octets).header(name)


def test_a_plain_message_is_written_letter_for_letter() -> None:
    assert written(subject="Hello", text="Hi\nBob") == (
        b"Date: Mon, 02 Mar 2026 09:30:00 +0000\r\n"
        b"From: Ann Smith <ann@corp.example>\r\n"
        b"To: bob@x.example\r\n"
        b"Subject: Hello\r\n"
        b"Message-ID: <one@corp.example>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"\r\n"
        b"Hi\r\nBob\r\n"
    )


def test_what_a_program_writes_in_answer_says_so_and_is_not_answered() -> None:
    octets = written(subject="Hello", text="Hi", automatic=True)
    assert octets == written(subject="Hello", text="Hi").replace(
        b"MIME-Version", b"Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nMIME-Version"
    )
    assert nature_of(read(octets)).kind is MessageKind.AUTOMATIC_REPLY


def test_pictures_stand_with_the_html_and_files_beside_the_body() -> None:
    picture = Attachment("p.png", "image/png", BytesContent(b"png"), "p@x", inline=True)
    file = Attachment("a.pdf", "application/pdf", BytesContent(b"pdf"))
    octets = written(text="see", html='<img src="cid:p@x">', attachments=[file, picture])
    order = [b"multipart/mixed", b"multipart/alternative", b"text/plain", b"multipart/related", b"text/html",
             b"image/png", b"application/pdf"]  # fmt: skip
    places = [octets.index(b"Content-Type: " + kind) for kind in order]
    assert places == sorted(places)
    found = read(octets)
    assert [(one.filename, one.inline) for one in found.attachments] == [("p.png", True), ("a.pdf", False)]


def test_a_picture_without_html_is_a_file() -> None:
    picture = Attachment("p.png", "image/png", BytesContent(b"png"), "p@x", inline=True)
    assert b"multipart/related" not in written(text="see", attachments=[picture])


def test_a_message_to_nobody_visible_says_so() -> None:
    assert header(written(to=[]), "To") == "undisclosed-recipients:;"
    assert header(written(to=[], cc=[ANN]), "To") == ""


def test_importance_and_receipt_become_headers() -> None:
    octets = written(importance=Importance.HIGH, read_receipt=True)
    assert header(octets, "X-Priority") == "1"
    assert header(octets, "Disposition-Notification-To") == "Ann Smith <ann@corp.example>"
    assert header(written(importance=Importance.LOW), "Importance") == "low"


def test_the_date_is_written_in_utc() -> None:
    there = AT.astimezone(timezone(timedelta(hours=2)))
    assert header(written(date=there), "Date") == "Mon, 02 Mar 2026 09:30:00 +0000"
    assert header(written(date=AT.replace(tzinfo=None)), "Date") == "Mon, 02 Mar 2026 09:30:00 +0000"


def test_of_a_long_conversation_the_first_and_the_nearest_are_named() -> None:
    found = read(written(references=[f"{n}@x" for n in range(300)])).references
    assert (len(found), found[0], found[1], found[-1]) == (100, "0@x", "201@x", "299@x")


def test_lines_of_headers_are_folded() -> None:
    many = [Address(f"somebody{n}@somewhere.example", f"Somebody {n}") for n in range(20)]
    octets = written(to=many, subject="words " * 60 + "end", headers=[("X-Long", "x" * 3_000)])
    lines = octets.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(map(len, lines)) <= 78
    found = read(octets)
    assert [one.address for one in found.to] == [one.address for one in many]
    assert found.subject == "words " * 60 + "end"


def test_subjects_of_any_script_come_through() -> None:
    for subject in ("日本語の件名" * 20, "Grüße " * 30 + "x", "=?utf-8?q?not_a_word?=", "a" * 200 + " ü"):
        octets = written(subject=subject)
        assert read(octets).subject == subject
        assert max(map(len, octets.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "address",
    ["", "ann", "ann@", "@x", "a b@x.example", "a@x.example, b@x.example", "a@x\x00", "<a@b>",
     "a@b\r\nBcc: c@d", "x" * 400 + "@b", "a@[1.2.3.4", '"a\n"@b'],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UserError, match=r"in To|To"):
        written(to=[Address(address)])


@pytest.mark.parametrize(
    "address", ["a@[192.0.2.1]", '"a b"@x.example', "grün@bücher.example", "o'neil+x@x.example"]
)
def test_unusual_addresses_are_written(address: str) -> None:
    assert read(written(to=[Address(address)])).to == (Address(address),)


def test_a_bad_header_name_is_refused() -> None:
    with pytest.raises(UserError, match="name of a header"):
        written(headers=[("X A", "b")])


def test_a_file_name_of_any_length_and_script_comes_through() -> None:
    for name in ("a.txt", "ü.txt", "ü" * 100 + ".txt", 'quo"te.txt', "x" * 200 + ".txt"):
        octets = written(attachments=[Attachment(name, "a/b", BytesContent(b""))])
        assert read(octets).attachments[0].filename == name.replace('"', "")
        assert max(map(len, octets.split(b"\r\n"))) <= 100


def test_a_file_without_name_or_with_a_bad_type_is_sent_as_octets() -> None:
    octets = written(attachments=[Attachment("", "no type\r\nX: y", BytesContent(b"x"))])
    assert read(octets).attachments[0].mimetype == "application/octet-stream"
    assert b"X: y" not in octets


def test_a_large_attachment_is_written_in_pieces() -> None:
    class Pieces:
        def chunks(self):  # type: ignore[no-untyped-def]
            for _ in range(7):
                yield b"0123456789" * 99_999

    composed = compose(outgoing(attachments=[Attachment("x.bin", "a/b", Pieces())]))
    sizes = [len(piece) for piece in composed]
    assert max(sizes) < 1 << 20
    assert sum(sizes) == composed.size
    assert b"".join(read(b"".join(composed)).attachments[0].content.chunks()) == b"0123456789" * 99_999 * 7


@pytest.mark.parametrize(
    ("inner", "mimetype"),
    [
        (a_message(), "message/rfc822"),
        (a_message().rstrip(b"\r\n"), "message/rfc822"),
        (a_message().replace(b"\r\n", b"\n"), "application/octet-stream"),
        (a_message() + b"\r", "application/octet-stream"),
        (a_message() + "ü".encode(), "application/octet-stream"),
        (a_message() + b"x" * 2_000, "application/octet-stream"),
        (a_message() + b"a\0b", "application/octet-stream"),
    ],
)
def test_an_attached_message_goes_unchanged(inner: bytes, mimetype: str) -> None:
    composed = compose(outgoing(attachments=[Attachment("m.eml", "message/rfc822", BytesContent(inner))]))
    octets = b"".join(composed)
    assert composed.size == len(octets)
    found = read(octets).attachments[0]
    assert (found.mimetype, b"".join(found.content.chunks())) == (mimetype, inner)


def test_line_ends_and_nuls_of_a_text_are_made_uniform() -> None:
    assert read(written(text="a\r\nb\rc\0d")).text == "a\nb\ncd"


def test_a_text_in_another_script_is_sent_in_base64() -> None:
    octets = written(text="日本語" * 200)
    assert b"base64" in octets
    assert read(octets).text == "日本語" * 200
