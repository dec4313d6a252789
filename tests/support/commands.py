"""The command line over a test's own store, run as a person runs it."""

import base64
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from postroom.cli.entry import run

#: Runs a command and returns its exit status and what it printed.
Cli = Callable[..., tuple[int, str]]


@contextmanager
def a_command_line(
    database_url: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Cli]:
    """Give the command line over this store; its key is that of the fixture `secrets`."""
    home.mkdir(exist_ok=True)
    key = home / "secret.key"
    key.write_text(f"test {base64.b64encode(bytes(32)).decode()}\n")
    key.chmod(0o600)
    monkeypatch.setenv("POSTROOM_HOME", str(home))
    monkeypatch.setenv("POSTROOM_DATABASE_URL", database_url)
    monkeypatch.setenv("NO_COLOR", "1")

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
