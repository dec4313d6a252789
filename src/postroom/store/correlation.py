"""Looking for the e-mails that messages may belong to, by indexes only.

Each method takes one statement a batch. However many e-mails share a token, a conversation or a subject,
only the newest few of them are looked at, so that the cost does not grow with the store. Of a token these
are conversations: who writes much in one must not hide another.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.mime.key import address_key
from postroom.schema.choices import HashType
from postroom.schema.search import EmailHash
from postroom.store.asking import asked, key_of
from postroom.store.index import chunks_of
from postroom.tracking.conversation import index_base
from postroom.tracking.facts import Correlated

_FIELDS = (
    "createdon",
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
)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """How one method finds e-mails: by which column of which table, and how many of the newest."""

    table: str
    condition: str
    #: The type of what is asked for, as PostgreSQL calls it.
    kind: str
    most: int
    #: Whether a choice among several depends on who takes part.
    with_people: bool = False


# One message is at most two e-mails, a sent and a received one; a caller may have written more.
_BY_MESSAGE_ID = _Lookup("email", "messageid = asked.value", "text", 4)
_BY_INDEX = _Lookup("email", "baseconversationindexhash = asked.value", "integer", 4)
# Of a subject that everybody uses, as many are compared as is cheap; older ones are left out.
_BY_SUBJECT = _Lookup(
    "emailhash",
    f"hash = asked.value AND hashtype = {int(HashType.SUBJECT)} AND createdon >= :since",
    "integer",
    20,
    with_people=True,
)


def by_message_id(connection: Connection, message_ids: Collection[str]) -> dict[str, list[Correlated]]:
    """Return the e-mails that have each Message-ID, oldest first."""
    return _find(connection, _statement(connection.dialect.name, _BY_MESSAGE_ID), message_ids)


def by_token(connection: Connection, tokens: Collection[str]) -> dict[str, list[Correlated]]:
    """Return the first and the newest e-mail of the newest conversations of each token, oldest first."""
    return _find(connection, _token_statement(connection.dialect.name), tokens)


def by_index(connection: Connection, bases: Mapping[str, int]) -> dict[str, list[Correlated]]:
    """Return the newest e-mails of each conversation, oldest first; `bases` have their hashes with them."""
    found = _find(connection, _statement(connection.dialect.name, _BY_INDEX), set(bases.values()))
    # Two conversations may have one hash.
    same = {
        base: [e for e in found.get(value, ()) if index_base(e.index) == base]
        for base, value in bases.items()
    }
    return {base: emails for base, emails in same.items() if emails}


def by_subject(
    connection: Connection, hashes: Collection[int], since: datetime
) -> dict[int, list[Correlated]]:
    """Return the newest e-mails with each subject, oldest first, of those made since that instant."""
    return _find(connection, _statement(connection.dialect.name, _BY_SUBJECT), hashes, since=since)


def _find(
    connection: Connection, statement: sa.TextClause, values: Collection[Any], **parameters: Any
) -> dict[Any, list[Correlated]]:
    rows: list[Any] = []
    for chunk in chunks_of(values):
        rows.extend(connection.execute(statement, {**asked(connection, chunk), **parameters}).all())
    # The time of their making, and where that is the same the order of their keys.
    rows.sort(key=lambda row: (row[1], str(row[2])))
    found: dict[Any, list[Correlated]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(_correlated(row))
    return found


# Spelled out, because the databases agree on the select within and on nothing around it. A join would
# read all e-mails of a value, and sort them, to keep a few.
_ON_SQLITE = (
    "SELECT asked.value, {fields}, {people} FROM json_each(:asked) AS asked CROSS JOIN email AS e "
    "WHERE e.{key} IN (SELECT {key} FROM {table} WHERE {condition} ORDER BY createdon DESC LIMIT {most})"
)
_ON_POSTGRESQL = (
    "SELECT asked.value, {fields}, {people} FROM unnest(CAST(:asked AS {kind}[])) AS asked(value) "
    "CROSS JOIN LATERAL "
    "(SELECT * FROM {table} WHERE {condition} ORDER BY createdon DESC LIMIT {most}) AS {alias}"
)
_TO_EMAIL = " JOIN email AS e ON e.activityid = found.activityid"
_PEOPLE = "(SELECT {function}(addressused) FROM activityparty AS p WHERE p.activityid = e.activityid)"
_SELECTED = ", ".join(f"e.{name}" for name in _FIELDS)


def _people(dialect: str) -> str:
    function = "array_agg" if dialect == "postgresql" else "json_group_array"
    return _PEOPLE.format(function=function)


@cache
def _statement(dialect: str, lookup: _Lookup) -> sa.TextClause:
    is_email = lookup.table == "email"
    form = _ON_POSTGRESQL + ("" if is_email else _TO_EMAIL) if dialect == "postgresql" else _ON_SQLITE
    text = form.format(
        fields=_SELECTED,
        people=_people(dialect) if lookup.with_people else "NULL",
        key="rowid" if is_email else "activityid",
        alias="e" if is_email else "found",
        table=lookup.table,
        condition=lookup.condition,
        kind=lookup.kind,
        most=lookup.most,
    )
    statement = sa.text(text)
    if ":since" in text:
        statement = statement.bindparams(sa.bindparam("since", type_=EmailHash.__table__.c.createdon.type))
    return statement


# A counter that wraps gives a token again after a thousand e-mails; that many conversations meet is rare.
_MOST_CONVERSATIONS = 4

# From one conversation of a token to the one begun before it, each by one look at the index: keys are in
# the order of their making. Behind the last one stands none, with which e-mails of no conversation go.
_CONVERSATIONS = (
    "WITH RECURSIVE conversation(value, id, number) AS ("
    "SELECT asked.value, (SELECT conversationtrackingid FROM email WHERE trackingtoken = asked.value "
    "AND conversationtrackingid IS NOT NULL ORDER BY conversationtrackingid DESC LIMIT 1), 1 FROM {tokens} "
    "UNION ALL SELECT asked.value, "
    "(SELECT conversationtrackingid FROM email WHERE trackingtoken = asked.value "
    "AND conversationtrackingid < asked.id ORDER BY conversationtrackingid DESC LIMIT 1), asked.number + 1 "
    "FROM conversation AS asked WHERE asked.id IS NOT NULL AND asked.number < {most}) "
    "SELECT asked.value, {fields}, {people} FROM conversation AS asked "
)
# The first e-mail was sent to those whose answers bring the token back; the newest knows what came of it.
_ENDS = (
    "SELECT * FROM (SELECT activityid FROM email WHERE trackingtoken = asked.value "
    "AND conversationtrackingid = asked.id ORDER BY createdon LIMIT 1) AS first "
    "UNION SELECT * FROM (SELECT activityid FROM email WHERE trackingtoken = asked.value "
    "AND conversationtrackingid = asked.id ORDER BY createdon DESC LIMIT 1) AS newest "
    "UNION SELECT * FROM (SELECT activityid FROM email WHERE trackingtoken = asked.value "
    "AND conversationtrackingid IS NULL AND asked.id IS NULL ORDER BY createdon DESC LIMIT 1) AS alone"
)
_TOKENS_ON_SQLITE = (
    "json_each(:asked) AS asked",
    f"CROSS JOIN email AS e WHERE e.activityid IN ({_ENDS})",
)
_TOKENS_ON_POSTGRESQL = (
    "unnest(CAST(:asked AS text[])) AS asked(value)",
    f"CROSS JOIN LATERAL ({_ENDS}) AS found{_TO_EMAIL}",
)


@cache
def _token_statement(dialect: str) -> sa.TextClause:
    tokens, emails = _TOKENS_ON_POSTGRESQL if dialect == "postgresql" else _TOKENS_ON_SQLITE
    begin = _CONVERSATIONS.format(
        tokens=tokens, most=_MOST_CONVERSATIONS, fields=_SELECTED, people=_people(dialect)
    )
    return sa.text(begin + emails)


def _correlated(row: Any) -> Correlated:
    (
        _,
        _,
        key,
        message_id,
        subject,
        regarding,
        table,
        owner,
        conversation,
        token,
        outgoing,
        index,
        people,
    ) = row
    return Correlated(
        key_of(key),
        message_id or "",
        subject or "",
        key_of(regarding) if regarding else None,
        table,
        key_of(owner) if owner else None,
        key_of(conversation) if conversation else None,
        token,
        bool(outgoing),
        index or "",
        frozenset(_people_of(people)) if people else frozenset(),
    )


def _people_of(people: Any) -> Iterator[str]:
    listed = json.loads(people) if isinstance(people, str) else people
    return (address_key(address) for address in listed if address)
