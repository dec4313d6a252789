"""Time zones as Exchange tells and takes them: definitions with periods and transitions."""

from collections.abc import Iterable
from datetime import timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from lxml import etree

from postroom.recurrence.windows_zones import WINDOWS_ZONES
from postroom.sandbox.exchange.instants import read_duration, write_duration
from postroom.sandbox.exchange.names import (
    child_text,
    local_name,
    m_element,
    m_name,
    t_element,
    t_name,
    text_of,
)
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.zone_rules import Change, RuledZone, Rules, find_rules

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
#: Which weekday of its month; the last may be the fourth or the fifth.
INDEXES: Final = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}

#: Most zones asked for in one request, and most children of a definition that are read.
MAX_ASKED = 500
MAX_PARTS = 200


def zone_named(name: str) -> tzinfo:
    """Return the zone of one of Windows' names."""
    found = WINDOWS_ZONES.get(name.strip())
    if found is None:
        raise Refusal("ErrorTimeZone", f"There is no time zone {name[:60]!r}.")
    return ZoneInfo(found)


def answer_server_time_zones(request: etree._Element, year: int) -> list[etree._Element]:
    """Take in a GetServerTimeZones request; return the definitions asked for, or all of them.

    Names that are none are passed over, as Exchange does. `year` is the year whose rules are told.
    """
    asked = [text_of(each).strip() for each in request.iterfind(f"{m_name('Ids')}/{t_name('Id')}")]
    if len(asked) > MAX_ASKED:
        raise Refusal("ErrorInvalidRequest", "Too many time zones are asked for.")
    # What does not say that it wants less gets everything. source: MS-OXWSGTZ 3.1.4.1.3.3
    is_full = request.get("ReturnFullTimeZoneData", "true").lower() in ("true", "1")
    names = [name for name in asked if name in WINDOWS_ZONES] if asked else list(WINDOWS_ZONES)
    definitions = m_element("TimeZoneDefinitions")
    definitions.extend(definition(name, year) if is_full else _bare(name, year) for name in names)
    return [definitions]


def definition(name: str, year: int) -> etree._Element:
    """Return the full t:TimeZoneDefinition of one of Windows' names, by the rules of a year."""
    rules = _rules(name, year)
    made = _bare(name, year)
    made.append(_periods(name, rules))
    groups = t_element("TransitionsGroups")
    groups.append(t_element("TransitionsGroup", Id="0"))
    groups[0].extend(_transitions(name, rules))
    made.append(groups)
    transitions = t_element("Transitions")
    transitions.append(t_element("Transition"))
    transitions[0].append(t_element("To", "0", Kind="Group"))
    made.append(transitions)
    return made


@cache
def _rules(name: str, year: int) -> Rules:
    return find_rules(ZoneInfo(WINDOWS_ZONES[name]), year)


def _bare(name: str, year: int) -> etree._Element:
    seconds = int(_rules(name, year).standard.total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    city = WINDOWS_ZONES[name].rpartition("/")[2].replace("_", " ")
    shown = f"(UTC{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}) {city}"
    return t_element("TimeZoneDefinition", Id=name, Name=shown)


def _period_id(name: str, period: str) -> str:
    return f"trule:Microsoft/Registry/{name}/1-{period}"


def _periods(name: str, rules: Rules) -> etree._Element:
    made = t_element("Periods")
    for period, offset in (("Standard", rules.standard), ("Daylight", rules.daylight)):
        if offset is not None:
            # A bias is what has to be added to local time to get UTC.
            bias = write_duration(-offset)
            made.append(t_element("Period", Bias=bias, Name=period, Id=_period_id(name, period)))
    return made


def _transitions(name: str, rules: Rules) -> Iterable[etree._Element]:
    if rules.to_daylight is None or rules.to_standard is None:
        yield _transition("Transition", _period_id(name, "Standard"))
        return
    for period, change in (("Daylight", rules.to_daylight), ("Standard", rules.to_standard)):
        made = _transition("RecurringDayTransition", _period_id(name, period))
        made.append(t_element("TimeOffset", write_duration(change.at)))
        made.append(t_element("Month", str(change.month)))
        made.append(t_element("DayOfWeek", WEEKDAYS[change.weekday]))
        made.append(t_element("Occurrence", str(change.occurrence)))
        yield made


def _transition(kind: str, period_id: str) -> etree._Element:
    made = t_element(kind)
    made.append(t_element("To", period_id, Kind="Period"))
    return made


def read_zone(element: etree._Element) -> tzinfo:
    """Return the zone that a time zone element of any kind describes.

    These are TimeZoneDefinition, StartTimeZone and EndTimeZone, which name a zone or describe one with
    periods, and MeetingTimeZone of Exchange 2007, which does so with offsets.
    """
    if local_name(element) == "MeetingTimeZone":
        return _read_meeting_zone(element)
    name = element.get("Id") or element.get("Name") or ""
    if name in WINDOWS_ZONES:
        return zone_named(name)
    if element.find(t_name("Periods")) is None:
        raise Refusal("ErrorTimeZone", f"There is no time zone {name[:60]!r}.")
    if sum(1 for _ in element.iter()) > MAX_PARTS:
        raise Refusal("ErrorTimeZone", "The time zone is described at too great length.")
    return RuledZone(name or "Customized Time Zone", _read_definition(element))


def _read_definition(element: etree._Element) -> Rules:
    periods = {
        str(period.get("Id")): -read_duration(str(period.get("Bias", "PT0S")))
        for period in element.iter(t_name("Period"))
    }
    if not periods:
        raise Refusal("ErrorTimeZone", "The time zone has no periods.")
    named = [each for each in _last_group(element) if child_text(each, "To") in periods]
    if len(named) != 2:
        return Rules(periods[child_text(named[0], "To")] if named else next(iter(periods.values())))
    changes = [(periods[child_text(each, "To")], _read_change(each)) for each in named]
    (standard, to_standard), (daylight, to_daylight) = sorted(changes, key=lambda change: change[0])
    return Rules(standard, daylight, to_daylight, to_standard)


def _last_group(element: etree._Element) -> list[etree._Element]:
    """Return the transitions of the group that holds from now on: the one that comes last."""
    targets = [text_of(to) for to in element.iterfind(f"{t_name('Transitions')}/*/{t_name('To')}")]
    groups = {str(group.get("Id")): group for group in element.iter(t_name("TransitionsGroup"))}
    named = [groups[target] for target in targets if target in groups]
    return list(named[-1]) if named else [each for group in groups.values() for each in group]


def _read_change(transition: etree._Element) -> Change:
    try:
        return Change(
            month=range(1, 13)[int(child_text(transition, "Month")) - 1],
            weekday=WEEKDAYS.index(child_text(transition, "DayOfWeek")),
            occurrence=int(child_text(transition, "Occurrence")),
            at=read_duration(child_text(transition, "TimeOffset") or "PT0S"),
        )
    except (ValueError, IndexError) as problem:
        raise Refusal("ErrorTimeZone", "A transition of the time zone cannot be read.") from problem


def _read_meeting_zone(element: etree._Element) -> tzinfo:
    base = element.find(t_name("BaseOffset"))
    if base is None:
        return zone_named(str(element.get("TimeZoneName", "")))
    offset = -read_duration(text_of(base))
    standard, daylight = element.find(t_name("Standard")), element.find(t_name("Daylight"))
    name = str(element.get("TimeZoneName", "")) or "Customized Time Zone"
    if standard is None or daylight is None:
        return RuledZone(name, Rules(offset))
    # The offsets of both halves of the year are added to the base. source: MS-OXWSCDATA TimeZoneType
    winter, summer = (offset - read_duration(child_text(each, "Offset")) for each in (standard, daylight))
    return RuledZone(name, Rules(winter, summer, _read_yearly(daylight), _read_yearly(standard)))


def _read_yearly(element: etree._Element) -> Change | None:
    pattern = element.find(t_name("RelativeYearlyRecurrence"))
    if pattern is None:
        return None
    hours, minutes = (child_text(element, "Time") or "00:00").split(":")[:2]
    try:
        return Change(
            month=MONTHS.index(child_text(pattern, "Month")) + 1,
            weekday=WEEKDAYS.index(child_text(pattern, "DaysOfWeek")),
            occurrence=INDEXES[child_text(pattern, "DayOfWeekIndex")],
            at=timedelta(hours=int(hours), minutes=int(minutes)),
        )
    except (ValueError, KeyError) as problem:
        raise Refusal("ErrorTimeZone", "A change of the time zone cannot be read.") from problem
