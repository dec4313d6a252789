"""Many requests in one: batches, change sets, messages for many records; FetchXML and definitions."""

import re
from uuid import UUID, uuid4

import pytest
from lxml import etree
from tests.support.company import on_sqlite
from tests.support.web import BASE, Api, Said


def _part(method: str, path: str, body: str = "", content_id: str = "", **headers: str) -> str:
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    head += f"Content-ID: {content_id}\r\n" if content_id else ""
    own = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items())
    kind = "Content-Type: application/json; type=entry\r\n" if body else ""
    url = path if path.startswith(("$", "/", "http")) else BASE + path
    return f"{head}\r\n{method} {url} HTTP/1.1\r\n{kind}{own}\r\n{body}"


def _change_set(*parts: str) -> str:
    inner = "".join(f"--changeset_1\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/mixed; boundary="changeset_1"\r\n\r\n{inner}--changeset_1--\r\n'


def _send(api: Api, *parts: str, prefer: str = "") -> Said:
    body = "".join(f"--batch_1\r\n{part}\r\n" for part in parts) + "--batch_1--\r\n"
    headers = {"Content-Type": 'multipart/mixed; boundary="batch_1"', "Prefer": prefer}
    return api.send("POST", "$batch", body.encode(), headers=headers)


def _statuses(said: Said) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", said.body)]


def test_a_batch_answers_its_requests_in_order(api: Api) -> None:
    said = _send(
        api, _part("POST", "contacts", '{"lastname":"A"}'), _part("GET", "contacts?$select=lastname")
    )
    assert said.status == 200
    assert said.headers["content-type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert _statuses(said) == [204, 200]
    assert b'"lastname":"A"' in said.body
    assert re.search(
        rb"OData-EntityId: https://post.example/api/data/v9.2/contacts\([0-9a-f-]{36}\)", said.body
    )


def test_a_batch_stops_at_its_first_failure_unless_told_to_go_on(api: Api) -> None:
    parts = [
        _part("POST", "contacts", '{"lastname":"A"}'),
        _part("GET", "nosuch"),
        _part("POST", "contacts", '{"lastname":"B"}'),
    ]
    said = _send(api, *parts)
    assert (said.status, _statuses(said)) == (400, [404])
    said = _send(api, *parts, prefer="odata.continue-on-error")
    assert (said.status, _statuses(said)) == (200, [204, 404, 204])
    assert len(api.get("contacts").rows) == 3


def test_a_change_set_speaks_of_what_it_has_made(api: Api) -> None:
    said = _send(
        api,
        _change_set(
            _part("POST", "contacts", '{"lastname":"Boss"}', "1"),
            _part("POST", "accounts", '{"name":"A","primarycontactid@odata.bind":"$1"}', "2"),
            _part("PATCH", "$1", '{"firstname":"Big"}', "3"),
            _part("PUT", "$2/name", '{"value":"Contoso"}', "4"),
            _part("POST", "$2/contact_customer_accounts/$ref", '{"@odata.id":"$1"}', "5"),
        ),
    )
    assert _statuses(said) == [204] * 5
    assert re.findall(rb"Content-ID: (\d)", said.body) == [b"1", b"2", b"3", b"4", b"5"]
    account = api.get("accounts", expand="primarycontactid,contact_customer_accounts").rows[0]
    assert account["name"] == "Contoso"
    assert account["primarycontactid"]["firstname"] == "Big"
    assert len(account["contact_customer_accounts"]) == 1


def test_a_change_set_that_fails_leaves_nothing_behind(api: Api) -> None:
    said = _send(
        api,
        _change_set(
            _part("POST", "contacts", '{"lastname":"A"}', "1"),
            _part("POST", "contacts", '{"lastname":7}', "2"),
        ),
        prefer="odata.continue-on-error",
    )
    assert _statuses(said) == [400]
    assert b"lastname: expected a text" in said.body
    assert api.get("contacts").rows == []
    assert api.get("postroom_audits").rows == []


@on_sqlite
@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([_change_set(_part("PATCH", "$9", '{"lastname":"x"}', "1"))], b"Content-ID Reference: '$9'"),
        ([_change_set(_part("GET", "contacts", "", "1"))], b"holds no GET"),
        ([_part("POST", "$batch", "{}")], b"holds no batch"),
        ([_part("TRACE", "contacts")], b"begins with no request"),
        (["Content-Type: text/plain\r\n\r\nhello"], b"application/http"),
        ([_change_set(*[_part("POST", "contacts", "{}", "1")] * 2)], b"used twice"),
        ([_part("GET", "contacts?$top=1")] * 1001, b"at most 1000"),
        ([], b"boundary"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_in_words(api: Api, parts: list[str], words: bytes) -> None:
    said = _send(api, *parts)
    assert said.status == 400
    assert words in said.body


@on_sqlite
@pytest.mark.parametrize("kind", ["application/json", "multipart/mixed", "multipart/mixed; boundary=other"])
def test_a_batch_needs_its_boundary(api: Api, kind: str) -> None:
    assert api.send("POST", "$batch", b"--x\r\n--x--", headers={"Content-Type": kind}).status == 400
    assert api.get("$batch").status == 405


def test_many_records_are_made_changed_and_deleted_at_once(api: Api) -> None:
    kind = {"@odata.type": "Microsoft.Dynamics.CRM.contact"}
    at = "contacts/Microsoft.Dynamics.CRM."
    made = api.post(f"{at}CreateMultiple", {"Targets": [{"lastname": n, **kind} for n in "ABC"]})
    ids = made.json["Ids"]
    assert [api.get(f"contacts({i})/lastname").json["value"] for i in ids] == ["A", "B", "C"]
    changes = [{"contactid": i, "firstname": "x", **kind} for i in ids]
    assert api.post(f"{at}UpdateMultiple", {"Targets": changes}).status == 204
    assert len(api.get("contacts", filter="firstname eq 'x'").rows) == 3
    upserts = [
        {"@odata.id": "contacts(lastname='A')", "firstname": "old", **kind},
        {"@odata.id": "contacts(lastname='Z')", "firstname": "new", **kind},
    ]
    assert api.post(f"{at}UpsertMultiple", {"Targets": upserts}).status == 204
    rows = api.get(
        "contacts", filter="firstname ne 'x'", orderby="lastname", select="lastname,firstname"
    ).rows
    assert [(row["lastname"], row["firstname"]) for row in rows] == [("A", "old"), ("Z", "new")]
    gone = [{"contactid": i, **kind} for i in ids]
    assert api.post(f"{at}DeleteMultiple", {"Targets": gone}).status == 204
    assert len(api.get("contacts").rows) == 1


def test_of_many_records_all_are_written_or_none(api: Api) -> None:
    at = "contacts/Microsoft.Dynamics.CRM.CreateMultiple"
    said = api.post(at, {"Targets": [{"lastname": "A"}, {"lastname": "x" * 9999}]})
    assert said.error[:2] == (400, "0x80044331")
    assert "Targets[1]" in said.error[2]
    said = api.post(at, {"Targets": [{"lastnam": "A"}, {"lastname": 5}]})
    assert "Targets[0].lastnam" in said.error[2]
    assert "Targets[1].lastname" in said.error[2]
    assert api.get("contacts").rows == []
    for targets in ([], "x", [1], [{}] * 1001):
        assert api.post(at, {"Targets": targets}).status == 400
    assert api.post("contacts/CreateMultiple", {"Targets": []}).status in (400, 404)


def test_a_query_says_which_records_are_deleted(api: Api) -> None:
    ids = [api.post("contacts", {"lastname": n}).id for n in "ABC"]
    values = [{"Value": i, "Type": "System.Guid"} for i in (*ids[:2], str(uuid4()))]
    query = {
        "@odata.type": "Microsoft.Dynamics.CRM.QueryExpression",
        "EntityName": "contact",
        "Criteria": {
            "FilterOperator": "And",
            "Conditions": [{"AttributeName": "contactid", "Operator": "In", "Values": values}],
        },
    }
    said = api.post(
        "BulkDelete", {"JobName": "x", "QuerySet": [query], "StartDateTime": "2026-01-01T00:00:00Z"}
    )
    assert UUID(said.json["JobId"])
    assert [row["lastname"] for row in api.get("contacts").rows] == ["C"]
    for wrong in ({"EntityName": "nosuch"}, {"EntityName": "contact"}, {**query, "LinkEntities": [{}]}):
        assert api.post("BulkDelete", {"QuerySet": [wrong]}).status == 400


# FetchXML -------------------------------------------------------------------------------------------------

_PAGING = "fetchxmlpagingcookie", "morerecords"
_PREFER = f'odata.include-annotations="{",".join(f"Microsoft.Dynamics.CRM.{name}" for name in _PAGING)}"'


def _fetch(api: Api, xml: str, prefer: str = "", set_name: str = "contacts") -> Said:
    from urllib.parse import quote

    headers = {"Prefer": prefer} if prefer else {}
    return api.send("GET", set_name, query=f"fetchXml={quote(xml)}", headers=headers)


def _contact(inside: str) -> str:
    return f'<entity name="contact">{inside}</entity>'


@pytest.fixture
def people(api: Api) -> Api:
    account = api.post("accounts", {"name": "Contoso"}).id
    for number, name in enumerate("ABCDE"):
        body = {"lastname": name, "importsequencenumber": number % 2}
        if number < 3:
            body["parentcustomerid_account@odata.bind"] = f"/accounts({account})"
        api.post("contacts", body)
    return api


def test_fetchxml_brings_columns_of_linked_tables(people: Api) -> None:
    said = _fetch(
        people,
        '<fetch><entity name="contact"><attribute name="lastname"/><attribute name="firstname"/>'
        '<attribute name="parentcustomerid"/><order attribute="lastname" descending="true"/>'
        '<filter><condition attribute="lastname" operator="lt" value="C"/></filter>'
        '<link-entity name="account" from="accountid" to="parentcustomerid" alias="a">'
        '<attribute name="name"/></link-entity></entity></fetch>',
        'odata.include-annotations="*"',
    )
    rows = said.rows
    assert [row["lastname"] for row in rows] == ["B", "A"]
    assert rows[0]["a.name"] == "Contoso"
    assert rows[0]["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    assert "firstname" not in rows[0]
    assert "contactid" in rows[0]


def test_fetchxml_pages_hold_every_row_once(people: Api) -> None:
    found, page = [], 1
    while True:
        said = _fetch(
            people,
            f'<fetch count="2" page="{page}"><entity name="contact"><attribute name="lastname"/>'
            '<order attribute="importsequencenumber"/></entity></fetch>',
            _PREFER,
        )
        found += [row["lastname"] for row in said.rows]
        if not said.json.get("@Microsoft.Dynamics.CRM.morerecords"):
            assert "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie" not in said.json
            break
        cookie = etree.fromstring(said.json["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"])
        page = int(cookie.get("pagenumber"))
    assert sorted(found) == ["A", "B", "C", "D", "E"]


def test_fetchxml_totals_groups(people: Api) -> None:
    said = _fetch(
        people,
        '<fetch aggregate="true"><entity name="contact">'
        '<attribute name="importsequencenumber" alias="g" groupby="true"/>'
        '<attribute name="contactid" alias="n" aggregate="count"/>'
        '<attribute name="importsequencenumber" alias="m" aggregate="max"/>'
        '<order alias="n" descending="true"/></entity></fetch>',
    )
    assert said.rows == [{"g": 0, "n": 3, "m": 0}, {"g": 1, "n": 2, "m": 1}]


def test_fetchxml_of_distinct_values_and_of_the_first(people: Api) -> None:
    distinct = _contact('<attribute name="importsequencenumber"/>')
    xml = f'<fetch distinct="true">{distinct}</fetch>'
    assert sorted(row["importsequencenumber"] for row in _fetch(people, xml).rows) == [0, 1]
    ordered = _contact('<attribute name="lastname"/><order attribute="lastname"/>')
    xml = f'<fetch top="2">{ordered}</fetch>'
    assert [row["lastname"] for row in _fetch(people, xml).rows] == ["A", "B"]


@on_sqlite
@pytest.mark.parametrize(
    "xml",
    [
        "x",
        "<fetch/>",
        '<fetch><entity name="account"/></fetch>',
        '<fetch><entity name="nosuch"/></fetch>',
        '<fetch><entity name="contact"><attribute name="nosuch"/></entity></fetch>',
        '<fetch page="0"><entity name="contact"/></fetch>',
        '<fetch page="99999999999999"><entity name="contact"/></fetch>',
        '<fetch page="900000" count="5000"><entity name="contact"/></fetch>',
        '<fetch aggregate="true"><entity name="contact">'
        '<attribute name="lastname" alias="x" aggregate="sum"/></entity></fetch>',
        '<fetch aggregate="true"><entity name="contact"/></fetch>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><fetch><entity name="contact"/></fetch>',
    ],
)
def test_a_wrong_fetchxml_is_refused_in_words(people: Api, xml: str) -> None:
    said = _fetch(people, xml)
    assert said.status == 400
    assert said.error[2]


def test_fetchxml_shows_no_secret(api: Api) -> None:
    xml = '<fetch><entity name="emailserverprofile"><attribute name="incomingpassword"/></entity></fetch>'
    assert _fetch(api, xml, set_name="emailserverprofiles").status == 400
    xml = '<fetch><entity name="postroom_key"><attribute name="keyhash"/></entity></fetch>'
    assert _fetch(api, xml, set_name="postroom_keys").status == 400


def test_a_stored_query_is_asked_by_its_key(people: Api) -> None:
    condition = '<condition attribute="lastname" operator="eq" value="C"/>'
    xml = f"<fetch>{_contact(f'<filter>{condition}</filter>')}</fetch>"
    key = people.post(
        "userqueries", {"name": "C", "returnedtypecode": "contact", "querytype": 0, "fetchxml": xml}
    ).id
    rows = people.send("GET", "contacts", query=f"userQuery={key}").rows
    assert [row["lastname"] for row in rows] == ["C"]
    assert people.send("GET", "contacts", query=f"savedQuery={key}").status == 404


# Definitions ----------------------------------------------------------------------------------------------


@on_sqlite
def test_a_table_is_found_by_its_name_with_what_was_selected(api: Api) -> None:
    said = api.get(
        "EntityDefinitions",
        select="LogicalName,EntitySetName,PrimaryIdAttribute",
        filter="LogicalName eq 'email'",
    )
    assert [{k: v for k, v in row.items() if k != "MetadataId"} for row in said.rows] == [
        {"LogicalName": "email", "EntitySetName": "emails", "PrimaryIdAttribute": "activityid"}
    ]
    assert api.get("EntityDefinitions", filter="LogicalName eq 'nosuch'").rows == []
    same = api.get(f"EntityDefinitions({said.rows[0]['MetadataId']})").json
    assert same["ObjectTypeCode"] == 4202
    assert same["DisplayName"]["UserLocalizedLabel"]["Label"] == "Email"
    assert api.get("EntityDefinitions(LogicalName='nosuch')").status == 404


@on_sqlite
def test_columns_say_what_they_hold(api: Api) -> None:
    at = "EntityDefinitions(LogicalName='contact')/Attributes"
    rows = {row["LogicalName"]: row for row in api.get(at, filter="AttributeType ne 'Virtual'").rows}
    assert rows["contactid"]["IsPrimaryId"]
    assert rows["lastname"]["MaxLength"] == 50
    assert rows["parentcustomerid"]["AttributeType"] == "Customer"
    typed = "AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Picklist'"
    assert {row["AttributeType"] for row in api.get(at, filter=typed).rows} == {"Picklist"}
    one = api.get(f"{at}(LogicalName='lastname')", select="LogicalName").json
    assert one["LogicalName"] == "lastname"
    said = api.get(
        f"{at}/Microsoft.Dynamics.CRM.StatusAttributeMetadata",
        select="LogicalName",
        expand="OptionSet($select=Options)",
    )
    options = said.rows[0]["OptionSet"]["Options"]
    assert [(o["Value"], o["Label"]["LocalizedLabels"][0]["Label"], o["State"]) for o in options] == [
        (1, "Active", 0),
        (2, "Inactive", 1),
    ]


@on_sqlite
def test_relationships_name_their_navigation_properties(api: Api) -> None:
    rows = api.get(
        "EntityDefinitions(LogicalName='contact')/ManyToOneRelationships",
        filter="ReferencingAttribute eq 'parentcustomerid'",
    ).rows
    assert {row["ReferencingEntityNavigationPropertyName"] for row in rows} == {
        "parentcustomerid_account",
        "parentcustomerid_contact",
    }
    assert (
        len(api.get("RelationshipDefinitions", filter="SchemaName eq 'contact_customer_accounts'").rows) == 1
    )
    assert api.get("EntityDefinitions(LogicalName='contact')/Keys").rows == []


@on_sqlite
def test_definitions_are_for_reading(api: Api) -> None:
    assert api.post("EntityDefinitions", {"SchemaName": "x"}).status == 405
    assert api.get("EntityDefinitions", skip="1").status == 400
    assert api.get("EntityDefinitions", filter="Nosuch eq 1").status == 400


@on_sqlite
def test_the_schema_is_told_as_csdl_that_agrees_with_itself(api: Api) -> None:
    root = etree.fromstring(api.get("$metadata").body)
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    types = {each.get("Name") for each in root.iter(f"{edm}EntityType")}
    assert {"contact", "email", "principal"} <= types
    for navigation in root.iter(f"{edm}NavigationProperty"):
        target = re.sub(r"^Collection\((.*)\)$", r"\1", navigation.get("Type")).removeprefix("mscrm.")
        assert target in types
    for entity in root.iter(f"{edm}EntityType"):
        names = [each.get("Name") for each in entity if each.tag != f"{edm}Key"]
        assert len(names) == len(set(names)), entity.get("Name")
    for each in root.iter(f"{edm}EntitySet"):
        assert each.get("EntityType").removeprefix("mscrm.") in types
