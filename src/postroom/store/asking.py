"""Many values asked for at once: one parameter, and one statement for any number of them.

A list of parameters would make another statement of every length, each to be planned anew; PostgreSQL
takes a long one for a reason to read the whole table.
"""

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection


def among(connection: Connection, column: sa.Column[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that the column has one of these values: texts, whole numbers or keys."""
    if connection.dialect.name == "postgresql":
        # Who stores in SQLite is spared the time and memory that this dialect takes.
        from sqlalchemy.dialects.postgresql import ARRAY

        return column == sa.any_(sa.bindparam(None, list(values), type_=ARRAY(column.type)))
    asked = sa.func.json_each(sa.bindparam(None, as_list(connection, values), type_=sa.Text()))
    return column.in_(sa.select(sa.column("value")).select_from(asked))


def as_list(connection: Connection, values: Collection[Any]) -> Any:
    """Return the values as the one parameter that a statement of our own takes."""
    if connection.dialect.name == "postgresql":
        return list(values)
    return json.dumps([value.hex if isinstance(value, UUID) else value for value in values])
