"""Status tables: what a state on one side is on the other, with what is left alone."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from postroom.reconcile.fields import is_of_files
from postroom.reconcile.files import say_the_same
from postroom.reconcile.item import Item, Kind, Side, Value
from postroom.schema.choices import (
    AppointmentStatus,
    Choice,
    FaxStatus,
    LetterStatus,
    PhoneCallStatus,
    ServiceStatus,
    TaskStatus,
)


class ShowAs(Enum):
    """How an item shows in the calendar."""

    # source: MS-OXWSCDATA LegacyFreeBusyType
    FREE = "Free"
    TENTATIVE = "Tentative"
    BUSY = "Busy"
    OUT_OF_OFFICE = "OOF"
    WORKING_ELSEWHERE = "WorkingElsewhere"
    NO_DATA = "NoData"


class TaskProgress(Enum):
    """How far a task on the server is."""

    # source: MS-OXWSTASK TaskStatusType
    NOT_STARTED = "NotStarted"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    WAITING = "WaitingOnOthers"
    DEFERRED = "Deferred"


class Left(Enum):
    """The other side's value stays as it is."""

    ALONE = "left alone"


APPOINTMENT_TO_CRM: Mapping[ShowAs, AppointmentStatus] = {
    ShowAs.FREE: AppointmentStatus.FREE,
    ShowAs.TENTATIVE: AppointmentStatus.TENTATIVE,
    ShowAs.BUSY: AppointmentStatus.BUSY,
    ShowAs.OUT_OF_OFFICE: AppointmentStatus.OUT_OF_OFFICE,
    ShowAs.WORKING_ELSEWHERE: AppointmentStatus.FREE,
    ShowAs.NO_DATA: AppointmentStatus.FREE,
}
APPOINTMENT_TO_SERVER: Mapping[AppointmentStatus, ShowAs] = {
    AppointmentStatus.FREE: ShowAs.FREE,
    AppointmentStatus.TENTATIVE: ShowAs.TENTATIVE,
    AppointmentStatus.BUSY: ShowAs.BUSY,
    AppointmentStatus.OUT_OF_OFFICE: ShowAs.OUT_OF_OFFICE,
    AppointmentStatus.COMPLETED: ShowAs.FREE,
    AppointmentStatus.CANCELED: ShowAs.FREE,
}
TASK_TO_CRM: Mapping[TaskProgress, TaskStatus] = {
    TaskProgress.NOT_STARTED: TaskStatus.NOT_STARTED,
    TaskProgress.IN_PROGRESS: TaskStatus.IN_PROGRESS,
    TaskProgress.WAITING: TaskStatus.WAITING,
    TaskProgress.DEFERRED: TaskStatus.DEFERRED,
    TaskProgress.COMPLETED: TaskStatus.COMPLETED,
}
TASK_TO_SERVER: Mapping[TaskStatus, TaskProgress] = {
    TaskStatus.NOT_STARTED: TaskProgress.NOT_STARTED,
    TaskStatus.IN_PROGRESS: TaskProgress.IN_PROGRESS,
    TaskStatus.WAITING: TaskProgress.WAITING,
    TaskStatus.DEFERRED: TaskProgress.DEFERRED,
    TaskStatus.COMPLETED: TaskProgress.COMPLETED,
    TaskStatus.CANCELED: TaskProgress.COMPLETED,
}
# Where there is no percentage, the server learns whether it is done, and what is done by its user is done.
# source: DATAVERSE-SYNC tasks: an open one is not started, a completed or canceled one completed
PHONE_CALL_TO_SERVER: Mapping[PhoneCallStatus, TaskProgress] = {
    PhoneCallStatus.OPEN: TaskProgress.NOT_STARTED,
    PhoneCallStatus.MADE: TaskProgress.COMPLETED,
    PhoneCallStatus.RECEIVED: TaskProgress.COMPLETED,
    PhoneCallStatus.CANCELED: TaskProgress.COMPLETED,
}
LETTER_TO_SERVER: Mapping[LetterStatus, TaskProgress] = {
    LetterStatus.OPEN: TaskProgress.NOT_STARTED,
    LetterStatus.DRAFT: TaskProgress.NOT_STARTED,
    LetterStatus.SENT: TaskProgress.COMPLETED,
    LetterStatus.RECEIVED: TaskProgress.COMPLETED,
    LetterStatus.CANCELED: TaskProgress.COMPLETED,
}
FAX_TO_SERVER: Mapping[FaxStatus, TaskProgress] = {
    FaxStatus.OPEN: TaskProgress.NOT_STARTED,
    FaxStatus.COMPLETED: TaskProgress.COMPLETED,
    FaxStatus.SENT: TaskProgress.COMPLETED,
    FaxStatus.RECEIVED: TaskProgress.COMPLETED,
    FaxStatus.CANCELED: TaskProgress.COMPLETED,
}


def _to_crm(open_: Choice, completed: Choice) -> Mapping[TaskProgress, Choice]:
    done = TaskProgress.COMPLETED
    return {progress: completed if progress is done else open_ for progress in TaskProgress}


PHONE_CALL_TO_CRM = _to_crm(PhoneCallStatus.OPEN, PhoneCallStatus.MADE)
LETTER_TO_CRM = _to_crm(LetterStatus.DRAFT, LetterStatus.SENT)
FAX_TO_CRM = _to_crm(FaxStatus.OPEN, FaxStatus.COMPLETED)

# What takes time in the CRM's calendar takes it in the mailbox's.
SERVICE_TO_SERVER: Mapping[ServiceStatus, ShowAs] = {
    ServiceStatus.REQUESTED: ShowAs.FREE,
    ServiceStatus.TENTATIVE: ShowAs.TENTATIVE,
    ServiceStatus.PENDING: ShowAs.BUSY,
    ServiceStatus.RESERVED: ShowAs.BUSY,
    ServiceStatus.IN_PROGRESS: ShowAs.BUSY,
    ServiceStatus.ARRIVED: ShowAs.BUSY,
    ServiceStatus.COMPLETED: ShowAs.FREE,
    ServiceStatus.CANCELED: ShowAs.FREE,
    ServiceStatus.NO_SHOW: ShowAs.FREE,
}

#: Statuses of a record that nothing from the server opens again.
# source: DATAVERSE-EMAIL status mapping of appointments
CLOSED = frozenset({AppointmentStatus.COMPLETED, AppointmentStatus.CANCELED})

# Each table maps one enum to another; which ones, its key says.
_TABLES: Mapping[tuple[Kind, str, Side], Mapping[Any, Any]] = {
    (Kind.APPOINTMENT, "show_as", Side.CRM): APPOINTMENT_TO_CRM,
    (Kind.APPOINTMENT, "show_as", Side.SERVER): APPOINTMENT_TO_SERVER,
    (Kind.SERIES, "show_as", Side.CRM): APPOINTMENT_TO_CRM,
    (Kind.SERIES, "show_as", Side.SERVER): APPOINTMENT_TO_SERVER,
    (Kind.TASK, "status", Side.CRM): TASK_TO_CRM,
    (Kind.TASK, "status", Side.SERVER): TASK_TO_SERVER,
    (Kind.PHONE_CALL, "status", Side.CRM): PHONE_CALL_TO_CRM,
    (Kind.PHONE_CALL, "status", Side.SERVER): PHONE_CALL_TO_SERVER,
    (Kind.LETTER, "status", Side.CRM): LETTER_TO_CRM,
    (Kind.LETTER, "status", Side.SERVER): LETTER_TO_SERVER,
    (Kind.FAX, "status", Side.CRM): FAX_TO_CRM,
    (Kind.FAX, "status", Side.SERVER): FAX_TO_SERVER,
    (Kind.SERVICE, "show_as", Side.SERVER): SERVICE_TO_SERVER,
}
_NO_TABLE: Mapping[Any, Any] = {}


def translated(item: Item, name: str, to: Side, present: Value = None, *, kind: Kind | None = None) -> Value:
    """Return what a field of this item is on the other side, which holds `present` now.

    `kind` is that of the pair, where the item itself can't know it.

    What would be the same said again is `Left.ALONE`: a record that is Canceled is not made Completed
    because its task shows as Completed, and Working elsewhere stays though the CRM knows only Free.
    """
    kind = kind or item.kind
    value = item.fields.get(name)
    table = _TABLES.get((kind, name, to))
    if table is None:
        return value
    if to is Side.CRM and name == "show_as" and present in CLOSED:
        return Left.ALONE
    if to is Side.CRM and _is_done(item, name):
        value = TaskProgress.COMPLETED
    back = _TABLES.get((kind, name, to.other), _NO_TABLE)
    if present is not None and back.get(present) == value:
        return Left.ALONE
    found: Value = table.get(value, Left.ALONE)
    if to is Side.CRM and present is not None and back.get(found) == back.get(present):
        return Left.ALONE
    return found


def says_the_same(crm: Item, server: Item, name: str) -> bool:
    """Say whether both sides hold the same content in this field, each in its own words."""
    mine, theirs = crm.fields.get(name), server.fields.get(name)
    if is_of_files(crm.kind, name):
        return say_the_same(mine, theirs)
    if (crm.kind, name, Side.SERVER) not in _TABLES:
        return mine == theirs
    to_server = _TABLES[crm.kind, name, Side.SERVER].get(mine)
    to_crm = _TABLES.get((crm.kind, name, Side.CRM), _NO_TABLE).get(theirs)
    return (mine is None and theirs is None) or to_server == theirs or to_crm == mine


def _is_done(item: Item, name: str) -> bool:
    # source: DATAVERSE-EMAIL field mapping of tasks: 100 % is Completed, whatever the status says
    return item.kind is Kind.TASK and name == "status" and item.fields.get("percent") == 100
