"""The ways into the sandbox's Exchange: TLS, passwords, tokens, other people's mailboxes, Autodiscover."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.support.certificates import Authority
from tests.support.exchange_place import PASSWORD, USER, ExchangePlace, a_message, exchange, look

from postroom.errors import BadReply, SignInRejected, TransportError, Unreachable, UserError
from postroom.sandbox.exchange import Right
from postroom.sandbox.faults import Misbehaviour
from postroom.servers.connection import Step
from postroom.servers.exchange.account import Access, Application, ExchangeAccount, Login, Scheme
from postroom.servers.exchange.autodiscover import locate
from postroom.servers.exchange.channel import close_channels
from postroom.servers.exchange.source import open_exchange
from postroom.servers.exchange.trial import check_incoming

pytestmark = pytest.mark.integration

SERVICE, OTHER = "service@example.com", "ben@example.com"


@pytest.fixture
def place() -> Iterator[ExchangePlace]:
    with exchange() as place:
        place.deliver(a_message(1))
        yield place


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def private(authority: Authority, tmp_path: Path) -> Iterator[ExchangePlace]:
    """A mailbox on a server whose certificate comes from a private authority."""
    with exchange(tls=authority.leaf().context(tmp_path)) as place:
        place.deliver(a_message(1))
        yield place


def seen_by(account: ExchangeAccount) -> int:
    return sum(len(page.offered) for page in look(open_exchange(account), {}))


def step_of(account: ExchangeAccount) -> Step:
    return list(check_incoming(account))[-1]


def test_a_private_authority_is_trusted_where_the_profile_names_it(
    private: ExchangePlace, authority: Authority
) -> None:
    account = private.with_account(trusted_authority=authority.pem)
    assert seen_by(account) == 1
    steps = {step.name: step.reply for step in check_incoming(account)}
    assert "TLSv1.3" in steps["TLS"]
    assert steps["sign in"].startswith("Exchange 15.")


@pytest.mark.parametrize("pem", [None, Authority("Another one").pem])
def test_a_certificate_of_nobody_we_trust_ends_it_before_the_password(
    private: ExchangePlace, pem: str | None
) -> None:
    account = private.with_account(trusted_authority=pem)
    with pytest.raises(Unreachable, match="authority that is not trusted; nothing was sent"):
        seen_by(account)
    assert private.requests == []
    assert step_of(account).name == "TLS"


def test_a_certificate_for_another_host_is_named(authority: Authority, tmp_path: Path) -> None:
    tls = authority.leaf("mail.example.org").context(tmp_path)
    with exchange(tls=tls) as place, pytest.raises(Unreachable, match="is for another"):
        seen_by(place.with_account(trusted_authority=authority.pem))


def test_a_password_does_not_leave_this_machine_in_the_clear(place: ExchangePlace) -> None:
    account = place.with_account(url="http://mail.example.com/EWS/Exchange.asmx")
    with pytest.raises(SignInRejected, match="password was not sent"):
        seen_by(account)


@pytest.mark.parametrize(
    "url", ["", "mail.example.com", "ftp://mail.example.com/x", "https://", "https://x:99999/"]
)
def test_a_url_that_is_none_is_refused(place: ExchangePlace, url: str) -> None:
    account = place.with_account(url=url)
    with pytest.raises(UserError):
        account.endpoint()


@pytest.mark.parametrize("scheme", [Scheme.AUTO, Scheme.BASIC])
def test_a_refused_password_names_the_user_and_hides_the_password(
    place: ExchangePlace, scheme: Scheme
) -> None:
    account = place.with_account(credentials=Login(USER, "wrong-one", scheme))
    with pytest.raises(SignInRejected, match=USER) as caught:
        seen_by(account)
    assert "wrong-one" not in f"{caught.value} {caught.value.reply}"
    assert "wrong-one" not in repr(account)


@pytest.mark.parametrize("scheme", [Scheme.AUTO, Scheme.BASIC])
def test_names_and_passwords_may_hold_any_letters(place: ExchangePlace, scheme: Scheme) -> None:
    address, password = "jürgen@bücher.example", "pässwörd€ 漢字"
    place.office.open_account(address, password)
    place.office.deliver(address, a_message(1))
    assert seen_by(place.with_account(mailbox=address, credentials=Login(address, password, scheme))) == 1


@pytest.mark.parametrize("address", ["a\r\nX-Evil: 1@example.com", "a\0b@example.com"])
def test_an_address_that_is_none_asks_for_nothing_else(place: ExchangePlace, address: str) -> None:
    with pytest.raises(TransportError):
        seen_by(place.with_account(mailbox=address))


def test_what_the_server_offers_is_found_out_once(place: ExchangePlace) -> None:
    account = place.with_account(credentials=Login(USER, PASSWORD))
    assert seen_by(account) == 1


def test_a_server_that_takes_tokens_only_is_recognised() -> None:
    offers = {"WWW-Authenticate": "Bearer realm=x"}
    with answering(401, offers) as url, pytest.raises(SignInRejected, match="use OAuth"):
        seen_by(ExchangeAccount(USER, Login(USER, PASSWORD), url))


def test_ntlm_is_spoken_where_it_is_offered() -> None:
    heard: list[str] = []
    with answering(401, {"WWW-Authenticate": "NTLM"}, heard) as url, pytest.raises(TransportError):
        seen_by(ExchangeAccount(USER, Login(USER, PASSWORD), url))
    assert any(header.startswith("NTLM TlRMTVNTUAAB") for header in heard)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "words"),
    [
        (404, {}, Unreachable, "no Exchange Web Services"),
        (405, {}, Unreachable, "no Exchange Web Services"),
        (302, {"Location": "https://login.example.com/"}, Unreachable, "sends us elsewhere"),
        (500, {}, Unreachable, "trouble of its own"),
        (502, {}, Unreachable, "trouble of its own"),
        (418, {}, BadReply, "HTTP 418"),
        (403, {}, SignInRejected, "licence"),
        (200, {}, BadReply, "no XML"),
    ],
)
def test_each_status_says_what_to_do(
    status: int, headers: dict[str, str], kind: type[TransportError], words: str
) -> None:
    with answering(status, headers) as url, pytest.raises(kind, match=words):
        seen_by(ExchangeAccount(USER, Login(USER, PASSWORD, Scheme.BASIC), url))


@contextmanager
def answering(status: int, headers: dict[str, str], heard: list[str] | None = None) -> Iterator[str]:
    """Run a server that has one answer for everybody."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if heard is not None:
                heard.append(self.headers.get("Authorization") or "")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "5")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/EWS/Exchange.asmx"
    finally:
        close_channels()
        server.shutdown()
        server.server_close()
        thread.join(5)


def by_right(place: ExchangePlace, **changes: Any) -> ExchangeAccount:
    login = Login(SERVICE, PASSWORD, Scheme.BASIC)
    return place.with_account(credentials=login, access=Access.IMPERSONATION, **changes)


def test_a_service_account_opens_mailboxes_by_impersonation(place: ExchangePlace) -> None:
    place.office.open_service_account(SERVICE, PASSWORD)
    assert seen_by(by_right(place)) == 1
    with pytest.raises(SignInRejected, match="there is no such mailbox"):
        seen_by(by_right(place, mailbox="nobody@example.com"))


def test_impersonation_without_the_right_is_refused_with_the_roles_name(place: ExchangePlace) -> None:
    place.office.open_account(SERVICE, PASSWORD)
    with pytest.raises(SignInRejected, match="ApplicationImpersonation"):
        seen_by(by_right(place))


def test_a_delegate_opens_a_mailbox_it_was_given_rights_to(place: ExchangePlace) -> None:
    place.office.open_account(OTHER, PASSWORD)
    account = place.with_account(credentials=Login(OTHER, PASSWORD, Scheme.BASIC))
    with pytest.raises(SignInRejected, match="full access"):
        seen_by(account)
    place.office.allow_delegate(USER, OTHER, Right.OPEN)
    assert seen_by(account) == 1


def an_application(place: ExchangePlace, authority: Authority, secret: str = PASSWORD) -> ExchangeAccount:
    place.office.register_application("app-1", PASSWORD)
    token_url = f"{place.server.root_url}/oauth2/token"
    return place.with_account(
        credentials=Application("app-1", secret, "tenant", token_url), trusted_authority=authority.pem
    )


def test_an_application_opens_mailboxes_with_tokens(private: ExchangePlace, authority: Authority) -> None:
    assert seen_by(an_application(private, authority)) == 1


def test_a_token_that_is_refused_is_asked_for_anew(private: ExchangePlace, authority: Authority) -> None:
    account = an_application(private, authority)
    assert seen_by(account) == 1
    private.office.tokens.revoke_all()
    assert seen_by(account) == 1


def test_a_token_that_is_too_old_is_asked_for_anew(private: ExchangePlace, authority: Authority) -> None:
    private.office.tokens.seconds = -10
    account = an_application(private, authority)
    with pytest.raises(TransportError):
        seen_by(account)
    private.office.tokens.seconds = 3600
    assert seen_by(account) == 1


def test_an_application_with_a_wrong_secret_is_told_where_to_look(
    private: ExchangePlace, authority: Authority
) -> None:
    with pytest.raises(SignInRejected, match="gave no token to application app-1") as caught:
        seen_by(an_application(private, authority, "wrong-one"))
    assert "invalid_client" in caught.value.reply
    assert "wrong-one" not in f"{caught.value} {caught.value.reply}"


def test_tokens_are_asked_for_where_microsoft_gives_them() -> None:
    application = Application("app", "s3cret", "contoso")
    assert application.token_url == "https://login.microsoftonline.com/contoso/oauth2/v2.0/token"
    assert "s3cret" not in repr(application)


@pytest.mark.parametrize("path", ["", "/autodiscover/autodiscover.svc", "/autodiscover/autodiscover.xml"])
def test_autodiscover_finds_the_mailbox_in_either_language(place: ExchangePlace, path: str) -> None:
    account = place.with_account(url="", autodiscovers=True, autodiscover_url=place.server.root_url + path)
    assert locate(account) == place.server.url
    assert seen_by(account) == 1


def test_autodiscover_that_knows_no_such_mailbox_says_so(place: ExchangePlace) -> None:
    account = place.with_account(
        mailbox="nobody@example.com", url="", autodiscovers=True, autodiscover_url=place.server.root_url
    )
    with pytest.raises(TransportError, match="could not be determined by Autodiscover"):
        locate(account)


def test_autodiscover_with_a_wrong_password_is_a_refused_password(place: ExchangePlace) -> None:
    account = place.with_account(
        credentials=Login(USER, "wrong-one", Scheme.BASIC),
        url="",
        autodiscovers=True,
        autodiscover_url=place.server.root_url,
    )
    with pytest.raises(SignInRejected, match="refused user"):
        locate(account)


def test_autodiscover_follows_no_redirection_to_an_unprotected_place() -> None:
    with answering(302, {"Location": "http://evil.example.com/autodiscover.svc"}) as url:
        account = ExchangeAccount(
            USER,
            Login(USER, PASSWORD, Scheme.BASIC),
            autodiscovers=True,
            autodiscover_url=url.replace("/EWS/Exchange.asmx", ""),
        )
        with pytest.raises(TransportError, match="unprotected"):
            locate(account)


def test_each_step_of_a_trial_is_named_and_the_last_is_the_one_that_failed(place: ExchangePlace) -> None:
    assert [step.name for step in check_incoming(place.account)] == [
        "resolve",
        "connect",
        "sign in",
        "find folder",
        "read",
    ]
    place.misbehave(Misbehaviour.FAULT, operation="FindFolder", answer="ErrorAccessDenied")
    assert step_of(place.account).name == "find folder"
    assert not step_of(place.account).ok
