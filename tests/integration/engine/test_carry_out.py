"""One pass carried out while this process is at another one over the same mailbox, on both databases."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.support.mailboxes import Company

from postroom.engine.fleet import Crew
from postroom.engine.runner import InlineRunner, carry_out
from postroom.engine.work import LEASE, Office
from postroom.passes.result import PassResult
from postroom.ports.clock import ManualClock
from postroom.schema.choices import Workload
from postroom.store import workloads
from postroom.store.database import Database
from postroom.store.workloads import Ticket


class Desk:
    """An office whose passes count themselves, and tickets for it."""

    def __init__(self, database: Database, clock: ManualClock, home: Path) -> None:
        self.database = database
        self.clock = clock
        self.runs = 0
        crew = Crew(database, {Workload.INCOMING: self._run}, home, "box", clock=clock)
        self.office: Office = crew.office("here")
        self.runner = InlineRunner(self.office)

    def _run(self, _mailbox: UUID, _workload: Workload) -> PassResult:
        self.runs += 1
        return PassResult(items=1)

    def claim(self) -> list[Ticket]:
        with self.database.write() as connection:
            self.office.prepare(connection)
            now = self.clock.now()
            return list(workloads.claim_due(connection, now, 10, workloads=[Workload.INCOMING], lease=LEASE))

    def row(self, company: Company, ticket: Ticket) -> Any:
        return company.rows("postroom_workload", mailboxid=ticket.mailbox_id, workload=0)[0]


@pytest.fixture
def desk(database: Database, clock: ManualClock, tmp_path: Path) -> Desk:
    """An office at noon."""
    return Desk(database, clock, tmp_path)


def test_a_pass_whose_forerunner_has_not_left_yet_is_put_off_and_not_forgotten(
    company: Company, desk: Desk
) -> None:
    company.mailboxes(1)
    (ticket,) = desk.claim()
    desk.office.enter(replace(ticket, sequence=ticket.sequence - 1))

    assert carry_out(desk.runner, desk.office, ticket) is None

    row = desk.row(company, ticket)
    assert (desk.runs, row.inflight, row.hostid) == (0, None, None)
    assert timedelta() < row.dueon - desk.clock.at < timedelta(seconds=30)
    assert company.mailbox(ticket.mailbox_id).processingstatecode == 0
    desk.office.leave(replace(ticket, sequence=ticket.sequence - 1))
    desk.clock.at = row.dueon
    (again,) = desk.claim()
    assert carry_out(desk.runner, desk.office, again) is not None


def test_the_same_pass_handed_over_twice_is_left_to_the_first(company: Company, desk: Desk) -> None:
    company.mailboxes(1)
    (ticket,) = desk.claim()
    desk.office.enter(ticket)

    assert carry_out(desk.runner, desk.office, ticket) is None

    assert (desk.runs, desk.row(company, ticket).inflight) == (0, ticket.sequence)


def test_a_pass_that_another_host_is_at_is_not_put_off_by_us(company: Company, desk: Desk) -> None:
    company.mailboxes(1)
    (ticket,) = desk.claim()
    with desk.database.write() as connection:
        workloads.begin(connection, ticket, host="elsewhere", now=desk.clock.at, lease=LEASE)
    desk.office.enter(replace(ticket, sequence=ticket.sequence - 1))

    assert carry_out(desk.runner, desk.office, ticket) is None

    row = desk.row(company, ticket)
    assert (row.inflight, row.hostid) == (ticket.sequence, "elsewhere")
