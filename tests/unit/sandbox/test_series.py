"""Appointments and series, spoken to by operations on a calendar in memory."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from lxml import etree

from postroom.ports.clock import ManualClock
from postroom.sandbox.exchange import find, items, sync
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.names import MESSAGES, TYPES
from postroom.sandbox.exchange.notifications import Subscriptions
from postroom.sandbox.exchange.office import ExchangeOffice

ANN = "ann@here.example"
BERLIN = '<t:StartTimeZone Id="W. Europe Standard Time"/>'
OPERATIONS: dict[str, Callable[[Call, etree._Element], etree._Element]] = {
    "CreateItem": items.create_item,
    "GetItem": items.get_item,
    "UpdateItem": items.update_item,
    "DeleteItem": items.delete_item,
    "MoveItem": items.move_item,
    "FindItem": find.find_item,
    "SyncFolderItems": sync.sync_folder_items,
}
#: Every weekday from Wednesday, 25 March 2026, with a change of clocks in between.
WEEKLY = """
  <t:Recurrence><t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Weekday</t:DaysOfWeek>
  </t:WeeklyRecurrence><t:NumberedRecurrence><t:StartDate>2026-03-25</t:StartDate>
  <t:NumberOfOccurrences>5</t:NumberOfOccurrences></t:NumberedRecurrence></t:Recurrence>"""


class Calendar:
    """Ann's calendar, and requests to it."""

    def __init__(self) -> None:
        self.office = ExchangeOffice(clock=ManualClock(datetime(2026, 3, 1, tzinfo=UTC)))
        self.mailbox = self.office.open_account(ANN, "secret", "Ann Agent")

    def ask(self, operation: str, inner: str, **attributes: str) -> etree._Element:
        given = "".join(f' {name}="{value}"' for name, value in attributes.items())
        request = etree.fromstring(
            f'<m:{operation} xmlns:m="{MESSAGES}" xmlns:t="{TYPES}"{given}>{inner}</m:{operation}>'
        )
        return OPERATIONS[operation](
            Call(self.office, operation, ANN, ANN, Subscriptions(self.office.clock)), request
        )

    def create(self, fields: str) -> str:
        answer = self.ask(
            "CreateItem",
            f"<m:Items><t:CalendarItem>{fields}</t:CalendarItem></m:Items>",
            SendMeetingInvitations="SendToNone",
        )
        assert code(answer) == "NoError", code(answer)
        return str(answer.find(".//{*}ItemId").get("Id"))

    def series(self) -> str:
        return self.create(
            "<t:Subject>Stand-up</t:Subject><t:Start>2026-03-25T09:00:00+01:00</t:Start>"
            f"<t:End>2026-03-25T09:15:00+01:00</t:End>{WEEKLY}{BERLIN}"
        )

    def get(self, element: str) -> etree._Element:
        shape = "<m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"
        return self.ask("GetItem", f"{shape}<m:ItemIds>{element}</m:ItemIds>")

    def view(self, start: str, end: str, more: str = "") -> etree._Element:
        return self.ask(
            "FindItem",
            "<m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"
            f'<m:CalendarView StartDate="{start}" EndDate="{end}"{more}/>'
            '<m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds>',
            Traversal="Shallow",
        )

    def update(self, element: str, *changes: tuple[str, str]) -> etree._Element:
        inner = "".join(
            f'<t:SetItemField><t:FieldURI FieldURI="{uri}"/><t:CalendarItem>{value}</t:CalendarItem>'
            "</t:SetItemField>"
            for uri, value in changes
        )
        return self.ask(
            "UpdateItem",
            f"<m:ItemChanges><t:ItemChange>{element}<t:Updates>{inner}</t:Updates></t:ItemChange>"
            "</m:ItemChanges>",
            ConflictResolution="AlwaysOverwrite",
            SendMeetingInvitationsOrCancellations="SendToNone",
        )

    def delete(self, element: str) -> etree._Element:
        return self.ask(
            "DeleteItem",
            f"<m:ItemIds>{element}</m:ItemIds>",
            DeleteType="HardDelete",
            SendMeetingCancellations="SendToNone",
        )


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


def item(item_id: str) -> str:
    return f'<t:ItemId Id="{item_id}"/>'


def occurrence(master_id: str, number: int) -> str:
    return f'<t:OccurrenceItemId RecurringMasterId="{master_id}" InstanceIndex="{number}"/>'


def code(answer: etree._Element) -> str:
    return answer.findtext(".//{*}ResponseCode") or ""


def texts(root: etree._Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter(f"{{*}}{name}")]


def test_an_appointment_gets_what_its_maker_left_out(calendar: Calendar) -> None:
    made = calendar.create(
        f"<t:Start>2026-07-01T10:00:00</t:Start><t:End>2026-07-01T10:30:00</t:End>{BERLIN}"
    )
    got = calendar.get(item(made))
    assert texts(got, "Start") == ["2026-07-01T08:00:00Z"]
    assert texts(got, "CalendarItemType") == ["Single"]
    assert texts(got, "Duration") == ["PT30M"]
    assert texts(got, "LegacyFreeBusyStatus") == ["Busy"]
    assert texts(got, "MyResponseType") == ["Organizer"]
    assert texts(got, "IsMeeting") == texts(got, "IsRecurring") == ["false"]
    assert texts(got.find(".//{*}Organizer"), "EmailAddress") == [ANN]
    assert texts(got, "UID")[0].startswith("040000008200E00074C5B7101A82E008")


def test_an_appointment_of_the_whole_day_lasts_from_midnight_to_midnight(calendar: Calendar) -> None:
    made = calendar.create(
        "<t:Start>2026-07-01T10:00:00+02:00</t:Start><t:End>2026-07-01T11:00:00+02:00</t:End>"
        f"<t:IsAllDayEvent>true</t:IsAllDayEvent>{BERLIN}"
    )
    got = calendar.get(item(made))
    assert (*texts(got, "Start"), *texts(got, "End")) == ("2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("<t:Start>2026-07-01T10:00:00Z</t:Start>", "ErrorCalendarInvalidPropertyValue"),
        (
            "<t:Start>2026-07-01T10:00:00Z</t:Start><t:End>2026-07-01T09:00:00Z</t:End>",
            "ErrorCalendarEndDateIsEarlierThanStartDate",
        ),
        (
            "<t:Start>2026-07-01T10:00:00Z</t:Start><t:End>2036-07-01T09:00:00Z</t:End>",
            "ErrorCalendarDurationIsTooLong",
        ),
        ("<t:Start>soon</t:Start><t:End>2026-07-01T09:00:00Z</t:End>", "ErrorInvalidValueForProperty"),
        (
            "<t:Start>2026-07-01T10:00:00Z</t:Start><t:End>2026-07-01T11:00:00Z</t:End>"
            '<t:StartTimeZone Id="x"/>',
            "ErrorTimeZone",
        ),
    ],
)
def test_an_appointment_that_cannot_be_is_refused(calendar: Calendar, fields: str, expected: str) -> None:
    answer = calendar.ask(
        "CreateItem",
        f"<m:Items><t:CalendarItem>{fields}</t:CalendarItem></m:Items>",
        SendMeetingInvitations="SendToNone",
    )
    assert code(answer) == expected


def test_a_view_shows_a_series_as_its_occurrences_at_the_same_time_on_the_clock(calendar: Calendar) -> None:
    calendar.series()
    calendar.create("<t:Start>2026-03-26T07:00:00Z</t:Start><t:End>2026-03-26T07:30:00Z</t:End>")
    seen = calendar.view("2026-03-26T00:00:00Z", "2026-03-31T00:00:00Z")
    assert texts(seen, "Start") == [
        "2026-03-26T07:00:00Z",
        "2026-03-26T08:00:00Z",
        "2026-03-27T08:00:00Z",
        "2026-03-30T07:00:00Z",
    ]
    assert texts(seen, "CalendarItemType") == ["Single", *["Occurrence"] * 3]
    few = calendar.view("2026-03-26T00:00:00Z", "2026-03-31T00:00:00Z", ' MaxEntriesReturned="2"')
    assert len(texts(few, "Start")) == 2
    assert few.find(".//{*}RootFolder").get("IncludesLastItemInRange") == "false"


def test_views_that_make_no_sense_are_refused(calendar: Calendar) -> None:
    assert code(calendar.view("2026-03-26T00:00:00Z", "2026-03-25T00:00:00Z")).startswith(
        "ErrorCalendarEndDate"
    )
    assert (
        code(calendar.view("2026-03-26T00:00:00Z", "2036-03-25T00:00:00Z")) == "ErrorCalendarViewRangeTooBig"
    )


def test_a_folder_lists_the_master_and_tells_of_its_first_and_last(calendar: Calendar) -> None:
    master = calendar.series()
    got = calendar.get(item(master))
    assert texts(got, "CalendarItemType") == ["RecurringMaster"]
    first, last = got.find(".//{*}FirstOccurrence"), got.find(".//{*}LastOccurrence")
    assert texts(first, "Start") == ["2026-03-25T08:00:00Z"]
    assert texts(last, "Start") == ["2026-03-31T07:00:00Z"]
    assert texts(calendar.get(item(last[0].get("Id"))), "OriginalStart") == ["2026-03-31T07:00:00Z"]


def test_an_occurrence_is_found_by_its_number_and_leads_to_its_master(calendar: Calendar) -> None:
    master = calendar.series()
    second = calendar.get(occurrence(master, 2))
    assert texts(second, "Start") == ["2026-03-26T08:00:00Z"]
    own = second.find(".//{*}ItemId").get("Id")
    back = calendar.get(f'<t:RecurringMasterItemId OccurrenceId="{own}"/>')
    assert back.find(".//{*}ItemId").get("Id") == master
    assert code(calendar.get(occurrence(master, 6))) == "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange"
    assert code(calendar.get(occurrence(own, 1))) == "ErrorCalendarCannotUseIdForRecurringMasterId"
    assert (
        code(calendar.get(f'<t:RecurringMasterItemId OccurrenceId="{master}"/>'))
        == "ErrorCalendarCannotUseIdForOccurrenceId"
    )


def test_a_changed_occurrence_is_an_exception_and_follows_the_master_in_the_rest(calendar: Calendar) -> None:
    master = calendar.series()
    moved = (
        ("calendar:Start", "<t:Start>2026-04-02T12:00:00Z</t:Start>"),
        ("calendar:End", "<t:End>2026-04-02T13:00:00Z</t:End>"),
    )
    assert code(calendar.update(occurrence(master, 3), *moved)) == "NoError"
    calendar.update(item(master), ("item:Subject", "<t:Subject>Daily</t:Subject>"))
    seen = calendar.view("2026-04-01T00:00:00Z", "2026-04-03T00:00:00Z")
    assert texts(seen, "Subject") == ["Daily"]
    assert texts(seen, "CalendarItemType") == ["Exception"]
    assert texts(seen, "OriginalStart") == ["2026-03-27T08:00:00Z"]
    assert len(texts(calendar.view("2026-03-27T00:00:00Z", "2026-03-28T00:00:00Z"), "Start")) == 0
    changed = calendar.get(item(master)).find(".//{*}ModifiedOccurrences")
    assert texts(changed, "Start") == ["2026-04-02T12:00:00Z"]
    assert texts(changed, "OriginalStart") == ["2026-03-27T08:00:00Z"]


def test_a_deleted_occurrence_is_gone_and_the_series_stays(calendar: Calendar) -> None:
    master = calendar.series()
    assert code(calendar.delete(occurrence(master, 1))) == "NoError"
    assert code(calendar.get(occurrence(master, 1))) == "ErrorCalendarOccurrenceIsDeletedFromRecurrence"
    got = calendar.get(item(master))
    assert texts(got.find(".//{*}DeletedOccurrences"), "Start") == ["2026-03-25T08:00:00Z"]
    assert texts(got.find(".//{*}FirstOccurrence"), "Start") == ["2026-03-26T08:00:00Z"]
    assert len(texts(calendar.view("2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z"), "Start")) == 4


def test_a_series_at_another_time_forgets_what_was_different(calendar: Calendar) -> None:
    master = calendar.series()
    calendar.delete(occurrence(master, 1))
    later = ("calendar:Start", "<t:Start>2026-03-25T10:00:00+01:00</t:Start>")
    calendar.update(item(master), later, ("calendar:End", "<t:End>2026-03-25T10:30:00+01:00</t:End>"))
    seen = calendar.view("2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z")
    assert texts(seen, "Start")[0] == "2026-03-25T09:00:00Z"
    assert len(texts(seen, "Start")) == 5


def test_a_refused_change_leaves_the_appointment_as_it_was(calendar: Calendar) -> None:
    master = calendar.series()
    answer = calendar.update(item(master), ("calendar:End", "<t:End>2026-03-24T10:00:00Z</t:End>"))
    assert code(answer) == "ErrorCalendarEndDateIsEarlierThanStartDate"
    assert texts(calendar.get(item(master)), "Duration") == ["PT15M"]


def test_occurrences_are_not_moved_out_of_their_series(calendar: Calendar) -> None:
    master = calendar.series()
    answer = calendar.ask(
        "MoveItem",
        '<m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId>'
        f"<m:ItemIds>{occurrence(master, 1)}</m:ItemIds>",
    )
    assert code(answer) == "ErrorCalendarCannotMoveOrCopyOccurrence"


def test_sync_tells_of_a_changed_occurrence_as_a_change_of_its_series(calendar: Calendar) -> None:
    master = calendar.series()
    folder = '<m:SyncFolderId><t:DistinguishedFolderId Id="calendar"/></m:SyncFolderId>'
    shape = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
    most = "<m:MaxChangesReturned>10</m:MaxChangesReturned>"
    state = calendar.ask("SyncFolderItems", shape + folder + most).findtext(".//{*}SyncState")
    calendar.update(occurrence(master, 2), ("item:Subject", "<t:Subject>Other</t:Subject>"))
    again = calendar.ask("SyncFolderItems", f"{shape}{folder}<m:SyncState>{state}</m:SyncState>{most}")
    assert [change.find(".//{*}ItemId").get("Id") for change in again.iter("{*}Update")] == [master]


def test_the_global_ids_are_those_of_the_uid_and_the_day(calendar: Calendar) -> None:
    master = calendar.series()
    paths = "".join(
        '<t:ExtendedFieldURI DistinguishedPropertySetId="Meeting" PropertyType="Binary" '
        f'PropertyId="{number}"/>'
        for number in (3, 35)
    )
    shape = (
        "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        f"{paths}</t:AdditionalProperties></m:ItemShape>"
    )
    got = calendar.ask("GetItem", f"{shape}<m:ItemIds>{occurrence(master, 2)}</m:ItemIds>")
    own, clean = (base64.b64decode(value) for value in texts(got, "Value"))
    assert own[16:20] == bytes((2026 >> 8, 2026 & 255, 3, 26))
    assert clean[16:20] == bytes(4)
    assert clean.hex().upper() == texts(calendar.get(item(master)), "UID")[0]


def test_appointments_are_found_by_their_clean_global_id(calendar: Calendar) -> None:
    master = calendar.series()
    calendar.create("<t:Start>2026-03-26T07:00:00Z</t:Start><t:End>2026-03-26T07:30:00Z</t:End>")
    uid = texts(calendar.get(item(master)), "UID")[0]
    value = base64.b64encode(bytes.fromhex(uid)).decode()
    found = calendar.ask(
        "FindItem",
        "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:Restriction><t:IsEqualTo>"
        '<t:ExtendedFieldURI DistinguishedPropertySetId="Meeting" PropertyId="35" PropertyType="Binary"/>'
        f'<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant></t:IsEqualTo>'
        '</m:Restriction><m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds>',
        Traversal="Shallow",
    )
    assert [element.get("Id") for element in found.iter("{*}ItemId")] == [master]
