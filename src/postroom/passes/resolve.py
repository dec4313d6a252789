"""Addresses and the records they stand for: shown, chosen by a person, remembered.

A choice counts for every e-mail to come, and for the unresolved parties there are: all equal addresses
at once, or one party only where the organization wishes so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.mime.key import address_key
from postroom.passes.context import Context
from postroom.schema import registry
from postroom.schema.choices import Participation
from postroom.schema.email import Email
from postroom.schema.ids import new_id
from postroom.schema.party import ActivityParty
from postroom.schema.search import AddressChoice
from postroom.schema.targets import EMAIL_ENABLED
from postroom.store import index, reports
from postroom.store.index import chunks_of
from postroom.tracking.facts import Known

_PARTY = ActivityParty.__table__
_EMAIL = Email.__table__
_CHOICE = AddressChoice.__table__

# What a sender may be on an e-mail.
_SENDERS = frozenset({"account", "contact", "lead", "queue", "systemuser"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What the store knows of one address."""

    address: str
    #: The records that have it; the one that a person chose says so.
    known: Sequence[Known]
    #: Parties with this address that belong to no record.
    unresolved: int
    #: The latest reports about mail to it, the newest first.
    reports: Sequence[dict[str, Any]]


def standing_of(connection: Connection, address: str) -> Standing:
    """Return what the store knows of an address."""
    key = address_key(address)
    unresolved = sa.select(sa.func.count()).where(_PARTY.c.postroom_unresolvedkey == key)
    return Standing(
        key,
        index.find_known(connection, [key]).get(key, ()),
        connection.execute(unresolved).scalar() or 0,
        reports.on_address(connection, key),
    )


def resolve(context: Context, address: str, table: str, id: UUID, *, by: UUID | None = None) -> int:
    """Let the address stand for this record from now on; return how many parties were resolved by that.

    Unresolved parties with an equal address get the record too, unless the organization's
    `resolvesimilarunresolvedemailaddress` is off.
    """
    key = address_key(address)
    if not key:
        raise UserError("Name the address that is to stand for the record.")
    check_table(table)
    with context.database.write() as connection:
        context.records.get(connection, table, id)
        _remember(context, connection, key, table, id, by)
        if not _applies_to_all(connection):
            return 0
        return _resolve_parties(context, connection, key, _chosen(context, connection, key, table, id))


def check_table(table: str) -> None:
    """Refuse a table whose records have no addresses."""
    if table not in EMAIL_ENABLED:
        raise UserError(f"An address can stand for a record of {', '.join(EMAIL_ENABLED)}, not of {table!r}.")


def resolve_party(context: Context, party: UUID, table: str, id: UUID, *, by: UUID | None = None) -> int:
    """Resolve one unresolved party by hand; equal addresses follow where the organization wishes so."""
    with context.database.read() as connection:
        row = connection.execute(
            sa.select(_PARTY.c.addressused, _PARTY.c.partyid).where(_PARTY.c.activitypartyid == party)
        ).first()
    if row is None:
        raise UserError(f"There is no party {party}.")
    if row.partyid or not row.addressused:
        raise UserError("Only a party that has an address and no record can be resolved.")
    resolved = resolve(context, row.addressused, table, id, by=by)
    if resolved:
        return resolved
    with context.database.write() as connection:
        key = address_key(row.addressused)
        chosen = _chosen(context, connection, key, table, id)
        return _resolve_parties(context, connection, key, chosen, _PARTY.c.activitypartyid == party)


def forget_choice(context: Context, address: str) -> bool:
    """Let the rules resolve the address again; what was resolved stays. Say whether there was a choice."""
    with context.database.write() as connection:
        gone = connection.execute(sa.delete(_CHOICE).where(_CHOICE.c.emailaddress == address_key(address)))
    return bool(gone.rowcount)


def _remember(
    context: Context, connection: Connection, key: str, table: str, id: UUID, by: UUID | None
) -> None:
    context.database.lock(connection, f"postroom_address {key}")
    connection.execute(sa.delete(_CHOICE).where(_CHOICE.c.emailaddress == key))
    connection.execute(
        sa.insert(_CHOICE).values(
            postroom_addresschoiceid=new_id(),
            emailaddress=key,
            partyid=id,
            partyobjecttypecode=table,
            chosenby=by,
            createdon=context.clock.now(),
        )
    )


def _applies_to_all(connection: Connection) -> bool:
    organization = registry.by_logical_name("organization").table
    wish = connection.scalar(sa.select(organization.c.resolvesimilarunresolvedemailaddress))
    return wish is not False


def _chosen(context: Context, connection: Connection, key: str, table: str, id: UUID) -> Known:
    """Return the record that was chosen for the address, as parties and e-mails show it."""
    known = index.find_known(connection, [key]).get(key, ())
    if found := next((one for one in known if one.id == id), None):
        return found
    # Mail does not find a disabled user; a person may still say that it was he.
    record = context.records.get(connection, table, id)
    name = registry.by_logical_name(table).primary_name
    return Known(table, id, str(record.get(name or "") or ""))


def _resolve_parties(
    context: Context,
    connection: Connection,
    key: str,
    chosen: Known,
    *which: sa.ColumnElement[bool],
) -> int:
    unresolved = sa.select(
        _PARTY.c.activitypartyid, _PARTY.c.activityid, _PARTY.c.participationtypemask
    ).where(_PARTY.c.postroom_unresolvedkey == key, *which)
    rows = connection.execute(unresolved).all()
    for chunk in chunks_of(row.activitypartyid for row in rows):
        connection.execute(
            sa.update(_PARTY)
            .where(_PARTY.c.activitypartyid.in_(chunk))
            .values(
                partyid=chosen.id,
                partyobjecttypecode=chosen.table,
                partyidname=chosen.name[:400],
                unresolvedpartyname=None,
                postroom_unresolvedkey=None,
                versionnumber=context.database.next_versions(connection),
            )
        )
    sent_by = {row.activityid for row in rows if row.participationtypemask == Participation.SENDER}
    if chosen.table in _SENDERS:
        _name_senders(context, connection, sent_by, chosen)
    return len(rows)


def _name_senders(context: Context, connection: Connection, emails: set[UUID], chosen: Known) -> None:
    for chunk in chunks_of(sorted(emails)):
        connection.execute(
            sa.update(_EMAIL)
            .where(_EMAIL.c.activityid.in_(chunk), _EMAIL.c.emailsender.is_(None))
            .values(
                emailsender=chosen.id,
                emailsenderobjecttypecode=chosen.table,
                sendersaccount=chosen.account,
                sendersaccountobjecttypecode="account" if chosen.account else None,
                isduplicatesenderunresolved=False,
                versionnumber=context.database.next_versions(connection),
            )
        )
