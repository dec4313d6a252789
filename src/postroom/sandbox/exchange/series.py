"""Series of appointments: a master, its occurrences on single days, and those that differ.

Only the master is kept in a folder. Its occurrences are made whenever somebody looks at them, from the
master and from what departs on their day; their ids hold the master's and the day.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.departure import Departure
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.recurrence import Recurrence, read_recurrence
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.timezones import read_zone

RECURRENCE: Final = "calendar:Recurrence"
START: Final = "calendar:Start"
END: Final = "calendar:End"
#: Marks an occurrence, which is no item of its own, and says which day of the series it is.
ORIGINAL: Final = "calendar:OriginalStart"

_DUE: Final = "item:ReminderDueBy"
_LENGTH_OF_DAY = 12
#: Most days of one series that are looked at to find its last one, or the one of a number.
MAX_DAYS: Final = 20_000


def is_master(item: Item) -> bool:
    """Say whether the item stands for a series."""
    return item.kind == "CalendarItem" and RECURRENCE in item.fields


def is_occurrence(item: Item) -> bool:
    """Say whether the item is one day of a series."""
    return item.kind == "CalendarItem" and ORIGINAL in item.fields


def zone_of(item: Item) -> tzinfo:
    """Return the time zone in which an appointment was made, or UTC when it names none."""
    for uri in ("calendar:StartTimeZone", "calendar:MeetingTimeZone"):
        if uri in item.fields:
            return read_zone(item.fields[uri])
    return UTC


def recurrence_of(master: Item) -> Recurrence:
    """Return how the series recurs."""
    return read_recurrence(master.fields[RECURRENCE])


def occurrence_id(master_id: str, day: date) -> str:
    """Return the id of one day of a series."""
    return master_id + base64.b64encode(day.strftime("%Y%m%d").encode("ascii")).decode("ascii")


def split_id(some_id: str) -> tuple[str, date] | None:
    """Return the master's id and the day that an id holds; None for an id that is no occurrence's.

    >>> split_id(occurrence_id("AAMk", date(2026, 11, 25)))
    ('AAMk', datetime.date(2026, 11, 25))
    """
    master_id, encoded = some_id[:-_LENGTH_OF_DAY], some_id[-_LENGTH_OF_DAY:]
    try:
        text = base64.b64decode(encoded, validate=True).decode("ascii")
        return master_id, date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    except (binascii.Error, ValueError):
        return None


def original_start(master: Item, day: date) -> datetime:
    """Return when the series occurs on a day as long as nothing departs."""
    start, zone = _instant(master, START), zone_of(master)
    return datetime.combine(day, start.astimezone(zone).time(), zone).astimezone(UTC)


def occurrence_on(master: Item, day: date) -> Item | None:
    """Return the occurrence on a day of the series, made anew; None for a day that was deleted."""
    departure = master.departures.get(day)
    if departure is None:
        return _plain(master, day)
    if departure.is_deleted:
        return None
    made = _plain(master, day)
    _overlay(made.fields, departure.fields)
    _overlay(made.extended, departure.extended)
    made.change_key = departure.change_key
    made.modified_at = departure.modified_at or made.modified_at
    # By this it is known as an exception.
    made.departures = {day: departure}
    return made


def occurrences(master: Item) -> Iterator[Item]:
    """Yield the occurrences that were not deleted, in the order of the series."""
    for day in recurrence_of(master).days():
        if (found := occurrence_on(master, day)) is not None:
            yield found


def find_occurrence(master: Item, some_id: str) -> Item | None:
    """Return the occurrence of an id, or None when the series does not occur on its day."""
    parts = split_id(some_id)
    if parts is None or not is_master(master) or not _occurs_on(master, parts[1]):
        return None
    return occurrence_on(master, parts[1])


def occurrence_at(master: Item, number: int) -> Item:
    """Return the occurrence of a number, counted from 1 with those that were deleted."""
    if not is_master(master):
        raise Refusal(
            "ErrorCalendarCannotUseIdForRecurringMasterId",
            "The specified Id is not that of a recurring master.",
        )
    day = None
    if 1 <= number <= MAX_DAYS:
        day = next(islice(recurrence_of(master).days(), number - 1, None), None)
    if day is None:
        raise Refusal(
            "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange",
            "Occurrence index is out of recurrence range.",
        )
    found = occurrence_on(master, day)
    if found is None:
        raise Refusal(
            "ErrorCalendarOccurrenceIsDeletedFromRecurrence",
            "Occurrence with this index was previously deleted from the recurrence.",
        )
    return found


def keep_occurrence(master: Item, occurrence: Item, at: datetime, change_key: str) -> None:
    """Note in the master how the occurrence, which somebody has changed, departs from the series."""
    day = day_of(occurrence)
    plain = _plain(master, day)
    master.departures[day] = Departure(
        fields=_differences(plain.fields, occurrence.fields),
        extended=_differences(plain.extended, occurrence.extended),
        change_key=change_key,
        modified_at=at,
    )


def delete_occurrence(master: Item, occurrence: Item) -> None:
    """Note in the master that the series does not occur on this day."""
    master.departures[day_of(occurrence)] = Departure(is_deleted=True)


def day_of(occurrence: Item) -> date:
    """Return the day of the series that an occurrence is."""
    parts = split_id(occurrence.id)
    if parts is None:
        raise Refusal("ErrorCalendarCannotUseIdForOccurrenceId", "The specified Id is no occurrence's.")
    return parts[1]


def in_view(items: Iterable[Item], start: datetime, end: datetime) -> list[Item]:
    """Return what takes place between two instants, series as their occurrences, by start."""
    found = []
    for item in items:
        candidates = _between(item, start, end) if is_master(item) else iter((item,))
        found += [each for each in candidates if _is_between(each, start, end)]
    return sorted(found, key=lambda item: _instant(item, START))


def _between(master: Item, start: datetime, end: datetime) -> Iterator[Item]:
    """Yield the occurrences that may take place between two instants, and perhaps some others."""
    zone = zone_of(master)
    length = _instant(master, END) - _instant(master, START)
    first = (start.astimezone(zone) - length - timedelta(days=1)).date()
    moved = {day for day, departure in master.departures.items() if START in departure.fields}
    last = (end.astimezone(zone) + timedelta(days=1)).date()
    for day in recurrence_of(master).days():
        if day > last:
            break
        if day >= first and day not in moved and (found := occurrence_on(master, day)) is not None:
            yield found
    # What was moved may take place before the view though its day is long after.
    yield from (found for day in moved if (found := occurrence_on(master, day)) is not None)


def _is_between(item: Item, start: datetime, end: datetime) -> bool:
    begins, ends = _instant(item, START), _instant(item, END)
    return begins < end and (ends > start or begins == ends >= start)


def _occurs_on(master: Item, day: date) -> bool:
    for each in islice(recurrence_of(master).days(), MAX_DAYS):
        if each >= day:
            return each == day
    return False


def _plain(master: Item, day: date) -> Item:
    """Return the occurrence as the master has it."""
    length = _instant(master, END) - _instant(master, START)
    start = original_start(master, day)
    made = master.twin(occurrence_id(master.id, day), master.change_key, master.folder_id)
    made.departures = {}
    del made.fields[RECURRENCE]
    made.put_instant(START, start)
    made.put_instant(END, start + length)
    made.put_instant(ORIGINAL, start)
    if _DUE in made.fields:
        made.put_instant(_DUE, start)
    return made


def _instant(item: Item, uri: str) -> datetime:
    found = item.instant(uri)
    if found is None:
        raise Refusal("ErrorCalendarInvalidPropertyValue", f"The appointment has no {uri}.")
    return found


def _overlay(onto: dict[str, etree._Element], changed: dict[str, etree._Element | None]) -> None:
    for key, element in changed.items():
        if element is None:
            onto.pop(key, None)
        else:
            onto[key] = element


def _differences(
    before: dict[str, etree._Element], after: dict[str, etree._Element]
) -> dict[str, etree._Element | None]:
    changed = {
        key: element
        for key, element in after.items()
        if key not in before or _canonical(before[key]) != _canonical(element)
    }
    return {**changed, **{key: None for key in before if key not in after}}


def _canonical(element: etree._Element) -> bytes:
    return bytes(etree.tostring(element, method="c14n2", strip_text=False, with_tail=False))
