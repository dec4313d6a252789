"""The circuit of one mail server: closed while it answers, open while it does not; pure.

When one mailbox after another fails at a server, with none in between that doesn't, the trouble is the
server's. The circuit opens: all mailboxes behind it wait, and one at a time tries for all of them, less and
less often. The first that gets an answer closes it.

::

                  another mailbox fails, for the third time in a row
         CLOSED ------------------------------------------------------> OPEN
           ^  ^                                                        ^    |
           |  |  an answer, whoever got it                             |    |  time for the next try
           |  +-------------------------------- OPEN                   |    v
           +--------------------------------------------------------- HALF OPEN
                                 the probe got an answer       the probe failed
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from postroom.engine.retry import LONGEST_WISH_FOR, BackOff
from postroom.schema.choices import Cause, CircuitState

#: So many mailboxes in a row, each another than the one before, make it the server's trouble.
STRIKES = 3
#: Strikes are forgotten when the first of them is older than this.
FORGET_AFTER = timedelta(hours=1)
#: A probe that has not come back by then is taken for lost and another one is let through. Longer than any
#: single wait for a server; a probe that finds much to do has an answer, but tells it only at its end.
PROBE_FOR = timedelta(minutes=3)
#: No circuit waits longer than this, whatever a server asks for or a clock says.
LONGEST_WAIT = timedelta(seconds=LONGEST_WISH_FOR)

#: The causes that may be a server's trouble, and how often it is probed then.
BACK_OFFS: Mapping[Cause, BackOff] = {
    Cause.UNREACHABLE: BackOff(60, 300),
    Cause.THROTTLED: BackOff(300, 900),
    Cause.PROTOCOL: BackOff(300, 1800),
    # A directory that is down rejects everybody; but if the password is wrong, trying locks the account.
    Cause.SIGN_IN: BackOff(300, 3600),
}


class Admission(Enum):
    """Whether a pass may speak to the server."""

    PASS = "pass"  # noqa: S105 - no password
    #: Yes, and it tries for all the others.
    PROBE = "probe"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Strike:
    """One failure of a pass that may be the server's."""

    cause: Cause
    #: The mailbox.
    by: str
    #: The pass.
    key: str
    #: Seconds for which the server wants to be left alone.
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of one server."""

    state: CircuitState = CircuitState.CLOSED
    cause: Cause | None = None
    #: Failures in a row, each of another mailbox than the one before.
    strikes: int = 0
    #: The mailbox that failed last.
    struck_by: str = ""
    #: When the first of these failures was.
    struck_at: datetime | None = None
    opened_at: datetime | None = None
    #: When one mailbox may try again.
    retry_at: datetime | None = None
    #: The pass that tries for all; empty when none does.
    probe: str = ""
    probe_until: datetime | None = None
    #: Probes that have failed since it opened.
    probes: int = 0

    @property
    def is_closed(self) -> bool:
        """Say whether all may speak to the server."""
        return self.state is CircuitState.CLOSED

    @property
    def is_untouched(self) -> bool:
        """Say whether there is nothing to be said against the server."""
        return self.is_closed and not self.strikes


def admission(circuit: Circuit, key: str, at: datetime) -> Admission:
    """Say whether the pass of this key may speak to the server now.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> admission(Circuit(), "a", noon).name
    'PASS'
    >>> admission(Circuit(CircuitState.OPEN, retry_at=noon), "a", noon).name
    'PROBE'
    """
    if circuit.is_closed:
        return Admission.PASS
    if circuit.state is CircuitState.HALF_OPEN:
        is_mine = circuit.probe == key
        return Admission.PROBE if is_mine or _is_over(circuit.probe_until, at, PROBE_FOR) else Admission.WAIT
    return Admission.PROBE if _is_over(circuit.retry_at, at, LONGEST_WAIT) else Admission.WAIT


def _is_over(until: datetime | None, at: datetime, longest: timedelta) -> bool:
    """Say whether a wait is over; one that is longer than it can be comes from a clock that was set back."""
    return until is None or not at < until <= at + longest


def probed(circuit: Circuit, key: str, at: datetime) -> Circuit:
    """Return the circuit when this pass has been let through to try for all."""
    return replace(circuit, state=CircuitState.HALF_OPEN, probe=key, probe_until=at + PROBE_FOR)


def struck(circuit: Circuit, strike: Strike, at: datetime) -> Circuit:
    """Return the circuit after a pass failed in a way that may be the server's fault."""
    if circuit.is_closed:
        return _counted(circuit, strike, at)
    if circuit.state is CircuitState.OPEN or circuit.probe != strike.key:
        # Begun before the circuit opened, or given up for lost: tells nothing new.
        return circuit
    if strike.cause is Cause.SIGN_IN and circuit.cause is not Cause.SIGN_IN:
        # Rejected, so it answers; whether it rejects everybody is counted from here.
        return _counted(Circuit(), strike, at)
    probes = circuit.probes + 1
    return _opened(replace(circuit, cause=strike.cause, probes=probes), strike.retry_after, at)


def _counted(circuit: Circuit, strike: Strike, at: datetime) -> Circuit:
    if _is_stale(circuit, at):
        circuit = Circuit()
    if circuit.struck_by == strike.by:
        return circuit
    counted = replace(
        circuit,
        cause=strike.cause,
        strikes=circuit.strikes + 1,
        struck_by=strike.by,
        struck_at=circuit.struck_at or at,
    )
    if counted.strikes < STRIKES:
        return counted
    return _opened(replace(counted, opened_at=at, probes=0), strike.retry_after, at)


def _is_stale(circuit: Circuit, at: datetime) -> bool:
    since = circuit.struck_at
    return since is not None and not at - FORGET_AFTER <= since <= at


def _opened(circuit: Circuit, retry_after: float, at: datetime) -> Circuit:
    assert circuit.cause is not None  # noqa: S101 - a strike came first
    gap_for = max(BACK_OFFS[circuit.cause].gap_for(circuit.probes + 1), min(retry_after, LONGEST_WISH_FOR))
    return replace(
        circuit,
        state=CircuitState.OPEN,
        retry_at=at + timedelta(seconds=gap_for),
        probe="",
        probe_until=None,
    )


def answered() -> Circuit:
    """Return the circuit after a server gave an answer, whoever got it."""
    return Circuit()


def unasked(circuit: Circuit, key: str, at: datetime) -> Circuit:
    """Return the circuit when the probe ended without having asked the server: another may try now."""
    if circuit.state is not CircuitState.HALF_OPEN or circuit.probe != key:
        return circuit
    return replace(circuit, state=CircuitState.OPEN, retry_at=at, probe="", probe_until=None)
