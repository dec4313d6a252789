"""Series: a recurring master with its changed and its removed days, as one value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from postroom.reconcile.fields import canonical_fields
from postroom.reconcile.item import Kind, Span, Value
from postroom.reconcile.series import OF_A_DAY, ChangedDay, Series, usual_span
from postroom.servers.exchange.answer import Element
from postroom.servers.exchange.items import appointments
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.marks import properties_of
from postroom.servers.exchange.items.piece import Piece
from postroom.servers.exchange.items.recurrence import read_recurrence, write_recurrence
from postroom.servers.exchange.items.text import Unreadable, moment_at
from postroom.servers.exchange.markup import field

#: Days of one series that may be changed, beyond which it is left alone.
MOST_CHANGED: Final = 1000


def changed_ids(master: Element) -> list[str]:
    """Return the ids of the days of a series that are not as the others."""
    found = (next(each.iterfind("{*}ItemId"), None) for each in _changed(master))
    return [each.get("Id") or "" for each in found if each is not None]


def _changed(master: Element) -> Iterable[Element]:
    found: Iterable[Element] = master.iterfind("{*}ModifiedOccurrences/{*}Occurrence")
    return found


def ids_by_original(master: Element) -> Mapping[datetime, str]:
    """Return the ids of the changed days by when they would have started."""
    found = {}
    for each in _changed(master):
        original = moment_at(each, "t:OriginalStart", "original start")
        item_id = next(each.iterfind("{*}ItemId"), None)
        if original is not None and item_id is not None:
            found[original] = item_id.get("Id") or ""
    return found


def read_series(
    master: Element, days: Mapping[str, Element], own: Mapping[str, Value], frame: Frame
) -> Series:
    """Return the series of a master; `days` are the elements of its changed days by their ids.

    `own` are the fields of the master. Raises `Unreadable`.
    """
    recurrence = next(master.iterfind("{*}Recurrence"), None)
    if recurrence is None:
        raise Unreadable("How it recurs is not told; open the series in Outlook and save it.")
    if len(changed_ids(master)) > MOST_CHANGED:
        raise Unreadable(
            f"More than {MOST_CHANGED} of its days were changed; end the series and begin another."
        )
    zone, first = next(master.iterfind("{*}StartTimeZone"), None), appointments.read_span(master)
    return Series(
        read_recurrence(recurrence),
        first,
        (zone.get("Id") if zone is not None else "") or frame.zone_name,
        tuple(sorted(_changed_days(master, days, own, first), key=lambda day: day.original_at)),
        tuple(sorted(_removed(master))),
    )


def _changed_days(
    master: Element, days: Mapping[str, Element], own: Mapping[str, Value], first: Span
) -> Iterable[ChangedDay]:
    usual = canonical_fields(Kind.SERIES, own)
    for original, item_id in ids_by_original(master).items():
        element = days.get(item_id)
        if element is None:
            # Without it the day would count as taken back.
            raise Unreadable(
                f"Its day of {original:%Y-%m-%d} can't be read; open that day in Outlook and save it."
            )
        read = canonical_fields(Kind.SERIES, appointments.read(element, properties_of(element)))
        different = tuple((name, read[name]) for name in OF_A_DAY if read[name] != usual[name])
        day = ChangedDay(original, appointments.read_span(element), different)
        # One that was changed and changed back still counts as changed with the server.
        if different or day.span != usual_span(original, first):
            yield day


def _removed(master: Element) -> Iterable[datetime]:
    for each in master.iterfind("{*}DeletedOccurrences/{*}DeletedOccurrence"):
        if (at := moment_at(each, "t:Start", "start of a removed day")) is not None:
            yield at


def last_start_of(master: Element) -> datetime | None:
    """Return when the last day starts, or None of a series without an end."""
    is_endless = next(master.iterfind("{*}Recurrence/{*}NoEndRecurrence"), None) is not None
    try:
        return None if is_endless else moment_at(master, "t:LastOccurrence/t:Start", "last day")
    except Unreadable:
        return None


def write_master(series: Series, frame: Frame, zone: str = "") -> list[Piece]:
    """Return the pieces that say when a series takes place; every other day is as usual after them.

    `zone` is the one that it has already: it stays, whatever the server has called it.
    """
    uri = "calendar:Recurrence"
    return [
        *appointments.write_span(series.first, frame),
        Piece(field(uri), "Recurrence", write_recurrence(series.recurrence)),
        *([] if series.first.is_all_day or series.zone == zone else appointments.write_zone(series.zone)),
    ]


def write_day(day: ChangedDay, frame: Frame) -> list[Piece]:
    """Return the pieces that make a day of a series what it is to be."""
    return appointments.write({"time": day.span, **dict(day.fields)}, frame)


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be done to one series to make it another."""

    #: The master's pattern or times are written, after which all days are as usual.
    is_rewritten: bool
    changed: Sequence[ChangedDay]
    removed: Sequence[datetime]


def changes_between(now: Series, wanted: Series, usual: Mapping[str, Value]) -> Changes:
    """Return what makes the series that is there the one that is wanted, with as few steps as there can be.

    `usual` are the fields of the master. What was taken out comes back only by writing the series anew.
    """
    is_same = (now.recurrence, now.first, now.zone) == (wanted.recurrence, wanted.first, wanted.zone)
    if not is_same or set(now.removed) - set(wanted.removed):
        return Changes(is_rewritten=True, changed=wanted.changed, removed=wanted.removed)
    after = {day.original_at: day for day in wanted.changed}
    restored = [
        _restored(day, after.get(day.original_at), now.first, usual)
        for day in now.changed
        if day.original_at not in wanted.removed and day != after.get(day.original_at)
    ]
    known = {day.original_at for day in now.changed}
    new = [day for day in wanted.changed if day.original_at not in known]
    return Changes(
        is_rewritten=False,
        changed=[*restored, *new],
        removed=[at for at in wanted.removed if at not in now.removed],
    )


def _restored(
    now: ChangedDay, wanted: ChangedDay | None, first: Span, usual: Mapping[str, Value]
) -> ChangedDay:
    """Return what to write on a day that is changed already: what it loses is as usual again."""
    target = wanted or ChangedDay(now.original_at, usual_span(now.original_at, first))
    lost = {name: usual.get(name) for name, _ in now.fields}
    return ChangedDay(now.original_at, target.span, tuple((lost | dict(target.fields)).items()))
