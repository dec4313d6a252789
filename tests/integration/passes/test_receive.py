"""Receiving over the sandbox's POP3 server into the store, on both databases."""

from tests.support.company import Company
from tests.support.mail import a_message

from postroom.passes.receive import receive
from postroom.schema.choices import Reason


def reasons(company: Company, address: str) -> list[Reason]:
    rows = company.rows("postroom_decision", mailboxid=company.mailbox(address))
    rows = [row for row in rows if row["reason"] != Reason.TEST_MESSAGE]
    return [Reason(row["reason"]) for row in sorted(rows, key=lambda row: row["postroom_decisionid"])]


def test_mail_of_a_contact_becomes_an_email_with_parties_and_the_reason_why(company: Company) -> None:
    company.server.deliver(
        "ann@corp.example",
        a_message(
            sender="carl@contoso.example",
            to=("ann@corp.example",),
            cc=("someone@else.example",),
            subject="Order 7",
            message_id="one@contoso.example",
        ),
    )
    result = receive(company.context, company.mailbox("ann@corp.example"))
    assert result.failure is None
    (email,) = company.rows("email")
    assert (email["subject"], email["statecode"], email["statuscode"]) == ("Order 7", 1, 4)
    assert email["directioncode"] is False
    assert email["emailsender"] == company.ids["carl"]
    assert email["sendersaccount"] == company.ids["account"]
    assert email["ownerid"] == company.ids["ann"]
    assert email["torecipients"] == "ann@corp.example;"
    parties = {
        (row["participationtypemask"], row["partyid"], row["addressused"])
        for row in company.rows("activityparty", activityid=email["activityid"])
    }
    assert parties == {
        (1, company.ids["carl"], "carl@contoso.example"),
        (2, company.ids["ann"], "ann@corp.example"),
        (3, None, "someone@else.example"),
        (9, company.ids["ann"], None),
    }
    assert reasons(company, "ann@corp.example") == [Reason.SENDER_MATCH]


def test_mail_of_a_stranger_to_a_user_is_not_tracked_but_leaves_a_decision(company: Company) -> None:
    company.server.deliver("ann@corp.example", a_message(sender="x@y.example", to=("ann@corp.example",)))
    receive(company.context, company.mailbox("ann@corp.example"))
    assert company.rows("email") == []
    assert reasons(company, "ann@corp.example") == [Reason.NO_CORRELATION_MATCH]


def test_reading_the_same_mailbox_again_adds_nothing(company: Company) -> None:
    for number in range(5):
        company.server.deliver(
            "sales@corp.example",
            a_message(sender="x@y.example", to=("sales@corp.example",), subject=f"Question {number}"),
        )
    sales = company.mailbox("sales@corp.example")
    receive(company.context, sales)
    before = (len(company.rows("email")), len(company.rows("postroom_decision")))
    receive(company.context, sales)
    assert (len(company.rows("email")), len(company.rows("postroom_decision"))) == before
    assert before[0] == 5


def test_a_server_that_renumbers_its_messages_adds_nothing(company: Company) -> None:
    for number in range(5):
        company.server.deliver(
            "sales@corp.example",
            a_message(sender="x@y.example", to=("sales@corp.example",), subject=f"Question {number}"),
        )
    company.server.deliver("sales@corp.example", b"no mail at all")
    sales = company.mailbox("sales@corp.example")
    receive(company.context, sales)
    tables = ("email", "postroom_decision", "postroom_ledger", "postroom_quarantine")
    before = [len(company.rows(table)) for table in tables]
    company.server.renumber("sales@corp.example")
    receive(company.context, sales)
    assert [len(company.rows(table)) for table in tables] == before


def test_equal_mails_without_message_ids_are_as_many_emails(company: Company) -> None:
    for _ in range(3):
        company.server.deliver(
            "sales@corp.example",
            b"From: x@y.example\r\nTo: sales@corp.example\r\nSubject: Alarm\r\n\r\nFire\r\n",
        )
    sales = company.mailbox("sales@corp.example")
    receive(company.context, sales)
    receive(company.context, sales)
    company.server.renumber("sales@corp.example")
    receive(company.context, sales)
    assert len(company.rows("email")) == 3


def test_one_message_in_two_mailboxes_is_one_email(company: Company) -> None:
    data = a_message(
        sender="carl@contoso.example",
        to=("ann@corp.example", "sales@corp.example"),
        message_id="both@contoso.example",
    )
    for address in ("ann@corp.example", "sales@corp.example"):
        company.server.deliver(address, data)
        receive(company.context, company.mailbox(address))
    assert len(company.rows("email")) == 1
    assert reasons(company, "sales@corp.example") == [Reason.DUPLICATE]


def test_a_reply_inherits_the_record_of_its_parent(company: Company) -> None:
    parent = a_message(sender="x@y.example", to=("sales@corp.example",), message_id="parent@y.example")
    company.server.deliver("sales@corp.example", parent)
    sales = company.mailbox("sales@corp.example")
    receive(company.context, sales)
    (email,) = company.rows("email")
    company.update(
        "email",
        email["activityid"],
        regardingobjectid=company.ids["account"],
        regardingobjecttypecode="account",
    )
    reply = a_message(
        sender="stranger@z.example",
        to=("ann@corp.example",),
        subject="Re: Hello",
        message_id="child@z.example",
        in_reply_to="parent@y.example",
    )
    company.server.deliver("ann@corp.example", reply)
    receive(company.context, company.mailbox("ann@corp.example"))
    (child,) = company.rows("email", messageid="child@z.example")
    assert child["parentactivityid"] == email["activityid"]
    assert child["regardingobjectid"] == company.ids["account"]
    assert reasons(company, "ann@corp.example") == [Reason.CORRELATION_MATCH]


def test_what_is_put_aside_is_told_once_and_counted(company: Company) -> None:
    sales = company.mailbox("sales@corp.example")
    for _ in range(2):
        company.server.deliver("sales@corp.example", b"no mail at all")
        receive(company.context, sales)
    alerts = [row for row in company.rows("tracelog", regardingobjectid=sales) if row["level"] == 2]
    assert len(alerts) == 1
    assert alerts[0]["collationlevel"] == 2
    assert "quarantine" in alerts[0]["text"]
