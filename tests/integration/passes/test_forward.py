"""The forward mailbox: whose mail an item is, what becomes of it, what is put aside, what is removed."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import Company, on_sqlite
from tests.support.mail import a_message

from postroom.engine.work import Settled
from postroom.errors import UserError
from postroom.passes import quarantine
from postroom.passes.explain import judge_bytes
from postroom.passes.receive import receive
from postroom.schema.choices import QuarantineCause, QuarantineState, Reason
from postroom.store import alerts

BOB, SUPPORT, FORWARD = "bob@corp.example", "support@corp.example", "forward@corp.example"
CARL = "carl@contoso.example"


@pytest.fixture
def office(company: Company) -> Company:
    """The company with a forward mailbox, and a user and a queue whose mail arrives through it."""
    company.ids["bob"] = company.add_user(
        BOB, "Bob Boss", incomingemaildeliverymethod=3, outgoingemaildeliverymethod=0
    )
    company.ids["support"] = company.add_queue(
        SUPPORT, "Support", incomingemaildeliverymethod=3, outgoingemaildeliverymethod=0
    )
    company.ids["forward"] = company.add_forward_mailbox(FORWARD)
    company.enable(FORWARD)
    return company


def an_inner(number: int = 1, *, sender: str = CARL, to: str = BOB, **more: Any) -> bytes:
    """Return a message as a user found it in his own mailbox."""
    return a_message(sender=sender, to=(to,), subject=f"Order {number}", message_id=f"{number}@in", **more)


def an_item(*inner: bytes, sender: str = BOB, kind: str = "message/rfc822", **more: Any) -> bytes:
    """Return what a rule makes of it: a message from the user with the other attached."""
    attached = [(f"mail{number}.eml", data, kind) for number, data in enumerate(inner)]
    return a_message(sender=sender, to=(FORWARD,), subject="FW: see attached", attachments=attached, **more)


def deliver(company: Company, *items: bytes) -> None:
    for item in items:
        company.server.deliver(FORWARD, item)
    assert receive(company.context, company.ids["forward"]).failure is None


def decisions(company: Company) -> list[dict[str, Any]]:
    rows = company.rows("postroom_decision")
    return sorted(rows, key=lambda row: row["postroom_decisionid"])


def reasons(company: Company) -> list[Reason]:
    return [Reason(row["reason"]) for row in decisions(company)]


def waiting(company: Company) -> list[Any]:
    with company.context.database.read() as connection:
        return quarantine.waiting(connection)


def the_email(company: Company, **where: Any) -> dict[str, Any]:
    (row,) = company.rows("email", **where)
    return row


@pytest.mark.parametrize("kind", ["message/rfc822", "application/octet-stream"])
def test_the_attached_message_is_tracked_as_if_found_in_its_users_mailbox(office: Company, kind: str) -> None:
    deliver(office, an_item(an_inner(headers=[("Thread-Index", "AQHa")]), kind=kind))
    email = the_email(office)
    bobs = office.mailbox(BOB)
    assert (email["subject"], email["messageid"], email["sender"]) == ("Order 1", "1@in", CARL)
    assert (email["receivingmailboxid"], email["acceptingentityid"]) == (bobs, office.ids["bob"])
    assert email["ownerid"] == office.ids["bob"]
    assert email["emailsender"] == office.ids["carl"]
    (decision,) = decisions(office)
    assert (decision["mailboxid"], decision["reason"]) == (bobs, Reason.SENDER_MATCH)
    (ledger,) = office.rows("postroom_ledger", mailboxid=office.ids["forward"])
    assert ledger["emailid"] == email["activityid"]


def test_mail_of_a_queue_arrives_the_same_way(office: Company) -> None:
    deliver(office, an_item(an_inner(sender="stranger@x.example", to=SUPPORT), sender=SUPPORT))
    email = the_email(office)
    assert email["acceptingentityid"] == office.ids["support"]
    (item,) = office.rows("queueitem")
    assert (item["queueid"], item["objectid"]) == (office.ids["support"], email["activityid"])


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        ("eva@xn--mller-kva.example", "eva@xn--mller-kva.example"),
        ("Eva@XN--MLLER-KVA.example", "eva@xn--mller-kva.example"),
        ("eva@müller.example", "EVA@xn--mller-kva.example"),
        ("Eva@MÜLLER.example", "eva@xn--mller-kva.example"),
    ],
)
def test_a_sender_is_known_however_his_address_is_written(office: Company, address: str, sender: str) -> None:
    office.ids["eva"] = office.create(
        "systemuser",
        firstname="Eva",
        lastname="Editor",
        domainname="eva",
        internalemailaddress=address,
        personalemailaddress="eva@home.example",
        incomingemaildeliverymethod=3,
        outgoingemaildeliverymethod=0,
    )
    (mailbox,) = office.rows("mailbox", regardingobjectid=office.ids["eva"])
    office.update("mailbox", mailbox["mailboxid"], emailrouteraccessapproval=1)
    deliver(office, an_item(an_inner(to="eva@corp.example"), sender=sender))
    assert decisions(office)[0]["mailboxid"] == mailbox["mailboxid"]
    deliver(office, an_item(an_inner(2), sender="eva@home.example"))
    assert reasons(office)[-1] == Reason.INVALID_FORWARD_MAIL_ITEM


def test_several_attached_messages_are_several_emails(office: Company) -> None:
    deliver(office, an_item(an_inner(1), an_inner(2), an_inner(1), an_inner(3, sender="x@stranger.example")))
    assert sorted(row["subject"] for row in office.rows("email")) == ["Order 1", "Order 2"]
    assert reasons(office) == [
        Reason.SENDER_MATCH,
        Reason.SENDER_MATCH,
        Reason.DUPLICATE,
        Reason.NO_CORRELATION_MATCH,
    ]
    assert len(office.rows("postroom_ledger", mailboxid=office.ids["forward"])) == 1


def test_what_two_people_forward_is_one_email(office: Company) -> None:
    same = a_message(sender=CARL, to=(BOB, SUPPORT), message_id="both@in")
    deliver(office, an_item(same), an_item(same, sender=SUPPORT))
    assert len(office.rows("email")) == 1
    assert reasons(office) == [Reason.SENDER_MATCH, Reason.DUPLICATE]


def test_what_was_received_directly_is_not_tracked_again(office: Company) -> None:
    same = a_message(sender=CARL, to=(BOB, "ann@corp.example"), message_id="both@in")
    office.server.deliver("ann@corp.example", same)
    receive(office.context, office.mailbox("ann@corp.example"))
    deliver(office, an_item(same))
    assert len(office.rows("email")) == 1


def test_reading_again_and_after_the_server_renumbered_adds_nothing(office: Company) -> None:
    deliver(office, an_item(an_inner(1), an_inner(2)), an_item(sender=BOB), an_item(an_inner(3)))
    tables = ("email", "postroom_decision", "postroom_ledger", "postroom_quarantine")
    before = [len(office.rows(table)) for table in tables]
    deliver(office)
    office.server.renumber(FORWARD)
    deliver(office)
    assert [len(office.rows(table)) for table in tables] == before


def test_the_filter_of_the_user_who_forwarded_it_decides(office: Company) -> None:
    office.update("usersettings", office.ids["bob"], incomingemailfilteringmethod=0)
    deliver(office, an_item(an_inner(sender="x@stranger.example", to="list@else.example")))
    (decision,) = decisions(office)
    assert (decision["reason"], decision["acceptingentityid"]) == (Reason.ACCEPT_ALL, office.ids["bob"])


def test_the_start_date_of_the_user_who_forwarded_it_decides(office: Company) -> None:
    now = office.clock.now()
    office.update("mailbox", office.mailbox(BOB), processemailreceivedafter=now)
    traces = [
        [("Received", f"from a by b; {format_datetime(now + timedelta(minutes=minutes))}")]
        for minutes in (-5, 5)
    ]
    deliver(office, *(an_item(an_inner(n, headers=trace)) for n, trace in enumerate(traces)))
    assert reasons(office) == [Reason.TOO_OLD, Reason.SENDER_MATCH]
    assert the_email(office)["subject"] == "Order 1"


A_PDF = ("a.pdf", b"%PDF", "application/pdf")
INVALID = [
    (an_item(an_inner(), sender="stranger@x.example"), "its sender is no user or queue"),
    (an_item(an_inner(), sender="ann@corp.example"), "its sender is no user or queue"),
    (an_item(an_inner(), sender=None), "its sender is no user or queue"),
    (an_item(), "it holds no attached message"),
    (a_message(sender=BOB, to=(FORWARD,), attachments=[A_PDF]), "holds no attached message"),
    (a_message(sender=BOB, to=(FORWARD,), attachments=[("a.msg", b"\xd0\xcf")]), "Outlook's own format"),
    (an_item(b"\r\n\r\nno header at all", kind="application/octet-stream"), "can't be read"),
]


@pytest.mark.parametrize(("item", "trouble"), INVALID, ids=[trouble for _, trouble in INVALID])
@on_sqlite
def test_an_item_that_belongs_to_nobody_is_put_aside_and_holds_up_no_other(
    office: Company, item: bytes, trouble: str
) -> None:
    deliver(office, an_item(an_inner(1)), item, an_item(an_inner(2)))
    assert len(office.rows("email")) == 2
    (entry,) = waiting(office)
    assert (entry["mailboxid"], entry["cause"]) == (office.ids["forward"], QuarantineCause.FORWARD_ITEM)
    assert trouble in entry["reason"]
    assert quarantine.raw_bytes(office.context, entry["postroom_quarantineid"]) == item
    assert reasons(office).count(Reason.INVALID_FORWARD_MAIL_ITEM) == 1
    (alert,) = office.rows("tracelog", regardingobjectid=office.ids["forward"], level=2)
    assert alert["tracecode"] == alerts.INVALID_FORWARD_ITEM.code
    assert alert["text"].startswith("InvalidForwardMailItem")


def test_the_forwarder_may_stand_in_sender_or_resent_from(office: Company) -> None:
    for number, name in enumerate(("Sender", "Resent-From")):
        deliver(office, an_item(an_inner(number), sender=CARL, headers=[(name, f"Bob <{BOB}>")]))
    assert len(office.rows("email")) == 2


def test_mail_of_one_who_is_not_approved_or_inactive_waits_until_that_is_mended(office: Company) -> None:
    bobs = office.mailbox(BOB)
    office.update("mailbox", bobs, emailrouteraccessapproval=2)
    deliver(office, an_item(an_inner(1)))
    office.update("mailbox", bobs, emailrouteraccessapproval=1, statecode=1)
    deliver(office, an_item(an_inner(2)))
    first, second = waiting(office)
    assert "not approved" in first["reason"]
    assert "its sender is no user or queue" in second["reason"]
    with pytest.raises(UserError, match="It failed again: its sender"):
        quarantine.retry(office.context, second["postroom_quarantineid"])
    office.update("mailbox", bobs, statecode=0)
    for entry in (first, second):
        judged = quarantine.retry(office.context, entry["postroom_quarantineid"])
        assert judged
        assert judged.email_id
    assert [row["state"] for row in office.rows("postroom_quarantine")] == [QuarantineState.SETTLED] * 2
    assert reasons(office) == [Reason.SENDER_MATCH] * 2, "each message has one decision"
    with pytest.raises(UserError, match="nothing is left to be done"):
        quarantine.retry(office.context, first["postroom_quarantineid"])


def deleting(company: Company) -> UUID:
    key = company.ids["forward"]
    company.update("mailbox", key, processanddeleteemails=True)
    return key


def test_items_are_removed_after_processing_only_when_that_is_wished_and_they_were_handled(
    office: Company,
) -> None:
    items = [
        an_item(an_inner(1)),
        an_item(an_inner(2), sender="stranger@x.example"),
        an_item(an_inner(3, sender="x@stranger.example")),
        an_item(an_inner(1)),
    ]
    deliver(office, *items)
    assert len(office.server.list(FORWARD)) == 4
    deleting(office)
    deliver(office)
    # What nobody wanted and what could not be handled stay; what is tracked, here or elsewhere, goes.
    assert [kept.read() for kept in office.server.list(FORWARD)] == items[1:3]
    ledger = office.rows("postroom_ledger", mailboxid=office.ids["forward"])
    assert sorted(row["discardedon"] is not None for row in ledger) == [False, False, True, True]
    before = len(decisions(office))
    deliver(office)
    assert len(decisions(office)) == before


def test_an_item_of_which_one_message_failed_stays_on_the_server_and_in_quarantine(office: Company) -> None:
    deleting(office)
    item = an_item(an_inner(1), b"no header", an_inner(2), kind="application/octet-stream")
    deliver(office, item, an_item(an_inner(3)))
    assert sorted(row["subject"] for row in office.rows("email")) == ["Order 1", "Order 2", "Order 3"]
    assert [kept.read() for kept in office.server.list(FORWARD)] == [item]
    (entry,) = waiting(office)
    assert quarantine.raw_bytes(office.context, entry["postroom_quarantineid"]) == item


def test_an_item_is_tried_again_after_its_server_forgot_to_remove_it(office: Company) -> None:
    deleting(office)
    item = an_item(an_inner(1))
    office.server.deliver(FORWARD, item)
    receive(office.context, office.ids["forward"])
    assert office.server.list(FORWARD) == []
    # Some servers bring back what they were told to remove; so does one whose disk was restored.
    office.server.deliver(FORWARD, item)
    deliver(office)
    assert office.server.list(FORWARD) == []
    assert len(office.rows("email")) == 1


def test_attachments_of_the_attached_message_are_kept(office: Company) -> None:
    inner = an_inner(attachments=[("offer.pdf", b"%PDF-1.4", "application/pdf")])
    deliver(office, an_item(inner))
    (row,) = office.rows("activitymimeattachment")
    assert (row["filename"], row["filesize"]) == ("offer.pdf", 8)


@on_sqlite
def test_the_served_mailbox_is_not_opened_itself(
    office: Company, run_passes: Callable[[], Sequence[Settled]]
) -> None:
    office.server.deliver(BOB, an_inner(1))
    office.server.deliver(FORWARD, an_item(an_inner(2)))
    passes = {settled.ticket.mailbox_id for settled in run_passes()}
    assert office.ids["forward"] in passes
    assert office.mailbox(BOB) not in passes
    assert [row["subject"] for row in office.rows("email")] == ["Order 2"]


@on_sqlite
def test_a_forward_mailbox_never_sends(office: Company) -> None:
    with pytest.raises(UserError, match="can't send"):
        office.update("mailbox", office.ids["forward"], outgoingemaildeliverymethod=2)


@on_sqlite
def test_explaining_bytes_judges_them_as_the_forwarder_would_have_them(office: Company) -> None:
    item = an_item(an_inner(1, sender="x@y.example"), an_inner(2))
    judged = judge_bytes(office.context, item, office.ids["forward"])
    assert [one.verdict.reason for one in judged] == [Reason.NO_CORRELATION_MATCH, Reason.SENDER_MATCH]
    assert {one.opened.receiver.mailbox for one in judged} == {office.mailbox(BOB)}
    assert office.rows("postroom_decision") == []
