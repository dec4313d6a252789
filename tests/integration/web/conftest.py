"""The company whose pages are looked at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.company import Company, a_company

from postroom.store.records import Records


@pytest.fixture
def company(records: Records, tmp_path: Path) -> Iterator[Company]:
    """A working company over the sandbox's servers."""
    with a_company(records, tmp_path) as made:
        yield made
