"""Migrations: the steps that bring any older store to what `schema` declares.

`upgrade` is safe to call at every start and by several processes at once. A step is written by
`draft`, read by a person and committed; it is never changed afterwards.

While an upgrade goes round a fleet, programs of the former release work on the new store. So steps add and
take nothing away, and the store says which programs it still fits: those that know `OLDEST`.

Every command asks whether the store is up to date and hardly any takes a step. So Alembic, which takes as
long to load as most commands run, is left to `steps`, and that is imported only where a step is taken.
"""

from datetime import timedelta
from enum import Enum
from pathlib import Path

import sqlalchemy as sa

from postroom.errors import StoreBusy, UserError
from postroom.store.database import Database

_VERSIONS = Path(__file__).parent / "versions"
#: Where Alembic notes the revision of a store.
_NOTED = sa.table("alembic_version", sa.column("version_num", sa.String))
#: The first revision whose programs work on the newest one. It is raised by the step that takes something
#: away, one release after the last program that read it; a test holds every step to that.
OLDEST = "0001"
#: How long an upgrade waits for a table that somebody uses.
_PATIENCE = timedelta(seconds=10)
_FIT = sa.table("postroom_compatibility", sa.column("number", sa.Integer), sa.column("oldest", sa.String))


class Fit(Enum):
    """How a store stands to this program."""

    MISSING = "it is not set up"
    OLDER = "it wants to be upgraded"
    EXACT = "it is of this release"
    NEWER = "it is of a later release, which this program can work on"
    TOO_NEW = "it is of a later release, which this program can't work on"

    @property
    def is_usable(self) -> bool:
        """Say whether this program may work on the store as it is."""
        return self in (Fit.EXACT, Fit.NEWER)


def upgrade(database: Database) -> None:
    """Bring the store to the newest revision; all of it in one transaction.

    A step may have to wait for somebody who reads a table for long, such as a back-up, and all who come after
    it would wait behind it. So it gives up soon, with `UserError`, and is to be tried again later.
    """
    try:
        with database.write() as connection:
            database.lock(connection, "postroom_migrations")
            if not database.is_sqlite:
                connection.execute(
                    sa.text(f"SET LOCAL lock_timeout = '{int(_PATIENCE.total_seconds() * 1000)}ms'")
                )
            take(connection)
    except StoreBusy as fault:
        raise UserError(
            "The store was not upgraded, and nothing was changed: somebody has used it for long, such as "
            f"a back-up. Try again when that has ended. ({fault})"
        ) from fault


def take(connection: sa.Connection, until: str = "") -> None:
    """Take the steps that the store lacks, in the caller's transaction: all, or those until one.

    A store of a later release that this program can work on is left as it is.
    """
    found = revision_of(connection)
    if found == (until or head()):
        return
    if found is not None and found not in _revisions():
        if _fits(connection, found):
            return
        raise UserError(f"The store is newer than this program: its revision {found} is unknown here.")
    from postroom.store.migrations import steps  # for Alembic's sake, see above

    steps.take_all(connection, until or "head")
    if until in ("", head()):
        _note_oldest(connection)


def current(database: Database) -> str | None:
    """Return the revision of the store, or None when it has not been set up."""
    with database.read() as connection:
        return revision_of(connection)


def fit(database: Database) -> Fit:
    """Return how the store stands to this program."""
    with database.read() as connection:
        found = revision_of(connection)
        if found is None:
            return Fit.MISSING
        if found in _revisions():
            return Fit.EXACT if found == head() else Fit.OLDER
        return Fit.NEWER if _fits(connection, found) else Fit.TOO_NEW


def is_known(revision: str) -> bool:
    """Say whether this program knows how to bring a store of this revision up to date."""
    return revision in _revisions()


def head() -> str:
    """Return the revision that this program needs."""
    return _revisions()[-1]


def draft(database: Database, name: str) -> Path:
    """Write the step from the store as it is to what the schema declares, and return its file."""
    from postroom.store.migrations import steps  # for Alembic's sake, see above

    with database.write() as connection:
        return steps.draft(connection, name, revision=f"{len(_revisions()) + 1:04d}")


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision of the store that this connection sees, or None."""
    if not sa.inspect(connection).has_table(_NOTED.name):
        return None
    return connection.scalar(sa.select(_NOTED.c.version_num))


def _fits(connection: sa.Connection, found: str) -> bool:
    """Say whether a store of a later revision says that this program may work on it."""
    has_word = sa.inspect(connection).has_table(_FIT.name)
    oldest = connection.scalar(sa.select(_FIT.c.oldest)) if has_word else None
    return (oldest or found) <= head()


def _note_oldest(connection: sa.Connection) -> None:
    connection.execute(sa.delete(_FIT))
    connection.execute(sa.insert(_FIT).values(number=1, oldest=OLDEST))


def _revisions() -> list[str]:
    """Return all revisions in their order: files bear them as numbers, `0001_first_tables.py`."""
    return sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))
