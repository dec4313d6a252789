"""Private days: what a private series says of single days stays with its owner."""

from dataclasses import replace

from postroom.reconcile.act import Act
from postroom.reconcile.fields import NAMED
from postroom.reconcile.item import Item, Kind, Side, Value
from postroom.reconcile.series import ChangedDay, Series, usual_span
from postroom.reconcile.situation import Situation

_Fields = tuple[tuple[str, Value], ...]


def without_private_days(situation: Situation) -> Situation:
    """Return the situation in which private series tell of their days no more than when they are."""
    veiled = {
        item.id: replace(item, fields={**item.fields, "recurrence": bare(series)})
        for item in situation.server.items.values()
        if item.kind is Kind.SERIES and situation.hides(item) and (series := _series_of(item))
    }
    if not veiled:
        return situation
    view = replace(situation.server, items={**situation.server.items, **veiled})
    return replace(situation, server=view)


def with_private_days(act: Act, situation: Situation) -> Act:
    """Return the act with what the server alone knows of the days; `situation` is the one with everything."""
    wanted, item = act.fields.get("recurrence"), situation.server.items.get(act.pair.server_id or "")
    if act.side is not Side.SERVER or not isinstance(wanted, Series) or item is None:
        return act
    present = _series_of(item)
    if present is None or not situation.hides(item):
        return act
    return replace(act, fields={**act.fields, "recurrence": dressed(wanted, present)})


def bare(series: Series) -> Series:
    """Return the series without the contents of its days; a day that is otherwise as usual is left out."""
    days = (replace(day, fields=_outer(day.fields)) for day in series.changed)
    kept = (day for day in days if day.fields or day.span != usual_span(day.original_at, series.first))
    return replace(series, changed=tuple(kept))


def dressed(series: Series, present: Series) -> Series:
    """Return the series whose days have the contents that they have at present."""
    days = {day.original_at: replace(day, fields=_outer(day.fields)) for day in series.changed}
    is_same = (series.recurrence, series.first) == (present.recurrence, present.first)
    for day in present.changed:
        at, contents = day.original_at, tuple(set(day.fields) - set(_outer(day.fields)))
        if not contents or at in series.removed or not (is_same or at in days):
            continue
        base = days.get(at) or ChangedDay(at, usual_span(at, series.first))
        days[at] = replace(base, fields=tuple(sorted({*base.fields, *contents}, key=lambda each: each[0])))
    return replace(series, changed=tuple(days[at] for at in sorted(days)))


def _outer(fields: _Fields) -> _Fields:
    return tuple((name, value) for name, value in fields if not NAMED[Kind.SERIES][name].is_content)


def _series_of(item: Item) -> Series | None:
    series = item.fields.get("recurrence")
    return series if isinstance(series, Series) else None
