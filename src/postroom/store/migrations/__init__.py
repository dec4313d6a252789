"""Migrations: the steps that bring any older store to what `schema` declares.

`upgrade` is safe to call at every start and by several processes at once. A step is written by
`draft`, read by a person and committed; it is never changed afterwards.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from postroom.errors import UserError
from postroom.store.database import Database

_HERE = Path(__file__).parent


def upgrade(database: Database) -> None:
    """Bring the store to the newest revision; all of it in one transaction."""
    with database.write() as connection:
        database.lock(connection, "postroom_migrations")
        found = _revision_of(connection)
        if found is not None and found not in _known():
            raise UserError(f"The store is newer than this program: its revision {found} is unknown here.")
        command.upgrade(_config(connection), "head")


def current(database: Database) -> str | None:
    """Return the revision of the store, or None when it has not been set up."""
    with database.read() as connection:
        return _revision_of(connection)


def head() -> str:
    """Return the revision that this program needs."""
    found = ScriptDirectory(str(_HERE)).get_current_head()
    assert found is not None  # noqa: S101 - the first revision is part of the program
    return found


def draft(database: Database, name: str) -> Path:
    """Write the step from the store as it is to what the schema declares, and return its file."""
    with database.write() as connection:
        number = len(_known()) + 1
        made = command.revision(_config(connection), name, autogenerate=True, rev_id=f"{number:04d}")
    script = made[0] if isinstance(made, list) else made
    assert script is not None  # noqa: S101 - a revision was asked for
    return Path(script.path)


def _revision_of(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory(str(_HERE)).walk_revisions()}


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
