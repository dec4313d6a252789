"""Mail and servers that mean harm or know no better: nothing is lost, nothing is held up, all is told."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.support.blobs import PickyBlobs
from tests.support.company import Company, on_sqlite
from tests.support.dovecot import PASSWORD as DOVECOT_PASSWORD
from tests.support.dovecot import Dovecot, dovecot
from tests.support.mail import a_message
from tests.support.proxy import Proxy, proxy_to

from postroom.engine.work import Settled
from postroom.errors import UserError
from postroom.mime.message import RawBytes
from postroom.passes import access, quarantine
from postroom.passes.context import Context
from postroom.passes.receive import receive
from postroom.passes.result import PassResult
from postroom.ports.mail import Fetched, MailSource, Offered
from postroom.sandbox.faults import Fault, Misbehaviour
from postroom.schema.choices import EmailNotification, QuarantineCause, QuarantineState, Reason
from postroom.servers.memory import MemoryMailbox, MemorySource
from postroom.store import alerts
from postroom.store.blobs import open_blob
from postroom.store.mailboxes import Setup

__all__ = ["dovecot"]

SALES = "sales@corp.example"
CORPUS = sorted((Path(__file__).parents[2] / "corpus/mime").glob("*.eml"))
ASIDE = {
    Reason.MALFORMED,
    Reason.TOO_LARGE,
    Reason.STORE_REFUSED,
    Reason.FETCH_FAILED,
    Reason.INVALID_FORWARD_MAIL_ITEM,
}


def a_good_one(number: int, **more: Any) -> bytes:
    return a_message(
        sender="x@y.example", to=(SALES,), subject=f"Good {number}", message_id=f"good{number}@y", **more
    )


def amid_good_ones(*odd: bytes) -> list[bytes]:
    """Return the odd messages, each between two good ones."""
    mixed = [a_good_one(0)]
    for number, data in enumerate(odd, 1):
        mixed += [data, a_good_one(number)]
    return mixed


def deliver(company: Company, *messages: bytes) -> None:
    for message in messages:
        company.server.deliver(SALES, message)


def read(company: Company) -> PassResult:
    return receive(company.context, company.mailbox(SALES))


def tell_it_all(company: Company) -> PassResult:
    """Receive; whatever happens to single messages is no failure of the pass."""
    result = read(company)
    assert result.failure is None
    return result


def good_ones(company: Company) -> list[str]:
    return sorted(row["subject"] for row in company.rows("email") if row["subject"].startswith("Good"))


def waiting(company: Company) -> list[Any]:
    with company.context.database.read() as connection:
        return quarantine.waiting(connection)


def decisions(company: Company) -> list[dict[str, Any]]:
    """Return the decisions about Sales' mail, in order, without those about test messages."""
    rows = company.rows("postroom_decision", mailboxid=company.mailbox(SALES))
    rows = [row for row in rows if row["reason"] != Reason.TEST_MESSAGE]
    return sorted(rows, key=lambda row: row["postroom_decisionid"])


def assert_the_books_balance(company: Company) -> None:
    """Hold the books against each other: one decision and one ledger row a message, whatever became of it."""
    mailbox = company.mailbox(SALES)
    ledger = company.rows("postroom_ledger", mailboxid=mailbox)
    by_id = {row["postroom_decisionid"]: row for row in company.rows("postroom_decision", mailboxid=mailbox)}
    assert len({row["serverid"] for row in ledger}) == len(ledger) == len(by_id)
    for row in ledger:
        decision = by_id.pop(row["decisionid"])
        assert (row["quarantineid"] is not None) == (Reason(decision["reason"]) in ASIDE)
    emails = [row["activityid"] for row in company.rows("email")]
    made = [row["emailid"] for row in company.rows("postroom_decision", tracked=True)]
    assert sorted(made) == sorted(emails)


def with_limits(company: Company, **limits: Any) -> None:
    company.context = replace(company.context, mail=replace(company.context.mail, **limits))


@dataclass
class OnDovecot:
    """The queue's mailbox on a real Dovecot."""

    company: Company
    dovecot: Dovecot
    user: str

    def deliver(self, *messages: bytes) -> None:
        for message in messages:
            self.dovecot.deliver(self.user, message)

    def through(self, port: int, **more: Any) -> None:
        self.company.update(
            "emailserverprofile", self.company.ids["profile"], incomingportnumber=port, **more
        )


@pytest.fixture
def on_dovecot(company: Company, dovecot: Dovecot) -> OnDovecot:
    """Move the queue's mail to Dovecot; mail still leaves through the sandbox."""
    user = dovecot.new_user()
    company.update("mailbox", company.mailbox(SALES), username=user, password=DOVECOT_PASSWORD)
    moved = OnDovecot(company, dovecot, user)
    moved.through(dovecot.pop3_port, outgoingcredentialretrieval=4)
    company.enable(SALES)
    # What the first tests sent lies in the sandbox and is nobody's business here.
    return moved


@pytest.mark.integration
def test_each_odd_message_amid_good_ones_harms_none_of_them(on_dovecot: OnDovecot) -> None:
    company = on_dovecot.company
    with_limits(company, batch_size=7)
    odd = [path.read_bytes() for path in CORPUS]
    on_dovecot.deliver(*amid_good_ones(*odd))
    tell_it_all(company)
    assert len(good_ones(company)) == len(odd) + 1
    assert len(decisions(company)) == 2 * len(odd) + 1
    assert_the_books_balance(company)
    refused = [path.name for path in CORPUS if path.name.startswith("refused")]
    entries = waiting(company)
    # Dovecot gives an empty file as an empty message; each refusal has its reason and its bytes.
    assert len(entries) == len(refused)
    assert all(entry["reason"] for entry in entries)
    before = len(decisions(company))
    on_dovecot.dovecot.forget_uidls(on_dovecot.user)
    tell_it_all(company)
    assert len(decisions(company)) == before


BLANKS = b" \t\r\n" * 1_250_000
MONSTERS = {
    "500 attachments": a_message(
        sender="x@y.example",
        to=(SALES,),
        subject="500 attachments",
        attachments=[(f"file{number}.txt", b"%d" % number) for number in range(500)],
    ),
    "10,000 headers": a_message(
        sender="x@y.example",
        to=(SALES,),
        subject="10,000 headers",
        headers=[(f"X-Header-{number}", "x" * 50) for number in range(10_000)],
    ),
    "5 MB of blanks": b"From: x@y.example\r\nTo: sales@corp.example\r\nSubject: blanks\r\n\r\n" + BLANKS,
    "5 MB of blanks in a header": b"From: x@y.example\r\nTo: sales@corp.example\r\nSubject:"
    + BLANKS.replace(b"\r\n", b"  ")
    + b"blanks\r\n\r\nHi\r\n",
    "20,000 recipients": b"From: x@y.example\r\nSubject: many\r\nTo: "
    + b",\r\n ".join(b"a%d@list.example" % number for number in range(20_000))
    + b"\r\n\r\nHi\r\n",
    "100 nested parts": b"From: x@y.example\r\nTo: sales@corp.example\r\nSubject: deep\r\n"
    + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
        for number in range(100)
    )
    + b"\r\nHi\r\n",
}


def test_monsters_amid_good_ones_harm_none_of_them(company: Company) -> None:
    deliver(company, *amid_good_ones(*MONSTERS.values()))
    tell_it_all(company)
    assert len(good_ones(company)) == len(MONSTERS) + 1
    assert_the_books_balance(company)
    assert waiting(company) == []
    (many,) = company.rows("email", subject="500 attachments")
    assert many["attachmentcount"] == 500
    assert len(company.rows("activitymimeattachment", objectid=many["activityid"])) == 500
    assert company.rows("email", subject="10,000 headers")
    (deep,) = company.rows("email", subject="deep")
    assert deep["attachmentcount"] <= 100


NULS = [
    b"From: x@y.example\r\nTo: sales@corp.example\r\nSubject: n\0ul =?utf-8?Q?=00=01?=\r\n"
    b"Message-ID: <nu\0l@y>\r\n\r\nbo\0dy\0\r\n",
    b'From: "na\0me" <x@y.example>\r\nTo: a\0b@corp.example, sales@corp.example\r\nSubject: names\r\n'
    b"In-Reply-To: <\0@y>\r\nReferences: <\0a@y> <b\0@y>\r\nThread-Index: \0AA\r\n"
    b"Content-Type: application/x\0y; name*=utf-8''%00%ED%A0%80.txt\r\nContent-ID: <\0c>\r\n\r\nfile\0\r\n",
    b"From: x@y.example\r\nTo: sales@corp.example\r\n"
    b"Subject: =?utf-7?Q?+2AA-?= \xed\xa0\x80 =?utf-16?B?ANg=?=\r\n"
    b"Content-Type: text/html; charset=utf-7\r\n\r\n<p>+2AA-</p>\r\n",
    b"From: x@y.example\r\nTo: sales@corp.example\r\nSubject: wide\r\n"
    b"Content-Type: text/plain; charset=utf-16-le\r\nContent-Transfer-Encoding: base64\r\n\r\nANgAAA==\r\n",
    b"From: x@y.example\r\nTo: sales@corp.example\r\nSubject: escaped =?utf-8?B?7aCA?=\r\n"
    b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800 \\x00\r\n",
]


def test_nul_bytes_and_halves_of_letters_are_stored_on_every_database(company: Company) -> None:
    deliver(company, *amid_good_ones(*NULS))
    tell_it_all(company)
    assert len(company.rows("email")) == 2 * len(NULS) + 1
    assert waiting(company) == []
    for row in (*company.rows("email"), *company.rows("activityparty"), *company.rows("postroom_decision")):
        for value in row.values():
            assert not isinstance(value, str) or "\0" not in value


def test_attachments_that_may_not_be_kept_are_left_out_and_that_is_told(company: Company) -> None:
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, maxuploadfilesize=1000)
    company.update("mailbox", company.mailbox(SALES), processanddeleteemails=True)
    files = [("virus.EXE", b"MZ"), ("big.bin", b"x" * 1001), ("fits.bin", b"x" * 1000), ("a.txt", b"a")]
    deliver(company, a_good_one(1, attachments=files), a_good_one(2))
    tell_it_all(company)
    (cut,) = company.rows("email", subject="Good 1")
    assert (cut["notifications"], cut["attachmentcount"]) == (EmailNotification.ATTACHMENTS_LEFT_OUT, 2)
    kept = company.rows("activitymimeattachment", objectid=cut["activityid"])
    assert sorted(row["filename"] for row in kept) == ["a.txt", "fits.bin"]
    (decision,) = company.rows("postroom_decision", emailid=cut["activityid"])
    told = [finding for rule, finding in json.loads(decision["trail"]) if rule == "attachments"]
    assert told == [
        "file 1 was left out: the extension “exe” is blocked",
        "file 2 was left out: it is larger than 1000 bytes",
    ]
    (alert,) = company.rows("tracelog", tracecode=alerts.ATTACHMENTS_LEFT_OUT.code)
    assert (alert["level"], alert["regardingobjectid"]) == (2, company.mailbox(SALES))
    assert alert["errordetails"] == "1 e-mail(s) in the last pass"
    # The server has the only whole copy of the one, and nothing that we lack of the other.
    left = [kept.read() for kept in company.server.list(SALES)]
    assert (len(left), b"Good 1" in left[1]) == (2, True), "and the message of the test, which is no e-mail"


def test_a_message_over_the_limit_is_recorded_and_taken_once_the_limit_allows_it(
    company: Company, cli: Callable[..., tuple[int, str]]
) -> None:
    with_limits(company, largest_message=20_000)
    deliver(company, *amid_good_ones(a_message(to=(SALES,), subject="Huge", text="x" * 70 * 1000)))
    tell_it_all(company)
    assert len(good_ones(company)) == 2
    assert_the_books_balance(company)
    (entry,) = waiting(company)
    assert (entry["cause"], entry["state"]) == (QuarantineCause.TOO_LARGE, QuarantineState.WAITING)
    assert "bigger than the limit of 20000 octets" in entry["reason"]
    status, shown = cli("quarantine", "list")
    assert status == 0
    assert "bigger than the limit" in shown
    (alert,) = company.rows("tracelog", tracecode=alerts.QUARANTINED.code)
    assert alert["level"] == 2
    # Nothing is added when it is offered again, or under another id.
    read(company)
    company.server.renumber(SALES)
    read(company)
    assert len(waiting(company)) == 1
    with_limits(company, largest_message=200_000)
    assert read(company).items == 0, "it waits for a person's wish"
    assert quarantine.retry(company.context, entry["postroom_quarantineid"]) is None
    tell_it_all(company)
    assert company.rows("email", subject="Huge")
    assert waiting(company) == []
    assert_the_books_balance(company)


def test_a_message_that_outgrows_what_the_server_announced_is_recorded_and_passed(company: Company) -> None:
    with_limits(company, largest_message=20_000)
    company.pop3.faults.add(Fault(Misbehaviour.LIE, at=3, amount=-1_000_000))
    deliver(company, a_good_one(0), a_message(to=(SALES,), text="x" * 70 * 1000), a_good_one(1))
    # The queue's first message is the one that tested it.
    assert len(company.server.list(SALES)) == 4
    tell_it_all(company)
    assert len(good_ones(company)) == 2
    assert [entry["cause"] for entry in waiting(company)] == [QuarantineCause.TOO_LARGE]
    assert_the_books_balance(company)


BROKEN = [
    Fault(Misbehaviour.HANG, SALES, at=3, after=150),
    Fault(Misbehaviour.CLOSE, SALES, at=3, after=150),
    Fault(Misbehaviour.CLOSE, SALES, at=3, after=0),
    Fault(Misbehaviour.DRIP, SALES, at=3, after=150, amount=0.2),
    Fault(Misbehaviour.WITHHOLD, SALES, at=3),
]


@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: f"{fault.kind.value} after {fault.after}")
@on_sqlite
def test_a_message_that_can_not_be_fetched_holds_up_no_other_and_is_tried_again(
    company: Company, fault: Fault
) -> None:
    company.update("emailserverprofile", company.ids["profile"], timeoutmailboxconnectionafteramount=400)
    company.pop3.faults.add(fault)
    deliver(company, a_good_one(1), a_message(to=(SALES,), subject="Broken", text="x" * 400), a_good_one(2))
    tell_it_all(company)
    assert good_ones(company) == ["Good 1", "Good 2"]
    (entry,) = waiting(company)
    assert (entry["cause"], entry["attempts"]) == (QuarantineCause.BROKEN_FETCH, 1)
    assert entry["reason"]
    tell_it_all(company)
    assert waiting(company)[0]["attempts"] == 1, "it is not tried again at once"
    company.clock.at += timedelta(minutes=6)
    tell_it_all(company)
    assert waiting(company)[0]["attempts"] == 2
    with pytest.raises(UserError, match="still on the server"):
        quarantine.drop(company.context, entry["postroom_quarantineid"])
    company.pop3.faults.clear()
    company.clock.at += timedelta(minutes=11)
    tell_it_all(company)
    assert company.rows("email", subject="Broken")
    assert waiting(company) == []
    assert_the_books_balance(company)


def test_a_message_that_is_gone_from_the_server_leaves_the_quarantine(company: Company) -> None:
    company.pop3.faults.add(Fault(Misbehaviour.WITHHOLD, at=2))
    deliver(company, a_message(to=(SALES,), subject="Broken"))
    tell_it_all(company)
    (entry,) = waiting(company)
    assert company.rows("tracelog", tracecode=alerts.QUARANTINED.code) == [], "once is no matter"
    company.clock.at += timedelta(minutes=6)
    tell_it_all(company)
    (alert,) = company.rows("tracelog", tracecode=alerts.QUARANTINED.code)
    assert alert["regardingobjectid"] == company.mailbox(SALES)
    company.server.delete(SALES, [entry["serverid"]])
    tell_it_all(company)
    assert waiting(company) == []
    (row,) = company.rows("postroom_quarantine")
    assert (row["state"], row["reason"]) == (QuarantineState.DROPPED, "It is no longer on the server.")


def test_two_messages_under_one_id_are_two_messages(company: Company) -> None:
    company.pop3.faults.add(Fault(Misbehaviour.REPEAT, at=3))
    deliver(company, a_good_one(1), a_good_one(2))
    tell_it_all(company)
    tell_it_all(company)
    assert good_ones(company) == ["Good 1", "Good 2"]
    assert_the_books_balance(company)


@pytest.fixture
def proxied(on_dovecot: OnDovecot) -> Iterator[Proxy]:
    """A proxy before Dovecot, and a profile that has no patience."""
    with proxy_to(on_dovecot.dovecot.pop3_port) as proxy:
        on_dovecot.through(proxy.port, timeoutmailboxconnectionafteramount=400)
        yield proxy


@pytest.mark.integration
@pytest.mark.parametrize("fault", ["cut_after", "hang_after", "drip_after"])
@on_sqlite
def test_a_connection_that_breaks_in_the_middle_costs_nothing_but_time(
    on_dovecot: OnDovecot, proxied: Proxy, fault: str
) -> None:
    company = on_dovecot.company
    with_limits(company, batch_size=3)
    on_dovecot.deliver(*(a_good_one(number, text="word " * 200) for number in range(20)))
    proxied.only_connection = proxied.connections + 1
    setattr(proxied.down, fault, 9000)
    tell_it_all(company)
    # One message was in the middle when it broke; all others are there already.
    assert len(good_ones(company)) == 19
    (entry,) = waiting(company)
    assert entry["cause"] == QuarantineCause.BROKEN_FETCH
    proxied.heal()
    company.clock.at += timedelta(minutes=6)
    tell_it_all(company)
    assert len(good_ones(company)) == 20
    assert waiting(company) == []
    assert_the_books_balance(company)


@pytest.mark.integration
@on_sqlite
def test_a_server_that_breaks_every_connection_ends_the_pass_and_not_the_workload(
    on_dovecot: OnDovecot, proxied: Proxy, run_passes: Callable[[], Sequence[Settled]]
) -> None:
    company = on_dovecot.company
    on_dovecot.deliver(*(a_good_one(number, text="word " * 200) for number in range(20)))
    proxied.down.cut_after = 5000
    run_passes()
    (row,) = company.rows("mailbox", mailboxid=company.mailbox(SALES))
    assert row["enabledforincomingemail"] is True
    assert row["lastsyncerror"]
    assert len(good_ones(company)) >= 4
    proxied.heal()
    company.clock.at += timedelta(hours=2)
    run_passes()
    assert len(good_ones(company)) == 20
    assert_the_books_balance(company)


@pytest.mark.integration
@on_sqlite
def test_an_impatient_server_that_closes_after_sign_in_is_an_outage(
    on_dovecot: OnDovecot, proxied: Proxy
) -> None:
    on_dovecot.deliver(a_good_one(1))
    for octets in (0, 30, 200, 400):
        proxied.down.cut_after = octets
        result = read(on_dovecot.company)
        assert result.failure is None or result.failure.retry
    proxied.heal()
    on_dovecot.company.clock.at += timedelta(minutes=6)
    tell_it_all(on_dovecot.company)
    assert good_ones(on_dovecot.company) == ["Good 1"]


def test_a_row_that_the_store_refuses_is_put_aside_alone_and_can_be_tried_again(company: Company) -> None:
    bad = b"poison " * 100_000
    picky = PickyBlobs(bad)
    company.context = replace(company.context, blobs=picky)
    poisoned = a_message(to=(SALES,), subject="Poisoned", attachments=[("p.bin", bad)], message_id="")
    # Twice the same, without a Message-ID: two messages all the same.
    deliver(company, *amid_good_ones(poisoned, poisoned))
    tell_it_all(company)
    assert len(good_ones(company)) == 3
    assert_the_books_balance(company)
    entries = waiting(company)
    assert [entry["cause"] for entry in entries] == [QuarantineCause.STORE_REFUSED] * 2
    assert {entry["reason"] for entry in entries} == {"the record could not be stored (StoreError)"}
    for entry in entries:
        assert quarantine.raw_bytes(company.context, entry["postroom_quarantineid"]) == poisoned
    with pytest.raises(UserError, match="failed again"):
        quarantine.retry(company.context, entries[0]["postroom_quarantineid"])
    assert len(waiting(company)) == 2
    picky.bad = b""
    for entry in waiting(company):
        judged = quarantine.retry(company.context, entry["postroom_quarantineid"])
        assert judged
        assert judged.email_id
    assert len(company.rows("email", subject="Poisoned")) == 2
    assert_the_books_balance(company)
    assert waiting(company) == []


class Trap(RawBytes):
    """A message at whose sight a fault of our own comes to light."""

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        raise ZeroDivisionError("a fault of our own, with carl@contoso.example in its text")


@dataclass
class TrappingSource:
    """A source one of whose messages is a trap."""

    source: MemorySource
    number: int
    ended: list[str] = field(default_factory=list)

    def fetch(self, wanted: Sequence[Offered]) -> Iterator[Fetched]:
        for fetched in self.source.fetch(wanted):
            raw = fetched.raw
            if fetched.offered.number == self.number and isinstance(raw, RawBytes):
                yield replace(fetched, raw=Trap(raw.data))
            else:
                yield fetched

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)


def test_a_fault_of_our_own_in_one_message_stops_no_other(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox = MemoryMailbox()
    for message in amid_good_ones(a_message(to=(SALES,), subject="Trap")):
        mailbox.deliver(message)

    def opener(_: Context, __: Setup) -> Any:
        return TrappingSource(MemorySource(mailbox), 2)

    result = receive(company.context, company.mailbox(SALES), opener=opener)
    assert result.failure is None
    assert good_ones(company) == ["Good 0", "Good 1"]
    (entry,) = waiting(company)
    assert entry["reason"].startswith("a fault of Postroom's own kept it from being read (ZeroDivisionError)")
    assert "a message could not be read" in caplog.text
    judged = quarantine.retry(company.context, entry["postroom_quarantineid"])
    assert judged, "the bytes themselves are fine"
    assert company.rows("email", subject="Trap")


@dataclass
class Forgetful:
    """A session that never ends well, so that nothing it was told to remove is removed."""

    source: MailSource

    def close(self) -> None:
        self.source.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)


def test_what_a_server_did_not_remove_when_it_was_told_is_removed_the_next_time(company: Company) -> None:
    company.update("mailbox", company.mailbox(SALES), processanddeleteemails=True)
    deliver(company, a_good_one(1))

    def opener(context: Context, setup: Setup) -> Any:
        return Forgetful(access.open_source(context, setup))

    receive(company.context, company.mailbox(SALES), opener=opener)
    assert len(company.server.list(SALES)) == 2
    tell_it_all(company)
    # The message of the test is no e-mail of the store and stays.
    assert len(company.server.list(SALES)) == 1
    assert len(company.rows("email")) == 1


def test_what_a_pass_leaves_for_the_next_one_is_counted(company: Company) -> None:
    with_limits(company, messages_per_pass=3)
    read(company)
    deliver(company, *(a_good_one(number) for number in range(7)))
    assert [(result.items, result.backlog) for result in (read(company) for _ in range(4))] == [
        (3, 4),
        (3, 1),
        (1, 0),
        (0, 0),
    ]


def test_the_quarantine_is_kept_by_command(company: Company, cli: Callable[..., tuple[int, str]]) -> None:
    deliver(company, b"no mail at all", b"nor is this", a_good_one(1))
    tell_it_all(company)
    status, shown = cli("quarantine", "list", "--json")
    assert status == 0
    first, second = json.loads(shown)
    assert [entry["cause"] for entry in (first, second)] == [QuarantineCause.MALFORMED] * 2
    one, other = first["postroom_quarantineid"], second["postroom_quarantineid"]
    status, shown = cli("quarantine", "show", one)
    assert "no header" in shown
    assert cli("quarantine", "retry", one, str(UUID(int=1)))[0] == 1
    assert cli("quarantine", "drop", other) == (0, "")
    status, shown = cli("quarantine", "drop", other)
    assert status == 1
    assert "is dropped; nothing is left to be done" in shown
    status, shown = cli("quarantine", "list", "--json")
    assert [entry["attempts"] for entry in json.loads(shown)] == [2]
    status, shown = cli("quarantine", "list", "--all", "--json")
    assert len(json.loads(shown)) == 2


_MEASURE = """
import resource, sys
from pathlib import Path
from uuid import UUID
from postroom.app.secrets import AesGcmSecrets
from postroom.passes.context import Context, MailLimits
from postroom.passes.receive import receive
from postroom.ports.clock import SystemClock
from postroom.store.blobs import DirectoryBlobs
from postroom.store.database import Database
from postroom.store.records import Records

url, directory, *mailboxes = sys.argv[1:]
database = Database(url)
records = Records(database, AesGcmSecrets({"test": bytes(32)}, "test"), SystemClock())
limits = MailLimits(largest_message=200_000_000)
context = Context(database, records, DirectoryBlobs(Path(directory)), SystemClock(), mail=limits)
for mailbox in mailboxes:
    result = receive(context, UUID(mailbox))
    assert result.failure is None and result.failed == 0, result
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.integration
@pytest.mark.slow
@on_sqlite
def test_a_message_of_150_mb_arrives_whole_and_takes_little_memory(
    on_dovecot: OnDovecot, database_url: str, tmp_path: Path
) -> None:
    company, server = on_dovecot.company, on_dovecot.dovecot
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, maxuploadfilesize=134_217_728)
    company.ids["help"] = company.add_queue("help@corp.example", "Help")
    user = server.new_user()
    company.update("mailbox", company.mailbox("help@corp.example"), username=user, password=DOVECOT_PASSWORD)
    company.enable("help@corp.example")
    content = hashlib.sha256(b"seed").digest() * (112_000_000 // 32)
    huge = a_message(to=("help@corp.example",), subject="Huge", attachments=[("huge.bin", content)])
    assert len(huge) > 150_000_000
    server.deliver(user, huge)
    del huge
    on_dovecot.deliver(a_good_one(1, attachments=[("a.bin", bytes(1_000_000))]))
    mailboxes = [str(company.mailbox(address)) for address in (SALES, "help@corp.example")]
    blobs = str(tmp_path / "blobs")
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, database_url, blobs, *mailboxes],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    small, large = map(int, done.stdout.split())
    assert large - small < 64 * 1024, f"it took {(large - small) // 1024} MiB more"
    (email,) = company.rows("email", subject="Huge")
    (file,) = company.rows("activitymimeattachment", objectid=email["activityid"])
    assert file["filesize"] == len(content)
    (stored,) = company.rows("attachment", attachmentid=file["attachmentid"])
    digest = hashlib.sha256()
    with company.context.database.read() as connection:
        for piece in open_blob(connection, bytes(stored["postroom_digest"]), company.context.blobs):
            digest.update(piece)
    assert digest.digest() == hashlib.sha256(content).digest()
