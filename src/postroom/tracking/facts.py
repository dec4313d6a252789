"""What a decision has to know, asked for once and gathered in bulk by the caller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from postroom.mime.message import Address, Message
from postroom.schema.choices import FilteringMethod


@dataclass(frozen=True, slots=True)
class Known:
    """A record that an address belongs to, with what relevance and resolution ask of it."""

    table: str
    id: UUID
    name: str = ""
    active: bool = True
    owner: UUID | None = None
    owner_table: str = "systemuser"
    #: The account a contact belongs to, or the account itself.
    account: UUID | None = None
    #: Which incoming mail a user or queue wants; None for other tables.
    filtering: FilteringMethod | None = None
    #: Number of the e-mail column that holds the address, in the order of the table's columns.
    column_number: int = 1

    @property
    def is_internal(self) -> bool:
        """Tell whether this is a user or a queue of the organization."""
        return self.table in ("systemuser", "queue")


@dataclass(frozen=True, slots=True)
class Correlated:
    """An e-mail of the store that a message may answer."""

    activity: UUID
    message_id: str
    subject: str = ""
    regarding: UUID | None = None
    regarding_table: str | None = None
    owner: UUID | None = None
    conversation: UUID | None = None
    tracking_token: str | None = None
    outgoing: bool = False


@dataclass(frozen=True, slots=True)
class Receiver:
    """The mailbox whose mail is being judged, and whose it is."""

    mailbox: UUID
    address: str
    #: `systemuser` or `queue`; empty for a forward mailbox.
    owner_table: str
    owner: UUID | None
    filtering: FilteringMethod
    #: Mail received before this instant is left alone; None means no limit.
    process_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The organization's switches that bear on incoming mail."""

    correlation: bool = True
    ignore_internal: bool = False
    ignore_internal_needs_sent_copy: bool = True
    keep_internal_to_queues: bool = True
    own_filter_only: bool = False
    unresolve_ambiguous_sender: bool = False
    unresolve_ambiguous_recipient: bool = False
    forced_user_filtering: FilteringMethod | None = None
    queue_item_for_recipients: bool = True
    queue_item_for_receiver: bool = True
    #: How the Message-IDs of this installation's own test messages begin; empty when unknown.
    test_message_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the store knows about one message."""

    #: Records by case-folded address; an address without records may be missing.
    known: Mapping[str, Sequence[Known]] = field(default_factory=dict)
    #: E-mails by Message-ID, newest last.
    by_message_id: Mapping[str, Sequence[Correlated]] = field(default_factory=dict)
    #: The received e-mail that already holds this very message.
    duplicate: UUID | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What one decision asks of the store."""

    addresses: frozenset[str]
    #: Message-IDs this message answers, nearest first.
    message_ids: tuple[str, ...]


# Twenty steps back reach the root of nearly every thread; some programs list hundreds.
_MOST_ANSWERED = 20


def answered_ids(message: Message) -> tuple[str, ...]:
    """Return the Message-IDs the message answers, nearest first, each once, at most twenty.

    In-Reply-To names the parent; References ends with the parent and begins with the root.
    """
    # source: RFC5322 3.6.4
    ids = (message.in_reply_to, *reversed(message.references))
    return tuple(dict.fromkeys(i for i in ids if i))[:_MOST_ANSWERED]


def recipients(message: Message) -> tuple[Address, ...]:
    """Return To, Cc and Bcc in this order."""
    return (*message.to, *message.cc, *message.bcc)


def needed_for(message: Message) -> Needs:
    """List the addresses and Message-IDs that a decision about the message looks up."""
    addresses = {a.key for a in recipients(message)}
    if message.author:
        addresses.add(message.author.key)
    own = (message.message_id,) if message.message_id else ()
    return Needs(frozenset(addresses), tuple(dict.fromkeys((*answered_ids(message), *own))))
