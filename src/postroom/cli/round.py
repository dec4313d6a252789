"""The demonstration: sandbox servers, a sample company, and the whole round of its mail.

It checks itself: every message says what ought to become of it, and a difference makes it fail.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from postroom.api.load import load_document
from postroom.app.service import crew_of
from postroom.app.settings import Settings
from postroom.app.wiring import Postroom, open_postroom, set_up
from postroom.cli.desk import Desk
from postroom.cli.scene import Scene
from postroom.engine.fleet import run_due
from postroom.engine.work import Settled
from postroom.passes.explain import Explanation, recent
from postroom.passes.issue import send_email
from postroom.passes.test_mailbox import Report, test_mailbox
from postroom.sandbox import company
from postroom.sandbox.company import Answer, Left, Sample
from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.pop3 import SandboxPop3
from postroom.sandbox.smtp import SandboxSmtp
from postroom.schema.choices import DeliveryState, EmailStatus, Reason, RunStatus
from postroom.store import mailboxes, workloads

#: Told what is being done, a sentence at a time.
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one message, beside what ought to."""

    sample: Sample
    decision: Explanation | None
    address: str

    @property
    def as_expected(self) -> bool:
        """Tell whether the decision is the one that the sample company expects."""
        found = self.decision
        return found is not None and (found.reason.name, found.tracked) == (
            self.sample.reason,
            self.sample.tracked,
        )


@dataclass(frozen=True, slots=True)
class Departure:
    """What became of one e-mail that was to be sent."""

    answer: Answer
    status: EmailStatus
    why: str
    #: What reports said of it afterwards.
    reported: DeliveryState

    @property
    def as_expected(self) -> bool:
        """Tell whether it reached the status, and was reported on, as the sample company expects."""
        return (self.status.label, self.reported.label) == (self.answer.status, self.answer.reported)


@dataclass(slots=True)
class Round:
    """Everything that the demonstration saw."""

    tests: list[Report] = field(default_factory=list)
    passes: list[Settled] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    #: Messages of the POP3 mailboxes that left for the world outside.
    outside: int = 0

    @property
    def worked(self) -> bool:
        """Tell whether all of it came out as it ought to."""
        tested = all(report.status is RunStatus.SUCCESS for report in self.tests)
        arrived = all(arrival.as_expected for arrival in self.arrivals)
        departed = all(departure.as_expected for departure in self.departures)
        watched = bool(self.scenes) and all(scene.as_expected for scene in self.scenes)
        return tested and arrived and departed and watched and self.outside == self._expected_outside

    @property
    def _expected_outside(self) -> int:
        return sum(departure.answer.status == EmailStatus.SENT.label for departure in self.departures)


@dataclass(frozen=True, slots=True)
class Stage:
    """The sandbox and the Postroom of a demonstration, while they run."""

    postroom: Postroom
    server: SandboxMailboxes
    smtp: SandboxSmtp
    pop3_port: int
    office: ExchangeOffice
    ews_url: str


@contextmanager
def stage(settings: Settings) -> Iterator[Stage]:
    """Start the sandbox's servers and set up a store in the settings' home."""
    server = SandboxMailboxes(settings.home / "sandbox")
    for address in company.ACCOUNTS:
        server.open_account(address, company.PASSWORD)
    office = ExchangeOffice(others=server)
    office.open_account(company.EVA, company.PASSWORD)
    office.open_service_account(company.SERVICE, company.PASSWORD)
    with (
        SandboxPop3(server) as pop3,
        SandboxSmtp(server, exchange=office, answers=company.REFUSED) as smtp,
        SandboxExchange(office, smtp=(smtp.host, smtp.port)) as exchange,
    ):
        set_up(settings)
        with open_postroom(settings) as postroom:
            yield Stage(postroom, server, smtp, pop3.port, office, exchange.url)


def play(on: Stage, say: Progress) -> Round:
    """Go the whole round: set up, test and enable, receive, send, receive the answer."""
    made = Round()
    say("Taking in the sample company: users, queues, contacts, mailboxes")
    records = company.records(on.pop3_port, on.smtp.port, on.ews_url)
    load_document(on.postroom.database, on.postroom.records, records)
    say("Delivering its mail to the sandbox's servers")
    samples = company.arrivals()
    for sample in samples:
        on.server.deliver(sample.mailbox, sample.data)
    _test_mailboxes(on, made, say)
    _receive(on, made, samples, say)
    written = _send(on, made, say)
    later = company.replies(_sent(on))
    for sample in later:
        on.server.deliver(sample.mailbox, sample.data)
    _receive(on, made, later, say)
    made.departures.extend(_departures(on, written))
    made.outside = len(on.smtp.outside)
    say("Watching Eva, whose mailbox is on an Exchange, at her desk")

    def left_for(address: str) -> int:
        return sum(address in left.recipients for left in on.smtp.outside)

    made.scenes.extend(Desk(on.postroom, on.office, left_for).play())
    return made


def _test_mailboxes(on: Stage, made: Round, say: Progress) -> None:
    context = on.postroom.context()
    for address in company.TESTED:
        say(f"Testing and enabling {address}")
        made.tests.append(test_mailbox(context, _mailbox(on, address)))


def _mailbox(on: Stage, address: str) -> UUID:
    with on.postroom.database.read() as connection:
        return mailboxes.get_by_address(connection, address)


def _run(on: Stage, made: Round) -> None:
    """Make everything due and run it."""
    with on.postroom.database.write() as connection:
        workloads.hint(connection, mailboxes.all_ids(connection), on.postroom.clock.now())
    made.passes.extend(run_due(crew_of(on.postroom)))


def _receive(on: Stage, made: Round, samples: Sequence[Sample], say: Progress) -> None:
    say(f"Receiving {len(samples)} message(s) by POP3")
    _run(on, made)
    with on.postroom.database.read() as connection:
        decisions = [d for d in recent(connection) if d.reason is not Reason.TEST_MESSAGE]
        addresses = mailboxes.addresses_of(connection, [d.mailbox for d in decisions])
    for sample in samples:
        made.arrivals.append(Arrival(sample, _decision_on(sample, decisions, addresses), sample.mailbox))


def _decision_on(
    sample: Sample, decisions: Sequence[Explanation], addresses: Mapping[UUID, str]
) -> Explanation | None:
    """Find the decision by Message-ID and mailbox; forwarded mail is decided on for its own mailbox."""
    for decision in decisions:
        here = addresses[decision.mailbox] == sample.mailbox or sample.mailbox == company.FORWARD
        same = decision.message_id == sample.message_id if sample.message_id else not decision.message_id
        if here and same and (sample.message_id or decision.reason.name == sample.reason):
            return decision
    return None


def _send(on: Stage, made: Round, say: Progress) -> dict[UUID, Answer]:
    answers = company.answers()
    say(f"Writing and sending {len(answers)} e-mail(s) by SMTP")
    context = on.postroom.context()
    written = {_write(on, answer): answer for answer in answers}
    for email in written:
        send_email(context, email)
    _run(on, made)
    return written


def _departures(on: Stage, written: Mapping[UUID, Answer]) -> Iterator[Departure]:
    with on.postroom.database.read() as connection:
        for email, answer in written.items():
            row = on.postroom.records.get(connection, "email", email)
            status, why = EmailStatus(row["statuscode"]), row["postroom_sendreason"] or ""
            yield Departure(answer, status, why, DeliveryState(row["postroom_deliverystate"] or 0))


def _write(on: Stage, answer: Answer) -> UUID:
    """Make the draft, its parties and attachments."""
    records = on.postroom.records
    with on.postroom.database.write() as connection:
        sender = _find(on, connection, answer.sender_table, answer.sender)
        table = "lead" if answer.recipient == company.LEE else "contact"
        recipient = _find(on, connection, table, answer.recipient)
        values: dict[str, Any] = {
            "subject": answer.subject,
            "description": answer.body,
            "parties": [
                {"partyid": sender, "partyobjecttypecode": answer.sender_table, "participationtypemask": 1},
                {"partyid": recipient, "partyobjecttypecode": table, "participationtypemask": 2},
            ],
        }
        if answer.answers:
            (parent,) = (
                row["activityid"]
                for row in records.select(connection, "email")
                if row["messageid"] == answer.answers
            )
            values["parentactivityid"] = parent
        email = records.create(connection, "email", values)
        for filename, content in answer.attachments:
            records.create(connection, "activitymimeattachment", _attachment(email, filename, content))
    return email


def _attachment(email: UUID, filename: str, content: bytes) -> dict[str, Any]:
    return {
        "objectid": email,
        "objecttypecode": "email",
        "filename": filename,
        "mimetype": "text/plain",
        "body": base64.b64encode(content).decode(),
    }


_ADDRESS = {"systemuser": "internalemailaddress", "queue": "emailaddress"}


def _find(on: Stage, connection: Connection, table: str, address: str) -> UUID:
    column = _ADDRESS.get(table, "emailaddress1")
    (found,) = (
        row[f"{table}id"] for row in on.postroom.records.select(connection, table) if row[column] == address
    )
    key: UUID = found
    return key


def _sent(on: Stage) -> dict[str, Left]:
    """Return what left, by the subject as it was written."""
    with on.postroom.database.read() as connection:
        rows = on.postroom.records.select(connection, "email")
    return {
        (row["subject"] or "").removesuffix(f" {row['trackingtoken']}"): Left(
            row["messageid"] or "", row["trackingtoken"] or ""
        )
        for row in rows
        if row["directioncode"]
    }
