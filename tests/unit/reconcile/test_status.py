"""Statuses on the way from one side to the other, and what is left alone."""

import pytest
from tests.support.items import a_task, an_appointment

from postroom.reconcile.item import Side
from postroom.reconcile.status import Left, ShowAs, TaskProgress, says_the_same, translated
from postroom.schema.choices import AppointmentStatus, TaskStatus


@pytest.mark.parametrize(
    ("show", "status"),
    [
        (ShowAs.FREE, AppointmentStatus.FREE),
        (ShowAs.TENTATIVE, AppointmentStatus.TENTATIVE),
        (ShowAs.BUSY, AppointmentStatus.BUSY),
        (ShowAs.OUT_OF_OFFICE, AppointmentStatus.OUT_OF_OFFICE),
        (ShowAs.WORKING_ELSEWHERE, AppointmentStatus.FREE),
        (ShowAs.NO_DATA, AppointmentStatus.FREE),
    ],
)
def test_how_an_item_shows_becomes_a_status(show: ShowAs, status: AppointmentStatus) -> None:
    assert translated(an_appointment(side=Side.SERVER, show_as=show), "show_as", Side.CRM) is status


@pytest.mark.parametrize("status", [AppointmentStatus.COMPLETED, AppointmentStatus.CANCELED])
def test_a_closed_appointment_shows_free_and_is_not_opened_again(status: AppointmentStatus) -> None:
    crm = an_appointment(show_as=status)
    assert translated(crm, "show_as", Side.SERVER, ShowAs.BUSY) is ShowAs.FREE
    server = an_appointment(side=Side.SERVER, show_as=ShowAs.BUSY)
    assert translated(server, "show_as", Side.CRM, status) is Left.ALONE


def test_working_elsewhere_stays_though_the_crm_knows_only_free() -> None:
    crm = an_appointment(show_as=AppointmentStatus.FREE)
    assert translated(crm, "show_as", Side.SERVER, ShowAs.WORKING_ELSEWHERE) is Left.ALONE


@pytest.mark.parametrize(
    ("progress", "status"),
    [
        (TaskProgress.NOT_STARTED, TaskStatus.NOT_STARTED),
        (TaskProgress.IN_PROGRESS, TaskStatus.IN_PROGRESS),
        (TaskProgress.WAITING, TaskStatus.WAITING),
        (TaskProgress.DEFERRED, TaskStatus.DEFERRED),
        (TaskProgress.COMPLETED, TaskStatus.COMPLETED),
    ],
)
def test_a_tasks_status_goes_both_ways(progress: TaskProgress, status: TaskStatus) -> None:
    assert translated(a_task(side=Side.SERVER, status=progress), "status", Side.CRM) is status
    assert translated(a_task(status=status), "status", Side.SERVER) is progress


def test_a_canceled_task_is_completed_on_the_server_and_stays_canceled() -> None:
    crm = a_task(status=TaskStatus.CANCELED)
    server = a_task(side=Side.SERVER, status=TaskProgress.COMPLETED)
    assert translated(crm, "status", Side.SERVER) is TaskProgress.COMPLETED
    assert translated(server, "status", Side.CRM, TaskStatus.CANCELED) is Left.ALONE
    assert says_the_same(crm, server, "status")


def test_a_hundred_percent_is_completed() -> None:
    server = a_task(side=Side.SERVER, status=TaskProgress.IN_PROGRESS, percent=100)
    assert translated(server, "status", Side.CRM, TaskStatus.IN_PROGRESS) is TaskStatus.COMPLETED
