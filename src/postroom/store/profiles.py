"""Server profiles: found by name, set up for a test, their last test written down."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.schema.choices import FilteringMethod
from postroom.schema.mailbox import Mailbox
from postroom.schema.organization import Organization
from postroom.schema.profile import EmailServerProfile
from postroom.store.database import Database
from postroom.store.mailboxes import Setup, find_by_address

_PROFILE = EmailServerProfile.__table__


def get_by_name(connection: Connection, name: str) -> UUID:
    """Return the profile with this name or key; raises `UserError` when there is none, or are several."""
    try:
        wanted: Any = _PROFILE.c.emailserverprofileid == UUID(name)
    except ValueError:
        wanted = sa.func.lower(_PROFILE.c.name) == name.strip().lower()
    found = list(connection.execute(sa.select(_PROFILE.c.emailserverprofileid).where(wanted)).scalars())
    if len(found) != 1:
        what = "no server profile" if not found else f"{len(found)} server profiles"
        raise UserError(f"There {'are' if found else 'is'} {what} called {name}; give the key of one.")
    key: UUID = found[0]
    return key


def setup_for(connection: Connection, profile: UUID, address: str) -> Setup:
    """Return the profile set up with the mailbox of this address, as if it were the mailbox's own.

    A mailbox that the store doesn't know may be tried as well, where the profile has credentials for all.
    """
    row = _one(connection, sa.select(_PROFILE).where(_PROFILE.c.emailserverprofileid == profile))
    organization = _one(connection, sa.select(Organization.__table__)) or {}
    known = find_by_address(connection, address)
    table = Mailbox.__table__
    mailbox = _one(connection, sa.select(table).where(table.c.mailboxid == known[0])) if known else None
    found: Mapping[str, Any] = {**(mailbox or {"mailboxid": None}), "emailaddress": address, "ewsurl": None}
    return Setup(found, row, organization, FilteringMethod.ALL)


def record_test(
    database: Database, connection: Connection, profile: UUID, outcome: Mapping[str, Any], now: datetime
) -> None:
    """Write the outcome of a test of its connection to the profile."""
    connection.execute(
        sa.update(_PROFILE)
        .where(_PROFILE.c.emailserverprofileid == profile)
        .values(**outcome, modifiedon=now, versionnumber=database.next_versions(connection))
    )


def _one(connection: Connection, query: sa.Select[Any]) -> dict[str, Any] | None:
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)
