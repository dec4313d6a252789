"""exchangelib at work for us: sessions that sign in, under our rules for TLS and tokens.

Of exchangelib this driver takes what is hard to get right: sessions that sign in with Basic, NTLM or
OAuth. Requests and answers are our own (`markup`, `answer`, `mimes`), because its model of items holds
every answer in memory several times over and waits inside a request when it is told to come back later.
"""

import ssl
from typing import Any

import requests
from exchangelib.configuration import Configuration
from exchangelib.credentials import Credentials, OAuth2Credentials
from exchangelib.protocol import BaseProtocol, FailFast
from exchangelib.transport import BASIC, NTLM, OAUTH2
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from postroom.servers.exchange.account import Application, ExchangeAccount, Scheme

_AUTH_TYPES = {Scheme.NTLM: NTLM, Scheme.BASIC: BASIC}


class _Adapter(HTTPAdapter):
    """HTTP over one kept connection, under our own rules for TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the authorities to the context: it may trust a private one alone."""
        conn.cert_reqs = "CERT_REQUIRED"


class _Tokens(OAuth2Credentials):  # type: ignore[misc]
    """An application's credentials, with an authority and a scope of its own."""

    def __init__(self, application: Application) -> None:
        super().__init__(
            client_id=application.client_id,
            client_secret=application.client_secret,
            tenant_id=application.tenant,
        )
        self.application = application

    @property
    def token_url(self) -> str:
        return self.application.token_url

    @property
    def scope(self) -> list[str]:
        return [self.application.scope]

    def session_params(self) -> dict[str, Any]:
        """Return the token alone: an application has no refresh token, it asks anew."""
        return {"token": self.access_token}


class SignInProtocol(BaseProtocol):  # type: ignore[misc]
    """Makes sessions that sign in to one server under one set of credentials."""

    USERAGENT = "Postroom"

    def __init__(
        self, account: ExchangeAccount, url: str, context: ssl.SSLContext, scheme: Scheme | None
    ) -> None:
        self._context = context
        self.TIMEOUT = account.timeout
        super().__init__(_configuration(account, url, scheme))

    def raw_session(self, prefix: str, **options: Any) -> requests.Session:
        """Return a session that has not signed in."""
        session: requests.Session = super().raw_session(prefix, **options)
        # Neither proxies nor a .netrc of this machine may change where a password goes.
        session.trust_env = False
        for reach in {prefix, "https://", "http://", options.get("oauth2_token_endpoint") or prefix}:
            session.mount(reach, _Adapter(self._context))
        return session

    def create_session(self) -> requests.Session:
        """Return a session that signs in."""
        session: requests.Session = super().create_session()
        if isinstance(session.auth, HTTPBasicAuth):
            # requests would write Latin-1, and fail on all other letters.
            # source: RFC7617 2.1
            session.auth = HTTPBasicAuth(
                *(_octets(each) for each in (session.auth.username, session.auth.password))
            )
        return session

    def forget_token(self) -> None:
        """Have the next session ask for a new token."""
        if isinstance(self.config.credentials, _Tokens):
            self.config.credentials.access_token = None


def _octets(word: str | bytes) -> bytes:
    return word.encode() if isinstance(word, str) else word


def _configuration(account: ExchangeAccount, url: str, scheme: Scheme | None) -> Configuration:
    if isinstance(account.credentials, Application):
        credentials, auth_type = _Tokens(account.credentials), OAUTH2
    else:
        credentials = Credentials(account.credentials.user, account.credentials.password)
        auth_type = _AUTH_TYPES.get(scheme or account.credentials.scheme)
    return Configuration(
        credentials=credentials, service_endpoint=url, auth_type=auth_type, retry_policy=FailFast()
    )
