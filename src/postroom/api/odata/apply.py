"""$apply: rows put into groups, with totals of each."""

from collections.abc import Callable, Mapping, Set
from typing import Any

import sqlalchemy as sa

from postroom.api.odata.compile import Reached, Scope, compile_condition
from postroom.api.odata.conditions import Apply, Condition, How, Total
from postroom.api.odata.names import property_of
from postroom.api.odata.render import Annotation, label_of, render_value
from postroom.api.odata.values import NUMBERS
from postroom.errors import UserError
from postroom.schema.column import Kind

_HOW: Mapping[How, Callable[[Any], Any]] = {
    How.SUM: sa.func.sum,
    How.AVERAGE: sa.func.avg,
    How.MIN: sa.func.min,
    How.MAX: sa.func.max,
}
_ORDERED = NUMBERS | {Kind.MOMENT, Kind.DAY}


def grouped(apply: Apply, condition: Condition | None, scope: Scope) -> sa.Select[Any]:
    """Return the statement that answers an $apply; raises `UserError` for what can't be grouped."""
    groups = {_group_name(reached, scope): _group(reached) for reached in map(scope.reach, apply.groups)}
    totals = {total.alias: _total(total, scope) for total in apply.totals}
    doubled = groups.keys() & totals.keys()
    if doubled or len(totals) < len(apply.totals):
        raise UserError(f"two results have the same name: {', '.join(sorted(doubled or totals))}.")
    clauses = [compile_condition(term, scope) for term in (apply.filter, condition) if term is not None]
    columns = [expression.label(name) for name, expression in {**groups, **totals}.items()]
    statement = sa.select(*columns).select_from(scope.joined).where(*clauses)
    if groups:
        statement = statement.group_by(*groups.values())
        statement = statement.order_by(*(each.asc().nulls_first() for each in groups.values()))
    return statement


def group_row(
    apply: Apply, scope: Scope, row: Mapping[str, Any], annotations: Set[Annotation]
) -> dict[str, Any]:
    """Return one group as it is shown; what is empty is left out, as Dataverse does."""
    shown = {name: render_value(value) for name, value in row.items() if value is not None}
    if Annotation.FORMATTED in annotations:
        for reached in map(scope.reach, apply.groups):
            name = _group_name(reached, scope)
            label = None if row[name] is None else label_of(reached.info, row[name])
            if label is not None:
                shown[f"{name}@{Annotation.FORMATTED.value}"] = label
    return shown


def _group(reached: Reached) -> sa.ColumnElement[Any]:
    if reached.info.kind in (Kind.MOMENT, Kind.BINARY):
        raise UserError(f"{reached.path.text}: instants and bytes can't make groups.")
    return reached.expression


def _group_name(reached: Reached, scope: Scope) -> str:
    if reached.table is scope.table and len(reached.path.segments) == 1:
        return property_of(reached.name, reached.info)
    return f"{reached.table.logical_name}_{reached.name}"


def _total(total: Total, scope: Scope) -> sa.ColumnElement[Any]:
    if total.path is None or total.how is None:
        return sa.func.count()
    reached = scope.reach(total.path)
    allowed = NUMBERS if total.how in (How.SUM, How.AVERAGE) else _ORDERED
    if reached.info.kind not in allowed:
        raise UserError(f"{total.path.text} holds nothing of which there is a {total.how.value}.")
    expression = reached.expression
    if total.how in (How.SUM, How.AVERAGE):
        expression = sa.cast(
            expression, sa.Numeric(38, 12) if reached.info.kind is Kind.DECIMAL else sa.Double()
        )
        if reached.info.kind in NUMBERS - {Kind.DECIMAL, Kind.DOUBLE} and total.how is How.SUM:
            expression = reached.expression
    totalled: sa.ColumnElement[Any] = _HOW[total.how](expression)
    return totalled
