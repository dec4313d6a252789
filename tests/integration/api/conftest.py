"""A store with a few records and the Web API over it."""

from pathlib import Path

import pytest
from tests.support.web import Api, a_postroom

from postroom.store.records import Records


@pytest.fixture
def api(records: Records, tmp_path: Path) -> Api:
    """The Web API for an administrator."""
    return Api(a_postroom(records, tmp_path))
