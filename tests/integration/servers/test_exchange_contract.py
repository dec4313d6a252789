"""The Exchange client against the sandbox's Exchange: what every source and every sink promises."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from tests.contracts.mail_sink import MailSinkContract, World
from tests.contracts.mail_source import MailSourceContract, SentItemsContract
from tests.support.exchange_place import PASSWORD, ExchangePlace, exchange

from postroom.sandbox.exchange import ExchangeOffice, Right
from postroom.sandbox.exchange.postman import Letter, Postman
from postroom.sandbox.faults import Misbehaviour
from postroom.servers.exchange.account import ExchangeAccount, Login, Scheme
from postroom.servers.exchange.sink import Copies, ExchangeSink, open_exchange_sink

pytestmark = pytest.mark.integration


class TestExchangeSource(MailSourceContract, SentItemsContract):
    @pytest.fixture
    def place(self) -> Iterator[ExchangePlace]:  # type: ignore[override]
        with exchange() as place:
            yield place


class _Watched(Postman):
    """The postman of an office, who remembers what he was given."""

    def __init__(self, office: ExchangeOffice) -> None:
        super().__init__(office, None)
        self.letters: list[_Arrived] = []

    def post(self, letter: Letter) -> None:
        self.letters.append(_Arrived(letter.sender, letter.recipients, letter.data))


@dataclass(frozen=True)
class _Arrived:
    sender: str
    recipients: tuple[str, ...]
    content: bytes


class ExchangeWorld:
    """A mailbox that sends, and what has left it."""

    has_answers = False

    def __init__(self, place: ExchangePlace, copies: Copies) -> None:
        self.place = place
        self.copies = copies
        # With copies the sink finds out what became of a message; see the tests of sending.
        self.loses_answers = copies is Copies.NONE
        self.postman = place.office.postman = _Watched(place.office)
        place.office.open_account("a@example.com", PASSWORD)
        place.office.open_account("me@example.com", PASSWORD)
        place.office.allow_delegate("me@example.com", "a@example.com", Right.SEND_AS)
        self.account = ExchangeAccount(
            "a@example.com", Login("a@example.com", PASSWORD, Scheme.BASIC), place.server.url, timeout=5.0
        )

    def open(self) -> ExchangeSink:
        return open_exchange_sink(self.account, copies=self.copies, patience=(0.0,))

    def arrived(self, count: int) -> Sequence[_Arrived]:
        return self.postman.letters

    def break_after(self, messages: int) -> None:
        self._strike_after(messages, Misbehaviour.CLOSE)

    def lose_answer_after(self, messages: int) -> None:
        self._strike_after(messages, Misbehaviour.LOSE_ANSWER)

    def _strike_after(self, messages: int, kind: Misbehaviour) -> None:
        self.place.misbehave_after(messages, kind, operation="CreateItem", times=1)


class TestExchangeSink(MailSinkContract):
    @pytest.fixture(params=list(Copies), ids=lambda copies: copies.name.lower())
    def world(self, request: pytest.FixtureRequest) -> Iterator[World]:
        with exchange() as place:
            yield ExchangeWorld(place, request.param)
