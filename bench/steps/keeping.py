"""Passes over linked items between a store and the sandbox's Exchange: what an unchanged mailbox costs.

python -m bench.steps.keeping HOME COUNT [--repeat N]

Half of the items are contacts and half tasks, made in the store and taken to the mailbox by the pass itself.
The server is a thread of this process, so the seconds of a pass hold those of the server.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

import postroom.passes.step as passes
from bench.ours import MAILBOX
from bench.servers import PASSWORD
from bench.steps.office import Tally
from bench.steps.product import count_statements
from bench.steps.setup_exchange import make_store
from postroom.app.items import open_item_sides
from postroom.app.settings import read_settings
from postroom.app.wiring import Postroom, open_postroom, set_up
from postroom.passes.result import PassResult
from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange
from postroom.schema.choices import RunStatus
from postroom.schema.mailbox import Mailbox

#: Passes after which a mailbox must be in step, or an edit on the other side.
_MOST_PASSES = 6
#: So long the server's clock, which tells seconds, may call two changes one.
_SETTLED_FOR = 2.1


@dataclass(frozen=True, slots=True)
class Desk:
    """The store, the mailbox on the server, and what is counted of both."""

    postroom: Postroom
    office: ExchangeOffice
    tally: Tally
    mailbox: UUID
    user: UUID

    def go(self) -> PassResult:
        """Make one pass, and end when the server failed it."""
        result = passes.step(self.postroom.context(), self.mailbox, opener=open_item_sides)
        if result.failure is not None:
            raise SystemExit(f"the pass broke off: {result}")
        return result

    def fill(self, count: int) -> None:
        """Make contacts and tasks of the user's in the store."""
        with self.postroom.database.write() as connection:
            for number in range(count):
                self._make(connection, number)

    def _make(self, connection: Connection, number: int) -> None:
        values: dict[str, Any] = {"ownerid": self.user, "description": f"What is known of {number}."}
        if number % 2:
            values |= {"subject": f"Task {number}"}
        else:
            values |= {"firstname": "No.", "lastname": str(number), "emailaddress1": f"n{number}@far.example"}
        self.postroom.records.create(connection, "task" if number % 2 else "contact", values)

    def settle(self) -> list[str]:
        """Make passes until nothing is done, and return what each said."""
        said = []
        for _ in range(_MOST_PASSES):
            result = self.go()
            said.append(result.notes)
            if not result.items:
                return said
        raise SystemExit(f"not in step after {_MOST_PASSES} passes: {said}")

    def linked(self) -> int:
        """Return how many pairs there are."""
        with self.postroom.database.read() as connection:
            rows = "select count(*) from exchangesyncidmapping where exchangeentryid is not null"
            return int(connection.exec_driver_sql(rows).scalar_one())

    def look(self) -> dict[str, Any]:
        """Make a pass over what is in step and return what it asked, wrote and took."""
        self.tally.take()
        writes = WRITES["writes"]
        before, cpu = time.perf_counter(), time.process_time()
        result = self.go()
        took, spent = time.perf_counter() - before, time.process_time() - cpu
        asked = self.tally.take()
        wrote = WRITES["writes"] - writes
        return {
            "requests": asked["requests"],
            "asked": asked["asked"],
            "writes": wrote,
            "acts": result.items,
            "seconds": took,
            "cpu": spent,
        }

    def edit_in_store(self) -> dict[str, Any]:
        """Edit a task in the store; return after how many passes the server has it, and what they asked."""
        with self.postroom.database.write() as connection:
            rows = self.postroom.records.select(connection, "task")
            key = next(row["activityid"] for row in rows if row["subject"] == "Task 1")
            self.postroom.records.update(connection, "task", key, {"subject": "Edited in the store"})
        outlook = self.office.outlook(MAILBOX)
        return self._until(lambda: "Edited in the store" in outlook.subjects("tasks"))

    def edit_on_server(self) -> dict[str, Any]:
        """Edit a task in the mailbox; return after how many passes the store has it, and what they asked."""
        outlook = self.office.outlook(MAILBOX)
        outlook.edit(outlook.find("Task 3", "tasks"), "item:Subject", "Edited on the server")
        return self._until(lambda: "Edited on the server" in self._subjects())

    def _subjects(self) -> set[str]:
        with self.postroom.database.read() as connection:
            return {row["subject"] for row in self.postroom.records.select(connection, "task")}

    def _until(self, is_there: Callable[[], bool]) -> dict[str, Any]:
        for number in range(1, _MOST_PASSES + 1):
            looked = self.look()
            if is_there():
                return {"passes": number, **looked}
        raise SystemExit(f"an edit has not arrived after {_MOST_PASSES} passes")


WRITES = count_statements()


def _enable(postroom: Postroom) -> tuple[UUID, UUID]:
    """Have the user's items synchronized and return the mailbox and the user."""
    with postroom.database.write() as connection:
        query = select(Mailbox.mailboxid, Mailbox.regardingobjectid).where(Mailbox.emailaddress == MAILBOX)
        mailbox, user = connection.execute(query).one()
        postroom.records.update(connection, "mailbox", mailbox, {"actdeliverymethod": 1})
        tested = {"enabledforact": True, "actstatus": RunStatus.SUCCESS}
        postroom.records.update(connection, "mailbox", mailbox, tested, internal=True)
    return mailbox, user


def run(home: Path, count: int, repeat: int) -> dict[str, Any]:
    """Fill a store, bring both sides in step, and return what passes over them cost."""
    os.environ["POSTROOM_HOME"] = str(home)
    settings, office, tally = read_settings(), ExchangeOffice(), Tally()
    office.open_account(MAILBOX, PASSWORD, "Sales")
    set_up(settings)
    with SandboxExchange(office, on_payload=tally.hear) as server, open_postroom(settings) as postroom:
        make_store(postroom, server.url, "everything")
        desk = Desk(postroom, office, tally, *_enable(postroom))
        desk.fill(count)
        # All in one pass: how a first synchronization is divided is not what is measured.
        passes.MOST_ACTS = count + 10_000
        first = desk.settle()
        time.sleep(_SETTLED_FOR)
        desk.go()
        looks = [desk.look() for _ in range(repeat)]
        edits = {"in the store": desk.edit_in_store(), "on the server": desk.edit_on_server()}
        return {"linked": desk.linked(), "first": first, "looks": looks, "edits": edits}


def main(arguments: list[str]) -> None:
    """Print what the passes cost."""
    parser = argparse.ArgumentParser(prog="bench.steps.keeping")
    parser.add_argument("home", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args(arguments)
    sys.stdout.write("\n" + json.dumps(run(given.home, given.count, given.repeat)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
