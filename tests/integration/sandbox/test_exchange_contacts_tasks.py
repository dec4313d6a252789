"""Contacts and tasks of the sandbox's Exchange, as exchangelib sees them."""

from decimal import Decimal

import pytest
from exchangelib import Account, Contact, EWSDate, Task
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress
from exchangelib.recurrence import DailyPattern, TaskRecurrence
from tests.support.exchange import ANN, BEN, Exchange


@pytest.fixture
def ann(exchange: Exchange) -> Account:
    return exchange.account(ANN)


def a_contact(account: Account, **more: object) -> Contact:
    given = {
        "display_name": "Carla Customer",
        "given_name": "Carla",
        "surname": "Customer",
        "company_name": "Contoso",
        "email_addresses": [EmailAddress(label="EmailAddress1", email="carla@contoso.example")],
        "phone_numbers": [PhoneNumber(label="MobilePhone", phone_number="+49 1")],
        "physical_addresses": [
            PhysicalAddress(
                label="Business", street="Way 1", city="Bonn", state="NRW", country="DE", zipcode="53111"
            )
        ],
        **more,
    }
    return Contact(account=account, folder=account.contacts, **given)


def test_a_contact_comes_back_with_its_addresses_and_numbers(ann: Account) -> None:
    made = a_contact(ann, birthday=EWSDate(1980, 5, 6), job_title="Buyer").save()
    found = ann.contacts.get(id=made.id)
    assert (found.file_as, found.display_name, found.job_title) == (
        "Customer, Carla",
        "Carla Customer",
        "Buyer",
    )
    assert found.email_addresses == made.email_addresses
    assert found.phone_numbers == made.phone_numbers
    assert found.physical_addresses == made.physical_addresses
    assert found.birthday == EWSDate(1980, 5, 6)
    assert found.complete_name.full_name == "Carla Customer"
    assert found.item_class == "IPM.Contact"


def test_entries_of_a_contact_are_changed_added_and_removed(ann: Account) -> None:
    made = a_contact(ann).save()
    made.phone_numbers = [PhoneNumber(label="BusinessPhone", phone_number="+49 2")]
    made.physical_addresses = [PhysicalAddress(label="Business", city="Köln", zipcode="50667")]
    made.email_addresses = [
        EmailAddress(label="EmailAddress1", email="c@contoso.example"),
        EmailAddress(label="EmailAddress2", email="carla@home.example"),
    ]
    made.save()
    found = ann.contacts.get(id=made.id)
    assert [(each.label, each.phone_number) for each in found.phone_numbers] == [("BusinessPhone", "+49 2")]
    (address,) = found.physical_addresses
    assert (address.street, address.city, address.zipcode) == (None, "Köln", "50667")
    assert {each.email for each in found.email_addresses} == {"c@contoso.example", "carla@home.example"}


def test_contacts_are_found_by_what_is_in_them(ann: Account) -> None:
    a_contact(ann).save()
    a_contact(ann, display_name="Tom", given_name="Tom", email_addresses=None).save()
    assert ann.contacts.filter(company_name="contoso").count() == 2
    assert ann.contacts.get(given_name__icontains="CAR").surname == "Customer"
    assert ann.contacts.get(email_addresses__EmailAddress1="carla@contoso.example").given_name == "Carla"


def test_names_are_resolved_over_people_and_contacts(ann: Account) -> None:
    made = a_contact(ann).save()
    (carla,) = ann.protocol.resolve_names(["carla"])
    assert (carla.email_address, carla.mailbox_type, carla.item_id.id) == (
        "carla@contoso.example",
        "Contact",
        made.id,
    )
    ((ben, about),) = ann.protocol.resolve_names(["ben"], return_full_contact_data=True)
    assert (ben.email_address, about.display_name) == (BEN, "Ben")


def test_time_zones_are_told_in_full(ann: Account) -> None:
    zones = {zone.id: zone for zone in ann.protocol.get_timezones(return_full_timezone_data=True)}
    standard, daylight, period = zones["W. Europe Standard Time"].get_std_and_dst(for_year=2026)
    assert (standard.iso_month, daylight.iso_month, daylight.bias) == (10, 3, -60)
    assert period.bias_in_minutes == -60


def test_a_task_comes_back_and_is_done(ann: Account) -> None:
    made = Task(account=ann, folder=ann.tasks, subject="Call Carla", due_date=EWSDate(2026, 12, 1)).save()
    found = ann.tasks.get(id=made.id)
    assert (found.due_date, found.status, found.is_complete) == (EWSDate(2026, 12, 1), "NotStarted", False)
    found.complete()
    found.refresh()
    assert (found.status, found.percent_complete, found.is_complete) == ("Completed", Decimal(100), True)
    assert found.complete_date is not None


def test_per_cent_and_status_of_a_task_follow_each_other(ann: Account) -> None:
    task = Task(account=ann, folder=ann.tasks, subject="Call Carla").save()
    task.percent_complete = Decimal(40)
    task.save(update_fields=["percent_complete"])
    task.refresh()
    assert task.status == "InProgress"
    task.status = "Completed"
    task.save(update_fields=["status"])
    task.refresh()
    assert task.percent_complete == Decimal(100)


def test_a_recurring_task_that_is_done_leaves_a_done_one_and_becomes_the_next(ann: Account) -> None:
    task = Task(
        account=ann,
        folder=ann.tasks,
        subject="Report",
        start_date=EWSDate(2026, 12, 1),
        due_date=EWSDate(2026, 12, 1),
        recurrence=TaskRecurrence(pattern=DailyPattern(interval=7), start=EWSDate(2026, 12, 1), number=3),
    ).save()
    task.refresh()
    assert task.is_recurring
    task.status = "Completed"
    task.save(update_fields=["status"])
    found = {item.is_complete: item for item in ann.tasks.all()}
    assert (found[True].due_date, found[True].is_recurring) == (EWSDate(2026, 12, 1), False)
    assert (found[False].due_date, found[False].id) == (EWSDate(2026, 12, 8), task.id)
