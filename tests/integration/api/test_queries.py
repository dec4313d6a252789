"""Queries over the Web API: options, functions, pages, expansions, totals, annotations."""

import pytest
from tests.support.company import on_sqlite
from tests.support.web import Api

_ANNOTATED = 'odata.include-annotations="*"'
_VALUE = "@OData.Community.Display.V1.FormattedValue"


def _names(rows: list[dict[str, object]]) -> list[object]:
    return [row["lastname"] for row in rows]


@pytest.fixture
def people(api: Api) -> Api:
    """An account with three contacts, and one contact of nobody's."""
    account = api.post("accounts", {"name": "Contoso"}).id
    for number, name in enumerate("ABC"):
        body = {
            "lastname": name,
            "firstname": "x" if number else None,
            "importsequencenumber": number,
            "parentcustomerid_account@odata.bind": f"/accounts({account})",
        }
        api.post("contacts", body)
    api.post("contacts", {"lastname": "D", "donotemail": True})
    return api


def test_options_narrow_order_and_bound_the_answer(people: Api) -> None:
    said = people.get("contacts", filter="lastname ne 'B'", orderby="lastname desc", top="2", count="true")
    assert _names(said.rows) == ["D", "C"]
    assert said.json["@odata.count"] == 3
    assert "@odata.nextLink" not in said.json


@pytest.mark.parametrize(
    "order", ["", "lastname desc", "firstname", "firstname desc,donotemail", "createdon"]
)
def test_pages_hold_every_row_once_whatever_the_order(people: Api, order: str) -> None:
    options = {"select": "lastname"} | ({"orderby": order} if order else {})
    whole = _names(people.get("contacts", **options).rows)
    said = people.get("contacts", "odata.maxpagesize=1", **options, count="true")
    assert said.headers["preference-applied"] == "odata.maxpagesize=1"
    found, links = _names(said.rows), set()
    while link := said.json.get("@odata.nextLink"):
        assert link not in links
        links.add(link)
        said = people.follow(link, "odata.maxpagesize=1")
        found += _names(said.rows)
    assert found == whole
    assert sorted(map(str, found)) == ["A", "B", "C", "D"]


def test_a_row_written_between_two_pages_neither_repeats_nor_hides_another(people: Api) -> None:
    said = people.get("contacts", "odata.maxpagesize=2", orderby="lastname")
    assert _names(said.rows) == ["A", "B"]
    people.post("contacts", {"lastname": "AA"})
    assert _names(people.follow(said.json["@odata.nextLink"], "odata.maxpagesize=2").rows) == ["C", "D"]


@on_sqlite
def test_top_gives_way_to_a_page_size(people: Api) -> None:
    said = people.get("contacts", "odata.maxpagesize=3", top="1")
    assert len(said.rows) == 3
    assert "@odata.nextLink" in said.json


@on_sqlite
@pytest.mark.parametrize(
    "cookie", ["x", "<cookie />", '<cookie pagenumber="2" pagingcookie="x" istracking="False" />']
)
def test_a_cookie_that_was_made_up_is_refused(people: Api, cookie: str) -> None:
    assert people.get("contacts", skiptoken=cookie).status == 400


def test_annotations_name_what_codes_and_keys_stand_for(people: Api) -> None:
    row = people.get(
        "contacts", _ANNOTATED, filter="lastname eq 'A'", select="statecode,_parentcustomerid_value"
    ).rows[0]
    assert row[f"statecode{_VALUE}"] == "Active"
    assert row[f"_parentcustomerid_value{_VALUE}"] == "Contoso"
    assert row["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    navigation = row["_parentcustomerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"]
    assert navigation == "parentcustomerid_account"


@on_sqlite
def test_only_the_annotations_asked_for_come(people: Api) -> None:
    row = people.get("contacts", f'odata.include-annotations="{_VALUE[1:]}"', top="1").rows[0]
    kinds = {name.partition("@")[2] for name in row if "@" in name}
    assert kinds == {"odata.etag", _VALUE[1:]}


def test_expansions_lie_within_each_other(people: Api) -> None:
    row = people.get(
        "accounts",
        expand="contact_customer_accounts($select=lastname;$orderby=lastname desc;$top=2;"
        "$expand=parentcustomerid_account($select=name))",
    ).rows[0]
    assert [c["lastname"] for c in row["contact_customer_accounts"]] == ["C", "B"]
    assert row["contact_customer_accounts"][0]["parentcustomerid_account"]["name"] == "Contoso"


def test_an_expansion_gives_addresses_where_only_those_are_wanted(people: Api) -> None:
    row = people.get("contacts", filter="lastname eq 'A'", expand="parentcustomerid_account/$ref").rows[0]
    assert row["parentcustomerid_account"]["@odata.id"].startswith(
        "https://post.example/api/data/v9.2/accounts("
    )


@on_sqlite
@pytest.mark.parametrize(
    ("expand", "code"),
    [
        ("contact_customer_accounts/$ref", "0x80060888"),
        ("primarycontactid($top=1)", "0x80060888"),
        ("nosuch", "0x80040203"),
        (",".join(["primarycontactid"] * 16), "0x80040203"),
        ("primarycontactid($expand=" * 70 + "ownerid" + ")" * 70, "0x80040203"),
    ],
)
def test_an_expansion_that_makes_no_sense_is_refused(people: Api, expand: str, code: str) -> None:
    assert people.get("accounts", expand=expand).error[:2] == (400, code)


def test_paths_and_collections_narrow_the_answer(people: Api) -> None:
    assert len(people.get("contacts", filter="parentcustomerid_account/name eq 'contoso'").rows) == 3
    some = "contact_customer_accounts/any(c:c/lastname eq 'B' and c/importsequencenumber eq 1)"
    assert len(people.get("accounts", filter=some).rows) == 1
    assert people.get("accounts", filter="contact_customer_accounts/all(c:c/lastname eq 'B')").rows == []


def test_an_alias_stands_for_its_value(people: Api) -> None:
    said = people.send("GET", "contacts", query="$filter=lastname%20eq%20@p1&@p1='A'")
    assert _names(said.rows) == ["A"]
    assert _names(
        people.send("GET", "contacts", query="$filter=firstname eq @p1&$orderby=lastname").rows
    ) == ["A", "D"]


@pytest.mark.parametrize(
    ("function", "found"),
    [
        ('In(PropertyName=\'lastname\',PropertyValues=["A","c"])', "AC"),
        ('NotIn(PropertyName=\'lastname\',PropertyValues=["A","c"])', "BD"),
        ('In(PropertyName=\'importsequencenumber\',PropertyValues=["0","2"])', "AC"),
        ("Between(PropertyName='importsequencenumber',PropertyValues=['1','2'])", "BC"),
        ("NotBetween(PropertyName='importsequencenumber',PropertyValues=['1','2'])", "AD"),
        ("Today(PropertyName='createdon')", "ABCD"),
        ("Yesterday(PropertyName='createdon')", ""),
        ("ThisMonth(PropertyName='createdon')", "ABCD"),
        ("Last7Days(PropertyName='createdon')", "ABCD"),
        ("LastXDays(PropertyName='createdon',PropertyValue=2)", ""),
        ("OlderThanXHours(PropertyName='createdon',PropertyValue=1)", ""),
        ("On(PropertyName='createdon',PropertyValue='2026-03-02')", "ABCD"),
        ("OnOrBefore(PropertyName='createdon',PropertyValue=2026-03-01)", ""),
        ("EqualUserId(PropertyName='ownerid')", "ABCD"),
        ("NotEqualUserId(PropertyName='ownerid')", ""),
        ("EqualBusinessId(PropertyName='owningbusinessunit')", "ABCD"),
        ("EqualUserOrUserHierarchy(PropertyName='ownerid')", "ABCD"),
    ],
)
def test_query_functions_mean_what_dataverse_means(people: Api, function: str, found: str) -> None:
    said = people.get("contacts", filter=f"Microsoft.Dynamics.CRM.{function}", orderby="lastname")
    # The clock of the tests stands still: what was made at this very instant is not in the past.
    assert "".join(map(str, _names(said.rows))) == found


def test_a_query_function_is_part_of_a_condition_like_any_other(people: Api) -> None:
    wanted = (
        "not (Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=[\"A\"])) and lastname ne 'D'"
    )
    assert _names(people.get("contacts", filter=wanted, orderby="lastname").rows) == ["B", "C"]


def test_records_of_a_hierarchy_are_found_below_and_above(api: Api) -> None:
    keys = [api.post("accounts", {"name": "0"}).id]
    for number in (1, 2):
        parent = {"parentaccountid@odata.bind": f"/accounts({keys[-1]})"}
        keys.append(api.post("accounts", {"name": str(number), **parent}).id)

    def found(function: str, key: str) -> str:
        wanted = f"Microsoft.Dynamics.CRM.{function}(PropertyName='accountid',PropertyValue='{key}')"
        return "".join(row["name"] for row in api.get("accounts", filter=wanted, orderby="name").rows)

    assert found("Under", keys[0]) == "12"
    assert found("UnderOrEqual", keys[1]) == "12"
    assert found("Above", keys[2]) == "01"
    assert found("AboveOrEqual", keys[1]) == "01"
    assert found("NotUnder", keys[0]) == "0"
    both = " and ".join(
        f"Microsoft.Dynamics.CRM.{name}(PropertyName='accountid',PropertyValue={key})"
        for name, key in (("Under", keys[0]), ("Above", keys[2]))
    )
    assert [row["name"] for row in api.get("accounts", filter=both).rows] == ["1"]
    below = "account_parent_account/any(a:a/name eq '2' and a/parentaccountid/name eq '1')"
    assert [row["name"] for row in api.get("accounts", filter=below, count="true").rows] == ["1"]


@on_sqlite
@pytest.mark.parametrize(
    "wanted",
    [
        "Microsoft.Dynamics.CRM.Nosuch(PropertyName='lastname')",
        "Microsoft.Dynamics.CRM.ThisFiscalYear(PropertyName='createdon')",
        "Microsoft.Dynamics.CRM.ContainValues(PropertyName='lastname',PropertyValues=['1'])",
        "Microsoft.Dynamics.CRM.Today(PropertyName='lastname')",
        "Microsoft.Dynamics.CRM.Today()",
        "Microsoft.Dynamics.CRM.In(PropertyName='nosuch',PropertyValues=['1'])",
        "Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=0)",
        "Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=[null])",
        "nosuch eq 1",
        "lastname eq 5",
        "createdon gt 'yesterday'",
        "lastname eq",
        "length(lastname) eq 1",
        "(" * 200 + "lastname eq 'A'" + ")" * 200,
        " or ".join(["lastname eq 'A'"] * 501),
        "not " * 5000 + "donotemail",
        "lastname eq 'A",
    ],
)
def test_a_wrong_filter_is_refused_in_words(people: Api, wanted: str) -> None:
    said = people.get("contacts", filter=wanted)
    assert said.error[:2] == (400, "0x80040203"), said.body
    assert said.error[2].startswith("$filter: ")


@on_sqlite
@pytest.mark.parametrize(
    "option", ["$skip=1", "$search=x", "$format=json", "$compute=x", "$Filter=x", "top=1"]
)
def test_an_option_that_is_not_known_is_refused(people: Api, option: str) -> None:
    said = people.send("GET", "contacts", query=option)
    assert said.status == 400
    assert option.partition("=")[0] in said.error[2]


def test_groups_have_totals(people: Api) -> None:
    said = people.get(
        "contacts",
        _ANNOTATED,
        apply="groupby((donotemail),aggregate($count as n,importsequencenumber with sum as s,"
        "importsequencenumber with max as m,importsequencenumber with average as a))",
    )
    groups = {row["donotemail"]: row for row in said.rows}
    assert (groups[False]["n"], groups[False]["s"], groups[False]["m"], groups[False]["a"]) == (3, 3, 2, 1)
    assert groups[True]["n"] == 1
    assert "s" not in groups[True]
    assert groups[True][f"donotemail{_VALUE}"] == "Do Not Allow"


def test_rows_are_narrowed_before_they_are_grouped(people: Api) -> None:
    said = people.get(
        "contacts",
        apply="filter(lastname ne 'A')/groupby((parentcustomerid_account/name),aggregate($count as n))",
    )
    assert {row.get("account_name"): row["n"] for row in said.rows} == {"Contoso": 2, None: 1}
    assert people.get("contacts", apply="aggregate($count as n)").rows == [{"n": 4}]
    assert {
        row["_parentcustomerid_value"]
        for row in people.get(
            "contacts", apply="filter(_parentcustomerid_value ne null)/groupby((_parentcustomerid_value))"
        ).rows
    }


@on_sqlite
@pytest.mark.parametrize(
    "apply",
    [
        "groupby((createdon))",
        "groupby((nosuch))",
        "aggregate(lastname with sum as s)",
        "aggregate(lastname with countdistinct as s)",
        "aggregate($count as n,$count as n)",
        "aggregate()",
        "filter(lastname eq 'A')",
        "compute(x)",
    ],
)
def test_what_can_not_be_grouped_is_refused(people: Api, apply: str) -> None:
    assert people.get("contacts", apply=apply).status == 400


def test_a_count_is_plain_text(people: Api) -> None:
    said = people.get("contacts/$count", filter="lastname ne 'A'")
    assert said.body.decode() == "\ufeff3"
    assert said.headers["content-type"].startswith("text/plain")


def test_activities_of_every_kind_are_read_together(api: Api) -> None:
    api.post("tasks", {"subject": "Call"})
    api.post("emails", {"subject": "Mail"})
    rows = api.get("activitypointers", orderby="subject", select="subject,activitytypecode").rows
    assert [(row["subject"], row["activitytypecode"]) for row in rows] == [
        ("Call", "task"),
        ("Mail", "email"),
    ]
    assert len(api.get("activitypointers", filter="subject eq 'Mail'", count="true").rows) == 1
