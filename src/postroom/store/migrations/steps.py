"""Alembic at work: taking the steps, and drafting a new one."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

_HERE = Path(__file__).parent


def take_all(connection: Connection, until: str = "head") -> None:
    """Take every step that the store lacks, or those until one."""
    command.upgrade(_config(connection), until)


def draft(connection: Connection, name: str, *, revision: str) -> Path:
    """Write the step from the store as it is to what the schema declares, and return its file."""
    made = command.revision(_config(connection), name, autogenerate=True, rev_id=revision)
    script = made[0] if isinstance(made, list) else made
    assert script is not None  # noqa: S101 - a revision was asked for
    return Path(script.path)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
