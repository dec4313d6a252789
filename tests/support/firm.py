"""A firm whose mail lies on a real Dovecot and leaves through a real Postfix, kept in a real store.

One user keeps her mail on the server; one queue has it removed once it is recorded. Everything is set up
with the commands that an administrator types. What was ever delivered and written is remembered here, so
that it can be compared with what became of it.
"""

import email
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

import sqlalchemy as sa

from postroom.api.load import load_document
from postroom.app.settings import read_settings
from postroom.app.wiring import Postroom, open_postroom
from postroom.schema import registry
from postroom.schema.choices import EmailStatus, JournalState
from postroom.store import mailboxes, workloads
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.mail import a_message, without_token
from tests.support.nursery import Nursery
from tests.support.postfix import Postfix

CUSTOMER = "carla@contoso.example"
STRANGER = "sam@stranger.example"
#: Octets above which a content becomes a file; half of the attachments do.
THRESHOLD = 2000

_EMAIL, _LEDGER, _ROW, _JOURNAL = (
    registry.by_logical_name(name).table
    for name in ("email", "postroom_ledger", "postroom_workload", "postroom_sendjournal")
)


@dataclass(frozen=True)
class Glance:
    """How far everything has got at one moment."""

    #: Passes that a worker has begun and not ended, and when the last of them was begun.
    passes: int
    begun_at: datetime | None
    #: Messages in the ledger.
    recorded: int
    #: Messages in the ledger that are to be removed from the server and, for all we know, are not.
    unremoved: int
    #: E-mails in Sending.
    sending: int
    #: Attempts to send, ended or not.
    attempts: int
    #: Attempts that are noted as leaving.
    submitted: int


class Servers(Protocol):
    """The servers that a firm's mail lies on and leaves through, seen from their other side."""

    def new_user(self, prefix: str) -> str:
        """Make an account and return its name."""
        ...

    def profile(self) -> dict[str, Any]:
        """Return the columns of the server profile that leads here."""
        ...

    def begin(self) -> None:
        """Forget what tests of the mailboxes have left."""
        ...

    def deliver(self, account: str, data: bytes) -> None:
        """Put a message into an inbox."""
        ...

    def count(self, account: str) -> int:
        """Return how many messages lie in an inbox."""
        ...

    def left(self) -> list[bytes]:
        """Return every message that came out, in order."""
        ...

    def is_idle(self) -> bool:
        """Say whether all that was handed over has come out."""
        ...


@dataclass
class PlainServers:
    """A real Dovecot that mail is read from by POP3, and a real Postfix that it leaves through by SMTP."""

    dovecot: Dovecot
    postfix: Postfix

    def new_user(self, prefix: str) -> str:
        return self.dovecot.new_user(prefix)

    def profile(self) -> dict[str, Any]:
        return {
            "servertype": 1,
            "incomingserverlocation": "127.0.0.1",
            "incomingportnumber": self.dovecot.pop3_port,
            "incomingusessl": False,
            "incomingcredentialretrieval": 0,
            "outgoingserverlocation": "127.0.0.1",
            "outgoingportnumber": self.postfix.port,
            "outgoingusessl": False,
            "outgoingcredentialretrieval": 4,
        }

    def begin(self) -> None:
        return

    def deliver(self, account: str, data: bytes) -> None:
        self.dovecot.deliver(account, data)

    def count(self, account: str) -> int:
        return self.dovecot.count(account)

    def left(self) -> list[bytes]:
        return [got.content for got in self.postfix.capture.got]

    def is_idle(self) -> bool:
        return self.postfix.is_empty()


@dataclass
class Firm:
    """The store, the servers, and what was given to both."""

    postroom: Postroom
    servers: "Servers"
    user: str
    queue: str
    mailbox_ids: tuple[UUID, UUID]
    #: The digest of its attachment by Message-ID, of all mail ever delivered.
    delivered: dict[str, bytes] = field(default_factory=dict)
    #: The Message-IDs of what strangers wrote to the user, who takes mail of known senders only.
    unwanted: set[str] = field(default_factory=set)
    #: How many messages each account was ever given.
    given: Counter[str] = field(default_factory=Counter)
    #: The key of every e-mail that was to leave, by subject.
    written: dict[str, UUID] = field(default_factory=dict)

    def deliver(self, *accounts: str) -> None:
        """Put one new message into the inboxes of these accounts."""
        number = len(self.delivered) + len(self.unwanted)
        message_id = f"{number}.{self.user}@contoso.example"
        is_unwanted = accounts == (self.user,) and number % 3 == 0
        content = hashlib.sha256(message_id.encode()).digest() * (20 + 80 * (number % 2))
        data = a_message(
            sender=STRANGER if is_unwanted else f"Carla Customer <{CUSTOMER}>",
            to=map(address_of, accounts),
            subject=f"Question {number}",
            text=f"The text of {message_id}",
            attachments=[(f"{number}.dat", content)],
            message_id=message_id,
        )
        if is_unwanted:
            self.unwanted.add(message_id)
        else:
            self.delivered[message_id] = hashlib.sha256(content).digest()
        for account in accounts:
            self.given[account] += 1
            self.servers.deliver(account, data)

    def write(self, count: int) -> None:
        """Write so many e-mails that wait to be sent, in turn from the user and from the queue."""
        first = len(self.written)
        written = {f"Offer {number} of {self.user}": uuid4() for number in range(first, first + count)}
        self.written |= written
        emails = [self._email(key, subject, turn) for turn, (subject, key) in enumerate(written.items())]
        load_document(self.postroom.database, self.postroom.records, {"emails": emails})

    def _email(self, key: UUID, subject: str, turn: int) -> dict[str, Any]:
        user = {"partyid_systemuser@odata.bind": f"/systemusers(domainname='{address_of(self.user)}')"}
        queue = {"partyid_queue@odata.bind": f"/queues(name='{self.queue}')"}
        customer = {"partyid_contact@odata.bind": f"/contacts(emailaddress1='{CUSTOMER}')"}
        return {
            "activityid": str(key),
            "subject": subject,
            "description": f"<p>The text of {subject}</p>",
            "directioncode": True,
            "statuscode": int(EmailStatus.PENDING_SEND),
            "email_activity_parties": [
                {**(queue if turn % 2 else user), "participationtypemask": 1},
                {**customer, "participationtypemask": 2},
            ],
        }

    def hint(self) -> None:
        """Make all work of both mailboxes due now, whatever they are at."""
        with self.postroom.database.write() as connection:
            workloads.hint(connection, self.mailbox_ids, self.postroom.clock.now())

    def glance(self) -> Glance:
        """Return how far everything has got; quick enough to be asked all the time."""
        with self.postroom.database.read() as connection:
            return Glance(*connection.execute(_GLANCE, {"queue": self.mailbox_ids[1]}).one())

    def has_begun_a_pass_since(self, moment: datetime) -> bool:
        """Say whether any pass was begun at this moment or later, ended since or not."""
        return bool(self.rows("postroom_workload", _ROW.c.laststartedon >= moment))

    def rows(self, table: str, *where: sa.ColumnElement[bool]) -> list[Any]:
        """Return the rows of a table."""
        with self.postroom.database.read() as connection:
            return list(connection.execute(sa.select(registry.by_logical_name(table).table).where(*where)))

    def arrived(self) -> list[tuple[str, str]]:
        """Return Message-ID and subject of each e-mail of this firm that came out of its servers."""
        heads = [email.message_from_bytes(content) for content in self.servers.left()]
        found = [(str(head["Message-ID"]).strip("<>"), str(head["Subject"])) for head in heads]
        return [
            (message_id, subject) for message_id, subject in found if without_token(subject) in self.written
        ]


def _count(table: sa.Table, *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(*where).scalar_subquery()


_UNDER_WAY = (_ROW.c.inflight.is_not(None), _ROW.c.hostid.is_not(None))
_GLANCE = sa.select(
    _count(_ROW, *_UNDER_WAY),
    sa.select(sa.func.max(_ROW.c.laststartedon)).where(*_UNDER_WAY).scalar_subquery(),
    _count(_LEDGER),
    _count(_LEDGER, _LEDGER.c.mailboxid == sa.bindparam("queue"), _LEDGER.c.discardedon.is_(None)),
    _count(_EMAIL, _EMAIL.c.statuscode == int(EmailStatus.SENDING)),
    _count(_JOURNAL),
    _count(_JOURNAL, _JOURNAL.c.state == int(JournalState.SUBMITTED)),
)


def address_of(account: str) -> str:
    """Return the address of an account of the server."""
    return f"{account}@firm.example"


@contextmanager
def a_firm(
    nursery: Nursery, environment: Mapping[str, str], servers: "Servers", **wishes: Any
) -> Iterator[Firm]:
    """Set a firm up in the store that the environment names; `wishes` go to the organization."""
    user, queue = servers.new_user("ann"), servers.new_user("help")
    document = nursery.directory / f"{user}.json"
    document.write_text(json.dumps(_document(user, queue, servers, wishes)))
    addresses = address_of(user), address_of(queue)
    for command in (("init",), ("load", str(document)), ("mailbox", "test", *addresses)):
        nursery.run(*command, environment=environment)
    with open_postroom(read_settings(environment)) as postroom:
        with postroom.database.read() as connection:
            first, second = (mailboxes.get_by_address(connection, address) for address in addresses)
        servers.begin()
        yield Firm(postroom, servers, user, queue, (first, second))


def _document(user: str, queue: str, servers: "Servers", wishes: Mapping[str, Any]) -> dict[str, Any]:
    methods = {"incomingemaildeliverymethod": 2, "outgoingemaildeliverymethod": 2}
    return {
        "emailserverprofiles": [
            {"name": "Servers", "processemailsreceivedafter": None, **servers.profile()},
        ],
        "organizations": [
            {
                "defaultemailserverprofileid@odata.bind": "/emailserverprofiles(name='Servers')",
                "postroom_largeblobthreshold": THRESHOLD,
                **wishes,
            }
        ],
        "contacts": [{"firstname": "Carla", "lastname": "Customer", "emailaddress1": CUSTOMER}],
        "systemusers": [
            {
                "firstname": "Ann",
                "lastname": "Agent",
                "domainname": address_of(user),
                "internalemailaddress": address_of(user),
                **methods,
            }
        ],
        "usersettingscollection": [
            {
                "systemuserid@odata.bind": f"/systemusers(domainname='{address_of(user)}')",
                "incomingemailfilteringmethod": 2,
            }
        ],
        "queues": [
            {
                "name": queue,
                "emailaddress": address_of(queue),
                "incomingemailfilteringmethod": 0,
                **methods,
            }
        ],
        "mailboxes": [_mailbox(user), {**_mailbox(queue), "processanddeleteemails": True}],
    }


def _mailbox(account: str) -> dict[str, Any]:
    return {
        "emailaddress": address_of(account),
        "username": account,
        "password": PASSWORD,
        "allowemailconnectortousecredentials": True,
        "emailrouteraccessapproval": 1,
    }
