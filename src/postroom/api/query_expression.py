"""QueryExpression: a query as JSON, read into the values of a FetchXML query."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from postroom.api.odata.functions import FUNCTIONS, HIERARCHIES
from postroom.api.problems import Problem
from postroom.schema import registry
from postroom.schema.table import TableInfo
from postroom.store.fetch import Fetch
from postroom.store.fetch.query import Condition, Filter, Joint

_MOST_DEPTH: Final = 20
_OPERATORS: Final[Mapping[str, str]] = {
    "Equal": "eq",
    "NotEqual": "ne",
    "GreaterThan": "gt",
    "GreaterEqual": "ge",
    "LessThan": "lt",
    "LessEqual": "le",
    "Like": "like",
    "NotLike": "not-like",
    "Null": "null",
    "NotNull": "not-null",
    "BeginsWith": "begins-with",
    "DoesNotBeginWith": "not-begin-with",
    "EndsWith": "ends-with",
    "DoesNotEndWith": "not-end-with",
    **FUNCTIONS,
    **HIERARCHIES,
}


def read_expression(query: Mapping[str, Any]) -> tuple[TableInfo, Fetch]:
    """Return the table and the conditions of a QueryExpression; raises `Problem`."""
    name = str(query.get("EntityName", ""))
    table = registry.find(name)
    if table is None or not table.is_stored:
        raise Problem(400, f"QuerySet: there is no table {name!r:.60}.", 0x80041102)
    if query.get("LinkEntities"):
        raise Problem(400, "QuerySet: linked tables are not understood here.")
    criteria = _filter(query.get("Criteria") or {}, 0)
    if not criteria.conditions and not criteria.filters:
        raise Problem(400, "QuerySet: say with Criteria which records are meant.")
    return table, Fetch(name, filters=[criteria])


def _filter(said: Any, depth: int) -> Filter:
    if not isinstance(said, Mapping) or depth > _MOST_DEPTH:
        raise Problem(400, "QuerySet: Criteria is an object with Conditions and Filters.")
    joint = Joint.OR if str(said.get("FilterOperator", "And")).lower() == "or" else Joint.AND
    conditions = [_condition(each) for each in _listed(said.get("Conditions"))]
    return Filter(joint, conditions, [_filter(each, depth + 1) for each in _listed(said.get("Filters"))])


def _condition(said: Any) -> Condition:
    if not isinstance(said, Mapping):
        raise Problem(400, "QuerySet: a condition is an object.")
    operator = str(said.get("Operator", ""))
    if operator not in _OPERATORS:
        raise Problem(400, f"QuerySet: there is no operator {operator!r:.60}.")
    values = [_value(each) for each in _listed(said.get("Values"))]
    return Condition(str(said.get("AttributeName", "")), _OPERATORS[operator], values)


def _value(said: Any) -> str:
    value = said.get("Value") if isinstance(said, Mapping) else said
    if isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, str | int | float):
        raise Problem(400, "QuerySet: a value is a text or a number.")
    return str(value)


def _listed(said: Any) -> Sequence[Any]:
    if said is None:
        return ()
    if not isinstance(said, list):
        raise Problem(400, "QuerySet: expected a list.")
    return said
