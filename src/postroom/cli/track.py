"""Commands by which a person settles single messages: track, untrack, regard."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from postroom.app.wiring import Postroom
from postroom.cli.session import as_wrong_use, file_named, for_each, opened
from postroom.cli.show import say
from postroom.errors import UserError
from postroom.passes import wish
from postroom.passes.explain import Explanation, explain
from postroom.passes.wish import Regarding
from postroom.schema.targets import REGARDING
from postroom.store import mailboxes

_Message = Annotated[
    str,
    typer.Argument(
        metavar="FILE.eml|MESSAGE-ID|ID", help="A file, a Message-ID, or the id of an e-mail or a decision."
    ),
]
_Tracked = Annotated[str, typer.Argument(metavar="MESSAGE-ID|ID", help="The tracked e-mail.")]
_Mailbox = Annotated[str, typer.Option(metavar="ADDRESS", help="The mailbox whose message it is.")]
_REGARDING = "The record that the e-mail regards, such as account:ID."


def add_to(app: typer.Typer) -> None:
    """Put the commands into the application."""
    app.command("track")(track)
    app.command("untrack")(untrack)
    app.command("regard")(regard)


def track(
    wanted: _Message,
    *,
    mailbox: _Mailbox = "",
    regarding: Annotated[str, typer.Option(metavar="TABLE:ID", help=_REGARDING)] = "",
    sent: Annotated[bool, typer.Option("--sent", help="The file was sent from the mailbox.")] = False,
) -> None:
    """Track a message whatever the rules say: from a file, or fetched once more from its server."""
    with as_wrong_use():
        record = read_record(regarding) if regarding else None
    with opened() as postroom:
        if file := file_named(wanted):
            email = _track_file(postroom, file, mailbox, record, is_sent_copy=sent)
        else:
            email = _track_seen(postroom, wanted, mailbox, record)
    say(f"Tracked as e-mail {email}.")


def _track_file(
    postroom: Postroom, file: Path, mailbox: str, regarding: Regarding | None, *, is_sent_copy: bool
) -> UUID | None:
    if not mailbox:
        raise UserError("A file is tracked for one mailbox: name it with --mailbox ADDRESS.")
    with postroom.database.read() as connection:
        wanted = mailboxes.get_by_address(connection, mailbox)
    judged = wish.track_bytes(
        postroom.context(), file.read_bytes(), wanted, regarding=regarding, is_sent_copy=is_sent_copy
    )
    return judged.email_id


def _track_seen(postroom: Postroom, wanted: str, mailbox: str, regarding: Regarding | None) -> UUID:
    found = _explained(postroom, wanted, mailbox)
    held = next((entry.email for entry in found if entry.email), None)
    if held:
        raise UserError(f"The message is tracked already, as e-mail {held}.")
    seen = [entry.decision for entry in found if entry.decision]
    if not seen:
        raise UserError("No mailbox of this store has seen such a message.")
    return wish.track_seen(postroom.context(), seen[-1], regarding=regarding)


def untrack(
    wanted: Annotated[list[str], typer.Argument(metavar="MESSAGE-ID|ID...", help="The tracked e-mails.")],
) -> None:
    """Remove tracked e-mails from the store; no rule tracks their messages again."""
    with opened() as postroom:

        def remove(each: str) -> None:
            email = _email(postroom, each)
            wish.untrack(postroom.context(), email)
            say(f"E-mail {email} was removed, and its message stays untracked.")

        for_each(wanted, remove)


def regard(
    wanted: _Tracked,
    record: Annotated[str, typer.Argument(metavar="TABLE:ID|none", help=_REGARDING)],
) -> None:
    """Say which record an e-mail regards; no rule changes that afterwards."""
    with as_wrong_use():
        regarding = None if record == "none" else read_record(record)
    with opened() as postroom:
        email = _email(postroom, wanted)
        wish.regard(postroom.context(), email, regarding)
    say(f"E-mail {email} regards {record}.")


def _email(postroom: Postroom, wanted: str) -> UUID:
    emails = {entry.email for entry in _explained(postroom, wanted) if entry.email}
    if not emails:
        raise UserError(f"There is no tracked e-mail {wanted}.")
    if len(emails) > 1:
        listed = ", ".join(sorted(map(str, emails)))
        raise UserError(f"Several e-mails have this Message-ID; name one by its id: {listed}.")
    return emails.pop()


def _explained(postroom: Postroom, wanted: str, mailbox: str = "") -> list[Explanation]:
    with postroom.database.read() as connection:
        place = mailboxes.get_by_address(connection, mailbox) if mailbox else None
        return explain(connection, wanted, place)


def read_record(text: str) -> Regarding:
    """Return the record that TABLE:ID names.

    >>> read_record("account:00000000-0000-0000-0000-000000000007").table
    'account'
    """
    table, _, key = text.partition(":")
    try:
        record = Regarding(table.strip().lower(), UUID(key.strip()))
    except ValueError:
        raise UserError(f"{text!r} names no record: write TABLE:ID, such as account:ID.") from None
    if record.table not in REGARDING:
        raise UserError(f"An e-mail can regard a record of {', '.join(REGARDING)}, not of {record.table!r}.")
    return record
