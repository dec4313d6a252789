"""Private items: nobody but their owner learns from Postroom what they are about."""

from dataclasses import asdict

import pytest
from tests.support.company import Company
from tests.support.guid_items import Desk
from tests.support.items import a_contact, a_meeting

from postroom.reconcile.item import Item, Privacy, Side


@pytest.fixture
def desk(company: Company) -> Desk:
    return Desk(company)


@pytest.mark.parametrize(
    "item",
    [
        a_meeting("Secret", Side.SERVER, privacy=Privacy.PRIVATE),
        a_contact("Secret", privacy=Privacy.PRIVATE),
        a_meeting("Secret", Side.SERVER, privacy=Privacy.PRIVATE, organizer=None),
    ],
    ids=["meeting", "contact", "meeting left alone"],
)
def test_neither_plans_nor_alerts_nor_pairs_tell_what_it_is_about(desk: Desk, item: Item) -> None:
    desk.server.put(item)
    shown = asdict(desk.plan())
    assert "private" in repr(shown)
    assert "Secret" not in repr(shown)
    desk.settle()
    for table in ("tracelog", "exchangesyncidmapping", "postroom_overwritten"):
        assert "Secret" not in repr(desk.company.rows(table))
