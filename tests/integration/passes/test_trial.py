"""Test and enable: every step with its time and the server's words, and what the outcome switches."""

import contextlib
import json
import socket
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.certificates import Authority
from tests.support.company import PASSWORD, Company, on_sqlite
from tests.support.dovecot import PASSWORD as DOVECOT_PASSWORD
from tests.support.dovecot import Dovecot, dovecot
from tests.support.smtp_script import HANG_UP, running_script

from postroom.app.service import run_scheduled_tests, tend
from postroom.errors import SignInRejected
from postroom.passes import access
from postroom.passes.receive import receive
from postroom.passes.test_mailbox import Finding, Report
from postroom.passes.test_mailbox import test_mailbox as try_mailbox
from postroom.sandbox.faults import Fault, Misbehaviour
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.pop3 import SandboxPop3
from postroom.schema.choices import Reason, RunStatus, Workload
from postroom.store import alerts

__all__ = ["dovecot"]

ANN, SALES = "ann@corp.example", "sales@corp.example"
IN, OUT = Workload.INCOMING, Workload.OUTGOING


def trial(company: Company, **profile: Any) -> Report:
    """Change the profile and test Ann's mailbox."""
    if profile:
        company.update("emailserverprofile", company.ids["profile"], **profile)
    return try_mailbox(company.context, company.mailbox(ANN))


def steps(report: Report, workload: Workload) -> list[str]:
    return [finding.name for finding in report.findings if finding.workload is workload]


def failed(report: Report, workload: Workload) -> Finding:
    """Return the one step at which the workload failed; it is the last one tried."""
    tried = [finding for finding in report.findings if finding.workload is workload]
    assert [finding.ok for finding in tried] == [True] * (len(tried) - 1) + [False]
    return tried[-1]


def mailbox(company: Company) -> dict[str, Any]:
    (row,) = company.rows("mailbox", mailboxid=company.mailbox(ANN))
    return row


def a_closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@on_sqlite
def test_every_step_is_told_with_its_time_and_the_servers_own_words(company: Company) -> None:
    report = trial(company)
    assert steps(report, OUT) == ["resolve", "connect", "greeting", "EHLO", "sign in", "send to itself"]
    assert steps(report, IN) == ["resolve", "connect", "greeting", "sign in", "read"]
    assert all(finding.ok and finding.said for finding in report.findings)
    assert all(0 <= finding.seconds < 30 for finding in report.findings)
    assert any(finding.seconds > 0 for finding in report.findings)
    said = {(finding.workload, finding.name): finding.said for finding in report.findings}
    assert "Postroom sandbox" in said[IN, "greeting"]
    assert "messages listed" in said[IN, "read"]
    assert (report.incoming, report.outgoing, report.status) == (RunStatus.SUCCESS,) * 3


@on_sqlite
def test_the_message_of_the_test_arrives_and_becomes_no_email(company: Company) -> None:
    receive(company.context, company.mailbox(ANN))
    assert company.rows("email") == []
    reasons = {row["reason"] for row in company.rows("postroom_decision")}
    assert reasons == {Reason.TEST_MESSAGE}


@on_sqlite
def test_a_host_that_does_not_exist_is_found_at_once(company: Company) -> None:
    report = trial(
        company,
        incomingserverlocation="pop.no-such-place.invalid",
        outgoingserverlocation="smtp.no-such-place.invalid",
    )
    for workload, host in ((IN, "pop"), (OUT, "smtp")):
        finding = failed(report, workload)
        assert finding.name == "resolve"
        assert f"{host}.no-such-place.invalid" in finding.said


@on_sqlite
def test_a_closed_port_is_named(company: Company) -> None:
    port = a_closed_port()
    report = trial(company, incomingportnumber=port, outgoingportnumber=port)
    for workload in (IN, OUT):
        finding = failed(report, workload)
        assert finding.name == "connect"
        assert finding.said.startswith(f"Nothing listens at 127.0.0.1:{port}")


@on_sqlite
def test_a_port_that_can_not_exist_is_a_finding_and_no_fault(company: Company) -> None:
    finding = failed(trial(company, incomingportnumber=65_536), IN)
    assert (finding.name, finding.said) == (
        "preconditions",
        "Port 65536 does not exist; use a number from 1 to 65535.",
    )


@on_sqlite
def test_the_port_of_another_kind_of_server_is_named(company: Company) -> None:
    report = trial(company, incomingportnumber=company.smtp.port, outgoingportnumber=company.pop3.port)
    assert "is an SMTP server, not a POP3 server" in failed(report, IN).said
    assert failed(report, OUT).name == "greeting"


def test_a_wrong_password_shows_what_the_server_said_and_not_the_password(company: Company) -> None:
    company.server.open_account(ANN, "another one")
    report = trial(company)
    for workload, words in ((IN, "user name or password is wrong"), (OUT, "535")):
        finding = failed(report, workload)
        assert finding.name == "sign in"
        assert words in finding.said
        assert PASSWORD not in finding.said
    assert (report.incoming, report.outgoing) == (RunStatus.FAILURE, RunStatus.FAILURE)


@on_sqlite
def test_a_server_that_hangs_is_given_up_after_the_profiles_time(company: Company) -> None:
    company.pop3.faults.add(Fault(Misbehaviour.HANG))
    report = trial(company, timeoutmailboxconnectionafteramount=300)
    finding = failed(report, IN)
    assert finding.name == "greeting"
    assert "said nothing for 0.3 s" in finding.said
    assert 0.2 < finding.seconds < 5
    assert report.outgoing is RunStatus.SUCCESS, "one direction does not hang on the other"


@on_sqlite
def test_an_installation_may_wait_less_than_the_profile(company: Company) -> None:
    company.pop3.faults.add(Fault(Misbehaviour.HANG))
    company.context = replace(company.context, mail=replace(company.context.mail, longest_wait=0.3))
    assert "said nothing for 0.3 s" in failed(trial(company), IN).said


@on_sqlite
@pytest.mark.integration
def test_a_certificate_is_trusted_only_when_its_authority_is(company: Company, dovecot: Dovecot) -> None:
    company.update("mailbox", company.mailbox(ANN), username=dovecot.new_user(), password=DOVECOT_PASSWORD)
    # Sending stays with the sandbox, which knows other credentials.
    company.update("emailserverprofile", company.ids["profile"], outgoingcredentialretrieval=4)
    tls = {"incomingserverlocation": "localhost", "incomingusessl": True}
    untrusted = failed(
        trial(company, **tls, incomingportnumber=dovecot.pop3s_port, postroom_incomingtls=1), IN
    )
    assert untrusted.name == "TLS"
    assert "certificate" in untrusted.said
    trusted = trial(company, postroom_trustedauthority=dovecot.authority)
    assert steps(trusted, IN) == ["resolve", "connect", "TLS", "greeting", "sign in", "read"]
    assert trusted.incoming is RunStatus.SUCCESS
    assert any(f.said.startswith("TLSv1.") for f in trusted.findings if f.name == "TLS")
    upgraded = trial(company, incomingportnumber=dovecot.pop3_port, postroom_incomingtls=2)
    assert steps(upgraded, IN) == ["resolve", "connect", "greeting", "TLS", "sign in", "read"]
    assert upgraded.incoming is RunStatus.SUCCESS
    nonsense = failed(trial(company, postroom_trustedauthority="no certificate"), IN)
    assert "not a certificate in PEM form" in nonsense.said


@contextlib.contextmanager
def a_server_with_a_certificate_for(name: str, directory: Path) -> Iterator[tuple[SandboxPop3, str]]:
    authority = Authority()
    context = authority.leaf(name).context(directory)
    with SandboxPop3(SandboxMailboxes(), tls=context, implicit_tls=True) as server:
        yield server, authority.pem


@on_sqlite
def test_a_certificate_for_another_name_is_refused(company: Company, tmp_path: Path) -> None:
    with a_server_with_a_certificate_for("mail.other.example", tmp_path) as (server, authority):
        report = trial(
            company,
            incomingportnumber=server.port,
            incomingusessl=True,
            postroom_incomingtls=1,
            postroom_trustedauthority=authority,
        )
    finding = failed(report, IN)
    assert finding.name == "TLS"
    assert "127.0.0.1" in finding.said


@on_sqlite
def test_a_server_without_tls_where_tls_is_wanted_is_refused(company: Company) -> None:
    report = trial(
        company, incomingusessl=True, postroom_incomingtls=2, outgoingusessl=True, postroom_outgoingtls=2
    )
    assert "does not offer STLS" in failed(report, IN).said
    assert "does not offer STARTTLS" in failed(report, OUT).said


@on_sqlite
def test_only_the_installation_may_let_passwords_travel_in_the_clear(company: Company) -> None:
    setup = access.read_setup(company.context, company.mailbox(ANN))
    open_wide = replace(company.context, mail=replace(company.context.mail, allow_plaintext=True))
    for account in (access.pop3_account, access.smtp_account):
        assert not account(company.context, setup).endpoint.allow_plaintext
        assert account(open_wide, setup).endpoint.allow_plaintext


def test_a_server_that_will_not_take_the_mailboxs_own_mail_fails_its_test(company: Company) -> None:
    company.answers[ANN] = "550 5.7.1 not for you"
    report = trial(company)
    finding = failed(report, OUT)
    assert finding.name == "send to itself"
    assert "550 5.7.1 not for you" in finding.said
    assert report.incoming is RunStatus.SUCCESS
    row = mailbox(company)
    assert (row["enabledforincomingemail"], row["enabledforoutgoingemail"]) == (True, False)
    assert row["mailboxstatus"] == RunStatus.FAILURE


@on_sqlite
@pytest.mark.parametrize(
    ("answers", "step"),
    [
        ({"greeting": "554 5.7.1 go away"}, "greeting"),
        ({"ehlo": HANG_UP}, "EHLO"),
        ({"mail": "550 5.1.0 sender unknown"}, "send to itself"),
        ({"data": "554 5.5.0 no"}, "send to itself"),
        ({"end": "554 5.6.0 spam"}, "send to itself"),
        ({"end": HANG_UP}, "send to itself"),
    ],
)
def test_whatever_an_smtp_server_refuses_is_told_in_its_words(
    company: Company, answers: dict[str, str], step: str
) -> None:
    with running_script(**answers) as script:
        finding = failed(trial(company, outgoingportnumber=script.port, outgoingcredentialretrieval=4), OUT)
    assert finding.name == step
    (words,) = answers.values()
    assert words == HANG_UP or words.partition(" ")[2] in finding.said
    assert finding.said


def test_a_server_that_repeats_the_password_does_not_give_it_away(company: Company) -> None:
    ehlo = "250-script.example\r\n250 AUTH PLAIN"
    with running_script(ehlo=ehlo, auth=f"535 5.7.8 {PASSWORD} is wrong") as script:
        report = trial(company, outgoingportnumber=script.port)
    finding = failed(report, OUT)
    assert "*** is wrong" in finding.said
    shown = repr(report) + repr(company.rows("tracelog")) + repr(company.rows("mailbox"))
    assert PASSWORD not in shown


def test_what_works_is_switched_on_and_due_at_once(company: Company) -> None:
    key = company.mailbox(ANN)
    later = company.clock.now() + timedelta(hours=3)
    company.update("mailbox", key, password=PASSWORD, postponesendinguntil=later)
    assert mailbox(company)["enabledforincomingemail"] is False
    company.clock.at += timedelta(minutes=1)
    trial(company)
    row = mailbox(company)
    assert (row["enabledforincomingemail"], row["enabledforoutgoingemail"]) == (True, True)
    assert (row["incomingemailstatus"], row["outgoingemailstatus"], row["mailboxstatus"]) == (1, 1, 1)
    assert row["testmailboxaccesscompletedon"] == company.clock.now()
    assert (row["postponesendinguntil"], row["transientfailurecount"], row["noemailcount"]) == (None, 0, 0)
    workloads = company.rows("postroom_workload", mailboxid=key)
    assert {workload["dueon"] for workload in workloads} == {company.clock.now()}


@on_sqlite
def test_only_what_the_service_is_to_do_is_tested(company: Company) -> None:
    company.update("mailbox", company.mailbox(ANN), outgoingemaildeliverymethod=0)
    report = trial(company)
    assert (report.incoming, report.outgoing) == (RunStatus.SUCCESS, RunStatus.NOT_RUN)
    assert steps(report, OUT) == []
    company.update("mailbox", company.mailbox(ANN), incomingemaildeliverymethod=1)
    before = len(company.rows("tracelog"))
    report = trial(company)
    assert report.status is RunStatus.NOT_RUN
    assert [finding.said.split(":")[0] for finding in report.findings] == [
        "InvalidIncomingDeliveryExpectingEmailConnector",
        "InvalidOutgoingDeliveryExpectingEmailConnector",
    ]
    assert len(company.rows("tracelog")) == before


def test_the_outcome_is_told_to_the_owner_and_a_failure_to_the_profiles_owner_too(company: Company) -> None:
    key, profile = company.mailbox(ANN), company.ids["profile"]
    (passed,) = company.rows("tracelog", regardingobjectid=key)
    assert (passed["level"], passed["tracestatus"]) == (1, True)
    company.server.open_account(ANN, "another one")
    first = company.clock.now()
    for _ in range(3):
        company.clock.at += timedelta(minutes=5)
        trial(company)
    for regarding in (key, profile):
        (alert,) = company.rows("tracelog", regardingobjectid=regarding, tracecode=alerts.TEST_FAILED.code)
        assert (alert["level"], alert["collationlevel"]) == (3, 3)
        assert (alert["createdon"], alert["modifiedon"]) == (
            first + timedelta(minutes=5),
            first + timedelta(minutes=15),
        )
        assert "sign in" in alert["errordetails"]
        assert "Mend what the failed step names" in alert["text"]


def test_a_mailbox_that_may_not_be_processed_fails_with_the_reason(company: Company) -> None:
    company.update("mailbox", company.mailbox(ANN), emailrouteraccessapproval=2)
    report = trial(company)
    assert [(f.name, f.said.split(":")[0]) for f in report.findings] == [
        ("preconditions", "UnapprovedMailbox")
    ] * 2
    assert report.status is RunStatus.FAILURE


def test_a_test_that_was_asked_for_is_carried_out_by_the_service(company: Company) -> None:
    key = company.mailbox(ANN)
    company.update("mailbox", key, password=PASSWORD, testemailconfigurationscheduled=True)
    assert mailbox(company)["enabledforincomingemail"] is False
    tend(company.context)
    row = mailbox(company)
    assert (row["testemailconfigurationscheduled"], row["enabledforincomingemail"]) == (False, True)
    assert run_scheduled_tests(company.context) == []


def test_one_test_that_can_not_be_carried_out_keeps_no_other_waiting(company: Company) -> None:
    for address in (ANN, SALES):
        company.update("mailbox", company.mailbox(address), testemailconfigurationscheduled=True)
    # Sealed for another place, as if somebody had copied it there: it can't be opened.
    database = company.context.database
    with database.write() as connection:
        connection.exec_driver_sql(
            "update mailbox set password = 'v1:test:AAAA' where emailaddress = 'ann@corp.example'"
        )
    reports = {report.address: report for report in run_scheduled_tests(company.context)}
    assert reports[SALES].status is RunStatus.SUCCESS
    assert "can't be opened" in failed(reports[ANN], IN).said
    assert mailbox(company)["testemailconfigurationscheduled"] is False


@on_sqlite
def test_the_command_shows_each_step_and_ends_with_the_outcome(
    company: Company, cli: Callable[..., tuple[int, str]]
) -> None:
    status, shown = cli("mailbox", "test", SALES)
    assert status == 0
    assert "out ok" in shown
    assert "send to itself: " in shown
    assert "FAIL" not in shown
    company.server.open_account(ANN, "another one")
    status, shown = cli("mailbox", "test", ANN, SALES)
    assert status == 3, "done in part"
    assert "in  FAIL" in shown
    status, shown = cli("mailbox", "test", ANN, "--json")
    assert status == 1
    (report,) = json.loads(shown)
    assert (report["emailaddress"], report["status"]) == (ANN, "Failure")
    assert [step["ok"] for step in report["steps"] if step["workload"] == "incoming"][-1] is False
    assert PASSWORD not in shown


@on_sqlite
def test_a_failure_is_told_without_secrets_in_its_traceback(company: Company) -> None:
    company.server.open_account(ANN, "another one")
    setup = access.read_setup(company.context, company.mailbox(ANN))
    with pytest.raises(SignInRejected) as caught:
        access.open_source(company.context, setup)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
