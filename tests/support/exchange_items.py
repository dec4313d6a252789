"""The sandbox's Exchange as a side of a synchronization of items, and its owner's hands."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from postroom.reconcile.item import Item, Kind
from postroom.reconcile.values import PersonName
from postroom.sandbox.exchange.item import Item as Stored
from postroom.sandbox.faults import Fault, Misbehaviour
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.side import ExchangeItems, open_exchange_items
from tests.support.exchange_place import USER, ExchangePlace, exchange

RECORD = "9b1d7f5e-0000-4000-8000-000000000001"
ORGANIZATION = "5d0c5a3e-0000-4000-8000-000000000002"
CATEGORY = "Tracked to Dynamics 365"
BERLIN = Frame(
    USER,
    ZoneInfo("Europe/Berlin"),
    "W. Europe Standard Time",
    CATEGORY,
    ORGANIZATION,
    lambda key: "away" not in key,
)
FOLDERS = {"CalendarItem": "calendar", "Contact": "contacts", "Task": "tasks"}
_ELEMENTS = {Kind.APPOINTMENT: "CalendarItem", Kind.CONTACT: "Contact", Kind.TASK: "Task"}
NOON = datetime(2027, 3, 2, 12, 0, tzinfo=UTC)


class ItemDesk:
    """A mailbox whose items are synchronized, seen from both sides."""

    def __init__(self, place: ExchangePlace, frame: Frame = BERLIN) -> None:
        self.place = place
        self.frame = frame
        self.side = self.open()

    def open(self) -> ExchangeItems:
        return open_exchange_items(self.place.account, self.frame)

    def put(self, item: Item) -> str:
        """Have the owner make an item in Outlook and return its id."""
        return self.make(_ELEMENTS[item.kind], item.subject, body=str(item.fields.get("body") or "")).id

    def make(self, element: str, subject: str, *, body: str = "", **texts: str) -> Stored:
        """Have the owner make an item; further texts by the names of FieldURIs, _ for the colon."""
        fields = {uri.replace("_", ":", 1): text for uri, text in texts.items()}
        if element == "CalendarItem":
            fields = {
                "calendar:Start": moment(NOON),
                "calendar:End": moment(NOON + timedelta(hours=1)),
            } | fields
        fields |= {"contacts:GivenName": subject} if element == "Contact" else {"item:Subject": subject}
        fields |= {"item:Body": body} if body else {}
        return self.place.outlook.make(element, FOLDERS[element], fields)

    def stored(self, item_id: str) -> Stored:
        """Return the item as the server keeps it."""
        found = self.place.outlook.mailbox.find_item(item_id)
        assert found is not None
        return found

    def edit(self, item_id: str, subject: str) -> None:
        self.place.outlook.edit(self.stored(item_id), "item:Subject", subject)

    def drop(self, item_id: str) -> None:
        self.place.outlook.delete(self.stored(item_id))

    def lose_answer(self, operation: str) -> None:
        """Have the server do the next such operation and say nothing of it."""
        self.place.misbehave(Misbehaviour.LOSE_ANSWER, operation=operation, times=1)

    def read(self, item_id: str) -> Item:
        return self.side.get([item_id])[item_id]


def moment(at: datetime) -> str:
    """Return an instant as EWS writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def named(name: str) -> PersonName:
    """Return a name of one part."""
    return PersonName(first=name)


@contextmanager
def item_desk(*faults: Fault, frame: Frame = BERLIN, **how: Any) -> Iterator[ItemDesk]:
    """Run a sandbox with one mailbox whose items are synchronized."""
    with exchange(*faults, **how) as place:
        yield ItemDesk(place, frame)
