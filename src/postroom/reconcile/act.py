"""Acts: what a plan has done to one pair, with its reason and with what leaves for whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from postroom.reconcile.conflict import Overwritten
from postroom.reconcile.item import Item, Side, Value
from postroom.reconcile.notice import IN_CRM, Sends
from postroom.reconcile.pair import Doing, Pair, Parting
from postroom.reconcile.question import Question
from postroom.reconcile.reason import Reason

#: One for all acts that write no fields: plans have as many acts as there are items.
_NOTHING: Mapping[str, Value] = {}


@dataclass(frozen=True, slots=True)
class Act:
    """One step of a plan; the pair of a newcomer has no id yet."""

    doing: Doing
    reason: Reason
    pair: Pair
    #: Where something is written; None when nothing is.
    side: Side | None = None
    #: Both items as they were read.
    crm: Item | None = None
    server: Item | None = None
    #: Fields to be written, in the words of that side.
    fields: Mapping[str, Value] = field(default_factory=lambda: _NOTHING)
    #: Of a creation: what is to be made.
    draft: Item | None = None
    #: Of a creation that is tried again: the token under which it was tried before.
    token: str = ""
    #: Fields in which both are agreed though nothing is written.
    settles: frozenset[str] = frozenset()
    #: Fields of which the other side gets what is written here by the next plan.
    unsettled: frozenset[str] = frozenset()
    #: All fields of the pair that are synchronized.
    names: tuple[str, ...] = ()
    #: How the pair is remembered once it is parted.
    parting: Parting = Parting.NONE
    sends: Sends = IN_CRM
    overwritten: tuple[Overwritten, ...] = ()
    #: What is asked, of an act that asks.
    question: Question | None = None

    def item_on(self, side: Side) -> Item | None:
        """Return the item of that side as it was read."""
        return self.crm if side is Side.CRM else self.server

    @property
    def item_id(self) -> str:
        """Return the id of the item that is written on, or empty of one that is yet to be made."""
        return (self.pair.id_on(self.side) if self.side else None) or ""

    @property
    def based_on(self) -> str:
        """Return the version that the written item must still have."""
        item = self.item_on(self.side) if self.side else None
        return item.version if item else ""


@dataclass(frozen=True, slots=True)
class Finding:
    """An item that is left alone, and why; the reason's sentence names the cure."""

    reason: Reason
    side: Side
    item_id: str
    subject: str
    #: Other items that have to do with it.
    others: tuple[str, ...] = ()
    #: What the side itself says, or whom it concerns.
    words: str = ""
