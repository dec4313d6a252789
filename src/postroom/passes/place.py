"""Where a message that was decided upon lies, and the value that its e-mail has."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.passes.judge import duplicate_check
from postroom.schema.decision import Decision
from postroom.schema.ledger import Ledger
from postroom.store import ledger, messages
from postroom.tracking.facts import Direction

_DECISION = Decision.__table__
_LEDGER = Ledger.__table__


class Place(NamedTuple):
    """Where the message of a decision lies: in which mailbox, under which id, in an item of which content."""

    mailbox: UUID
    server_id: str
    item_digest: bytes


def place_of(connection: Connection, row: Mapping[str, Any]) -> Place:
    """Return where the message of a decision lies.

    A forwarded one lies in another mailbox than the one it is for; and the server may have renumbered it.
    """
    query = sa.select(_LEDGER.c.mailboxid, _LEDGER.c.quarantineid, _LEDGER.c.serverid, _LEDGER.c.digest)
    entry = connection.execute(query.where(_LEDGER.c.postroom_ledgerid == row["ledgerid"])).first()
    if entry is None or entry.quarantineid:
        raise UserError("The message lies in quarantine; `postroom quarantine list` says why.")
    return Place(entry.mailboxid, entry.serverid, bytes(entry.digest or b""))


def unique_of(connection: Connection, place: Place, row: Mapping[str, Any]) -> UUID:
    """Return the value that the e-mail of this message will have.

    Of equal messages without a Message-ID it is the first that none of them has taken, as in judging.
    """
    direction = Direction.OUTGOING if row["directioncode"] else Direction.INCOMING
    message_id, digest = row["messageid"] or "", bytes(row["digest"] or b"")
    known = {} if message_id else ledger.by_content(connection, place.mailbox, [place.item_digest])
    copies = known.get(place.item_digest, [])
    uniques = [duplicate_check(direction, message_id, digest, number) for number in range(len(copies) + 1)]
    taken = {copy.email_id for copy in copies if copy.email_id}
    holders = messages.holders_of(connection, uniques)
    return next(unique for unique in uniques if holders.get(unique) not in taken)


def unique_of_recorded(connection: Connection, ledger_id: UUID) -> UUID | None:
    """Return the value of a recorded message; None of one that was never read or holds several."""
    query = sa.select(_DECISION).where(_DECISION.c.ledgerid == ledger_id)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    if len(rows) != 1 or not (rows[0]["messageid"] or rows[0]["digest"]):
        return None
    try:
        place = place_of(connection, rows[0])
    except UserError:
        return None  # it lies in quarantine
    return unique_of(connection, place, rows[0])
