"""One HTTP connection to the sandbox's Exchange: who asks, by which path, what goes wrong."""

import base64
import binascii
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import ClassVar, Protocol

from postroom.sandbox.exchange.autodiscover import MAX_REQUEST as MOST_TO_DISCOVER
from postroom.sandbox.exchange.autodiscover import Home, Redirect, answer_pox, answer_soap
from postroom.sandbox.exchange.office import ExchangeOffice
from postroom.sandbox.exchange.refusal import Refusal, WholeRefusal
from postroom.sandbox.exchange.service import Asked, ExchangeService
from postroom.sandbox.exchange.soap import LARGEST_REQUEST, write_fault
from postroom.sandbox.faults import Fault, Faults, Misbehaviour

#: Seconds after which a client that says nothing is forgotten.
IDLE_SECONDS = 600
_XML = "text/xml; charset=utf-8"
_SWITCHED_OFF = (
    "EWS is disabled. Exchange Web Services is not enabled for this organization or not allowed for this "
    "application (EwsEnabled, EwsApplicationAccessPolicy)."
)


class Sandbox(Protocol):
    """What a connection needs of its server."""

    office: ExchangeOffice
    service: ExchangeService
    faults: Faults
    tls: ssl.SSLContext | None
    stopping: threading.Event

    @property
    def url(self) -> str:
        """Return the URL of the web services."""
        ...


class _HangUp(Exception):  # noqa: N818 - ends a conversation, is no error
    """The connection is to be closed without an answer."""


class Connection(BaseHTTPRequestHandler):
    """One connection, over which any number of requests come."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-IIS/10.0"
    sys_version = ""
    disable_nagle_algorithm = True
    # Header and body in one piece.
    wbufsize = 1 << 16
    timeout = IDLE_SECONDS

    def __init__(self, sandbox: Sandbox, *about: object) -> None:
        self.sandbox = sandbox
        super().__init__(*about)  # type: ignore[arg-type]

    def setup(self) -> None:
        """Begin with TLS where that is spoken."""
        if self.sandbox.tls is not None:
            self.request.settimeout(IDLE_SECONDS)
            self.request = self.sandbox.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        """End politely, whether the client is still there or not."""
        with contextlib.suppress(OSError):
            super().finish()
        if isinstance(self.request, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                self.request.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: requests hold people's mail."""

    def do_GET(self) -> None:
        """Answer whoever only looks whether something is here."""
        if self._who() is not None:
            self._reply(HTTPStatus.OK, b"<html><body>Service</body></html>", "text/html")

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def do_POST(self) -> None:
        """Answer a request by its path."""
        serve = self.PATHS.get(self.path.partition("?")[0].lower())
        if serve is None:
            self.close_connection = True
            self._reply(HTTPStatus.NOT_FOUND, b"")
            return
        try:
            serve(self)
        except (_HangUp, OSError):
            self.close_connection = True

    def _web_services(self) -> None:
        data = self._body(LARGEST_REQUEST)
        user = self._who() if data is not None else None
        if data is None or user is None:
            return
        if self._strike(Misbehaviour.SWITCHED_OFF, user):
            self._reply(HTTPStatus.FORBIDDEN, _SWITCHED_OFF.encode(), "text/plain; charset=utf-8")
            return
        try:
            asked = self.sandbox.service.read(data, user)
            if self._misbehave_before(asked):
                return
            if asked.is_streamed:
                self._stream(self.sandbox.service.stream(asked))
                return
            answer = self.sandbox.service.answer(asked)
        except WholeRefusal as refusal:
            self._reply(HTTPStatus.INTERNAL_SERVER_ERROR, write_fault(refusal))
            return
        self._give(asked, answer)

    def _give(self, asked: Asked, answer: bytes) -> None:
        """Send the answer, or what a fault leaves of it."""
        if fault := asked.call.strike(Misbehaviour.LOSE_ANSWER):
            if fault.after:
                self._begin(HTTPStatus.OK, len(answer))
                self.wfile.write(answer[: fault.after])
                self.wfile.flush()
            raise _HangUp
        if fault := asked.call.strike(Misbehaviour.DRIP):
            self._begin(HTTPStatus.OK, len(answer))
            self.wfile.write(answer[: fault.after])
            for octet in answer[fault.after :]:
                self.wfile.write(bytes([octet]))
                self.wfile.flush()
                if self.sandbox.stopping.wait(fault.amount):
                    raise _HangUp
            return
        self._reply(HTTPStatus.OK, answer)

    def _begin(self, status: HTTPStatus, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", _XML)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _misbehave_before(self, asked: Asked) -> bool:
        """Misbehave before anything is done; say whether that was the answer."""
        strike = asked.call.strike
        if fault := strike(Misbehaviour.SLOW):
            self.sandbox.stopping.wait(fault.amount)
        if strike(Misbehaviour.HANG):
            self._wait_until_the_client_goes()
            raise _HangUp
        if strike(Misbehaviour.CLOSE):
            raise _HangUp
        if fault := strike(Misbehaviour.BABBLE):
            self._babble(fault)
            return True
        if fault := strike(Misbehaviour.THROTTLE):
            self._throttle(fault)
            return True
        return False

    def _babble(self, fault: Fault) -> None:
        """Answer as something between client and server does: a proxy, a page to sign in at."""
        status = HTTPStatus(int(fault.answer)) if fault.answer.isdecimal() else HTTPStatus.OK
        where = {"Location": "/owa/auth/logon.aspx"} if 300 <= status < 400 else {}
        self._reply(status, b"<html><body>Please wait.</body></html>", "text/html", more=where)

    def _throttle(self, fault: Fault) -> None:
        if fault.answer == "503":
            after = {"Retry-After": str(max(int(fault.amount), 1))}
            self._reply(HTTPStatus.SERVICE_UNAVAILABLE, b"", more=after)
            return
        milliseconds = {"BackOffMilliseconds": str(int(fault.amount * 1000))}
        text = "The server cannot service this request right now. Try again later."
        busy = Refusal("ErrorServerBusy", text, milliseconds)
        self._reply(HTTPStatus.INTERNAL_SERVER_ERROR, write_fault(busy))

    def _plain_autodiscover(self) -> None:
        data = self._body(MOST_TO_DISCOVER)
        if data is not None and self._who() is not None:
            self._reply(HTTPStatus.OK, answer_pox(data, self._home, self.sandbox.office.clock.now()))

    def _soap_autodiscover(self) -> None:
        data = self._body(MOST_TO_DISCOVER)
        if data is None or self._who() is None:
            return
        try:
            self._reply(HTTPStatus.OK, answer_soap(data, self._home))
        except Refusal as refusal:
            self._reply(HTTPStatus.INTERNAL_SERVER_ERROR, write_fault(refusal))

    def _token(self) -> None:
        data = self._body(MOST_TO_DISCOVER)
        if data is not None:
            answer = self.sandbox.office.tokens.answer(data, self.headers.get("Authorization", ""))
            self._reply(HTTPStatus(answer.status), answer.body, "application/json")

    PATHS: ClassVar[Mapping[str, Callable[["Connection"], None]]] = {
        "/ews/exchange.asmx": _web_services,
        "/autodiscover/autodiscover.xml": _plain_autodiscover,
        "/autodiscover/autodiscover.svc": _soap_autodiscover,
        "/oauth2/token": _token,
    }

    def _home(self, address: str) -> Home | Redirect | None:
        """Return where an address has its mailbox, or where to ask for it."""
        elsewhere = self.sandbox.office.elsewhere.get(address.lower())
        if elsewhere is not None:
            return elsewhere
        mailbox = self.sandbox.office.find_mailbox(address)
        return Home(mailbox.address, mailbox.name, self.sandbox.url) if mailbox else None

    def _body(self, most: int) -> bytes | None:
        """Return the octets of the request, or None after refusing it."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.close_connection = True
            self._reply(HTTPStatus.LENGTH_REQUIRED, b"")
            return None
        if len(length) > 12 or int(length) > most:
            self.close_connection = True
            self._reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"")
            return None
        return self.rfile.read(int(length))

    def _who(self) -> str | None:
        """Return who signs in, or None after asking for credentials."""
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        user = self._by_token(credentials) if scheme.lower() == "bearer" else self._by_password(credentials)
        if user is None or self._strike(Misbehaviour.REFUSE, user):
            self._reply(HTTPStatus.UNAUTHORIZED, b"", challenges=('Basic realm="sandbox"', "Bearer"))
            return None
        return user

    def _by_token(self, token: str) -> str | None:
        return self.sandbox.office.tokens.client_of(token.strip())

    def _by_password(self, credentials: str) -> str | None:
        try:
            user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        return user if user and self.sandbox.office.access.admits(user, password) else None

    def _reply(
        self,
        status: HTTPStatus,
        body: bytes,
        content_type: str = _XML,
        *,
        more: Mapping[str, str] | None = None,
        challenges: Iterable[str] = (),
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for challenge in challenges:
            self.send_header("WWW-Authenticate", challenge)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _stream(self, pieces: Iterable[bytes]) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", _XML)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _strike(self, kind: Misbehaviour, user: str) -> Fault | None:
        return self.sandbox.faults.strike(kind, user)

    def _wait_until_the_client_goes(self) -> None:
        self.connection.settimeout(0.05)
        while not self.sandbox.stopping.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return
