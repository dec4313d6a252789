"""What the owner of a mailbox does to appointments and tasks by hand."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from postroom.ports.clock import ManualClock
from postroom.sandbox.exchange.names import TYPES
from postroom.sandbox.exchange.office import ExchangeOffice
from postroom.sandbox.exchange.outlook import Outlook

SPRING = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def ann() -> Outlook:
    office = ExchangeOffice(clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    office.open_account("ann@here.example", "secret")
    return office.outlook("ann@here.example")


def test_an_appointment_is_made_and_reminds_when_it_begins(ann: Outlook) -> None:
    made = ann.make(
        "CalendarItem",
        "calendar",
        {
            "item:Subject": "Visit",
            "calendar:Start": "2026-03-25T09:00:00Z",
            "calendar:End": "2026-03-25T10:00:00Z",
            "item:ReminderIsSet": "true",
        },
    )
    assert made.text("item:ReminderDueBy") == "2026-03-25T09:00:00Z"
    assert made.text("item:ReminderMinutesBeforeStart") == "15"
    ann.edit(made, "calendar:Start", "2026-03-25T09:30:00Z")
    assert made.text("item:ReminderDueBy") == "2026-03-25T09:30:00Z"


def test_one_occurrence_is_edited_by_hand(ann: Outlook) -> None:
    master = ann.make(
        "CalendarItem",
        "calendar",
        {"calendar:Start": "2026-03-25T09:00:00Z", "calendar:End": "2026-03-25T10:00:00Z"},
    )
    master.fields["calendar:Recurrence"] = etree.fromstring(
        f'<Recurrence xmlns="{TYPES}"><DailyRecurrence><Interval>1</Interval></DailyRecurrence>'
        "<NumberedRecurrence><StartDate>2026-03-25</StartDate><NumberOfOccurrences>3</NumberOfOccurrences>"
        "</NumberedRecurrence></Recurrence>"
    )
    ann.edit(ann.occurrences(*SPRING)[1], "item:Subject", "Different")
    ann.delete(ann.occurrences(*SPRING)[2])
    assert [item.text("item:Subject") for item in ann.occurrences(*SPRING)] == ["", "Different"]


def test_a_task_is_ticked_off_by_hand(ann: Outlook) -> None:
    made = ann.make("Task", "tasks", {"item:Subject": "Call"})
    ann.edit(made, "task:Status", "Completed")
    assert made.text("task:PercentComplete") == "100"
