"""When a mailbox's workload is due next, and why; pure.

A mailbox with traffic is looked at often, an idle one less and less often, a failing one as `retry` says.
The gap runs from the end of a pass, never from its start. Its shortest value is the profile's own
(`minpollingintervalinminutes`); only a person's wish goes below it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from postroom.engine.retry import in_words, next_attempt
from postroom.schema.choices import TraceLevel, Workload


@dataclass(frozen=True, slots=True)
class Pace:
    """The gaps of one workload, in seconds."""

    active_least_for: float = 120.0
    active_most_for: float = 300.0
    idle_least_for: float = 300.0
    #: May be raised up to six hours where a server is slow to answer.
    idle_most_for: float = 720.0
    growth: float = 1.25
    #: So many items in one pass make a mailbox as busy as can be.
    busy_items: int = 10
    #: Whether passes ask a server for news; if not, the profile's shortest gap doesn't apply.
    polls: bool = True


#: Mail to be sent waits in our own database and wakes its pass when it is ready, so the outgoing gap is
#: only a net beneath that.
PACES: Mapping[Workload, Pace] = {
    Workload.INCOMING: Pace(),
    Workload.OUTGOING: Pace(active_least_for=300.0, idle_most_for=300.0, polls=False),
    Workload.ITEMS: Pace(300.0, 420.0, 420.0, 720.0, busy_items=50),
}

#: A sender whose mail is ready is not started again sooner than this after its last pass.
SENDER_REST_FOR = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """What is known of a pass at its end."""

    at: datetime
    items: int = 0
    #: Items it left for the next pass that could have been done at once.
    backlog: int = 0
    #: Passes in a row that found nothing, this one included.
    empty: int = 0
    #: Passes in a row that failed, this one included.
    failures: int = 0
    failure: BaseException | None = None
    #: Somebody asked for another pass while this one ran.
    asked_again: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """When the next pass is due, and the sentence that says why."""

    #: None: not before a person has acted.
    at: datetime | None
    reason: str
    #: How serious the state is that led to it; None when all is well.
    level: TraceLevel | None = None


def next_due(ended: Ended, pace: Pace, *, floor_for: float = 0.0, spread: float = 0.0) -> Due:
    """Return when the next pass is due and why.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> next_due(Ended(noon, empty=2), Pace()).reason
    'Nothing new 2 times in a row; next look after 6 min 15 s.'
    >>> next_due(Ended(noon, items=10), Pace(), floor_for=600).reason
    '10 items; next look after 10 min, the shortest gap that the profile permits.'
    """
    floor_for = floor_for if pace.polls else 0.0
    if ended.failure is not None:
        attempt = next_attempt(
            ended.failure, failures=ended.failures, failed_at=ended.at, floor_for=floor_for, spread=spread
        )
        return Due(attempt.at, attempt.reason, attempt.level)
    if ended.asked_again:
        return Due(ended.at, "Asked for while the last pass was running.")
    gap_for, found = _gap(ended, pace)
    if gap_for < floor_for:
        return _after(floor_for, ended.at, found, ", the shortest gap that the profile permits")
    return _after(gap_for, ended.at, found, "")


def _gap(ended: Ended, pace: Pace) -> tuple[float, str]:
    if ended.items and ended.backlog:
        # Goes to the end of the line: mailboxes that became due meanwhile have their turn first.
        return 0.0, f"{_items(ended.items)}, {ended.backlog} still waiting"
    if ended.items:
        return active_gap_for(pace, ended.items), _items(ended.items)
    times = "" if ended.empty <= 1 else f" {ended.empty} times in a row"
    return idle_gap_for(pace, ended.empty), f"Nothing new{times}"


def active_gap_for(pace: Pace, items: int) -> float:
    """Return the gap after a pass that found so many items: the more, the shorter.

    >>> [active_gap_for(Pace(), items) for items in (1, 5, 10, 500)]
    [282.0, 210.0, 120.0, 120.0]
    """
    share = min(items, pace.busy_items) / pace.busy_items
    return pace.active_most_for - (pace.active_most_for - pace.active_least_for) * share


def idle_gap_for(pace: Pace, empty: int) -> float:
    """Return the gap after so many passes in a row that found nothing.

    >>> [idle_gap_for(Pace(), empty) for empty in (1, 2, 3, 4, 5, 1000)]
    [300.0, 375.0, 468.75, 585.9375, 720.0, 720.0]
    """
    return min(pace.idle_most_for, pace.idle_least_for * pace.growth ** min(max(empty, 1) - 1, 64))


def _after(gap_for: float, ended_at: datetime, found: str, why: str) -> Due:
    when = f"next look after {in_words(gap_for)}{why}" if gap_for else "goes on at once"
    return Due(ended_at + timedelta(seconds=gap_for), f"{found}; {when}.")


def _items(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"
