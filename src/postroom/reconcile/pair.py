"""Pairs: what was last agreed of two items, what was about to be done, and what failed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from postroom.reconcile.item import Kind, Part, Side
from postroom.reconcile.question import Question

#: Of a snapshot that must be compared field by field before it is believed.
UNSEEN = ""


class Link(IntEnum):
    """How the two items belong together; codes as in the link state noted on Exchange items."""

    UNLINKED = 0
    #: One of them is being made.
    PENDING = 1
    LINKED = 2


class Parting(IntEnum):
    """Why a pair is unlinked, and so whether it can come together again by itself."""

    NONE = 0
    #: One of them left what is synchronized, or was untracked; both come back when both are wanted again.
    APART = 1
    #: One of them was deleted and the rules kept the other, which stays alone until a person acts.
    KEPT = 2


class Doing(IntEnum):
    """What is done to one side; as a number, the pending change of an ExchangeSyncIdMapping."""

    #: Drop the pair; there is nothing left to remember.
    FORGET = 1
    #: Say which two belong together; nothing is written on either side.
    LINK = 2
    #: Note what both sides hold; nothing is written on either side.
    AGREE = 3
    #: Keep both and synchronize them no more.
    UNLINK = 4
    #: Put the case before the user and wait.
    ASK = 5
    UPDATE = 6
    CREATE = 7
    DELETE = 8

    @property
    def writes(self) -> bool:
        """Say whether an item is changed, and so the pair must be journalled before."""
        return self in (Doing.UPDATE, Doing.CREATE, Doing.DELETE)


class Decision(IntEnum):
    """What the user said to a question; the code of `userdecision`."""

    NONE = 0
    #: The server's value stays; the two are the same; the item is made, or tried again.
    ACCEPT = 1
    #: The CRM's value stays; what was asked about is left alone.
    REJECT = 2
    #: The question was put and is not answered yet.
    ASKED = 3
    #: The two are different things, and each gets a counterpart of its own.
    BOTH = 4

    @property
    def is_answer(self) -> bool:
        """Say whether there is something for the next pass to carry out."""
        return self in (Decision.ACCEPT, Decision.REJECT, Decision.BOTH)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One side as last agreed."""

    #: The version in which every field was agreed; `UNSEEN` when some were not.
    version: str = UNSEEN
    #: Fingerprints by field name; a field without one was never agreed.
    prints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """An act that was about to be done when this was written; its answer is not known."""

    doing: Doing
    side: Side
    token: str
    #: What was to be written: per field, the fingerprints of the CRM's and the server's value.
    wrote: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: Of a deletion: how the survivor, if there is one, is remembered.
    parting: Parting = Parting.NONE
    #: It is known not to have been done; of a creation only its token is kept.
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """How often acts on the pair failed, and at which versions; a change of either starts anew."""

    #: How often a side refused.
    times: int
    crm_version: str = ""
    server_version: str = ""
    #: One sentence for the user.
    words: str = ""
    #: How often the answer was lost while the server answered everything else.
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A CRM record and an Exchange item, as far as both have agreed."""

    id: str
    kind: Kind
    crm_id: str | None
    server_id: str | None
    #: The calendar id of either, by which an item is known again that has a new id.
    uid: str = ""
    link: Link = Link.LINKED
    parting: Parting = Parting.NONE
    crm: Snapshot = Snapshot()
    server: Snapshot = Snapshot()
    #: What the user was to it when it was last seen; needed when the item itself is gone.
    part: Part = Part.OWNER
    pending: Pending | None = None
    failure: Failure | None = None
    decision: Decision = Decision.NONE
    #: What was asked and is not carried out yet.
    question: Question | None = None

    def id_on(self, side: Side) -> str | None:
        """Return the item's id on that side, or None when there is none."""
        return self.crm_id if side is Side.CRM else self.server_id

    def snapshot(self, side: Side) -> Snapshot:
        """Return what that side was when last agreed."""
        return self.crm if side is Side.CRM else self.server

    def with_id(self, side: Side, item_id: str | None) -> "Pair":
        """Return the pair with another id on that side."""
        return replace(self, crm_id=item_id) if side is Side.CRM else replace(self, server_id=item_id)

    def with_snapshot(self, side: Side, snapshot: Snapshot) -> "Pair":
        """Return the pair with another snapshot of that side."""
        return replace(self, crm=snapshot) if side is Side.CRM else replace(self, server=snapshot)
