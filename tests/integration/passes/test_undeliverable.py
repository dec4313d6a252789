"""The folder for what could not be taken in, where the profile wants that."""

from datetime import timedelta

import pytest
from tests.support.company import Company
from tests.support.exchange_memory import Office, on_exchange
from tests.support.ledgers import ANN, check_log, from_stranger

from postroom.passes import quarantine
from postroom.passes.receive import receive
from postroom.schema.choices import QuarantineState

BROKEN = b"no mail at all"


@pytest.fixture
def office(company: Company) -> Office:
    """Ann's mailbox on an Exchange whose profile moves what can't be taken in."""
    company.update("emailserverprofile", company.ids["profile"], moveundeliveredemails=True)
    return on_exchange(company, ANN)


def folders_of(office: Office) -> list[str]:
    """Return the names of the folders that messages lie in, in the order of arrival there."""
    return [office.mail.tree[item.folder].name for item in office.mail.items.values()]


def test_what_can_t_be_read_is_moved_and_the_rest_is_left(office: Office, company: Company) -> None:
    office.mail.deliver(from_stranger())
    office.mail.deliver(BROKEN)
    office.look()
    assert folders_of(office) == ["Inbox", "Undeliverable"]
    (entry,) = company.rows("postroom_quarantine", state=QuarantineState.WAITING)
    folder = company.rows("mailbox", mailboxid=office.mailbox)[0]["undeliverablefolder"]
    assert entry["folder"] == folder
    assert entry["serverid"] in office.mail.items
    office.mail.asked.clear()
    office.look()
    assert "change" not in office.mail.asked
    check_log(company)


def test_nothing_is_moved_where_the_profile_does_not_want_it(office: Office, company: Company) -> None:
    company.update("emailserverprofile", company.ids["profile"], moveundeliveredemails=False)
    office.mail.deliver(BROKEN)
    office.look()
    assert folders_of(office) == ["Inbox"]


def test_what_is_moved_back_is_tried_once_more(office: Office, company: Company) -> None:
    office.mail.deliver(BROKEN)
    office.look()
    (moved,) = office.mail.items
    office.mail.move(moved, "inbox")
    office.look()
    assert folders_of(office) == ["Undeliverable"]
    assert office.emails() == []
    check_log(company)


def test_a_message_that_is_never_given_is_asked_for_again_after_a_while(
    office: Office, company: Company
) -> None:
    message = office.mail.deliver(from_stranger())
    office.look()
    withheld = office.mail.deliver(from_stranger("two@stranger.example"))
    office.mail.withheld.add(withheld)
    office.look()
    office.mail.withheld.clear()
    company.clock.at += timedelta(hours=1)
    office.look()
    assert len(company.rows("postroom_ledger")) >= 2, message
    (entry,) = company.rows("postroom_quarantine")
    assert entry["state"] == QuarantineState.SETTLED
    check_log(company)


def test_a_message_too_big_is_fetched_when_a_person_asks_for_it_again(
    office: Office, company: Company
) -> None:
    office.look()
    office.mail.deliver(from_stranger(subject="x" * 5000))
    withheld = next(iter(office.mail.items))
    office.mail.withheld.add(withheld)
    office.look()
    (entry,) = company.rows("postroom_quarantine")
    quarantine.retry(company.context, entry["postroom_quarantineid"])
    office.mail.withheld.clear()
    office.look()
    assert withheld in {row["serverid"] for row in company.rows("postroom_ledger")}
    check_log(company)


def test_what_a_person_asks_for_and_is_gone_is_closed(office: Office, company: Company) -> None:
    office.look()
    message = office.mail.deliver(from_stranger())
    office.mail.withheld.add(message)
    office.look()
    (entry,) = company.rows("postroom_quarantine")
    quarantine.retry(company.context, entry["postroom_quarantineid"])
    office.mail.remove(message)
    assert receive(company.context, office.mailbox, opener=office.opener).failure is None
    (entry,) = company.rows("postroom_quarantine")
    assert entry["state"] == QuarantineState.DROPPED
