"""The look: which records of a table a pass has to see, by filters and pairs.

What is not paired is seen for as long as it is in scope; what is paired, when its version is not the
agreed one or it has come into or left the scope. So nothing depends on the order in which transactions
end, and a changed filter, or one that speaks of time, needs no special care.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema import registry
from postroom.schema.pair import ExchangeSyncIdMapping
from postroom.schema.query import SubscriptionManuallyTrackedObject
from postroom.store.fetch import Viewer
from postroom.store.filters import BrokenFilter, Scope, in_scope
from postroom.store.index import chunks_of
from postroom.store.items.reading import is_instance

_PAIR = ExchangeSyncIdMapping.__table__
_BY_HAND = SubscriptionManuallyTrackedObject.__table__
_LINKED = 2
_KEPT = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """Which records of a table a user's mailbox is to have, and which he does not want there."""

    wanted: frozenset[UUID]
    untracked: frozenset[UUID]
    broken: tuple[BrokenFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be seen of one table."""

    seen: tuple[UUID, ...]
    gone: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class _Paired:
    version: str
    is_linked: bool
    is_kept: bool


def standing_of(
    connection: Connection, viewer: Viewer, table: str, ids: Collection[UUID] | None = None
) -> Standing:
    """Return what is wanted of a table, or of these records of it."""
    scope: Scope = in_scope(connection, viewer, table, ids=ids)
    by_hand = _by_hand(connection, viewer.user, table)
    tracked = {id for id, track in by_hand.items() if track and (ids is None or id in ids)}
    untracked = {id for id, track in by_hand.items() if not track}
    return Standing(scope.ids | tracked, frozenset(untracked), tuple(scope.broken))


def look(connection: Connection, viewer: Viewer, table: str, *, whole: bool) -> Look:
    """Return what is to be seen of a table; the whole of it when nothing is known of earlier looks."""
    wanted = standing_of(connection, viewer, table).wanted
    paired = _paired(connection, viewer.user, table)
    versions = _versions(connection, table, wanted | paired.keys())
    seen = [
        id
        for id, version in versions.items()
        if whole or id not in paired or _is_news(paired[id], version, id in wanted)
    ]
    return Look(tuple(sorted(seen)), tuple(sorted(paired.keys() - versions.keys())))


def _is_news(pair: _Paired, version: str, is_wanted: bool) -> bool:  # noqa: FBT001 - one of three facts
    if version != pair.version:
        return True
    return not pair.is_kept and is_wanted != pair.is_linked


def _paired(connection: Connection, user: UUID, table: str) -> Mapping[UUID, _Paired]:
    columns = (
        _PAIR.c.objectid,
        _PAIR.c.postroom_crmversion,
        _PAIR.c.postroom_link,
        _PAIR.c.postroom_parting,
    )
    code = registry.by_logical_name(table).object_type_code
    rows = connection.execute(
        sa.select(*columns).where(
            _PAIR.c.ownerid == user, _PAIR.c.objecttypecode == code, _PAIR.c.objectid.is_not(None)
        )
    )
    return {
        id: _Paired(version or "", link == _LINKED, parting == _KEPT) for id, version, link, parting in rows
    }


def _versions(connection: Connection, table: str, ids: Collection[UUID]) -> Mapping[UUID, str]:
    info = registry.by_logical_name(table)
    key = info.table.c[info.primary_id]
    found: dict[UUID, str] = {}
    for chunk in chunks_of(ids):
        query = sa.select(key, info.table.c.versionnumber)
        rows = connection.execute(query.where(key.in_(chunk), sa.not_(is_instance(table))))
        found |= {id: str(version) for id, version in rows}
    return found


def _by_hand(connection: Connection, user: UUID, table: str) -> Mapping[UUID, bool]:
    """Return what the user tracks, or does not, by hand; his mailbox is the subscription of his own key."""
    code = registry.by_logical_name(table).object_type_code
    rows = connection.execute(
        sa.select(_BY_HAND.c.objectid, _BY_HAND.c.track).where(
            _BY_HAND.c.subscriptionid == user, _BY_HAND.c.objecttypecode == code
        )
    )
    return {id: track is not False for id, track in rows if id is not None}
