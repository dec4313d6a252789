"""The commands serve and key, as processes: a key is made, the server answers it and ends when told."""

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.support.certificates import Authority
from tests.support.commands import Cli, a_command_line
from tests.support.company import on_sqlite

from postroom.cli.serve import check_tls
from postroom.errors import UserError
from postroom.store.records import Records

pytestmark = on_sqlite


@pytest.fixture
def cli(
    records: Records,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Cli]:
    """The command line over an empty store."""
    with a_command_line(database_url, tmp_path / "home", monkeypatch, capsys) as made:
        yield made


@contextmanager
def _served(*words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `postroom serve` on a free port; give its address and the process."""
    command = [sys.executable, "-m", "postroom.cli", "serve", "--port", "0", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        match = re.search(r"https?://\S+?:\d+", line)
        assert match is not None, line
        yield match[0], process
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()


def _line(url: str, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
    host = url.partition("://")[2]
    if context is None:
        return http.client.HTTPConnection(host, timeout=60)
    return http.client.HTTPSConnection(host, timeout=60, context=context)


def _who(url: str, key: str, context: ssl.SSLContext | None = None) -> int:
    with closing(_line(url, context)) as line:
        line.request("GET", "/api/data/v9.2/WhoAmI", headers={"Authorization": f"Bearer {key}"})
        return line.getresponse().status


def _page(url: str, path: str, context: ssl.SSLContext | None = None) -> bytes:
    with closing(_line(url, context)) as line:
        line.request("GET", path)
        return line.getresponse().read()


def test_a_key_from_the_command_line_opens_the_server_and_the_server_ends_when_told(
    cli: Cli, tmp_path: Path
) -> None:
    status, printed = cli("key", "create", "robot", "--role", "administrator", "--json")
    key = json.loads(printed)["key"]
    assert status == 0
    authority = Authority()
    certificate, private = authority.leaf().write(tmp_path)
    context = ssl.create_default_context(cadata=authority.pem)
    with _served("--tls-cert", str(certificate), "--tls-key", str(private)) as (url, process):
        assert url.startswith("https://127.0.0.1:")
        here = url.replace("127.0.0.1", "localhost")
        assert _who(here, key, context) == 200
        assert b"postroom_" in _page(here, "/metrics", context)
        assert json.loads(_page(here, "/healthz", context))["ok"] is True
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_server_without_worker_answers_as_well(cli: Cli) -> None:
    _, printed = cli("key", "create", "robot", "--role", "reader")
    with _served("--no-worker") as (url, process):
        assert _who(url, printed.strip()) == 200
        assert json.loads(_page(url, "/readyz")) == {"ok": True, "checks": {"store": "ok"}}
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_keys_are_listed_without_their_texts_and_revoked(cli: Cli) -> None:
    _, printed = cli("key", "create", "robot", "--role", "reader", "--days", "3")
    key = printed.strip()
    status, listed = cli("key", "list", "--json")
    (row,) = json.loads(listed)
    assert (status, row["name"], row["role"], row["revokedon"]) == (0, "robot", "Reader", None)
    assert key not in listed
    assert cli("key", "revoke", "robot")[0] == 0
    assert json.loads(cli("key", "list", "--json")[1])[0]["revokedon"]
    assert cli("key", "revoke", "robot")[0] == 1
    assert cli("key", "create", "robot", "--role", "reader")[0] == 0


def test_a_role_without_its_user_is_refused(cli: Cli) -> None:
    status, printed = cli("key", "create", "x", "--role", "mailbox-owner")
    assert status == 1
    assert "--user" in printed
    assert cli("key", "create", "x", "--role", "mailbox-owner", "--user", "nobody@x.example")[0] == 1
    assert cli("key", "create", "x", "--role", "king")[0] == 2


def test_half_of_what_tls_needs_is_refused(cli: Cli, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="both"):
        check_tls(tmp_path / "cert.pem", None)
    with pytest.raises(UserError, match="no file"):
        check_tls(tmp_path / "cert.pem", tmp_path / "key.pem")
