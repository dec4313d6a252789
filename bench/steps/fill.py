"""Filling a store with N e-mails of the history by bulk inserts, past the product's own way of keeping mail.

    python -m bench.steps.fill HOME DATABASE_URL N

The store is set up by the product, with one queue and its mailbox; users and the corpus's writers are made as
records. E-mails, parties, hashes of subjects, rows of the ledger, other contacts and their addresses are
copied in, with the indexes taken off meanwhile. Tables at which no decision looks stay empty: attachments,
queue items, decisions.
"""

import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from bench.corpus import MAILBOX_ADDRESS, correspondents
from bench.steps.history import END, SPAN, USERS, History, StoredEmail, key_of, mix, user_address
from bench.steps.setup import make_store
from postroom.app.settings import read_settings
from postroom.app.wiring import Postroom, open_postroom, set_up
from postroom.mime.key import address_key
from postroom.passes.judge import duplicate_check
from postroom.schema.choices import (
    CorrelationMethod,
    EmailState,
    EmailStatus,
    HashType,
    Participation,
    Wish,
)
from postroom.schema.contact import Contact
from postroom.schema.email import Email
from postroom.schema.ids import SYSTEM_USER_ID
from postroom.schema.ledger import Ledger
from postroom.schema.mailbox import Mailbox
from postroom.schema.party import ActivityParty
from postroom.schema.queue import Queue
from postroom.schema.search import AddressChoice, EmailHash, EmailSearch
from postroom.schema.user import SystemUser
from postroom.schema.wish import MessageWish
from postroom.store import bulk
from postroom.store.records import ROOT_UNIT_ID
from postroom.tracking.conversation import base_hash
from postroom.tracking.facts import Direction
from postroom.tracking.subject import USUAL, hashes_of, words_of

Row = dict[str, Any]
_TABLES: tuple[sa.Table, ...] = tuple(
    cls.__table__
    for cls in (Email, ActivityParty, EmailHash, Ledger, Contact, EmailSearch, AddressChoice, MessageWish)
)
_AT_ONCE = 5_000
#: Of so many e-mails one is the subject of a wish, and of so many contacts one was chosen for its address.
_EMAILS_A_WISH = 500
_CONTACTS_A_CHOICE = 50
# How long bodies are, in octets, and how many of a hundred; 2.4 kB in the middle.
_BODIES = ((600, 50), (2_000, 30), (5_000, 15), (15_000, 5))
_LONGEST = max(length for length, _ in _BODIES)
_LENGTHS = tuple(length for length, share in _BODIES for _ in range(share))


class _Filling:
    """The rows of one history, with the keys of the records that they point to."""

    def __init__(self, history: History, connection: Connection) -> None:
        self.history = history
        self.mailbox: UUID = _only(
            connection, sa.select(Mailbox.mailboxid).where(Mailbox.emailaddress == MAILBOX_ADDRESS)
        )
        self.queue: UUID = _only(
            connection, sa.select(Queue.queueid).where(Queue.emailaddress == MAILBOX_ADDRESS)
        )
        users = sa.select(SystemUser.internalemailaddress, SystemUser.systemuserid)
        found = {row[0]: row[1] for row in connection.execute(users)}
        self.users = [found[user_address(number)] for number in range(USERS)]
        contacts = sa.select(Contact.emailaddress1, Contact.contactid)
        self.contacts: dict[str, UUID] = {row[0]: row[1] for row in connection.execute(contacts)}
        for number in range(history.contacts):
            self.contacts[history.contact(number).address] = key_of(END - SPAN, number, 2)
        rng = random.Random(7)
        sentences = [s for person in correspondents()[:50] for s in person.language.sentences]
        self._text = "".join(f"<p>{s}</p>" for s in rng.choices(sentences, k=4_000))
        self._hashes: dict[str, tuple[int, ...]] = {}

    def people(self) -> Iterator[tuple[sa.Table, list[Row]]]:
        """Yield the contacts beside the corpus's writers, with their addresses and choices among them."""
        at = END - SPAN
        contacts, addresses, choices = [], [], []
        for number in range(self.history.contacts):
            writer = self.history.contact(number)
            key = self.contacts[writer.address]
            contacts.append(
                {
                    "contactid": key,
                    "fullname": writer.name,
                    "lastname": writer.name,
                    "emailaddress1": writer.address,
                    "statecode": 0,
                    "statuscode": 1,
                    **_owned(self.users[number % USERS]),
                    "createdon": at,
                    "modifiedon": at,
                    "versionnumber": number,
                }
            )
            addresses.append(
                {
                    "emailsearchid": key_of(at, number, 3),
                    "emailaddress": writer.address,
                    "parentobjectid": key,
                    "parentobjecttypecode": "contact",
                    "emailcolumnnumber": 1,
                    "versionnumber": number,
                }
            )
            if number % _CONTACTS_A_CHOICE == 0:
                choices.append(
                    {
                        "postroom_addresschoiceid": key_of(at, number, 4),
                        "emailaddress": writer.address,
                        "partyid": key,
                        "partyobjecttypecode": "contact",
                        "createdon": at,
                    }
                )
        yield Contact.__table__, contacts
        yield EmailSearch.__table__, addresses
        yield AddressChoice.__table__, choices

    def mail(self, numbers: range) -> Iterator[tuple[sa.Table, list[Row]]]:
        """Yield the rows of these e-mails by table."""
        emails: list[Row] = []
        parties: list[Row] = []
        hashes: list[Row] = []
        ledger: list[Row] = []
        wishes: list[Row] = []
        for number in numbers:
            email = self.history.email(number)
            owner = self.users[email.conversation.user]
            unique = duplicate_check(_direction(email), email.message_id, b"")
            emails.append(self._email_row(email, unique, owner))
            parties.extend(self._party_rows(email, owner))
            hashes.extend(self._hash_rows(email, owner))
            if not email.outgoing:
                ledger.append(self._ledger_row(email))
            if number % _EMAILS_A_WISH == 0:
                wishes.append(
                    {
                        "postroom_wishid": unique,
                        "messageid": email.message_id,
                        "wish": int(Wish.TRACK),
                        "createdon": email.at,
                    }
                )
        yield Email.__table__, emails
        yield ActivityParty.__table__, parties
        yield EmailHash.__table__, hashes
        yield Ledger.__table__, ledger
        yield MessageWish.__table__, wishes

    def _email_row(self, email: StoredEmail, unique: UUID, owner: UUID) -> Row:
        conversation = email.conversation
        writer = conversation.writer.address
        known = self.contacts.get(writer)
        start = mix(email.number, 50) % (len(self._text) - _LONGEST)
        length = _LENGTHS[mix(email.number, 51) % 100]
        answered = email.place > 0
        sender, recipient = (MAILBOX_ADDRESS, writer) if email.outgoing else (writer, MAILBOX_ADDRESS)
        return {
            "activityid": email.key,
            "activitytypecode": "email",
            "subject": email.subject,
            "description": self._text[start : start + length],
            "mimetype": "text/html",
            "directioncode": email.outgoing,
            "statecode": int(EmailState.COMPLETED),
            "statuscode": int(EmailStatus.SENT if email.outgoing else EmailStatus.RECEIVED),
            "sender": sender,
            "torecipients": f"{recipient};",
            "messageid": email.message_id,
            "messageiddupcheck": unique,
            "conversationindex": email.index or None,
            "baseconversationindexhash": base_hash(email.index),
            "conversationtrackingid": key_of(END - SPAN, conversation.number % (1 << 32), 5),
            "correlationmethod": int(CorrelationMethod.IN_REPLY_TO if answered else CorrelationMethod.NONE),
            "trackingtoken": email.token or None,
            "regardingobjectid": conversation.regarding,
            "regardingobjecttypecode": "incident" if conversation.regarding else None,
            "receivingmailboxid": None if email.outgoing else self.mailbox,
            "sendermailboxid": self.mailbox if email.outgoing else None,
            "acceptingentityid": None if email.outgoing else self.queue,
            "acceptingentitytypecode": None if email.outgoing else "queue",
            "emailsender": self.queue if email.outgoing else known,
            "emailsenderobjecttypecode": "queue" if email.outgoing else "contact" if known else None,
            "prioritycode": 1,
            "actualend": email.at,
            "senton": email.at,
            "sortdate": email.at,
            **_owned(owner),
            "createdon": email.at,
            "modifiedon": email.at,
            "createdby": SYSTEM_USER_ID,
            "modifiedby": SYSTEM_USER_ID,
            "versionnumber": email.number,
        }

    def _party_rows(self, email: StoredEmail, owner: UUID) -> Iterator[Row]:
        writer = email.conversation.writer
        customer = (self.contacts.get(writer.address), "contact", writer.name, writer.address)
        ours = (self.queue, "queue", "Sales", MAILBOX_ADDRESS)
        sender, recipient = (ours, customer) if email.outgoing else (customer, ours)
        yield _party_row(email, 0, Participation.SENDER, *sender, owner)
        yield _party_row(email, 1, Participation.TO, *recipient, owner)
        if mix(email.number, 52) % 4 == 0:
            user = email.conversation.user
            copy = (self.users[user], "systemuser", f"User {user}", user_address(user))
            yield _party_row(email, 2, Participation.CC, *copy, owner)
        yield _party_row(email, 3, Participation.OWNER, owner, "systemuser", None, None, owner)
        if record := email.conversation.regarding:
            yield _party_row(email, 4, Participation.REGARDING, record, "incident", None, None, owner)

    def _hash_rows(self, email: StoredEmail, owner: UUID) -> Iterator[Row]:
        subject = email.conversation.subject
        if len(self._hashes) > 10_000:
            self._hashes.clear()
        if subject not in self._hashes:
            self._hashes[subject] = hashes_of(words_of(subject, USUAL), USUAL)
        for value in self._hashes[subject]:
            yield {
                "emailhashid": key_of(email.at, email.number, 6),
                "activityid": email.key,
                "hash": value,
                "hashtype": int(HashType.SUBJECT),
                "createdon": email.at,
                "ownerid": owner,
                "owneridtype": "systemuser",
                "versionnumber": email.number,
            }

    def _ledger_row(self, email: StoredEmail) -> Row:
        digest = b"".join(mix(email.number, 60 + part).to_bytes(8) for part in range(4))
        return {
            "postroom_ledgerid": key_of(email.at, email.number, 7),
            "mailboxid": self.mailbox,
            "folder": "",
            "serverid": f"{email.number:08x}",
            "messages": 1,
            "emailid": email.key,
            "size": 20_000,
            "digest": digest,
            "seenon": email.at,
        }


def _party_row(
    email: StoredEmail,
    place: int,
    mask: Participation,
    party: UUID | None,
    table: str,
    name: str | None,
    address: str | None,
    owner: UUID,
) -> Row:
    return {
        "activitypartyid": key_of(email.at, email.number, 8 + place),
        "activityid": email.key,
        "participationtypemask": int(mask),
        "partyid": party,
        "partyobjecttypecode": table if party else None,
        "partyidname": name,
        "addressused": address,
        "unresolvedpartyname": None if party else name,
        "addressusedemailcolumnnumber": 1 if party and address else None,
        "postroom_unresolvedkey": address_key(address) if address and not party else None,
        "ownerid": owner,
        "owneridtype": "systemuser",
        "versionnumber": email.number,
    }


def _owned(owner: UUID) -> Row:
    return {
        "ownerid": owner,
        "owneridtype": "systemuser",
        "owninguser": owner,
        "owningbusinessunit": ROOT_UNIT_ID,
    }


def _direction(email: StoredEmail) -> Direction:
    return Direction.OUTGOING if email.outgoing else Direction.INCOMING


def _only(connection: Connection, query: sa.Select[Any]) -> Any:
    found = connection.scalar(query)
    assert found is not None
    return found


def _users(postroom: Postroom) -> None:
    with postroom.database.write() as connection:
        for number in range(USERS):
            values = {
                "firstname": "User",
                "lastname": str(number),
                "internalemailaddress": user_address(number),
            }
            postroom.records.create(connection, "systemuser", values)


def _quick_engine(postroom: Postroom) -> Engine:
    """Return an engine that takes no care: a load that breaks off is begun anew."""
    url = postroom.database.url
    if not postroom.database.is_sqlite:
        options = "-c synchronous_commit=off -c maintenance_work_mem=512MB -c timezone=UTC"
        return sa.create_engine(url, connect_args={"options": options})
    engine = sa.create_engine(url)

    def on_connect(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    sa.event.listen(engine, "connect", on_connect)
    return engine


def _load(engine: Engine, history: History) -> None:
    progress = _Progress(history.count)
    with engine.begin() as connection:
        indexes = [index for table in _TABLES for index in table.indexes]
        for index in indexes:
            index.drop(connection)
        filling = _Filling(history, connection)
        for table, rows in filling.people():
            bulk.insert(connection, table, rows)
        for start in range(0, history.count, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, history.count))
            for table, rows in filling.mail(numbers):
                bulk.insert(connection, table, rows)
            progress.show(numbers.stop, "e-mails")
        for done, index in enumerate(indexes, 1):
            index.create(connection)
            progress.show(done, f"of {len(indexes)} indexes")
    progress.end()


def _settle(engine: Engine) -> None:
    """Bring a PostgreSQL store into the state that its own housekeeping would; SQLite has none in life."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")
        connection.exec_driver_sql("CHECKPOINT")


class _Progress:
    """How far a load is: a line that changes on a terminal, else one a minute."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._began = time.monotonic()
        self._said = self._began

    def show(self, done: int, what: str) -> None:
        now = time.monotonic()
        every = 0.5 if sys.stderr.isatty() else 30.0
        if now - self._said >= every:
            self._said = now
            end = "" if sys.stderr.isatty() else "\n"
            begin = "\r\x1b[K" if sys.stderr.isatty() else ""
            sys.stderr.write(
                f"{begin}store of {self._count:,}: {done:,} {what}, {now - self._began:.0f} s{end}"
            )
            sys.stderr.flush()

    def end(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")


def main(arguments: Sequence[str]) -> dict[str, Any]:
    """Make and fill the store; return how many e-mails it has and how long that took."""
    home, url, count = arguments
    start = time.perf_counter()
    os.environ["POSTROOM_HOME"] = home
    os.environ["POSTROOM_DATABASE_URL"] = url
    settings = read_settings()
    set_up(settings)
    with open_postroom(settings) as postroom:
        make_store(postroom, 1, 1, "nobody")
        _users(postroom)
        engine = _quick_engine(postroom)
        postroom.database.dispose()
        _load(engine, History(int(count)))
        _settle(engine)
        with engine.connect() as connection:
            found = connection.scalar(sa.select(sa.func.count()).select_from(Email))
        engine.dispose()
    return {"emails": found, "seconds": round(time.perf_counter() - start, 1)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])) + "\n")
