"""A worker of a fleet over made-up mailboxes, and what it takes.

python -m bench.steps.fleet make HOME COUNT [--port PORT]
python -m bench.steps.fleet round HOME COUNT [--real] [--rest SECONDS]
python -m bench.steps.fleet work HOME NUMBER WAIT

`make` writes mailboxes that were empty at their last look and are due; with a port they lie on a POP3
server and have credentials of their own. `round` has one worker look into all of them, for real or with a
poll that answers at once, and then rest. `work` runs passes that only wait, until so many have ended in the
whole fleet.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from bench.servers import PASSWORD
from postroom.app.service import crew_of, poller
from postroom.app.settings import read_settings
from postroom.app.wiring import Postroom, open_postroom, set_up
from postroom.engine.fleet import Crew
from postroom.engine.worker import Worker
from postroom.passes.result import PassResult
from postroom.schema import registry
from postroom.schema.choices import (
    AccessApproval,
    CredentialRetrieval,
    IncomingDeliveryMethod,
    ServerType,
    Workload,
)
from postroom.schema.ids import new_id
from postroom.store import workloads

_MAILBOX = registry.by_logical_name("mailbox").table
_PROFILE = registry.by_logical_name("emailserverprofile").table
_ROW = registry.by_logical_name("postroom_workload").table
_INCOMING = _ROW.c.workload == int(Workload.INCOMING)
_AT_ONCE = 1_000
#: Mailboxes of one simulated profile.
_OF_A_PROFILE = 20


def make(postroom: Postroom, count: int, port: int | None) -> None:
    """Write the mailboxes."""
    retrieval = CredentialRetrieval.USER_OR_QUEUE if port else CredentialRetrieval.PROFILE
    profiles = [new_id() for _ in range(max(1, count // _OF_A_PROFILE) if port is None else 1)]
    with postroom.database.write() as connection:
        connection.execute(
            sa.insert(_PROFILE),
            [
                {
                    "emailserverprofileid": key,
                    "name": f"Server {number}",
                    "servertype": int(ServerType.POP3_SMTP),
                    "incomingcredentialretrieval": int(retrieval),
                    "incomingserverlocation": "127.0.0.1",
                    "incomingportnumber": port or 1,
                    "incomingusessl": False,
                }
                for number, key in enumerate(profiles)
            ],
        )
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(count, start + _AT_ONCE))
        rows = [_mailbox(postroom, number, profiles[number % len(profiles)]) for number in numbers]
        with postroom.database.write() as connection:
            connection.execute(sa.insert(_MAILBOX), rows)
            workloads.ensure_rows(connection, [row["mailboxid"] for row in rows], postroom.clock.now())
    make_due(postroom)


def make_due(postroom: Postroom) -> None:
    """Let every mailbox have been empty before, and be due."""
    with postroom.database.write() as connection:
        values = {"emptycount": 1, "isidle": True, "dueon": postroom.clock.now(), "lastendedon": None}
        connection.execute(sa.update(_ROW).where(_INCOMING).values(values))


def _mailbox(postroom: Postroom, number: int, profile: UUID) -> dict[str, Any]:
    key, user = new_id(), f"idle{number}"
    return {
        "mailboxid": key,
        "name": user,
        "emailaddress": f"{user}@bench.example",
        "emailserverprofile": profile,
        "isforwardmailbox": False,
        "incomingemaildeliverymethod": int(IncomingDeliveryMethod.SERVER_SIDE),
        "emailrouteraccessapproval": int(AccessApproval.APPROVED),
        "allowemailconnectortousecredentials": True,
        "enabledforincomingemail": True,
        "enabledforoutgoingemail": False,
        "enabledforact": False,
        "username": user,
        "password": postroom.secrets.seal(PASSWORD, place=f"mailbox/{key}/password"),
        "ispasswordset": True,
    }


def look(postroom: Postroom, count: int, *, is_real: bool, rest: float) -> dict[str, Any]:
    """Have one worker look into every mailbox, and return what that took and what resting takes."""
    passes = 0

    def one_pass(_: UUID, __: Workload) -> PassResult:
        nonlocal passes
        passes += 1
        return PassResult()

    def answers(ids: Sequence[UUID]) -> Iterator[tuple[UUID, bool]]:
        return ((id, False) for id in ids)

    usual = crew_of(postroom)
    ask = poller(postroom.context()) if is_real else answers
    crew = Crew(
        postroom.database,
        {Workload.INCOMING: one_pass},
        home=postroom.settings.home,
        machine="bench",
        poll=ask,
        threads=usual.threads,
    )
    worker = Worker(crew)
    before = time.process_time()
    worker.start()
    while _left(postroom):
        time.sleep(0.05)
    cpu = time.process_time() - before
    began, ended = _span(postroom)
    resting = time.process_time()
    time.sleep(rest)
    resting = time.process_time() - resting
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    worker.stop()
    return {
        "seconds": (ended - began).total_seconds(),
        "cpu": cpu,
        "mailboxes": count,
        "passes": passes,
        "peak": peak,
        "resting": resting / rest if rest else 0.0,
    }


def _left(postroom: Postroom) -> int:
    with postroom.database.read() as connection:
        query = sa.select(sa.func.count()).select_from(_ROW).where(_INCOMING, _ROW.c.lastendedon.is_(None))
        return connection.scalar(query) or 0


def _span(postroom: Postroom) -> Any:
    with postroom.database.read() as connection:
        columns = sa.func.min(_ROW.c.laststartedon), sa.func.max(_ROW.c.lastendedon)
        return connection.execute(sa.select(*columns).where(_INCOMING)).one()


def work(postroom: Postroom, number: int, wait: float) -> dict[str, Any]:
    """Run passes that wait, each mailbox's again at once, until so many have ended in the fleet."""

    def one_pass(_: UUID, __: Workload) -> PassResult:
        time.sleep(wait)
        return PassResult(items=1, backlog=1)

    crew = Crew(
        postroom.database,
        {Workload.INCOMING: one_pass},
        home=postroom.settings.home,
        machine=f"bench-{os.getpid()}",
        threads=10,
    )
    worker = Worker(crew)
    worker.start()
    begun, first = None, 0
    while True:
        with postroom.database.read() as connection:
            done = _done(connection)
        if begun is None and done >= number // 5:
            # The workers have warmed up.
            begun, first = time.perf_counter(), done
        if done >= number:
            break
        time.sleep(0.05)
    taken = time.perf_counter() - (begun or 0)
    worker.stop()
    return {"seconds": taken, "passes": done - first, "cpu": time.process_time()}


def _done(connection: Connection) -> int:
    return int(connection.scalar(sa.select(sa.func.sum(_ROW.c.sequence)).where(_INCOMING)) or 0)


def main(arguments: Sequence[str]) -> None:
    """Do one of these in the store of a home, and print the figures."""
    parser = argparse.ArgumentParser(prog="bench.steps.fleet")
    parser.add_argument("what", choices=("make", "round", "work"))
    parser.add_argument("home", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("wait", type=float, nargs="?", default=0.05)
    parser.add_argument("--port", type=int)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--rest", type=float, default=0.0)
    read = parser.parse_args(arguments)
    read.home.mkdir(parents=True, exist_ok=True)
    settings = read_settings({**os.environ, "POSTROOM_HOME": str(read.home)})
    if read.what == "make":
        set_up(settings)
    with open_postroom(settings) as postroom:
        if read.what == "make":
            make(postroom, read.count, read.port)
            said: dict[str, Any] = {}
        elif read.what == "round":
            make_due(postroom)
            said = look(postroom, read.count, is_real=read.real, rest=read.rest)
        else:
            said = work(postroom, read.count, read.wait)
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1:])
