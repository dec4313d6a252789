"""Whatever a server says of an item, it is read or says itself what hinders it; nothing else is raised."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from postroom.reconcile.fingerprint import fingerprints
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.translate import kind_in, read_item
from postroom.servers.exchange.markup import TYPES, tag, text

NAMES = {
    "CalendarItem": (
        "Subject Sensitivity Importance LastModifiedTime UID Start End IsAllDayEvent LegacyFreeBusyStatus "
        "IsMeeting IsCancelled MyResponseType"
    ),
    "Contact": "Importance LastModifiedTime GivenName Surname Birthday WeddingAnniversary BusinessHomePage",
    "Task": "LastModifiedTime StartDate DueDate CompleteDate PercentComplete Status DelegationState",
}
FRAMES = [Frame("info@example.com", ZoneInfo(zone)) for zone in ("Pacific/Kiritimati", "America/Los_Angeles")]
VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        (
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "4500-12-31T23:59:59Z",
            "2026-02-30T00:00:00Z",
            "2026-11-25T24:00:00Z",
            "2026-11-25",
            "nan",
            "1e999",
            "-1",
            "true",
        )
    ),
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
)
PARTS = st.dictionaries(
    st.sampled_from(
        ("DaysOfWeek", "Interval", "DayOfMonth", "Month", "StartDate", "EndDate", "NumberOfOccurrences")
    ),
    VALUES,
)


def _element(name: str, *children: str) -> etree._Element:
    root = etree.fromstring(f'<x xmlns:t="{TYPES}">{tag(f"t:{name}", *children)}</x>')
    return root[0]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(data=st.data())
def test_any_text_in_any_property_is_read(name: str, data: st.DataObject) -> None:
    values = data.draw(st.dictionaries(st.sampled_from(NAMES[name].split()), VALUES))
    element = _element(name, *(tag(f"t:{key}", text(value)) for key, value in values.items()))
    kind = kind_in(element)
    assert kind is not None
    for frame in FRAMES:
        item = read_item(element, kind, frame, {})
        assert item.hindrance or fingerprints(item.fields, item.fields)


@settings(max_examples=60)
@given(
    pattern=st.sampled_from(("WeeklyRecurrence", "DailyRegeneration", "RelativeYearlyRecurrence", "Other")),
    bounds=st.sampled_from(("NoEndRecurrence", "NumberedRecurrence", "EndDateRecurrence", "Other")),
    parts=PARTS,
    start=VALUES,
)
def test_any_series_is_read(pattern: str, bounds: str, parts: dict[str, str], start: str) -> None:
    written = [tag(f"t:{key}", text(value)) for key, value in parts.items()]
    element = _element(
        "CalendarItem",
        tag("t:Start", "2026-11-25T09:00:00Z"),
        tag("t:End", "2026-11-25T10:00:00Z"),
        tag("t:CalendarItemType", "RecurringMaster"),
        tag("t:Recurrence", tag(f"t:{pattern}", *written), tag(f"t:{bounds}", *written)),
        tag("t:LastOccurrence", tag("t:Start", text(start))),
        tag("t:ModifiedOccurrences", tag("t:Occurrence", tag("t:OriginalStart", text(start)))),
        tag("t:DeletedOccurrences", tag("t:DeletedOccurrence", tag("t:Start", text(start)))),
    )
    kind = kind_in(element)
    assert kind is not None
    item = read_item(element, kind, FRAMES[0], {})
    assert item.hindrance or fingerprints(item.fields, item.fields)
