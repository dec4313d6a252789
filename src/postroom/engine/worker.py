"""A worker of the fleet: runs its share until it is told to stop."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from postroom.engine.durable import DbosRunner
from postroom.engine.fleet import Crew, hand_over_due, heartbeat
from postroom.engine.presence import Presence
from postroom.engine.runner import InHand
from postroom.errors import StoreError

log = logging.getLogger(__name__)

TICK_SECONDS = 1
TEND_SECONDS = 5
PURGE_SECONDS = 60
#: A worker that had nothing to do for so long looks for work without waiting for the fleet's tick.
QUIET_SECONDS = 5
#: A place that became free is filled after this time, so that several are filled together.
_REFILL_SECONDS = 0.1
#: So many times as long as filling took the worker rests before it fills again.
_REST_FOR_EACH = 4.0


class Worker:
    """One worker; at most one per process, because its machinery has one instance per process."""

    def __init__(self, crew: Crew) -> None:
        self._tend = crew.tend
        self._beside = crew.beside()
        self._patience_seconds = crew.patience_seconds
        self._presence = Presence(crew.home / "workers", crew.machine)
        self._office = crew.office(self._presence.name)
        self._runner = DbosRunner(self._office, threads=crew.threads, poll=crew.poll, on_ended=self.nudge)
        self._stopping = threading.Event()
        self._nudged = threading.Event()
        self._heartbeat = heartbeat(self._office)
        self._refilling = threading.Thread(target=self._refill, name="refill", daemon=True)
        self._beating: threading.Thread | None = None
        self._started = threading.Event()

    @property
    def name(self) -> str:
        """Return the name under which the fleet knows this worker."""
        return self._presence.name

    def start(self) -> None:
        """Set the worker going; when this returns it takes work."""
        self._runner.schedule("tick", self._tick, every_seconds=TICK_SECONDS)
        # Often enough that work of a dead worker is taken over soon after its leases have run out.
        upkeep_seconds = max(1, round(self._office.lease.total_seconds() / 3))
        self._runner.schedule("upkeep", self._upkeep, every_seconds=upkeep_seconds)
        self._runner.schedule("tend", self._tend, every_seconds=TEND_SECONDS)
        self._runner.schedule("purge", self._purge, every_seconds=PURGE_SECONDS)
        self._runner.start()
        self._beating = self._heartbeat.__enter__()
        self._runner.sweep(host=self._office.host)
        self._tick()
        self._refilling.start()
        self._beside.__enter__()
        self._started.set()
        log.info("worker %s takes work", self.name)

    @property
    def takes_work(self) -> bool:
        """Say whether the worker has started and was not told to stop."""
        return self._started.is_set() and not self._stopping.is_set()

    @property
    def is_alive(self) -> bool:
        """Say whether all that keeps the worker going does; false is cured by a restart only."""
        if not self.takes_work:
            return True
        return self._refilling.is_alive() and self._beating is not None and self._beating.is_alive()

    def nudge(self) -> None:
        """Look for due work now instead of at the next tick."""
        self._nudged.set()

    def inspect(self) -> Sequence[InHand]:
        """Return what waits and what runs, in the whole fleet."""
        return self._runner.inspect()

    def stop(self, *, patience_seconds: int | None = None) -> bool:
        """Take nothing new, wait for what runs, and say whether all of it ended in time.

        What did not end is taken up by the next worker.
        """
        patience_seconds = self._patience_seconds if patience_seconds is None else patience_seconds
        self._stopping.set()
        self._nudged.set()
        self._beside.__exit__(None, None, None)
        # It may be waiting for a database that is away.
        self._refilling.join(patience_seconds)
        all_ended = self._runner.stop(patience_seconds=patience_seconds)
        self._heartbeat.__exit__(None, None, None)
        self._presence.close()
        return all_ended

    def run_until_told(self, on_started: Callable[[], None] = lambda: None) -> bool:
        """Start, work until SIGTERM or SIGINT, and stop; say whether all work ended in time.

        To be called in the main thread, the only one that signals reach.
        """
        told = threading.Event()

        def tell(number: int, frame: FrameType | None) -> None:
            told.set()

        before = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self.start()
            on_started()
            told.wait()
            return self.stop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _tick(self) -> None:
        with self._office.database.write() as connection:
            self._office.prepare(connection)
        hand_over_due(self._office, self._runner, in_lanes=self._runner.poll is not None)

    def _upkeep(self) -> None:
        self._runner.adopt()
        self._runner.sweep()

    def _purge(self) -> None:
        self._runner.purge()

    def _refill(self) -> None:
        """Fill places as they become free: between ticks a busy profile would have none at work.

        In quiet times each worker looks by itself as well. DBOS has the tick run by the release that was
        started last; an older one would be idle beside it, and stand still when the newer one is gone.
        """
        taken = 0.0
        while not self._stopping.is_set():
            is_quiet = not self._nudged.wait(QUIET_SECONDS)
            # Where much is due it takes long to see what may be claimed; most of the time is for the work.
            if self._stopping.wait(max(_REFILL_SECONDS, _REST_FOR_EACH * taken)):
                return
            self._nudged.clear()
            begun = time.monotonic()
            try:
                if is_quiet:
                    self._runner.sweep()
                    self._tick()
                else:
                    hand_over_due(self._office, self._runner, in_lanes=self._runner.poll is not None)
            except (StoreError, SQLAlchemyError):
                log.warning("due work could not be handed over; the next tick tries again", exc_info=True)
            taken = time.monotonic() - begun
