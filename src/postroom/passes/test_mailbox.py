"""Test and enable: each server tried step by step; what works is switched on."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from postroom.configuration.exchange import is_exchange
from postroom.configuration.mailbox import overall
from postroom.configuration.permission import Obstacle
from postroom.errors import TransportError, UserError
from postroom.mime.compose import compose
from postroom.mime.message import Address, Outgoing
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.exchange import try_exchange
from postroom.passes.organization_mark import OwnedByAnotherError, claim
from postroom.ports.mail import Outcome, Submission
from postroom.schema.choices import (
    IncomingDeliveryMethod,
    ItemDeliveryMethod,
    OutgoingDeliveryMethod,
    RunStatus,
    Workload,
)
from postroom.schema.ids import new_id
from postroom.servers import pop3, smtp
from postroom.servers.connection import Step
from postroom.store import alerts, hindrances, mailboxes
from postroom.store.mailboxes import Setup
from postroom.store.policy import test_message_prefix
from postroom.store.workloads import COLUMNS_OF

#: A test that was asked for and met a server's trouble is tried again after this time, then after twice as
#: much, and so on up to so many times as much.
TEST_GAP = timedelta(minutes=1)
MOST_GAPS = 10

SUBJECT = "Your mailbox is now connected"


@dataclass(frozen=True, slots=True)
class Finding:
    """One step of the test: for which workload, how long it took, what the server said."""

    workload: Workload
    name: str
    ok: bool
    seconds: float
    #: The server's own words, secrets masked; what to do when the step failed.
    said: str = ""
    #: What went wrong; None when it worked, or when the server has not been asked.
    failure: TransportError | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a test, step by step."""

    mailbox: UUID
    address: str
    findings: tuple[Finding, ...]
    incoming: RunStatus
    outgoing: RunStatus
    items: RunStatus = RunStatus.NOT_RUN

    @property
    def status(self) -> RunStatus:
        """Return the status of the whole mailbox."""
        return overall(self.incoming, self.outgoing, self.items)

    def trouble_of_server(self, workload: Workload) -> TransportError | None:
        """Return what the server could not do just now, though it may later; None when it is not at fault."""
        found = (f.failure for f in self.findings if f.workload is workload and f.failure is not None)
        return next((failure for failure in found if failure.retry), None)

    @property
    def may_pass_later(self) -> bool:
        """Say whether all that failed is a server's passing trouble."""
        failed = {f.workload for f in self.findings if not f.ok}
        return bool(failed) and all(self.trouble_of_server(workload) for workload in failed)


def test_mailbox(context: Context, mailbox: UUID) -> Report:
    """Try the mailbox's servers, switch on the workloads that work, and write alerts.

    Only workloads whose method is server-side synchronization are tried; others stay Not run.
    """
    setup = access.read_setup(context, mailbox)
    findings: list[Finding] = []
    incoming = outgoing = items = RunStatus.NOT_RUN
    if setup.mailbox["outgoingemaildeliverymethod"] == OutgoingDeliveryMethod.SERVER_SIDE:
        outgoing = _try(findings, Workload.OUTGOING, _outgoing_steps(context, setup), setup)
    if setup.mailbox["incomingemaildeliverymethod"] == IncomingDeliveryMethod.SERVER_SIDE:
        incoming = _try(findings, Workload.INCOMING, _incoming_steps(context, setup), setup)
    if setup.mailbox["actdeliverymethod"] == ItemDeliveryMethod.SERVER_SIDE:
        items = _try(findings, Workload.ITEMS, _items_steps(context, setup), setup)
    if not findings:
        findings.extend(_nothing_to_test(setup))
    report = Report(mailbox, setup.mailbox["emailaddress"] or "", tuple(findings), incoming, outgoing, items)
    _record(context, setup, report)
    return report


# pytest would take the name for a test of its own.
test_mailbox.__test__ = False  # type: ignore[attr-defined]


def _try(findings: list[Finding], workload: Workload, steps: Iterator[Step], setup: Setup) -> RunStatus:
    obstacle = access.obstacle_for(setup, workload, for_test=True)
    if obstacle:
        findings.append(_hindered(workload, obstacle))
        return RunStatus.FAILURE
    tried = list(_tried(workload, steps))
    findings.extend(tried)
    return RunStatus.SUCCESS if tried and all(f.ok for f in tried) else RunStatus.FAILURE


def _tried(workload: Workload, steps: Iterator[Step]) -> Iterator[Finding]:
    """Yield what each step found; what can't even begin is a finding too."""
    started = time.monotonic()
    try:
        for step in steps:
            yield _finding(workload, step)
    except (TransportError, UserError) as fault:
        spent = time.monotonic() - started
        failure = fault if isinstance(fault, TransportError) else None
        yield Finding(workload, "preconditions", ok=False, seconds=spent, said=str(fault), failure=failure)


def _hindered(workload: Workload, obstacle: Obstacle) -> Finding:
    return Finding(
        workload,
        "preconditions",
        ok=False,
        seconds=0.0,
        said=f"{obstacle.name}: {obstacle.sentence} {obstacle.cure}",
    )


def _nothing_to_test(setup: Setup) -> Iterator[Finding]:
    """Say of each direction why there was nothing to try."""
    for workload in (Workload.INCOMING, Workload.OUTGOING):
        if obstacle := access.obstacle_for(setup, workload, for_test=True):
            yield _hindered(workload, obstacle)


def _finding(workload: Workload, step: Step) -> Finding:
    said = step.reply if step.failure is None else str(step.failure)
    if isinstance(step.failure, TransportError) and step.failure.reply and step.failure.reply not in said:
        said = f"{said} The server said: {step.failure.reply}"
    failure = step.failure if isinstance(step.failure, TransportError) else None
    return Finding(workload, step.name, step.ok, step.seconds, said, failure)


def _incoming_steps(context: Context, setup: Setup) -> Iterator[Step]:
    if is_exchange(setup.profile or {}):
        yield from try_exchange(context, setup, Workload.INCOMING)
        return
    yield from pop3.check(access.pop3_account(context, setup))


def _outgoing_steps(context: Context, setup: Setup) -> Iterator[Step]:
    for step in _sending_steps(context, setup):
        yield step
        if not step.ok:
            return
    yield _send_to_itself(context, setup)


def _sending_steps(context: Context, setup: Setup) -> Iterator[Step]:
    if is_exchange(setup.profile or {}):
        return try_exchange(context, setup, Workload.OUTGOING)
    return smtp.check(access.smtp_account(context, setup))


def _items_steps(context: Context, setup: Setup) -> Iterator[Step]:
    """Open the mailbox and see to it that no other organization synchronizes its items."""
    started = time.monotonic()
    source = access.open_source(context, setup)
    try:
        folders = source.folders
        if folders is None:
            return
        said = claim(context, setup, folders)
        yield Step("organization", ok=True, seconds=time.monotonic() - started, reply=said)
    except OwnedByAnotherError as failure:
        spent = time.monotonic() - started
        yield Step("organization", ok=False, seconds=spent, failure=failure)
    finally:
        source.close()


def _send_to_itself(context: Context, setup: Setup) -> Step:
    address = setup.mailbox["emailaddress"]
    submission = Submission("test", address, (address,), compose(_test_message(context, setup, address)))
    started = time.monotonic()
    try:
        sink = access.open_sink(context, setup)
        try:
            delivery = next(iter(sink.submit([submission])))
        finally:
            sink.close()
    except TransportError as failure:
        return Step(
            "send to itself",
            ok=False,
            seconds=time.monotonic() - started,
            reply=failure.reply,
            failure=failure,
        )
    ok = delivery.outcome is Outcome.ACCEPTED
    return Step("send to itself", ok, time.monotonic() - started, delivery.reply, delivery.failure)


def _test_message(context: Context, setup: Setup, address: str) -> Outgoing:
    prefix = test_message_prefix(setup.organization.get("organizationid"))
    domain = address.rpartition("@")[2]
    text = (
        "This message was sent by Postroom to test that mail can leave from and arrive in this mailbox.\r\n"
        "It is not tracked, and there is nothing to do."
    )
    return Outgoing(
        f"{prefix}{new_id().hex}@{domain}",
        context.clock.now(),
        Address(address),
        (Address(address),),
        subject=SUBJECT,
        text=text,
        headers=(("Auto-Submitted", "auto-generated"),),
    )


def _record(context: Context, setup: Setup, report: Report) -> None:
    """Write statuses and switches, clear what held the mailbox back, and tell its owner."""
    now = context.clock.now()
    passed = report.status is RunStatus.SUCCESS
    details = "; ".join(f"{f.workload.label}, {f.name}: {f.said}" for f in report.findings if not f.ok)
    with context.database.write() as connection:
        outcome = _outcome(report, now) | _kept(setup, report) | _put_off(setup, report, now)
        mailboxes.record_test(context.database, connection, report.mailbox, outcome, now)
        hindrances.write_down(connection, [report.mailbox], now)
        if report.status is not RunStatus.NOT_RUN:
            alert = alerts.TEST_PASSED if passed else alerts.TEST_FAILED.with_details(details)
            alerts.raise_alert(context.database, connection, report.mailbox, alert, now)
            if not passed and setup.profile:
                profile = setup.profile["emailserverprofileid"]
                alerts.raise_alert(
                    context.database, connection, profile, alert, now, table="emailserverprofile"
                )


def _kept(setup: Setup, report: Report) -> dict[str, Any]:
    """Return what stays as it was: a server's passing trouble switches off nothing that worked."""
    kept: dict[str, Any] = {}
    for workload in Workload:
        columns = COLUMNS_OF[workload]
        if setup.mailbox[columns.enabled] and report.trouble_of_server(workload):
            kept |= {columns.enabled: True, columns.status: setup.mailbox[columns.status]}
    return kept


def _put_off(setup: Setup, report: Report, now: datetime) -> dict[str, Any]:
    """Return when a test that was asked for is tried again, if only a server's trouble was in the way."""
    if not (setup.mailbox["testemailconfigurationscheduled"] and report.may_pass_later):
        return {}
    retries = (setup.mailbox["testemailconfigurationretrycount"] or 0) + 1
    return {
        "testemailconfigurationscheduled": True,
        "testemailconfigurationretrycount": retries,
        "postponetestemailconfigurationuntil": now + min(retries, MOST_GAPS) * TEST_GAP,
    }


def _outcome(report: Report, now: datetime) -> dict[str, Any]:
    """Return the columns that a test sets; see the cleared ones as "due at once"."""
    return {
        "incomingemailstatus": int(report.incoming),
        "outgoingemailstatus": int(report.outgoing),
        "actstatus": int(report.items),
        "enabledforact": report.items is RunStatus.SUCCESS,
        "mailboxstatus": int(report.status),
        "enabledforincomingemail": report.incoming is RunStatus.SUCCESS,
        "enabledforoutgoingemail": report.outgoing is RunStatus.SUCCESS,
        "testmailboxaccesscompletedon": now,
        "testemailconfigurationscheduled": False,
        "testemailconfigurationretrycount": 0,
        "postponetestemailconfigurationuntil": None,
        "postponemailboxprocessinguntil": None,
        "postponesendinguntil": None,
        "receivingpostponeduntil": None,
        "receivingpostponeduntilforact": None,
        "noemailcount": 0,
        "transientfailurecount": 0,
        "lastsyncerrorcount": 0,
    }
