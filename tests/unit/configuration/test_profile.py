"""What a server profile may hold, and the ports that it gets by itself."""

from typing import Any

import pytest

from postroom.configuration.profile import filled_in, left_open_by, problems_of

POP3 = {"servertype": 1, "incomingserverlocation": "pop.example", "outgoingserverlocation": "smtp.example"}
EXCHANGE = {"servertype": 0, "useautodiscover": True}
EWS = "https://mail.example/EWS/Exchange.asmx"
NO_OUT = {"outgoingserverlocation": ""}


def codes(**changed: Any) -> list[int]:
    problems = problems_of({**POP3, **changed})
    assert all(problem.column and str(problem).endswith(".") for problem in problems)
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"incomingserverlocation": ""}, 0x8005E24B),
        ({"outgoingserverlocation": None}, 0x8005E24C),
        ({"incomingserverlocation": "https://pop.example"}, 0x8005E20A),
        ({"outgoingserverlocation": "smtp.example:25"}, 0x8005E20A),
        ({"outgoingserverlocation": "smtp.example/in"}, 0x8005E20A),
        ({"outgoingserverlocation": " smtp.example"}, 0x8005E20A),
        ({"outgoingserverlocation": "a@smtp.example"}, 0x8005E20A),
        ({"outgoingserverlocation": "smtp.example\r\nX: y"}, 0x8005E20A),
        ({"outgoingserverlocation": "::1:zz"}, 0x8005E20A),
        ({"incominguseimpersonation": True}, 0x8005E236),
        ({"outgoinguseimpersonation": True}, 0x8005E236),
        ({"outgoingautograntdelegateaccess": True}, 0x8005E235),
        (
            {**EXCHANGE, "outgoingserverlocation": "https://mail.example", "incomingserverlocation": ""},
            0x8005E205,
        ),
    ],
)
def test_each_broken_rule_has_its_code_and_its_column(changed: dict[str, Any], code: int) -> None:
    assert codes(**changed) == [code]


def test_autodiscovery_is_for_exchange_only() -> None:
    places = {"incomingserverlocation": None, "outgoingserverlocation": None}
    assert codes(useautodiscover=True, **places) == [0x8005E204]
    assert codes(**EXCHANGE, **places) == []


@pytest.mark.parametrize("place", ["mail.example", "ftp://mail.example/x", "https://", "https://a b/x"])
def test_an_exchange_server_is_named_by_its_url(place: str) -> None:
    assert codes(servertype=0, incomingserverlocation=place, **NO_OUT) == [0x8005E20A]
    assert codes(servertype=0, incomingserverlocation=EWS, outgoingserverlocation=place) == [0x8005E20A]


def test_an_exchange_server_of_ones_own_has_to_be_named_or_found() -> None:
    for kind in (0, 2):
        assert codes(servertype=kind, incomingserverlocation="", **NO_OUT) == [0x8005E24B]


def test_exchange_needs_credentials() -> None:
    for side in ("incoming", "outgoing"):
        places = {"incomingserverlocation": EWS, **NO_OUT}
        assert codes(servertype=3, **places, **{f"{side}credentialretrieval": 4}) == [0x8005E203]
    assert codes(outgoingcredentialretrieval=4) == [], "an SMTP relay may need none"


@pytest.mark.parametrize("place", ["pop.example", "10.0.0.1", "::1", "[2001:db8::1]", "fe80::1%2"])
def test_a_host_is_a_name_or_an_address(place: str) -> None:
    assert codes(incomingserverlocation=place) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"outgoingserverlocation": "", "usesamesettingsforoutgoingconnections": True},
        {"incomingserverlocation": "", "outgoingserverlocation": "", "defaultserverlocation": "mail.example"},
        {"servertype": 3, "incomingserverlocation": "", "outgoingserverlocation": ""},
        {"servertype": 0, "incomingserverlocation": "", "defaultserverlocation": EWS, **NO_OUT},
        {"servertype": 2, "incomingserverlocation": EWS, **NO_OUT},
    ],
)
def test_a_location_may_be_left_out_where_another_one_serves(changed: dict[str, Any]) -> None:
    assert codes(**changed) == []


def test_ports_follow_from_type_and_encryption_unless_they_are_given() -> None:
    assert filled_in({"servertype": 1}) == {"incomingportnumber": 995, "outgoingportnumber": 587}
    plain = {"servertype": 1, "incomingusessl": False, "outgoingusessl": False}
    assert filled_in(plain) == {"incomingportnumber": 110, "outgoingportnumber": 25}
    assert filled_in({"servertype": 1, "incomingportnumber": 1995}) == {"outgoingportnumber": 587}
    assert filled_in({"servertype": 0}) == {}


def test_a_port_that_was_the_usual_one_follows_a_change_of_encryption() -> None:
    before = {"incomingusessl": True, "incomingportnumber": 995, "outgoingportnumber": 2525}
    assert left_open_by(before, {"incomingusessl": False}) == {"incomingportnumber": None}
    assert left_open_by(before, {"incomingusessl": False, "incomingportnumber": 995}) == {}
    assert left_open_by(before, {"outgoingusessl": False}) == {}, "somebody chose this one"
    assert left_open_by(before, {"name": "x"}) == {}
