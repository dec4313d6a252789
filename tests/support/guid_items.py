"""In-memory sides whose CRM has GUIDs for keys, and the pass over them."""

from dataclasses import replace
from uuid import UUID, uuid4

import sqlalchemy as sa

from postroom.passes.context import Context
from postroom.passes.plan import Shown, show_plan
from postroom.passes.result import PassResult
from postroom.passes.sides import Sides
from postroom.passes.step import step
from postroom.reconcile.item import Item, Side
from postroom.reconcile.pair import Pair
from postroom.schema.mailbox import Mailbox
from postroom.servers.memory_items import MemoryItems
from postroom.store import pairs
from postroom.store.mailboxes import Setup
from tests.support.company import Company
from tests.support.exchange_memory import on_exchange

ANN = "ann@corp.example"


class GuidItems(MemoryItems):
    """A CRM: every new record gets a GUID."""

    def put(self, item: Item) -> Item:
        return super().put(item if item.id else replace(item, id=str(uuid4())))


class Desk:
    """Ann's items on both sides, and the pass that keeps them in step."""

    def __init__(self, company: Company) -> None:
        self.company = company
        on_exchange(company, ANN)
        self.crm, self.server = GuidItems(Side.CRM), MemoryItems(Side.SERVER)
        self.mailbox = company.mailbox(ANN)
        self.user: UUID = company.ids["ann"]
        with company.context.database.write() as connection:
            table = Mailbox.__table__
            values = {"actdeliverymethod": 1, "enabledforact": True}
            connection.execute(sa.update(table).where(table.c.mailboxid == self.mailbox).values(values))

    def open(self, context: Context, setup: Setup) -> Sides:
        return Sides(self.crm, self.server)

    def go(self) -> PassResult:
        """Run one pass."""
        return step(self.company.context, self.mailbox, opener=self.open)

    def settle(self) -> None:
        """Run passes until nothing is left to be done."""
        for _ in range(8):
            result = self.go()
            assert result.failure is None
            if not result.items:
                return
        raise AssertionError("both sides never agree")

    def plan(self) -> Shown:
        """Return what the next pass would do."""
        return show_plan(self.company.context, self.mailbox, opener=self.open)

    def pairs(self) -> list[Pair]:
        """Return what is stored of the pairs."""
        with self.company.context.database.read() as connection:
            return list(pairs.read(connection, self.user).values())
