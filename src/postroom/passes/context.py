"""What every pass works with: the store, the clock, and the limits of this installation."""

from dataclasses import dataclass

from postroom.ports.blobs import Blobs
from postroom.ports.clock import Clock
from postroom.store.database import Database
from postroom.store.records import Records

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MailLimits:
    """How much is read at once, and how."""

    #: Octets; a larger message is not taken in.
    largest_message: int = 50 * MIB
    #: Messages of one mailbox in one pass; 0 for no limit.
    messages_per_pass: int = 10_000
    #: Seconds after which a pass leaves the rest to its next one, so that other mailboxes have their turn.
    longest_pass: float = 60.0
    #: Messages in one transaction, and octets, whichever is reached first.
    batch_size: int = 200
    batch_octets: int = 5 * MIB
    #: Use the compiled reader of bodies where it is installed.
    accelerated: bool = True
    #: Seconds after which any single wait for a server ends; a profile may say less.
    longest_wait: float = 100.0
    #: Talk without TLS to servers that are not on this machine.
    allow_plaintext: bool = False


@dataclass(frozen=True, slots=True)
class SendLimits:
    """How often and how much is sent."""

    maximum_attempts: int = 10
    #: Seconds before each further attempt; the last one serves for all later ones.
    retry_delays: tuple[float, ...] = (60.0, 300.0, 900.0, 1800.0, 3600.0)
    #: E-mails claimed at once for one connection.
    batch_size: int = 50
    #: E-mails that a crash may leave uncertain: those journalled as submitted but not settled.
    window: int = 10
    #: Seconds that a server has to finish what a broken connection handed over, before it is asked.
    settling: float = 30.0


@dataclass(frozen=True, slots=True)
class Context:
    """The means of a pass."""

    database: Database
    records: Records
    #: Where contents beyond the database's share are kept.
    blobs: Blobs
    clock: Clock
    #: Names this worker in the journal and in mailbox.hostid.
    host: str = "localhost"
    mail: MailLimits = MailLimits()
    sending: SendLimits = SendLimits()
