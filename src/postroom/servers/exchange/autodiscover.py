"""Autodiscover: where a mailbox's Exchange Web Services are, asked in both its languages.

Credentials go only to servers whose certificate is good for their name; a redirection that came
unprotected is followed to a protected place and believed no further.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import dns.exception
import dns.resolver
import requests

from postroom.errors import BadReply, SignInRejected, TransportError, Unreachable, UserError
from postroom.servers.connection import tls_context
from postroom.servers.exchange.account import ExchangeAccount
from postroom.servers.exchange.answer import Element, parsed
from postroom.servers.exchange.channel import channel_for
from postroom.servers.exchange.markup import SOAP, text
from postroom.servers.exchange.reply import Reply

#: Told the URL that was found.
OnFound = Callable[[str], None]

#: Seconds that one place may take; there are several to be asked.
PATIENCE = 20.0
#: Redirections followed before it is a circle.
# source: MS-OXDSCLI 3.1.5.4
MOST_REDIRECTIONS = 10

_SOAP_PATH, _POX_PATH = "/autodiscover/autodiscover.svc", "/autodiscover/autodiscover.xml"
_NS = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_ADDRESSING = "http://www.w3.org/2005/08/addressing"
_POX_REQUEST = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
_POX_RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"


class _Redirected(Exception):  # noqa: N818 - a signal within this module
    """The answer is to be had elsewhere, or for another address."""

    def __init__(self, url: str = "", address: str = "") -> None:
        super().__init__(url or address)
        self.url = url
        self.address = address


def locate(account: ExchangeAccount) -> str:
    """Return the URL of the mailbox's Exchange Web Services; raises `TransportError`."""
    patient = replace(account, timeout=min(account.timeout, PATIENCE))
    address = account.mailbox
    for _ in range(MOST_REDIRECTIONS):
        try:
            return _ask_everywhere(patient, address)
        except _Redirected as redirected:
            address = redirected.address
    raise BadReply(f"Autodiscover sends {account.mailbox} from one address to the next without an end.")


def _ask_everywhere(account: ExchangeAccount, address: str) -> str:
    failure: TransportError | None = None
    asked: set[str] = set()
    for url in _places(account, address):
        try:
            if url not in asked:
                return _ask(account, address, url, asked)
        except TransportError as error:
            # A refused password says more than a host that isn't there.
            if failure is None or isinstance(error, SignInRejected):
                failure = error
    raise _not_located(account, failure) from failure


def _not_located(account: ExchangeAccount, failure: TransportError | None) -> TransportError:
    reason = f" {failure}" if failure else ""
    kind = SignInRejected if isinstance(failure, SignInRejected) else Unreachable
    return kind(
        f"The location of mailbox {account.mailbox} could not be determined by Autodiscover; check the DNS "
        f"entry autodiscover.{_domain(account.mailbox)}, or enter a fixed URL in the server profile.{reason}",
        reply=failure.reply if failure else "",
    )


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _places(account: ExchangeAccount, address: str) -> Iterator[str]:
    """Yield the URLs to be asked, in order; those that cost another look-up come last."""
    # source: MS-OXDISCO 3.1.5
    if account.autodiscover_url:
        yield from _both(account.autodiscover_url)
        return
    domain = _domain(address)
    yield from _both(f"https://autodiscover.{domain}")
    yield from _both(f"https://{domain}")
    if redirection := _unprotected_redirection(account, domain):
        yield redirection
    if host := _service_host(domain):
        yield from _both(f"https://{host}")


def _both(place: str) -> Iterator[str]:
    if place.endswith((".svc", ".xml")):
        yield place
        return
    yield place.rstrip("/") + _SOAP_PATH
    yield place.rstrip("/") + _POX_PATH


def _ask(account: ExchangeAccount, address: str, url: str, asked: set[str]) -> str:
    """Return the URL that this place knows, following its redirections."""
    for _ in range(MOST_REDIRECTIONS):
        asked.add(url)
        try:
            return (
                _ask_soap(account, address, url) if url.endswith(".svc") else _ask_pox(account, address, url)
            )
        except _Redirected as redirected:
            if not redirected.url:
                raise
            url = _followed(redirected.url)
    raise BadReply(f"Autodiscover at {urlsplit(url).hostname} sends us round in a circle.")


def _followed(url: str) -> str:
    if urlsplit(url).scheme != "https":
        raise BadReply("Autodiscover sends us to an unprotected place, which was not followed.", reply=url)
    return url


def _ask_soap(account: ExchangeAccount, address: str, url: str) -> str:
    # source: MS-OXWSADISC 3.1.4.2
    root = _answer(account, url, _soap_request(address, url))
    code = _text(root, "UserResponse/ErrorCode") or _text(root, "ErrorCode")
    target = _text(root, "UserResponse/RedirectTarget")
    if code == "RedirectUrl":
        raise _Redirected(url=target)
    if code == "RedirectAddress":
        raise _Redirected(address=target)
    settings = {
        _text(setting, "Name"): _text(setting, "Value") for setting in root.iter(f"{{{_NS}}}UserSetting")
    }
    return _best(url, settings.get("ExternalEwsUrl"), settings.get("InternalEwsUrl"), said=code)


def _soap_request(address: str, url: str) -> bytes:
    action = f"{_NS}/Autodiscover/GetUserSettings"
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{_NS}" xmlns:wsa="{_ADDRESSING}"><s:Header>'
        "<a:RequestedServerVersion>Exchange2010</a:RequestedServerVersion>"
        f"<wsa:Action>{action}</wsa:Action><wsa:To>{text(url)}</wsa:To></s:Header><s:Body>"
        "<a:GetUserSettingsRequestMessage><a:Request>"
        f"<a:Users><a:User><a:Mailbox>{text(address)}</a:Mailbox></a:User></a:Users>"
        "<a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting><a:Setting>InternalEwsUrl</a:Setting>"
        "</a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></s:Body></s:Envelope>"
    ).encode()


def _ask_pox(account: ExchangeAccount, address: str, url: str) -> str:
    # source: MS-OXDSCLI 2.2.3, 2.2.4
    request = (
        f'<Autodiscover xmlns="{_POX_REQUEST}"><Request><EMailAddress>{text(address)}</EMailAddress>'
        f"<AcceptableResponseSchema>{_POX_RESPONSE}</AcceptableResponseSchema></Request></Autodiscover>"
    )
    root = _answer(account, url, request.encode())
    if target := _text(root, "Account/RedirectUrl"):
        raise _Redirected(url=target)
    if target := _text(root, "Account/RedirectAddr"):
        raise _Redirected(address=target)
    found = {_text(each, "Type"): _text(each, "EwsUrl") for each in root.iter(f"{{{_POX_RESPONSE}}}Protocol")}
    said = _text(root, "Error/Message") or _text(root, "Account/Action")
    return _best(url, found.get("EXPR"), found.get("EXCH"), said=said)


def _best(place: str, *urls: str | None, said: str) -> str:
    """Return the first URL there is: the one for clients outside, else the one for those inside."""
    url = next(filter(None, urls), "")
    if not url:
        raise BadReply(f"Autodiscover at {urlsplit(place).hostname} names no URL for EWS.", reply=said)
    return url


def _answer(account: ExchangeAccount, url: str, request: bytes) -> Element:
    """Return the document that answers the request; raises `_Redirected` or `TransportError`."""
    channel = channel_for(account, url)
    headers = {"Content-Type": "text/xml; charset=utf-8", "X-AnchorMailbox": account.mailbox}
    with channel.post(request, headers) as reply:
        if reply.status in {301, 302, 307, 308}:
            raise _Redirected(url=reply.headers.get("location", ""))
        return parsed(_document(reply))


def _document(reply: Reply) -> bytes:
    if not reply.is_soap:
        raise reply.failure()
    return reply.whole()


def _text(element: Element, path: str) -> str:
    """Return the first text on this path at any depth, whatever its namespace."""
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    return (element.findtext(f".//{steps}") or "").strip()


def _unprotected_redirection(account: ExchangeAccount, domain: str) -> str:
    """Return where the domain's unprotected Autodiscover sends clients, without having shown credentials."""
    # source: MS-OXDISCO 3.1.5.3
    url = f"http://autodiscover.{domain}{_POX_PATH}"
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.get(url, allow_redirects=False, timeout=account.timeout, stream=True) as response:
                target = response.headers.get("location", "") if response.is_redirect else ""
        except (requests.RequestException, OSError, ValueError):
            return ""
    return target if urlsplit(target).scheme == "https" else ""


def _service_host(domain: str) -> str:
    """Return the host, with its port, that the domain's DNS names for Autodiscover; empty when none."""
    # source: MS-OXDISCO 3.1.5.4
    try:
        found = dns.resolver.resolve(f"_autodiscover._tcp.{domain}", "SRV", lifetime=5.0)
    except (dns.exception.DNSException, OSError, ValueError):
        return ""
    best = min(found, key=lambda record: (record.priority, -record.weight), default=None)
    return f"{str(best.target).rstrip('.')}:{best.port}" if best is not None else ""


def checked(account: ExchangeAccount) -> None:
    """Refuse an account whose trusted authority or fixed location can't be used."""
    tls_context(account.trusted_authority)
    if not account.url and not account.autodiscovers:
        raise UserError("The server profile names no location; enter the URL of Exchange Web Services.")
