"""FetchXML read into values: bounded, without entities, with errors naming the element."""

from collections.abc import Iterator, Sequence
from typing import Final

from lxml import etree

from postroom.store.fetch.fault import BadFetch
from postroom.store.fetch.query import Column, Condition, Fetch, Filter, Joint, Link, LinkKind, Order, Page

MOST_CHARACTERS: Final = 200_000
MOST_DEPTH: Final = 20
MOST_ELEMENTS: Final = 5_000
# source: DATAVERSE-FETCHXML, join tables: at most 15 linked tables; conditions at most 500
MOST_LINKS: Final = 15
MOST_CONDITIONS: Final = 500
#: Neither pages nor rows have higher numbers.
MOST_ROWS: Final = 1_000_000
#: Values of all conditions together; each becomes a parameter of the statement.
MOST_VALUES: Final = 5_000

# What is read; every other attribute of these elements concerns pages, formats and reports.
_CHILDREN: Final = {
    "fetch": {"entity"},
    "entity": {"attribute", "all-attributes", "no-attrs", "order", "filter", "link-entity"},
    "link-entity": {"attribute", "all-attributes", "no-attrs", "order", "filter", "link-entity"},
    "filter": {"condition", "filter", "link-entity"},
    "condition": {"value"},
}
_LINK_KINDS: Final = {
    "inner": LinkKind.INNER,
    "outer": LinkKind.OUTER,
    "exists": LinkKind.EXISTS,
    "in": LinkKind.EXISTS,
    "any": LinkKind.EXISTS,
    "not any": LinkKind.NOT_ANY,
}


def read(xml: str, *, is_filter: bool = True) -> Fetch:
    """Return what a query says; raises `BadFetch` for anything that is not one.

    A filter can have no totals.
    """
    root = _parsed(xml)
    _check_bounds(root)
    if root.tag != "fetch":
        raise BadFetch(f"A FetchXML query begins with <fetch>, not with <{_name(root)}>.")
    if is_filter and _flag(root, "aggregate"):
        raise BadFetch("<fetch aggregate>: sums and counts can't be used as a filter.")
    entities = _children(root)
    if len(entities) != 1:
        raise BadFetch(f"<fetch> has one <entity>, not {len(entities)}.")
    entity = entities[0]
    return Fetch(
        _needed(entity, "name"),
        filters=_filters(entity),
        links=_links(entity),
        attributes=_attributes(entity),
        orders=_orders(entity, is_aggregate=_flag(root, "aggregate")),
        columns=_columns(entity),
        has_all=bool(_of(entity, "all-attributes")),
        page=Page(
            _number(root, "page") or 1,
            _number(root, "count"),
            _number(root, "top"),
            _flag(root, "distinct"),
            _flag(root, "aggregate"),
            _flag(root, "returntotalrecordcount"),
        ),
    )


def _orders(element: etree._Element, *, is_aggregate: bool = False) -> Sequence[Order]:
    return [
        Order(
            each.get("attribute", "") if is_aggregate else _needed(each, "attribute"),
            _flag(each, "descending"),
            each.get("alias"),
        )
        for each in _of(element, "order")
    ]


def _columns(element: etree._Element) -> Sequence[Column]:
    return [
        Column(
            _needed(each, "name"),
            each.get("alias"),
            each.get("aggregate"),
            _flag(each, "groupby"),
            _flag(each, "distinct"),
            each.get("dategrouping"),
        )
        for each in _of(element, "attribute")
    ]


def _number(element: etree._Element, name: str) -> int | None:
    text = element.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:12]) <= MOST_ROWS:
        raise BadFetch(f'<{_name(element)} {name}="{text:.40}">: expected a number from 1 to {MOST_ROWS}.')
    return int(text)


def _parsed(xml: str) -> etree._Element:
    if len(xml) > MOST_CHARACTERS:
        raise BadFetch(f"The query has {len(xml)} characters, where {MOST_CHARACTERS} is the most.")
    # An entity could name a file or grow without end, and no query needs one.
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml.strip().encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadFetch(f"The query is not XML: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise BadFetch("The query has a document type declaration, <!DOCTYPE>; take it out.")
    return root


def _check_bounds(root: etree._Element) -> None:
    level, count, here = [root], 0, 0
    while level:
        here, count = here + 1, count + len(level)
        if here > MOST_DEPTH:
            raise BadFetch(f"<{_name(level[0])}> lies deeper than {MOST_DEPTH} elements.")
        if count > MOST_ELEMENTS:
            raise BadFetch(f"The query has more than {MOST_ELEMENTS} elements.")
        level = [child for parent in level for child in parent]
    for tag, most in (("link-entity", MOST_LINKS), ("condition", MOST_CONDITIONS), ("value", MOST_VALUES)):
        if (found := sum(1 for _ in root.iter(tag))) > most:
            raise BadFetch(f"The query has {found} elements <{tag}>, where {most} is the most.")


def _filters(element: etree._Element) -> Sequence[Filter]:
    return [_filter(each) for each in _of(element, "filter")]


def _filter(element: etree._Element) -> Filter:
    kind = element.get("type", "and").lower()
    if kind not in ("and", "or"):
        raise BadFetch(f'<filter type="{kind}">: the type of a filter is "and" or "or".')
    return Filter(
        Joint(kind),
        [_condition(each) for each in _of(element, "condition")],
        _filters(element),
        _links(element),
    )


def _condition(element: etree._Element) -> Condition:
    attribute, operator = _needed(element, "attribute"), _needed(element, "operator").lower()
    values = [(each.text or "").strip() for each in _of(element, "value")]
    if (single := element.get("value")) is not None:
        values.insert(0, single)
    return Condition(attribute, operator, values, element.get("entityname"), element.get("valueof"))


def _links(element: etree._Element) -> Sequence[Link]:
    return [_link(each) for each in _of(element, "link-entity")]


def _link(element: etree._Element) -> Link:
    table = _needed(element, "name")
    kind = element.get("link-type", "inner").lower()
    if kind == "natural":
        kind = "inner"
    if kind not in _LINK_KINDS:
        known = ", ".join(_LINK_KINDS)
        raise BadFetch(f'<link-entity name="{table}" link-type="{kind}">: the types are {known}.')
    if _flag(element, "intersect") and _of(element, "attribute"):
        raise BadFetch(f'<link-entity name="{table}" intersect="true"> has no attributes to return.')
    return Link(
        table,
        _needed(element, "from"),
        _needed(element, "to"),
        _LINK_KINDS[kind],
        element.get("alias"),
        _filters(element),
        _links(element),
        _attributes(element),
        _columns(element),
        bool(_of(element, "all-attributes")),
        _orders(element),
    )


def _attributes(element: etree._Element) -> Sequence[str]:
    return [_needed(each, "name") for each in _of(element, "attribute")]


def _of(element: etree._Element, tag: str) -> Sequence[etree._Element]:
    return [child for child in _children(element) if child.tag == tag]


def _children(element: etree._Element) -> Sequence[etree._Element]:
    return list(_checked_children(element))


def _checked_children(element: etree._Element) -> Iterator[etree._Element]:
    allowed = _CHILDREN.get(_name(element), set())
    for child in element:
        if not isinstance(child.tag, str) or child.tag not in allowed:
            raise BadFetch(f"<{_name(element)}> can't hold <{_name(child)}>.")
        yield child


def _needed(element: etree._Element, name: str) -> str:
    value = (element.get(name) or "").strip()
    if not value:
        raise BadFetch(f"<{_name(element)}> needs the attribute {name}.")
    return value


def _flag(element: etree._Element, name: str) -> bool:
    return element.get(name, "false").lower() in ("true", "1")


def _name(element: etree._Element) -> str:
    return element.tag if isinstance(element.tag, str) else "&entity;"
