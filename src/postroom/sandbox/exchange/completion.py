"""What the server adds to an item that a client has made or changed, by its kind."""

from datetime import datetime

from lxml import etree

from postroom.sandbox.exchange.appointments import complete_change, prepare
from postroom.sandbox.exchange.attendees import settle_attendees
from postroom.sandbox.exchange.contacts import complete_contact
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.tasks import complete_task


def complete(item: Item, before: Item | None, context: etree._Element | None, now: datetime) -> None:
    """Complete an item; `before` is None for a new one, `context` the time zone of the request.

    Raises `Refusal` when what was written makes no item of its kind.
    """
    if item.kind == "CalendarItem":
        settle_attendees(item, before)
        if before is None:
            prepare(item, context, now)
        else:
            complete_change(item, before, context, now)
    elif item.kind == "Contact":
        complete_contact(item)
    elif item.kind == "Task":
        complete_task(item, before, context, now)
