"""The report that comes back when a message could not be delivered."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from postroom.mime.message import RawBytes
from postroom.mime.part import read_header_block

_HEAD = (
    "From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@exchange.example>\r\n"
    "To: {to}\r\nDate: {date}\r\nMessage-ID: <{id}@exchange.example>\r\n"
    "Subject: Undeliverable: {subject}\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"\r\n\r\n'
)
_TEXT = "Delivery has failed to these recipients or groups:\r\n\r\n{who}\r\n"


def write_bounce(to: str, refused: Mapping[str, str], original: bytes, at: datetime) -> bytes:
    """Return the report to the sender on those who were refused, each with the reply of the server."""
    # source: RFC3464 2
    boundary = f"=_bounce_{secrets.token_hex(8)}"
    header = read_header_block(RawBytes(original), 0, len(original))[0]
    head = _HEAD.format(
        to=to,
        date=format_datetime(at),
        id=secrets.token_hex(12),
        subject=_subject(header),
        boundary=boundary,
    )
    parts = (
        ("text/plain; charset=utf-8", _TEXT.format(who="\r\n".join(refused)).encode()),
        ("message/delivery-status", _status(refused).encode()),
        ("text/rfc822-headers", header),
    )
    body = b"".join(
        f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + content + b"\r\n"
        for kind, content in parts
    )
    return head.encode() + body + f"--{boundary}--\r\n".encode()


def _status(refused: Mapping[str, str]) -> str:
    fields = "Reporting-MTA: dns;exchange.example\r\n"
    for who, reply in refused.items():
        words = reply.replace("\r", " ").replace("\n", " ")
        status = next((word for word in words.split() if word[:2] in ("4.", "5.")), "5.0.0")
        fields += (
            f"\r\nFinal-Recipient: rfc822;{who}\r\nAction: failed\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: smtp;{words}\r\n"
        )
    return fields


def _subject(header: bytes) -> str:
    """Return the subject as it stands in the original, encoded words and all."""
    for line in header.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"subject":
            return value.strip().decode("ascii", "replace")
    return ""
