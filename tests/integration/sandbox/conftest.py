"""The sandbox's Exchange, running."""

from collections.abc import Iterator

import pytest
from tests.support.exchange import Exchange, running


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """An Exchange in which Ann and Ben have mailboxes."""
    with running() as started:
        yield started
