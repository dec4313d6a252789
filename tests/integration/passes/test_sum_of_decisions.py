"""The sum rule: whatever becomes of a message, one decision stands for it, and none for anything else."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.books import assert_sum_of_decisions
from tests.support.company import Company
from tests.support.correspondence import ANN, CARL, SALES, an_answer, read_from_memory, read_in, the
from tests.support.crowd import a_mailbox
from tests.support.mail import a_message

from postroom.errors import StoreError, UserError
from postroom.passes import quarantine
from postroom.passes.receive import receive
from postroom.ports.blobs import BlobRef
from postroom.schema.choices import QuarantineCause, QuarantineState, Reason
from postroom.store.blobs import MemoryBlobs

BOB, FORWARD = "bob@corp.example", "forward@corp.example"
NO_MAIL = b"\r\n\r\nno header at all"


def numbered(number: int, **more: Any) -> bytes:
    return a_message(sender=CARL, **{"to": (SALES,), "message_id": f"{number}@c.example", **more})


def failures(company: Company) -> list[dict[str, Any]]:
    return company.rows("postroom_decision", reason=Reason.FETCH_FAILED)


def in_quarantine(company: Company) -> list[Any]:
    with company.context.database.read() as connection:
        return quarantine.waiting(connection)


def test_every_kind_of_verdict_keeps_the_sum(company: Company) -> None:
    mail = [
        an_answer(message_id="tracked@c.example"),
        an_answer(message_id="tracked@c.example"),
        a_message(sender="x@y.example", to=(ANN,)),
        a_message(sender="x@y.example", to=("else@where.example",)),
        a_message(sender=None, to=(ANN,)),
        NO_MAIL,
        NO_MAIL,
        an_answer(message_id=""),
        an_answer(message_id=""),
        an_answer(message_id="huge@c.example", text="word " * 20_000),
    ]
    decisions = read_from_memory(company, a_mailbox(mail), largest_message=90_000, batch_size=3)
    assert [row["reason"] for row in decisions] == [
        Reason.SENDER_MATCH,
        Reason.DUPLICATE,
        Reason.NO_CORRELATION_MATCH,
        Reason.NO_RECIPIENT_MATCH,
        Reason.INVALID_SENDER,
        Reason.MALFORMED,
        Reason.MALFORMED,
        Reason.SENDER_MATCH,
        Reason.SENDER_MATCH,
        Reason.TOO_LARGE,
    ]
    assert_sum_of_decisions(company)


def test_what_could_not_be_fetched_has_a_decision_until_it_is_fetched(company: Company) -> None:
    mailbox = a_mailbox([numbered(0), numbered(1), numbered(2)])
    mailbox.withheld = {list(mailbox.messages)[1]}
    for tries in range(3):
        read_from_memory(company, mailbox, at=SALES)
        (failure,) = failures(company)
        (entry,) = in_quarantine(company)
        assert (entry["attempts"], entry["decisionid"]) == (tries + 1, failure["postroom_decisionid"])
        assert (failure["tracked"], failure["ledgerid"]) == (False, None)
        assert failure["serverid"] == list(mailbox.messages)[1]
        assert_sum_of_decisions(company)
        company.clock.at += timedelta(days=1)
    mailbox.withheld = set()
    (decision,) = read_from_memory(company, mailbox, at=SALES)
    assert (decision["tracked"], failures(company)) == (True, [])
    assert in_quarantine(company) == []
    assert_sum_of_decisions(company)


def test_a_session_that_breaks_at_a_message_leaves_its_decision_and_one_for_every_other(
    company: Company,
) -> None:
    mailbox = a_mailbox([numbered(number) for number in range(5)])
    mailbox.breaks_after = 2
    read_from_memory(company, mailbox, at=SALES, batch_size=2)
    assert len(failures(company)) == 1
    assert len(company.rows("email")) == 4
    assert_sum_of_decisions(company)
    company.clock.at += timedelta(minutes=6)
    read_from_memory(company, mailbox, at=SALES)
    assert (failures(company), len(company.rows("email"))) == ([], 5)
    assert_sum_of_decisions(company)


def test_what_is_gone_before_it_could_be_fetched_keeps_its_decision(company: Company) -> None:
    mailbox = a_mailbox([numbered(0), numbered(1)])
    first = next(iter(mailbox.messages))
    mailbox.withheld = {first}
    read_from_memory(company, mailbox, at=SALES)
    del mailbox.messages[first]
    read_from_memory(company, mailbox, at=SALES)
    entry = the(company, "postroom_quarantine")
    assert (entry["state"], len(failures(company))) == (QuarantineState.DROPPED, 1)
    assert_sum_of_decisions(company)
    # A message that comes later under the same id is another one.
    mailbox.withheld = set()
    mailbox.messages[first] = numbered(2)
    (decision,) = read_from_memory(company, mailbox, at=SALES)
    assert (decision["tracked"], len(failures(company))) == (True, 1)
    assert_sum_of_decisions(company)


def test_a_failed_fetch_that_a_person_tries_again_keeps_the_sum(company: Company) -> None:
    mailbox = a_mailbox([numbered(0), numbered(1)])
    mailbox.withheld = set(mailbox.messages)
    read_from_memory(company, mailbox, at=SALES)
    for entry in in_quarantine(company):
        assert quarantine.retry(company.context, entry["postroom_quarantineid"]) is None
    assert_sum_of_decisions(company)
    read_from_memory(company, mailbox, at=SALES)
    assert (len(failures(company)), len(in_quarantine(company))) == (2, 2)
    assert_sum_of_decisions(company)
    mailbox.withheld = set()
    company.clock.at += timedelta(minutes=6)
    read_from_memory(company, mailbox, at=SALES)
    assert (failures(company), len(company.rows("email"))) == ([], 2)
    assert_sum_of_decisions(company)


def test_two_mailboxes_with_the_same_server_ids_do_not_settle_each_others_failures(company: Company) -> None:
    mine, theirs = (a_mailbox([numbered(number, to=(ANN, SALES))]) for number in range(2))
    for mailbox, address in ((mine, ANN), (theirs, SALES)):
        mailbox.withheld = set(mailbox.messages)
        read_from_memory(company, mailbox, at=address)
    mine.withheld = set()
    company.clock.at += timedelta(minutes=6)
    read_from_memory(company, mine)
    (left,) = failures(company)
    assert left["mailboxid"] == company.mailbox(SALES)
    assert_sum_of_decisions(company)


def test_a_message_that_was_too_large_and_is_tried_again_keeps_the_sum(company: Company) -> None:
    mailbox = a_mailbox([numbered(0), numbered(1, text="word " * 20_000), numbered(2)])
    read_from_memory(company, mailbox, at=SALES, largest_message=50_000)
    read_from_memory(company, mailbox, at=SALES, largest_message=50_000)
    assert_sum_of_decisions(company)
    (entry,) = in_quarantine(company)
    assert entry["cause"] == QuarantineCause.TOO_LARGE
    assert quarantine.retry(company.context, entry["postroom_quarantineid"]) is None
    assert_sum_of_decisions(company)
    company.clock.at += timedelta(days=1)
    read_from_memory(company, mailbox, at=SALES)
    assert len(company.rows("email")) == 3
    assert in_quarantine(company) == []
    assert_sum_of_decisions(company)


def test_what_can_not_be_read_and_is_tried_again_or_given_up_keeps_the_sum(company: Company) -> None:
    mailbox = a_mailbox([numbered(0), NO_MAIL, b"nor this", NO_MAIL])
    read_from_memory(company, mailbox, at=SALES)
    one, other, _ = in_quarantine(company)
    with pytest.raises(UserError, match="failed again"):
        quarantine.retry(company.context, one["postroom_quarantineid"])
    quarantine.drop(company.context, other["postroom_quarantineid"])
    assert_sum_of_decisions(company)
    mailbox.renumber()
    assert read_from_memory(company, mailbox, at=SALES) == []
    assert_sum_of_decisions(company)
    assert {row["serverid"] for row in company.rows("postroom_ledger", mailboxid=company.mailbox(SALES))} == (
        set(mailbox.messages)
    )


@pytest.fixture
def office(company: Company) -> Company:
    """The company with a forward mailbox, and Bob, whose mail arrives through it."""
    company.ids["bob"] = company.add_user(
        BOB, "Bob Boss", incomingemaildeliverymethod=3, outgoingemaildeliverymethod=0
    )
    company.ids["forward"] = company.add_forward_mailbox(FORWARD)
    company.enable(FORWARD)
    return company


def an_item(*inner: bytes, sender: str = BOB) -> bytes:
    attached = [(f"{number}.eml", data, "application/octet-stream") for number, data in enumerate(inner)]
    return a_message(sender=sender, to=(FORWARD,), subject="FW: see attached", attachments=attached)


def for_bob(number: int, **more: Any) -> bytes:
    return numbered(number, to=(BOB,), **more)


ITEMS: dict[str, tuple[Sequence[bytes], int]] = {
    "one message": ([for_bob(1)], 1),
    "three": ([for_bob(1), for_bob(2), for_bob(3)], 3),
    "one of them twice": ([for_bob(1), for_bob(1), for_bob(2)], 3),
    "without ids": ([for_bob(1, message_id=""), for_bob(1, message_id="")], 2),
    "one of them broken": ([for_bob(1), NO_MAIL, for_bob(2)], 3),
    "the first of them broken": ([NO_MAIL, for_bob(1), for_bob(2)], 3),
    "all of them broken": ([NO_MAIL, NO_MAIL], 2),
    "a stranger's": ([for_bob(1), a_message(sender="x@y.example", to=(BOB,))], 2),
}


@pytest.mark.parametrize(("inner", "count"), ITEMS.values(), ids=ITEMS)
def test_an_item_has_as_many_decisions_as_messages(
    office: Company, inner: Sequence[bytes], count: int
) -> None:
    mailbox = a_mailbox([an_item(for_bob(8)), an_item(*inner), an_item(for_bob(9))])
    read_from_memory(office, mailbox, at=FORWARD)
    entries = office.rows("postroom_ledger", mailboxid=office.ids["forward"])
    assert sorted(row["messages"] for row in entries) == sorted([1, count, 1])
    assert_sum_of_decisions(office)
    mailbox.renumber()
    assert read_from_memory(office, mailbox, at=FORWARD) == []
    assert_sum_of_decisions(office)


def test_an_item_that_nobody_owned_and_is_tried_again_has_a_decision_a_message(office: Company) -> None:
    office.update("mailbox", office.mailbox(BOB), emailrouteraccessapproval=2)
    mailbox = a_mailbox([an_item(for_bob(1), for_bob(2), for_bob(3)), an_item(for_bob(4))])
    read_from_memory(office, mailbox, at=FORWARD)
    assert_sum_of_decisions(office)
    office.update("mailbox", office.mailbox(BOB), emailrouteraccessapproval=1)
    office.clock.at += timedelta(hours=1)
    for entry in in_quarantine(office):
        quarantine.retry(office.context, entry["postroom_quarantineid"])
    assert len(office.rows("email")) == 4
    entries = office.rows("postroom_ledger", mailboxid=office.ids["forward"])
    assert sorted(row["messages"] for row in entries) == [1, 3]
    assert_sum_of_decisions(office)


@pytest.mark.parametrize("times", [1, 3])
def test_an_item_of_which_one_message_is_broken_keeps_the_sum_however_often_it_is_tried(
    office: Company, times: int
) -> None:
    mailbox = a_mailbox([an_item(for_bob(1), NO_MAIL, for_bob(2, message_id=""))])
    read_from_memory(office, mailbox, at=FORWARD)
    for _ in range(times):
        office.clock.at += timedelta(hours=1)
        (entry,) = in_quarantine(office)
        with pytest.raises(UserError, match="failed again"):
            quarantine.retry(office.context, entry["postroom_quarantineid"])
        assert_sum_of_decisions(office)
    assert len(office.rows("email")) == 2


class PickyBlobs(MemoryBlobs):
    """Blobs on a disk with a bad spot: one content can't be written until it is mended."""

    def __init__(self, bad: bytes) -> None:
        super().__init__()
        self.bad = hashlib.sha256(bad).digest()

    def put(self, chunks: Iterable[bytes]) -> BlobRef:
        """Keep the content, or refuse it."""
        ref = super().put(chunks)
        if ref.digest == self.bad:
            raise StoreError("this content can't be kept")
        return ref


def test_an_item_that_the_store_refused_as_a_whole_keeps_the_sum_until_it_takes_it(office: Company) -> None:
    content = b"poison " * 50_000
    disk = PickyBlobs(content)
    office.context = replace(office.context, blobs=disk)
    bad = for_bob(2, attachments=[("p.bin", content)])
    read_from_memory(
        office, a_mailbox([an_item(for_bob(1), bad, for_bob(3)), an_item(for_bob(4))]), at=FORWARD
    )
    (entry,) = in_quarantine(office)
    assert entry["cause"] == QuarantineCause.STORE_REFUSED
    assert [row["messages"] for row in office.rows("postroom_ledger", mailboxid=office.ids["forward"])] == [
        1,
        1,
    ]
    assert_sum_of_decisions(office)
    disk.bad = b""
    office.clock.at += timedelta(hours=1)
    assert quarantine.retry(office.context, entry["postroom_quarantineid"])
    entries = office.rows("postroom_ledger", mailboxid=office.ids["forward"])
    assert sorted(row["messages"] for row in entries) == [1, 3]
    assert len(office.rows("email")) == 4
    assert_sum_of_decisions(office)


def test_a_whole_day_of_everything_keeps_the_sum(
    company: Company, run_passes: Callable[[], Sequence[Any]]
) -> None:
    for number in range(3):
        company.server.deliver(SALES, numbered(number))
        company.server.deliver(SALES, NO_MAIL)
        company.server.deliver(ANN, numbered(number, to=(ANN, SALES)))
        company.clock.at += timedelta(hours=1)
        run_passes()
        company.server.renumber(SALES)
    receive(company.context, company.mailbox(SALES))
    assert len(company.rows("email")) == 3
    assert_sum_of_decisions(company)
    assert read_in(company, at=SALES) == []
