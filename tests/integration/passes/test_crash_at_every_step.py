"""Passes that die at every step they take, one after another, and what the next pass makes of it.

The child process is told at which step to end without a word; see `tests.support.crash` for the steps.
After each death the pass is run again to its end, and everything that was ever given is counted.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.crash import DEAD, SEND_LIMITS
from tests.support.mail import a_message, without_token
from tests.support.nursery import Nursery, a_nursery

from postroom.passes.issue import send_email
from postroom.passes.receive import receive
from postroom.passes.send import send
from postroom.schema.choices import EmailStatus, QuarantineState, SendOutcome
from postroom.store.blobs import open_blob

pytestmark = pytest.mark.slow

ANN, SALES = "ann@corp.example", "sales@corp.example"

#: Runs a pass that dies at a step, or at none; returns its exit status.
Die = Callable[[str], int]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where passes are forked from."""
    with a_nursery(tmp_path_factory.mktemp("logs")) as made:
        yield made


@pytest.fixture
def dying(company: Company, nursery: Nursery, database_url: str, tmp_path: Path) -> Callable[..., Die]:
    """A function that returns how to run passes of one workload over one mailbox."""

    def dying(workload: str, address: str) -> Die:
        words = (database_url, str(tmp_path), company.clock.at.isoformat(), workload)
        mailbox = str(company.mailbox(address))

        def die(step: str) -> int:
            child = nursery.start("tests.support.crash", *words, mailbox, step, environment={})
            status = child.wait()
            assert status in (0, DEAD), f"{step or 'no step'}: {status}\n{child.said()}"
            return status

        return die

    return dying


def steps_of(die: Die, directory: Path) -> list[str]:
    """Run a pass to its end and return the steps it came by, in order."""
    assert die("") == 0
    return (directory / "steps").read_text().splitlines()


class Mail:
    """What is delivered to the sales queue, whose mailbox is emptied once its mail is recorded."""

    def __init__(self, company: Company) -> None:
        self.company = company
        #: The digest of its attachment by Message-ID.
        self.messages: dict[str, bytes] = {}
        self.broken = 0
        #: The test messages that the mailbox sent to itself; they become no e-mails.
        self.tests = len(company.server.list(SALES))
        receive(company.context, company.mailbox(SALES))
        company.update("mailbox", company.mailbox(SALES), processanddeleteemails=True)
        organization = company.rows("organization")[0]["organizationid"]
        company.update("organization", organization, postroom_largeblobthreshold=1000)

    def deliver(self) -> None:
        """Deliver five messages: one with a big file, one twice, one that is no e-mail."""
        for copies, size in ((1, 5), (2, 100), (1, 5)):
            message_id = f"{len(self.messages)}@contoso.example"
            content = hashlib.sha256(message_id.encode()).digest() * size
            self.messages[message_id] = hashlib.sha256(content).digest()
            data = a_message(
                to=(SALES,), message_id=message_id, subject=message_id, attachments=[("a.bin", content)]
            )
            for _ in range(copies):
                self.company.server.deliver(SALES, data)
        self.broken += 1
        self.company.server.deliver(SALES, b"no e-mail, number %d" % self.broken)

    def check_nothing_is_lost(self) -> None:
        """See that what is no longer on the server is in the store."""
        kept = b"".join(message.read() for message in self.company.server.list(SALES))
        recorded = {row["messageid"] for row in self.company.rows("email")}
        for message_id in self.messages:
            assert message_id in recorded or f"<{message_id}>".encode() in kept

    def check_all_is_recorded_once(self) -> None:
        company, mailbox = self.company, self.company.mailbox(SALES)
        ledger = company.rows("postroom_ledger", mailboxid=mailbox)
        decisions = company.rows("postroom_decision", mailboxid=mailbox)
        aside = company.rows("postroom_quarantine", mailboxid=mailbox)
        emails = company.rows("email")
        # One message lay there twice.
        twice = len(self.messages) // 3
        assert len(ledger) == len(self.messages) + twice + self.broken + self.tests
        assert Counter(r["decisionid"] for r in ledger) == Counter(
            r["postroom_decisionid"] for r in decisions
        )
        assert Counter(row["messageid"] for row in emails) == Counter(self.messages.keys())
        assert [row["state"] for row in aside] == [QuarantineState.WAITING] * self.broken
        # What no e-mail holds stays where it lies; all else is gone.
        assert len(company.server.list(SALES)) == self.broken + self.tests
        self._check_files({row["activityid"]: row["messageid"] for row in emails})

    def _check_files(self, emails: dict[UUID, str]) -> None:
        digests = {r["attachmentid"]: bytes(r["postroom_digest"]) for r in self.company.rows("attachment")}
        files = self.company.rows("activitymimeattachment")
        found = {emails[row["objectid"]]: digests[row["attachmentid"]] for row in files}
        assert (len(files), found) == (len(self.messages), self.messages)
        with self.company.context.database.read() as connection:
            for digest in digests.values():
                content = b"".join(open_blob(connection, digest, self.company.context.blobs))
                assert hashlib.sha256(content).digest() == digest


def test_receiving_that_dies_at_any_step_loses_and_doubles_nothing(
    company: Company, dying: Callable[..., Die], tmp_path: Path
) -> None:
    mail, die = Mail(company), dying("incoming", SALES)
    mail.deliver()
    steps = steps_of(die, tmp_path)
    mail.check_all_is_recorded_once()
    assert len({step.rpartition(" ")[0] for step in steps}) == 8, "a kind of step was not taken"

    for step in steps:
        mail.deliver()
        assert die(step) == DEAD, f"never came by: {step}"
        mail.check_nothing_is_lost()
        receive_to_the_end(company)
        mail.check_all_is_recorded_once()


def receive_to_the_end(company: Company) -> None:
    """Receive as soon as the server has noticed that the last session is dead."""
    deadline = time.monotonic() + 10
    while (result := receive(company.context, company.mailbox(SALES))).failure:
        assert time.monotonic() < deadline, result.failure
        time.sleep(0.02)


class Post:
    """What Ann sends, five e-mails at a time."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.emails: dict[UUID, str] = {}

    def write(self) -> None:
        for _ in range(5):
            subject = f"Offer {len(self.emails)}"
            email = self.company.email(
                self.company.ids["ann"], "systemuser", self.company.ids["carl"], subject=subject
            )
            send_email(self.company.context, email)
            self.emails[email] = subject

    def check(self) -> int:
        """See that every e-mail says what became of it; return how many are uncertain."""
        left = Counter(
            without_token(line.removeprefix(b"Subject: ").decode())
            for message in self.company.outside
            for line in message.data.split(b"\r\n")
            if line.startswith(b"Subject: Offer")
        )
        unsure = 0
        for row in self.company.rows("email"):
            subject = self.emails[row["activityid"]]
            if row["postroom_sendoutcome"] == SendOutcome.UNCERTAIN:
                unsure += 1
                assert (row["statuscode"], left[subject]) in {(EmailStatus.FAILED, n) for n in (0, 1)}
            else:
                assert (row["statuscode"], left[subject]) == (EmailStatus.SENT, 1)
        return unsure


#: Steps after which nobody can know what left; after all others everybody can.
BETWEEN = ("e-mails are about to leave", "the server has taken an e-mail")


def test_sending_that_dies_at_any_step_sends_nothing_twice_and_is_unsure_of_one_window_at_most(
    company: Company, dying: Callable[..., Die], tmp_path: Path
) -> None:
    post, die = Post(company), dying("outgoing", ANN)
    post.write()
    steps = steps_of(die, tmp_path)
    assert post.check() == 0
    assert len({step.rpartition(" ")[0] for step in steps}) == 5, "a kind of step was not taken"

    before = 0
    for step in steps:
        post.write()
        assert die(step) == DEAD, f"never came by: {step}"
        result = send(company.context, company.mailbox(ANN))
        assert result.failure is None
        unsure, before = post.check() - before, post.check()
        assert unsure <= SEND_LIMITS.window, step
        assert unsure or not step.startswith(BETWEEN), step
