"""When a failed pass is tried again, and when it is stopped; pure.

A fault of the server, however long it lasts, never disables a mailbox: it is asked again, less and less
often. Only credentials or rights that the server rejects stop a workload: repeating those locks accounts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from postroom.errors import (
    BadReply,
    Refused,
    SignInRejected,
    StoreError,
    Throttled,
    Unconfigured,
    Unreachable,
    WorkerLost,
)
from postroom.schema.choices import Cause, TraceLevel

#: Failures in a row after which a temporary fault is shown as an error.
PATIENCE = 10
#: No server's wish is obeyed for longer than this; a bad number must not silence a mailbox for ever.
LONGEST_WISH_FOR = 86_400.0
#: Failing mailboxes come back spread over this share of their gap, so that a server that has just
#: recovered isn't asked by all of them at the same instant.
SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class BackOff:
    """Gaps that double with every failure in a row, up to a limit; in seconds."""

    first_for: float
    longest_for: float

    def gap_for(self, failures: int) -> float:
        """Return the gap after so many failures in a row.

        >>> [BackOff(300, 900).gap_for(failures) for failures in (1, 2, 3, 50)]
        [300.0, 600.0, 900.0, 900.0]
        """
        return float(min(self.longest_for, self.first_for * 2 ** min(max(failures, 1) - 1, 16)))


class Whose(Enum):
    """Whose fault a failure is."""

    SERVER = "the mail server's"
    MAILBOX = "the mailbox's: its account, its rights or its contents"
    CONFIGURATION = "the configuration's"
    POSTROOM = "Postroom's own, or its database's"


class Actor(Enum):
    """Who has to act so that it ends."""

    NOBODY = "nobody; it is tried again by itself"
    MAILBOX_OWNER = "the mailbox's owner"
    PROFILE_OWNER = "the profile's owner, when it lasts"
    OPERATOR = "whoever runs this installation, when it lasts"


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows from one class of failure."""

    cause: Cause
    whose: Whose
    actor: Actor
    #: None: not tried again until a person has acted.
    back_off: BackOff | None
    #: How serious it is from the first time on; it becomes an error when patience is exhausted.
    level: TraceLevel
    sentence: str
    #: Whether it turns into an error when it lasts.
    wears_patience: bool = True


# Five minutes after a transient error or a time-out is what administrators know. The upper limit keeps the
# promise that every mailbox is looked at once in fifteen minutes, also after a long outage.
_TRANSIENT = BackOff(300, 900)
# A server that breaks its protocol or refuses the whole session seldom mends itself in minutes.
_STUBBORN = BackOff(900, 3600)
# Each further attempt may end a worker with all that it is at. It is made all the same: the pass may have
# been a bystander of another that ended the worker.
_DEADLY = BackOff(3600, 86_400)

#: The first class that fits decides; the last one fits everything.
RULES: tuple[tuple[type[BaseException], Rule], ...] = (
    (
        Unconfigured,
        Rule(
            Cause.CONFIGURATION,
            Whose.CONFIGURATION,
            Actor.MAILBOX_OWNER,
            None,
            TraceLevel.ERROR,
            "Something is missing in the configuration",
        ),
    ),
    (
        SignInRejected,
        Rule(
            Cause.SIGN_IN,
            Whose.MAILBOX,
            Actor.MAILBOX_OWNER,
            None,
            TraceLevel.ERROR,
            "The server rejected the sign-in",
        ),
    ),
    # Throttling is the server's way of sharing; it is no fault of anybody.
    (
        Throttled,
        Rule(
            Cause.THROTTLED,
            Whose.SERVER,
            Actor.NOBODY,
            _TRANSIENT,
            TraceLevel.INFORMATION,
            "The server asked us to come later",
            wears_patience=False,
        ),
    ),
    (
        Unreachable,
        Rule(
            Cause.UNREACHABLE,
            Whose.SERVER,
            Actor.PROFILE_OWNER,
            _TRANSIENT,
            TraceLevel.WARNING,
            "The server could not be reached",
        ),
    ),
    (
        Refused,
        Rule(
            Cause.REFUSED,
            Whose.MAILBOX,
            Actor.MAILBOX_OWNER,
            _STUBBORN,
            TraceLevel.WARNING,
            "The server refused the request",
        ),
    ),
    (
        BadReply,
        Rule(
            Cause.PROTOCOL,
            Whose.SERVER,
            Actor.PROFILE_OWNER,
            _STUBBORN,
            TraceLevel.WARNING,
            "The server broke its protocol",
        ),
    ),
    (
        WorkerLost,
        Rule(
            Cause.OWN,
            Whose.POSTROOM,
            Actor.OPERATOR,
            _DEADLY,
            TraceLevel.ERROR,
            "The pass was put aside",
        ),
    ),
    (
        StoreError,
        Rule(
            Cause.STORE,
            Whose.POSTROOM,
            Actor.OPERATOR,
            _TRANSIENT,
            TraceLevel.WARNING,
            "The database refused",
        ),
    ),
    (
        BaseException,
        Rule(
            Cause.OWN,
            Whose.POSTROOM,
            Actor.OPERATOR,
            _TRANSIENT,
            TraceLevel.ERROR,
            "The pass failed inside Postroom",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What happens after a failure: when to try again, how serious it is, and why."""

    #: None: the workload stops until a person has acted.
    at: datetime | None
    level: TraceLevel
    reason: str


def rule_for(failure: BaseException) -> Rule:
    """Return the rule of a failure's class."""
    return next(rule for kind, rule in RULES if isinstance(failure, kind))


def next_attempt(
    failure: BaseException,
    *,
    failures: int,
    failed_at: datetime,
    floor_for: float = 0.0,
    spread: float = 0.0,
) -> Attempt:
    """Return when to try again after `failures` failures in a row, this one included.

    `floor_for` is the shortest gap that the profile permits; `spread`, from 0 to 1, is the mailbox's own
    place within the span over which failing mailboxes are spread.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> next_attempt(Unreachable("no answer"), failures=2, failed_at=noon).reason
    'The server could not be reached; 2 failures in a row, next attempt after 10 min.'
    >>> next_attempt(SignInRejected("535"), failures=1, failed_at=noon).at is None
    True
    """
    rule = rule_for(failure)
    if rule.back_off is None:
        return Attempt(None, rule.level, f"{rule.sentence}; stopped until somebody has mended it.")
    gap_for = max(rule.back_off.gap_for(failures) * (1 + SPREAD * spread), floor_for)
    if isinstance(failure, Throttled):
        gap_for = max(gap_for, min(failure.retry_after, LONGEST_WISH_FOR))
    worn_out = rule.wears_patience and failures >= PATIENCE
    return Attempt(
        failed_at + timedelta(seconds=gap_for),
        TraceLevel.ERROR if worn_out else rule.level,
        f"{rule.sentence}; {_in_a_row(failures)}, next attempt after {in_words(gap_for)}.",
    )


def in_words(seconds: float) -> str:
    """Return a length of time as a person says it.

    >>> in_words(45), in_words(300), in_words(469), in_words(7200)
    ('45 s', '5 min', '7 min 49 s', '2 h')
    """
    whole = round(seconds)
    parts = ((whole // 3600, "h"), (whole % 3600 // 60, "min"), (whole % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def _in_a_row(failures: int) -> str:
    return "first failure" if failures <= 1 else f"{failures} failures in a row"
