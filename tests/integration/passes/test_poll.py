"""Polling over the sandbox's POP3 server: whether a receiving pass would have something to do."""

from collections.abc import Callable

import pytest
from tests.support.company import Company
from tests.support.ledgers import ANN, SALES, from_carl, from_stranger, take_in

from postroom.passes.poll import poll
from postroom.passes.quarantine import retry
from postroom.passes.receive import receive


def asked(company: Company, *addresses: str) -> list[bool]:
    """Return of each mailbox whether a pass is needed."""
    ids = [company.mailbox(address) for address in addresses]
    answers = dict(poll(company.context, ids))
    assert list(answers) == ids
    return list(answers.values())


def test_without_news_no_pass_is_needed_and_nothing_is_written(company: Company) -> None:
    receive(company.context, company.mailbox(SALES))
    take_in(company, ANN, from_carl(), from_stranger())
    before = {table: company.rows(table) for table in ("mailbox", "postroom_ledger", "postroom_decision")}
    assert asked(company, ANN, SALES) == [False, False]
    assert {table: company.rows(table) for table in before} == before


def test_a_new_message_needs_a_pass_until_it_was_taken_in(company: Company) -> None:
    receive(company.context, company.mailbox(SALES))
    take_in(company, ANN, from_carl("one@x"))
    company.server.deliver(ANN, from_carl("two@x"))
    assert asked(company, ANN, SALES) == [True, False]
    receive(company.context, company.mailbox(ANN))
    assert asked(company, ANN) == [False]


def test_a_message_that_was_put_aside_needs_a_pass_only_until_it_was_tried_again(company: Company) -> None:
    receive(company.context, company.mailbox(ANN))
    company.server.deliver(ANN, from_carl())
    receive(company.limited(largest_message=10), company.mailbox(ANN))
    assert asked(company, ANN) == [False]
    (entry,) = company.rows("postroom_quarantine")
    assert retry(company.context, entry["postroom_quarantineid"]) is None
    assert asked(company, ANN) == [True]
    receive(company.context, company.mailbox(ANN))
    assert len(company.rows("email")) == 1
    assert asked(company, ANN) == [False]


def test_messages_under_new_numbers_need_a_pass(company: Company) -> None:
    take_in(company, ANN, from_carl())
    company.server.renumber(ANN)
    assert asked(company, ANN) == [True]


def _refuse(company: Company) -> None:
    (profile,) = company.rows("emailserverprofile")[:1]
    company.update("emailserverprofile", profile["emailserverprofileid"], incomingpassword="wrong")


def _leave(company: Company) -> None:
    (profile,) = company.rows("emailserverprofile")[:1]
    company.update("emailserverprofile", profile["emailserverprofileid"], incomingportnumber=1)


def _forbid(company: Company) -> None:
    company.update("mailbox", company.mailbox(ANN), incomingemaildeliverymethod=0)


@pytest.mark.parametrize("trouble", [_refuse, _leave, _forbid])
def test_what_can_not_be_asked_needs_a_pass_that_says_why(
    company: Company, trouble: Callable[[Company], None]
) -> None:
    trouble(company)
    assert asked(company, ANN) == [True]


def test_a_mailbox_that_is_gone_needs_a_pass_that_finds_that_out(company: Company) -> None:
    unknown = company.ids["ann"]
    assert dict(poll(company.context, [unknown])) == {unknown: True}
