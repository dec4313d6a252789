"""Reading and deciding in one process: each timed by itself, batch by batch, over several stores.

    python -m bench.steps.decide --batches N --rounds N [--count] STORE...      STORE: NAME=SIZE=URL

Two lots of mail run side by side, so that nothing is timed on what the one before has made warm: the
first is read as usual and decided as a new organization decides, the second is read with the plain
decoder and decided with smart matching. Every batch is new to the process, its addresses too. What each
store is asked is about e-mails of its own; the same messages of the corpus are turned into answers to
them. With `--count` statements and outcomes are counted and nothing is timed.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from bench.corpus import MAILBOX_ADDRESS, SEED, Case, generate
from bench.steps.answers import SHARES, Way, answers
from bench.steps.history import END, History
from postroom.mime.message import Message, RawBytes
from postroom.mime.nature import Nature, nature_of
from postroom.mime.read import read
from postroom.passes.arrival import received_at
from postroom.passes.gather import AddressBook, gather
from postroom.passes.judge import Judged, Opened, judge
from postroom.passes.opening import guarded
from postroom.ports.mail import Offered
from postroom.schema.choices import CorrelationMethod, QuarantineCause, Reason
from postroom.schema.mailbox import Mailbox
from postroom.store import mailboxes
from postroom.store.database import Database
from postroom.store.policy import policy_of
from postroom.tracking.facts import Policy, Receiver

T = TypeVar("T")

_BATCH = 200
_NOW = END + timedelta(hours=1)
#: What the timed parts are called, without and with smart matching.
_READING = ("parsing", "parsing, plain decoder")
_DECIDING = ("decision", "smart")
#: A message read, with its nature, or why it can't be read.
Parsed = tuple[Message, Nature] | str
#: Wall and CPU seconds.
Times = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Store:
    """A store that is asked, with what a pass knows before its first batch."""

    name: str
    history: History
    database: Database
    receiver: Receiver
    policy: Policy

    @classmethod
    def open(cls, name: str, size: int, url: str) -> "Store":
        database = Database(url)
        with database.read() as connection:
            key = connection.scalar(select(Mailbox.mailboxid).where(Mailbox.emailaddress == MAILBOX_ADDRESS))
            assert key is not None
            setup = mailboxes.read_setup(connection, key)
            receiver = replace(mailboxes.receiver_of(setup), process_after=None)
        return cls(name, History(size), database, receiver, policy_of(setup.organization))

    def smart(self) -> Policy:
        """Return the policy with smart matching switched on."""
        return replace(self.policy, smart_matching=True)


def parse(raws: Sequence[bytes], *, accelerated: bool) -> list[Parsed]:
    """Read each message and tell its nature, as a pass does."""
    return [_parse_one(raw, accelerated=accelerated) for raw in raws]


def _parse_one(raw: bytes, *, accelerated: bool) -> Parsed:
    message = guarded(lambda: read(RawBytes(raw), accelerated=accelerated))
    return message if isinstance(message, str) else (message, nature_of(message))


def decide(
    store: Store, connection: Connection, policy: Policy, offered: Sequence[Offered], parsed: Sequence[Parsed]
) -> list[Judged]:
    """Do everything that lies between parsed messages and their verdicts, as a pass does."""
    batch = [_opened(store.receiver, each, one) for each, one in zip(offered, parsed, strict=True)]
    gathered = gather(connection, AddressBook(), store.receiver.mailbox, batch, policy, _NOW)
    return list(judge(batch, gathered, policy, frozenset(each.server_id for each in offered)))


def _opened(receiver: Receiver, offered: Offered, parsed: Parsed) -> Opened:
    if isinstance(parsed, str):
        return Opened(offered, b"", offered.size, receiver, cause=QuarantineCause.MALFORMED, trouble=parsed)
    message, nature = parsed
    return Opened(offered, message.digest, offered.size, receiver, message, nature, received_at(message))


@dataclass(frozen=True, slots=True)
class Lot:
    """The messages of one corpus, batch by batch."""

    cases: Iterator[Case]
    size: int

    def next(self) -> list[Case]:
        """Return the next batch."""
        return list(islice(self.cases, self.size))


class Clock:
    """Wall and CPU time of parts of this process, and of the server process that works for it."""

    def __init__(self) -> None:
        self.times: dict[str, list[Times]] = {}

    def begin_round(self) -> None:
        """Begin a new sum for every part."""
        for rounds in self.times.values():
            rounds.append((0.0, 0.0))

    def take(self, name: str, work: Callable[[], T], backend: Path | None = None) -> T:
        """Return what the work returns and add what it took to the present round."""
        before = _backend_seconds(backend)
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        cpu += _backend_seconds(backend) - before
        rounds = self.times.setdefault(name, [(0.0, 0.0)])
        rounds[-1] = (rounds[-1][0] + wall, rounds[-1][1] + cpu)
        return result


def _backend_seconds(path: Path | None) -> float:
    """Return how long the process has run so far, in seconds."""
    return int(path.read_text().split()[0]) / 1e9 if path else 0.0


def backend_of(connection: Connection) -> Path | None:
    """Return where Linux says how long the server process of this connection has run."""
    if connection.dialect.name == "sqlite":
        return None
    driver: Any = connection.connection.driver_connection
    return Path(f"/proc/{driver.info.backend_pid}/schedstat")


def run_batch(
    clock: Clock, opened: Sequence[tuple[Store, Connection]], lot: Lot, *, smart: bool
) -> dict[str, list[Judged]]:
    """Read one batch as answers to each store's e-mails, decide it there, and return the verdicts by store.

    Reading is timed for the last store only: the others' messages differ in a few headers.
    """
    cases = lot.next()
    offered = [Offered(f"new{case.number}", case.number, len(case.raw)) for case in cases]
    histories = {store.history.count: store.history for store, _ in reversed(opened)}
    parsed: dict[int, list[Parsed]] = {}
    for count, history in histories.items():
        read_all = partial(parse, list(answers(cases, history)), accelerated=not smart)
        parsed[count] = read_all() if parsed else clock.take(_READING[smart], read_all)
    verdicts = {}
    for store, connection in opened:
        policy = store.smart() if smart else store.policy
        deciding = partial(decide, store, connection, policy, offered, parsed[store.history.count])
        name = f"{_DECIDING[smart]}, {store.name}"
        verdicts[store.name] = clock.take(name, deciding, backend_of(connection))
    return verdicts


def outcomes(judged: Sequence[Judged]) -> Counter[str]:
    """Count by what messages were correlated, and what else shows that there was something to find."""
    counts: Counter[str] = Counter()
    for one in judged:
        counts[one.verdict.method.name.lower()] += 1
        counts["duplicates"] += one.verdict.reason is Reason.DUPLICATE
        if one.verdict.track:
            counts["known senders"] += one.sender.known is not None
            counts["unknown senders"] += one.sender.known is None
            counts["parties known"] += sum(party.known is not None for party in one.parties)
            counts["parties unknown"] += sum(party.known is None for party in one.parties)
    return counts


_EXPECTED = {
    Way.REPLY: CorrelationMethod.IN_REPLY_TO,
    Way.TOKEN: CorrelationMethod.TRACKING_TOKEN,
    Way.INDEX: CorrelationMethod.CONVERSATION_INDEX,
    Way.SUBJECT: CorrelationMethod.SMART_MATCHING,
}


def check(counts: Counter[str], batches: int, size: int, *, smart: bool) -> None:
    """Stop when a method found less than half of what was laid out for it: then nothing was measured.

    Smart matching misses some in a large store, where hundreds have the subject and twenty are compared; of
    it a quarter is enough.
    """
    for way, method in _EXPECTED.items():
        laid_out = SHARES[way] * batches * size / _BATCH
        least = laid_out / 2 if way is not Way.SUBJECT else laid_out / 4 if smart else 0
        found = counts[method.name.lower()]
        if found < int(least):
            sys.exit(f"{method.name}: {found} messages instead of about {least:.0f}")
    for what in ("known senders", "unknown senders", "parties known", "parties unknown"):
        if not counts[what]:
            sys.exit(f"there were no {what}")


def main(arguments: Sequence[str]) -> dict[str, Any]:
    """Time or count, and return what was found."""
    parser = argparse.ArgumentParser(prog="bench.steps.decide")
    parser.add_argument("--batches", type=int, required=True, help="in each round")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--size", type=int, default=_BATCH, help="messages in a batch")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("stores", nargs="+")
    options = parser.parse_args(arguments)
    stores = [open_store(text) for text in options.stores]
    # Well beyond what is asked for; both are made as they are needed.
    lots = [Lot(generate(1_000_000, seed=seed), options.size) for seed in (SEED, SEED + 1)]
    if options.count:
        return {"counts": _count(stores, lots, options.batches, options.size)}
    clock = Clock()
    with ExitStack() as stack:
        opened = [(store, stack.enter_context(store.database.read())) for store in stores]
        for smart, lot in enumerate(lots):
            run_batch(Clock(), opened, lot, smart=bool(smart))
        for _ in range(options.rounds):
            clock.begin_round()
            totals: dict[tuple[bool, str], Counter[str]] = {}
            for _ in range(options.batches):
                for smart, lot in enumerate(lots):
                    for name, judged in run_batch(clock, opened, lot, smart=bool(smart)).items():
                        totals.setdefault((bool(smart), name), Counter()).update(outcomes(judged))
            for (is_smart, _), counts in totals.items():
                check(counts, options.batches, options.size, smart=is_smart)
    return {"messages": options.batches * options.size, "times": clock.times}


def open_store(text: str) -> Store:
    """Open the store that a command line names: NAME=SIZE=URL."""
    name, size, url = text.split("=", 2)
    return Store.open(name, int(size), url)


def _count(
    stores: Sequence[Store], lots: Sequence[Lot], batches: int, size: int
) -> dict[str, dict[str, Any]]:
    """Count statements, and what was found by what, over some batches."""
    from bench.steps.product import count_statements

    found: dict[str, dict[str, Any]] = {}
    statements = count_statements()
    for store in stores:
        for smart in (False, True):
            lot = Lot(generate(batches * size, seed=SEED + smart), size)
            counts: Counter[str] = Counter()
            with store.database.read() as connection:
                connection.begin()
                before = statements["statements"]
                for _ in range(batches):
                    verdicts = run_batch(Clock(), [(store, connection)], lot, smart=smart)
                    counts.update(outcomes(verdicts[store.name]))
                made = statements["statements"] - before
            check(counts, batches, size, smart=smart)
            name = f"{_DECIDING[smart]}, {store.name}"
            found[name] = {"statements a batch": round(made / batches, 1), **counts}
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])) + "\n")
