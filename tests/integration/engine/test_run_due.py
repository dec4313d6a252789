"""Everything that is due, run in threads of one process."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.engine import Connection
from tests.support.mailboxes import Company

from postroom.engine.fleet import Crew, hand_over_due, run_due
from postroom.engine.runner import InHand, InlineRunner
from postroom.engine.work import MOST_BROKEN, Pass, Trouble
from postroom.errors import SignInRejected, StoreError, Throttled, TransportError, Unreachable, WorkerLost
from postroom.passes.result import PassResult
from postroom.ports.clock import ManualClock, SystemClock
from postroom.schema.choices import TraceLevel, Workload
from postroom.store import workloads
from postroom.store.database import Database


class Fleet:
    """Runs what is due over and over with passes the test brings."""

    def __init__(self, database: Database, clock: ManualClock, home: Path) -> None:
        self.database = database
        self.clock = clock
        self.home = home
        self.troubles: list[Trouble] = []

    def crew(self, run: Callable[[UUID], PassResult], **more: Any) -> Crew:
        def incoming(mailbox_id: UUID, workload: Workload) -> PassResult:
            return run(mailbox_id)

        passes: dict[Workload, Pass] = {Workload.INCOMING: incoming}
        values = {"clock": self.clock, "threads": 1, "report": self.report, **more}
        return Crew(self.database, passes, self.home, "box", **values)

    def report(self, connection: Connection, trouble: Trouble) -> None:
        self.troubles.append(trouble)

    def run(self, run: Callable[[UUID], PassResult] = lambda _: PassResult(), **more: Any) -> int:
        return len(run_due(self.crew(run, **more)))


@pytest.fixture
def fleet(database: Database, clock: ManualClock, tmp_path: Path) -> Fleet:
    """A fleet of one, at noon."""
    return Fleet(database, clock, tmp_path)


def failing(failure: Exception) -> Callable[[UUID], PassResult]:
    def run(mailbox_id: UUID) -> PassResult:
        raise failure

    return run


def due_in(company: Company, fleet: Fleet, mailbox: UUID) -> float:
    row = incoming_row(company, mailbox)
    return float((row.dueon - fleet.clock.at).total_seconds())


def incoming_row(company: Company, mailbox: UUID) -> Any:
    return company.rows("postroom_workload", mailboxid=mailbox, workload=0)[0]


def test_what_is_due_is_run_once_and_not_again_before_its_time(company: Company, fleet: Fleet) -> None:
    mailboxes = company.mailboxes(3)
    seen: list[UUID] = []

    def run(mailbox_id: UUID) -> PassResult:
        seen.append(mailbox_id)
        return PassResult(items=10)

    assert (fleet.run(run), fleet.run(run)) == (3, 0)
    assert sorted(seen) == mailboxes
    fleet.clock.at += timedelta(seconds=120)
    assert fleet.run(run) == 3


def test_one_mailbox_can_be_run_alone(company: Company, fleet: Fleet) -> None:
    wanted, _ = company.mailboxes(2)

    settled = run_due(fleet.crew(lambda _: PassResult()), mailbox_ids=[wanted])

    assert [done.ticket.mailbox_id for done in settled] == [wanted]
    assert run_due(fleet.crew(lambda _: PassResult()), only=[Workload.OUTGOING]) == []


def test_empty_passes_lengthen_the_gap_and_an_item_shortens_it(company: Company, fleet: Fleet) -> None:
    (mailbox,) = company.mailboxes(1)
    gaps = []
    for items in (0, 0, 0, 10, 0):
        fleet.run(lambda _, items=items: PassResult(items=items))
        gaps.append(due_in(company, fleet, mailbox))
        fleet.clock.at += timedelta(hours=1)

    assert gaps == [300, 375, 468.75, 120, 300]
    assert company.mailbox(mailbox).noemailcount == 1


def test_the_shortest_gap_of_the_profile_is_kept(company: Company, fleet: Fleet) -> None:
    (mailbox,) = company.mailboxes(1, company.profile(minpollingintervalinminutes=60))

    fleet.run(lambda _: PassResult(items=10))

    assert due_in(company, fleet, mailbox) == 3600
    assert "shortest gap that the profile permits" in incoming_row(company, mailbox).gapreason


def test_a_backlog_is_left_for_the_next_call_and_is_due_at_once(company: Company, fleet: Fleet) -> None:
    company.mailboxes(1)

    assert fleet.run(lambda _: PassResult(items=100, backlog=5)) == 1
    assert fleet.run(lambda _: PassResult(items=5)) == 1


def test_a_wish_during_a_pass_is_followed_by_another_pass(company: Company, fleet: Fleet) -> None:
    (mailbox,) = company.mailboxes(1)

    def run(mailbox_id: UUID) -> PassResult:
        with fleet.database.write() as connection:
            workloads.hint(connection, [mailbox_id], fleet.clock.at)
        return PassResult()

    fleet.run(run)

    assert due_in(company, fleet, mailbox) == 0
    assert fleet.run() == 1


def test_a_pass_that_is_put_aside_is_reported_and_has_one_more_chance_each_time(
    company: Company, fleet: Fleet
) -> None:
    (mailbox,) = company.mailboxes(1)
    fleet.run()
    row = incoming_row(company, mailbox)
    company.change("postroom_workload", row.postroom_workloadid, brokencount=MOST_BROKEN)
    fleet.clock.at += timedelta(hours=1)

    assert fleet.run(failing(AssertionError("it was run"))) == 1

    assert [(one.level, type(one.failure)) for one in fleet.troubles] == [(TraceLevel.ERROR, WorkerLost)]
    assert due_in(company, fleet, mailbox) >= 3600
    assert "put aside" in incoming_row(company, mailbox).gapreason
    fleet.clock.at += timedelta(hours=2)
    seen: list[UUID] = []

    def run(mailbox_id: UUID) -> PassResult:
        seen.append(mailbox_id)
        return PassResult()

    fleet.run(run)
    assert seen == [mailbox]
    assert fleet.troubles[-1].is_over
    assert incoming_row(company, mailbox).brokencount == 0


def test_a_rejected_sign_in_stops_that_mailbox_and_is_reported(company: Company, fleet: Fleet) -> None:
    bad, good = company.mailboxes(2)

    def run(mailbox_id: UUID) -> PassResult:
        if mailbox_id == bad:
            raise SignInRejected("The server rejected the password.", reply="535 5.7.8 no")
        return PassResult(items=1)

    assert fleet.run(run) == 2

    (trouble,) = fleet.troubles
    assert (trouble.mailbox_id, trouble.level, trouble.is_stopped) == (bad, TraceLevel.ERROR, True)
    assert not company.mailbox(bad).enabledforincomingemail
    assert company.mailbox(bad).lastsyncerror == (
        "The server rejected the password. The server said: 535 5.7.8 no"
    )
    assert company.mailbox(good).enabledforincomingemail
    fleet.clock.at += timedelta(days=1)
    assert fleet.run(run) == 1


@pytest.mark.parametrize(
    "failure", [Unreachable("no answer"), Throttled("busy", retry_after=60)], ids=["outage", "throttling"]
)
def test_a_long_fault_of_the_server_disables_nothing_and_is_asked_about_less_often(
    company: Company, fleet: Fleet, failure: TransportError
) -> None:
    (mailbox,) = company.mailboxes(1)
    tomorrow = fleet.clock.at + timedelta(days=1)
    gaps = []
    while fleet.clock.at < tomorrow:
        fleet.run(failing(failure))
        gaps.append(due_in(company, fleet, mailbox))
        fleet.clock.at = incoming_row(company, mailbox).dueon

    assert company.mailbox(mailbox).enabledforincomingemail
    assert gaps == sorted(gaps)
    assert gaps[0] < 331
    assert 900 <= gaps[-1] < 991
    assert not any(trouble.is_stopped for trouble in fleet.troubles)
    worst = max(trouble.level or 0 for trouble in fleet.troubles)
    assert worst == (TraceLevel.ERROR if isinstance(failure, Unreachable) else TraceLevel.INFORMATION)


def test_a_trouble_that_is_over_is_reported_once(company: Company, fleet: Fleet) -> None:
    (mailbox,) = company.mailboxes(1)
    for run in (failing(Unreachable("no answer")), failing(Unreachable("no answer")), None, None):
        fleet.run(run or (lambda _: PassResult()))
        fleet.clock.at += timedelta(hours=1)

    assert [(trouble.is_over, trouble.failures) for trouble in fleet.troubles] == [
        (False, 1),
        (False, 2),
        (True, 2),
    ]
    assert company.mailbox(mailbox).lastsyncerrorcount == 0


def test_a_failure_that_a_pass_reports_counts_like_one_it_raises(company: Company, fleet: Fleet) -> None:
    (mailbox,) = company.mailboxes(1)

    fleet.run(lambda _: PassResult(items=4, failure=Unreachable("broke off")))

    assert company.mailbox(mailbox).itemsprocessedforlastsync == 4
    assert incoming_row(company, mailbox).failurecount == 1


@pytest.mark.parametrize("fault", [KeyError("x"), StoreError("locked"), MemoryError()], ids=repr)
def test_a_fault_of_our_own_in_one_mailbox_stops_no_other_and_is_tried_again(
    company: Company, fleet: Fleet, fault: Exception
) -> None:
    bad, *good = company.mailboxes(4)

    def run(mailbox_id: UUID) -> PassResult:
        if mailbox_id == bad:
            raise fault
        return PassResult(items=1)

    assert fleet.run(run) == 4
    assert [trouble.mailbox_id for trouble in fleet.troubles] == [bad]
    assert company.mailbox(bad).enabledforincomingemail
    assert due_in(company, fleet, bad) >= 300
    assert all(company.mailbox(mailbox).lastsuccessfulsynccompletedon for mailbox in good)


def test_an_unapproved_mailbox_is_not_processed_and_its_row_says_why(company: Company, fleet: Fleet) -> None:
    company.insert("organization", organizationid=UUID(int=1), requireapprovalforuseremail=True)
    (mailbox,) = company.mailboxes(1, emailrouteraccessapproval=2)

    assert fleet.run() == 0
    assert "not approved" in incoming_row(company, mailbox).gapreason
    assert company.mailbox(mailbox).processingstatecode == 0


def test_what_an_earlier_run_left_when_it_was_killed_is_run_again_at_once(
    company: Company, fleet: Fleet
) -> None:
    company.mailboxes(2)
    dead = fleet.crew(lambda _: PassResult()).office("another-machine")
    with fleet.database.write() as connection:
        dead.prepare(connection)
        first, _ = workloads.claim_due(
            connection, fleet.clock.at, 9, workloads=[Workload.INCOMING], host=dead.host, lease=dead.lease
        )
        dead.begin(connection, first)
    assert fleet.run() == 0

    fleet.clock.at += timedelta(seconds=31)

    assert fleet.run() == 2


def test_the_next_run_on_the_same_host_does_not_wait_for_a_lease(company: Company, fleet: Fleet) -> None:
    company.mailboxes(1)

    class KilledError(BaseException):
        pass

    def run(mailbox_id: UUID) -> PassResult:
        raise KilledError

    with pytest.raises(KilledError):
        fleet.run(run)

    assert fleet.run() == 1


def test_a_pass_that_was_taken_over_changes_nothing_when_it_comes_back(
    company: Company, fleet: Fleet
) -> None:
    (mailbox,) = company.mailboxes(1)
    other = fleet.crew(lambda _: PassResult()).office("other")

    def run(mailbox_id: UUID) -> PassResult:
        fleet.clock.at += timedelta(minutes=1)
        with fleet.database.write() as connection:
            (ticket,) = workloads.claim_due(
                connection,
                fleet.clock.at,
                9,
                workloads=[Workload.INCOMING],
                host="other",
                lease=other.lease,
                lost_before=fleet.clock.at,
            )
            assert other.begin(connection, ticket) is not None
        return PassResult(items=99)

    assert fleet.run(run) == 0
    row = incoming_row(company, mailbox)
    assert (row.inflight, row.hostid) == (2, "other")
    assert company.mailbox(mailbox).itemsprocessedforlastsync is None


def test_threads_run_many_mailboxes_but_no_profile_beyond_its_connections(
    company: Company, fleet: Fleet
) -> None:
    narrow, wide = company.profile(maxconcurrentconnections=2), company.profile(maxconcurrentconnections=10)
    narrow_ones = set(company.mailboxes(8, narrow))
    company.mailboxes(8, wide)
    guard, now, most = threading.Lock(), {True: 0, False: 0}, {True: 0, False: 0}

    def run(mailbox_id: UUID) -> PassResult:
        mine = mailbox_id in narrow_ones
        with guard:
            now[mine] += 1
            most[mine] = max(most[mine], now[mine])
        time.sleep(0.05)
        with guard:
            now[mine] -= 1
        return PassResult()

    assert fleet.run(run, threads=8, clock=SystemClock()) == 16
    assert most[True] == 2
    assert 3 <= most[False] <= 8


def test_the_lease_of_a_long_pass_and_of_those_that_wait_for_it_is_kept(
    company: Company, fleet: Fleet, database: Database
) -> None:
    company.mailboxes(2)
    clock = SystemClock()
    overdue = []

    def run(mailbox_id: UUID) -> PassResult:
        time.sleep(0.8)
        with database.read() as connection:
            overdue.extend(workloads.overdue(connection, clock.now(), limit=9))
        return PassResult()

    assert fleet.run(run, clock=clock, lease=timedelta(seconds=0.6)) == 2
    assert overdue == []


def test_the_runner_in_line_shows_what_waits_and_what_runs(company: Company, fleet: Fleet) -> None:
    company.mailboxes(2)
    seen: list[InHand] = []
    office = fleet.crew(lambda _: PassResult()).office("box")
    runner = InlineRunner(office)
    office.passes = {
        Workload.INCOMING: lambda mailbox, workload: seen.extend(runner.inspect()) or PassResult()
    }
    runner.schedule("tick", lambda: runner.transaction(office.prepare), every_seconds=1)
    runner.tick()
    hand_over_due(office, runner)
    assert [one.is_running for one in runner.inspect()] == [False, False]

    runner.drain()

    assert [one.is_running for one in seen] == [True, False, True]
    assert runner.inspect() == []
