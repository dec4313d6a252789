"""Every message by its name and by what it is bound to."""

from collections.abc import Iterator

from postroom.api.messages import mail, mailbox, many, platform, queue, schedule
from postroom.api.messages.message import Message
from postroom.schema.table import TableInfo

ALL: tuple[Message, ...] = (
    *platform.MESSAGES,
    *many.MESSAGES,
    *mail.MESSAGES,
    *queue.MESSAGES,
    *schedule.MESSAGES,
    *mailbox.MESSAGES,
)
_BY_NAME: dict[str, list[Message]] = {}
for _message in ALL:
    _BY_NAME.setdefault(_message.name, []).append(_message)


def unbound(name: str) -> Message | None:
    """Return the message of this name that stands alone."""
    return next((message for message in _BY_NAME.get(name, ()) if message.binding is None), None)


def bound(name: str, table: TableInfo, *, to_collection: bool) -> Message | None:
    """Return the message of this name that is bound to rows, or to the set, of this table."""
    return next(
        (
            message
            for message in _BY_NAME.get(name, ())
            if message.binding in (table.logical_name, "*") and message.is_of_collection is to_collection
        ),
        None,
    )


def unbound_names() -> Iterator[str]:
    """Yield the names of messages that stand alone."""
    return (message.name for message in ALL if message.binding is None)
