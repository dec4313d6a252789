"""$filter: what it reads, what it refuses and in which words."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from postroom.api.odata.conditions import (
    Comparator,
    Comparison,
    Every,
    Literal,
    Negation,
    OneOf,
    Order,
    PartOf,
    Path,
    Quantified,
    Quantifier,
    Some,
    TextTest,
)
from postroom.api.odata.syntax import parse_expand, parse_filter, parse_orderby
from postroom.errors import UserError


def equal(column: str, value: object) -> Comparison:
    return Comparison(Comparator.EQ, Path((column,)), Literal(value))  # type: ignore[arg-type]


A, B, C = equal("a", 1), equal("b", 2), equal("c", 3)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("true", True),
        ("-12", -12),
        ("1.50", Decimal("1.50")),
        ("'O''Hara'", "O'Hara"),
        ("''", ""),
        ("2024-01-31", date(2024, 1, 31)),
        ("2024-01-31T10:00:00Z", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("2024-01-31T10:00:00.1234567Z", datetime(2024, 1, 31, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2024-01-31T12:00:00+02:00", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        (
            "12345678-1234-1234-1234-1234567890AB",
            UUID("12345678-1234-1234-1234-1234567890ab"),
        ),
    ],
)
def test_every_kind_of_value_is_read(text: str, value: object) -> None:
    assert parse_filter(f"x eq {text}") == equal("x", value)


def test_and_binds_more_strongly_than_or() -> None:
    assert parse_filter("a eq 1 or b eq 2 and c eq 3") == Some((A, Every((B, C))))
    assert parse_filter("(a eq 1 or b eq 2) and c eq 3") == Every((Some((A, B)), C))


def test_not_takes_the_nearest_condition() -> None:
    assert parse_filter("not a eq 1 and b eq 2") == Every((Negation(A), B))
    assert parse_filter("not (a eq 1 and b eq 2)") == Negation(Every((A, B)))


def test_a_path_leads_through_navigation_properties() -> None:
    found = parse_filter("emailserverprofile/createdby/fullname eq 'x'")
    assert found == Comparison(
        Comparator.EQ, Path(("emailserverprofile", "createdby", "fullname")), Literal("x")
    )


def test_functions_lists_and_lambdas_are_read() -> None:
    assert parse_filter("startswith(name,'A')") == PartOf(TextTest.STARTS_WITH, Path(("name",)), Literal("A"))
    assert parse_filter("contains(name,'A') eq false") == Negation(
        PartOf(TextTest.CONTAINS, Path(("name",)), Literal("A"))
    )
    assert parse_filter("a in (1, 2)") == OneOf(Path(("a",)), (Literal(1), Literal(2)))
    assert parse_filter("parties/any(p:p/a eq 1)") == Quantified(
        Quantifier.ANY, Path(("parties",)), "p", Comparison(Comparator.EQ, Path(("p", "a")), Literal(1))
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected the name of a column, at character 1: the end of the text"),
        ("name", "compared"),
        ("name eq", "expected the name of a column"),
        ("name eq 'x", "has no closing quote"),
        ("name eq 'x' and", "expected the name of a column"),
        ("name like 'x'", "expected eq, ne, gt, ge, lt, le or in, at character 6: like"),
        ("(name eq 'x'", "expected )"),
        ("name eq 'x')", "expected and, or, or the end"),
        ("tolower(name) eq 'x'", "no function tolower; there are contains, startswith, endswith"),
        ("contains(name, 1)", "wants a text in single quotes"),
        ("a eq 2024-13-01", "is no value"),
        ("a eq 1 # b", "can't be read"),
        ("x/all()", "all needs a condition"),
        ("(" * 5000 + "a eq 1" + ")" * 5000, "more than 60 levels"),
        (" or ".join(["a eq 1"] * 501), "more than 500 conditions"),
    ],
)
def test_what_can_t_be_read_is_refused_in_words(text: str, problem: str) -> None:
    if text == "name":
        assert parse_filter(text)
        return
    with pytest.raises(UserError) as fault:
        parse_filter(text)
    assert problem in str(fault.value)
    assert str(fault.value).startswith("$filter: ")


def test_orderby_and_expand_have_their_own_grammar() -> None:
    assert parse_orderby("a desc,b/c asc") == (
        Order(Path(("a",)), is_descending=True),
        Order(Path(("b", "c"))),
    )
    (expansion,) = parse_expand("parties($select=a,b;$filter=a eq 1;$orderby=b desc;$top=2)")
    assert expansion.select == ("a", "b")
    assert expansion.filter == A
    assert expansion.top == 2
    with pytest.raises(UserError, match=r"no option \$skip here"):
        parse_expand("parties($skip=1)")
