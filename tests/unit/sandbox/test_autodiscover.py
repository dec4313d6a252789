"""Autodiscover over addresses of which one lives here, two are elsewhere and others nowhere."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from postroom.sandbox.exchange.autodiscover import (
    AUTODISCOVER,
    MAX_REQUEST,
    MAX_USERS,
    POX_REQUEST,
    POX_RESPONSE,
    Home,
    Redirect,
    answer_pox,
    answer_soap,
)
from postroom.sandbox.exchange.refusal import Refusal

URL = "https://mail.example/EWS/Exchange.asmx"
AT = datetime(2026, 11, 25, 11, 30, tzinfo=UTC)
MAILBOXES = {
    "ann@here.example": Home("ann@here.example", "Ann Agent", URL),
    "moved@here.example": Redirect(address="ann@here.example"),
    "far@here.example": Redirect(url="https://far.example/autodiscover/autodiscover.xml"),
}


def pox(address: str, schema: str = POX_RESPONSE) -> etree._Element:
    request = (
        f'<Autodiscover xmlns="{POX_REQUEST}"><Request><EMailAddress>{address}</EMailAddress>'
        f"<AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>"
    )
    return etree.fromstring(answer_pox(request.encode(), MAILBOXES.get, AT))


def soap(*users: str, settings: tuple[str, ...] = ("ExternalEwsUrl", "UserDN")) -> etree._Element:
    mailboxes = "".join(f"<a:User><a:Mailbox>{user}</a:Mailbox></a:User>" for user in users)
    wanted = "".join(f"<a:Setting>{name}</a:Setting>" for name in settings)
    request = (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="{AUTODISCOVER}"><s:Body>'
        f"<a:GetUserSettingsRequestMessage><a:Request><a:Users>{mailboxes}</a:Users><a:RequestedSettings>"
        f"{wanted}</a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></s:Body></s:Envelope>"
    )
    return etree.fromstring(answer_soap(request.encode(), MAILBOXES.get))


def texts(root: etree._Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter(f"{{*}}{name}")]


def test_plain_autodiscover_gives_the_url_in_every_protocol_section() -> None:
    answer = pox("ann@here.example")
    assert texts(answer, "Type") == ["EXCH", "EXPR", "EXHTTP"]
    assert texts(answer, "EwsUrl") == [URL] * 3
    assert texts(answer, "DisplayName") == ["Ann Agent"]
    assert texts(answer, "SSL") == ["On", "On"]


def test_plain_autodiscover_redirects_to_an_address_and_to_a_url() -> None:
    assert texts(pox("moved@here.example"), "RedirectAddr") == ["ann@here.example"]
    assert texts(pox("far@here.example"), "Action") == ["redirectUrl"]


def test_plain_autodiscover_says_that_nobody_has_the_address() -> None:
    assert texts(pox("nobody@here.example"), "ErrorCode") == ["500"]


@pytest.mark.parametrize("request_", [b"", b"<a>", b"<Autodiscover/>", b"x" * (MAX_REQUEST + 1)])
def test_plain_autodiscover_refuses_what_is_no_request(request_: bytes) -> None:
    assert texts(etree.fromstring(answer_pox(request_, MAILBOXES.get, AT)), "ErrorCode") == ["600"]


def test_plain_autodiscover_refuses_an_answer_it_does_not_speak() -> None:
    assert texts(pox("ann@here.example", "urn:mobilesync"), "ErrorCode") == ["600"]


def test_get_user_settings_answers_what_it_knows_and_says_what_it_does_not() -> None:
    answer = soap("ann@here.example")
    assert texts(answer, "Value") == [URL]
    assert texts(answer, "SettingName") == ["UserDN"]
    assert "NoError" in texts(answer, "ErrorCode")


def test_get_user_settings_answers_for_each_user() -> None:
    answer = soap("moved@here.example", "far@here.example", "nobody@here.example")
    codes = [element[0].text for element in answer.iter(f"{{{AUTODISCOVER}}}UserResponse")]
    assert codes == ["RedirectAddress", "RedirectUrl", "InvalidUser"]
    assert texts(answer, "RedirectTarget")[0] == "ann@here.example"


def test_get_user_settings_answers_only_so_many_users() -> None:
    assert texts(soap(*["ann@here.example"] * (MAX_USERS + 1)), "ErrorCode") == ["InvalidRequest"]


@pytest.mark.parametrize(
    "request_",
    [
        b"<Envelope/>",
        b'<!DOCTYPE x [<!ENTITY e "x">]><x>&e;</x>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
    ],
)
def test_get_user_settings_refuses_other_documents(request_: bytes) -> None:
    with pytest.raises(Refusal):
        answer_soap(request_, MAILBOXES.get)
