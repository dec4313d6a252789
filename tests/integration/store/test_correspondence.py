"""Phone calls, letters, faxes and service activities as records: states, parties, scope."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from postroom.errors import InvalidRecord
from postroom.store import filters
from postroom.store.database import Database
from postroom.store.fetch import viewer_of
from postroom.store.items import StoreItems
from postroom.store.records import Records

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
TIMES = {"scheduledstart": START, "scheduledend": START + timedelta(hours=1)}


@pytest.fixture
def eva(database: Database, records: Records) -> UUID:
    """A user with the default filters."""
    with database.write() as connection:
        user = records.create(connection, "systemuser", {"lastname": "Ek"})
        filters.populate(records, connection, user)
    return user


def _create(database: Database, records: Records, table: str, **values: Any) -> UUID:
    with database.write() as connection:
        return records.create(connection, table, {"subject": "x", **values})


def _update(database: Database, records: Records, table: str, id: UUID, **values: Any) -> dict[str, Any]:
    with database.write() as connection:
        records.update(connection, table, id, values)
        return records.get(connection, table, id)


@pytest.mark.parametrize(
    ("table", "begins", "completed", "canceled"),
    [("phonecall", 1, 2, 3), ("letter", 2, 4, 5), ("fax", 1, 2, 5), ("serviceappointment", 1, 8, 9)],
)
def test_a_state_brings_its_default_status_and_a_closed_record_is_read_only(
    database: Database, records: Records, table: str, begins: int, completed: int, canceled: int
) -> None:
    id = _create(database, records, table, **TIMES)
    with database.read() as connection:
        assert records.get(connection, table, id)["statuscode"] == begins
    row = _update(database, records, table, id, statecode=1)
    assert (row["statuscode"], row["actualend"]) == (completed, records.clock.now())
    with pytest.raises(InvalidRecord, match="can't be changed"):
        _update(database, records, table, id, subject="y")
    assert _update(database, records, table, id, statecode=2)["statuscode"] == canceled
    with pytest.raises(InvalidRecord, match="before it starts"):
        _create(database, records, table, scheduledstart=START, scheduledend=START - timedelta(hours=1))


def test_who_calls_and_is_called_are_parties(database: Database, records: Records, eva: UUID) -> None:
    with database.write() as connection:
        bo = records.create(connection, "contact", {"lastname": "Bo"})
    parties = [
        {"partyid": eva, "partyobjecttypecode": "systemuser", "participationtypemask": 1},
        {"partyid": bo, "partyobjecttypecode": "contact", "participationtypemask": 2},
    ]
    id = _create(database, records, "phonecall", ownerid=eva, parties=parties, phonenumber="+45 1")
    with database.read() as connection:
        rows = [row for row in records.select(connection, "activityparty") if row["activityid"] == id]
    assert {(row["partyid"], row["participationtypemask"]) for row in rows} == {(eva, 1), (bo, 2), (eva, 9)}


@pytest.mark.parametrize("table", ["phonecall", "letter", "fax"])
def test_it_is_in_scope_of_its_owner_while_open(
    database: Database, records: Records, eva: UUID, table: str
) -> None:
    mine = _create(database, records, table, ownerid=eva)
    _create(database, records, table)
    done = _create(database, records, table, ownerid=eva)
    _update(database, records, table, done, statecode=1)
    seen = {item.id for page in StoreItems(records, eva).changes(None) for item in page.items}
    assert seen == {str(mine)}


def test_a_service_activity_is_in_scope_of_those_who_do_it(
    database: Database, records: Records, eva: UUID
) -> None:
    party = {"partyid": eva, "partyobjecttypecode": "systemuser"}
    found = {
        role: _create(
            database,
            records,
            "serviceappointment",
            parties=[{**party, "participationtypemask": role}],
            **TIMES,
        )
        for role in (5, 6, 7, 10, 11)
    }
    with database.read() as connection:
        viewer = viewer_of(connection, eva, START)
        scope = filters.in_scope(connection, viewer, "serviceappointment")
    assert scope.ids == {found[5], found[7], found[10]}
