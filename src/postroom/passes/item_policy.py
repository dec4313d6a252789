"""From the organization's switches and mapping rows to the policy of keeping items."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.configuration.switch import Switch
from postroom.configuration.switches import read_switches
from postroom.reconcile.fields import Directions, directions_of
from postroom.reconcile.item import Kind
from postroom.reconcile.policy import Clashes, Conflicts, Duplicates, Policy, PrivateItems, TaskDeletion
from postroom.schema.choices import BookingPolicy, ItemConflictPolicy, ItemDuplicatePolicy, SyncDirection
from postroom.schema.mapping import SyncAttributeMapping
from postroom.store.mailboxes import Setup
from postroom.store.pairs import TABLES

_MAPPING = SyncAttributeMapping.__table__


def policy_of_items(organization: Mapping[str, Any]) -> Policy:
    """Return what the organization has chosen for appointments, contacts and tasks."""
    switches = read_switches(organization.get("orgdborgsettings"))
    marked = switches.is_on(Switch.SYNC_APPOINTMENT_IS_PRIVATE_FROM_EXCHANGE)
    address_only = organization.get("iscontactmailingaddresssyncenabled")
    return Policy(
        distinct_deletes=switches.is_on(Switch.DISTINCT_PHYSICAL_AND_LOGICAL_DELETES_FOR_EXCHANGE_SYNC),
        propagate_cancellations=switches.is_on(Switch.PROPAGATE_APPOINTMENT_CANCELLATIONS_TO_EXCHANGE),
        task_deletion=TaskDeletion(switches.number(Switch.TASK_DELETION_SYNC_BEHAVIOR_FROM_EXCHANGE)),
        update_past_meetings_openly=switches.is_on(Switch.UPDATE_PAST_MEETINGS_IN_NON_DRAFT_MODE),
        private_items=PrivateItems.MARKED if marked else PrivateItems.BUSY_BLOCK,
        track_from_non_organizer=switches.is_on(Switch.TRACK_APPOINTMENTS_FROM_NON_ORGANIZER),
        ignore_copies=switches.is_on(Switch.IGNORE_COPIED_ITEMS_IN_SSS_FOR_MAILBOX),
        save_as_draft=switches.is_on(Switch.ALLOW_SAVE_AS_DRAFT_APPOINTMENT),
        sync_attachments=bool(organization.get("isappointmentattachmentsyncenabled")),
        mailing_address_only=True if address_only is None else bool(address_only),
        conflicts=_CONFLICTS[organization.get("postroom_itemconflictpolicy") or 0],
        duplicates=_DUPLICATES[organization.get("postroom_itemduplicatepolicy") or 0],
        clashes=_CLASHES[organization.get("postroom_bookingpolicy") or 0],
    )


_CONFLICTS: Mapping[int, Conflicts] = {
    ItemConflictPolicy.LATER_WINS: Conflicts.LATER_WINS,
    ItemConflictPolicy.ASK: Conflicts.ASK,
}
_DUPLICATES: Mapping[int, Duplicates] = {
    ItemDuplicatePolicy.LINK: Duplicates.LINK,
    ItemDuplicatePolicy.ASK: Duplicates.ASK,
    ItemDuplicatePolicy.CREATE: Duplicates.CREATE,
}
_CLASHES: Mapping[int, Clashes] = {
    BookingPolicy.WARN: Clashes.WARN,
    BookingPolicy.IGNORE: Clashes.IGNORE,
    BookingPolicy.ASK: Clashes.ASK,
}


def directions_for(connection: Connection, setup: Setup, policy: Policy) -> Mapping[Kind, Directions]:
    """Return which way each field goes: as delivered, and as an administrator has set it."""
    return {kind: directions_of(kind, policy, _chosen(connection, TABLES[kind])) for kind in Kind}


def _chosen(connection: Connection, table: str) -> Mapping[str, SyncDirection]:
    query = sa.select(_MAPPING.c.mappingname, _MAPPING.c.syncdirection).where(
        _MAPPING.c.entitytypecode == table, _MAPPING.c.syncdirection.is_not(None)
    )
    return {row.mappingname: SyncDirection(row.syncdirection) for row in connection.execute(query)}
