"""A store of a few rows, declared by the schema and held in memory."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from postroom.schema.table import Row


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        Row.metadata.create_all(connection)
        yield connection
    engine.dispose()
