"""A series: its rule, the occurrences that were changed, and those that were deleted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from postroom.recurrence.expand import (
    Occurrence,
    is_day_of,
    length_of,
    nth_day,
    occurrences_between,
    place_of,
    touches,
)
from postroom.recurrence.obstacle import Obstacle, UnsupportedRecurrence
from postroom.recurrence.rule import Rule


@dataclass(frozen=True, slots=True)
class Series:
    """A rule with its exceptions; both kinds are keyed by the day that they stand for in the rule."""

    rule: Rule
    #: Occurrences with times of their own, by original day.
    modified: Mapping[date, Occurrence] = field(default_factory=dict)
    deleted: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        """Refuse exceptions of what does not occur."""
        if strangers := sorted(
            day for day in {*self.modified, *self.deleted} if not is_day_of(self.rule, day)
        ):
            raise UnsupportedRecurrence(
                Obstacle.NO_OCCURRENCE, *(f"The series has no occurrence on {day}." for day in strangers)
            )
        if both := sorted(self.deleted & set(self.modified)):
            raise UnsupportedRecurrence(
                Obstacle.INVALID, *(f"The occurrence of {day} is both changed and deleted." for day in both)
            )

    def between(self, since: datetime, until: datetime) -> Iterator[Occurrence]:
        """Yield the occurrences that touch a window of instants, in the order in which they start."""
        exceptional = {*self.modified, *self.deleted}
        regular = (
            each
            for each in occurrences_between(self.rule, since, until)
            if each.original_on not in exceptional
        )
        moved = [
            each
            for each in self.modified.values()
            if each.starts_at < until and touches(each.starts_at, each.ends_at, since)
        ]
        return iter(sorted([*regular, *moved], key=lambda each: (each.starts_at, each.original_on)))

    def move(self, day: date, starts_at: datetime, ends_at: datetime) -> "Series":
        """Return the series with one occurrence moved; one that was moved already is moved again."""
        changed = {**self.modified, day: Occurrence(day, starts_at, ends_at)}
        return replace(self, modified=changed, deleted=self.deleted - {day})

    def delete(self, day: date) -> "Series":
        """Return the series without one of its occurrences."""
        kept = {each: change for each, change in self.modified.items() if each != day}
        return replace(self, modified=kept, deleted=self.deleted | {day})

    def with_rule(self, rule: Rule) -> tuple["Series", tuple[date, ...]]:
        """Return the series under another rule, and the days whose exceptions had to be dropped."""
        days = {*self.modified, *self.deleted}
        dropped = tuple(sorted(day for day in days if not is_day_of(rule, day)))
        kept = {day: change for day, change in self.modified.items() if day not in dropped}
        return Series(rule, kept, self.deleted - set(dropped)), dropped


def split(series: Series, at: date) -> tuple[Series | None, Series | None]:
    """Return what lies before a day and what begins with it; None for a side that has no occurrence.

    Exceptions go with the day that they stand for, wherever they were moved.
    """
    rule = series.rule
    place, length = place_of(rule, at), length_of(rule)
    if not place:
        return None, series
    begin, last = nth_day(rule, place), nth_day(rule, place - 1)
    if begin is None or (length is not None and place >= length):
        return series, None
    remaining = None if rule.occurrences is None else rule.occurrences - place
    before = replace(rule, ends_on=last, occurrences=None)
    after = replace(rule, starts_on=begin, occurrences=remaining)
    return series.with_rule(before)[0], series.with_rule(after)[0]
