"""The command explain: says why a message was tracked, or not."""

from pathlib import Path
from typing import Annotated

import typer

from postroom.cli.exit import Exit
from postroom.cli.session import opened
from postroom.cli.show import AsJson, show_json
from postroom.errors import UserError
from postroom.passes.explain import Explanation, explain, judge_bytes
from postroom.passes.judge import Judged
from postroom.store import mailboxes


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("explain")(explain_message)


def explain_message(
    wanted: Annotated[
        str, typer.Argument(metavar="FILE.eml|MESSAGE-ID|ID", help="A file, a Message-ID, or an e-mail's id.")
    ],
    *,
    mailbox: Annotated[str, typer.Option(metavar="ADDRESS", help="The mailbox that received it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say why a message was tracked or not; a file is judged against the store as it is now."""
    with opened() as postroom:
        context = postroom.context()
        with postroom.database.read() as connection:
            wanted_mailbox = mailboxes.get_by_address(connection, mailbox) if mailbox else None
            file = Path(wanted)
            found = [] if file.is_file() else explain(connection, wanted, wanted_mailbox)
            addresses = mailboxes.addresses_of(connection, [entry.mailbox for entry in found])
        if file.is_file():
            if wanted_mailbox is None:
                raise UserError("A file is judged for one mailbox: name it with --mailbox ADDRESS.")
            judged = judge_bytes(context, file.read_bytes(), wanted_mailbox)
            answers = [_judged(one, mailbox) for one in judged]
        else:
            answers = [_explained(entry, addresses[entry.mailbox]) for entry in found]
    if as_json:
        show_json(answers)
    elif answers:
        typer.echo("\n\n".join(_in_words(answer) for answer in answers))
    else:
        typer.echo("No decision is known about it: no mailbox of this store has seen it.", err=True)
    if not answers:
        raise typer.Exit(Exit.FAILED)


def _explained(entry: Explanation, address: str) -> dict[str, object]:
    return {
        "mailbox": address,
        "messageid": entry.message_id,
        "tracked": entry.tracked,
        "reason": entry.reason.label,
        "sentence": entry.reason.sentence,
        "email": str(entry.email) if entry.email else None,
        "acceptor": f"{entry.acceptor[0]} {entry.acceptor[1]}" if entry.acceptor else None,
        "filter": entry.filtering.label if entry.filtering is not None else None,
        "matchedaddress": entry.matched_address,
        "decidedon": f"{entry.decided_at:%Y-%m-%dT%H:%M:%SZ}",
        "trail": [{"rule": rule, "finding": finding} for rule, finding in entry.trail],
    }


def _judged(judged: Judged, address: str) -> dict[str, object]:
    verdict, message = judged.verdict, judged.opened.message
    acceptor = verdict.acceptor
    return {
        "mailbox": address,
        "messageid": message.message_id if message else None,
        "tracked": verdict.track,
        "reason": verdict.reason.label,
        "sentence": verdict.reason.sentence,
        "email": str(verdict.duplicate) if verdict.duplicate else None,
        "acceptor": f"{acceptor.table} {acceptor.id}" if acceptor else None,
        "filter": verdict.filtering.label if verdict.filtering is not None else None,
        "matchedaddress": verdict.matched_address or None,
        "decidedon": None,
        "trail": [{"rule": rule, "finding": finding} for rule, finding in verdict.trail],
    }


def _in_words(answer: dict[str, object]) -> str:
    verdict = "tracked" if answer["tracked"] else "not tracked"
    lines = [f"{answer['mailbox']}: {verdict}, {answer['reason']}. {answer['sentence']}"]
    shown = ("messageid", "email", "acceptor", "filter", "matchedaddress", "decidedon")
    lines.extend(f"  {name}: {answer[name]}" for name in shown if answer[name])
    trail = answer["trail"]
    assert isinstance(trail, list)  # noqa: S101 - made a few lines above
    lines.extend(f"  - {step['rule']}: {step['finding']}" for step in trail)
    return "\n".join(lines)
