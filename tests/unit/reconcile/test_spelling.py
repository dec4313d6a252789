"""Every value that a field may hold is written down exactly, and read by people."""

from datetime import UTC, date, datetime

import pytest

from postroom.reconcile.item import Attendee, Span, Value
from postroom.reconcile.series import ChangedDay, Recurrence, Series
from postroom.reconcile.spelling import read, shown, spelled
from postroom.reconcile.status import ShowAs, TaskProgress
from postroom.reconcile.values import Answer, PersonName, PostalAddress, Regarding, Response
from postroom.schema.choices import AppointmentStatus, Priority, TaskStatus

AT = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
SPAN = Span(AT, AT, is_all_day=True)
DAILY = Recurrence("DailyRecurrence", ("1",), date(2026, 3, 2), occurrences=5)

VALUES: list[tuple[Value, str]] = [
    (None, ""),
    ("one\ntwo “three”", "one\ntwo “three”"),
    (True, "True"),
    (50, "50"),
    (0.5, "0.5"),
    (AT, "2026-03-02 12:30 UTC"),
    (date(1980, 2, 29), "1980-02-29"),
    (SPAN, "2026-03-02 12:30 UTC to 2026-03-02 12:30 UTC"),
    (PersonName("Ada", None, "Lovelace"), "Ada Lovelace"),
    (PostalAddress("Street 1", city="Town"), "Street 1, Town"),
    (Regarding("account", "01890f3e"), "account, 01890f3e"),
    (frozenset({Attendee("b@x", "B@x", "Bo"), Attendee("a@x")}), "Bo, a@x"),
    (frozenset({Response("a@x", Answer.ACCEPTED)}), "a@x, accepted"),
    (ShowAs.FREE, "Free"),
    (TaskProgress.DEFERRED, "Deferred"),
    (AppointmentStatus.BUSY, "Busy"),
    (TaskStatus.WAITING, TaskStatus.WAITING.label),
    (Priority.HIGH, "High"),
]


@pytest.mark.parametrize(("value", "words"), VALUES, ids=[type(value).__name__ for value, _ in VALUES])
def test_a_value_is_read_as_it_was_spelled_and_shown_to_people(value: Value, words: str) -> None:
    text = spelled(value)
    assert text is not None
    again = read(text)
    assert (again, type(again)) == (value, type(value))
    assert shown(value) == words


def test_a_series_is_read_as_it_was_spelled() -> None:
    series = Series(DAILY, SPAN, "Romance Standard Time", (ChangedDay(AT, SPAN, (("subject", "x"),)),), (AT,))
    text = spelled(series)
    assert text is not None
    assert read(text) == series


def test_names_and_addresses_of_attendees_are_not_lost() -> None:
    text = spelled(frozenset({Attendee("b@x", "B@x", "Bo")}))
    assert text is not None
    (attendee,) = read(text)  # type: ignore[misc, attr-defined]
    assert (attendee.address, attendee.name) == ("B@x", "Bo")


def test_a_value_of_a_foreign_type_has_no_spelling_but_is_shown() -> None:
    class Picture:
        def __str__(self) -> str:
            return "a picture"

    assert spelled(Picture()) is None
    assert spelled(("nested", Picture())) is None
    assert shown(Picture()) == "a picture"
