"""Stores full of e-mail for `bench.decide`: built once for each kind of database and size, then kept.

A store of a million e-mails takes about four minutes to build and 6.6 GB, of either kind.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measure import CACHE, ROOT, BenchmarkError, environment, python
from bench.servers import postgres

#: Changes with what is in the stores, so that older ones are built anew.
_EDITION = 2
_FOLDER = CACHE / "decide"
_LEAST_FREE = 3
_GB_FOR_A_MILLION = 8
# Building may lose everything when the machine fails; it is begun anew then.
_WHILE_BUILDING = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class Store:
    """A database full of e-mail."""

    #: "SQLite" or "PostgreSQL".
    kind: str
    count: int
    url: str

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.count:,}"


@contextmanager
def stores(sizes: tuple[int, int]) -> Iterator[list[tuple[Store, Store]]]:
    """Give a small and a large store of each kind, on a running server where it needs one."""
    _forget_older_editions()
    for size in sizes:
        _build_sqlite(size)
    cluster = _folder("postgres")
    missing = [size for size in sizes if not _is_complete(_folder(f"postgres-{size}"))]
    if missing:
        with postgres(cluster / "data", settings=_WHILE_BUILDING) as url:
            for size in missing:
                _build_postgres(size, url)
    files = {size: _folder(f"sqlite-{size}") / "store.sqlite" for size in sizes}
    small, large = (Store("SQLite", size, f"sqlite:///{file}") for size, file in files.items())
    _look_at(files.values())
    with postgres(cluster / "data") as url:
        _look_at(path for path in (cluster / "data/base").rglob("*") if path.is_file())
        others = [Store("PostgreSQL", size, _database(url, size)) for size in sizes]
        yield [(small, large), (others[0], others[1])]


def _folder(name: str) -> Path:
    return _FOLDER / f"edition{_EDITION}" / name


def _is_complete(folder: Path) -> bool:
    return (folder / "complete").exists()


def _forget_older_editions() -> None:
    for folder in _FOLDER.glob("edition*"):
        if folder.name != f"edition{_EDITION}":
            shutil.rmtree(folder)


def _build_sqlite(size: int) -> None:
    folder = _folder(f"sqlite-{size}")
    if _is_complete(folder):
        return
    _fill(folder, f"sqlite:///{folder / 'store.sqlite'}", size)


def _build_postgres(size: int, url: str) -> None:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        name = _database(url, size).rpartition("/")[2].encode()
        connection.execute(b"drop database if exists " + name)
        connection.execute(b"create database " + name)
    _fill(_folder(f"postgres-{size}"), _database(url, size), size)


def _database(url: str, size: int) -> str:
    return f"{url.rpartition('/')[0]}/decide_{size}"


def _fill(folder: Path, url: str, size: int) -> None:
    """Fill one store in a process of its own; what a build that broke off left is removed first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    needed = _LEAST_FREE + _GB_FOR_A_MILLION * size / 1_000_000
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed:
        raise BenchmarkError(f"a store of {size:,} e-mails needs {needed:.0f} GB free, not {free:.0f}")
    command = python("-m", "bench.steps.fill", str(folder / "home"), url, str(size))
    done = subprocess.run(command, cwd=ROOT.parent, env=environment({}), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command)} ended with {done.returncode}")
    sys.stderr.write(f"filled {url.rpartition('/')[2]}: {done.stdout.strip()}\n")
    os.sync()
    (folder / "complete").touch()


def _look_at(files: Iterable[Path]) -> None:
    """Read files once, so that the system holds as much of them as it can when the clock starts."""
    for path in files:
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass
