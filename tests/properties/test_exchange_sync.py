"""A client that follows a folder by SyncFolderItems, in pages of any size, comes to know what is there."""

from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from lxml import etree

from postroom.ports.clock import ManualClock
from postroom.sandbox.exchange import ExchangeOffice
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.names import MESSAGES, TYPES, child_text, local_name
from postroom.sandbox.exchange.notifications import Subscriptions
from postroom.sandbox.exchange.sync import sync_folder_items

ANN = "ann@northwind.example"


_WORK = ("edit", "read", "unread", "move", "copy", "destroy")


class Follower(RuleBasedStateMachine):
    """Somebody works in a folder while a client takes page after page of what has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.office = ExchangeOffice(clock=ManualClock(datetime(2026, 3, 2, tzinfo=UTC)))
        self.office.open_account(ANN, "sandbox")
        self.outlook = self.office.outlook(ANN)
        self.call = Call(self.office, "SyncFolderItems", ANN, ANN, Subscriptions(self.office.clock))
        self.count = 0
        self.state = ""
        #: What the client believes: subject and read flag by id.
        self.known: dict[str, tuple[str, str]] = {}

    @rule()
    def deliver(self) -> None:
        self.count += 1
        self.office.deliver(ANN, f"From: a@b.example\r\nSubject: {self.count}\r\n\r\nx\r\n".encode())

    @rule(pick=st.integers(0, 20), what=st.sampled_from(_WORK))
    def work(self, pick: int, what: str) -> None:
        items = self.outlook.items()
        if not items:
            return
        item: Item = items[pick % len(items)]
        if what == "edit":
            self.count += 1
            self.outlook.edit(item, "item:Subject", f"edited {self.count}")
        elif what in ("read", "unread"):
            (self.outlook.mark_read if what == "read" else self.outlook.mark_unread)(item)
        elif what == "destroy":
            self.outlook.destroy(item)
        else:
            (self.outlook.move if what == "move" else self.outlook.copy)(item, "junkemail")

    @rule(pick=st.integers(0, 20))
    def bring_back(self, pick: int) -> None:
        items = self.outlook.items("junkemail")
        if items:
            self.outlook.move(items[pick % len(items)], "inbox")

    @rule(most=st.integers(1, 4))
    def take_a_page(self, most: int) -> None:
        self._take(most)

    def _take(self, most: int) -> bool:
        request = etree.fromstring(
            f'<m:SyncFolderItems xmlns:m="{MESSAGES}" xmlns:t="{TYPES}"><m:ItemShape><t:BaseShape>IdOnly'
            '</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="item:Subject"/>'
            '<t:FieldURI FieldURI="message:IsRead"/></t:AdditionalProperties></m:ItemShape><m:SyncFolderId>'
            f'<t:DistinguishedFolderId Id="inbox"/></m:SyncFolderId><m:SyncState>{self.state}</m:SyncState>'
            f"<m:MaxChangesReturned>{most}</m:MaxChangesReturned></m:SyncFolderItems>"
        )
        answer = sync_folder_items(self.call, request)
        self.state = answer.findtext(".//{*}SyncState") or ""
        changes = answer.find(".//{*}Changes")
        assert len(changes) <= most
        for change in changes:
            self._learn(change)
        return answer.findtext(".//{*}IncludesLastItemInRange") == "true"

    def _learn(self, change: etree._Element) -> None:
        kind, item_id = local_name(change), change.find(".//{*}ItemId").get("Id")
        if kind == "Delete":
            self.known.pop(item_id, None)
        elif kind == "ReadFlagChange":
            self.known[item_id] = (self.known[item_id][0], child_text(change, "IsRead"))
        else:
            # Nobody is told of an item as new whom they know, nor as changed whom they don't.
            assert (kind == "Create") == (item_id not in self.known)
            self.known[item_id] = (child_text(change[0], "Subject"), child_text(change[0], "IsRead"))

    def teardown(self) -> None:
        for _ in range(500):
            if self._take(4):
                break
        there = {
            item.id: (item.text("item:Subject"), item.text("message:IsRead")) for item in self.outlook.items()
        }
        assert self.known == there


TestFollower = Follower.TestCase
