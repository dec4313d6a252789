"""Commands on what only people can decide about items: list, show, decide, restore."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from postroom.cli.session import for_each, opened
from postroom.cli.show import AsJson, say, show_json, show_record, show_records
from postroom.passes import conflicts
from postroom.passes.conflicts import OpenQuestion
from postroom.store import mailboxes

commands = typer.Typer(help="Appointments, contacts and tasks of which only a person can say what is right.")

Entry = Annotated[UUID, typer.Argument(metavar="ID", help="The id that `conflict list` shows.")]

_LIST = ("id", "mailbox", "kind", "question", "choices", "answer")


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    app.add_typer(commands, name="conflict")


@commands.command("list")
def list_questions(
    *,
    mailbox: Annotated[str, typer.Option(metavar="ADDRESS", help="Only of this mailbox.")] = "",
    as_json: AsJson = False,
) -> None:
    """List what waits for a decision: two values of one field, items that look alike, items that rest."""
    with opened() as postroom:
        key = None
        if mailbox:
            with postroom.database.read() as connection:
                key = mailboxes.get_by_address(connection, mailbox)
        found = conflicts.open_questions(postroom.context(), key)
    rows = [_row(each) for each in found]
    if not as_json:
        rows = [{**row, "choices": ", ".join(row["choices"])} for row in rows]
    show_records(rows, _LIST, as_json=as_json)


@commands.command("show")
def show_question(entry: Entry, *, as_json: AsJson = False) -> None:
    """Show one question with both values and what may be answered."""
    with opened() as postroom:
        found = conflicts.get_question(postroom.context(), entry)
    if as_json:
        show_json(_row(found))
        return
    row = {**_row(found), "choices": ", ".join(found.choices)}
    for name, sides in row.pop("values").items():
        row |= {f"{name} in the CRM": sides["crm"], f"{name} on the server": sides["server"]}
    show_record(row, as_json=False)


@commands.command()
def decide(
    entry: Entry,
    choice: Annotated[str, typer.Argument(metavar="CHOICE", help="One of the choices that are shown.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Answer a question; the next pass carries the answer out."""
    with opened() as postroom:
        decided = conflicts.decide(postroom.context(), entry, choice)
    if as_json:
        show_json(_row(decided))
    else:
        say(f"{entry}: {choice}; the next pass carries it out.")


@commands.command()
def restore(
    values: Annotated[
        list[UUID],
        typer.Argument(metavar="ID...", help="Ids that `postroom query postroom_overwrittens` shows."),
    ],
) -> None:
    """Put values that gave way back into their records; the next pass carries them to the server."""
    with opened() as postroom:
        context = postroom.context()

        def act(value: UUID) -> None:
            subject = conflicts.restore(context, value)
            say(f"{value}: put back into {subject!r:.80}.")

        for_each(values, act)


def _row(question: OpenQuestion) -> dict[str, Any]:
    return {**asdict(question), "since": question.since.isoformat()}
