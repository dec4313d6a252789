"""Workers killed with SIGKILL again and again while records and a mailbox's items are kept in step.

Ann's items lie on the sandbox's Exchange, which runs in this process and goes on with whatever a worker asked
for before it died. People make and change items on both sides all the time; the times and the choices are
drawn from a fixed seed. At the end one worker is left alone until nothing is to be done, and then everything
is counted: no item is there twice, no edit is lost, every guest was invited once.
"""

import email
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from tests.support.exchange_firm import ExchangeServers
from tests.support.firm import Firm, a_firm, address_of
from tests.support.nursery import Child, Nursery, a_nursery

from postroom.app.items import open_item_sides
from postroom.passes.plan import Shown, show_plan
from postroom.sandbox.exchange.outlook import Outlook
from postroom.schema import registry
from postroom.schema.choices import Workload
from postroom.store import workloads
from postroom.tracking.category import TRACKED

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SETTINGS = {"POSTROOM_LOG_LEVEL": "warning"}
GUEST = "guest@fabrikam.example"
SERIES = "recurringappointmentmaster"
FOLDERS = {"contact": "contacts", "task": "tasks", "appointment": "calendar", SERIES: "calendar"}
KILLS = 30
#: Seconds after which a worker is killed that never came to the moment aimed at.
LONGEST_LIFE = 4.0


@dataclass
class Desk:
    """Ann at both of her desks, and what she did there."""

    firm: Firm
    servers: ExchangeServers
    chance: Random
    start: datetime
    user: UUID = field(init=False)
    #: What each item was made as, by its subject.
    made: dict[str, str] = field(default_factory=dict)
    keys: dict[str, UUID] = field(default_factory=dict)
    #: The last word on each item's text from the CRM, and on its location from Outlook.
    texts: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    #: Days that were moved in the CRM, by the subject of their series.
    moved: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (row,) = [row for row in self.rows("systemuser") if row["internalemailaddress"] == self.address]
        self.user = row["systemuserid"]

    @property
    def address(self) -> str:
        return address_of(self.firm.user)

    @property
    def outlook(self) -> Outlook:
        return self.servers.office.outlook(self.address)

    def rows(self, table: str) -> list[dict[str, Any]]:
        postroom = self.firm.postroom
        with postroom.database.read() as connection:
            return postroom.records.select(connection, table)

    def plan(self) -> Shown:
        return show_plan(self.firm.postroom.context(), self.firm.mailbox_ids[0], opener=open_item_sides)

    def hint(self) -> None:
        """Make the look at her items due now."""
        postroom = self.firm.postroom
        with postroom.database.write() as connection:
            workloads.hint(connection, self.firm.mailbox_ids[:1], postroom.clock.now(), Workload.ITEMS)

    def work(self) -> None:
        """Do a few things, on either side."""
        for _ in range(3):
            self.chance.choice((self._make, self._make_in_outlook, self._write, self._place, self._move))()

    def _make(self) -> None:
        table = self.chance.choice(tuple(FOLDERS))
        subject = f"{table} {len(self.made)}"
        at = self.start + timedelta(days=len(self.made) % 20, hours=len(self.made) // 20)
        values: dict[str, Any] = {"subject": subject}
        if table == "contact":
            values = {"firstname": subject, "emailaddress1": f"n{len(self.made)}@new.example"}
        elif table == "appointment":
            values |= {"scheduledstart": at, "scheduledend": at + timedelta(hours=1)}
        elif table != "task":
            rule = {"recurrencepatterntype": 0, "patternendtype": 2, "occurrences": 5, "interval": 2}
            values |= {"starttime": at, "endtime": at + timedelta(hours=1), "patternstartdate": at, **rule}
        if FOLDERS[table] == "calendar":
            organizer = {
                "partyid": self.user,
                "partyobjecttypecode": "systemuser",
                "participationtypemask": 7,
            }
            values["parties"] = [organizer, {"addressused": GUEST, "participationtypemask": 5}]
        postroom = self.firm.postroom
        with postroom.database.write() as connection:
            key = postroom.records.create(connection, table, {"ownerid": self.user, **values}, by=self.user)
        self.made[subject], self.keys[subject] = table, key

    def _make_in_outlook(self) -> None:
        subject = f"task {len(self.made)}"
        stored = self.outlook.make("Task", "tasks", {"item:Subject": subject})
        self.outlook.categorize(stored, TRACKED)
        self.made[subject] = "task"

    def _write(self) -> None:
        """Write another text on something in the CRM."""
        if self.keys:
            subject = self.chance.choice(list(self.keys))
            self.texts[subject] = f"text {self.chance.random()}"
            self._update(self.made[subject], self.keys[subject], description=self.texts[subject])

    def _place(self) -> None:
        """Give an appointment of hers another place in Outlook."""
        found = [item for item in self.outlook.items("calendar") if item.text("item:Subject") in self.made]
        if found:
            item = self.chance.choice(found)
            place = f"room {self.chance.random()}"
            self.outlook.edit(item, "calendar:Location", place)
            self.places[item.text("item:Subject")] = place

    def _move(self) -> None:
        """Move a day of a series in the CRM; each series has one that is moved."""
        series = [subject for subject, table in self.made.items() if table == SERIES]
        if not series:
            return
        subject = self.chance.choice(series)
        days = sorted(
            (row for row in self.rows("appointment") if row["seriesid"] == self.keys[subject]),
            key=lambda row: row["originalstartdate"],
        )
        at = days[2]["scheduledstart"] + timedelta(minutes=5)
        self._update(
            "appointment", days[2]["activityid"], scheduledstart=at, scheduledend=at + timedelta(hours=1)
        )
        self.moved[subject] = at

    def _update(self, table: str, key: UUID, **values: Any) -> None:
        postroom = self.firm.postroom
        with postroom.database.write() as connection:
            postroom.records.update(connection, table, key, values, by=self.user)


def live_and_die(desk: Desk, start: Callable[[], Child]) -> bool:
    """Start a worker, give it work and kill it at it, or at any moment; say whether it was at Ann's items."""
    is_aimed = desk.chance.random() < 0.6
    moment, lag = desk.chance.uniform(0.3, 1.2), desk.chance.uniform(0.0, 0.25)
    desk.work()
    desk.hint()
    worker, born = start(), time.monotonic()
    while (age := time.monotonic() - born) < (LONGEST_LIFE if is_aimed else moment):
        if is_aimed and is_at_work(desk):
            desk.work()
            time.sleep(lag)
            break
        if not is_aimed and age > moment / 2:
            desk.work()
            desk.hint()
            time.sleep(max(0.0, born + moment - time.monotonic()))
        time.sleep(0.005)
    status = worker.kill()
    assert status == -signal.SIGKILL, f"the worker had ended by itself with {status}:\n{worker.said()}"
    return is_at_work(desk)


def is_at_work(desk: Desk) -> bool:
    """Say whether a look at Ann's items was begun and has not ended."""
    row = registry.by_logical_name("postroom_workload").table.c
    at_work = row.inflight.is_not(None) & row.hostid.is_not(None) & (row.workload == int(Workload.ITEMS))
    return bool(desk.firm.rows("postroom_workload", at_work))


def finish(desk: Desk, start: Callable[[], Child], *, seconds: float = 120) -> None:
    """Leave a worker alone until nothing is to be done."""
    worker = start()
    deadline = time.monotonic() + seconds
    try:
        while (plan := desk.plan()).acts or plan.causes or desk.outlook.items("outbox"):
            assert time.monotonic() < deadline, f"not done after {seconds} s: {plan}"
            desk.hint()
            time.sleep(0.5)
    finally:
        worker.kill()


def check(desk: Desk) -> None:
    """See that both sides have everything once, with every edit."""
    for folder in set(FOLDERS.values()):
        name = "contacts:DisplayName" if folder == "contacts" else "item:Subject"
        subjects = Counter(item.text(name) for item in desk.outlook.items(folder))
        assert subjects == Counter(s for s, table in desk.made.items() if FOLDERS[table] == folder)
    for table in FOLDERS:
        column = "firstname" if table == "contact" else "subject"
        rows = [row for row in desk.rows(table) if row.get("seriesid") is None]
        own = [row for row in rows if row["ownerid"] == desk.user]
        assert Counter(row[column] for row in own) == Counter(
            subject for subject, made_as in desk.made.items() if made_as == table
        )
    items = {item.text("item:Subject"): item for item in desk.outlook.items("calendar")}
    for subject, text in desk.texts.items():
        folder = FOLDERS[desk.made[subject]]
        name = "contacts:DisplayName" if folder == "contacts" else "item:Subject"
        (item,) = [each for each in desk.outlook.items(folder) if each.text(name) == subject]
        assert text in item.text("item:Body")
    for subject, place in desk.places.items():
        assert items[subject].text("calendar:Location") == place
        row = desk.firm.postroom.records
        with desk.firm.postroom.database.read() as connection:
            assert row.get(connection, desk.made[subject], desk.keys[subject])["location"] == place
    for subject, at in desk.moved.items():
        found = desk.outlook.occurrences(at, at + timedelta(minutes=1))
        assert subject in [
            item.text("item:Subject") for item in found if item.text("calendar:Start") == _written(at)
        ]


def check_what_was_told(desk: Desk) -> int:
    """See that the guest was told of every meeting, and of nothing twice; return how often he was told."""
    told: Counter[tuple[str, ...]] = Counter()
    ids: dict[str, set[str]] = {}
    for data in desk.servers.left():
        message = email.message_from_bytes(data)
        calendar = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
        content = calendar.get_payload(decode=True)
        assert isinstance(content, bytes)
        lines = content.decode().replace("\r\n ", "").splitlines()
        what = [line for line in lines if not line.startswith(("DTSTAMP", "SEQUENCE"))]
        text = next(part for part in message.walk() if part.get_content_type() == "text/plain")
        told[(str(message["Subject"]), str(text.get_payload()), *what)] += 1
        ids.setdefault(str(message["Subject"]), set()).update(
            line for line in lines if line.startswith("UID")
        )
    assert [what for what, times in told.items() if times > 1] == []
    meetings = [subject for subject, table in desk.made.items() if FOLDERS[table] == "calendar"]
    assert {subject: len(found) for subject, found in ids.items()} == dict.fromkeys(meetings, 1)
    return told.total()


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    """Where workers are forked from."""
    with a_nursery(tmp_path / "logs") as made:
        yield made


@pytest.mark.timeout(600)
def test_thirty_kills_double_no_item_lose_no_edit_and_invite_nobody_twice(
    nursery: Nursery, tmp_path: Path, record_property: Callable[..., None]
) -> None:
    environment = {**SETTINGS, "POSTROOM_HOME": str(tmp_path / "home")}
    with ExchangeServers() as servers, a_firm(nursery, environment, servers) as firm:
        with firm.postroom.database.write() as connection:
            firm.postroom.records.update(connection, "mailbox", firm.mailbox_ids[0], {"actdeliverymethod": 1})
        nursery.run("mailbox", "test", address_of(firm.user), environment=environment)
        nursery.run("run-once", "--workload", "items", environment=environment)
        start_of_all = firm.postroom.clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(
            days=3
        )
        desk = Desk(firm, servers, Random(20261126), start_of_all)
        start = partial(nursery.start, "worker", environment=environment)
        hits = sum(live_and_die(desk, start) for _ in range(KILLS))
        finish(desk, start)
        check(desk)
        told = check_what_was_told(desk)
        figures = {"items": len(desk.made), "killed at work": hits, "messages to the guest": told}
        for name, value in figures.items():
            record_property(name, value)
        print("; ".join(f"{name}: {value}" for name, value in figures.items()))
        assert hits >= KILLS * 0.2, "workers were killed at work, so that this could have failed"
