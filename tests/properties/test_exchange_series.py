"""Any series becomes any other on Exchange, in the fewest steps or by being written anew."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.ews_schema import Traffic
from tests.support.exchange_items import BERLIN, ItemDesk
from tests.support.exchange_place import ExchangePlace

from postroom.reconcile.item import Attendee, Item, Kind, Span, Value
from postroom.reconcile.notice import Notice, Rule, Sends
from postroom.reconcile.series import ChangedDay, Recurrence, Series
from postroom.reconcile.status import ShowAs
from postroom.sandbox.faults import Faults
from postroom.schema.choices import Priority
from postroom.servers.exchange.channel import close_channels

QUIET = Sends(Notice.NONE, Rule.NO_MEETING)
HOUR = timedelta(hours=1)
DAYS = 8
#: Clocks change in the middle of it.
STARTS_ON = date(2027, 3, 25)
GUESTS = frozenset({Attendee("guest@away.example", "guest@away.example")})
OWN: dict[str, st.SearchStrategy[Value]] = {
    "body": st.sampled_from((None, "bring\nnotes")),
    "importance": st.sampled_from(Priority),
    "location": st.sampled_from((None, "Room 1", "Room 2")),
    "optional": st.sampled_from((None, GUESTS)),
    "show_as": st.sampled_from(ShowAs),
    "subject": st.sampled_from(("Stand-up", "Review")),
}
USUAL = {
    "subject": "Daily",
    "importance": Priority.NORMAL,
    "show_as": ShowAs.BUSY,
    "location": "Room 3",
    "body": "hi",
}


@pytest.fixture(scope="module")
def desk() -> Iterator[ItemDesk]:
    traffic = Traffic()
    place = ExchangePlace(Faults(), {}, also=traffic.hear)
    with place.server:
        yield ItemDesk(place)
        close_channels()
    assert traffic.violations == []


def start_of(day: int, hour: int) -> datetime:
    return datetime.combine(STARTS_ON + timedelta(days=day), time(hour), BERLIN.zone).astimezone(UTC)


@st.composite
def series(draw: st.DrawFn) -> Series:
    hour = draw(st.sampled_from((10, 15)))
    recurrence = Recurrence("DailyRecurrence", ("1",), STARTS_ON, occurrences=DAYS)
    fates = {day: draw(st.sampled_from(("usual", "usual", "changed", "removed"))) for day in range(1, DAYS)}
    changed = [
        day
        for number, fate in fates.items()
        if fate == "changed" and (day := draw(changed_days(start_of(number, hour)))) is not None
    ]
    removed = [start_of(number, hour) for number, fate in fates.items() if fate == "removed"]
    first = Span(start_of(0, hour), start_of(0, hour) + HOUR)
    return Series(recurrence, first, BERLIN.zone_name, tuple(changed), tuple(removed))


@st.composite
def changed_days(draw: st.DrawFn, original_at: datetime) -> ChangedDay | None:
    own = draw(st.fixed_dictionaries({}, optional=OWN))
    different = tuple((name, own[name]) for name in sorted(own) if own[name] != USUAL.get(name))
    moved = original_at + draw(st.sampled_from((0, 0, 2))) * HOUR
    if not different and moved == original_at:
        return None
    return ChangedDay(original_at, Span(moved, moved + HOUR), different)


@settings(max_examples=12, deadline=None)
@given(before=series(), after=series())
def test_a_series_becomes_any_other(desk: ItemDesk, before: Series, after: Series) -> None:
    draft = Item("", "", Kind.SERIES, {**USUAL, "recurrence": before}, before.first.start_at)
    item_id, version = desk.side.create(draft, uuid4().hex, QUIET)
    assert desk.read(item_id).fields["recurrence"] == before
    version = desk.side.update(item_id, version, {"recurrence": after}, QUIET)
    read = desk.read(item_id)
    assert (read.fields["recurrence"], read.version) == (after, version)
    assert {name: read.fields[name] for name in USUAL} == USUAL
