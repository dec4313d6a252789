"""Synchronization filters: the defaults, their union, and those that are broken."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from postroom.errors import UserError
from postroom.store import filters
from postroom.store.database import Database
from postroom.store.fetch import viewer_of
from postroom.store.filters import QueryType, Scope
from postroom.store.records import Records

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def eva(database: Database, records: Records) -> UUID:
    """A user with the default filters."""
    with database.write() as connection:
        user = records.create(connection, "systemuser", {"firstname": "Eva", "lastname": "Ek"})
        filters.populate(records, connection, user)
    return user


def _scope(database: Database, user: UUID, table: str, **which: Any) -> Scope:
    with database.read() as connection:
        return filters.in_scope(connection, viewer_of(connection, user, NOW), table, **which)


def _create(database: Database, records: Records, table: str, **values: Any) -> UUID:
    with database.write() as connection:
        return records.create(connection, table, values)


def test_every_user_begins_with_filters_of_his_own(database: Database, records: Records, eva: UUID) -> None:
    with database.write() as connection:
        filters.populate(records, connection, eva)
        mine = records.select(connection, "userquery")
        user = records.get(connection, "systemuser", eva)
    assert sorted(row["name"] for row in mine) == sorted(name for name, _, _ in filters.DEFAULTS)
    assert {row["ownerid"] for row in mine} == {eva}
    assert {row["querytype"] for row in mine} == {QueryType.OUTLOOK_FILTER}
    assert user["defaultfilterspopulated"]


def test_contacts_and_tasks_of_the_user_are_in_scope_while_open(
    database: Database, records: Records, eva: UUID
) -> None:
    mine = _create(database, records, "contact", lastname="Mine", ownerid=eva)
    _create(database, records, "contact", lastname="Foreign")
    task = _create(database, records, "task", subject="Open", ownerid=eva)
    done = _create(database, records, "task", subject="Done", ownerid=eva)
    with database.write() as connection:
        records.update(connection, "task", done, {"statecode": 1})
    assert _scope(database, eva, "contact").ids == {mine}
    assert _scope(database, eva, "task").ids == {task}


def test_an_appointment_is_in_scope_of_those_who_organize_or_must_attend(
    database: Database, records: Records, eva: UUID
) -> None:
    times = {"scheduledstart": NOW, "scheduledend": NOW}
    party = {"partyid": eva, "partyobjecttypecode": "systemuser"}
    owned = _create(database, records, "appointment", subject="Owned", ownerid=eva, **times)
    found = {
        role: _create(
            database,
            records,
            "appointment",
            subject="Meeting",
            parties=[{**party, "participationtypemask": role}],
            **times,
        )
        for role in (5, 6, 7)
    }
    assert _scope(database, eva, "appointment").ids == {found[5], found[7]}
    assert owned not in _scope(database, eva, "appointment").ids


def test_the_scope_can_be_asked_of_some_records_or_of_what_changed(
    database: Database, records: Records, eva: UUID
) -> None:
    first = _create(database, records, "contact", lastname="One", ownerid=eva)
    second = _create(database, records, "contact", lastname="Two", ownerid=eva)
    with database.read() as connection:
        version = records.get(connection, "contact", first)["versionnumber"]
    assert _scope(database, eva, "contact", ids=[first]).ids == {first}
    assert _scope(database, eva, "contact", since=version).ids == {second}


def test_without_an_active_filter_nothing_is_in_scope(
    database: Database, records: Records, eva: UUID
) -> None:
    _create(database, records, "contact", lastname="Mine", ownerid=eva)
    with database.write() as connection:
        for row in records.select(connection, "userquery"):
            records.update(connection, "userquery", row["userqueryid"], {"statecode": 1})
    assert _scope(database, eva, "contact").ids == set()


def test_filters_add_up_and_a_broken_one_is_named_and_stops_no_other(
    database: Database, records: Records, eva: UUID
) -> None:
    mine = _create(database, records, "contact", lastname="Mine", ownerid=eva)
    other = _create(database, records, "contact", lastname="Zorn")
    condition = '<condition attribute="lastname" operator="begins-with" value="z"/>'
    query = {"querytype": 256, "returnedtypecode": "contact", "ownerid": eva}
    xml = f'<fetch><entity name="contact"><filter>{condition}</filter></entity></fetch>'
    _create(database, records, "userquery", name="With z", fetchxml=xml, **query)
    _create(database, records, "userquery", name="Broken", fetchxml="<fetch", **query)
    _create(database, records, "userquery", name="Astray", fetchxml=xml.replace("contact", "task"), **query)
    scope = _scope(database, eva, "contact")
    assert scope.ids == {mine, other}
    assert sorted(each.name for each in scope.broken) == ["Astray", "Broken"]
    assert "'Broken'" in next(each.words for each in scope.broken if each.name == "Broken")


def test_filters_can_be_made_from_templates_and_set_back(
    database: Database, records: Records, eva: UUID
) -> None:
    with database.write() as connection:
        template = records.select(connection, "savedquery")[0]["savedqueryid"]
        filters.instantiate(records, connection, eva, [template])
        assert len(records.select(connection, "userquery")) == len(filters.DEFAULTS) + 1
        filters.reset(records, connection, eva, QueryType.OUTLOOK_FILTER)
        assert len(records.select(connection, "userquery")) == len(filters.DEFAULTS)
        with pytest.raises(UserError, match="does not exist"):
            filters.instantiate(records, connection, eva, [eva])
        with pytest.raises(UserError, match="not 7"):
            filters.reset(records, connection, eva, 7)


def test_records_of_a_users_teams_are_in_scope_while_he_is_a_member(
    database: Database, records: Records, eva: UUID
) -> None:
    unit = records_of(database, records, "businessunit")[0]["businessunitid"]
    team = _create(database, records, "team", name="Sales", businessunitid=unit)
    theirs = _create(database, records, "contact", lastname="Theirs", ownerid=team, owneridtype="team")
    condition = '<condition attribute="ownerid" operator="eq-useroruserteams"/>'
    xml = f'<fetch><entity name="contact"><filter>{condition}</filter></entity></fetch>'
    values = {"name": "Ours", "returnedtypecode": "contact", "fetchxml": xml, "querytype": 256}
    _create(database, records, "userquery", ownerid=eva, **values)
    assert theirs not in _scope(database, eva, "contact").ids
    member = _create(database, records, "teammembership", systemuserid=eva, teamid=team)
    assert theirs in _scope(database, eva, "contact").ids
    with database.write() as connection:
        records.delete(connection, "teammembership", member)
    assert theirs not in _scope(database, eva, "contact").ids


def records_of(database: Database, records: Records, table: str) -> list[dict[str, Any]]:
    with database.read() as connection:
        return [dict(row) for row in records.select(connection, table)]
