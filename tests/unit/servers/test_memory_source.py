"""The mailbox in memory keeps the promises of a mail source."""

import pytest
from tests.contracts.mail_source import MailSourceContract, Place, PlaceWithSent, SentItemsContract, numbered

from postroom.errors import Throttled, TransportError
from postroom.servers.memory import MemoryMailbox, MemorySource


class MemoryPlace:
    def __init__(self) -> None:
        self.mailbox = MemoryMailbox()

    def deliver(self, data: bytes) -> None:
        self.mailbox.deliver(data)

    def send(self, data: bytes) -> None:
        self.mailbox.send(data)

    def open(self, *, largest: int = 1 << 30) -> MemorySource:
        return MemorySource(self.mailbox, largest=largest)

    def count(self) -> int:
        return len(self.mailbox.messages)

    def renumber(self) -> None:
        self.mailbox.renumber()

    def break_after(self, messages: int) -> None:
        self.mailbox.breaks_after = messages


class TestMemorySource(MailSourceContract):
    @pytest.fixture
    def place(self) -> Place:
        return MemoryPlace()


class TestSentItemsInMemory(SentItemsContract):
    @pytest.fixture
    def place(self) -> PlaceWithSent:
        return MemoryPlace()


def test_a_mailbox_that_lies_about_a_size_breaks_off_at_the_limit() -> None:
    mailbox = MemoryMailbox()
    first, big = mailbox.deliver(numbered(1)[0]), mailbox.deliver(b"x" * 5000)
    mailbox.claimed_sizes[big] = 10
    source = MemorySource(mailbox, largest=1000)
    coming = source.fetch(source.offered())
    assert next(coming).offered.server_id == first
    assert next(coming).failure is not None
    with pytest.raises(TransportError, match="session has ended"):
        list(source.fetch(source.offered()))


def test_a_mailbox_can_refuse_to_be_opened() -> None:
    mailbox = MemoryMailbox(refusal=Throttled("later", retry_after=7))
    with pytest.raises(Throttled) as caught:
        MemorySource(mailbox)
    assert caught.value.retry_after == 7


def test_a_withheld_message_does_not_hold_up_the_next() -> None:
    mailbox = MemoryMailbox()
    for data in numbered(3):
        mailbox.deliver(data)
    mailbox.withheld.add(list(mailbox.messages)[1])
    source = MemorySource(mailbox)
    assert [each.raw is None for each in source.fetch(source.offered())] == [False, True, False]
