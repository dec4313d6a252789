"""Two sides in memory in step, what a person does to them, and what the next pass would do."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from postroom.reconcile.act import Act
from postroom.reconcile.item import Item, Side
from postroom.reconcile.pair import Decision, Pair
from postroom.reconcile.policy import Policy
from postroom.reconcile.reason import Reason
from postroom.servers.memory_items import MemoryItems
from tests.support.synchronizing import NOON, Synchronizer

LATER = NOON + timedelta(hours=1)


@dataclass
class World:
    """Two sides in step, and one item that both have."""

    crm: MemoryItems = field(default_factory=lambda: MemoryItems(Side.CRM))
    server: MemoryItems = field(default_factory=lambda: MemoryItems(Side.SERVER))
    policy: Policy = field(default_factory=Policy)

    def __post_init__(self) -> None:
        self.sync = Synchronizer(self.crm, self.server, policy=self.policy)

    def pair(self, item: Item) -> Pair:
        """Have this record synchronized, and return its pair."""
        made = self.crm.put(item)
        self.sync.settle()
        self.server.told.clear()
        return next(pair for pair in self.sync.pairs.values() if pair.crm_id == made.id)

    def acts(self) -> Sequence[Act]:
        return self.sync.plan().acts

    def reasons(self) -> list[Reason]:
        return [each.reason for each in self.sync.plan().findings]

    def in_crm(self, pair: Pair) -> Item:
        return self.crm.items[pair.crm_id or ""]

    def on_server(self, pair: Pair) -> Item:
        return self.server.items[pair.server_id or ""]

    def edit_server(self, pair: Pair, **fields: Any) -> None:
        self.server.edit(pair.server_id or "", LATER, **fields)

    def edit_crm(self, pair: Pair, **fields: Any) -> None:
        self.crm.edit(pair.crm_id or "", LATER, **fields)

    def change(self, side: Side, pair: Pair, **values: Any) -> None:
        held = self.crm if side is Side.CRM else self.server
        held.put(replace(held.items[pair.id_on(side) or ""], **values))

    def now(self, pair: Pair) -> Pair:
        """Return what is stored of a pair."""
        return self.sync.pairs[pair.id]

    def decide(self, pair: Pair, decision: Decision) -> None:
        """Have a person decide."""
        self.sync.pairs[pair.id] = replace(self.now(pair), decision=decision)


def world(**policy: Any) -> World:
    return World(policy=Policy(**policy))


def the_act(of: World) -> Act:
    (act,) = of.acts()
    return act
