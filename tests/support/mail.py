"""Builds the bytes of e-mails for tests, without the code under test."""

import binascii
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr

#: An attachment: (file name, content) or (file name, content, mimetype).
Attached = tuple[str, bytes] | tuple[str, bytes, str]

SOME_DAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def a_message(
    *,
    sender: str | None = "ann@example.com",
    to: Iterable[str] = ("sales@corp.example",),
    cc: Iterable[str] = (),
    subject: str | None = "Hello",
    text: str | None = "Hi",
    html: str | None = None,
    attachments: Iterable[Attached] = (),
    message_id: str | None = None,
    in_reply_to: str | None = None,
    date: datetime | None = SOME_DAY,
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    """Return one e-mail with CRLF line ends.

    The Message-ID (given with or without angle brackets) is made from the content when it is None
    and left out when it is empty; equal arguments give equal bytes. `headers` come first, in order.
    """
    body = _body(text, html, tuple(attachments))
    fields = [*headers]
    fields += [("From", _address(sender))] if sender is not None else []
    fields += [(name, ", ".join(map(_address, people))) for name, people in _parties(to, cc)]
    fields += [("Subject", _word(subject))] if subject is not None else []
    fields += [("Date", format_datetime(date))] if date is not None else []
    fields += [("In-Reply-To", _id(in_reply_to))] if in_reply_to else []
    if message_id is None:
        message_id = f"{hashlib.sha256(repr(fields).encode() + body).hexdigest()[:24]}@tests.example"
    fields += [("Message-ID", _id(message_id))] if message_id else []
    head = "".join(f"{name}: {value}\r\n" for name, value in [*fields, ("MIME-Version", "1.0")])
    return head.encode("utf-8", "surrogateescape") + body


def without_token(subject: str) -> str:
    """Return the subject as it was written, without the token that it got when it left."""
    return subject.rpartition(" CRM:")[0] or subject


def _parties(to: Iterable[str], cc: Iterable[str]) -> list[tuple[str, list[str]]]:
    return [(name, people) for name, people in (("To", list(to)), ("Cc", list(cc))) if people]


def _id(value: str) -> str:
    return value if value.startswith("<") else f"<{value}>"


def _word(value: str) -> str:
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=70).encode(linesep="\r\n")


def _address(value: str) -> str:
    name, address = parseaddr(value)
    return value if value.isascii() or not address else formataddr((name, address))


def _body(text: str | None, html: str | None, attachments: tuple[Attached, ...]) -> bytes:
    parts = [_text(kind, body) for kind, body in (("plain", text), ("html", html)) if body is not None]
    body = parts[0] if len(parts) == 1 else _multipart("alternative", parts) if parts else _text("plain", "")
    return _multipart("mixed", [body, *map(_attachment, attachments)]) if attachments else body


def _text(kind: str, body: str) -> bytes:
    lines = body.replace("\r\n", "\n").replace("\n", "\r\n")
    if lines.isascii() and all(len(line) < 900 for line in lines.split("\r\n")):
        coding, content = "7bit", lines.encode()
    else:
        coding, content = "base64", _base64(lines.encode())
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {coding}\r\n\r\n"
    return head.encode() + content + b"\r\n"


def _attachment(attached: Attached) -> bytes:
    name, content = attached[0], attached[1]
    mimetype = attached[2] if len(attached) == 3 else "application/octet-stream"
    coding = "7bit" if mimetype == "message/rfc822" else "base64"
    head = (
        f"Content-Type: {mimetype}\r\nContent-Transfer-Encoding: {coding}\r\n"
        f"Content-Disposition: attachment; {_file_name(name)}\r\n\r\n"
    )
    return head.encode() + (content if coding == "7bit" else _base64(content))


def _file_name(name: str) -> str:
    if name.isascii():
        return f'filename="{name}"'
    return "filename*=utf-8''" + "".join(f"%{octet:02X}" for octet in name.encode())


def _base64(content: bytes) -> bytes:
    lines = (content[at : at + 57] for at in range(0, len(content), 57))
    return b"\r\n".join(binascii.b2a_base64(line, newline=False) for line in lines)


def _multipart(kind: str, parts: list[bytes]) -> bytes:
    boundary = hashlib.sha256(kind.encode() + b"".join(parts)).hexdigest()[:32].encode()
    head = f'Content-Type: multipart/{kind}; boundary="{boundary.decode()}"\r\n\r\n'.encode()
    return (
        head
        + b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
        + b"--"
        + boundary
        + b"--\r\n"
    )
