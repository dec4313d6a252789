"""The runner on DBOS: what was handed over survives the process that took it.

One process on SQLite, any number of processes on any number of hosts on PostgreSQL, with this same code. DBOS
is imported here and nowhere else: it is slow to import, and another engine could take its place.

What DBOS does not do is done here: it never looks after work whose worker doesn't come back (`adopt`), never
notices rows whose workflow is gone (`sweep`), and never throws away what has ended (`purge`).
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, WorkflowStatus
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

from postroom.engine.lane import Poll, carry_out_lane
from postroom.engine.runner import InHand, carry_out
from postroom.engine.work import Office
from postroom.schema.choices import Workload
from postroom.store import workloads
from postroom.store.database import SIGNS_OF_LIFE, Database
from postroom.store.workloads import Ticket

log = logging.getLogger(__name__)

T = TypeVar("T")

APPLICATION = "postroom"
#: Raised when what is kept between processes changes its form. Left to itself DBOS takes a hash of the
#: source, and every release would strand what the last one had queued.
VERSION = "1"
QUEUE = "passes"
WORKFLOW = "postroom.pass"
LANE = "postroom.lane"
#: How often a worker looks into the queue.
POLLING_SECONDS = 0.25
#: A bound that DBOS keeps for each profile: the most that a profile may ask for. The profile's own number is
#: kept when rows are claimed.
MOST_CONNECTIONS = 300
#: A pass that killed its worker so often is given up and its mailbox waits a while.
MOST_ATTEMPTS = 20
STRANDED_GAP = timedelta(seconds=60)
#: How long what has ended is kept for those who want to look.
KEPT = timedelta(hours=1)
_AT_ONCE = 500

_WORKLOADS = {int(workload): workload for workload in Workload}
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


class DbosRunner:
    """Runs passes as durable workflows; one per process, because DBOS has one instance per process."""

    def __init__(
        self,
        office: Office,
        *,
        threads: int,
        poll: Poll | None = None,
        on_ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.office = office
        self.poll = poll
        self.threads = threads
        self.on_ended = on_ended
        # DBOS gets connections of its own. Sharing one pool can stall for ever: a thread that holds a
        # connection of the store waits for one of DBOS's, and the other way round.
        self._engine = system_engine(office.database, pool_size=threads + 10)
        self._schedules: list[tuple[str, Callable[..., None], str]] = []
        self._client: DBOSClient | None = None

    def schedule(self, name: str, action: Callable[[], None], *, every_seconds: int) -> None:
        """Call the action again and again, once for all workers together; to be said before `start`."""

        def run(scheduled_at: datetime, context: Any) -> None:
            action()

        run.__qualname__ = f"postroom.{name}"
        self._schedules.append((name, run, _cron(every_seconds)))

    def start(self) -> None:
        """Set DBOS going and take up what an earlier process of the same name left."""
        quiet_the_log()
        DBOS(config=self._config())
        # DBOS marks the functions it is given, which methods don't allow.
        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MOST_ATTEMPTS)(lambda *work: self._run(*work))
        DBOS.workflow(name=LANE, max_recovery_attempts=MOST_ATTEMPTS)(lambda *work: self._run_lane(*work))
        scheduled = [
            (name, DBOS.workflow(name=f"postroom.{name}")(run), cron) for name, run, cron in self._schedules
        ]
        DBOS.launch()
        # Schedules run in the latest version only, to DBOS the one that it was the last to hear of: after a
        # return to an older release they would never run again.
        DBOS.set_latest_application_version(VERSION)
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self.threads,
            partition_concurrency=MOST_CONNECTIONS,
            polling_interval_sec=POLLING_SECONDS,
            on_conflict="always_update",
        )
        self._client = DBOSClient(
            system_database_engine=self._engine, application_name=APPLICATION, lazy=True
        )
        DBOS.apply_schedules(
            [{"schedule_name": name, "workflow_fn": run, "schedule": cron} for name, run, cron in scheduled]
        )

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_engine=self._engine,
            application_version=VERSION,
            executor_id=self.office.host,
            # Besides passes there are scheduled actions and DBOS's own errands.
            max_executor_threads=self.threads + 8,
            log_level="WARNING",
        )

    def stop(self, *, patience_seconds: int) -> bool:
        """Take nothing new, wait for what runs, and say whether all of it ended in time."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=patience_seconds)
        if self._client is not None:
            self._client.destroy()
        self._engine.dispose()
        return not self.office.held()

    def _run(self, mailbox_id: str, workload: int, sequence: int, due_at: str) -> str:
        settled = carry_out(self, self.office, _ticket(mailbox_id, workload, sequence, due_at))
        self.on_ended()
        return settled.due.reason if settled is not None else ""

    def _run_lane(self, lane: str, workload: int, entries: Sequence[Sequence[Any]]) -> str:
        if self.poll is None:
            # Its rows are freed by `sweep`, and have passes of their own here.
            return "There is nothing to poll with."
        tickets = [
            _ticket(mailbox, workload, sequence, due, UUID(lane)) for mailbox, sequence, due in entries
        ]
        busy = carry_out_lane(self, self.office, self.poll, tickets)
        self.on_ended()
        return f"{busy} of {len(tickets)} had news."

    def enqueue_lane(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Hand over idle mailboxes that are looked at together, within the caller's transaction."""
        first = tickets[0]
        self._known_client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": LANE,
                "queue_name": QUEUE,
                "workflow_id": first.work_key,
                "app_version": VERSION,
                "queue_partition_key": first.pool,
            },
            str(first.lane),
            int(first.workload),
            [(str(each.mailbox_id), each.sequence, each.due_at.isoformat()) for each in tickets],
        )

    def enqueue(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Hand over passes within the caller's transaction; they count from its commit on."""
        for ticket in tickets:
            self._known_client.enqueue_in_transaction(
                connection,
                {
                    "workflow_name": WORKFLOW,
                    "queue_name": QUEUE,
                    "workflow_id": ticket.key,
                    "app_version": VERSION,
                    "queue_partition_key": ticket.pool,
                },
                str(ticket.mailbox_id),
                int(ticket.workload),
                ticket.sequence,
                ticket.due_at.isoformat(),
            )

    @property
    def _known_client(self) -> DBOSClient:
        assert self._client is not None, "start comes first"  # noqa: S101
        return self._client

    def step(self, name: str, action: Callable[[], T]) -> T:
        """Do something that may happen again after a crash; once it has ended, its result is remembered."""
        return DBOS.run_step({"name": name}, action)

    def transaction(self, action: Callable[[Connection], T]) -> T:
        """Do something in one transaction of the store.

        It is not remembered: sequence and host in every statement make a repetition change nothing, and a
        worker that takes over must take the lease anew.
        """
        with self.office.database.write() as connection:
            return action(connection)

    def inspect(self) -> Sequence[InHand]:
        """Return what waits and what runs."""
        found = self._known_client.list_workflows(
            status=["ENQUEUED", "PENDING"], queue_name=QUEUE, load_input=False, load_output=False
        )
        return [
            InHand(
                status.workflow_id,
                is_running=status.status == "PENDING",
                host=status.executor_id or "",
                since=_moment(status.dequeued_at or status.created_at),
            )
            for status in found
        ]

    def adopt(self) -> int:
        """Put back in line what dead workers had begun; return how much.

        A worker is dead to a pass whose lease has run out, or that it took from the queue and never began.
        Whoever gets the pass next begins it, or finds that it is over.
        """
        now = self.office.clock.now()
        started = self._known_client.list_workflows(
            status="PENDING",
            dequeued_before=(now - self.office.lease).isoformat(),
            limit=_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        with self.office.database.read() as connection:
            alive = set(workloads.work_under_lease(connection, now))
        alive.update(ticket.work_key for ticket in self.office.held())
        orphans = [status for status in started if status.workflow_id not in alive]
        for queue, keys in _by_queue(orphans).items():
            log.warning("adopting %d pieces of work of dead workers", len(keys))
            self._known_client.resume_workflows(keys, queue_name=queue)
        return len(orphans)

    def sweep(self, *, host: str | None = None) -> int:
        """Free rows in flight that nobody will ever finish, because their workflow is gone; return how many.

        With `host`, rows that it holds are looked at too, although their lease is good: at its start a worker
        knows that nothing held in its name is alive.
        """
        now = self.office.clock.now()
        with self.office.database.read() as connection:
            suspects = workloads.overdue(connection, now, limit=_AT_ONCE, host=host)
        if not suspects:
            return 0
        found = self._known_client.list_workflows(
            workflow_ids=list({ticket.work_key for ticket in suspects}), load_input=False, load_output=False
        )
        states = {status.workflow_id: status for status in found}
        lost = [ticket for ticket in suspects if not _may_yet_run(states.get(ticket.work_key))]
        waiting = [ticket for ticket in suspects if ticket not in lost]
        with self.office.database.write() as connection:
            workloads.wait_longer(connection, waiting, now + 4 * self.office.lease)
            for ticket in lost:
                due_at = now + STRANDED_GAP if _has_ended(states.get(ticket.work_key)) else now
                workloads.release(connection, ticket, due_at=due_at, reason="The last pass was broken off.")
        strange = sorted({ticket.work_key for ticket in lost} & states.keys())
        self._known_client.cancel_workflows(strange)
        return len(lost)

    def purge(self) -> int:
        """Delete what has ended a while ago; return how much."""
        ended = self._known_client.list_workflows(
            status=_ENDED,
            completed_before=(self.office.clock.now() - KEPT).isoformat(),
            limit=10 * _AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if ended:
            self._known_client.delete_workflows([status.workflow_id for status in ended])
        return len(ended)


def system_engine(database: Database, *, pool_size: int) -> Engine:
    """Return an engine for DBOS's own tables, on the store's database but with connections of its own."""
    if not database.is_sqlite:
        return sa.create_engine(
            database.url.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={
                **SIGNS_OF_LIFE,
                "application_name": "postroom-engine",
                # A worker that was frozen in the middle must not keep its locks for ever.
                "options": "-c timezone=UTC -c idle_in_transaction_session_timeout=60000",
            },
        )
    engine = sa.create_engine(_file_url(database.url), pool_size=pool_size, max_overflow=0)
    event.listen(engine, "connect", _on_sqlite_connect)
    return engine


def _file_url(url: URL) -> URL:
    return url.set(drivername="sqlite")


def _on_sqlite_connect(connection: sqlite3.Connection, record: object) -> None:
    # DBOS brings this only for engines it makes itself; it relies on writers that wait for their turn.
    connection.isolation_level = "IMMEDIATE"
    for pragma in (
        "busy_timeout=30000",
        "journal_mode=WAL",
        # What this loses with the power is made good by the store's own rows, which are written with FULL.
        "synchronous=NORMAL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def quiet_the_log() -> None:
    """Let DBOS speak through the program's own log instead of one it would set up for itself."""
    engine_log = logging.getLogger("dbos")
    if not engine_log.handlers:
        engine_log.addHandler(logging.NullHandler())


def _cron(every_seconds: int) -> str:
    """Return the schedule in the form with seconds first.

    >>> _cron(1), _cron(10), _cron(60)
    ('* * * * * *', '*/10 * * * * *', '0 */1 * * * *')
    """
    if every_seconds >= 60:
        return f"0 */{every_seconds // 60} * * * *"
    return "* * * * * *" if every_seconds <= 1 else f"*/{every_seconds} * * * * *"


def _ticket(mailbox_id: str, workload: int, sequence: int, due_at: str, lane: UUID | None = None) -> Ticket:
    due = datetime.fromisoformat(due_at)
    return Ticket(UUID(mailbox_id), _WORKLOADS[workload], sequence, due, lane=lane)


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _by_queue(statuses: Iterable[WorkflowStatus]) -> Mapping[str | None, list[str]]:
    found: dict[str | None, list[str]] = {}
    for status in statuses:
        found.setdefault(status.queue_name, []).append(status.workflow_id)
    return found


def _has_ended(status: WorkflowStatus | None) -> bool:
    """Say whether it ended without ending its pass; what only waits for another release has not."""
    return status is not None and status.status in _ENDED


def _may_yet_run(status: WorkflowStatus | None) -> bool:
    """Say whether DBOS will still run it: it waits or is at work, in a form that this release understands."""
    return status is not None and status.status not in _ENDED and status.app_version == VERSION
