"""Signing in with NTLM to the sandbox's Exchange: read and send, over kept connections."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.exchange_place import PASSWORD, USER, ExchangePlace, a_message, exchange
from tests.support.ntlm import speak_ntlm

from postroom.errors import SignInRejected
from postroom.ports.mail import Outcome, Submission
from postroom.servers.exchange.account import Login, Scheme
from postroom.servers.exchange.sink import open_exchange_sink

pytestmark = pytest.mark.integration


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    return speak_ntlm(monkeypatch, tmp_path, "info", PASSWORD, USER)


@pytest.fixture
def place(steps: list[str]) -> Iterator[ExchangePlace]:
    with exchange() as place:
        place.account = place.with_account(credentials=Login("DOMAIN\\info", PASSWORD))
        yield place


def test_a_mailbox_is_read_with_ntlm_and_a_connection_signs_in_once(
    place: ExchangePlace, steps: list[str]
) -> None:
    place.deliver(a_message(1))
    source = place.open()
    assert [fetched.failure for fetched in source.fetch(source.offered())] == [None]
    assert steps.count("let in") == 1
    assert "kept" in steps


def test_a_big_message_is_sent_with_ntlm_although_its_request_goes_out_again(
    place: ExchangePlace, steps: list[str]
) -> None:
    content = (f"From: {USER}\r\nTo: {USER}\r\nSubject: big\r\n\r\n".encode(), b"line\r\n" * 1_000_000)
    sink = open_exchange_sink(place.account)
    (delivery,) = sink.submit([Submission("k", USER, (USER,), content)])
    assert delivery.outcome is Outcome.ACCEPTED, delivery
    (arrived,) = place.outlook.items()
    assert (arrived.mime or b"").endswith(b"line\r\n" * 1000)
    assert steps == ["challenged", "let in", "kept"]


@pytest.mark.parametrize("scheme", [Scheme.AUTO, Scheme.NTLM])
def test_a_wrong_password_is_refused(place: ExchangePlace, scheme: Scheme) -> None:
    place.account = place.with_account(credentials=Login("DOMAIN\\info", "wrong", scheme))
    with pytest.raises(SignInRejected, match="info"):
        place.open().offered()
