"""Invitations leave when the plan says so, and never else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.servers.test_exchange_series import MOVED, PLAIN, a_series
from tests.support.exchange import Client
from tests.support.exchange_items import BERLIN, NOON, ItemDesk, item_desk
from tests.support.exchange_place import PASSWORD, USER

from postroom.errors import Unreachable
from postroom.ports.items import Removal
from postroom.reconcile.item import Attendee, Item, Kind, Part, Span
from postroom.reconcile.notice import Notice, Rule, Sends
from postroom.reconcile.status import ShowAs
from postroom.reconcile.values import Answer, Response
from postroom.servers.exchange.account import Login, Scheme
from postroom.servers.exchange.items.side import open_exchange_items

BEN = "ben@example.com"
GUEST = Attendee(BEN, BEN, "Ben")
QUIET = Sends(Notice.NONE, Rule.FIRST_TIME)
INVITES = Sends(Notice.INVITATION, Rule.ORGANIZER_INVITES, frozenset({GUEST}))
TELLS = Sends(Notice.UPDATE, Rule.ORGANIZER_UPDATES, frozenset({GUEST}))
CANCELS = Sends(Notice.CANCELLATION, Rule.ORGANIZER_CANCELS, frozenset({GUEST}))


@pytest.fixture
def desk() -> Iterator[ItemDesk]:
    with item_desk() as desk:
        desk.place.office.open_account(BEN, PASSWORD)
        yield desk


def a_meeting(**fields: object) -> Item:
    span = Span(NOON, NOON + timedelta(hours=1))
    usual = {"subject": "Review", "time": span, "required": frozenset({GUEST}), "show_as": ShowAs.BUSY}
    return Item("", "", Kind.APPOINTMENT, {**usual, **fields}, NOON)


def bens(desk: ItemDesk) -> list[str]:
    """Return the subjects of what Ben has been sent."""
    return desk.place.office.outlook(BEN).subjects()


def test_a_quiet_life_of_a_meeting_tells_nobody(desk: ItemDesk) -> None:
    item_id, version = desk.side.create(a_meeting(), "token-1", QUIET)
    version = desk.side.update(item_id, version, {"subject": "Later", "required": None}, QUIET)
    desk.side.note(item_id, "record")
    desk.side.delete(item_id, desk.read(item_id).version, Removal.TO_DELETED_ITEMS, QUIET)
    assert bens(desk) == []


def test_invitation_update_and_cancellation_leave_once_each(desk: ItemDesk) -> None:
    item_id, version = desk.side.create(a_meeting(), "token-1", INVITES)
    assert bens(desk) == ["Review"]
    version = desk.side.update(item_id, version, {"location": "Room 1"}, TELLS)
    assert bens(desk) == ["Review", "Review"]
    desk.side.delete(item_id, version, Removal.TO_DELETED_ITEMS, CANCELS)
    assert bens(desk) == ["Review", "Review", "Canceled: Review"]


def test_of_a_day_that_is_changed_guests_are_told_once(desk: ItemDesk) -> None:
    item_id, version = desk.side.create(
        replace(a_series(PLAIN), fields={**a_series(PLAIN).fields, "required": frozenset({GUEST})}),
        "token-1",
        INVITES,
    )
    assert bens(desk) == ["Stand-up"]
    changed = replace(PLAIN, changed=(replace(MOVED, fields=()),))
    desk.side.update(item_id, version, {"recurrence": changed}, TELLS)
    assert bens(desk) == ["Stand-up", "Stand-up"]


def test_a_meeting_that_is_made_once_more_under_its_token_invites_once(desk: ItemDesk) -> None:
    desk.lose_answer("CreateItem")
    with pytest.raises(Unreachable):
        desk.side.create(a_meeting(), "token-1", INVITES)
    desk.side.create(a_meeting(), "token-1", INVITES)
    assert bens(desk) == ["Review"]


def test_an_attendee_sees_somebody_elses_meeting(desk: ItemDesk) -> None:
    desk.side.create(a_meeting(), "token-1", INVITES)
    account = replace(desk.place.account, mailbox=BEN, credentials=Login(BEN, PASSWORD, Scheme.BASIC))
    for is_colleague, part in ((True, Part.GUEST_OF_COLLEAGUE), (False, Part.GUEST_OF_OUTSIDER)):
        frame = replace(BERLIN, address=BEN, is_colleague=lambda _, known=is_colleague: known)
        found = [item for page in open_exchange_items(account, frame).changes(None) for item in page.items]
        assert [(item.part, item.fields["organizer"]) for item in found] == [(part, USER)]


def test_answers_of_attendees_are_read(desk: ItemDesk) -> None:
    item_id, _ = desk.side.create(a_meeting(), "token-1", INVITES)
    client = Client(desk.place.server.url)
    try:
        request = next(iter(client.account(BEN, password=PASSWORD).inbox.all()))
        request.accept()
    finally:
        client.close()
    assert desk.read(item_id).fields["responses"] == frozenset({Response(BEN, Answer.ACCEPTED)})


def test_an_attendee_without_an_address_is_named(desk: ItemDesk) -> None:
    item_id, _ = desk.side.create(a_meeting(), "token-1", QUIET)
    for element in desk.stored(item_id).fields["calendar:RequiredAttendees"].iter("{*}EmailAddress"):
        element.text = "/o=Old/cn=ben"
    item = desk.read(item_id)
    assert (item.unaddressed, item.fields["required"]) == (("Ben",), None)


def test_a_thousand_attendees_are_read_and_written(desk: ItemDesk) -> None:
    crowd = frozenset(Attendee(f"p{n}@away.example", f"p{n}@away.example") for n in range(1000))
    item_id, _ = desk.side.create(a_meeting(required=crowd), "token-1", QUIET)
    assert desk.read(item_id).fields["required"] == crowd


def test_two_items_with_one_calendar_id_are_both_read_and_found(desk: ItemDesk) -> None:
    uid = "one-for-two@away.example"
    ids = {desk.make("CalendarItem", subject, calendar_UID=uid).id for subject in ("one", "two")}
    assert {desk.read(each).identity.uid for each in ids} == {uid}
    assert set(desk.side.find_by_uid([uid])[uid]) == ids
