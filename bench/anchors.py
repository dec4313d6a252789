"""The contenders that are not ours: fetch tools and generators in C, and the naive program."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.measure import Contender, Run, python
from bench.servers import PASSWORD


def count_rows(database: Path, table: str) -> int:
    """Return how many rows a table of a SQLite file has."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        found: int = connection.execute(f"select count(*) from {table}").fetchone()[0]  # noqa: S608
        return found


def count_said(_: Path, run: Run) -> int:
    """Return how many messages the process says it handled."""
    return int(run.said["messages"])


def mpop(port: int, user: str, count: int, *, rounds: int | None = None) -> Contender:
    """Fetch into a Maildir in memory with mpop: pipelined, in C, and nothing is read."""

    def command(directory: Path) -> Sequence[str]:
        for part in ("cur", "new", "tmp"):
            (directory / "Maildir" / part).mkdir(parents=True)
        options = {
            "host": "127.0.0.1",
            "port": port,
            "user": user,
            "passwordeval": f"echo {PASSWORD}",
            "auth": "user",
            "tls": "off",
            "pipelining": "auto",
            "keep": "on",
            "received-header": "off",
            "uidls-file": directory / "uidls",
            "delivery": f"maildir,{directory / 'Maildir'}",
        }
        return ["mpop", "--quiet", *(f"--{key}={value}" for key, value in options.items())]

    def check(directory: Path, _: Run) -> int:
        return sum(1 for _ in (directory / "Maildir/new").iterdir())

    return Contender("mpop -> Maildir in memory", command, count, check, in_memory=True, rounds=rounds)


def naive(port: int, user: str, count: int, *, rounds: int | None = None) -> Contender:
    """Give what one writes first: poplib, compat32, a transaction per message."""

    def command(directory: Path) -> Sequence[str]:
        return python("-m", "bench.steps.naive", str(port), user, str(directory / "naive.sqlite"))

    def check(directory: Path, _: Run) -> int:
        return count_rows(directory / "naive.sqlite", "message")

    return Contender("poplib + compat32 + 1 transaction each", command, count, check, rounds=rounds)


_FETCH_NAMES = {
    "poplib": "poplib, thrown away",
    "socket": "bare socket pipelined, thrown away",
    "source": "our POP3 source, thrown away",
}


def fetch(way: str, port: int, user: str, count: int, *, rounds: int | None = None) -> Contender:
    """Only fetch: `poplib`, `socket` or `source`."""
    command = python("-m", "bench.steps.fetch", way, str(port), user)
    return Contender(_FETCH_NAMES[way], _same(command), count, count_said, rounds=rounds)


_PARSE_NAMES = {
    "stdlib": "only reading files: stdlib compat32",
    "product": "only reading files: our reader",
    "pure": "only reading files: our reader, pure Python",
}


def parse(way: str, folder: Path, count: int, *, rounds: int | None = None) -> Contender:
    """Only read messages from the files of a Maildir: `stdlib`, `product` or `pure`."""
    more = ["product", str(folder), "pure"] if way == "pure" else [way, str(folder)]
    command = python("-m", "bench.steps.parse", *more)
    return Contender(_PARSE_NAMES[way], _same(command), count, count_said, rounds=rounds)


def smtp_source(
    port: int, count: int, size: int, *, sessions: int = 1, rounds: int | None = None
) -> Contender:
    """Send generated messages over kept connections with Postfix's smtp-source."""
    command = ["/usr/sbin/smtp-source", "-d", "-s", str(sessions), "-m", str(count), "-l", str(size)]
    command += ["-f", "sales@postroom.example", "-t", "person@firm.example", f"127.0.0.1:{port}"]
    return Contender(f"smtp-source -d, {sessions} connections", _same(command), count, rounds=rounds)


def _same(command: Sequence[str]) -> Callable[[Path], Sequence[str]]:
    def give(_: Path) -> Sequence[str]:
        return command

    return give
