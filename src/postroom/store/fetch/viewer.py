"""The user for whom a query is asked: what `eq-userid` stands for, and his days."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import NoSuchRecord
from postroom.schema.team import Team, TeamMembership
from postroom.schema.user import SystemUser, UserSettings

_USER = SystemUser.__table__
_SETTINGS = UserSettings.__table__
_TEAM = Team.__table__
_MEMBERSHIP = TeamMembership.__table__


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user as queries see him, at one instant."""

    user: UUID
    now: datetime
    business_unit: UUID | None = None
    #: The teams he belongs to.
    teams: frozenset[UUID] = frozenset()
    #: Where his days begin and end.
    zone: tzinfo = UTC
    language: int = 1033


def viewer_of(connection: Connection, user: UUID, now: datetime, zone: tzinfo = UTC) -> Viewer:
    """Return what queries need to know of a user; raises `NoSuchRecord`.

    His teams are the default teams of his business unit, and those that he is a member of.
    """
    row = connection.execute(
        sa.select(_USER.c.businessunitid, _SETTINGS.c.uilanguageid)
        .join_from(_USER, _SETTINGS, _SETTINGS.c.systemuserid == _USER.c.systemuserid, isouter=True)
        .where(_USER.c.systemuserid == user)
    ).first()
    if row is None:
        raise NoSuchRecord(f"There is no user with the key {user}.")
    default = sa.select(_TEAM.c.teamid).where(
        _TEAM.c.businessunitid == row.businessunitid, _TEAM.c.isdefault.is_(True)
    )
    joined = sa.select(_MEMBERSHIP.c.teamid).where(_MEMBERSHIP.c.systemuserid == user)
    teams = connection.scalars(default.union(joined))
    return Viewer(user, now, row.businessunitid, frozenset(teams), zone, row.uilanguageid or 1033)
