"""Every command is found where the entry point looks for it, and costs nothing to the others."""

import subprocess
import sys

import pytest

from postroom.cli import entry


@pytest.mark.parametrize("name", entry.MODULES)
def test_a_command_is_in_the_module_that_is_named_for_it(name: str) -> None:
    assert entry.Commands()[name].name == name


def test_a_module_has_no_command_that_cannot_be_called() -> None:
    for module in set(entry.MODULES.values()):
        named = {name for name, place in entry.MODULES.items() if place == module}
        assert set(entry._commands_in(module)) == named


# What only some commands or some stores need, and what would be noticed at the start of the others.
HEAVY = {
    "aiosmtpd",
    "alembic",
    "charset_normalizer",
    "cryptography",
    "dbos",
    "mako",
    "psycopg",
    "pydantic_settings",
    "pygments",
    "rich",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
    "structlog",
}


@pytest.mark.parametrize("command", ["run", "store", "mailbox"])
def test_a_command_starts_without_what_only_others_need(command: str) -> None:
    say_loaded = (
        f"import sys, postroom.cli.entry, postroom.cli.{command}; "
        f"print(*sorted(sys.modules.keys() & {HEAVY!r}))"
    )
    ran = subprocess.run([sys.executable, "-c", say_loaded], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
