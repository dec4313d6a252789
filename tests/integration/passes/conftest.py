"""The company that passes are tried on, on both databases, and the ways to run it as people do."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.support.commands import Cli, a_command_line
from tests.support.company import Company, a_company

from postroom.app.secrets import AesGcmSecrets
from postroom.app.service import crew_of
from postroom.app.settings import settings_in
from postroom.app.wiring import Postroom
from postroom.engine.fleet import run_due
from postroom.engine.work import Settled
from postroom.store.blobs import DirectoryBlobs
from postroom.store.records import Records

#: Runs everything that is due, as `postroom run-once` does.
RunPasses = Callable[[], Sequence[Settled]]


@pytest.fixture
def company(records: Records, tmp_path: Path) -> Iterator[Company]:
    """A working company over the sandbox's servers."""
    with a_company(records, tmp_path) as made:
        yield made


@pytest.fixture
def run_passes(company: Company, secrets: AesGcmSecrets, tmp_path: Path) -> RunPasses:
    """The engine over the company's store."""
    context = company.context
    postroom = Postroom(
        settings_in(tmp_path / "home"),
        context.database,
        context.records,
        secrets,
        context.clock,
        DirectoryBlobs(tmp_path / "blobs"),
    )
    return lambda: run_due(crew_of(postroom, threads=1))


@pytest.fixture
def cli(
    company: Company,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Cli]:
    """The command line over the company's store."""
    with a_command_line(database_url, tmp_path / "home", monkeypatch, capsys) as made:
        yield made
