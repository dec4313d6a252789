"""The commands track, untrack and regard: what they take, what they print, how they end."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from tests.support.commands import Cli
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
    reasons_of,
    take_in,
    the_email,
)
from tests.support.mail import a_message

from postroom.schema.choices import Reason, SetBy
from postroom.schema.decision import Decision
from postroom.store import decisions


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with mail of a stranger."""
    path = tmp_path / "mail.eml"
    path.write_bytes(from_stranger())
    return path


def test_a_file_is_tracked_and_explained(company: Company, cli: Cli, file: Path) -> None:
    assert cli("track", str(file), "--mailbox", ANN)[0] == 0
    email = the_email(company)
    status, out = cli("explain", str(email["activityid"]), "--json")
    (answer,) = json.loads(out)
    assert (status, answer["reason"], answer["email"]) == (0, "TrackedByPerson", str(email["activityid"]))
    check_log(company)


def test_a_sent_file_is_tracked_with_what_it_regards(company: Company, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "sent.eml"
    path.write_bytes(a_message(sender=ANN, to=(STRANGER,), message_id="out@corp.example"))
    record = f"account:{company.ids['account']}"
    assert cli("track", str(path), "--mailbox", ANN, "--sent", "--regarding", record)[0] == 0
    email = the_email(company)
    assert (email["directioncode"], email["regardingobjectid"]) == (True, company.ids["account"])


def test_a_file_needs_a_mailbox_and_must_be_a_message(company: Company, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "letter.eml"
    path.write_bytes(b"no mail at all")
    before = everything_in(company)
    for arguments, sentence in (
        ([str(path)], "name it with --mailbox ADDRESS"),
        ([str(path), "--mailbox", "nobody@corp.example"], "no mailbox with the address nobody@corp.example"),
        ([str(path), "--mailbox", ANN], "postroom: "),
        ([str(tmp_path), "--mailbox", ANN], "No mailbox of this store has seen such a message."),
    ):
        status, out = cli("track", *arguments)
        assert (status, sentence in out, "Traceback" in out) == (1, True, False), out
    assert everything_in(company) == before


@pytest.mark.parametrize("named", ["one@stranger.example", "<one@stranger.example>", "decision"])
def test_a_seen_message_is_tracked_by_its_id(company: Company, cli: Cli, named: str) -> None:
    take_in(company, ANN, from_stranger())
    (decision,) = decisions_of(company)
    wanted = str(decision["postroom_decisionid"]) if named == "decision" else named
    status, out = cli("track", wanted)
    assert status == 0, out
    assert the_email(company)["postroom_trackedby"] == SetBy.PERSON
    assert reasons_of(company) == [Reason.TRACKED_BY_PERSON]
    check_log(company)


def test_of_two_mailboxes_the_one_named_is_asked(company: Company, cli: Cli) -> None:
    company.update("queue", company.ids["sales"], incomingemailfilteringmethod=4)
    for address in (ANN, SALES):
        take_in(company, address, from_stranger(to=(ANN, SALES)))
    assert cli("track", "one@stranger.example", "--mailbox", ANN)[0] == 0
    assert the_email(company)["receivingmailboxid"] == company.mailbox(ANN)
    assert reasons_of(company, SALES) == [Reason.NO_CORRELATION_MATCH]


def test_what_can_t_be_tracked_is_told_in_a_sentence(company: Company, cli: Cli) -> None:
    take_in(company, ANN, from_stranger(), from_carl())
    company.server.delete(ANN, [kept.uidl for kept in company.server.list(ANN)])
    email = the_email(company)["activityid"]
    for wanted, sentence in (
        ("one@stranger.example", "no longer on the server"),
        ("one@contoso.example", f"tracked already, as e-mail {email}"),
        (str(email), f"tracked already, as e-mail {email}"),
        ("nothing@like.it", "No mailbox of this store has seen such a message."),
        (str(uuid4()), "No mailbox of this store has seen such a message."),
    ):
        status, out = cli("track", wanted)
        assert (status, sentence in out, "Traceback" in out) == (1, True, False), out


def test_an_email_whose_decision_was_let_go_is_tracked_already(company: Company, cli: Cli) -> None:
    take_in(company, ANN, from_carl())
    with company.context.database.write() as connection:
        decisions.purge(connection, datetime(2100, 1, 1, tzinfo=UTC))
        assert connection.scalar(sa.select(sa.func.count()).select_from(Decision)) == 0
    status, out = cli("track", "one@contoso.example")
    assert (status, "tracked already" in out) == (1, True), out


@pytest.mark.parametrize("named", ["Message-ID", "e-mail", "decision"])
def test_an_email_is_untracked_by_any_of_its_ids(company: Company, cli: Cli, named: str) -> None:
    take_in(company, ANN, from_carl())
    (decision,) = decisions_of(company)
    wanted = {
        "Message-ID": "<one@contoso.example>",
        "e-mail": str(decision["emailid"]),
        "decision": str(decision["postroom_decisionid"]),
    }[named]
    status, out = cli("untrack", wanted)
    assert status == 0, out
    assert company.rows("email") == []
    status, out = cli("untrack", wanted)
    assert (status, "no tracked e-mail" in out) == (1, True)
    assert reasons_of(company) == [Reason.UNTRACKED_BY_PERSON]


def test_several_emails_are_untracked_at_once_and_those_that_cannot_be_are_told(
    company: Company, cli: Cli
) -> None:
    ids = [f"{number}@contoso.example" for number in range(3)]
    take_in(company, ANN, *(from_carl(message_id=each) for each in ids))
    status, out = cli("untrack", ids[0], "nothing@like.it", ids[1])
    assert (status, "no tracked e-mail nothing@like.it" in out) == (3, True), out
    assert [row["messageid"] for row in company.rows("email")] == [ids[2]]


def test_where_both_ways_of_a_message_are_tracked_one_must_be_named(
    company: Company, cli: Cli, tmp_path: Path
) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(a_message(sender=ANN, to=(SALES,), message_id="both@corp.example"))
    assert cli("track", str(path), "--mailbox", ANN, "--sent")[0] == 0
    assert cli("track", str(path), "--mailbox", SALES)[0] == 0
    status, out = cli("untrack", "both@corp.example")
    assert (status, "Several e-mails" in out) == (1, True)
    emails = [str(row["activityid"]) for row in company.rows("email")]
    assert all(email in out for email in emails)
    assert cli("untrack", emails[0])[0] == 0
    assert len(company.rows("email")) == 1


def test_what_an_email_regards_is_said_and_taken_back(company: Company, cli: Cli) -> None:
    take_in(company, ANN, from_carl())
    record = f"Account: {company.ids['account']}"
    assert cli("regard", "one@contoso.example", record)[0] == 0
    assert the_email(company)["regardingobjectid"] == company.ids["account"]
    assert cli("regard", "one@contoso.example", "none")[0] == 0
    email = the_email(company)
    assert (email["regardingobjectid"], email["postroom_regardingby"]) == (None, SetBy.PERSON)


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ("account", "names no record: write TABLE:ID"),
        ("account:7", "names no record: write TABLE:ID"),
        (":00000000-0000-0000-0000-000000000007", "An e-mail can regard a record of"),
        ("mailbox:00000000-0000-0000-0000-000000000007", "An e-mail can regard a record of"),
        ("", "names no record: write TABLE:ID"),
    ],
)
def test_wrong_input_ends_with_2_and_a_sentence(
    company: Company, cli: Cli, file: Path, record: str, sentence: str
) -> None:
    take_in(company, ANN, from_carl())
    before = everything_in(company)
    commands: list[tuple[str, ...]] = [("regard", "one@contoso.example", record)]
    if record:
        commands.append(("track", str(file), "--mailbox", ANN, "--regarding", record))
    for command in commands:
        status, out = cli(*command)
        assert (status, sentence in out, "Traceback" in out) == (2, True, False), out
    assert everything_in(company) == before


def test_a_record_that_is_not_there_changes_nothing(company: Company, cli: Cli, file: Path) -> None:
    take_in(company, ANN, from_carl())
    before = everything_in(company)
    for command in (
        ("regard", "one@contoso.example", f"account:{uuid4()}"),
        ("track", str(file), "--mailbox", ANN, "--regarding", f"account:{uuid4()}"),
    ):
        status, out = cli(*command)
        assert (status, "account" in out.lower(), "Traceback" in out) == (1, True, False), out
    assert everything_in(company) == before
