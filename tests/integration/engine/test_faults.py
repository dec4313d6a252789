"""Workers whose database, network, release or own passes fail them; on real stores."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.engine import make_url
from tests.support import postgres
from tests.support.mailboxes import Company
from tests.support.wire import Wire
from tests.support.workers import Workers, wait_until

from postroom.ports.clock import SystemClock
from postroom.schema.choices import Workload
from postroom.store import workloads
from postroom.store.database import Database

pytestmark = pytest.mark.integration

#: No fault may take longer to be got over than this, also on a slow machine.
PATIENCE = 60
LEASE = 3


class Fleet:
    """Mailboxes, wishes for them, and what came of these."""

    def __init__(self, company: Company, database: Database, workers: Workers) -> None:
        self.company = company
        self.database = database
        self.workers = workers

    def hint(self, mailboxes: list[UUID]) -> None:
        with self.database.write() as connection:
            workloads.hint(connection, mailboxes, SystemClock().now(), Workload.INCOMING)

    def wait_for_more(self, mailboxes: list[UUID], pid: int | None = None) -> None:
        """Wish for passes until every mailbox has had one more, or any of them by one worker."""
        seen = len(self.workers.events())

        def have_had_more() -> bool:
            self.hint(mailboxes)
            ended = [event for event in self.workers.events()[seen:] if event.what == "end"]
            if pid is not None:
                return pid in {event.pid for event in ended}
            return set(mailboxes) <= {event.mailbox for event in ended}

        wait_until(have_had_more, seconds=PATIENCE)

    def wait_for_rest(self, mailboxes: list[UUID]) -> None:
        """Wait until no row is in flight and no mailbox is marked as being processed."""

        def is_at_rest() -> bool:
            in_flight = [row for row in self.company.rows("postroom_workload") if row.inflight is not None]
            marked = [key for key in mailboxes if self.company.mailbox(key).processingstatecode]
            return not in_flight and not marked

        wait_until(is_at_rest, seconds=PATIENCE)


@pytest.fixture
def fleet(company: Company, database: Database, workers: Workers) -> Fleet:
    """A fleet without workers."""
    return Fleet(company, database, workers)


@pytest.fixture
def on_postgresql(database: Database) -> None:
    """Only where there is a server that can fail."""
    if database.is_sqlite:
        pytest.skip("SQLite has no server and no network")


@pytest.mark.usefixtures("on_postgresql")
def test_workers_carry_on_when_the_database_comes_back(
    fleet: Fleet, workers: Workers, postgres_server: postgres.Server
) -> None:
    mailboxes = fleet.company.mailboxes(4)
    processes = [workers.start(home=home, seconds=0.2, lease=LEASE) for home in ("one", "two")]
    for mode in ("immediate", "fast"):
        fleet.wait_for_more(mailboxes)
        fleet.hint(mailboxes)
        postgres_server.stop(mode)
        postgres_server.start()
        fleet.database.dispose()

    for process in processes:
        fleet.wait_for_more(mailboxes, process.pid)
    fleet.wait_for_more(mailboxes)
    fleet.wait_for_rest(mailboxes)
    assert workers.events("clash") == []
    assert [workers.stop(process) for process in processes] == [0, 0]


@pytest.mark.usefixtures("on_postgresql")
def test_a_worker_cut_off_loses_its_pass_to_a_peer_and_works_again_when_the_network_is_back(
    fleet: Fleet, workers: Workers, postgres_server: postgres.Server
) -> None:
    (mailbox,) = fleet.company.mailboxes(1)
    with Wire(postgres_server.port) as wire:
        through = make_url(workers.url).set(port=wire.port).render_as_string(hide_password=False)
        cut_off = workers.start(home="one", url=through, seconds=4, lease=LEASE)
        wait_until(lambda: workers.started(mailbox), seconds=PATIENCE)
        wire.cut()
        peer = workers.start(home="two", lease=LEASE)

        wait_until(lambda: fleet.company.mailbox(mailbox).processedtimes == 1, seconds=PATIENCE)
        assert fleet.company.mailbox(mailbox).forcedunlockcount == 1
        wait_until(lambda: cut_off.pid in {event.pid for event in workers.events("end")}, seconds=PATIENCE)
        wire.mend()
        assert workers.stop(peer) == 0
        assert fleet.company.mailbox(mailbox).processedtimes == 1, "a pass that was lost was written down"
        fleet.wait_for_more([mailbox], cut_off.pid)
        fleet.wait_for_rest([mailbox])
        assert workers.stop(cut_off) == 0


@pytest.mark.usefixtures("on_postgresql")
def test_a_database_that_takes_no_writes_for_a_while_stops_nobody_for_good(
    fleet: Fleet, workers: Workers, postgres_server: postgres.Server
) -> None:
    mailboxes = fleet.company.mailboxes(2)
    process = workers.start(lease=LEASE)
    fleet.wait_for_more(mailboxes)
    fleet.hint(mailboxes)
    name = make_url(workers.url).database
    for setting in ("SET default_transaction_read_only = on", "RESET default_transaction_read_only"):
        postgres_server.execute(f"ALTER DATABASE {name} {setting}")
        postgres_server.disconnect(workers.url)

    fleet.wait_for_more(mailboxes)
    fleet.wait_for_rest(mailboxes)
    assert workers.stop(process) == 0


def test_a_locked_file_is_waited_for(fleet: Fleet, database: Database, workers: Workers) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has no file to lock")
    (mailbox,) = fleet.company.mailboxes(1)
    process = workers.start(seconds=1)
    wait_until(lambda: workers.started(mailbox), seconds=PATIENCE)
    with closing(sqlite3.connect(str(database.url.database), isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        wait_until(lambda: workers.events("end"), seconds=PATIENCE)
        other.execute("ROLLBACK")

    wait_until(lambda: fleet.company.mailbox(mailbox).processedtimes == 1, seconds=PATIENCE)
    fleet.wait_for_rest([mailbox])
    assert workers.stop(process) == 0


@pytest.mark.usefixtures("on_postgresql")
@pytest.mark.parametrize("leaving", ["old", "new"])
def test_an_older_release_works_beside_a_newer_one_and_either_can_go(
    fleet: Fleet, workers: Workers, leaving: str
) -> None:
    mailboxes = fleet.company.mailboxes(4)
    old = workers.start(home="old", version="0", lease=LEASE)
    fleet.wait_for_more(mailboxes, old.pid)
    new = workers.start(home="new", version="1", lease=LEASE)
    for process in (new, old):
        fleet.wait_for_more(mailboxes, process.pid)

    first, last = (old, new) if leaving == "old" else (new, old)

    assert workers.stop(first) == 0

    fleet.wait_for_more(mailboxes)
    fleet.wait_for_rest(mailboxes)
    assert workers.events("clash") == []
    assert workers.stop(last) == 0


def test_a_pass_that_ends_its_worker_each_time_is_put_aside_and_the_others_go_on(
    fleet: Fleet, workers: Workers, tmp_path: Path
) -> None:
    deadly, harmless = fleet.company.mailboxes(2)
    (tmp_path / f"{deadly}.deadly").touch()

    def row() -> object:
        return fleet.company.rows("postroom_workload", mailboxid=deadly, workload=0)[0]

    process = workers.start()
    deaths = 0

    def is_put_aside() -> bool:
        nonlocal process, deaths
        if process.poll() is not None:
            deaths += 1
            process = workers.start()
        return bool(fleet.company.mailbox(deadly).processedtimes)

    wait_until(is_put_aside, seconds=2 * PATIENCE)

    assert deaths == len(workers.started(deadly)) == 5
    assert "5 workers in a row did not live to end the pass" in fleet.company.mailbox(deadly).lastsyncerror
    wait_until(lambda: (fleet.company.mailbox(harmless).processedtimes or 0) >= 1, seconds=PATIENCE)
    fleet.wait_for_more([harmless])
    fleet.wait_for_rest([deadly, harmless])
    assert workers.stop(process) == 0


@contextmanager
def another_host(number: int) -> Iterator[tuple[str, list[str]]]:
    """Give our address on a line to another host, and words that run a command there."""
    name, line = f"postroom-{os.getpid()}", f"pr{os.getpid() % 10**7}"
    ours, theirs = f"10.213.{number}.1", f"10.213.{number}.2"

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("a network namespace needs root and the program ip")
    try:
        ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine allows no network namespaces: {error.stderr.decode().strip()}")
    try:
        try:
            ip("link", "add", line, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("address", "add", f"{ours}/30", "dev", line)
            ip("link", "set", line, "up")
            ip("-n", name, "address", "add", f"{theirs}/30", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine allows no lines between hosts: {error.stderr.decode().strip()}")
        yield ours, ["ip", "netns", "exec", name]
    finally:
        subprocess.run(["ip", "link", "delete", line], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


@pytest.mark.usefixtures("on_postgresql")
def test_a_worker_on_another_host_shares_the_load(
    fleet: Fleet, workers: Workers, postgres_server: postgres.Server
) -> None:
    mailboxes = fleet.company.mailboxes(4)
    with (
        another_host(os.getpid() % 250) as (ours, within),
        Wire(postgres_server.port, host=ours) as wire,
    ):
        url = make_url(workers.url).set(host=ours, port=wire.port).render_as_string(hide_password=False)
        near = workers.start(home="near", lease=LEASE)
        far = workers.start(home="far", lease=LEASE, url=url, within=within)
        for process in (near, far):
            fleet.wait_for_more(mailboxes, process.pid)
        assert [workers.stop(process) for process in (near, far)] == [0, 0]
