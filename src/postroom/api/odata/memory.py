"""Queries over rows in memory: for what the schema says of itself."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from postroom.api.odata.conditions import (
    Asked,
    Comparator,
    Comparison,
    Condition,
    Every,
    Expansion,
    IsTrue,
    Literal,
    Negation,
    OneOf,
    Operand,
    PartOf,
    Quantified,
    Some,
    TextTest,
)
from postroom.api.odata.names import meant
from postroom.api.odata.syntax import parse_expand, parse_filter, parse_orderby, parse_select
from postroom.errors import UserError

_OPTIONS = ("$select", "$filter", "$orderby", "$top", "$count", "$expand", "LabelLanguages")


@dataclass(frozen=True, slots=True)
class Node:
    """One row: its values, and what can be expanded in it."""

    values: Mapping[str, Any]
    related: "Mapping[str, Callable[[], Related]]" = field(default_factory=dict)


Related: TypeAlias = Sequence[Node] | Node | None

#: Shown whatever is selected.
_ALWAYS = ("MetadataId", "@odata.type")


def chosen(nodes: Iterable[Node], options: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows that a request's options choose, as they are shown; raises `UserError`."""
    check_options(options)
    aliases = {name: text for name, text in options.items() if name.startswith("@")}
    found = list(nodes)
    if "$filter" in options:
        condition = parse_filter(options["$filter"], aliases)
        found = [node for node in found if fits(condition, node.values)]
    for order in reversed(parse_orderby(options["$orderby"]) if "$orderby" in options else ()):
        found.sort(
            key=lambda node, path=order.path: _sortable(_reached(path, node.values)),  # type: ignore[misc]
            reverse=order.is_descending,
        )
    if "$top" in options:
        if not options["$top"].isascii() or not options["$top"].isdigit():
            raise UserError(f"$top: expected a whole number, not {options['$top']!r:.40}.")
        found = found[: int(options["$top"][:9])]
    return [shown(node, options) for node in found]


def shown(node: Node, options: Mapping[str, str]) -> dict[str, Any]:
    """Return one row with what is selected and expanded."""
    select = parse_select(options["$select"]) if "$select" in options else ()
    expansions = parse_expand(options["$expand"]) if "$expand" in options else ()
    return _shown(node, select, expansions)


def check_options(options: Mapping[str, str]) -> None:
    """Refuse options that are not known here."""
    for name in options:
        if name not in _OPTIONS and not name.startswith("@"):
            raise UserError(f"There is no option {name!r:.60}. {meant(name, _OPTIONS)}")


def _shown(node: Node, select: Sequence[str], expansions: Sequence[Expansion]) -> dict[str, Any]:
    if select:
        wanted = {*select, *_ALWAYS}
        row = {name: value for name, value in node.values.items() if name in wanted}
    else:
        row = dict(node.values)
    for expansion in expansions:
        row[expansion.navigation] = _expanded(node, expansion)
    return row


def _expanded(node: Node, expansion: Expansion) -> Any:
    if expansion.navigation not in node.related:
        # A cast collection holds kinds without it, too; there it is simply empty.
        return None
    found = node.related[expansion.navigation]()
    if found is None:
        return None
    if isinstance(found, Node):
        return _shown(found, expansion.select, expansion.expand)
    rows = [each for each in found if expansion.filter is None or fits(expansion.filter, each.values)]
    return [_shown(each, expansion.select, expansion.expand) for each in rows[: expansion.top]]


def fits(condition: Condition, row: Mapping[str, Any]) -> bool:
    """Say whether a row fits a condition; texts are compared without regard to case."""
    match condition:
        case Negation(term):
            return not fits(term, row)
        case Every(terms):
            return all(fits(term, row) for term in terms)
        case Some(terms):
            return any(fits(term, row) for term in terms)
        case Comparison(comparator, left, right):
            return _compared(comparator, _value(left, row), _value(right, row))
        case OneOf(path, values):
            held = _value(path, row)
            return any(_compared(Comparator.EQ, held, _folded(each.value)) for each in values)
        case PartOf(test, path, text):
            return _part_of(test, _value(path, row), str(_folded(text.value)))
        case IsTrue(path):
            return _value(path, row) is True
        case Asked("In", path, values):
            return str(_value(path, row)) in {str(_folded(each.value)) for each in values}
        case Asked() | Quantified():
            raise UserError("$filter: what the schema says of itself can't be asked like that.")


def _part_of(test: TextTest, held: Any, text: str) -> bool:
    if not isinstance(held, str):
        return False
    match test:
        case TextTest.CONTAINS:
            return text in held
        case TextTest.STARTS_WITH:
            return held.startswith(text)
        case TextTest.ENDS_WITH:
            return held.endswith(text)


def _compared(comparator: Comparator, left: Any, right: Any) -> bool:
    if comparator in (Comparator.EQ, Comparator.NE):
        return (left == right) is (comparator is Comparator.EQ)
    if left is None or right is None:
        return False
    try:
        return bool(_ORDERINGS[comparator](left, right))
    except TypeError as fault:
        raise UserError(f"$filter: {left!r:.40} and {right!r:.40} can't be compared.") from fault


_ORDERINGS: Mapping[Comparator, Callable[[Any, Any], Any]] = {
    Comparator.GT: operator.gt,
    Comparator.GE: operator.ge,
    Comparator.LT: operator.lt,
    Comparator.LE: operator.le,
}


def _value(operand: Operand, row: Mapping[str, Any]) -> Any:
    return _folded(operand.value if isinstance(operand, Literal) else _reached(operand, row))


def _reached(path: Any, row: Mapping[str, Any]) -> Any:
    found: Any = row
    for segment in path.segments:
        if not isinstance(found, Mapping):
            return None
        if segment not in found:
            raise UserError(f"There is no property {segment!r:.60}. {meant(segment, found)}")
        found = found[segment]
    return found


def _folded(value: Any) -> Any:
    """Return a value as it is compared: one that stands for itself, such as a GUID, as its text."""
    if isinstance(value, UUID | datetime | date):
        return str(value)
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, Mapping):
        return _folded(value.get("Value"))
    return value


def _sortable(value: Any) -> tuple[bool, str]:
    return value is not None, str(_folded(value))
