"""The command explain: in words and in JSON, and how it ends."""

import json
from pathlib import Path
from uuid import uuid4

from tests.support.commands import Cli
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    CARL,
    decisions_of,
    everything_in,
    from_carl,
    from_stranger,
    take_in,
    the_email,
)
from tests.support.mail import a_message

from postroom.schema.choices import Reason


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def test_words_say_the_verdict_first_and_every_rule_last(company: Company, cli: Cli, tmp_path: Path) -> None:
    file = written(tmp_path / "mail.eml", from_carl(cc=("nobody@x.example",)))
    before = everything_in(company)
    status, out = cli("explain", file, "--mailbox", ANN)
    assert everything_in(company) == before
    lines = out.splitlines()
    assert status == 0
    assert lines[0] == f"{ANN}: tracked, SenderMatch. {Reason.SENDER_MATCH.sentence}"
    assert f"  from {CARL}: contact {company.ids['carl']} Customer, Carl" in lines
    assert "  cc nobody@x.example: nobody known" in lines
    assert lines[-1].startswith("  - a_filter_accepts: ")
    assert all(len(line) < 200 for line in lines)


def test_a_file_needs_a_mailbox(company: Company, cli: Cli, tmp_path: Path) -> None:
    file = written(tmp_path / "mail.eml", from_carl())
    status, out = cli("explain", file)
    assert (status, "name it with --mailbox ADDRESS" in out) == (1, True)


def test_every_decision_about_a_message_is_an_entry(company: Company, cli: Cli) -> None:
    take_in(company, ANN, from_carl(), from_carl())
    status, out = cli("explain", "one@contoso.example", "--json")
    answers = json.loads(out)
    assert (status, [answer["reason"] for answer in answers]) == (0, ["SenderMatch", "Duplicate"])
    assert {answer["mailbox"] for answer in answers} == {ANN}
    assert {answer["email"] for answer in answers} == {str(the_email(company)["activityid"])}
    status, out = cli("explain", str(decisions_of(company)[1]["postroom_decisionid"]))
    assert (status, out.startswith(f"{ANN}: not tracked, Duplicate. ")) == (0, True)


def test_a_message_id_that_is_too_long_to_keep_is_found_as_its_header_has_it(
    company: Company, cli: Cli
) -> None:
    long = f"{'x' * 400}@contoso.example"
    take_in(company, ANN, from_carl(message_id=long))
    (decision,) = decisions_of(company)
    for wanted in (f"<{long}>", str(decision["messageid"])):
        status, out = cli("explain", wanted)
        assert (status, out.startswith(f"{ANN}: tracked, SenderMatch. ")) == (0, True), out
    assert cli("track", f"<{long}>")[0] == 1


def test_what_nobody_has_seen_ends_with_1(company: Company, cli: Cli) -> None:
    for wanted in ("nothing@like.it", str(uuid4()), "no-such-file.eml"):
        status, out = cli("explain", wanted)
        assert (status, "no mailbox of this store has seen it" in out) == (1, True)
        assert cli("explain", wanted, "--json") == (1, "[]\n")


def test_a_file_that_is_no_message_is_explained_too(company: Company, cli: Cli, tmp_path: Path) -> None:
    for data in (b"", b"no mail at all"):
        status, out = cli("explain", written(tmp_path / "x.eml", data), "--mailbox", ANN)
        assert (status, "not tracked, Malformed" in out) == (0, True), out


def test_a_sent_file_is_explained_as_sent(company: Company, cli: Cli, tmp_path: Path) -> None:
    file = written(tmp_path / "mail.eml", a_message(sender=ANN, to=(CARL,)))
    (answer,) = json.loads(cli("explain", file, "--mailbox", ANN, "--sent", "--json")[1])
    assert (answer["direction"], answer["reason"]) == ("sent", "RecipientMatch")


def test_what_strangers_write_can_t_move_the_cursor(company: Company, cli: Cli, tmp_path: Path) -> None:
    company.create("contact", lastname="Sam\x1b[2J\x9b1m", emailaddress1="sam@stranger.example")
    data = from_stranger(message_id="a\x1b[31m\u009b2Jb@x")
    file = written(tmp_path / "mail.eml", data)
    take_in(company, ANN, data)
    (decision,) = decisions_of(company)
    for wanted in ((file, "--mailbox", ANN), (str(decision["postroom_decisionid"]),)):
        status, out = cli("explain", *wanted)
        assert status == 0
        assert not {"\x1b", "\x9b"} & set(out)
