"""A rescan that dies at every step it takes, one after another, and what the next one makes of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.company import Company
from tests.support.crash import DEAD
from tests.support.ledgers import SALES, STRANGER, check_log, take_in
from tests.support.mail import a_message
from tests.support.nursery import Nursery, a_nursery

from postroom.errors import Unreachable
from postroom.passes.rescan import Found, Mode, rescan
from postroom.schema.choices import Reason

pytestmark = pytest.mark.slow

#: Runs a rescan that dies at a step, or at none; returns its exit status.
Die = Callable[[str], int]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where rescans are forked from."""
    with a_nursery(tmp_path_factory.mktemp("logs")) as made:
        yield made


@pytest.fixture
def die(company: Company, nursery: Nursery, database_url: str, tmp_path: Path) -> Die:
    """How to run a rescan of the queue's mailbox in a process of its own."""
    words = (database_url, str(tmp_path), company.clock.at.isoformat(), "rescan")
    mailbox = str(company.mailbox(SALES))

    def die(step: str) -> int:
        child = nursery.start("tests.support.crash", *words, mailbox, step, environment={})
        status = child.wait()
        assert status in (0, DEAD), f"{step or 'no step'}: {status}\n{child.said()}"
        return status

    return die


class Mail:
    """What arrives at the sales queue, four messages at a time, while it wants none."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.expected: Counter[str] = Counter()

    def arrive(self) -> None:
        """Deliver and receive mail that is not tracked: one message twice, each with a file."""
        company, number = self.company, len(self.expected)
        company.update("queue", company.ids["sales"], incomingemailfilteringmethod=4)
        ids = [f"{number + n}@stranger.example" for n in range(3)]
        for message_id in (*ids, ids[0]):
            file = ("a.txt", message_id.encode())
            take_in(
                company,
                SALES,
                a_message(sender=STRANGER, to=(SALES,), message_id=message_id, attachments=[file]),
            )
        self.expected.update(ids)
        company.update("queue", company.ids["sales"], incomingemailfilteringmethod=0)

    def check_nothing_is_doubled(self) -> None:
        found = Counter(row["messageid"] for row in self.company.rows("email"))
        assert found <= self.expected
        check_log(self.company)

    def check_all_is_tracked_once(self) -> None:
        company = self.company
        emails = company.rows("email")
        assert Counter(row["messageid"] for row in emails) == self.expected
        assert len(company.rows("activitymimeattachment")) == len(emails)
        assert len(company.rows("queueitem")) == len(emails)
        reasons = Counter(row["reason"] for row in company.rows("postroom_decision", emailid=None))
        assert set(reasons) == {Reason.TEST_MESSAGE}
        check_log(company)


def scan_to_the_end(company: Company) -> Found:
    """Rescan, as often as the server has not noticed yet that the last session is dead."""
    for _ in range(20):
        try:
            return rescan(company.context, company.mailbox(SALES), None, Mode.APPLY)
        except Unreachable:
            continue
    raise AssertionError("the mailbox stays in use")


def test_a_rescan_that_dies_at_any_step_loses_and_doubles_nothing(
    company: Company, die: Die, tmp_path: Path
) -> None:
    mail = Mail(company)
    mail.arrive()
    assert die("") == 0
    steps = (tmp_path / "steps").read_text().splitlines()
    mail.check_all_is_tracked_once()
    assert {"a transaction is committed", "all is written but not committed", "a message is fetched"} <= {
        step.rpartition(" ")[0] for step in steps
    }
    for step in steps:
        mail.arrive()
        assert die(step) == DEAD, f"never came by: {step}"
        mail.check_nothing_is_doubled()
        assert scan_to_the_end(company).failure is None
        mail.check_all_is_tracked_once()
