"""The command plan: what the next pass over appointments, contacts and tasks would do."""

from dataclasses import asdict
from typing import Annotated

import typer

from postroom.app.items import open_item_sides
from postroom.cli.session import opened
from postroom.cli.show import AsJson, say, show_json, show_records
from postroom.passes.plan import Shown, approve, show_plan
from postroom.store import mailboxes


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("plan")(plan)


def plan(
    *,
    mailbox: Annotated[str, typer.Option(metavar="ADDRESS", help="The mailbox of a user.")],
    approve_it: Annotated[
        bool, typer.Option("--approve", help="Have the next pass do what is held back because it is much.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the next pass would do to appointments, contacts and tasks, and who would be told and why."""
    with opened() as postroom:
        context = postroom.context()
        with postroom.database.read() as connection:
            key = mailboxes.get_by_address(connection, mailbox)
        shown = show_plan(context, key, opener=open_item_sides)
        if approve_it:
            approve(context, key)
    if as_json:
        show_json(asdict(shown))
        return
    _print(shown)
    if approve_it:
        say("Approved: the next pass does what is held back.")


def _print(shown: Shown) -> None:
    rows = [
        {
            "what": f"{act.doing} {act.what}" + (" (held back)" if act.is_held_back else ""),
            "subject": act.subject,
            "where": act.side,
            "why": act.why,
            "told": f"{act.notice} to {', '.join(act.to)}: {act.notice_rule}" if act.notice else "",
        }
        for act in shown.acts
    ]
    show_records(rows, ("what", "subject", "where", "why", "told"), as_json=False)
    for cause in shown.causes:
        typer.echo(cause)
    for left in shown.left_alone:
        words = f" ({left.words})" if left.words else ""
        typer.echo(f"left alone on the {left.side} side: {left.subject}{words}: {left.why}")
