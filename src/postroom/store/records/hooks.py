"""How a table adds rules of its own to every write: hooks, called before and after.

A hook is a function that takes a `Write`. Before the row is written it may look at it, change `values`, or
`refuse`; after, it may write other rows on the same connection, or refuse what only the written rows show,
so that the transaction is given up. `Hooks` says which are called for which table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from postroom.errors import InvalidRecord
from postroom.ports.secrets import Secrets
from postroom.schema.table import TableInfo
from postroom.store.database import Database


class WriteKind(Enum):
    """What is done to the row."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Rows(Protocol):
    """What a hook may do to other rows; `Records` does it."""

    database: Database
    secrets: Secrets

    def create(
        self,
        connection: sa.Connection,
        table: str,
        values: Mapping[str, Any],
        *,
        by: UUID | None = None,
        internal: bool = False,
    ) -> UUID:
        """Create a record and return its key."""
        ...

    def update(
        self,
        connection: sa.Connection,
        table: str,
        id: UUID,
        values: Mapping[str, Any],
        *,
        by: UUID | None = None,
        if_version: int | None = None,
        internal: bool = False,
    ) -> None:
        """Change a record."""
        ...

    def delete(
        self,
        connection: sa.Connection,
        table: str,
        id: UUID,
        *,
        by: UUID | None = None,
        if_version: int | None = None,
        internal: bool = False,
    ) -> None:
        """Remove a record."""
        ...

    def get(self, connection: sa.Connection, table: str, id: UUID) -> dict[str, Any]:
        """Return a record."""
        ...

    def find(self, connection: sa.Connection, table: str, id: UUID) -> dict[str, Any] | None:
        """Return a record, or None."""
        ...

    def select(
        self,
        connection: sa.Connection,
        table: str,
        where: sa.ColumnElement[bool] | None = None,
        *,
        order_by: Sequence[Any] = (),
        limit: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Return records."""
        ...


@dataclass
class Write:
    """One write under way, as hooks see it."""

    connection: sa.Connection
    records: Rows
    table: TableInfo
    kind: WriteKind
    id: UUID
    #: The row as it was, without secrets; empty on create.
    before: Mapping[str, Any]
    #: What is written: checked, defaults filled in; secrets still plain. Empty on delete.
    values: dict[str, Any]
    by: UUID
    now: datetime
    #: Postroom itself writes, not a caller; read-only columns may be set.
    internal: bool
    #: Parties given with an activity; None when none were given.
    parties: Sequence[Mapping[str, Any]] | None = None
    problems: list[InvalidRecord] = field(default_factory=list)

    @property
    def after(self) -> dict[str, Any]:
        """Return the row as it will be."""
        return {**self.before, **self.values}

    def changes(self, *columns: str) -> bool:
        """Say whether one of these columns gets another value than it has."""
        return any(name in self.values and self.values[name] != self.before.get(name) for name in columns)

    def refuse(self, problem: str, *, code: int = 0x80040203, column: str | None = None) -> None:
        """Refuse the write; all problems are gathered before it fails."""
        self.problems.append(InvalidRecord(problem, code=code, column=column))


Hook = Callable[[Write], None]


@dataclass(frozen=True)
class Hooks:
    """Which hooks are called for which table, by logical name, in order."""

    before: Mapping[str, tuple[Hook, ...]] = field(default_factory=dict)
    after: Mapping[str, tuple[Hook, ...]] = field(default_factory=dict)

    def plus(self, more: "Hooks") -> "Hooks":
        """Return these hooks followed by more."""
        return Hooks(_joined(self.before, more.before), _joined(self.after, more.after))


def _joined(
    first: Mapping[str, tuple[Hook, ...]], second: Mapping[str, tuple[Hook, ...]]
) -> Mapping[str, tuple[Hook, ...]]:
    return {table: (*first.get(table, ()), *second.get(table, ())) for table in {*first, *second}}
