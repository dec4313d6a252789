"""The command explain: says why a message was tracked, or not."""

from typing import Annotated
from uuid import UUID

import typer

from postroom.cli.exit import Exit
from postroom.cli.session import file_named, opened
from postroom.cli.show import AsJson, cell, show_json
from postroom.errors import UserError
from postroom.passes.explain import Explanation, Match, explain, explain_bytes
from postroom.schema.choices import CorrelationMethod
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
    answers = [in_json(entry, addresses.get(entry.mailbox, mailbox)) for entry in found]
    if as_json:
        show_json(answers)
    elif found:
        typer.echo("\n\n".join(_in_words(answer) for answer in answers))
    else:
        typer.echo("No decision is known about it: no mailbox of this store has seen it.", err=True)
    if not answers:
        raise typer.Exit(Exit.FAILED)


def in_json(entry: Explanation, address: str) -> dict[str, object]:
    """Return an explanation as programs read it."""
    is_correlated = entry.method not in (CorrelationMethod.NONE, CorrelationMethod.SKIPPED)
    return {
        "mailbox": address,
        "messageid": entry.message_id,
        "direction": "sent" if entry.is_sent_copy else "received",
        "tracked": entry.tracked,
        "verdict": "tracked" if entry.tracked else "not tracked",
        "reason": entry.reason.label,
        "reasoncode": int(entry.reason),
        "sentence": entry.reason.sentence,
        "kind": entry.kind.label,
        "evidence": entry.evidence or None,
        "email": _text(entry.email),
        "decision": _text(entry.decision),
        "acceptor": _record(entry.acceptor),
        "filter": entry.filtering.label if entry.filtering is not None else None,
        "matchedaddress": entry.matched_address,
        "matched": _record(entry.matched),
        "correlated": _text(entry.correlated),
        "correlationmethod": entry.method.label if is_correlated else None,
        "score": entry.score,
        "reportson": _text(entry.reported),
        "regarding": _record(entry.regarding),
        "matches": [_match(match) for match in entry.matches],
        "decidedon": f"{entry.decided_at:%Y-%m-%dT%H:%M:%SZ}" if entry.decided_at else None,
        "trail": [{"rule": rule, "finding": finding} for rule, finding in entry.trail],
    }


def _text(key: UUID | None) -> str | None:
    return str(key) if key else None


def _record(record: tuple[str, UUID] | None) -> str | None:
    return f"{record[0]} {record[1]}" if record else None


def _match(match: Match) -> dict[str, object]:
    return {
        "role": match.role,
        "address": match.address,
        "record": _record(match.record),
        "name": match.name or None,
        "active": match.active,
        "chosen": match.chosen,
    }


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
