"""A private PostgreSQL for tests: loopback and a socket, in a directory of its own, unprivileged.

The server runs once per session. `Server.fresh` gives each test a database with all tables and no rows. It
is copied from a template that the migrations built once, or emptied after the test before, which is quicker.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

from postroom.store import migrations
from postroom.store.database import Database

_NUMBERS = count(1)
_TEMPLATE = "postroom_template"

_DISCONNECT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

# Deleting costs next to nothing where there are few rows; tables that were never touched are left alone.
_EMPTY = """
DO $$
DECLARE name text;
BEGIN
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
               AND nspname NOT IN ('public', 'information_schema')) THEN
        RAISE EXCEPTION 'this database has more schemas than the migrations make';
    END IF;
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND pg_relation_size(oid) > 0 AND relname NOT IN
                ('alembic_version', 'postroom_rowversion', 'postroom_compatibility')
    LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
END $$
"""

# fsync stays on: the tests kill processes and look at what was kept.
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "log_min_messages": "warning",
}


def binaries() -> Path | None:
    """Return the directory with the newest PostgreSQL server's programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def need_binaries() -> Path:
    """Return the directory of the programs; skip without them, except in CI, where they must be there."""
    found = binaries()
    if found is None:
        message = "PostgreSQL is not installed: apt-get install postgresql"
        if "CI" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    return found


@dataclass
class Server:
    """A running PostgreSQL server."""

    port: int
    #: Runs pg_ctl with these words.
    _control: Callable[..., None]
    _has_template: bool = False
    _idle: list[str] = field(default_factory=list)

    def stop(self, mode: str) -> None:
        """Stop the server: `fast` ends sessions in order, `immediate` is like a crash."""
        self._control("-m", mode, "stop")

    def start(self) -> None:
        """Start the server again where it was."""
        self._control("start")

    def url(self, name: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql+psycopg://postroom@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside any transaction."""
        address = f"host=127.0.0.1 port={self.port} user=postroom dbname={database}"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty(self) -> str:
        """Make a database without tables and return its URL."""
        return self._make("template0")

    def fresh(self) -> str:
        """Return the URL of a database as the migrations leave it."""
        if self._idle:
            return self._idle.pop()
        if not self._has_template:
            self.execute(f"CREATE DATABASE {_TEMPLATE}")
            database = Database(self.url(_TEMPLATE))
            migrations.upgrade(database)
            database.dispose()
            self._has_template = True
        return self._make(_TEMPLATE)

    def give_back(self, url: str) -> None:
        """Empty a database for the next test; drop it when the test put more into it than rows."""
        name = url.rpartition("/")[2]
        self.disconnect(url)
        try:
            self.execute(_EMPTY, name)
        except psycopg.Error:
            self.drop(url)
        else:
            self._idle.append(url)

    def disconnect(self, url: str) -> None:
        """End all sessions of a database, whatever they are at."""
        self.execute(_DISCONNECT, url.rpartition("/")[2])

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def _make(self, template: str) -> str:
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


@contextmanager
def running() -> Iterator[Server]:
    """Run a server in a directory of its own until the block ends."""
    programs = need_binaries()
    root = Path(tempfile.mkdtemp(prefix="postroom-pg-"))
    try:
        owner = _unprivileged()
        if owner:
            shutil.chown(root, owner)
        data, port = root / "data", _free_port()
        _run(
            owner,
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postroom",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        )
        options = f"-p {port} -h 127.0.0.1 -k {root} " + " ".join(f"-c {k}={v}" for k, v in _SETTINGS.items())

        def control(*words: str) -> None:
            fixed = ("-D", data, "-w", "-t", "60", "-l", root / "log", "-o", options)
            _run(owner, programs / "pg_ctl", *fixed, *words)

        control("start")
        try:
            yield Server(port, control)
        finally:
            control("-m", "immediate", "stop")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _unprivileged() -> str | None:
    """Return the user to run as, since PostgreSQL refuses to run as root; None when we aren't root."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(owner: str | None, *command: object) -> None:
    words = [str(word) for word in command]
    if owner:
        words = ["setpriv", f"--reuid={owner}", f"--regid={_group(owner)}", "--clear-groups", "--", *words]
    done = subprocess.run(
        words,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{command[0]} failed:\n{done.stdout}")


def _group(owner: str) -> int:
    return pwd.getpwnam(owner).pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
