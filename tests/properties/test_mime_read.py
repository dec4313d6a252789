"""Any bytes give a message or a refusal, and the same one in every mode."""

import dataclasses
import email
import random
from email.message import Message as StandardMessage

import pytest
from bench.corpus import generate
from hypothesis import given
from hypothesis import strategies as st
from tests.support.mail import a_message
from tests.support.raw import FileRaw

from postroom.errors import MalformedMessage
from postroom.mime.message import Message
from postroom.mime.read import Limits, read

A_PICTURE = b"\x89PNG" + bytes(range(256)) * 20
A_WRAPPING = b"\x78\x9f\x3e\x22" + bytes(40)
A_FORWARD = a_message(attachments=[("b.eml", a_message(), "message/rfc822")])

SEEDS = (
    a_message(),
    a_message(text="Grüße\n" * 30, html="<p>Grüße <img src='cid:a@b'></p>" * 40),
    a_message(
        attachments=[("Größe.png", A_PICTURE, "image/png"), ("winmail.dat", b"\x78\x9f\x3e\x22" + bytes(40))]
    ),
    a_message(
        attachments=[
            ("a.eml", a_message(attachments=[("b.eml", a_message(), "message/rfc822")]), "message/rfc822")
        ]
    ),
    a_message(
        subject="=?utf-8?B?R3LDvMOfZQ==?= =?x-nope?Q?=FF=00?=",
        sender='"Doe, John" <j@x.org>, a@b (c (d)), team: x@y, z@w;',
        headers=[("References", "<a@b> <c@d>"), ("Thread-Index", "AdnTQ1mZ"), ("X-Priority", "1 (Highest)")],
    ),
    *(case.raw for case in generate(400) if case.defect is not None),
)

# What the format gives a meaning to; put in anywhere, it makes the reader take another way.
SNIPPETS = (
    b"\r\n\r\n", b"\n", b"\r", b"\0", b"--", b":", b";", b"=?utf-8?B?", b"?=", b"=", b"<", b">", b'"', b"(",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n", b"charset=utf-7",
    b"charset=utf-16", b"charset=unicode_escape", b"name*0*=utf-8''%ff", b"\xff\xfe", b"\xed\xa0\x80",
    b"+2AA-", b",",
    b"Date: Mon, 99 Foo 99999 99:99:99 +9999\r\n", b"\x78\x9f\x3e\x22", b" " * 50, b"\xe2\x80\xae",
)  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """Return a believable message with some octets cut out, doubled, changed or put in."""
    octets = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(octets)))
        until = min(len(octets), at + draw(st.integers(0, 80)))
        match draw(st.integers(0, 3)):
            case 0:
                del octets[at:until]
            case 1:
                octets[at:at] = octets[at:until]
            case 2:
                octets[at:at] = draw(st.sampled_from(SNIPPETS))
            case _:
                octets[at:until] = draw(st.binary(max_size=20))
    return bytes(octets)


def texts(message: Message) -> list[str]:
    """Return every text of a message that may reach the database."""
    people = [*message.from_, *message.reply_to, *message.to, *message.cc, *message.bcc]
    people += [message.sender] if message.sender else []
    return [
        message.message_id, message.in_reply_to, *message.references, message.subject, message.text,
        message.html, message.conversation_index, *message.defects,
        *(text for person in people for text in (person.address, person.name)),
        *(text for header in message.headers for text in header),
        *(text for one in message.attachments for text in (one.filename, one.mimetype, one.content_id)),
    ]  # fmt: skip


def contents(message: Message) -> list[bytes]:
    """Return the content of each attachment."""
    return [b"".join(one.content.chunks()) for one in message.attachments]


def without_contents(message: Message) -> Message:
    """Return the message with attachments that can be compared."""
    bare = tuple(dataclasses.replace(one, content=None) for one in message.attachments)  # type: ignore[arg-type]
    return dataclasses.replace(message, attachments=bare, nested=())


def check(octets: bytes) -> None:
    try:
        message = read(octets)
    except MalformedMessage:
        return
    for text in texts(message):
        text.encode("utf-8")
        assert "\0" not in text
    for header in message.headers:
        assert not {"\r", "\n"} & set("".join(header))
    assert all(one.filename and "/" not in one.filename for one in message.attachments)
    assert message.date is None or message.date.tzinfo is not None
    plain = read(octets, accelerated=False)
    assert without_contents(plain) == without_contents(message)
    assert contents(plain) == contents(message)


@given(st.binary(max_size=2_000))
def test_any_octets_give_a_message_or_a_refusal(octets: bytes) -> None:
    check(octets)


@given(st.binary(max_size=2_000))
def test_any_body_gives_a_message(octets: bytes) -> None:
    check(b"Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + octets)


@given(mutations())
def test_a_damaged_message_gives_a_message_or_a_refusal(octets: bytes) -> None:
    check(octets)


@given(mutations())
def test_a_message_in_a_file_reads_as_in_memory(octets: bytes) -> None:
    try:
        message = read(octets)
    except MalformedMessage:
        with pytest.raises(MalformedMessage):
            read(FileRaw(octets))
        return
    from_file = read(FileRaw(octets))
    assert without_contents(from_file) == without_contents(message)
    assert contents(from_file) == contents(message)


@given(mutations())
def test_small_limits_lose_no_part(octets: bytes) -> None:
    try:
        message = read(octets, limits=Limits(text=64, parts=3, depth=2, tnef=16))
    except MalformedMessage:
        return
    assert len(message.text) <= 64 * 5
    assert len(message.attachments) <= 12


def standard_bodies(part: StandardMessage) -> list[tuple[str, bytes]]:
    """Return type and content of the leaves as the standard library finds them."""
    if part.is_multipart():
        children = part.get_payload()
        assert isinstance(children, list)
        if part.get_content_maintype() == "multipart":
            return [
                leaf
                for child in children
                if isinstance(child, StandardMessage)
                for leaf in standard_bodies(child)
            ]
        return [(part.get_content_type(), b"")]
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return [(part.get_content_type(), octets)]


def test_sound_messages_read_as_with_the_standard_library() -> None:
    compared = 0
    for case in generate(600):
        if case.defect is not None:
            continue
        message = read(case.raw)
        leaves = standard_bodies(email.message_from_bytes(case.raw))
        bodies = [octets for kind, octets in leaves if kind in ("text/plain", "text/html")]
        files = [octets for kind, octets in leaves if kind not in ("text/plain", "text/html")]
        assert len(files) == len(message.attachments), case.number
        for standard, ours in zip(files, contents(message), strict=True):
            assert standard in (b"", ours), case.number
        assert len(bodies) == bool(message.text) + bool(message.html), case.number
        assert message.message_id == case.message_id
        assert message.subject == case.subject
        compared += 1
    assert compared > 500


def test_both_modes_agree_on_broken_base64() -> None:
    rng = random.Random(3)
    damage = (b"=", b"!", b"\r\n", b" ", b"==\r\n", b"", b"\xff")
    for _ in range(300):
        encoded = bytearray(a_message(attachments=[("x.bin", rng.randbytes(3_000))]))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(600, len(encoded))
            encoded[at : at + rng.randint(0, 4)] = rng.choice(damage)
        check(bytes(encoded))
