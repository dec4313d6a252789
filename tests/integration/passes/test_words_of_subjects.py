"""The words of subjects that smart matching keeps: when it begins, when its rules change, when it ends."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.ledgers import ANN, CARL, from_carl, set_filter, take_in, the_email
from tests.support.mail import a_message

from postroom.passes.issue import send_email
from postroom.schema.choices import CorrelationMethod, HashType
from postroom.tracking.subject import SmartRules, hashes_of, words_of

SUBJECT = "Pump station seven north"
OFF = "<OrgSettings><{name}>true</{name}></OrgSettings>"


def organize(company: Company, **values: Any) -> None:
    company.update("organization", company.rows("organization")[0]["organizationid"], **values)


def words(company: Company) -> dict[UUID, set[int]]:
    """Return the hashes of each e-mail."""
    found: dict[UUID, set[int]] = {}
    for row in company.rows("emailhash"):
        assert row["hashtype"] == HashType.SUBJECT
        found.setdefault(row["activityid"], set()).add(row["hash"])
    assert sum(map(len, found.values())) == len(company.rows("emailhash")), "a hash stands there twice"
    return found


def expected(subject: str, rules: SmartRules | None = None) -> set[int]:
    rules = rules or SmartRules()
    return set(hashes_of(words_of(subject, rules), rules))


def received(company: Company, message_id: str = "one@x", subject: str = SUBJECT) -> UUID:
    take_in(company, ANN, from_carl(message_id, subject=subject))
    key: UUID = the_email(company, messageid=message_id)["activityid"]
    return key


def test_nothing_is_kept_as_long_as_it_is_off(company: Company) -> None:
    received(company)
    assert words(company) == {}


def test_when_it_begins_the_words_of_recent_subjects_are_kept(company: Company) -> None:
    old = received(company, "old@x", "Long forgotten words indeed")
    company.clock.at += timedelta(days=91)
    first = received(company)
    second = received(company, "two@x", f"RE: {SUBJECT} CRM:0001002")
    organize(company, enablesmartmatching=True)
    assert words(company) == {first: expected(SUBJECT), second: expected(SUBJECT)}
    assert old not in words(company)
    assert {row["createdon"] for row in company.rows("emailhash")} == {company.clock.now()}


def test_an_answer_finds_an_email_from_before_it_began(company: Company) -> None:
    email = received(company)
    organize(company, enablesmartmatching=True)
    set_filter(company, 1)
    answer = a_message(sender=CARL, to=(ANN,), subject=f"AW: {SUBJECT}", message_id="two@x")
    take_in(company, ANN, answer)
    found = the_email(company, messageid="two@x")
    assert (found["correlatedactivityid"], found["correlationmethod"]) == (
        email,
        CorrelationMethod.SMART_MATCHING,
    )
    assert found["postroom_matchscore"] >= 60


def test_e_mails_to_come_are_kept_as_they_come(company: Company) -> None:
    organize(company, enablesmartmatching=True)
    email = received(company)
    sent = company.email(company.ids["ann"], "systemuser", company.ids["carl"], subject="Quite another thing")
    assert set(words(company)) == {email}
    send_email(company.context, sent)
    assert words(company) == {email: expected(SUBJECT), sent: expected("Quite another thing")}


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"hashdeltasubjectcount": 1}, SmartRules(delta=1)),
        ({"hashmaxcount": 2}, SmartRules(most=2)),
        ({"hashfilterkeywords": "north|south"}, SmartRules(filter="north|south")),
        ({"trackingprefix": "Pump"}, SmartRules(prefixes=("Pump",))),
    ],
)
def test_a_changed_setting_rebuilds_what_is_kept(
    company: Company, change: dict[str, Any], rules: SmartRules
) -> None:
    organize(company, enablesmartmatching=True)
    subject = f"{SUBJECT} Pump12345"
    email = received(company, subject=subject)
    before = words(company)
    assert before == {email: expected(subject)}
    organize(company, **change)
    assert words(company) == {email: expected(subject, rules)} != before


@pytest.mark.parametrize(
    "change", [{"hashminaddresscount": 3}, {"name": "Other"}, {"enablesmartmatching": True}]
)
def test_a_change_that_bears_on_no_words_leaves_them(company: Company, change: dict[str, Any]) -> None:
    organize(company, enablesmartmatching=True)
    received(company)
    before = words(company)
    organize(company, **change)
    assert words(company) == before != {}


@pytest.mark.parametrize(
    "change",
    [
        {"enablesmartmatching": False},
        {"orgdborgsettings": OFF.format(name="DisableSmartMatching")},
        {"orgdborgsettings": OFF.format(name="DisableSmartMatchingEmailHashCreation")},
    ],
)
def test_when_it_ends_nothing_is_kept_and_it_can_begin_anew(company: Company, change: dict[str, Any]) -> None:
    organize(company, enablesmartmatching=True)
    first = received(company)
    organize(company, **change)
    assert words(company) == {}
    second = received(company, "two@x")
    assert words(company) == {}
    organize(company, enablesmartmatching=True, orgdborgsettings=None)
    assert words(company) == {first: expected(SUBJECT), second: expected(SUBJECT)}


def test_drafts_are_kept_once_they_are_to_leave(company: Company) -> None:
    draft = company.email(company.ids["ann"], "systemuser", company.ids["carl"], subject=SUBJECT)
    organize(company, enablesmartmatching=True)
    assert words(company) == {}
    send_email(company.context, draft)
    assert words(company) == {draft: expected(SUBJECT)}


def test_mail_does_not_answer_a_draft(company: Company) -> None:
    company.email(company.ids["ann"], "systemuser", company.ids["carl"], subject=SUBJECT)
    organize(company, enablesmartmatching=True)
    take_in(company, ANN, from_carl(subject=f"Re: {SUBJECT}"))
    assert the_email(company, messageid="one@contoso.example")["correlatedactivityid"] is None


def test_what_was_sent_before_it_began_is_found(company: Company) -> None:
    sent = company.email(company.ids["ann"], "systemuser", company.ids["carl"], subject=SUBJECT)
    send_email(company.context, sent)
    organize(company, enablesmartmatching=True)
    # The token behind the subject is no word of it.
    assert words(company) == {sent: expected(SUBJECT)}


def test_words_are_kept_also_while_correlation_is_off(company: Company) -> None:
    organize(company, enablesmartmatching=True, emailcorrelationenabled=False)
    email = received(company)
    organize(company, emailcorrelationenabled=True)
    assert words(company) == {email: expected(SUBJECT)}
