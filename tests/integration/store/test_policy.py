"""The organization's settings for mail, and the choices they allow, at writes on both databases."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from postroom.configuration.switches import Switch, written
from postroom.errors import InvalidRecord
from postroom.schema.organization import Organization
from postroom.store.database import Database
from postroom.store.records import ORGANIZATION_ID, Records

FILTER = "incomingemailfilteringmethod"


@pytest.fixture
def connection(database: Database, records: Records) -> Iterator[sa.Connection]:
    """A write on a store that has its organization."""
    with database.write() as opened:
        yield opened


def change(records: Records, connection: sa.Connection, **values: Any) -> None:
    records.update(connection, "organization", ORGANIZATION_ID, values)


def turn(records: Records, connection: sa.Connection, switch: Switch, *, on: bool) -> None:
    change(records, connection, orgdborgsettings=written(None, {switch: on}))


def a_user(records: Records, connection: sa.Connection) -> UUID:
    return records.create(connection, "systemuser", {"lastname": "Agent", "domainname": "agent"})


@pytest.mark.parametrize(
    "columns", [("hashmaxcount", "hashdeltasubjectcount"), ("hashdeltasubjectcount", "hashmaxcount")]
)
def test_many_words_of_subjects_and_differences_are_not_wished_for_together(
    records: Records, connection: sa.Connection, columns: tuple[str, str]
) -> None:
    values = {"hashmaxcount": 200, "hashdeltasubjectcount": 2}
    change(records, connection, **{columns[0]: values[columns[0]]})
    with pytest.raises(InvalidRecord, match="hashmaxcount must be at most 20 while subjects may differ"):
        change(records, connection, **{columns[1]: values[columns[1]]})


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("orgdborgsettings", "<OrgSettings>", "not well-formed"),
        ("orgdborgsettings", "<Wrong/>", "The root element"),
        (
            "orgdborgsettings",
            "<OrgSettings><HideTrackAllOption>maybe</HideTrackAllOption></OrgSettings>",
            "HideTrackAllOption must be true or false",
        ),
        ("hashfilterkeywords", r"^(\w+\s?)+:", "could take for ever"),
        ("hashfilterkeywords", "(", "is not a regular expression"),
        ("trackingprefix", "CRM:;", "an empty prefix"),
        ("trackingprefix", None, "at least one prefix"),
        ("trackingtokeniddigits", 11, "from 1 to 10"),
        ("maximumtrackingnumber", 0, "at least 1"),
        ("maximumtrackingnumber", 2**31 - 1, "at most 999999999"),
    ],
)
def test_settings_that_could_not_be_used_are_refused(
    records: Records, connection: sa.Connection, column: str, value: Any, said: str
) -> None:
    with pytest.raises(InvalidRecord, match=said) as refusal:
        change(records, connection, **{column: value})
    assert (refusal.value.code, refusal.value.column) == (0x80040203, column)


def test_all_problems_are_told_at_once(records: Records, connection: sa.Connection) -> None:
    with pytest.raises(InvalidRecord) as refusal:
        change(records, connection, orgdborgsettings="<", hashfilterkeywords="(", trackingprefix="1")
    assert len(refusal.value.problems) == 3


def test_good_settings_are_kept_with_what_is_foreign_in_them(
    records: Records, connection: sa.Connection
) -> None:
    xml = "<OrgSettings><IsMRUEnabled>true</IsMRUEnabled><AllowSaveAsDraftAppointment/></OrgSettings>"
    before = records.get(connection, "organization", ORGANIZATION_ID)
    change(
        records,
        connection,
        orgdborgsettings=xml,
        hashfilterkeywords=before["hashfilterkeywords"],
        trackingprefix="ACME:;CRM:",
        trackingtokeniddigits=4,
        maximumtrackingnumber=9999,
    )
    assert records.get(connection, "organization", ORGANIZATION_ID)["orgdborgsettings"] == xml
    change(records, connection, orgdborgsettings=None, hashfilterkeywords=None)


def test_what_was_wrong_before_hinders_no_other_change(records: Records, connection: sa.Connection) -> None:
    connection.execute(sa.update(Organization).values(orgdborgsettings="<", trackingprefix=""))
    change(records, connection, orgdborgsettings="<", trackingprefix="", name="Other")
    assert records.get(connection, "organization", ORGANIZATION_ID)["name"] == "Other"


def test_a_user_may_not_accept_everything_where_that_is_hidden(
    records: Records, connection: sa.Connection
) -> None:
    user = a_user(records, connection)
    turn(records, connection, Switch.HIDE_TRACK_ALL_OPTION, on=True)
    with pytest.raises(InvalidRecord, match="HideTrackAllOption is on") as refusal:
        records.update(connection, "usersettings", user, {FILTER: 0})
    assert refusal.value.column == FILTER
    records.update(connection, "usersettings", user, {FILTER: 0}, internal=True)
    records.update(connection, "usersettings", user, {FILTER: 0, "issendasallowed": True})
    records.update(connection, "usersettings", user, {FILTER: 4})
    assert records.create(connection, "queue", {"name": "Everything", FILTER: 0})


def test_users_keep_their_filter_where_the_choice_is_hidden(
    records: Records, connection: sa.Connection
) -> None:
    turn(records, connection, Switch.HIDE_EMAIL_AUTO_TRACK_OPTIONS, on=True)
    user = a_user(records, connection)
    assert records.get(connection, "usersettings", user)[FILTER] == 2
    with pytest.raises(InvalidRecord, match="HideEmailAutoTrackOptions is on"):
        records.update(connection, "usersettings", user, {FILTER: 1})
    records.update(connection, "usersettings", user, {FILTER: 2})
    queue = records.create(connection, "queue", {"name": "Sales"})
    records.update(connection, "queue", queue, {FILTER: 1})
    records.delete(connection, "queue", queue)


def test_nobody_chooses_no_messages_where_that_is_not_offered(
    records: Records, connection: sa.Connection
) -> None:
    user = a_user(records, connection)
    turn(records, connection, Switch.DO_NOT_AUTO_TRACK_EMAIL, on=False)
    with pytest.raises(InvalidRecord, match="DoNotAutoTrackEmail is off"):
        records.update(connection, "usersettings", user, {FILTER: 4})
    with pytest.raises(InvalidRecord, match="DoNotAutoTrackEmail is off"):
        records.create(connection, "queue", {"name": "Silent", FILTER: 4})
    turn(records, connection, Switch.DO_NOT_AUTO_TRACK_EMAIL, on=True)
    records.update(connection, "usersettings", user, {FILTER: 4})
