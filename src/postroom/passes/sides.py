"""The two sides of a mailbox's items, opened for one pass."""

from collections.abc import Callable
from dataclasses import dataclass

from postroom.passes.context import Context
from postroom.ports.items import ItemSide
from postroom.reconcile.item import Side
from postroom.store.mailboxes import Setup


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides, and what ends their sessions."""

    crm: ItemSide
    server: ItemSide
    close: Callable[[], None] = lambda: None

    def of(self, side: Side) -> ItemSide:
        """Return that side."""
        return self.crm if side is Side.CRM else self.server


#: Opens both sides of a mailbox's items.
SidesOpener = Callable[[Context, Setup], Sides]
