"""Recurrences: t:Recurrence read into a plain value and written from it."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from postroom.reconcile.series import PATTERNS, Recurrence
from postroom.servers.exchange.answer import Element, local, text_at
from postroom.servers.exchange.items.text import Unreadable
from postroom.servers.exchange.markup import tag, text

_USUAL: Final[Mapping[str, str]] = {"Interval": "1", "FirstDayOfWeek": "Sunday"}
_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d|T.*)?", re.ASCII)


def read_recurrence(element: Element) -> Recurrence:
    """Return what a t:Recurrence says; `Unreadable` when that is nothing that could be synchronized."""
    children = {local(child): child for child in element}
    pattern = next((name for name in children if name in PATTERNS), "")
    bounds = next((child for name, child in children.items() if _is_range(name)), None)
    if any(name.endswith("Regeneration") for name in children):
        raise Unreadable(
            "It recurs after it was done, which is not synchronized; let it recur on fixed days."
        )
    if not pattern or bounds is None:
        raise Unreadable("How it recurs can't be read; open the series in Outlook, set it anew and save it.")
    parts = tuple(_part(children[pattern], name) for name in PATTERNS[pattern])
    number = text_at(bounds, "t:NumberOfOccurrences")
    return Recurrence(
        pattern,
        parts,
        _day(text_at(bounds, "t:StartDate")),
        _day(end) if (end := text_at(bounds, "t:EndDate")) else None,
        int(number) if number.isdecimal() and len(number) < 9 else None,
    )


def _is_range(name: str) -> bool:
    return name in ("NoEndRecurrence", "EndDateRecurrence", "NumberedRecurrence")


def _part(pattern: Element, name: str) -> str:
    return " ".join(text_at(pattern, f"t:{name}").split()) or _USUAL.get(name, "")


def _day(written: str) -> date:
    # The offset that may follow is that of the zone, in which the day is told already.
    found = _DAY.fullmatch(written)
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError as error:
        raise Unreadable(
            "The first or last day of the series can't be read; open it in Outlook, set it anew and save it."
        ) from error


def write_recurrence(recurrence: Recurrence) -> str:
    """Return what stands within a t:Recurrence."""
    named = zip(PATTERNS[recurrence.pattern], recurrence.parts, strict=True)
    pattern = tag(f"t:{recurrence.pattern}", *(tag(f"t:{name}", text(part)) for name, part in named))
    start = tag("t:StartDate", recurrence.starts_on.isoformat())
    if recurrence.ends_on is not None:
        end = tag("t:EndDate", recurrence.ends_on.isoformat())
        return pattern + tag("t:EndDateRecurrence", start, end)
    if recurrence.occurrences is not None:
        end = tag("t:NumberOfOccurrences", str(recurrence.occurrences))
        return pattern + tag("t:NumberedRecurrence", start, end)
    return pattern + tag("t:NoEndRecurrence", start)
