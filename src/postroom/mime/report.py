"""Reports on one e-mail in the forms of the standards: delivery status and receipts.

A report has fates, one per recipient, and names the e-mail that it speaks of. Only the parts that
hold machine-readable fields are read here; what mail systems say in words is left to `bounce`.

# source: RFC3464
# source: RFC8098
# source: RFC6533
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from postroom.mime.header import Header, read_header
from postroom.mime.identity import canonical_id, read_in_reply_to
from postroom.mime.message import Attachment, Message, RawBytes
from postroom.mime.part import read_header_block
from postroom.mime.words import decode_words
from postroom.schema.choices import DeliveryState, MessageKind

#: The longest diagnostic that is kept.
LONGEST_DIAGNOSTIC = 500
# Octets of a part that are looked at: fields of a thousand recipients; a header with all its relays.
_MOST_STATUS = 1 << 18
_MOST_HEADER = 1 << 16
_MOST_FATES = 1_000
# A report has one part of a kind; what has many more is hostile.
_MOST_PARTS = 8

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
RECEIPT_TYPES = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_ORIGINAL_TYPES = frozenset({
    "message/rfc822", "message/global", "message/partial",
    "text/rfc822-headers", "message/rfc822-headers", "message/global-headers",
})  # fmt: skip

# A failure is told before anything else, and a delay before what went well.
_KINDS = {
    DeliveryState.BOUNCED: MessageKind.BOUNCE,
    DeliveryState.DELAYED: MessageKind.DELAY,
    DeliveryState.DELIVERED: MessageKind.DELIVERY,
    DeliveryState.UNREAD: MessageKind.UNREAD_RECEIPT,
    DeliveryState.READ: MessageKind.READ_RECEIPT,
}

# source: RFC3464 2.3.3
_ACTIONS = {
    "failed": DeliveryState.BOUNCED,
    "failure": DeliveryState.BOUNCED,
    "fail": DeliveryState.BOUNCED,
    # What OpenSMTPD writes.
    "error": DeliveryState.BOUNCED,
    "delayed": DeliveryState.DELAYED,
    "delay": DeliveryState.DELAYED,
    "delivered": DeliveryState.DELIVERED,
    # Handed to a system that reports nothing, or to the members of a list: nothing more will be heard.
    "relayed": DeliveryState.DELIVERED,
    "expanded": DeliveryState.DELIVERED,
}
# source: RFC3463 2
_CLASSES = {"5": DeliveryState.BOUNCED, "4": DeliveryState.DELAYED, "2": DeliveryState.DELIVERED}

# Whatever else a mail program did with the message, it had arrived. source: RFC8098 3.2.6.2
_DISPOSITIONS = {
    "displayed": DeliveryState.READ,
    "read": DeliveryState.READ,
    "deleted": DeliveryState.UNREAD,
}

_EMPTY_LINE = re.compile(rb"\n[ \t]*\n")
# The middle number says what the code is about and has eight values. source: RFC3463 3
_STATUS = re.compile(r"(?<![\w.])([245]\.[0-7]\.\d{1,3})(?!\.?\d)")
_REFUSAL = re.compile(r"(?<![\w.])([45]\.[0-7]\.\d{1,3})(?!\.?\d)")
_ADDRESS_TYPE = re.compile(r"[\w.-]{1,40}\s{0,9};")
_DIAGNOSTIC_TYPE = re.compile(r"[A-Za-z][\w.-]{0,39}\s{0,9};")
# An address in seven bits that has other letters. source: RFC6533 3
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one e-mail at one recipient."""

    #: As the report writes it, the one that the sender used where both are told; empty when unknown.
    address: str
    state: DeliveryState
    #: The enhanced status code, such as 5.1.1, or empty.
    status: str = ""
    #: The server's words on one line, or empty.
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a message says about one e-mail that was sent earlier."""

    #: Canonical Message-ID of the e-mail that it speaks of, or empty.
    original_id: str
    fates: tuple[Fate, ...]


def kind_of(report: Report) -> MessageKind:
    """Return what a message with this report is: the worst of the fates decides.

    >>> kind_of(Report("", (Fate("a@b", DeliveryState.DELIVERED), Fate("c@d", DeliveryState.BOUNCED)))).name
    'BOUNCE'
    """
    states = {fate.state for fate in report.fates}
    return next(kind for state, kind in _KINDS.items() if state in states)


def part_of(message: Message, mimetypes: frozenset[str]) -> Attachment | None:
    """Return the first part of one of these types, or None."""
    return next((one for one in message.attachments if one.mimetype in mimetypes), None)


def read_status_report(message: Message) -> Report | None:
    """Return the report that the parts with delivery status make, or None when they say nothing."""
    fates: list[Fate] = []
    named = envelope = ""
    for part in _parts_of(message, STATUS_TYPES):
        for group in _read_groups(_read_start(part, _MOST_STATUS)):
            named = named or _named_original(group)
            envelope = envelope or read_in_reply_to(group.get("original-envelope-id"))
            if (fate := _read_fate(group)) is not None:
                fates.append(fate)
    if not fates:
        return None
    # Some programs submit under their Message-ID; most make up an id for the envelope.
    return Report(find_original_id(message, named) or envelope, tuple(fates[:_MOST_FATES]))


def read_receipt(message: Message) -> Report | None:
    """Return the report that a mail program's disposition notification makes, or None without one."""
    part = part_of(message, RECEIPT_TYPES)
    if part is None:
        return None
    # One group by the standard; blank lines that stray into it end nothing.
    lines = _read_start(part, _MOST_HEADER).replace(b"\r\n", b"\n").split(b"\n")
    group = read_header(b"\n".join(line for line in lines if line.strip()))
    # "manual-action/MDN-sent-manually; displayed/error": the type stands behind the semicolon.
    word = group.get("disposition").rpartition(";")[2].partition("/")[0].strip(" \t,.").lower()
    address = _read_recipient(group) or (message.author.address if message.author else "")
    fate = Fate(
        address,
        _DISPOSITIONS.get(word, DeliveryState.DELIVERED),
        diagnostic=one_line(group.get("error") or group.get("failure") or group.get("warning")),
    )
    return Report(_named_original(group) or find_original_id(message), (fate,))


def find_original_id(message: Message, named: str = "") -> str:
    """Return the Message-ID of the e-mail that a report speaks of, or empty.

    The e-mail itself or its header, given back as a part, is the best witness; then what a field of
    the report names; then what the report says it answers, which is all that Exchange gives.
    """
    return (
        canonical_id(read_original(message).get("message-id"))
        or named
        or message.in_reply_to
        or (message.references[-1] if message.references else "")
    )


def read_original(message: Message) -> Header:
    """Return the header of the e-mail that is given back as a part; an empty one where there is none."""
    part = part_of(message, _ORIGINAL_TYPES)
    if part is None:
        return Header()
    octets = _read_start(part, _MOST_HEADER)
    return read_header(read_header_block(RawBytes(octets), 0, len(octets))[0])


def find_status(text: str) -> str:
    """Return the first enhanced status code by which a text refuses, or empty.

    Addresses of networks and versions of programs are none.

    >>> find_status("550-5.1.1 no such user"), find_status("from 5.1.1.7 (Exim 4.96.2, Postfix 2.5.6)")
    ('5.1.1', '')
    """
    found = _REFUSAL.search(text)
    return found[1] if found else ""


def one_line(text: str) -> str:
    """Return the text on one line, without control characters, cut to what is kept.

    >>> one_line("550 no\\r\\n  such\\0 user")
    '550 no such user'
    """
    return " ".join(_CONTROLS.sub(" ", text[: 8 * LONGEST_DIAGNOSTIC]).split())[:LONGEST_DIAGNOSTIC]


def _parts_of(message: Message, mimetypes: frozenset[str]) -> Iterator[Attachment]:
    return islice((one for one in message.attachments if one.mimetype in mimetypes), _MOST_PARTS)


def _read_start(part: Attachment, most: int) -> bytes:
    """Return the beginning of a part's content."""
    return next(iter(part.content.chunks()), b"")[:most]


def _read_groups(octets: bytes) -> Iterator[Header]:
    """Yield the groups of fields that empty lines part."""
    blocks = _EMPTY_LINE.split(octets.replace(b"\r\n", b"\n").strip(b"\n"))
    return map(read_header, islice(blocks, _MOST_FATES + 1))


def _read_fate(group: Header) -> Fate | None:
    """Return the fate that a group of fields tells, or None when it is not about a recipient."""
    action = group.get("action")
    if not (action or group.get("final-recipient") or group.get("original-recipient")):
        return None
    diagnostic = _read_diagnostic(group.get("diagnostic-code"))
    status = _read_status(group.get("status"), diagnostic)
    # Some write more than the word: "failed (bad address)".
    word = re.split(r"[^a-z]", action.strip().lower(), maxsplit=1)[0]
    state = _ACTIONS.get(word) or _CLASSES.get(status[:1])
    if state is None:
        return None
    return Fate(_read_recipient(group), state, status, diagnostic)


def _read_diagnostic(value: str) -> str:
    """Return the words of a Diagnostic-Code without the type before them.

    # source: RFC3464 2.3.6
    """
    text = one_line(decode_words(value))
    type_ = _DIAGNOSTIC_TYPE.match(text)
    return text[type_.end() :].strip() if type_ else text


def _read_status(value: str, diagnostic: str) -> str:
    """Return the status code, the server's own where the field has only a class to say."""
    found, detail = _STATUS.search(value), find_status(diagnostic)
    if found is None or (found[1].endswith(".0.0") and detail[:1] == found[1][0]):
        return detail or (found[1] if found else "")
    return found[1]


def _read_recipient(group: Header) -> str:
    """Return the address that the sender used, else the one where the message ended.

    # source: RFC3464 2.3.1
    """
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        if "@" in (address := _read_typed_address(group.get(name))):
            return address
    return ""


def _read_typed_address(value: str) -> str:
    """Return the address behind its type.

    >>> _read_typed_address("rfc822; <ann@b.example>"), _read_typed_address("utf-8; gr\\\\x{FC}n@b.example")
    ('ann@b.example', 'grün@b.example')
    """
    type_ = _ADDRESS_TYPE.match(value)
    address = _EMBEDDED.sub(_embedded_letter, value[type_.end() :] if type_ else value)
    return one_line(decode_words(address)).strip("<>\"' ")[:320]


def _embedded_letter(found: re.Match[str]) -> str:
    point = int(found[1], 16)
    is_letter = point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF
    return chr(point) if is_letter else found[0]


def _named_original(group: Header) -> str:
    """Return the Message-ID that a field of the report names, or empty.

    Gmail names it among the fields of the message, where the standard has none.
    # source: RFC8098 3.2.5
    """
    return read_in_reply_to(group.get("original-message-id") or group.get("x-original-message-id"))
