"""Mail with iCalendar objects: what becomes of it in the mailbox where it arrives."""

from datetime import UTC, date, datetime

import pytest

from postroom.ports.clock import ManualClock
from postroom.sandbox.exchange.ical_event import read_event
from postroom.sandbox.exchange.ical_lines import MAX_OCTETS, read_object
from postroom.sandbox.exchange.ical_rule import read_rule
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.office import ExchangeOffice
from postroom.sandbox.exchange.recurrence import Pattern

ANN, DANA = "ann@here.example", "dana@contoso.example"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
START = datetime(2026, 3, 25, 9, tzinfo=UTC)


def calendar(method: str, *lines: str, attendee: str = ANN, partstat: str = "NEEDS-ACTION") -> str:
    return "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            "UID:visit@contoso.example",
            "SUMMARY:Visit\\, long",
            f'ORGANIZER;CN="Dana: D":mailto:{DANA if method != "REPLY" else ANN}',
            f"ATTENDEE;PARTSTAT={partstat};CN=Somebody:mailto:{attendee}",
            *(lines or ("DTSTART:20260325T090000Z", "DTEND:20260325T100000Z")),
            "LOCATION:Room",
            "  with a view",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )


def letter(method: str, text: str) -> bytes:
    return (
        f"From: Dana <{DANA}>\r\nTo: {ANN}\r\nSubject: About the visit\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nCome!\r\n"
        f"--b\r\nContent-Type: text/calendar; method={method}; charset=utf-8\r\n\r\n{text}\r\n--b--\r\n"
    ).encode()


@pytest.fixture
def office() -> ExchangeOffice:
    office = ExchangeOffice(clock=ManualClock(NOW))
    office.open_account(ANN, "secret")
    return office


def arrive(office: ExchangeOffice, method: str, *lines: str, **more: str) -> Item:
    found = office.find_item(office.deliver(ANN, letter(method, calendar(method, *lines, **more))))
    assert found is not None
    return found


def appointments(office: ExchangeOffice) -> list[Item]:
    return office.outlook(ANN).items("calendar")


def test_a_request_from_outside_stands_in_the_calendar(office: ExchangeOffice) -> None:
    request = arrive(office, "REQUEST")
    assert (request.kind, request.item_class) == ("MeetingRequest", "IPM.Schedule.Meeting.Request")
    assert request.text("item:Subject") == "About the visit"
    assert request.attachments == []
    (own,) = appointments(office)
    assert own.text("item:Subject") == "Visit, long"
    assert own.text("calendar:Location") == "Room with a view"
    assert own.instant("calendar:Start") == START
    assert own.text("calendar:MyResponseType") == "NoResponseReceived"
    assert own.text("calendar:UID") == "visit@contoso.example"


def test_a_later_request_moves_it_and_a_cancellation_cancels_it(office: ExchangeOffice) -> None:
    arrive(office, "REQUEST")
    arrive(office, "REQUEST", "DTSTART:20260326T090000Z", "DTEND:20260326T100000Z", "SEQUENCE:1")
    (own,) = appointments(office)
    assert own.text("calendar:Start") == "2026-03-26T09:00:00Z"
    cancellation = arrive(office, "CANCEL", "DTSTART:20260326T090000Z", "STATUS:CANCELLED")
    assert cancellation.kind == "MeetingCancellation"
    (own,) = appointments(office)
    assert own.text("item:Subject") == "Canceled: Visit, long"


def test_an_answer_from_outside_is_noted(office: ExchangeOffice) -> None:
    arrive(office, "REQUEST")
    (own,) = appointments(office)
    # As if Ann herself had called the meeting.
    own.put("calendar:AppointmentState", "1")
    own.fields["calendar:RequiredAttendees"][0][0][1].text = DANA
    response = arrive(office, "REPLY", attendee=DANA, partstat="DECLINED")
    assert (response.kind, response.item_class) == ("MeetingResponse", "IPM.Schedule.Meeting.Resp.Neg")
    (own,) = appointments(office)
    assert own.fields["calendar:RequiredAttendees"][0][1].text == "Decline"


@pytest.mark.parametrize("method", ["PUBLISH", "COUNTER", ""])
def test_other_objects_stay_files_of_a_message(office: ExchangeOffice, method: str) -> None:
    message = arrive(office, method)
    assert message.kind == "Message"
    assert len(message.attachments) == 1
    assert appointments(office) == []


def test_nobody_is_invited_by_themselves(office: ExchangeOffice) -> None:
    text = calendar("REQUEST").replace(DANA, ANN)
    item = office.find_item(office.deliver(ANN, letter("REQUEST", text)))
    assert item is not None
    assert item.kind == "Message"


def test_a_series_and_a_change_of_one_of_its_days_arrive(office: ExchangeOffice) -> None:
    berlin = ("DTSTART;TZID=Europe/Berlin:20260325T090000", "DTEND;TZID=Europe/Berlin:20260325T100000")
    arrive(office, "REQUEST", *berlin, "RRULE:FREQ=WEEKLY;COUNT=3")
    arrive(
        office,
        "REQUEST",
        "DTSTART:20260401T120000Z",
        "DTEND:20260401T130000Z",
        "RECURRENCE-ID:20260401T070000Z",
    )
    (master,) = appointments(office)
    assert master.text("calendar:Start") == "2026-03-25T08:00:00Z"
    (departure,) = master.departures.values()
    assert departure.fields["calendar:Start"].text == "2026-04-01T12:00:00Z"  # type: ignore[union-attr]


def event_at(*lines: str) -> datetime | None:
    found = read_object(calendar("REQUEST", *lines).encode())
    event = read_event(found) if found else None
    return event.start if event else None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DTSTART;TZID=W. Europe Standard Time:20260701T100000", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        ("DTSTART;TZID=Europe/Vienna:20260701T100000", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        ("DTSTART;TZID=Nowhere:20260701T100000", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("DTSTART;VALUE=DATE:20260701", datetime(2026, 7, 1, tzinfo=UTC)),
        ("DTSTART:20261301T100000Z", None),
        ("DTSTART:soon", None),
    ],
)
def test_times_are_read_in_the_zone_they_name(line: str, expected: datetime | None) -> None:
    assert event_at(line) == expected


def test_a_zone_that_an_object_describes_is_recognized() -> None:
    described = (
        "BEGIN:VTIMEZONE\r\nTZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:16011028T030000\r\nTZOFFSETFROM:+0200\r\n"
        "TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\n"
        "DTSTART:16010325T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT"
    )
    text = calendar("REQUEST", "DTSTART;TZID=Mine:20260701T100000").replace("BEGIN:VEVENT", described, 1)
    found = read_object(text.encode())
    assert found is not None
    event = read_event(found)
    assert event is not None
    assert event.start == datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("FREQ=DAILY;INTERVAL=2", Pattern("DailyRecurrence", 2)),
        (
            "FREQ=WEEKLY;BYDAY=MO,WE;WKST=SU",
            Pattern("WeeklyRecurrence", 1, ("Monday", "Wednesday"), first_day="Sunday"),
        ),
        ("FREQ=WEEKLY", Pattern("WeeklyRecurrence", 1, ("Wednesday",), first_day="Monday")),
        ("FREQ=MONTHLY;BYMONTHDAY=31", Pattern("AbsoluteMonthlyRecurrence", 1, day_of_month=31)),
        (
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
            Pattern("AbsoluteMonthlyRecurrence", 1, day_of_month=30),
        ),
        ("FREQ=MONTHLY;BYDAY=-1FR", Pattern("RelativeMonthlyRecurrence", 1, ("Friday",), "Last")),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=2",
            Pattern("RelativeMonthlyRecurrence", 1, ("Weekday",), "Second"),
        ),
        ("FREQ=YEARLY", Pattern("AbsoluteYearlyRecurrence", 1, day_of_month=25, month=3)),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            Pattern("RelativeYearlyRecurrence", 1, ("Thursday",), "Fourth", month=11),
        ),
        ("FREQ=HOURLY", None),
        ("FREQ=YEARLY;INTERVAL=2", None),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", None),
        ("FREQ=DAILY;COUNT=0", None),
        ("FREQ=DAILY;COUNT=many", None),
        ("COUNT=3", None),
        ("", None),
    ],
)
def test_a_rule_becomes_a_recurrence_or_nothing(rule: str, pattern: Pattern | None) -> None:
    found = read_rule(rule, START, UTC)
    assert (found.pattern if found else None) == pattern


def test_the_end_of_a_rule_is_a_day() -> None:
    found = read_rule("FREQ=DAILY;UNTIL=20260401T220000Z", START, UTC)
    assert found is not None
    assert found.end_on == date(2026, 4, 1)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"BEGIN:VEVENT", b"BEGIN:X\n" * 50, b"x" * (MAX_OCTETS + 1), b"END:VCALENDAR\n" * 3],
)
def test_what_is_no_object_is_passed_over(data: bytes) -> None:
    assert read_object(data) is None
