"""Documents of records taken into a real store, on both databases."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from postroom.api.load import LoadReport, load_document
from postroom.api.odata.query import read_query, run_query
from postroom.api.upsert import Done
from postroom.errors import UserError
from postroom.schema import registry
from postroom.store.database import Database
from postroom.store.records import Records


def guid(number: int) -> str:
    return str(UUID(int=0x4000_8000_0000_0000_0000 + number))


PROFILE, ANN, SUPPORT, ACME, BOB, OFFER = map(guid, range(1, 7))


def company() -> dict[str, Any]:
    """Everything in the order in which it can't be written: users of things before the things."""
    return {
        "emails": [
            {
                "activityid": OFFER,
                "subject": "Offer",
                "directioncode": True,
                "statuscode": 6,
                "regardingobjectid_contact_email@odata.bind": f"/contacts({BOB})",
                "email_activity_parties": [
                    {"partyid_queue@odata.bind": "/queues(name='SUPPORT')", "participationtypemask": 1},
                    {"partyid_contact@odata.bind": f"/contacts({BOB})", "participationtypemask": 2},
                    {"addressused": "eve@example.net", "participationtypemask": 3},
                ],
                "email_activity_mime_attachment": [
                    {"filename": "a.txt", "mimetype": "text/plain", "body": "aGVsbG8="}
                ],
            }
        ],
        "contacts": [
            {
                "contactid": BOB,
                "lastname": "Bobson",
                "emailaddress1": "bob@example.net",
                "parentcustomerid_account@odata.bind": f"/accounts({ACME})",
            }
        ],
        "accounts": [{"accountid": ACME, "name": "Acme", "primarycontactid@odata.bind": f"/contacts({BOB})"}],
        "mailboxes": [
            {
                "regardingobjectid_queue@odata.bind": "/queues(name='Support')",
                "username": "support",
                "password": "hunter2",
            },
            {"emailaddress": "ANN@example.org", "username": "ann", "password": "hunter3"},
            {
                "name": "Forward",
                "emailaddress": "forward@example.org",
                "incomingemaildeliverymethod": 2,
                "emailserverprofile@odata.bind": "/emailserverprofiles(name='Local')",
            },
        ],
        "queues": [
            {
                "queueid": SUPPORT,
                "name": "Support",
                "emailaddress": "support@example.org",
                "incomingemaildeliverymethod": 2,
                "outgoingemaildeliverymethod": 2,
            }
        ],
        "usersettingscollection": [
            {"systemuserid@odata.bind": f"/systemusers({ANN})", "incomingemailfilteringmethod": 0}
        ],
        "systemusers": [
            {
                "systemuserid": ANN,
                "firstname": "Ann",
                "lastname": "Ames",
                "internalemailaddress": "ann@example.org",
                "incomingemaildeliverymethod": 2,
                "outgoingemaildeliverymethod": 2,
            }
        ],
        "organizations": [
            {
                "requireapprovalforuseremail": False,
                "defaultemailserverprofileid@odata.bind": "/emailserverprofiles(name='local')",
            }
        ],
        "emailserverprofiles": [
            {
                "emailserverprofileid": PROFILE,
                "name": "Local",
                "servertype": 1,
                "incomingserverlocation": "127.0.0.1",
                "outgoingserverlocation": "127.0.0.1",
                "incomingportnumber": 1110,
                "outgoingportnumber": 1025,
                "incomingcredentialretrieval": 0,
                "outgoingcredentialretrieval": 0,
                "ownerid@odata.bind": f"/systemusers({ANN})",
            }
        ],
    }


@pytest.fixture
def load(database: Database, records: Records) -> Any:
    def load(document: dict[str, Any]) -> LoadReport:
        return load_document(database, records, document)

    return load


@pytest.fixture
def ask(database: Database) -> Any:
    def ask(set_name: str, **options: str) -> list[dict[str, Any]]:
        query = read_query(set_name, {f"${name}": text for name, text in options.items()})
        with database.read() as connection:
            return run_query(connection, query).rows

    return ask


def test_sets_and_records_may_come_in_any_order(load: Any, ask: Any) -> None:
    load(company())
    (profile,) = ask("emailserverprofiles", select="_ownerid_value")
    assert profile["_ownerid_value"] == ANN
    (account,) = ask("accounts", expand="primarycontactid($select=lastname)")
    assert account["primarycontactid"]["lastname"] == "Bobson"
    (contact,) = ask("contacts", filter="parentcustomerid_account/name eq 'acme'")
    assert contact["contactid"] == BOB


def test_a_mailbox_is_found_by_its_owner_or_address_and_else_made(load: Any, ask: Any) -> None:
    load(company())
    rows = ask("mailboxes", orderby="emailaddress", select="emailaddress,username,isforwardmailbox")
    found = {row["emailaddress"]: (row["username"], row["isforwardmailbox"]) for row in rows}
    assert found == {
        "ann@example.org": ("ann", False),
        "forward@example.org": (None, True),
        "support@example.org": ("support", False),
    }
    assert len(ask("mailboxes", filter="emailserverprofile/name eq 'Local'")) == 3


def test_an_email_brings_its_parties_and_attachments(load: Any, ask: Any) -> None:
    load(company())
    (email,) = ask(
        "emails",
        expand="email_activity_parties($filter=participationtypemask le 3;$orderby=participationtypemask),"
        "email_activity_mime_attachment($select=filename,filesize)",
    )
    assert email["statuscode"] == 6
    assert [party["addressused"] for party in email["email_activity_parties"]] == [
        "support@example.org",
        "bob@example.net",
        "eve@example.net",
    ]
    assert email["email_activity_parties"][0]["_partyid_value"] == SUPPORT
    assert email["email_activity_mime_attachment"][0]["filesize"] == 5


def test_loading_twice_changes_nothing(load: Any, ask: Any) -> None:
    load(company())
    sets = ("emails", "mailboxes", "contacts", "accounts", "queues", "systemusers", "activityparties")
    before = {name: ask(name) for name in sets}
    report = load(company())
    assert {record.done for record in report.records} == {Done.SAME}
    assert {name: ask(name) for name in sets} == before


def test_only_what_differs_is_changed(load: Any, ask: Any) -> None:
    load(company())
    document = company()
    document["contacts"][0]["emailaddress1"] = "bob@example.com"
    document["mailboxes"][0]["password"] = "changed"
    report = load(document)
    changed = [record.set_name for record in report.records if record.done is Done.CHANGED]
    assert changed == ["mailboxes", "contacts"]
    assert ask("contacts")[0]["emailaddress1"] == "bob@example.com"


def test_an_email_that_was_sent_is_not_sent_again_by_loading(load: Any, database: Database, ask: Any) -> None:
    load(company())
    table = registry.by_logical_name("email").table
    with database.write() as connection:
        connection.execute(sa.update(table).values(statecode=1, statuscode=3))
    load(company())
    assert ask("emails")[0]["statuscode"] == 3


def test_every_problem_is_named_and_nothing_is_kept(load: Any, ask: Any) -> None:
    document = company()
    document["contacts"] = [
        {"contactid": BOB, "lastname": "B", "emailaddress1": "x" * 101},
        {"lastname": 7},
        {"lastname": "C", "parentcustomerid_account@odata.bind": "/accounts(name='Nobody')"},
    ]
    document["mailboxes"].append({"emailaddress": "x@example.org", "isforwardmailbox": False})
    document["contact"] = []
    document["queues"].append({"queueid": SUPPORT, "name": "Twice"})
    with pytest.raises(UserError) as fault:
        load(document)
    text = "\n".join(fault.value.problems)
    assert "There is no set 'contact'. Did you mean contacts?" in text
    assert "contacts[1].lastname: expected a text, not 7." in text
    assert "contacts[0]: " in text
    assert "contacts[2]: /accounts(name='Nobody') names no record." in text
    assert "mailboxes[3]: no user or queue has a mailbox with this address" in text
    assert "queues[1]: has the same id as queues[0]." in text
    # The account and the e-mail point to a contact that failed; they have no problem of their own.
    assert "emails[0]" not in text
    assert "accounts[0]" not in text
    assert ask("queues") == []
    assert ask("emailserverprofiles") == []


def test_the_organization_is_there_already_and_has_one_id(load: Any, ask: Any) -> None:
    load({"organizations": [{"name": "Ours"}]})
    assert ask("organizations")[0]["name"] == "Ours"
    with pytest.raises(UserError, match="there is one organization"):
        load({"organizations": [{"organizationid": guid(99)}]})


def test_a_state_that_only_an_update_may_set_is_set_in_a_second_step(load: Any, ask: Any) -> None:
    load({"contacts": [{"lastname": "Gone", "statecode": 1}]})
    assert ask("contacts")[0]["statecode"] == 1


def test_a_filter_means_the_same_on_every_database(load: Any, ask: Any) -> None:
    load(company())
    load({"contacts": [{"lastname": "bobson"}, {"lastname": "A_b%"}, {"firstname": "Zoë"}]})
    lastnames = lambda text: [row["lastname"] for row in ask("contacts", filter=text, orderby="lastname")]  # noqa: E731
    assert lastnames("lastname eq 'BOBSON'") == ["Bobson", "bobson"]
    assert lastnames("contains(lastname,'_b%')") == ["A_b%"]
    assert lastnames("lastname ne 'bobson'") == [None, "A_b%"]
    assert lastnames("not contains(lastname,'ob')") == [None, "A_b%"]
    assert lastnames("firstname eq 'Zoë'") == [None]
    assert lastnames("statecode eq 5000000000 or importsequencenumber lt 1.5") == []
    assert len(lastnames("createdon ge 2026-03-02 and createdon lt 2026-03-03T00:00:00Z")) == 4
    assert len(lastnames("_parentcustomerid_value eq null")) == 3
    assert lastnames("contact_activity_parties/any(p:p/participationtypemask eq 2)") == ["Bobson"]
