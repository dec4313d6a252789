"""Lanes: idle mailboxes looked at together, each a pass of its own as soon as there is something."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support.mailboxes import Company
from tests.support.workers import wait_until

from postroom.engine.fleet import Crew
from postroom.engine.lane import carry_out_lane
from postroom.engine.runner import InlineRunner
from postroom.engine.work import Office
from postroom.engine.worker import Worker
from postroom.errors import PostroomError, Unreachable
from postroom.passes.result import PassResult
from postroom.ports.clock import ManualClock, SystemClock
from postroom.schema import registry
from postroom.schema.choices import ServerType, Workload
from postroom.store import lanes, workloads
from postroom.store.database import Database
from postroom.store.workloads import Ticket

pytestmark = pytest.mark.integration

LEASE = timedelta(seconds=30)
ROW = registry.by_logical_name("postroom_workload").table


class Fleet:
    """Idle mailboxes, a server that has news for some, and what became of them."""

    def __init__(self, database: Database, company: Company, clock: Any, home: Path) -> None:
        self.database, self.company, self.clock, self.home = database, company, clock, home
        self.news: set[UUID] = set()
        self.polled: list[UUID] = []
        self.passes: list[UUID] = []
        self.office = Office(database, {Workload.INCOMING: self.run}, clock=clock, host="here", lease=LEASE)

    def idle(self, number: int, profile: UUID | None = None, **row: Any) -> list[UUID]:
        """Make mailboxes that were found empty before and are due now."""
        ids = self.company.mailboxes(number, profile, enabledforoutgoingemail=False)
        with self.database.write() as connection:
            workloads.ensure_rows(connection, ids, self.clock.now())
            values = {"emptycount": 1, "isidle": True, **row}
            connection.execute(sa.update(ROW).where(ROW.c.mailboxid.in_(ids)).values(values))
        return ids

    def claim(self, limit: int = 1000) -> Sequence[Sequence[Ticket]]:
        with self.database.write() as connection:
            return lanes.claim_idle(
                connection, self.clock.now(), limit, workloads=[Workload.INCOMING], lease=LEASE
            )

    def claim_alone(self) -> Sequence[Ticket]:
        """Claim what is not for lanes."""
        with self.database.write() as connection:
            return workloads.claim_due(
                connection, self.clock.now(), 1000, workloads=[Workload.INCOMING], lease=LEASE, but_idle=True
            )

    def carry_out(self, lane: Sequence[Ticket]) -> InlineRunner:
        runner = InlineRunner(self.office)
        carry_out_lane(runner, self.office, self.poll, lane)
        return runner

    def poll(self, ids: Sequence[UUID]) -> Iterator[tuple[UUID, bool]]:
        for id in ids:
            self.polled.append(id)
            yield id, id in self.news

    def run(self, mailbox: UUID, _: Workload) -> PassResult:
        self.passes.append(mailbox)
        return PassResult(items=1)

    def row(self, mailbox: UUID) -> Any:
        with self.database.read() as connection:
            found = sa.select(ROW).where(ROW.c.mailboxid == mailbox, ROW.c.workload == int(Workload.INCOMING))
            return connection.execute(found).one()

    def rows(self) -> list[Any]:
        with self.database.read() as connection:
            found = sa.select(ROW).where(ROW.c.workload == int(Workload.INCOMING))
            return list(connection.execute(found))


@pytest.fixture
def fleet(database: Database, company: Company, clock: ManualClock, tmp_path: Path) -> Fleet:
    return Fleet(database, company, clock, tmp_path)


def test_idle_mailboxes_of_a_profile_share_lanes_and_others_do_not(fleet: Fleet) -> None:
    profile = fleet.company.profile()
    idle = fleet.idle(30, profile)
    fleet.idle(1, profile, isidle=False)
    fleet.idle(1, profile, dueon=fleet.clock.now() + LEASE)
    claimed = fleet.claim()
    assert sorted(ticket.mailbox_id for lane in claimed for ticket in lane) == sorted(idle)
    assert len(claimed) == 3
    assert len({ticket.lane for lane in claimed for ticket in lane}) == 3
    assert len(fleet.claim_alone()) == 1


def test_a_lane_takes_one_connection_of_its_profile(fleet: Fleet) -> None:
    profile = fleet.company.profile(maxconcurrentconnections=2)
    fleet.idle(200, profile)
    first = fleet.claim()
    assert [len(lane) for lane in first] == [lanes.MOST, lanes.MOST]
    assert fleet.claim() == []
    fleet.idle(1, profile, isidle=False)
    assert fleet.claim_alone() == []
    fleet.carry_out(first[0])
    assert len(fleet.claim_alone()) == 1
    assert fleet.claim() == []
    fleet.carry_out(first[1])
    assert [len(lane) for lane in fleet.claim()] == [lanes.MOST]


def test_where_there_is_nothing_the_next_look_is_later_and_the_mailbox_shows_it(fleet: Fleet) -> None:
    ids = fleet.idle(3)
    (lane,) = fleet.claim()
    fleet.carry_out(lane)
    assert sorted(fleet.polled) == sorted(ids)
    assert fleet.passes == []
    for id in ids:
        row, mailbox = fleet.row(id), fleet.company.mailbox(id)
        assert (row.inflight, row.hostid, row.lane, row.emptycount) == (None, None, None, 2)
        assert row.gapreason == "Nothing new 2 times in a row; next look after 6 min 15 s."
        assert row.dueon == mailbox.receivingpostponeduntil == fleet.clock.now() + timedelta(seconds=375)
        assert (mailbox.processedtimes, mailbox.noemailcount) == (1, 2)
        assert mailbox.lastsuccessfulsynccompletedon == row.lastsucceededon == fleet.clock.now()
    assert len(fleet.company.rows("mailboxstatistics")) == 3


def test_the_gap_is_the_same_as_after_a_pass(fleet: Fleet) -> None:
    profile = fleet.company.profile(minpollingintervalinminutes=30)
    (by_lane, by_pass) = fleet.idle(2, profile, emptycount=3)
    (lane,) = fleet.claim()
    fleet.carry_out([ticket for ticket in lane if ticket.mailbox_id == by_lane])
    with fleet.database.write() as connection:
        (ticket,) = [each for each in lane if each.mailbox_id == by_pass]
        lanes.hand_on(connection, [ticket], fleet.clock.now() + LEASE)
    fleet.office.passes = {Workload.INCOMING: lambda *_: PassResult()}
    runner = InlineRunner(fleet.office)
    with fleet.database.write() as connection:
        runner.enqueue(connection, [ticket])
    runner.drain()
    one, other = fleet.row(by_lane), fleet.row(by_pass)
    assert (one.dueon, one.gapreason, one.emptycount) == (other.dueon, other.gapreason, other.emptycount)


@pytest.mark.parametrize(
    ("result", "server", "is_idle"),
    [
        (PassResult(), ServerType.POP3_SMTP, True),
        (PassResult(items=1), ServerType.POP3_SMTP, False),
        (PassResult(failure=Unreachable("No answer.")), ServerType.POP3_SMTP, False),
        (PassResult(), ServerType.EXCHANGE_ONLINE, False),
    ],
)
def test_a_mailbox_is_idle_after_a_pass_without_news(
    fleet: Fleet, result: PassResult, server: ServerType, is_idle: bool
) -> None:
    (id,) = fleet.idle(1, fleet.company.profile(servertype=server), isidle=False)
    fleet.office.passes = {Workload.INCOMING: lambda *_: result}
    runner = InlineRunner(fleet.office)
    tickets = fleet.claim_alone()
    with fleet.database.write() as connection:
        runner.enqueue(connection, tickets)
    runner.drain()
    assert fleet.row(id).isidle is is_idle


def test_after_an_outage_the_longest_due_come_first_and_wishes_before_them(fleet: Fleet) -> None:
    profile = fleet.company.profile(maxconcurrentconnections=3)
    late = [fleet.idle(1, profile, isidle=False, dueon=fleet.clock.now() - n * LEASE)[0] for n in range(6)]
    (wished,) = fleet.idle(1, profile, isidle=False, hinted=True)
    with fleet.database.write() as connection:
        claimed = workloads.claim_due(
            connection, fleet.clock.now(), 3, workloads=[Workload.INCOMING], lease=LEASE, but_idle=True
        )
    assert [ticket.mailbox_id for ticket in claimed] == [wished, late[5], late[4]]


def test_rows_of_work_that_is_switched_off_keep_nobody_waiting(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workloads, "_IN_LINE", 2)
    off = fleet.idle(9, isidle=False, dueon=fleet.clock.now() - LEASE)
    for id in off:
        fleet.company.change("mailbox", id, enabledforincomingemail=False)
    (on,) = fleet.idle(1, isidle=False)
    assert [ticket.mailbox_id for ticket in fleet.claim_alone()] == [on]


def test_where_there_is_news_a_pass_follows_under_the_same_number(fleet: Fleet) -> None:
    ids = fleet.idle(3)
    fleet.news = {ids[1]}
    (lane,) = fleet.claim()
    runner = fleet.carry_out(lane)
    (settled,) = runner.drain()
    assert fleet.passes == [ids[1]]
    assert settled.ticket.sequence == 1
    assert fleet.row(ids[1]).emptycount == 0
    assert all(row.inflight is None for row in fleet.rows())
    assert [fleet.company.mailbox(id).processedtimes for id in ids] == [1, 1, 1]


def test_what_may_not_be_processed_any_more_says_so_and_is_not_asked(fleet: Fleet) -> None:
    first, second = fleet.idle(2)
    (lane,) = fleet.claim()
    fleet.company.change("mailbox", first, statecode=1)
    fleet.carry_out(lane)
    assert fleet.polled == [second]
    assert fleet.row(first).inflight is None
    assert "active" in fleet.row(first).gapreason


def test_a_poll_that_breaks_off_gives_all_that_it_left_a_pass(fleet: Fleet) -> None:
    ids = fleet.idle(3)
    (lane,) = fleet.claim()

    def poll(waiting: Sequence[UUID]) -> Iterator[tuple[UUID, bool]]:
        yield waiting[0], False
        raise PostroomError("The store is tired.")

    runner = InlineRunner(fleet.office)
    assert carry_out_lane(runner, fleet.office, poll, lane) == 2
    runner.drain()
    assert len(fleet.passes) == 2
    assert set(fleet.passes) < set(ids)


def test_a_wish_while_it_is_looked_at_is_followed_by_a_pass(fleet: Fleet) -> None:
    (id,) = fleet.idle(1)
    (lane,) = fleet.claim()

    def poll(waiting: Sequence[UUID]) -> Iterator[tuple[UUID, bool]]:
        with fleet.database.write() as connection:
            workloads.hint(connection, waiting, fleet.clock.now(), Workload.INCOMING)
        yield waiting[0], False

    carry_out_lane(InlineRunner(fleet.office), fleet.office, poll, lane)
    assert fleet.row(id).dueon == fleet.clock.now()
    assert fleet.claim() == []
    assert [ticket.mailbox_id for ticket in fleet.claim_alone()] == [id]


def test_a_lane_that_was_taken_over_changes_nothing(fleet: Fleet) -> None:
    ids = fleet.idle(2)
    (lane,) = fleet.claim()

    def poll(waiting: Sequence[UUID]) -> Iterator[tuple[UUID, bool]]:
        fleet.clock.at += 5 * LEASE
        with fleet.database.write() as connection:
            for ticket in lane:
                workloads.release(connection, ticket, due_at=fleet.clock.now(), reason="Broken off.")
        again = fleet.claim()
        assert [ticket.sequence for each in again for ticket in each] == [2, 2]
        yield from ((id, True) for id in waiting)

    runner = InlineRunner(fleet.office)
    assert carry_out_lane(runner, fleet.office, poll, lane) == 0
    assert runner.drain() == []
    assert {fleet.row(id).inflight for id in ids} == {2}


def test_two_workers_never_have_the_same_mailbox_in_their_lanes(fleet: Fleet) -> None:
    fleet.idle(20)
    (first, second), other = (
        fleet.claim(),
        Office(fleet.database, {Workload.INCOMING: fleet.run}, clock=fleet.clock, host="there", lease=LEASE),
    )
    with fleet.database.write() as connection:
        assert len(lanes.begin(connection, first, host="here", now=fleet.clock.now(), lease=LEASE)) == 10
    assert carry_out_lane(InlineRunner(other), other, fleet.poll, first) == 0
    assert fleet.polled == []
    assert carry_out_lane(InlineRunner(other), other, fleet.poll, second) == 0
    assert len(fleet.polled) == 10


class TestWorker:
    """Lanes in a real worker."""

    @pytest.fixture
    def crew(self, database: Database, tmp_path: Path, fleet: Fleet) -> Callable[..., Crew]:
        fleet.clock = SystemClock()

        def made(**more: Any) -> Crew:
            passes = {Workload.INCOMING: fleet.run}
            return Crew(database, passes, home=tmp_path, machine="here", poll=fleet.poll, threads=4, **more)

        return made

    def test_it_looks_at_all_of_them_and_runs_a_pass_where_there_is_news(
        self, fleet: Fleet, crew: Callable[..., Crew]
    ) -> None:
        ids = fleet.idle(60)
        fleet.news = {ids[7], ids[41]}
        worker = Worker(crew())
        worker.start()
        try:
            wait_until(lambda: all(row.lastendedon is not None for row in fleet.rows()), seconds=60)
        finally:
            worker.stop()
        assert sorted(fleet.polled) == sorted(ids)
        assert sorted(fleet.passes) == sorted(fleet.news)
        assert all(row.inflight is None for row in fleet.rows())

    def test_a_lane_of_a_worker_that_died_is_taken_over(
        self, fleet: Fleet, crew: Callable[..., Crew]
    ) -> None:
        ids = fleet.idle(12)
        lane, *rest = fleet.claim()
        with fleet.database.write() as connection:
            # A worker began the lanes and is gone; nobody has heard of its workflow.
            for each in (lane, *rest):
                lanes.begin(connection, each, host="gone", now=fleet.clock.now() - 5 * LEASE, lease=LEASE)
        worker = Worker(crew(lease=timedelta(seconds=3)))
        worker.start()
        try:
            wait_until(lambda: all(row.lastendedon is not None for row in fleet.rows()), seconds=60)
        finally:
            worker.stop()
        assert set(fleet.polled) == set(ids)
