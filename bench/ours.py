"""How the benchmarks use the product: the only module here that knows its commands and names.

A store is set up once per mailbox through the product's own commands and then copied for every run,
so that setting up is not timed and every run begins from the same state. The product is imported inside
functions: the process that measures has to stay small.
"""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.anchors import count_rows
from bench.measure import ROOT, BenchmarkError, Contender, Run, environment, python
from bench.servers import PASSWORD

if TYPE_CHECKING:
    from postroom.ports.mail import MailSource

MAILBOX = "sales@postroom.example"
_PARSER = "fast_mail_parser"


def open_source(port: int, user: str) -> "MailSource":
    """Sign in with the product's POP3 client."""
    from postroom.servers.connection import Endpoint, Security
    from postroom.servers.pop3 import Pop3Account, open_pop3

    return open_pop3(Pop3Account(Endpoint("127.0.0.1", port, Security.PLAIN), user, PASSWORD))


def open_exchange_source(url: str, address: str) -> "MailSource":
    """Open a mailbox with the product's client of Exchange Web Services."""
    from postroom.servers.exchange.account import ExchangeAccount, Login, Scheme
    from postroom.servers.exchange.source import open_exchange

    return open_exchange(ExchangeAccount(address, Login(address, PASSWORD, Scheme.BASIC), url))


def hide_compiled_parser() -> None:
    """Make the compiled parser as good as not installed; before the product is imported."""
    sys.modules[_PARSER] = None  # type: ignore[assignment]


def read_message() -> Callable[[bytes], object]:
    """Return the product's reader: a message, or None for a recorded refusal."""
    from postroom.errors import MalformedMessage
    from postroom.mime.message import RawBytes
    from postroom.mime.read import read

    def attempt(raw: bytes) -> object:
        try:
            message = read(RawBytes(raw))
        except MalformedMessage:
            return None
        # Decoding an attachment is part of reading it, whenever that is done.
        for attachment in message.attachments:
            for _ in attachment.content.chunks():
                pass
        return message

    return attempt


def set_up(home: Path, *, pop: int, smtp: int, user: str, url: str = "") -> None:
    """Make a store with one profile and one queue whose mailbox is `user` on the POP3 server."""
    command = python("-m", "bench.steps.setup", str(home), str(pop), str(smtp), user)
    if url:
        command.append(url)
    _succeed(command)


def set_up_exchange(home: Path, *, ews: str, kind: str, url: str = "") -> None:
    """Make a store with one mailbox on an Exchange; see `bench.steps.setup_exchange` for the kinds."""
    command = python("-m", "bench.steps.setup_exchange", str(home), ews, kind)
    if url:
        command.append(url)
    _succeed(command)


def queue_mail(home: Path, count: int) -> None:
    """Put `count` e-mails of the queue into Pending Send."""
    _succeed(python("-m", "bench.steps.setup", str(home), "--outgoing", str(count)))


def _succeed(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT.parent, env=environment({}))
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


_TABLES = (
    "postroom_ledger",
    "postroom_decision",
    "email",
    "postroom_quarantine",
    "activityparty",
    "attachment",
)
#: What makes the ways of working differ: settings, and switches of the step.
_MODES: dict[str, tuple[str, Mapping[str, str], Sequence[str]]] = {
    "batch": ("ours", {}, ()),
    "pure": ("ours, no compiled parser", {}, ("--pure",)),
    "single": ("ours, 1 transaction each", {"POSTROOM_MAIL_ONE_PER_TRANSACTION": "true"}, ()),
}
#: A pass takes all that is there, and a message of 150 MB is not refused for its size.
_NO_LIMITS = {
    "POSTROOM_MAIL_MAXIMUM_MESSAGES_PER_PASS": "0",
    "POSTROOM_MAIL_MAXIMUM_MESSAGE_SIZE": "500000000",
}


def receiver(
    template: Path,
    count: int,
    *,
    mode: str = "batch",
    switches: Sequence[str] = (),
    rounds: int | None = None,
    name: str = "",
    inside: bool = False,
) -> Contender:
    """One whole receive pass over the mailbox of the template, from an empty store, checked by its ledger."""
    title, settings, more = _MODES[mode]

    def command(directory: Path) -> Sequence[str]:
        home = shutil.copytree(template, directory / "home")
        return product(home, "receive", (*more, *switches), alone=inside)

    return Contender(
        name or title,
        command,
        count,
        lambda directory, _: recorded(directory / "home"),
        rounds=rounds,
        inside=inside,
        environment={**_NO_LIMITS, **settings},
    )


def poller(home: Path, count: int, *, repeats: int, switches: Sequence[str] = ()) -> Contender:
    """Passes over a mailbox in which nothing is new, as a worker that is up makes them; their median."""

    def command(_: Path) -> Sequence[str]:
        return product(home, "receive", (*switches, "--repeat", str(repeats)), alone=True)

    def check(_: Path, run: Run) -> int:
        return recorded(home) if run.said["items"] == 0 else -1

    return Contender("ours, nothing new", command, count, check, inside=True, environment=_NO_LIMITS)


def sender(template: Path, count: int, *, rounds: int | None = None, inside: bool = False) -> Contender:
    """One send pass over the mail that waits in the template, checked by the e-mails' states."""

    def command(directory: Path) -> Sequence[str]:
        home = shutil.copytree(template, directory / "home")
        return product(home, "send", (), alone=inside)

    def check(directory: Path, _: Run) -> int:
        return count_rows(directory / "home/postroom.sqlite", "email where statuscode = 3")

    name = "ours, the pass alone" if inside else "ours, from the database record"
    return Contender(name, command, count, check, rounds=rounds, inside=inside)


def recorded(home: Path) -> int:
    """Return how many messages the store has a ledger row of."""
    return count_rows(home / "postroom.sqlite", "postroom_ledger")


def outcome(home: Path) -> dict[str, int]:
    """Return what became of the messages: rows by table."""
    tables = (
        "postroom_ledger",
        "postroom_decision",
        "email",
        "postroom_quarantine",
        "activityparty",
        "attachment",
    )
    return {table.removeprefix("postroom_"): count_rows(home / "postroom.sqlite", table) for table in tables}


def refusals(home: Path) -> str:
    """Return why messages were not tracked: codes of reasons and how many had each."""
    query = "select reason, count(*) from postroom_decision where not tracked group by reason"
    with sqlite3.connect(f"file:{home / 'postroom.sqlite'}?mode=ro", uri=True) as connection:
        found = connection.execute(query).fetchall()
    return ", ".join(f"reason {reason}: {count}" for reason, count in found) or "none"


def product(home: Path, which: str, switches: Sequence[str], *, alone: bool) -> list[str]:
    """Return the command of one pass: through `postroom run-once`, or the pass alone."""
    step = python("-m", "bench.steps.product", "--home", str(home), *switches)
    if alone:
        return [*step, "--only", which]
    workload = {"receive": "incoming", "send": "outgoing"}[which]
    return [*step, "--", "run-once", "--mailbox", MAILBOX, "--workload", workload]
