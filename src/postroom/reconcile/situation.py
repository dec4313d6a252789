"""The situation: all that a plan is made from, and what must be read before it is made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from postroom.reconcile.changes import View
from postroom.reconcile.fields import NAMED, Directions, directions_of
from postroom.reconcile.item import Item, Kind, Privacy, Side
from postroom.reconcile.notice import Occasion
from postroom.reconcile.pair import UNSEEN, Doing, Pair
from postroom.reconcile.policy import Policy, PrivateItems


def _factory_directions() -> Mapping[Kind, Directions]:
    return {kind: directions_of(kind, Policy()) for kind in Kind}


@dataclass(frozen=True)
class Situation:
    """Both sides now, what was agreed, and the rules."""

    crm: View
    server: View
    pairs: Sequence[Pair]
    now: datetime
    policy: Policy = field(default_factory=Policy)
    directions: Mapping[Kind, Directions] = field(default_factory=_factory_directions)
    #: Ids of items that bear tokens of pending creations.
    found: Mapping[str, str] = field(default_factory=dict)
    occasion: Occasion = Occasion.USUAL
    #: Of tracked newcomers on the server: what else the user has at their time, in sentences.
    clashes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def view(self, side: Side) -> View:
        """Return that side as it was looked at."""
        return self.crm if side is Side.CRM else self.server

    def names(self, kind: Kind, server: Item | None = None) -> tuple[str, ...]:
        """Return the fields that are synchronized; of a private item, those without content."""
        return self._names[kind, server is not None and self.hides(server)]

    def hides(self, server: Item) -> bool:
        """Say whether the CRM is not to learn what this item is about."""
        return server.privacy is Privacy.PRIVATE and self.policy.private_items is PrivateItems.BUSY_BLOCK

    @cached_property
    def _names(self) -> Mapping[tuple[Kind, bool], tuple[str, ...]]:
        return {
            (kind, hidden): tuple(n for n in names if not (hidden and NAMED[kind][n].is_content))
            for kind, names in self.directions.items()
            for hidden in (False, True)
        }


def tokens_to_find(pairs: Iterable[Pair]) -> Mapping[Side, Sequence[str]]:
    """Return the tokens of creations whose answers are not known, by the side that has to be searched."""
    wanted: dict[Side, list[str]] = {Side.CRM: [], Side.SERVER: []}
    for pair in pairs:
        if pair.pending is not None and pair.pending.doing is Doing.CREATE:
            wanted[pair.pending.side].append(pair.pending.token)
    return wanted


def needed_for(pairs: Iterable[Pair], crm: View, server: View) -> Mapping[Side, frozenset[str]]:
    """Return the ids of items that must be in the views before a plan is made, and are not yet.

    The other half of everything that changed, both halves of what was not fully agreed, and the records
    that items on the server name. Ids that then turn out to be gone belong among the view's gone ones.
    """
    views = {Side.CRM: crm, Side.SERVER: server}
    needed: dict[Side, set[str]] = {
        Side.CRM: {item.identity.crm_id for item in server.items.values() if item.identity.crm_id},
        Side.SERVER: set(),
    }
    for pair in pairs:
        if _concerns(pair, crm, server):
            for side in Side:
                needed[side].add(pair.id_on(side) or "")
    return {
        side: frozenset(ids.difference(views[side].items, views[side].gone, [""]))
        for side, ids in needed.items()
    }


def strangers(pairs: Iterable[Pair], crm: View, server: View) -> Mapping[Side, Sequence[Item]]:
    """Return the items that no pair speaks for; who belongs to them is looked for on the other side."""
    spoken_for: dict[Side, set[str | None]] = {Side.CRM: set(), Side.SERVER: set()}
    for pair in pairs:
        for side in Side:
            spoken_for[side].add(pair.id_on(side))
    return {
        side: [item for item in view.items.values() if item.id not in spoken_for[side]]
        for side, view in ((Side.CRM, crm), (Side.SERVER, server))
    }


def uids_to_find(pairs: Iterable[Pair], server: View) -> Sequence[str]:
    """Return the calendar ids to look for on the server, of pairs whose item is gone under the id they know.

    What is found goes into the view: it was moved, and is not to be taken for deleted.
    """
    return sorted({pair.uid for pair in pairs if pair.uid and pair.server_id in server.gone})


def _concerns(pair: Pair, crm: View, server: View) -> bool:
    if pair.pending is not None or pair.decision.is_answer:
        return True
    if pair.link.name == "LINKED" and UNSEEN in (pair.crm.version, pair.server.version):
        return True
    return _was_touched(pair, Side.CRM, crm) or _was_touched(pair, Side.SERVER, server)


def _was_touched(pair: Pair, side: Side, view: View) -> bool:
    item_id = pair.id_on(side)
    if item_id is None:
        return False
    if item_id in view.gone:
        return True
    item = view.items.get(item_id)
    return item is not None and (item.version != pair.snapshot(side).version or not item.is_wanted)
