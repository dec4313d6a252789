"""Records over the Web API: created, read, changed, deleted, associated, under conditions."""

import json

import pytest
from tests.support.company import on_sqlite
from tests.support.web import BASE, Api

_ID = "11111111-1111-1111-1111-111111111111"
_OTHER = "22222222-2222-2222-2222-222222222222"


def test_a_created_record_is_found_under_the_address_that_the_answer_names(api: Api) -> None:
    made = api.post("contacts", {"firstname": "Carl", "lastname": "Customer"})
    assert made.headers["odata-entityid"] == made.headers["location"] == f"{BASE}contacts({made.id})"
    row = api.get(f"contacts({made.id})", select="fullname").json
    assert row["fullname"] == "Customer, Carl"
    assert row["contactid"] == made.id
    assert row["@odata.context"] == f"{BASE}$metadata#contacts(fullname)/$entity"
    assert row["@odata.etag"].startswith('W/"')


def test_a_create_answers_with_the_row_where_that_is_preferred(api: Api) -> None:
    said = api.send(
        "POST", "contacts", {"lastname": "A"}, select="lastname", headers={"Prefer": "return=representation"}
    )
    assert said.status == 201
    assert said.json["lastname"] == "A"
    assert said.headers["preference-applied"] == "return=representation"
    assert "odata-entityid" not in said.headers
    assert set(said.json) == {"@odata.context", "@odata.etag", "contactid", "lastname"}


def test_a_patch_without_conditions_creates_what_is_not_there_and_changes_what_is(api: Api) -> None:
    assert api.patch(f"accounts({_ID})", {"name": "Contoso"}).id == _ID
    assert api.patch(f"accounts({_ID})", {"name": "Contoso Ltd"}).id == _ID
    assert api.get("accounts").rows[0]["name"] == "Contoso Ltd"


def test_if_match_star_never_creates(api: Api) -> None:
    said = api.patch(f"accounts({_ID})", {"name": "x"}, {"If-Match": "*"})
    assert said.error == (404, "0x80040217", f"account With Id = {_ID} Does Not Exist")
    assert api.get("accounts").rows == []


def test_if_none_match_star_never_changes(api: Api) -> None:
    api.patch(f"accounts({_ID})", {"name": "first"}, {"If-None-Match": "*"})
    said = api.patch(f"accounts({_ID})", {"name": "second"}, {"If-None-Match": "*"})
    assert said.error == (412, "0x80040237", "A record with matching key values already exists.")
    assert api.get(f"accounts({_ID})/name").json["value"] == "first"


def test_a_stale_etag_is_refused_and_a_fresh_one_is_not(api: Api) -> None:
    key = api.post("accounts", {"name": "A"}).id
    stale = api.get(f"accounts({key})").json["@odata.etag"]
    api.patch(f"accounts({key})", {"name": "B"})
    said = api.patch(f"accounts({key})", {"name": "C"}, {"If-Match": stale})
    assert said.error[:2] == (412, "0x80060882")
    assert api.delete(f"accounts({key})", {"If-Match": stale}).status == 412
    fresh = api.get(f"accounts({key})").json["@odata.etag"]
    assert api.patch(f"accounts({key})", {"name": "C"}, {"If-Match": fresh}).status == 204


@on_sqlite
@pytest.mark.parametrize("tag", ["nonsense", 'W/"x"', 'W/"99999999999999999999999"', ""])
def test_a_condition_that_is_no_etag_is_refused(api: Api, tag: str) -> None:
    key = api.post("accounts", {"name": "A"}).id
    assert api.patch(f"accounts({key})", {"name": "B"}, {"If-Match": tag}).status == 400


def test_what_is_unchanged_is_not_sent_again(api: Api) -> None:
    key = api.post("accounts", {"name": "A"}).id
    tag = api.get(f"accounts({key})").json["@odata.etag"]
    assert api.send("GET", f"accounts({key})", headers={"If-None-Match": tag}).status == 304
    assert api.send("GET", f"accounts({key})", headers={"If-None-Match": "null"}).status == 200


def test_a_record_is_named_by_values_of_its_columns(api: Api) -> None:
    made = api.patch("contacts(emailaddress1='o''hara@a.example')", {"lastname": "O'Hara"})
    row = api.get("contacts(emailaddress1='O''Hara@a.example')").json
    assert (row["contactid"], row["emailaddress1"]) == (made.id, "o'hara@a.example")
    assert api.patch("contacts(emailaddress1='o''hara@a.example')", {"lastname": "H"}).id == made.id
    said = api.get("contacts(emailaddress1='nobody@a.example')")
    assert said.error[:2] == (404, "0x80060891")


def test_values_that_several_records_have_name_none(api: Api) -> None:
    for _ in range(2):
        api.post("contacts", {"lastname": "Twin"})
    assert api.patch("contacts(lastname='Twin')", {"firstname": "x"}).error[:2] == (412, "0x80060892")


def test_a_deleted_record_is_gone(api: Api) -> None:
    key = api.post("contacts", {"lastname": "A"}).id
    assert api.delete(f"contacts({key})").status == 204
    assert api.delete(f"contacts({key})").status == 404
    assert api.get(f"contacts({key})").status == 404


def test_an_email_comes_with_its_parties(api: Api) -> None:
    carl = api.post("contacts", {"lastname": "C", "emailaddress1": "carl@a.example"}).id
    key = api.post(
        "emails",
        {
            "subject": "Hi",
            "directioncode": True,
            "regardingobjectid_contact_email@odata.bind": f"/contacts({carl})",
            "email_activity_parties": [
                {"partyid_contact@odata.bind": f"/contacts({carl})", "participationtypemask": 2},
                {"addressused": "x@example.org", "participationtypemask": 3},
            ],
        },
    ).id
    row = api.get(f"emails({key})", expand="email_activity_parties($filter=participationtypemask le 3)").json
    assert {party["addressused"] for party in row["email_activity_parties"]} == {
        "carl@a.example",
        "x@example.org",
    }
    assert row["_regardingobjectid_value"] == carl
    said = api.send(
        "PUT",
        f"emails({key})/email_activity_parties",
        {"value": [{"addressused": "y@example.org", "participationtypemask": 2}]},
    )
    assert said.status == 204
    parties = api.get(f"emails({key})/email_activity_parties", filter="participationtypemask le 3").rows
    assert [party["addressused"] for party in parties] == ["y@example.org"]


def test_records_are_made_together_at_any_depth(api: Api) -> None:
    body = {
        "name": "Contoso",
        "primarycontactid": {"lastname": "Boss"},
        "contact_customer_accounts": [{"lastname": "One"}, {"lastname": "Two"}],
    }
    key = api.post("accounts", body).id
    row = api.get(f"accounts({key})", expand="primarycontactid,contact_customer_accounts($orderby=lastname)")
    assert row.json["primarycontactid"]["lastname"] == "Boss"
    assert [contact["lastname"] for contact in row.json["contact_customer_accounts"]] == ["One", "Two"]


def test_what_fails_deep_inside_leaves_nothing_behind(api: Api) -> None:
    body = {"name": "Contoso", "primarycontactid": {"lastname": "x" * 5000}}
    assert api.post("accounts", body).error[:2] == (400, "0x80044331")
    assert api.get("accounts").rows == []


def test_a_lookup_is_set_and_emptied_in_every_way(api: Api) -> None:
    account = api.post("accounts", {"name": "A"}).id
    boss = api.post("contacts", {"lastname": "Boss"}).id
    value = "_primarycontactid_value"

    def held() -> str | None:
        found: str | None = api.get(f"accounts({account})", select=value).json[value]
        return found

    api.patch(f"accounts({account})", {"primarycontactid@odata.bind": f"/contacts({boss})"})
    assert held() == boss
    api.patch(f"accounts({account})", {"primarycontactid@odata.bind": None})
    assert held() is None
    at = f"accounts({account})/primarycontactid/$ref"
    assert api.send("PUT", at, {"@odata.id": f"{BASE}contacts({boss})"}).status == 204
    assert api.get(at).json["@odata.id"] == f"{BASE}contacts({boss})"
    assert api.get(f"accounts({account})/primarycontactid").json["lastname"] == "Boss"
    assert api.delete(at).status == 204
    assert held() is None
    assert api.get(f"accounts({account})/primarycontactid").status == 204


def test_a_record_is_put_into_a_collection_and_taken_out_again(api: Api) -> None:
    account = api.post("accounts", {"name": "A"}).id
    one = api.post("contacts", {"lastname": "One"}).id
    two = api.post("contacts", {"lastname": "Two"}).id
    at = f"accounts({account})/contact_customer_accounts"
    for key in (one, two):
        assert api.post(f"{at}/$ref", {"@odata.id": f"{BASE}contacts({key})"}).status == 204
    assert len(api.get(f"{at}/$ref").rows) == 2
    assert api.get(f"{at}/$count").body.decode() == "\ufeff2"
    assert api.delete(f"{at}({one})/$ref").status == 204
    assert api.delete(f"{at}({one})/$ref").status == 404
    said = api.send("DELETE", f"{at}/$ref", query=f"$id={BASE}contacts({two})")
    assert said.status == 204
    assert api.get(at).rows == []
    three = api.post(at, {"lastname": "Three"}).id
    assert [row["contactid"] for row in api.get(at).rows] == [three]


def test_a_single_property_is_read_set_and_emptied(api: Api) -> None:
    key = api.post("contacts", {"lastname": "A"}).id
    assert api.send("PUT", f"contacts({key})/firstname", {"value": "Ann"}).status == 204
    assert api.get(f"contacts({key})/firstname").json["value"] == "Ann"
    assert api.get(f"contacts({key})/firstname/$value").body == b"Ann"
    assert api.delete(f"contacts({key})/firstname").status == 204
    assert api.get(f"contacts({key})/firstname").status == 204


@on_sqlite
@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"nosuch": 1}, "nosuch"),
        ({"lastname": 7}, "lastname"),
        ({"donotemail": "yes"}, "donotemail"),
        ({"importsequencenumber": 1.5}, "importsequencenumber"),
        ({"parentcustomerid_contact@odata.bind": "/accounts(1)"}, "parentcustomerid_contact"),
        ({"parentcustomerid_account@odata.bind": 5}, "parentcustomerid_account"),
        ({"contact_customer_contacts": {"lastname": "x"}}, "contact_customer_contacts"),
        ({"overriddencreatedon": "yesterday"}, "overriddencreatedon"),
        ({"_parentcustomerid_value": _ID}, "_parentcustomerid_value"),
        ({"lastname": "a\x00b"}, "lastname"),
    ],
)
def test_a_wrong_body_is_refused_with_the_name_of_what_is_wrong(
    api: Api, body: dict[str, object], named: str
) -> None:
    said = api.post("contacts", body)
    assert said.status == 400, said.body
    assert named in said.error[2]
    assert api.get("contacts").rows == []


@on_sqlite
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff", b'{"a":NaN}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(api: Api, body: bytes) -> None:
    said = api.send("POST", "accounts", body)
    assert said.status in (400, 204)
    assert said.status == 400 or body == b""


def test_no_secret_ever_comes_back(api: Api) -> None:
    profile = {
        "name": "P",
        "servertype": 1,
        "incomingserverlocation": "pop.a.example",
        "incomingportnumber": 995,
        "outgoingserverlocation": "smtp.a.example",
        "outgoingportnumber": 465,
        "incomingpassword": "hush-hush",
        "outgoingpassword": "hush-hush",
    }
    said = api.send("POST", "emailserverprofiles", profile, headers={"Prefer": "return=representation"})
    assert said.status == 201, said.body
    key = said.json["emailserverprofileid"]
    everything = said.body + api.get("emailserverprofiles").body + api.get(f"emailserverprofiles({key})").body
    assert b"hush" not in everything
    assert b'"incomingpassword"' not in everything
    refused = api.get("emailserverprofiles", select="incomingpassword")
    assert refused.status == 400
    assert "incomingpassword is never shown" in refused.error[2]
    assert api.get(f"emailserverprofiles({key})/incomingpassword").status == 404
    audit = json.dumps(api.get("postroom_audits").rows)
    assert "incomingpassword" in audit
    assert "hush" not in audit


def test_every_table_is_an_entity_set(api: Api) -> None:
    document = api.get("").json
    for entry in document["value"]:
        assert api.get(entry["url"], top="1").status == 200, entry


@on_sqlite
def test_a_strange_address_is_refused_with_what_was_meant(api: Api) -> None:
    assert api.get("contcats").error[0] == 404
    assert "contacts" in api.get("contcats").error[2]
    key = api.post("contacts", {"lastname": "A"}).id
    assert api.get(f"contacts({key})/lastnme").error[0] == 404
    assert api.get("contacts(nonsense)").status == 400
    assert api.send("PUT", "contacts").status == 405
    assert api.get("contacts/x/y/z/a/b/c/d/e/f").status == 404
