"""Canonical values: two spellings of one content are equal, and what is empty is nothing."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from postroom.reconcile.canonical import Form, canonical
from postroom.reconcile.item import Attendee

A_DAY = date(2026, 1, 1)
IN_BERLIN = datetime(2026, 1, 1, 13, 0, 0, 7, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (Form.LINE, " one\t two\n", "one two"),
        (Form.LINE, "", None),
        (Form.LINE, 7, 7),
        (Form.TEXT, "one \r\ntwo\rthree\n\n", "one\ntwo\nthree"),
        (Form.TEXT, "\n \n", None),
        (Form.TEXT, None, None),
        (Form.MOMENT, IN_BERLIN, datetime(2026, 1, 1, 12, tzinfo=UTC)),
        (Form.MOMENT, A_DAY, A_DAY),
        (
            Form.PEOPLE,
            [Attendee("b"), Attendee("a"), Attendee("a")],
            frozenset({Attendee("a"), Attendee("b")}),
        ),
        (Form.PEOPLE, (Attendee(""),), None),
        (Form.PEOPLE, None, None),
        (Form.PLAIN, ("a", 1), ("a", 1)),
    ],
)
def test_a_value_becomes_what_is_compared(form: Form, value: Any, expected: Any) -> None:
    assert canonical(form, value) == expected


@pytest.mark.parametrize("form", Form)
def test_a_canonical_value_stays_as_it_is(form: Form) -> None:
    for value in ("a  b \r\n", IN_BERLIN, (Attendee("a"),), None, 3):
        once = canonical(form, value)
        assert canonical(form, once) == once
