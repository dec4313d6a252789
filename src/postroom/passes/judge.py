"""Judging a batch: what was read, what the store knows, and the verdict on each message.

A batch is judged in the server's order, and each message sees those tracked before it, so that
a reply finds its parent and a second copy finds the first even when all arrive together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from uuid import UUID, uuid5

from postroom.mime.message import Message, Raw
from postroom.mime.nature import Nature
from postroom.ports.mail import Offered
from postroom.schema.choices import CategoryMark, MessageKind, QuarantineCause, Reason
from postroom.schema.ids import new_id
from postroom.tracking.conversation import index_base
from postroom.tracking.decide import decide
from postroom.tracking.facts import (
    Arrived,
    Correlated,
    Direction,
    Facts,
    Known,
    Marked,
    Policy,
    Receiver,
    Settled,
)
from postroom.tracking.newcomer import Newcomer, newcomer_of
from postroom.tracking.resolution import (
    Ownership,
    Party,
    Sender,
    choose_owner,
    choose_sender,
    owner_of_sent,
    parties_of,
    queues_of,
)
from postroom.tracking.subject import hashes_of, words_of
from postroom.tracking.verdict import Step, Verdict

# Names the space of the hashes that make a message unique; its value is part of every store.
_DUPLICATE_CHECK = UUID("6f8f1c52-3b6e-5d0a-9c1e-1a7f1b6d4e21")


def duplicate_check(direction: Direction, message_id: str, digest: bytes, copy: int = 0) -> UUID:
    """Return the value that at most one e-mail of the store may have.

    Mail without a Message-ID is told apart by its content, and by its place among equal copies
    that lie in one mailbox at the same time.
    """
    identity = message_id or f"{digest.hex()}#{copy}"
    return uuid5(_DUPLICATE_CHECK, f"{direction.value}:{identity}")


#: Begins what stands in for the server id of a message that a person tracked from a file.
FROM_FILE = "postroom:"

#: Says whether the server no longer has a recorded message under the id it was recorded with.
IsGone = Callable[["Copy"], bool]

ORDINARY = Nature(MessageKind.ORDINARY)


@dataclass(slots=True)
class Opened:
    """One message of the batch before it is judged: read, or put aside with a reason."""

    offered: Offered
    #: SHA-256 of what the server holds; of a forwarded item, not of the message within it.
    digest: bytes
    size: int
    receiver: Receiver
    message: Message | None = None
    nature: Nature = ORDINARY
    received_at: datetime | None = None
    raw: Raw | None = None
    #: Set when the message can't be judged: why it is put aside, and in which words.
    cause: QuarantineCause | None = None
    trouble: str = ""
    #: False for the second and later messages that one forwarded item holds.
    heads_item: bool = True
    #: It was judged before; the new decision takes the place of the old one.
    is_judged_again: bool = False
    #: How the user marked it on the server for tracking.
    marked: Marked | None = None
    #: Why it was not even fetched; what the server says of it is enough for a verdict.
    passed_over: Reason | None = None
    #: How it stands with the tracking category on it, as it was offered.
    category: CategoryMark = CategoryMark.NONE
    #: The message as it is judged, worked out once.
    arrived: Arrived | None = field(init=False, default=None)
    #: What at most one e-mail of the store may have for this message.
    unique: UUID | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Bring together what the rules look at, of a message that could be read."""
        if self.message is not None:
            self.arrived = Arrived(
                self.message,
                self.nature,
                self.receiver,
                self.received_at,
                self.direction,
                is_arrival=self.offered.is_arrival,
                marked=self.marked,
            )
            self.unique = duplicate_check(self.direction, self.message.message_id, self.message.digest)

    @property
    def direction(self) -> Direction:
        """Tell whether the mailbox received it or had sent it."""
        return Direction.OUTGOING if self.offered.is_sent_copy else Direction.INCOMING


NOBODY = Sender(None)


@dataclass(slots=True)
class Judged:
    """A message with its verdict and, when tracked, all that its e-mail is made of."""

    opened: Opened
    verdict: Verdict
    unique: UUID
    decision_id: UUID = field(default_factory=new_id)
    #: The e-mail made of it, or the one that already holds it.
    email_id: UUID | None = None
    sender: Sender = NOBODY
    parties: Sequence[Party] = ()
    owner: Ownership | None = None
    queues: Sequence[UUID] = ()
    #: The record that is to be made of an unknown sender.
    newcomer: Newcomer | None = None
    #: The numbers under which its subject can be found.
    subject_hashes: Sequence[int] = ()
    #: How many attachments were left out because the organization does not keep such files.
    left_out: int = 0
    #: The same message under its earlier server id, after the server renumbered.
    renumbered_from: UUID | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A message of this mailbox that the ledger knows by its content."""

    ledger_id: UUID
    server_id: str
    email_id: UUID | None
    #: An earlier look has found it no longer where it was.
    has_gone: bool = False

    @property
    def is_from_file(self) -> bool:
        """Tell whether no server has shown it yet."""
        return self.server_id.startswith(FROM_FILE)


@dataclass(slots=True)
class Gathered:
    """What the store knows about a whole batch."""

    known: dict[str, tuple[Known, ...]] = field(default_factory=dict)
    by_message_id: dict[str, list[Correlated]] = field(default_factory=dict)
    by_token: dict[str, list[Correlated]] = field(default_factory=dict)
    by_index: dict[str, list[Correlated]] = field(default_factory=dict)
    by_subject: dict[int, list[Correlated]] = field(default_factory=dict)
    #: E-mails by their unique value.
    holders: dict[UUID, UUID] = field(default_factory=dict)
    #: Ledger rows of this mailbox by content, the ones still offered and the ones gone.
    copies: dict[bytes, list[Copy]] = field(default_factory=dict)
    #: Of messages without Message-ID, the place among equal copies that was free last.
    places: dict[bytes, int] = field(default_factory=dict)
    #: What persons want done, by unique value.
    settled: dict[UUID, Settled] = field(default_factory=dict)


_PUT_ASIDE = {
    QuarantineCause.MALFORMED: Reason.MALFORMED,
    QuarantineCause.TOO_LARGE: Reason.TOO_LARGE,
    QuarantineCause.BROKEN_FETCH: Reason.FETCH_FAILED,
    QuarantineCause.STORE_REFUSED: Reason.STORE_REFUSED,
    QuarantineCause.FORWARD_ITEM: Reason.INVALID_FORWARD_MAIL_ITEM,
}


def judge(batch: Sequence[Opened], gathered: Gathered, policy: Policy, is_gone: IsGone) -> Iterator[Judged]:
    """Yield the verdict on each message in order; `gathered` grows by what is tracked.

    A known content whose server id is gone was renumbered, not delivered again.
    """
    known_item = False
    for opened in batch:
        if known_item and not opened.heads_item:
            continue  # it came in an item that was recorded as a whole
        judged = _judge_one(opened, gathered, policy, is_gone)
        known_item = judged.renumbered_from is not None
        if judged.verdict.track:
            _remember(judged, gathered, policy)
        yield judged


def _judge_one(opened: Opened, gathered: Gathered, policy: Policy, is_gone: IsGone) -> Judged:
    arrived = opened.arrived
    copies = gathered.copies.setdefault(opened.digest, []) if opened.digest else []
    if opened.heads_item and (gone := _gone(opened, copies, is_gone)):
        copies.remove(gone)
        copies.append(Copy(gone.ledger_id, opened.offered.server_id, gone.email_id))
        return _renumbered(opened, gone)
    if opened.passed_over is not None:
        trail = (Step("not_fetched", "what the server says of it is enough"),)
        return Judged(opened, Verdict(track=False, reason=opened.passed_over, trail=trail), new_id())
    if opened.message is None or arrived is None or opened.unique is None:
        cause = opened.cause or QuarantineCause.MALFORMED
        reason = _PUT_ASIDE[cause]
        trail = (Step(cause.name.lower(), opened.trouble or reason.sentence),)
        return Judged(opened, Verdict(track=False, reason=reason, trail=trail), new_id())
    unique = opened.unique if arrived.message.message_id else _free_value(arrived, copies, gathered)
    facts = Facts(
        gathered.known,
        gathered.by_message_id,
        gathered.by_token,
        gathered.by_index,
        gathered.by_subject,
        gathered.holders.get(unique),
        gathered.settled.get(unique),
    )
    verdict = decide(arrived, facts, policy)
    judged = Judged(opened, verdict, unique, email_id=verdict.duplicate)
    judged.queues = queues_of(arrived, verdict, policy)
    if verdict.track:
        _resolve(judged, arrived, facts, policy)
    copies.append(Copy(judged.decision_id, opened.offered.server_id, judged.email_id))
    return judged


def _free_value(arrived: Arrived, copies: Sequence[Copy], gathered: Gathered) -> UUID:
    """Return the value of a message without Message-ID: the first that no other copy in the mailbox has.

    Copies that became no e-mail have none. What is taken stays taken, so that the search goes on where
    that for the copy before it ended.
    """
    digest = arrived.message.digest
    taken = {copy.email_id for copy in copies if copy.email_id}
    for number in count(gathered.places.get(digest, 0)):
        unique = duplicate_check(arrived.direction, "", digest, number)
        if gathered.holders.get(unique) not in taken:
            gathered.places[digest] = number
            return unique
    raise AssertionError("there are more places than copies")


def _gone(opened: Opened, copies: Sequence[Copy], is_gone: IsGone) -> Copy | None:
    """Return the copy that this message is, under a new id: the server no longer has it under the old one.

    What is judged again was found by the id it has, so that it is none of the others that are gone; it may
    still be what somebody tracked from a file. What was moved into a folder is the same message if it is
    tracked; if it is not, moving it there is a reason to judge it once more.
    """
    gone = (copy for copy in copies if is_gone(copy))
    if opened.is_judged_again:
        return next((copy for copy in gone if copy.is_from_file), None)
    moved = opened.offered.is_arrival
    return next((copy for copy in gone if copy.email_id or copy.is_from_file or not moved), None)


def _renumbered(opened: Opened, gone: Copy) -> Judged:
    trail = (Step("not_seen_before", "the server gave it a new id; its content is known"),)
    verdict = Verdict(track=False, reason=Reason.ALREADY_RECORDED, duplicate=gone.email_id, trail=trail)
    return Judged(opened, verdict, new_id(), email_id=gone.email_id, renumbered_from=gone.ledger_id)


def _resolve(judged: Judged, arrived: Arrived, facts: Facts, policy: Policy) -> None:
    """Fill in what a tracked message's e-mail is made of."""
    message, receiver, verdict = arrived.message, arrived.receiver, judged.verdict
    author = message.author
    matches = facts.known.get(author.key, ()) if author else ()
    judged.email_id = new_id()
    judged.sender = choose_sender(matches, receiver, policy)
    judged.parties = parties_of(message, judged.sender, facts, policy)
    judged.owner = (
        owner_of_sent(verdict, receiver)
        if arrived.is_sent_copy
        else choose_owner(message, judged.sender, verdict.correlated, facts, receiver)
    )
    judged.newcomer = newcomer_of(arrived, verdict, judged.sender, policy)
    if policy.smart_matching:
        # Nothing was looked up of a forward, or while correlation is off; later mail is to find it.
        judged.subject_hashes = arrived.needs(policy).subject_hashes or hashes_of(
            words_of(message.subject, policy.smart), policy.smart
        )


def _remember(judged: Judged, gathered: Gathered, policy: Policy) -> None:
    """Let the rest of the batch find this e-mail."""
    message, email_id, verdict = judged.opened.message, judged.email_id, judged.verdict
    assert message is not None  # noqa: S101 - only a message that was read is tracked
    assert email_id is not None  # noqa: S101 - and then it has an e-mail
    gathered.holders[judged.unique] = email_id
    assert judged.opened.arrived is not None  # noqa: S101
    needs = judged.opened.arrived.needs(policy)
    parent = verdict.correlated
    made = Correlated(
        email_id,
        message.message_id,
        message.subject,
        verdict.regarding,
        verdict.regarding_table,
        judged.owner.owner if judged.owner else None,
        conversation=(parent.conversation or parent.activity) if parent else email_id,
        tracking_token=parent.tracking_token if parent else None,
        outgoing=judged.opened.direction is Direction.OUTGOING,
        index=message.conversation_index,
        people=needs.addresses,
    )
    if message.message_id:
        gathered.by_message_id.setdefault(message.message_id, []).append(made)
    if made.tracking_token:
        gathered.by_token.setdefault(made.tracking_token, []).append(made)
    if base := index_base(message.conversation_index):
        gathered.by_index.setdefault(base, []).append(made)
    for value in judged.subject_hashes:
        gathered.by_subject.setdefault(value, []).append(made)
