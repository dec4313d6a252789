"""HTTP to one server under one set of credentials: sessions kept, requests bounded.

Channels outlive the passes: signing in costs several turns with NTLM and OAuth, and the bound on
requests holds for all mailboxes that the same credentials open.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import requests
from exchangelib.transport import NTLM
from oauthlib.oauth2 import OAuth2Error, TokenExpiredError

from postroom.errors import SignInRejected, Throttled, TransportError
from postroom.servers.connection import Mask, tls_context
from postroom.servers.exchange.account import (
    MOST_CONNECTIONS,
    Access,
    Application,
    ExchangeAccount,
    Login,
    Scheme,
    endpoint_of,
    require_privacy,
)
from postroom.servers.exchange.body import Body
from postroom.servers.exchange.faults import Answer, about_status
from postroom.servers.exchange.network import about_network, about_token
from postroom.servers.exchange.protocol import SignInProtocol
from postroom.servers.exchange.reply import Reply

#: A kept connection unused for longer is opened anew: servers hang up, and a request lost is a doubt.
IDLE_SECONDS = 60.0
#: The same for a request that can't be repeated.
IDLE_SECONDS_ONCE = 5.0
#: Channels kept without being in use.
MOST_CHANNELS = 64


class Channel:
    """Sessions with one server under one set of credentials."""

    def __init__(self, account: ExchangeAccount, url: str) -> None:
        self.endpoint = endpoint_of(url, account)
        self.url = url
        self._account = account
        self._room = threading.BoundedSemaphore(max(1, min(account.connections, MOST_CONNECTIONS)))
        self._lock = threading.Lock()
        self._idle: list[requests.Session] = []
        self._protocol: SignInProtocol | None = None
        self.mask = Mask(account.credentials.secrets)

    @contextmanager
    def post(
        self,
        body: bytes | Body,
        headers: Mapping[str, str],
        *,
        repeats: bool = True,
    ) -> Iterator[Reply]:
        """Send a request and give its answer; one that `repeats` may be sent again when it got lost.

        Raises `TransportError`.
        """
        require_privacy(self.endpoint)
        if not self._room.acquire(timeout=self.endpoint.timeout):
            raise Throttled(
                f"All connections to {self.endpoint} are in use; raise maxconcurrentconnections of the "
                "profile or have fewer mailboxes processed at once.",
                retry_after=60.0,
            )
        try:
            with self._answered(body, headers, repeats=repeats) as reply:
                yield reply
        finally:
            self._room.release()

    def close(self) -> None:
        """Close the kept connections; raises nothing."""
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

    def failure(self, status: int, headers: Mapping[str, str], said: bytes) -> TransportError:
        """Return what an answer that is no SOAP means."""
        shown = {name: self.mask(value) for name, value in headers.items()}
        user = self._account.credentials.user
        return about_status(
            Answer(str(self.endpoint), user, self._has_tokens, status, shown, self.mask(said))
        )

    @contextmanager
    def _answered(
        self,
        body: bytes | Body,
        headers: Mapping[str, str],
        *,
        repeats: bool,
    ) -> Iterator[Reply]:
        session, response = self._sent(body, headers, repeats=repeats)
        reply = Reply(response, self.endpoint, self.failure)
        try:
            yield reply
        finally:
            response.close()
            if not reply.is_read:
                # What is left of the answer must not be taken for the next one.
                session.close()
            self._keep(session, is_fresh=reply.status != 401)

    def _sent(
        self,
        body: bytes | Body,
        headers: Mapping[str, str],
        *,
        repeats: bool,
    ) -> tuple[requests.Session, requests.Response]:
        """Send the request; once more where a kept connection or a token turns out to be stale."""
        for attempt in (1, 2):
            session, is_kept = self._taken(IDLE_SECONDS if repeats else IDLE_SECONDS_ONCE)
            try:
                if isinstance(body, Body) and self._signs_in_by_connection:
                    self._open_connection(session)
                response = _post(session, self.url, body, headers, self.endpoint.timeout)
            except TokenExpiredError:
                self._keep(session, is_fresh=False)
                if attempt == 1:
                    continue
                raise SignInRejected(f"The token for {self.endpoint} has expired at once.") from None
            except (requests.RequestException, OSError, ValueError, KeyError) as error:
                session.close()
                self._keep(session)
                if attempt == 1 and is_kept and repeats and _is_hang_up(error):
                    continue
                raise about_network(error, self.endpoint, "an answer") from error
            if response.status_code == 401 and is_kept and attempt == 1 and self._has_tokens:
                response.close()
                self._keep(session, is_fresh=False)
                continue
            return session, response
        raise AssertionError

    @property
    def _has_tokens(self) -> bool:
        return isinstance(self._account.credentials, Application)

    @property
    def _signs_in_by_connection(self) -> bool:
        return self._protocol is not None and self._protocol.auth_type == NTLM

    def _open_connection(self, session: requests.Session) -> None:
        """Sign in on the session's connection, so that what comes next goes out once and not three times."""
        response = _post(session, self.url, b"", {}, self.endpoint.timeout)
        # Read to its end: a connection that is left in the middle of an answer is closed.
        Reply(response, self.endpoint, self.failure).whole(_LONGEST_TEXT)
        response.close()

    def _taken(self, trusted_for: float) -> tuple[requests.Session, bool]:
        """Return a session and whether it was used before."""
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is None:
            return self._made(), False
        if time.monotonic() - session.used_at > trusted_for:  # type: ignore[attr-defined]
            session.close()
        return session, True

    def _keep(self, session: requests.Session, *, is_fresh: bool = True) -> None:
        if not is_fresh:
            session.close()
            if self._protocol is not None:
                self._protocol.forget_token()
            return
        session.used_at = time.monotonic()  # type: ignore[attr-defined]
        with self._lock:
            self._idle.append(session)

    def _made(self) -> requests.Session:
        try:
            with self._lock:
                if self._protocol is None:
                    self._protocol = self._make_protocol()
            session: requests.Session = self._protocol.create_session()
        except OAuth2Error as error:
            place = self._token_place
            raise about_token(error, place, self._account.credentials.user, self.mask) from error
        except (requests.RequestException, OSError) as error:
            endpoint = endpoint_of(self._token_place, self._account) if self._has_tokens else self.endpoint
            raise about_network(error, endpoint, "the way of signing in") from error
        return session

    @property
    def _token_place(self) -> str:
        credentials = self._account.credentials
        return credentials.token_url if isinstance(credentials, Application) else ""

    def _make_protocol(self) -> SignInProtocol:
        context = tls_context(self._account.trusted_authority)
        credentials = self._account.credentials
        scheme = None
        if isinstance(credentials, Login) and credentials.scheme is Scheme.AUTO:
            scheme = self._ask_scheme(SignInProtocol(self._account, self.url, context, Scheme.BASIC))
        return SignInProtocol(self._account, self.url, context, scheme)

    def _ask_scheme(self, protocol: SignInProtocol) -> Scheme:
        """Return the strongest way to sign in that the server offers and we can take."""
        with protocol.raw_session(self.url) as session:
            response = _post(session, self.url, b"", {}, self.endpoint.timeout)
            reply = Reply(response, self.endpoint, self.failure)
            if response.status_code != 401:
                failure = reply.failure()
                response.close()
                if response.status_code in {403, 404, 429, 503}:
                    raise failure
                return Scheme.BASIC
            response.close()
        offered = reply.headers.get("www-authenticate", "").lower()
        if "ntlm" in offered or "negotiate" in offered:
            return Scheme.NTLM
        if "basic" in offered or not offered:
            return Scheme.BASIC
        raise SignInRejected(
            f"{self.endpoint} takes neither Basic nor NTLM for EWS; use OAuth in the server profile, "
            "or switch one of them on for the EWS virtual directory.",
            reply=self.mask(offered),
        )


def _post(
    session: requests.Session, url: str, body: bytes | Body, headers: Mapping[str, str], timeout: float
) -> requests.Response:
    if isinstance(body, Body):
        body.seek(0)
    return session.post(
        url, data=body, headers=dict(headers), allow_redirects=False, timeout=timeout, stream=True
    )


def _is_hang_up(error: BaseException) -> bool:
    """Say whether the connection simply was no longer there."""
    return isinstance(error, requests.ConnectionError) and not isinstance(error, requests.Timeout)


@dataclass(frozen=True, slots=True)
class _Key:
    """What two mailboxes must have in common to share a channel."""

    url: str
    credentials: Login | Application
    authority: str | None
    timeout: float
    connections: int
    #: Whose connections they are, where each mailbox is opened by its own right.
    access: Access
    use: str


# What is read of the answer to a request that asks for nothing.
_LONGEST_TEXT = 256 * 1024

_channels: "OrderedDict[_Key, Channel]" = OrderedDict()
_channels_lock = threading.Lock()


def channel_for(account: ExchangeAccount, url: str, use: str = "") -> Channel:
    """Return the channel to this server under these credentials; the same one each time.

    What holds connections for long names its `use` and gets a channel apart from that of the passes.
    """
    key = _Key(
        url,
        account.credentials,
        account.trusted_authority,
        account.timeout,
        account.connections,
        account.access,
        use,
    )
    with _channels_lock:
        channel = _channels.pop(key, None) or Channel(account, url)
        _channels[key] = channel
        surplus = [_channels.popitem(last=False)[1] for _ in range(len(_channels) - MOST_CHANNELS)]
    for unused in surplus:
        unused.close()
    return channel


def close_channels() -> None:
    """Close every kept connection; for the end of a process and of a test."""
    with _channels_lock:
        channels = list(_channels.values())
        _channels.clear()
    for channel in channels:
        channel.close()
