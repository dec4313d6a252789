"""What persons say of messages that came in items of the forward mailbox."""

import pytest
from tests.support.company import Company
from tests.support.ledgers import (
    CARL,
    STRANGER,
    check_log,
    decisions_of,
    look_again,
    reasons_of,
    set_filter,
    take_in,
    the_email,
    without_id,
)
from tests.support.mail import a_message

from postroom.errors import UserError
from postroom.passes.wish import track_seen, untrack
from postroom.schema.choices import Reason

BOB, FORWARD = "bob@corp.example", "forward@corp.example"


@pytest.fixture
def office(company: Company) -> Company:
    """The company with a forward mailbox, and a user whose mail arrives through it."""
    company.ids["bob"] = company.add_user(
        BOB, "Bob Boss", incomingemaildeliverymethod=3, outgoingemaildeliverymethod=0
    )
    company.ids["forward"] = company.add_forward_mailbox(FORWARD)
    company.enable(FORWARD)
    return company


def an_inner(number: int, sender: str = STRANGER) -> bytes:
    return a_message(sender=sender, to=(BOB,), subject=f"Order {number}", message_id=f"{number}@in")


def an_item(*inner: bytes) -> bytes:
    attached = [(f"{number}.eml", data, "message/rfc822") for number, data in enumerate(inner)]
    return a_message(sender=BOB, to=(FORWARD,), subject="FW: see attached", attachments=attached)


def test_a_forwarded_message_is_fetched_from_the_forward_mailbox(office: Company) -> None:
    take_in(office, FORWARD, an_item(an_inner(1)))
    (decision,) = decisions_of(office)
    assert decision["mailboxid"] == office.mailbox(BOB)
    email = track_seen(office.context, decision["postroom_decisionid"])
    assert the_email(office)["activityid"] == email
    assert the_email(office)["receivingmailboxid"] == office.mailbox(BOB)
    check_log(office)


def test_a_forwarded_message_without_an_id_is_fetched_from_the_forward_mailbox(office: Company) -> None:
    take_in(office, FORWARD, an_item(without_id(an_inner(1)), without_id(an_inner(2))))
    decision = decisions_of(office)[1]
    email = track_seen(office.context, decision["postroom_decisionid"])
    assert (the_email(office)["subject"], the_email(office)["activityid"]) == ("Order 2", email)
    assert reasons_of(office) == [Reason.NO_CORRELATION_MATCH, Reason.TRACKED_BY_PERSON]
    check_log(office)


def test_the_wish_for_a_forwarded_message_without_an_id_is_followed_when_it_comes_up_again(
    office: Company,
) -> None:
    item = an_item(without_id(an_inner(1)))
    take_in(office, FORWARD, item)
    (decision,) = decisions_of(office)
    (kept,) = [kept for kept in office.server.list(FORWARD) if b"Order 1" in kept.read()]
    office.server.delete(FORWARD, [kept.uidl])
    with pytest.raises(UserError, match="no longer on the server"):
        track_seen(office.context, decision["postroom_decisionid"])
    take_in(office, FORWARD, an_item(without_id(an_inner(1)), an_inner(2)))
    assert the_email(office)["subject"] == "Order 1"
    assert reasons_of(office, tracked=True) == [Reason.TRACKED_BY_PERSON]
    check_log(office)


def test_of_equal_items_without_ids_each_is_tracked(office: Company) -> None:
    item = an_item(without_id(an_inner(1)))
    take_in(office, FORWARD, item, item)
    made = {track_seen(office.context, one["postroom_decisionid"]) for one in decisions_of(office)}
    assert {row["activityid"] for row in office.rows("email")} == made
    assert len(made) == 2
    check_log(office)


def test_of_an_item_with_several_messages_the_one_that_was_meant_is_tracked(office: Company) -> None:
    take_in(office, FORWARD, an_item(an_inner(1), an_inner(2), an_inner(3)))
    decision = decisions_of(office)[1]
    email = track_seen(office.context, decision["postroom_decisionid"])
    assert (the_email(office)["messageid"], the_email(office)["activityid"]) == ("2@in", email)
    assert reasons_of(office) == [
        Reason.NO_CORRELATION_MATCH,
        Reason.TRACKED_BY_PERSON,
        Reason.NO_CORRELATION_MATCH,
    ]
    check_log(office)


def test_the_email_returned_is_the_one_meant_where_others_of_the_item_are_tracked_too(
    office: Company,
) -> None:
    take_in(office, FORWARD, an_item(an_inner(1), an_inner(2)))
    office.create("contact", lastname="Sam", emailaddress1=STRANGER)
    decision = decisions_of(office)[1]
    email = track_seen(office.context, decision["postroom_decisionid"])
    assert the_email(office, messageid="2@in")["activityid"] == email
    assert len(office.rows("email")) == 2
    check_log(office)


def test_an_item_of_which_one_message_is_tracked_is_not_fetched_again_and_the_wish_is_kept(
    office: Company,
) -> None:
    take_in(office, FORWARD, an_item(an_inner(1, CARL), an_inner(2)))
    before = reasons_of(office)
    decision = decisions_of(office)[1]
    with pytest.raises(UserError, match=r"postroom track FILE\.eml"):
        track_seen(office.context, decision["postroom_decisionid"])
    assert reasons_of(office) == before == [Reason.SENDER_MATCH, Reason.NO_CORRELATION_MATCH]
    take_in(office, FORWARD, an_item(an_inner(2)))
    assert len(office.rows("email")) == 2
    check_log(office)


def test_untracking_one_message_of_an_item_leaves_the_others_alone(office: Company) -> None:
    take_in(office, FORWARD, an_item(an_inner(1, CARL), an_inner(2, CARL)))
    kept = the_email(office, messageid="2@in")["activityid"]
    untrack(office.context, the_email(office, messageid="1@in")["activityid"])
    assert look_again(office, FORWARD) == 0
    assert the_email(office)["activityid"] == kept
    assert reasons_of(office) == [Reason.UNTRACKED_BY_PERSON, Reason.SENDER_MATCH]
    check_log(office)


def test_an_item_is_looked_at_again_as_a_whole_and_its_messages_are_tracked(office: Company) -> None:
    take_in(office, FORWARD, an_item(an_inner(1), an_inner(2), an_inner(1)))
    set_filter(office, 0, "bob")
    assert look_again(office, FORWARD) == 2
    assert reasons_of(office) == [Reason.ACCEPT_ALL, Reason.ACCEPT_ALL, Reason.DUPLICATE]
    assert look_again(office, FORWARD) == 0
    check_log(office)
