"""One pass from begin to end: take the lease, run, and say what follows.

An `Office` is what one worker has around its passes: the store, the clock, its own name and the passes
themselves. It knows nothing of queues or threads; `runner` brings those.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.engine import Connection

from postroom.configuration.permission import obstacle_to
from postroom.configuration.server_name import server_name
from postroom.engine import health
from postroom.engine.health import Learned, Outage
from postroom.engine.retry import rule_for
from postroom.engine.schedule import PACES, SENDER_REST_FOR, Due, Ended, Pace, next_due
from postroom.errors import PostroomError, TransportError, WorkerLost
from postroom.passes.result import PassResult
from postroom.ports.clock import Clock
from postroom.schema.choices import TraceLevel, Workload
from postroom.store import outbox, workloads
from postroom.store.database import Database
from postroom.store.hindrances import in_words
from postroom.store.workloads import Account, Standing, Surroundings, Ticket

log = logging.getLogger(__name__)

#: A pass of one workload over one mailbox. Whatever it does may be done again after a crash.
Pass = Callable[[UUID, Workload], PassResult]

LEASE = timedelta(seconds=30)
#: No lease is prolonged beyond this age of its pass: something must be hanging.
LONGEST_PASS = timedelta(hours=1)
#: When a mailbox that may not be processed is looked at again.
OBSTACLE_GAP = timedelta(minutes=5)
#: When a pass is tried again that met its forerunner in the same process.
OVERLAP_GAP = timedelta(seconds=5)
#: A pass that so many workers in a row did not live to end is put aside.
MOST_BROKEN = 5
_OVERLAP = "An earlier pass over this mailbox had not quite ended."

# What administrators find in support articles under these numbers: an unexpected failure while reading,
# an outgoing server that can't be used, a mailbox that can't be opened; and the platform's "unexpected".
_ERROR_CODES = {Workload.INCOMING: 0x8005E215, Workload.OUTGOING: 0x8005E227, Workload.ITEMS: 0x8005E216}
_UNEXPECTED = 0x80040216


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a person may have to be told after a pass; also that a trouble is over."""

    mailbox_id: UUID
    workload: Workload
    at: datetime
    #: None: the pass went well after failures.
    level: TraceLevel | None
    failure: BaseException | None
    #: Failures in a row; on recovery, how many there had been.
    failures: int
    #: When it is tried again; None when the workload was stopped or all is well.
    next_at: datetime | None
    reason: str

    @property
    def is_over(self) -> bool:
        """Say whether this is the end of a trouble."""
        return self.level is None

    @property
    def is_stopped(self) -> bool:
        """Say whether the workload was switched off and waits for a person."""
        return self.level is not None and self.next_at is None


#: Called in the transaction that ends the pass.
Report = Callable[[Connection, Trouble | Outage], None]


def tell_nobody(connection: Connection, trouble: Trouble | Outage) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a pass came back: its result, or the fault that broke it off."""

    result: PassResult = field(default_factory=PassResult)
    fault: PostroomError | None = None

    @property
    def failure(self) -> PostroomError | None:
        """Return what went wrong with the pass as a whole, or None."""
        return self.fault or self.result.failure


@dataclass(frozen=True, slots=True)
class Settled:
    """A pass that has ended, and what follows."""

    ticket: Ticket
    finished: Finished
    due: Due


@dataclass(slots=True)
class Course:
    """How a pass goes, for those who witness it: filled in while it runs."""

    ticket: Ticket
    #: None until the pass has come back.
    finished: Finished | None = None
    #: None until it is written down, and for ever when another worker had taken it over.
    settled: Settled | None = None


#: Goes along with every pass from its begin to its end, in the pass's own thread.
Witness = Callable[[Course], AbstractContextManager[object]]


def unseen(course: Course) -> AbstractContextManager[object]:
    """Let a pass go without a witness."""
    return nullcontext()


class Office:
    """What one worker has around its passes; safe to use from many threads."""

    def __init__(
        self,
        database: Database,
        passes: Mapping[Workload, Pass],
        *,
        clock: Clock,
        host: str,
        report: Report = tell_nobody,
        paces: Mapping[Workload, Pace] = PACES,
        lease: timedelta = LEASE,
        witness: Witness = unseen,
    ) -> None:
        self.database = database
        self.passes = passes
        self.clock = clock
        self.host = host
        self.report = report
        self.paces = paces
        self.lease = lease
        self.witness = witness
        self._held: dict[Ticket, datetime] = {}
        self._guard = threading.Lock()

    def enter(self, ticket: Ticket) -> Ticket | None:
        """Note that this process is about to run the pass; return the one like it that it is at, if any."""
        with self._guard:
            other = next((held for held in self._held if _same_work(ticket, held)), None)
            if other is None:
                self._held[ticket] = self.clock.now()
            return other

    def leave(self, ticket: Ticket) -> None:
        """Note that this process has nothing more to do with the pass."""
        with self._guard:
            self._held.pop(ticket, None)

    def held(self) -> Sequence[Ticket]:
        """Return the passes this process is at."""
        with self._guard:
            return tuple(self._held)

    def begin(self, connection: Connection, ticket: Ticket) -> Standing | None:
        """Take the lease; None when the pass is another's, is over, may not be run, or has to wait."""
        now = self.clock.now()
        standing = workloads.begin(connection, ticket, host=self.host, now=now, lease=self.lease)
        if standing is None:
            log.info("pass is over or another's", extra={"pass": ticket.key})
            return None
        around = workloads.surroundings(connection, ticket.mailbox_id)
        obstacle = obstacle_to(ticket.workload, around.mailbox, around.profile, around.organization)
        if obstacle is not None:
            workloads.release(connection, ticket, due_at=now + OBSTACLE_GAP, reason=in_words(obstacle))
            return None
        server = server_name(ticket.workload, around.mailbox, around.profile)
        wait = health.admit(connection, ticket, server, around, now)
        if wait is not None:
            workloads.release(
                connection, ticket, due_at=wait.retry_at, reason=wait.reason, circuit=wait.circuit
            )
            return None
        workloads.note_server(connection, standing, server)
        return standing

    def put_off(self, connection: Connection, ticket: Ticket) -> None:
        """Give the pass back, because an earlier one over the same mailbox has not left this process.

        The earlier one is over or was taken over, or there were no later one; but a worker that has just
        started may still be finding that out. Without this the row would stay in flight for its whole lease.
        """
        now = self.clock.now()
        if workloads.begin(connection, ticket, host=self.host, now=now, lease=self.lease) is not None:
            workloads.release(connection, ticket, due_at=now + OVERLAP_GAP, reason=_OVERLAP)

    def deadly(self, standing: Standing) -> Finished | None:
        """Return how a pass ends that was the end of too many workers; None when it may be run."""
        if standing.broken < MOST_BROKEN:
            return None
        log.error("pass is put aside", extra={"broken": standing.broken})
        return Finished(fault=WorkerLost(f"{standing.broken} workers in a row did not live to end the pass."))

    def run(self, ticket: Ticket) -> PassResult:
        """Run the pass itself; a mail server's failure becomes part of the result."""
        try:
            return self.passes[ticket.workload](ticket.mailbox_id, ticket.workload)
        except TransportError as failure:
            return PassResult(failure=failure)

    def settle(self, connection: Connection, ticket: Ticket, finished: Finished) -> Settled | None:
        """Write down how the pass ended and when the next is due; None when it was taken over meanwhile."""
        standing = workloads.held(connection, ticket, host=self.host)
        if standing is None:
            log.warning("pass was taken over before it ended", extra={"pass": ticket.key})
            return None
        ended = self._ended(standing, finished)
        around = workloads.surroundings(connection, ticket.mailbox_id)
        learned = health.learn(
            connection, ticket, standing, around, ended.failure, asked=finished.result.asked, now=ended.at
        )
        due = self._due(ticket, ended, around, learned)
        circuit = learned.wait.circuit if learned.wait else None
        account = self._account(standing, finished, ended, due, circuit)
        is_idle = ended.empty > 0 and ticket.workload is Workload.INCOMING and around.is_cheaply_asked
        workloads.rearm(connection, standing, replace(account, is_idle=is_idle))
        if learned.outage is not None:
            self.report(connection, learned.outage)
        if learned.wait is None:
            self._report(connection, standing, ended, due)
        return Settled(ticket, finished, due)

    def _due(self, ticket: Ticket, ended: Ended, around: Surroundings, learned: Learned) -> Due:
        if learned.wait is not None:
            return Due(learned.wait.retry_at, learned.wait.reason)
        spread = ticket.mailbox_id.int % 1009 / 1008
        due = next_due(ended, self.paces[ticket.workload], floor_for=around.floor_for, spread=spread)
        if due.at is None and not workloads.is_on(around, ticket.workload):
            # Whatever was wrong belongs to a configuration that is no more; the next test decides.
            return Due(ended.at, "The mailbox was set up anew while the pass ran.")
        return due

    def _ended(self, standing: Standing, finished: Finished) -> Ended:
        result, failure = finished.result, finished.failure
        found_nothing = not result.items and not result.failed
        return Ended(
            self.clock.now(),
            items=max(result.items, result.failed),
            backlog=result.backlog,
            empty=standing.empty + 1 if found_nothing and failure is None else 0,
            failures=standing.failures + 1 if failure is not None else 0,
            failure=failure,
            asked_again=standing.hinted,
        )

    def _account(
        self, standing: Standing, finished: Finished, ended: Ended, due: Due, circuit: UUID | None
    ) -> Account:
        return Account(
            ended_at=ended.at,
            due_at=due.at,
            reason=due.reason,
            items=finished.result.items,
            failed=finished.result.failed,
            backlog=finished.result.backlog,
            failures=ended.failures,
            empty=ended.empty,
            error=_in_words(finished.failure),
            error_code=_error_code(standing.workload, finished),
            notes=finished.result.notes,
            host=self.host,
            cause=None if ended.failure is None else rule_for(ended.failure).cause,
            circuit=circuit,
            # Kept, so that one more death is enough next time.
            broken=MOST_BROKEN - 1 if isinstance(finished.fault, WorkerLost) else 0,
        )

    def _report(self, connection: Connection, standing: Standing, ended: Ended, due: Due) -> None:
        if due.level is None and not standing.failures:
            return
        trouble = Trouble(
            standing.mailbox_id,
            standing.workload,
            ended.at,
            due.level,
            ended.failure,
            ended.failures or standing.failures,
            due.at if due.level is not None else None,
            due.reason,
        )
        self.report(connection, trouble)

    def renew(self, waiting: Sequence[Ticket] = ()) -> int:
        """Prolong the leases of the passes this process is at or keeps waiting; return how many it holds."""
        now = self.clock.now()
        with self._guard:
            young = [ticket for ticket, since in self._held.items() if now - since < LONGEST_PASS]
        tickets = [*young, *waiting]
        if not tickets:
            return 0
        with self.database.write() as connection:
            return workloads.renew(connection, tickets, host=self.host, until=now + self.lease)

    def prepare(self, connection: Connection) -> None:
        """Give new mailboxes their rows and wake those whose mail is ready to be sent."""
        now = self.clock.now()
        while workloads.ensure_all(connection, now):
            pass
        if Workload.OUTGOING in self.passes:
            outbox.relate_pending(connection)
            workloads.wake_senders(connection, now, SENDER_REST_FOR)


def _same_work(one: Ticket, other: Ticket) -> bool:
    return (one.mailbox_id, one.workload) == (other.mailbox_id, other.workload)


def _in_words(failure: BaseException | None) -> str:
    if failure is None:
        return ""
    text = str(failure) or type(failure).__name__
    reply = getattr(failure, "reply", "")
    return f"{text} The server said: {reply}" if reply else text


def _error_code(workload: Workload, finished: Finished) -> int:
    code = _UNEXPECTED if finished.fault is not None else _ERROR_CODES[workload]
    # The column holds 32 bits with a sign, as the platform shows these codes.
    return code - 2**32
