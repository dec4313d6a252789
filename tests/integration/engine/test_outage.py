"""Servers that are down for a day, and what their mailboxes do meanwhile, over the sandbox's real ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import PASSWORD, Company, a_company, on_sqlite
from tests.support.mail import a_message

from postroom.app.alerts import reporter
from postroom.app.retention import forget_old_health
from postroom.app.service import passes_of, tell_of_silence, tend
from postroom.engine.fleet import Crew, run_due
from postroom.engine.work import Settled
from postroom.passes import receive
from postroom.passes.result import PassResult
from postroom.sandbox.faults import Fault, Misbehaviour
from postroom.sandbox.pop3 import SandboxPop3
from postroom.schema.choices import Cause, CircuitState, TraceLevel, Workload
from postroom.store import workloads
from postroom.store.records import Records

INCOMING = int(Workload.INCOMING)


class Fleet:
    """Twenty mailboxes on one POP3 server that can be switched off, and a worker that goes round."""

    def __init__(self, company: Company, home: Path) -> None:
        self.company = company
        self.home = home
        self.addresses = [f"user{number}@corp.example" for number in range(20)]
        for address in self.addresses:
            company.add_user(address, f"User {address[4:].partition('@')[0]}")
            company.enable_quietly(address)
        #: When which mailbox was read.
        self.passes: list[tuple[datetime, UUID]] = []
        self.pop3: SandboxPop3 | None = company.pop3
        self.port = company.pop3.port

    def crew(self, context: Any = None) -> Crew:
        context = context or self.company.context
        receive = passes_of(context)[Workload.INCOMING]

        def noted(mailbox: UUID, workload: Workload) -> PassResult:
            self.passes.append((self.company.clock.at, mailbox))
            return receive(mailbox, workload)

        return Crew(
            context.database,
            {Workload.INCOMING: noted},
            self.home,
            "box",
            clock=context.clock,
            report=reporter(context),
            threads=1,
        )

    def go_round(self) -> Sequence[Settled]:
        return run_due(self.crew())

    def wait(self, **length: float) -> None:
        self.company.clock.at += timedelta(**length)

    def switch_off(self) -> None:
        assert self.pop3 is not None
        self.pop3.stop()
        self.pop3 = None

    def switch_on(self) -> None:
        self.pop3 = SandboxPop3(self.company.server, port=self.port)
        self.pop3.start()

    def rows(self) -> list[dict[str, Any]]:
        return self.company.rows("postroom_workload", workload=INCOMING)

    def row(self, address: str) -> dict[str, Any]:
        return next(row for row in self.rows() if row["mailboxid"] == self.company.mailbox(address))

    def circuit(self) -> dict[str, Any]:
        (circuit,) = self.company.rows("postroom_circuit")
        return circuit

    def alerts(self, code: int) -> list[dict[str, Any]]:
        return self.company.rows("tracelog", tracecode=code)

    def all_are_on(self) -> bool:
        return all(row["enabledforincomingemail"] for row in self.company.rows("mailbox"))


@pytest.fixture
def fleet(records: Records, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet whose mailboxes have all been read once."""
    with a_company(records, tmp_path) as company:
        made = Fleet(company, tmp_path / "home")
        made.go_round()
        made.passes.clear()
        yield made
        if made.pop3 is not None:
            made.pop3.stop()


def test_a_server_that_is_down_for_a_day_is_asked_by_one_mailbox_at_a_time_and_nobody_has_to_help(
    fleet: Fleet,
) -> None:
    company, began = fleet.company, fleet.company.clock.at
    fleet.switch_off()
    fleet.wait(minutes=15)
    fleet.go_round()
    # Three find out; nobody else asks.
    assert len(fleet.passes) == 3
    assert fleet.circuit()["state"] == CircuitState.OPEN
    assert all(row["circuitid"] for row in fleet.rows())
    fleet.passes.clear()

    while company.clock.at < began + timedelta(days=1):
        fleet.wait(minutes=15)
        fleet.go_round()

    times = [at for at, _ in fleet.passes]
    assert len(times) == len(set(times)), "two mailboxes asked at the same time"
    assert min(later - earlier for earlier, later in pairwise(times)) >= timedelta(minutes=5)
    assert len({mailbox for _, mailbox in fleet.passes}) > 10, "they take turns"
    assert fleet.all_are_on()
    (alert,) = fleet.alerts(21)
    assert alert["level"] == TraceLevel.ERROR
    assert alert["regardingobjectid"] == company.ids["profile"]

    for address in fleet.addresses:
        company.server.deliver(address, a_message(to=[address], sender="carl@contoso.example"))
    fleet.switch_on()
    fleet.passes.clear()
    fleet.wait(minutes=5)
    fleet.go_round()
    assert len(fleet.passes) <= 2, "not all at once"
    assert fleet.circuit()["state"] == CircuitState.CLOSED
    for _ in range(20):
        fleet.wait(seconds=1)
        fleet.go_round()

    assert len({mailbox for _, mailbox in fleet.passes}) == len(fleet.rows())
    assert all(row["failurecount"] == 0 and row["circuitid"] is None for row in fleet.rows())
    assert len(company.rows("email", directioncode=False)) == 20
    assert len(fleet.alerts(22)) == 1


@on_sqlite
def test_one_mailbox_that_fails_keeps_no_other_waiting(fleet: Fleet) -> None:
    fleet.company.pop3.faults.add(Fault(Misbehaviour.CLOSE, user=fleet.addresses[0]))
    fleet.company.server.deliver(fleet.addresses[0], a_message(to=[fleet.addresses[0]]))

    for _ in range(4):
        fleet.wait(minutes=20)
        fleet.go_round()

    assert {row["state"] for row in fleet.company.rows("postroom_circuit")} <= {CircuitState.CLOSED}
    assert len(fleet.passes) >= 4 * 20


@on_sqlite
def test_a_person_who_has_mended_the_server_need_not_wait_for_the_next_try(fleet: Fleet) -> None:
    fleet.switch_off()
    fleet.wait(minutes=15)
    fleet.go_round()
    fleet.switch_on()
    with fleet.company.context.database.write() as connection:
        mailbox = fleet.company.mailbox(fleet.addresses[7])
        workloads.hint(connection, [mailbox], fleet.company.clock.at)
    fleet.passes.clear()

    fleet.go_round()

    assert fleet.passes[0][1] == mailbox
    assert fleet.circuit()["state"] == CircuitState.CLOSED


def test_a_server_that_rejects_everybody_stops_nobody(fleet: Fleet) -> None:
    fleet.company.pop3.faults.add(Fault(Misbehaviour.REFUSE))
    fleet.wait(minutes=15)

    fleet.go_round()

    assert len(fleet.passes) == 3
    assert fleet.all_are_on()
    assert fleet.circuit()["cause"] == Cause.SIGN_IN
    fleet.company.pop3.faults.clear()
    fleet.wait(minutes=10)
    fleet.go_round()
    fleet.wait(minutes=1)
    fleet.go_round()
    assert all(row["failurecount"] == 0 for row in fleet.rows())


def test_a_wrong_password_stops_its_mailbox_alone_until_it_is_changed(fleet: Fleet) -> None:
    company, address = fleet.company, fleet.addresses[3]
    company.pop3.faults.add(Fault(Misbehaviour.REFUSE, user=address))
    fleet.wait(minutes=15)
    fleet.go_round()
    key = company.mailbox(address)
    (mailbox,) = company.rows("mailbox", mailboxid=key)
    assert not mailbox["enabledforincomingemail"]
    (alert,) = fleet.alerts(3)
    assert (alert["regardingobjectid"], alert["regardingobjectownerid"]) == (key, mailbox["ownerid"])
    assert sum(row["enabledforincomingemail"] for row in company.rows("mailbox")) == len(fleet.rows()) - 1

    company.pop3.faults.clear()
    company.update("mailbox", key, password=PASSWORD)
    tend(company.context)

    (mailbox,) = company.rows("mailbox", mailboxid=key)
    assert mailbox["enabledforincomingemail"]
    fleet.go_round()
    assert fleet.row(address)["failurecount"] == 0


def test_a_mailbox_moved_to_another_server_does_not_wait_for_the_old_one(fleet: Fleet) -> None:
    company = fleet.company
    fleet.switch_off()
    fleet.wait(minutes=15)
    fleet.go_round()
    with SandboxPop3(company.server) as other:
        elsewhere = company.add_profile(name="Elsewhere", incomingportnumber=other.port)
        moved = company.mailbox(fleet.addresses[0])
        company.update("mailbox", moved, emailserverprofile=elsewhere)
        company.enable_quietly(fleet.addresses[0])
        fleet.passes.clear()
        fleet.wait(seconds=20)
        fleet.go_round()

    assert [who for _, who in fleet.passes] == [moved]
    assert fleet.row(fleet.addresses[0])["failurecount"] == 0


@on_sqlite
def test_silence_is_told_once_whatever_its_cause(fleet: Fleet) -> None:
    company = fleet.company
    fleet.wait(minutes=59)
    assert tell_of_silence(company.context) == 0

    fleet.wait(minutes=31)

    assert tell_of_silence(company.context) > 0
    assert {alert["level"] for alert in fleet.alerts(23)} == {TraceLevel.ERROR}
    assert tell_of_silence(company.context) == 0
    fleet.go_round()
    assert {row["silenton"] for row in fleet.rows()} == {None}


@on_sqlite
def test_a_clock_that_ran_a_year_ahead_puts_no_mailbox_to_sleep(fleet: Fleet) -> None:
    fleet.wait(days=365)
    fleet.go_round()
    fleet.wait(days=-365)
    fleet.passes.clear()

    fleet.go_round()

    assert len(fleet.passes) == len(fleet.rows())


@on_sqlite
def test_a_mailbox_deleted_in_mid_pass_hurts_no_other(fleet: Fleet) -> None:
    company = fleet.company
    forward = company.add_forward_mailbox("forward@corp.example")
    company.enable_quietly("forward@corp.example")
    company.server.deliver("forward@corp.example", a_message(to=["forward@corp.example"]))
    fleet.wait(minutes=15)
    crew = fleet.crew()
    inner = crew.passes[Workload.INCOMING]

    def deleting(mailbox: UUID, workload: Workload) -> PassResult:
        if mailbox == forward:
            with company.context.database.write() as connection:
                company.records.delete(connection, "mailbox", forward)
        return inner(mailbox, workload)

    settled = run_due(replace(crew, passes={Workload.INCOMING: deleting}))

    assert len(settled) == len(fleet.addresses) + 2
    assert not [done for done in settled if done.finished.failure]
    assert company.rows("postroom_workload", mailboxid=forward) == []


@on_sqlite
def test_what_was_kept_for_its_time_is_let_go_of(fleet: Fleet) -> None:
    company = fleet.company
    assert len(company.rows("mailboxstatistics")) >= 20
    fleet.wait(days=4)
    assert forget_old_health(company.context) >= 20
    assert company.rows("mailboxstatistics") == []
    assert company.rows("tracelog") != []
    fleet.wait(days=31)

    forget_old_health(company.context)

    assert company.rows("tracelog") == []
    assert forget_old_health(company.context) == 0


@on_sqlite
def test_a_mailbox_full_of_old_mail_lets_others_have_their_turn(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "_IN_ONE_TURN", 2)
    company, full = fleet.company, fleet.addresses[0]
    for number in range(9):
        company.server.deliver(full, a_message(to=[full], message_id=f"<{number}@x.example>"))
    context = company.limited(longest_pass=60.0, batch_size=2)

    def slow(_: object) -> None:
        company.clock.at += timedelta(seconds=45)

    taken = []
    while not taken or taken[-1].backlog:
        taken.append(receive.receive(context, company.mailbox(full), on_batch=slow))

    assert len(taken) > 1
    assert sum(result.items for result in taken) == 9
