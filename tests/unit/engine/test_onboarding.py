"""Which mailboxes come into service next, and how long the rest will take."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from postroom.engine.onboarding import Candidate, Hold, held, next_batch, remaining_for, rest_for

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINE = [Candidate(UUID(int=number), f"{number}@x.example", "ab"[number % 2]) for number in range(8)]


def test_as_many_come_at_once_as_may() -> None:
    assert next_batch(LINE, {}, 3, NOON) == LINE[:3]


def test_a_server_that_failed_holds_up_its_own_mailboxes_only() -> None:
    batch = next_batch(LINE, {"a": Hold(NOON + timedelta(seconds=1))}, 3, NOON)

    assert [candidate.server for candidate in batch] == ["b", "b", "b"]


def test_when_its_time_has_come_one_mailbox_tries_for_all() -> None:
    batch = next_batch(LINE, {"a": Hold(NOON)}, 8, NOON)

    assert [candidate.server for candidate in batch].count("a") == 1
    assert [candidate.server for candidate in batch].count("b") == 4


def test_tries_become_rarer() -> None:
    hold, gaps = None, []
    for _ in range(5):
        hold = held(hold, NOON)
        gaps.append((hold.until - NOON).total_seconds())

    assert gaps == [60, 120, 240, 300, 300]


def test_it_rests_until_the_first_server_may_be_tried() -> None:
    holds = {"a": Hold(NOON + timedelta(seconds=90)), "b": Hold(NOON + timedelta(seconds=40))}

    assert rest_for(LINE, holds, NOON) == 40
    assert rest_for(LINE[:1], holds, NOON) == 90
    assert rest_for([], holds, NOON) == 1


def test_no_time_is_promised_before_a_few_are_done() -> None:
    assert remaining_for(2, 100, 10) is None
    assert remaining_for(4, 100, 10) == 250
