"""The plain record of a naive program: one table each for messages, parties and attachments, in SQLite."""

import email
import email.header
import email.message
import email.utils
import sqlite3
from dataclasses import dataclass
from pathlib import Path

SCHEMA = """
create table message (
  id integer primary key, uidl text unique, message_id text, in_reply_to text, refs text, subject text,
  date text, body_text text, body_html text, size integer);
create index message_message_id on message (message_id);
create table party (message integer, role text, name text, address text);
create index party_address on party (address);
create table attachment (message integer, name text, type text, body blob);
"""


@dataclass(slots=True)
class Record:
    """What is kept of one message."""

    head: tuple[str, str, str, str, str]
    text: str
    html: str
    parties: list[tuple[str, str, str]]
    attachments: list[tuple[str, str, bytes]]


def open_database(path: Path) -> sqlite3.Connection:
    """Make the tables; write-ahead log, every commit on the disk."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = full")
    database.executescript(SCHEMA)
    return database


def keep(database: sqlite3.Connection, uidl: str, record: Record, size: int) -> None:
    """Insert the rows of one message."""
    row = (uidl, *record.head, record.text, record.html, size)
    cursor = database.execute(
        "insert into message (uidl, message_id, in_reply_to, refs, subject, date, body_text, body_html, size)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    number = cursor.lastrowid
    database.executemany(
        "insert into party values (?, ?, ?, ?)", [(number, *party) for party in record.parties]
    )
    files = [(number, *attachment) for attachment in record.attachments]
    database.executemany("insert into attachment values (?, ?, ?, ?)", files)


def read(raw: bytes) -> Record:
    """Read a message as most programs do: the standard library's `compat32` tree, everything decoded."""
    message = email.message_from_bytes(raw)
    head = tuple(
        _header(message, name) for name in ("Message-ID", "In-Reply-To", "References", "Subject", "Date")
    )
    record = Record(head, "", "", _parties(message), [])  # type: ignore[arg-type]
    for part in message.walk():
        if not part.is_multipart():
            _take_part(part, record)
    return record


def _header(message: email.message.Message, name: str) -> str:
    value = message.get(name, "")
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, ValueError, email.errors.MessageError):
        return str(value)


def _parties(message: email.message.Message) -> list[tuple[str, str, str]]:
    parties = []
    for role in ("From", "To", "Cc", "Reply-To"):
        values = [str(value) for value in message.get_all(role, [])]
        for name, address in email.utils.getaddresses(values):
            try:
                shown = str(email.header.make_header(email.header.decode_header(name)))
            except (LookupError, ValueError, email.errors.MessageError):
                shown = name
            parties.append((role, _printable(shown), _printable(address)))
    return parties


def _take_part(part: email.message.Message, record: Record) -> None:
    body = part.get_payload(decode=True)
    data = body if isinstance(body, bytes) else b""
    name = part.get_filename()
    kind = part.get_content_type()
    if name is None and kind in {"text/plain", "text/html"}:
        try:
            text = data.decode(part.get_content_charset() or "utf-8", "replace")
        except LookupError:
            text = data.decode("latin-1")
        if kind == "text/plain":
            record.text += text
        else:
            record.html += text
    else:
        record.attachments.append((_printable(name or ""), kind, data))


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
