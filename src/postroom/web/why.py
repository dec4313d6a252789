"""Why: what was decided about messages, found by Message-ID, key, address or mailbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.mime.key import address_key
from postroom.passes.explain import Explanation, explain
from postroom.schema import registry
from postroom.store import mailboxes

_DECISION = registry.by_logical_name("postroom_decision").table
_MAILBOX = registry.by_logical_name("mailbox").table
_MOST = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision as a person reads it."""

    address: str
    verdict: str
    reason: str
    sentence: str
    message_id: str
    email: str
    at: datetime | None
    trail: Sequence[tuple[str, str]]


def answers(connection: Connection, wanted: str) -> list[Answer]:
    """Return what was decided about a message, or lately in the mailbox with this address."""
    found = explain(connection, wanted.strip()) if wanted.strip() else []
    if not found and "@" in wanted:
        latest = _latest_of(connection, address_key(wanted.strip()))
        found = [entry for id in latest for entry in explain(connection, id)]
    addresses = mailboxes.addresses_of(connection, [entry.mailbox for entry in found])
    return [_answer(entry, addresses.get(entry.mailbox, "")) for entry in found]


def _latest_of(connection: Connection, address: str) -> list[str]:
    """Return the keys of the latest decisions of a mailbox, or about an address that matched."""
    query = (
        sa.select(_DECISION.c.postroom_decisionid)
        .join_from(_DECISION, _MAILBOX, _MAILBOX.c.mailboxid == _DECISION.c.mailboxid)
        .where(
            sa.or_(sa.func.lower(_MAILBOX.c.emailaddress) == address, _DECISION.c.matchedaddress == address)
        )
        .order_by(_DECISION.c.createdon.desc(), _DECISION.c.postroom_decisionid.desc())
        .limit(_MOST)
    )
    return [str(key) for key in connection.scalars(query)]


def _answer(entry: Explanation, address: str) -> Answer:
    return Answer(
        address,
        "tracked" if entry.tracked else "not tracked",
        entry.reason.label,
        entry.reason.sentence,
        entry.message_id or "",
        str(entry.email or ""),
        entry.decided_at,
        entry.trail,
    )
