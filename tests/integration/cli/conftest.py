"""The company that commands are tried on, on both databases, with its servers and its command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.commands import Cli, a_command_line
from tests.support.company import Company, a_company

from postroom.store.records import Records


@pytest.fixture
def company(records: Records, tmp_path: Path) -> Iterator[Company]:
    """A working company over the sandbox's servers."""
    with a_company(records, tmp_path) as made:
        yield made


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
