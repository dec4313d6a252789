"""One way to reach a mail server: resolve, connect, TLS, limits on time, clear errors.

The protocols read and write through `Connection`, which turns every failure of the network into
a `TransportError` whose sentence names host and port. Two limits hold at once: no single wait is
longer than the endpoint's `timeout`, and an operation as a whole (`begin`) has `timeout` seconds
plus what the octets that really flow earn, so a server that drips cannot hold a pass for ever.
"""

import base64
import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from postroom.errors import BadReply, SignInRejected, TransportError, Unreachable, UserError

#: A transfer slower than this for longer than the time-out is given up.
OCTETS_PER_SECOND = 4096
#: Octets asked from the kernel at once; TLS gives at most 16 KiB whatever is asked.
PIECE = 256 * 1024
#: A line of a reply longer than this is no reply. Message lines are never read as lines.
LONGEST_LINE = 64 * 1024
#: Characters of a server's reply that are kept for people to read.
LONGEST_REPLY = 500


class Security(Enum):
    """How a connection is protected."""

    #: No protection at all; passwords travel only to this machine or where allowed.
    PLAIN = "plain"
    #: TLS from the first octet.
    TLS = "tls"
    #: Begins in the clear and must switch to TLS before signing in (STARTTLS, STLS).
    STARTTLS = "starttls"

    @staticmethod
    def by_port(port: int) -> "Security":
        """Return what is usual on that port.

        >>> Security.by_port(995)
        <Security.TLS: 'tls'>
        >>> Security.by_port(587)
        <Security.STARTTLS: 'starttls'>
        """
        return Security.TLS if port in {465, 993, 995} else Security.STARTTLS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is and how it is spoken to."""

    host: str
    port: int
    security: Security = Security.TLS
    #: Seconds that one wait, or an operation without progress, may take.
    timeout: float = 100.0
    #: PEM of the authority that alone may vouch for the server; None trusts the system's authorities.
    trusted_authority: str | None = None
    #: Passwords may cross the network unprotected; otherwise only to this machine.
    allow_plaintext: bool = False

    def __post_init__(self) -> None:
        """Refuse a place that cannot exist, with all that is wrong."""
        problems = []
        if not self.host.strip():
            problems.append("The server's host name is empty; enter the location of the mail server.")
        if not 0 < self.port < 65536:
            problems.append(f"Port {self.port} does not exist; use a number from 1 to 65535.")
        if self.timeout <= 0:
            problems.append(f"A time-out of {self.timeout} seconds is not possible; use more than 0.")
        if problems:
            raise UserError(*problems)

    def __str__(self) -> str:
        """Return host and port as they are shown to people."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trial: what was done, whether it worked, how long it took, what the server said."""

    name: str
    ok: bool
    seconds: float
    #: The server's own words, or what else is worth showing; secrets masked.
    reply: str = ""
    #: Why it failed; None when it worked.
    failure: TransportError | UserError | None = None


def run_steps(steps: Iterable[tuple[str, Callable[[], str]]]) -> Iterator[Step]:
    """Yield the outcome of each named action in order and stop after the first that fails.

    Give a generator, so that a step can depend on what the one before it brought to light.
    """
    for name, action in steps:
        started = time.monotonic()
        try:
            reply = action()
        except (TransportError, UserError) as failure:
            said = failure.reply if isinstance(failure, TransportError) else ""
            yield Step(name, ok=False, seconds=time.monotonic() - started, reply=said, failure=failure)
            return
        yield Step(name, ok=True, seconds=time.monotonic() - started, reply=reply)


@dataclass(frozen=True, slots=True)
class Mask:
    """Hides secrets in what a server says, also where it echoes them in Base64."""

    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __call__(self, said: bytes | str) -> str:
        """Return the text fit to be shown: printable, short, without any secret.

        >>> Mask(("opensesame",))(b"-ERR what is PASS opensesame?")
        '-ERR what is PASS ***?'
        """
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        for hidden in self._spellings():
            text = text.replace(hidden, "***")
        text = "".join(c if c.isprintable() else " " for c in text).strip()
        return text if len(text) <= LONGEST_REPLY else text[: LONGEST_REPLY - 1] + "…"

    def _spellings(self) -> list[str]:
        plain = [secret for secret in self.secrets if secret]
        coded = [base64.b64encode(secret.encode()).decode() for secret in plain]
        # The longest first: one secret may be part of another.
        return sorted({*plain, *coded}, key=len, reverse=True)


@dataclass(frozen=True, slots=True)
class Address:
    """One resolved place: what `socket` wants to know to connect to it."""

    family: int
    sockaddr: tuple[str | int | bytes, ...]

    def __str__(self) -> str:
        """Return the numeric address."""
        return str(self.sockaddr[0])


class Connection:
    """An open connection to a mail server: octets in and out, in time or not at all."""

    def __init__(self, sock: socket.socket, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._sock = sock
        self._what = "the greeting"
        self._started = time.monotonic()
        self._moved = 0

    @property
    def is_private(self) -> bool:
        """Say whether TLS protects what is sent from now on."""
        return isinstance(self._sock, ssl.SSLSocket)

    @property
    def protection(self) -> str:
        """Return protocol version and cipher, or "no encryption"."""
        if not isinstance(self._sock, ssl.SSLSocket):
            return "no encryption"
        cipher = self._sock.cipher()
        return f"{self._sock.version()}, {cipher[0] if cipher else 'unknown cipher'}"

    def require_privacy(self) -> None:
        """Refuse to go on to a password over a connection that others could read."""
        if self.is_private or self.endpoint.allow_plaintext or self._stays_here():
            return
        raise SignInRejected(
            f"The connection to {self.endpoint} is not encrypted, so the password was not sent. "
            "Choose TLS or STARTTLS in the server profile, or allow unencrypted passwords there."
        )

    def begin(self, what: str) -> None:
        """Start the clock of an operation; `what` completes "while waiting for ..."."""
        self._what = what
        self._started = time.monotonic()
        self._moved = 0

    def send(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of it."""
        view = memoryview(data)
        try:
            for start in range(0, len(view), PIECE):
                piece = view[start : start + PIECE]
                self._sock.sendall(piece)
                self._passed(len(piece))
        except TimeoutError as error:
            raise self._too_slow() from error
        except OSError as error:
            raise self._broken(error) from error

    def receive(self) -> bytes:
        """Return the next octets, at least one."""
        try:
            data = self._sock.recv(PIECE)
        except TimeoutError as error:
            raise self._too_slow() from error
        except OSError as error:
            raise self._broken(error) from error
        if not data:
            raise Unreachable(f"{self.endpoint} closed the connection while we waited for {self._what}.")
        self._passed(len(data))
        return data

    def start_tls(self) -> None:
        """Protect the connection from here on; the certificate must be good for the host.

        The caller sees to it that nothing is left of what came in the clear: it must not be
        taken for something said under TLS.
        """
        # source: RFC3207 6
        context = tls_context(self.endpoint.trusted_authority)
        try:
            self._sock = context.wrap_socket(self._sock, server_hostname=self.endpoint.host)
        except ssl.SSLCertVerificationError as error:
            raise untrusted(self.endpoint, error) from error
        except TimeoutError as error:
            raise Unreachable(
                f"{self.endpoint} did not answer the start of TLS within {self.endpoint.timeout:g} s; "
                "perhaps this port expects an unencrypted start (STARTTLS)."
            ) from error
        except (OSError, ValueError) as error:
            raise no_tls(self.endpoint, error) from error

    def close(self) -> None:
        """Close the connection; raises nothing."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def abort(self) -> None:
        """Break the connection so that the server sees it at once; raises nothing."""
        with contextlib.suppress(OSError):
            # A reset instead of an orderly end: nothing may look like a good-bye.
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        with contextlib.suppress(OSError):
            # Wakes a thread that waits in recv; closing alone would leave it there.
            self._sock.shutdown(socket.SHUT_RDWR)
        self.close()

    def _stays_here(self) -> bool:
        """Say whether the other end is on this machine, as far as its address tells."""
        try:
            peer = self._sock.getpeername()
        except OSError:
            return False
        return isinstance(peer, tuple) and ipaddress.ip_address(peer[0]).is_loopback

    def _passed(self, octets: int) -> None:
        """Count what flowed and give up when the whole operation is too slow."""
        self._moved += octets
        allowed = self.endpoint.timeout + self._moved / OCTETS_PER_SECOND
        if time.monotonic() - self._started > allowed:
            raise Unreachable(
                f"{self.endpoint} is too slow: {self._moved} octets in {allowed:.0f} s "
                f"while we waited for {self._what}."
            )

    def _too_slow(self) -> Unreachable:
        return Unreachable(
            f"{self.endpoint} said nothing for {self.endpoint.timeout:g} s while we waited for {self._what}."
        )

    def _broken(self, error: OSError) -> Unreachable:
        reason = error.strerror or type(error).__name__
        return Unreachable(
            f"The connection to {self.endpoint} broke while we waited for {self._what}: {reason}."
        )


def resolve(endpoint: Endpoint) -> list[Address]:
    """Return the addresses of the host, in the order to be tried."""
    found: list[Address] | OSError | UnicodeError = []

    def ask() -> None:
        nonlocal found
        try:
            infos = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
            found = [Address(info[0], tuple(info[4])) for info in infos]
        except (OSError, UnicodeError) as error:
            found = error

    if _is_numeric(endpoint.host):
        ask()
    else:
        # The resolver of the C library knows no time-out of ours.
        asking = threading.Thread(target=ask, name="resolve", daemon=True)
        asking.start()
        asking.join(endpoint.timeout)
        if asking.is_alive():
            raise Unreachable(
                f"The name service gave no answer about {endpoint.host} in {endpoint.timeout:g} s."
            )
    if isinstance(found, Exception):
        raise not_found(endpoint, found) from found
    return found


def connect(endpoint: Endpoint, addresses: list[Address]) -> Connection:
    """Open a connection to the first address that answers; no TLS yet."""
    deadline = time.monotonic() + endpoint.timeout
    failure: OSError | None = None
    for position, address in enumerate(addresses):
        share = (deadline - time.monotonic()) / (len(addresses) - position)
        sock = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            sock.settimeout(max(share, 0.01))
            sock.connect(address.sockaddr)
        except OSError as error:
            sock.close()
            failure = error
            continue
        sock.settimeout(endpoint.timeout)
        # Commands are short and go out at once; waiting to fill a packet costs 40 ms a turn.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Connection(sock, endpoint)
    raise no_answer(endpoint, failure) from failure


def open_connection(endpoint: Endpoint) -> Connection:
    """Resolve, connect and, where the endpoint says TLS from the start, begin TLS."""
    connection = connect(endpoint, resolve(endpoint))
    if endpoint.security is Security.TLS:
        try:
            connection.start_tls()
        except BaseException:
            connection.close()
            raise
    return connection


@lru_cache(maxsize=64)
def tls_context(trusted_authority: str | None) -> ssl.SSLContext:
    """Return the rules for TLS; kept, because loading the system's authorities takes 20 ms."""
    try:
        context = ssl.create_default_context(cadata=trusted_authority)
    except (ssl.SSLError, ValueError) as error:
        raise UserError(
            "The trusted authority of the server profile is not a certificate in PEM form; "
            "paste the text from -----BEGIN CERTIFICATE----- on."
        ) from error
    # A company may hand out an intermediate authority instead of its root.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def not_found(endpoint: Endpoint, error: OSError | UnicodeError) -> Unreachable:
    """Return what it means that the host's name leads nowhere."""
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return Unreachable(f"The name service cannot be reached to look up {endpoint.host}; try again later.")
    return Unreachable(f"There is no host named {endpoint.host}; correct the location in the server profile.")


def no_answer(endpoint: Endpoint, error: OSError | None) -> Unreachable:
    """Return what it means that no connection came about."""
    if isinstance(error, TimeoutError):
        return Unreachable(
            f"{endpoint} did not answer within {endpoint.timeout:g} s; check host and port, "
            "and whether a firewall stands between."
        )
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(f"Nothing listens at {endpoint}; check the port and whether the server runs.")
    reason = (error.strerror if error else None) or "it has no address"
    return Unreachable(f"{endpoint} cannot be reached: {reason}.")


#: OpenSSL's verification codes, in words. Other codes are shown with OpenSSL's own words.
CERTIFICATE_FAULTS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself and not among the trusted authorities",
    19: "comes from an authority that is not trusted",
    20: "comes from an authority that is not trusted",
    21: "comes from an authority that is not trusted",
    62: "is for another host name",
    64: "is for another address",
}


def untrusted(endpoint: Endpoint, error: ssl.SSLCertVerificationError) -> Unreachable:
    """Return what is wrong with the server's certificate."""
    fault = CERTIFICATE_FAULTS.get(error.verify_code, f"is not acceptable ({error.verify_message})")
    return Unreachable(
        f"The certificate of {endpoint} {fault}; nothing was sent. Mend the certificate, use the host name "
        "it was made for, or enter its authority in the server profile.",
        reply=f"{error.verify_message} (code {error.verify_code})",
    )


def no_tls(endpoint: Endpoint, error: OSError | ValueError) -> TransportError:
    """Return what it means that TLS did not begin."""
    if isinstance(error, ssl.SSLError) and error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
        return BadReply(
            f"{endpoint} does not speak TLS from the start; choose STARTTLS in the server profile, "
            "or the port that is meant for TLS."
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return BadReply(f"TLS with {endpoint} failed: {error.reason or error}.")
    if isinstance(error, ValueError):
        return BadReply(f"TLS needs a proper host name, which {endpoint.host} is not.")
    return Unreachable(f"{endpoint} broke the connection while TLS began; perhaps it is not a port for TLS.")
