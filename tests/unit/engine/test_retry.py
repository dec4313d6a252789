"""When a failed pass is tried again."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.configuration.permission import Obstacle
from postroom.engine.retry import (
    LONGEST_WISH_FOR,
    PATIENCE,
    RULES,
    BackOff,
    Whose,
    in_words,
    next_attempt,
    rule_for,
)
from postroom.errors import (
    BadReply,
    PostroomError,
    Refused,
    SignInRejected,
    StoreError,
    Throttled,
    TransportError,
    Unreachable,
)
from postroom.passes.credentials import Hindered
from postroom.schema.choices import Cause, TraceLevel

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILURES = [
    Unreachable("no answer"),
    Throttled("busy", retry_after=30),
    SignInRejected("535"),
    Refused("no"),
    BadReply("?"),
    StoreError("locked"),
    PostroomError("KeyError"),
    KeyError("x"),
]


def gap_after(failure: BaseException, failures: int, **more: float) -> float:
    at = next_attempt(failure, failures=failures, failed_at=NOON, **more).at
    assert at is not None
    return (at - NOON).total_seconds()


def test_a_temporary_fault_is_tried_again_after_five_minutes() -> None:
    assert gap_after(Unreachable("no answer"), 1) == 300


def test_a_long_outage_never_stops_a_mailbox_and_is_probed_every_quarter_of_an_hour() -> None:
    assert [gap_after(Unreachable("no answer"), failures) for failures in (1, 2, 3, 10, 100, 100_000)] == [
        300,
        600,
        900,
        900,
        900,
        900,
    ]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("failures", [1, PATIENCE, 1_000])
def test_only_a_rejected_sign_in_stops_a_workload(failure: BaseException, failures: int) -> None:
    attempt = next_attempt(failure, failures=failures, failed_at=NOON)

    assert (attempt.at is None) == isinstance(failure, SignInRejected)


def test_a_fault_becomes_an_error_when_patience_is_exhausted() -> None:
    levels = [
        next_attempt(Unreachable("x"), failures=failures, failed_at=NOON).level
        for failures in (1, PATIENCE - 1, PATIENCE)
    ]

    assert levels == [TraceLevel.WARNING, TraceLevel.WARNING, TraceLevel.ERROR]


def test_throttling_is_never_a_fault_however_long_it_lasts() -> None:
    attempt = next_attempt(Throttled("busy"), failures=1_000, failed_at=NOON)

    assert attempt.level is TraceLevel.INFORMATION


def test_a_throttling_server_is_obeyed() -> None:
    assert gap_after(Throttled("busy", retry_after=3_600), 1) == 3_600


def test_a_storm_of_throttling_makes_us_slower_than_the_server_asked() -> None:
    assert gap_after(Throttled("busy", retry_after=1), 4) == 900


def test_an_absurd_wish_of_a_server_is_obeyed_for_one_day_at_most() -> None:
    assert gap_after(Throttled("busy", retry_after=1e12), 1) == LONGEST_WISH_FOR


def test_the_shortest_gap_of_the_profile_holds_for_failures_too() -> None:
    assert gap_after(Unreachable("x"), 1, floor_for=1_800) == 1_800


def test_failing_mailboxes_come_back_spread_over_time() -> None:
    assert [gap_after(Unreachable("x"), 1, spread=spread) for spread in (0, 0.5, 1)] == [300, 315, 330]


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_more_failures_never_shorten_the_gap(one: int, other: int) -> None:
    back_off = BackOff(300, 900)

    assert back_off.gap_for(min(one, other)) <= back_off.gap_for(max(one, other))


@pytest.mark.parametrize(("kind", "rule"), RULES)
def test_every_rule_is_reached_by_its_own_class(kind: type[BaseException], rule: object) -> None:
    assert rule_for(kind("x")) is rule


def test_a_new_kind_of_transport_failure_is_tried_again() -> None:
    class OddError(TransportError):
        pass

    assert next_attempt(OddError("?"), failures=1, failed_at=NOON).at == NOON + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.4, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3_661, "1 h 1 min 1 s")],
)
def test_lengths_of_time_are_said_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_failure_survives_being_kept_between_two_processes(failure: BaseException) -> None:
    again = pickle.loads(pickle.dumps(failure))  # noqa: S301

    assert (type(again), str(again), vars(again)) == (type(failure), str(failure), vars(failure))


def test_every_rule_says_whose_fault_it_is_and_who_acts() -> None:
    causes = [rule.cause for _, rule in RULES]

    assert sorted(set(causes)) == sorted(Cause)
    assert all(rule.back_off is not None for _, rule in RULES if rule.whose is Whose.SERVER)


def test_what_the_configuration_lacks_survives_being_kept_between_processes() -> None:
    obstacle = Obstacle("NoCredentials", 0x8005E240, "There are none.", "Enter them.")

    again = pickle.loads(pickle.dumps(Hindered(obstacle)))  # noqa: S301 - our own

    assert again.obstacle == obstacle
    assert rule_for(again).cause is Cause.CONFIGURATION
