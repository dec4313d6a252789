"""When a message arrived, by the trace that the receiving server left in it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from postroom.mime.message import Message


def received_at(message: Message) -> datetime | None:
    """Return when the last server on the way got the message, or None when it left no trace.

    The Date header is the sender's claim about writing, not about arriving, and is not asked.
    """
    # source: RFC5321 4.4
    trace = message.header("Received")
    _, separator, stamp = trace.rpartition(";")
    if not separator:
        return None
    try:
        instant = parsedate_to_datetime(stamp.strip())
    except (ValueError, TypeError, OverflowError):
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
