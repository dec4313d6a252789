"""The tracking category: what people put on and take off, and what we put there ourselves."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.company import Company
from tests.support.exchange_memory import Office, category_off, on_exchange
from tests.support.ledgers import ANN, CARL, check_log, decisions_of, from_stranger, reasons_of
from tests.support.mail import a_message

from postroom.errors import Unreachable
from postroom.passes.receive import receive
from postroom.passes.wish import untrack
from postroom.schema.choices import CategoryMark, QuarantineState, Reason, SetBy
from postroom.tracking.category import TRACKED, UNDELIVERABLE


@pytest.fixture
def office(company: Company) -> Office:
    """Ann's mailbox on an Exchange."""
    return on_exchange(company, ANN)


def from_carl(message_id: str = "one@contoso.example") -> bytes:
    return a_message(sender=CARL, to=(ANN,), message_id=message_id)


def on_server(office: Office) -> list[frozenset[str]]:
    """Return the categories of each message on the server, in the order of arrival."""
    return [item.categories for item in office.mail.items.values()]


def test_the_category_is_made_in_the_mailbox_and_told_once(office: Office, company: Company) -> None:
    office.look()
    office.look()
    assert [c.name for c in office.mail.categories] == [TRACKED]
    (row,) = company.rows("mailboxtrackingcategory", mailboxid=office.mailbox)
    assert row["exchangecategoryid"] == office.mail.categories[0].id
    assert len(company.rows("tracelog", tracecode=15)) == 1


def test_a_category_that_was_deleted_is_made_again(office: Office) -> None:
    office.look()
    office.mail.categories.clear()
    office.look()
    assert [c.name for c in office.mail.categories] == [TRACKED]


def test_a_category_that_was_renamed_is_still_known(office: Office) -> None:
    office.look()
    office.mail.categories[0] = replace(office.mail.categories[0], name="In the CRM")
    message = office.mail.deliver(from_stranger())
    office.mail.categorize(message, add=["In the CRM"])
    office.look()
    assert len(office.emails()) == 1
    assert [c.name for c in office.mail.categories] == ["In the CRM"]


def test_what_a_rule_tracked_gets_the_category_and_what_none_did_gets_none(office: Office) -> None:
    office.mail.deliver(from_carl())
    office.mail.deliver(from_stranger())
    office.mail.categorize(next(iter(office.mail.items)), add=["Holiday"])
    office.look()
    assert on_server(office) == [frozenset({"Holiday", TRACKED}), frozenset()]
    office.mail.asked.clear()
    office.look()
    office.look()
    assert "change" not in office.mail.asked, "our own change is nobody's wish"


def test_a_message_given_the_category_is_tracked(office: Office, company: Company) -> None:
    message = office.mail.deliver(from_stranger())
    office.look()
    office.mail.categorize(message, add=[TRACKED])
    office.look()
    (email,) = office.emails()
    assert email["postroom_trackedby"] == SetBy.CATEGORY
    assert reasons_of(company, ANN) == [Reason.TRACKED_BY_CATEGORY]
    check_log(company)


def test_a_message_that_arrives_with_the_category_is_tracked(office: Office, company: Company) -> None:
    office.mail.categorize(office.mail.deliver(from_stranger()), add=[TRACKED])
    office.look()
    assert reasons_of(company, ANN) == [Reason.TRACKED_BY_CATEGORY]


def test_the_category_counts_in_every_folder(office: Office, company: Company) -> None:
    folder = office.mail.make_folder("Archive", "")
    message = office.mail.deliver(from_stranger(), folder)
    office.mail.deliver(from_stranger("two@stranger.example"), folder)
    office.look()
    assert decisions_of(company, ANN) == []
    office.mail.categorize(message, add=[TRACKED])
    office.look()
    office.look()
    assert [row["messageid"] for row in office.emails()] == ["one@stranger.example"]
    office.mail.categorize(message, remove=[TRACKED])
    office.look()
    office.mail.categorize(message, add=[TRACKED])
    office.look()
    assert len(office.emails()) == 1


def test_the_category_counts_for_mail_of_any_age(office: Office, company: Company) -> None:
    now = company.clock.now()
    company.update("mailbox", office.mailbox, processemailreceivedafter=now - timedelta(days=1))
    message = office.mail.deliver(from_stranger(), received_at=now - timedelta(days=300))
    office.look()
    assert reasons_of(company, ANN) == [Reason.TOO_OLD]
    office.mail.categorize(message, add=[TRACKED])
    office.look()
    assert reasons_of(company, ANN) == [Reason.TRACKED_BY_CATEGORY]
    check_log(company)


def test_a_category_taken_off_untracks_and_leaves_the_email(office: Office, company: Company) -> None:
    message = office.mail.deliver(from_carl())
    office.look()
    office.mail.categorize(message, remove=[TRACKED])
    office.look()
    assert len(office.emails()) == 1
    assert on_server(office) == [frozenset()], "what a person took off does not come back"
    office.mail.forget_marks()
    office.look()
    assert on_server(office) == [frozenset()]
    office.mail.categorize(message, add=[TRACKED])
    office.look()
    office.look()
    assert on_server(office) == [frozenset({TRACKED})]
    assert len(office.emails()) == 1
    check_log(company)


def test_untracking_in_the_store_takes_the_category_off(office: Office, company: Company) -> None:
    office.mail.deliver(from_carl())
    office.look()
    untrack(company.context, office.emails()[0]["activityid"])
    office.look()
    office.look()
    assert on_server(office) == [frozenset()]
    assert office.emails() == []


def test_a_person_may_track_by_category_what_was_untracked_in_the_store(
    office: Office, company: Company
) -> None:
    message = office.mail.deliver(from_carl())
    office.look()
    untrack(company.context, office.emails()[0]["activityid"])
    office.look()
    office.mail.categorize(message, add=[TRACKED])
    office.look()
    (email,) = office.emails()
    assert email["postroom_trackedby"] in (SetBy.CATEGORY, SetBy.PERSON)
    assert on_server(office) == [frozenset({TRACKED})]
    check_log(company)


def test_copies_of_a_tracked_mail_in_other_mailboxes_get_the_category_too(
    office: Office, company: Company
) -> None:
    company.add_user("ben@corp.example", "Ben Back")
    company.enable_quietly("ben@corp.example")
    ben = Office(company, type(office.mail)(), "ben@corp.example")
    for one in (office, ben):
        one.mail.deliver(
            a_message(sender=CARL, to=(ANN, "ben@corp.example"), message_id="both@contoso.example")
        )
        one.look()
        assert on_server(one) == [frozenset({TRACKED})]
    assert len(office.emails()) == 1


def test_no_backlog_is_marked_when_the_feature_is_turned_on(office: Office, company: Company) -> None:
    category_off(company)
    office.mail.deliver(from_carl())
    office.look()
    assert (office.mail.categories, on_server(office)) == ([], [frozenset()])
    company.update("organization", company.rows("organization")[0]["organizationid"], orgdborgsettings=None)
    office.mail.deliver(from_carl("two@contoso.example"))
    office.look()
    assert on_server(office) == [frozenset(), frozenset({TRACKED})]


def test_turning_the_feature_off_takes_the_category_off_the_list_and_leaves_messages(
    office: Office, company: Company
) -> None:
    office.mail.deliver(from_carl())
    office.look()
    category_off(company)
    office.look()
    assert office.mail.categories == []
    assert on_server(office) == [frozenset({TRACKED})]
    assert company.rows("mailboxtrackingcategory") == []
    assert len(office.emails()) == 1


BROKEN = b"no mail at all"


def test_what_can_t_be_tracked_is_marked_as_undeliverable_and_tried_again_when_asked(
    office: Office, company: Company
) -> None:
    message = office.mail.deliver(BROKEN)
    office.mail.categorize(message, add=[TRACKED])
    office.look()
    assert on_server(office) == [frozenset({UNDELIVERABLE})]
    assert {c.name for c in office.mail.categories} == {TRACKED, UNDELIVERABLE}
    office.look()
    assert on_server(office) == [frozenset({UNDELIVERABLE})]
    office.mail.categorize(message, add=[TRACKED])
    office.look()
    office.look()
    assert on_server(office) == [frozenset({UNDELIVERABLE})], "it failed again"
    (entry,) = company.rows("postroom_quarantine", state=QuarantineState.WAITING)
    assert entry["attempts"] >= 1


def test_a_category_that_could_not_be_put_on_is_put_on_by_the_next_pass(
    office: Office, company: Company
) -> None:
    office.mail.deliver(from_carl())
    office.look()
    office.mail.deliver(from_carl("two@contoso.example"))
    office.mail.refuses_changes = Unreachable("The line is cut.")
    result = receive(company.context, office.mailbox, opener=office.opener)
    assert (str(result.failure), len(office.emails())) == ("The line is cut.", 2)
    (waiting,) = company.rows("postroom_ledger", category=CategoryMark.TO_PUT_ON)
    assert waiting["emailid"]
    office.mail.refuses_changes = None
    office.look()
    assert on_server(office) == [frozenset({TRACKED})] * 2


def test_what_vanished_meanwhile_is_not_asked_for_for_ever(office: Office, company: Company) -> None:
    office.look()
    message = office.mail.deliver(from_carl())
    office.mail.refuses_changes = Unreachable("The line is cut.")
    receive(company.context, office.mailbox, opener=office.opener)
    office.mail.refuses_changes = None
    office.mail.items.pop(message)
    office.look()
    office.mail.asked.clear()
    office.look()
    assert "change" not in office.mail.asked
