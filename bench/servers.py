"""Private servers on loopback, each in a directory of its own and ended by its own process id."""

import grp
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import CACHE, ROOT, BenchmarkError, environment, python

PASSWORD = "pw"
_DOVECOT = """
base_dir = {dir}/run
state_dir = {dir}/run
log_path = {dir}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 200
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={mail}/%u
}}
service anvil {{
  chroot =
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
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running Dovecot: any user name signs in with `PASSWORD` and has the Maildir of that name."""

    pop: int
    imap: int
    mail: Path


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, *, seconds: float = 15.0) -> None:
    """Wait until something answers on the port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise BenchmarkError(f"nothing answers on port {port}")


def _unprivileged() -> tuple[str, str]:
    """Return user and group that own the mail: ourselves, or nobody when we are root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    return "nobody", "nogroup"


def corpus_folder(count: int) -> Path:
    """Return a Maildir with the first `count` messages of the corpus; made once and kept."""
    folder = CACHE / "mail" / f"corpus{count}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        # In a process of its own, so that this one stays small.
        command = python("-m", "bench.corpus", "--count", str(count), "--out", str(folder / "Maildir"))
        subprocess.run(command, check=True, cwd=ROOT.parent, stdout=subprocess.DEVNULL)
        (folder / "complete").touch()
    return folder


def give_mailbox(folder: Path) -> None:
    """Hand a mailbox directory to the user that Dovecot reads mail as."""
    user, group = _unprivileged()
    for directory, _, names in os.walk(folder):
        shutil.chown(directory, user, group)
        for name in names:
            shutil.chown(Path(directory, name), user, group)


@contextmanager
def dovecot(*counts: int) -> Iterator[Dovecot]:
    """Run a Dovecot whose users `corpusN` have the first N messages of the corpus."""
    for count in counts:
        give_mailbox(corpus_folder(count))
    user, group = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="postroom-bench-dovecot-") as name:
        directory = Path(name)
        mail = CACHE / "mail"
        mail.mkdir(parents=True, exist_ok=True)
        shutil.chown(mail, user, group)
        directory.chmod(0o755)
        (directory / "run").mkdir()
        running = Dovecot(free_port(), free_port(), mail)
        text = _DOVECOT.format(
            dir=directory,
            mail=mail,
            user=user,
            group=group,
            pop=running.pop,
            imap=running.imap,
            password=PASSWORD,
        )
        (directory / "dovecot.conf").write_text(text)
        shutil.chown(directory, user, group)
        with _process(["/usr/sbin/dovecot", "-F", "-c", str(directory / "dovecot.conf")]):
            wait_for_port(running.pop)
            yield running


@contextmanager
def _process(
    command: list[str], *, end: signal.Signals = signal.SIGTERM, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for as long as the block lasts, then end it and wait until it is gone."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.send_signal(end)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class RunningRelay:
    """A relay in a process of its own: its port, and after the block what it counted."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.counts: Mapping[str, int] = {}


@contextmanager
def relay(target: int, *, delay: float = 0.0, lockstep: bool = False) -> Iterator[RunningRelay]:
    """Run a relay to a port; see `bench.relay`."""
    command = python("-m", "bench.relay", "--to", str(target), "--delay", str(delay))
    if lockstep:
        command.append("--lockstep")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT.parent)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        running = RunningRelay(int(process.stdout.readline()))
        yield running
        process.stdin.close()
        running.counts = json.loads(process.stdout.read())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class RunningExchange:
    """The sandbox's Exchange in a process of its own; see `bench.steps.office`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = str(self._read()["url"])

    def restore(self) -> None:
        """Bring the mailbox back to what it was, as far as clients have changed it, and count anew."""
        self._ask("restore")

    def counts(self) -> Mapping[str, Any]:
        """Return requests, CPU seconds and requests by operation since the last time; count anew."""
        return self._ask("counts")

    def _ask(self, what: str) -> Mapping[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Mapping[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchmarkError("the sandbox's Exchange has ended")
        said: Mapping[str, Any] = json.loads(line)
        return said


@contextmanager
def exchange(count: int, *, folders: int = 0) -> Iterator[RunningExchange]:
    """Run the sandbox's Exchange with the first `count` messages of the corpus in one inbox."""
    command = python("-m", "bench.steps.office", str(count), "--folders", str(folders))
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=ROOT.parent, env=environment({}), **pipes)
    try:
        yield RunningExchange(process)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def smtp_sink(*arguments: str) -> Iterator[int]:
    """Run Postfix's smtp-sink and yield its port."""
    port = free_port()
    as_nobody = ["-u", "nobody"] if os.getuid() == 0 else []
    with _process(["/usr/sbin/smtp-sink", *as_nobody, *arguments, f"127.0.0.1:{port}", "400"]):
        wait_for_port(port)
        yield port


_POSTFIX_MAIN = """
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
mydestination =
mynetworks = 127.0.0.0/8
relay_domains =
default_transport = smtp:[127.0.0.1]:{sink}
relay_transport = smtp:[127.0.0.1]:{sink}
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
alias_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_host_lookup = native
"""
_POSTFIX_MASTER = """
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


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running private Postfix."""

    port: int
    spool: Path


@contextmanager
def postfix(sink: int) -> Iterator[Postfix]:
    """Run a private Postfix with a real queue that relays everything to the sink; needs root."""
    if os.getuid() != 0:
        raise BenchmarkError("a private Postfix needs root: it changes identity for every service")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="postroom-bench-postfix-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        for part in ("etc", "spool", "data"):
            (directory / part).mkdir()
        shutil.chown(directory / "data", "postfix")
        (directory / "etc/main.cf").write_text(_POSTFIX_MAIN.format(dir=directory, sink=sink))
        (directory / "etc/master.cf").write_text(_POSTFIX_MASTER.format(port=port))
        control = ["/usr/sbin/postfix", "-c", str(directory / "etc")]
        subprocess.run([*control, "start"], check=True, capture_output=True)
        try:
            wait_for_port(port)
            yield Postfix(port, directory / "spool")
        finally:
            _end_postfix(directory)


def _end_postfix(directory: Path) -> None:
    pid = int((directory / "spool/pid/master.pid").read_text())
    os.kill(pid, 15)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def _postgres_program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if found:
        return str(found[-1])
    if path := shutil.which(name):
        return path
    raise BenchmarkError(f"{name} is missing: install the Debian package postgresql")


@contextmanager
def postgres(kept: Path | None = None, *, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a private PostgreSQL with stock settings (fsync on) and yield its URL.

    Its data are gone afterwards, unless there is a directory in which they are kept. `settings` are
    for building what is measured later without them.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="postroom-bench-postgres-") as name:
        directory = Path(name)
        data = kept or directory / "data"
        port = free_port()
        as_user: dict[str, Any] = {}
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres" if _has_user("postgres") else "nobody")
            os.chown(directory, owner.pw_uid, owner.pw_gid)
            as_user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
            if kept:
                kept.mkdir(parents=True, exist_ok=True)
                os.chown(kept, owner.pw_uid, owner.pw_gid)
        if not (data / "PG_VERSION").exists():
            make = [_postgres_program("initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8"]
            subprocess.run([*make, "--locale=C"], check=True, capture_output=True, cwd="/", **as_user)
        serve = [_postgres_program("postgres"), "-D", str(data), "-p", str(port), "-k", str(directory)]
        for key, value in (settings or {}).items():
            serve += ["-c", f"{key}={value}"]
        with (directory / "log").open("wb") as log:
            options = {"stdout": log, "stderr": log, "cwd": "/", **as_user}
            with _process([*serve, "-h", "127.0.0.1"], end=signal.SIGINT, **options):
                wait_for_port(port)
                time.sleep(0.5)
                yield f"postgresql+psycopg://bench@127.0.0.1:{port}/postgres"


def new_database(url: str, name: str, *, template: str = "template1") -> str:
    """Make a database that is a copy of the template, in place of the one of that name; return its URL."""
    ask(url, f"drop database if exists {name}", f"create database {name} template {template}")
    return f"{url.rpartition('/')[0]}/{name}"


def ask(url: str, *statements: str) -> str:
    """Return what PostgreSQL answers, by a client of its own: the process that measures stays small."""
    command = [_postgres_program("psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", url.replace("+psycopg", "")]
    for statement in statements:
        command += ["-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


if __name__ == "__main__":
    with dovecot(300) as running:
        sys.stdout.write(f"POP3 on {running.pop}; press Enter to end\n")
        sys.stdin.readline()
