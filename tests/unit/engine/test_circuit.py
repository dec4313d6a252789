"""When mailboxes wait for a mail server, and how they find out that it is back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from postroom.engine.circuit import (
    BACK_OFFS,
    FORGET_AFTER,
    LONGEST_WAIT,
    PROBE_FOR,
    STRIKES,
    Admission,
    Circuit,
    Strike,
    admission,
    answered,
    probed,
    struck,
    unasked,
)
from postroom.engine.retry import RULES, Whose
from postroom.schema.choices import Cause, CircuitState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CAUSES = sorted(BACK_OFFS)


def failure_of(mailbox: str, cause: Cause = Cause.UNREACHABLE, **more: float) -> Strike:
    return Strike(cause, mailbox, f"{mailbox}:0:1", **more)


def after(*mailboxes: str, circuit: Circuit | None = None, at: datetime = NOON) -> Circuit:
    circuit = circuit or Circuit()
    for mailbox in mailboxes:
        circuit = struck(circuit, failure_of(mailbox), at)
    return circuit


def probe_by(circuit: Circuit, mailbox: str, at: datetime) -> Circuit:
    key = failure_of(mailbox).key
    assert admission(circuit, key, at) is Admission.PROBE
    return probed(circuit, key, at)


def test_every_fault_of_a_server_can_open_a_circuit() -> None:
    of_servers = {rule.cause for _, rule in RULES if rule.whose is Whose.SERVER}

    assert of_servers <= set(BACK_OFFS)


def test_three_mailboxes_in_a_row_open_it() -> None:
    assert after("a", "b").is_closed
    assert after("a", "b", "c").state is CircuitState.OPEN


def test_one_mailbox_however_often_it_fails_does_not() -> None:
    assert after(*"aaaaaaaa").strikes == 1


def test_an_answer_in_between_begins_the_count_anew() -> None:
    assert answered() == Circuit()
    assert after("c", circuit=answered()).strikes == 1


def test_strikes_of_an_hour_ago_are_forgotten() -> None:
    circuit = after("a", "b")

    assert after("c", circuit=circuit, at=NOON + FORGET_AFTER + SECOND).strikes == 1
    assert after("c", circuit=circuit, at=NOON - SECOND).strikes == 1


def test_nobody_passes_before_its_time_and_then_exactly_one() -> None:
    circuit = after("a", "b", "c")
    assert circuit.retry_at == NOON + timedelta(minutes=1)
    assert admission(circuit, "x", NOON + 59 * SECOND) is Admission.WAIT

    half = probe_by(circuit, "x", NOON + 60 * SECOND)

    assert admission(half, "y:0:1", NOON + 61 * SECOND) is Admission.WAIT
    assert admission(half, "x:0:1", NOON + 61 * SECOND) is Admission.PROBE


def test_a_probe_that_never_comes_back_is_followed_by_another() -> None:
    half = probe_by(after("a", "b", "c"), "x", NOON + 60 * SECOND)

    assert admission(half, "y:0:1", NOON + 60 * SECOND + PROBE_FOR) is Admission.PROBE


def test_probes_become_rarer_up_to_a_limit() -> None:
    circuit, at, gaps = after("a", "b", "c"), NOON, []
    for _ in range(6):
        assert circuit.retry_at is not None
        gaps.append((circuit.retry_at - at).total_seconds())
        at = circuit.retry_at
        circuit = struck(probe_by(circuit, "x", at), failure_of("x"), at)

    assert gaps == [60, 120, 240, 300, 300, 300]
    assert circuit.opened_at == NOON


def test_a_failure_that_comes_late_changes_nothing() -> None:
    circuit = after("a", "b", "c")
    half = probe_by(circuit, "x", NOON + 60 * SECOND)

    assert after("d", circuit=circuit) == circuit
    assert after("d", circuit=half, at=NOON + 61 * SECOND) == half


def test_a_server_that_asks_for_more_time_gets_it_but_not_for_ever() -> None:
    circuit = after("a", "b")

    busy = struck(circuit, failure_of("c", Cause.THROTTLED, retry_after=4000), NOON)
    mad = struck(circuit, failure_of("c", Cause.THROTTLED, retry_after=1e12), NOON)

    assert busy.retry_at == NOON + timedelta(seconds=4000)
    assert mad.retry_at == NOON + LONGEST_WAIT


def test_a_probe_whose_password_is_wrong_shows_that_the_server_answers() -> None:
    at = NOON + 60 * SECOND
    half = probe_by(after("a", "b", "c"), "x", at)

    circuit = struck(half, failure_of("x", Cause.SIGN_IN), at)

    assert circuit.is_closed
    assert (circuit.strikes, circuit.cause) == (1, Cause.SIGN_IN)


def test_a_server_that_rejects_everybody_is_not_asked_by_everybody() -> None:
    circuit = Circuit()
    for mailbox in "abc":
        circuit = struck(circuit, failure_of(mailbox, Cause.SIGN_IN), NOON)
    assert circuit.state is CircuitState.OPEN
    assert circuit.retry_at is not None

    again = struck(probe_by(circuit, "d", circuit.retry_at), failure_of("d", Cause.SIGN_IN), circuit.retry_at)

    assert again.state is CircuitState.OPEN


def test_a_probe_that_had_nothing_to_ask_leaves_the_try_to_another() -> None:
    at = NOON + 60 * SECOND
    half = probe_by(after("a", "b", "c"), "x", at)

    assert unasked(half, "somebody else", at) == half
    assert admission(unasked(half, "x:0:1", at), "y:0:1", at) is Admission.PROBE
    assert unasked(half, "x:0:1", at).probes == 0


@pytest.mark.parametrize("back", [timedelta(days=2), timedelta(days=3650)], ids=["days", "years"])
def test_a_clock_that_was_set_back_silences_no_server(back: timedelta) -> None:
    circuit = after("a", "b", "c")
    half = probe_by(circuit, "x", NOON + 60 * SECOND)

    assert admission(circuit, "y", NOON - back) is Admission.PROBE
    assert admission(half, "y", NOON - back) is Admission.PROBE


@given(st.sampled_from(CAUSES), st.integers(0, 10_000), st.floats(0, 1e15))
def test_no_wait_is_longer_than_a_day(cause: Cause, probes: int, retry_after: float) -> None:
    half = Circuit(CircuitState.HALF_OPEN, cause, probe="x:0:1", probes=probes)

    circuit = struck(half, failure_of("x", cause, retry_after=retry_after), NOON)

    assert circuit.is_closed or (circuit.retry_at and NOON < circuit.retry_at <= NOON + LONGEST_WAIT)


class AnyFleet(RuleBasedStateMachine):
    """Passes of many mailboxes that begin, fail, succeed and vanish in any order."""

    @initialize()
    def start(self) -> None:
        self.circuit = Circuit()
        self.now = NOON
        self.under_way: dict[str, str] = {}
        self.numbers = 0
        self.probes: list[datetime] = []

    @rule(mailbox=st.sampled_from("abcde"))
    def begin(self, mailbox: str) -> None:
        self.numbers += 1
        key = f"{mailbox}:0:{self.numbers}"
        said = admission(self.circuit, key, self.now)
        if said is Admission.WAIT:
            return
        assert (said is Admission.PASS) == self.circuit.is_closed
        self.under_way[key] = mailbox
        if said is Admission.PROBE:
            self.probes.append(self.now)
            self.circuit = probed(self.circuit, key, self.now)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), cause=st.sampled_from(CAUSES))
    def fail(self, data: st.DataObject, cause: Cause) -> None:
        key = data.draw(st.sampled_from(sorted(self.under_way)))
        strike = Strike(cause, self.under_way.pop(key), key)
        self.circuit = struck(self.circuit, strike, self.now)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), asked=st.booleans())
    def end(self, data: st.DataObject, asked: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.under_way)))
        del self.under_way[key]
        self.circuit = answered() if asked else unasked(self.circuit, key, self.now)
        if asked:
            self.probes.clear()

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        del self.under_way[data.draw(st.sampled_from(sorted(self.under_way)))]

    @rule(seconds=st.integers(1, 4000))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def an_open_circuit_says_why_since_when_and_until_when(self) -> None:
        if not self.circuit.is_closed:
            assert self.circuit.cause in BACK_OFFS
            assert self.circuit.opened_at is not None
            assert self.circuit.retry_at is not None
            assert self.circuit.strikes >= STRIKES

    @invariant()
    def only_a_half_open_one_has_a_probe(self) -> None:
        assert bool(self.circuit.probe) == (self.circuit.state is CircuitState.HALF_OPEN)

    @invariant()
    def somebody_may_always_try_within_a_day(self) -> None:
        tomorrow = self.now + LONGEST_WAIT
        assert admission(self.circuit, "new", tomorrow) is not Admission.WAIT


TestAnyFleet = AnyFleet.TestCase


def test_probes_that_vanish_are_spaced() -> None:
    circuit, at, times = after("a", "b", "c"), NOON, []
    while len(times) < 5:
        at += SECOND
        if admission(circuit, f"p{at}", at) is Admission.PROBE:
            times.append(at)
            circuit = probed(circuit, f"p{at}", at)

    assert {later - earlier for earlier, later in pairwise(times)} == {PROBE_FOR}
    assert replace(circuit, probe="", probe_until=None).opened_at == NOON
