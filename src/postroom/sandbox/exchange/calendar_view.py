"""Calendar views: what takes place between two instants, with series as their occurrences."""

from datetime import timedelta
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.instants import get_instant
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.paging import Page
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.series import in_view

#: The longest view: about two years, as Exchange has it.
_LONGEST: Final = timedelta(days=2 * 366)


def in_calendar(folder: Folder, view: etree._Element) -> Page[Item]:
    """Return what an m:CalendarView asks for, by start, as far as it wants it."""
    if folder.kind != "CalendarFolder":
        raise Refusal("ErrorCalendarFolderIsInvalidForCalendarView", "Only calendars have such a view.")
    start, end = (get_instant(view.get(name) or "") for name in ("StartDate", "EndDate"))
    if end < start:
        raise Refusal("ErrorCalendarEndDateIsEarlierThanStartDate", "EndDate is earlier than StartDate.")
    if end - start > _LONGEST:
        raise Refusal("ErrorCalendarViewRangeTooBig", "The view is longer than two years.")
    appointments = [item for item in folder.shown() if item.kind == "CalendarItem"]
    found = in_view(appointments, start, end)
    text = view.get("MaxEntriesReturned") or str(len(found))
    if not text.isdecimal() or len(text) > 9:
        raise Refusal("ErrorInvalidPagingMaxRows", "MaxEntriesReturned is no number.")
    return Page(found[: int(text)], min(int(text), len(found)), len(found))
