"""A company whose mailboxes can be processed, and workers to run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.mailboxes import Company
from tests.support.workers import Workers

from postroom.store.database import Database


@pytest.fixture
def company(database: Database) -> Company:
    """A company without mailboxes."""
    return Company(database)


@pytest.fixture
def workers(database_url: str, tmp_path: Path) -> Iterator[Workers]:
    """Worker processes; those that are left are ended with the test."""
    made = Workers(database_url, tmp_path)
    yield made
    made.end_all()
