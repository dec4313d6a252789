"""The command explain: says why a message was tracked, or not."""

from typing import Annotated

import typer

from postroom.api.shapes import explanation_in_json
from postroom.cli.exit import Exit
from postroom.cli.session import file_named, opened
from postroom.cli.show import AsJson, cell, show_json
from postroom.errors import UserError
from postroom.passes.explain import explain, explain_bytes
from postroom.store import mailboxes


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("explain")(explain_message)


def explain_message(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="FILE.eml|MESSAGE-ID|ID",
            help="A file, a Message-ID, or the id of an e-mail or a decision.",
        ),
    ],
    *,
    mailbox: Annotated[str, typer.Option(metavar="ADDRESS", help="The mailbox that received it.")] = "",
    sent: Annotated[
        bool, typer.Option("--sent", help="Judge the file as found among what the mailbox has sent.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say why a message was tracked or not; a file is judged against the store as it is now."""
    with opened() as postroom:
        context = postroom.context()
        with postroom.database.read() as connection:
            wanted_mailbox = mailboxes.get_by_address(connection, mailbox) if mailbox else None
            file = file_named(wanted)
            found = [] if file else explain(connection, wanted, wanted_mailbox)
        if file:
            if wanted_mailbox is None:
                raise UserError("A file is judged for one mailbox: name it with --mailbox ADDRESS.")
            found = explain_bytes(context, file.read_bytes(), wanted_mailbox, is_sent_copy=sent)
        with postroom.database.read() as connection:
            addresses = mailboxes.addresses_of(connection, [entry.mailbox for entry in found])
    answers = [explanation_in_json(entry, addresses.get(entry.mailbox, mailbox)) for entry in found]
    if as_json:
        show_json(answers)
    elif found:
        typer.echo("\n\n".join(_in_words(answer) for answer in answers))
    else:
        typer.echo("No decision is known about it: no mailbox of this store has seen it.", err=True)
    if not answers:
        raise typer.Exit(Exit.FAILED)


#: What is shown in words, where there is something to show.
_SHOWN = (
    "messageid",
    "kind",
    "evidence",
    "email",
    "decision",
    "acceptor",
    "filter",
    "matchedaddress",
    "matched",
    "correlated",
    "correlationmethod",
    "score",
    "reportson",
    "regarding",
    "decidedon",
)


def _in_words(answer: dict[str, object]) -> str:
    lines = [f"{answer['mailbox']}: {answer['verdict']}, {answer['reason']}. {answer['sentence']}"]
    lines.extend(f"  {name}: {answer[name]}" for name in _SHOWN if answer[name] is not None)
    matches, trail = answer["matches"], answer["trail"]
    assert isinstance(matches, list)  # noqa: S101 - made a few lines above
    assert isinstance(trail, list)  # noqa: S101
    lines.extend(f"  {match['role']} {match['address']}: {_who(match)}" for match in matches)
    lines.extend(f"  - {step['rule']}: {step['finding']}" for step in trail)
    # Names and Message-IDs are what strangers wrote.
    return "\n".join(map(cell, lines))


def _who(match: dict[str, object]) -> str:
    if not match["record"]:
        return "nobody known"
    notes = ["inactive"] if not match["active"] else []
    notes += ["chosen by a person"] if match["chosen"] else []
    who = f"{match['record']} {match['name'] or ''}".rstrip()
    return f"{who} ({', '.join(notes)})" if notes else who
