"""A Postroom over a store of the test's own, and mailboxes that may be processed."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.mailboxes import Company

from postroom.app.settings import Settings, read_settings
from postroom.app.wiring import Postroom, open_postroom
from postroom.store.database import Database


@pytest.fixture
def company(database: Database) -> Company:
    """A company without mailboxes."""
    return Company(database)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings with everything in the test's own directory; the key is that of the fixture `secrets`."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    key = home / "secret.key"
    key.write_text(f"test {base64.b64encode(bytes(32)).decode()}\n")
    key.chmod(0o600)
    return read_settings({"POSTROOM_HOME": str(home), "POSTROOM_DATABASE_URL": database_url})


@pytest.fixture
def postroom(settings: Settings) -> Iterator[Postroom]:
    """A Postroom that is open."""
    with open_postroom(settings) as opened:
        yield opened
