"""What a profile says about an Exchange server, and whose credentials open it."""

from typing import Any

import pytest

from postroom.configuration.credentials import APPLICATION, CredentialPlace, credentials_for
from postroom.configuration.exchange import ExchangeServer, SignIn, exchange_server
from postroom.configuration.permission import Obstacle
from postroom.schema.choices import Workload

IN, OUT = Workload.INCOMING, Workload.OUTGOING
URL = "https://mail.example.com/EWS/Exchange.asmx"
MAILBOX = {"allowemailconnectortousecredentials": True, "username": "ann", "ispasswordset": True}


def server(workload: Workload = IN, **profile: Any) -> ExchangeServer:
    return exchange_server({"servertype": 0, "incomingserverlocation": URL, **profile}, workload)


def test_the_url_is_the_location_of_the_side_or_that_of_the_other() -> None:
    assert server().url == server(OUT).url == URL
    assert server(OUT, outgoingserverlocation="https://out.example/").url == "https://out.example/"
    assert server(incomingserverlocation=None, defaultserverlocation=URL).url == URL


@pytest.mark.parametrize(
    ("authority", "place", "login"),
    [
        (None, "https://outlook.office365.com", "https://login.microsoftonline.com"),
        (0, "https://outlook.office365.com", "https://login.microsoftonline.com"),
        (1, "https://outlook.office365.us", "https://login.microsoftonline.us"),
        (2, "https://partner.outlook.cn", "https://login.chinacloudapi.cn"),
        (3, "https://outlook.office365.com", "https://login.microsoftonline.com"),
    ],
)
def test_exchange_online_is_where_its_cloud_has_it(authority: int | None, place: str, login: str) -> None:
    found = server(servertype=3, incomingserverlocation=None, serverauthority=authority)
    assert (found.url, found.authority, found.scope) == (
        f"{place}/EWS/Exchange.asmx",
        login,
        f"{place}/.default",
    )
    elsewhere = server(servertype=3, incomingserverlocation=None, defaultserverlocation=URL)
    assert elsewhere.url == URL


def test_tokens_may_come_from_an_authority_of_ones_own() -> None:
    found = server(postroom_tokenauthority="https://id.example.com", aadresourceid="https://ews.example.com/")
    assert (found.authority, found.scope) == ("https://id.example.com", "https://ews.example.com/.default")


def test_autodiscover_is_asked_where_the_default_location_says_or_anywhere() -> None:
    found = server(useautodiscover=True, incomingserverlocation=None)
    assert (found.url, found.autodiscovers, found.autodiscover_url) == ("", True, "")
    found = server(useautodiscover=True, defaultserverlocation="https://autodiscover.example.com")
    assert (found.url, found.autodiscover_url) == ("", "https://autodiscover.example.com")


@pytest.mark.parametrize(
    ("code", "way"),
    [
        (None, SignIn.AUTO),
        (0, SignIn.AUTO),
        (1, SignIn.NTLM),
        (2, SignIn.NTLM),
        (3, SignIn.BASIC),
        (4, SignIn.AUTO),
    ],
)
def test_the_protocol_of_signing_in_is_the_profiles(code: int | None, way: SignIn) -> None:
    assert server(incomingauthenticationprotocol=code).sign_in is way


def test_one_way_of_signing_in_may_serve_both_directions() -> None:
    same = {"usesamesettingsforoutgoingconnections": True, "incominguseimpersonation": True}
    assert server(OUT, **same).impersonates
    assert not server(OUT, incominguseimpersonation=True, outgoinguseimpersonation=False).impersonates


@pytest.mark.parametrize(
    ("code", "version"),
    [(None, "Exchange2013_SP1"), (2, "Exchange2010"), (4, "Exchange2010_SP2"), (5, "Exchange2013_SP1")],
)
def test_the_version_asked_for_is_the_profiles(code: int | None, version: str) -> None:
    assert server(exchangeversion=code).version == version


def place(workload: Workload = IN, **profile: Any) -> CredentialPlace | Obstacle:
    return credentials_for(workload, MAILBOX, {"servertype": 0, **profile})


def test_credentials_are_the_mailboxs_the_profiles_or_an_applications() -> None:
    own = {"incomingusername": "svc", "isincomingpasswordset": True}
    app = {"oauthclientid": "x", "isoauthclientsecretset": True, "exchangeonlinetenantid": "t"}
    assert place() == CredentialPlace("mailbox", "username", "password")
    assert place(incomingcredentialretrieval=1, **own) == CredentialPlace(
        "emailserverprofile", "incomingusername", "incomingpassword"
    )
    assert place(incomingcredentialretrieval=7, **app) == APPLICATION
    same = {"usesamesettingsforoutgoingconnections": True, "outgoingcredentialretrieval": 0}
    assert place(OUT, incomingcredentialretrieval=7, **same, **app) == APPLICATION


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"incomingcredentialretrieval": 1}, "SpecifyIncomingUserName"),
        ({"incomingcredentialretrieval": 7}, "SpecifyOAuthClient"),
        (
            {"incomingcredentialretrieval": 7, "oauthclientid": "x", "isoauthclientsecretset": True},
            "SpecifyTenant",
        ),
        ({"incomingauthenticationprotocol": 4}, "InvalidCredentialTypeForExchange"),
        *(
            ({"incomingcredentialretrieval": code}, "InvalidCredentialTypeForExchange")
            for code in (2, 3, 4, 5, 6, 8)
        ),
    ],
)
def test_what_is_missing_is_an_obstacle_with_its_cure(profile: dict[str, Any], name: str) -> None:
    obstacle = place(**profile)
    assert isinstance(obstacle, Obstacle)
    assert obstacle.name == name
    assert obstacle.sentence.endswith(".")
    assert obstacle.cure.startswith("Set ")
