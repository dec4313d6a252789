"""Days of a series: which are not as agreed, and one side's put on the other."""

from collections.abc import Collection
from dataclasses import replace

from postroom.reconcile.fingerprint import days_in, fingerprint
from postroom.reconcile.series import Series


def changed_days(series: Series, agreed: str) -> frozenset[str] | None:
    """Return the days that are not as agreed, as fingerprints name them; None when the rule is not either."""
    (rule, days), (agreed_rule, agreed_days) = days_in(fingerprint(series)), days_in(agreed)
    if rule != agreed_rule:
        return None
    return frozenset(day for day in {*days, *agreed_days} if days.get(day) != agreed_days.get(day))


def with_days(series: Series, source: Series, days: Collection[str]) -> Series:
    """Return the series with these days as the source has them."""
    named = {at: f"{at:%Y%m%dT%H%M%SZ}" for at in _originals(series) | _originals(source)}
    changed = {day.original_at: day for day in series.changed if named[day.original_at] not in days}
    changed |= {day.original_at: day for day in source.changed if named[day.original_at] in days}
    removed = {at for at in series.removed if named[at] not in days}
    removed |= {at for at in source.removed if named[at] in days}
    return replace(
        series, changed=tuple(changed[at] for at in sorted(changed)), removed=tuple(sorted(removed))
    )


def _originals(series: Series) -> set[object]:
    return {day.original_at for day in series.changed} | set(series.removed)
