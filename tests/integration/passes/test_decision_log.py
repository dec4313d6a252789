"""How long decisions are kept, and what is still known when they are gone."""

from datetime import datetime, timedelta

import pytest
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    SALES,
    check_log,
    decisions_of,
    everything_in,
    from_carl,
    from_stranger,
    look_again,
    reasons_of,
    set_filter,
    take_in,
    the_email,
)
from tests.support.mail import a_message

from postroom.app.service import forget_old_decisions, tend
from postroom.passes.explain import explain
from postroom.passes.receive import receive
from postroom.passes.wish import untrack
from postroom.schema.choices import Reason
from postroom.store import decisions


def keep_for(company: Company, days: int | None) -> None:
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, postroom_decisiondays=days)


def reasons(company: Company, wanted: object) -> list[Reason]:
    with company.context.database.read() as connection:
        return [entry.reason for entry in explain(connection, str(wanted))]


def forget_all(company: Company) -> int:
    return sum(iter(lambda: forget_old_decisions(company.context), 0))


@pytest.mark.parametrize(("days", "kept_for"), [(None, 365), (30, 30), (1, 1)])
def test_a_decision_is_kept_for_its_days_and_then_let_go(
    company: Company, days: int | None, kept_for: int
) -> None:
    if days is not None:
        keep_for(company, days)
    take_in(company, ANN, from_carl(), from_stranger())
    company.clock.at += timedelta(days=kept_for)
    before = everything_in(company)
    assert forget_old_decisions(company.context) == 0
    assert everything_in(company) == before
    company.clock.at += timedelta(seconds=1)
    assert forget_old_decisions(company.context) > 0
    assert decisions_of(company) == []


def test_the_organization_begins_with_a_year(company: Company) -> None:
    assert company.rows("organization")[0]["postroom_decisiondays"] in (None, 365)


def test_zero_days_keep_decisions_for_ever(company: Company) -> None:
    keep_for(company, 0)
    take_in(company, ANN, from_carl())
    company.clock.at += timedelta(days=36_500)
    assert forget_old_decisions(company.context) == 0
    assert reasons_of(company) == [Reason.SENDER_MATCH]


def test_newer_decisions_stay(company: Company) -> None:
    take_in(company, ANN, from_carl("old@x"))
    company.clock.at += timedelta(days=300)
    take_in(company, ANN, from_carl("new@x"))
    company.clock.at += timedelta(days=100)
    forget_all(company)
    (decision,) = decisions_of(company)
    assert decision["messageid"] == "new@x"
    (linked,) = [row for row in company.rows("postroom_ledger") if row["decisionid"]]
    assert linked["decisionid"] == decision["postroom_decisionid"]


def test_what_was_decided_long_ago_is_still_known_as_seen(company: Company) -> None:
    data = from_carl(message_id="")
    take_in(company, ANN, from_carl(), from_stranger(), data, data, b"no mail")
    emails = sorted(row["activityid"] for row in company.rows("email"))
    company.clock.at += timedelta(days=400)
    assert forget_all(company) > 4
    assert company.rows("postroom_decision") == []
    assert all(row["decisionid"] is None for row in company.rows("postroom_ledger"))
    set_filter(company, 0)
    assert receive(company.context, company.mailbox(ANN)).items == 0
    company.server.renumber(ANN)
    assert receive(company.context, company.mailbox(ANN)).failure is None
    # Nobody knows any more how old it is, so looking again leaves it alone.
    assert look_again(company) == 0
    assert sorted(row["activityid"] for row in company.rows("email")) == emails
    assert len(company.rows("postroom_quarantine")) == 1


def test_explain_says_unknown_of_the_email_and_nothing_of_the_rest(company: Company) -> None:
    take_in(company, ANN, from_carl(), from_stranger())
    email = the_email(company)["activityid"]
    company.clock.at += timedelta(days=400)
    forget_all(company)
    assert reasons(company, email) == reasons(company, "one@contoso.example") == [Reason.UNKNOWN]
    assert reasons(company, "one@stranger.example") == []


def test_an_email_without_its_decision_can_be_untracked_for_good(company: Company) -> None:
    take_in(company, ANN, from_carl())
    company.clock.at += timedelta(days=400)
    forget_all(company)
    untrack(company.context, the_email(company)["activityid"])
    take_in(company, SALES, from_carl())
    assert company.rows("email") == []
    assert reasons_of(company) == [Reason.UNTRACKED_BY_PERSON]


def test_answers_still_find_the_email(company: Company) -> None:
    take_in(company, ANN, from_carl())
    company.clock.at += timedelta(days=400)
    forget_all(company)
    take_in(company, ANN, from_stranger(in_reply_to="one@contoso.example"))
    assert reasons_of(company) == [Reason.CORRELATION_MATCH]


def test_items_with_several_messages_are_let_go_as_a_whole(company: Company) -> None:
    bob, forward = "bob@corp.example", "forward@corp.example"
    company.add_user(bob, "Bob Boss", incomingemaildeliverymethod=3)
    company.add_forward_mailbox(forward)
    company.enable(forward)
    inner = [(f"{n}.eml", from_carl(f"{n}@in", to=(bob,)), "message/rfc822") for n in range(3)]
    take_in(company, forward, a_message(sender=bob, to=(forward,), attachments=inner))
    check_log(company)
    company.clock.at += timedelta(days=400)
    forget_all(company)
    assert company.rows("postroom_decision") == []
    assert receive(company.context, company.mailbox(forward)).items == 0
    assert len(company.rows("email")) == 3


def test_many_are_let_go_a_part_at_a_time_the_oldest_first(company: Company) -> None:
    for number in range(4):
        company.clock.at += timedelta(days=1)
        take_in(company, ANN, from_carl(f"{number}@x"))
    company.clock.at += timedelta(days=1)
    tests = len(company.rows("postroom_decision")) - 4
    before = company.clock.now()
    for left in (4, 2, 0):
        with company.context.database.write() as connection:
            decisions.purge(connection, before, tests if left == 4 else 2)
        rows = [row["messageid"] for row in decisions_of(company)]
        assert rows == [f"{number}@x" for number in range(4 - left, 4)]


def test_the_service_sees_to_it_by_itself(company: Company) -> None:
    take_in(company, ANN, from_carl())
    company.clock.at = datetime.fromisoformat("2030-01-01T00:00:00+00:00")
    tend(company.context)
    assert company.rows("postroom_decision") == []


def test_mail_that_was_not_tracked_is_let_go_counting_from_the_last_look(company: Company) -> None:
    take_in(company, ANN, from_stranger())
    company.clock.at += timedelta(days=200)
    look_again(company)
    company.clock.at += timedelta(days=200)
    forget_all(company)
    assert reasons_of(company) == [Reason.NO_CORRELATION_MATCH]
