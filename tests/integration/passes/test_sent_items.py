"""What is found among the items that a mailbox has sent, where the organization wants them tracked."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.blobs import PickyBlobs
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    CARL,
    SALES,
    STRANGER,
    check_log,
    decisions_of,
    everything_in,
    look_again,
    reasons_of,
    set_filter,
    source_of,
    take_in,
    the_email,
)
from tests.support.mail import a_message

from postroom.passes import quarantine
from postroom.passes.issue import send_email
from postroom.passes.receive import receive
from postroom.passes.rescan import Mode, rescan
from postroom.passes.send import send
from postroom.passes.wish import track_seen, untrack
from postroom.schema.choices import EmailStatus, Participation, Reason
from postroom.servers.memory import MemoryMailbox

BOB = "bob@corp.example"
XML = "<OrgSettings><AutoTrackSentFolderItems>true</AutoTrackSentFolderItems>{more}</OrgSettings>"


def from_ann(message_id: str = "out@corp.example", to: str = CARL, **more: object) -> bytes:
    given = {"sender": ANN, "to": (to,), "message_id": message_id, **more}
    return a_message(**given)  # type: ignore[arg-type]


def organize(company: Company, **values: object) -> None:
    company.update("organization", company.rows("organization")[0]["organizationid"], **values)


@pytest.fixture
def mailbox() -> MemoryMailbox:
    """Ann's mailbox on a server that shows what she has sent."""
    return MemoryMailbox()


@pytest.fixture
def watched(company: Company) -> Company:
    """The company that has sent items tracked."""
    organize(company, orgdborgsettings=XML.format(more=""))
    return company


def test_nothing_is_taken_as_long_as_the_organization_does_not_want_it(
    company: Company, mailbox: MemoryMailbox
) -> None:
    mailbox.send(from_ann())
    mailbox.deliver(a_message(sender=CARL, to=(ANN,), message_id="in@contoso.example"))
    take_in(company, ANN, opener=source_of(mailbox))
    assert the_email(company)["messageid"] == "in@contoso.example"
    assert len(decisions_of(company)) == 1
    organize(company, orgdborgsettings=XML.format(more=""))
    take_in(company, ANN, opener=source_of(mailbox))
    assert reasons_of(company) == [Reason.SENDER_MATCH, Reason.RECIPIENT_MATCH]
    organize(company, orgdborgsettings=None)
    before = everything_in(company)
    take_in(company, ANN, opener=source_of(mailbox))
    assert everything_in(company) == before


def test_a_sent_item_is_a_sent_email_of_the_user(watched: Company, mailbox: MemoryMailbox) -> None:
    mailbox.send(from_ann(cc=(STRANGER,)))
    take_in(watched, ANN, opener=source_of(mailbox))
    email = the_email(watched)
    assert (email["directioncode"], email["statuscode"]) == (True, EmailStatus.SENT)
    assert (email["sendermailboxid"], email["receivingmailboxid"]) == (watched.mailbox(ANN), None)
    assert (email["ownerid"], email["emailsender"]) == (watched.ids["ann"], watched.ids["ann"])
    parties = {
        (row["participationtypemask"], row["partyid"])
        for row in watched.rows("activityparty", activityid=email["activityid"])
    }
    assert parties == {
        (Participation.SENDER, watched.ids["ann"]),
        (Participation.TO, watched.ids["carl"]),
        (Participation.CC, None),
        (Participation.OWNER, watched.ids["ann"]),
    }
    (decision,) = decisions_of(watched)
    assert (decision["directioncode"], decision["reason"]) == (True, Reason.RECIPIENT_MATCH)
    (ledger,) = watched.rows("postroom_ledger", emailid=email["activityid"])
    assert ledger["folder"] == "sent"
    check_log(watched)


def test_what_went_to_strangers_is_left_alone_until_it_is_looked_at_again(
    watched: Company, mailbox: MemoryMailbox
) -> None:
    mailbox.send(from_ann(to=STRANGER))
    take_in(watched, ANN, opener=source_of(mailbox))
    assert reasons_of(watched) == [Reason.NO_CORRELATION_MATCH]
    watched.create("contact", lastname="Sam", emailaddress1=STRANGER)
    long_ago = watched.clock.now() - timedelta(days=3650)
    opener = source_of(mailbox)
    assert rescan(watched.context, watched.mailbox(ANN), long_ago, Mode.APPLY, opener=opener).tracked == 1
    assert the_email(watched)["directioncode"] is True
    check_log(watched)


def test_a_person_tracks_a_sent_item_and_untracks_it(watched: Company, mailbox: MemoryMailbox) -> None:
    mailbox.send(from_ann(to=STRANGER))
    opener = source_of(mailbox)
    take_in(watched, ANN, opener=opener)
    (decision,) = decisions_of(watched)
    email = track_seen(watched.context, decision["postroom_decisionid"], opener=opener)
    assert (the_email(watched)["activityid"], the_email(watched)["directioncode"]) == (email, True)
    untrack(watched.context, email)
    set_filter(watched, 0)
    take_in(watched, ANN, opener=opener)
    assert watched.rows("email") == []
    assert reasons_of(watched) == [Reason.UNTRACKED_BY_PERSON]


def test_the_copy_of_what_postroom_sent_is_a_duplicate(watched: Company, mailbox: MemoryMailbox) -> None:
    email = watched.email(watched.ids["ann"], "systemuser", watched.ids["carl"])
    send_email(watched.context, email)
    assert send(watched.context, watched.mailbox(ANN)).failure is None
    left = [message.data for message in watched.outside if b"Subject: Offer" in message.data]
    mailbox.send(left[0])
    take_in(watched, ANN, opener=source_of(mailbox))
    assert the_email(watched)["activityid"] == email
    (decision,) = decisions_of(watched)
    assert (decision["reason"], decision["emailid"]) == (Reason.DUPLICATE, email)
    # A person who removes it means the copy as well.
    untrack(watched.context, email)
    assert look_again(watched) == 0
    assert reasons_of(watched) == [Reason.UNTRACKED_BY_PERSON]
    check_log(watched)


@pytest.fixture
def internal(watched: Company) -> Company:
    """The company with Bob, who wants all mail."""
    watched.ids["bob"] = watched.add_user(BOB, "Bob Boss", filtering=0)
    watched.enable(BOB)
    set_filter(watched, 0)
    return watched


def test_internal_mail_is_a_sent_and_a_received_email(internal: Company, mailbox: MemoryMailbox) -> None:
    data = from_ann(to=BOB)
    mailbox.send(data)
    take_in(internal, ANN, opener=source_of(mailbox))
    take_in(internal, BOB, data)
    rows = {row["directioncode"]: row for row in internal.rows("email")}
    assert len(internal.rows("email")) == len(rows) == 2
    assert (rows[True]["ownerid"], rows[False]["ownerid"]) == (internal.ids["ann"], internal.ids["bob"])
    assert {row["messageid"] for row in rows.values()} == {"out@corp.example"}
    check_log(internal)


def test_internal_mail_is_one_email_where_the_organization_wants_it_so(
    internal: Company, mailbox: MemoryMailbox
) -> None:
    organize(internal, ignoreinternalemail=True)
    data = from_ann(to=BOB)
    mailbox.send(data)
    take_in(internal, ANN, opener=source_of(mailbox))
    take_in(internal, BOB, data)
    assert the_email(internal)["directioncode"] is True
    assert reasons_of(internal, BOB) == [Reason.INTERNAL_EMAIL_REJECT]
    check_log(internal)


def test_without_a_sent_copy_internal_mail_is_received(internal: Company) -> None:
    organize(internal, ignoreinternalemail=True)
    take_in(internal, BOB, from_ann(to=BOB))
    assert the_email(internal)["directioncode"] is False


def test_a_message_to_oneself_is_both(internal: Company, mailbox: MemoryMailbox) -> None:
    data = from_ann(to=ANN)
    mailbox.send(data)
    mailbox.deliver(data)
    take_in(internal, ANN, opener=source_of(mailbox))
    assert sorted(row["directioncode"] for row in internal.rows("email")) == [False, True]
    take_in(internal, ANN, opener=source_of(mailbox))
    assert len(internal.rows("email")) == 2
    check_log(internal)


@pytest.mark.parametrize("message_id", ["same@corp.example", ""])
def test_a_server_that_renumbers_adds_nothing(
    internal: Company, mailbox: MemoryMailbox, message_id: str
) -> None:
    data = from_ann(message_id, to=ANN)
    mailbox.send(data)
    mailbox.deliver(data)
    take_in(internal, ANN, opener=source_of(mailbox))
    before = sorted((row["activityid"], row["directioncode"]) for row in internal.rows("email"))
    assert [direction for _, direction in sorted(before, key=lambda one: one[1])] == [False, True]
    mailbox.renumber()
    take_in(internal, ANN, opener=source_of(mailbox))
    assert sorted((row["activityid"], row["directioncode"]) for row in internal.rows("email")) == before
    check_log(internal)


def test_an_answer_to_a_sent_item_finds_it(watched: Company, mailbox: MemoryMailbox) -> None:
    mailbox.send(from_ann())
    mailbox.deliver(
        a_message(
            sender=STRANGER, to=(ANN,), message_id="answer@x", in_reply_to="out@corp.example", subject="Re"
        )
    )
    take_in(watched, ANN, opener=source_of(mailbox))
    sent = the_email(watched, directioncode=True)
    assert the_email(watched, directioncode=False)["parentactivityid"] == sent["activityid"]


def test_sent_items_are_never_removed_from_the_server(watched: Company, mailbox: MemoryMailbox) -> None:
    watched.update("mailbox", watched.mailbox(SALES), processanddeleteemails=True)
    kept = mailbox.send(from_ann("sent@corp.example", sender=SALES))
    mailbox.deliver(a_message(sender=CARL, to=(SALES,), message_id="in@contoso.example"))
    for _ in range(2):
        assert receive(watched.context, watched.mailbox(SALES), opener=source_of(mailbox)).failure is None
    assert list(mailbox.messages) == [kept]
    assert len(watched.rows("email")) == 2
    # No queue gets an item of what it has sent itself.
    assert {row["objectid"] for row in watched.rows("queueitem")} == {
        the_email(watched, directioncode=False)["activityid"]
    }


def test_a_sent_item_that_was_put_aside_is_a_sent_email_when_it_is_tried_again(
    watched: Company, mailbox: MemoryMailbox
) -> None:
    bad = b"poison " * 100_000
    picky = PickyBlobs(bad)
    watched.context = replace(watched.context, blobs=picky)
    mailbox.send(from_ann(attachments=[("p.bin", bad)]))
    take_in(watched, ANN, opener=source_of(mailbox))
    assert reasons_of(watched) == [Reason.STORE_REFUSED]
    (entry,) = watched.rows("postroom_quarantine")
    picky.bad = b""
    judged = quarantine.retry(watched.context, entry["postroom_quarantineid"])
    assert judged
    email = the_email(watched)
    assert (email["activityid"], email["directioncode"]) == (judged.email_id, True)
    assert reasons_of(watched, directioncode=True) == [Reason.RECIPIENT_MATCH]
    (ledger,) = watched.rows("postroom_ledger", emailid=email["activityid"])
    assert ledger["folder"] == "sent"
    check_log(watched)


def test_sent_items_from_before_the_start_date_are_left_alone(
    watched: Company, mailbox: MemoryMailbox
) -> None:
    watched.update(
        "mailbox", watched.mailbox(ANN), processemailreceivedafter=watched.clock.now() - timedelta(days=1)
    )
    arrived = [("Received", "from x by y; 5 Feb 2026 10:00:00 +0000")]
    mailbox.send(from_ann(headers=arrived))
    take_in(watched, ANN, opener=source_of(mailbox))
    assert reasons_of(watched) == [Reason.TOO_OLD]
