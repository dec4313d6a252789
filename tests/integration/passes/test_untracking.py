"""E-mails that persons do not want: gone with all that belongs to them, and for good."""

from typing import Any
from uuid import uuid4

import pytest
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    SALES,
    check_log,
    decisions_of,
    from_carl,
    look_again,
    reasons_of,
    row_of,
    set_filter,
    take_in,
    the_email,
    without_id,
)

from postroom.errors import UserError
from postroom.passes.receive import receive
from postroom.passes.wish import Regarding, regard, track_seen, untrack
from postroom.schema.choices import Reason, SetBy, Wish


def untracked(company: Company, **more: Any) -> dict[str, Any]:
    """Receive mail to Ann and to the queue, untrack it, and return the e-mail as it was."""
    data = from_carl(to=(ANN, SALES), attachments=[("a.txt", b"file")], **more)
    take_in(company, ANN, data)
    take_in(company, SALES, data)
    email = the_email(company)
    assert company.rows("queueitem")
    untrack(company.context, email["activityid"], by=company.ids["ann"])
    return email


def test_untracking_removes_the_email_with_all_that_belongs_to_it(company: Company) -> None:
    email = untracked(company)
    for table, column in (
        ("email", "activityid"),
        ("activityparty", "activityid"),
        ("activitymimeattachment", "objectid"),
        ("queueitem", "objectid"),
        ("emailhash", "activityid"),
    ):
        assert company.rows(table, **{column: email["activityid"]}) == [], table
    rows = decisions_of(company)
    assert [(row["tracked"], row["reason"], row["emailid"]) for row in rows] == [
        (False, Reason.UNTRACKED_BY_PERSON, None)
    ] * 2
    assert all("A person does not want this message tracked." in row["trail"] for row in rows)
    assert all(row["emailid"] is None for row in company.rows("postroom_ledger"))
    check_log(company)


def test_the_words_of_an_untracked_email_are_forgotten(company: Company) -> None:
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, enablesmartmatching=True)
    take_in(company, ANN, from_carl(subject="Pump station seven"))
    assert company.rows("emailhash")
    untrack(company.context, the_email(company)["activityid"])
    assert company.rows("emailhash") == []


def test_nothing_brings_an_untracked_message_back(company: Company) -> None:
    untracked(company)
    set_filter(company, 0)
    assert look_again(company) == 0
    assert look_again(company, SALES) == 0
    bob = "bob@corp.example"
    company.ids["bob"] = company.add_user(bob, "Bob Boss", filtering=0)
    company.enable(bob)
    take_in(company, bob, from_carl(to=(ANN, SALES), attachments=[("a.txt", b"file")]))
    assert company.rows("email") == []
    assert set(reasons_of(company)) == {Reason.UNTRACKED_BY_PERSON}
    check_log(company)


def test_an_untracked_message_can_be_tracked_after_all(company: Company) -> None:
    untracked(company)
    decision = decisions_of(company, ANN)[0]
    email = track_seen(company.context, decision["postroom_decisionid"])
    assert the_email(company)["activityid"] == email
    assert reasons_of(company, ANN) == [Reason.TRACKED_BY_PERSON]
    (wish,) = company.rows("postroom_wish")
    assert wish["wish"] == Wish.TRACK
    check_log(company)


def test_deleting_an_email_by_a_caller_is_the_same_wish(company: Company) -> None:
    take_in(company, ANN, from_carl())
    with company.context.database.write() as connection:
        company.records.delete(connection, "email", the_email(company)["activityid"], by=company.ids["ann"])
    set_filter(company, 0)
    assert look_again(company) == 0
    assert reasons_of(company) == [Reason.UNTRACKED_BY_PERSON]
    (wish,) = company.rows("postroom_wish")
    assert (wish["wish"], wish["wishedby"]) == (Wish.UNTRACK, company.ids["ann"])
    check_log(company)


def test_an_email_that_goes_with_its_account_is_nobody_s_wish(company: Company) -> None:
    take_in(company, ANN, from_carl())
    other = company.create("account", name="Fabrikam")
    regard(company.context, the_email(company)["activityid"], Regarding("account", other))
    with company.context.database.write() as connection:
        company.records.delete(connection, "account", other, by=company.ids["ann"])
    assert (company.rows("email"), company.rows("postroom_wish")) == ([], [])
    (decision,) = decisions_of(company)
    assert decision["emailid"] is None
    # Nobody has said that it is not wanted, so looking again brings it back.
    assert look_again(company) == 1
    assert the_email(company)["regardingobjectid"] is None
    assert reasons_of(company) == [Reason.SENDER_MATCH]
    check_log(company)


def test_an_email_that_went_with_its_account_can_be_tracked_by_a_person(company: Company) -> None:
    take_in(company, ANN, from_carl())
    other = company.create("account", name="Fabrikam")
    regard(company.context, the_email(company)["activityid"], Regarding("account", other))
    with company.context.database.write() as connection:
        company.records.delete(connection, "account", other)
    (decision,) = decisions_of(company)
    track_seen(company.context, decision["postroom_decisionid"])
    assert the_email(company)["postroom_trackedby"] == SetBy.PERSON
    check_log(company)


def test_a_draft_is_no_message_and_can_t_be_untracked(company: Company) -> None:
    draft = company.email(company.ids["ann"], "systemuser", company.ids["carl"])
    with pytest.raises(UserError, match="never a message"):
        untrack(company.context, draft)
    with pytest.raises(UserError, match="There is no e-mail"):
        untrack(company.context, uuid4())
    assert row_of(company, "email", draft)


def test_equal_mails_without_ids_are_untracked_one_by_one(company: Company) -> None:
    data = without_id(from_carl())
    take_in(company, ANN, data, data, data)
    middle = sorted(row["activityid"] for row in company.rows("email"))[1]
    untrack(company.context, middle)
    assert len(company.rows("email")) == 2
    assert look_again(company) == 0
    assert sorted(reasons_of(company)) == [Reason.SENDER_MATCH] * 2 + [Reason.UNTRACKED_BY_PERSON]
    company.server.renumber(ANN)
    assert receive(company.context, company.mailbox(ANN)).failure is None
    assert len(company.rows("email")) == 2
    check_log(company)
