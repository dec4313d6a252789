"""The command rescan: looks once more at mail that was seen and not tracked."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from postroom.api.shapes import judged_in_json
from postroom.cli.exit import Exit
from postroom.cli.session import as_wrong_use, opened
from postroom.cli.show import AsJson, say, show_json, show_records
from postroom.errors import UserError
from postroom.passes.judge import Judged
from postroom.passes.rescan import Mode, rescan
from postroom.store import mailboxes


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("rescan")(look_again)


def look_again(
    *,
    mailbox: Annotated[str, typer.Option(metavar="ADDRESS", help="The mailbox to look through.")],
    since: Annotated[
        str, typer.Option(metavar="DATE", help="2026-05-01, or with a time: 2026-05-01T12:00Z. It is UTC.")
    ],
    apply: Annotated[
        bool, typer.Option("--apply", help="Track what would be tracked; without it, only say so.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge mail anew that was seen since a date and not tracked, by the rules as they are now.

    The start date of mailbox and profile does not count: the date given here does.
    """
    with as_wrong_use():
        wanted_since = read_date(since)
    rows: list[dict[str, object]] = []
    reasons: Counter[str] = Counter()

    def note(judged: Sequence[Judged]) -> None:
        for one in judged:
            reasons[one.verdict.reason.label] += 1
            if one.verdict.track:
                rows.append(judged_in_json(one))

    with opened() as postroom:
        with postroom.database.read() as connection:
            wanted = mailboxes.get_by_address(connection, mailbox)
        mode = Mode.APPLY if apply else Mode.PREVIEW
        found = rescan(postroom.context(), wanted, wanted_since, mode, on_batch=note)
    if as_json:
        show_json(
            {
                "mailbox": mailbox,
                "since": f"{wanted_since:%Y-%m-%dT%H:%M:%SZ}",
                "applied": apply,
                "seen": found.seen,
                "tracked": found.tracked,
                "gone": found.gone,
                "reasons": dict(reasons),
                "messages": rows,
                "failure": str(found.failure) if found.failure else None,
            }
        )
    else:
        show_records(rows, as_json=False)
        verb = "were tracked" if apply else "would be tracked"
        say(f"{found.tracked} of {found.seen} message(s) {verb}; {found.gone} are no longer on the server.")
        if found.tracked and not apply:
            say("Nothing was changed: --apply tracks them.")
        if found.failure:
            say(f"It ended early: {found.failure}")
    if found.failure:
        raise typer.Exit(Exit.PARTLY_DONE if found.seen else Exit.FAILED)


def read_date(text: str) -> datetime:
    """Return the instant that a date or time means; without a zone it is UTC.

    >>> read_date("2026-05-01").isoformat()
    '2026-05-01T00:00:00+00:00'
    """
    try:
        read = datetime.fromisoformat(text.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserError(f"{text!r} is no date: write 2026-05-01 or 2026-05-01T12:00Z.") from None
