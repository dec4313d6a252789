"""What is written is read again as the same message, and nothing can be smuggled into a header."""

import string
from datetime import UTC, datetime, timedelta, timezone
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.errors import UserError
from postroom.mime.compose import compose
from postroom.mime.message import Address, Attachment, BytesContent, Importance, Outgoing
from postroom.mime.read import read

letters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85")
lines = st.text(letters | st.sampled_from(" .<>=?_-\t"), max_size=120)
a_line = lines.map(lambda text: " ".join(text.split()))
hard_lines = st.sampled_from([".", "..", "From me", "--", "=_mixed_", "x" * 2_000])
bodies = st.lists(lines | hard_lines, max_size=12).map("\n".join)
name_letters = st.characters(categories=["L", "N"]) | st.sampled_from("()[]=_-'")
# Names come out composed, however a Mac wrote them.
names = st.text(name_letters, min_size=1, max_size=90).map(lambda name: normalize("NFC", name))
mimetypes = st.sampled_from(["image/png", "application/pdf", "text/plain", "application/octet-stream"])
words = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=12)
ids = st.builds("{}.{}@{}.example".format, words, words, words.map(lambda word: word.strip("-") or "x"))
addresses = st.builds(
    Address, st.builds("{}@{}.example".format, words, words), a_line.map(lambda name: name.strip("' "))
)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)
fields = ["subject", "sender", "name", "to", "id", "reply", "reference", "header", "file"]
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)


@st.composite
def attachments(draw: st.DrawFn) -> Attachment:
    """Return a file with any content and a name that needs no cleaning."""
    name = draw(names)
    inline = draw(st.booleans())
    return Attachment(
        filename=f"a{name}.bin",
        mimetype=draw(mimetypes),
        content=BytesContent(draw(st.binary(max_size=300))),
        content_id=draw(ids) if inline else "",
        inline=inline,
    )


outgoing = st.builds(
    Outgoing,
    message_id=ids,
    date=moments,
    sender=addresses,
    to=st.lists(addresses, max_size=8),
    cc=st.lists(addresses, max_size=3),
    subject=a_line,
    text=bodies,
    html=bodies,
    attachments=st.lists(attachments(), max_size=3),
    in_reply_to=ids | st.just(""),
    references=st.lists(ids, max_size=12, unique=True),
    importance=st.sampled_from(Importance),
    read_receipt=st.booleans(),
    headers=st.lists(st.tuples(words.map("X-{}".format), a_line), max_size=2),
)


def written(message: Outgoing) -> bytes:
    """Return the message as it leaves."""
    return b"".join(compose(message))


def facts(one: Attachment) -> tuple[str, str, str, bool, bytes]:
    """Return what has to come through."""
    return one.filename, one.mimetype, one.content_id, one.inline, b"".join(one.content.chunks())


@given(outgoing)
def test_a_written_message_reads_as_the_same(message: Outgoing) -> None:
    found = read(written(message))
    assert found.message_id == message.message_id
    assert found.date == message.date
    assert found.from_ == (message.sender,)
    assert list(found.to) == message.to
    assert list(found.cc) == message.cc
    assert found.subject == message.subject
    assert (found.text, found.html) == (message.text, message.html)
    assert (found.in_reply_to, list(found.references)) == (message.in_reply_to, message.references)
    assert found.importance == message.importance
    assert bool(found.header("Disposition-Notification-To")) == message.read_receipt
    assert found.defects == ()


@given(outgoing)
def test_written_attachments_read_as_the_same(message: Outgoing) -> None:
    found = read(written(message))
    assert sorted(map(facts, found.attachments)) == sorted(map(facts, message.attachments))


@given(outgoing)
def test_writing_again_gives_the_same_bytes_and_their_size(message: Outgoing) -> None:
    composed = compose(message)
    octets = b"".join(composed)
    assert octets == b"".join(composed) == written(message)
    assert composed.size == len(octets)


@given(outgoing)
def test_every_line_is_fit_for_smtp(message: Outgoing) -> None:
    octets = written(message)
    assert octets.endswith(b"\r\n")
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    lines = octets.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(line.startswith((b".", b"From ")) for line in lines)


bad_values = st.builds("{}{}{}".format, st.text(max_size=5), st.sampled_from("\r\n\0"), st.text(max_size=5))


@pytest.mark.parametrize("field", fields)
@given(bad=bad_values)
@example(bad="x\r\nBcc: eve@evil.example")
def test_a_line_break_in_a_header_is_refused(field: str, bad: str) -> None:
    good = {"message_id": "a@b", "date": datetime(2026, 1, 1, tzinfo=UTC), "sender": Address("a@b.example")}
    changes = {
        "subject": {"subject": bad},
        "sender": {"sender": Address(f"a{bad}@b.example")},
        "name": {"sender": Address("a@b.example", bad)},
        "to": {"to": [Address(f"a@b.example{bad}c")]},
        "id": {"message_id": f"a{bad}@b"},
        "reply": {"in_reply_to": f"a{bad}@b"},
        "reference": {"references": [f"a{bad}@b"]},
        "header": {"headers": [("X-A", bad)]},
        "file": {"attachments": [Attachment(bad, "a/b", BytesContent(b""))]},
    }
    with pytest.raises(UserError):
        compose(Outgoing(**{**good, **changes[field]}))  # type: ignore[arg-type]


@given(moments, st.timedeltas(timedelta(hours=-14), timedelta(hours=14)))
def test_a_date_in_any_zone_is_written_in_utc(at: datetime, offset: timedelta) -> None:
    offset = timedelta(minutes=offset // timedelta(minutes=1))
    message = Outgoing(message_id="a@b", date=at.astimezone(timezone(offset)), sender=Address("a@b.example"))
    assert read(written(message)).date == at
