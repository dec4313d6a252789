"""One message in many mailboxes, many equal ones in one, many workers at once: none lost, none doubled."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from tests.support.books import assert_sum_of_decisions
from tests.support.company import Company
from tests.support.correspondence import ANN, CARL, SALES, read_from_memory, read_in, switch, the
from tests.support.crowd import a_mailbox, add_users, read_at_once
from tests.support.mail import a_message

from postroom.schema.choices import Reason

BOB = "bob@corp.example"


def a_round(to: Sequence[str]) -> list[bytes]:
    """Return mail to all of them: ordinary, with shared files, and some without a Message-ID."""
    files = [(f"logo{n}.png", bytes([n]) * 500, "image/png") for n in range(4)]
    mail = []
    for number in range(30):
        signature = [files[number % 4], files[(number + 1 + number % 3) % 4]]
        mail.append(
            a_message(
                sender=f"writer{number % 7}@out.example",
                to=to,
                subject=f"Round {number}",
                message_id="" if number % 3 == 0 else f"{number}@out.example",
                attachments=signature,
            )
        )
    return mail


def shuffled(mail: Sequence[bytes], seed: int) -> list[bytes]:
    mixed = list(mail)
    random.Random(seed).shuffle(mixed)
    return mixed


@pytest.mark.parametrize("batch_size", [7, 200])
@pytest.mark.parametrize("order", ["same", "another"])
def test_eight_workers_with_the_same_mail_record_it_once(
    company: Company, order: str, batch_size: int
) -> None:
    users = add_users(company, 8)
    mail = a_round(users)
    sources = {
        user: a_mailbox(mail if order == "same" else shuffled(mail, number))
        for number, user in enumerate(users)
    }
    results = read_at_once(company, sources, batch_size=batch_size)
    assert [(result.failure, result.items, result.failed) for result in results] == [(None, 30, 0)] * 8
    emails = company.rows("email", directioncode=False)
    assert Counter(row["subject"] for row in emails) == Counter(f"Round {n}" for n in range(30))
    mailboxes = {company.mailbox(user) for user in users}
    for table in ("postroom_ledger", "postroom_decision"):
        seen = Counter(row["mailboxid"] for row in company.rows(table) if row["mailboxid"] in mailboxes)
        assert seen == dict.fromkeys(mailboxes, 30), table
    assert company.rows("postroom_quarantine") == []
    assert len(company.rows("activitymimeattachment")) == 60
    assert len(company.rows("attachment")) == 4
    assert_sum_of_decisions(company)
    again = read_at_once(company, sources, batch_size=batch_size)
    assert [(result.failure, result.items) for result in again] == [(None, 0)] * 8
    assert len(company.rows("email", directioncode=False)) == 30


def test_eight_workers_with_equal_mail_without_ids_record_as_many_as_one_mailbox_has(
    company: Company,
) -> None:
    users = add_users(company, 8)
    alarm = a_message(to=users, subject="Alarm", message_id="")
    sources = {user: a_mailbox([alarm] * 5) for user in users}
    results = read_at_once(company, sources)
    assert [(result.failure, result.items, result.failed) for result in results] == [(None, 5, 0)] * 8
    assert len(company.rows("email", directioncode=False)) == 5
    assert company.rows("postroom_quarantine") == []
    assert_sum_of_decisions(company)


def count(company: Company) -> tuple[int, ...]:
    tables = ("email", "postroom_decision", "postroom_ledger", "activityparty", "queueitem")
    return tuple(len(company.rows(table)) for table in tables)


def alike(number: int) -> bytes:
    """Return an alarm like all others but for its last line; without an id, as devices write it."""
    return a_message(sender="sensor@x.example", subject="Alarm", message_id="", text=f"Pump {number} stands")


@pytest.mark.parametrize("kind", ["equal but for the body", "equal to the last octet"])
def test_a_thousand_alike_without_ids_are_a_thousand_however_often_they_are_read(
    company: Company, kind: str
) -> None:
    mailbox = a_mailbox([alike(0 if "octet" in kind else number) for number in range(1_000)])
    decisions = read_from_memory(company, mailbox, at=SALES)
    assert [row["reason"] for row in decisions] == [Reason.ACCEPT_ALL] * 1_000
    before = count(company)
    assert before[0] == 1_000
    for _ in range(10):
        assert read_from_memory(company, mailbox, at=SALES) == []
    assert count(company) == before
    mailbox.renumber()
    assert read_from_memory(company, mailbox, at=SALES) == []
    assert count(company) == before
    mailbox.deliver(alike(0))
    (one_more,) = read_from_memory(company, mailbox, at=SALES)
    assert (one_more["tracked"], count(company)[0]) == (True, 1_001)
    assert_sum_of_decisions(company)


def test_what_a_thousand_alike_are_in_one_mailbox_they_are_in_two(company: Company) -> None:
    company.ids["help"] = company.add_queue("help@corp.example", "Help")
    company.enable("help@corp.example")
    mail = [alike(0)] * 400
    read_from_memory(company, a_mailbox(mail), at=SALES)
    decisions = read_from_memory(company, a_mailbox(mail), at="help@corp.example")
    assert Counter(row["reason"] for row in decisions) == {Reason.DUPLICATE: 400}
    assert count(company)[0] == 400
    assert len({row["emailid"] for row in decisions}) == 400, "each copy has its own counterpart"
    assert_sum_of_decisions(company)


def test_a_second_copy_in_one_batch_finds_the_first(company: Company) -> None:
    one = a_message(sender=CARL, to=(ANN,), message_id="one@contoso.example")
    other = a_message(sender=CARL, to=(ANN,), message_id="one@contoso.example", text="Changed on the way")
    decisions = read_in(company, one, other, one)
    assert [row["reason"] for row in decisions] == [Reason.SENDER_MATCH] + [Reason.DUPLICATE] * 2
    assert {row["emailid"] for row in decisions} == {the(company, "email")["activityid"]}
    assert_sum_of_decisions(company)


@pytest.fixture
def two_queues(company: Company) -> Company:
    """The company with a second queue, whose mail is Sales' as well."""
    company.ids["help"] = company.add_queue("help@corp.example", "Help")
    company.enable("help@corp.example")
    return company


def queues(company: Company) -> Counter[Any]:
    names = {company.ids["sales"]: "sales", company.ids["help"]: "help"}
    return Counter(names[row["queueid"]] for row in company.rows("queueitem"))


#: Whether an accepting queue gets an item, whether one does in whose mailbox it lies, whether it does so
#: for what is tracked already; and the items after Sales has read, and then Help.
ITEMS = [
    ((True, True, False), {"sales": 1, "help": 1}, {"sales": 1, "help": 1}),
    ((True, False, False), {"sales": 1, "help": 1}, {"sales": 1, "help": 1}),
    ((False, True, False), {"sales": 1}, {"sales": 1}),
    ((False, True, True), {"sales": 1}, {"sales": 1, "help": 1}),
    ((False, False, False), {}, {}),
    ((True, False, True), {"sales": 1, "help": 1}, {"sales": 1, "help": 1}),
    ((True, True, True), {"sales": 1, "help": 1}, {"sales": 1, "help": 1}),
]


@pytest.mark.parametrize(("wanted", "first", "then"), ITEMS, ids=[str(wanted) for wanted, _, _ in ITEMS])
def test_each_queue_gets_its_item_as_the_organization_wants(
    two_queues: Company, wanted: tuple[bool, bool, bool], first: dict[str, int], then: dict[str, int]
) -> None:
    for_accepting, for_reading, for_known = wanted
    switch(
        two_queues,
        create_queue_items_for_accepting_queue_recipients=for_accepting,
        create_queue_item_for_synchronizing_mailbox=for_reading,
        create_additional_queue_items_for_already_tracked_email=for_known,
    )
    mail = a_message(sender=CARL, to=(SALES, "help@corp.example"), message_id="both@contoso.example")
    read_in(two_queues, mail, at=SALES)
    assert queues(two_queues) == first
    (decision,) = read_in(two_queues, mail, at="help@corp.example")
    assert decision["reason"] == Reason.DUPLICATE
    assert queues(two_queues) == then


def test_a_queue_gets_one_item_however_often_it_reads_what_others_brought(two_queues: Company) -> None:
    switch(
        two_queues,
        create_queue_items_for_accepting_queue_recipients=False,
        create_additional_queue_items_for_already_tracked_email=True,
    )
    mail = a_message(sender=CARL, to=(SALES, "help@corp.example"), message_id="both@contoso.example")
    read_in(two_queues, mail, at=SALES)
    for _ in range(3):
        read_in(two_queues, mail, at="help@corp.example")
    read_in(two_queues, mail, at=SALES)
    assert queues(two_queues) == {"sales": 1, "help": 1}
    assert_sum_of_decisions(two_queues)
