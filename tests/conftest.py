"""Fixtures that many tests share: the store on both databases, the clock, Hypothesis profiles."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from postroom.app.secrets import AesGcmSecrets
from postroom.ports.clock import ManualClock
from postroom.sandbox.exchange import SandboxExchange
from postroom.store import migrations
from postroom.store.database import Database
from postroom.store.records import Records
from tests.support import postgres
from tests.support.ews_schema import Traffic

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci", max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if "CI" in os.environ else "dev")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A private PostgreSQL server, started when the first test asks for it."""
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "postroom.sqlite"
    database = Database(f"sqlite:///{path}")
    migrations.upgrade(database)
    database.dispose()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store of the test's own, with all tables and no rows; once per kind of database."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("_sqlite_template")
        shutil.copy(template, tmp_path / "postroom.sqlite")
        yield f"sqlite:///{tmp_path}/postroom.sqlite"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    url = server.fresh()
    yield url
    server.give_back(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A store of the test's own."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at noon of an ordinary day until it is moved."""
    return ManualClock(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))


@pytest.fixture
def secrets() -> AesGcmSecrets:
    """Secrets under a key that means nothing."""
    return AesGcmSecrets({"test": bytes(32)}, "test")


@pytest.fixture
def records(database: Database, secrets: AesGcmSecrets, clock: ManualClock) -> Records:
    """Validated rows of the store, with its one organization in place."""
    made = Records(database, secrets, clock)
    with database.write() as connection:
        made.ensure_organization(connection)
    return made


@pytest.fixture(autouse=True)
def ews_traffic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    """What the test's Exchanges are told and answer: valid, where the schemas are at hand."""
    traffic = Traffic()
    monkeypatch.setattr(SandboxExchange, "hear", staticmethod(traffic.hear))
    yield traffic
    assert not traffic.violations, "\n\n".join(traffic.violations[:5])
