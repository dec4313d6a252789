"""Who gets into the sandbox's Exchange, and as whom."""

import ssl
from pathlib import Path

import pytest
import requests
from exchangelib import (
    DELEGATE,
    UTC,
    Account,
    Configuration,
    Credentials,
)
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorImpersonateUserDenied,
    ErrorNonExistentMailbox,
    UnauthorizedError,
)
from tests.support.certificates import Authority
from tests.support.exchange import ANN, BEN, PASSWORD, Exchange, letter, running

from postroom.sandbox.exchange import Right

ROBOT = "robot@northwind.example"


def test_a_wrong_password_is_refused(exchange: Exchange) -> None:
    with pytest.raises(UnauthorizedError):
        exchange.account(ANN, password="wrong").inbox.refresh()


def test_a_client_that_knows_nothing_finds_out_how_to_sign_in(exchange: Exchange) -> None:
    exchange.office.deliver(ANN, letter("Hello"))
    configuration = Configuration(
        service_endpoint=exchange.server.url, credentials=Credentials(ANN, PASSWORD)
    )
    account = Account(
        ANN, config=configuration, autodiscover=False, access_type=DELEGATE, default_timezone=UTC
    )
    exchange.accounts.append(account)

    assert account.inbox.get().subject == "Hello"
    assert account.version.build.major_version == 15


def test_nobody_opens_the_mailbox_of_another_without_being_their_delegate(exchange: Exchange) -> None:
    exchange.office.deliver(BEN, letter("For Ben"))
    with pytest.raises(ErrorAccessDenied):
        exchange.account(BEN, user=ANN).inbox.refresh()

    exchange.office.allow_delegate(BEN, ANN, Right.OPEN)

    assert exchange.account(BEN, user=ANN).inbox.get().subject == "For Ben"


def test_a_service_account_acts_as_anybody_once_it_may(exchange: Exchange) -> None:
    exchange.office.open_account(ROBOT, PASSWORD)
    exchange.office.deliver(ANN, letter("For Ann"))
    with pytest.raises(ErrorImpersonateUserDenied):
        exchange.impersonated(ANN, ROBOT).inbox.refresh()

    exchange.office.allow_impersonation(ROBOT)

    assert exchange.impersonated(ANN, ROBOT).inbox.get().subject == "For Ann"


def test_a_service_account_needs_no_mailbox_and_reaches_none_that_is_not_there(exchange: Exchange) -> None:
    exchange.office.open_service_account("northwind\\robot", PASSWORD)
    exchange.office.deliver(ANN, letter("For Ann"))

    assert exchange.impersonated(ANN, "northwind\\robot").inbox.get().subject == "For Ann"
    with pytest.raises(ErrorNonExistentMailbox):
        exchange.impersonated("nobody@northwind.example", "northwind\\robot").inbox.refresh()


def test_an_application_signs_in_with_a_token(exchange: Exchange) -> None:
    exchange.office.register_application("crm", "s3cret")
    answer = requests.post(
        f"{exchange.server.root_url}/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": "crm", "client_secret": "s3cret"},
        timeout=10,
    )
    token = answer.json()["access_token"]

    assert _ask(exchange, f"Bearer {token}").status_code == 200
    assert _ask(exchange, "Bearer invented").status_code == 401
    exchange.office.tokens.revoke_all()
    assert _ask(exchange, f"Bearer {token}").status_code == 401


def _ask(exchange: Exchange, authorization: str) -> requests.Response:
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
        ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
        "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>ann@northwind.example"
        "</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body><m:GetFolder>"
        "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
        '<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>'
    )
    return requests.post(exchange.server.url, data=body, headers={"Authorization": authorization}, timeout=10)


def test_it_speaks_tls(tmp_path: Path) -> None:
    authority = Authority()
    (tmp_path / "ca.pem").write_text(authority.pem)
    context: ssl.SSLContext = authority.leaf().context(tmp_path)
    with running(tls=context) as exchange:
        assert exchange.server.url.startswith("https://127.0.0.1:")

        trusted = str(tmp_path / "ca.pem")
        answer = requests.get(exchange.server.url, auth=(ANN, PASSWORD), timeout=10, verify=trusted)
        assert answer.status_code == 200


def test_both_autodiscovers_name_the_url(exchange: Exchange) -> None:
    request = (
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">'
        f"<Request><EMailAddress>{ANN}</EMailAddress><AcceptableResponseSchema>"
        "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
        "</AcceptableResponseSchema></Request></Autodiscover>"
    )
    url = f"{exchange.server.root_url}/autodiscover/autodiscover.xml"

    assert requests.post(url, data=request, timeout=10).status_code == 401
    answer = requests.post(url, data=request, auth=(ANN, PASSWORD), timeout=10)
    assert f"<EwsUrl>{exchange.server.url}</EwsUrl>" in answer.text
