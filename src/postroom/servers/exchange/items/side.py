"""`ExchangeItems`: appointments, contacts and tasks of a mailbox, a `ports.items.ItemSide`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from postroom.errors import StaleVersion
from postroom.ports.items import ItemPage, Removal
from postroom.reconcile.item import Item, Kind, Value
from postroom.reconcile.notice import Notice, Rule, Sends
from postroom.servers.exchange.account import ExchangeAccount
from postroom.servers.exchange.autodiscover import OnFound
from postroom.servers.exchange.items.alike import alike
from postroom.servers.exchange.items.feed import Changes, read_progress
from postroom.servers.exchange.items.file_writer import FIELD, FileWriter
from postroom.servers.exchange.items.find import by_token, by_uid
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.marks import marks, tracked_by_category
from postroom.servers.exchange.items.places import HOMES, Places, look_at
from postroom.servers.exchange.items.reader import Named, Reader
from postroom.servers.exchange.items.series_writer import SeriesWriter
from postroom.servers.exchange.items.translate import ELEMENTS
from postroom.servers.exchange.items.writer import Writer
from postroom.servers.exchange.session import Now, Session, the_time

#: A note is nobody else's business.
_QUIETLY: Final = Sends(Notice.NONE, Rule.NOTHING_TO_TELL)


def open_exchange_items(
    account: ExchangeAccount, frame: Frame, *, now: Now = the_time, on_found: OnFound | None = None
) -> "ExchangeItems":
    """Return the mailbox's items; nothing is asked of its server before it is needed."""
    return ExchangeItems(Session(account, now=now, on_found=on_found), frame)


class ExchangeItems:
    """The items of one mailbox: calendar with its subfolders, contacts and tasks.

    What is removed to the deleted items stays there; a write that was not answered is not repeated.
    """

    def __init__(self, session: Session, frame: Frame) -> None:
        self._session = session
        self._reader = Reader(session, frame)
        self._writer = Writer(session, frame)
        self._series = SeriesWriter(session, self._reader, self._writer, frame)
        self._files = FileWriter(session, self._reader, self._writer, frame)
        self._frame = frame
        self._places: Places | None = None

    def changes(self, mark: str | None) -> Iterator[ItemPage]:
        """Yield what changed since the mark, or everything when there is none or it is worth nothing."""
        before = read_progress(mark)
        self._places = look_at(self._session, before.homes)
        yield from Changes(self._session, self._reader, self._places).since(before)

    def get(self, ids: Sequence[str]) -> Mapping[str, Item]:
        """Return the items of these ids as they are now; one that is missing is gone for certain."""
        if not ids:
            return {}
        found: dict[str, Item] = {}
        for items in self._reader.read(map(Named, ids), tuple(HOMES), self._folders()):
            found |= items
        return found

    def create(self, draft: Item, token: str, sends: Sends, *, is_first_try: bool = False) -> tuple[str, str]:
        """Make an item that bears the token, unless one does already; return its id and version."""
        known = None if is_first_try else self.find_by_token([token]).get(token)
        version = self._reader.versions([known]).get(known) if known else None
        if known and version is not None:
            return known, version
        if draft.kind is Kind.APPOINTMENT and self._writes_files(draft.fields):
            return self._files.create(draft, token, sends, self._folders(), is_first_try=is_first_try)
        if draft.kind is Kind.SERIES:
            return self._series.create(draft, token, sends, self._folders())
        return self._writer.create(draft, marks(self._frame, draft.identity.crm_id, token), sends)

    def update(self, item_id: str, version: str, fields: Mapping[str, Value], sends: Sends) -> str:
        """Write these fields, leave all others, tell whom `sends` names, and return the new version."""
        kind = self._kind_of(item_id)
        if kind is Kind.APPOINTMENT and self._writes_files(fields):
            return self._files.update(item_id, version, fields, sends)
        if kind is not Kind.SERIES or "recurrence" not in fields:
            return self._writer.update(item_id, version, kind, fields, sends)
        item = self.get([item_id]).get(item_id)
        if item is None or item.version != version:
            raise StaleVersion("The series was not changed: it is another one by now.")
        return self._series.update(item, fields, sends)

    def delete(self, item_id: str, version: str, removal: Removal, sends: Sends) -> None:
        """Remove an item and tell whom `sends` names; one that is gone already is no error."""
        # The server removes whatever version there is, so it is looked at first.
        now = self._reader.versions([item_id]).get(item_id)
        if now is None:
            return
        if now != version:
            raise StaleVersion("The item was not removed: it is another one by now.")
        self._writer.delete(item_id, version, removal, sends)

    def find_by_token(self, tokens: Sequence[str]) -> Mapping[str, str]:
        """Return the ids of items that bear these tokens; a token that nothing bears is left out."""
        return by_token(self._session, self._folders(), tokens)

    def find_by_uid(self, uids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the ids of items with these calendar ids; nothing is changed by looking."""
        kinds = self._known_places().kinds
        calendars = [folder for folder, kind in kinds.items() if kind is Kind.APPOINTMENT]
        return by_uid(self._session, calendars, uids)

    def find_alike(self, items: Sequence[Item]) -> Sequence[str]:
        """Return the ids of items that look like one of these; nothing is changed by looking."""
        return alike(self._session, self._reader, self._known_places(), items)

    def note(self, item_id: str, other_id: str) -> None:
        """Note on an item which record it belongs to; it counts as tracked from then on."""
        item = self.get([item_id]).get(item_id)
        if item is None or (item.identity.crm_id == other_id and item.is_tracked):
            return
        pieces = marks(self._frame, other_id)
        if item.is_tracked and not item.identity.crm_id:
            pieces.append(tracked_by_category())
        self._writer.put(item_id, "", ELEMENTS[item.kind], pieces, _QUIETLY)

    def _kind_of(self, item_id: str) -> Kind:
        known = self._reader.kinds.get(item_id)
        if known is None:
            item = self.get([item_id]).get(item_id)
            if item is None:
                raise StaleVersion("The item was not changed: it is gone.")
            known = item.kind
        return known

    def _writes_files(self, fields: Mapping[str, Value]) -> bool:
        return self._frame.files is not None and FIELD in fields

    def _folders(self) -> Sequence[str]:
        return list(self._known_places().kinds)

    def _known_places(self) -> Places:
        if self._places is None:
            self._places = look_at(self._session, {})
        return self._places
