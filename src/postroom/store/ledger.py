"""The ledger: which messages of a mailbox were seen, by the server's own ids."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.ports.mail import Offered
from postroom.schema.choices import (
    CategoryMark,
    EmailNotification,
    QuarantineCause,
    QuarantineState,
    Reason,
)
from postroom.schema.decision import Decision
from postroom.schema.email import Email
from postroom.schema.ids import new_id
from postroom.schema.ledger import Ledger
from postroom.schema.quarantine import Quarantine
from postroom.store.asking import any_of
from postroom.store.index import chunks_of

_EMAIL = Email.__table__
_DECISION = Decision.__table__
_LEDGER = Ledger.__table__
_QUARANTINE = Quarantine.__table__

# A message whose fetch broke is asked for again after 5 minutes, then 10, 20, ... up to a day.
_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(days=1)


class Entry(NamedTuple):
    """A message of the ledger, found by its content."""

    ledger_id: UUID
    server_id: str
    email_id: UUID | None
    #: An earlier look has found it no longer where it was.
    has_gone: bool


def seen_ids(connection: Connection, mailbox: UUID) -> set[str]:
    """Return the server ids of every message of this mailbox that has been recorded."""
    query = sa.select(_LEDGER.c.serverid).where(_LEDGER.c.mailboxid == mailbox)
    return set(connection.execute(query).scalars())


class Recorded(NamedTuple):
    """What the ledger has of a message that a server offers again."""

    ledger_id: UUID
    server_id: str
    email_id: UUID | None
    quarantine_id: UUID | None
    category: CategoryMark


def recorded(connection: Connection, mailbox: UUID, server_ids: Collection[str]) -> dict[str, Recorded]:
    """Return what has been recorded of these messages of the mailbox, by server id."""
    found: dict[str, Recorded] = {}
    for chunk in chunks_of(server_ids):
        query = sa.select(
            _LEDGER.c.postroom_ledgerid,
            _LEDGER.c.serverid,
            _LEDGER.c.emailid,
            _LEDGER.c.quarantineid,
            _LEDGER.c.category,
        ).where(_LEDGER.c.mailboxid == mailbox, _LEDGER.c.serverid.in_(chunk))
        for row in connection.execute(query):
            found[row.serverid] = Recorded(*row[:4], CategoryMark(row.category))
    return found


def ids_in(connection: Connection, mailbox: UUID, folder: str) -> set[str]:
    """Return the server ids of what was recorded in this folder and is not known to be gone."""
    query = sa.select(_LEDGER.c.serverid).where(_in_folder(mailbox, folder))
    return set(connection.execute(query).scalars())


def emails_in(connection: Connection, mailbox: UUID, folder: str) -> list[UUID]:
    """Return the e-mails whose messages lie in this folder, as far as is known."""
    query = sa.select(_LEDGER.c.emailid).where(_in_folder(mailbox, folder), _LEDGER.c.emailid.is_not(None))
    return list(connection.execute(query.distinct()).scalars())


def _in_folder(mailbox: UUID, folder: str) -> sa.ColumnElement[bool]:
    return sa.and_(_LEDGER.c.mailboxid == mailbox, _LEDGER.c.folder == folder, _LEDGER.c.goneon.is_(None))


def mark_gone(connection: Connection, mailbox: UUID, server_ids: Collection[str], now: datetime) -> None:
    """Note that these messages are no longer where they were."""
    for chunk in chunks_of(server_ids):
        connection.execute(
            sa.update(_LEDGER)
            .where(_LEDGER.c.mailboxid == mailbox, _LEDGER.c.serverid.in_(chunk))
            .values(goneon=now)
        )


def note_moved(connection: Connection, mailbox: UUID, moved: Mapping[str, str], folder: str) -> None:
    """Note where messages are that we moved: their new ids by the old ones, and the folder."""
    for table in (_LEDGER, _QUARANTINE):
        for old, new in moved.items():
            connection.execute(
                sa.update(table)
                .where(table.c.mailboxid == mailbox, table.c.serverid == old)
                .values(serverid=new, folder=folder)
            )


def quarantined_outside(connection: Connection, mailbox: UUID, folder: str) -> dict[str, str]:
    """Return what waits in quarantine and lies in another folder, by server id; in any when there is none."""
    query = (
        sa.select(_LEDGER.c.serverid, _LEDGER.c.folder)
        .join(_QUARANTINE, _QUARANTINE.c.postroom_quarantineid == _LEDGER.c.quarantineid)
        .where(
            _LEDGER.c.mailboxid == mailbox,
            _LEDGER.c.goneon.is_(None),
            _QUARANTINE.c.mailboxid == mailbox,
            _QUARANTINE.c.state == QuarantineState.WAITING,
        )
    )
    if folder:
        query = query.where(_LEDGER.c.folder != folder)
    return {row.serverid: row.folder for row in connection.execute(query)}


def set_category(connection: Connection, ledger_ids: Collection[UUID], mark: CategoryMark) -> None:
    """Keep how it stands with the tracking category on these messages."""
    for chunk in chunks_of(ledger_ids):
        connection.execute(
            sa.update(_LEDGER).where(_LEDGER.c.postroom_ledgerid.in_(chunk)).values(category=int(mark))
        )


#: The states of a category in which something is still to be done on the server.
_TO_DO = _LEDGER.c.category.in_(
    [int(CategoryMark.TO_PUT_ON), int(CategoryMark.TO_TAKE_OFF), int(CategoryMark.TO_MARK_UNDELIVERABLE)]
)


def category_work(connection: Connection, mailbox: UUID, most: int) -> list[Recorded]:
    """Return messages on which the tracking category is still to be changed, oldest first."""
    query = (
        sa.select(
            _LEDGER.c.postroom_ledgerid,
            _LEDGER.c.serverid,
            _LEDGER.c.emailid,
            _LEDGER.c.quarantineid,
            _LEDGER.c.category,
        )
        .where(_LEDGER.c.mailboxid == mailbox, _TO_DO, _LEDGER.c.goneon.is_(None))
        .order_by(_LEDGER.c.postroom_ledgerid)
        .limit(most)
    )
    return [Recorded(*row[:4], CategoryMark(row.category)) for row in connection.execute(query)]


def with_category(connection: Connection, mailbox: UUID, folder: str) -> set[str]:
    """Return the server ids of what lies in this folder and bore the tracking category when last seen."""
    query = sa.select(_LEDGER.c.serverid).where(
        _in_folder(mailbox, folder), _LEDGER.c.category == int(CategoryMark.ON)
    )
    return set(connection.execute(query).scalars())


def take_category_off(connection: Connection, email: UUID) -> None:
    """Have the tracking category taken off every message of an e-mail that is no longer tracked."""
    connection.execute(
        sa.update(_LEDGER)
        .where(
            _LEDGER.c.emailid == email,
            _LEDGER.c.category.in_([int(CategoryMark.ON), int(CategoryMark.TO_PUT_ON)]),
        )
        .values(category=int(CategoryMark.TO_TAKE_OFF))
    )


def removable_ids(connection: Connection, mailbox: UUID, server_ids: Sequence[str]) -> set[str]:
    """Return which of these messages the store holds wholly, as e-mails.

    What lies in quarantine, or was kept without some of its attachments, is left where it is: the
    server has the only whole copy. What the server was told to remove before and still offers is
    among them: it did not remove it.
    """
    is_cut = sa.exists().where(
        _EMAIL.c.activityid == _LEDGER.c.emailid,
        _EMAIL.c.notifications == int(EmailNotification.ATTACHMENTS_LEFT_OUT),
    )
    found: set[str] = set()
    for chunk in chunks_of(server_ids):
        query = sa.select(_LEDGER.c.serverid).where(
            _LEDGER.c.mailboxid == mailbox,
            _LEDGER.c.serverid.in_(chunk),
            _LEDGER.c.emailid.is_not(None),
            _LEDGER.c.quarantineid.is_(None),
            ~is_cut,
        )
        found.update(connection.execute(query).scalars())
    return found


def mark_discarded(connection: Connection, mailbox: UUID, server_ids: Sequence[str], now: datetime) -> None:
    """Note that the server was told to remove these messages."""
    for chunk in chunks_of(server_ids):
        connection.execute(
            sa.update(_LEDGER)
            .where(_LEDGER.c.mailboxid == mailbox, _LEDGER.c.serverid.in_(chunk))
            .values(discardedon=now)
        )


def by_content(connection: Connection, mailbox: UUID, digests: Sequence[bytes]) -> dict[bytes, list[Entry]]:
    """Return the ledger's rows of this mailbox that hold the same contents."""
    found: dict[bytes, list[Entry]] = {}
    gone = _LEDGER.c.goneon.is_not(None)
    columns = (_LEDGER.c.digest, _LEDGER.c.postroom_ledgerid, _LEDGER.c.serverid, _LEDGER.c.emailid, gone)
    for chunk in chunks_of(digests):
        query = sa.select(*columns).where(
            _LEDGER.c.mailboxid == mailbox, any_of(connection, _LEDGER.c.digest, chunk)
        )
        for digest, *entry in connection.execute(query).all():
            found.setdefault(bytes(digest), []).append(Entry(*entry))
    return found


class Broken(NamedTuple):
    """A message that could not be fetched so far."""

    quarantine_id: UUID
    attempts: int
    last_tried_at: datetime

    def next_try_at(self) -> datetime:
        """Return when it is worth another try."""
        wait: timedelta = min(_FIRST_WAIT * 2 ** min(self.attempts - 1, 16), _LONGEST_WAIT)
        return self.last_tried_at + wait


def broken_fetches(connection: Connection, mailbox: UUID) -> dict[str, Broken]:
    """Return the messages whose fetch broke and that wait for another try, by server id."""
    query = sa.select(
        _QUARANTINE.c.serverid,
        _QUARANTINE.c.postroom_quarantineid,
        _QUARANTINE.c.attempts,
        _QUARANTINE.c.lasttriedon,
    ).where(
        _QUARANTINE.c.mailboxid == mailbox,
        _QUARANTINE.c.cause == QuarantineCause.BROKEN_FETCH,
        _QUARANTINE.c.state == QuarantineState.WAITING,
    )
    return {
        row.serverid: Broken(row.postroom_quarantineid, row.attempts or 1, row.lasttriedon)
        for row in connection.execute(query)
    }


def asked_for_again(connection: Connection, mailbox: UUID) -> set[str]:
    """Return the server ids of messages that a person wants fetched anew and that have not been yet."""
    recorded_ids = sa.select(_LEDGER.c.serverid).where(_LEDGER.c.mailboxid == mailbox)
    query = sa.select(_QUARANTINE.c.serverid).where(
        _QUARANTINE.c.mailboxid == mailbox,
        _QUARANTINE.c.state == QuarantineState.RETRIED,
        _QUARANTINE.c.serverid.not_in(recorded_ids),
    )
    return set(connection.execute(query).scalars())


def unsettled(connection: Connection, mailboxes: Collection[UUID]) -> set[UUID]:
    """Return those of these mailboxes of which messages wait for another fetch."""
    is_recorded = sa.exists().where(
        _LEDGER.c.mailboxid == _QUARANTINE.c.mailboxid, _LEDGER.c.serverid == _QUARANTINE.c.serverid
    )
    query = sa.select(_QUARANTINE.c.mailboxid).where(
        _QUARANTINE.c.mailboxid.in_(list(mailboxes)),
        sa.or_(
            sa.and_(_QUARANTINE.c.state == QuarantineState.RETRIED, ~is_recorded),
            sa.and_(
                _QUARANTINE.c.state == QuarantineState.WAITING,
                _QUARANTINE.c.cause == QuarantineCause.BROKEN_FETCH,
            ),
        ),
    )
    return set(connection.scalars(query.distinct()))


def give_up(connection: Connection, mailbox: UUID, server_ids: Collection[str]) -> None:
    """Close the entries of messages that were to be fetched anew and are no longer on the server."""
    for chunk in chunks_of(server_ids):
        connection.execute(
            sa.update(_QUARANTINE)
            .where(
                _QUARANTINE.c.mailboxid == mailbox,
                _QUARANTINE.c.state == QuarantineState.RETRIED,
                _QUARANTINE.c.serverid.in_(chunk),
            )
            .values(state=int(QuarantineState.DROPPED), reason=_GONE)
        )


_GONE = "It is no longer on the server."


def note_broken(connection: Connection, mailbox: UUID, offered: Offered, trouble: str, now: datetime) -> int:
    """Put a message aside whose fetch broke, or count one more try; return how many there were."""
    known = broken_fetches(connection, mailbox).get(offered.server_id)
    if known:
        connection.execute(
            sa.update(_QUARANTINE)
            .where(_QUARANTINE.c.postroom_quarantineid == known.quarantine_id)
            .values(attempts=known.attempts + 1, lasttriedon=now, reason=trouble[:2000])
        )
        return known.attempts + 1
    decision = _failed_fetch(connection, mailbox, offered, now)
    connection.execute(
        sa.insert(_QUARANTINE).values(
            postroom_quarantineid=new_id(),
            mailboxid=mailbox,
            folder=offered.folder,
            serverid=offered.server_id,
            directioncode=offered.is_sent_copy,
            decisionid=decision,
            size=offered.size,
            cause=int(QuarantineCause.BROKEN_FETCH),
            reason=trouble[:2000],
            attempts=1,
            state=int(QuarantineState.WAITING),
            createdon=now,
            lasttriedon=now,
        )
    )
    return 1


def _failed_fetch(connection: Connection, mailbox: UUID, offered: Offered, now: datetime) -> UUID:
    """Write the decision that stands for a message of which only its id was seen."""
    key = new_id()
    trail = [("fetched", Reason.FETCH_FAILED.sentence)]
    connection.execute(
        sa.insert(_DECISION).values(
            postroom_decisionid=key,
            mailboxid=mailbox,
            serverid=offered.server_id,
            directioncode=offered.is_sent_copy,
            tracked=False,
            reason=int(Reason.FETCH_FAILED),
            trail=json.dumps(trail),
            createdon=now,
        )
    )
    return key


def forget_failures(connection: Connection, mailbox: UUID, server_ids: Sequence[str]) -> None:
    """Take back the decisions that stood for messages which are fetched by now; their own follow."""
    for chunk in chunks_of(server_ids):
        failed = sa.select(_QUARANTINE.c.decisionid).where(
            _QUARANTINE.c.mailboxid == mailbox,
            _QUARANTINE.c.cause == int(QuarantineCause.BROKEN_FETCH),
            _QUARANTINE.c.state == int(QuarantineState.WAITING),
            _QUARANTINE.c.serverid.in_(chunk),
            _QUARANTINE.c.decisionid.is_not(None),
        )
        connection.execute(sa.delete(_DECISION).where(_DECISION.c.postroom_decisionid.in_(failed)))


def take_back(connection: Connection, mailbox: UUID, server_ids: Sequence[str]) -> None:
    """Forget that messages were seen and what was decided of them, so that they are judged anew."""
    for chunk in chunks_of(server_ids):
        same = sa.and_(_LEDGER.c.mailboxid == mailbox, _LEDGER.c.serverid.in_(chunk))
        # Held until the transaction ends: what another worker puts in their place is not ours to take back.
        query = sa.select(_LEDGER.c.postroom_ledgerid, _LEDGER.c.seenon).where(same).with_for_update()
        entries = connection.execute(query).all()
        for entry in entries:
            # Both were written in one transaction, so that the time finds the few rows among which to look.
            connection.execute(
                sa.delete(_DECISION).where(
                    _DECISION.c.createdon == entry.seenon, _DECISION.c.ledgerid == entry.postroom_ledgerid
                )
            )
        ids = [entry.postroom_ledgerid for entry in entries]
        connection.execute(sa.delete(_LEDGER).where(_LEDGER.c.postroom_ledgerid.in_(ids)))
        forget_failures(connection, mailbox, chunk)


def settle_broken(connection: Connection, mailbox: UUID, still_offered: frozenset[str]) -> None:
    """Close the entries of messages whose fetch broke once and that are recorded or gone by now."""
    waiting = sa.and_(
        _QUARANTINE.c.mailboxid == mailbox,
        _QUARANTINE.c.cause == int(QuarantineCause.BROKEN_FETCH),
        _QUARANTINE.c.state == int(QuarantineState.WAITING),
    )
    recorded = sa.select(_LEDGER.c.serverid).where(_LEDGER.c.mailboxid == mailbox)
    connection.execute(
        sa.update(_QUARANTINE)
        .where(waiting, _QUARANTINE.c.serverid.in_(recorded))
        .values(state=int(QuarantineState.SETTLED))
    )
    left = set(connection.scalars(sa.select(_QUARANTINE.c.serverid).where(waiting)))
    for chunk in chunks_of(left - still_offered):
        connection.execute(
            sa.update(_QUARANTINE)
            .where(waiting, _QUARANTINE.c.serverid.in_(chunk))
            .values(state=int(QuarantineState.DROPPED), reason=_GONE)
        )
