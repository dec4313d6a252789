"""Series on Exchange: one item with the days that were changed and those that were taken out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.support.exchange_items import ItemDesk, item_desk
from tests.support.exchange_place import USER
from tests.support.synchronizing import Synchronizer

from postroom.errors import Refused, StaleVersion
from postroom.reconcile.item import Item, Kind, Side, Span
from postroom.reconcile.notice import Notice, Rule, Sends
from postroom.reconcile.series import ChangedDay, Recurrence, Series
from postroom.reconcile.status import ShowAs
from postroom.sandbox.faults import Misbehaviour
from postroom.schema.choices import AppointmentStatus
from postroom.servers.memory_items import MemoryItems

QUIET = Sends(Notice.NONE, Rule.NO_MEETING)
#: Ten in the morning in Berlin, two weeks before the clocks change.
FIRST = datetime(2027, 3, 15, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEKLY = Recurrence("WeeklyRecurrence", ("1", "Monday", "Sunday"), date(2027, 3, 15), occurrences=6)
PLAIN = Series(WEEKLY, Span(FIRST, FIRST + HOUR), "W. Europe Standard Time")
#: The third Monday, on which clocks are an hour ahead.
THIRD = datetime(2027, 3, 29, 8, tzinfo=UTC)
FOURTH = THIRD + timedelta(weeks=1)
MOVED = ChangedDay(
    THIRD, Span(THIRD + HOUR, THIRD + 3 * HOUR), (("location", "Room 2"), ("subject", "Longer"))
)
DEPARTED = replace(PLAIN, changed=(MOVED,), removed=(FOURTH,))


@pytest.fixture
def desk() -> Iterator[ItemDesk]:
    with item_desk() as desk:
        yield desk


def a_series(series: Series = PLAIN, **fields: object) -> Item:
    return Item(
        "",
        "",
        Kind.SERIES,
        {"subject": "Stand-up", "show_as": ShowAs.BUSY, "recurrence": series, **fields},
        FIRST,
    )


def made(desk: ItemDesk, series: Series = PLAIN, **fields: object) -> Item:
    item_id, version = desk.side.create(a_series(series, **fields), f"token-{len(fields)}", QUIET)
    item = desk.read(item_id)
    assert item.version == version
    return item


@pytest.mark.parametrize(
    "recurrence",
    [
        Recurrence("DailyRecurrence", ("3",), date(2027, 3, 15)),
        Recurrence(
            "WeeklyRecurrence", ("2", "Monday Wednesday", "Monday"), date(2027, 3, 15), date(2027, 9, 1)
        ),
        Recurrence("AbsoluteMonthlyRecurrence", ("1", "15"), date(2027, 3, 15), occurrences=12),
        Recurrence("RelativeMonthlyRecurrence", ("1", "Monday", "Third"), date(2027, 3, 15)),
        Recurrence("AbsoluteYearlyRecurrence", ("15", "March"), date(2027, 3, 15)),
        Recurrence("RelativeYearlyRecurrence", ("Monday", "Third", "March"), date(2027, 3, 15)),
    ],
    ids=lambda recurrence: recurrence.pattern,
)
def test_every_pattern_comes_back_as_it_was_written(desk: ItemDesk, recurrence: Recurrence) -> None:
    series = replace(PLAIN, recurrence=recurrence)
    assert made(desk, series).fields["recurrence"] == series


def test_a_series_with_changed_and_removed_days_is_one_item(desk: ItemDesk) -> None:
    item = made(desk, DEPARTED)
    assert item.fields["recurrence"] == DEPARTED
    items = [each for page in desk.side.changes(None) for each in page.items]
    assert [(each.kind, each.fields["recurrence"]) for each in items] == [(Kind.SERIES, DEPARTED)]


def test_the_last_day_of_a_series_says_whether_it_is_over(desk: ItemDesk) -> None:
    item = made(desk)
    assert item.last_start_at == THIRD + timedelta(weeks=3)
    endless = replace(PLAIN, recurrence=replace(WEEKLY, occurrences=None))
    assert made(desk, endless, location="x").last_start_at is None


def test_a_day_that_is_changed_in_outlook_changes_the_item(desk: ItemDesk) -> None:
    item = made(desk)
    day = desk.place.outlook.occurrences(THIRD, THIRD + HOUR)[0]
    desk.place.outlook.edit(day, "item:Subject", "Retrospective")
    after = desk.read(item.id)
    assert after.version != item.version
    usual = Span(THIRD, THIRD + HOUR)
    assert after.fields["recurrence"] == replace(
        PLAIN, changed=(ChangedDay(THIRD, usual, (("subject", "Retrospective"),)),)
    )


def test_a_day_that_is_deleted_in_outlook_is_removed(desk: ItemDesk) -> None:
    item = made(desk)
    desk.place.outlook.delete(desk.place.outlook.occurrences(FOURTH, FOURTH + HOUR)[0])
    assert desk.read(item.id).fields["recurrence"] == replace(PLAIN, removed=(FOURTH,))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PLAIN, DEPARTED),
        (DEPARTED, PLAIN),
        (DEPARTED, replace(DEPARTED, removed=())),
        (DEPARTED, replace(DEPARTED, changed=())),
        (DEPARTED, replace(DEPARTED, changed=(replace(MOVED, fields=()),))),
        (DEPARTED, replace(DEPARTED, changed=(), removed=(THIRD, FOURTH))),
        (DEPARTED, replace(DEPARTED, recurrence=replace(WEEKLY, occurrences=8))),
        (PLAIN, replace(PLAIN, first=Span(FIRST + HOUR, FIRST + 2 * HOUR))),
    ],
)
def test_a_series_becomes_what_is_wanted(desk: ItemDesk, before: Series, after: Series) -> None:
    item = made(desk, before)
    version = desk.side.update(item.id, item.version, {"recurrence": after, "location": "Room 1"}, QUIET)
    read = desk.read(item.id)
    assert (read.fields["recurrence"], read.version) == (after, version)
    assert read.fields["location"] == "Room 1"


def test_a_series_that_somebody_changed_meanwhile_is_left_alone(desk: ItemDesk) -> None:
    item = made(desk)
    desk.edit(item.id, "Newer")
    with pytest.raises(StaleVersion):
        desk.side.update(item.id, item.version, {"recurrence": DEPARTED}, QUIET)
    assert desk.read(item.id).fields["recurrence"] == PLAIN


def test_a_changed_day_on_which_the_series_does_not_occur_is_refused_by_name(desk: ItemDesk) -> None:
    item = made(desk)
    astray = replace(MOVED, original_at=THIRD + timedelta(days=1))
    with pytest.raises(Refused, match="does not occur at 2027-03-30"):
        desk.side.update(item.id, item.version, {"recurrence": replace(PLAIN, changed=(astray,))}, QUIET)


def test_a_day_is_read_as_its_series(desk: ItemDesk) -> None:
    item = made(desk)
    day = desk.place.outlook.occurrences(THIRD, THIRD + HOUR)[0]
    assert list(desk.side.get([day.id])) == [item.id]


@pytest.fixture
def sync(desk: ItemDesk) -> Synchronizer:
    crm = MemoryItems(Side.CRM, now=FIRST)
    crm.put(
        replace(
            a_series(DEPARTED),
            fields={**a_series(DEPARTED).fields, "show_as": AppointmentStatus.BUSY, "organizer": USER},
        )
    )
    return Synchronizer(crm, desk.side, now=FIRST - timedelta(days=9))


@pytest.mark.parametrize("operation", ["CreateItem", "UpdateItem", "DeleteItem"])
def test_a_series_half_made_when_an_answer_was_lost_is_made_whole(
    desk: ItemDesk, sync: Synchronizer, operation: str
) -> None:
    desk.lose_answer(operation)
    sync.settle()
    (stored,) = desk.place.outlook.items("calendar")
    assert desk.read(stored.id).fields["recurrence"] == DEPARTED
    assert sync.step().acts == ()


def test_a_series_is_kept_in_step_from_both_sides(desk: ItemDesk, sync: Synchronizer) -> None:
    sync.settle()
    (stored,) = desk.place.outlook.items("calendar")
    fifth = FOURTH + timedelta(weeks=1)
    desk.place.outlook.delete(desk.place.outlook.occurrences(fifth, fifth + HOUR)[0])
    sync.settle()
    crm = sync.crm
    assert isinstance(crm, MemoryItems)
    (record,) = crm.items.values()
    without_fifth = replace(DEPARTED, removed=(FOURTH, fifth))
    assert record.fields["recurrence"] == without_fifth
    crm.edit(record.id, FIRST, recurrence=PLAIN)
    sync.settle()
    assert desk.read(stored.id).fields["recurrence"] == PLAIN


@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize("operation", ["UpdateItem", "DeleteItem"])
def test_a_series_half_changed_when_an_answer_was_lost_is_changed_whole(
    desk: ItemDesk, sync: Synchronizer, operation: str, number: int
) -> None:
    crm = sync.crm
    assert isinstance(crm, MemoryItems)
    (record,) = crm.items.values()
    crm.edit(record.id, FIRST, recurrence=PLAIN)
    sync.settle()
    wanted = replace(DEPARTED, removed=(FOURTH, FOURTH + timedelta(weeks=1)))
    crm.edit(record.id, FIRST, recurrence=wanted)
    desk.place.misbehave_after(number, Misbehaviour.LOSE_ANSWER, operation=operation)
    sync.settle()
    (stored,) = desk.place.outlook.items("calendar")
    assert desk.read(stored.id).fields["recurrence"] == crm.items[record.id].fields["recurrence"] == wanted


def test_days_that_could_not_be_read_say_so_and_are_not_written_over(desk: ItemDesk) -> None:
    item = made(desk, DEPARTED)
    day = desk.place.outlook.occurrences(THIRD + HOUR, THIRD + 2 * HOUR)[0]
    desk.place.misbehave(Misbehaviour.WITHHOLD, operation="GetItem", item=day.id, answer="ErrorItemCorrupt")
    assert "day" in desk.read(item.id).hindrance
