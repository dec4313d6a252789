"""The outbox: e-mails that wait to leave, claimed, journalled and settled.

An e-mail goes from Pending Send to Sending when it is claimed, and its journal row says how far
the attempt got: *claimed* (nothing has left), *submitted* (it may have left from now on), then the
outcome. What a crash leaves in Sending can so be told apart afterwards: claimed goes back,
submitted is uncertain.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema.attachment import ActivityMimeAttachment, Attachment
from postroom.schema.choices import (
    EmailState,
    EmailStatus,
    JournalState,
    Participation,
    SendOutcome,
)
from postroom.schema.email import Email
from postroom.schema.ids import new_id
from postroom.schema.journal import SendJournal
from postroom.schema.organization import Organization
from postroom.schema.party import ActivityParty
from postroom.schema.queue import Queue
from postroom.schema.user import SystemUser
from postroom.store.database import Database
from postroom.store.index import chunks_of
from postroom.store.marking import mark
from postroom.store.policy import marking_of

_EMAIL = Email.__table__
_JOURNAL = SendJournal.__table__
_ORGANIZATION = Organization.__table__
_PARTY = ActivityParty.__table__

REPLY = 2000
_OPEN_STATES = (int(JournalState.CLAIMED), int(JournalState.SUBMITTED))
_SETTLED_STATES = (int(JournalState.ACCEPTED), int(JournalState.DEFERRED), int(JournalState.REFUSED))
_TOLD_BY_LOAD = (int(JournalState.CLAIMED), int(JournalState.UNCERTAIN))


@dataclass(frozen=True, slots=True)
class Claimed:
    """One e-mail that this pass has taken to send, with all that is needed to write it."""

    email: Mapping[Any, Any]
    parties: Sequence[Mapping[Any, Any]]
    attachments: Sequence[Mapping[Any, Any]]
    journal_id: UUID
    #: An earlier attempt ended in a way that leaves open whether it was sent.
    may_have_left: bool = False

    @property
    def email_id(self) -> UUID:
        """Return the e-mail's key."""
        key: UUID = self.email["activityid"]
        return key


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one attempt, as the e-mail and its journal are to say it."""

    claimed: Claimed
    journal: JournalState
    state: EmailState
    status: EmailStatus
    outcome: SendOutcome
    attempts: int
    code: int = 0
    reply: str = ""
    reason: str = ""
    postponed_until: datetime | None = None
    #: The server took it, but not for every recipient.
    is_partial: bool = False


def relate_pending(connection: Connection) -> int:
    """Give every pending e-mail without one the mailbox of its From party; return how many were given.

    It is then marked, so that answers to it are found.

    An e-mail may become Pending Send by a plain write of its status as well as by SendEmail.
    """
    users, queues = SystemUser.__table__, Queue.__table__
    mailbox = sa.func.coalesce(users.c.defaultmailbox, queues.c.defaultmailbox)
    query = (
        sa.select(_EMAIL.c.activityid, mailbox.label("mailbox"))
        .join_from(_EMAIL, _PARTY, _PARTY.c.activityid == _EMAIL.c.activityid)
        .join(users, users.c.systemuserid == _PARTY.c.partyid, isouter=True)
        .join(queues, queues.c.queueid == _PARTY.c.partyid, isouter=True)
        .where(
            _EMAIL.c.statuscode == int(EmailStatus.PENDING_SEND),
            _EMAIL.c.sendermailboxid.is_(None),
            _PARTY.c.participationtypemask == int(Participation.SENDER),
            mailbox.is_not(None),
        )
    )
    found = [{"key": row.activityid, "mailbox": row.mailbox} for row in connection.execute(query)]
    if found:
        change = (
            sa.update(_EMAIL)
            .where(_EMAIL.c.activityid == sa.bindparam("key"))
            .values(sendermailboxid=sa.bindparam("mailbox"))
        )
        connection.execute(change, found)
        organization = connection.execute(sa.select(_ORGANIZATION)).mappings().one()
        mark(connection, [entry["key"] for entry in found], marking_of(dict(organization)))
    return len(found)


def senders(connection: Connection) -> list[UUID]:
    """Return the mailboxes that have mail waiting to leave or under way."""
    query = sa.select(_EMAIL.c.sendermailboxid).where(
        _EMAIL.c.statuscode.in_([int(EmailStatus.PENDING_SEND), int(EmailStatus.SENDING)]),
        _EMAIL.c.sendermailboxid.is_not(None),
    )
    return list(connection.execute(query.distinct()).scalars())


def _due(mailbox: UUID, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        _EMAIL.c.sendermailboxid == mailbox,
        _EMAIL.c.statuscode == int(EmailStatus.PENDING_SEND),
        sa.or_(_EMAIL.c.postponeemailprocessinguntil.is_(None), _EMAIL.c.postponeemailprocessinguntil <= now),
        sa.or_(_EMAIL.c.delayedemailsendtime.is_(None), _EMAIL.c.delayedemailsendtime <= now),
    )


def has_due(connection: Connection, mailbox: UUID, now: datetime) -> bool:
    """Say whether the mailbox has an e-mail that may leave now."""
    query = sa.select(_EMAIL.c.activityid).where(_due(mailbox, now)).limit(1)
    return connection.execute(query).first() is not None


def count_waiting(connection: Connection, mailbox: UUID) -> int:
    """Return how many e-mails of the mailbox wait to leave, due or not."""
    query = sa.select(sa.func.count()).where(
        _EMAIL.c.sendermailboxid == mailbox, _EMAIL.c.statuscode == int(EmailStatus.PENDING_SEND)
    )
    return connection.execute(query).scalar() or 0


def claim(
    database: Database, connection: Connection, mailbox: UUID, now: datetime, limit: int, host: str
) -> list[UUID]:
    """Take the most urgent due e-mails of the mailbox: they are Sending now, and journalled as claimed."""
    due = (
        sa.select(_EMAIL.c.activityid, _EMAIL.c.messageid, _EMAIL.c.deliveryattempts)
        .where(_due(mailbox, now))
        .order_by(_EMAIL.c.deliveryprioritycode.desc(), _EMAIL.c.createdon, _EMAIL.c.activityid)
        .limit(limit)
    )
    if not database.is_sqlite:
        due = due.with_for_update(skip_locked=True)
    rows = connection.execute(due).all()
    if not rows:
        return []
    ids = [row.activityid for row in rows]
    for chunk in chunks_of(ids):
        connection.execute(
            sa.update(_EMAIL)
            .where(_EMAIL.c.activityid.in_(chunk))
            .values(
                statuscode=int(EmailStatus.SENDING),
                statecode=int(EmailState.COMPLETED),
                modifiedon=now,
                versionnumber=database.next_versions(connection),
            )
        )
    batch = new_id()
    connection.execute(
        sa.insert(_JOURNAL),
        [
            {
                "postroom_sendjournalid": new_id(),
                "emailid": row.activityid,
                "attempt": (row.deliveryattempts or 0) + 1,
                "messageid": row.messageid,
                "claim": batch,
                "hostid": host[:256],
                "state": int(JournalState.CLAIMED),
                "claimedon": now,
            }
            for row in rows
        ],
    )
    return ids


def load(connection: Connection, email_ids: Sequence[UUID]) -> list[Claimed]:
    """Return the claimed e-mails with their parties and attachments, in the order of the ids."""
    emails: dict[UUID, Mapping[Any, Any]] = {}
    journals: dict[UUID, UUID] = {}
    unsure: set[UUID] = set()
    parties: dict[UUID, list[Mapping[Any, Any]]] = {}
    attachments: dict[UUID, list[Mapping[Any, Any]]] = {}
    for chunk in chunks_of(email_ids):
        for row in connection.execute(_EMAILS.where(_EMAIL.c.activityid.in_(chunk))).mappings():
            emails[row["activityid"]] = row
        for entry in connection.execute(
            sa.select(_JOURNAL.c.emailid, _JOURNAL.c.postroom_sendjournalid, _JOURNAL.c.state).where(
                _JOURNAL.c.emailid.in_(chunk), _JOURNAL.c.state.in_(_TOLD_BY_LOAD)
            )
        ):
            if entry.state == int(JournalState.UNCERTAIN):
                unsure.add(entry.emailid)
            else:
                journals[entry.emailid] = entry.postroom_sendjournalid
        for row in connection.execute(_PARTIES.where(_PARTY.c.activityid.in_(chunk))).mappings():
            parties.setdefault(row["activityid"], []).append(row)
        for row in connection.execute(_FILES.where(_FILE.c.objectid.in_(chunk))).mappings():
            attachments.setdefault(row["objectid"], []).append(row)
    return [
        Claimed(
            emails[key],
            parties.get(key, ()),
            attachments.get(key, ()),
            journals[key],
            may_have_left=key in unsure,
        )
        for key in email_ids
        if key in emails and key in journals
    ]


_EMAILS = sa.select(
    *(
        _EMAIL.c[name]
        for name in (
            "activityid",
            "subject",
            "description",
            "mimetype",
            "messageid",
            "inreplyto",
            "parentactivityid",
            "prioritycode",
            "deliveryreceiptrequested",
            "readreceiptrequested",
            "conversationindex",
            "postroom_messagekind",
            "deliveryattempts",
            "createdon",
        )
    )
)
_PARTIES = (
    sa.select(
        _PARTY.c.activityid,
        _PARTY.c.participationtypemask,
        _PARTY.c.partyid,
        _PARTY.c.partyobjecttypecode,
        _PARTY.c.partyidname,
        _PARTY.c.addressused,
        _PARTY.c.unresolvedpartyname,
    )
    .where(_PARTY.c.participationtypemask.in_([1, 2, 3, 4]))
    .order_by(_PARTY.c.activitypartyid)
)
_FILE = ActivityMimeAttachment.__table__
_CONTENT = Attachment.__table__
_FILES = (
    sa.select(
        _FILE.c.objectid,
        _FILE.c.filename,
        _FILE.c.mimetype,
        _FILE.c.attachmentcontentid,
        _FILE.c.body,
        _FILE.c.filesize,
        _CONTENT.c.postroom_digest,
    )
    .join_from(_FILE, _CONTENT, _CONTENT.c.attachmentid == _FILE.c.attachmentid, isouter=True)
    .where(_FILE.c.objecttypecode == "email")
    .order_by(_FILE.c.attachmentnumber, _FILE.c.activitymimeattachmentid)
)


def fix_message_ids(connection: Connection, fixed: Iterable[tuple[UUID, str, UUID]]) -> None:
    """Write the Message-ID, and the value that makes it unique, of e-mails that have none yet."""
    values = [{"key": key, "message_id": message_id, "unique": unique} for key, message_id, unique in fixed]
    if values:
        connection.execute(_FIX, values)


_FIX = (
    sa.update(_EMAIL)
    .where(_EMAIL.c.activityid == sa.bindparam("key"))
    .values(messageid=sa.bindparam("message_id"), messageiddupcheck=sa.bindparam("unique"))
)


def mark_submitted(connection: Connection, journal_ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Journal that these may leave from now on, and return those of them that may.

    Must be on the disk before the first of them leaves. An attempt is missing from the answer when another
    worker has put it right meanwhile, because it took this one for dead: it must not leave from here.
    """
    return set(_move(connection, _JOURNAL.c.postroom_sendjournalid, journal_ids, _MAY_LEAVE, now))


@dataclass(frozen=True, slots=True)
class _Move:
    """A step in the life of attempts; who comes second finds them in another state and moves nothing."""

    before: JournalState
    after: JournalState
    stamp: str


_MAY_LEAVE = _Move(JournalState.CLAIMED, JournalState.SUBMITTED, "submittedon")
_GIVEN_BACK = _Move(JournalState.CLAIMED, JournalState.DEFERRED, "settledon")
_GIVEN_UP = _Move(JournalState.SUBMITTED, JournalState.UNCERTAIN, "settledon")


def _move(
    connection: Connection, key: sa.Column[Any], keys: Iterable[UUID], move: _Move, now: datetime
) -> Iterator[UUID]:
    """Move the attempts with these keys and yield the keys of those that were moved."""
    for chunk in chunks_of(keys):
        moved = (
            sa.update(_JOURNAL)
            .where(key.in_(chunk), _JOURNAL.c.state == int(move.before))
            .values({"state": int(move.after), move.stamp: now})
            .returning(key)
        )
        yield from connection.execute(moved).scalars().all()


def settle(
    database: Database, connection: Connection, settlements: Sequence[Settlement], now: datetime
) -> None:
    """Write the outcome of attempts to the e-mails and the journal.

    An e-mail that was given up as uncertain meanwhile is corrected by an outcome that is known, unless
    another attempt is under way by now: what is known then is that attempt's to say.
    """
    if not settlements:
        return
    first = database.next_versions(connection, len(settlements))
    connection.execute(_SETTLE_JOURNAL, [_journal_values(s, now) for s in settlements])
    connection.execute(_SETTLE_EMAIL, [_email_values(s, now, first + n) for n, s in enumerate(settlements)])


_SETTLE_JOURNAL = (
    sa.update(_JOURNAL)
    .where(_JOURNAL.c.postroom_sendjournalid == sa.bindparam("key"))
    .values(
        state=sa.bindparam("new_state"),
        code=sa.bindparam("new_code"),
        reply=sa.bindparam("new_reply"),
        settledon=sa.bindparam("at"),
    )
)
_UNDER_WAY_ELSEWHERE = sa.exists().where(
    _JOURNAL.c.emailid == sa.bindparam("key"),
    _JOURNAL.c.postroom_sendjournalid != sa.bindparam("attempt"),
    # A list is no parameter of a statement that is executed for many rows.
    sa.or_(*(_JOURNAL.c.state == state for state in _OPEN_STATES)),
)
_SETTLE_EMAIL = (
    sa.update(_EMAIL)
    .where(
        _EMAIL.c.activityid == sa.bindparam("key"),
        ~_UNDER_WAY_ELSEWHERE,
        sa.or_(
            _EMAIL.c.statuscode == int(EmailStatus.SENDING),
            _EMAIL.c.postroom_sendoutcome == int(SendOutcome.UNCERTAIN),
        ),
    )
    .values(
        statecode=sa.bindparam("state"),
        statuscode=sa.bindparam("status"),
        postroom_sendoutcome=sa.bindparam("outcome"),
        postroom_sendreason=sa.bindparam("reason"),
        postponeemailprocessinguntil=sa.bindparam("until"),
        deliveryattempts=sa.bindparam("attempts"),
        senton=sa.bindparam("sent_at"),
        actualend=sa.bindparam("sent_at"),
        modifiedon=sa.bindparam("at"),
        versionnumber=sa.bindparam("version"),
    )
)


def _journal_values(settlement: Settlement, now: datetime) -> dict[str, Any]:
    return {
        "key": settlement.claimed.journal_id,
        "new_state": int(settlement.journal),
        "new_code": settlement.code or None,
        "new_reply": settlement.reply[:REPLY] or None,
        "at": now,
    }


def _email_values(settlement: Settlement, now: datetime, version: int) -> dict[str, Any]:
    return {
        "key": settlement.claimed.email_id,
        "attempt": settlement.claimed.journal_id,
        "state": int(settlement.state),
        "status": int(settlement.status),
        "outcome": int(settlement.outcome),
        "reason": settlement.reason[:REPLY] or None,
        "until": settlement.postponed_until,
        "attempts": settlement.attempts,
        "sent_at": now if settlement.status is EmailStatus.SENT else None,
        "at": now,
        "version": version,
    }


@dataclass(frozen=True, slots=True)
class Left:
    """An e-mail that a pass left in Sending: how far its last attempt got."""

    email_id: UUID
    journal_id: UUID | None
    submitted: bool
    attempts: int


def left_behind(connection: Connection, mailbox: UUID) -> list[Left]:
    """Return the mailbox's e-mails in Sending; to be asked only while no other pass sends for it."""
    query = (
        sa.select(
            _EMAIL.c.activityid,
            _EMAIL.c.deliveryattempts,
            _JOURNAL.c.postroom_sendjournalid,
            _JOURNAL.c.state,
        )
        .join_from(
            _EMAIL,
            _JOURNAL,
            sa.and_(_JOURNAL.c.emailid == _EMAIL.c.activityid, _JOURNAL.c.state.in_(_OPEN_STATES)),
            isouter=True,
        )
        .where(_EMAIL.c.sendermailboxid == mailbox, _EMAIL.c.statuscode == int(EmailStatus.SENDING))
    )
    found: dict[UUID, Left] = {}
    for row in connection.execute(query):
        submitted = row.state == int(JournalState.SUBMITTED)
        known = found.get(row.activityid)
        if known is None or submitted:
            found[row.activityid] = Left(
                row.activityid, row.postroom_sendjournalid, submitted, row.deliveryattempts or 0
            )
    return list(found.values())


def give_back(database: Database, connection: Connection, left: Sequence[Left], now: datetime) -> None:
    """Return e-mails of which nothing has left to Pending Send, the attempt not counted.

    Left alone are those whose attempt has got further since it was looked at.
    """
    certain = {entry.email_id for entry in left if entry.journal_id is None}
    certain.update(_move(connection, _JOURNAL.c.emailid, _emails_of(left), _GIVEN_BACK, now))
    values = {"statecode": int(EmailState.COMPLETED), "statuscode": int(EmailStatus.PENDING_SEND)}
    _release(database, connection, certain, now, values)


def give_up_as_uncertain(
    database: Database,
    connection: Connection,
    left: Sequence[Left],
    now: datetime,
    *,
    status: EmailStatus,
    reason: str,
    until: datetime | None = None,
) -> None:
    """Flag e-mails of which nobody can know whether they left, but none whose outcome is known by now."""
    unsure = set(_move(connection, _JOURNAL.c.emailid, _emails_of(left), _GIVEN_UP, now))
    state = EmailState.OPEN if status is EmailStatus.FAILED else EmailState.COMPLETED
    values = {
        "statecode": int(state),
        "statuscode": int(status),
        "postroom_sendoutcome": int(SendOutcome.UNCERTAIN),
        "postroom_sendreason": reason[:REPLY],
        "deliveryattempts": sa.func.coalesce(_EMAIL.c.deliveryattempts, 0) + 1,
        "postponeemailprocessinguntil": until,
    }
    _release(database, connection, unsure, now, values)


def _emails_of(left: Sequence[Left]) -> list[UUID]:
    return [entry.email_id for entry in left]


def _release(
    database: Database,
    connection: Connection,
    email_ids: Iterable[UUID],
    now: datetime,
    values: dict[str, Any],
) -> None:
    """Take e-mails out of Sending."""
    for chunk in chunks_of(sorted(email_ids)):
        version = database.next_versions(connection)
        connection.execute(
            sa.update(_EMAIL)
            .where(_EMAIL.c.activityid.in_(chunk), _EMAIL.c.statuscode == int(EmailStatus.SENDING))
            .values(**values, modifiedon=now, versionnumber=version)
        )


def say_why_waiting(connection: Connection, mailbox: UUID, reason: str) -> int:
    """Write on every waiting e-mail of the mailbox why it has not left; return how many were changed."""
    changed = connection.execute(
        sa.update(_EMAIL)
        .where(
            _EMAIL.c.sendermailboxid == mailbox,
            _EMAIL.c.statuscode == int(EmailStatus.PENDING_SEND),
            sa.or_(_EMAIL.c.postroom_sendreason.is_(None), _EMAIL.c.postroom_sendreason != reason[:REPLY]),
        )
        .values(postroom_sendreason=reason[:REPLY])
    )
    return changed.rowcount


def forget_attempts(connection: Connection, before: datetime, limit: int) -> int:
    """Delete the oldest attempts that were settled before this instant; return how many.

    Uncertain ones stay: as long as they are there, nobody sends their e-mail again without being warned.
    """
    old = (
        sa.select(_JOURNAL.c.postroom_sendjournalid)
        .where(_JOURNAL.c.state.in_(_SETTLED_STATES), _JOURNAL.c.settledon < before)
        .order_by(_JOURNAL.c.settledon)
        .limit(limit)
    )
    keys = connection.scalars(old).all()
    for chunk in chunks_of(keys):
        connection.execute(sa.delete(_JOURNAL).where(_JOURNAL.c.postroom_sendjournalid.in_(chunk)))
    return len(keys)


def root_message_ids(connection: Connection, parents: Iterable[UUID]) -> dict[UUID, str]:
    """Return the Message-ID of each e-mail that another one answers."""
    found: dict[UUID, str] = {}
    for chunk in chunks_of(set(parents)):
        query = sa.select(_EMAIL.c.activityid, _EMAIL.c.messageid).where(_EMAIL.c.activityid.in_(chunk))
        found.update((row.activityid, row.messageid) for row in connection.execute(query) if row.messageid)
    return found
