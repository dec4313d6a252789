"""`?sql=`: one SELECT with joins, conditions and totals."""

from urllib.parse import quote

import pytest
from tests.support.company import on_sqlite
from tests.support.web import Api, Said


def _sql(api: Api, text: str, prefer: str = "", set_name: str = "contacts") -> Said:
    headers = {"Prefer": prefer} if prefer else {}
    return api.send("GET", set_name, query=f"sql={quote(text)}", headers=headers)


@pytest.fixture
def people(api: Api) -> Api:
    account = api.post("accounts", {"name": "Contoso"}).id
    for number, name in enumerate(("O'Hara", "B", "C")):
        body = {"lastname": name, "importsequencenumber": number % 2}
        if number < 2:
            body["parentcustomerid_account@odata.bind"] = f"/accounts({account})"
        api.post("contacts", body)
    return api


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("lastname = 'o''hara'", ["O'Hara"]),
        ("lastname <> 'B' AND importsequencenumber = 0", ["C", "O'Hara"]),
        ("(lastname = 'B' OR lastname = 'C') AND NOT_THERE IS NULL", None),
        ("lastname = 'B' OR (lastname > 'B' AND lastname < 'D')", ["B", "C"]),
        ("lastname LIKE 'O%'", ["O'Hara"]),
        ("lastname NOT LIKE 'O%'", ["B", "C"]),
        ("lastname IN ('B', 'C')", ["B", "C"]),
        ("importsequencenumber BETWEEN 1 AND 5", ["B"]),
        ("parentcustomerid IS NULL", ["C"]),
        ("_parentcustomerid_value IS NOT NULL", ["B", "O'Hara"]),
    ],
)
def test_conditions_mean_what_sql_means(people: Api, where: str, found: list[str] | None) -> None:
    said = _sql(people, f"SELECT lastname FROM contact WHERE {where} ORDER BY lastname")  # noqa: S608
    if found is None:
        assert said.status == 400
        assert "not_there" in said.error[2]
    else:
        assert [row["lastname"] for row in said.rows] == found


def test_joins_bring_columns_of_other_tables(people: Api) -> None:
    columns = "SELECT c.lastname, a.name AS company"
    inner = f"{columns} FROM contact c JOIN account a ON c.parentcustomerid = a.accountid"
    rows = _sql(people, f"{inner} WHERE a.name = 'Contoso' ORDER BY c.lastname DESC").rows
    assert rows == [{"lastname": "O'Hara", "company": "Contoso"}, {"lastname": "B", "company": "Contoso"}]
    rows = _sql(people, inner.replace("JOIN", "LEFT JOIN") + " ORDER BY lastname").rows
    assert [row["company"] for row in rows] == ["Contoso", None, "Contoso"]


def test_groups_have_totals(people: Api) -> None:
    text = "SELECT importsequencenumber, COUNT(*) AS n, MAX(importsequencenumber) AS m FROM contact"
    rows = _sql(people, f"{text} GROUP BY importsequencenumber ORDER BY n DESC").rows
    assert rows == [{"importsequencenumber": 0, "n": 2, "m": 0}, {"importsequencenumber": 1, "n": 1, "m": 1}]
    assert _sql(people, "SELECT COUNT(*) FROM contact").rows == [{"count": 3}]
    assert _sql(people, "SELECT COUNT(DISTINCT importsequencenumber) AS n FROM contact").rows == [{"n": 2}]


def test_distinct_values_the_first_rows_and_pages(people: Api) -> None:
    rows = _sql(people, "SELECT DISTINCT importsequencenumber FROM contact").rows
    assert sorted(row["importsequencenumber"] for row in rows) == [0, 1]
    assert len(_sql(people, "SELECT TOP 2 lastname FROM contact ORDER BY lastname").rows) == 2
    said = _sql(people, "SELECT lastname FROM contact ORDER BY lastname", "odata.maxpagesize=2")
    found = [row["lastname"] for row in said.rows]
    said = people.follow(said.json["@odata.nextLink"], "odata.maxpagesize=2")
    assert [*found, *(row["lastname"] for row in said.rows)] == ["B", "C", "O'Hara"]
    assert "@odata.nextLink" not in said.json


@on_sqlite
@pytest.mark.parametrize(
    "text",
    [
        "",
        "DROP TABLE contact",
        "SELECT * FROM contact",
        "SELECT lastname FROM contact; DELETE FROM contact",
        "SELECT lastname FROM account",
        "SELECT lastname FROM contact WHERE",
        "SELECT lastname FROM contact WHERE lastname = firstname",
        "SELECT lastname FROM contact WHERE lastname = 'x",
        "SELECT nosuch FROM contact",
        "SELECT x.lastname FROM contact c",
        "SELECT lastname FROM contact c JOIN account a ON a.accountid = a.accountid",
        "SELECT lastname, COUNT(*) FROM contact GROUP BY firstname",
        "SELECT MEDIAN(lastname) FROM contact",
        "SELECT lastname FROM contact WHERE " + "(" * 100,
        "SELECT lastname FROM contact ORDER BY 1",
        "SELECT DISTINCT lastname FROM contact ORDER BY firstname",
        "SELECT TOP 0 lastname FROM contact",
    ],
)
def test_another_statement_is_refused_in_words(people: Api, text: str) -> None:
    said = _sql(people, text)
    assert said.status == 400, said.body
    assert said.error[2]
    assert len(people.get("contacts").rows) == 3
