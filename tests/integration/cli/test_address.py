"""The commands on addresses: show, resolve, forget."""

import json
from uuid import uuid4

import pytest
from tests.support.commands import Cli
from tests.support.company import Company
from tests.support.ledgers import CARL, SALES, STRANGER, everything_in, from_stranger, take_in, the_email


def test_an_address_is_shown_resolved_and_forgotten(company: Company, cli: Cli) -> None:
    take_in(company, SALES, from_stranger(to=(SALES,)))
    assert json.loads(cli("address", "show", STRANGER.upper(), "--json")[1]) == {
        "address": STRANGER,
        "records": [],
        "unresolved": 1,
        "reports": [],
    }
    carl = str(company.ids["carl"])
    assert cli("address", "resolve", f" {STRANGER.title()} ", f"Contact:{carl}")[0] == 0
    answer = json.loads(cli("address", "show", STRANGER, "--json")[1])
    assert answer["unresolved"] == 0
    assert answer["records"] == [
        {"table": "contact", "id": carl, "name": "Customer, Carl", "active": True, "chosen": True}
    ]
    assert the_email(company)["emailsender"] == company.ids["carl"]
    assert cli("address", "forget", STRANGER)[0] == 0
    assert json.loads(cli("address", "show", STRANGER, "--json")[1])["records"] == []
    assert cli("address", "forget", STRANGER)[0] == 0


def test_candidates_are_lines_in_words(company: Company, cli: Cli) -> None:
    company.create("lead", lastname="Carl too", emailaddress1=CARL)
    status, out = cli("address", "show", CARL)
    lines = [line.split("\t") for line in out.splitlines()]
    assert (status, lines[0]) == (0, ["table", "id", "name", "active", "chosen"])
    assert {line[0] for line in lines[1:3]} == {"contact", "lead"}


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ("contact", "names no record: write TABLE:ID"),
        ("contact:7", "names no record: write TABLE:ID"),
        ("invoice:00000000-0000-0000-0000-000000000007", "An address can stand for a record of"),
        ("email:00000000-0000-0000-0000-000000000007", "An address can stand for a record of"),
    ],
)
def test_wrong_input_ends_with_2_and_a_sentence(
    company: Company, cli: Cli, record: str, sentence: str
) -> None:
    before = everything_in(company)
    status, out = cli("address", "resolve", STRANGER, record)
    assert (status, sentence in out, "Traceback" in out) == (2, True, False), out
    assert everything_in(company) == before


def test_a_record_that_is_not_there_ends_with_1(company: Company, cli: Cli) -> None:
    before = everything_in(company)
    status, out = cli("address", "resolve", STRANGER, f"contact:{uuid4()}")
    assert (status, "no Contact" in out, "Traceback" in out) == (1, True, False), out
    status, out = cli("address", "resolve", " ", f"contact:{company.ids['carl']}")
    assert (status, "Name the address" in out) == (1, True)
    assert everything_in(company) == before
