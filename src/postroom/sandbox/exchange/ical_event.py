"""An event of iCalendar as it says it: when, where, who, how often."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from postroom.mime.message import Address
from postroom.recurrence.windows_zones import WINDOWS_ZONES
from postroom.sandbox.exchange.ical_lines import Component, Line
from postroom.sandbox.exchange.ical_rule import read_rule
from postroom.sandbox.exchange.recurrence import Recurrence
from postroom.sandbox.exchange.zone_rules import find_rules

#: Most attendees that are taken over.
MAX_ATTENDEES: Final = 1000


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is invited, as what, and what they have said."""

    person: Address
    role: str
    answer: str


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT; times are instants, and `zone` is Windows' name of the zone by which it goes."""

    uid: str
    summary: str
    location: str
    start: datetime
    end: datetime
    is_all_day: bool
    zone: str
    sequence: int
    is_busy: bool
    organizer: Address | None
    attendees: tuple[Attendee, ...]
    recurrence: Recurrence | None
    #: The occurrence that it is about, where it is about one.
    original: datetime | None


def read_event(calendar: Component) -> Event | None:
    """Return the first event of an object, or None when it has none that takes place at a time."""
    event = next(calendar.within("VEVENT"), None)
    begins = event.get("DTSTART") if event else None
    if event is None or begins is None or not event.text("UID"):
        return None
    zone_name = _zone_name(begins, calendar)
    zone = ZoneInfo(WINDOWS_ZONES[zone_name])
    start = _instant(begins, zone)
    if start is None:
        return None
    original, rule = event.get("RECURRENCE-ID"), event.get("RRULE")
    sequence = event.text("SEQUENCE", "0")
    return Event(
        uid=event.text("UID"),
        summary=event.text("SUMMARY"),
        location=event.text("LOCATION"),
        start=start,
        end=max(_end(event, begins, start, zone), start),
        is_all_day=_is_day(begins),
        zone=zone_name,
        sequence=int(sequence) if sequence.isdecimal() and len(sequence) < 9 else 0,
        is_busy=event.text("TRANSP").upper() != "TRANSPARENT",
        organizer=_person(organizer) if (organizer := event.get("ORGANIZER")) else None,
        attendees=tuple(_attendee(line) for line in event.all("ATTENDEE")[:MAX_ATTENDEES]),
        recurrence=read_rule(rule.value, start, zone) if rule else None,
        original=_instant(original, zone) if original else None,
    )


def _is_day(line: Line) -> bool:
    return line.parameters.get("VALUE", "").upper() == "DATE" or len(line.value.strip()) == 8


def _instant(line: Line, zone: tzinfo) -> datetime | None:
    """Return the instant of a date or date-time; what names no zone is meant in this one."""
    # source: RFC5545 3.3.5
    text = line.value.strip()
    try:
        if _is_day(line):
            day = date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
            return datetime.combine(day, time(), zone).astimezone(UTC)
        meant = UTC if text.endswith("Z") else zone
        return datetime.strptime(text[:15], "%Y%m%dT%H%M%S").replace(tzinfo=meant).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _end(event: Component, begins: Line, start: datetime, zone: tzinfo) -> datetime:
    if (ends := event.get("DTEND")) is not None:
        return _instant(ends, zone) or start
    return start + (timedelta(days=1) if _is_day(begins) else timedelta())


def _person(line: Line) -> Address:
    address = line.value.strip()
    if address[:7].lower() == "mailto:":
        address = address[7:]
    name = line.parameters.get("CN", "")
    return Address(address, "" if name == address else name)


def _attendee(line: Line) -> Attendee:
    role = line.parameters.get("ROLE", "REQ-PARTICIPANT").upper()
    return Attendee(_person(line), role, line.parameters.get("PARTSTAT", "NEEDS-ACTION").upper())


def _zone_name(begins: Line, calendar: Component) -> str:
    """Return Windows' name of the zone that a time names, by its id or by how it is described."""
    zone_id = begins.parameters.get("TZID", "")
    if zone_id in WINDOWS_ZONES:
        return zone_id
    if zone_id in _known():
        return _same_as(zone_id, begins.value[:4])
    described = next((each for each in calendar.within("VTIMEZONE") if each.text("TZID") == zone_id), None)
    return _like(described, begins.value[:4]) if described and zone_id else "UTC"


@cache
def _known() -> frozenset[str]:
    """Return the names of the IANA database; looked up once, since that goes through its files."""
    return frozenset(available_timezones())


@lru_cache(500)
def _same_as(iana: str, year: str) -> str:
    """Return the name of the zone that is, or has the same rules as, one of the IANA database."""
    for name, zone in WINDOWS_ZONES.items():
        if zone == iana:
            return name
    rules = find_rules(ZoneInfo(iana), _year(year))
    for name, zone in WINDOWS_ZONES.items():
        if find_rules(ZoneInfo(zone), _year(year)) == rules:
            return name
    return "UTC"


def _like(zone: Component, year: str) -> str:
    """Return the name of a zone with the offsets, and if possible the months of change, of a description."""
    halves = [(half, _offset(half.text("TZOFFSETTO"))) for half in zone.components[:50]]
    offsets = {name: at for half, at in halves if at is not None for name in (half.name,)}
    if "STANDARD" not in offsets:
        return "UTC"
    daylight = offsets.get("DAYLIGHT")
    months = {half.name: half.text("RRULE").partition("BYMONTH=")[2].partition(";")[0] for half, _ in halves}
    return _with_offsets(offsets["STANDARD"], daylight, months.get("DAYLIGHT", ""), _year(year))


@lru_cache(500)
def _with_offsets(standard: timedelta, daylight: timedelta | None, month: str, year: int) -> str:
    for name, zone in WINDOWS_ZONES.items():
        rules = find_rules(ZoneInfo(zone), year)
        told = "" if rules.to_daylight is None else str(rules.to_daylight.month)
        if (rules.standard, rules.daylight) == (standard, daylight) and month in ("", told):
            return name
    return "UTC"


def _year(text: str) -> int:
    return int(text) if text.isdecimal() and 1900 < int(text) < 2200 else 2026


def _offset(text: str) -> timedelta | None:
    digits = text.strip().lstrip("+-")
    if len(digits) < 4 or not digits[:4].isdecimal():
        return None
    length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
    return -length if text.strip().startswith("-") else length
