"""Onboarding: which of many new mailboxes come next, and how long the rest will take; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from postroom.engine.retry import BackOff

#: How long a server is left alone that can't be reached, by failures in a row.
BACK_OFF = BackOff(60, 300)
#: So many mailboxes must be done before their time says anything about the rest.
ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mailbox that is to come into service."""

    mailbox_id: UUID
    address: str
    #: Host and port of its server; empty when unknown.
    server: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A server that could not be reached."""

    until: datetime
    failures: int = 1


def held(before: Hold | None, at: datetime) -> Hold:
    """Return the hold on a server after one more failure."""
    failures = before.failures + 1 if before else 1
    return Hold(at + timedelta(seconds=BACK_OFF.gap_for(failures)), failures)


def next_batch(
    waiting: Sequence[Candidate], holds: Mapping[str, Hold], at_once: int, now: datetime
) -> Sequence[Candidate]:
    """Return the mailboxes that come next: of a server that failed one alone, and none before its time."""
    batch: list[Candidate] = []
    tried: set[str] = set()
    for candidate in waiting:
        hold = holds.get(candidate.server)
        if hold is not None and (hold.until > now or candidate.server in tried):
            continue
        batch.append(candidate)
        tried.add(candidate.server)
        if len(batch) == at_once:
            break
    return batch


def rest_for(waiting: Sequence[Candidate], holds: Mapping[str, Hold], now: datetime) -> float:
    """Return the seconds until the first of the servers may be tried again."""
    ends = [holds[candidate.server].until for candidate in waiting if candidate.server in holds]
    return max(1.0, (min(ends) - now).total_seconds()) if ends else 1.0


def remaining_for(done: int, left: int, spent_for: float) -> float | None:
    """Return the seconds that the rest will take at the pace so far; None while that can't be said.

    >>> remaining_for(10, 30, 60.0), remaining_for(1, 30, 60.0)
    (180.0, None)
    """
    return spent_for / done * left if done >= ENOUGH else None
