"""What persons say of single messages: track it, leave it alone, what it regards."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    CARL,
    SALES,
    STRANGER,
    check_log,
    decisions_of,
    everything_in,
    reasons_of,
    row_of,
    set_filter,
    take_in,
    the_email,
)
from tests.support.mail import a_message

from postroom.errors import MalformedMessage, UserError
from postroom.passes.access import Hindered
from postroom.passes.receive import receive
from postroom.passes.rescan import Mode, rescan
from postroom.passes.wish import Regarding, regard, track_bytes, track_seen, untrack
from postroom.schema.choices import Reason, SetBy, Wish

LONG_AGO = timedelta(days=3650)


def from_stranger(message_id: str = "one@stranger.example", **more: Any) -> bytes:
    """Return mail that Ann's filter does not accept."""
    return a_message(**{"sender": STRANGER, "to": (ANN,), "message_id": message_id, **more})


def from_carl(message_id: str = "one@contoso.example", **more: Any) -> bytes:
    """Return mail that Ann's filter accepts."""
    return a_message(**{"sender": CARL, "to": (ANN,), "message_id": message_id, **more})


def account(company: Company) -> Regarding:
    return Regarding("account", company.ids["account"])


def without_id(data: bytes) -> bytes:
    """Return the message without its Message-ID."""
    head, _, rest = data.partition(b"Message-ID: ")
    return head + rest.partition(b"\r\n")[2]


def rescan_all(company: Company, address: str = ANN, mode: Mode = Mode.APPLY) -> int:
    return rescan(company.context, company.mailbox(address), company.clock.now() - LONG_AGO, mode).tracked


def test_a_file_is_tracked_whatever_the_rules_say(company: Company) -> None:
    set_filter(company, 4)
    judged = track_bytes(company.context, from_stranger(), company.mailbox(ANN))
    email = the_email(company)
    assert (email["activityid"], email["directioncode"]) == (judged.email_id, False)
    assert (email["ownerid"], email["acceptingentityid"]) == (company.ids["ann"], company.ids["ann"])
    assert (email["postroom_trackedby"], email["postroom_regardingby"]) == (SetBy.PERSON, None)
    assert email["receivingmailboxid"] == company.mailbox(ANN)
    assert reasons_of(company) == [Reason.TRACKED_BY_PERSON]
    check_log(company)


def test_a_file_from_what_was_sent_is_an_email_of_the_mailbox(company: Company) -> None:
    data = a_message(sender=ANN, to=(STRANGER,), message_id="out@corp.example")
    track_bytes(company.context, data, company.mailbox(ANN), is_sent_copy=True)
    email = the_email(company)
    assert (email["directioncode"], email["sendermailboxid"]) == (True, company.mailbox(ANN))
    assert (email["receivingmailboxid"], email["ownerid"]) == (None, company.ids["ann"])
    check_log(company)


def test_a_file_is_tracked_with_the_record_that_it_regards(company: Company) -> None:
    track_bytes(company.context, from_stranger(), company.mailbox(ANN), regarding=account(company))
    email = the_email(company)
    assert email["regardingobjectid"] == company.ids["account"]
    assert (email["regardingobjecttypecode"], email["postroom_regardingby"]) == ("account", SetBy.PERSON)
    parties = company.rows("activityparty", activityid=email["activityid"], participationtypemask=8)
    assert [row["partyid"] for row in parties] == [company.ids["account"]]


def test_a_record_that_is_not_there_is_refused_before_anything_is_written(company: Company) -> None:
    take_in(company, ANN, from_stranger("seen@stranger.example"))
    (decision,) = decisions_of(company)
    nowhere = Regarding("account", uuid4())
    before = everything_in(company)
    with pytest.raises(UserError, match="no Account"):
        track_bytes(company.context, from_stranger(), company.mailbox(ANN), regarding=nowhere)
    with pytest.raises(UserError, match="no Account"):
        track_seen(company.context, decision["postroom_decisionid"], regarding=nowhere)
    assert everything_in(company) == before


@pytest.mark.parametrize("data", [b"", b"no mail at all", b"\r\n\r\n"])
def test_a_file_that_is_no_message_is_refused_and_nothing_is_written(company: Company, data: bytes) -> None:
    before = everything_in(company)
    with pytest.raises(MalformedMessage):
        track_bytes(company.context, data, company.mailbox(ANN))
    assert everything_in(company) == before


@pytest.mark.parametrize("has_id", [True, False])
def test_a_file_tracked_twice_is_one_email_and_keeps_its_reason(company: Company, has_id: bool) -> None:
    data = from_stranger() if has_id else without_id(from_stranger())
    first = track_bytes(company.context, data, company.mailbox(ANN))
    second = track_bytes(company.context, data, company.mailbox(ANN), regarding=account(company))
    assert first.email_id == second.email_id == the_email(company)["activityid"]
    assert the_email(company)["regardingobjectid"] == company.ids["account"]
    assert reasons_of(company) == [Reason.TRACKED_BY_PERSON]
    check_log(company)


@pytest.mark.parametrize("has_id", [True, False])
def test_a_file_of_a_received_email_makes_no_second_one(company: Company, has_id: bool) -> None:
    data = from_carl() if has_id else without_id(from_carl())
    take_in(company, ANN, data)
    email = the_email(company)["activityid"]
    judged = track_bytes(company.context, data, company.mailbox(ANN), regarding=account(company))
    assert (judged.email_id, the_email(company)["activityid"]) == (email, email)
    assert the_email(company)["postroom_regardingby"] == SetBy.PERSON
    check_log(company)


@pytest.mark.parametrize("has_id", [True, False])
def test_what_was_tracked_from_a_file_is_known_when_it_comes_from_the_server(
    company: Company, has_id: bool
) -> None:
    data = from_stranger() if has_id else without_id(from_stranger())
    track_bytes(company.context, data, company.mailbox(ANN))
    take_in(company, ANN, data)
    assert len(company.rows("email")) == 1
    take_in(company, ANN)
    rescan_all(company)
    assert len(company.rows("email")) == 1
    check_log(company)


@pytest.mark.parametrize("has_id", [True, False])
def test_a_message_that_was_not_tracked_can_be_tracked_from_a_file_afterwards(
    company: Company, has_id: bool
) -> None:
    data = from_stranger() if has_id else without_id(from_stranger())
    take_in(company, ANN, data)
    track_bytes(company.context, data, company.mailbox(ANN))
    email = the_email(company)["activityid"]
    set_filter(company, 0)
    rescan_all(company)
    assert the_email(company)["activityid"] == email
    check_log(company)


def test_a_message_that_was_seen_is_fetched_again_and_tracked(company: Company) -> None:
    take_in(company, ANN, from_stranger(), from_stranger("other@stranger.example"))
    before = decisions_of(company)
    email = track_seen(
        company.context, before[0]["postroom_decisionid"], regarding=account(company), by=company.ids["ann"]
    )
    row = the_email(company)
    assert (row["activityid"], row["messageid"]) == (email, "one@stranger.example")
    assert (row["regardingobjectid"], row["postroom_regardingby"]) == (company.ids["account"], SetBy.PERSON)
    assert sorted(reasons_of(company)) == [Reason.NO_CORRELATION_MATCH, Reason.TRACKED_BY_PERSON]
    (wish,) = company.rows("postroom_wish")
    assert (wish["wish"], wish["wishedby"]) == (Wish.TRACK, company.ids["ann"])
    check_log(company)


def test_what_is_tracked_already_is_not_tracked_again(company: Company) -> None:
    take_in(company, ANN, from_carl())
    (decision,) = decisions_of(company)
    before = everything_in(company)
    with pytest.raises(UserError, match=f"as e-mail {decision['emailid']}"):
        track_seen(company.context, decision["postroom_decisionid"])
    with pytest.raises(UserError, match="There is no decision"):
        track_seen(company.context, uuid4())
    assert everything_in(company) == before


def test_a_message_that_is_gone_is_tracked_when_it_comes_up_in_any_mailbox(company: Company) -> None:
    take_in(company, ANN, from_stranger())
    company.server.delete(ANN, [kept.uidl for kept in company.server.list(ANN)])
    (decision,) = decisions_of(company)
    with pytest.raises(UserError, match="no longer on the server"):
        track_seen(company.context, decision["postroom_decisionid"], regarding=account(company))
    assert company.rows("email") == []
    company.update("queue", company.ids["sales"], incomingemailfilteringmethod=4)
    take_in(company, SALES, from_stranger())
    email = the_email(company)
    assert email["regardingobjectid"] == company.ids["account"]
    assert reasons_of(company, SALES) == [Reason.TRACKED_BY_PERSON]
    check_log(company)


def test_a_gone_message_comes_back_to_the_same_mailbox_and_is_tracked(company: Company) -> None:
    take_in(company, ANN, from_stranger())
    company.server.delete(ANN, [kept.uidl for kept in company.server.list(ANN)])
    (decision,) = decisions_of(company)
    with pytest.raises(UserError):
        track_seen(company.context, decision["postroom_decisionid"])
    # Resent by the other side with the same Message-ID, not byte for byte the same.
    take_in(company, ANN, from_stranger(text="Once more"))
    assert the_email(company)["messageid"] == "one@stranger.example"
    check_log(company)


def test_quarantined_mail_is_not_tracked_and_the_error_says_where_it_is(company: Company) -> None:
    take_in(company, ANN, b"no mail at all")
    (decision,) = decisions_of(company)
    before = everything_in(company)
    with pytest.raises(UserError, match="quarantine"):
        track_seen(company.context, decision["postroom_decisionid"])
    assert everything_in(company) == before


def test_a_mailbox_that_may_not_be_processed_says_so(company: Company) -> None:
    take_in(company, ANN, from_stranger())
    company.update("mailbox", company.mailbox(ANN), emailrouteraccessapproval=0)
    (decision,) = decisions_of(company)
    with pytest.raises(Hindered):
        track_seen(company.context, decision["postroom_decisionid"])


def test_a_person_s_wish_goes_before_the_start_date(company: Company) -> None:
    received = [("Received", "from x by y; Mon, 5 Jan 2026 10:00:00 +0000")]
    company.update(
        "mailbox", company.mailbox(ANN), processemailreceivedafter=company.clock.now() - timedelta(days=1)
    )
    take_in(company, ANN, from_stranger(headers=received))
    (decision,) = decisions_of(company)
    assert decision["reason"] == Reason.TOO_OLD
    track_seen(company.context, decision["postroom_decisionid"])
    assert len(company.rows("email")) == 1


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
    assert rescan_all(company) == 0
    assert rescan_all(company, SALES) == 0
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
    assert rescan_all(company) == 0
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
    assert rescan_all(company) == 1
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


def test_a_wish_forgets_a_record_that_is_deleted(company: Company) -> None:
    take_in(company, ANN, from_stranger())
    company.server.delete(ANN, [kept.uidl for kept in company.server.list(ANN)])
    other = company.create("account", name="Fabrikam")
    (decision,) = decisions_of(company)
    with pytest.raises(UserError):
        track_seen(company.context, decision["postroom_decisionid"], regarding=Regarding("account", other))
    with company.context.database.write() as connection:
        company.records.delete(connection, "account", other)
    take_in(company, SALES, from_stranger())
    email = the_email(company)
    assert (email["regardingobjectid"], email["postroom_trackedby"]) == (None, SetBy.PERSON)


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
    assert rescan_all(company) == 0
    assert sorted(reasons_of(company)) == [Reason.SENDER_MATCH] * 2 + [Reason.UNTRACKED_BY_PERSON]
    company.server.renumber(ANN)
    assert receive(company.context, company.mailbox(ANN)).failure is None
    assert len(company.rows("email")) == 2
    check_log(company)


def received(company: Company) -> UUID:
    take_in(company, ANN, from_carl())
    key: UUID = the_email(company)["activityid"]
    return key


def test_what_a_person_says_an_email_regards_is_marked_as_such(company: Company) -> None:
    email = received(company)
    regard(company.context, email, account(company))
    row = the_email(company)
    assert (row["regardingobjectid"], row["postroom_regardingby"]) == (company.ids["account"], SetBy.PERSON)
    regard(company.context, email, None)
    row = the_email(company)
    assert (row["regardingobjectid"], row["regardingobjecttypecode"]) == (None, None)
    assert row["postroom_regardingby"] == SetBy.PERSON
    assert company.rows("activityparty", activityid=email, participationtypemask=8) == []


def test_a_person_s_word_is_marked_also_where_it_changes_nothing(company: Company) -> None:
    email = received(company)
    regard(company.context, email, None)
    assert the_email(company)["postroom_regardingby"] == SetBy.PERSON
    take_in(company, ANN, from_carl("parent@contoso.example"))
    parent = the_email(company, messageid="parent@contoso.example")["activityid"]
    regard(company.context, parent, account(company))
    take_in(company, ANN, from_carl("child@contoso.example", in_reply_to="parent@contoso.example"))
    child = the_email(company, messageid="child@contoso.example")
    assert child["postroom_regardingby"] == SetBy.RULE
    regard(company.context, child["activityid"], account(company))
    child = the_email(company, messageid="child@contoso.example")
    assert (child["regardingobjectid"], child["postroom_regardingby"]) == (
        company.ids["account"],
        SetBy.PERSON,
    )


def test_a_regarding_set_through_the_records_is_a_person_s_too(company: Company) -> None:
    email = received(company)
    company.update(
        "email", email, regardingobjectid=company.ids["account"], regardingobjecttypecode="account"
    )
    assert the_email(company)["postroom_regardingby"] == SetBy.PERSON


def test_answers_inherit_what_a_person_said_and_leave_it_alone(company: Company) -> None:
    email = received(company)
    regard(company.context, email, account(company))
    take_in(company, ANN, from_stranger("answer@stranger.example", in_reply_to="one@contoso.example"))
    child = the_email(company, messageid="answer@stranger.example")
    assert (child["regardingobjectid"], child["postroom_regardingby"]) == (
        company.ids["account"],
        SetBy.RULE,
    )
    assert the_email(company, activityid=email)["postroom_regardingby"] == SetBy.PERSON


def test_a_record_that_is_not_there_can_t_be_regarded(company: Company) -> None:
    email = received(company)
    with pytest.raises(UserError, match="no account"):
        regard(company.context, email, Regarding("account", uuid4()))
    with pytest.raises(UserError, match="There is no e-mail"):
        regard(company.context, uuid4(), account(company))
    assert the_email(company)["regardingobjectid"] is None
