"""The sandbox's SMTP server: delivers to its mailboxes and keeps what went to outsiders.

It stands on aiosmtpd, runs in a thread of its own, and can misbehave: by `Faults`, counted in
messages of a session, and by answers that are laid down for single recipients. In a sandbox
nothing ever leaves the machine: mail to an address without a mailbox here lies in `outside`.
"""

import asyncio
import socket
import ssl
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, AnyStr, Protocol

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from postroom.sandbox.faults import Faults, Misbehaviour
from postroom.sandbox.mailboxes import SandboxMailboxes

#: Octets that one message may have; above what anybody's attachments need, below what harms.
LARGEST = 256 * 1024 * 1024

_FOR_EVER = 24 * 3600.0


class SignIn(Enum):
    """Whether a client must sign in before it may send."""

    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Left:
    """A message that would have left for the world outside the sandbox."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    #: Who had signed in, or empty.
    user: str = ""


class Inboxes(Protocol):
    """Mailboxes besides the sandbox's own that mail may be for."""

    def takes(self, address: str) -> bool:
        """Say whether mail to the address is taken."""
        ...

    def deliver(self, address: str, raw: bytes) -> str:
        """Put a message into the mailbox of the address."""
        ...


class SandboxSmtp:
    """An SMTP server to play with, on the loopback device unless told otherwise.

    `answers` are replies to RCPT by recipient in lower case, such as "451 4.7.1 come back later"; they may
    be changed while the server runs. With `tls` the server offers STARTTLS, or speaks TLS from the start when
    `implicit_tls` is set. What is for a mailbox of `exchange` goes there, and to the mailbox of the same
    address here, if there is one, as with an Exchange that is read by POP3 as well.
    """

    def __init__(
        self,
        mailboxes: SandboxMailboxes,
        *,
        exchange: Inboxes | None = None,
        faults: Faults | None = None,
        answers: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        sign_in: SignIn = SignIn.OPTIONAL,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
    ) -> None:
        self.faults = faults or Faults()
        self.answers = dict(answers or {})
        self.outside: list[Left] = []
        self._mailboxes = mailboxes
        self._exchange = exchange
        self._sign_in = sign_in
        self._tls = tls
        self._implicit_tls = implicit_tls
        self._socket = socket.create_server((host, port), backlog=200)
        # Accepted sockets inherit it; without it each answer to a pipelined group waits 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host, self.port = self._socket.getsockname()[:2]
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_overlook_broken_connections)
        self._sessions: weakref.WeakSet[_Protocol] = weakref.WeakSet()
        self._thread = threading.Thread(target=self._run, name="sandbox-smtp", daemon=True)

    def __enter__(self) -> "SandboxSmtp":
        """Start the server and return it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def start(self) -> None:
        """Serve from now on; the port takes connections already."""
        self._thread.start()

    def stop(self) -> None:
        """Break all sessions and end the server."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        else:
            self._socket.close()
            self._loop.close()

    def _run(self) -> None:
        private = self._tls if self._implicit_tls else None
        serving = self._loop.create_server(self._make_protocol, sock=self._socket, ssl=private)
        server = self._loop.run_until_complete(serving)
        try:
            self._loop.run_forever()
        finally:
            server.close()
            self._loop.run_until_complete(self._end_sessions())
            self._loop.close()

    async def _end_sessions(self) -> None:
        for session in list(self._sessions):
            session.hang_up()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _make_protocol(self) -> "_Protocol":
        protocol = _Protocol(
            _Handler(self._mailboxes, self._exchange, self.faults, self.answers, self.outside),
            faults=self.faults,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname="sandbox.postroom.example",
            ident="Postroom sandbox",
            tls_context=None if self._implicit_tls else self._tls,
            # A toy on the loopback device: passwords may travel as they are.
            auth_require_tls=False,
            authenticator=self._authenticate,
            loop=self._loop,
        )
        # Not by the constructor's argument: that one warns about passwords in the clear.
        protocol._auth_required = self._sign_in is SignIn.REQUIRED
        self._sessions.add(protocol)
        return protocol

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, secret: LoginPassword
    ) -> AuthResult:
        user, password = secret.login.decode("utf-8", "replace"), secret.password.decode("utf-8", "replace")
        is_refused = self.faults.strike(Misbehaviour.REFUSE, user) is not None
        if is_refused or not self._mailboxes.admits(user, password):
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=user)


class _Protocol(SMTP):
    """One session: aiosmtpd's, with answers that can be late or senseless."""

    def __init__(self, handler: "_Handler", *, faults: Faults, **settings: Any) -> None:
        super().__init__(handler, **settings)
        self._faults = faults
        self._handler = handler

    def hang_up(self) -> None:
        """Break the connection without a word."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def _create_session(self) -> Session:
        return _Talk(self.loop)

    async def push(self, status: AnyStr) -> None:
        """Answer, unless the sandbox is told to do it badly."""
        at, user = self._handler.at, self._handler.user
        if self._faults.strike(Misbehaviour.HANG, user, at):
            await asyncio.sleep(_FOR_EVER)
        if slow := self._faults.strike(Misbehaviour.SLOW, user, at):
            await asyncio.sleep(slow.amount)
        if self._faults.strike(Misbehaviour.BABBLE, user, at):
            await super().push("well, what shall I say")
        else:
            await super().push(status)


class _Talk(Session):
    """What aiosmtpd remembers of a session, without the warning at each sign-in."""

    # The library sets this old name itself and then complains about its use.
    login_data: Any = None


class _Handler:
    """What happens at each command of one session; aiosmtpd calls these by name."""

    def __init__(
        self,
        mailboxes: SandboxMailboxes,
        exchange: Inboxes | None,
        faults: Faults,
        answers: Mapping[str, str],
        outside: list[Left],
    ) -> None:
        self._mailboxes = mailboxes
        self._exchange = exchange
        self._faults = faults
        self._answers = answers
        self._outside = outside
        #: How many messages of this session have wholly arrived.
        self.at = 0
        #: Who has signed in.
        self.user = ""

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer pipelining too; aiosmtpd can do it and doesn't say so."""
        session.host_name = hostname
        # In one piece: line by line each would wait for the client's acknowledgement.
        return ["\r\n".join([*responses[:-1], "250-PIPELINING", responses[-1]])]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take any sender."""
        self.user = session.auth_data if isinstance(session.auth_data, str) else ""
        if self._faults.strike(Misbehaviour.TOO_SOON, self.user, self.at + 1):
            return "450 4.7.1 too many messages, try again later"
        # aiosmtpd takes an empty sender for no MAIL at all.
        envelope.mail_from = address or "<>"
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take any recipient but those for whom an answer is laid down."""
        answer = self._answers.get(address.lower(), "250 2.1.5 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Deliver the message, then perhaps do something silly."""
        self.at += 1
        if self._faults.strike(Misbehaviour.WITHHOLD, self.user, self.at):
            return "554 5.6.0 this message is not wanted here"
        self._deliver(envelope)
        if self._faults.strike(Misbehaviour.CLOSE, self.user, self.at):
            # After it was taken and before the answer: the client can't know.
            if isinstance(server, _Protocol):
                server.hang_up()
            await asyncio.sleep(_FOR_EVER)
        return "250 2.0.0 taken"

    def _deliver(self, envelope: Envelope) -> None:
        sender = (envelope.mail_from or "").removeprefix("<>")
        content = envelope.original_content or b""
        data = b"Return-Path: <%b>\r\n%b" % (sender.encode("utf-8", "surrogateescape"), content)
        outsiders = []
        for address in envelope.rcpt_tos:
            is_taken = self._exchange is not None and self._exchange.takes(address)
            if self._exchange is not None and is_taken:
                self._exchange.deliver(address, data)
                if address.lower() not in self._mailboxes.users():
                    continue
            try:
                self._mailboxes.deliver(address, data)
            except LookupError:
                outsiders.append(address)
        if outsiders:
            self._outside.append(Left(sender, tuple(outsiders), content, self.user))


def _overlook_broken_connections(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Let clients hang up whenever they like, without a word in the log."""
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)
