"""Recurrences survive EWS and iCalendar; whatever comes in is answered or refused, never a crash."""

import contextlib
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from postroom.recurrence.windows_zones import WINDOWS_ZONES
from postroom.sandbox.exchange.ical_event import read_event
from postroom.sandbox.exchange.ical_lines import read_object
from postroom.sandbox.exchange.ical_rule import read_rule
from postroom.sandbox.exchange.icalendar import escape, fold, write_calendar, write_rule, write_utc
from postroom.sandbox.exchange.names import TYPES
from postroom.sandbox.exchange.recurrence import Pattern, Recurrence, read_recurrence, write_recurrence
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.restriction import matches
from postroom.sandbox.exchange.timezones import WEEKDAYS
from postroom.sandbox.exchange.zone_rules import RuledZone, find_rules

DAYS = st.sampled_from((*WEEKDAYS, "Day", "Weekday", "WeekendDay"))
INDEXES = st.sampled_from(("First", "Second", "Third", "Fourth", "Last"))
INTERVALS = st.integers(1, 99)
PATTERNS = st.one_of(
    st.builds(Pattern, st.just("DailyRecurrence"), INTERVALS),
    st.builds(
        Pattern,
        st.just("WeeklyRecurrence"),
        INTERVALS,
        st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(lambda days: tuple(sorted(days))),
        first_day=st.sampled_from(WEEKDAYS),
    ),
    st.builds(Pattern, st.just("AbsoluteMonthlyRecurrence"), INTERVALS, day_of_month=st.integers(1, 31)),
    st.builds(
        Pattern, st.just("RelativeMonthlyRecurrence"), INTERVALS, DAYS.map(lambda day: (day,)), INDEXES
    ),
    st.builds(
        Pattern,
        st.just("AbsoluteYearlyRecurrence"),
        day_of_month=st.integers(1, 31),
        month=st.integers(1, 12),
    ),
    st.builds(
        Pattern,
        st.just("RelativeYearlyRecurrence"),
        st.just(1),
        DAYS.map(lambda day: (day,)),
        INDEXES,
        month=st.integers(1, 12),
    ),
)
RECURRENCES = st.builds(
    Recurrence,
    PATTERNS,
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.none(),
    st.one_of(st.none(), st.integers(1, 999)),
)


def first_days(recurrence: Recurrence) -> list[date]:
    return list(islice(recurrence.days(), 20))


@given(RECURRENCES)
def test_the_days_of_a_recurrence_rise_and_begin_no_earlier_than_it_does(recurrence: Recurrence) -> None:
    days = first_days(recurrence)
    assert days
    assert days[0] >= recurrence.start_on
    assert all(earlier < later for earlier, later in pairwise(days))


@given(RECURRENCES)
def test_a_recurrence_that_is_written_and_read_is_the_same(recurrence: Recurrence) -> None:
    assert read_recurrence(write_recurrence(recurrence)) == recurrence


@given(RECURRENCES)
def test_a_rule_of_icalendar_occurs_on_the_days_of_its_recurrence(recurrence: Recurrence) -> None:
    first = next(recurrence.days())
    begun = Recurrence(recurrence.pattern, first, None, recurrence.count)
    start = datetime.combine(first, time(9), UTC)
    read = read_rule(write_rule(begun, None), start, UTC)
    assert read is not None
    assert first_days(read) == first_days(begun)


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=200))
def test_text_of_icalendar_comes_back(text: str) -> None:
    event = [
        ("UID", "x"),
        ("SUMMARY", escape(text)),
        ("DTSTART", write_utc(datetime(2026, 1, 1, tzinfo=UTC))),
    ]
    written = write_calendar("REQUEST", event, None).encode()
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    calendar = read_object(written)
    assert calendar is not None
    read = read_event(calendar)
    assert read is not None
    assert read.summary == text


@given(st.text(max_size=300))
def test_a_folded_line_has_every_letter(text: str) -> None:
    assert fold(text).replace("\r\n ", "") == text + "\r\n"


@given(st.binary(max_size=400))
def test_any_octets_are_an_object_or_none(data: bytes) -> None:
    calendar = read_object(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\n" + data + b"\nEND:VEVENT\nEND:VCALENDAR")
    if calendar is not None:
        read_event(calendar)


VALUES = st.sampled_from(("", "1", "true", "2026-11-25T10:00:00Z", "High", "x", "0x1", "\n", "Ä"))
FIELDS = st.sampled_from(
    ("item:Size", "item:Subject", "item:DateTimeReceived", "item:Importance", "message:IsRead")
)


def leaf(name: str, field: str, value: str) -> etree._Element:
    made = etree.Element(f"{{{TYPES}}}{name}")
    etree.SubElement(made, f"{{{TYPES}}}FieldURI", FieldURI=field)
    etree.SubElement(made, f"{{{TYPES}}}Constant", Value=value)
    etree.SubElement(made, f"{{{TYPES}}}Bitmask", Value=value)
    operand = etree.SubElement(made, f"{{{TYPES}}}FieldURIOrConstant")
    etree.SubElement(operand, f"{{{TYPES}}}Constant", Value=value)
    return made


def branch(name: str, parts: list[etree._Element]) -> etree._Element:
    made = etree.Element(f"{{{TYPES}}}{name}")
    made.extend(parts)
    return made


LEAVES = st.sampled_from(
    (
        "Exists",
        "Excludes",
        "Contains",
        "IsEqualTo",
        "IsNotEqualTo",
        "IsGreaterThan",
        "IsLessThanOrEqualTo",
        "Odd",
    )
)
EXPRESSIONS = st.recursive(
    st.builds(leaf, LEAVES, FIELDS, VALUES),
    lambda parts: st.builds(branch, st.sampled_from(("And", "Or", "Not")), st.lists(parts, max_size=3)),
    max_leaves=10,
)


@given(EXPRESSIONS, st.lists(VALUES, max_size=2))
def test_any_restriction_is_answered_or_refused(expression: etree._Element, values: list[str]) -> None:
    restriction = branch("Restriction", [expression])
    with contextlib.suppress(Refusal):
        assert matches(restriction, lambda _: values) in (True, False)


@given(
    st.sampled_from(sorted(WINDOWS_ZONES)),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001
)
def test_clocks_that_follow_rules_show_what_those_of_the_database_show(name: str, at: datetime) -> None:
    zone = ZoneInfo(WINDOWS_ZONES[name])
    ruled = RuledZone(name, find_rules(zone, 2026))
    instant = at.replace(tzinfo=UTC)
    local = instant.astimezone(ruled)
    assert local.utcoffset() == instant.astimezone(zone).utcoffset()
    assert local.astimezone(UTC) - instant == timedelta()
