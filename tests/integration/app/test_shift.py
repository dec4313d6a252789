"""A worker seen from outside: what it answers to supervisors and to Prometheus."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.mailboxes import Company
from tests.support.workers import wait_until

from postroom.app.metrics import STANDING, STORE_UP, Metrics
from postroom.app.probes import answering, fault_of_store
from postroom.app.settings import Settings
from postroom.app.shift import questions_of
from postroom.app.wiring import Postroom
from postroom.engine.fleet import Crew
from postroom.engine.worker import Worker
from postroom.errors import UserError
from postroom.passes.result import PassResult
from postroom.ports.clock import ManualClock
from postroom.schema.choices import EmailStatus, SendOutcome, TraceLevel, Workload
from postroom.schema.ids import new_id
from postroom.store.database import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ask(port: int, path: str) -> tuple[int, str]:
    """Return status and body of an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


@contextmanager
def a_worker_process(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the command, and give it and the port of its answers, which may be before it works."""
    command = [sys.executable, "-m", "postroom.cli", "worker", "--metrics-port", "0"]
    environment = {
        **os.environ,
        "POSTROOM_HOME": str(settings.home),
        "POSTROOM_DATABASE_URL": settings.database_url,
    }
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            port = next(
                int(found[1])
                for line in process.stderr
                if (found := re.search(r"answering .* at port (\d+)", line))
            )
            yield process, port
        finally:
            process.kill()


def test_a_worker_answers_while_it_works_and_ends_well_when_told(
    settings: Settings, company: Company
) -> None:
    with a_worker_process(settings) as (process, port):
        wait_until(lambda: ask(port, "/readyz")[0] == 200)
        assert ask(port, "/healthz") == (200, '{"ok": true, "checks": {"worker": "ok"}}\n')
        assert json.loads(ask(port, "/readyz")[1]) == {"ok": True, "checks": {"worker": "ok", "store": "ok"}}
        status, page = ask(port, "/metrics")
        assert status == 200
        assert "postroom_store_up 1.0" in page
        assert "process_resident_memory_bytes" in page
        assert ask(port, "/metrics?name=x")[0] == 200
        assert ask(port, "/secret.key")[0] == 404

        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 0


class TestFromInside:
    """A worker in this process, whose inside can be broken."""

    @pytest.fixture
    def metrics(self, postroom: Postroom) -> Metrics:
        return Metrics(postroom.database, postroom.clock)

    @pytest.fixture
    def worker(self, database: Database, metrics: Metrics, tmp_path: Path) -> Worker:
        """A worker that has not started, and whose passes do nothing."""
        crew = Crew(
            database,
            {Workload.INCOMING: lambda mailbox, workload: PassResult(items=1)},
            home=tmp_path,
            machine="test",
            threads=1,
            witness=metrics.witness,
        )
        return Worker(crew)

    def test_it_is_ready_only_between_its_start_and_the_word_to_stop(
        self,
        postroom: Postroom,
        worker: Worker,
        metrics: Metrics,
        company: Company,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        company.mailboxes(1)
        with answering("127.0.0.1", 0, questions_of(postroom, worker, metrics)) as port:
            assert ask(port, "/readyz")[0] == 503
            assert ask(port, "/healthz")[0] == 200
            worker.start()
            try:
                assert ask(port, "/readyz")[0] == 200
                done = 'postroom_passes_total{outcome="done",workload="incoming"} 1.0'
                wait_until(lambda: done in ask(port, "/metrics")[1])
                with monkeypatch.context() as dead:
                    dead.setattr(worker._refilling, "is_alive", lambda: False)
                    assert ask(port, "/healthz")[0] == 503
                assert ask(port, "/healthz")[0] == 200
            finally:
                worker.stop(patience_seconds=5)
            status, body = ask(port, "/readyz")
            assert (status, "starting or stopping" in body) == (503, True)
            assert ask(port, "/healthz")[0] == 200


def test_a_store_that_does_not_fit_is_no_store_to_work_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fault_of_store(database) == ""
    monkeypatch.setattr("postroom.store.migrations._revisions", lambda: ["0000"])
    assert "later release" in fault_of_store(database)


def test_a_store_that_can_not_be_asked_is_said_so_without_its_address(tmp_path: Path) -> None:
    away = Database(f"postgresql+psycopg://somebody@127.0.0.1:{a_closed_port()}/nothing")
    assert fault_of_store(away) == "the store can't be asked"
    away.dispose()


def a_closed_port() -> int:
    with answering("127.0.0.1", 0, {}) as port:
        return port


def test_a_port_that_is_taken_is_named_with_a_cure() -> None:
    with (
        answering("127.0.0.1", 0, {}) as port,
        pytest.raises(UserError, match=f"127.0.0.1:{port}.*--metrics-port"),
        answering("127.0.0.1", port, {}),
    ):
        pass


@pytest.fixture
def value(database: Database) -> Callable[..., float | None]:
    """A number of the store, as it is at noon."""
    metrics = Metrics(database, ManualClock(NOON))

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    return value


def test_the_line_of_every_workload_is_shown_with_the_longest_wait(
    company: Company, value: Callable[..., float | None]
) -> None:
    late, later, failing = company.mailboxes(3)
    (stopped,) = company.mailboxes(1, enabledforincomingemail=False)
    for mailbox, ago, more in (
        (late, 60, {}),
        (later, 300, {}),
        (failing, -60, {"failurecount": 2, "inflight": 4}),
        (stopped, 9999, {}),
    ):
        company.insert(
            "postroom_workload",
            postroom_workloadid=new_id(),
            mailboxid=mailbox,
            workload=Workload.INCOMING,
            sequence=4,
            emptycount=0,
            hinted=False,
            dueon=NOON - timedelta(seconds=ago),
            lastsucceededon=NOON - timedelta(seconds=ago + 1000),
            **{"failurecount": 0, **more},
        )

    assert value("postroom_workloads", workload="incoming", state="waiting") == 2
    assert value("postroom_workloads", workload="incoming", state="in_flight") == 1
    assert value("postroom_workloads", workload="incoming", state="failing") == 1
    assert value("postroom_lateness_seconds", workload="incoming") == 300
    assert value("postroom_silence_seconds", workload="incoming") == 1300
    assert value("postroom_silence_seconds", workload="items") == 0
    assert value("postroom_workloads", workload="items", state="waiting") == 0
    assert value("postroom_lateness_seconds", workload="items") == 0


def test_what_waits_for_a_person_is_shown(company: Company, value: Callable[..., float | None]) -> None:
    (mailbox,) = company.mailboxes(1)
    for level in (TraceLevel.ERROR, TraceLevel.ERROR, TraceLevel.WARNING):
        company.insert("tracelog", tracelogid=new_id(), level=level, text="x", regardingobjectid=mailbox)
    for status, outcome in (
        (EmailStatus.PENDING_SEND, None),
        (EmailStatus.FAILED, SendOutcome.UNCERTAIN),
        (EmailStatus.FAILED, SendOutcome.REFUSED),
    ):
        company.insert("email", activityid=new_id(), statuscode=status, postroom_sendoutcome=outcome)
    for state in (0, 0, 1):
        company.insert(
            "postroom_quarantine",
            postroom_quarantineid=new_id(),
            mailboxid=mailbox,
            cause=0,
            state=state,
            createdon=NOON,
        )

    assert value("postroom_alerts", level="error") == 2
    assert value("postroom_alerts", level="information") == 0
    assert value("postroom_outbox_emails", state="waiting") == 1
    assert value("postroom_outbox_emails", state="sending") == 0
    assert value("postroom_outbox_emails", state="uncertain") == 1
    assert value("postroom_quarantined_messages") == 2
    assert value(STORE_UP) == 1


def test_connections_to_the_database_are_shown(
    database: Database, value: Callable[..., float | None]
) -> None:
    assert value("postroom_database_connections", state="in_use") == 0
    with database.read():
        assert value("postroom_database_connections", state="in_use") == 1
    assert value("postroom_database_connections", state="in_use") == 0


def test_every_number_of_the_store_is_shown_in_a_store_without_rows(
    value: Callable[..., float | None], database: Database
) -> None:
    shown = {family.name for family in Metrics(database, ManualClock(NOON)).registry.collect()}
    assert {gauged.name for gauged in STANDING} <= shown
    assert value(STORE_UP) == 1
