"""Wishes about one message by several persons at once, and while a pass is under way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.support.company import Company
from tests.support.ledgers import ANN, SALES, check_log, from_carl, from_stranger, take_in, the_email

from postroom.errors import UserError
from postroom.passes.wish import regard, track_bytes, untrack


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run all at once and return what each came to; being told why not is an outcome, too."""

    def run(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except UserError as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as executor:
        return list(executor.map(run, acts))


@pytest.mark.parametrize("message_id", ["one@x", ""])
def test_one_file_tracked_by_many_is_one_email(company: Company, message_id: str) -> None:
    data, ann = from_stranger(message_id), company.mailbox(ANN)
    judged = at_once(*[lambda: track_bytes(company.context, data, ann)] * 3)
    assert {one.email_id for one in judged} == {the_email(company)["activityid"]}
    assert len(company.rows("postroom_wish")) == 1
    check_log(company)


def test_an_email_untracked_by_many_is_gone(company: Company) -> None:
    take_in(company, ANN, from_carl())
    email = the_email(company)["activityid"]
    outcomes = at_once(*[lambda: untrack(company.context, email)] * 6)
    assert outcomes.count(None) == 1
    assert company.rows("email") == []
    check_log(company)


def test_an_email_is_untracked_while_another_person_says_what_it_regards(company: Company) -> None:
    take_in(company, ANN, from_carl())
    email = the_email(company)["activityid"]
    at_once(*[lambda: untrack(company.context, email), lambda: regard(company.context, email, None)] * 3)
    assert company.rows("email") == company.rows("activityparty", activityid=email) == []
    check_log(company)


def test_a_file_is_tracked_while_its_message_arrives(company: Company) -> None:
    data = from_stranger("one@x", to=(ANN, SALES))
    company.server.deliver(SALES, data)
    ann = company.mailbox(ANN)
    at_once(
        lambda: take_in(company, SALES),
        *[lambda: track_bytes(company.context, data, ann)] * 2,
    )
    assert the_email(company)["messageid"] == "one@x"
    check_log(company)
