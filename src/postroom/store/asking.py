"""Many values asked for at once: one parameter, and one statement for any number of them.

A list of parameters would make another statement of every length, each to be planned anew; PostgreSQL
takes a long one for a reason to read the whole table.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection


def among(dialect: str, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that the column has one of the values that `asked` gives the statement."""
    if dialect == "postgresql":
        # Who stores in SQLite is spared the time and memory that this dialect takes.
        from sqlalchemy.dialects.postgresql import ARRAY

        return column == sa.any_(sa.bindparam("asked", type_=ARRAY(column.type)))
    values = sa.func.json_each(sa.bindparam("asked", type_=sa.Text()))
    return column.in_(sa.select(sa.column("value")).select_from(values))


def asked(connection: Connection, values: Collection[Any]) -> Mapping[str, Any]:
    """Return the parameter that holds these values: texts, whole numbers or keys."""
    if connection.dialect.name == "postgresql":
        return {"asked": list(values)}
    return {"asked": json.dumps([value.hex if isinstance(value, UUID) else value for value in values])}


def key_of(value: Any) -> UUID:
    """Return a key as it comes from a statement of our own: PostgreSQL has a type for it, SQLite a text."""
    return value if isinstance(value, UUID) else UUID(value)


def any_of(
    connection: Connection, column: sa.Column[Any], values: Collection[bytes]
) -> sa.ColumnElement[bool]:
    """Return the condition that the column has one of these values, which are octets.

    JSON, in which SQLite is given lists, has none.
    """
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY

        return column == sa.any_(sa.bindparam(None, list(values), type_=ARRAY(column.type)))
    return column.in_(values)
