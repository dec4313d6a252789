"""Synchronization filters: which records go to a mailbox, and what each user begins with.

A record is in scope when any active filter of its table finds it; a table without one is not synchronized.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.schema import registry
from postroom.schema.choices import ActiveState, Participation, QueryState
from postroom.schema.query import SavedQuery, UserQuery
from postroom.schema.user import SystemUser
from postroom.store.fetch import BadFetch, Viewer, compiled, read
from postroom.store.index import chunks_of
from postroom.store.records import Records

_SAVED = SavedQuery.__table__
_OWN = UserQuery.__table__
_USER = SystemUser.__table__


class QueryType(IntEnum):
    """What a query is for."""

    # source: DATAVERSE-TABLES savedquery: SavedQueryQueryType
    OFFLINE_FILTER = 16
    OUTLOOK_FILTER = 256
    OFFLINE_TEMPLATE = 8192
    OUTLOOK_TEMPLATE = 131072


#: Which filter a template becomes.
_BECOMES: Final[Mapping[int, QueryType]] = {
    QueryType.OFFLINE_TEMPLATE: QueryType.OFFLINE_FILTER,
    QueryType.OUTLOOK_TEMPLATE: QueryType.OUTLOOK_FILTER,
    QueryType.OFFLINE_FILTER: QueryType.OFFLINE_FILTER,
    QueryType.OUTLOOK_FILTER: QueryType.OUTLOOK_FILTER,
}


def _owned(table: str, state: int) -> str:
    return (
        f'<fetch><entity name="{table}"><filter type="and">'
        '<condition attribute="ownerid" operator="eq-userid"/>'
        f'<condition attribute="statecode" operator="eq" value="{state}"/>'
        "</filter></entity></fetch>"
    )


def _attended(table: str, *roles: Participation) -> str:
    # Open or Scheduled; the user has one of these roles and is not merely its owner.
    codes = "".join(f"<value>{int(role)}</value>" for role in roles)
    return (
        f'<fetch><entity name="{table}"><filter type="and">'
        '<condition attribute="statecode" operator="in"><value>0</value><value>3</value></condition>'
        "</filter>"
        '<link-entity name="activityparty" from="activityid" to="activityid"><filter type="and">'
        '<condition attribute="partyid" operator="eq-userid"/>'
        f'<condition attribute="participationtypemask" operator="in">{codes}</condition>'
        "</filter></link-entity></entity></fetch>"
    )


_MUST_COME: Final = (Participation.REQUIRED, Participation.ORGANIZER)

#: What every user begins with: the name, the table and the query.
# source: DATAVERSE-SYNC default synchronization filters
DEFAULTS: Final[Sequence[tuple[str, str, str]]] = (
    ("My Outlook Contacts", "contact", _owned("contact", 0)),
    ("My Appointments", "appointment", _attended("appointment", *_MUST_COME)),
    (
        "My Recurring Appointments",
        "recurringappointmentmaster",
        _attended("recurringappointmentmaster", *_MUST_COME),
    ),
    (
        "My Service Activities",
        "serviceappointment",
        _attended("serviceappointment", *_MUST_COME, Participation.RESOURCE),
    ),
    ("My Tasks", "task", _owned("task", 0)),
    ("My Phone Calls", "phonecall", _owned("phonecall", 0)),
    ("My Letters", "letter", _owned("letter", 0)),
    ("My Faxes", "fax", _owned("fax", 0)),
)


@dataclass(frozen=True, slots=True)
class SyncFilter:
    """An active filter of a user, or of everybody."""

    id: UUID
    name: str
    table: str
    xml: str


@dataclass(frozen=True, slots=True)
class BrokenFilter:
    """A filter that can't be asked; the others go on."""

    id: UUID
    name: str
    #: What is wrong, in sentences for whoever can mend it.
    words: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Records of one table that are in scope, and filters that could not say."""

    ids: frozenset[UUID] = frozenset()
    #: Whoever finds one here must not take a record for one that left the scope.
    broken: Sequence[BrokenFilter] = field(default=())


def ensure_templates(records: Records, connection: Connection) -> None:
    """Make the templates of the default filters, unless the organization has templates."""
    found = sa.select(_SAVED.c.savedqueryid).where(_SAVED.c.querytype == QueryType.OUTLOOK_TEMPLATE)
    if connection.execute(found.limit(1)).first() is not None:
        return
    for name, table, xml in DEFAULTS:
        values = {"name": name, "returnedtypecode": table, "fetchxml": xml}
        records.create(
            connection,
            "savedquery",
            {**values, "querytype": int(QueryType.OUTLOOK_TEMPLATE), "isdefault": True},
            internal=True,
        )


def populate(records: Records, connection: Connection, user: UUID) -> None:
    """Give a user the default filters, once; what he does with them afterwards stands."""
    done = connection.scalar(sa.select(_USER.c.defaultfilterspopulated).where(_USER.c.systemuserid == user))
    if done:
        return
    ensure_templates(records, connection)
    for query_type in (QueryType.OUTLOOK_TEMPLATE, QueryType.OFFLINE_TEMPLATE):
        _copy(records, connection, user, _SAVED.c.querytype == query_type)
    records.update(connection, "systemuser", user, {"defaultfilterspopulated": True}, internal=True)


def instantiate(records: Records, connection: Connection, user: UUID, templates: Collection[UUID]) -> None:
    """Make filters of a user from these templates (InstantiateFilters)."""
    chosen = _SAVED.c.savedqueryid.in_(list(templates))
    types = connection.scalars(sa.select(_SAVED.c.querytype).where(chosen)).all()
    if len(types) < len(set(templates)):
        raise UserError("One of the templates does not exist; name views of the organization.")
    if any(each not in _BECOMES for each in types):
        raise UserError("Only views for synchronization can become filters of a user.")
    _copy(records, connection, user, chosen)


def reset(records: Records, connection: Connection, user: UUID, query_type: int) -> None:
    """Put the default filters in the place of all that a user has of this type (ResetUserFilters)."""
    if query_type not in (QueryType.OFFLINE_FILTER, QueryType.OUTLOOK_FILTER):
        raise UserError(f"The type of filters is 16 (offline) or 256 (Outlook), not {query_type}.")
    ensure_templates(records, connection)
    mine = sa.select(_OWN.c.userqueryid).where(_OWN.c.ownerid == user, _OWN.c.querytype == query_type)
    for id in connection.scalars(mine).all():
        records.delete(connection, "userquery", id, internal=True)
    templates = [kind for kind, becomes in _BECOMES.items() if becomes == query_type and kind != becomes]
    _copy(records, connection, user, _SAVED.c.querytype.in_(templates))


def active_filters(connection: Connection, user: UUID) -> list[SyncFilter]:
    """Return the filters that say what goes to a user's mailbox: his own and those for everybody."""
    own = sa.select(_OWN.c.userqueryid, _OWN.c.name, _OWN.c.returnedtypecode, _OWN.c.fetchxml).where(
        _OWN.c.ownerid == user,
        _OWN.c.querytype == QueryType.OUTLOOK_FILTER,
        _OWN.c.statecode == QueryState.ACTIVE,
    )
    common = sa.select(_SAVED.c.savedqueryid, _SAVED.c.name, _SAVED.c.returnedtypecode, _SAVED.c.fetchxml)
    common = common.where(
        _SAVED.c.querytype == QueryType.OUTLOOK_FILTER, _SAVED.c.statecode == ActiveState.ACTIVE
    )
    rows = [*connection.execute(common), *connection.execute(own)]
    return [SyncFilter(id, name, table, xml or "") for id, name, table, xml in rows]


def in_scope(
    connection: Connection,
    viewer: Viewer,
    table: str,
    *,
    ids: Collection[UUID] | None = None,
    since: int | None = None,
) -> Scope:
    """Return the records that an active filter of the user finds: of these, or changed since a version."""
    found: set[UUID] = set()
    broken: list[BrokenFilter] = []
    for each in active_filters(connection, viewer.user):
        if each.table != table:
            continue
        try:
            statement = _statement(each, viewer)
        except BadFetch as problem:
            broken.append(BrokenFilter(each.id, each.name, f"The filter {each.name!r}: {problem}"))
        else:
            found.update(_found(connection, statement, table, ids, since))
    return Scope(frozenset(found), broken)


def _statement(wanted: SyncFilter, viewer: Viewer) -> sa.Select[Any]:
    fetch = read(wanted.xml)
    if fetch.table != wanted.table:
        raise BadFetch(f'<entity name="{fetch.table:.80}">: the filter is for {wanted.table}.')
    return compiled(fetch, viewer)


def _found(
    connection: Connection,
    statement: sa.Select[Any],
    table: str,
    ids: Collection[UUID] | None,
    since: int | None,
) -> set[UUID]:
    key = statement.selected_columns[0]
    if since is not None:
        info = registry.by_logical_name(table)
        changed = sa.select(info.table.c[info.primary_id]).where(info.table.c.versionnumber > since)
        statement = statement.where(key.in_(changed))
    if ids is None:
        return set(connection.scalars(statement))
    chunks = chunks_of(ids)
    return {id for chunk in chunks for id in connection.scalars(statement.where(key.in_(chunk)))}


def _copy(records: Records, connection: Connection, user: UUID, which: sa.ColumnElement[bool]) -> None:
    columns = (
        "name",
        "description",
        "returnedtypecode",
        "fetchxml",
        "layoutxml",
        "columnsetxml",
        "querytype",
    )
    query = sa.select(*(_SAVED.c[name] for name in columns)).where(
        which, _SAVED.c.statecode == ActiveState.ACTIVE
    )
    for row in connection.execute(query.order_by(_SAVED.c.name)).mappings().all():
        values = {**row, "querytype": int(_BECOMES[row["querytype"]]), "ownerid": user}
        records.create(connection, "userquery", values, by=user, internal=True)
