"""Rows in bulk, past the work per row: `executemany` on SQLite, COPY on PostgreSQL.

The statement and the conversion of each column come from the declaration, once per table and set of
columns; what is left per row is one tuple. Rows of one call have the same keys; columns that they do
not name get the declaration's default.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.engine import Dialect

Row = dict[str, Any]
Convert = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """How rows with the same columns go into one table."""

    columns: tuple[str, ...]
    #: What turns a column's value into the driver's; None where nothing is to be done.
    converters: tuple[tuple[str, Convert], ...]
    #: Values of columns that the rows do not name, as the driver takes them.
    constants: tuple[Any, ...]
    statement: str

    def tuples(self, rows: Iterable[Row]) -> list[tuple[Any, ...]]:
        """Return the rows as the driver takes them."""
        converters, constants = self.converters, self.constants
        return [
            (
                *[row[name] if convert is None else convert(row[name]) for name, convert in converters],
                *constants,
            )
            for row in rows
        ]


def insert(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert the rows; raises what the driver raises when one of them is refused, and then keeps none."""
    if not rows:
        return
    plan = _plan(table, tuple(rows[0]), connection.dialect)
    values = plan.tuples(rows)
    if connection.dialect.name == "postgresql":
        _copy(connection, plan, values)
    else:
        connection.exec_driver_sql(plan.statement, values)


def _copy(connection: Connection, plan: _Plan, values: Sequence[tuple[Any, ...]]) -> None:
    # Anything the driver raises must look as if SQLAlchemy had raised it, so that the store's edge
    # translates it like every other refusal.
    driver = cast("Any", connection.connection.driver_connection)
    try:
        with driver.cursor() as cursor, cursor.copy(plan.statement) as copy:
            for row in values:
                copy.write_row(row)
    except Exception as error:
        if not isinstance(error, connection.dialect.loaded_dbapi.Error):
            raise
        raise sa.exc.DBAPIError.instance(
            "COPY", None, error, connection.dialect.loaded_dbapi.Error, dialect=connection.dialect
        ) from error


@lru_cache(maxsize=256)
def _plan(table: sa.Table, columns: tuple[str, ...], dialect: Dialect) -> _Plan:
    defaults = [c for c in table.columns if c.name not in columns and c.default is not None]
    names = (*columns, *(c.name for c in defaults))
    constants = tuple(_converted(c, dialect)(_default(c)) for c in defaults)
    converters = tuple((name, _converter(table.c[name], dialect)) for name in columns)
    quoted = ", ".join(f'"{name}"' for name in names)
    into = f'"{table.name}" ({quoted})'
    if dialect.name == "postgresql":
        statement = f"COPY {into} FROM STDIN"
    else:
        statement = f"INSERT INTO {into} VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - declared names
    return _Plan(names, converters, constants, statement)


def _converter(column: sa.Column[Any], dialect: Dialect) -> Convert:
    if dialect.name == "postgresql":
        # The driver knows UUIDs, instants and bytes itself; its COPY takes them as they are.
        return None
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _converted(column: sa.Column[Any], dialect: Dialect) -> Callable[[Any], Any]:
    convert = _converter(column, dialect)
    return convert if convert is not None else lambda value: value


def _default(column: sa.Column[Any]) -> Any:
    default = column.default
    assert isinstance(default, sa.ColumnDefault)  # noqa: S101 - declarations have plain defaults only
    assert default.is_scalar  # noqa: S101
    return default.arg
