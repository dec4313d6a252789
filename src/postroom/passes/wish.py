"""What a person decides about single messages: track it, leave it alone, what it regards.

A wish is kept with the message's unique value and goes before every rule, whenever and in whichever
mailbox the message is judged again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import MalformedMessage, UserError
from postroom.mime.message import RawBytes
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.gather import AddressBook
from postroom.passes.judge import FROM_FILE, Judged, duplicate_check
from postroom.passes.keep import keep
from postroom.passes.opening import open_message
from postroom.passes.place import place_of, unique_of
from postroom.passes.rescan import Found, Mode, rescan
from postroom.passes.terms import terms_of
from postroom.ports.mail import Offered
from postroom.schema.choices import Reason, SetBy, Wish
from postroom.schema.decision import Decision
from postroom.schema.email import Email
from postroom.store import mailboxes, messages, wishes
from postroom.tracking.facts import Settled
from postroom.tracking.verdict import Verdict

_DECISION = Decision.__table__
_EMAIL = Email.__table__


@dataclass(frozen=True, slots=True)
class Regarding:
    """The record that an e-mail is to regard."""

    table: str
    id: UUID


def track_bytes(
    context: Context,
    data: bytes,
    mailbox: UUID,
    *,
    regarding: Regarding | None = None,
    is_sent_copy: bool = False,
    by: UUID | None = None,
) -> Judged:
    """Track these bytes as if a person had marked them in this mailbox, whatever the rules say.

    Raises `MalformedMessage` when they are no message, and `UserError` when the record to regard is not
    there. What the store holds already stays one e-mail and keeps the reason for which it was tracked.
    """
    # source: DATAVERSE-ACTIONS DeliverPromoteEmail
    setup = access.read_setup(context, mailbox)
    receiver = mailboxes.receiver_of(setup)
    raw = RawBytes(data)
    offered = Offered("", 0, len(data), is_sent_copy=is_sent_copy)
    opened = open_message(offered, raw, receiver, accelerated=context.mail.accelerated)
    if opened.message is None:
        raise MalformedMessage(opened.trouble)
    message = opened.message
    # No server has shown it: its content names it.
    opened.offered = Offered(f"{FROM_FILE}{message.digest.hex()}", 0, len(data), is_sent_copy=is_sent_copy)
    unique = duplicate_check(opened.direction, message.message_id, message.digest)
    with context.database.write() as connection:
        _wish_tracked(context, connection, unique, message.message_id, regarding, by)
        held = messages.holders_of(connection, [unique]).get(unique)
        terms = terms_of(connection, setup, context.clock.now(), lambda _: False)
    if held:
        verdict = Verdict(track=False, reason=Reason.DUPLICATE, duplicate=held)
        judged = Judged(opened, verdict, unique, email_id=held)
    else:
        opened.is_judged_again = True
        (judged,) = keep(context, AddressBook(), [opened], terms)
    if regarding and judged.verdict.duplicate:
        regard(context, judged.verdict.duplicate, regarding, by=by)
    return judged


def track_seen(
    context: Context,
    decision: UUID,
    *,
    regarding: Regarding | None = None,
    by: UUID | None = None,
    opener: access.SourceOpener = access.open_source,
) -> UUID:
    """Fetch a message that was seen and not tracked once more, track it, and return its e-mail.

    Raises `UserError` when it is tracked already, lies in quarantine or is no longer on the server; in the
    last case the wish stays, and is followed when the message comes up again.
    """
    with context.database.write() as connection:
        row = _decision(connection, decision)
        place = place_of(connection, row)
        unique = unique_of(connection, place, row)
        held = row["emailid"] or messages.holders_of(connection, [unique]).get(unique)
        if held:
            raise UserError(f"The message is tracked already, as e-mail {held}.")
        _wish_tracked(context, connection, unique, row["messageid"], regarding, by)
    made: list[UUID] = []
    found = rescan(
        context,
        place.mailbox,
        None,
        Mode.APPLY,
        only={place.server_id},
        opener=opener,
        on_batch=lambda judged: made.extend(j.email_id for j in judged if j.email_id and j.unique == unique),
    )
    if found.failure:
        raise found.failure
    if not made:
        raise UserError(
            f"{_why_not(found)} The wish is kept; "
            "`postroom track FILE.eml --mailbox ADDRESS` tracks it from a file."
        )
    return made[0]


def _why_not(found: Found) -> str:
    if found.gone:
        return "The message is no longer on the server, so it can't be fetched."
    if found.seen:
        return "The message was fetched, but could not be told from others like it."
    return "The server did not give it, or it came in one item with messages that are tracked."


def _decision(connection: Connection, decision: UUID) -> Mapping[str, Any]:
    key = _DECISION.c.postroom_decisionid
    row = connection.execute(sa.select(_DECISION).where(key == decision)).mappings().first()
    if row is None:
        raise UserError(f"There is no decision {decision}.")
    return dict(row)


def _wish_tracked(
    context: Context,
    connection: Connection,
    unique: UUID,
    message_id: str | None,
    regarding: Regarding | None,
    by: UUID | None,
) -> None:
    settled = Settled(Wish.TRACK, regarding.id if regarding else None, regarding.table if regarding else None)
    if regarding:
        context.records.get(connection, regarding.table, regarding.id)
    wishes.settle(connection, unique, settled, message_id=message_id or None, by=by, now=context.clock.now())


def untrack(context: Context, email: UUID, *, by: UUID | None = None) -> None:
    """Remove a tracked e-mail from the store for good: its message is never tracked again by a rule."""
    with context.database.write() as connection:
        row = _email(connection, email)
        if not row["messageiddupcheck"]:
            raise UserError("The e-mail was never a message on a server: delete it instead.")
        context.records.delete(connection, "email", email, by=by)


def regard(context: Context, email: UUID, regarding: Regarding | None, *, by: UUID | None = None) -> None:
    """Say what an e-mail regards; no rule changes it afterwards."""
    values: dict[str, Any] = {
        "regardingobjectid": regarding.id if regarding else None,
        # A person's word counts also where it confirms what stands there.
        "postroom_regardingby": int(SetBy.PERSON),
    }
    if regarding:
        values["regardingobjecttypecode"] = regarding.table
    with context.database.write() as connection:
        _email(connection, email)
        context.records.update(connection, "email", email, values, by=by, internal=True)


def _email(connection: Connection, email: UUID) -> Mapping[str, Any]:
    row = connection.execute(sa.select(_EMAIL).where(_EMAIL.c.activityid == email)).mappings().first()
    if row is None:
        raise UserError(f"There is no e-mail {email}.")
    return dict(row)
