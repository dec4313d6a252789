"""What the server adds to contacts and tasks, and the form in which fields are kept."""

from datetime import UTC, date, datetime

import pytest
from lxml import etree

from postroom.ports.clock import ManualClock
from postroom.sandbox.exchange.completion import complete
from postroom.sandbox.exchange.derived import DERIVED
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.names import TYPES, local_name, t_element
from postroom.sandbox.exchange.normal_form import normalize
from postroom.sandbox.exchange.office import ExchangeOffice
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.tasks import next_of

NOW = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
BERLIN = t_element("TimeZoneDefinition", Id="W. Europe Standard Time")


def an_item(kind: str, **texts: str) -> Item:
    item = Item("id", "key", kind, "folder", NOW, NOW, NOW)
    prefix = "contacts" if kind == "Contact" else "task"
    for name, text in texts.items():
        item.put(f"{prefix}:{name}", text)
    return item


def a_task(before: Item | None = None, context: etree._Element | None = None, **texts: str) -> Item:
    item = an_item("Task", **texts)
    if before is not None:
        item.fields = {**before.fields, **item.fields}
    complete(item, before, context, NOW)
    return item


def derived(uri: str, item: Item) -> etree._Element | None:
    mailbox = ExchangeOffice(clock=ManualClock(NOW)).open_account("ann@here.example", "secret")
    return DERIVED[uri](mailbox, item)


@pytest.mark.parametrize(
    ("given", "display", "filed"),
    [
        ({"GivenName": "Carla", "Surname": "Customer"}, "Carla Customer", "Customer, Carla"),
        ({"CompanyName": "Contoso"}, "Contoso", "Contoso"),
        ({"DisplayName": "C. C.", "FileAs": "Mine"}, "C. C.", "Mine"),
        (
            {"GivenName": "Carla", "Surname": "Customer", "FileAsMapping": "FirstSpaceLast"},
            "Carla Customer",
            "Carla Customer",
        ),
        (
            {"Surname": "Customer", "CompanyName": "Contoso", "FileAsMapping": "CompanyLastCommaFirst"},
            "Customer",
            "Contoso (Customer)",
        ),
        (
            {"GivenName": "Carla", "Surname": "Customer", "CompanyName": "Contoso"}
            | {"FileAsMapping": "LastCommaFirstCompany"},
            "Carla Customer",
            "Customer, Carla (Contoso)",
        ),
        ({"FileAsMapping": "LastName"}, "", ""),
    ],
)
def test_a_contact_is_shown_and_filed_by_its_names(given: dict[str, str], display: str, filed: str) -> None:
    item = an_item("Contact", **given)
    complete(item, None, None, NOW)
    assert (item.text("contacts:DisplayName"), item.text("contacts:FileAs")) == (display, filed)
    assert item.text("item:Subject") == display


def test_the_complete_name_of_a_contact_follows_from_its_parts() -> None:
    name = derived("contacts:CompleteName", an_item("Contact", GivenName="Carla", Surname="Customer"))
    assert name is not None
    assert [(local_name(part), part.text) for part in name] == [
        ("FirstName", "Carla"),
        ("LastName", "Customer"),
        ("FullName", "Carla Customer"),
    ]


def state(item: Item) -> tuple[str, str, str]:
    return item.text("task:Status"), item.text("task:PercentComplete"), item.text("task:CompleteDate")


DONE_ON = "2026-11-25T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Status": "Completed"}, ("Completed", "100", DONE_ON)),
        ({"PercentComplete": "100"}, ("Completed", "100", DONE_ON)),
        ({"PercentComplete": "30"}, ("InProgress", "30", "")),
        ({"CompleteDate": "2026-11-20T09:00:00Z"}, ("Completed", "100", "2026-11-20T00:00:00Z")),
        ({"Status": "Deferred"}, ("Deferred", "0", "")),
    ],
)
def test_status_per_cent_and_day_of_a_task_agree(
    change: dict[str, str], expected: tuple[str, str, str]
) -> None:
    assert state(a_task(a_task(Status="NotStarted"), **change)) == expected


def test_a_task_that_is_taken_up_again_is_not_done() -> None:
    done = a_task(Status="Completed")
    assert state(a_task(done, Status="InProgress")) == ("InProgress", "0", "")
    assert state(a_task(done, PercentComplete="50")) == ("InProgress", "50", "")


def test_the_dates_of_a_task_are_days_as_written_or_in_the_zone_of_the_request() -> None:
    written = a_task(DueDate="2026-04-01T00:00:00+02:00")
    assert written.text("task:DueDate") == "2026-04-01T00:00:00Z"
    meant = a_task(context=BERLIN, DueDate="2026-03-31T22:00:00Z")
    assert meant.text("task:DueDate") == "2026-04-01T00:00:00Z"
    assert a_task(meant, BERLIN, Status="Deferred").text("task:DueDate") == "2026-04-01T00:00:00Z"


@pytest.mark.parametrize("change", [{"Status": "Lost"}, {"PercentComplete": "101"}, {"PercentComplete": "x"}])
def test_a_task_in_no_possible_state_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        a_task(**change)


def test_a_task_tells_whether_it_is_done_and_recurs() -> None:
    found = [derived(uri, a_task(Status="Completed")) for uri in ("task:IsComplete", "task:IsRecurring")]
    assert [element.text for element in found if element is not None] == ["true", "false"]


def recurring(task: Item, pattern: str, bounds: str) -> Item:
    task.fields["task:Recurrence"] = etree.fromstring(
        f'<Recurrence xmlns="{TYPES}">{pattern}{bounds}</Recurrence>'
    )
    return task


WEEKLY = "<DailyRecurrence><Interval>7</Interval></DailyRecurrence>"
TWICE = (
    "<NumberedRecurrence><StartDate>2026-11-23</StartDate><NumberOfOccurrences>2</NumberOfOccurrences>"
    "</NumberedRecurrence>"
)
DONE = date(2026, 11, 26)


def test_the_next_of_a_recurring_task_keeps_the_days_between_start_and_due() -> None:
    task = recurring(a_task(StartDate="2026-11-23", DueDate="2026-11-25"), WEEKLY, TWICE)
    assert next_of(task, DONE) == (date(2026, 11, 30), date(2026, 12, 2))
    task.put("task:StartDate", "2026-11-30T00:00:00Z")
    assert next_of(task, DONE) is None


def test_the_next_of_a_task_without_start_has_none() -> None:
    task = recurring(a_task(DueDate="2026-11-23"), WEEKLY, TWICE)
    assert next_of(task, DONE) == (None, date(2026, 11, 30))
    assert next_of(recurring(a_task(), WEEKLY, TWICE), DONE) is None


@pytest.mark.parametrize(
    ("kind", "due"),
    [
        ("DailyRegeneration", date(2026, 11, 28)),
        ("WeeklyRegeneration", date(2026, 12, 10)),
        ("MonthlyRegeneration", date(2027, 1, 26)),
        ("YearlyRegeneration", date(2028, 11, 26)),
    ],
)
def test_a_task_that_regenerates_counts_from_the_day_it_was_done(kind: str, due: date) -> None:
    endless = "<NoEndRecurrence><StartDate>2026-11-23</StartDate></NoEndRecurrence>"
    task = recurring(a_task(DueDate="2026-11-23"), f"<{kind}><Interval>2</Interval></{kind}>", endless)
    assert next_of(task, DONE) == (None, due)


@pytest.mark.parametrize(
    ("uri", "given", "kept"),
    [
        ("message:IsRead", "1", "true"),
        ("calendar:IsAllDayEvent", "0", "false"),
        ("item:ReminderDueBy", "2026-11-25T12:00:00+01:00", "2026-11-25T11:00:00Z"),
        ("contacts:Birthday", "soon", "soon"),
        ("item:Subject", "1", "1"),
    ],
)
def test_fields_are_kept_in_the_form_in_which_they_are_answered(uri: str, given: str, kept: str) -> None:
    assert normalize(uri, t_element("Field", given)).text == kept


def test_the_parts_of_an_address_are_kept_in_the_order_of_the_schema() -> None:
    addresses = etree.fromstring(
        f'<PhysicalAddresses xmlns="{TYPES}"><Entry Key="Home"><PostalCode>1</PostalCode><City>B</City>'
        "</Entry></PhysicalAddresses>"
    )
    entry = normalize("contacts:PhysicalAddresses", addresses)[0]
    assert [local_name(part) for part in entry] == ["City", "PostalCode"]
