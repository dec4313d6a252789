"""$filter on a database says what the same condition says when Python evaluates it row by row."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.api.odata.conditions import (
    Comparator,
    Comparison,
    Condition,
    Every,
    Literal,
    Negation,
    OneOf,
    PartOf,
    Path,
    Some,
    TextTest,
)
from postroom.api.odata.query import read_query, run_query
from postroom.api.odata.syntax import parse_filter
from postroom.schema.table import Row

_START = datetime(2024, 1, 31, 10, tzinfo=UTC)
_TEXTS = ["", "a", "A", "ab", "aB%", "a_b", "it's", "100%", "/", "b/a"]
_MOMENTS = [_START + timedelta(seconds=seconds) for seconds in (-1, 0, 0.5, 1, 3600)]
_IDS = [UUID(int=number) for number in (1, 2, 3)]

#: Columns of contact that stand for the kinds, with the values that rows and conditions take.
_COLUMNS: dict[str, list[Any]] = {
    "firstname": _TEXTS,
    "lastname": _TEXTS,
    "importsequencenumber": [-1, 0, 1, 7],
    "donotemail": [True, False],
    "overriddencreatedon": _MOMENTS,
    "_modifiedby_value": _IDS,
}
_STORED = {name: name.removeprefix("_").removesuffix("_value") for name in _COLUMNS}


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3) -> str:
    if depth and draw(st.booleans()):
        kind = draw(st.sampled_from(["and", "or", "not"]))
        left = draw(conditions(depth - 1))
        if kind == "not":
            return f"not ({left})"
        return f"({left}) {kind} ({draw(conditions(depth - 1))})"
    name = draw(st.sampled_from(sorted(_COLUMNS)))
    values = st.sampled_from(_COLUMNS[name])
    form = draw(st.sampled_from(["compare", "null", "in", "part", "columns"]))
    if form == "null":
        return f"{name} {draw(st.sampled_from(['eq', 'ne']))} null"
    if form == "in":
        chosen = draw(st.lists(st.none() | values, min_size=1, max_size=3))
        return f"{name} in ({','.join(map(_written, chosen))})"
    if form == "part":
        test = draw(st.sampled_from(list(TextTest))).value
        return f"{test}(firstname,{_written(draw(st.sampled_from(_TEXTS)))})"
    if form == "columns":
        return f"firstname {draw(st.sampled_from(list(Comparator))).value} lastname"
    comparators = (
        ["eq", "ne"] if name in ("donotemail", "_modifiedby_value") else [c.value for c in Comparator]
    )
    comparator = draw(st.sampled_from(comparators))
    if draw(st.booleans()):
        return f"{name} {comparator} {_written(draw(values))}"
    swapped = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}.get(comparator, comparator)
    return f"{_written(draw(values))} {swapped} {name}"


def _holds(condition: Condition, row: dict[str, Any]) -> bool:
    """Evaluate a condition over one row: the plain meaning, without SQL."""
    match condition:
        case Negation(term):
            return not _holds(term, row)
        case Every(terms):
            return all(_holds(term, row) for term in terms)
        case Some(terms):
            return any(_holds(term, row) for term in terms)
        case OneOf(path, values):
            return any(_compare(Comparator.EQ, _operand(path, row), literal.value) for literal in values)
        case PartOf(test, path, literal):
            held, text = _operand(path, row), str(literal.value).lower()
            if held is None:
                return False
            tests = {
                TextTest.CONTAINS: held.lower().__contains__,
                TextTest.STARTS_WITH: held.lower().startswith,
            }
            return bool(tests.get(test, held.lower().endswith)(text))
        case Comparison(comparator, left, right):
            if isinstance(left, Literal):
                swapped = {"GT": "LT", "LT": "GT", "GE": "LE", "LE": "GE"}.get(
                    comparator.name, comparator.name
                )
                left, comparator, right = right, Comparator[swapped], left
            return _compare(comparator, _operand(left, row), _operand(right, row))
        case _:
            raise AssertionError(condition)


def _operand(operand: Path | Literal, row: dict[str, Any]) -> Any:
    return operand.value if isinstance(operand, Literal) else row[_STORED[operand.text]]


def _compare(comparator: Comparator, left: Any, right: Any) -> bool:
    if left is None or right is None:
        same = left is None and right is None
        return {Comparator.EQ: same, Comparator.NE: not same}.get(comparator, False)
    left, right = _comparable(left, right)
    return {
        Comparator.EQ: left == right,
        Comparator.NE: left != right,
        Comparator.GT: left > right,
        Comparator.GE: left >= right,
        Comparator.LT: left < right,
        Comparator.LE: left <= right,
    }[comparator]


def _comparable(left: Any, right: Any) -> tuple[Any, Any]:
    if isinstance(left, str):
        return left.lower(), right.lower()
    if isinstance(left, datetime) and right.microsecond == 0:
        # Instants are compared as they are shown unless the condition names a fraction.
        return left.replace(microsecond=0), right
    return left, right


@pytest.fixture(scope="module")
def stored() -> Iterator[tuple[sa.Connection, list[dict[str, Any]]]]:
    """Rows in which every value of every column, and its absence, meets many others."""
    engine = sa.create_engine("sqlite://")
    table = Row.metadata.tables["contact"]
    rows = []
    for number in range(60):
        row: dict[str, Any] = {"contactid": UUID(int=number + 1000)}
        for place, (name, values) in enumerate(_COLUMNS.items()):
            choice = (number * (place + 3) + number // (place + 2)) % (len(values) + 1)
            row[_STORED[name]] = None if choice == len(values) else values[choice]
        rows.append(row)
    with engine.connect() as connection:
        Row.metadata.create_all(connection, tables=[table])
        connection.execute(sa.insert(table), rows)
        yield connection, rows
    engine.dispose()


@settings(max_examples=300, deadline=None)
@given(text=conditions())
def test_a_filter_finds_the_rows_that_python_finds(
    stored: tuple[sa.Connection, list[dict[str, Any]]], text: str
) -> None:
    connection, rows = stored
    condition = parse_filter(text)
    wanted = {str(row["contactid"]) for row in rows if _holds(condition, row)}
    query = read_query("contacts", {"$filter": text, "$select": "contactid", "$count": "true"})
    answer = run_query(connection, query)
    assert {row["contactid"] for row in answer.rows} == wanted
    assert answer.count == len(wanted)
