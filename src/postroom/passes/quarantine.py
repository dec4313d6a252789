"""The quarantine: what could not be handled, to try again or drop."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.mime.message import RawBytes
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.forwarded import open_item
from postroom.passes.gather import AddressBook
from postroom.passes.judge import Judged
from postroom.passes.keep import keep
from postroom.passes.search import as_last_found, as_marked
from postroom.passes.terms import terms_of
from postroom.ports.mail import Offered
from postroom.schema.choices import QuarantineCause, QuarantineState
from postroom.schema.quarantine import Quarantine
from postroom.store import ledger
from postroom.store.blobs import open_blob

_QUARANTINE = Quarantine.__table__


def waiting(connection: Connection) -> list[Mapping[str, Any]]:
    """Return what waits in quarantine, the oldest first."""
    query = (
        sa.select(_QUARANTINE)
        .where(_QUARANTINE.c.state == int(QuarantineState.WAITING))
        .order_by(_QUARANTINE.c.createdon)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def get(connection: Connection, entry: UUID) -> Mapping[str, Any]:
    """Return one entry; raises `UserError` when there is none."""
    key = _QUARANTINE.c.postroom_quarantineid
    row = connection.execute(sa.select(_QUARANTINE).where(key == entry)).mappings().first()
    if row is None:
        raise UserError(f"There is nothing in quarantine under {entry}.")
    return dict(row)


def raw_bytes(context: Context, entry: UUID) -> bytes | None:
    """Return the message's bytes as the server gave them, or None when they are still on the server."""
    with context.database.read() as connection:
        row = get(connection, entry)
        if row["digest"] is None:
            return None
        return b"".join(open_blob(connection, bytes(row["digest"]), context.blobs))


def retry(context: Context, entry: UUID) -> Judged | None:
    """Try the message again: judge its kept bytes anew, or have the next pass fetch it.

    Returns the new verdict, or None when the bytes are still on the server. Raises `UserError`
    when it fails again; the message then waits as before.
    """
    with context.database.read() as connection:
        row = _waiting_entry(connection, entry)
    raw = raw_bytes(context, entry)
    if raw is None:
        _forget(context, row)
        return None
    setup = access.read_setup(context, row["mailboxid"])
    offered = Offered(row["serverid"], 0, len(raw), row["folder"], is_sent_copy=row["directioncode"])
    opened = list(as_marked(open_item(context, setup, offered, RawBytes(raw)), as_last_found(context, setup)))
    if failed := [item for item in opened if item.message is None]:
        _count_try(context, row, failed[0].trouble)
        raise UserError(f"It failed again: {failed[0].trouble}")
    with context.database.read() as connection:
        # None of the mailbox's messages counts as gone: this is no listing by the server.
        terms = terms_of(connection, setup, context.clock.now(), lambda _: False)
    _make_way(context, row)
    return _settle(context, row, keep(context, AddressBook(), opened, terms))


def _settle(context: Context, row: Mapping[str, Any], verdicts: Sequence[Judged]) -> Judged:
    """Close the entry with what came of its message."""
    if refused := [judged.opened for judged in verdicts if judged.opened.message is None]:
        # It was put aside once more, under an entry of its own.
        _set_state(context, row, QuarantineState.RETRIED)
        raise UserError(f"It failed again: {refused[0].trouble}")
    judged = next((judged for judged in verdicts if judged.email_id), verdicts[0])
    _set_state(context, row, QuarantineState.SETTLED, email=judged.email_id)
    return judged


def _waiting_entry(connection: Connection, entry: UUID) -> Mapping[str, Any]:
    row = get(connection, entry)
    state = QuarantineState(row["state"])
    if state is not QuarantineState.WAITING:
        raise UserError(f"The message is {state.label.lower()}; nothing is left to be done with it.")
    return row


def _make_way(context: Context, row: Mapping[str, Any]) -> None:
    """Take back the ledger row and the decisions of the failed attempt; new ones follow."""
    with context.database.write() as connection:
        ledger.take_back(connection, row["mailboxid"], [row["serverid"]])


def _forget(context: Context, row: Mapping[str, Any]) -> None:
    """Let the next pass fetch the message as if it had never been seen."""
    _make_way(context, row)
    _set_state(context, row, QuarantineState.RETRIED)


def _count_try(context: Context, row: Mapping[str, Any], trouble: str) -> None:
    key = row["postroom_quarantineid"]
    with context.database.write() as connection:
        connection.execute(
            sa.update(_QUARANTINE)
            .where(_QUARANTINE.c.postroom_quarantineid == key)
            .values(
                attempts=_QUARANTINE.c.attempts + 1, lasttriedon=context.clock.now(), reason=trouble[:2000]
            )
        )


def drop(context: Context, entry: UUID) -> None:
    """Give a message up for good; its entry and bytes stay until retention removes them."""
    with context.database.read() as connection:
        row = _waiting_entry(connection, entry)
    if row["cause"] == QuarantineCause.BROKEN_FETCH:
        raise UserError("Its bytes are still on the server: remove it there, and it leaves the quarantine.")
    _set_state(context, row, QuarantineState.DROPPED)


def _set_state(
    context: Context, row: Mapping[str, Any], state: QuarantineState, *, email: UUID | None = None
) -> None:
    with context.database.write() as connection:
        connection.execute(
            sa.update(_QUARANTINE)
            .where(_QUARANTINE.c.postroom_quarantineid == row["postroom_quarantineid"])
            .values(state=int(state), emailid=email, lasttriedon=context.clock.now())
        )
