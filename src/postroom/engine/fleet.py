"""What all workers have in common, and `run_due`: everything due, once."""

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy.engine import Connection

from postroom.engine.lane import Poll
from postroom.engine.presence import Presence
from postroom.engine.runner import InlineRunner, Runner
from postroom.engine.schedule import PACES, Pace
from postroom.engine.work import LEASE, Office, Pass, Report, Settled, Witness, tell_nobody, unseen
from postroom.errors import StoreError
from postroom.ports.clock import Clock, SystemClock
from postroom.schema.choices import Workload
from postroom.store import lanes, workloads
from postroom.store.database import Database

log = logging.getLogger(__name__)

#: Passes and lanes in flight beyond which no more are claimed: what waits in a queue only gets stale there.
MOST_IN_FLIGHT = 2000
_AT_ONCE = 500
#: Idle mailboxes that are claimed at once: what is done once for all of them is the same for few.
_IDLE_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Crew:
    """What a fleet needs to know: the store, the passes, and how to go about them."""

    database: Database
    passes: Mapping[Workload, Pass]
    #: A directory of this host where workers note who is there; the settings' home.
    home: Path
    #: This host's name as administrators know it.
    machine: str
    clock: Clock = field(default_factory=SystemClock)
    report: Report = tell_nobody
    #: Says of idle mailboxes whether a pass is needed; None has each its pass every time.
    poll: Poll | None = None
    threads: int = 10
    paces: Mapping[Workload, Pace] = field(default_factory=lambda: PACES)
    lease: timedelta = LEASE
    #: Seconds that a worker which was told to stop waits for what it is at; the next one takes up the rest.
    patience_seconds: int = 30
    #: What is to be looked after beside the passes, every few seconds, by one worker for all.
    tend: Callable[[], None] = lambda: None
    #: What goes on beside the passes for as long as a worker works.
    beside: Callable[[], AbstractContextManager[object]] = nullcontext
    #: Who goes along with every pass: measures, traces, the log.
    witness: Witness = unseen

    def office(self, host: str) -> Office:
        """Return an office under this name."""
        return Office(
            self.database,
            self.passes,
            clock=self.clock,
            host=host,
            report=self.report,
            paces=self.paces,
            lease=self.lease,
            witness=self.witness,
        )


def run_due(
    crew: Crew,
    *,
    mailbox_ids: Collection[UUID] | None = None,
    only: Collection[Workload] | None = None,
    on_settled: Callable[[Settled], None] = lambda settled: None,
) -> Sequence[Settled]:
    """Run every pass that is due now, several at once, and return what came of each.

    What becomes due while it runs is left for the next call. Profiles take turns, and none gets more passes
    at a time than its connections.
    """
    crew.tend()
    with Presence(crew.home / "workers", crew.machine) as presence:
        office = crew.office(presence.name)
        runner = InlineRunner(office, threads=crew.threads)
        runner.transaction(
            lambda connection: _claim_everything(office, runner, connection, mailbox_ids, only)
        )
        with heartbeat(office, runner):
            return runner.drain(on_settled)


def _claim_everything(
    office: Office,
    runner: InlineRunner,
    connection: Connection,
    mailbox_ids: Collection[UUID] | None,
    only: Collection[Workload] | None,
) -> None:
    workloads.release_host(connection, office.host, reason="The last pass was broken off.")
    office.prepare(connection)
    now = office.clock.now()
    tickets = workloads.claim_due(
        connection,
        now,
        limit=1_000_000,
        workloads=[workload for workload in office.passes if only is None or workload in only],
        host=office.host,
        lease=office.lease,
        lost_before=now,
        queued_before=now,
        mailbox_ids=mailbox_ids,
        per_place=1_000_000,
    )
    runner.enqueue(connection, tickets)


@contextmanager
def heartbeat(office: Office, runner: InlineRunner | None = None) -> Iterator[threading.Thread]:
    """Keep this office's leases good while the block runs; gives the thread that does it."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(office.lease.total_seconds() / 3):
            try:
                office.renew(runner.waiting() if runner is not None else ())
            except StoreError:
                # The leases hold for two more beats.
                log.warning("leases could not be renewed", exc_info=True)

    beating = threading.Thread(target=beat, name="heartbeat", daemon=True)
    beating.start()
    try:
        yield beating
    finally:
        stop.set()
        beating.join()


def hand_over_due(office: Office, runner: Runner, *, in_lanes: bool = False) -> int:
    """Claim what is due and hand it to the runner, in one transaction; return how many passes and lanes.

    With lanes, mailboxes that had no news lately are looked at together.
    """
    with office.database.write() as connection:
        room = MOST_IN_FLIGHT - workloads.count_in_flight(connection)
        if room <= 0:
            return 0
        tickets = workloads.claim_due(
            connection,
            office.clock.now(),
            min(_AT_ONCE, room),
            workloads=list(office.passes),
            lease=office.lease,
            but_idle=in_lanes,
        )
        runner.enqueue(connection, tickets)
        if not in_lanes:
            return len(tickets)
        claimed = lanes.claim_idle(
            connection, office.clock.now(), _IDLE_AT_ONCE, workloads=list(office.passes), lease=office.lease
        )
        for lane in claimed:
            runner.enqueue_lane(connection, lane)
        return len(tickets) + len(claimed)
