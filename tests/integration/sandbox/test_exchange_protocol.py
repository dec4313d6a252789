"""What nobody should send to the sandbox's Exchange, and what it makes of it."""

import socket

import pytest
import requests
from tests.support.ews_schema import REASON, Traffic, is_at_hand
from tests.support.exchange import ANN, PASSWORD, Exchange, letter

_OPEN = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
)
_GET = (
    "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
    '<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>'
)


def _envelope(payload: str, header: str = "") -> bytes:
    return f"{_OPEN}<s:Header>{header}</s:Header><s:Body>{payload}</s:Body></s:Envelope>".encode()


def _post(exchange: Exchange, data: bytes) -> requests.Response:
    return requests.post(exchange.server.url, data=data, auth=(ANN, PASSWORD), timeout=10)


def test_traffic_is_held_to_the_schema(exchange: Exchange, ews_traffic: Traffic) -> None:
    if not is_at_hand():
        pytest.skip(REASON)
    exchange.account(ANN).inbox.refresh()
    assert ews_traffic.heard >= 2
    assert ews_traffic.violations == []

    _post(exchange, _envelope("<m:GetFolder/>"))

    assert "Missing child element" in ews_traffic.violations[0]
    ews_traffic.forgive()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml at all",
        b"<a/>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]>" + _envelope(_GET),
        _envelope(_GET).decode().encode("utf-16"),
        _envelope(""),
        _envelope(_GET + _GET),
        _envelope("<a/>"),
        _envelope("<m:InventEverything/>"),
        _envelope("<m:GetItem/>"),
        _envelope("<m:UpdateItem><m:ItemChanges><t:ItemChange/></m:ItemChanges></m:UpdateItem>"),
        _envelope(_GET, '<t:RequestServerVersion Version="Exchange1999"/>'),
        _envelope(_GET, "<t:ExchangeImpersonation><t:ConnectingSID/></t:ExchangeImpersonation>"),
        _envelope("<m:GetFolder>" * 400 + "</m:GetFolder>" * 400),
    ],
)
def test_a_request_that_is_none_gets_a_fault_and_the_server_lives(
    exchange: Exchange, ews_traffic: Traffic, data: bytes
) -> None:
    ews_traffic.forgive()

    answer = _post(exchange, data)

    assert answer.status_code in (200, 500)
    assert "Error" in answer.text
    assert "ErrorInternalServerError" not in answer.text or b"UpdateItem" in data
    assert _post(exchange, _envelope(_GET)).status_code == 200


def test_ids_that_are_none_are_refused_one_by_one(exchange: Exchange) -> None:
    exchange.office.deliver(ANN, letter("Hello"))
    good = exchange.office.outlook(ANN).find("Hello").id
    ids = "".join(f'<t:ItemId Id="{some}"/>' for some in ("x", "A" * 120, good[:-4] + "AAAA", good))

    answer = _post(
        exchange,
        _envelope(
            "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
            f"<m:ItemIds>{ids}</m:ItemIds></m:GetItem>"
        ),
    )

    codes = [part.split("<")[0] for part in answer.text.split("<m:ResponseCode>")[1:]]
    assert codes == ["ErrorInvalidIdMalformed", "ErrorItemNotFound", "ErrorItemNotFound", "NoError"]


def test_too_much_is_refused_before_it_is_read(exchange: Exchange) -> None:
    with socket.create_connection(("127.0.0.1", exchange.server.port), timeout=10) as connection:
        connection.sendall(
            b"POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
        )
        assert b" 413 " in connection.recv(1000)


def test_a_connection_is_kept_for_many_requests(exchange: Exchange) -> None:
    with requests.Session() as session:
        session.auth = (ANN, PASSWORD)
        for _ in range(5):
            assert session.post(exchange.server.url, data=_envelope(_GET), timeout=10).status_code == 200
        assert session.get(f"{exchange.server.root_url}/nowhere", timeout=10).status_code == 200
        assert session.post(f"{exchange.server.root_url}/nowhere", data=b"", timeout=10).status_code == 404
