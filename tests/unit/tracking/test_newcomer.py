"""Of which unknown senders a record is made."""

from typing import Any

import pytest
from tests.support.cases import a_mail, ann, arrived_mail, carl, sales

from postroom.mime.message import Address
from postroom.mime.nature import Nature
from postroom.schema.choices import AutoCreate, MessageKind, Reason
from postroom.tracking.facts import Direction, Known, Policy
from postroom.tracking.newcomer import Newcomer, names_of, newcomer_of
from postroom.tracking.resolution import Sender
from postroom.tracking.verdict import Verdict

WANTS_CONTACT = ann(auto_create=AutoCreate.CONTACT)


def made(
    acceptor: Known | None = WANTS_CONTACT,
    sender: str = "new@x.example",
    match: Sender = Sender(None),  # noqa: B008 - a frozen value
    *,
    track: bool = True,
    policy: Policy = Policy(),  # noqa: B008 - a frozen value
    **arrived: Any,
) -> Newcomer | None:
    verdict = Verdict(track=track, reason=Reason.ACCEPT_ALL, acceptor=acceptor)
    return newcomer_of(arrived_mail(a_mail(sender=sender), **arrived), verdict, match, policy)


def test_the_accepting_user_decides_what_is_made() -> None:
    assert made() == Newcomer("contact", Address("new@x.example"))
    lead = made(ann(auto_create=AutoCreate.LEAD))
    assert lead
    assert lead.table == "lead"
    assert made(ann()) is None
    assert made(sales()) is None
    assert made(None) is None


def test_nothing_is_made_of_a_sender_who_is_known_or_might_be() -> None:
    assert made(match=Sender(carl())) is None
    assert made(match=Sender(None, ambiguous=True)) is None


def test_nothing_is_made_where_the_organization_or_the_verdict_forbids() -> None:
    assert made(policy=Policy(auto_create=False)) is None
    assert made(track=False) is None
    assert made(direction=Direction.OUTGOING) is None


@pytest.mark.parametrize("kind", MessageKind)
def test_nothing_is_made_of_programs(kind: MessageKind) -> None:
    is_person = kind in (MessageKind.ORDINARY, MessageKind.MEETING)
    assert (made(nature=Nature(kind)) is not None) is is_person


@pytest.mark.parametrize("sender", ["No-Reply@x.example", "mailer-daemon@x.example", "noreply@x.example"])
def test_nothing_is_made_of_addresses_behind_which_is_nobody(sender: str) -> None:
    assert made(sender=sender) is None


@pytest.mark.parametrize(
    ("shown", "names"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace")),
        ("Ada", ("", "Ada")),
        ("Lovelace, Ada King", ("Ada King", "Lovelace")),
        ("Lovelace, Ada, Dr.", ("Lovelace, Ada,", "Dr.")),
        ("  Ada   King  Lovelace ", ("Ada King", "Lovelace")),
        ("ada@x.example", ("", "ada@x.example")),
        ("", ("", "ada@x.example")),
        ("Lovelace,", ("", "Lovelace,")),
    ],
)
def test_names_come_from_what_the_sender_shows(shown: str, names: tuple[str, str]) -> None:
    assert names_of(Address("ada@x.example", shown)) == names


@pytest.mark.parametrize("shown", ["Lovelace Ada King", " Lovelace  Ada King ", "Lovelace, Ada King"])
def test_the_last_name_may_be_the_one_that_stands_first(shown: str) -> None:
    assert names_of(Address("ada@x.example", shown), last_name_first=True) == ("Ada King", "Lovelace")
    assert names_of(Address("ada@x.example", "Ada"), last_name_first=True) == ("", "Ada")
