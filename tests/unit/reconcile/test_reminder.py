"""Reminders are set for what is to come, and not for what is free or long over."""

from datetime import timedelta

import pytest
from tests.support.items import a_contact, a_meeting, a_series, a_task, an_appointment, closed
from tests.support.synchronizing import NOON

from postroom.reconcile.item import Item, State
from postroom.reconcile.reminder import may_remind
from postroom.schema.choices import AppointmentStatus

TOMORROW = NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("record", "reminded"),
    [
        (a_meeting(), True),
        (an_appointment(days=-7), True),
        (an_appointment(days=-8), False),
        (an_appointment(show_as=AppointmentStatus.FREE), False),
        (closed(a_meeting(), State.COMPLETED), False),
        (a_series(last_start_at=None), True),
        (a_series(days=-30), False),
        (a_task(due=TOMORROW), True),
        (a_task(due=TOMORROW, state=State.COMPLETED), False),
        (a_task(due=NOON), False),
        (a_task(), False),
        (a_contact(), False),
    ],
)
def test_what_is_reminded_of(record: Item, reminded: bool) -> None:
    assert may_remind(record, NOON) is reminded
