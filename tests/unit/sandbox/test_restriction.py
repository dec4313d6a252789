"""Restrictions and sort orders over items that are tables of fields."""

from collections.abc import Callable, Sequence

import pytest
from lxml import etree

from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.restriction import MAX_DEPTH, MAX_EXPRESSIONS, in_order, matches

TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ITEM = {
    "item:Subject": ["Offer for Ångström"],
    "item:Categories": ["Red", "Tracked to CRM"],
    "item:DateTimeReceived": ["2026-11-25T10:00:00Z"],
    "item:Size": ["900"],
    "item:Importance": ["High"],
    "message:IsRead": ["true"],
    "calendar:Start": ["2026-11-25T09:00:00Z"],
    "calendar:End": ["2026-11-25T09:30:00Z"],
    "contacts:EmailAddress/EmailAddress1": ["carla@contoso.example"],
    "0x670A": ["2026-11-25T10:00:00Z"],
    "0x0E07": ["5"],
}


def key(path: etree._Element) -> str:
    index = path.get("FieldIndex")
    return (path.get("FieldURI") or path.get("PropertyTag")) + (f"/{index}" if index else "")


def values(item: dict[str, list[str]]) -> Callable[[etree._Element], Sequence[str]]:
    return lambda path: item.get(key(path), [])


def restriction(xml: str) -> etree._Element:
    return etree.fromstring(f'<Restriction xmlns="{TYPES}">{xml}</Restriction>')


def compare(name: str, field: str, constant: str) -> str:
    return (
        f'<{name}><FieldURI FieldURI="{field}"/><FieldURIOrConstant><Constant Value="{constant}"/>'
        f"</FieldURIOrConstant></{name}>"
    )


def contains(field: str, constant: str, mode: str, comparison: str = "Exact") -> str:
    return (
        f'<Contains ContainmentMode="{mode}" ContainmentComparison="{comparison}">'
        f'<FieldURI FieldURI="{field}"/><Constant Value="{constant}"/></Contains>'
    )


def excludes(mask: str) -> str:
    path = '<ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/>'
    return f'<Excludes>{path}<Bitmask Value="{mask}"/></Excludes>'


TRUE = compare("IsEqualTo", "message:IsRead", "1")
FALSE = compare("IsEqualTo", "message:IsRead", "false")

HOLDING = [
    compare("IsEqualTo", "item:Subject", "offer for ångström"),
    compare("IsEqualTo", "item:Categories", "tracked to crm"),
    compare("IsNotEqualTo", "item:Categories", "Blue"),
    compare("IsNotEqualTo", "item:InReplyTo", "anything"),
    compare("IsGreaterThan", "item:DateTimeReceived", "2026-11-25T10:30:00+01:00"),
    compare("IsGreaterThanOrEqualTo", "item:DateTimeReceived", "2026-11-25T10:00:00.000Z"),
    compare("IsLessThan", "item:DateTimeReceived", "2026-11-26"),
    compare("IsLessThanOrEqualTo", "item:Size", "900"),
    compare("IsLessThan", "item:Size", "1000"),
    compare("IsGreaterThan", "item:Importance", "Normal"),
    contains("item:Subject", "Offer", "Prefixed"),
    contains("item:Subject", "FOR", "Substring", "IgnoreCase"),
    contains("item:Subject", "angstrom", "Substring", "IgnoreCaseAndNonSpacingCharacters"),
    contains("item:Subject", "off ang", "PrefixOnWords", "LooseAndIgnoreCaseAndIgnoreNonSpace"),
    contains("item:Subject", "for Ångström", "ExactPhrase"),
    contains("item:Categories", "Red", "FullString"),
    '<Exists><IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="EmailAddress1"/></Exists>',
    '<IsGreaterThan><ExtendedFieldURI PropertyTag="0x670A" PropertyType="SystemTime"/><FieldURIOrConstant>'
    '<Constant Value="2026-11-25T09:59:59Z"/></FieldURIOrConstant></IsGreaterThan>',
    excludes("0x2"),
    '<IsLessThan><FieldURI FieldURI="calendar:Start"/><FieldURIOrConstant><FieldURI FieldURI="calendar:End"/>'
    "</FieldURIOrConstant></IsLessThan>",
    f"<And>{TRUE}{TRUE}</And>",
    f"<Or>{FALSE}{TRUE}</Or>",
    f"<Not>{FALSE}</Not>",
]
FAILING = [
    compare("IsEqualTo", "item:Subject", "Offer"),
    compare("IsEqualTo", "item:InReplyTo", ""),
    compare("IsGreaterThan", "item:Size", "1000"),
    contains("item:Subject", "offer", "Prefixed"),
    contains("item:Subject", "ffer for", "ExactPhrase"),
    contains("item:Categories", "Re", "FullString"),
    '<Exists><FieldURI FieldURI="item:InReplyTo"/></Exists>',
    excludes("4"),
    f"<And>{TRUE}{FALSE}</And>",
    f"<Or>{FALSE}{FALSE}</Or>",
    f"<Not>{TRUE}</Not>",
]


@pytest.mark.parametrize("xml", HOLDING)
def test_a_restriction_that_holds_matches(xml: str) -> None:
    assert matches(restriction(xml), values(ITEM))


@pytest.mark.parametrize("xml", FAILING)
def test_a_restriction_that_does_not_hold_does_not_match(xml: str) -> None:
    assert not matches(restriction(xml), values(ITEM))


def test_a_restriction_without_expression_matches_everything() -> None:
    assert matches(restriction("<!-- nothing -->"), values(ITEM))


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (compare("IsEqualTo", "item:Size", "many"), "ErrorInvalidValueForProperty"),
        (compare("IsLessThan", "calendar:Start", "2026-13-01T00:00:00Z"), "ErrorInvalidValueForProperty"),
        ("<Exists/>", "ErrorInvalidRestriction"),
        ("<Near/>", "ErrorInvalidRestriction"),
        ('<IsEqualTo><FieldURI FieldURI="item:Size"/></IsEqualTo>', "ErrorInvalidRestriction"),
        (contains("item:Subject", "x", "Nearly"), "ErrorInvalidRestriction"),
        (
            '<Contains><FieldURI FieldURI="item:Subject"/></Contains>',
            "ErrorInvalidRestriction",
        ),
        (
            '<Excludes><FieldURI FieldURI="item:Size"/><Bitmask Value="seven"/></Excludes>',
            "ErrorInvalidRestriction",
        ),
        ("<Not>" * 80 + TRUE + "</Not>" * 80, "ErrorRestrictionTooComplex"),
        (f"<Or>{TRUE * MAX_EXPRESSIONS}</Or>", "ErrorRestrictionTooLong"),
    ],
)
def test_a_bad_restriction_is_refused_with_a_code(xml: str, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        matches(restriction(xml), values(ITEM))
    assert refusal.value.code == code


def test_a_restriction_as_deep_as_allowed_is_answered() -> None:
    depth = MAX_DEPTH - 2
    assert matches(restriction("<Not>" * depth + TRUE + "</Not>" * depth), values(ITEM))


def order(*fields: tuple[str, str]) -> etree._Element:
    inner = "".join(
        f'<FieldOrder Order="{way}"><FieldURI FieldURI="{uri}"/></FieldOrder>' for uri, way in fields
    )
    return etree.fromstring(f'<SortOrder xmlns="{TYPES}">{inner}</SortOrder>')


def test_items_stand_in_the_order_of_several_fields() -> None:
    late = {"item:Subject": ["a"], "item:DateTimeReceived": ["2026-11-25T12:00:00Z"], "item:Size": ["9"]}
    early = {
        "item:Subject": ["B"],
        "item:DateTimeReceived": ["2026-11-25T12:30:00+01:00"],
        "item:Size": ["10"],
    }
    bare: dict[str, list[str]] = {"item:Subject": ["b"]}
    items = [late, early, bare]

    def sort(*fields: tuple[str, str]) -> list[dict[str, list[str]]]:
        return in_order(order(*fields), items, lambda item, path: item.get(key(path), []))

    assert sort(("item:DateTimeReceived", "Descending")) == [late, early, bare]
    assert sort(("item:Size", "Ascending")) == [bare, late, early]
    assert sort(("item:Subject", "Descending"), ("item:Size", "Ascending")) == [bare, early, late]
