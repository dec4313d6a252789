"""What a decision has to know, asked for once and gathered in bulk by the caller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from uuid import UUID

from postroom.mime.message import Address, Message
from postroom.mime.nature import Nature
from postroom.mime.subject import is_forward
from postroom.schema.choices import AutoCreate, FilteringMethod, MessageKind, SetBy, Wish
from postroom.tracking import token
from postroom.tracking.conversation import index_base
from postroom.tracking.subject import USUAL, SmartRules, hashes_of, words_of


class Direction(Enum):
    """Which way a message went; sent and received copies of one message are two e-mails."""

    INCOMING = "in"
    OUTGOING = "out"


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
    #: A person once said that of all its records the address means this one.
    chosen: bool = False
    #: What a user has made of unknown senders whose mail is tracked.
    auto_create: AutoCreate = AutoCreate.NOTHING

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
    #: Hexadecimal digits of its conversation index, or empty.
    index: str = ""
    #: Who takes part, as addresses are compared; known where a choice among several depends on it.
    people: frozenset[str] = frozenset()


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
    #: Who owns what is made for this mailbox: the user himself, or the owner of the queue.
    keeper: UUID | None = None
    keeper_table: str = "systemuser"
    auto_create: AutoCreate = AutoCreate.NOTHING


@dataclass(frozen=True, slots=True)
class Policy:
    """The organization's switches that bear on incoming mail."""

    correlation: bool = True
    correlate_by_reply: bool = True
    correlate_by_token: bool = True
    correlate_by_index: bool = True
    smart_matching: bool = False
    #: Correlate forwarded e-mails as if they were answers.
    forwards_as_replies: bool = False
    ignore_internal: bool = False
    ignore_internal_needs_sent_copy: bool = True
    keep_internal_to_queues: bool = True
    ignore_internal_from_queues: bool = False
    own_filter_only: bool = False
    unresolve_ambiguous_sender: bool = False
    unresolve_ambiguous_recipient: bool = False
    #: Inactive records are recipients too.
    resolve_inactive: bool = False
    forced_user_filtering: FilteringMethod | None = None
    queue_item_for_recipients: bool = True
    queue_item_for_receiver: bool = True
    #: A copy of an e-mail that is tracked already gets this mailbox's queue an item of its own.
    queue_item_for_duplicates: bool = False
    #: Track receipts and delivery notices too, and not only note them.
    track_reports: bool = False
    #: Users may have records made of unknown senders.
    auto_create: bool = True
    #: The last name of such a sender is looked for before the first one.
    last_name_first: bool = False
    #: How the Message-IDs of this installation's own test messages begin; empty when unknown.
    test_message_prefix: str = ""
    #: The prefixes of tracking tokens, the present one first.
    token_prefixes: tuple[str, ...] = token.DEFAULT_PREFIXES
    smart: SmartRules = USUAL

    @property
    def uses_tokens(self) -> bool:
        """Tell whether tokens in subjects are looked for."""
        return self.correlation and self.correlate_by_token

    @property
    def uses_index(self) -> bool:
        """Tell whether conversation indexes are compared."""
        return self.correlation and self.correlate_by_index

    @property
    def uses_smart_matching(self) -> bool:
        """Tell whether subjects and people are compared."""
        return self.correlation and self.smart_matching


@dataclass(frozen=True, slots=True)
class Marked:
    """How the mailbox's user marked a message on the server to have it tracked."""

    #: FOLDER or CATEGORY.
    by: SetBy
    #: The record that the folder's mail regards, if any.
    regarding: UUID | None = None
    regarding_table: str | None = None


@dataclass(slots=True)
class Arrived:
    """One message as it came to be judged: what it is, when and where it arrived; not to be changed."""

    message: Message
    nature: Nature
    receiver: Receiver
    #: When the receiving server got it, or None where that is not known.
    received_at: datetime | None = None
    direction: Direction = Direction.INCOMING
    #: It came into its folder after that was first looked into: moved there, its age says nothing.
    is_arrival: bool = False
    marked: Marked | None = None
    # Worked out once: what is asked of the store is also what is asked of the facts.
    _needs: "Needs | None" = field(default=None, init=False, repr=False, compare=False)
    _policy: "Policy | None" = field(default=None, init=False, repr=False, compare=False)

    def needs(self, policy: "Policy") -> "Needs":
        """Return what a decision about it looks up."""
        if self._needs is None or self._policy is not policy:
            self._needs, self._policy = needed_for(self.message, self.nature, policy), policy
        return self._needs

    @property
    def is_sent_copy(self) -> bool:
        """Tell whether it was found among what the mailbox has sent."""
        return self.direction is Direction.OUTGOING


@dataclass(frozen=True, slots=True)
class Settled:
    """What a person wants done with this message."""

    wish: Wish
    regarding: UUID | None = None
    regarding_table: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the store knows about one message.

    E-mails are given newest last. An address, id, token or hash without a match may be missing.
    """

    #: Records by address, as addresses are compared.
    known: Mapping[str, Sequence[Known]] = field(default_factory=dict)
    by_message_id: Mapping[str, Sequence[Correlated]] = field(default_factory=dict)
    by_token: Mapping[str, Sequence[Correlated]] = field(default_factory=dict)
    #: By the 44 hexadecimal digits that all indexes of a conversation begin with.
    by_index: Mapping[str, Sequence[Correlated]] = field(default_factory=dict)
    #: By the hash of the subject's words.
    by_subject: Mapping[int, Sequence[Correlated]] = field(default_factory=dict)
    #: The e-mail that already holds this very message.
    duplicate: UUID | None = None
    settled: Settled | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What one decision asks of the store."""

    #: Everybody who takes part, as addresses are compared.
    addresses: frozenset[str]
    #: Message-IDs that the message answers, nearest first.
    answered: tuple[str, ...] = ()
    #: Its own Message-ID, where it matters whether it was sent from here.
    own_id: str = ""
    #: Its tokens, the last one first.
    tokens: tuple[str, ...] = ()
    index: str = ""
    subject_hashes: tuple[int, ...] = ()
    #: Somebody passed it on: it belongs to no conversation.
    is_side_talk: bool = False


# Twenty steps back reach the root of nearly every thread; some programs list hundreds.
_MOST_ANSWERED = 20

#: Messages that speak of an e-mail which was sent earlier.
REPORTING = frozenset(
    {
        MessageKind.BOUNCE,
        MessageKind.DELAY,
        MessageKind.DELIVERY,
        MessageKind.READ_RECEIPT,
        MessageKind.UNREAD_RECEIPT,
        MessageKind.AUTOMATIC_REPLY,
    }
)

#: Messages that say something about a sent e-mail and nothing else.
NOTICES = frozenset(
    {MessageKind.DELAY, MessageKind.DELIVERY, MessageKind.READ_RECEIPT, MessageKind.UNREAD_RECEIPT}
)


def answered_ids(message: Message, nature: Nature) -> tuple[str, ...]:
    """Return the Message-IDs the message answers, nearest first, each once, at most twenty.

    A report names the e-mail that it speaks of. In-Reply-To names the parent; References ends with
    the parent and begins with the root.
    """
    # source: RFC5322 3.6.4
    original = nature.report.original_id if nature.report else ""
    named = (message.in_reply_to, *reversed(message.references))
    ids = dict.fromkeys((original, *(i for i in named if i != message.message_id)))
    return tuple(filter(None, ids))[:_MOST_ANSWERED]


def recipients(message: Message) -> tuple[Address, ...]:
    """Return To, Cc and Bcc in this order."""
    return (*message.to, *message.cc, *message.bcc)


def people_of(message: Message) -> frozenset[str]:
    """Return everybody who takes part, as addresses are compared."""
    author = (message.author,) if message.author else ()
    return frozenset(a.key for a in (*author, *recipients(message)) if a.key)


def is_side_talk(message: Message, nature: Nature, policy: Policy) -> bool:
    """Tell whether somebody passed the message on, so that what follows is another conversation."""
    if policy.forwards_as_replies or nature.kind in REPORTING:
        return False
    return is_forward(message.subject)


def needed_for(message: Message, nature: Nature, policy: Policy) -> Needs:
    """List what a decision about the message looks up."""
    answered = answered_ids(message, nature)
    asks_for_copy = policy.ignore_internal or policy.ignore_internal_from_queues
    own_id = message.message_id if asks_for_copy else ""
    if is_side_talk(message, nature, policy):
        return Needs(people_of(message), answered, own_id, is_side_talk=True)
    return Needs(
        people_of(message),
        answered,
        own_id,
        token.tokens_in(message.subject, policy.token_prefixes) if policy.uses_tokens else (),
        index_base(message.conversation_index) if policy.uses_index else "",
        hashes_of(words_of(message.subject, policy.smart), policy.smart)
        if policy.uses_smart_matching
        else (),
    )
