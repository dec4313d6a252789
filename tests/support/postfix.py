"""SMTP servers for tests: Debian's smtp-sink, a private Postfix, and a sink that keeps what it gets.

Each runs on loopback in a directory of its own and is ended by its process id. `Capture` answers
by the recipient's address: "gone..." is unknown, "later..." is greylisted, "full..." has no room.
"""

import contextlib
import email
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import md5
from hmac import HMAC
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.support.dovecot import free_ports

#: What servers here answer to RCPT, by how the address begins.
ANSWERS = {
    "gone": "550 5.1.1 no such user here",
    "later": "451 4.7.1 greylisted, try again in 120 seconds",
    "full": "452 4.2.2 mailbox full",
}
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


@dataclass(frozen=True)
class Got:
    """A message that arrived: its envelope and its bytes as they were before dots were doubled."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    options: tuple[str, ...] = ()


def find_program(name: str) -> str:
    """Return the path of a program of Debian's postfix package; skip where it is missing, fail in CI."""
    path = shutil.which(name, path=_PATH)
    if path:
        return path
    reason = f"{name} is missing: apt-get install postfix"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


# --- aiosmtpd, in this process


@dataclass
class Capture:
    """A sink in this process that keeps every message."""

    got: list[Got] = field(default_factory=list)
    #: Sign-ins that were tried: mechanism, user, password.
    signed_in: list[tuple[str, str, str]] = field(default_factory=list)
    #: Replies to the whole message by a word in its subject, such as {"spam": "550 5.7.1 no"}.
    verdicts: dict[str, str] = field(default_factory=dict)
    #: Extensions to be added to the answer to EHLO, or with a minus before them to be left out.
    offers: tuple[str, ...] = ("PIPELINING",)
    port: int = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        left_out = tuple(f"250-{offer[1:]}" for offer in self.offers if offer.startswith("-"))
        added = [f"250-{offer}" for offer in self.offers if not offer.startswith("-")]
        kept = [line for line in responses[:-1] if not (left_out and line.startswith(left_out))]
        return [*kept, *added, responses[-1]]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("banned"):
            return "553 5.7.1 not from you"
        envelope.mail_from = address or "<>"
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        for beginning, answer in ANSWERS.items():
            if address.startswith(beginning):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        subject = str(email.message_from_bytes(content)["Subject"])
        for word, verdict in self.verdicts.items():
            if word in subject:
                return verdict
        sender = (envelope.mail_from or "").removeprefix("<>")
        self.got.append(Got(sender, tuple(envelope.rcpt_tos), content, tuple(envelope.mail_options)))
        return "250 2.0.0 kept"

    async def auth_CRAM__MD5(self, server: SMTP, _args: list[str]) -> AuthResult:  # noqa: N802
        challenge = b"<1896.697170952@capture.example>"
        await server.push(b"334 " + b64encode(challenge))
        line = (await server._reader.readline()).strip()
        user, _, digest = b64decode(line).decode().rpartition(" ")
        self.signed_in.append(("CRAM-MD5", user, digest))
        is_right = digest == HMAC(b"opensesame", challenge, md5).hexdigest()
        return AuthResult(success=is_right, handled=False, auth_data=user)

    def authenticate(self, _s: SMTP, _ss: Session, _e: Envelope, mechanism: str, secret: Any) -> AuthResult:
        user, password = secret.login.decode(), secret.password.decode()
        self.signed_in.append((mechanism, user, password))
        return AuthResult(success=password == "opensesame", handled=False, auth_data=user)

    def wait(self, count: int, seconds: float = 20.0) -> list[Got]:
        """Return what arrived once there are so many messages, or what there is when time is up."""
        deadline = time.monotonic() + seconds
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return list(self.got)


class _QuietSession(Session):
    login_data: Any = None


class _Server(SMTP):
    def _create_session(self) -> Session:
        return _QuietSession(self.loop)


@contextlib.contextmanager
def running_capture(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, **settings: Any
) -> Iterator[Capture]:
    """Give a sink that keeps what it gets; with `tls` it offers STARTTLS, or begins with TLS."""
    capture = Capture()
    (capture.port,) = free_ports(1)

    class Serving(Controller):
        def factory(self) -> SMTP:
            return _Server(
                capture,
                enable_SMTPUTF8=settings.get("smtputf8", True),
                data_size_limit=settings.get("size_limit", 64 << 20),
                tls_context=None if implicit else tls,
                auth_require_tls=False,
                auth_exclude_mechanism=settings.get("without_mechanisms"),
                authenticator=capture.authenticate,
                loop=self.loop,
            )

    controller = Serving(
        capture, hostname="127.0.0.1", port=capture.port, ssl_context=tls if implicit else None
    )
    controller.start()
    try:
        yield capture
    finally:
        controller.stop()


# --- smtp-sink


@dataclass
class Sink:
    """A running smtp-sink; it can keep what it gets, with LF line ends."""

    port: int
    directory: Path

    def wait(self, count: int, seconds: float = 20.0) -> list[Got]:
        """Return what arrived, in order, once there are so many messages."""
        deadline = time.monotonic() + seconds
        while len(found := self._read()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def _read(self) -> list[Got]:
        # In order of writing; the names are numbers of chance.
        files = sorted(self.directory.glob("msg.*"), key=lambda file: file.stat().st_mtime_ns)
        dumps = [file.read_bytes() for file in files]
        # What it was given only in part lies there too; at the end of a whole message it adds a line.
        return [_read_dump(dump) for dump in dumps if dump.endswith(b"\n\n")]


def _read_dump(data: bytes) -> Got:
    head, _, rest = data.partition(b"Received: ")
    # Its own Received header has two further lines.
    content = rest.split(b"\n", 3)[3].removesuffix(b"\n")
    sender, recipients = "", []
    for line in head.splitlines():
        name, _, value = line.partition(b": ")
        address, _, options = value.decode().partition(" ")
        if name == b"X-Mail-Args":
            sender, mail_options = address.strip("<>"), tuple(options.split())
        elif name == b"X-Rcpt-Args":
            recipients.append(address.strip("<>"))
    return Got(sender, tuple(recipients), content.replace(b"\n", b"\r\n"), mail_options)


@contextlib.contextmanager
def running_smtp_sink(*options: str, keep: bool = False) -> Iterator[Sink]:
    """Run smtp-sink with these options, such as "-f", "rcpt"; with `keep` each message becomes a file."""
    program = find_program("smtp-sink")
    directory = Path(tempfile.mkdtemp(prefix="postroom-sink-"))
    (port,) = free_ports(1)
    arguments = [program, *options]
    if os.geteuid() == 0:
        arguments += ["-u", "nobody"]
        directory.chmod(0o777)
    if keep:
        arguments += ["-d", f"{directory}/msg."]
    log = (directory / "log").open("wb")
    process = subprocess.Popen(
        [*arguments, f"127.0.0.1:{port}", "100"], stdout=log, stderr=log, cwd=directory
    )
    try:
        _wait_for_port(port, process)
        yield Sink(port, directory)
    finally:
        process.terminate()
        process.wait(10)
        log.close()
        shutil.rmtree(directory, ignore_errors=True)


def _wait_for_port(port: int, process: subprocess.Popen[bytes] | None = None, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.settimeout(5)
            if sock.recv(3) == b"220":
                sock.sendall(b"QUIT\r\n")
                sock.recv(100)
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}")


# --- Postfix

_MAIN = """\
compatibility_level = 3.6
config_directory = {dir}/etc
queue_directory = {dir}/spool
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.example
mydestination =
mynetworks = 127.0.0.0/8
relay_domains =
default_transport = smtp:[127.0.0.1]:{target}
relay_transport = smtp:[127.0.0.1]:{target}
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
alias_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access regexp:{dir}/etc/answers
smtpd_peername_lookup = no
smtp_host_lookup = native
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
message_size_limit = 20000000
"""

_MASTER = """\
{port}    inet  n - n - -     smtpd
cleanup   unix  n - n - 0     cleanup
qmgr      unix  n - n 300 1   qmgr
rewrite   unix  - - n - -     trivial-rewrite
bounce    unix  - - n - 0     bounce
defer     unix  - - n - 0     bounce
trace     unix  - - n - 0     bounce
verify    unix  - - n - 1     verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - -     proxymap
smtp      unix  - - n - -     smtp
relay     unix  - - n - -     smtp
showq     unix  n - n - -     showq
error     unix  - - n - -     error
retry     unix  - - n - -     error
discard   unix  - - n - -     discard
anvil     unix  - - n - 1     anvil
scache    unix  - - n - 1     scache
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """A running Postfix that relays all it takes to a `Capture`."""

    directory: Path
    port: int
    capture: Capture

    def log(self) -> str:
        """Return what it has logged."""
        path = self.directory / "maillog"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def is_empty(self) -> bool:
        """Say whether all that it has taken has been handed on."""
        queues = (self.directory / "spool" / name for name in ("incoming", "active", "deferred"))
        return not any(path.is_file() for queue in queues for path in queue.rglob("*"))


def require_postfix() -> str:
    """Return Postfix's program; skip without it or without the rights that it needs."""
    if os.geteuid() != 0:
        pytest.skip("Postfix changes identity for each of its services, which only root may")
    return find_program("postfix")


@contextlib.contextmanager
def running_postfix() -> Iterator[Postfix]:
    """Run a private Postfix, with a sink of its own behind it."""
    program = require_postfix()
    directory = Path(tempfile.mkdtemp(prefix="postroom-postfix-"))
    directory.chmod(0o755)
    with running_capture() as capture:
        (port,) = free_ports(1)
        _configure(directory, port, capture.port)
        configuration = str(directory / "etc")
        started = subprocess.run([program, "-c", configuration, "start"], capture_output=True, text=True)
        server = Postfix(directory, port, capture)
        try:
            if started.returncode:
                raise RuntimeError(f"Postfix did not start: {started.stderr}\n{server.log()}")
            _wait_for_port(port)
            yield server
        finally:
            _end_postfix(directory)
            shutil.rmtree(directory, ignore_errors=True)


def _configure(directory: Path, port: int, target: int) -> None:
    for name in ("etc", "spool", "data"):
        (directory / name).mkdir()
    shutil.chown(directory / "data", "postfix")
    (directory / "etc/main.cf").write_text(_MAIN.format(dir=directory, target=target))
    (directory / "etc/master.cf").write_text(_MASTER.format(port=port))
    rules = "".join(f"/^{beginning}/ {answer}\n" for beginning, answer in ANSWERS.items())
    (directory / "etc/answers").write_text(rules)


def _end_postfix(directory: Path) -> None:
    """End the master by its process id; its children follow."""
    file = directory / "spool/pid/master.pid"
    if not file.exists():
        return
    pid = int(file.read_text())
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        for _ in range(200):
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)


# --- fixtures


@pytest.fixture
def capture() -> Iterator[Capture]:
    """A sink in this process that keeps what it gets."""
    with running_capture() as sink:
        yield sink


@pytest.fixture
def smtp_sink() -> Iterator[Callable[..., Sink]]:
    """A function that starts smtp-sink with options; every one ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *options, keep=False: stack.enter_context(running_smtp_sink(*options, keep=keep))


@pytest.fixture(scope="session")
def postfix() -> Iterator[Postfix]:
    """A Postfix for the whole run; tell messages apart by their subjects or addresses."""
    with running_postfix() as server:
        yield server
