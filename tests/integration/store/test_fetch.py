"""FetchXML asked of a store: the same rows as plain Python finds, on both databases."""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.schema.contact import Contact
from postroom.schema.ids import SYSTEM_USER_ID
from postroom.store.database import Database
from postroom.store.fetch import BadFetch, Fetch, Viewer, compiled, read, viewer_of
from postroom.store.fetch.operators import OPERATORS
from postroom.store.fetch.query import Condition, Filter
from postroom.store.records import ROOT_UNIT_ID, Records

NOW = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
ME, OTHER, TEAM = UUID(int=1), UUID(int=2), UUID(int=3)
VIEWER = Viewer(ME, NOW, ROOT_UNIT_ID, frozenset({TEAM}), ZONE)
CONTACT = Contact.__table__

NAMES = (None, "Ann", "ann", "Anna", "Bob", "b_b", "50%", "a/b", "")
BIRTHDAYS = (None, date(2026, 3, 4), date(2026, 3, 5), date(2025, 12, 31), date(2026, 2, 28))
INSTANTS = (
    None,
    NOW,
    NOW - timedelta(hours=1),
    NOW + timedelta(hours=1, minutes=30),
    datetime(2026, 2, 28, 23, 30, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 30, tzinfo=UTC),
    NOW - timedelta(days=7),
    NOW + timedelta(days=40),
)
STATUSES = (1, 2)
OWNERS = (ME, OTHER, TEAM)

Row = Mapping[str, Any]


def _rows() -> list[dict[str, Any]]:
    """Return rows in which every pair of values of two columns occurs somewhere."""
    count = len(NAMES) * len(INSTANTS)
    return [
        {
            "contactid": UUID(int=1000 + number),
            "firstname": NAMES[number % len(NAMES)],
            "modifiedon": INSTANTS[number // len(NAMES)],
            "birthdate": BIRTHDAYS[number % len(BIRTHDAYS)],
            "statuscode": STATUSES[number % len(STATUSES)],
            "importsequencenumber": None if number % 7 == 0 else number % 5,
            "ownerid": OWNERS[number % len(OWNERS)],
            "donotemail": number % 4 == 0,
        }
        for number in range(count)
    ]


@pytest.fixture
def rows(database: Database) -> list[dict[str, Any]]:
    """Contacts of every sort, in the store."""
    made = _rows()
    with database.write() as connection:
        connection.execute(sa.insert(CONTACT), made)
    return made


# What an operator means, in Python, of one value that is not None.
_PLAIN: Mapping[str, Callable[[Any, Sequence[Any]], bool]] = {
    "eq": lambda found, given: bool(found == given[0]),
    "gt": lambda found, given: bool(found > given[0]),
    "ge": lambda found, given: bool(found >= given[0]),
    "lt": lambda found, given: bool(found < given[0]),
    "le": lambda found, given: bool(found <= given[0]),
    "in": lambda found, given: found in given,
    "between": lambda found, given: bool(given[0] <= found <= given[1]),
    "begins-with": lambda found, given: found.startswith(given[0]),
    "ends-with": lambda found, given: found.endswith(given[0]),
}
_DENIALS = {
    "ne": "eq",
    "not-in": "in",
    "not-between": "between",
    "not-begin-with": "begins-with",
    "not-end-with": "ends-with",
}


def _holds(row: Row, column: str, name: str, given: Sequence[Any]) -> bool:
    found = row[column]
    if name in ("null", "not-null"):
        return (found is None) == (name == "null")
    if name in _DENIALS:
        return found is None or not _PLAIN[_DENIALS[name]](_folded(found), [*map(_folded, given)])
    return found is not None and _PLAIN[name](_folded(found), [*map(_folded, given)])


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(ZONE).isoformat()
    return str(value)


_VALUES: Mapping[str, Sequence[Any]] = {
    "firstname": [name for name in NAMES if name is not None],
    "modifiedon": [moment for moment in INSTANTS if moment is not None],
    "birthdate": [day for day in BIRTHDAYS if day is not None],
    "statuscode": STATUSES,
    "importsequencenumber": range(6),
}
_COUNTS = {"between": 2, "not-between": 2, "in": 3, "not-in": 3, "null": 0, "not-null": 0}

Tree = tuple[Any, ...]


@st.composite
def _conditions(draw: st.DrawFn) -> Tree:
    column = draw(st.sampled_from(sorted(_VALUES)))
    names = ["eq", "ne", "gt", "ge", "lt", "le", "in", "not-in", "between", "not-between", "null", "not-null"]
    if column == "firstname":
        names += ["begins-with", "ends-with", "not-begin-with", "not-end-with"]
    name = draw(st.sampled_from(names))
    count = _COUNTS.get(name, 1)
    given = draw(st.lists(st.sampled_from(list(_VALUES[column])), min_size=count, max_size=count))
    return ("condition", column, name, given)


_TREES = st.recursive(
    _conditions(),
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, max_size=3)),
    max_leaves=8,
)


def _xml(tree: Tree) -> str:
    if tree[0] == "condition":
        _, column, name, given = tree
        inner = "".join(f"<value>{_text(value)}</value>" for value in given)
        if "<value></value>" in inner:
            inner = inner.replace("<value></value>", "<value/>")
        return f'<condition attribute="{column}" operator="{name}">{inner}</condition>'
    return f'<filter type="{tree[0]}">{"".join(map(_xml, tree[1]))}</filter>'


def _fulfils(row: Row, tree: Tree) -> bool:
    if tree[0] == "condition":
        return _holds(row, *tree[1:])
    results = [_fulfils(row, part) for part in tree[1]]
    if not results:
        return True
    return all(results) if tree[0] == "and" else any(results)


def _found(database: Database, inner: str, table: str = "contact") -> set[UUID]:
    fetch = read(f'<fetch><entity name="{table}">{inner}</entity></fetch>')
    with database.read() as connection:
        return set(connection.scalars(compiled(fetch, VIEWER)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_TREES)
def test_a_filter_finds_what_plain_python_finds(
    database: Database, rows: list[dict[str, Any]], tree: Tree
) -> None:
    expected = {row["contactid"] for row in rows if _fulfils(row, tree)}
    assert _found(database, f"<filter>{_xml(tree)}</filter>") == expected


# The user's day is 4 March, 23:30 in Berlin; a Wednesday.
_DAYS: Mapping[str, tuple[date, date]] = {
    "yesterday": (date(2026, 3, 3), date(2026, 3, 3)),
    "today": (date(2026, 3, 4), date(2026, 3, 4)),
    "tomorrow": (date(2026, 3, 5), date(2026, 3, 5)),
    "last-seven-days": (date(2026, 2, 25), date(2026, 3, 4)),
    "next-seven-days": (date(2026, 3, 4), date(2026, 3, 11)),
    "last-week": (date(2026, 2, 22), date(2026, 2, 28)),
    "this-week": (date(2026, 3, 1), date(2026, 3, 7)),
    "next-week": (date(2026, 3, 8), date(2026, 3, 14)),
    "last-month": (date(2026, 2, 1), date(2026, 2, 28)),
    "this-month": (date(2026, 3, 1), date(2026, 3, 31)),
    "next-month": (date(2026, 4, 1), date(2026, 4, 30)),
    "last-year": (date(2025, 1, 1), date(2025, 12, 31)),
    "this-year": (date(2026, 1, 1), date(2026, 12, 31)),
    "next-year": (date(2027, 1, 1), date(2027, 12, 31)),
}


@pytest.mark.parametrize("name", _DAYS)
def test_periods_are_days_where_the_user_is(
    database: Database, rows: list[dict[str, Any]], name: str
) -> None:
    first, last = _DAYS[name]
    for column in ("modifiedon", "birthdate"):
        expected = {
            row["contactid"] for row in rows if row[column] is not None and first <= _day(row[column]) <= last
        }
        assert (
            _found(database, f'<filter><condition attribute="{column}" operator="{name}"/></filter>')
            == expected
        )


def _day(value: date) -> date:
    return value.astimezone(ZONE).date() if isinstance(value, datetime) else value


_COUNTED: Mapping[str, tuple[datetime | None, datetime]] = {
    "last-x-hours": (NOW - timedelta(hours=7), NOW),
    "next-x-hours": (NOW, NOW + timedelta(hours=7)),
    "last-x-days": (datetime(2026, 2, 25, tzinfo=ZONE), NOW),
    "next-x-days": (NOW, datetime(2026, 3, 12, tzinfo=ZONE)),
    "last-x-months": (datetime(2025, 8, 4, tzinfo=ZONE), NOW),
    "next-x-weeks": (NOW, datetime(2026, 4, 23, tzinfo=ZONE)),
    "olderthan-x-days": (None, datetime(2026, 2, 25, tzinfo=ZONE)),
    "olderthan-x-hours": (None, NOW - timedelta(hours=7)),
}


@pytest.mark.parametrize("name", _COUNTED)
def test_counted_periods_reach_from_or_to_now(
    database: Database, rows: list[dict[str, Any]], name: str
) -> None:
    start, end = _COUNTED[name]
    found = _found(
        database, f'<filter><condition attribute="modifiedon" operator="{name}" value="7"/></filter>'
    )
    assert found == {
        row["contactid"]
        for row in rows
        if row["modifiedon"] and (start is None or row["modifiedon"] >= start) and row["modifiedon"] < end
    }


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("on", operator.eq),
        ("not-on", operator.ne),
        ("on-or-after", operator.ge),
        ("on-or-before", operator.le),
    ],
)
def test_a_day_is_compared_with_the_day_of_an_instant(
    database: Database, rows: list[dict[str, Any]], name: str, fits: Callable[[date, date], bool]
) -> None:
    condition = f'<condition attribute="modifiedon" operator="{name}" value="2026-03-04"/>'
    assert _found(database, f"<filter>{condition}</filter>") == {
        row["contactid"]
        for row in rows
        if (row["modifiedon"] is None and name == "not-on")
        or (row["modifiedon"] is not None and fits(_day(row["modifiedon"]), date(2026, 3, 4)))
    }


@pytest.mark.parametrize(
    ("name", "owners"),
    [
        ("eq-userid", {ME}),
        ("ne-userid", {OTHER, TEAM}),
        ("eq-userteams", {TEAM}),
        ("eq-useroruserteams", {ME, TEAM}),
    ],
)
def test_conditions_on_the_user_mean_the_one_who_asks(
    database: Database, rows: list[dict[str, Any]], name: str, owners: set[UUID]
) -> None:
    found = _found(database, f'<filter><condition attribute="ownerid" operator="{name}"/></filter>')
    assert found == {row["contactid"] for row in rows if row["ownerid"] in owners}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("an%", {"Ann", "ann", "Anna"}),
        ("%n", {"Ann", "ann"}),
        ("b_b", {"Bob", "b_b"}),
        ("b[_]b", {"b_b"}),
        ("%[%]", {"50%"}),
        ("a/b", {"a/b"}),
    ],
)
def test_patterns_have_wildcards_and_disregard_case(
    database: Database, rows: list[dict[str, Any]], pattern: str, names: set[str]
) -> None:
    condition = f'<condition attribute="firstname" operator="like" value="{pattern}"/>'
    found = _found(database, f"<filter>{condition}</filter>")
    assert found == {row["contactid"] for row in rows if row["firstname"] in names}


@pytest.fixture
def company(database: Database, records: Records) -> dict[str, UUID]:
    """Two companies, one under the other, with a contact each, and a contact of none."""
    with database.write() as connection:
        top = records.create(connection, "account", {"name": "Top"})
        low = records.create(connection, "account", {"name": "Low", "parentaccountid": top})
        made = {"top": top, "low": low}
        for name, account in (("Tina", top), ("Lena", low), ("Nora", None)):
            values: dict[str, Any] = {"firstname": name}
            if account:
                values |= {"parentcustomerid": account, "parentcustomeridtype": "account"}
            made[name] = records.create(connection, "contact", values)
    return made


def test_linked_tables_are_needed_allowed_or_forbidden(database: Database, company: dict[str, UUID]) -> None:
    link = (
        '<link-entity name="account" from="accountid" to="parentcustomerid" link-type="{}" alias="a">{}'
        "</link-entity>"
    )
    low = '<filter><condition attribute="name" operator="eq" value="low"/></filter>'
    absent = '<filter><condition entityname="a" attribute="accountid" operator="null"/></filter>'
    forbidden = f"<filter>{link.format('not any', low)}</filter>"
    tina, lena, nora = company["Tina"], company["Lena"], company["Nora"]
    assert _found(database, link.format("inner", "")) == {tina, lena}
    assert _found(database, link.format("inner", low)) == {lena}
    assert _found(database, link.format("exists", low)) == {lena}
    assert _found(database, link.format("outer", low) + absent) == {tina, nora}
    assert _found(database, forbidden) == {tina, nora}


def test_links_go_on_from_links(database: Database, company: dict[str, UUID]) -> None:
    parent = '<link-entity name="account" from="accountid" to="parentaccountid"/>'
    link = f'<link-entity name="account" from="accountid" to="parentcustomerid">{parent}</link-entity>'
    assert _found(database, link) == {company["Lena"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("under", {"low"}),
        ("eq-or-under", {"top", "low"}),
        ("not-under", {"top"}),
    ],
)
def test_hierarchies_go_down(
    database: Database, company: dict[str, UUID], name: str, expected: set[str]
) -> None:
    condition = f'<condition attribute="accountid" operator="{name}" value="{company["top"]}"/>'
    found = _found(database, f"<filter>{condition}</filter>", "account")
    assert found == {company[each] for each in expected}


def test_hierarchies_go_up_and_end_in_a_circle(
    database: Database, records: Records, company: dict[str, UUID]
) -> None:
    condition = f'<condition attribute="accountid" operator="above" value="{company["low"]}"/>'
    assert _found(database, f"<filter>{condition}</filter>", "account") == {company["top"]}
    with database.write() as connection:
        records.update(connection, "account", company["top"], {"parentaccountid": company["low"]})
    assert _found(database, f"<filter>{condition}</filter>", "account") == {company["top"]}


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ('<filter><condition attribute="colour" operator="null"/></filter>', "no column 'colour'"),
        (
            '<filter><condition attribute="fullname" operator="rhymes" value="a"/></filter>',
            "no such operator",
        ),
        ('<filter><condition attribute="fullname" operator="today"/></filter>', "not for a column of type"),
        ('<filter><condition attribute="ownerid" operator="eq" value="me"/></filter>', "can't be compared"),
        ('<filter><condition attribute="ownerid" operator="eq"/></filter>', "1 values are needed, not 0"),
        ('<filter><condition entityname="x" attribute="name" operator="null"/></filter>', 'entityname="x"'),
        (
            '<filter><condition attribute="modifiedon" operator="last-x-days" value="-1"/></filter>',
            "a number from",
        ),
        ('<filter><condition attribute="modifiedon" operator="this-fiscal-year"/></filter>', "fiscal"),
        ('<filter><condition attribute="fullname" operator="like" value="[a-z]"/></filter>', "brackets"),
        ('<link-entity name="postroom_ledger" from="a" to="b"/>', "no table of this name"),
        ('<link-entity name="account" from="name" to="contactid"/>', "can't equal"),
    ],
)
def test_what_the_schema_does_not_have_is_refused_by_name(database: Database, inner: str, words: str) -> None:
    with pytest.raises(BadFetch) as refused:
        _found(database, inner)
    assert words in str(refused.value)


def test_a_viewer_has_the_default_teams_of_his_unit(database: Database, records: Records) -> None:
    with database.write() as connection:
        team = records.create(connection, "team", {"name": "All", "isdefault": True}, internal=True)
        records.create(connection, "team", {"name": "Some"})
        viewer = viewer_of(connection, SYSTEM_USER_ID, NOW)
    assert viewer.teams == {team}
    assert viewer.business_unit == ROOT_UNIT_ID


_NASTY = (
    "",
    "0",
    "-1",
    "9223372036854775807",
    "99999999999999999999",
    "1e400",
    "nan",
    "0001-01-01",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30",
    "\u0661",
    "%",
    "[",
    "[]",
    "'; DROP TABLE contact; --",
    "{00000000-0000-0000-0000-000000000001}",
    "\U0001f600",
)
_OF_EACH_KIND = ("contactid", "ownerid", "fullname", "description", "statuscode", "donotemail", "birthdate")
_OF_EACH_KIND += ("modifiedon", "importsequencenumber", "versionnumber", "exchangerate", "owneridtype")


@pytest.mark.parametrize("column", _OF_EACH_KIND)
def test_any_operator_and_value_is_asked_or_refused_in_words(database: Database, column: str) -> None:
    values = [[], *([value] for value in _NASTY), ["1", "2"]]
    refusals = []
    for name, several in product((*OPERATORS, "under", "above", "not-under"), values):
        try:
            statement = compiled(
                Fetch("contact", [Filter(conditions=[Condition(column, name, several)])]), VIEWER
            )
        except BadFetch as problem:
            refusals.append(str(problem))
        else:
            with database.read() as connection:
                connection.execute(statement).all()
    assert refusals
    assert all(column in words for words in refusals)
