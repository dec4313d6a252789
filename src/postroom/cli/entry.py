"""The entry point: every command, and where errors become words and an exit status.

Exit status: 0 done, 1 failed, 2 wrong use, 3 done in part.
"""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from postroom.cli import demo, explain, mailbox, outbox, quarantine, sandbox, state, store, trial
from postroom.cli import run as passes
from postroom.cli.session import Exit
from postroom.cli.show import complain
from postroom.errors import PostroomError, UserError


def make_app() -> typer.Typer:
    """Return the application with all commands."""
    app = typer.Typer(
        name="postroom",
        help="Server-side synchronization between a CRM store and mail servers.",
        no_args_is_help=True,
        # Locals in a traceback could hold passwords and people's mail.
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    store.add_to(app)
    state.add_to(app)
    passes.add_to(app)
    explain.add_to(app)
    demo.add_to(app)
    sandbox.add_to(app)
    trial.add_to(mailbox.app)
    app.add_typer(mailbox.app, name="mailbox")
    app.add_typer(quarantine.app, name="quarantine")
    app.add_typer(outbox.app, name="outbox")
    return app


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
