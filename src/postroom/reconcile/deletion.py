"""Deletions: whether what one side deleted is deleted on the other, kind by kind."""

from datetime import datetime

from postroom.reconcile.fields import is_one_way
from postroom.reconcile.item import Item, Kind, Part, Side, State
from postroom.reconcile.pair import Pair
from postroom.reconcile.policy import ContactDeletion, Policy, TaskDeletion
from postroom.reconcile.reason import Reason


def keeps(pair: Pair, survivor: Item, side: Side, now: datetime, policy: Policy) -> Reason | None:
    """Return why the survivor on that side is kept, or None when it is deleted as well."""
    if side is Side.SERVER:
        return _keeps_on_server(pair, survivor, now)
    return _keeps_in_crm(survivor, now, policy)


def _keeps_on_server(pair: Pair, server: Item, now: datetime) -> Reason | None:
    # source: DATAVERSE-EMAIL sync logic, deletions in the CRM
    if server.kind.is_calendar:
        return _keeps_calendar(server, now)
    if server.kind is Kind.CONTACT:
        return Reason.KEPT_OWN_CONTACT if pair.part is Part.OWNER else None
    return Reason.KEPT_COMPLETED_TASK if server.state is State.COMPLETED else None


def _keeps_in_crm(crm: Item, now: datetime, policy: Policy) -> Reason | None:
    # source: DATAVERSE-EMAIL sync logic, deletions in Exchange
    if is_one_way(crm.kind):
        return Reason.KEPT_ONE_WAY
    if crm.kind is Kind.CONTACT:
        may = policy.contact_deletion is ContactDeletion.DELETE_IF_OWNER and crm.part is Part.OWNER
        return None if may else Reason.KEPT_CONTACT
    # source: DATAVERSE-SYNC tasks: a deletion counts for all that is a task in Exchange
    if crm.kind.on_server is Kind.TASK:
        return _keeps_task(crm, policy.task_deletion)
    if crm.state is not State.OPEN:
        return Reason.KEPT_CLOSED
    return _keeps_calendar(crm, now)


def _keeps_calendar(item: Item, now: datetime) -> Reason | None:
    if item.part is not Part.OWNER:
        return Reason.KEPT_NOT_ORGANIZER
    # Of a series the rule does not ask whether it is over.
    return Reason.KEPT_PAST if item.kind is Kind.APPOINTMENT and item.is_past(now) else None


def _keeps_task(crm: Item, deletion: TaskDeletion) -> Reason | None:
    if deletion is TaskDeletion.KEEP:
        return Reason.KEPT_TASK
    if deletion is TaskDeletion.DELETE_UNLESS_COMPLETED and crm.state is not State.OPEN:
        return Reason.KEPT_COMPLETED_TASK
    return None
