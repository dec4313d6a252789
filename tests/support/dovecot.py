"""A private Dovecot for tests: POP3 and IMAP on loopback, in a directory of its own, unprivileged.

Any user name signs in with the password `pw`; a mailbox comes into being when it is used. As root
the server runs as `nobody`, else as whoever runs the tests; the configuration is the same.
"""

import contextlib
import grp
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Authority

PASSWORD = "pw"

_CONFIGURATION = """\
base_dir = {dir}/run
state_dir = {dir}/run
log_path = {dir}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{dir}/cert.pem
ssl_key = <{dir}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_max_userip_connections = 100
mail_location = maildir:~/Maildir
passdb {{
  driver = static
  args = password=pw
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={dir}/mail/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
"""


class Dovecot:
    """A running server; POP3 on `pop3_port` (plain and STLS) and `pop3s_port`, IMAP likewise."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.pop3_port, self.pop3s_port, self.imap_port, self.imaps_port = free_ports(4)
        #: PEM of the authority that vouches for localhost and 127.0.0.1.
        self.authority = ""
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._process: subprocess.Popen[bytes] | None = None
        self._delivered = 0

    def start(self) -> None:
        """Write the configuration, start the server and wait until it answers."""
        authority = Authority()
        self.authority = authority.pem
        authority.leaf().write(self.directory)
        for name in ("run", "mail"):
            (self.directory / name).mkdir()
        (self.directory / "dovecot.conf").write_text(
            _CONFIGURATION.format(
                dir=self.directory,
                user=self._account.pw_name,
                group=self._group(),
                pop3=self.pop3_port,
                pop3s=self.pop3s_port,
                imap=self.imap_port,
                imaps=self.imaps_port,
            )
        )
        self._own(self.directory)
        program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "dovecot"
        as_root = os.geteuid() == 0
        with (self.directory / "stderr").open("wb") as complaints:
            self._process = subprocess.Popen(
                [program, "-F", "-c", str(self.directory / "dovecot.conf")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                cwd=self.directory,
                user=self._account.pw_uid if as_root else None,
                group=self._account.pw_gid if as_root else None,
                extra_groups=[] if as_root else None,
            )
        self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """End the server and wait for it."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def new_user(self, word: str = "user") -> str:
        """Return a user name that no other test uses."""
        return f"{word}-{secrets.token_hex(4)}"

    def deliver(self, user: str, data: bytes) -> str:
        """Put a message into the user's inbox, after all earlier ones; return its file name."""
        maildir = self._maildir(user)
        self._delivered += 1
        wire_size = len(re.sub(rb"(?<!\r)\n", b"\r\n", data))
        serial = f"{1_700_000_000 + self._delivered}.M{self._delivered}P1.test"
        # With its size on the wire in its name, no message is read for a listing.
        name = f"{serial},S={len(data)},W={wire_size}"
        (maildir / "tmp" / name).write_bytes(data)
        self._own(maildir / "tmp" / name)
        (maildir / "tmp" / name).rename(maildir / "new" / name)
        return name

    def deliver_lying(self, user: str, data: bytes, claimed: int) -> None:
        """Put a message into the inbox whose name claims another size than it has."""
        name = self.deliver(user, data)
        new = self._maildir(user) / "new"
        (new / name).rename(new / f"{name.split(',')[0]},S={claimed},W={claimed}")

    def count(self, user: str) -> int:
        """Return how many messages the user's inbox has."""
        return sum(1 for name in ("new", "cur") for _ in (self._maildir(user) / name).iterdir())

    def forget_uidls(self, user: str) -> None:
        """Delete the user's index files, so that every message gets a new UIDL."""
        for pattern in ("dovecot*", "maildirfolder"):
            for file in self._maildir(user).glob(pattern):
                file.unlink()

    def log(self) -> str:
        """Return what the server has logged."""
        path = self.directory / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def _maildir(self, user: str) -> Path:
        maildir = self.directory / "mail" / user / "Maildir"
        if not maildir.exists():
            for folder in ("cur", "new", "tmp"):
                (maildir / folder).mkdir(parents=True)
            self._own(self.directory / "mail" / user)
        return maildir

    def _own(self, path: Path) -> None:
        """Give what we made to the account that the server runs as."""
        if os.geteuid() != 0:
            return
        paths = [path, *path.rglob("*")] if path.is_dir() else [path]
        for each in paths:
            os.chown(each, self._account.pw_uid, self._account.pw_gid)

    def _group(self) -> str:
        return grp.getgrgid(self._account.pw_gid).gr_name

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.pop3_port), 5) as s,
            ):
                s.settimeout(5)
                if s.recv(3) == b"+OK":
                    return
            time.sleep(0.02)
        said = (self.directory / "stderr").read_text("utf-8", "replace")
        raise RuntimeError(f"Dovecot did not start: {said}\n{self.log()}")


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody uses now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    """Give a running Dovecot and end it afterwards."""
    # Not below pytest's own directory: only its owner may enter that, and the server is another.
    directory = Path(tempfile.mkdtemp(prefix="postroom-dovecot-"))
    directory.chmod(0o755)
    server = Dovecot(directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def require_dovecot() -> None:
    """Skip the test where there is no Dovecot; on a CI machine that is a failure."""
    if shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return
    reason = "Dovecot is missing: apt-get install dovecot-imapd dovecot-pop3d"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot for the whole run; each test takes users of its own from `new_user`."""
    require_dovecot()
    with running_dovecot() as server:
        yield server
