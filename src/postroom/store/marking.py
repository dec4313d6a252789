"""Marks of e-mails that are about to leave: their conversation, and the token of answers.

Answers are found again by the first of these that a mail program sends back: the Message-ID, the token
behind the subject, the conversation index, the words of the subject. An e-mail is marked once, when it is
given the mailbox that sends it; what a caller has set is kept.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema.choices import HashType, Participation
from postroom.schema.email import Email
from postroom.schema.ids import SYSTEM_USER_ID, new_id
from postroom.schema.party import ActivityParty
from postroom.schema.search import EmailHash
from postroom.schema.user import UserSettings
from postroom.store.correlation import by_token
from postroom.store.index import chunks_of
from postroom.tracking import conversation
from postroom.tracking.subject import SmartRules, hashes_of, words_of
from postroom.tracking.token import TokenRules, make_token, tokens_in, with_token

_EMAIL = Email.__table__
_PARTY = ActivityParty.__table__
_SETTINGS = UserSettings.__table__
_HASH = EmailHash.__table__

Row = Mapping[Any, Any]

#: Smart matching compares e-mails of this long at most.
# source: DYNAMICS-CORRELATION
SMART_WINDOW = timedelta(days=90)
# When smart matching begins, as many e-mails are taken in as take a few seconds.
_RECENT = 20_000


@dataclass(frozen=True, slots=True)
class Marking:
    """What the organization wants put on e-mails that leave."""

    #: How tokens are made; None where none are wanted.
    tokens: TokenRules | None
    #: Prefixes of tokens past and present.
    prefixes: tuple[str, ...]
    #: The longest subject that mail servers take, in characters.
    longest_subject: int
    #: How words of subjects are kept; None where they are not.
    smart: SmartRules | None


def mark(connection: Connection, email_ids: Sequence[UUID], marking: Marking) -> None:
    """Put the marks on these e-mails, which have not left yet."""
    for chunk in chunks_of(email_ids):
        rows = connection.execute(_QUERY.where(_EMAIL.c.activityid.in_(chunk))).mappings().all()
        parents = _parents_of(connection, rows)
        changes = [_conversation_of(row, parents.get(row["parentactivityid"])) for row in rows]
        if marking.tokens:
            _give_tokens(connection, rows, parents, changes, marking, marking.tokens)
        if changes:
            connection.execute(_CHANGE, changes)
        if marking.smart:
            _keep_words(connection, rows, marking.smart)


_COLUMNS = (
    "activityid",
    "subject",
    "trackingtoken",
    "parentactivityid",
    "conversationindex",
    "conversationtrackingid",
    "createdon",
    "ownerid",
    "owneridtype",
    "owninguser",
)
_QUERY = sa.select(*(_EMAIL.c[name] for name in _COLUMNS))
_CHANGE = (
    sa.update(_EMAIL)
    .where(_EMAIL.c.activityid == sa.bindparam("key"))
    .values(
        subject=sa.bindparam("new_subject"),
        trackingtoken=sa.bindparam("new_token"),
        conversationindex=sa.bindparam("new_index"),
        baseconversationindexhash=sa.bindparam("new_hash"),
        conversationtrackingid=sa.bindparam("new_conversation"),
    )
)


def _parents_of(connection: Connection, rows: Sequence[Row]) -> dict[UUID, Row]:
    wanted = {row["parentactivityid"] for row in rows if row["parentactivityid"]}
    if not wanted:
        return {}
    found = connection.execute(_QUERY.where(_EMAIL.c.activityid.in_(wanted))).mappings()
    return {row["activityid"]: row for row in found}


def _conversation_of(row: Row, parent: Row | None) -> dict[str, Any]:
    """Return the change that puts the e-mail into its conversation."""
    key: UUID = row["activityid"]
    belongs: UUID = row["conversationtrackingid"] or _conversation_begun_by(parent) or key
    index: str = row["conversationindex"] or ""
    above: str = (parent or {}).get("conversationindex") or ""
    if not index and conversation.index_base(above):
        index = conversation.answer(above, row["createdon"], key.int)
    index = index or conversation.begin(belongs, row["createdon"])
    return {
        "key": key,
        "new_subject": row["subject"],
        "new_token": row["trackingtoken"],
        "new_index": index,
        "new_hash": conversation.base_hash(index),
        "new_conversation": belongs,
    }


def _conversation_begun_by(parent: Row | None) -> UUID | None:
    return (parent["conversationtrackingid"] or parent["activityid"]) if parent else None


def _give_tokens(
    connection: Connection,
    rows: Sequence[Row],
    parents: Mapping[UUID, Row],
    changes: Sequence[dict[str, Any]],
    marking: Marking,
    rules: TokenRules,
) -> None:
    """Put a token behind every subject: the one it has, that of the answered e-mail, or a new one."""
    without: dict[UUID, list[tuple[Row, dict[str, Any]]]] = {}
    senders = _senders_of(connection, rows)
    within = _tokens_within(connection, rows, marking)
    for row, change in zip(rows, changes, strict=True):
        known = row["trackingtoken"] or within.get(row["activityid"])
        parent = parents.get(row["parentactivityid"])
        known = known or (parent["trackingtoken"] if parent else None)
        if known:
            _put_behind(row, change, known, marking)
        else:
            user = senders.get(row["activityid"]) or row["owninguser"] or SYSTEM_USER_ID
            without.setdefault(user, []).append((row, change))
    for user, entries in sorted(without.items()):
        number, counters = _take_numbers(connection, user, len(entries), rules.maximum)
        for (row, change), counter in zip(entries, counters, strict=True):
            _put_behind(row, change, make_token(rules, number, counter), marking)


def new_token(connection: Connection, user: UUID, rules: TokenRules) -> str:
    """Return a token that nobody has been given yet, out of the user's numbers."""
    number, counters = _take_numbers(connection, user, 1, rules.maximum)
    return make_token(rules, number, counters[0])


def _tokens_within(connection: Connection, rows: Sequence[Row], marking: Marking) -> dict[UUID, str]:
    """Return the token that each subject holds, by the e-mail's key.

    The subject of an answer is somebody else's: there a token counts only if an e-mail of the store has it.
    """
    found = {row["activityid"]: tokens_in(row["subject"] or "", marking.prefixes) for row in rows}
    answers = {row["activityid"] for row in rows if row["parentactivityid"]}
    asked = {token for key in answers for token in found[key]}
    known = by_token(connection, asked) if asked else {}
    return {
        key: token
        for key, tokens in found.items()
        if (token := next((t for t in tokens if key not in answers or t in known), None))
    }


def _put_behind(row: Row, change: dict[str, Any], token: str, marking: Marking) -> None:
    subject = row["subject"] or ""
    # A longer number that begins with the same digits is another token.
    standing = re.compile(rf"{re.escape(token)}(?![0-9])", re.IGNORECASE)
    if standing.search(subject):
        if len(subject) <= marking.longest_subject:
            change["new_token"] = token
            return
        # A server would cut the token off, or worse, in two.
        subject = " ".join(standing.sub(" ", subject).split())
    marked = with_token(subject, token, marking.longest_subject)
    if marked is not None:
        change["new_subject"], change["new_token"] = marked, token


def _senders_of(connection: Connection, rows: Sequence[Row]) -> dict[UUID, UUID]:
    """Return the users that the e-mails are from; what is from a queue has none."""
    query = sa.select(_PARTY.c.activityid, _PARTY.c.partyid).where(
        _PARTY.c.activityid.in_([row["activityid"] for row in rows]),
        _PARTY.c.participationtypemask == int(Participation.SENDER),
        _PARTY.c.partyobjecttypecode == "systemuser",
    )
    return {row.activityid: row.partyid for row in connection.execute(query)}


def _take_numbers(connection: Connection, user: UUID, count: int, maximum: int) -> tuple[int, list[int]]:
    """Return the user's number and the next counters of his tokens; after the largest comes 0."""
    mine = _SETTINGS.c.systemuserid == user
    query = sa.select(_SETTINGS.c.trackingtokenid, _SETTINGS.c.nexttrackingnumber).where(mine)
    row = connection.execute(query.with_for_update()).first()
    number, following = (row.trackingtokenid or 0, row.nexttrackingnumber or 0) if row else (0, 0)
    counters = [(following + step) % (maximum + 1) for step in range(count)]
    after = (counters[-1] + 1) % (maximum + 1)
    connection.execute(sa.update(_SETTINGS).where(mine).values(nexttrackingnumber=after))
    return number, counters


def keep_recent_words(connection: Connection, rules: SmartRules | None, now: datetime) -> None:
    """Keep the words of the newest subjects by these rules, in place of all that were kept before."""
    connection.execute(sa.delete(_HASH))
    if rules is None:
        return
    newest = (
        # A draft is no e-mail to answer yet; its words are kept when it is given the mailbox that sends it.
        _QUERY.where(
            _EMAIL.c.createdon >= now - SMART_WINDOW,
            sa.or_(_EMAIL.c.directioncode.is_(False), _EMAIL.c.sendermailboxid.is_not(None)),
        )
        .order_by(_EMAIL.c.createdon.desc())
        .limit(_RECENT)
    )
    for rows in chunks_of(connection.execute(newest).mappings().all()):
        _keep_words(connection, rows, rules)


def _keep_words(connection: Connection, rows: Sequence[Row], rules: SmartRules) -> None:
    hashes = [
        {
            "emailhashid": new_id(),
            "activityid": row["activityid"],
            "hash": value,
            "hashtype": int(HashType.SUBJECT),
            "createdon": row["createdon"],
            "ownerid": row["ownerid"],
            "owneridtype": row["owneridtype"],
        }
        for row in rows
        for value in hashes_of(words_of(row["subject"] or "", rules), rules)
    ]
    if hashes:
        connection.execute(sa.insert(_HASH), hashes)
