"""When a message arrived, by the trace that the receiving server left in it."""

from datetime import datetime

from postroom.mime.date import read_date
from postroom.mime.message import Message


def received_at(message: Message) -> datetime | None:
    """Return when the last server on the way got the message, or None when it left no trace.

    The Date header is the sender's claim about writing, not about arriving, and is not asked.
    """
    # source: RFC5321 4.4
    _, separator, stamp = message.header("Received").rpartition(";")
    return read_date(stamp.strip()) if separator else None
