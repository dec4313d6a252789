"""Addresses and the records that persons say they stand for."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    SALES,
    STRANGER,
    check_log,
    everything_in,
    from_stranger,
    reasons_of,
    take_in,
    the_email,
)

from postroom.errors import UserError
from postroom.passes.issue import send_email
from postroom.passes.resolve import forget_choice, resolve, resolve_party, standing_of
from postroom.schema.choices import Participation, Reason


@pytest.fixture
def sam(company: Company) -> UUID:
    """A contact without an address of his own."""
    company.ids["fabrikam"] = company.create("account", name="Fabrikam")
    return company.create(
        "contact",
        firstname="Sam",
        lastname="Stranger",
        parentcustomerid=company.ids["fabrikam"],
        parentcustomeridtype="account",
    )


def standing(company: Company, address: str = STRANGER) -> Any:
    with company.context.database.read() as connection:
        return standing_of(connection, address)


def parties(company: Company, mask: Participation | None = None, **where: Any) -> list[dict[str, Any]]:
    """Return what the store has of recipients and senders that are strangers."""
    rows = company.rows("activityparty", **where)
    rows = [row for row in rows if (row["addressused"] or "").lower().startswith("sam@")]
    return [row for row in rows if mask is None or row["participationtypemask"] == mask]


def to_sales(message_id: str = "one@x", **more: Any) -> bytes:
    return from_stranger(message_id, **{"to": (SALES,), **more})


def resolve_similar(company: Company, wish: bool) -> None:
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, resolvesimilarunresolvedemailaddress=wish)


def test_every_record_that_has_an_address_is_shown_and_the_unresolved_are_counted(
    company: Company, sam: UUID
) -> None:
    take_in(company, SALES, to_sales(), to_sales("two@x", cc=(STRANGER,)))
    assert (standing(company).known, standing(company).unresolved) == ((), 3)
    twin = company.create("lead", lastname="Sam", emailaddress1=STRANGER)
    company.update("contact", sam, emailaddress2=STRANGER)
    company.update("contact", sam, statecode=1)
    shown = {known.id: (known.table, known.active, known.chosen) for known in standing(company).known}
    assert shown == {twin: ("lead", True, False), sam: ("contact", False, False)}
    resolve(company.context, STRANGER, "contact", sam)
    assert {known.id for known in standing(company).known if known.chosen} == {sam}
    assert standing(company).unresolved == 0


def test_a_choice_resolves_sender_and_recipients_there_are(company: Company, sam: UUID) -> None:
    take_in(company, SALES, to_sales(), to_sales("two@x", sender="x@y.example", cc=(STRANGER,)))
    email = the_email(company, messageid="one@x")
    assert email["emailsender"] is None
    assert resolve(company.context, STRANGER, "contact", sam, by=company.ids["ann"]) == 2
    rows = parties(company)
    assert len(rows) == 2
    for row in rows:
        assert (row["partyid"], row["partyobjecttypecode"]) == (sam, "contact")
        assert (row["partyidname"], row["addressused"]) == ("Stranger, Sam", STRANGER)
        assert (row["unresolvedpartyname"], row["postroom_unresolvedkey"]) == (None, None)
    after = the_email(company, messageid="one@x")
    assert (after["emailsender"], after["emailsenderobjecttypecode"]) == (sam, "contact")
    assert after["versionnumber"] > email["versionnumber"]
    assert the_email(company, messageid="two@x")["emailsender"] is None
    (choice,) = company.rows("postroom_addresschoice")
    assert (choice["emailaddress"], choice["chosenby"]) == (STRANGER, company.ids["ann"])


def test_the_account_of_a_resolved_sender_stands_on_the_email_too(company: Company, sam: UUID) -> None:
    take_in(company, SALES, to_sales())
    resolve(company.context, STRANGER, "contact", sam)
    email = the_email(company)
    assert (email["sendersaccount"], email["sendersaccountobjecttypecode"]) == (
        company.ids["fabrikam"],
        "account",
    )


def test_a_sender_left_open_because_of_many_matches_is_settled(company: Company, sam: UUID) -> None:
    for name in ("Sam", "Samantha"):
        company.create("lead", lastname=name, emailaddress1=STRANGER)
    organization = company.rows("organization")[0]["organizationid"]
    xml = (
        "<OrgSettings><UnresolveSenderInCaseOfMultipleMatch>true"
        "</UnresolveSenderInCaseOfMultipleMatch></OrgSettings>"
    )
    company.update("organization", organization, orgdborgsettings=xml)
    take_in(company, SALES, to_sales())
    assert the_email(company)["isduplicatesenderunresolved"] is True
    resolve(company.context, STRANGER, "contact", sam)
    email = the_email(company)
    assert (email["isduplicatesenderunresolved"], email["emailsender"]) == (False, sam)
    take_in(company, SALES, to_sales("two@x"))
    email = the_email(company, messageid="two@x")
    assert (email["isduplicatesenderunresolved"], email["emailsender"]) == (False, sam)


def test_a_choice_counts_for_mail_to_come(company: Company, sam: UUID) -> None:
    company.create("lead", lastname="Other Sam", emailaddress1=STRANGER)
    company.create("contact", lastname="Third Sam", emailaddress1=STRANGER)
    resolve(company.context, STRANGER, "contact", sam)
    take_in(company, SALES, to_sales(), to_sales("two@x", sender="x@y.example", cc=(STRANGER,)))
    assert the_email(company, messageid="one@x")["emailsender"] == sam
    assert [row["partyid"] for row in parties(company, Participation.SENDER)] == [sam]
    assert [row["partyid"] for row in parties(company, Participation.CC)] == [sam]
    check_log(company)


def test_a_choice_makes_the_sender_known_to_the_filter(company: Company, sam: UUID) -> None:
    take_in(company, ANN, from_stranger("before@x"))
    resolve(company.context, STRANGER, "contact", sam)
    take_in(company, ANN, from_stranger("after@x"))
    assert reasons_of(company) == [Reason.NO_CORRELATION_MATCH, Reason.SENDER_MATCH]
    assert the_email(company)["emailsender"] == sam


EQUAL = ["SAM@Stranger.Example", " sam@stranger.example ", "Sam@STRANGER.EXAMPLE"]


@pytest.mark.parametrize("written", EQUAL)
def test_equal_addresses_are_resolved_at_once_however_they_are_written(
    company: Company, sam: UUID, written: str
) -> None:
    take_in(company, SALES, *(to_sales(f"{n}@x", sender=one.strip()) for n, one in enumerate(EQUAL)))
    assert standing(company, written).unresolved == 3
    assert resolve(company.context, written, "contact", sam) == 3
    # What was used stays as it was used.
    assert {row["addressused"] for row in parties(company)} == {one.strip() for one in EQUAL}


def test_a_domain_in_letters_and_its_xn_spelling_are_one_address(company: Company, sam: UUID) -> None:
    written = ["info@müller.example", "INFO@xn--mller-kva.example"]
    raw = [to_sales(f"{n}@x").replace(STRANGER.encode(), one.encode()) for n, one in enumerate(written)]
    take_in(company, SALES, *raw)
    assert resolve(company.context, "info@MÜLLER.example", "contact", sam) == 2
    take_in(company, SALES, to_sales("later@x", sender=written[1]))
    assert {row["emailsender"] for row in company.rows("email")} == {sam}


def test_other_addresses_are_left_alone(company: Company, sam: UUID) -> None:
    take_in(company, SALES, to_sales(cc=("sam@stranger.example.org", "sam2@stranger.example")))
    assert resolve(company.context, STRANGER, "contact", sam) == 1
    assert standing(company, "sam@stranger.example.org").unresolved == 1


def test_where_equal_ones_are_not_to_follow_only_the_one_party_is_resolved(
    company: Company, sam: UUID
) -> None:
    resolve_similar(company, False)
    take_in(company, SALES, to_sales(), to_sales("two@x"))
    first = the_email(company, messageid="one@x")["activityid"]
    (party,) = parties(company, activityid=first)
    assert resolve_party(company.context, party["activitypartyid"], "contact", sam) == 1
    assert the_email(company, messageid="one@x")["emailsender"] == sam
    assert the_email(company, messageid="two@x")["emailsender"] is None
    assert standing(company).unresolved == 1
    # The choice counts for mail to come all the same.
    take_in(company, SALES, to_sales("three@x"))
    assert the_email(company, messageid="three@x")["emailsender"] == sam


def test_where_equal_ones_follow_one_party_resolves_all(company: Company, sam: UUID) -> None:
    take_in(company, SALES, to_sales(), to_sales("two@x"))
    (party,) = parties(company, activityid=the_email(company, messageid="one@x")["activityid"])
    assert resolve_party(company.context, party["activitypartyid"], "contact", sam) == 2
    with pytest.raises(UserError, match="Only a party that has an address and no record"):
        resolve_party(company.context, party["activitypartyid"], "contact", sam)
    with pytest.raises(UserError, match="There is no party"):
        resolve_party(company.context, uuid4(), "contact", sam)


def test_an_unresolved_recipient_of_a_draft_is_resolved_and_the_draft_can_leave(
    company: Company, sam: UUID
) -> None:
    draft = company.email(company.ids["ann"], "systemuser", STRANGER)
    with pytest.raises(UserError, match="belongs to no record"):
        send_email(company.context, draft)
    assert standing(company).unresolved == 1
    (party,) = parties(company, activityid=draft)
    assert resolve_party(company.context, party["activitypartyid"], "contact", sam) == 1
    assert [row["partyid"] for row in parties(company, activityid=draft)] == [sam]
    send_email(company.context, draft)


@pytest.mark.parametrize("table", ["invoice", "email", "mailbox", ""])
def test_a_table_without_addresses_is_refused(company: Company, sam: UUID, table: str) -> None:
    before = everything_in(company)
    with pytest.raises(UserError, match="An address can stand for a record of"):
        resolve(company.context, STRANGER, table, sam)
    assert everything_in(company) == before


@pytest.mark.parametrize("address", ["", "  "])
def test_no_address_is_refused(company: Company, sam: UUID, address: str) -> None:
    with pytest.raises(UserError, match="Name the address"):
        resolve(company.context, address, "contact", sam)


def test_a_record_that_is_not_there_is_refused(company: Company, sam: UUID) -> None:
    before = everything_in(company)
    for table, key in (("contact", uuid4()), ("account", sam)):
        with pytest.raises(UserError, match=f"(?i)no {table}"):
            resolve(company.context, STRANGER, table, key)
    assert everything_in(company) == before


def test_the_last_choice_counts(company: Company, sam: UUID) -> None:
    resolve(company.context, STRANGER, "contact", sam)
    resolve(company.context, STRANGER, "account", company.ids["fabrikam"])
    assert len(company.rows("postroom_addresschoice")) == 1
    take_in(company, SALES, to_sales())
    email = the_email(company)
    assert (email["emailsender"], email["sendersaccount"]) == (company.ids["fabrikam"],) * 2


def test_a_choice_that_is_forgotten_leaves_what_was_resolved(company: Company, sam: UUID) -> None:
    take_in(company, SALES, to_sales())
    resolve(company.context, STRANGER, "contact", sam)
    assert forget_choice(company.context, STRANGER.upper()) is True
    assert forget_choice(company.context, STRANGER) is False
    take_in(company, SALES, to_sales("two@x"))
    assert the_email(company, messageid="one@x")["emailsender"] == sam
    assert the_email(company, messageid="two@x")["emailsender"] is None


def test_a_choice_goes_with_its_record(company: Company, sam: UUID) -> None:
    take_in(company, SALES, to_sales())
    resolve(company.context, STRANGER, "contact", sam)
    with company.context.database.write() as connection:
        company.records.delete(connection, "contact", sam)
    assert company.rows("postroom_addresschoice") == []
    assert standing(company).known == ()
    take_in(company, SALES, to_sales("two@x"))
    email = the_email(company, messageid="two@x")
    assert email["emailsender"] is None
    (party,) = parties(company, activityid=email["activityid"])
    assert (party["partyid"], party["unresolvedpartyname"]) == (None, STRANGER)
    # The party that was resolved keeps its name and says that its record is gone.
    (party,) = parties(company, activityid=the_email(company, messageid="one@x")["activityid"])
    assert (party["ispartydeleted"], party["partyidname"]) == (True, "Stranger, Sam")


def test_a_chosen_user_who_is_disabled_is_not_found(company: Company) -> None:
    bob = company.add_user("bob@corp.example", "Bob Boss")
    resolve(company.context, STRANGER, "systemuser", bob)
    company.update("systemuser", bob, isdisabled=True)
    take_in(company, SALES, to_sales())
    assert the_email(company)["emailsender"] is None


def test_a_team_can_be_a_recipient_and_is_no_sender(company: Company) -> None:
    team = company.create("team", name="Fitters", administratorid=company.ids["ann"])
    take_in(company, SALES, to_sales(), to_sales("two@x", sender="x@y.example", cc=(STRANGER,)))
    assert resolve(company.context, STRANGER, "team", team) == 2
    assert [row["partyid"] for row in parties(company, Participation.CC)] == [team]
    assert the_email(company, messageid="one@x")["emailsender"] is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_choices_made_at_once_leave_one(company: Company, sam: UUID) -> None:
    take_in(company, SALES, *(to_sales(f"{n}@x") for n in range(5)))
    records = [("contact", sam), ("account", company.ids["fabrikam"]), ("contact", company.ids["carl"])] * 4
    with ThreadPoolExecutor(len(records)) as executor:
        resolved = list(executor.map(lambda one: resolve(company.context, STRANGER, *one), records))
    assert sum(resolved) == 5
    (choice,) = company.rows("postroom_addresschoice")
    assert choice["partyid"] in {key for _, key in records}
    # One of them resolved all parties there were.
    assert len({row["partyid"] for row in parties(company)}) == 1
    assert {row["emailsender"] for row in company.rows("email")} == {
        row["partyid"] for row in parties(company)
    }


def test_a_choice_and_a_pass_at_once_leave_nothing_half_resolved(company: Company, sam: UUID) -> None:
    for number in range(20):
        company.server.deliver(SALES, to_sales(f"{number}@x"))
    with ThreadPoolExecutor(2) as executor:
        received = executor.submit(take_in, company, SALES)
        executor.submit(resolve, company.context, STRANGER, "contact", sam).result()
        received.result()
    resolve(company.context, STRANGER, "contact", sam)
    assert {row["emailsender"] for row in company.rows("email")} == {sam}
    assert {row["partyid"] for row in parties(company)} == {sam}
