"""The CRM as a side of synchronization: what is seen, made, changed and removed for one user."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from postroom.errors import StaleVersion
from postroom.ports.items import Feed, Removal
from postroom.reconcile.item import Attendee, Identity, Item, Kind, Part, Privacy, Span, State
from postroom.reconcile.notice import IN_CRM
from postroom.reconcile.values import Answer, PersonName, PostalAddress, Regarding, Response
from postroom.schema.choices import AppointmentStatus, Priority, TaskStatus
from postroom.schema.ids import SYSTEM_USER_ID, new_id
from postroom.store import filters
from postroom.store.database import Database
from postroom.store.items import StoreItems
from postroom.store.records import Records

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
MARK = "looked 2026-03-01"
EVA, GUEST, STRANGER = "eva@here.example", "ann@away.example", "bo@far.example"


@pytest.fixture
def eva(database: Database, records: Records) -> UUID:
    """A user with an address and the default filters."""
    with database.write() as connection:
        user = records.create(
            connection,
            "systemuser",
            {"firstname": "Eva", "lastname": "Ek", "internalemailaddress": EVA},
        )
        filters.populate(records, connection, user)
    return user


@pytest.fixture
def side(records: Records, eva: UUID) -> StoreItems:
    """Eva's records."""
    return StoreItems(records, eva)


def _draft(kind: Kind, **fields: Any) -> Item:
    return Item("", "", kind, fields, START, Identity("uid-1"))


def _meeting(**more: Any) -> Item:
    fields = {
        "subject": "Review",
        "body": "Bring the numbers.",
        "location": "Room 1",
        "time": Span(START, START + timedelta(hours=1)),
        "importance": Priority.HIGH,
        "show_as": AppointmentStatus.BUSY,
        "required": frozenset({Attendee(GUEST, GUEST, "Ann")}),
        "optional": frozenset({Attendee(STRANGER, STRANGER, "Bo")}),
        "organizer": EVA,
        "private": True,
    }
    return _draft(Kind.APPOINTMENT, **fields | more)


def _made(side: StoreItems, draft: Item) -> Item:
    id, version = side.create(draft, str(new_id()), IN_CRM)
    item = side.get([id])[id]
    assert item.version == version
    return item


def _seen(side: StoreItems, mark: str | None = MARK) -> dict[str, Item]:
    return {item.id: item for page in side.changes(mark) for item in page.items}


def test_a_contact_keeps_every_field(side: StoreItems, database: Database, records: Records) -> None:
    with database.write() as connection:
        records.create(connection, "account", {"name": "Adventure Works"})
    draft = _draft(
        Kind.CONTACT,
        full_name=PersonName("Ann", "B.", "Lee", "Dr.", "Jr."),
        company="Adventure Works",
        email1=GUEST,
        mobile="+45 1",
        mailing_address=PostalAddress("Street 1", None, None, "Town", None, "1000", "Denmark"),
        birthday=date(1980, 2, 29),
        body="Met at the fair.",
    )
    item = _made(side, draft)
    assert {name: item.fields[name] for name in draft.fields} == draft.fields
    assert item.part is Part.OWNER
    assert item.is_wanted


def test_a_task_keeps_every_field_and_has_started(
    side: StoreItems, database: Database, records: Records
) -> None:
    with database.write() as connection:
        account = records.create(connection, "account", {"name": "Adventure Works"})
    draft = _draft(
        Kind.TASK,
        subject="Call",
        body="Ask for Ann.",
        due=START,
        percent=50,
        importance=Priority.LOW,
        status=TaskStatus.WAITING,
        regarding=Regarding("account", str(account)),
    )
    item = _made(side, draft)
    assert {name: item.fields[name] for name in draft.fields} == draft.fields
    with database.read() as connection:
        row = records.get(connection, "task", UUID(item.id))
    assert row["actualstart"] == records.clock.now()


def test_a_meeting_keeps_every_field_and_resolves_whom_it_knows(
    side: StoreItems, database: Database, records: Records, eva: UUID
) -> None:
    with database.write() as connection:
        ann = records.create(connection, "contact", {"lastname": "Ann", "emailaddress1": GUEST})
    draft = _meeting()
    item = _made(side, draft)
    assert {name: item.fields[name] for name in draft.fields} == draft.fields
    assert item.part is Part.OWNER
    assert item.privacy is Privacy.PRIVATE
    assert not item.is_past(START - timedelta(seconds=1))
    assert item.is_past(START)
    assert item.identity.uid == "uid-1"
    with database.read() as connection:
        parties = {row["addressused"]: row for row in records.select(connection, "activityparty")}
        owner = records.get(connection, "appointment", UUID(item.id))["ownerid"]
    assert owner == eva
    assert parties[GUEST]["partyid"] == ann
    assert parties[STRANGER]["partyid"] is None
    assert parties[STRANGER]["unresolvedpartyname"] == "Bo"


def test_a_meeting_of_another_user_is_his_and_made_by_the_system(
    side: StoreItems, database: Database, records: Records
) -> None:
    with database.write() as connection:
        bea = records.create(
            connection, "systemuser", {"lastname": "Bea", "internalemailaddress": "bea@here.example"}
        )
    item = _made(side, _meeting(organizer="bea@here.example"))
    assert item.part is Part.GUEST_OF_OUTSIDER
    with database.read() as connection:
        row = records.get(connection, "appointment", UUID(item.id))
    assert row["ownerid"] == bea
    assert row["createdby"] == SYSTEM_USER_ID


def test_attendees_come_and_go_and_those_who_stay_keep_their_answer(side: StoreItems) -> None:
    item = _made(side, _meeting())
    answers = frozenset({Response(GUEST, Answer.ACCEPTED)})
    version = side.update(item.id, item.version, {"responses": answers}, IN_CRM)
    new = Attendee("cy@far.example", "cy@far.example", "Cy")
    side.update(item.id, version, {"required": frozenset({new, Attendee(GUEST)}), "optional": None}, IN_CRM)
    found = side.get([item.id])[item.id]
    assert found.fields["required"] == frozenset({new, Attendee(GUEST)})
    assert found.fields["optional"] is None
    assert found.fields["responses"] == answers
    assert found.fields["organizer"] == EVA


def test_only_the_named_fields_are_written(side: StoreItems) -> None:
    item = _made(side, _meeting())
    side.update(item.id, item.version, {"location": None, "show_as": AppointmentStatus.CANCELED}, IN_CRM)
    found = side.get([item.id])[item.id]
    assert found.state is State.CANCELED
    changed = {name for name in item.fields if found.fields[name] != item.fields[name]}
    assert changed == {"location", "show_as"}


def test_a_stale_version_writes_nothing(side: StoreItems) -> None:
    item = _made(side, _meeting())
    side.update(item.id, item.version, {"location": "Room 2"}, IN_CRM)
    for version in (item.version, "", "v9"):
        with pytest.raises(StaleVersion):
            side.update(item.id, version, {"location": "Room 3"}, IN_CRM)
        with pytest.raises(StaleVersion):
            side.delete(item.id, version, Removal.FOR_GOOD, IN_CRM)
    assert side.get([item.id])[item.id].fields["location"] == "Room 2"


def test_what_is_gone_can_be_deleted_again_and_not_changed(side: StoreItems) -> None:
    item = _made(side, _meeting())
    for _ in range(2):
        side.delete(item.id, item.version, Removal.TO_DELETED_ITEMS, IN_CRM)
    assert side.get([item.id, "no key"]) == {}
    with pytest.raises(StaleVersion):
        side.update(item.id, item.version, {"subject": "x"}, IN_CRM)


def test_a_creation_is_found_by_its_token_and_not_done_twice(side: StoreItems) -> None:
    for token in (str(new_id()), "any text"):
        first = side.create(_meeting(), token, IN_CRM)
        assert side.create(_meeting(subject="Another"), token, IN_CRM) == first
        assert side.find_by_token([token, "unknown"]) == {token: first[0]}
    assert len(side.find_by_uid(["uid-1", ""])["uid-1"]) == 2


def test_what_looks_alike_is_found_where_the_user_would_have_it(
    side: StoreItems, database: Database, records: Records
) -> None:
    made = [
        _made(side, _meeting()),
        _made(side, _draft(Kind.TASK, subject="Call", due=START)),
        _made(side, _draft(Kind.CONTACT, full_name=PersonName("Ann", None, "Lee"), email1=GUEST)),
        _made(side, _draft(Kind.CONTACT, full_name=PersonName("Cher"))),
    ]
    with database.write() as connection:
        records.create(connection, "contact", {"firstname": "Cher"})
    _made(side, _draft(Kind.TASK, subject="Call", due=None))
    assert set(side.find_alike(made)) == {item.id for item in made}
    assert side.find_alike([]) == []


def test_everything_in_scope_is_seen_at_first(side: StoreItems, database: Database, records: Records) -> None:
    mine = {_made(side, _meeting()).id, _made(side, _draft(Kind.TASK, subject="Call")).id}
    with database.write() as connection:
        records.create(connection, "task", {"subject": "Of somebody else"})
    pages = list(side.changes(None))
    assert {item.id for page in pages for item in page.items} == mine
    assert {page.feed for page in pages} == {Feed.WHOLE}


def _pair(database: Database, records: Records, user: UUID, item: Item, **more: Any) -> UUID:
    values = {
        "objectid": UUID(item.id),
        "objecttypecode": {Kind.APPOINTMENT: 4201, Kind.TASK: 4212, Kind.CONTACT: 2}[item.kind],
        "ownerid": user,
        "postroom_crmversion": item.version,
        "postroom_link": 2,
    }
    with database.write() as connection:
        return records.create(connection, "exchangesyncidmapping", values | more, internal=True)


def test_paired_records_are_seen_when_they_change_or_leave_and_gone_ones_are_named(
    side: StoreItems, database: Database, records: Records, eva: UUID
) -> None:
    items = [_made(side, _draft(Kind.TASK, subject=f"Task {number}")) for number in range(4)]
    for item in items:
        _pair(database, records, eva, item)
    assert _seen(side) == {}
    side.update(items[0].id, items[0].version, {"subject": "Changed"}, IN_CRM)
    side.update(items[1].id, items[1].version, {"status": TaskStatus.COMPLETED}, IN_CRM)
    side.delete(items[2].id, items[2].version, Removal.FOR_GOOD, IN_CRM)
    seen = _seen(side)
    assert seen.keys() == {items[0].id, items[1].id}
    assert [seen[each.id].is_in_scope for each in items[:2]] == [True, False]
    assert [id for page in side.changes(MARK) for id in page.gone] == [items[2].id]


def test_a_filter_that_is_switched_off_shows_what_left_without_a_change(
    side: StoreItems, database: Database, records: Records, eva: UUID
) -> None:
    item = _made(side, _draft(Kind.TASK, subject="Call"))
    _pair(database, records, eva, item)
    with database.write() as connection:
        for row in records.select(connection, "userquery"):
            records.update(connection, "userquery", row["userqueryid"], {"statecode": 1})
    assert not _seen(side)[item.id].is_in_scope


def test_a_broken_filter_hinders_what_it_might_have_found(
    side: StoreItems, database: Database, records: Records, eva: UUID
) -> None:
    item = _made(side, _draft(Kind.TASK, subject="Call"))
    _pair(database, records, eva, item)
    with database.write() as connection:
        for row in records.select(connection, "userquery"):
            records.update(connection, "userquery", row["userqueryid"], {"fetchxml": "<fetch"})
    found = side.get([item.id])[item.id]
    assert found.is_in_scope
    assert "My Tasks" in found.hindrance


def test_what_a_user_untracked_is_not_wanted_and_what_he_tracks_is(
    side: StoreItems, database: Database, records: Records, eva: UUID
) -> None:
    item = _made(side, _draft(Kind.TASK, subject="Call"))
    with database.write() as connection:
        other = records.create(connection, "task", {"subject": "Of somebody else"})
        for id, track in ((item.id, False), (str(other), True)):
            values = {"objectid": UUID(id), "objecttypecode": 4212, "subscriptionid": eva, "track": track}
            records.create(connection, "subscriptionmanuallytrackedobject", values)
    found = side.get([item.id, str(other)])
    assert not found[item.id].is_tracked
    assert found[str(other)].is_wanted


def test_what_was_tracked_on_the_server_stays_although_no_filter_finds_it(side: StoreItems) -> None:
    optional = _meeting(organizer=STRANGER, required=None, optional=frozenset({Attendee(EVA, EVA)}))
    item = _made(side, optional)
    assert item.is_wanted
    assert item.id in _seen(side, None)


def test_an_appointment_without_times_says_what_is_missing(
    side: StoreItems, database: Database, records: Records
) -> None:
    with database.write() as connection:
        id = records.create(connection, "appointment", {"subject": "Some day"})
    assert "set both" in side.get([str(id)])[str(id)].hindrance


def test_texts_are_cut_to_what_columns_hold(side: StoreItems) -> None:
    item = _made(side, _draft(Kind.TASK, subject="x" * 500, body="y" * 5000))
    assert item.fields["subject"] == "x" * 200
    assert item.fields["body"] == "y" * 2000


@pytest.mark.parametrize("id", [str(UUID(int=7)), "no key"])
def test_a_regarding_record_that_is_gone_keeps_nothing_else_from_being_written(
    side: StoreItems, id: str
) -> None:
    item = _made(side, _draft(Kind.TASK, subject="Call", regarding=Regarding("account", id)))
    assert (item.subject, item.fields["regarding"]) == ("Call", None)


def test_days_of_a_series_are_no_items_of_their_own(
    side: StoreItems, database: Database, records: Records
) -> None:
    item = _made(side, _meeting())
    with database.write() as connection:
        values = {"seriesid": new_id(), "instancetypecode": 2}
        records.update(connection, "appointment", UUID(item.id), values, internal=True)
    assert side.get([item.id]) == {}
    assert _seen(side) == {}
