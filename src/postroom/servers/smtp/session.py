"""Setting up an SMTP session: greeting, EHLO, STARTTLS, AUTH, on top of `smtplib`."""

import base64
import hashlib
import hmac
import smtplib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from postroom.errors import BadReply, Refused, SignInRejected, Throttled, TransportError
from postroom.ports.mail import Submission
from postroom.servers.connection import (
    Address,
    Connection,
    Endpoint,
    Mask,
    Security,
    Step,
    connect,
    open_connection,
    resolve,
    run_steps,
)
from postroom.servers.smtp.content import Measure
from postroom.servers.smtp.envelope import make_envelope
from postroom.servers.smtp.reply import Reply, Wire, failure_for

# The mechanism was not understood; that says nothing about the password.
_NO_SUCH_MECHANISM = frozenset({500, 501, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """Where mail is handed over, and as whom; without user nobody signs in."""

    endpoint: Endpoint
    user: str = ""
    password: str | None = field(default=None, repr=False)
    #: What we call ourselves in EHLO; empty takes the machine's name.
    local_name: str = ""
    #: How long the answer to a whole message may take; giving up leaves it unknown whether it was sent.
    patience_seconds: float = 600.0

    @property
    def mask(self) -> Mask:
        """Return what hides this account's secrets in a server's words."""
        if not self.password:
            return Mask()
        return Mask((self.password, f"\0{self.user}\0{self.password}"))


class Session(smtplib.SMTP):
    """An SMTP session over a `Connection`: the library speaks, the connection carries.

    Every failure is a `TransportError`; what the server says is shown with secrets masked.
    """

    def __init__(self, account: SmtpAccount, connection: Connection) -> None:
        super().__init__(local_hostname=account.local_name or _local_name())
        self.account = account
        self.wire = Wire(connection)
        self._mask = account.mask

    @property
    def offers(self) -> dict[str, str]:
        """Return the extensions of the server's EHLO, in lower case, with their parameters."""
        return self.esmtp_features

    def send(self, s: Any) -> None:
        """Send a command; the library calls this."""
        self.wire.begin("the answer to a command")
        self.wire.send(s.encode(self.command_encoding) if isinstance(s, str) else bytes(s))

    def getreply(self) -> tuple[int, bytes]:
        """Return code and words of the next reply; the library calls this."""
        return self.wire.reply()

    def close(self) -> None:
        """Close the connection; raises nothing."""
        self.wire.connection.close()

    def show(self, said: bytes) -> str:
        """Return the server's words as people may see them."""
        return self._mask(said)

    def failure(self, reply: Reply, what: str) -> TransportError:
        """Return the failure that this reply to `what` stands for."""
        shown = self.show(reply.said)
        return failure_for(reply, f"{self.account.endpoint} answered {what} with {reply.code} {shown}", shown)

    def greet(self) -> str:
        """Read the greeting and return it."""
        self.wire.begin("the greeting")
        return self._demand(self.wire.reply(), "our connection")

    def introduce(self) -> str:
        """Say EHLO, or HELO to servers that know no better, and return the answer."""
        reply = Reply(*self.ehlo())
        if 500 <= reply.code < 600:
            self.esmtp_features = {}
            reply = Reply(*self.helo())
        return self._demand(reply, "our EHLO")

    def protect(self) -> str:
        """Switch to TLS and introduce ourselves again; what was said in the clear is forgotten."""
        endpoint = self.account.endpoint
        if not self.has_extn("starttls"):
            raise BadReply(
                f"{endpoint} does not offer STARTTLS; choose TLS or another port in the server profile."
            )
        reply = Reply(*self.docmd("STARTTLS"))
        if reply.code != 220:
            raise self.failure(reply, "STARTTLS")
        if self.wire.has_more:
            # source: RFC3207 6
            raise BadReply(f"{endpoint} sent more than its answer before TLS began; not trusted.")
        self.wire.connection.start_tls()
        self.does_esmtp = False
        self.introduce()
        return self.wire.connection.protection

    def sign_in(self) -> str:
        """Sign in with the first mechanism that both sides know and return the server's answer."""
        self.wire.connection.require_privacy()
        offered = self.offers.get("auth", "").upper().split()
        if not offered:
            # A relay that trusts this machine asks nobody; if it does want to know, it refuses the mail.
            return "the server offers no sign-in; nothing was signed in with"
        # CRAM-MD5 keeps the password off an open wire, but needs it readable on the server; under TLS
        # the plain ones work with more servers.
        order = (
            ("PLAIN", "LOGIN", "CRAM-MD5")
            if self.wire.connection.is_private
            else ("CRAM-MD5", "PLAIN", "LOGIN")
        )
        known = [name for name in order if name in offered]
        if not known:
            raise SignInRejected(
                f"{self.account.endpoint} offers no way to sign in that we know "
                f"(it offers {', '.join(offered) or 'none'}; we know {', '.join(sorted(order))})."
            )
        for name in known:
            reply = _MECHANISMS[name](self)
            if reply.code not in _NO_SUCH_MECHANISM:
                break
        if reply.is_yes:
            return self.show(reply.said)
        shown = self.show(reply.said)
        problem = f"{self.account.endpoint} did not let {self.account.user} sign in: {reply.code} {shown}"
        if 400 <= reply.code < 500:
            raise Throttled(problem, reply=shown)
        raise SignInRejected(problem, reply=shown)

    def rehearse(self, address: str) -> str:
        """Ask whether mail from and to this address would be taken, and call it off again."""
        nothing = Measure(size=0, is_ascii=True, has_ascii_headers=True, ready=b"")
        envelope = make_envelope(Submission("", address, (address,), ()), nothing, self.offers)
        for command in (envelope.mail, *envelope.rcpt):
            self.send(command)
            reply = self.wire.reply()
            if not reply.is_yes:
                raise self.failure(reply, command.decode().strip())
        self.docmd("RSET")
        return self.show(reply.said)

    def end(self) -> None:
        """Say good-bye without waiting long for the answer, and close; raises nothing."""
        try:
            self.docmd("QUIT")
        except TransportError:
            pass
        finally:
            self.close()

    def _demand(self, reply: Reply, what: str) -> str:
        if reply.is_yes:
            return self.show(reply.said)
        failure = self.failure(reply, what)
        if isinstance(failure, Refused):
            # It is us that the server won't have, not one message.
            raise SignInRejected(str(failure), reply=failure.reply)
        raise failure

    def _say(self, secret: bytes) -> Reply:
        return Reply(*self.docmd(base64.b64encode(secret).decode("ascii")))

    def _auth_plain(self) -> Reply:
        # source: RFC4616 2
        whole = f"\0{self.account.user}\0{self.account.password or ''}".encode()
        return Reply(*self.docmd("AUTH", "PLAIN " + base64.b64encode(whole).decode("ascii")))

    def _auth_login(self) -> Reply:
        reply = Reply(*self.docmd("AUTH", "LOGIN"))
        for part in (self.account.user, self.account.password or ""):
            if reply.code != 334:
                break
            reply = self._say(part.encode())
        return reply

    def _auth_cram_md5(self) -> Reply:
        # source: RFC2195 2
        reply = Reply(*self.docmd("AUTH", "CRAM-MD5"))
        if reply.code != 334:
            return reply
        try:
            challenge = base64.b64decode(reply.said, validate=True)
        except ValueError as exc:
            raise BadReply(f"{self.account.endpoint} sent a challenge that is not Base64.") from exc
        digest = hmac.new((self.account.password or "").encode(), challenge, hashlib.md5).hexdigest()
        return self._say(f"{self.account.user} {digest}".encode())


_MECHANISMS: dict[str, Callable[[Session], Reply]] = {
    "PLAIN": Session._auth_plain,
    "LOGIN": Session._auth_login,
    "CRAM-MD5": Session._auth_cram_md5,
}


def _local_name() -> str:
    name = socket.gethostname()
    return (
        name if "." in name and name.isascii() and name.isprintable() and " " not in name else "[127.0.0.1]"
    )


def start_session(account: SmtpAccount) -> Session:
    """Connect, protect, sign in; return the session ready for mail, or raise `TransportError`."""
    connection = open_connection(account.endpoint)
    try:
        session = Session(account, connection)
        session.greet()
        session.introduce()
        if account.endpoint.security is Security.STARTTLS:
            session.protect()
        if account.user:
            session.sign_in()
    except BaseException:
        connection.close()
        raise
    return session


def check(account: SmtpAccount, send_to: str | None = None) -> Iterator[Step]:
    """Try the account step by step: resolve, connect, TLS, sign in; stop after the first failure.

    With `send_to` the server is asked at the end whether it would take mail from and to that
    address; nothing is sent.
    """
    opened: list[Connection] = []
    try:
        yield from run_steps(_steps(account, send_to, opened))
    finally:
        for connection in opened:
            connection.close()


def _steps(
    account: SmtpAccount, send_to: str | None, opened: list[Connection]
) -> Iterator[tuple[str, Callable[[], str]]]:
    endpoint = account.endpoint
    addresses: list[Address] = []

    def look_up() -> str:
        addresses.extend(resolve(endpoint))
        return ", ".join(str(address) for address in addresses)

    def open_line() -> str:
        opened.append(connect(endpoint, addresses))
        return str(endpoint)

    def begin_tls() -> str:
        opened[0].start_tls()
        return opened[0].protection

    yield "resolve", look_up
    yield "connect", open_line
    if endpoint.security is Security.TLS:
        yield "TLS", begin_tls
    session = Session(account, opened[0])
    yield "greeting", session.greet
    yield "EHLO", session.introduce
    if endpoint.security is Security.STARTTLS:
        yield "TLS", session.protect
    if account.user:
        yield "sign in", session.sign_in
    if send_to is not None:
        yield "offer", lambda: session.rehearse(send_to)
    session.end()
