"""What the commands say about how mailboxes and servers are."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.support.commands import Cli
from tests.support.company import PASSWORD, Company, on_sqlite
from tests.support.mail import a_message

from postroom.schema.choices import CircuitState
from postroom.store import circuits

ANN = "ann@corp.example"


@pytest.fixture
def outage(company: Company) -> str:
    """A server that can't be reached since an hour ago, with ann's receiving behind it."""
    server, now = f"127.0.0.1:{company.pop3.port}", company.clock.at
    with company.context.database.write() as connection:
        row = circuits.get_or_make(connection, company.ids["profile"], server)
        opened = {
            "state": int(CircuitState.OPEN),
            "cause": 1,
            "strikes": 3,
            "openedon": now - timedelta(hours=1),
            "retryon": now + timedelta(days=1),
            "lasterror": "Nothing listens there.",
        }
        circuits.write(connection, row["postroom_circuitid"], opened)
        profile = company.rows("emailserverprofile")[0]
        circuits.have_wait(connection, profile, server, row["postroom_circuitid"], "It waits.")
    return server


def shown(cli: Cli, *words: str) -> Any:
    status, out = cli(*words)
    assert status == 0, out
    return json.loads(out)


def test_the_status_names_servers_that_do_not_serve_and_what_waits_for_them(cli: Cli, outage: str) -> None:
    found = shown(cli, "status", "--json")

    (circuit,) = found["open_circuits"]
    assert (circuit["server"], circuit["waiting"]) == (outage, 2)
    assert circuit["said"] == "Nothing listens there."
    waiting = {row["workload"]: row["count"] for row in found["workloads"] if "server" in row["state"]}
    assert waiting == {"incoming": 2}
    assert {row["workload"] for row in found["next"]} == {"outgoing"}


@on_sqlite
def test_the_status_is_readable_by_people_too(cli: Cli, outage: str) -> None:
    status, out = cli("status")

    assert status == 0
    assert "Open circuits:" in out
    assert outage in out


@on_sqlite
def test_a_mailbox_shows_the_server_it_waits_for(cli: Cli, outage: str) -> None:
    found = shown(cli, "mailbox", "show", ANN, "--json")

    assert [circuit["server"] for circuit in found["circuits"]] == [outage]


def test_the_details_of_a_mailbox_hold_no_mail_and_no_password(company: Company, cli: Cli) -> None:
    company.server.deliver(ANN, a_message(to=[ANN], subject="Top secret", sender="carl@contoso.example"))
    status, _ = cli("run-once", "--mailbox", ANN)
    assert status == 0

    _, out = cli("mailbox", "details", ANN, "--json")

    found = json.loads(out)
    assert found["mailbox"]["emailaddress"] == ANN
    assert {row["workload"] for row in found["workloads"]} == {0, 1, 2}
    assert found["passes"][0]["itemsprocessed"] >= 0
    assert "Top secret" not in out
    assert PASSWORD not in out
    _, text = cli("mailbox", "details", ANN)
    assert "## Last pass (times in UTC)" in text
