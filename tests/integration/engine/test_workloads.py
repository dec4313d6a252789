"""The rows of the schedule: claimed once, leased to one, given back with all that follows."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy.engine import Connection
from tests.support.mailboxes import Company

from postroom.ports.clock import ManualClock
from postroom.schema.choices import (
    ActiveState,
    EmailStatus,
    IncomingDeliveryMethod,
    MailboxOperation,
    RunStatus,
    Workload,
)
from postroom.schema.ids import new_id
from postroom.store import workloads
from postroom.store.database import Database
from postroom.store.workloads import Account, Standing, Ticket

T = TypeVar("T")
LEASE = timedelta(seconds=30)
INCOMING = (Workload.INCOMING,)


@pytest.fixture
def write(database: Database) -> Callable[[Callable[[Connection], T]], T]:
    """Do something in one transaction."""

    def do(action: Callable[[Connection], T]) -> T:
        with database.write() as connection:
            return action(connection)

    return do


class Desk:
    """The functions under test, each in a transaction of its own, at one instant."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock

    def claim(self, **more: Any) -> Sequence[Ticket]:
        with self.database.write() as connection:
            workloads.ensure_all(connection, self.clock.at)
            arguments = {"workloads": INCOMING, "lease": LEASE, **more}
            return workloads.claim_due(connection, self.clock.at, arguments.pop("limit", 100), **arguments)

    def begin(self, ticket: Ticket, host: str = "here") -> Standing | None:
        with self.database.write() as connection:
            return workloads.begin(connection, ticket, host=host, now=self.clock.at, lease=LEASE)

    def rearm(self, standing: Standing, **more: Any) -> None:
        with self.database.write() as connection:
            workloads.rearm(connection, standing, an_account(self.clock.at, **more))

    def hint(self, *mailbox_ids: UUID, workload: Workload | None = None) -> int:
        with self.database.write() as connection:
            return workloads.hint(connection, mailbox_ids, self.clock.at, workload)

    def wake(self) -> int:
        with self.database.write() as connection:
            return workloads.wake_senders(connection, self.clock.at, 5.0)

    def pass_by(self, **length: float) -> None:
        self.clock.at += timedelta(**length)


def an_account(now: datetime, **more: Any) -> Account:
    values: dict[str, Any] = {
        "ended_at": now,
        "due_at": now + timedelta(minutes=5),
        "reason": "because",
        "items": 0,
        "failed": 0,
        "backlog": 0,
        "failures": 0,
        "empty": 0,
        "error": "",
        "error_code": 0,
        "notes": "",
        "host": "here",
    }
    return Account(**{**values, **more})


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    """Everything at noon."""
    return Desk(database, clock)


def row_of(company: Company, mailbox_id: UUID, workload: Workload = Workload.INCOMING) -> Any:
    return company.rows("postroom_workload", mailboxid=mailbox_id, workload=int(workload))[0]


def test_every_mailbox_gets_one_row_for_each_workload_however_often_it_is_asked(
    company: Company, desk: Desk
) -> None:
    (mailbox,) = company.mailboxes(1)
    with desk.database.write() as connection:
        workloads.ensure_rows(connection, [mailbox, mailbox], desk.clock.at)
        workloads.ensure_rows(connection, [mailbox], desk.clock.at)
        assert workloads.ensure_all(connection, desk.clock.at) == 0

    assert sorted(row.workload for row in company.rows("postroom_workload")) == [0, 1, 2]


def test_a_claimed_row_is_not_claimed_again_before_it_is_given_back(company: Company, desk: Desk) -> None:
    (mailbox,) = company.mailboxes(1)

    (first,) = desk.claim()
    assert desk.claim() == []
    standing = desk.begin(first)
    assert standing is not None
    desk.rearm(standing)
    assert desk.claim() == []
    desk.pass_by(minutes=5)
    (second,) = desk.claim()

    assert (first.mailbox_id, first.sequence, second.sequence) == (mailbox, 1, 2)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("mailbox", {"statecode": ActiveState.INACTIVE}),
        ("mailbox", {"enabledforincomingemail": False}),
        ("mailbox", {"emailserverprofile": None}),
        ("mailbox", {"incomingemaildeliverymethod": IncomingDeliveryMethod.OUTLOOK}),
        ("mailbox", {"incomingemaildeliverymethod": None}),
        ("emailserverprofile", {"statecode": ActiveState.INACTIVE}),
    ],
)
def test_a_mailbox_that_may_not_be_processed_is_not_claimed(
    company: Company, desk: Desk, table: str, change: dict[str, Any]
) -> None:
    profile = company.profile()
    (mailbox,) = company.mailboxes(1, profile)
    company.change(table, mailbox if table == "mailbox" else profile, **change)

    assert desk.claim() == []


def test_only_the_workloads_that_are_served_are_claimed(company: Company, desk: Desk) -> None:
    company.mailboxes(1)

    assert {ticket.workload for ticket in desk.claim(workloads=(Workload.OUTGOING,))} == {Workload.OUTGOING}
    assert desk.claim(workloads=()) == []


def test_no_profile_gets_more_places_than_its_connections_and_none_waits_for_another(
    company: Company, desk: Desk
) -> None:
    crowded, small = company.profile(maxconcurrentconnections=2), company.profile(maxconcurrentconnections=5)
    company.mailboxes(20, crowded)
    desk.clock.at += timedelta(seconds=1)
    lonely = company.mailboxes(1, small)

    claimed = desk.claim()

    assert sum(ticket.mailbox_id in lonely for ticket in claimed) == 1
    assert len(claimed) == 3
    assert desk.claim() == []
    standing = desk.begin(next(ticket for ticket in claimed if ticket.mailbox_id not in lonely))
    assert standing is not None
    desk.rearm(standing)
    assert len(desk.claim()) == 1


def test_mailboxes_with_credentials_of_their_own_do_not_share_the_number(
    company: Company, desk: Desk
) -> None:
    profile = company.profile(maxconcurrentconnections=1, incomingcredentialretrieval=0)
    company.mailboxes(60, profile)

    assert len(desk.claim()) == workloads.OWN_CREDENTIALS_CONNECTIONS


def test_the_longest_due_comes_first_and_a_persons_wish_before_it(company: Company, desk: Desk) -> None:
    early, late, wished = company.mailboxes(3)
    desk.claim(workloads=())
    for mailbox, minutes in ((early, 20), (late, 10)):
        company.change(
            "postroom_workload",
            row_of(company, mailbox).postroom_workloadid,
            dueon=desk.clock.at - timedelta(minutes=minutes),
        )
    desk.hint(wished)

    assert [ticket.mailbox_id for ticket in desk.claim()] == [wished, early, late]


def test_many_who_claim_at_once_never_get_the_same_row(company: Company, desk: Desk) -> None:
    for _ in range(4):
        company.mailboxes(10, company.profile(maxconcurrentconnections=10))
    desk.claim(workloads=())

    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda _: desk.claim(limit=3), range(30)))

    keys = [ticket.key for batch in batches for ticket in batch]
    assert len(keys) == len(set(keys)) == 40


def test_a_pass_that_is_anothers_cannot_be_begun_until_its_lease_has_run_out(
    company: Company, desk: Desk
) -> None:
    (mailbox,) = company.mailboxes(1)
    (ticket,) = desk.claim()

    assert desk.begin(ticket, "one") is not None
    assert desk.begin(ticket, "two") is None
    assert desk.begin(ticket, "one") is not None
    desk.pass_by(seconds=31)
    assert desk.begin(ticket, "two") is not None
    assert desk.begin(ticket, "one") is None

    found = company.mailbox(mailbox)
    assert (found.hostid, found.processingstatecode, found.forcedunlockcount) == ("two", 1, 1)
    assert found.lastmailboxforcedunlockoccurredon == desk.clock.at


def test_passes_begun_and_not_ended_are_counted_until_one_ends(company: Company, desk: Desk) -> None:
    company.mailboxes(1)
    (ticket,) = desk.claim()

    found = [desk.begin(ticket) for _ in range(3)]

    assert [standing.broken for standing in found if standing] == [0, 1, 2]
    assert found[-1] is not None
    desk.rearm(found[-1], due_at=desk.clock.at)
    (next_one,) = desk.claim()
    again = desk.begin(next_one)
    assert again is not None
    assert again.broken == 0


def test_a_ticket_of_an_earlier_number_begins_nothing(company: Company, desk: Desk) -> None:
    company.mailboxes(1)
    (old,) = desk.claim(host="one")
    desk.pass_by(seconds=31)
    (new,) = desk.claim(host="two", lost_before=desk.clock.at)

    assert new.sequence == old.sequence + 1
    assert desk.begin(old, "one") is None
    with desk.database.write() as connection:
        assert workloads.held(connection, old, host="one") is None
        assert workloads.held(connection, new, host="two") is not None


def test_a_queued_row_is_taken_over_only_when_that_is_asked_for(company: Company, desk: Desk) -> None:
    company.mailboxes(1)
    desk.claim()
    desk.pass_by(minutes=10)

    assert desk.claim(lost_before=desk.clock.at) == []
    assert len(desk.claim(queued_before=desk.clock.at)) == 1


def test_a_renewed_lease_holds_and_a_lost_one_is_not_renewed(company: Company, desk: Desk) -> None:
    company.mailboxes(2)
    kept, lost = desk.claim()
    desk.begin(kept, "here"), desk.begin(lost, "elsewhere")
    desk.pass_by(seconds=20)

    with desk.database.write() as connection:
        assert workloads.renew(connection, [kept, lost], host="here", until=desk.clock.at + LEASE) == 1
    desk.pass_by(seconds=20)

    assert desk.begin(kept, "third") is None
    with desk.database.read() as connection:
        assert [ticket.mailbox_id for ticket in workloads.overdue(connection, desk.clock.at, limit=9)] == [
            lost.mailbox_id
        ]
        assert workloads.leased(connection, desk.clock.at) == {(kept.mailbox_id, kept.workload, 1)}


def test_a_wish_makes_a_waiting_row_due_and_is_kept_while_a_pass_runs(company: Company, desk: Desk) -> None:
    (mailbox,) = company.mailboxes(1)
    (ticket,) = desk.claim()
    standing = desk.begin(ticket)
    assert standing is not None
    desk.rearm(standing, due_at=desk.clock.at + timedelta(hours=1))
    assert desk.hint(mailbox) == 3
    (ticket,) = desk.claim()
    desk.hint(mailbox, workload=Workload.INCOMING)

    standing = desk.begin(ticket)

    assert standing is not None
    assert standing.hinted


def test_a_wish_for_a_mailbox_that_never_had_a_row_is_heard(company: Company, desk: Desk) -> None:
    (mailbox,) = company.mailboxes(1)

    assert desk.hint(mailbox, workload=Workload.INCOMING) == 1


class TestMailThatIsReady:
    """Outgoing mail wakes its mailbox."""

    @pytest.fixture
    def mailbox(self, company: Company, desk: Desk) -> UUID:
        """A mailbox whose outgoing workload had a pass at noon and rests for five minutes."""
        (mailbox,) = company.mailboxes(1)
        (ticket,) = desk.claim(workloads=(Workload.OUTGOING,))
        standing = desk.begin(ticket)
        assert standing is not None
        desk.rearm(standing)
        return mailbox

    def write(self, company: Company, mailbox: UUID, modified_at: datetime, **more: Any) -> None:
        values = {
            "activityid": new_id(),
            "statuscode": EmailStatus.PENDING_SEND,
            "sendermailboxid": mailbox,
            "modifiedon": modified_at,
        }
        company.insert("email", **{**values, **more})

    def test_new_mail_wakes_after_a_short_rest(self, company: Company, desk: Desk, mailbox: UUID) -> None:
        desk.pass_by(seconds=2)
        self.write(company, mailbox, desk.clock.at)

        assert desk.wake() == 0
        desk.pass_by(seconds=3)
        assert desk.wake() == 1
        assert desk.wake() == 0
        assert len(desk.claim(workloads=(Workload.OUTGOING,))) == 1

    def test_mail_that_the_last_pass_saw_and_left_does_not_wake(
        self, company: Company, desk: Desk, mailbox: UUID
    ) -> None:
        self.write(company, mailbox, desk.clock.at - timedelta(minutes=10))
        desk.pass_by(minutes=1)

        assert desk.wake() == 0

    def test_mail_that_was_committed_late_wakes_nevertheless(
        self, company: Company, desk: Desk, mailbox: UUID
    ) -> None:
        self.write(company, mailbox, desk.clock.at - timedelta(seconds=30))
        desk.pass_by(minutes=1)

        assert desk.wake() == 1

    @pytest.mark.parametrize("column", ["postponeemailprocessinguntil", "delayedemailsendtime"])
    def test_postponed_mail_wakes_when_its_time_has_come(
        self, company: Company, desk: Desk, mailbox: UUID, column: str
    ) -> None:
        due_at = desk.clock.at + timedelta(minutes=2)
        self.write(company, mailbox, desk.clock.at - timedelta(hours=1), **{column: due_at})
        desk.pass_by(minutes=1)

        assert desk.wake() == 0
        desk.pass_by(minutes=1)
        assert desk.wake() == 1

    def test_drafts_and_sent_mail_wake_nobody(self, company: Company, desk: Desk, mailbox: UUID) -> None:
        desk.pass_by(minutes=1)
        for status in (EmailStatus.DRAFT, EmailStatus.SENT, EmailStatus.SENDING):
            self.write(company, mailbox, desk.clock.at, statuscode=status)

        assert desk.wake() == 0

    def test_a_mailbox_in_back_off_is_not_woken(self, company: Company, desk: Desk, mailbox: UUID) -> None:
        row = row_of(company, mailbox, Workload.OUTGOING)
        company.change("postroom_workload", row.postroom_workloadid, failurecount=1)
        desk.pass_by(minutes=1)
        self.write(company, mailbox, desk.clock.at)

        assert desk.wake() == 0


def test_a_pass_that_went_well_is_mirrored_on_the_mailbox(company: Company, desk: Desk) -> None:
    (mailbox,) = company.mailboxes(1)
    (ticket,) = desk.claim()
    started_at = desk.clock.at
    standing = desk.begin(ticket)
    desk.pass_by(seconds=4)
    with desk.database.write() as connection:
        standing = workloads.held(connection, ticket, host="here")
    assert standing is not None
    desk.rearm(standing, items=7, failed=2, backlog=3, notes="fine")

    found, row = company.mailbox(mailbox), row_of(company, mailbox)
    assert (row.inflight, row.hostid, row.leaseuntil, row.gapreason) == (None, None, None, "because")
    assert row.dueon == found.receivingpostponeduntil == desk.clock.at + timedelta(minutes=5)
    # The outgoing row is due already.
    assert found.postponemailboxprocessinguntil == started_at
    assert (found.processingstatecode, found.hostid) == (0, None)
    assert (found.lastsyncstartedon, found.lastsuccessfulsynccompletedon) == (started_at, desk.clock.at)
    assert (found.lastduration, found.averagetotalduration, found.processedtimes) == (4000, 4000, 1)
    assert (found.itemsprocessedforlastsync, found.itemsfailedforlastsync) == (7, 2)
    assert found.lastsyncerror is None
    (figures,) = company.rows("mailboxstatistics", mailboxid=mailbox)
    assert (figures.operationtypeid, figures.processresult) == (MailboxOperation.INCOMING, True)
    assert (figures.itemsprocessed, figures.itemsfailed, figures.crmitemsbacklog) == (7, 2, 3)
    assert figures.mailboxprocessstartedon == started_at


def test_a_failure_is_mirrored_and_counted_and_the_text_is_cut_to_its_column(
    company: Company, desk: Desk
) -> None:
    (mailbox,) = company.mailboxes(1)
    (ticket,) = desk.claim()
    standing = desk.begin(ticket)
    assert standing is not None
    desk.rearm(standing, error="x" * 5000, error_code=-2147098091, failures=3, reason="y" * 500)

    found, row = company.mailbox(mailbox), row_of(company, mailbox)
    assert (len(found.lastsyncerror), len(row.lasterror), len(row.gapreason)) == (2048, 2048, 200)
    assert (found.lastsyncerrorcode, found.lastsyncerrorcount, found.transientfailurecount) == (
        -2147098091,
        3,
        3,
    )
    assert (found.lastsyncerrormachinename, found.lastsyncerroroccurredon) == ("here", desk.clock.at)
    assert found.lastsuccessfulsynccompletedon is None
    assert found.enabledforincomingemail


def test_a_stopped_workload_is_switched_off_alone(company: Company, desk: Desk) -> None:
    (mailbox,) = company.mailboxes(1)
    (ticket,) = desk.claim()
    standing = desk.begin(ticket)
    assert standing is not None
    desk.rearm(standing, due_at=None, error="535", failures=1)

    found = company.mailbox(mailbox)
    assert (found.enabledforincomingemail, found.enabledforoutgoingemail) == (False, True)
    assert (found.incomingemailstatus, found.mailboxstatus) == (RunStatus.FAILURE, RunStatus.FAILURE)
    assert desk.claim() == []
    company.change("mailbox", mailbox, enabledforincomingemail=True)
    assert len(desk.claim()) == 1


def test_the_mean_duration_follows_many_passes(company: Company, desk: Desk) -> None:
    (mailbox,) = company.mailboxes(1)
    for seconds in (1, 2, 3):
        (ticket,) = desk.claim()
        desk.begin(ticket)
        desk.pass_by(seconds=seconds)
        with desk.database.write() as connection:
            standing = workloads.held(connection, ticket, host="here")
            assert standing is not None
            workloads.rearm(connection, standing, an_account(desk.clock.at, due_at=desk.clock.at))

    assert (company.mailbox(mailbox).averagetotalduration, company.mailbox(mailbox).processedtimes) == (
        2000,
        3,
    )


def test_what_a_dead_host_held_is_free_again_and_its_mailboxes_are_unmarked(
    company: Company, desk: Desk
) -> None:
    mine, other = company.mailboxes(2)
    for ticket in desk.claim():
        desk.begin(ticket, "dead" if ticket.mailbox_id == mine else "alive")

    with desk.database.write() as connection:
        assert workloads.release_host(connection, "dead", reason="gone") == 1

    assert (company.mailbox(mine).processingstatecode, company.mailbox(mine).hostid) == (0, None)
    assert (company.mailbox(other).processingstatecode, company.mailbox(other).hostid) == (1, "alive")
    assert [ticket.mailbox_id for ticket in desk.claim()] == [mine]


def test_a_released_ticket_frees_its_row_only_while_it_is_the_current_one(
    company: Company, desk: Desk
) -> None:
    company.mailboxes(1)
    (ticket,) = desk.claim()

    with desk.database.write() as connection:
        assert workloads.release(connection, ticket, due_at=desk.clock.at, reason="x")
        assert not workloads.release(connection, ticket, due_at=desk.clock.at, reason="x")
    (again,) = desk.claim()
    assert again.sequence == ticket.sequence + 1


def test_statistics_are_forgotten_after_a_while(company: Company, desk: Desk) -> None:
    company.mailboxes(1)
    (ticket,) = desk.claim()
    standing = desk.begin(ticket)
    assert standing is not None
    desk.rearm(standing)

    with desk.database.write() as connection:
        assert workloads.forget_statistics(connection, desk.clock.at) == 0
        assert workloads.forget_statistics(connection, desk.clock.at + timedelta(seconds=1)) == 1


def test_what_waits_in_line_is_not_suspected_for_a_while(company: Company, desk: Desk) -> None:
    company.mailboxes(1)
    (ticket,) = desk.claim()
    desk.pass_by(minutes=1)

    with desk.database.write() as connection:
        assert [found.key for found in workloads.overdue(connection, desk.clock.at, limit=9)] == [ticket.key]
        workloads.wait_longer(connection, [ticket], desk.clock.at + timedelta(minutes=2))
        assert workloads.overdue(connection, desk.clock.at, limit=9) == []
        assert workloads.count_in_flight(connection) == 1
