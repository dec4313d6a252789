"""Workers killed with SIGKILL again and again while mail comes and goes over real servers.

A firm's mail lies on a real Dovecot and leaves through a real Postfix to a sink that keeps it. New mail is
delivered and new e-mails are written all the time. One worker after another is started and killed: some at
any moment, some at the moments that matter most, which are seen by watching the store. The times are drawn
from a fixed seed. At the end one worker is left alone until all is done, and then everything is counted.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.support import postgres
from tests.support.dovecot import Dovecot
from tests.support.exchange_firm import ExchangeServers
from tests.support.firm import Firm, Glance, PlainServers, a_firm
from tests.support.mail import without_token
from tests.support.nursery import Child, Nursery, a_nursery
from tests.support.postfix import Postfix

from postroom.schema import registry
from postroom.schema.choices import EmailStatus, JournalState, Reason, SendOutcome
from postroom.store.blobs import open_blob

pytestmark = [pytest.mark.integration, pytest.mark.slow]

# Small batches make many transactions of little work, and so many places to be killed at.
SETTINGS = {
    "POSTROOM_MAIL_BATCH_SIZE": "2",
    "POSTROOM_SENDING_BATCH_SIZE": "6",
    "POSTROOM_SENDING_WINDOW": "2",
    "POSTROOM_LOG_LEVEL": "warning",
}

#: A moment worth being killed at: what has come about since the worker was started.
Aim = Callable[[Glance, Glance], bool]

#: Most are killed at any moment from their start on, hard at work or not.
BLIND = "at any moment"
LEAVING = "e-mails are leaving"
AIMS: dict[str, Aim] = {
    "mail was recorded and more is to come": lambda before, now: now.recorded > before.recorded,
    "recorded mail is about to be removed": lambda before, now: now.unremoved > before.unremoved,
    "e-mails were claimed": lambda before, now: now.attempts > before.attempts and now.sending > 0,
    LEAVING: lambda before, now: now.attempts > before.attempts and now.submitted > 0,
}
AGAIN = "e-mails that arrived again"
#: Seconds after which a worker is killed that never came to the moment aimed at.
LONGEST_LIFE = 4.0
#: Kills beyond those asked for, until what the test is for has happened.
MOST_FURTHER_KILLS = 40


@dataclass(frozen=True)
class Death:
    """One kill: what it aimed at, and how things stood afterwards."""

    aim: str
    born_at: datetime
    left: Glance

    @property
    def hit(self) -> bool:
        """Say whether it broke off a pass that had been begun since the worker was started."""
        return self.left.begun_at is not None and self.left.begun_at >= self.born_at


def live_and_die(
    firm: Firm, start: Callable[[], Child], chance: Random, aims: Sequence[str] = (BLIND, BLIND, BLIND, *AIMS)
) -> Death:
    """Start a worker, give it work, and kill it."""
    aim = chance.choice(aims)
    moment = chance.uniform(0.0, 1.2) if aim == BLIND else LONGEST_LIFE
    more_at = chance.uniform(0.0, min(moment, 1.2))
    lag = chance.uniform(0.0, 0.02)
    bring_work(firm)
    before, born_at, born = firm.glance(), firm.postroom.clock.now(), time.monotonic()
    worker = start()
    try:
        while (age := time.monotonic() - born) < moment:
            if aim != BLIND and AIMS[aim](before, firm.glance()):
                time.sleep(lag)
                break
            if age > more_at:
                bring_work(firm)
                more_at = moment
            time.sleep(0.002)
    finally:
        status = worker.kill()
    assert status == -signal.SIGKILL, f"the worker had ended by itself with {status}:\n{worker.said()}"
    return Death(aim, born_at, firm.glance())


def until_some_are_in_doubt(firm: Firm, start: Callable[[], Child], chance: Random) -> list[Death]:
    """Go on killing workers while e-mails leave until one of these is in doubt; at most so many times.

    A busy machine moves the moments about, and what the test is for may not have happened so far.
    """
    deaths: list[Death] = []
    in_doubt = registry.by_logical_name("postroom_sendjournal").table.c.state == int(JournalState.UNCERTAIN)
    while not firm.rows("postroom_sendjournal", in_doubt) and len(deaths) < MOST_FURTHER_KILLS:
        deaths.append(live_and_die(firm, start, chance, (LEAVING,)))
    return deaths


def bring_work(firm: Firm) -> None:
    """Deliver mail to either mailbox and to both at once, write e-mails, and make the mailboxes due."""
    firm.deliver(firm.user)
    firm.deliver(firm.user)
    firm.deliver(firm.queue)
    firm.deliver(firm.user, firm.queue)
    firm.write(3)
    firm.hint()


def finish(firm: Firm, environment: Mapping[str, str], *, seconds: float = 120) -> float:
    """Leave a worker alone until all is done, tell it to stop, and return how long it took.

    It may find nothing left to do; it is told to stop all the same only when it is seen to be at work.
    """
    words = [sys.executable, "-m", "postroom.cli", "worker"]
    deadline, born_at = (begun := time.monotonic()) + seconds, firm.postroom.clock.now()
    with subprocess.Popen(words, env={**os.environ, **environment}) as worker:
        try:
            while not (is_done(firm) and firm.has_begun_a_pass_since(born_at)):
                assert worker.poll() is None, "the worker has ended by itself"
                assert time.monotonic() < deadline, f"not done after {seconds} s: {firm.glance()}"
                firm.hint()
                time.sleep(0.5)
            took = time.monotonic() - begun
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
        finally:
            worker.kill()
    return took


def is_done(firm: Firm) -> bool:
    waiting = registry.by_logical_name("email").table.c.statuscode == int(EmailStatus.PENDING_SEND)
    now = firm.glance()
    return (
        now.recorded >= firm.given.total()
        and not firm.servers.count(firm.queue)
        and not (now.sending or firm.rows("email", waiting))
    )


# What is counted at the end


def check_what_came(firm: Firm) -> None:
    """See that every message was recorded exactly once, whole, and removed where it was to be."""
    ledger, decisions, emails = (
        firm.rows(name) for name in ("postroom_ledger", "postroom_decision", "email")
    )
    user, queue = firm.mailbox_ids
    assert Counter(row.mailboxid for row in ledger) == {
        user: firm.given[firm.user],
        queue: firm.given[firm.queue],
    }
    assert len({(row.mailboxid, row.serverid) for row in ledger}) == len(ledger)
    assert Counter(row.decisionid for row in ledger) == Counter(row.postroom_decisionid for row in decisions)
    check_sum_of_decisions(firm, ledger, decisions)
    received = [row for row in emails if not row.directioncode]
    assert Counter(row.messageid for row in received) == Counter(firm.delivered.keys())
    assert firm.rows("postroom_quarantine") == []
    assert firm.servers.count(firm.queue) == 0
    assert firm.servers.count(firm.user) == firm.given[firm.user]
    check_parts(firm, {row.activityid: row.messageid for row in received})


def check_sum_of_decisions(firm: Firm, ledger: list[Any], decisions: list[Any]) -> None:
    """See that every message seen has its decision, tracked or not, and nothing else has one."""
    assert Counter(row.ledgerid for row in decisions) == {
        row.postroom_ledgerid: row.messages for row in ledger
    }
    assert len(decisions) == sum(row.messages for row in ledger) == firm.given.total()
    refused = Counter(row.messageid for row in decisions if row.reason == Reason.NO_CORRELATION_MATCH)
    assert refused == Counter(firm.unwanted), "what was not tracked is in the log as well"
    tracked = Counter(row.messageid for row in decisions if row.tracked)
    assert tracked == Counter(firm.delivered.keys())
    assert all(json.loads(row.trail) for row in decisions)


def check_parts(firm: Firm, received: Mapping[Any, str]) -> None:
    """See that no e-mail lacks a part, and no part its e-mail."""
    parties = Counter(row.activityid for row in firm.rows("activityparty"))
    assert parties.keys() == received.keys() | set(firm.written.values())
    assert min(parties.values()) >= 2
    items = firm.rows("queueitem")
    assert len({row.objectid for row in items}) == len(items) == firm.given[firm.queue]
    files = firm.rows("activitymimeattachment")
    assert Counter(row.objectid for row in files) == Counter(received.keys())
    digests = {row.attachmentid: bytes(row.postroom_digest) for row in firm.rows("attachment")}
    for row in files:
        digest = digests[row.attachmentid]
        assert digest == firm.delivered[received[row.objectid]]
        with firm.postroom.database.read() as connection:
            content = b"".join(open_blob(connection, digest, firm.postroom.blobs))
        assert hashlib.sha256(content).digest() == digest


def check_what_left(firm: Firm) -> Counter[str]:
    """See that nothing left twice without a flag, and nothing is called sent that never left; count."""
    wait_until_all_is_out(firm)
    emails = [row for row in firm.rows("email") if row.directioncode]
    assert {without_token(row.subject): row.activityid for row in emails} == firm.written
    assert all(row.subject.endswith(f" {row.trackingtoken}") for row in emails)
    assert len({row.trackingtoken for row in emails}) == len(emails), "no token was given twice"
    arrived = firm.arrived()
    assert set(arrived) <= {(row.messageid, row.subject) for row in emails}
    times = Counter(subject for _, subject in arrived)
    unsure_attempts = Counter(attempt.emailid for attempt in closed_attempts(firm, JournalState.UNCERTAIN))
    for row in emails:
        check_one_that_left(row, times[row.subject], unsure_attempts[row.activityid])
    unsure = [row for row in emails if row.postroom_sendoutcome == SendOutcome.UNCERTAIN]
    return Counter(
        {
            "e-mails sent": len(emails) - len(unsure),
            "e-mails uncertain": len(unsure),
            "of these arrived": sum(times[row.subject] for row in unsure),
            "uncertain attempts": unsure_attempts.total(),
            AGAIN: times.total() - len(times),
        }
    )


def check_one_that_left(row: Any, times: int, unsure_attempts: int) -> None:
    """See that an e-mail says no more and no less of itself than what came out of the servers."""
    if row.postroom_sendoutcome == SendOutcome.UNCERTAIN:
        assert row.statuscode == EmailStatus.FAILED
        assert "postroom outbox resend" in row.postroom_sendreason
    else:
        assert (row.statuscode, row.postroom_sendoutcome) == (EmailStatus.SENT, SendOutcome.ACCEPTED)
        assert times >= 1, f"{row.subject} is called sent and never left"
    assert times <= 1 + unsure_attempts
    says_so = "An earlier attempt may already have sent it" in (row.postroom_sendreason or "")
    assert times <= 1 or says_so, f"{row.subject} left {times} times and nobody is told"


def closed_attempts(firm: Firm, state: JournalState) -> list[Any]:
    """Return the attempts that ended in this way; none may be open any more."""
    attempts = firm.rows("postroom_sendjournal")
    assert not [row for row in attempts if row.state in (JournalState.CLAIMED, JournalState.SUBMITTED)]
    return [row for row in attempts if row.state == state]


def wait_until_all_is_out(firm: Firm) -> None:
    """Wait until the servers have handed on all that they were given."""
    deadline = time.monotonic() + 60
    while not firm.servers.is_idle():
        assert time.monotonic() < deadline, "what was handed over does not come out"
        time.sleep(0.1)


def report(deaths: Sequence[Death], left: Mapping[str, int], firm: Firm, record: Callable[..., None]) -> None:
    """Put the figures where a person finds them."""
    figures = {
        "kills": len(deaths),
        "with a pass begun and not ended": sum(death.hit for death in deaths),
        "with e-mails in Sending": sum(death.left.sending > 0 for death in deaths),
        "with e-mails on their way": sum(death.left.submitted > 0 for death in deaths),
        "messages received": firm.given.total(),
        **left,
    }
    for name, value in figures.items():
        record(name, value)
    print("; ".join(f"{name}: {value}" for name, value in figures.items()))


# The scenarios


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    """Where workers are forked from."""
    with a_nursery(tmp_path / "logs") as made:
        yield made


@pytest.mark.timeout(600)
def test_a_hundred_kills_lose_nothing_double_nothing_and_send_nothing_twice(
    nursery: Nursery,
    dovecot: Dovecot,
    postfix: Postfix,
    tmp_path: Path,
    record_property: Callable[..., None],
) -> None:
    environment = {**SETTINGS, "POSTROOM_HOME": str(tmp_path / "home")}
    with a_firm(nursery, environment, PlainServers(dovecot, postfix)) as firm:
        chance = Random(20260302)
        start = partial(nursery.start, "worker", environment=environment)
        deaths = [live_and_die(firm, start, chance) for _ in range(100)]
        took = finish(firm, environment)

        check_what_came(firm)
        left = check_what_left(firm)
        report(deaths, {**left, "seconds to the end": round(took)}, firm, record_property)
        assert left[AGAIN] == 0, "what is uncertain waits for a person"
        check_that_it_hurt(deaths)
        once_more(firm, nursery, environment)


@pytest.mark.timeout(600)
def test_two_workers_on_postgresql_killed_in_turn_send_again_what_is_uncertain_and_say_so(
    nursery: Nursery,
    dovecot: Dovecot,
    postfix: Postfix,
    postgres_server: postgres.Server,
    tmp_path: Path,
    record_property: Callable[..., None],
) -> None:
    shared = {
        **SETTINGS,
        "POSTROOM_DATABASE_URL": postgres_server.fresh(),
        "POSTROOM_SECRET_KEY_FILE": str(tmp_path / "secret.key"),
        "POSTROOM_BLOB_DIRECTORY": str(tmp_path / "blobs"),
        # One of the two won't come back, and the other has to take its work over.
        "POSTROOM_WORKER_LEASE_SECONDS": "4",
    }
    homes = [{**shared, "POSTROOM_HOME": str(tmp_path / name)} for name in ("one", "two")]
    servers = PlainServers(dovecot, postfix)
    with a_firm(nursery, homes[0], servers, postroom_uncertainsendpolicy=1) as firm:
        chance, turns = Random(20260303), cycle(homes)
        alive = nursery.start("worker", environment=next(turns))

        def relieve() -> Child:
            """Start another worker and give the one that was there before to be killed."""
            nonlocal alive
            doomed, alive = alive, nursery.start("worker", environment=next(turns))
            return doomed

        deaths = [live_and_die(firm, relieve, chance, (BLIND, LEAVING, *AIMS)) for _ in range(20)]
        deaths += until_some_are_in_doubt(firm, relieve, chance)
        alive.kill()
        took = finish(firm, homes[0])

        check_what_came(firm)
        left = check_what_left(firm)
        report(deaths, {**left, "seconds to the end": round(took)}, firm, record_property)
        assert left["e-mails uncertain"] == 0, "what is uncertain is sent again"
        assert left["uncertain attempts"] >= 1, "no worker was killed while e-mails left"
    postgres_server.drop(shared["POSTROOM_DATABASE_URL"])


@pytest.mark.timeout(600)
def test_over_exchange_forty_kills_lose_nothing_double_nothing_and_send_nothing_twice(
    nursery: Nursery, tmp_path: Path, record_property: Callable[..., None]
) -> None:
    environment = {**SETTINGS, "POSTROOM_HOME": str(tmp_path / "home")}
    with ExchangeServers() as servers, a_firm(nursery, environment, servers) as firm:
        chance = Random(20261125)
        start = partial(nursery.start, "worker", environment=environment)
        deaths = [live_and_die(firm, start, chance, (BLIND, LEAVING, *AIMS)) for _ in range(40)]
        deaths += until_some_are_in_doubt(firm, start, chance)
        took = finish(firm, environment, seconds=240)

        check_what_came(firm)
        left = check_what_left(firm)
        report(deaths, {**left, "seconds to the end": round(took)}, firm, record_property)
        assert left[AGAIN] == 0, "a server that keeps what it has sent is asked first"
        assert left["e-mails uncertain"] == 0, "and so nothing is left for a person to find out"
        assert left["uncertain attempts"] >= 1, "no worker was killed while e-mails left"
        assert sum(death.hit for death in deaths) >= len(deaths) * 0.3
        once_more(firm, nursery, environment)


def check_that_it_hurt(deaths: Sequence[Death]) -> None:
    """See that workers were killed at work, so that this could have failed."""
    # On a busy machine a worker needs longer to come to work, and more are killed before that.
    assert sum(death.hit for death in deaths) >= len(deaths) * 0.3
    for aim in AIMS:
        assert any(death.hit for death in deaths if death.aim == aim), f"never: {aim}"
    assert sum(death.left.sending > death.left.submitted for death in deaths) >= len(deaths) / 20
    assert sum(death.left.submitted > 0 for death in deaths) >= len(deaths) / 20


def once_more(firm: Firm, nursery: Nursery, environment: Mapping[str, str]) -> None:
    """See that another look at both mailboxes adds nothing."""
    before = firm.glance()
    firm.hint()
    nursery.run("run-once", environment=environment)
    assert firm.glance() == before
    check_what_came(firm)
