"""The only door from bytes to a `Message`.

::

    raw ──> header ──> addresses, ids, date, subject
        └─> part (where each part lies) ──> body (what each part is) ──> content (decoded on demand)

Pure and total: any sequence of bytes gives a `Message` or raises `MalformedMessage`. All loops are
linear in the octets, and what a message may cost is bounded by `Limits`.
"""

import hashlib

from postroom.errors import MalformedMessage
from postroom.mime.address import read_addresses
from postroom.mime.body import Body, Limits, read_body
from postroom.mime.date import read_date
from postroom.mime.header import Header, read_header
from postroom.mime.identity import canonical_id, read_in_reply_to, read_references, read_thread_index
from postroom.mime.message import Address, Importance, Message, Raw, RawBytes
from postroom.mime.part import Part, describe, read_header_block
from postroom.mime.transfer import PIECE
from postroom.mime.words import decode_words

__all__ = ["Limits", "read"]

# Blank lines and a byte order mark that a careless program put before the header.
_LEADING = b"\r\n \t\xef\xbb\xbf"
_MOST_LEADING = 1_024

_IMPORTANCE = {
    "high": Importance.HIGH, "urgent": Importance.HIGH, "1": Importance.HIGH, "2": Importance.HIGH,
    "low": Importance.LOW, "non-urgent": Importance.LOW, "4": Importance.LOW, "5": Importance.LOW,
    "normal": Importance.NORMAL, "3": Importance.NORMAL,
}  # fmt: skip


def read(raw: Raw | bytes, *, accelerated: bool = True, limits: Limits = Limits()) -> Message:  # noqa: B008
    """Return the message that these octets are.

    Headers are read at once; contents of attachments when they are asked for, so `raw` must stay
    readable until then. `accelerated` only chooses the decoder of base64; the result is the same.

    Raises `MalformedMessage` when there is no header.
    """
    source = RawBytes(raw) if isinstance(raw, bytes) else raw
    if not source.size:
        raise MalformedMessage("There are no bytes at all.")
    digest = _digest(source)
    defects: list[str] = []
    text = _with_line_feeds(source, defects)
    start = _find_start(text)
    block, body_start = read_header_block(text, start, text.size)
    header = read_header(block)
    if not header.fields:
        raise MalformedMessage("There is no header: these bytes are not an e-mail.")
    if header.body_at is not None:
        body_start = start + header.body_at
        defects.append("no blank line")
    elif len(block) < body_start - start - 3:
        defects.append("too much header")
    root = Part(describe(header), body_start, text.size)
    body = read_body(text, root, limits, accelerated=accelerated)
    return _message(source.size, digest, header, body, defects)


def _digest(raw: Raw) -> bytes:
    if isinstance(raw, RawBytes):
        return hashlib.sha256(raw.data).digest()
    digest = hashlib.sha256()
    for at in range(0, raw.size, PIECE):
        digest.update(raw.read(at, min(raw.size, at + PIECE)))
    return digest.digest()


def _with_line_feeds(raw: Raw, defects: list[str]) -> Raw:
    """Return the message with line feeds when its lines end in bare carriage returns."""
    if raw.size > PIECE or raw.find(b"\n") >= 0 or raw.find(b"\r") < 0:
        return raw
    defects.append("bare carriage returns")
    return RawBytes(raw.read(0, raw.size).replace(b"\r", b"\n"))


def _find_start(raw: Raw) -> int:
    if raw.read(0, 1) not in (b"\r", b"\n", b" ", b"\t", b"\xef"):
        return 0
    head = raw.read(0, min(raw.size, _MOST_LEADING))
    return len(head) - len(head.lstrip(_LEADING))


def _message(size: int, digest: bytes, header: Header, body: Body, defects: list[str]) -> Message:
    get = header.get
    people = {name: _people(header, name) for name in ("from", "sender", "reply-to", "to", "cc", "bcc")}
    date = get("date")
    sent_at = read_date(date)
    if date and sent_at is None:
        defects.append("bad date")
    return Message(
        size=size,
        digest=digest,
        message_id=canonical_id(get("message-id")),
        in_reply_to=read_in_reply_to(get("in-reply-to")),
        references=read_references(get("references")),
        date=sent_at,
        subject=decode_words(get("subject")),
        from_=people["from"],
        sender=next(iter(people["sender"]), None),
        reply_to=people["reply-to"],
        to=people["to"],
        cc=people["cc"],
        bcc=people["bcc"],
        text=body.text,
        html=body.html,
        attachments=body.attachments,
        importance=_importance(header),
        conversation_index=read_thread_index(get("thread-index")),
        headers=tuple(header.fields),
        nested=body.nested,
        defects=tuple(dict.fromkeys([*defects, *body.defects])),
    )


def _people(header: Header, name: str) -> tuple[Address, ...]:
    value = header.first.get(name)
    return read_addresses(value) if value else ()


def _importance(header: Header) -> Importance:
    for name in ("importance", "x-priority", "priority", "x-msmail-priority"):
        if value := header.first.get(name):
            return _IMPORTANCE.get(value.partition(" ")[0].lower(), Importance.NORMAL)
    return Importance.NORMAL
