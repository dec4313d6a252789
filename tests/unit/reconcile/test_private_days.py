"""Private series: the CRM learns when their days are, and what is on them stays in Outlook."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tests.support.items import a_series
from tests.unit.reconcile.test_rules import World, world

from postroom.reconcile.item import Privacy, Side, Span
from postroom.reconcile.policy import PrivateItems
from postroom.reconcile.private_days import bare, dressed
from postroom.reconcile.series import ChangedDay, Recurrence, Series
from postroom.reconcile.status import ShowAs

FIRST = datetime(2026, 3, 9, 9, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
WEEKLY = Recurrence("WeeklyRecurrence", ("1", "Monday", "Sunday"), date(2026, 3, 9))
PLAIN = Series(WEEKLY, Span(FIRST, FIRST + HOUR), "UTC")
SECOND, THIRD = FIRST + WEEK, FIRST + 2 * WEEK
MOVED = ChangedDay(SECOND, Span(SECOND + HOUR, SECOND + 2 * HOUR), (("subject", "Lawyer"),))
NAMED = ChangedDay(
    THIRD, Span(THIRD, THIRD + HOUR), (("location", "Clinic"), ("show_as", ShowAs.OUT_OF_OFFICE))
)
SECRET = replace(PLAIN, changed=(MOVED, NAMED))


def test_of_private_days_only_the_times_and_how_they_show_are_told() -> None:
    times = replace(MOVED, fields=())
    shown = replace(NAMED, fields=(("show_as", ShowAs.OUT_OF_OFFICE),))
    assert bare(SECRET) == replace(PLAIN, changed=(times, shown))
    only_named = replace(NAMED, fields=(("location", "Clinic"),))
    assert bare(replace(PLAIN, changed=(only_named,))) == PLAIN


def test_what_was_taken_off_is_put_on_again() -> None:
    assert dressed(bare(SECRET), SECRET) == SECRET
    assert dressed(PLAIN, SECRET).changed == (
        replace(MOVED, span=Span(SECOND, SECOND + HOUR)),
        replace(NAMED, fields=(("location", "Clinic"),)),
    )
    assert dressed(replace(PLAIN, removed=(SECOND, THIRD)), SECRET).changed == ()


def test_the_crm_learns_nothing_of_private_days_and_takes_nothing_from_them() -> None:
    w = World()
    item = w.server.put(a_series("Secret", Side.SERVER, recurrence=SECRET, privacy=Privacy.PRIVATE))
    w.sync.settle()
    (record,) = w.crm.items.values()
    assert record.fields["recurrence"] == bare(SECRET)
    assert "Lawyer" not in repr(record)
    w.crm.edit(record.id, w.sync.now, recurrence=replace(bare(SECRET), removed=(FIRST,)))
    w.sync.settle()
    assert w.server.items[item.id].fields["recurrence"] == replace(SECRET, removed=(FIRST,))
    assert w.acts() == ()


def test_an_organization_may_take_private_days_as_any_others() -> None:
    w = world(private_items=PrivateItems.AS_ANY)
    w.server.put(a_series("Secret", Side.SERVER, recurrence=SECRET, privacy=Privacy.PRIVATE))
    w.sync.settle()
    assert next(iter(w.crm.items.values())).fields["recurrence"] == SECRET
