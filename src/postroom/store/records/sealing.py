"""Secrets as they lie in the store: where each one is, and sealing them anew."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa

from postroom.errors import PostroomError
from postroom.ports.secrets import Secrets
from postroom.schema import registry
from postroom.schema.table import TableInfo
from postroom.store.database import Database

_AT_ONCE = 100


def place_of(info: TableInfo, id: UUID, column: str) -> str:
    """Return the place that a secret is sealed for."""
    return f"{info.logical_name}/{id}/{column}"


@dataclass(frozen=True, slots=True)
class Sealed:
    """One secret as it is stored."""

    info: TableInfo
    id: UUID
    column: str
    text: str

    @property
    def place(self) -> str:
        """Return the place it was sealed for."""
        return place_of(self.info, self.id, self.column)


def every_secret(connection: sa.Connection) -> Iterator[Sealed]:
    """Yield every secret of the store, in the order of tables and keys."""
    for info in registry.tables():
        for column in info.secrets() if info.is_stored else ():
            key, secret = info.table.c[info.primary_id], info.table.c[column]
            query = sa.select(key, secret).where(secret.is_not(None)).order_by(key)
            yield from (Sealed(info, id, column, text) for id, text in connection.execute(query).all())


@dataclass(slots=True)
class Resealing:
    """What became of sealing secrets anew."""

    done: int = 0
    #: Secrets that can't be opened, and why.
    problems: list[str] = field(default_factory=list)


def reseal(
    database: Database,
    secrets: Secrets,
    is_current: Callable[[str], bool],
    *,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> Resealing:
    """Seal anew, with the current key, every secret that was sealed with another.

    A hundred at a time, so that nobody waits for long: whoever is broken off goes on where it was. A secret
    that somebody enters meanwhile is left as it was entered. `on_done` is told how many of how many are done.
    """
    came_to = Resealing()
    with database.read() as connection:
        stale = [sealed for sealed in every_secret(connection) if not is_current(sealed.text)]
    for start in range(0, len(stale), _AT_ONCE):
        with database.write() as connection:
            done = _reseal_some(connection, secrets, stale[start : start + _AT_ONCE], came_to)
        came_to.done += done
        on_done(came_to.done, len(stale))
    return came_to


def _reseal_some(
    connection: sa.Connection, secrets: Secrets, some: Sequence[Sealed], came_to: Resealing
) -> int:
    done = 0
    for sealed in some:
        try:
            fresh = secrets.seal(secrets.open(sealed.text, place=sealed.place), place=sealed.place)
        except PostroomError as fault:
            came_to.problems.append(str(fault))
            continue
        key, secret = sealed.info.table.c[sealed.info.primary_id], sealed.info.table.c[sealed.column]
        unchanged = sa.and_(key == sealed.id, secret == sealed.text)
        changed = sa.update(sealed.info.table).where(unchanged).values({sealed.column: fresh})
        done += connection.execute(changed).rowcount
    return done
