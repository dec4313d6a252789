"""How Alembic runs the migrations: on the connection it is given, inside that transaction."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from postroom.schema import registry
from postroom.schema.column import ExactDecimal, Moment
from postroom.schema.table import Row


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types the short way."""
    if kind == "type" and isinstance(item, (Moment, ExactDecimal)):
        autogen.imports.add(f"from postroom.schema.column import {type(item).__name__}")
        return f"{type(item).__name__}()"
    return False


registry.tables()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_item=render_item,
    # SQLite changes a table by copying it.
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
