"""The organization, its root business unit, the SYSTEM user: what stores begin with."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.schema import registry
from postroom.schema.choices import AccessMode, IncomingDeliveryMethod, OutgoingDeliveryMethod
from postroom.schema.ids import SYSTEM_USER_ID
from postroom.store.database import Database

# The same in every store, so that nobody has to look them up.
ORGANIZATION_ID = UUID("00000000-0000-7000-8000-000000000001")
ROOT_UNIT_ID = UUID("00000000-0000-7000-8000-000000000002")


def ensure(database: Database, connection: sa.Connection, now: datetime, name: str) -> UUID:
    """Make the rows that every store begins with, unless they are there; return the organization's key."""
    database.lock(connection, "postroom_organization")
    table = registry.by_logical_name("organization").table
    if connection.scalar(sa.select(table.c.organizationid)) is None:
        first = database.next_versions(connection, len(_rows(name)))
        for number, (logical_name, row) in enumerate(_rows(name)):
            _insert(connection, logical_name, {**row, "versionnumber": first + number}, now)
    return ORGANIZATION_ID


def _rows(name: str) -> list[tuple[str, dict[str, Any]]]:
    system_user = {
        "systemuserid": SYSTEM_USER_ID,
        "fullname": "SYSTEM",
        "lastname": "SYSTEM",
        "businessunitid": ROOT_UNIT_ID,
        "accessmode": AccessMode.NON_INTERACTIVE,
        # It has no mailbox and sends nothing.
        "incomingemaildeliverymethod": IncomingDeliveryMethod.NONE,
        "outgoingemaildeliverymethod": OutgoingDeliveryMethod.NONE,
    }
    return [
        ("organization", {"organizationid": ORGANIZATION_ID, "name": name}),
        ("businessunit", {"businessunitid": ROOT_UNIT_ID, "name": name, "organizationid": ORGANIZATION_ID}),
        ("systemuser", system_user),
        (
            "usersettings",
            {"systemuserid": SYSTEM_USER_ID, "businessunitid": ROOT_UNIT_ID, "trackingtokenid": 0},
        ),
    ]


def _insert(connection: sa.Connection, logical_name: str, row: dict[str, Any], now: datetime) -> None:
    stamps = {"createdon": now, "modifiedon": now, "createdby": SYSTEM_USER_ID, "modifiedby": SYSTEM_USER_ID}
    connection.execute(sa.insert(registry.by_logical_name(logical_name).table).values({**row, **stamps}))
