"""The company that passes are tried on, on both databases, and the ways to run it as people do."""

import base64
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import structlog
from tests.support.company import Company, a_company

from postroom.app.secrets import AesGcmSecrets
from postroom.app.service import crew_of
from postroom.app.settings import settings_in
from postroom.app.wiring import Postroom
from postroom.cli.entry import run
from postroom.engine.fleet import run_due
from postroom.engine.work import Settled
from postroom.store.blobs import DirectoryBlobs
from postroom.store.records import Records

#: Runs a command and returns its exit status and what it printed.
Cli = Callable[..., tuple[int, str]]
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
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    # The key of the fixture `secrets`.
    key = home / "secret.key"
    key.write_text(f"test {base64.b64encode(bytes(32)).decode()}\n")
    key.chmod(0o600)
    monkeypatch.setenv("POSTROOM_HOME", str(home))
    monkeypatch.setenv("POSTROOM_DATABASE_URL", database_url)

    def cli(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = run(arguments)
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield cli
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
