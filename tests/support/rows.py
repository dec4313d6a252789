"""Rows of any table with some value in every column."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from postroom.schema.column import ExactDecimal, Moment


def a_value(column: sa.Column[Any]) -> Any:
    """Return some value of the column's type."""
    values: dict[type, Any] = {
        UUID: uuid4(),
        str: "x",
        int: 1,
        bool: True,
        float: 1.0,
        bytes: b"x",
        date: date(2026, 3, 2),
    }
    if isinstance(column.type, Moment):
        return datetime(2026, 3, 2, tzinfo=UTC)
    return Decimal(1) if isinstance(column.type, ExactDecimal) else values[column.type.python_type]


def a_row(table: sa.Table) -> dict[str, Any]:
    """Return a row with a value in every column."""
    return {column.name: a_value(column) for column in table.columns}
