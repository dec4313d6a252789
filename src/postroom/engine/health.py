"""Health: what a pass asks of its server's circuit at its begin, and tells it at its end.

Here the circuit's row is read and written; what becomes of it is decided in `circuit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from postroom.configuration.server_name import server_name
from postroom.engine import circuit as rules
from postroom.engine.circuit import BACK_OFFS, Admission, Circuit, Strike
from postroom.engine.retry import in_words, rule_for
from postroom.errors import Throttled
from postroom.schema.choices import Cause, CircuitState
from postroom.store import circuits
from postroom.store.workloads import Standing, Surroundings, Ticket

#: Failures of these causes show that the server has answered.
_ANSWERS = frozenset({Cause.REFUSED})


@dataclass(frozen=True, slots=True)
class Wait:
    """A workload waits for its server's circuit."""

    circuit: UUID
    #: When one mailbox may try for all.
    retry_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Outage:
    """A server of a profile that does not serve, or does so again: what somebody may have to be told."""

    profile_id: UUID
    server: str
    at: datetime
    cause: Cause
    opened_at: datetime
    #: None: it serves again.
    retry_at: datetime | None
    #: The failure's own words.
    said: str
    #: Workloads behind it.
    workloads: int
    #: Probes that have failed so far.
    probes: int

    @property
    def is_over(self) -> bool:
        """Say whether the server serves again."""
        return self.retry_at is None

    @property
    def lasts_for(self) -> float:
        """Return how long it has lasted, in seconds."""
        return max(0.0, (self.at - self.opened_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Learned:
    """What the end of a pass says of its server."""

    wait: Wait | None = None
    outage: Outage | None = None


_NOTHING = Learned()


def admit(
    connection: Connection, ticket: Ticket, server: str, around: Surroundings, now: datetime
) -> Wait | None:
    """Say whether the pass has to wait for its server; if it is to try for all, that is noted."""
    profile = _profile_of(around)
    if not server or profile is None or not circuits.is_touched(connection, profile, server):
        return None
    row = circuits.read(connection, profile, server)
    if row is None:
        return None
    found = _circuit(row)
    said = rules.admission(found, ticket.key, now)
    if said is Admission.PROBE:
        _write(connection, row, rules.probed(found, ticket.key, now))
    return _wait(row, found, server, now) if said is Admission.WAIT else None


def learn(
    connection: Connection,
    ticket: Ticket,
    standing: Standing,
    around: Surroundings,
    failure: BaseException | None,
    *,
    asked: bool,
    now: datetime,
) -> Learned:
    """Tell the server's circuit how a pass ended, and return what follows from it.

    `asked` says whether the server was asked at all. A mailbox that was given another server meanwhile says
    nothing about either.
    """
    profile, server = _profile_of(around), standing.server
    if not server or profile is None:
        return _NOTHING
    if server != server_name(ticket.workload, around.mailbox, around.profile):
        return _NOTHING
    cause = None if failure is None else rule_for(failure).cause
    if failure is not None and cause is not None and cause in BACK_OFFS:
        row = circuits.get_or_make(connection, profile, server)
        strike = Strike(cause, str(ticket.mailbox_id), ticket.key, _retry_after(failure))
        return _strike(connection, row, around, strike, str(failure), now)
    if not circuits.is_touched(connection, profile, server):
        return _NOTHING
    row = circuits.get_or_make(connection, profile, server)
    if asked and (cause is None or cause in _ANSWERS):
        return _close(connection, row, around, now)
    _write(connection, row, rules.unasked(_circuit(row), ticket.key, now))
    return _NOTHING


def answered(connection: Connection, around: Surroundings, server: str, now: datetime) -> Outage | None:
    """Note that a server answered outside of any pass, as in a test; return the outage that is over."""
    profile = _profile_of(around)
    if not server or profile is None or not circuits.is_touched(connection, profile, server):
        return None
    return _close(connection, circuits.get_or_make(connection, profile, server), around, now).outage


def _profile_of(around: Surroundings) -> UUID | None:
    return None if around.profile is None else around.profile["emailserverprofileid"]


def _retry_after(failure: BaseException) -> float:
    return failure.retry_after if isinstance(failure, Throttled) else 0.0


def _strike(
    connection: Connection,
    row: Mapping[str, Any],
    around: Surroundings,
    strike: Strike,
    said: str,
    now: datetime,
) -> Learned:
    before = _circuit(row)
    after = rules.struck(before, strike, now)
    if after != before:
        _write(connection, row, after, lasterror=said[:2048])
    if after.is_closed:
        if not before.is_closed:
            return _let_all_go(connection, row, before, around, now)
        return _NOTHING
    wait = _wait(row, after, row["server"], now)
    waiting = 0
    if before.is_closed:
        waiting = _open(connection, row, around, wait, after, now)
    is_news = before.is_closed or after.probes > before.probes
    outage = _outage(row, after, now, said, waiting) if is_news else None
    return Learned(wait, outage)


def _open(
    connection: Connection,
    row: Mapping[str, Any],
    around: Surroundings,
    wait: Wait,
    after: Circuit,
    now: datetime,
) -> int:
    """Have all behind the server wait; those that were stopped on the way to this are put back first."""
    assert around.profile is not None  # noqa: S101 - a circuit belongs to a profile
    _put_back(connection, row, around, after, now)
    return circuits.have_wait(
        connection, around.profile, row["server"], row["postroom_circuitid"], wait.reason
    )


def _put_back(
    connection: Connection, row: Mapping[str, Any], around: Surroundings, circuit: Circuit, now: datetime
) -> None:
    """Put back in service what the server has rejected in its trouble: that was nobody's wrong password."""
    if circuit.cause is Cause.SIGN_IN and circuit.struck_at is not None and around.profile is not None:
        circuits.stopped_since(connection, around.profile, row["server"], circuit.struck_at, now)


def _close(connection: Connection, row: Mapping[str, Any], around: Surroundings, now: datetime) -> Learned:
    before = _circuit(row)
    if before.is_untouched:
        return _NOTHING
    _write(connection, row, rules.answered(), closedon=now)
    if before.is_closed:
        return _NOTHING
    return _let_all_go(connection, row, before, around, now)


def _let_all_go(
    connection: Connection, row: Mapping[str, Any], before: Circuit, around: Surroundings, now: datetime
) -> Learned:
    _put_back(connection, row, around, before, now)
    waiting = circuits.let_go(connection, row["postroom_circuitid"], now)
    return Learned(outage=_outage(row, before, now, "", waiting, is_over=True))


def _outage(
    row: Mapping[str, Any],
    circuit: Circuit,
    now: datetime,
    said: str,
    waiting: int,
    *,
    is_over: bool = False,
) -> Outage:
    assert circuit.cause is not None  # noqa: S101 - it was opened by something
    return Outage(
        row["profileid"],
        row["server"],
        now,
        circuit.cause,
        circuit.opened_at or now,
        None if is_over else circuit.retry_at,
        said,
        waiting,
        circuit.probes,
    )


def _wait(row: Mapping[str, Any], circuit: Circuit, server: str, now: datetime) -> Wait:
    retry_at = circuit.retry_at or now
    if circuit.state is CircuitState.HALF_OPEN:
        retry_at = circuit.probe_until or now
    sentence = circuit.cause.label if circuit.cause else "The server does not serve"
    since = circuit.opened_at or now
    lasts = in_words((now - since).total_seconds()) if since < now else "now"
    reason = f"{sentence} ({server}), since {lasts}; one mailbox tries for all of them."
    return Wait(row["postroom_circuitid"], retry_at, reason)


def _circuit(row: Mapping[str, Any]) -> Circuit:
    """Return the circuit that a row holds."""
    return Circuit(
        CircuitState(row["state"]),
        None if row["cause"] is None else Cause(row["cause"]),
        row["strikes"],
        row["struckby"] or "",
        row["struckon"],
        row["openedon"],
        row["retryon"],
        row["probe"] or "",
        row["probeuntil"],
        row["probes"],
    )


def _write(connection: Connection, row: Mapping[str, Any], circuit: Circuit, **more: Any) -> None:
    values = {
        "state": int(circuit.state),
        "cause": circuit.cause,
        "strikes": circuit.strikes,
        "struckby": circuit.struck_by or None,
        "struckon": circuit.struck_at,
        "openedon": circuit.opened_at,
        "retryon": circuit.retry_at,
        "probe": circuit.probe or None,
        "probeuntil": circuit.probe_until,
        "probes": circuit.probes,
    }
    circuits.write(connection, row["postroom_circuitid"], {**values, **more})
