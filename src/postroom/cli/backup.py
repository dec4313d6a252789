"""Commands that keep the store safe: backup and restore."""

from pathlib import Path
from typing import Annotated

import typer

from postroom.app.backup import back_up
from postroom.app.backup import restore as bring_back
from postroom.app.log import set_up_log
from postroom.app.settings import read_settings
from postroom.cli.exit import Exit
from postroom.cli.session import opened
from postroom.cli.show import complain, progress_of, say


def add_to(app: typer.Typer) -> None:
    """Put the commands of this group into the application."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    target: Annotated[
        Path,
        typer.Argument(metavar="FILE|DIR", help="The file to write, or a directory for one named by time."),
    ],
) -> None:
    """Write the whole store and its large attachments into one file, while workers go on.

    Passwords in it stay sealed, and the key is not in it: keep a copy of that elsewhere.
    """
    with opened() as postroom, progress_of("Backing up") as progress:
        summary = back_up(postroom, target, progress=progress)
    say(f"Wrote {summary.rows} rows and {summary.blobs} large contents to {summary.file}.")
    if summary.damaged:
        complain(f"The content {digest} is missing or damaged and not in it." for digest in summary.damaged)
        raise typer.Exit(Exit.PARTLY_DONE)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `postroom backup` wrote.")],
    *,
    send_waiting: Annotated[
        bool,
        typer.Option("--send-waiting", help="Send what had yet to leave then, instead of holding it."),
    ] = False,
) -> None:
    """Bring a back-up into an empty store, on SQLite or PostgreSQL whichever it came from.

    Stop every worker on the old store first. E-mails that had yet to leave then are held, since they may have
    left meanwhile.
    """
    settings = read_settings()
    set_up_log(settings.log)
    with progress_of("Restoring") as progress:
        came_to = bring_back(settings, file, send_waiting=send_waiting, progress=progress)
    say(f"Brought back {came_to.rows} rows and {came_to.blobs} large contents.")
    complain(came_to.to_do)
