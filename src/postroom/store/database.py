"""Engines and transactions: `Database` gives connections for reading and for writing.

SQLite takes one writer at a time. A write therefore begins with `BEGIN IMMEDIATE`, which waits for its turn
instead of failing in the middle, and the threads of one process queue up for it here, where waiting costs
nothing, before the processes queue up in the file. PostgreSQL takes any number of writers.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.pool import QueuePool

from postroom.errors import DuplicateRow, StoreBusy, StoreError, UserError
from postroom.schema.version import ROW_VERSIONS, VERSIONS_AT_ONCE, RowVersion

_BUSY_SECONDS = 30
#: How long PostgreSQL may leave us without any sign before a connection counts as lost. Stock settings wait
#: for two hours and more when the network is cut, and nobody would renew a lease in that time.
SIGNS_OF_LIFE: Mapping[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}
_WRITES = "postroom_writes"
#: SQLSTATEs after which the same transaction may well succeed: serialization, deadlock, lock not available,
#: shutdown, too many connections.
_PASSING = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"})

# Small, because the operating system caches the file as well: four times as much gained no time in a
# benchmark. A reader looks at little and there may be many; the one writer touches every index.
_WRITER_CACHE_KIB = 3_000
_READER_CACHE_KIB = 2_000


class PoolUse(NamedTuple):
    """How many connections are in use, and how many are open and idle."""

    in_use: int
    idle: int


class Database:
    """One database and its connections; safe to share among threads."""

    def __init__(self, url: str | URL, *, pool_size: int = 10) -> None:
        self.url = make_url(url)
        self._turn = threading.Lock()
        self._thread = threading.local()
        match self.url.get_backend_name():
            case "sqlite":
                self._writer = _sqlite(self.url, _WRITER_CACHE_KIB, pool_size=1)
                self._reader = _sqlite(self.url, _READER_CACHE_KIB, pool_size=pool_size)
            case "postgresql":
                self._writer = self._reader = _postgresql(self.url, pool_size)
            case other:
                raise UserError(f"Postroom stores in SQLite or PostgreSQL, not in {other}.")

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is SQLite."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database throughout and can't change it."""
        options: dict[str, Any] = {}
        if not self.is_sqlite:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _translated(), self._reader.connect().execution_options(**options) as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose changes are all kept when the block ends well, and none otherwise.

        Blocks don't nest: a second one would wait for the first for ever.
        """
        if getattr(self._thread, "writes", False):
            raise StoreError("a write is already under way in this thread; pass its connection on")
        turn = self._turn if self.is_sqlite else nullcontext()
        with turn, _translated(), self._writer.connect() as connection:
            self._thread.writes = True
            try:
                connection.execution_options(**{_WRITES: True})
                with connection.begin():
                    yield connection
            finally:
                self._thread.writes = False

    def next_versions(self, connection: Connection, count: int = 1) -> int:
        """Take `count` row versions and return the first; see the function of the same name."""
        return next_versions(connection, count)

    def lock(self, connection: Connection, name: str) -> None:
        """Make all who ask for the same name wait until this transaction ends.

        SQLite has one writer anyway.
        """
        if not self.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(name))))

    def session(self) -> Connection:
        """Return a connection outside the pool and without transactions, for locks of a session."""
        with _translated():
            connection = self._writer.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
            return connection

    def pool_use(self) -> PoolUse:
        """Return how many of this process's connections are in use."""
        pools = [engine.pool for engine in {self._reader, self._writer}]
        counted = [pool for pool in pools if isinstance(pool, QueuePool)]
        return PoolUse(sum(p.checkedout() for p in counted), sum(p.checkedin() for p in counted))

    def dispose(self) -> None:
        """Close every connection that is not in use."""
        self._reader.dispose()
        self._writer.dispose()


def next_versions(connection: Connection, count: int = 1) -> int:
    """Take `count` row versions, never given to anybody else, and return the first.

    They follow each other without a gap, and are greater than all that were taken before.
    """
    if not 0 < count <= VERSIONS_AT_ONCE:
        raise ValueError(f"between 1 and {VERSIONS_AT_ONCE} versions at once, not {count}")
    if connection.dialect.name == "postgresql":
        return int(connection.scalar(sa.select(ROW_VERSIONS.next_value())) or 0)
    taken = connection.scalar(
        sa.update(RowVersion)
        .where(RowVersion.number == 1)
        .values(last=RowVersion.last + count)
        .returning(RowVersion.last)
    )
    if taken is None:
        raise StoreError("the store is not set up: run `postroom init`")
    return int(taken) - count + 1


def insert_new(connection: Connection, table: sa.Table) -> sa.Insert:
    """Return an insert that leaves rows alone which are there already."""
    statement: sa.Insert = _insert(connection, table).on_conflict_do_nothing()
    return statement


def insert_or_replace(connection: Connection, table: sa.Table, row: Mapping[str, Any]) -> sa.Insert:
    """Return an insert of one row that takes the place of the one with the same key."""
    insert = _insert(connection, table).values(**row)
    statement: sa.Insert = insert.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=dict(row)
    )
    return statement


def _insert(connection: Connection, table: sa.Table) -> Any:
    if connection.dialect.name == "postgresql":
        # Who stores in SQLite is spared the time and memory that this dialect takes.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


@contextmanager
def _translated() -> Iterator[None]:
    """Raise the driver's errors as our own; their cause stays attached."""
    try:
        yield
    except exc.IntegrityError as error:
        raise (DuplicateRow if _is_duplicate(error) else StoreError)(_words(error)) from error
    except exc.DBAPIError as error:
        raise (StoreBusy if _may_pass(error) else StoreError)(_words(error)) from error
    except exc.TimeoutError as error:
        raise StoreBusy(f"no connection to the database became free: {error}") from error


def _words(error: exc.DBAPIError) -> str:
    """Return what the driver said, without the statement and its values, which may hold secrets."""
    return str(error.orig).strip()


def _is_duplicate(error: exc.IntegrityError) -> bool:
    if isinstance(error.orig, sqlite3.IntegrityError):
        return error.orig.sqlite_errorcode in (
            sqlite3.SQLITE_CONSTRAINT_UNIQUE,
            sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        )
    return getattr(error.orig, "sqlstate", None) == "23505"


def _may_pass(error: exc.DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    state = getattr(error.orig, "sqlstate", None)
    return state in _PASSING or (state is None and isinstance(error, exc.OperationalError))


def _sqlite(url: URL, cache_kib: int, *, pool_size: int) -> Engine:
    _prepare_file(url)
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0 if pool_size == 1 else pool_size,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        # An error would quote the row, which is somebody's mail; and errors are logged.
        hide_parameters=True,
    )

    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own idea of transactions begins them too late and commits them before DDL.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            # FULL: what was committed is on the disk; a message is acknowledged on the strength of that.
            "synchronous=FULL",
            f"cache_size=-{cache_kib}",
            "mmap_size=0",
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


def _prepare_file(url: URL) -> None:
    """See to it that the file exists and that nobody else can read it."""
    if not url.database or url.database == ":memory:":
        raise UserError("Postroom needs a file for SQLite: sqlite:////path/to/file.sqlite")
    path = Path(url.database)
    if not path.parent.is_dir():
        raise UserError(f"The directory of the database does not exist: {path.parent}")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise UserError(f"The database file can't be opened: {error}") from error


def _postgresql(url: URL, pool_size: int) -> Engine:
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": "-c timezone=UTC", "application_name": "postroom", **SIGNS_OF_LIFE},
    )
