"""What persons say an e-mail regards, and that it stays so."""

from uuid import UUID, uuid4

import pytest
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    from_carl,
    from_stranger,
    take_in,
    the_email,
)

from postroom.errors import UserError
from postroom.passes.wish import Regarding, regard
from postroom.schema.choices import SetBy


def account(company: Company) -> Regarding:
    return Regarding("account", company.ids["account"])


def received(company: Company) -> UUID:
    take_in(company, ANN, from_carl())
    key: UUID = the_email(company)["activityid"]
    return key


def test_what_a_person_says_an_email_regards_is_marked_as_such(company: Company) -> None:
    email = received(company)
    regard(company.context, email, account(company))
    row = the_email(company)
    assert (row["regardingobjectid"], row["postroom_regardingby"]) == (company.ids["account"], SetBy.PERSON)
    regard(company.context, email, None)
    row = the_email(company)
    assert (row["regardingobjectid"], row["regardingobjecttypecode"]) == (None, None)
    assert row["postroom_regardingby"] == SetBy.PERSON
    assert company.rows("activityparty", activityid=email, participationtypemask=8) == []


def test_a_person_s_word_is_marked_also_where_it_changes_nothing(company: Company) -> None:
    email = received(company)
    regard(company.context, email, None)
    assert the_email(company)["postroom_regardingby"] == SetBy.PERSON
    take_in(company, ANN, from_carl("parent@contoso.example"))
    parent = the_email(company, messageid="parent@contoso.example")["activityid"]
    regard(company.context, parent, account(company))
    take_in(company, ANN, from_carl("child@contoso.example", in_reply_to="parent@contoso.example"))
    child = the_email(company, messageid="child@contoso.example")
    assert child["postroom_regardingby"] == SetBy.RULE
    regard(company.context, child["activityid"], account(company))
    child = the_email(company, messageid="child@contoso.example")
    assert (child["regardingobjectid"], child["postroom_regardingby"]) == (
        company.ids["account"],
        SetBy.PERSON,
    )


def test_a_regarding_set_through_the_records_is_a_person_s_too(company: Company) -> None:
    email = received(company)
    company.update(
        "email", email, regardingobjectid=company.ids["account"], regardingobjecttypecode="account"
    )
    assert the_email(company)["postroom_regardingby"] == SetBy.PERSON


def test_answers_inherit_what_a_person_said_and_leave_it_alone(company: Company) -> None:
    email = received(company)
    regard(company.context, email, account(company))
    take_in(company, ANN, from_stranger("answer@stranger.example", in_reply_to="one@contoso.example"))
    child = the_email(company, messageid="answer@stranger.example")
    assert (child["regardingobjectid"], child["postroom_regardingby"]) == (
        company.ids["account"],
        SetBy.RULE,
    )
    assert the_email(company, activityid=email)["postroom_regardingby"] == SetBy.PERSON


def test_a_record_that_is_not_there_can_t_be_regarded(company: Company) -> None:
    email = received(company)
    with pytest.raises(UserError, match="no account"):
        regard(company.context, email, Regarding("account", uuid4()))
    with pytest.raises(UserError, match="There is no e-mail"):
        regard(company.context, uuid4(), account(company))
    assert the_email(company)["regardingobjectid"] is None
