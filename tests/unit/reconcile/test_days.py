"""Days of a series changed on both sides: what each changed stays, and of one day the winner's."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.items import a_series
from tests.unit.reconcile.test_rules import World

from postroom.reconcile.days import changed_days, with_days
from postroom.reconcile.fingerprint import days_in, fingerprint
from postroom.reconcile.item import Item, Side, Span
from postroom.reconcile.pair import Pair
from postroom.reconcile.series import ChangedDay, Recurrence, Series
from postroom.servers.memory_items import Fault

FIRST = datetime(2026, 3, 9, 9, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
WEEKLY = Recurrence("WeeklyRecurrence", ("1", "Monday", "Sunday"), date(2026, 3, 9))
PLAIN = Series(WEEKLY, Span(FIRST, FIRST + HOUR), "UTC")
DAYS = [FIRST + n * WEEK for n in range(5)]


def moved(at: datetime, hours: int = 1, **fields: str) -> ChangedDay:
    return ChangedDay(at, Span(at + hours * HOUR, at + (hours + 1) * HOUR), tuple(sorted(fields.items())))


def edited(series: Series, *changed: ChangedDay, removed: tuple[datetime, ...] = ()) -> Series:
    kept = [day for day in series.changed if day.original_at not in {each.original_at for each in changed}]
    days = sorted([*kept, *changed], key=lambda day: day.original_at)
    return replace(series, changed=tuple(days), removed=tuple(sorted({*series.removed, *removed})))


def both(w: World, pair: Pair) -> Series:
    """Return the series that both sides have."""
    value = w.in_crm(pair).fields["recurrence"]
    assert value == w.on_server(pair).fields["recurrence"]
    assert isinstance(value, Series)
    return value


def the_series(series: Series = PLAIN) -> Item:
    """Return a series without guests, of whom nobody's copy rules."""
    item = a_series(recurrence=series)
    return replace(item, fields={name: value for name, value in item.fields.items() if name != "required"})


def test_different_days_that_both_sides_change_are_all_kept() -> None:
    w = World()
    pair = w.pair(the_series(edited(PLAIN, moved(DAYS[4]))))
    w.edit_crm(pair, recurrence=edited(PLAIN, moved(DAYS[4]), moved(DAYS[1]), removed=(DAYS[0],)))
    w.edit_server(pair, recurrence=edited(PLAIN, moved(DAYS[2], subject="Cake"), removed=(DAYS[3],)))
    w.sync.settle()
    wanted = edited(PLAIN, moved(DAYS[1]), moved(DAYS[2], subject="Cake"), removed=(DAYS[0], DAYS[3]))
    assert both(w, pair) == wanted
    assert w.acts() == ()


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_between_the_two_writes_loses_none_of_them(side: Side, fault: Fault) -> None:
    w = World()
    pair = w.pair(the_series())
    w.edit_crm(pair, recurrence=edited(PLAIN, moved(DAYS[1])), subject="Renamed")
    w.edit_server(pair, recurrence=edited(PLAIN, moved(DAYS[2])), location="Room 2")
    (w.crm if side is Side.CRM else w.server).faults.append(fault)
    w.sync.settle()
    assert both(w, pair) == edited(PLAIN, moved(DAYS[1]), moved(DAYS[2]))
    assert w.in_crm(pair).fields["location"] == "Room 2"
    assert w.on_server(pair).fields["subject"] == "Renamed"
    assert w.acts() == ()


def test_of_one_day_that_both_change_the_later_stays_and_the_other_is_kept_aside() -> None:
    w = World()
    pair = w.pair(the_series())
    mine, theirs = edited(PLAIN, moved(DAYS[1]), moved(DAYS[2])), edited(PLAIN, moved(DAYS[1], 3))
    w.edit_crm(pair, recurrence=mine)
    w.server.edit(pair.server_id or "", w.sync.now + 2 * HOUR, recurrence=theirs)
    acts = w.acts()
    lost = [each for act in acts for each in act.overwritten]
    assert [(each.side, each.value) for each in lost] == [(Side.CRM, mine)]
    w.sync.settle()
    assert both(w, pair) == edited(PLAIN, moved(DAYS[1], 3), moved(DAYS[2]))


def test_another_rule_goes_as_a_whole() -> None:
    w = World()
    pair = w.pair(the_series())
    other = replace(PLAIN, recurrence=replace(WEEKLY, occurrences=3))
    w.edit_server(pair, recurrence=edited(PLAIN, moved(DAYS[1])))
    w.crm.edit(pair.crm_id or "", w.sync.now + 2 * HOUR, recurrence=other)
    w.sync.settle()
    assert both(w, pair) == other


def test_of_a_meeting_the_organizers_day_stays() -> None:
    w = World()
    pair = w.pair(a_series(recurrence=PLAIN))
    w.crm.edit(pair.crm_id or "", w.sync.now + 5 * HOUR, recurrence=edited(PLAIN, moved(DAYS[1])))
    w.edit_server(pair, recurrence=edited(PLAIN, moved(DAYS[1], 2), moved(DAYS[2])))
    w.sync.settle()
    assert both(w, pair) == edited(PLAIN, moved(DAYS[1], 2), moved(DAYS[2]))


_edits = st.dictionaries(
    st.sampled_from(DAYS), st.sampled_from(["remove", "move", "rename", "as usual"]), max_size=5
)


def _with(series: Series, edits: Mapping[datetime, str], mark: str) -> Series:
    for at, what in edits.items():
        series = replace(
            series,
            changed=tuple(day for day in series.changed if day.original_at != at),
            removed=tuple(each for each in series.removed if each != at),
        )
        if what == "remove":
            series = edited(series, removed=(at,))
        elif what != "as usual":
            series = edited(series, moved(at, len(mark) if what == "move" else 0, subject=mark))
    return series


@given(begun=_edits, mine=_edits, theirs=_edits)
def test_no_edit_of_a_day_is_lost_but_where_both_sides_changed_that_day(
    begun: Mapping[datetime, str], mine: Mapping[datetime, str], theirs: Mapping[datetime, str]
) -> None:
    w = World()
    start = _with(PLAIN, begun, "a")
    pair = w.pair(the_series(start))
    w.edit_crm(pair, recurrence=_with(start, mine, "bb"))
    w.edit_server(pair, recurrence=_with(start, theirs, "ccc"))
    w.sync.settle()
    done = days_in(fingerprint(both(w, pair)))[1]
    for edits, mark in ((mine, "bb"), (theirs, "ccc")):
        others = theirs if edits is mine else mine
        wanted = days_in(fingerprint(_with(start, edits, mark)))[1]
        for at in edits.keys() - others.keys():
            key = f"{at:%Y%m%dT%H%M%SZ}"
            assert done.get(key) == wanted.get(key)
    assert w.acts() == ()


def test_fingerprints_of_series_tell_days_apart() -> None:
    agreed = fingerprint(edited(PLAIN, moved(DAYS[1])))
    assert changed_days(edited(PLAIN, moved(DAYS[1])), agreed) == frozenset()
    assert changed_days(PLAIN, agreed) == {"20260316T090000Z"}
    assert changed_days(replace(PLAIN, zone="GMT Standard Time"), agreed) is None
    assert changed_days(PLAIN, "") is None
    assert fingerprint(edited(PLAIN, removed=(DAYS[1],))) != fingerprint(edited(PLAIN, moved(DAYS[1])))


@pytest.mark.parametrize("days", [frozenset(), frozenset({"20260316T090000Z"})])
def test_days_of_one_series_are_put_on_another(days: frozenset[str]) -> None:
    source = edited(PLAIN, moved(DAYS[1]), removed=(DAYS[2],))
    expected = edited(PLAIN, moved(DAYS[1])) if days else PLAIN
    assert with_days(PLAIN, source, days) == expected
