"""The entry point: every command, and where errors become words and an exit status.

A command's module is imported when that command is called, or when help lists them all: what one command
needs, such as the sandbox or the engine, would be most of another's start.

Exit status: 0 done, 1 failed, 2 wrong use, 3 done in part.
"""

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_group

from postroom.cli.exit import Exit
from postroom.cli.show import complain
from postroom.errors import PostroomError, UserError

#: The module of each command and group, in the order of help. It has a function `add_to(app)`.
MODULES = {
    "init": "store",
    "load": "store",
    "query": "store",
    "mailbox": "mailbox",
    "onboard": "onboard",
    "profile": "profile",
    "switch": "switch",
    "run-once": "run",
    "worker": "run",
    "serve": "serve",
    "key": "key",
    "explain": "explain",
    "rescan": "rescan",
    "plan": "plan",
    "conflict": "conflict",
    "track": "track",
    "untrack": "track",
    "regard": "track",
    "address": "address",
    "folder": "folder",
    "quarantine": "quarantine",
    "outbox": "outbox",
    "backup": "backup",
    "restore": "backup",
    "secret": "secret",
    "status": "state",
    "doctor": "doctor",
    "sandbox": "sandbox",
    "demo": "demo",
}


class Commands(Mapping[str, Any]):
    """The commands by their names; asking for one imports its module."""

    def __getitem__(self, name: str) -> Any:
        """Return a command or a group of them."""
        return _commands_in(MODULES[name])[name]

    def __iter__(self) -> Iterator[str]:
        """Yield every name."""
        return iter(MODULES)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(MODULES)


@cache
def _commands_in(module: str) -> Mapping[str, Any]:
    app = typer.Typer()
    with _for_good():
        import_module(f"postroom.cli.{module}").add_to(app)
    return get_group(app).commands


@contextmanager
def _for_good() -> Iterator[None]:
    """Keep the garbage collector from looking through what is imported, now and ever after."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class _Group(TyperGroup):
    """The group of all commands."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**{**said, "commands": Commands()})


def make_app() -> typer.Typer:
    """Return the application with all commands."""
    app = typer.Typer(
        name="postroom",
        cls=_Group,
        no_args_is_help=True,
        # Locals in a traceback could hold passwords and people's mail.
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(_root)
    return app


def _root() -> None:
    """Server-side synchronization between a CRM store and mail servers."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; errors that are ours print no traceback."""
    try:
        make_app()(args=list(arguments), prog_name="postroom")
    except UserError as fault:
        complain(fault.problems)
        return Exit.FAILED
    except PostroomError as fault:
        complain([str(fault)])
        return Exit.FAILED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.FAILED
    return Exit.DONE
