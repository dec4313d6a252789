"""Commands on the quarantine: list, show, retry, drop."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import UUID

import typer

from postroom.api.odata.query import read_query, run_query
from postroom.api.odata.render import Annotation
from postroom.cli.mailbox import in_words, without_labels
from postroom.cli.session import for_each, opened
from postroom.cli.show import AsJson, say, show_json, show_record, show_records
from postroom.errors import UserError
from postroom.passes import quarantine
from postroom.passes.context import Context
from postroom.schema.choices import QuarantineState

commands = typer.Typer(help="Messages that could not be recorded, kept with their bytes and the reason.")

Entry = Annotated[UUID, typer.Argument(metavar="ID", help="The id that `quarantine list` shows.")]
Entries = Annotated[list[UUID], typer.Argument(metavar="ID...", help="Ids that `quarantine list` shows.")]

_LABELS = frozenset({Annotation.FORMATTED})
_LIST = "postroom_quarantineid,_mailboxid_value,cause,reason,size,attempts,state,createdon"


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    app.add_typer(commands, name="quarantine")


@commands.command("list")
def list_entries(
    *,
    all_: Annotated[bool, typer.Option("--all", help="Also those that were settled or dropped.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the messages that wait in quarantine, the oldest first."""
    options = {"$select": _LIST, "$orderby": "createdon"}
    if not all_:
        options["$filter"] = f"state eq {int(QuarantineState.WAITING)}"
    asked = read_query("postroom_quarantines", options)
    with opened() as postroom, postroom.database.read() as connection:
        rows = run_query(connection, asked, _LABELS).rows
    shown = [without_labels(row) if as_json else in_words(row) for row in rows]
    show_records(shown, _LIST.split(","), as_json=as_json)


@commands.command("show")
def show_entry(
    entry: Entry,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Print the bytes as the server gave them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one message in quarantine and why it is there."""
    asked = read_query("postroom_quarantines", {"$filter": f"postroom_quarantineid eq {entry}"})
    with opened() as postroom:
        if raw:
            _print_raw(postroom.context(), entry)
            return
        with postroom.database.read() as connection:
            quarantine.get(connection, entry)
            (row,) = run_query(connection, asked, _LABELS).rows
    if as_json:
        show_json(without_labels(row))
    else:
        show_record(in_words(row), as_json=False)


@commands.command()
def retry(entries: Entries) -> None:
    """Try messages again: from their kept bytes, or by fetching them anew at the next pass."""
    _each(entries, _retry)


@commands.command()
def drop(entries: Entries) -> None:
    """Give messages up for good."""
    _each(entries, _drop)


def _each(entries: Sequence[UUID], act: Callable[[Context, UUID], None]) -> None:
    with opened() as postroom:
        context = postroom.context()
        for_each(entries, lambda entry: act(context, entry))


def _retry(context: Context, entry: UUID) -> None:
    judged = quarantine.retry(context, entry)
    if judged is None:
        say(f"{entry}: the next pass fetches it anew.")
    else:
        say(
            f"{entry}: recorded as e-mail {judged.email_id}." if judged.email_id else f"{entry}: not tracked."
        )


def _drop(context: Context, entry: UUID) -> None:
    quarantine.drop(context, entry)
    say(f"{entry}: dropped.")


def _print_raw(context: Context, entry: UUID) -> None:
    content = quarantine.raw_bytes(context, entry)
    if content is None:
        raise UserError("Its bytes are still on the server.")
    sys.stdout.buffer.write(content)
