"""Streaming notifications of the sandbox's Exchange: hints come at once, and their loss is no fault."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.support.exchange_place import PASSWORD, USER, ExchangePlace, a_message, exchange

from postroom.sandbox.faults import Misbehaviour
from postroom.servers.exchange.account import Access, ExchangeAccount, Login, Scheme
from postroom.servers.exchange.listen import Listener, Watched

pytestmark = pytest.mark.integration

OTHER, SERVICE = "ben@example.com", "service@example.com"
PATIENCE = 10.0


class Ear:
    """Remembers what a listener tells."""

    def __init__(self) -> None:
        self.news: queue.Queue[Any] = queue.Queue()
        self.refused: queue.Queue[Any] = queue.Queue()

    def wait_for(self, key: object) -> None:
        while self.news.get(timeout=PATIENCE) != key:
            pass


@contextmanager
def listening(watched: dict[Any, Watched], **how: Any) -> Iterator[Ear]:
    ear = Ear()
    refused = lambda key, failure: ear.refused.put((key, failure))  # noqa: E731
    with Listener(watched, ear.news.put, refused, first_wait=0.05, silence=5.0, **how):
        yield ear


@pytest.fixture
def place() -> Iterator[ExchangePlace]:
    with exchange() as place:
        place.office.open_account(OTHER, PASSWORD)
        place.office.open_service_account(SERVICE, PASSWORD)
        yield place


def wait_until_heard(place: ExchangePlace, ear: Ear, key: object, address: str = USER) -> None:
    """Deliver until the first news comes: nobody tells when a listener is ready."""
    for number in range(100):
        place.office.deliver(address, a_message(number))
        try:
            if ear.news.get(timeout=0.2) == key:
                return
        except queue.Empty:
            continue
    pytest.fail("no news came")


def by_right(place: ExchangePlace, address: str) -> ExchangeAccount:
    login = Login(SERVICE, PASSWORD, Scheme.BASIC)
    return replace(place.account, mailbox=address, credentials=login, access=Access.IMPERSONATION)


def test_mail_that_comes_is_told_at_once(place: ExchangePlace) -> None:
    with listening({"ann": Watched(place.account)}) as ear:
        wait_until_heard(place, ear, "ann")


def test_one_connection_carries_the_news_of_many_mailboxes(place: ExchangePlace) -> None:
    watched = {address: Watched(by_right(place, address)) for address in (USER, OTHER)}
    with listening(watched) as ear:
        wait_until_heard(place, ear, USER)
        wait_until_heard(place, ear, OTHER, OTHER)
    assert place.requests.count("Subscribe") == 2
    assert place.requests.count("GetStreamingEvents") == 1


def test_a_mailbox_that_is_refused_is_told_of_and_the_others_are_listened_to(place: ExchangePlace) -> None:
    watched = {address: Watched(by_right(place, address)) for address in ("nobody@example.com", USER)}
    with listening(watched) as ear:
        key, failure = ear.refused.get(timeout=PATIENCE)
        assert key == "nobody@example.com"
        assert "no such mailbox" in str(failure)
        wait_until_heard(place, ear, USER)


def test_a_lost_connection_is_opened_again_and_all_are_told_of(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.CLOSE, operation="GetStreamingEvents", times=4)
    with listening({"ann": Watched(place.account)}) as ear:
        ear.wait_for("ann")
        wait_until_heard(place, ear, "ann")


def test_a_lost_subscription_is_made_anew(place: ExchangePlace) -> None:
    place.misbehave(
        Misbehaviour.FAULT, operation="GetStreamingEvents", answer="ErrorSubscriptionNotFound", times=1
    )
    with listening({"ann": Watched(place.account)}) as ear:
        ear.wait_for("ann")
        wait_until_heard(place, ear, "ann")
    assert place.requests.count("Subscribe") == 2


def test_listening_takes_no_connection_from_reading(place: ExchangePlace) -> None:
    account = place.with_account(connections=1)
    place.account = account
    with listening({"ann": Watched(account)}) as ear:
        wait_until_heard(place, ear, "ann")
        assert place.open().offered()


def test_a_mailbox_in_trouble_keeps_nobody_elses_news_away(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.FAULT, operation="Subscribe", answer="ErrorMailboxStoreUnavailable", times=1)
    watched = {address: Watched(by_right(place, address)) for address in (USER, OTHER)}
    with listening(watched) as ear:
        wait_until_heard(place, ear, OTHER, OTHER)
    assert place.requests.count("Subscribe") == 2
