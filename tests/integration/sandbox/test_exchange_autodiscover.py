"""Autodiscover of the sandbox's Exchange, as exchangelib asks for it."""

import pytest
from exchangelib import BASIC, Configuration, Credentials
from exchangelib.autodiscover.protocol import AutodiscoverProtocol
from exchangelib.errors import ErrorNonExistentMailbox
from exchangelib.properties import UserResponse
from exchangelib.protocol import FailFast
from tests.support.exchange import ANN, BEN, PASSWORD, Exchange

from postroom.sandbox.exchange.autodiscover import Redirect


def ask(exchange: Exchange, address: str, path: str = "autodiscover.svc") -> UserResponse:
    protocol = AutodiscoverProtocol(
        config=Configuration(
            service_endpoint=f"{exchange.server.root_url}/autodiscover/{path}",
            credentials=Credentials(ANN, PASSWORD),
            auth_type=BASIC,
            retry_policy=FailFast(),
        )
    )
    try:
        return protocol.get_user_settings(user=address)
    finally:
        protocol.close()


def test_a_client_learns_the_url_and_the_version(exchange: Exchange) -> None:
    answer = ask(exchange, ANN)
    answer.raise_errors()
    assert answer.ews_url == exchange.server.url
    assert answer.autodiscover_smtp_address == ANN
    assert answer.version.api_version == "Exchange2016"


def test_a_client_is_told_that_nobody_has_the_address(exchange: Exchange) -> None:
    with pytest.raises(ErrorNonExistentMailbox):
        ask(exchange, "nobody@northwind.example").raise_errors()


def test_a_client_is_sent_to_another_address_or_another_url(exchange: Exchange) -> None:
    exchange.office.elsewhere["old@northwind.example"] = Redirect(address=BEN)
    exchange.office.elsewhere["far@northwind.example"] = Redirect(url="https://far.example/autodiscover.svc")
    assert ask(exchange, "Old@northwind.example").redirect_address == BEN
    assert ask(exchange, "far@northwind.example").redirect_url == "https://far.example/autodiscover.svc"
