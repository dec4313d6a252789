"""Who runs passes: the five verbs, and the runner that does it in line.

A runner is all that the engine knows of the machinery beneath it. `InlineRunner` uses the threads of this
process and forgets everything when it ends; `durable.DbosRunner` keeps what was handed over, on one host or
many. The work is the same for both: `carry_out`.
"""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy.engine import Connection

from postroom.engine.work import Course, Finished, Office, Settled
from postroom.errors import PostroomError
from postroom.store.workloads import Ticket

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InHand:
    """Something that was handed to a runner and has not ended."""

    key: str
    is_running: bool
    #: The worker that runs it; empty while it waits.
    host: str = ""
    since: datetime | None = None


class Runner(Protocol):
    """Runs what it is handed; the same pass is never queued twice and never forgotten."""

    def enqueue(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Hand over passes within the caller's transaction; they count from its commit on."""
        ...

    def enqueue_lane(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Hand over idle mailboxes that are looked at together, within the caller's transaction."""
        ...

    def schedule(self, name: str, action: Callable[[], None], *, every_seconds: int) -> None:
        """Call the action again and again, once for all workers together."""
        ...

    def step(self, name: str, action: Callable[[], T]) -> T:
        """Do something that may happen again after a crash; once it has ended, its result is remembered."""
        ...

    def transaction(self, action: Callable[[Connection], T]) -> T:
        """Do something in one transaction of the store; ids of the caller's make repeating it harmless."""
        ...

    def inspect(self) -> Sequence[InHand]:
        """Return what waits and what runs."""
        ...


def carry_out(runner: Runner, office: Office, ticket: Ticket) -> Settled | None:
    """Take one pass from begin to end; None when there was nothing to do for us."""
    other = office.enter(ticket)
    if other is not None:
        if other.sequence != ticket.sequence:
            runner.transaction(lambda connection: office.put_off(connection, ticket))
        return None
    try:
        standing = runner.transaction(lambda connection: office.begin(connection, ticket))
        if standing is None:
            return None
        course = Course(ticket)
        with office.witness(course):
            finished = course.finished = office.deadly(standing) or runner.step(
                "pass", lambda: guarded(office, ticket)
            )
            course.settled = runner.transaction(
                lambda connection: office.settle(connection, ticket, finished)
            )
        return course.settled
    finally:
        office.leave(ticket)


def guarded(office: Office, ticket: Ticket) -> Finished:
    """Run the pass so that nothing in it can hurt another mailbox's."""
    try:
        return Finished(office.run(ticket))
    except PostroomError as fault:
        log.exception("pass failed", extra={"pass": ticket.key})
        return Finished(fault=fault)
    except Exception as fault:
        log.exception("pass failed by a fault of our own", extra={"pass": ticket.key})
        # What is kept between processes must not hold foreign objects: the text is enough.
        return Finished(fault=PostroomError(f"{type(fault).__name__}: {fault}"))


class FairLine:
    """Tickets waiting to be run: pools take turns, and none has more at work than it has places."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Ticket]] = {}
        self._at_work: Counter[str] = Counter()
        self._turn: deque[str] = deque()
        self._changed = threading.Condition()

    def add(self, tickets: Sequence[Ticket]) -> None:
        """Put tickets at the end of their pools' lines."""
        with self._changed:
            for ticket in tickets:
                if ticket.pool not in self._waiting:
                    self._waiting[ticket.pool] = deque()
                    self._turn.append(ticket.pool)
                self._waiting[ticket.pool].append(ticket)
            self._changed.notify_all()

    def take(self) -> Ticket | None:
        """Return the next ticket, waiting until its pool has a place; None when the line is empty."""
        with self._changed:
            while self._waiting:
                ticket = self._next()
                if ticket is not None:
                    return ticket
                self._changed.wait()
            return None

    def _next(self) -> Ticket | None:
        for _ in range(len(self._turn)):
            pool = self._turn[0]
            self._turn.rotate(-1)
            line = self._waiting[pool]
            if self._at_work[pool] < line[0].places:
                self._at_work[pool] += 1
                ticket = line.popleft()
                if not line:
                    del self._waiting[pool]
                    self._turn.remove(pool)
                return ticket
        return None

    def give_back(self, ticket: Ticket) -> None:
        """Free the place of a ticket that was taken."""
        with self._changed:
            self._at_work[ticket.pool] -= 1
            self._changed.notify_all()

    def tickets(self) -> Sequence[Ticket]:
        """Return what waits."""
        with self._changed:
            return [ticket for line in self._waiting.values() for ticket in line]


class InlineRunner:
    """Runs passes in threads of this process, when told to; keeps nothing."""

    def __init__(self, office: Office, *, threads: int = 1) -> None:
        self.office = office
        self.threads = threads
        self._line = FairLine()
        self._schedules: dict[str, Callable[[], None]] = {}

    def enqueue(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Put passes in line; a caller whose transaction fails must not call `drain`."""
        self._line.add(tickets)

    def enqueue_lane(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Put a pass for each in line: who runs once has no idle mailboxes to spare."""
        self._line.add(tickets)

    def schedule(self, name: str, action: Callable[[], None], *, every_seconds: int) -> None:
        """Note an action for `tick`; time passes only when `tick` is called."""
        self._schedules[name] = action

    def tick(self) -> None:
        """Call every scheduled action once."""
        for action in self._schedules.values():
            action()

    def step(self, name: str, action: Callable[[], T]) -> T:
        """Do it."""
        return action()

    def transaction(self, action: Callable[[Connection], T]) -> T:
        """Do it in a transaction of the store."""
        with self.office.database.write() as connection:
            return action(connection)

    def inspect(self) -> Sequence[InHand]:
        """Return what waits and what runs."""
        running = [
            InHand(ticket.key, is_running=True, host=self.office.host) for ticket in self.office.held()
        ]
        return running + [InHand(ticket.key, is_running=False) for ticket in self._line.tickets()]

    def waiting(self) -> Sequence[Ticket]:
        """Return what waits."""
        return self._line.tickets()

    def drain(self, on_settled: Callable[[Settled], None] = lambda settled: None) -> Sequence[Settled]:
        """Run everything in line and return what came of it, in the order in which it ended."""
        settled: list[Settled] = []

        def work() -> None:
            while (ticket := self._line.take()) is not None:
                try:
                    done = carry_out(self, self.office, ticket)
                finally:
                    self._line.give_back(ticket)
                if done is not None:
                    settled.append(done)
                    on_settled(done)

        workers = max(1, min(self.threads, len(self._line.tickets())))
        if workers == 1:
            work()
            return settled
        with ThreadPoolExecutor(workers, thread_name_prefix="pass") as pool:
            for running in [pool.submit(work) for _ in range(workers)]:
                running.result()
        return settled
