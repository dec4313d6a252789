"""What somebody may see: every table as the rows of it that are shown to him.

All statements of the Web API take their tables from here, so that a path, an expansion, a condition on a
collection and a total see no more of a table than a plain query of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from postroom.schema import registry
from postroom.schema.table import TableInfo
from postroom.store.fetch import Viewer

#: Returns the condition that a row must fulfil to be seen; None where every row is.
Limit = Callable[[TableInfo, sa.FromClause], sa.ColumnElement[bool] | None]


def _no_limit(_table: TableInfo, _source: sa.FromClause) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Sight:
    """The rows that one caller sees, and who he is for conditions that speak of him."""

    limit: Limit = _no_limit
    viewer: Viewer | None = None

    def of(self, table: TableInfo) -> sa.FromClause:
        """Return the rows of a table that are seen, under a name of their own in the statement."""
        if not table.is_stored:
            return self._together(table)
        return self._seen(table)

    def root(self, table: TableInfo) -> sa.FromClause:
        """Return the rows of a table that are seen, for a statement that begins with it.

        It is the table itself where that will do: a name of its own for over a hundred columns takes longer
        than many a query.
        """
        return table.table if self.sees_all(table) else self.of(table)

    def sees_all(self, table: TableInfo) -> bool:
        """Say whether no row of the table is hidden."""
        return table.is_stored and self.limit(table, table.table) is None

    def _seen(self, table: TableInfo) -> sa.FromClause:
        limit = self.limit(table, table.table)
        if limit is None:
            return table.table.alias()
        return sa.select(table.table).where(limit).subquery()

    def _together(self, table: TableInfo) -> sa.FromClause:
        """Return the rows of all kinds of activity with the columns that they have in common."""
        parts = []
        for concrete in registry.activities():
            seen = self._seen(concrete)
            parts.append(
                sa.select(
                    *(seen.c[name] if concrete.has(name) else _nothing(table, name) for name in table.columns)
                )
            )
        return sa.union_all(*parts).subquery()


@cache
def _nothing(table: TableInfo, name: str) -> sa.ColumnElement[object]:
    return sa.cast(sa.null(), table.table.c[name].type).label(name)


#: Sees every row, and is nobody: commands on the machine itself.
EVERYTHING = Sight()
