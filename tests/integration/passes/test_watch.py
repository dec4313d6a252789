"""News from the server make a mailbox due; one of the fleet listens for all."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.company import Company
from tests.support.exchange_company import ANN, SALES, an_exchange_of
from tests.support.ledgers import from_carl

from postroom.app.watch import Watch, to_be_watched
from postroom.passes.receive import receive
from postroom.sandbox.exchange import SandboxExchange
from postroom.sandbox.faults import Fault, Misbehaviour
from postroom.schema import registry
from postroom.schema.choices import Workload
from postroom.store import workloads
from postroom.store.database import Database
from postroom.store.watchman import Watchman

pytestmark = pytest.mark.integration


@pytest.fixture
def server(company: Company) -> Iterator[SandboxExchange]:
    """Ann's mailbox on an Exchange, tested."""
    with an_exchange_of(company) as running:
        company.enable(ANN)
        receive(company.context, company.mailbox(ANN))
        rest(company)
        yield running


def rest(company: Company) -> None:
    """Have nothing due for an hour."""
    with company.context.database.write() as connection:
        workloads.hint(connection, [company.mailbox(ANN)], company.clock.now() + timedelta(hours=1))


def is_due(company: Company) -> bool:
    where = {"mailboxid": company.mailbox(ANN), "workload": Workload.INCOMING}
    (row,) = company.rows("postroom_workload", **where)
    return bool(row["dueon"] <= company.clock.now())


def until(happens: Callable[[], object], seconds: float = 20) -> None:
    """Wait until it happens."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def settled(company: Company, server: SandboxExchange) -> None:
    """Wait until the server has a listener, and what the beginning made due has been seen to."""
    until(lambda: len(server.subscriptions))
    rest(company)


def test_new_mail_makes_its_mailbox_due_at_once(company: Company, server: SandboxExchange) -> None:
    with Watch(company.context):
        settled(company, server)
        assert not is_due(company)
        server.office.deliver(ANN, from_carl())
        until(lambda: is_due(company))


def test_news_do_not_break_into_the_gap_after_a_failure(company: Company, server: SandboxExchange) -> None:
    database, mailbox = company.context.database, company.mailbox(ANN)
    with database.write() as connection:
        table = registry.by_logical_name("postroom_workload").table
        connection.execute(sa.update(table).where(table.c.mailboxid == mailbox).values(failurecount=2))
        assert workloads.tell_of_news(connection, [mailbox], company.clock.now()) == 0
    assert not is_due(company)


def test_only_one_of_two_workers_listens_until_it_is_gone(company: Company, server: SandboxExchange) -> None:
    with Watch(company.context, review_seconds=0.1):
        until(lambda: len(server.subscriptions) == 1)
        other = Watchman(Database(company.context.database.url))
        assert not other.is_on()
        with Watch(company.context, review_seconds=0.1):
            time.sleep(0.3)
            assert len(server.subscriptions) == 1
    assert other.is_on()
    assert other.is_on()
    other.go_off()


HOLD = """
import sys, time
from postroom.store.database import Database
from postroom.store.watchman import Watchman
assert Watchman(Database(sys.argv[1])).is_on()
print("on", flush=True)
time.sleep(60)
"""


def test_the_post_of_a_killed_worker_is_free_at_once(company: Company) -> None:
    url = company.context.database.url.render_as_string(hide_password=False)
    watchman = Watchman(company.context.database)
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"on\n"
        assert not watchman.is_on()
        holder.kill()
        holder.wait()
    until(watchman.is_on)
    watchman.go_off()


def test_a_mailbox_whose_server_gives_no_news_is_left_to_being_looked_at(
    company: Company, server: SandboxExchange
) -> None:
    server.faults.add(Fault(Misbehaviour.FAULT, operation="Subscribe", answer="ErrorInvalidOperation"))
    with Watch(company.context, review_seconds=0.1):
        until(lambda: company.rows("tracelog", tracecode=17))
    assert len(company.rows("tracelog", tracecode=17)) == 1


def test_mailboxes_that_may_not_be_read_are_not_listened_to(
    company: Company, server: SandboxExchange
) -> None:
    assert set(to_be_watched(company.context)) == {company.mailbox(ANN)}, f"not {SALES}, which is on POP3"
    company.update("emailserverprofile", company.ids["exchange"], statecode=1, statuscode=2)
    assert to_be_watched(company.context) == {}
