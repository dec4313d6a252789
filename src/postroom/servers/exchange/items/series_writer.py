"""Series written: the master first, then each day that is not to be as the others."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from postroom.errors import Refused, StaleVersion
from postroom.ports.items import Removal
from postroom.reconcile.fields import canonical_fields
from postroom.reconcile.item import Item, Kind, Span, Value
from postroom.reconcile.notice import Notice, Rule, Sends
from postroom.servers.exchange.answer import Element, read_instant, text_at
from postroom.servers.exchange.items import appointments
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.reader import Reader
from postroom.servers.exchange.items.series import (
    ChangedDay,
    Series,
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

    def create(self, draft: Item, token: str, sends: Sends) -> tuple[str, str]:
        """Make a series and return its id and version."""
        item_id, version = self._writer.create(draft, token, sends)
        wanted = draft.fields.get("recurrence")
        if not isinstance(wanted, Series) or not (wanted.changed or wanted.removed):
            return item_id, version
        for day in wanted.changed:
            self._change(item_id, day, sends)
        for at in wanted.removed:
            self._remove(item_id, at, sends)
        return item_id, self._version(item_id)

    def update(self, item: Item, fields: Mapping[str, Value], sends: Sends) -> str:
        """Write these fields of a series as it was read, and return its new version."""
        present, wanted = item.fields.get("recurrence"), fields.get("recurrence")
        others = {name: value for name, value in fields.items() if name != "recurrence"}
        if not isinstance(present, Series) or not isinstance(wanted, Series):
            return self._writer.update(item.id, item.version, Kind.SERIES, others, sends)
        usual = {**item.fields, **canonical_fields(Kind.SERIES, others)}
        changes = changes_between(present, wanted, usual)
        pieces = appointments.write(others, self._frame)
        version = item.version
        if changes.is_rewritten:
            version = self._stirred(item, present, wanted)
            pieces += write_master(wanted, self._frame, present.zone)
        if pieces:
            self._writer.put(item.id, version, appointments.ELEMENT, pieces, sends)
        for day in changes.changed:
            self._change(item.id, day, sends)
        for at in changes.removed:
            self._remove(item.id, at, sends)
        return self._version(item.id)

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
        pieces = appointments.write_span(longer, self._frame)
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

    def _version(self, item_id: str) -> str:
        version = self._reader.versions([item_id]).get(item_id)
        if version is None:
            raise StaleVersion("The series was changed and is gone.")
        return version
