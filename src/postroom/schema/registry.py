"""Every table by its logical name and by its set name."""

from collections.abc import Mapping, Sequence
from functools import cache

from postroom.schema.account import Account
from postroom.schema.activity import ActivityPointer
from postroom.schema.alert import SyncError, TraceLog
from postroom.schema.appointment import Appointment
from postroom.schema.attachment import ActivityMimeAttachment, Attachment
from postroom.schema.audit import Audit
from postroom.schema.blob import Blob
from postroom.schema.circuit import Circuit
from postroom.schema.contact import Contact
from postroom.schema.correspondence import Fax, Letter, PhoneCall
from postroom.schema.decision import Decision
from postroom.schema.deletion import Deletion
from postroom.schema.email import Email
from postroom.schema.folder import MailboxTrackingCategory, MailboxTrackingFolder
from postroom.schema.incident import Incident
from postroom.schema.journal import SendJournal
from postroom.schema.key import ApiKey
from postroom.schema.lead import Lead
from postroom.schema.ledger import Ledger
from postroom.schema.mailbox import Mailbox, MailboxStatistics
from postroom.schema.mapping import (
    PrincipalSyncAttributeMap,
    SyncAttributeMapping,
    SyncAttributeMappingProfile,
    SystemUserSyncMappingProfiles,
    TeamSyncAttributeMappingProfiles,
)
from postroom.schema.mark import Mark
from postroom.schema.note import Annotation
from postroom.schema.organization import Organization
from postroom.schema.overwritten import Overwritten
from postroom.schema.pair import BookableResourceBookingExchangeSyncIdMapping, ExchangeSyncIdMapping
from postroom.schema.party import ActivityParty, UnresolvedAddress
from postroom.schema.profile import EmailServerProfile
from postroom.schema.quarantine import Quarantine
from postroom.schema.query import SavedQuery, SubscriptionManuallyTrackedObject, UserQuery
from postroom.schema.queue import Queue, QueueItem
from postroom.schema.recurrence import RecurrenceRule, RecurringAppointmentMaster
from postroom.schema.report import Report
from postroom.schema.search import AddressChoice, EmailHash, EmailSearch
from postroom.schema.service import ServiceAppointment
from postroom.schema.table import Row, TableInfo, Unstored
from postroom.schema.task import Task
from postroom.schema.team import BusinessUnit, Team, TeamMembership
from postroom.schema.template import EmailSignature, Template
from postroom.schema.user import SystemUser, UserSettings
from postroom.schema.version import Compatibility, RowVersion
from postroom.schema.wish import MessageWish
from postroom.schema.workload import Workload

#: The tables in the order in which documentation shows them.
CLASSES: Sequence[type[Row] | type[Unstored]] = (
    Organization,
    BusinessUnit,
    SystemUser,
    UserSettings,
    Team,
    TeamMembership,
    Queue,
    QueueItem,
    EmailServerProfile,
    Mailbox,
    MailboxStatistics,
    MailboxTrackingFolder,
    MailboxTrackingCategory,
    TraceLog,
    SyncError,
    ActivityPointer,
    Email,
    ActivityParty,
    ActivityMimeAttachment,
    Attachment,
    EmailSearch,
    EmailHash,
    AddressChoice,
    UnresolvedAddress,
    Template,
    EmailSignature,
    Appointment,
    RecurringAppointmentMaster,
    RecurrenceRule,
    Task,
    PhoneCall,
    Letter,
    Fax,
    ServiceAppointment,
    Contact,
    Account,
    Lead,
    Incident,
    Annotation,
    ExchangeSyncIdMapping,
    BookableResourceBookingExchangeSyncIdMapping,
    Overwritten,
    SyncAttributeMappingProfile,
    SyncAttributeMapping,
    PrincipalSyncAttributeMap,
    SystemUserSyncMappingProfiles,
    TeamSyncAttributeMappingProfiles,
    UserQuery,
    SavedQuery,
    SubscriptionManuallyTrackedObject,
    Ledger,
    Mark,
    Decision,
    Quarantine,
    Report,
    MessageWish,
    Blob,
    SendJournal,
    Workload,
    ApiKey,
    Audit,
    Circuit,
    Deletion,
    RowVersion,
    Compatibility,
)


@cache
def tables() -> Sequence[TableInfo]:
    """Return every table."""
    return tuple(TableInfo(cls) for cls in CLASSES)


def find(logical_name: str) -> TableInfo | None:
    """Return the table with this logical name, or None."""
    return _by_logical_name().get(logical_name)


def by_logical_name(logical_name: str) -> TableInfo:
    """Return the table with this logical name; raises `KeyError` when there is none."""
    return _by_logical_name()[logical_name]


def by_set_name(set_name: str) -> TableInfo:
    """Return the table whose rows the Web API finds under this name; raises `KeyError` when there is none."""
    return _by_set_name()[set_name]


def activities() -> Sequence[TableInfo]:
    """Return the tables of activities."""
    return tuple(table for table in tables() if table.is_activity)


@cache
def _by_logical_name() -> Mapping[str, TableInfo]:
    return {table.logical_name: table for table in tables()}


@cache
def _by_set_name() -> Mapping[str, TableInfo]:
    return {table.set_name: table for table in tables()}
