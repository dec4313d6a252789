"""The relay in memory keeps the promises of a mail sink."""

from collections.abc import Sequence

import pytest
from tests.contracts.mail_sink import MailSinkContract, World

from postroom.errors import SignInRejected
from postroom.ports.mail import MailSink
from postroom.servers.memory import MemoryRelay, MemorySink, Sent


class MemoryWorld:
    has_answers = True
    loses_answers = True

    def __init__(self) -> None:
        self.relay = MemoryRelay()
        self.relay.answers["gone@example.org"] = (550, "5.1.1 no such user here")
        self.relay.answers["later@example.org"] = (451, "4.7.1 greylisted")

    def open(self) -> MailSink:
        return MemorySink(self.relay)

    def arrived(self, count: int) -> Sequence[Sent]:
        return self.relay.sent

    def break_after(self, messages: int) -> None:
        self.relay.breaks_after = messages

    def lose_answer_after(self, messages: int) -> None:
        self.relay.breaks_after = messages
        self.relay.loses_answer = True


class TestMemorySink(MailSinkContract):
    @pytest.fixture
    def world(self) -> World:
        return MemoryWorld()


def test_a_relay_can_refuse_to_be_opened() -> None:
    with pytest.raises(SignInRejected):
        MemorySink(MemoryRelay(refusal=SignInRejected("wrong password")))
