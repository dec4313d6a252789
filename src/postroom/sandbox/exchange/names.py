"""Names of Exchange Web Services: namespaces, elements in schema order, fields and folders."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.refusal import Refusal

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES: Final = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES: Final = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS: Final = "http://schemas.microsoft.com/exchange/services/2006/errors"

# Characters that XML 1.0 can't hold, which mail can.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

NSMAP: Final[Mapping[str, str]] = {"s": SOAP, "m": MESSAGES, "t": TYPES}


def t_name(local: str) -> str:
    """Return the name of an element in the namespace of types.

    >>> t_name("Subject")
    '{http://schemas.microsoft.com/exchange/services/2006/types}Subject'
    """
    return f"{{{TYPES}}}{local}"


def m_name(local: str) -> str:
    """Return the name of an element in the namespace of messages."""
    return f"{{{MESSAGES}}}{local}"


def t_element(local: str, text: str | None = None, /, **attributes: str) -> etree._Element:
    """Make an element of the namespace of types, free of any tree."""
    return _element(t_name(local), text, attributes)


def m_element(local: str, text: str | None = None, /, **attributes: str) -> etree._Element:
    """Make an element of the namespace of messages, free of any tree."""
    return _element(m_name(local), text, attributes)


def _element(name: str, text: str | None, attributes: Mapping[str, str]) -> etree._Element:
    made = etree.Element(name, attributes, nsmap=dict(NSMAP))
    made.text = None if text is None else without_controls(text)
    return made


def without_controls(text: str) -> str:
    """Return the text without the characters that XML can't hold.

    >>> without_controls("a\\x00b\\tc")
    'ab\\tc'
    """
    return _NO_XML.sub("", text)


def with_children(parent: etree._Element, children: Iterable[etree._Element]) -> etree._Element:
    """Append the children and return the parent."""
    parent.extend(children)
    return parent


def local_name(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def text_of(element: etree._Element | None) -> str:
    """Return an element's own text, or nothing when there is no such element."""
    return (element.text or "") if element is not None else ""


def child_text(parent: etree._Element, local: str) -> str:
    """Return the text of a child in the namespace of types, or nothing."""
    return text_of(parent.find(t_name(local)))


def first_child(element: etree._Element) -> etree._Element:
    """Return the first child of an element that must have one; `Refusal` when it has none."""
    if not len(element):
        raise Refusal("ErrorInvalidRequest", f"{local_name(element)} is empty.")
    return element[0]


def _fields(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}:{name}" for name in names.split())


#: Stands in the order of elements for the extended properties, of which there may be many.
EXTENDED: Final = "item:ExtendedProperty"

_ITEM = _fields(
    "item",
    "MimeContent ItemId ParentFolderId ItemClass Subject Sensitivity Body Attachments DateTimeReceived Size "
    "Categories Importance InReplyTo IsSubmitted IsDraft IsFromMe IsResend IsUnmodified "
    "InternetMessageHeaders DateTimeSent DateTimeCreated ResponseObjects ReminderDueBy ReminderIsSet "
    "ReminderNextTime ReminderMinutesBeforeStart DisplayCc DisplayTo DisplayBcc HasAttachments "
    "ExtendedProperty Culture EffectiveRights LastModifiedName LastModifiedTime IsAssociated "
    "WebClientReadFormQueryString WebClientEditFormQueryString ConversationId UniqueBody Flag StoreEntryId "
    "InstanceKey NormalizedBody Preview TextBody",
)
_MESSAGE = _fields(
    "message",
    "Sender ToRecipients CcRecipients BccRecipients IsReadReceiptRequested IsDeliveryReceiptRequested "
    "ConversationIndex ConversationTopic From InternetMessageId IsRead IsResponseRequested References "
    "ReplyTo ReceivedBy ReceivedRepresenting",
)
_CALENDAR = _fields(
    "calendar",
    "UID RecurrenceId DateTimeStamp Start End OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When "
    "IsMeeting IsCancelled IsRecurring MeetingRequestWasSent IsResponseRequested CalendarItemType "
    "MyResponseType Organizer RequiredAttendees OptionalAttendees Resources InboxReminders "
    "ConflictingMeetingCount AdjacentMeetingCount ConflictingMeetings AdjacentMeetings Duration TimeZone "
    "AppointmentReplyTime AppointmentSequenceNumber AppointmentState Recurrence FirstOccurrence "
    "LastOccurrence ModifiedOccurrences DeletedOccurrences MeetingTimeZone StartTimeZone EndTimeZone "
    "ConferenceType AllowNewTimeProposal IsOnlineMeeting MeetingWorkspaceUrl NetShowUrl EnhancedLocation "
    "StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId IntendedFreeBusyStatus JoinOnlineMeetingUrl "
    "OnlineMeetingSettings IsOrganizer",
)
_CONTACT = _fields(
    "contacts",
    "FileAs FileAsMapping DisplayName GivenName Initials MiddleName Nickname CompleteName CompanyName "
    "EmailAddresses AbchEmailAddresses PhysicalAddresses PhoneNumbers AssistantName Birthday "
    "BusinessHomePage Children Companies ContactSource Department Generation ImAddresses JobTitle Manager "
    "Mileage OfficeLocation PostalAddressIndex Profession SpouseName Surname WeddingAnniversary HasPicture "
    "PhoneticFullName PhoneticFirstName PhoneticLastName Alias Notes Photo UserSMIMECertificate "
    "MSExchangeCertificate DirectoryId ManagerMailbox DirectReports",
)
_TASK = _fields(
    "task",
    "ActualWork AssignedTime BillingInformation ChangeCount Companies CompleteDate Contacts DelegationState "
    "Delegator DueDate IsAssignmentEditable IsComplete IsRecurring IsTeamTask Mileage Owner PercentComplete "
    "Recurrence StartDate Status StatusDescription TotalWork",
)
_LIST = (*_fields("contacts", "DisplayName FileAs ContactSource"), "distributionlist:Members")
_MEETING = (
    *_fields("meeting", "AssociatedCalendarItemId IsDelegated IsOutOfDate HasBeenProcessed ResponseType"),
    *_fields("calendar", "UID RecurrenceId DateTimeStamp IsOrganizer"),
)
_REQUEST = (
    *_fields("meetingRequest", "MeetingRequestType IntendedFreeBusyStatus"),
    *(
        field
        for field in _CALENDAR[_CALENDAR.index("calendar:Start") :]
        # These belong to appointments only.
        if field
        not in _fields(
            "calendar",
            "IsResponseRequested InboxReminders IntendedFreeBusyStatus JoinOnlineMeetingUrl "
            "OnlineMeetingSettings IsOrganizer",
        )
    ),
)
_RESPONSE = (
    *_fields("calendar", "Start End Location Recurrence CalendarItemType"),
    *_fields("meeting", "ProposedStart ProposedEnd"),
    "calendar:EnhancedLocation",
)
_CANCELLATION = _fields("calendar", "Start End Location Recurrence CalendarItemType EnhancedLocation")

#: The fields of each kind of item, in the order in which the schema wants their elements.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Item": _ITEM,
    "Message": (*_ITEM, *_MESSAGE),
    "CalendarItem": (*_ITEM, *_CALENDAR),
    "Contact": (*_ITEM, *_CONTACT),
    "DistributionList": (*_ITEM, *_LIST),
    "Task": (*_ITEM, *_TASK),
    "MeetingMessage": (*_ITEM, *_MESSAGE, *_MEETING),
    "MeetingRequest": (*_ITEM, *_MESSAGE, *_MEETING, *_REQUEST),
    "MeetingResponse": (*_ITEM, *_MESSAGE, *_MEETING, *_RESPONSE),
    "MeetingCancellation": (*_ITEM, *_MESSAGE, *_MEETING, *_CANCELLATION),
}

_URIS: Mapping[str, Mapping[str, str]] = {
    kind: {field.partition(":")[2]: field for field in fields} for kind, fields in FIELDS.items()
}


def field_uri(kind: str, local: str) -> str | None:
    """Return the FieldURI of an element of this kind of item, or None for an element it has not.

    >>> field_uri("MeetingRequest", "Start"), field_uri("Message", "Start")
    ('calendar:Start', None)
    """
    return _URIS.get(kind, _URIS["Item"]).get(local)


#: The class of an item that is made without one, by its kind.
# source: MS-OXCMSG PidTagMessageClass
ITEM_CLASSES: Final[Mapping[str, str]] = {
    "Item": "IPM.Note",
    "Message": "IPM.Note",
    "CalendarItem": "IPM.Appointment",
    "Contact": "IPM.Contact",
    "DistributionList": "IPM.DistList",
    "Task": "IPM.Task",
    "MeetingMessage": "IPM.Schedule.Meeting",
    "MeetingRequest": "IPM.Schedule.Meeting.Request",
    "MeetingResponse": "IPM.Schedule.Meeting.Resp.Pos",
    "MeetingCancellation": "IPM.Schedule.Meeting.Canceled",
}

ROOT: Final = "root"
TOP: Final = "msgfolderroot"
#: Where softly deleted items lie.
RECOVERABLE: Final = "recoverableitemsdeletions"

#: The folders of every mailbox: distinguished name, name shown, class, distinguished name of the parent.
STANDARD_FOLDERS: Final = (
    (ROOT, "Root", "", ""),
    (TOP, "Top of Information Store", "IPF.Note", ROOT),
    ("inbox", "Inbox", "IPF.Note", TOP),
    ("drafts", "Drafts", "IPF.Note", TOP),
    ("sentitems", "Sent Items", "IPF.Note", TOP),
    ("deleteditems", "Deleted Items", "IPF.Note", TOP),
    ("outbox", "Outbox", "IPF.Note", TOP),
    ("junkemail", "Junk Email", "IPF.Note", TOP),
    ("calendar", "Calendar", "IPF.Appointment", TOP),
    ("contacts", "Contacts", "IPF.Contact", TOP),
    ("tasks", "Tasks", "IPF.Task", TOP),
    ("notes", "Notes", "IPF.StickyNote", TOP),
    ("journal", "Journal", "IPF.Journal", TOP),
    ("recoverableitemsroot", "Recoverable Items", "", ROOT),
    (RECOVERABLE, "Deletions", "", "recoverableitemsroot"),
)

#: The element that stands for a folder, by the first two words of its class.
FOLDER_KINDS: Final[Mapping[str, str]] = {
    "IPF.Appointment": "CalendarFolder",
    "IPF.Contact": "ContactsFolder",
    "IPF.Task": "TasksFolder",
}

#: The class of a folder that is made without one, by the element that describes it.
FOLDER_CLASSES: Final[Mapping[str, str]] = {
    "Folder": "IPF.Note",
    **{kind: name for name, kind in FOLDER_KINDS.items()},
}
