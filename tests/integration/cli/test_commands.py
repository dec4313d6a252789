"""Commands run on a real store: what they print, and how they end."""

import json
import logging
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import structlog

from postroom.cli.entry import run
from postroom.configuration.switch import Switch
from postroom.schema.organization import Organization
from postroom.store.database import Database
from postroom.store.records import ORGANIZATION_ID

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def postroom(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command and return its exit status and what it printed; the store is set up."""
    monkeypatch.setenv("POSTROOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("POSTROOM_DATABASE_URL", database_url)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def postroom(*arguments: str) -> tuple[int, str, str]:
        status = run(arguments)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    assert postroom("init") == (0, "", "")
    yield postroom
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def document(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    def document(content: dict[str, Any]) -> str:
        path = tmp_path / "document.json"
        path.write_text(json.dumps(content))
        return str(path)

    return document


QUEUE = {
    "queues": [
        {
            "name": "Support",
            "emailaddress": "support@example.org",
            "incomingemaildeliverymethod": 2,
            "outgoingemaildeliverymethod": 2,
        }
    ]
}


def test_init_makes_what_is_missing_and_leaves_what_is_there(postroom: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    key = (home / "secret.key").read_bytes()
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert postroom("init")[0] == 0
    assert (home / "secret.key").read_bytes() == key


def test_a_store_that_is_not_set_up_says_how_to_set_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTROOM_HOME", str(tmp_path))
    monkeypatch.delenv("POSTROOM_DATABASE_URL", raising=False)
    assert run(["query", "emails"]) == 1
    assert "`postroom init` makes one" in capsys.readouterr().err


def test_records_go_in_and_come_out_again(postroom: Run, document: Callable[..., str]) -> None:
    status, out, err = postroom("load", document(QUEUE), "--json")
    assert (status, err) == (0, "")
    (loaded,) = json.loads(out)
    assert loaded["done"] == "created"
    status, out, _ = postroom(
        "query", "queues", "--filter", "name eq 'support'", "--select", "name", "--json"
    )
    assert json.loads(out) == [{"queueid": loaded["id"], "name": "Support"}]
    status, out, _ = postroom("query", "queues", "--select", "name")
    assert out == f"queueid\tname\n{loaded['id']}\tSupport\n"


def test_a_query_that_finds_nothing_is_an_empty_list(postroom: Run) -> None:
    assert postroom("query", "emails", "--json") == (0, "[]\n", "")
    assert postroom("query", "emails") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["query", "email"], "Did you mean emails?"),
        (["query", "emails", "--filter", "sbject eq 'x'"], "Did you mean subject?"),
        (["query", "emails", "--top", "many"], "expected a whole number"),
        (["query", "emails", "--frobnicate"], "No such option"),
        (["frobnicate"], "No such command"),
        (["mailbox", "show"], "Missing argument"),
        (["quarantine", "show", "7"], "UUID"),
    ],
)
def test_wrong_use_ends_with_2_and_a_hint(postroom: Run, arguments: list[str], problem: str) -> None:
    status, out, err = postroom(*arguments)
    assert (status, out) == (2, "")
    assert problem in err
    assert "Traceback" not in err


def test_what_can_t_be_done_ends_with_1_and_every_problem(
    postroom: Run, document: Callable[..., str], tmp_path: Path
) -> None:
    status, out, err = postroom("load", document({"queues": [{"nam": "x"}], "emales": []}))
    assert (status, out) == (1, "")
    assert "postroom: queues[0].nam: queue has no column 'nam'. Did you mean name?" in err
    assert "postroom: There is no set 'emales'. Did you mean emails" in err
    (tmp_path / "broken.json").write_text("{")
    assert "is not JSON" in postroom("load", str(tmp_path / "broken.json"))[2]
    assert "can't be read" in postroom("load", str(tmp_path / "none.json"))[2]
    assert "must hold an object of sets" in postroom("load", document([]))[2]  # type: ignore[arg-type]
    assert "There is no mailbox" in postroom("mailbox", "show", "nobody@example.org")[2]


def test_a_mailbox_says_what_keeps_it_from_being_processed(
    postroom: Run, document: Callable[..., str]
) -> None:
    postroom("load", document(QUEUE))
    status, out, _ = postroom("mailbox", "list", "--json")
    (mailbox,) = json.loads(out)
    assert mailbox["emailaddress"] == "support@example.org"
    assert mailbox["incoming"].startswith("The mailbox has no server profile.")
    status, out, _ = postroom("mailbox", "show", "SUPPORT@example.org")
    assert status == 0
    assert "The mailbox has no server profile." in out
    status, out, _ = postroom("mailbox", "show", mailbox["mailboxid"], "--json")
    said = {workload["gapreason"] for workload in json.loads(out)["workloads"]}
    assert "Not processed: The mailbox has no server profile." in said


def test_passwords_are_never_printed(postroom: Run, document: Callable[..., str]) -> None:
    mailbox = {"emailaddress": "support@example.org", "username": "u", "password": "hunter2"}
    postroom("load", document({**QUEUE, "mailboxes": [mailbox]}))
    for arguments in (["mailbox", "show", "support@example.org", "--json"], ["query", "mailboxes", "--json"]):
        assert "hunter2" not in postroom(*arguments)[1]
    assert "1 open with the key" in postroom("doctor")[1]


def test_the_quarantine_and_the_outbox_start_empty_and_know_no_strangers(postroom: Run) -> None:
    stranger = str(uuid4())
    assert postroom("quarantine", "list", "--json") == (0, "[]\n", "")
    assert postroom("outbox", "list", "--json") == (0, "[]\n", "")
    for command in (
        ["quarantine", "show", stranger],
        ["quarantine", "retry", stranger],
        ["quarantine", "drop", stranger],
        ["outbox", "settle", stranger],
        ["outbox", "resend", stranger],
    ):
        status, _, err = postroom(*command)
        assert status == 1
        assert stranger in err


def test_an_email_that_waits_is_in_the_outbox(postroom: Run, document: Callable[..., str]) -> None:
    email = {
        "subject": "Off[bold]er\u001b[31m",
        "directioncode": True,
        "statuscode": 6,
        "email_activity_parties": [
            {"partyid_queue@odata.bind": "/queues(name='Support')", "participationtypemask": 1},
            {"addressused": "eve@example.net", "participationtypemask": 2},
        ],
    }
    postroom("load", document({**QUEUE, "emails": [email]}))
    _, out, _ = postroom("outbox", "list")
    assert "Off[bold]er [31m" in out
    assert "Pending Send" in out
    assert "\u001b" not in out
    _, out, _ = postroom("status", "--json")
    counts = {row["what"]: row["count"] for row in json.loads(out)["counts"]}
    assert counts["e-mails waiting to be sent"] == 1


def test_the_doctor_names_what_is_wrong(
    postroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = postroom("doctor", "--json")
    assert status == 0
    assert all(finding["ok"] for finding in json.loads(out))
    (tmp_path / "home" / "secret.key").chmod(0o644)
    status, out, _ = postroom("doctor")
    assert status == 1
    assert "Others may read the key file" in out
    monkeypatch.setenv("POSTROOM_MAIL_BATCH_SIZ", "1")
    status, out, _ = postroom("doctor")
    assert status == 1
    assert "Did you mean POSTROOM_MAIL_BATCH_SIZE?" in out


def test_a_lost_key_is_noticed_by_the_doctor(
    postroom: Run, document: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    postroom(
        "load", document({**QUEUE, "mailboxes": [{"emailaddress": "support@example.org", "password": "x"}]})
    )
    monkeypatch.setenv("POSTROOM_SECRET_KEY", "A" * 43 + "=")
    status, out, _ = postroom("doctor")
    assert status == 1
    assert "not at hand" in out


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("POSTROOM_SECRET_KEY", "short", "POSTROOM_SECRET_KEY"),
        ("POSTROOM_DATABASE_URL", "nonsense", "POSTROOM_DATABASE_URL is no address of a database"),
        ("POSTROOM_DATABASE_URL", "mysql://x/y", "POSTROOM"),
        ("POSTROOM_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite", "does not exist"),
    ],
)
def test_settings_that_can_t_be_used_are_named(
    postroom: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(variable, value)
    status, _, err = postroom("query", "emails")
    assert status == 1
    assert problem.lower() in err.lower()
    assert "Traceback" not in err


def test_switches_are_listed_with_what_was_changed(postroom: Run, document: Callable[..., str]) -> None:
    foreign = "<OrgSettings><IsMRUEnabled>true</IsMRUEnabled></OrgSettings>"
    organization = {"organizationid": str(ORGANIZATION_ID), "orgdborgsettings": foreign}
    assert postroom("load", document({"organizations": [organization]}))[0] == 0
    assert postroom("switch", "set", "hidetrackalloption", "true") == (0, "", "")
    assert postroom("switch", "set", "SSSForceFilteringMethodForUserMailboxes", "-1") == (0, "", "")
    out = postroom("switch", "list", "--json")[1]
    rows = {row["name"]: row for row in json.loads(out)}
    assert [name for name, row in rows.items() if row["is_changed"]] == ["HideTrackAllOption"]
    hide = rows["HideTrackAllOption"]
    assert (hide["value"], hide["default"], hide["is_obeyed"]) == (True, False, True)
    assert rows["SSSForceFilteringMethodForUserMailboxes"]["value"] == -1
    lines = postroom("switch", "list")[1].splitlines()
    assert lines[0] == "name\tvalue\tdefault\tnote\teffect"
    assert f"HideTrackAllOption\ttrue\tfalse\tchanged\t{hide['effect']}" in lines
    assert "IsMRUEnabled" in postroom("query", "organizations", "--select", "orgdborgsettings")[1]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("HideTrackAll", "true", "There is no switch 'HideTrackAll'. Did you mean HideTrackAllOption?"),
        ("?", "true", "There is no switch '?'. `postroom switch list` names them all."),
        ("HideTrackAllOption", "maybe", "HideTrackAllOption must be true or false, not 'maybe'."),
        (
            "SendEmailSynchronously",
            "-1",
            "SendEmailSynchronously must be a whole number from 0 to 1, not '-1'.",
        ),
    ],
)
def test_a_switch_or_value_that_is_none_is_wrong_use(
    postroom: Run, name: str, value: str, problem: str
) -> None:
    assert postroom("switch", "set", name, value) == (2, "", f"postroom: {problem}\n")


def test_stored_switches_that_can_t_be_read_are_told(postroom: Run, database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.update(Organization).values(orgdborgsettings="<"))
    status, out, err = postroom("switch", "list", "--json")
    assert (status, len(json.loads(out))) == (0, len(Switch))
    assert "orgdborgsettings is not well-formed XML" in err
    status, out, err = postroom("switch", "set", "HideTrackAllOption", "true")
    assert (status, out) == (1, "")
    assert "Set orgdborgsettings to null to begin anew." in err


def test_the_key_is_rotated_and_the_old_one_taken_out(
    postroom: Run, document: Callable[[dict[str, Any]], str], tmp_path: Path
) -> None:
    profiles = [
        {
            "name": name,
            "servertype": 1,
            "incomingserverlocation": "127.0.0.1",
            "outgoingserverlocation": "127.0.0.1",
            "incomingpassword": "hunter2",
        }
        for name in "ab"
    ]
    assert postroom("load", document({"emailserverprofiles": profiles})) == (0, "", "")

    assert postroom("secret", "rotate") == (0, "", "")

    rows = json.loads(postroom("secret", "list", "--json")[1])
    assert [(row["key"], row["secrets"], row["use"]) for row in rows] == [
        ("k1", 0, "opens only"),
        ("k2", 2, "seals and opens"),
    ]
    assert postroom("secret", "retire")[0] == 0
    assert (tmp_path / "home" / "secret.key").read_text().startswith("k2 ")
    assert "2 open" in postroom("doctor")[1]
    printed = postroom("secret", "make", "k7")[1]
    assert printed.startswith("k7 ")
    assert len(printed.split()) == 2


def test_a_store_goes_into_a_file_and_comes_back(
    postroom: Run,
    document: Callable[[dict[str, Any]], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert postroom("load", document(QUEUE))[0] == 0
    assert postroom("backup", str(tmp_path / "all.zip")) == (0, "", "")
    status, _, err = postroom("restore", str(tmp_path / "all.zip"))
    assert (status, "holds records already" in err) == (1, True)

    monkeypatch.setenv("POSTROOM_DATABASE_URL", f"sqlite:///{tmp_path}/another.sqlite")
    assert postroom("restore", str(tmp_path / "all.zip")) == (0, "", "")

    assert json.loads(postroom("query", "queues", "--json")[1])[0]["name"] == "Support"
    assert postroom("restore", str(tmp_path / "none.zip"))[0] == 1
