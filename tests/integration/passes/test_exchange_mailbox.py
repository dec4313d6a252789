"""A mailbox on Exchange from its configuration to its mail: test and enable, receive, send."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import Company, on_sqlite
from tests.support.exchange_company import ANN, SALES, SERVICE, an_exchange_of
from tests.support.exchange_memory import category_off
from tests.support.ledgers import from_carl

from postroom.errors import Throttled, UserError
from postroom.passes.access import open_source
from postroom.passes.issue import send_email
from postroom.passes.receive import receive
from postroom.passes.send import send
from postroom.passes.test_connection import test_connection as try_connection
from postroom.passes.test_mailbox import Report
from postroom.passes.test_mailbox import test_mailbox as try_mailbox
from postroom.ports.folders import OwnerMark
from postroom.sandbox.exchange import Right, SandboxExchange
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.service import Asked
from postroom.sandbox.faults import Fault, Misbehaviour
from postroom.schema.choices import EmailStatus, RunStatus, SendOutcome, Workload
from postroom.store import mailboxes

pytestmark = [pytest.mark.integration, on_sqlite]


@pytest.fixture
def server(company: Company) -> Iterator[SandboxExchange]:
    """Let the company's mailboxes be on an Exchange that one service account may open."""
    with an_exchange_of(company) as running:
        yield running


def trial(company: Company, **profile: Any) -> Report:
    if profile:
        company.update("emailserverprofile", company.ids["exchange"], **profile)
    return try_mailbox(company.context, company.mailbox(ANN))


def steps(report: Report, workload: Workload) -> list[str]:
    return [finding.name for finding in report.findings if finding.workload is workload]


def test_every_step_is_told_with_the_servers_own_words(company: Company, server: SandboxExchange) -> None:
    report = trial(company)
    assert [finding.said for finding in report.findings if not finding.ok] == []
    assert steps(report, Workload.INCOMING) == ["resolve", "connect", "sign in", "find folder", "read"]
    assert steps(report, Workload.OUTGOING) == [
        "resolve",
        "connect",
        "sign in",
        "find folder",
        "send to itself",
    ]
    assert (report.incoming, report.outgoing) == (RunStatus.SUCCESS, RunStatus.SUCCESS)
    assert all(finding.said for finding in report.findings)


def a_pending_email(company: Company) -> Any:
    email = company.email(company.ids["ann"], "systemuser", company.ids["carl"])
    send_email(company.context, email)
    return email


def status_of(company: Company, email: Any) -> tuple[int, int]:
    (row,) = company.rows("email", activityid=email)
    return row["statuscode"], row["postroom_sendoutcome"]


def test_mail_of_a_tested_mailbox_is_taken_in_once(company: Company, server: SandboxExchange) -> None:
    trial(company)
    server.office.deliver(ANN, from_carl())
    for _ in range(2):
        assert receive(company.context, company.mailbox(ANN)).failure is None
    assert [row["messageid"] for row in company.rows("email")] == ["one@contoso.example"]


def test_a_lost_synchronization_state_takes_nothing_in_twice(
    company: Company, server: SandboxExchange
) -> None:
    trial(company)
    server.office.deliver(ANN, from_carl())
    receive(company.context, company.mailbox(ANN))
    server.office.deliver(ANN, from_carl("two@contoso.example"))
    server.faults.add(Fault(Misbehaviour.FORGET, times=1))
    assert receive(company.context, company.mailbox(ANN)).failure is None
    assert len(company.rows("email")) == 2


def test_mail_that_is_moved_back_into_the_inbox_is_judged(company: Company, server: SandboxExchange) -> None:
    trial(company)
    hands = server.office.outlook(ANN)
    company.update(
        "emailserverprofile", company.ids["exchange"], processemailsreceivedafter=company.clock.now()
    )
    receive(company.context, company.mailbox(ANN))
    junk = hands.put(from_carl(), "junkemail")
    hands.edit(junk, "item:DateTimeReceived", "2020-01-01T00:00:00Z")
    receive(company.context, company.mailbox(ANN))
    assert company.rows("email") == []
    hands.move(junk, "inbox")
    receive(company.context, company.mailbox(ANN))
    assert len(company.rows("email")) == 1


def test_mail_that_comes_back_after_it_was_seen_to_be_gone_is_the_same_mail(
    company: Company, server: SandboxExchange
) -> None:
    trial(company)
    category_off(company)
    hands = server.office.outlook(ANN)
    item = hands.put(from_carl(), "inbox")
    for folder in (None, "junkemail", "inbox"):
        item = hands.move(item, folder) if folder else item
        assert receive(company.context, company.mailbox(ANN)).failure is None
    (entry,) = [row for row in company.rows("postroom_ledger") if row["emailid"]]
    assert (entry["serverid"], entry["goneon"]) == (item.id, None)
    assert len(company.rows("email")) == 1


def test_an_email_leaves_through_exchange_once_and_a_copy_is_kept(
    company: Company, server: SandboxExchange
) -> None:
    trial(company)
    email = a_pending_email(company)
    for _ in range(2):
        assert send(company.context, company.mailbox(ANN)).failure is None
    assert status_of(company, email) == (EmailStatus.SENT, SendOutcome.ACCEPTED)
    (row,) = company.rows("email", activityid=email)
    (copy,) = [item for item in copies(server) if item.text("item:Subject") == row["subject"]]
    assert copy.text("message:InternetMessageId") == f"<{row['messageid']}>"


def copies(server: SandboxExchange) -> list[Item]:
    return server.office.outlook(ANN).items("sentitems")


def test_an_answer_that_is_lost_sends_nothing_twice(company: Company, server: SandboxExchange) -> None:
    trial(company)
    before = len(copies(server))
    email = a_pending_email(company)
    server.faults.add(Fault(Misbehaviour.LOSE_ANSWER, operation="CreateItem", times=1))
    for _ in range(2):
        send(company.context, company.mailbox(ANN))
    assert status_of(company, email) == (EmailStatus.SENT, SendOutcome.ACCEPTED)
    assert len(copies(server)) == before + 1


def test_no_copy_is_kept_where_the_organization_wants_none(company: Company, server: SandboxExchange) -> None:
    trial(company)
    before = len(copies(server))
    (organization,) = company.rows("organization")
    company.update(
        "organization",
        organization["organizationid"],
        orgdborgsettings="<OrgSettings><SSSSaveOutgoingEmailToExchangeSentFolder>false"
        "</SSSSaveOutgoingEmailToExchangeSentFolder></OrgSettings>",
    )
    email = a_pending_email(company)
    send(company.context, company.mailbox(ANN))
    assert status_of(company, email)[0] == EmailStatus.SENT
    assert len(copies(server)) == before


@pytest.mark.parametrize("answer", ["", "503"])
def test_throttling_is_no_fault_of_a_message_and_says_when_to_come_back(
    company: Company, server: SandboxExchange, answer: str
) -> None:
    trial(company)
    server.office.deliver(ANN, from_carl())
    server.faults.add(Fault(Misbehaviour.THROTTLE, operation="GetItem", amount=7, answer=answer, times=1))
    failure = receive(company.context, company.mailbox(ANN)).failure
    assert isinstance(failure, Throttled)
    assert failure.retry_after == 7
    assert receive(company.context, company.mailbox(ANN)).failure is None
    assert len(company.rows("email")) == 1
    assert mailbox(company)["enabledforincomingemail"] is True


def mailbox(company: Company) -> dict[str, Any]:
    (row,) = company.rows("mailbox", mailboxid=company.mailbox(ANN))
    return row


def test_exchange_online_with_ews_switched_off_is_recognised_and_said(
    company: Company, server: SandboxExchange
) -> None:
    server.faults.add(Fault(Misbehaviour.SWITCHED_OFF))
    report = trial(company)
    said = [finding.said for finding in report.findings if not finding.ok]
    assert len(said) == 2
    assert all("tenant has EWS off" in words and "Microsoft Graph" in words for words in said)


def test_a_refused_password_is_shown_without_the_password(company: Company, server: SandboxExchange) -> None:
    report = trial(company, incomingpassword="wrong-secret")
    failed = [finding for finding in report.findings if not finding.ok]
    assert [finding.name for finding in failed] == ["sign in", "sign in"]
    assert all(SERVICE in finding.said and "wrong-secret" not in finding.said for finding in failed)


def test_a_service_account_without_the_right_to_impersonate_is_told_what_it_lacks(
    company: Company, server: SandboxExchange
) -> None:
    report = trial(company, incomingusername=SALES, incomingpassword="of sales")
    failed = [finding for finding in report.findings if not finding.ok]
    assert all("ApplicationImpersonation" in finding.said for finding in failed)


def test_a_mailbox_that_is_not_there_is_named(company: Company, server: SandboxExchange) -> None:
    company.update("mailbox", company.mailbox(SALES), emailserverprofile=company.ids["exchange"])
    server.office._mailboxes.pop(SALES)
    report = try_mailbox(company.context, company.mailbox(SALES))
    failed = [finding for finding in report.findings if not finding.ok]
    assert failed
    assert all("primary address" in finding.said for finding in failed)


def test_the_mailboxs_own_credentials_open_it(company: Company, server: SandboxExchange) -> None:
    company.update("mailbox", company.mailbox(ANN), username=ANN, password="anns")
    report = trial(
        company, incomingcredentialretrieval=0, incominguseimpersonation=False, incomingusername=None
    )
    assert report.status is RunStatus.SUCCESS


def test_delegate_access_opens_the_mailbox_without_impersonation(
    company: Company, server: SandboxExchange
) -> None:
    server.office.allow_delegate(ANN, SALES, Right.OPEN | Right.SEND_AS)
    report = trial(
        company,
        incomingusername=SALES,
        incomingpassword="of sales",
        incominguseimpersonation=False,
    )
    assert [finding.said for finding in report.findings if not finding.ok] == []


def test_autodiscover_finds_the_server_and_its_url_is_remembered(
    company: Company, server: SandboxExchange
) -> None:
    report = trial(
        company,
        useautodiscover=True,
        incomingserverlocation=None,
        defaultserverlocation=server.root_url,
    )
    assert [finding.said for finding in report.findings if not finding.ok] == []
    assert steps(report, Workload.INCOMING)[0] == "Autodiscover"
    assert mailbox(company)["ewsurl"] == server.url
    assert mailbox(company)["lastautodiscoveredon"] is not None


def test_a_remembered_url_that_serves_no_longer_is_looked_for_again(
    company: Company, server: SandboxExchange
) -> None:
    trial(
        company,
        useautodiscover=True,
        incomingserverlocation=None,
        defaultserverlocation=server.root_url,
    )
    company.update("mailbox", company.mailbox(ANN), ewsurl="http://127.0.0.1:1/EWS/Exchange.asmx")
    server.office.deliver(ANN, from_carl())
    assert receive(company.context, company.mailbox(ANN)).failure is None
    assert mailbox(company)["ewsurl"] == server.url
    assert len(company.rows("email")) == 1


def test_a_profiles_connection_is_tried_with_any_mailbox_and_the_outcome_kept(
    company: Company, server: SandboxExchange
) -> None:
    server.office.open_account("nobody.in.the.store@corp.example", "x")
    report = try_connection(company.context, company.ids["exchange"], "nobody.in.the.store@corp.example")
    assert report.ok, report
    (profile,) = company.rows("emailserverprofile", name="Exchange")
    assert (profile["lastauthorizationstatus"], profile["lasttestexecutionstatus"]) == (1, 1)
    assert "sign in" in profile["lasttestrequest"]
    assert profile["lastteststarttime"] == company.clock.now()
    assert mailbox(company)["enabledforincomingemail"] is False, "nothing is switched on"


def test_a_profiles_connection_that_fails_keeps_why(company: Company, server: SandboxExchange) -> None:
    server.faults.add(Fault(Misbehaviour.FAULT, answer="ErrorImpersonateUserDenied"))
    report = try_connection(company.context, company.ids["exchange"], ANN)
    assert not report.ok
    (profile,) = company.rows("emailserverprofile", name="Exchange")
    assert (profile["lastauthorizationstatus"], profile["lasttestexecutionstatus"]) == (0, 0)
    assert "ApplicationImpersonation" in profile["lastcrmmessage"]
    company.update("emailserverprofile", company.ids["exchange"], incomingcredentialretrieval=2)
    assert not try_connection(company.context, company.ids["exchange"], ANN).ok
    (profile,) = company.rows("emailserverprofile", name="Exchange")
    assert profile["lasttestvalidationstatus"] == 0
    with pytest.raises(UserError, match="Exchange profiles"):
        try_connection(company.context, company.ids["profile"], ANN)


OTHER = OwnerMark(UUID(int=7), "Fabrikam", datetime(2026, 11, 1, tzinfo=UTC))


def noted_in(company: Company, server: SandboxExchange, mark: OwnerMark | None = None) -> OwnerMark | None:
    """Return whose the mailbox is noted to be, after noting another if one is given."""
    with company.context.database.read() as connection:
        setup = mailboxes.read_setup(connection, company.mailbox(ANN))
    source = open_source(company.context, setup)
    assert source.folders is not None
    if mark:
        source.folders.set_owner_mark(mark)
    found = source.folders.owner_mark()
    source.close()
    return found


def test_a_mailbox_is_marked_for_the_organization_that_synchronizes_its_items(
    company: Company, server: SandboxExchange
) -> None:
    company.update("mailbox", company.mailbox(ANN), actdeliverymethod=1)
    report = trial(company)
    assert (report.items, steps(report, Workload.ITEMS)) == (RunStatus.SUCCESS, ["organization"])
    mark = noted_in(company, server)
    assert mark is not None
    assert mark.organization == company.rows("organization")[0]["organizationid"]
    (row,) = company.rows("mailbox", mailboxid=company.mailbox(ANN))
    assert (row["isactsyncorgflagset"], row["actstatus"]) == (True, RunStatus.SUCCESS)
    assert trial(company).items is RunStatus.SUCCESS, "it is still ours"


def test_a_mailbox_of_another_organization_is_left_to_it_unless_told_to_take_over(
    company: Company, server: SandboxExchange
) -> None:
    noted_in(company, server, OTHER)
    company.update("mailbox", company.mailbox(ANN), actdeliverymethod=1)
    report = trial(company)
    assert (report.incoming, report.outgoing) == (RunStatus.SUCCESS, RunStatus.SUCCESS)
    assert report.items is RunStatus.FAILURE
    assert "Fabrikam" in report.findings[-1].said
    assert noted_in(company, server) == OTHER
    company.update("mailbox", company.mailbox(ANN), orgmarkedasprimaryforexchangesync=True)
    assert trial(company).items is RunStatus.SUCCESS
    taken = noted_in(company, server)
    assert taken is not None
    assert taken.organization == company.rows("organization")[0]["organizationid"]


def test_mail_alone_marks_nothing(company: Company, server: SandboxExchange) -> None:
    trial(company)
    receive(company.context, company.mailbox(ANN))
    assert noted_in(company, server) is None


def test_a_pass_over_an_unchanged_mailbox_costs_two_requests_at_most(
    company: Company, server: SandboxExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial(company)
    server.office.deliver(ANN, from_carl())
    receive(company.context, company.mailbox(ANN))
    # What was read in the very second of its last change is asked for once more.
    for folder in server.office.get_mailbox(ANN).folders.values():
        folder.content_at -= timedelta(minutes=1)
    receive(company.context, company.mailbox(ANN))
    asked: list[str] = []
    read = server.service.read

    def noted(data: bytes, user: str) -> Asked:
        understood = read(data, user)
        asked.append(understood.call.operation)
        return understood

    monkeypatch.setattr(server.service, "read", noted)
    receive(company.context, company.mailbox(ANN))
    assert len(asked) <= 2, asked
