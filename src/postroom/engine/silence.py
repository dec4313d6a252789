"""Silence: workloads in which nothing has succeeded for too long, whatever the cause."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from postroom.engine.schedule import Pace
from postroom.schema.choices import Workload
from postroom.store import workloads
from postroom.store.workloads import Silent

#: So many of the longest gaps without a success are too many.
INTERVALS = 5
#: Nobody is told of less than this.
LEAST_FOR = 3600.0


def too_long_for(pace: Pace, floor_for: float = 0.0) -> float:
    """Return after how many seconds without a success somebody is told.

    >>> too_long_for(Pace()), too_long_for(Pace(), floor_for=7200.0), too_long_for(Pace(polls=False), 7200.0)
    (3600.0, 36000.0, 3600.0)
    """
    gap_for = max(pace.idle_most_for, floor_for if pace.polls else 0.0)
    return max(LEAST_FOR, INTERVALS * gap_for)


def find_silent(connection: Connection, paces: Mapping[Workload, Pace], now: datetime) -> Sequence[Silent]:
    """Return the workloads of whose silence nobody was told yet."""
    found = workloads.without_success(connection, now - timedelta(seconds=LEAST_FOR))
    return [
        silent
        for silent in found
        if (now - silent.since).total_seconds() >= too_long_for(paces[silent.workload], silent.floor_for)
    ]
