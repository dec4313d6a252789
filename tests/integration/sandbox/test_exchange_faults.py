"""Every way in which the sandbox's Exchange misbehaves, seen by a client."""

import threading

import pytest
import requests
from exchangelib import Mailbox, Message
from exchangelib.errors import (
    ErrorInternalServerError,
    ErrorItemNotFound,
    ErrorMessageSizeExceeded,
    ErrorServerBusy,
    ErrorTooManyObjectsOpened,
    MalformedResponseError,
    TransportError,
    UnauthorizedError,
)
from tests.support.ews_schema import Traffic
from tests.support.exchange import ANN, BEN, PASSWORD, Exchange, letter

from postroom.sandbox.faults import Fault, Misbehaviour


def _send(exchange: Exchange) -> None:
    message = Message(
        account=exchange.account(ANN), subject="Once", body="x", to_recipients=[Mailbox(email_address=BEN)]
    )
    message.send()


@pytest.mark.parametrize("how", ["", "503"])
def test_it_asks_to_come_back_later(exchange: Exchange, how: str) -> None:
    exchange.server.faults.add(Fault(Misbehaviour.THROTTLE, answer=how, amount=7, operation="GetFolder"))

    with pytest.raises((ErrorServerBusy, TransportError)) as caught:
        exchange.account(ANN).inbox.refresh()

    if not how:
        assert caught.value.back_off == 7


def test_a_throttled_client_is_told_by_http_when_to_come_back(exchange: Exchange) -> None:
    exchange.server.faults.add(Fault(Misbehaviour.THROTTLE, answer="503", amount=7))

    answer = _post(exchange)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")


def test_a_lost_answer_leaves_the_message_sent_and_a_lost_request_does_not(exchange: Exchange) -> None:
    ben = exchange.office.outlook(BEN)
    exchange.server.faults.add(Fault(Misbehaviour.CLOSE, operation="CreateItem", times=1))
    with pytest.raises(TransportError):
        _send(exchange)
    assert ben.subjects() == []

    exchange.server.faults.clear()
    exchange.server.faults.add(Fault(Misbehaviour.LOSE_ANSWER, operation="CreateItem", times=1))
    with pytest.raises(TransportError):
        _send(exchange)
    assert ben.subjects() == ["Once"]


def test_an_answer_breaks_off_in_the_middle(exchange: Exchange) -> None:
    exchange.server.faults.add(Fault(Misbehaviour.LOSE_ANSWER, after=100, times=1))

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _post(exchange)
    assert _post(exchange).status_code == 200


def test_an_answer_drips(exchange: Exchange) -> None:
    exchange.server.faults.add(Fault(Misbehaviour.DRIP, after=100, amount=10, times=1))

    with pytest.raises(requests.exceptions.RequestException):
        _post(exchange, seconds=0.3)


def test_it_answers_a_fault_for_one_operation_and_serves_the_others(exchange: Exchange) -> None:
    exchange.office.deliver(ANN, letter("Hello"))
    inbox = exchange.account(ANN).inbox
    exchange.server.faults.add(
        Fault(Misbehaviour.FAULT, operation="FindItem", answer="ErrorTooManyObjectsOpened", times=1)
    )

    with pytest.raises((ErrorTooManyObjectsOpened, ErrorServerBusy)):
        list(inbox.all())
    assert inbox.all().count() == 1


def test_it_denies_every_item_by_itself(exchange: Exchange) -> None:
    for subject in ("One", "Two"):
        exchange.office.deliver(ANN, letter(subject))
    ann = exchange.account(ANN)
    ids = list(ann.inbox.all().values_list("id", "changekey"))
    exchange.server.faults.add(
        Fault(Misbehaviour.DENY, answer="ErrorItemCorrupt", operation="GetItem", times=1)
    )

    assert [type(each).__name__ for each in ann.fetch(ids)] == ["ErrorItemCorrupt", "ErrorItemCorrupt"]
    assert len([each.subject for each in ann.fetch(ids)]) == 2
    exchange.server.faults.add(Fault(Misbehaviour.DENY, answer="ErrorServerBusy", amount=3))
    with pytest.raises(ErrorServerBusy):
        ann.inbox.refresh()


def test_one_item_is_withheld_and_the_others_are_given(exchange: Exchange) -> None:
    for subject in ("Good", "Bad"):
        exchange.office.deliver(ANN, letter(subject))
    ann = exchange.account(ANN)
    exchange.server.faults.add(Fault(Misbehaviour.WITHHOLD, item="Bad"))
    exchange.server.faults.add(
        Fault(Misbehaviour.WITHHOLD, item="Good", answer="ErrorMessageSizeExceeded", operation="MoveItem")
    )
    ids = list(ann.inbox.all().order_by("subject").values_list("id", "changekey"))

    bad, good = ann.fetch(ids)

    assert isinstance(bad, ErrorItemNotFound)
    assert good.subject == "Good"
    with pytest.raises(ErrorMessageSizeExceeded):
        good.move(ann.junk)


def test_every_item_gets_another_id(exchange: Exchange) -> None:
    exchange.office.deliver(ANN, letter("Hello"))
    ann = exchange.account(ANN)
    before = ann.inbox.get().id

    exchange.server.faults.add(Fault(Misbehaviour.RENUMBER, times=1))

    assert ann.inbox.get().id != before


def test_it_tells_subscribers_nothing(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    exchange.server.faults.add(Fault(Misbehaviour.SKIP_EVENTS, times=2))
    with ann.inbox.pull_subscription() as (subscription, watermark):
        exchange.office.deliver(ANN, letter("Unseen"))
        exchange.office.deliver(ANN, letter("Seen"))
        told = [
            event
            for notification in ann.inbox.get_events(subscription, watermark)
            for event in notification.events
        ]

    assert len({event.item_id.id for event in told if getattr(event, "item_id", None)}) == 1


@pytest.mark.parametrize("which", ["dates", "sparse", "routing", "boundaries", "extra", ""])
def test_it_deviates_in_ways_that_a_client_survives(
    exchange: Exchange, ews_traffic: Traffic, which: str
) -> None:
    ews_traffic.forgive()
    raw = letter(
        "Odd", Content_Type='multipart/mixed; boundary="=_old"', body="--=_old\r\n\r\nHi\r\n--=_old--"
    )
    exchange.office.deliver(ANN, raw)
    exchange.server.faults.add(Fault(Misbehaviour.DEVIATE, answer=which))

    item = exchange.account(ANN).inbox.get()

    assert item.subject == "Odd"
    # exchangelib reads no fractions of a second: it gives None for such an instant.
    assert (item.datetime_received is None) == (which in ("dates", ""))
    assert (b"=_old" in item.mime_content) == (which not in ("boundaries", ""))


def test_ews_is_switched_off(exchange: Exchange) -> None:
    exchange.server.faults.add(Fault(Misbehaviour.SWITCHED_OFF))

    answer = _post(exchange)

    assert answer.status_code == 403
    assert "EWS is disabled" in answer.text


def test_it_refuses_every_sign_in_of_one_user(exchange: Exchange) -> None:
    exchange.server.faults.add(Fault(Misbehaviour.REFUSE, user=ANN))

    with pytest.raises(UnauthorizedError):
        exchange.account(ANN).inbox.refresh()
    exchange.account(BEN).inbox.refresh()


@pytest.mark.parametrize("status", ["", "302", "502"])
def test_it_babbles(exchange: Exchange, status: str) -> None:
    exchange.server.faults.add(Fault(Misbehaviour.BABBLE, operation="GetFolder", answer=status))

    with pytest.raises((TransportError, MalformedResponseError, ErrorInternalServerError)):
        exchange.account(ANN).inbox.refresh()


def test_a_server_that_hangs_lets_go_when_it_is_stopped_or_the_client_leaves(exchange: Exchange) -> None:
    exchange.server.faults.add(Fault(Misbehaviour.HANG))

    with pytest.raises(requests.Timeout):
        _post(exchange, seconds=0.3)

    def post() -> None:
        with pytest.raises(requests.ConnectionError):
            _post(exchange)

    waiting = threading.Thread(target=post)
    waiting.start()
    exchange.server.stop()
    waiting.join(10)
    assert not waiting.is_alive()


def _post(exchange: Exchange, seconds: float = 10) -> requests.Response:
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
        ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body><m:GetFolder>'
        "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
        '<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>'
    )
    return requests.post(exchange.server.url, data=body, auth=(ANN, PASSWORD), timeout=seconds)
