"""Calendars of the sandbox's Exchange, as exchangelib sees them: appointments, series, meetings."""

import email
from collections.abc import Iterator
from datetime import timedelta
from email.message import Message

import pytest
from exchangelib import Account, CalendarItem, EWSDate, EWSDateTime, EWSTimeZone
from exchangelib.errors import (
    ErrorCalendarIsCancelledForAccept,
    ErrorCalendarIsOrganizerForAccept,
    ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange,
    ErrorCalendarOccurrenceIsDeletedFromRecurrence,
)
from exchangelib.extended_properties import ExtendedProperty
from exchangelib.items import (
    SEND_ONLY_TO_ALL,
    SEND_ONLY_TO_CHANGED,
    SEND_TO_ALL_AND_SAVE_COPY,
    MeetingCancellation,
    MeetingRequest,
    MeetingResponse,
)
from exchangelib.recurrence import Recurrence, RelativeMonthlyPattern, WeeklyPattern
from tests.support.exchange import ANN, BEN, Exchange, running

from postroom.mime.nature import nature_of
from postroom.mime.read import read
from postroom.sandbox.exchange import ExchangeOffice
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.schema.choices import MessageKind

BERLIN = EWSTimeZone("Europe/Berlin")
OUTSIDE = "dana@contoso.example"


class CleanGlobalId(ExtendedProperty):
    distinguished_property_set_id = "Meeting"
    property_id = 0x23
    property_type = "Binary"


@pytest.fixture
def ann(exchange: Exchange) -> Account:
    return exchange.account(ANN)


@pytest.fixture
def ben(exchange: Exchange) -> Account:
    return exchange.account(BEN)


def at(day: int, hour: int = 9, month: int = 3) -> EWSDateTime:
    return EWSDateTime(2026, month, day, hour, tzinfo=BERLIN)


def appointment(account: Account, **more: object) -> CalendarItem:
    given = {"subject": "Visit", "start": at(25), "end": at(25, 10), **more}
    return CalendarItem(account=account, folder=account.calendar, **given)


def weekly(**bounds: object) -> Recurrence:
    return Recurrence(
        pattern=WeeklyPattern(interval=1, weekdays=[3]),
        start=EWSDate(2026, 3, 25),
        **(bounds or {"number": 4}),
    )


def in_spring(account: Account) -> list[CalendarItem]:
    return list(account.calendar.view(start=at(1), end=at(31, month=5)))


def test_an_appointment_comes_back_as_it_was_made(ann: Account) -> None:
    made = appointment(ann, location="Room 1", body="Bring plans", categories=["Red"]).save()
    found = ann.calendar.get(id=made.id)
    assert (found.start, found.end, found.location) == (at(25), at(25, 10), "Room 1")
    assert (found.type, found.is_meeting, found.is_recurring, found.is_all_day) == (
        "Single",
        False,
        False,
        False,
    )
    assert (found.organizer.email_address, found.my_response_type) == (ANN, "Organizer")
    assert found._start_timezone == BERLIN
    assert found.uid
    assert found.legacy_free_busy_status == "Busy"


def test_an_appointment_of_whole_days_stays_on_its_days(ann: Account) -> None:
    ann.default_timezone = BERLIN
    appointment(ann, start=EWSDate(2026, 3, 26), end=EWSDate(2026, 3, 27), is_all_day=True).save()
    found = ann.calendar.get(subject="Visit")
    assert (found.start, found.end) == (EWSDate(2026, 3, 26), EWSDate(2026, 3, 27))


def test_an_appointment_is_changed_and_deleted(ann: Account) -> None:
    made = appointment(ann).save()
    made.subject, made.start, made.end = "Later", at(25, 11), at(25, 12)
    made.save()
    made.refresh()
    assert (made.subject, made.start) == ("Later", at(25, 11))
    made.delete()
    assert list(ann.calendar.all()) == []


def test_a_series_occurs_at_the_same_time_on_the_clock(ann: Account) -> None:
    appointment(ann, recurrence=weekly()).save()
    found = in_spring(ann)
    assert [item.start.astimezone(BERLIN).strftime("%d.%m. %H:%M") for item in found] == [
        "25.03. 09:00",
        "01.04. 09:00",
        "08.04. 09:00",
        "15.04. 09:00",
    ]
    assert {item.type for item in found} == {"Occurrence"}
    (master,) = ann.calendar.all()
    assert master.type == "RecurringMaster"
    assert master.recurrence.boundary == weekly().boundary
    assert (master.recurrence.pattern.interval, master.recurrence.pattern.weekdays) == (1, [3])
    assert (master.first_occurrence.start, master.last_occurrence.start) == (at(25), at(15, month=4))


def test_a_series_without_end_has_no_last_occurrence(ann: Account) -> None:
    pattern = RelativeMonthlyPattern(interval=1, weekday=5, week_number=5)
    made = appointment(ann, recurrence=Recurrence(pattern=pattern, start=EWSDate(2026, 3, 1))).save()
    made.refresh()
    assert made.first_occurrence.start == at(27)
    assert made.last_occurrence is None
    assert [item.start for item in in_spring(ann)] == [at(27), at(24, month=4), at(29, month=5)]


def test_an_occurrence_is_changed_and_another_deleted(ann: Account) -> None:
    master = appointment(ann, recurrence=weekly()).save()
    second = master.occurrence(2)
    second.refresh()
    second.subject, second.start, second.end = "Moved", at(2, 15, 4), at(2, 16, 4)
    second.save()
    third = master.occurrence(3)
    third.refresh()
    third.delete()

    master.refresh()
    (modified,) = master.modified_occurrences
    assert (modified.start, modified.original_start) == (at(2, 15, 4), at(1, month=4))
    assert [gone.start for gone in master.deleted_occurrences] == [at(8, month=4)]
    assert [(item.type, item.subject) for item in in_spring(ann)] == [
        ("Occurrence", "Visit"),
        ("Exception", "Moved"),
        ("Occurrence", "Visit"),
    ]
    with pytest.raises(ErrorCalendarOccurrenceIsDeletedFromRecurrence):
        master.occurrence(3).refresh()
    with pytest.raises(ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange):
        master.occurrence(5).refresh()


def test_an_occurrence_leads_to_its_master_and_both_have_one_clean_global_id(ann: Account) -> None:
    CalendarItem.register("clean_global_id", CleanGlobalId)
    try:
        made = appointment(ann, recurrence=weekly()).save()
        item = in_spring(ann)[1]
        master = item.recurring_master()
        master.refresh()
        assert master.id == made.id
        assert item.clean_global_id == master.clean_global_id == bytes.fromhex(master.uid)
        assert [found.id for found in ann.calendar.filter(clean_global_id=item.clean_global_id)] == [made.id]
    finally:
        CalendarItem.deregister("clean_global_id")


def test_an_invitation_arrives_and_stands_in_the_calendar_tentatively(ann: Account, ben: Account) -> None:
    appointment(ann, required_attendees=[BEN], location="Room 1").save(
        send_meeting_invitations=SEND_TO_ALL_AND_SAVE_COPY
    )
    request = ben.inbox.get()
    assert isinstance(request, MeetingRequest)
    assert (request.subject, request.start, request.location) == ("Visit", at(25), "Room 1")
    assert (request.meeting_request_type, request.author.email_address) == ("NewMeetingRequest", ANN)
    own = ben.calendar.get(id=request.associated_calendar_item_id.id)
    assert (own.my_response_type, own.legacy_free_busy_status) == ("NoResponseReceived", "Tentative")
    assert (own.organizer.email_address, own.is_meeting) == (ANN, True)
    sent = ann.calendar.get()
    assert own.uid == sent.uid
    assert (sent.is_meeting, sent.meeting_request_was_sent) == (True, True)
    assert [type(item) for item in ann.sent.all()] == [MeetingRequest]


def test_the_octets_of_messages_about_meetings_say_what_they_are(ann: Account, ben: Account) -> None:
    made = appointment(ann, required_attendees=[BEN], body="Bring plans")
    made.save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    request = ben.inbox.get()
    message = read(request.mime_content)
    assert nature_of(message).kind is MessageKind.MEETING
    assert (f"<{message.message_id}>", message.subject) == (request.message_id, "Visit")
    assert message.text.strip() == "Bring plans"


@pytest.mark.parametrize(
    ("way", "response", "busy"),
    [
        ("accept", "Accept", "Busy"),
        ("tentatively_accept", "Tentative", "Tentative"),
        ("decline", "Decline", ""),
    ],
)
def test_an_answer_reaches_the_organizer(
    ann: Account, ben: Account, way: str, response: str, busy: str
) -> None:
    appointment(ann, required_attendees=[BEN]).save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    getattr(ben.inbox.get(), way)(body="Well")

    own = [(item.my_response_type, item.legacy_free_busy_status) for item in ben.calendar.all()]
    assert own == ([(response, busy)] if busy else [])
    assert list(ben.inbox.all()) == []
    answer = ann.inbox.get()
    assert isinstance(answer, MeetingResponse)
    assert (answer.response_type, answer.author.email_address) == (response, BEN)
    (attendee,) = ann.calendar.get().required_attendees
    assert attendee.response_type == response
    assert attendee.last_response_time is not None
    assert [type(item) for item in ben.sent.all()] == [MeetingResponse]


def test_the_organizer_does_not_answer(ann: Account) -> None:
    made = appointment(ann, required_attendees=[BEN]).save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    with pytest.raises(ErrorCalendarIsOrganizerForAccept):
        made.accept()


def test_another_time_is_asked_for_again_and_another_room_is_only_told(ann: Account, ben: Account) -> None:
    made = appointment(ann, required_attendees=[BEN]).save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    ben.inbox.get().accept()
    made.refresh()
    made.location = "Room 2"
    made.save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    request = ben.inbox.get()
    assert (request.meeting_request_type, request.location) == ("InformationalUpdate", "Room 2")
    assert (ben.calendar.get().my_response_type, ben.calendar.get().location) == ("Accept", "Room 2")
    request.delete()

    made.refresh()
    made.start, made.end = at(25, 14), at(25, 15)
    made.save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    assert (ben.inbox.get().meeting_request_type, ben.calendar.get().start) == ("FullUpdate", at(25, 14))
    assert ben.calendar.get().my_response_type == "NoResponseReceived"
    assert ann.calendar.get().appointment_sequence_number == 1


def test_only_whom_the_change_concerns_is_told_when_that_is_wanted(exchange: Exchange) -> None:
    exchange.office.open_account("eva@northwind.example", "sandbox")
    ann, ben, eva = (exchange.account(who) for who in (ANN, BEN, "eva@northwind.example"))
    made = appointment(ann, required_attendees=[BEN]).save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    made.refresh()
    made.required_attendees = ["eva@northwind.example"]
    made.save(send_meeting_invitations=SEND_ONLY_TO_CHANGED)
    assert {type(item) for item in ben.inbox.all()} == {MeetingRequest, MeetingCancellation}
    assert [type(item) for item in eva.inbox.all()] == [MeetingRequest]


def test_a_deleted_meeting_is_canceled_for_those_invited(ann: Account, ben: Account) -> None:
    made = appointment(ann, required_attendees=[BEN]).save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    ben.inbox.get().delete()
    made.delete(send_meeting_cancellations=SEND_TO_ALL_AND_SAVE_COPY)
    cancellation = ben.inbox.get()
    assert isinstance(cancellation, MeetingCancellation)
    own = ben.calendar.get()
    assert (own.subject, own.is_cancelled, own.legacy_free_busy_status) == ("Canceled: Visit", True, "Free")
    with pytest.raises(ErrorCalendarIsCancelledForAccept):
        own.accept()


def test_a_meeting_is_canceled_by_its_organizer(ann: Account, ben: Account) -> None:
    made = appointment(ann, required_attendees=[BEN]).save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    made.cancel(body="Off")
    assert list(ann.calendar.all()) == []
    assert ben.calendar.get().is_cancelled


def test_one_occurrence_of_a_meeting_is_moved_and_one_canceled(ann: Account, ben: Account) -> None:
    made = appointment(ann, required_attendees=[BEN], recurrence=weekly())
    made.save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    second, third = made.occurrence(2), made.occurrence(3)
    second.refresh()
    second.start, second.end = second.start + timedelta(hours=2), second.end + timedelta(hours=2)
    second.save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    third.refresh()
    third.delete(send_meeting_cancellations=SEND_ONLY_TO_ALL)
    assert [(item.type, item.start, item.is_cancelled) for item in in_spring(ben)] == [
        ("Occurrence", at(25), False),
        ("Exception", at(1, 11, 4), False),
        ("Exception", at(8, month=4), True),
        ("Occurrence", at(15, month=4), False),
    ]


def test_a_series_recurs_as_exchange_says_it_does(ann: Account, ben: Account) -> None:
    made = appointment(ann, required_attendees=[BEN], recurrence=weekly())
    made.save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    made.refresh()
    assert (made.is_recurring, ben.calendar.get().is_recurring, ben.inbox.get().is_recurring) == (
        False,
        True,
        True,
    )
    assert {item.is_recurring for item in in_spring(ann)} == {True}


def test_nobody_is_told_when_nobody_is_to_be(ann: Account, ben: Account) -> None:
    made = appointment(ann, required_attendees=[BEN]).save()
    made.refresh()
    made.subject = "Other"
    made.save()
    made.delete()
    assert list(ben.inbox.all()) == []
    assert list(ben.calendar.all()) == []


@pytest.fixture
def outside() -> SandboxMailboxes:
    mailboxes = SandboxMailboxes()
    mailboxes.open_account(OUTSIDE, "sandbox")
    return mailboxes


@pytest.fixture
def with_outside(outside: SandboxMailboxes) -> Iterator[Exchange]:
    with running(ExchangeOffice(others=outside)) as started:
        yield started


def calendar_part(mailboxes: SandboxMailboxes) -> Message:
    kept = mailboxes.list(OUTSIDE)[-1]
    message = email.message_from_bytes(kept.read())
    return next(part for part in message.walk() if part.get_content_type() == "text/calendar")


def test_those_outside_are_invited_and_told_off_by_mail(
    with_outside: Exchange, outside: SandboxMailboxes
) -> None:
    ann = with_outside.account(ANN)
    made = appointment(ann, required_attendees=[OUTSIDE], recurrence=weekly(), location="Room; 1")
    made.save(send_meeting_invitations=SEND_TO_ALL_AND_SAVE_COPY)

    part = calendar_part(outside)
    lines = bytes(part.get_payload(decode=True)).decode().replace("\r\n ", "").split("\r\n")
    assert part.get_param("method") == "REQUEST"
    assert {"METHOD:REQUEST", "SUMMARY:Visit", "LOCATION:Room\\; 1", "SEQUENCE:0"} <= set(lines)
    assert "DTSTART;TZID=Meeting:20260325T090000" in lines
    assert "RRULE:FREQ=WEEKLY;BYDAY=WE;WKST=MO;COUNT=4" in lines

    made.delete(send_meeting_cancellations=SEND_ONLY_TO_ALL)
    assert calendar_part(outside).get_param("method") == "CANCEL"
