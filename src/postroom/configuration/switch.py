"""Every switch of the organization, declared once: name, effect, default, allowed values.

Their values stand in one XML column; `switches` reads and writes it.
"""

import re
from dataclasses import dataclass
from enum import Enum

Value = bool | int


@dataclass(frozen=True, slots=True)
class _Declared:
    name: str
    effect: str
    default: Value
    allowed: range | None = None
    in_dataverse: str = ""


def _off(name: str, effect: str, in_dataverse: str = "") -> _Declared:
    return _Declared(name, effect, default=False, in_dataverse=in_dataverse)


def _on(name: str, effect: str, in_dataverse: str = "") -> _Declared:
    return _Declared(name, effect, default=True, in_dataverse=in_dataverse)


def _number(
    name: str, effect: str, default: int, lowest: int, highest: int, in_dataverse: str = ""
) -> _Declared:
    return _Declared(name, effect, default, range(lowest, highest + 1), in_dataverse)


class Switch(Enum):
    """Every switch: its name in Dataverse, what it does when it is on, and its default.

    A member is called as in Dataverse, without the SSS that some names begin with there. Left out of
    Dataverse's list are those that a column of the organization holds as well (`pastexpansionwindow`), and
    those of forms and of the retired Outlook client.
    """

    # Whose mail is accepted.
    AUTO_TRACK_SENT_FOLDER_ITEMS = _off(
        "AutoTrackSentFolderItems", "The Sent Items folder is read as the Inbox is, through the same filter."
    )
    DO_NOT_AUTO_TRACK_EMAIL = _on(
        "DoNotAutoTrackEmail",
        "Users and queues may choose the filtering method 4, no messages.",
        in_dataverse="true or false, by source",
    )
    HIDE_TRACK_ALL_OPTION = _off(
        "HideTrackAllOption", "Users may not choose the filtering method 0, all messages; queues still may."
    )
    HIDE_EMAIL_AUTO_TRACK_OPTIONS = _off(
        "HideEmailAutoTrackOptions", "Users keep the filtering method that they have."
    )
    FORCE_FILTERING_METHOD_FOR_USER_MAILBOXES = _number(
        "SSSForceFilteringMethodForUserMailboxes",
        "The filtering method, 0 to 4, that holds for all users instead of their own; -1 leaves them theirs.",
        default=-1,
        lowest=-1,
        highest=4,
    )
    USE_FILTERING_METHOD_OF_SYNCING_MAILBOX_ONLY_FOR_CORRELATION = _off(
        "UseFilteringMethodOfSyncingMailboxOnlyForCorrelation",
        "Only the filter of the mailbox being read decides, not that of every user and queue in To and Cc.",
    )
    IGNORE_INTERNAL_EMAIL_DETECTION_ENHANCEMENT = _on(
        "IgnoreInternalEmailDetectionEnhancement",
        "Where internal mail is ignored, a message is refused only if its sent copy is in the store.",
    )
    DO_NOT_IGNORE_INTERNAL_EMAIL_TO_QUEUES = _on(
        "DoNotIgnoreInternalEmailToQueues",
        "Mail from a user to a queue goes through the queue's filter even where internal mail is ignored.",
        in_dataverse="true; false in older versions",
    )
    IGNORE_INTERNAL_EMAIL_FROM_QUEUES = _off(
        "IgnoreInternalEmailFromQueues",
        "Mail from a queue to a user or queue is refused if its sent copy is in the store.",
    )
    RESTRICT_IRM_EMAIL_ITEMS = _off("RestrictIRMEmailItems", "Rights-managed messages are not tracked.")
    TRACK_CATEGORIZED_ITEMS = _on(
        "TrackCategorizedItems", "A message or item given the tracking category on the server is tracked."
    )

    # What answers what.
    DO_NOT_CORRELATE_FORWARDED_EMAILS_AS_REPLIES = _on(
        "DoNotCorrelateForwardedEmailsAsReplies",
        "A message that was passed on is not taken for an answer to the e-mail it passes on.",
        in_dataverse="false",
    )
    IGNORE_CONVERSATION_INDEX_AND_IN_REPLY_TO_FOR_CORRELATION = _off(
        "IgnoreConversationIndexAndInReplyToForCorrelation",
        "In-Reply-To and the conversation index are not asked; token and smart matching are.",
    )
    DISABLE_SMART_MATCHING = _off(
        "DisableSmartMatching", "No message is matched by its subject's words and its people."
    )
    DISABLE_SMART_MATCHING_EMAIL_HASH_CREATION = _off(
        "DisableSmartMatchingEmailHashCreation", "No hashes of subject words and people are stored."
    )

    # Who stands behind an address.
    UNRESOLVE_SENDER_IN_CASE_OF_MULTIPLE_MATCH = _off(
        "UnresolveSenderInCaseOfMultipleMatch", "A sender whom several records match is left unresolved."
    )
    RESOLVE_FOR_INACTIVE_ENTITIES = _off(
        "ResolveForInactiveEntities",
        "Inactive records too are found by the addresses of recipients.",
        in_dataverse="false; sources read it in opposite ways",
    )
    AUTO_CREATE_CONTACT_ON_PROMOTE = _on(
        "AutoCreateContactOnPromote",
        "A tracked message from an unknown sender may make a contact or lead where its user wishes so.",
    )
    VALIDATE_CONTACT_BEFORE_TRACKING = _on(
        "ValidateContactBeforeTracking", "A contact that tracking would make is checked before it is made."
    )

    # What becomes of a message that was accepted.
    CREATE_QUEUE_ITEMS_FOR_ACCEPTING_QUEUE_RECIPIENTS = _on(
        "CreateQueueItemsForAcceptingQueueRecipients",
        "Each queue in To or Cc whose own filter accepts the message gets a queue item for the e-mail.",
    )
    CREATE_QUEUE_ITEM_FOR_SYNCHRONIZING_MAILBOX = _on(
        "CreateQueueItemForSynchronizingMailbox",
        "The queue whose mailbox is read gets a queue item even if it is not among the recipients.",
        in_dataverse="true; false in older versions",
    )
    CREATE_ADDITIONAL_QUEUE_ITEMS_FOR_ALREADY_TRACKED_EMAIL = _off(
        "SSSCreateAdditionalQueueItemsForAlreadyTrackedEmail",
        "A queue gets its queue item also for an e-mail that another mailbox brought in before.",
    )
    DISABLE_IMPLICIT_SHARING_OF_COMMUNICATION_ACTIVITIES = _off(
        "DisableImplicitSharingOfCommunicationActivities",
        "E-mails and appointments are not shared with the users who take part in them.",
    )

    # Sending.
    MAXIMUM_SUBJECT_LENGTH_ON_MAIL_SERVER = _number(
        "MaximumSubjectLengthOnMailServer",
        "The most characters of a subject that leaves; a longer one is cut so that its token fits.",
        default=255,
        lowest=255,
        highest=400,
    )
    BACKGROUND_SEND_BATCH_SIZE = _number(
        "BackgroundSendBatchSize",
        "How many e-mails of a bulk are sent in one go.",
        default=10,
        lowest=1,
        highest=255,
    )
    SEND_EMAIL_SYNCHRONOUSLY = _number(
        "SendEmailSynchronously",
        "1 sends a bulk's e-mails at once, 0 leaves them to the next pass.",
        default=0,
        lowest=0,
        highest=1,
    )
    ENABLE_MAILBOX_DELEGATION_FOR_OUTGOING_EMAIL = _off(
        "EnableMailboxDelegationForOutgoingEmail",
        "E-mail of another sender leaves through its submitter's mailbox, on the other's behalf.",
        in_dataverse="true or false, by source",
    )
    SAVE_OUTGOING_EMAIL_TO_EXCHANGE_SENT_FOLDER = _on(
        "SSSSaveOutgoingEmailToExchangeSentFolder", "What is sent through Exchange is kept in Sent Items."
    )

    # Appointments, contacts and tasks.
    ALLOW_SAVE_AS_DRAFT_APPOINTMENT = _off(
        "AllowSaveAsDraftAppointment",
        "Appointments may be drafts, which reach the server only when they are sent.",
    )
    PROPAGATE_APPOINTMENT_CANCELLATIONS_TO_EXCHANGE = _off(
        "SSSPropagateAppointmentCancellationsToExchange",
        "Cancelling an appointment in the CRM cancels it on the server.",
    )
    SYNC_APPOINTMENT_IS_PRIVATE_FROM_EXCHANGE = _off(
        "SSSSyncAppointmentIsPrivateFromExchange", "The private mark is taken over from the server."
    )
    UPDATE_PAST_MEETINGS_IN_NON_DRAFT_MODE = _off(
        "SSSUpdatePastMeetingsInNonDraftMode", "Attendees are told of changes to meetings that are over."
    )
    TRACK_APPOINTMENTS_FROM_NON_ORGANIZER = _on(
        "TrackAppointmentsFromNonOrganizer", "An attendee may track a meeting that another organizes."
    )
    FORCE_ORGANIZER_SYNC_FOR_ATTENDEE_TRACKED_APPOINTMENT = _off(
        "ForceOrganizerSyncForAttendeeTrackedAppointment",
        "A meeting that an attendee tracks is synchronized from its organizer's mailbox.",
    )
    USE_CRM_ORGANIZER_FOR_EMPTY_EXCHANGE_ORGANIZER = _off(
        "UseCrmOrganizerForEmptyExchangeOrganizer",
        "Where the server names no organizer, the one of the CRM stays.",
    )
    DISTINCT_PHYSICAL_AND_LOGICAL_DELETES_FOR_EXCHANGE_SYNC = _on(
        "DistinctPhysicalAndLogicalDeletesForExchangeSync",
        "An item that only went out of scope is unlinked and stays; only a deleted one is removed.",
        in_dataverse="false",
    )
    TASK_DELETION_SYNC_BEHAVIOR_FROM_EXCHANGE = _number(
        "SSSTaskDeletionSyncBehaviorFromExchange",
        "A task deleted on the server is in the CRM: 0 deleted, 1 deleted unless completed, 2 kept.",
        default=0,
        lowest=0,
        highest=2,
    )
    IGNORE_COPIED_ITEMS_IN_SSS_FOR_MAILBOX = _on(
        "IgnoreCopiedItemsInSSSForMailbox",
        "A copy that was made of a tracked item on the server is not tracked.",
    )
    EXCHANGE_SYNC_ID_MAPPING_PERSISTENCE_TIME_IN_DAYS = _number(
        "ExchangeSyncIdMappingPersistenceTimeInDays",
        "For how many days a failure of an item is kept once the item has changed or is gone.",
        default=3,
        lowest=0,
        highest=14,
    )
    USE_X_ANCHOR_MAILBOX_IN_EXCHANGE_REQUEST_HEADER = _on(
        "UseXAnchorMailboxInExchangeRequestHeader",
        "Requests to Exchange name the mailbox they are about.",
    )

    # Rights, alerts, figures.
    REQUIRE_PRIVILEGE_TO_SELF_APPROVE_EMAIL_ADDRESS = _off(
        "RequirePrivilegeToSelfApproveEmailAddress",
        "Users need the privilege to approve addresses even for their own.",
    )
    ALWAYS_CHECK_TRACE_LOG_DELETE_PRIVILEGE = _off(
        "AlwaysCheckTraceLogDeletePrivilege", "Users need the privilege to delete alerts even for their own."
    )
    TRACE_LOG_PERSISTENCE_TIME_IN_DAYS = _number(
        "TraceLogPersistenceTimeInDays",
        "For how many days alerts are kept.",
        default=30,
        lowest=0,
        highest=3650,
    )
    ENABLE_SSS_ITEM_LEVEL_MONITORING = _on(
        "EnableSssItemLevelMonitoring", "Failures of single messages and items are recorded and shown."
    )
    MAILBOX_STATISTICS_PERSISTENCE_TIME_IN_DAYS = _number(
        "MailboxStatisticsPersistenceTimeInDays",
        "For how many days the figures of each pass are kept; 0 records none.",
        default=3,
        lowest=0,
        highest=365,
        in_dataverse="3 or 0, by source",
    )
    TRACE_EXCHANGE_SYNC_DATA = _off(
        "TraceExchangeSyncData", "What is exchanged with Exchange is recorded for the support."
    )

    @property
    def name_in_dataverse(self) -> str:
        """Return the name of its element in the XML."""
        return self.value.name

    @property
    def effect(self) -> str:
        """Return a sentence that says what it does; of one that is on or off, when it is on."""
        return self.value.effect

    @property
    def default(self) -> Value:
        """Return the value it has when nobody has set it."""
        return self.value.default

    @property
    def default_in_dataverse(self) -> str:
        """Return what Dataverse's default is, or empty when it is the same as ours."""
        return self.value.in_dataverse

    @property
    def allowed(self) -> range | None:
        """Return the numbers that it may be set to; None of one that is on or off."""
        return self.value.allowed

    def admits(self, value: Value) -> bool:
        """Say whether it may be set to this value."""
        if self.allowed is None:
            return isinstance(value, bool)
        return not isinstance(value, bool) and value in self.allowed

    @property
    def demand(self) -> str:
        """Return a sentence that says which values it may have.

        >>> Switch.TASK_DELETION_SYNC_BEHAVIOR_FROM_EXCHANGE.demand
        'SSSTaskDeletionSyncBehaviorFromExchange must be a whole number from 0 to 2'
        """
        if self.allowed is None:
            return f"{self.name_in_dataverse} must be true or false"
        return f"{self.name_in_dataverse} must be a whole number from {self.allowed[0]} to {self.allowed[-1]}"


#: Switches that something in the code asks for. The others can be set and are kept, and change nothing yet.
OBEYED = frozenset({
    Switch.TRACE_LOG_PERSISTENCE_TIME_IN_DAYS,
    Switch.MAILBOX_STATISTICS_PERSISTENCE_TIME_IN_DAYS,
    Switch.ALLOW_SAVE_AS_DRAFT_APPOINTMENT,
    Switch.PROPAGATE_APPOINTMENT_CANCELLATIONS_TO_EXCHANGE,
    Switch.SYNC_APPOINTMENT_IS_PRIVATE_FROM_EXCHANGE,
    Switch.UPDATE_PAST_MEETINGS_IN_NON_DRAFT_MODE,
    Switch.TRACK_APPOINTMENTS_FROM_NON_ORGANIZER,
    Switch.DISTINCT_PHYSICAL_AND_LOGICAL_DELETES_FOR_EXCHANGE_SYNC,
    Switch.TASK_DELETION_SYNC_BEHAVIOR_FROM_EXCHANGE,
    Switch.IGNORE_COPIED_ITEMS_IN_SSS_FOR_MAILBOX,
    Switch.EXCHANGE_SYNC_ID_MAPPING_PERSISTENCE_TIME_IN_DAYS,
    Switch.AUTO_TRACK_SENT_FOLDER_ITEMS,
    Switch.TRACK_CATEGORIZED_ITEMS,
    Switch.SAVE_OUTGOING_EMAIL_TO_EXCHANGE_SENT_FOLDER,
    Switch.DO_NOT_AUTO_TRACK_EMAIL,
    Switch.HIDE_TRACK_ALL_OPTION,
    Switch.HIDE_EMAIL_AUTO_TRACK_OPTIONS,
    Switch.FORCE_FILTERING_METHOD_FOR_USER_MAILBOXES,
    Switch.USE_FILTERING_METHOD_OF_SYNCING_MAILBOX_ONLY_FOR_CORRELATION,
    Switch.IGNORE_INTERNAL_EMAIL_DETECTION_ENHANCEMENT,
    Switch.DO_NOT_IGNORE_INTERNAL_EMAIL_TO_QUEUES,
    Switch.IGNORE_INTERNAL_EMAIL_FROM_QUEUES,
    Switch.DO_NOT_CORRELATE_FORWARDED_EMAILS_AS_REPLIES,
    Switch.IGNORE_CONVERSATION_INDEX_AND_IN_REPLY_TO_FOR_CORRELATION,
    Switch.DISABLE_SMART_MATCHING,
    Switch.DISABLE_SMART_MATCHING_EMAIL_HASH_CREATION,
    Switch.UNRESOLVE_SENDER_IN_CASE_OF_MULTIPLE_MATCH,
    Switch.RESOLVE_FOR_INACTIVE_ENTITIES,
    Switch.AUTO_CREATE_CONTACT_ON_PROMOTE,
    Switch.CREATE_QUEUE_ITEMS_FOR_ACCEPTING_QUEUE_RECIPIENTS,
    Switch.CREATE_QUEUE_ITEM_FOR_SYNCHRONIZING_MAILBOX,
    Switch.CREATE_ADDITIONAL_QUEUE_ITEMS_FOR_ALREADY_TRACKED_EMAIL,
    Switch.MAXIMUM_SUBJECT_LENGTH_ON_MAIL_SERVER,
    Switch.SAVE_OUTGOING_EMAIL_TO_EXCHANGE_SENT_FOLDER,
    Switch.USE_X_ANCHOR_MAILBOX_IN_EXCHANGE_REQUEST_HEADER,
})  # fmt: skip

_BY_NAME = {switch.name_in_dataverse.lower(): switch for switch in Switch}


def find_switch(name: str) -> Switch | None:
    """Return the switch of this name, in whatever case it is written.

    >>> find_switch("hidetrackalloption")
    <Switch.HIDE_TRACK_ALL_OPTION: ...>
    """
    return _BY_NAME.get(name.lower())


def parse(switch: Switch, text: str) -> Value | None:
    """Return the value that a text says, or None when the switch can't be set to it.

    >>> parse(Switch.HIDE_TRACK_ALL_OPTION, "True"), parse(Switch.TRACE_LOG_PERSISTENCE_TIME_IN_DAYS, "90")
    (True, 90)
    """
    text = text.strip().lower()
    if switch.allowed is None:
        return _TRUTH.get(text)
    if _WHOLE.fullmatch(text) and int(text) in switch.allowed:
        return int(text)
    return None


_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_WHOLE = re.compile(r"-?[0-9]{1,10}")
