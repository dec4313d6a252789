"""A mailbox on an Exchange server and what opens it: place, sign-in, access."""

import ipaddress
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

from postroom.errors import SignInRejected, UserError
from postroom.servers.connection import Endpoint, Security

#: Requests that Exchange lets one user have under way at once.
# source: EWS-THROTTLING
MOST_CONNECTIONS = 27
#: Whom applications of Microsoft's own cloud ask for tokens, and for what.
ENTRA_AUTHORITY = "https://login.microsoftonline.com"
EWS_SCOPE = "https://outlook.office365.com/.default"


class Scheme(Enum):
    """How a user name and a password are shown to the server."""

    #: The strongest that the server offers of those below.
    AUTO = "auto"
    NTLM = "ntlm"
    BASIC = "basic"


class Access(Enum):
    """In what capacity the mailbox is opened."""

    #: As the one who signed in: its own mailbox, or one it was given rights to.
    DELEGATE = "delegate"
    #: As the mailbox's owner, by right of ApplicationImpersonation or full_access_as_app.
    IMPERSONATION = "impersonation"


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and password."""

    user: str
    password: str = field(repr=False)
    scheme: Scheme = Scheme.AUTO

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown."""
        return (self.password,)


@dataclass(frozen=True, slots=True)
class Application:
    """An application registered with an authority that gives tokens for its secret."""

    client_id: str
    client_secret: str = field(repr=False)
    tenant: str
    #: The authority's URL, or that of its tokens when it ends so.
    authority: str = ENTRA_AUTHORITY
    scope: str = EWS_SCOPE

    @property
    def user(self) -> str:
        """Return what it is called where people sign in with names."""
        return self.client_id

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown."""
        return (self.client_secret,)

    @property
    def token_url(self) -> str:
        """Return where tokens are asked for."""
        # source: ENTRA-CLIENT-CREDENTIALS
        if self.authority.endswith("/token"):
            return self.authority
        return f"{self.authority.rstrip('/')}/{self.tenant}/oauth2/v2.0/token"


@dataclass(frozen=True, slots=True)
class ExchangeAccount:
    """A mailbox on an Exchange server and what opens it."""

    #: The mailbox's primary address.
    mailbox: str
    credentials: Login | Application
    #: The address of Exchange Web Services; empty when it has yet to be found by Autodiscover.
    url: str = ""
    #: Whether Autodiscover is asked where the URL is empty or serves no longer.
    autodiscovers: bool = False
    access: Access = Access.DELEGATE
    #: Where alone Autodiscover is asked; empty for the places that follow from the mailbox's address.
    autodiscover_url: str = ""
    #: Seconds that one wait for the server may take.
    timeout: float = 100.0
    #: PEM of the authority that alone may vouch for the server; None trusts the system's authorities.
    trusted_authority: str | None = None
    #: Passwords may cross the network unprotected; otherwise only to this machine.
    allow_plaintext: bool = False
    #: Requests under way at once, over all mailboxes that these credentials open.
    connections: int = 10
    #: Name the mailbox in each request's header, so that it reaches the server that keeps it.
    names_anchor: bool = True
    #: The newest version of the protocol that is asked for.
    version: str = "Exchange2013_SP1"

    def endpoint(self, url: str | None = None) -> Endpoint:
        """Return host, port and security of the URL; raises `UserError` when it is none."""
        return endpoint_of(self.url if url is None else url, self)


def endpoint_of(url: str, account: ExchangeAccount) -> Endpoint:
    """Return where a URL leads; raises `UserError` for one that can't be, or may not be, used."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in {"https", "http"} or not parts.hostname or not port:
        raise UserError(
            f"“{url}” is no address of Exchange Web Services; "
            "write it like https://mail.example.com/EWS/Exchange.asmx."
        )
    security = Security.TLS if parts.scheme == "https" else Security.PLAIN
    return Endpoint(
        parts.hostname,
        port,
        security,
        timeout=account.timeout,
        trusted_authority=account.trusted_authority,
        allow_plaintext=account.allow_plaintext,
    )


def require_privacy(endpoint: Endpoint) -> None:
    """Refuse to send credentials and mail where others could read them."""
    if endpoint.security is Security.TLS or endpoint.allow_plaintext or _is_here(endpoint.host):
        return
    raise SignInRejected(
        f"The connection to {endpoint} is not encrypted, so the password was not sent. "
        "Write https:// in the server profile, or allow unencrypted connections there."
    )


def _is_here(host: str) -> bool:
    """Say whether the host is this machine.

    >>> _is_here("127.0.0.1"), _is_here("localhost"), _is_here("mail.example.com")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
