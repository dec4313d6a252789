"""When a mailbox is due next, and why."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from postroom.engine.schedule import PACES, Ended, Pace, active_gap_for, idle_gap_for, next_due
from postroom.errors import SignInRejected, Unreachable
from postroom.schema.choices import TraceLevel, Workload

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INCOMING = PACES[Workload.INCOMING]


def gap(pace: Pace = INCOMING, floor_for: float = 0.0, **ended: Any) -> float:
    at = next_due(Ended(NOON, **ended), pace, floor_for=floor_for).at
    assert at is not None
    return (at - NOON).total_seconds()


def test_every_workload_has_a_pace() -> None:
    assert set(PACES) == set(Workload)


def test_a_busy_mailbox_is_due_after_two_minutes() -> None:
    assert gap(items=10) == 120


def test_the_gap_of_an_active_mailbox_rises_evenly_as_traffic_falls() -> None:
    gaps = [active_gap_for(INCOMING, items) for items in range(10, 0, -1)]

    assert {later - earlier for earlier, later in pairwise(gaps)} == {18.0}
    assert gaps[-1] < 300


def test_the_first_empty_pass_gives_five_minutes_and_each_further_one_a_quarter_more() -> None:
    assert [gap(empty=empty) for empty in (1, 2, 3, 4, 5, 6)] == [300, 375, 468.75, 585.9375, 720, 720]


def test_one_item_after_a_long_silence_makes_the_mailbox_active_again() -> None:
    assert gap(items=1, empty=0) < gap(empty=1)


def test_an_idle_cap_of_six_hours_is_reached_when_it_is_set() -> None:
    assert idle_gap_for(Pace(idle_most_for=21_600), 1_000_000) == 21_600


def test_the_shortest_gap_of_the_profile_is_a_floor() -> None:
    due = next_due(Ended(NOON, items=50), INCOMING, floor_for=900)

    assert due.at == NOON + timedelta(minutes=15)
    assert "shortest gap that the profile permits" in due.reason


def test_the_floor_does_not_lengthen_a_longer_gap() -> None:
    due = next_due(Ended(NOON, empty=9), INCOMING, floor_for=60)

    assert due.at == NOON + timedelta(minutes=12)
    assert "permits" not in due.reason


def test_mail_to_be_sent_knows_no_polling_floor() -> None:
    assert gap(PACES[Workload.OUTGOING], floor_for=3_600, empty=1) == 300


def test_a_pass_that_left_work_behind_goes_on_at_once() -> None:
    due = next_due(Ended(NOON, items=100, backlog=400), INCOMING)

    assert due.at == NOON
    assert due.reason == "100 items, 400 still waiting; goes on at once."


def test_a_pass_that_got_nothing_done_does_not_spin_on_its_backlog() -> None:
    assert gap(items=0, backlog=400, empty=1) == 300


def test_a_backlog_does_not_override_the_floor() -> None:
    assert gap(items=100, backlog=400, floor_for=600) == 600


def test_a_wish_spoken_during_a_pass_makes_the_next_one_due_at_once() -> None:
    assert gap(asked_again=True, empty=4, floor_for=3_600) == 0


def test_a_failure_backs_off_and_says_so() -> None:
    due = next_due(Ended(NOON, failures=1, failure=Unreachable("x")), INCOMING)

    assert due.at == NOON + timedelta(minutes=5)
    assert due.level is TraceLevel.WARNING
    assert "could not be reached" in due.reason


def test_a_wish_does_not_undo_the_back_off_of_the_pass_it_was_spoken_in() -> None:
    assert gap(asked_again=True, failures=1, failure=Unreachable("x")) == 300


def test_a_rejected_sign_in_leaves_nothing_due() -> None:
    due = next_due(Ended(NOON, failures=1, failure=SignInRejected("535")), INCOMING)

    assert due.at is None
    assert due.level is TraceLevel.ERROR


@given(
    st.sampled_from(list(Workload)),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.floats(0, 86_400),
)
def test_a_healthy_mailbox_is_never_due_before_the_pass_ended_nor_later_than_floor_or_cap(
    workload: Workload, items: int, backlog: int, empty: int, floor_for: float
) -> None:
    pace = PACES[workload]
    due = next_due(Ended(NOON, items=items, backlog=backlog, empty=empty), pace, floor_for=floor_for)

    assert due.at is not None
    assert due.level is None
    latest = max(pace.idle_most_for, pace.active_most_for, floor_for if pace.polls else 0.0)
    assert timedelta(0) <= due.at - NOON <= timedelta(seconds=latest + 1)
