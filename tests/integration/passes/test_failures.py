"""Failures of items are let go after their time, and never what alone tells of an act in doubt."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.guid_items import Desk
from tests.support.items import NOON

from postroom.app.service import tend
from postroom.passes.failures import forget_old_failures
from postroom.reconcile.item import Kind, Side
from postroom.reconcile.pair import Doing, Failure, Link, Pair, Pending
from postroom.schema.ids import new_id
from postroom.store import marks, pairs

REFUSED = Pending(Doing.CREATE, Side.SERVER, "token", is_refused=True)


@pytest.fixture
def desk(company: Company) -> Desk:
    """Ann's items."""
    company.clock.at = NOON
    return Desk(company)


def failed(desk: Desk, company: Company, **values: object) -> tuple[UUID, Pair]:
    """Have a task whose creation on the server was refused; return its key and its pair."""
    task = company.create("task", subject="Call", ownerid=desk.user)
    (row,) = company.rows("task", activityid=task)
    failure = Failure(3, str(row["versionnumber"]), "", "refused")
    made = Pair(
        str(new_id()), Kind.TASK, str(task), None, link=Link.PENDING, pending=REFUSED, failure=failure
    )
    pair = replace(made, **values)  # type: ignore[arg-type]
    with company.context.database.write() as connection:
        pairs.store(company.context.database, connection, desk.user, pair, "Call", company.clock.at)
        counted = {"items:pairs": str(pairs.count(connection, desk.user))}
        marks.keep(connection, desk.mailbox, counted, company.clock.at)
    return task, pair


def test_a_failure_is_kept_for_its_days_and_while_nothing_has_changed(desk: Desk, company: Company) -> None:
    task, _ = failed(desk, company)
    company.clock.at += timedelta(days=30)
    assert forget_old_failures(company.context) == 0, "it would only fail once more"
    company.clock.at = NOON + timedelta(days=3)
    company.update("task", task, subject="Call again")
    assert forget_old_failures(company.context) == 0
    company.clock.at += timedelta(seconds=1)
    tend(company.context)
    assert desk.pairs() == []
    with company.context.database.read() as connection:
        known = marks.read(connection, desk.mailbox)
    assert known["items:pairs"] == "0", "nobody takes it for a pair that got lost"


def test_a_failure_goes_with_its_record(desk: Desk, company: Company) -> None:
    task, _ = failed(desk, company)
    with company.context.database.write() as connection:
        company.context.records.delete(connection, "task", task)
    company.clock.at += timedelta(days=4)
    assert forget_old_failures(company.context) == 1
    assert desk.pairs() == []


def test_a_linked_pair_stays_and_forgets_that_it_failed(desk: Desk, company: Company) -> None:
    task, pair = failed(desk, company, server_id="server-1", link=Link.LINKED, pending=None)
    company.update("task", task, subject="Call again")
    company.clock.at += timedelta(days=4)
    assert forget_old_failures(company.context) == 1
    assert desk.pairs() == [replace(pair, failure=None)]


@pytest.mark.parametrize("becomes", ["changed", "gone"])
def test_an_act_in_doubt_is_kept_whatever_became_of_its_record(
    desk: Desk, company: Company, becomes: str
) -> None:
    task, pair = failed(desk, company, pending=replace(REFUSED, is_refused=False))
    if becomes == "changed":
        company.update("task", task, subject="Call again")
    else:
        with company.context.database.write() as connection:
            company.context.records.delete(connection, "task", task)
    company.clock.at += timedelta(days=400)
    assert forget_old_failures(company.context) == 0
    assert desk.pairs() == [pair]
