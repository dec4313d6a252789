"""Who sees and writes what: nobody reads another person's mail, by whatever way he asks."""

from pathlib import Path
from uuid import UUID

import pytest
from tests.support.company import on_sqlite
from tests.support.web import Api, a_postroom

from postroom.api.rights import READING, WRITING, Caller, sight_of
from postroom.schema import registry
from postroom.schema.choices import Role
from postroom.store.records import Records

_MAILS = "emails"


@pytest.fixture
def office(records: Records, tmp_path: Path) -> Api:
    """Ann and Bob, a queue, a contact, and one e-mail of each of the three."""
    api = Api(a_postroom(records, tmp_path))
    people = api.known
    for name in ("ann", "bob"):
        body = {
            "firstname": name,
            "lastname": "X",
            "domainname": name,
            "internalemailaddress": f"{name}@a.example",
        }
        people[name] = api.post("systemusers", body).id
    people["queue"] = api.post("queues", {"name": "Sales", "emailaddress": "sales@a.example"}).id
    people["contact"] = api.post("contacts", {"lastname": "Carl"}).id
    for name in ("ann", "bob", "queue"):
        table = "queue" if name == "queue" else "systemuser"
        body = {
            "subject": f"for {name}",
            "directioncode": False,
            "regardingobjectid_contact_email@odata.bind": f"/contacts({people['contact']})",
            "email_activity_parties": [
                {f"partyid_{table}@odata.bind": f"/{table}s({people[name]})", "participationtypemask": 2}
            ],
        }
        people[f"mail of {name}"] = api.post(_MAILS, body).id
    return api


def _as(api: Api, name: str, role: Role = Role.MAILBOX_OWNER, *queues: str) -> Api:
    people = api.known
    return api.by(Caller(name, role, UUID(people[name]), frozenset(UUID(people[q]) for q in queues)))


def _subjects(api: Api, path: str = _MAILS) -> list[str]:
    return sorted(row["subject"] for row in api.get(path).rows)


def test_everybody_sees_his_own_mail_only(office: Api) -> None:
    assert _subjects(_as(office, "ann")) == ["for ann"]
    assert _subjects(_as(office, "bob", Role.QUEUE_MEMBER, "queue")) == ["for bob", "for queue"]
    assert _subjects(office) == ["for ann", "for bob", "for queue"]
    assert _subjects(office.by(Caller("reader", Role.READER))) == []


def test_anothers_mail_is_not_found_by_any_way_around(office: Api) -> None:
    ann, people = _as(office, "ann"), office.known
    other, contact = people["mail of bob"], people["contact"]
    assert ann.get(f"emails({other})").status == 404
    assert ann.get(f"emails({other})/subject").status == 404
    assert ann.get(f"emails({other})/email_activity_parties").status == 404
    assert ann.get("emails(subject='for bob')").status == 404
    assert _subjects(ann, "activitypointers") == ["for ann"]
    assert _subjects(ann, f"contacts({contact})/Contact_Emails") == ["for ann"]
    row = ann.get("contacts", expand="Contact_Emails($select=subject)").rows[0]
    assert [mail["subject"] for mail in row["Contact_Emails"]] == ["for ann"]
    assert ann.get("contacts", filter="Contact_Emails/any(e:e/subject eq 'for bob')").rows == []
    assert ann.get("emails/$count").body.decode() == "\ufeff1"
    assert ann.get("emails", apply="aggregate($count as n)").rows == [{"n": 1}]
    parties = ann.get("activityparties", filter="activityid_email/subject eq 'for bob'").rows
    assert parties == []
    assert all(row["_activityid_value"] == people["mail of ann"] for row in ann.get("activityparties").rows)
    annotated = ann.get("activityparties", 'odata.include-annotations="*"').body
    assert b"for bob" not in annotated


def test_anothers_mail_can_not_be_changed_or_deleted(office: Api) -> None:
    ann, other = _as(office, "ann"), office.known["mail of bob"]
    assert ann.patch(f"emails({other})", {"prioritycode": 2}, {"If-Match": "*"}).status == 404
    assert ann.delete(f"emails({other})").status == 404
    assert ann.patch(f"emails({other})", {"subject": "x"}).status in (403, 412)
    assert office.get(f"emails({other})/subject").json["value"] == "for bob"


def test_nobody_writes_in_the_name_of_another(office: Api) -> None:
    people = office.known
    ann = _as(office, "ann")

    def draft(sender: str) -> dict[str, object]:
        party = {
            "partyid_systemuser@odata.bind": f"/systemusers({people[sender]})",
            "participationtypemask": 1,
        }
        return {"subject": "Hi", "directioncode": True, "email_activity_parties": [party]}

    assert ann.post(_MAILS, draft("ann")).status == 204
    assert ann.post(_MAILS, draft("bob")).error[:2] == (403, "0x80040220")
    made = ann.post(_MAILS, draft("ann")).id
    stolen = {"email_activity_parties": draft("bob")["email_activity_parties"]}
    assert ann.patch(f"emails({made})", stolen).status == 403
    assert len(office.get(_MAILS, filter="subject eq 'Hi'").rows) == 2


def test_who_takes_part_reads_and_who_owns_changes(office: Api) -> None:
    people = office.known
    parties = [
        {"partyid_systemuser@odata.bind": f"/systemusers({people[name]})", "participationtypemask": 2}
        for name in ("ann", "bob")
    ]
    body = {
        "subject": "for both",
        "directioncode": False,
        "ownerid_email@odata.bind": f"/systemusers({people['bob']})",
        "email_activity_parties": parties,
    }
    both = office.post(_MAILS, body).id
    assert _subjects(_as(office, "ann")) == ["for ann", "for both"]
    attachment = {"objectid_email@odata.bind": f"/emails({both})", "filename": "a", "body": "eA=="}
    for is_owner, name in ((False, "ann"), (True, "bob")):
        caller = _as(office, name)
        said = caller.post("activitymimeattachments", {**attachment, "objecttypecode": "email"})
        assert (said.status == 204) is is_owner, said.body
        said = caller.patch(f"emails({both})", {"prioritycode": 2})
        assert said.status == (204 if is_owner else 403)
    assert _as(office, "ann").delete(f"emails({both})").status == 403
    queued = people["mail of queue"]
    assert (
        _as(office, "ann", Role.QUEUE_MEMBER, "queue").patch(f"emails({queued})", {"prioritycode": 2}).status
        == 204
    )


def test_a_record_is_not_made_for_somebody_else(office: Api) -> None:
    body = {"subject": "Do it", "ownerid_task@odata.bind": f"/systemusers({office.known['bob']})"}
    assert _as(office, "ann").post("tasks", body).status == 403
    assert office.get("tasks").rows == []


def test_nobody_points_to_what_he_does_not_see(office: Api) -> None:
    other, queue = office.known["mail of bob"], office.known["queue"]
    ann = _as(office, "ann", Role.QUEUE_MEMBER, "queue")
    item = {"queueid@odata.bind": f"/queues({queue})", "objectid_email@odata.bind": f"/emails({other})"}
    assert ann.post("queueitems", item).status == 404
    assert office.post("queueitems", item).status == 204


@on_sqlite
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("emailserverprofiles", {"name": "x"}),
        ("queues", {"name": "x"}),
        ("systemusers", {"lastname": "x"}),
        ("mailboxes", {"name": "x", "isforwardmailbox": True}),
    ],
)
def test_only_an_administrator_configures(office: Api, path: str, body: dict[str, object]) -> None:
    assert _as(office, "ann").post(path, body).error[:2] == (403, "0x80040220")


@on_sqlite
def test_an_owner_does_not_approve_his_own_address(office: Api) -> None:
    ann = _as(office, "ann")
    mailbox = ann.get("mailboxes").rows
    assert [row["emailaddress"] for row in mailbox] == ["ann@a.example"]
    said = ann.patch(
        f"mailboxes({mailbox[0]['mailboxid']})", {"emailrouteraccessapproval": 1}, {"If-Match": "*"}
    )
    assert said.status == 403


@on_sqlite
def test_a_reader_writes_nothing(office: Api) -> None:
    reader = office.by(Caller("reader", Role.READER))
    assert reader.post("contacts", {"lastname": "x"}).status == 403
    assert len(reader.get("contacts").rows) == 1
    assert reader.get("postroom_keys").rows == []
    assert reader.get("usersettingscollection").rows == []


def test_every_table_says_who_reads_it() -> None:
    stored = {table.logical_name for table in registry.tables() if table.is_stored}
    assert READING.keys() == stored
    assert WRITING.keys() <= stored


def test_every_rule_can_be_asked_of_its_table(api: Api) -> None:
    caller = Caller("x", Role.QUEUE_MEMBER, UUID(int=5), frozenset({UUID(int=6)}))
    for table in registry.tables():
        assert api.by(caller).get(table.set_name, top="1").status == 200, table
    assert sight_of(caller).sees_all(registry.by_logical_name("contact"))
    assert not sight_of(caller).sees_all(registry.by_logical_name("email"))


def test_writes_are_noted_with_columns_and_without_values(office: Api) -> None:
    ann = _as(office, "ann")
    key = ann.post("contacts", {"lastname": "Secretive"}).id
    ann.patch(f"contacts({key})", {"firstname": "Very"})
    ann.delete(f"contacts({key})")
    rows = office.get(
        "postroom_audits", filter=f"objectid eq {key}", orderby="createdon,postroom_auditid"
    ).rows
    assert [(row["operation"], row["keyname"]) for row in rows] == [
        (o, "ann") for o in ("create", "update", "delete")
    ]
    assert "lastname" in rows[0]["columnnames"]
    assert rows[1]["columnnames"] == "firstname"
    assert "Secretive" not in str(rows)
    assert {row["_userid_value"] for row in rows} == {office.known["ann"]}


def test_a_write_that_fails_is_not_noted(office: Api) -> None:
    before = len(office.get("postroom_audits").rows)
    office.post("contacts", {"lastname": "x" * 9999})
    _as(office, "ann").post("queues", {"name": "x"})
    assert len(office.get("postroom_audits").rows) == before
