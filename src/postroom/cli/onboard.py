"""The command onboard: many mailboxes into service, a few at a time."""

import sys
import time
from pathlib import Path
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
import typer

from postroom.app.onboarding import Progress, onboard
from postroom.cli.exit import Exit
from postroom.cli.session import as_wrong_use, opened
from postroom.cli.show import AsJson, complain, progress_of, say, show_json
from postroom.engine.retry import in_words
from postroom.errors import UserError
from postroom.store import mailboxes


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("onboard")(bring_in)


def bring_in(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A file with an address on each line; - reads them.")
    ] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Every mailbox instead of a file's.")] = False,
    at_once: Annotated[int, typer.Option(min=1, max=100, help="Mailboxes at a time.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Approve, test, switch on and read mailboxes for the first time; begun again, it goes on."""
    with as_wrong_use():
        if (file is None) != everybody:
            raise UserError("Name a file with addresses, or say --all; one of the two.")
    progress = Progress([])
    with opened() as postroom:
        with postroom.database.read() as connection:
            ids = _ids(connection, file)
        with progress_of("mailboxes") as show:
            for progress in onboard(postroom, ids, at_once=at_once, rest=time.sleep):
                ended = progress.were_on + progress.done + len(progress.failed)
                show(ended, ended + len(progress.waiting))
                if progress.remaining_for is not None and progress.waiting:
                    say(f"{len(progress.waiting)} to go, about {in_words(progress.remaining_for)}.")
    _show(progress, as_json=as_json)
    if progress.failed:
        raise typer.Exit(Exit.PARTLY_DONE if progress.done or progress.were_on else Exit.FAILED)


def _ids(connection: sa.Connection, file: Path | None) -> list[UUID]:
    if file is None:
        return mailboxes.all_served(connection)
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise UserError(f"{file} can't be read: {fault}") from fault
    addresses = [line.strip() for line in text.splitlines() if line.strip()]
    found: list[UUID] = []
    problems: list[str] = []
    for address in dict.fromkeys(addresses):
        try:
            found.append(mailboxes.get_by_address(connection, address))
        except UserError as fault:
            problems += fault.problems
    if problems:
        raise UserError(*problems)
    return found


def _show(progress: Progress, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {"in_service_before": progress.were_on, "brought_in": progress.done, "failed": progress.failed}
        )
        return
    typer.echo(f"{progress.done} brought into service, {progress.were_on} were before.")
    complain(f"{address}: {said}" for address, said in progress.failed.items())
