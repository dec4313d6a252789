"""The command rescan: what it shows, that it changes nothing unasked, how it ends."""

import json

import pytest
from tests.support.commands import Cli
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    check_log,
    everything_in,
    from_carl,
    from_stranger,
    set_filter,
    take_in,
    the_email,
)

from postroom.sandbox.faults import Fault, Misbehaviour

#: The message by which the mailbox was tested lies there, too.
TEST = 1


def scan(cli: Cli, *more: str, since: str = "2020-01-01") -> tuple[int, str]:
    return cli("rescan", "--mailbox", ANN, "--since", since, *more)


def fill(company: Company, count: int = 2) -> None:
    """Receive mail that is not tracked, and then want it."""
    take_in(company, ANN, *(from_stranger(f"{number}@stranger.example") for number in range(count)))
    set_filter(company, 0)


def test_without_apply_it_only_says_what_would_be(company: Company, cli: Cli) -> None:
    fill(company)
    before = everything_in(company)
    status, out = scan(cli, "--json")
    assert everything_in(company) == before
    answer = json.loads(out)
    assert status == 0
    assert answer["reasons"] == {"TestMessage": 1, "AcceptAll": 2}
    assert [row["messageid"] for row in answer["messages"]] == [f"{n}@stranger.example" for n in range(2)]
    told = ("mailbox", "since", "applied", "seen", "tracked", "gone", "failure")
    assert [answer[name] for name in told] == [ANN, "2020-01-01T00:00:00Z", False, 2 + TEST, 2, 0, None]


def test_with_apply_it_tracks(company: Company, cli: Cli) -> None:
    fill(company, 1)
    status, out = scan(cli, "--apply", "--json")
    answer = json.loads(out)
    assert (status, answer["applied"], answer["tracked"]) == (0, True, 1)
    assert answer["messages"][0]["email"] == str(the_email(company)["activityid"])
    assert json.loads(scan(cli, "--apply", "--json")[1])["tracked"] == 0
    check_log(company)


def test_in_words_every_message_is_a_line(company: Company, cli: Cli) -> None:
    fill(company)
    status, out = scan(cli)
    lines = out.splitlines()
    assert (status, len(lines)) == (0, 3)
    assert lines[0].startswith("messageid\t")
    assert lines[1].startswith("0@stranger.example\t")


def test_mail_before_the_date_is_not_looked_at(company: Company, cli: Cli) -> None:
    arrived = [("Received", "from x by y; 5 Feb 2026 10:00:00 +0000")]
    take_in(company, ANN, from_stranger(headers=arrived))
    set_filter(company, 0)
    for since, seen in (("2026-02-05T10:00Z", 1), ("2026-02-05T11:00+01:00", 1), ("2026-02-05T10:01", 0)):
        answer = json.loads(scan(cli, "--json", since=since)[1])
        assert answer["tracked"] == seen, since


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "", "05.02.2026", "0001-01-01T00:00+05:00"])
def test_what_is_no_date_ends_with_2(company: Company, cli: Cli, since: str) -> None:
    status, out = scan(cli, since=since)
    assert (status, "is no date: write 2026-05-01" in out, "Traceback" in out) == (2, True, False), out


def test_a_mailbox_that_is_not_there_or_not_approved_ends_with_1(company: Company, cli: Cli) -> None:
    status, out = cli("rescan", "--mailbox", "nobody@corp.example", "--since", "2026-01-01")
    assert (status, "no mailbox with the address" in out) == (1, True)
    company.update("mailbox", company.mailbox(ANN), emailrouteraccessapproval=0)
    status, out = scan(cli)
    assert (status, "approved" in out, "Traceback" in out) == (1, True, False), out


def test_a_server_that_breaks_in_the_middle_ends_with_3(company: Company, cli: Cli) -> None:
    fill(company, 4)
    take_in(company, ANN, from_carl())
    company.pop3.faults.add(Fault(Misbehaviour.CLOSE, ANN, at=3, after=10, times=1))
    status, out = scan(cli, "--apply", "--json")
    answer = json.loads(out)
    assert (status, answer["seen"]) == (3, 2)
    assert answer["failure"]
    check_log(company)
    assert scan(cli, "--apply")[0] == 0
    assert len(company.rows("email")) == 5
    check_log(company)


def test_a_server_that_gives_nothing_ends_with_1(company: Company, cli: Cli) -> None:
    fill(company)
    before = everything_in(company)
    company.pop3.faults.add(Fault(Misbehaviour.CLOSE, ANN, at=1, after=10, times=1))
    status, out = scan(cli, "--apply", "--json")
    assert (status, json.loads(out)["seen"]) == (1, 0)
    company.pop3.faults.add(Fault(Misbehaviour.REFUSE, ANN, times=1))
    status, out = scan(cli, "--apply")
    assert (status, "Traceback" in out) == (1, False)
    assert everything_in(company) == before
