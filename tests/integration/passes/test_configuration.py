"""The mail configuration as administrators meet it: what is made, what is refused, what never runs."""

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support.company import PASSWORD, Company
from tests.support.mail import a_message

from postroom.api.odata.query import read_query, run_query
from postroom.engine.work import Settled
from postroom.errors import InvalidRecord, SignInRejected
from postroom.passes import access
from postroom.passes.credentials import open_credentials
from postroom.passes.issue import send_email
from postroom.passes.receive import receive
from postroom.passes.send import send
from postroom.passes.test_mailbox import test_mailbox as try_mailbox
from postroom.schema import registry
from postroom.schema.choices import EmailStatus, RunStatus, Workload
from postroom.store.hindrances import NOT_PROCESSED

ANN, SALES = "ann@corp.example", "sales@corp.example"
Cli = Callable[..., tuple[int, str]]
RunPasses = Callable[[], Sequence[Settled]]


def the(company: Company, table: str, **where: Any) -> dict[str, Any]:
    (row,) = company.rows(table, **where)
    return row


def mailbox_of(company: Company, owner: UUID) -> dict[str, Any]:
    return the(company, "mailbox", regardingobjectid=owner)


def refused(company: Company, table: str, key: UUID | None = None, **values: Any) -> InvalidRecord:
    """Return the refusal of a write; nothing of it is kept."""

    def write() -> None:
        if key is None:
            company.create(table, **values)
        else:
            company.update(table, key, **values)

    with pytest.raises(InvalidRecord) as caught:
        write()
    return caught.value


def test_a_user_and_a_queue_are_made_with_their_mailboxes(company: Company) -> None:
    user = mailbox_of(company, company.ids["ann"])
    queue = mailbox_of(company, company.ids["sales"])
    assert (user["emailaddress"], user["name"], user["isforwardmailbox"]) == (ANN, "Agent, Ann", False)
    assert (queue["emailaddress"], queue["name"]) == (SALES, "Sales")
    assert (user["regardingobjecttypecode"], queue["regardingobjecttypecode"]) == ("systemuser", "queue")
    assert user["ownerid"] == company.ids["ann"]
    assert queue["ownerid"] == the(company, "queue", queueid=company.ids["sales"])["ownerid"]
    for table, mailbox in (("systemuser", user), ("queue", queue)):
        owner = the(company, table, **{f"{table}id": mailbox["regardingobjectid"]})
        assert owner["defaultmailbox"] == mailbox["mailboxid"]


def test_only_who_wishes_for_the_service_gets_the_default_profile(company: Company) -> None:
    served = company.create("queue", name="Served", outgoingemaildeliverymethod=2)
    other = company.create("queue", name="Other", incomingemaildeliverymethod=3)
    assert mailbox_of(company, served)["emailserverprofile"] == company.ids["profile"]
    assert mailbox_of(company, other)["emailserverprofile"] is None
    company.update("queue", other, incomingemaildeliverymethod=2)
    assert mailbox_of(company, other)["emailserverprofile"] == company.ids["profile"]


def test_a_profile_that_was_taken_away_does_not_come_back_by_itself(company: Company) -> None:
    mailbox = mailbox_of(company, company.ids["ann"])["mailboxid"]
    company.update("mailbox", mailbox, emailserverprofile=None)
    company.update("systemuser", company.ids["ann"], firstname="Anna")
    assert mailbox_of(company, company.ids["ann"])["emailserverprofile"] is None


def test_one_who_is_out_of_service_from_the_start_has_an_inactive_mailbox(company: Company) -> None:
    user = company.create(
        "systemuser",
        lastname="Gone",
        domainname="gone",
        internalemailaddress="g@corp.example",
        isdisabled=True,
    )
    assert mailbox_of(company, user)["statecode"] == 1


def test_only_a_forward_mailbox_is_made_by_hand(company: Company) -> None:
    made = company.create("mailbox", name="F", emailaddress="f@corp.example", incomingemaildeliverymethod=2)
    row = the(company, "mailbox", mailboxid=made)
    assert (row["isforwardmailbox"], row["regardingobjectid"]) == (True, None)
    refused(company, "mailbox", name="Second", emailaddress=ANN, regardingobjectid=company.ids["ann"])
    refused(company, "mailbox", name="Nobody's", emailaddress="n@corp.example", isforwardmailbox=False)
    assert len(company.rows("mailbox")) == 3


@pytest.mark.parametrize(
    ("table", "owner", "column"),
    [("systemuser", "ann", "internalemailaddress"), ("queue", "sales", "emailaddress")],
)
def test_address_and_methods_are_the_same_on_both_sides(
    company: Company, table: str, owner: str, column: str
) -> None:
    key = company.ids[owner]
    mailbox = mailbox_of(company, key)["mailboxid"]
    company.update(table, key, **{column: "first@corp.example", "outgoingemaildeliverymethod": 0})
    row = mailbox_of(company, key)
    assert (row["emailaddress"], row["outgoingemaildeliverymethod"]) == ("first@corp.example", 0)
    company.update("mailbox", mailbox, emailaddress="second@corp.example", incomingemaildeliverymethod=3)
    row = the(company, table, **{f"{table}id": key})
    assert (row[column], row["incomingemaildeliverymethod"]) == ("second@corp.example", 3)
    assert row["emailrouteraccessapproval"] == mailbox_of(company, key)["emailrouteraccessapproval"] == 2


def test_each_delivery_method_that_is_not_permitted_has_its_code(company: Company) -> None:
    queue, user = (mailbox_of(company, company.ids[who])["mailboxid"] for who in ("sales", "ann"))
    forward = company.add_forward_mailbox("forward@corp.example")
    assert refused(company, "mailbox", queue, incomingemaildeliverymethod=1).code == 0x8005E210
    assert refused(company, "queue", company.ids["sales"], outgoingemaildeliverymethod=1).code == 0x8005E210
    assert refused(company, "queue", name="Q", incomingemaildeliverymethod=1).code == 0x8005E210
    assert refused(company, "mailbox", forward, incomingemaildeliverymethod=3).code == 0x8005E212
    assert refused(company, "mailbox", forward, outgoingemaildeliverymethod=2).code == 0x8005E213
    assert refused(company, "mailbox", forward, emailaddress=None).code == 0x8005E211
    assert refused(company, "mailbox", user, processanddeleteemails=True).code == 0x8005E233
    company.update("mailbox", queue, processanddeleteemails=True, incomingemaildeliverymethod=3)
    company.update("mailbox", user, incomingemaildeliverymethod=1, outgoingemaildeliverymethod=1)
    assert not company.rows("queue", name="Q"), "what is refused leaves nothing behind"


def test_the_mailbox_of_a_user_or_queue_goes_only_with_its_owner(company: Company) -> None:
    database, records = company.context.database, company.records
    queue = mailbox_of(company, company.ids["sales"])["mailboxid"]
    for mailbox in (queue, mailbox_of(company, company.ids["ann"])["mailboxid"]):
        with database.write() as connection, pytest.raises(InvalidRecord) as caught:
            records.delete(connection, "mailbox", mailbox)
        assert caught.value.code == 0x8005E200
    forward = company.add_forward_mailbox("forward@corp.example")
    with database.write() as connection:
        records.delete(connection, "mailbox", forward)
        records.delete(connection, "queue", company.ids["sales"])
    assert [row["emailaddress"] for row in company.rows("mailbox")] == [ANN]


def test_the_mailbox_of_a_disabled_user_is_inactive_until_he_is_enabled(company: Company) -> None:
    ann = company.ids["ann"]
    mailbox = mailbox_of(company, ann)["mailboxid"]
    company.update("systemuser", ann, isdisabled=True)
    assert mailbox_of(company, ann)["statecode"] == 1
    assert refused(company, "mailbox", mailbox, statecode=0).code == 0x8005E230
    report = try_mailbox(company.context, mailbox)
    assert [finding.said.split(":")[0] for finding in report.findings] == ["MailboxDisabled"] * 2
    company.update("systemuser", ann, isdisabled=False)
    assert mailbox_of(company, ann)["statecode"] == 0


def test_the_mailbox_of_an_inactive_queue_is_inactive(company: Company) -> None:
    sales = company.ids["sales"]
    company.update("queue", sales, statecode=1)
    assert mailbox_of(company, sales)["statecode"] == 1
    mailbox = mailbox_of(company, sales)["mailboxid"]
    assert refused(company, "mailbox", mailbox, statecode=0).code == 0x8005E230
    company.update("queue", sales, statecode=0)
    assert mailbox_of(company, sales)["statecode"] == 0


_TESTED = ("incomingemailstatus", "outgoingemailstatus", "enabledforincomingemail", "enabledforoutgoingemail")


def state_of(company: Company) -> tuple[Any, ...]:
    row = mailbox_of(company, company.ids["ann"])
    return tuple(row[name] for name in _TESTED)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"emailaddress": "new@corp.example"}, (0, 0, False, False)),
        ({"password": "other"}, (0, 0, False, False)),
        ({"incomingemaildeliverymethod": 0}, (0, 1, False, True)),
        ({"verboseloggingenabled": 1, "username": ANN}, (1, 1, True, True)),
    ],
)
def test_a_change_of_the_configuration_asks_for_a_new_test(
    company: Company, changes: dict[str, Any], state: tuple[Any, ...]
) -> None:
    assert state_of(company) == (1, 1, True, True)
    company.update("mailbox", company.mailbox(ANN), **changes)
    assert state_of(company) == state
    row = mailbox_of(company, company.ids["ann"])
    assert row["mailboxstatus"] == (RunStatus.NOT_RUN if 0 in state else RunStatus.SUCCESS)
    assert row["emailrouteraccessapproval"] == (2 if "emailaddress" in changes else 1)


def test_a_client_that_sends_everything_back_with_a_new_address_gets_no_approval(company: Company) -> None:
    mailbox = company.mailbox(ANN)
    company.update(
        "mailbox",
        mailbox,
        emailaddress="new@corp.example",
        emailrouteraccessapproval=1,
        enabledforincomingemail=True,
        incomingemailstatus=1,
    )
    row = the(company, "mailbox", mailboxid=mailbox)
    assert (row["emailrouteraccessapproval"], row["enabledforincomingemail"]) == (2, False)


def test_a_profile_that_goes_out_of_service_leaves_its_mailboxes_as_they_are(company: Company) -> None:
    company.update("emailserverprofile", company.ids["profile"], statecode=1)
    assert state_of(company) == (1, 1, True, True)


def test_an_address_is_approved_by_record_or_by_command(company: Company, cli: Cli) -> None:
    company.update("mailbox", company.mailbox(ANN), emailrouteraccessapproval=3)
    row = mailbox_of(company, company.ids["ann"])
    assert (row["emailaddressapprovedby"], row["emailaddressapprovedon"]) == (None, None)
    status, said = cli("mailbox", "approve", ANN)
    assert (status, said) == (0, "")
    row = mailbox_of(company, company.ids["ann"])
    assert row["emailrouteraccessapproval"] == 1
    assert row["emailaddressapprovedby"]
    assert row["emailaddressapprovedon"]
    assert the(company, "systemuser", systemuserid=company.ids["ann"])["emailrouteraccessapproval"] == 1
    company.update("systemuser", company.ids["ann"], emailrouteraccessapproval=2)
    assert mailbox_of(company, company.ids["ann"])["emailrouteraccessapproval"] == 2


def test_the_organization_says_whose_addresses_need_approval(company: Company) -> None:
    organization = the(company, "organization")["organizationid"]
    for address in (ANN, SALES):
        company.update("mailbox", company.mailbox(address), emailrouteraccessapproval=2)

    def hindered() -> list[str]:
        ids = [company.mailbox(address) for address in (ANN, SALES)]
        found = access.hindered(company.context, ids, [Workload.INCOMING])
        return [obstacle.name for _, _, obstacle in found]

    assert hindered() == ["UnapprovedMailbox"] * 2
    company.update("organization", organization, requireapprovalforuseremail=False)
    assert hindered() == ["UnapprovedMailbox"]
    company.update("organization", organization, requireapprovalforqueueemail=False)
    assert hindered() == []


OTHER_METHOD = "The incoming method is not server-side synchronization."
HINDERED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # table, what is changed, what mends it, what is said
    ("mailbox", {"statecode": 1}, {"statecode": 0}, "The mailbox is inactive."),
    ("mailbox", {"emailserverprofile": None}, {}, "The mailbox has no server profile."),
    ("emailserverprofile", {"statecode": 1}, {"statecode": 0}, "The server profile “Sandbox” is inactive."),
    (
        "mailbox",
        {"emailrouteraccessapproval": 2},
        {"emailrouteraccessapproval": 1},
        "The mailbox's address is not approved.",
    ),
    *[
        ("mailbox", {"incomingemaildeliverymethod": method}, {"incomingemaildeliverymethod": 2}, OTHER_METHOD)
        for method in (0, 1)
    ],
    (
        "mailbox",
        {"incomingemaildeliverymethod": 3},
        {"incomingemaildeliverymethod": 2},
        "This mailbox's mail arrives through the forward mailbox;",
    ),
    ("mailbox", {"password": "changed"}, {}, "The mailbox has not passed its test for this workload."),
]


def test_a_mailbox_that_may_not_be_processed_never_is_and_says_so(
    company: Company, run_passes: RunPasses, cli: Cli
) -> None:
    keys = {"mailbox": company.mailbox(ANN), "emailserverprofile": company.ids["profile"]}
    mailbox = keys["mailbox"]
    company.server.deliver(ANN, a_message(sender="carl@contoso.example", to=(ANN,)))
    for table, changes, mended, sentence in HINDERED:
        company.update(table, keys[table], **changes)
        settled = run_passes()
        assert (mailbox, Workload.INCOMING) not in {(s.ticket.mailbox_id, s.ticket.workload) for s in settled}
        assert receive(company.context, mailbox).items == 0
        assert company.rows("email") == [], sentence
        row = the(company, "postroom_workload", mailboxid=mailbox, workload=int(Workload.INCOMING))
        assert row["gapreason"].startswith(NOT_PROCESSED + sentence)
        status, shown = cli("mailbox", "show", ANN)
        assert status == 0
        assert sentence in shown
        company.update(table, keys[table], **mended)
        company.update("mailbox", mailbox, password=PASSWORD, emailserverprofile=company.ids["profile"])
        company.enable(ANN)
    run_passes()
    assert len(company.rows("email")) == 1


def test_what_stood_in_the_way_and_is_mended_stands_there_no_more(
    company: Company, run_passes: RunPasses
) -> None:
    mailbox = company.mailbox(ANN)
    company.server.deliver(ANN, a_message(sender="carl@contoso.example", to=(ANN,)))
    company.update("mailbox", mailbox, statecode=1)
    run_passes()
    assert company.rows("email") == []
    company.update("mailbox", mailbox, statecode=0)
    row = the(company, "postroom_workload", mailboxid=mailbox, workload=int(Workload.INCOMING))
    assert row["gapreason"] == "Nothing stands in its way any more."
    run_passes()
    assert len(company.rows("email")) == 1


def test_mail_of_one_who_may_not_send_waits_and_says_why(company: Company, run_passes: RunPasses) -> None:
    email = company.email(company.ids["ann"], "systemuser", company.ids["carl"])
    company.update("mailbox", company.mailbox(ANN), outgoingemaildeliverymethod=0)
    send_email(company.context, email)
    run_passes()
    row = the(company, "email", activityid=email)
    assert row["statuscode"] == EmailStatus.PENDING_SEND
    assert "The outgoing method is not server-side synchronization." in row["postroom_sendreason"]
    workload = the(
        company, "postroom_workload", mailboxid=company.mailbox(ANN), workload=int(Workload.OUTGOING)
    )
    assert workload["gapreason"].startswith(NOT_PROCESSED)
    alerts = company.rows("tracelog", regardingobjectid=company.mailbox(ANN), level=2)
    assert len(alerts) == 1


def without_own_credentials(company: Company) -> UUID:
    """Take Ann's own credentials away, let her server demand some, and return her mailbox."""
    mailbox = company.mailbox(ANN)
    company.update(
        "mailbox", mailbox, username=None, password=None, allowemailconnectortousecredentials=False
    )
    return mailbox


def both_ways_work(company: Company, mailbox: UUID) -> list[str]:
    """Test the mailbox and let it receive and send; return the steps that failed."""
    report = try_mailbox(company.context, mailbox)
    failed = [f"{f.workload.name} {f.name}" for f in report.findings if not f.ok]
    if not failed:
        company.server.deliver(ANN, a_message(sender="carl@contoso.example", to=(ANN,)))
        email = company.email(company.ids["ann"], "systemuser", company.ids["carl"])
        send_email(company.context, email)
        assert receive(company.context, mailbox).failure is None
        assert send(company.context, mailbox).failure is None
        assert the(company, "email", activityid=email)["statuscode"] == EmailStatus.SENT
        assert company.rows("email", directioncode=False)
    return failed


@pytest.mark.parametrize(
    "sending",
    [
        {"usesamesettingsforoutgoingconnections": True},
        {
            "usesamesettingsforoutgoingconnections": False,
            "outgoingcredentialretrieval": 1,
            "outgoingusername": ANN,
            "outgoingpassword": PASSWORD,
        },
        {"outgoingcredentialretrieval": 4},
    ],
    ids=["the same for sending", "others for sending", "none for sending"],
)
def test_credentials_of_the_profile_open_its_mailboxes(company: Company, sending: dict[str, Any]) -> None:
    mailbox = without_own_credentials(company)
    company.update(
        "emailserverprofile",
        company.ids["profile"],
        incomingcredentialretrieval=1,
        incomingusername=ANN,
        incomingpassword=PASSWORD,
        **sending,
    )
    assert both_ways_work(company, mailbox) == []


def test_wrong_credentials_of_the_profile_are_found_out_for_each_direction(company: Company) -> None:
    mailbox = without_own_credentials(company)
    values = {
        "incomingcredentialretrieval": 1,
        "incomingusername": ANN,
        "incomingpassword": PASSWORD,
        "usesamesettingsforoutgoingconnections": False,
        "outgoingcredentialretrieval": 1,
        "outgoingusername": ANN,
        "outgoingpassword": "wrong",
    }
    company.update("emailserverprofile", company.ids["profile"], **values)
    assert both_ways_work(company, mailbox) == ["OUTGOING sign in"]


def test_a_workload_whose_credentials_are_gone_stops_and_says_what_is_missing(
    company: Company, run_passes: RunPasses
) -> None:
    # The mailbox was tested and enabled before; then the profile was told to ask for others.
    company.update("emailserverprofile", company.ids["profile"], incomingcredentialretrieval=1)
    run_passes()
    row = mailbox_of(company, company.ids["ann"])
    assert (row["enabledforincomingemail"], row["incomingemailstatus"]) == (False, RunStatus.FAILURE)
    (alert,) = [
        alert
        for alert in company.rows("tracelog", regardingobjectid=row["mailboxid"], level=3)
        if "receives nothing" in alert["text"]
    ]
    assert "The profile has no incoming user name" in alert["errordetails"]
    assert "refused" not in alert["text"], "nobody refused what was never sent"


_HIDDEN = "correct horse battery staple 4711"


def test_a_password_is_sealed_in_the_store_and_shown_nowhere(
    company: Company, cli: Cli, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    mailbox, profile = company.mailbox(ANN), company.ids["profile"]
    company.update("mailbox", mailbox, password=_HIDDEN)
    company.update(
        "emailserverprofile",
        profile,
        incomingpassword=_HIDDEN,
        outgoingpassword=_HIDDEN,
        oauthclientsecret=_HIDDEN,
    )
    report = try_mailbox(company.context, mailbox)
    assert report.status is RunStatus.FAILURE
    with company.context.database.read() as connection:
        got = [company.records.get(connection, "mailbox", mailbox)]
        got += company.records.select(connection, "mailbox")
        got.append(company.records.get(connection, "emailserverprofile", profile))
        answers = [
            run_query(connection, read_query(name, {}), frozenset()).rows
            for name in ("mailboxes", "emailserverprofiles")
        ]
        setup = access.read_setup(company.context, mailbox)
        sealed = connection.scalar(sa.text("select password from mailbox where password is not null"))
    printed = [
        cli("mailbox", "show", ANN, "--json"),
        cli("mailbox", "list", "--json"),
        cli("query", "emailserverprofiles", "--json"),
        cli("query", "mailboxes", "--select", "password"),
        cli("mailbox", "test", ANN, "--json"),
    ]
    accounts = [access.pop3_account(company.context, setup), access.smtp_account(company.context, setup)]
    credentials = open_credentials(company.context, setup, Workload.INCOMING)
    for what in (report, got, answers, printed, accounts, credentials, company.rows("tracelog"), caplog.text):
        assert _HIDDEN not in repr(what)
    assert sealed != PASSWORD
    assert all(row["ispasswordset"] is True for row in got[:1])
    assert all("password" not in row for row in got)


def test_a_password_is_not_in_the_files_of_the_database(company: Company, database_url: str) -> None:
    company.update("mailbox", company.mailbox(ANN), password=_HIDDEN)
    if database_url.startswith("sqlite"):
        path = company.context.database.url.database
        stored = b"".join(Path(f"{path}{end}").read_bytes() for end in ("", "-wal"))
    else:
        info = registry.by_logical_name("mailbox")
        with company.context.database.read() as connection:
            stored = repr(connection.execute(sa.select(info.table)).all()).encode()
    assert b"v1:test:" in stored
    for secret in (_HIDDEN, PASSWORD):
        assert secret.encode() not in stored


def test_a_password_stands_in_no_traceback(company: Company) -> None:
    mailbox = company.mailbox(ANN)
    company.server.open_account(ANN, "another one")
    result = receive(company.context, mailbox)
    assert isinstance(result.failure, SignInRejected)
    shown = "".join(traceback.format_exception(result.failure)) + repr(result)
    assert PASSWORD not in shown
    for wrong in ({"password": 1234567890}, {"password": "1234567890" * 50}, {"password": "12\x0034567890"}):
        problem = refused(company, "mailbox", mailbox, **wrong)
        assert "34567890" not in "".join(traceback.format_exception(problem))


def test_an_error_of_the_database_quotes_no_values(company: Company) -> None:
    info = registry.by_logical_name("mailbox")
    row = {"mailboxid": company.mailbox(ANN), "name": "x", "password": _HIDDEN, "isforwardmailbox": False}
    with pytest.raises(Exception) as caught, company.context.database.write() as connection:  # noqa: PT011
        connection.execute(sa.insert(info.table), row)
    assert _HIDDEN not in "".join(traceback.format_exception(caught.value))
