"""Series written: the master first, then each day that is not to be as the others."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from postroom.errors import Refused, StaleVersion
from postroom.ports.items import Removal
from postroom.reconcile.fields import canonical_fields
from postroom.reconcile.item import Item, Kind, Span, Value
from postroom.reconcile.notice import Notice, Rule, Sends
from postroom.reconcile.series import ChangedDay, Series
from postroom.servers.exchange.answer import Element, read_instant, text_at
from postroom.servers.exchange.items import appointments
from postroom.servers.exchange.items.find import by_token
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.marks import CHANGING, UNFINISHED, marks, unfinished
from postroom.servers.exchange.items.piece import Piece
from postroom.servers.exchange.items.reader import Named, Reader
from postroom.servers.exchange.items.series import (
    changes_between,
    ids_by_original,
    write_day,
    write_master,
)
from postroom.servers.exchange.items.text import moment
from postroom.servers.exchange.items.translate import id_in
from postroom.servers.exchange.items.writer import Writer
from postroom.servers.exchange.markup import field, shape, tag
from postroom.servers.exchange.search import folder_id
from postroom.servers.exchange.session import Session

_PROBLEM: Final = "The days of a series were not looked for"
_QUIETLY: Final = Sends(Notice.NONE, Rule.NOTHING_TO_TELL)
_A_MINUTE: Final = timedelta(minutes=1)


class SeriesWriter:
    """Writes series of one mailbox."""

    def __init__(self, session: Session, reader: Reader, writer: Writer, frame: Frame) -> None:
        self._session = session
        self._reader = reader
        self._writer = writer
        self._frame = frame

    def create(self, draft: Item, token: str, sends: Sends, folders: Sequence[str]) -> tuple[str, str]:
        """Make a series and return its id and version; one that was begun under the token is finished."""
        marked = marks(self._frame, draft.identity.crm_id, token)
        wanted = draft.fields.get("recurrence")
        if not isinstance(wanted, Series) or not (wanted.changed or wanted.removed):
            return self._writer.create(draft, marked, sends)
        # It bears its token only when it is whole, so that nobody takes the half of it for the series.
        item_id = by_token(self._session, folders, [token], UNFINISHED).get(token)
        if item_id is None:
            item_id, _ = self._writer.create(draft, [unfinished(token)], sends)
        item, present = self._read(item_id)
        self._become(item, present, wanted, draft.fields, sends, [])
        return item_id, self._finished(item_id, marked)

    def update(self, item: Item, fields: Mapping[str, Value], sends: Sends) -> str:
        """Write these fields of a series as it was read, and return its new version."""
        present, wanted = item.fields.get("recurrence"), fields.get("recurrence")
        others = {name: value for name, value in fields.items() if name != "recurrence"}
        if not isinstance(present, Series) or not isinstance(wanted, Series):
            return self._writer.update(item.id, item.version, Kind.SERIES, others, sends)
        usual = {**item.fields, **canonical_fields(Kind.SERIES, others)}
        self._become(item, present, wanted, usual, sends, appointments.write(others, self._frame))
        return self._finished(item.id, [])

    def _become(
        self,
        item: Item,
        present: Series,
        wanted: Series,
        usual: Mapping[str, Value],
        sends: Sends,
        pieces: Sequence[Piece],
    ) -> None:
        """Write what makes the series that was read the wanted one."""
        changes = changes_between(present, wanted, usual)
        version = item.version
        written = [*pieces, *self._begun(item)]
        if changes.is_rewritten:
            version = self._stirred(item, present, wanted)
            written += write_master(wanted, self._frame, present.zone)
        if written:
            # Of a mark alone nobody is told; of a changed day its own message tells.
            tells = sends if pieces or changes.is_rewritten else _QUIETLY
            self._writer.put(item.id, version, appointments.ELEMENT, written, tells)
        for day in changes.changed:
            self._change(item.id, day, sends)
        for at in changes.removed:
            self._remove(item.id, at, sends)

    def _begun(self, item: Item) -> list[Piece]:
        """Return the mark of a series that is being changed; one that is being made has its own."""
        return [unfinished(CHANGING)] if item.identity.token or item.is_tracked else []

    def _finished(self, item_id: str, marked: Sequence[Piece]) -> str:
        """Take off the mark of what is being written, give it others, and return the version."""
        pieces = [*marked, unfinished(None)]
        return self._writer.put(item_id, "", appointments.ELEMENT, pieces, _QUIETLY)

    def _read(self, item_id: str) -> tuple[Item, Series]:
        """Return the series as it is now."""
        for items in self._reader.read([Named(item_id)], (Kind.APPOINTMENT,), ()):
            item = items.get(item_id)
            if item is not None and isinstance(series := item.fields.get("recurrence"), Series):
                return item, series
        raise StaleVersion("The series was begun and can't be read; it is made anew.")

    def _stirred(self, item: Item, present: Series, wanted: Series) -> str:
        """Have the server forget the days that were changed, which it only does when the times change."""
        if (present.recurrence, present.first, present.zone) != (
            wanted.recurrence,
            wanted.first,
            wanted.zone,
        ):
            return item.version
        start, end, is_all_day = wanted.first
        longer = Span(start, end + (timedelta(days=1) if is_all_day else _A_MINUTE), is_all_day)
        pieces = [*appointments.write_span(longer, self._frame), *self._begun(item)]
        return self._writer.put(item.id, item.version, appointments.ELEMENT, pieces, _QUIETLY)

    def _change(self, master_id: str, day: ChangedDay, sends: Sends) -> None:
        found = self._day(master_id, day.original_at)
        if not found:
            shown = day.original_at.isoformat()
            raise Refused(
                f"The series does not occur at {shown}, which was changed by itself; "
                "make an appointment of it."
            )
        self._writer.put(found, "", appointments.ELEMENT, write_day(day, self._frame), sends)

    def _remove(self, master_id: str, at: datetime, sends: Sends) -> None:
        if found := self._day(master_id, at):
            self._writer.delete(found, "", Removal.TO_DELETED_ITEMS, sends)

    def _day(self, master_id: str, original_at: datetime) -> str:
        """Return the id of the day that would have started then, or nothing."""
        master = self._reader.masters([master_id]).get(master_id)
        if master is None:
            raise StaleVersion("The series was not changed: it is gone.")
        known = ids_by_original(master).get(original_at)
        return known or next(self._usual_days(master, original_at), "")

    def _usual_days(self, master: Element, at: datetime) -> Iterator[str]:
        """Yield the ids of the days of a series that start then as usual."""
        # source: MS-OXWSSRCH CalendarViewType
        view = tag("m:CalendarView", StartDate=moment(at), EndDate=moment(at + _A_MINUTE))
        paths = (field("calendar:UID"), field("calendar:Start"), field("calendar:CalendarItemType"))
        folder, _ = id_in(master, "ParentFolderId")
        parents = tag("m:ParentFolderIds", folder_id(folder))
        request = tag("m:FindItem", shape(*paths), view, parents, Traversal="Shallow")
        for each in self._session.one(request, _PROBLEM).all("m:RootFolder/t:Items/*"):
            is_of_it = text_at(each, "t:UID") == text_at(master, "t:UID")
            if is_of_it and read_instant(text_at(each, "t:Start")) == at:
                yield id_in(each)[0]
