"""Tasks: what the server adds to what a client writes, and what follows from the rest."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.instants import get_instant, read_date
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import t_element
from postroom.sandbox.exchange.recurrence import read_recurrence, write_recurrence
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.timezones import read_zone

_STATUS, _PERCENT, _DONE = "task:Status", "task:PercentComplete", "task:CompleteDate"
#: Dates of tasks are days, kept as the midnight of UTC that begins them.
# source: MS-OXOTASK PidLidTaskDueDate
_DAYS: Final = ("task:StartDate", "task:DueDate", _DONE)
_STATUSES: Final = ("NotStarted", "InProgress", "Completed", "WaitingOnOthers", "Deferred")


def complete_task(item: Item, before: Item | None, context: etree._Element | None, now: datetime) -> None:
    """Make the state of a task agree with itself: status, per cent and the day on which it was done.

    `context` is the time zone of the request, in which its dates are meant.
    """
    for uri in _DAYS:
        text = item.text(uri)
        if text and (before is None or before.text(uri) != text):
            item.put_instant(uri, datetime.combine(_day(text, context), time(), UTC))
    if item.text(_STATUS, "NotStarted") not in _STATUSES:
        raise Refusal("ErrorInvalidValueForProperty", "There is no such status of a task.")
    percent = _percent(item)
    _agree(item, before, percent)
    is_done = item.text(_STATUS) == "Completed"
    if is_done and not item.text(_DONE):
        item.put_instant(_DONE, datetime.combine(now.date(), time(), UTC))
    if not is_done:
        item.fields.pop(_DONE, None)
    if "task:Recurrence" in item.fields:
        item.fields["task:Recurrence"] = write_recurrence(read_recurrence(item.fields["task:Recurrence"]))


def _day(text: str, context: etree._Element | None) -> date:
    """Return the day that a time stands for: in the zone of the request, or as it is written."""
    if context is None:
        return read_date(text)
    zone = read_zone(context)
    return get_instant(text, zone).astimezone(zone).date()


def _percent(item: Item) -> float:
    try:
        percent = float(item.text(_PERCENT, "0") or "0")
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise Refusal("ErrorInvalidPercentCompleteValue", "PercentComplete is from 0 to 100.")
    return percent


def _agree(item: Item, before: Item | None, percent: float) -> None:
    """Let what was written last decide what the others are."""
    old = {uri: before.text(uri) if before else "" for uri in (_STATUS, _PERCENT, _DONE)}
    changed = [uri for uri in (_STATUS, _DONE, _PERCENT) if item.text(uri) and item.text(uri) != old[uri]]
    status = item.text(_STATUS, "NotStarted")
    if _STATUS in changed and not (before is None and status == "NotStarted"):
        if status == "Completed":
            percent = 100
        elif percent == 100:
            percent = 0
    elif _DONE in changed:
        status, percent = "Completed", 100
    elif _PERCENT in changed:
        status = "Completed" if percent == 100 else "InProgress" if percent else "NotStarted"
    item.put(_STATUS, status)
    item.put(_PERCENT, f"{percent:g}")


def next_of(item: Item, done_on: date) -> tuple[date | None, date] | None:
    """Return the start and due days of the task after one that was done, or None after the last."""
    # source: MS-OXOTASK 3.1.4.6.2
    recurrence = read_recurrence(item.fields["task:Recurrence"])
    start, due = item.instant("task:StartDate"), item.instant("task:DueDate")
    at = start or due
    if at is None:
        return None
    later = (day for day in recurrence.days() if day > at.date())
    is_sliding = recurrence.pattern.is_regenerating
    following = recurrence.pattern.after(done_on) if is_sliding else next(later, None)
    if following is None:
        return None
    if start is None:
        return None, following
    return following, following + ((due - start) if due else timedelta())


def was_completed(before: Item, after: Item) -> bool:
    """Say whether a task was done by a change."""
    return after.text(_STATUS) == "Completed" != before.text(_STATUS)


def regenerate(mailbox: Mailbox, item: Item) -> None:
    """Make of a recurring task that was just done the next one, and keep beside it what was done.

    The last one stays as it is.
    """
    following = next_of(item, mailbox.now().date()) if "task:Recurrence" in item.fields else None
    if following is None:
        return
    done = item.twin(mailbox.new_id(), "", item.folder_id)
    del done.fields["task:Recurrence"]
    mailbox.keep(done)
    item.put(_STATUS, "NotStarted")
    item.put(_PERCENT, "0")
    item.fields.pop(_DONE, None)
    for uri, day in zip(("task:StartDate", "task:DueDate"), following, strict=True):
        if day is not None:
            item.put_instant(uri, datetime.combine(day, time(), UTC))


def _is_complete(_: Mailbox, item: Item) -> etree._Element | None:
    if item.kind != "Task":
        return None
    return t_element("IsComplete", "true" if item.text(_STATUS) == "Completed" else "false")


def _is_recurring(_: Mailbox, item: Item) -> etree._Element | None:
    if item.kind != "Task":
        return None
    return t_element("IsRecurring", "true" if "task:Recurrence" in item.fields else "false")


_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "NotStarted": "Not Started",
    "InProgress": "In Progress",
    "Completed": "Completed",
    "WaitingOnOthers": "Waiting on Others",
    "Deferred": "Deferred",
}


def _said(name: str, text: str) -> Callable[[Mailbox, Item], etree._Element | None]:
    return lambda _, item: t_element(name, text) if item.kind == "Task" else None


#: Fields of tasks that follow from others, by FieldURI.
TASK: Final[Mapping[str, Callable[[Mailbox, Item], etree._Element | None]]] = {
    "task:IsComplete": _is_complete,
    "task:IsRecurring": _is_recurring,
    "task:IsTeamTask": _said("IsTeamTask", "false"),
    "task:ChangeCount": _said("ChangeCount", "1"),
    "task:DelegationState": _said("DelegationState", "NoMatch"),
    "task:StatusDescription": lambda _, item: (
        t_element("StatusDescription", _DESCRIPTIONS[item.text(_STATUS, "NotStarted")])
        if item.kind == "Task"
        else None
    ),
    "task:Owner": lambda mailbox, item: t_element("Owner", mailbox.name) if item.kind == "Task" else None,
}
