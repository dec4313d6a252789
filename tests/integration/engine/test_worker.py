"""Worker processes on real stores: killed, stopped, and several at once."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from tests.support.mailboxes import Company
from tests.support.workers import Event, Workers, wait_until

from postroom.engine.durable import DbosRunner
from postroom.engine.fleet import Crew
from postroom.engine.worker import Worker
from postroom.passes.result import PassResult
from postroom.ports.clock import SystemClock
from postroom.schema.choices import Workload
from postroom.store import workloads
from postroom.store.database import Database
from postroom.store.workloads import Ticket

pytestmark = pytest.mark.integration


def hint(database: Database, mailboxes: list[UUID]) -> None:
    with database.write() as connection:
        workloads.hint(connection, mailboxes, SystemClock().now(), Workload.INCOMING)


def overlapping(events: list[Event]) -> list[Event]:
    """Return starts of passes that came while another over the same mailbox had not ended."""
    open_until: dict[UUID, float] = {}
    ends = [event for event in events if event.what == "end"]
    found = []
    for event in (event for event in events if event.what == "start"):
        if event.at < open_until.get(event.mailbox, 0.0):
            found.append(event)
        own_end = [end.at for end in ends if (end.mailbox, end.pid) == (event.mailbox, event.pid)]
        open_until[event.mailbox] = min((at for at in own_end if at > event.at), default=0.0)
    return found


def test_a_killed_worker_takes_up_its_passes_as_soon_as_it_is_back(
    company: Company, database: Database, workers: Workers
) -> None:
    (mailbox,) = company.mailboxes(1)
    first = workers.start(seconds=30)
    wait_until(lambda: workers.started(mailbox))
    workers.kill(first)
    killed_at = time.monotonic()

    workers.start(seconds=0.05)

    wait_until(lambda: workers.events("end"), seconds=20)
    # Its lease of thirty seconds was good for long.
    assert workers.started(mailbox)[1].at - killed_at < 12
    wait_until(lambda: company.mailbox(mailbox).processingstatecode == 0)
    assert company.mailbox(mailbox).processedtimes == 1


def test_a_worker_killed_again_and_again_loses_no_pass_and_runs_none_twice_at_once(
    company: Company, database: Database, workers: Workers
) -> None:
    mailboxes = company.mailboxes(12)
    for round_ in range(4):
        worker = workers.start(seconds=0.3)
        wait_until(lambda round_=round_: len(workers.events("start")) >= 3 * (round_ + 1))
        workers.kill(worker)

    workers.start(seconds=0.01)

    wait_until(lambda: all(company.mailbox(mailbox).processedtimes == 1 for mailbox in mailboxes), seconds=40)
    assert workers.events("clash") == []


def test_a_peer_adopts_the_passes_of_a_worker_that_never_comes_back(
    company: Company, database: Database, workers: Workers
) -> None:
    (mailbox,) = company.mailboxes(1)
    doomed = workers.start(home="one", seconds=60, lease=3)
    wait_until(lambda: workers.started(mailbox))
    workers.start(home="two", seconds=0.05, lease=3)
    time.sleep(6)
    assert len(workers.started(mailbox)) == 1, "a living worker's pass was taken from it"

    workers.kill(doomed)
    killed_at = time.monotonic()

    wait_until(lambda: len(workers.started(mailbox)) == 2)
    assert workers.started(mailbox)[1].at - killed_at < 10
    wait_until(lambda: company.mailbox(mailbox).processedtimes == 1)
    assert company.mailbox(mailbox).forcedunlockcount == 1


def test_three_workers_never_run_two_passes_of_one_mailbox_at_a_time(
    company: Company, database: Database, workers: Workers
) -> None:
    profiles = [company.profile(maxconcurrentconnections=4) for _ in range(3)]
    mailboxes = [key for profile in profiles for key in company.mailboxes(6, profile)]
    for home in ("one", "two", "three"):
        workers.start(home=home, seconds=0.05)

    # Wishes come all the time, also for mailboxes that a pass is at, and from before the second worker
    # is up: the first may have done all that was due by then.
    def two_work() -> bool:
        hint(database, mailboxes)
        return len({event.pid for event in workers.events("start")}) >= 2

    wait_until(two_work)
    for _ in range(40):
        hint(database, mailboxes)
        time.sleep(0.1)

    wait_until(lambda: all(len(workers.started(mailbox)) >= 3 for mailbox in mailboxes), seconds=40)
    events = workers.events()
    assert [event for event in events if event.what == "clash"] == []
    assert overlapping(events) == []


def test_a_worker_told_to_stop_ends_what_it_is_at_and_takes_nothing_new(
    company: Company, database: Database, workers: Workers
) -> None:
    (mailbox,) = company.mailboxes(1)
    worker = workers.start(seconds=1.5)
    wait_until(lambda: workers.started(mailbox))

    assert workers.stop(worker) == 0

    assert len(workers.events("end")) == 1
    assert company.mailbox(mailbox).processedtimes == 1
    assert company.rows("postroom_workload", workload=0)[0].inflight is None


def test_a_pass_that_does_not_end_in_time_is_left_to_the_next_worker(
    company: Company, workers: Workers
) -> None:
    (mailbox,) = company.mailboxes(1)
    hanging = workers.start(seconds=600, patience=1)
    wait_until(lambda: workers.started(mailbox))

    assert workers.stop(hanging) == 3
    workers.start()

    wait_until(lambda: len(workers.events("end")) == 1)
    assert len(workers.started(mailbox)) == 2
    wait_until(lambda: company.mailbox(mailbox).processedtimes == 1)
    assert workers.events("clash") == []


def test_two_workers_of_one_home_have_different_names(
    company: Company, workers: Workers, tmp_path: Path
) -> None:
    company.mailboxes(8)
    workers.start(seconds=0.3, threads=1)
    workers.start(seconds=0.3, threads=1)

    wait_until(lambda: len({event.pid for event in workers.events("start")}) == 2)
    assert sorted(path.name for path in (tmp_path / "home" / "workers").iterdir()) == [
        "worker-0.lock",
        "worker-1.lock",
    ]


class TestOneInThisProcess:
    """A worker whose inside can be looked at."""

    @pytest.fixture
    def crew(self, database: Database, tmp_path: Path) -> Crew:
        """A crew whose passes do nothing."""
        return Crew(
            database,
            {Workload.INCOMING: lambda mailbox_id, workload: PassResult(items=1)},
            home=tmp_path,
            machine="test",
            threads=2,
        )

    @pytest.fixture
    def worker(self, crew: Crew) -> Iterator[Worker]:
        """A worker that has been started."""
        made = Worker(crew)
        made.start()
        yield made
        made.stop(patience_seconds=5)

    def test_a_wish_is_heard_within_two_seconds(
        self, company: Company, database: Database, worker: Worker
    ) -> None:
        (mailbox,) = company.mailboxes(1)
        wait_until(lambda: company.mailbox(mailbox).processedtimes == 1)
        asked_at = time.monotonic()

        hint(database, [mailbox])

        wait_until(lambda: company.mailbox(mailbox).processedtimes == 2)
        assert time.monotonic() - asked_at < 4

    def test_a_stopped_worker_leaves_no_thread_behind_and_another_may_follow(
        self, crew: Crew, company: Company
    ) -> None:
        (mailbox,) = company.mailboxes(1)
        before = set(threading.enumerate())
        for times in (1, 2):
            worker = Worker(crew)
            worker.start()
            hint(crew.database, [mailbox])
            wait_until(lambda times=times: (company.mailbox(mailbox).processedtimes or 0) >= times)
            assert worker.stop(patience_seconds=5)

        assert set(threading.enumerate()) <= before

    def test_a_row_whose_workflow_is_gone_is_freed(
        self, company: Company, database: Database, worker: Worker
    ) -> None:
        (mailbox,) = company.mailboxes(1, statecode=1)
        with database.write() as connection:
            workloads.ensure_rows(connection, [mailbox], SystemClock().now())
        row = company.rows("postroom_workload", mailboxid=mailbox, workload=0)[0]
        company.change(
            "postroom_workload",
            row.postroom_workloadid,
            sequence=7,
            inflight=7,
            leaseuntil=SystemClock().now() - timedelta(seconds=1),
        )

        assert worker._runner.sweep() == 1

        assert company.rows("postroom_workload", mailboxid=mailbox, workload=0)[0].inflight is None

    def test_a_pass_is_queued_with_its_transaction_and_once(
        self, company: Company, database: Database, crew: Crew
    ) -> None:
        (mailbox,) = company.mailboxes(1)
        office = crew.office("test")
        runner = DbosRunner(office, threads=0)
        runner.start()
        ticket = Ticket(mailbox, Workload.INCOMING, 1, SystemClock().now(), pool="p")
        try:
            with database.write() as connection:
                runner.enqueue(connection, [ticket])
                connection.rollback()
            assert runner.inspect() == []

            for _ in range(2):
                runner.transaction(lambda connection: runner.enqueue(connection, [ticket]))
            assert [(one.key, one.is_running) for one in runner.inspect()] == [(ticket.key, False)]
        finally:
            runner.stop(patience_seconds=0)

    def test_what_has_ended_is_deleted_after_a_while(
        self, company: Company, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (mailbox,) = company.mailboxes(1)
        wait_until(lambda: company.mailbox(mailbox).processedtimes == 1)
        assert worker._runner.purge() == 0

        monkeypatch.setattr("postroom.engine.durable.KEPT", timedelta(seconds=-5))

        assert worker._runner.purge() >= 1

    def test_a_signal_stops_it(self, crew: Crew) -> None:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))

        assert Worker(crew).run_until_told(timer.start)
