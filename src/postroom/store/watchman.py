"""The one worker that does what only one needs to do: a lock that dies with its holder."""

import contextlib
import fcntl
import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from postroom.errors import StoreError
from postroom.store.database import Database

# Names the lock; nothing else of Postroom's takes a session's lock of this number.
_KEY = 0x706F7374
# What the file beside a SQLite database ends with.
_SUFFIX = ".watch"


class Watchman:
    """Who may be the one: on PostgreSQL by a lock of a session, on SQLite by one of a file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._file: int | None = None

    def is_on(self) -> bool:
        """Take the post if it is free; say whether it is ours, and still is.

        When the database can't be asked the post counts as lost.
        """
        return self._is_on_file() if self._database.is_sqlite else self._is_on_session()

    def go_off(self) -> None:
        """Leave the post to whoever comes next."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with contextlib.suppress(SQLAlchemyError):
                connection.close()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _is_on_session(self) -> bool:
        try:
            if self._connection is not None:
                return bool(self._connection.scalar(sa.select(1)))
            self._connection = self._database.session()
            is_ours = bool(self._connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_KEY))))
        except (StoreError, SQLAlchemyError):
            is_ours = False
        if not is_ours:
            self.go_off()
        return is_ours

    def _is_on_file(self) -> bool:
        if self._file is not None:
            return True
        name = self._database.url.database or ""
        if not name or name == ":memory:":
            return True
        descriptor = os.open(Path(name + _SUFFIX), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._file = descriptor
        return True
