"""Records under the rules of the schema, on both databases."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from postroom.errors import InvalidRecord, NoSuchRecord, StaleVersion
from postroom.ports.clock import ManualClock
from postroom.schema import registry
from postroom.schema.choices import Participation, ServerType
from postroom.schema.ids import new_id
from postroom.schema.party import ActivityParty
from postroom.schema.profile import EmailServerProfile
from postroom.schema.search import EmailSearch
from postroom.schema.user import UserSettings
from postroom.store.database import Database
from postroom.store.records import ORGANIZATION_ID, ROOT_UNIT_ID, SYSTEM_USER_ID, Hooks, Records, Write


@pytest.fixture
def connection(database: Database, records: Records) -> Iterator[sa.Connection]:
    """A write on a store that has its organization."""
    with database.write() as opened:
        yield opened


def _refusal(attempt: Any, *args: Any, **named: Any) -> InvalidRecord:
    with pytest.raises(InvalidRecord) as refusal:
        attempt(*args, **named)
    return refusal.value


def _user(records: Records, connection: sa.Connection, **values: Any) -> UUID:
    given = {"firstname": "Ada", "lastname": "Lovelace", "internalemailaddress": "ada@example.com", **values}
    return records.create(connection, "systemuser", given)


def test_a_new_record_gets_its_defaults_its_owner_and_its_stamps(
    records: Records, connection: sa.Connection, clock: ManualClock
) -> None:
    id = records.create(connection, "account", {"name": "Contoso"})
    row = records.get(connection, "account", id)
    assert row["name"] == "Contoso"
    assert (row["statecode"], row["statuscode"]) == (0, 1)
    assert (row["followemail"], row["donotemail"]) == (True, False)
    assert (row["ownerid"], row["owneridtype"]) == (SYSTEM_USER_ID, "systemuser")
    assert (row["owninguser"], row["owningteam"]) == (SYSTEM_USER_ID, None)
    assert row["owningbusinessunit"] == ROOT_UNIT_ID
    assert row["createdon"] == row["modifiedon"] == clock.now()
    assert row["createdby"] == row["modifiedby"] == SYSTEM_USER_ID
    assert row["versionnumber"] > 0


def test_a_change_gets_a_new_version_and_a_new_date(
    records: Records, connection: sa.Connection, clock: ManualClock
) -> None:
    id = records.create(connection, "account", {"name": "Contoso"})
    before = records.get(connection, "account", id)
    clock.at += timedelta(hours=1)
    records.update(connection, "account", id, {"fax": "1"}, if_version=before["versionnumber"])
    after = records.get(connection, "account", id)
    assert after["versionnumber"] > before["versionnumber"]
    assert after["modifiedon"] == before["modifiedon"] + timedelta(hours=1)
    assert after["createdon"] == before["createdon"]


def test_a_change_based_on_an_old_version_is_refused(records: Records, connection: sa.Connection) -> None:
    id = records.create(connection, "account", {"name": "Contoso"})
    version = records.get(connection, "account", id)["versionnumber"]
    records.update(connection, "account", id, {"fax": "1"})
    with pytest.raises(StaleVersion):
        records.update(connection, "account", id, {"fax": "2"}, if_version=version)
    with pytest.raises(StaleVersion):
        records.delete(connection, "account", id, if_version=version)
    assert records.get(connection, "account", id)["fax"] == "1"


def test_all_problems_of_a_write_are_told_at_once(records: Records, connection: sa.Connection) -> None:
    problem = _refusal(
        records.create,
        connection,
        "emailserverprofile",
        {
            "name": "x" * 101,
            "colour": "red",
            "incomingportnumber": 70_000,
            "servertype": 9,
            "incomingusessl": "yes",
            "isincomingpasswordset": True,
            "managedidentityid": str(new_id()),
        },
    )
    text = str(problem)
    assert len(problem.problems) >= 6
    for named in (
        "name",
        "colour",
        "incomingportnumber",
        "servertype",
        "incomingusessl",
        "managedidentityid",
    ):
        assert named in text
    assert "isincomingpasswordset" in text


@pytest.mark.parametrize(
    ("table", "values", "code", "column"),
    [
        ("account", {"name": "x" * 161}, 0x80044331, "name"),
        ("account", {"colour": 1}, 0x80041103, "colour"),
        ("account", {"name": 7}, 0x80040203, "name"),
        ("account", {"name": "a\x00b"}, 0x80040203, "name"),
        ("account", {"name": "a\ud800b"}, 0x80040203, "name"),
        ("account", {"emailaddress1": "not an address"}, 0x80044192, "emailaddress1"),
        ("account", {"emailaddress1": "a@b.c\r\nBcc: x@y.z"}, 0x80044192, "emailaddress1"),
        ("account", {"primarycontactid": "no-guid"}, 0x80040203, "primarycontactid"),
        ("account", {"primarycontactid": str(new_id())}, 0x80040217, "primarycontactid"),
        ("account", {"ownerid": str(new_id())}, 0x80040229, "ownerid"),
        ("account", {"createdon": "2026-01-01T00:00:00Z"}, 0x80040203, "createdon"),
        ("account", {"overriddencreatedon": "2026-01-01T00:00:00"}, 0x80040203, "overriddencreatedon"),
        ("contact", {"birthdate": "yesterday"}, 0x80040203, "birthdate"),
        ("contact", {"gendercode": 3}, 0x80040203, "gendercode"),
        ("contact", {"followemail": 1}, 0x80040203, "followemail"),
        ("task", {"percentcomplete": 101}, 0x80040203, "percentcomplete"),
        ("task", {"percentcomplete": True}, 0x80040203, "percentcomplete"),
        ("queue", {}, 0x80040203, "name"),
        ("mailboxtrackingfolder", {}, 0x80040203, "mailboxid"),
        ("email", {"statecode": 1}, 0x80040203, "statecode"),
        ("nonsense", {}, 0x80041102, None),
        ("activitypointer", {}, 0x80040203, None),
        ("recurrencerule", {}, 0x8004E110, None),
        ("activityparty", {}, 0x80040203, None),
        ("organization", {}, 0x80040203, None),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_with_its_code(
    records: Records,
    connection: sa.Connection,
    table: str,
    values: dict[str, Any],
    code: int,
    column: str | None,
) -> None:
    problem = _refusal(records.create, connection, table, values)
    assert (hex(problem.code), problem.column) == (hex(code), column)


def test_values_may_come_as_json_has_them(records: Records, connection: sa.Connection) -> None:
    id = new_id()
    made = records.create(
        connection,
        "contact",
        {
            "contactid": str(id),
            "lastname": "King",
            "birthdate": "1815-12-10",
            "overriddencreatedon": "2020-01-01T02:00:00+02:00",
        },
    )
    row = records.get(connection, "contact", made)
    assert made == id
    assert row["birthdate"].isoformat() == "1815-12-10"
    assert row["createdon"] == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_key_that_is_taken_is_refused(records: Records, connection: sa.Connection) -> None:
    id = records.create(connection, "account", {"name": "One"})
    problem = _refusal(records.create, connection, "account", {"accountid": id, "name": "Two"})
    assert problem.code == 0x80040237


def test_what_is_not_there_is_named(records: Records, connection: sa.Connection) -> None:
    id = new_id()
    for attempt in (
        lambda: records.get(connection, "account", id),
        lambda: records.update(connection, "account", id, {"name": "x"}),
        lambda: records.delete(connection, "account", id),
    ):
        with pytest.raises(NoSuchRecord, match=str(id)) as refusal:
            attempt()
        assert refusal.value.code == 0x80040217
    assert records.find(connection, "account", id) is None


def test_a_state_brings_its_status_and_a_status_its_state(
    records: Records, connection: sa.Connection
) -> None:
    id = records.create(connection, "task", {"subject": "Call"})

    def state() -> tuple[int, int]:
        row = records.get(connection, "task", id)
        return row["statecode"], row["statuscode"]

    assert state() == (0, 2)
    records.update(connection, "task", id, {"statuscode": 4})
    assert state() == (0, 4)
    records.update(connection, "task", id, {"statecode": 0})
    assert state() == (0, 4)
    records.update(connection, "task", id, {"statecode": 1})
    assert state() == (1, 5)
    records.update(connection, "task", id, {"statuscode": 6})
    assert state() == (2, 6)
    problem = _refusal(records.update, connection, "task", id, {"statecode": 0, "statuscode": 5})
    assert problem.code == 0x80048408


def test_a_record_may_be_made_in_the_state_of_its_status(records: Records, connection: sa.Connection) -> None:
    id = records.create(connection, "email", {"subject": "Hi", "statuscode": 4, "directioncode": False})
    assert records.get(connection, "email", id)["statecode"] == 1


def test_a_secret_is_sealed_and_never_returned(records: Records, connection: sa.Connection) -> None:
    id = records.create(
        connection,
        "emailserverprofile",
        {
            "name": "POP",
            "servertype": int(ServerType.POP3_SMTP),
            "incomingserverlocation": "pop.example.com",
            "outgoingserverlocation": "smtp.example.com",
            "incomingpassword": "hunter2",
        },
    )
    row = records.get(connection, "emailserverprofile", id)
    assert "incomingpassword" not in row
    assert (row["isincomingpasswordset"], row["isoutgoingpasswordset"]) == (True, False)
    stored = connection.scalar(
        sa.select(EmailServerProfile.incomingpassword).where(EmailServerProfile.emailserverprofileid == id)
    )
    assert stored is not None
    assert "hunter2" not in stored
    assert records.open_secret(connection, "emailserverprofile", id, "incomingpassword") == "hunter2"
    assert records.open_secret(connection, "emailserverprofile", id, "outgoingpassword") is None
    records.update(connection, "emailserverprofile", id, {"incomingpassword": None})
    assert records.get(connection, "emailserverprofile", id)["isincomingpasswordset"] is False


def test_a_lookup_with_several_targets_finds_its_table(records: Records, connection: sa.Connection) -> None:
    account = records.create(connection, "account", {"name": "Contoso"})
    contact = records.create(connection, "contact", {"lastname": "King", "parentcustomerid": account})
    row = records.get(connection, "contact", contact)
    assert row["parentcustomeridtype"] == "account"
    problem = _refusal(
        records.update,
        connection,
        "contact",
        contact,
        {"parentcustomerid": account, "parentcustomeridtype": "queue"},
    )
    assert problem.column == "parentcustomerid"
    records.update(connection, "contact", contact, {"parentcustomerid": None})
    assert records.get(connection, "contact", contact)["parentcustomeridtype"] is None


def test_the_owner_decides_what_follows_from_it(records: Records, connection: sa.Connection) -> None:
    user = _user(records, connection)
    team = records.create(connection, "team", {"name": "Service"})
    id = records.create(connection, "account", {"name": "Contoso", "ownerid": user})
    assert records.get(connection, "account", id)["owninguser"] == user
    records.update(connection, "account", id, {"ownerid": team})
    row = records.get(connection, "account", id)
    assert (row["owneridtype"], row["owningteam"], row["owninguser"]) == ("team", team, None)
    assert _refusal(records.update, connection, "account", id, {"ownerid": None}).column == "ownerid"


def test_a_new_user_gets_a_name_settings_and_a_number(records: Records, connection: sa.Connection) -> None:
    first, second = (
        _user(records, connection),
        _user(records, connection, internalemailaddress="b@example.com"),
    )
    assert records.get(connection, "systemuser", first)["fullname"] == "Lovelace, Ada"
    numbers = [records.get(connection, "usersettings", id)["trackingtokenid"] for id in (first, second)]
    assert numbers == [1, 2]
    records.update(connection, "organization", ORGANIZATION_ID, {"fullnameconventioncode": 1})
    records.update(connection, "systemuser", first, {"firstname": "Augusta"})
    assert records.get(connection, "systemuser", first)["fullname"] == "Augusta Lovelace"


def test_the_address_index_follows_every_address_column(records: Records, connection: sa.Connection) -> None:
    def indexed(id: UUID) -> list[tuple[str, int]]:
        query = sa.select(EmailSearch.emailaddress, EmailSearch.emailcolumnnumber)
        rows = connection.execute(query.where(EmailSearch.parentobjectid == id))
        return sorted((row.emailaddress, row.emailcolumnnumber) for row in rows)

    id = records.create(
        connection,
        "contact",
        {"lastname": "King", "emailaddress1": "ADA@Example.COM", "emailaddress3": "c@x.yz"},
    )
    assert indexed(id) == [("ada@example.com", 1), ("c@x.yz", 3)]
    records.update(connection, "contact", id, {"emailaddress1": "b@x.yz", "emailaddress3": None})
    assert indexed(id) == [("b@x.yz", 1)]
    records.update(connection, "contact", id, {"description": "unchanged address"})
    assert indexed(id) == [("b@x.yz", 1)]
    records.delete(connection, "contact", id)
    assert indexed(id) == []


def _parties(connection: sa.Connection, id: UUID) -> dict[int, sa.Row[Any]]:
    rows = connection.execute(sa.select(ActivityParty.__table__).where(ActivityParty.activityid == id))
    return {row.participationtypemask: row for row in rows}


def test_an_email_brings_its_parties(records: Records, connection: sa.Connection) -> None:
    user = _user(records, connection)
    contact = records.create(
        connection, "contact", {"lastname": "King", "emailaddress1": "k@x.yz", "donotemail": True}
    )
    id = records.create(
        connection,
        "email",
        {
            "subject": "Hello",
            "regardingobjectid": contact,
            "parties": [
                {"partyid": user, "participationtypemask": 1},
                {"partyid": str(contact), "partyobjecttypecode": "contact", "participationtypemask": 2},
                {"addressused": "someone@example.com", "participationtypemask": 3},
            ],
        },
    )
    parties = _parties(connection, id)
    assert set(parties) == {1, 2, 3, Participation.REGARDING, Participation.OWNER}
    assert (parties[1].partyobjecttypecode, parties[1].addressused) == ("systemuser", "ada@example.com")
    assert parties[1].partyidname == "Lovelace, Ada"
    assert (parties[2].addressused, parties[2].donotemail) == ("k@x.yz", True)
    assert (parties[3].partyid, parties[3].unresolvedpartyname) == (None, "someone@example.com")
    assert parties[Participation.REGARDING].partyid == contact
    assert parties[Participation.OWNER].partyid == SYSTEM_USER_ID
    assert records.get(connection, "email", id)["torecipients"] == "k@x.yz;"


def test_new_parties_take_the_place_of_the_old(records: Records, connection: sa.Connection) -> None:
    parties = [{"addressused": "a@x.yz", "participationtypemask": 2}]
    id = records.create(connection, "email", {"subject": "Hello", "parties": parties})
    records.update(
        connection, "email", id, {"parties": [{"addressused": "b@x.yz", "participationtypemask": 3}]}
    )
    assert set(_parties(connection, id)) == {3, Participation.OWNER}
    user = _user(records, connection)
    records.update(connection, "email", id, {"ownerid": user})
    assert _parties(connection, id)[Participation.OWNER].partyid == user


@pytest.mark.parametrize(
    ("parties", "code"),
    [
        ([{"addressused": "a@x.yz"}], 0x80040B06),
        ([{"participationtypemask": 2}], 0x80040B00),
        ([{"participationtypemask": 2, "partyid": str(new_id())}], 0x80040217),
        ([{"participationtypemask": 99, "addressused": "a@x.yz"}], 0x80040203),
        ([{"participationtypemask": 1, "addressused": a} for a in ("a@x.yz", "b@x.yz")], 0x80040B01),
    ],
)
def test_a_party_that_breaks_a_rule_is_refused(
    records: Records, connection: sa.Connection, parties: list[dict[str, Any]], code: int
) -> None:
    problem = _refusal(records.create, connection, "email", {"subject": "Hello", "parties": parties})
    assert problem.code == code


def test_a_closed_email_keeps_its_text_but_may_be_moved(records: Records, connection: sa.Connection) -> None:
    account = records.create(connection, "account", {"name": "Contoso"})
    id = records.create(connection, "email", {"subject": "Hi", "statuscode": 4, "directioncode": False})
    assert "subject" in str(_refusal(records.update, connection, "email", id, {"subject": "Other"}))
    records.update(connection, "email", id, {"regardingobjectid": account})
    records.update(connection, "email", id, {"subject": "Other"}, internal=True)
    records.update(connection, "email", id, {"statecode": 0, "subject": "Reopened"})
    row = records.get(connection, "activitypointer", id)
    assert (row["subject"], row["regardingobjecttypecode"]) == ("Reopened", "account")


def test_attachments_are_counted_and_measured(records: Records, connection: sa.Connection) -> None:
    email = records.create(connection, "email", {"subject": "Hi"})
    body = base64.b64encode(b"twelve bytes").decode()
    id = records.create(
        connection,
        "activitymimeattachment",
        {"objectid": email, "objecttypecode": "email", "filename": "a.txt", "body": body},
    )
    assert records.get(connection, "activitymimeattachment", id)["filesize"] == 12
    assert records.get(connection, "email", email)["attachmentcount"] == 1
    records.delete(connection, "activitymimeattachment", id)
    assert records.get(connection, "email", email)["attachmentcount"] == 0


def test_a_queue_item_shows_its_record_and_its_queue(records: Records, connection: sa.Connection) -> None:
    user = _user(records, connection)
    queue = records.create(connection, "queue", {"name": "Service", "ownerid": user})
    email = records.create(connection, "email", {"subject": "Help"})
    id = records.create(connection, "queueitem", {"queueid": queue, "objectid": email})
    row = records.get(connection, "queueitem", id)
    assert (row["title"], row["objecttypecode"], row["ownerid"]) == ("Help", 4202, user)


def test_deleting_a_record_follows_its_links(records: Records, connection: sa.Connection) -> None:
    account = records.create(connection, "account", {"name": "Contoso"})
    contact = records.create(
        connection, "contact", {"lastname": "King", "parentcustomerid": account, "emailaddress1": "k@x.yz"}
    )
    email = records.create(
        connection,
        "email",
        {
            "subject": "Hi",
            "regardingobjectid": account,
            "parties": [{"partyid": contact, "participationtypemask": 2}],
        },
    )
    other = records.create(
        connection,
        "email",
        {"subject": "Other", "parties": [{"partyid": contact, "participationtypemask": 2}]},
    )
    records.delete(connection, "account", account)
    assert records.find(connection, "email", email) is None
    assert _parties(connection, email) == {}
    assert records.get(connection, "contact", contact)["parentcustomerid"] is None
    records.delete(connection, "contact", contact)
    party = _parties(connection, other)[2]
    assert (party.ispartydeleted, party.addressused) == (True, "k@x.yz")


def test_the_settings_of_a_user_go_with_the_user(records: Records, connection: sa.Connection) -> None:
    user = _user(records, connection)
    records.delete(connection, "systemuser", user, internal=True)
    assert connection.scalar(sa.select(UserSettings).where(UserSettings.systemuserid == user)) is None


def test_content_that_is_in_use_stays(records: Records, connection: sa.Connection) -> None:
    content = records.create(connection, "attachment", {"filename": "a"})
    email = records.create(connection, "email", {"subject": "Hi"})
    records.create(
        connection,
        "activitymimeattachment",
        {"objectid": email, "objecttypecode": "email", "attachmentid": content},
    )
    assert _refusal(records.delete, connection, "attachment", content).code == 0x80040227


def test_postroom_may_write_what_callers_may_not(records: Records, connection: sa.Connection) -> None:
    email = records.create(connection, "email", {"subject": "Hi"})
    assert _refusal(records.update, connection, "email", email, {"attachmentcount": 3}).column
    records.update(connection, "email", email, {"attachmentcount": 3}, internal=True)
    records.update(connection, "email", email, {"attachmentcount": 3})
    assert records.get(connection, "email", email)["attachmentcount"] == 3


def test_rows_are_selected_in_order_and_number(records: Records, connection: sa.Connection) -> None:
    for name in ("b", "a", "c"):
        records.create(connection, "account", {"name": name})
    table = registry.by_logical_name("account").table
    rows = records.select(
        connection, "account", table.c.name != "c", order_by=[table.c.name], limit=5, columns=["name"]
    )
    assert rows == [{"name": "a"}, {"name": "b"}]


def test_hooks_may_change_refuse_and_write_on(
    database: Database, records: Records, connection: sa.Connection
) -> None:
    def shout(write: Write) -> None:
        write.values["name"] = write.values["name"].upper()
        if write.values["name"] == "NO":
            write.refuse("Not this one.", code=0x80040265, column="name")

    def follow(write: Write) -> None:
        write.records.create(write.connection, "contact", {"lastname": write.after["name"]})

    own = Hooks(before={"account": (shout,)}, after={"account": (follow,)})
    hooked = Records(database, records.secrets, records.clock, hooks=records.hooks.plus(own))
    id = hooked.create(connection, "account", {"name": "loud"})
    assert hooked.get(connection, "account", id)["name"] == "LOUD"
    contacts = registry.by_logical_name("contact").table
    assert hooked.select(connection, "contact", contacts.c.lastname == "LOUD")
    assert _refusal(hooked.create, connection, "account", {"name": "no"}).code == 0x80040265


def test_the_organization_is_made_once(records: Records, connection: sa.Connection) -> None:
    assert records.ensure_organization(connection, name="Another") == ORGANIZATION_ID
    row = records.get(connection, "organization", ORGANIZATION_ID)
    assert row["name"] == "Postroom"
    assert row["maxuploadfilesize"] == 5_242_880
    assert row["trackingprefix"] == "CRM:"
    assert row["requireapprovalforuseremail"] is True
    assert records.get(connection, "systemuser", SYSTEM_USER_ID)["fullname"] == "SYSTEM"
