"""Looking for the e-mails that messages may belong to, by indexes only.

Each method takes one statement a batch. However many e-mails share a token, a conversation or a subject,
only the newest few of them are looked at, so that the cost does not grow with the store.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.mime.key import address_key
from postroom.schema.choices import HashType
from postroom.schema.email import Email
from postroom.schema.party import ActivityParty
from postroom.schema.search import EmailHash
from postroom.store.index import chunks_of
from postroom.tracking.conversation import index_base
from postroom.tracking.facts import Correlated

_EMAIL = Email.__table__
_PARTY = ActivityParty.__table__
_HASH = EmailHash.__table__

# A counter that wraps gives a token again after a thousand e-mails; that two of them meet is rare.
_NEWEST = 8
# Of a subject that everybody uses, as many are compared as is cheap; older ones are left out.
_NEWEST_SUBJECTS = 50

_COLUMNS = tuple(
    _EMAIL.c[name]
    for name in (
        "activityid",
        "messageid",
        "subject",
        "regardingobjectid",
        "regardingobjecttypecode",
        "ownerid",
        "conversationtrackingid",
        "trackingtoken",
        "directioncode",
        "conversationindex",
        "createdon",
    )
)


def by_message_id(connection: Connection, message_ids: Sequence[str]) -> dict[str, list[Correlated]]:
    """Return the e-mails that have each Message-ID, oldest first."""
    found: dict[str, list[Correlated]] = {}
    for chunk in chunks_of(message_ids):
        query = sa.select(*_COLUMNS).where(_EMAIL.c.messageid.in_(chunk)).order_by(_EMAIL.c.activityid)
        for row in connection.execute(query):
            found.setdefault(row.messageid, []).append(_correlated(row))
    return found


def by_token(connection: Connection, tokens: Collection[str]) -> dict[str, list[Correlated]]:
    """Return the newest e-mails that have each token, oldest first."""
    newest = _newest(connection, _of_tokens, tokens)
    # Who takes part matters where a token stands on several e-mails.
    ambiguous = {key for ids in newest.values() if len(ids) > 1 for key in ids}
    return _filled(connection, newest, ambiguous)


def by_index(connection: Connection, bases: Mapping[str, int]) -> dict[str, list[Correlated]]:
    """Return the newest e-mails of each conversation, oldest first; `bases` have their hashes with them."""
    newest = _newest(connection, _of_indexes, set(bases.values()))
    emails = _load(connection, {key for ids in newest.values() for key in ids}, ())
    found: dict[str, list[Correlated]] = {}
    for base, value in bases.items():
        # Two conversations may have one hash.
        same = [emails[key] for key in newest.get(value, ()) if index_base(emails[key].index) == base]
        if same:
            found[base] = same
    return found


def by_subject(
    connection: Connection, hashes: Collection[int], since: datetime
) -> dict[int, list[Correlated]]:
    """Return the newest e-mails with each subject, oldest first, of those made since that instant."""
    newest = _newest(connection, _of_subjects, hashes, since=since)
    return _filled(connection, newest, {key for ids in newest.values() for key in ids})


def _newest(
    connection: Connection, make: Any, keys: Collection[Any], **parameters: Any
) -> dict[Any, list[UUID]]:
    """Return the keys of the newest e-mails for each value, oldest first."""
    found: dict[Any, list[UUID]] = {}
    dialect = connection.dialect.name
    for chunk in chunks_of(sorted(keys)):
        given = chunk if dialect == "postgresql" else json.dumps(chunk)
        for key, ids in connection.execute(make(dialect), {"keys": given, **parameters}):
            listed = ids if dialect == "postgresql" else [UUID(one) for one in json.loads(ids)]
            if listed:
                found[key] = listed[::-1]
    return found


# For each key the list of what a select finds for it. Spelled out, because the databases agree on the
# select and on nothing around it.
_ON_POSTGRESQL = "SELECT asked.value, ARRAY({rows}) FROM unnest(CAST(:keys AS {kind}[])) AS asked(value)"
_ON_SQLITE = (
    "SELECT asked.value, (SELECT json_group_array(activityid) FROM ({rows})) FROM json_each(:keys) AS asked"
)
_SELECT = "SELECT activityid FROM {table} WHERE {condition} ORDER BY createdon DESC LIMIT {most}"


def _statement(dialect: str, kind: str, **select: Any) -> sa.TextClause:
    form = _ON_POSTGRESQL if dialect == "postgresql" else _ON_SQLITE
    return sa.text(form.format(rows=_SELECT.format(**select), kind=kind))


@cache
def _of_tokens(dialect: str) -> sa.TextClause:
    condition = "trackingtoken = asked.value"
    return _statement(dialect, "text", table="email", condition=condition, most=_NEWEST)


@cache
def _of_indexes(dialect: str) -> sa.TextClause:
    condition = "baseconversationindexhash = asked.value"
    return _statement(dialect, "integer", table="email", condition=condition, most=_NEWEST)


@cache
def _of_subjects(dialect: str) -> sa.TextClause:
    condition = f"hash = asked.value AND hashtype = {int(HashType.SUBJECT)} AND createdon >= :since"
    statement = _statement(dialect, "integer", table="emailhash", condition=condition, most=_NEWEST_SUBJECTS)
    return statement.bindparams(sa.bindparam("since", type_=_HASH.c.createdon.type))


def _filled(
    connection: Connection, newest: Mapping[Any, Sequence[UUID]], with_people: Collection[UUID]
) -> dict[Any, list[Correlated]]:
    emails = _load(connection, {key for ids in newest.values() for key in ids}, with_people)
    return {value: [emails[key] for key in ids if key in emails] for value, ids in newest.items()}


def _load(
    connection: Connection, ids: Collection[UUID], with_people: Collection[UUID]
) -> dict[UUID, Correlated]:
    people = _people_of(connection, with_people)
    found: dict[UUID, Correlated] = {}
    for chunk in chunks_of(ids):
        for row in connection.execute(sa.select(*_COLUMNS).where(_EMAIL.c.activityid.in_(chunk))):
            found[row.activityid] = _correlated(row, people.get(row.activityid, frozenset()))
    return found


def _people_of(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    found: dict[UUID, set[str]] = {}
    for chunk in chunks_of(ids):
        query = sa.select(_PARTY.c.activityid, _PARTY.c.addressused).where(
            _PARTY.c.activityid.in_(chunk), _PARTY.c.addressused.is_not(None)
        )
        for row in connection.execute(query):
            found.setdefault(row.activityid, set()).add(address_key(row.addressused))
    return {key: frozenset(people) for key, people in found.items()}


def _correlated(row: Any, people: frozenset[str] = frozenset()) -> Correlated:
    return Correlated(
        row.activityid,
        row.messageid or "",
        row.subject or "",
        row.regardingobjectid,
        row.regardingobjecttypecode,
        row.ownerid,
        row.conversationtrackingid,
        row.trackingtoken,
        bool(row.directioncode),
        row.conversationindex or "",
        people,
    )
