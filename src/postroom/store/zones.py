"""Time zones that rows name: a user's, from his settings."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.recurrence.dynamics_zones import DYNAMICS_ZONES
from postroom.recurrence.zone import UTC_ZONE, Zone, zone_named
from postroom.schema.user import UserSettings

_SETTINGS = UserSettings.__table__


def zone_of_user(connection: Connection, user: UUID | None) -> Zone:
    """Return the time zone in the user's settings; UTC when there is none or its code is not known."""
    query = sa.select(_SETTINGS.c.timezonecode).where(_SETTINGS.c.systemuserid == user)
    code = connection.execute(query).scalar()
    return zone_named(DYNAMICS_ZONES[code]) if code in DYNAMICS_ZONES else UTC_ZONE
