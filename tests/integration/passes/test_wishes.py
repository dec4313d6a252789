"""Messages that persons want tracked: from files, fetched once more, or when they come up again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    SALES,
    STRANGER,
    check_log,
    decisions_of,
    everything_in,
    from_carl,
    from_stranger,
    look_again,
    reasons_of,
    set_filter,
    take_in,
    the_email,
    without_id,
)
from tests.support.mail import a_message

from postroom.errors import MalformedMessage, UserError
from postroom.passes.credentials import Hindered
from postroom.passes.wish import Regarding, track_bytes, track_seen, untrack
from postroom.schema.choices import Reason, SetBy, Wish


def account(company: Company) -> Regarding:
    return Regarding("account", company.ids["account"])


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
    look_again(company)
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
    look_again(company)
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


def test_a_message_that_the_server_renumbered_is_fetched_by_its_new_id(company: Company) -> None:
    take_in(company, ANN, from_stranger())
    company.server.renumber(ANN)
    take_in(company, ANN)
    (decision,) = decisions_of(company)
    email = track_seen(company.context, decision["postroom_decisionid"])
    assert the_email(company)["activityid"] == email
    check_log(company)


def test_what_another_mailbox_brought_is_tracked_already(company: Company) -> None:
    take_in(company, ANN, from_stranger())
    take_in(company, SALES, from_stranger())
    (decision,) = decisions_of(company, ANN)
    with pytest.raises(UserError, match=f"as e-mail {the_email(company)['activityid']}"):
        track_seen(company.context, decision["postroom_decisionid"])
    assert company.rows("postroom_wish") == []


def test_what_is_left_of_equal_mails_without_ids_is_tracked_after_all(company: Company) -> None:
    data = without_id(from_stranger())
    take_in(company, ANN, data, data)
    *_, gone, left = company.server.list(ANN)
    company.server.delete(ANN, [gone.uidl])
    (decision,) = decisions_of(company, ANN, serverid=left.uidl)
    made = track_seen(company.context, decision["postroom_decisionid"])
    assert the_email(company)["activityid"] == made
    assert sorted(reasons_of(company)) == [Reason.NO_CORRELATION_MATCH, Reason.TRACKED_BY_PERSON]
    check_log(company)


def test_one_of_equal_mails_without_ids_is_tracked_after_all(company: Company) -> None:
    data = without_id(from_carl())
    take_in(company, ANN, data, data)
    first, second = sorted(row["activityid"] for row in company.rows("email"))
    untrack(company.context, second)
    (decision,) = decisions_of(company, ANN, tracked=False)
    made = track_seen(company.context, decision["postroom_decisionid"])
    assert {row["activityid"] for row in company.rows("email")} == {first, made}
    check_log(company)
