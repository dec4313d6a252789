"""Tasks: fields of a t:Task read and written.

A task's days have no time in Exchange, and those of records have one; so the moment that a day was
written for stands beside it in a property of ours, and counts for as long as the day is the same.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Final

from postroom.reconcile.item import Value
from postroom.reconcile.status import TaskProgress
from postroom.servers.exchange.answer import Element, read_instant, text_at
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.marks import named, read_regarding, write_regarding
from postroom.servers.exchange.items.piece import Piece, extended, simple
from postroom.servers.exchange.items.text import (
    YEARS,
    Unreadable,
    moment,
    moment_at,
    plain,
    read_body,
    read_importance,
    write_body,
    write_importance,
)
from postroom.servers.exchange.markup import field

ELEMENT: Final = "Task"
#: Fields that are days in Exchange: the property, and ours that holds the moment.
_DAYS: Final[Mapping[str, tuple[str, str]]] = {
    "start": ("StartDate", "PostroomStart"),
    "due": ("DueDate", "PostroomDue"),
    "completed": ("CompleteDate", "PostroomCompleted"),
}
#: What is asked for of a task.
PATHS: Final = (
    *(
        field(f"task:{name}")
        for name in (
            "StartDate",
            "DueDate",
            "CompleteDate",
            "PercentComplete",
            "Status",
            "Recurrence",
            "DelegationState",
        )
    ),
    *(named(name) for _, name in _DAYS.values()),
)
# source: EWS-REFERENCE DelegationState
_OWN: Final = frozenset({"", "NoMatch", "OwnNew", "Owned", "Own"})


def read(item: Element, properties: Mapping[str, str], frame: Frame) -> dict[str, Value]:
    """Return the fields of a task; `Unreadable` when it can't be synchronized."""
    # source: DATAVERSE-EMAIL field mapping of tasks
    if next(item.iterfind("{*}Recurrence"), None) is not None:
        raise Unreadable("It is a recurring task, which is not synchronized; make single tasks of it.")
    if text_at(item, "t:DelegationState") not in _OWN:
        raise Unreadable(
            "It is assigned to somebody, and assigned tasks are not synchronized; assign it back."
        )
    fields: dict[str, Value] = {
        name: _moment(item, path, properties.get(noted, ""), frame) for name, (path, noted) in _DAYS.items()
    }
    return fields | {
        "subject": text_at(item, "t:Subject"),
        "body": read_body(item),
        "importance": read_importance(item),
        "status": _progress(item),
        "percent": _percent(item),
        "regarding": read_regarding(properties),
    }


def _moment(item: Element, name: str, noted: str, frame: Frame) -> datetime | None:
    at = moment_at(item, f"t:{name}", name)
    if at is None:
        return None
    day = _day(at, frame)
    meant = read_instant(noted)
    if meant is not None and meant.year in YEARS and meant.astimezone(frame.zone).date() == day:
        return meant
    return datetime.combine(day, time(), frame.zone).astimezone(UTC)


def _day(at: datetime, frame: Frame) -> date:
    # Days are kept as midnights of UTC; some servers tell the midnight of where the owner is.
    # source: MS-OXOTASK PidLidTaskDueDate
    return at.date() if at.time() == time() else at.astimezone(frame.zone).date()


def _progress(item: Element) -> TaskProgress:
    try:
        return TaskProgress(text_at(item, "t:Status"))
    except ValueError:
        return TaskProgress.NOT_STARTED


def _percent(item: Element) -> int:
    try:
        return min(100, max(0, round(float(text_at(item, "t:PercentComplete") or "0"))))
    except (ValueError, OverflowError):
        return 0


def write(fields: Mapping[str, Value], frame: Frame, now: datetime) -> list[Piece]:
    """Return the pieces that write these fields."""
    pieces: list[Piece] = []
    for name, value in fields.items():
        if name in _DAYS:
            pieces += _write_moment(name, value, frame)
        elif name in _WRITERS:
            pieces += _WRITERS[name](value)
    return [*pieces, *_write_reminder(fields, now)]


def _write_reminder(fields: Mapping[str, Value], now: datetime) -> list[Piece]:
    """Return the pieces that remind of what is still to be done, when it is due."""
    # source: DATAVERSE-EMAIL field mapping of tasks
    if fields.get("status") is TaskProgress.COMPLETED:
        return [simple("item:ReminderIsSet", "false")]
    due = fields.get("due")
    if not isinstance(due, datetime) or due <= now:
        return []
    return [simple("item:ReminderDueBy", moment(due)), simple("item:ReminderIsSet", "true")]


def _write_moment(name: str, value: Value, frame: Frame) -> list[Piece]:
    path, noted = _DAYS[name]
    if not isinstance(value, datetime):
        # A task that is not done loses that day by itself; the property can't be removed.
        removed = [] if name == "completed" else [simple(f"task:{path}", None)]
        return [*removed, extended(named(noted), None)]
    day = datetime.combine(value.astimezone(frame.zone).date(), time(), UTC)
    return [simple(f"task:{path}", moment(day)), extended(named(noted), moment(value))]


def _write_status(value: Value) -> list[Piece]:
    progress = value if isinstance(value, TaskProgress) else TaskProgress.NOT_STARTED
    return [simple("task:Status", progress.value)]


def _write_percent(value: Value) -> list[Piece]:
    return [simple("task:PercentComplete", str(value if isinstance(value, int) else 0))]


_WRITERS: Final = {
    "subject": lambda value: [simple("item:Subject", plain(value))],
    "body": write_body,
    "importance": write_importance,
    "status": _write_status,
    "percent": _write_percent,
    "regarding": write_regarding,
}
