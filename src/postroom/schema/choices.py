"""Option sets: every choice a column may hold, with the label a person reads.

The numbers are Dataverse's and never change; option sets of Postroom's own say so. `Reason` also carries the
sentence that an administrator reads beside a decision.
"""

from enum import IntEnum
from typing import Self


class Choice(IntEnum):
    """An option set; each member is a code with its label."""

    label: str

    def __new__(cls, code: int, label: str = "") -> Self:
        """Make the member from its code and its label."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member


class ActiveState(Choice):
    """State of most records."""

    ACTIVE = 0, "Active"
    INACTIVE = 1, "Inactive"


class ActiveStatus(Choice):
    """Status reasons of most records."""

    ACTIVE = 1, "Active"
    INACTIVE = 2, "Inactive"


class ExchangeVersion(Choice):
    """Version of the EWS requests to make."""

    EXCHANGE_2007 = 0, "Exchange 2007"
    EXCHANGE_2007_SP1 = 1, "Exchange 2007 SP1"
    EXCHANGE_2010 = 2, "Exchange 2010"
    EXCHANGE_2010_SP1 = 3, "Exchange 2010 SP1"
    EXCHANGE_2010_SP2 = 4, "Exchange 2010 SP2"
    EXCHANGE_2013 = 5, "Exchange 2013"


class AuthenticationProtocol(Choice):
    """How to sign in to a mail server."""

    AUTO_DETECT = 0, "Auto Detect"
    NEGOTIATE = 1, "Negotiate"
    NTLM = 2, "NTLM"
    BASIC = 3, "Basic"
    OAUTH = 4, "OAuth"


class CredentialRetrieval(Choice):
    """Whose credentials sign in to a mail server."""

    USER_OR_QUEUE = 0, "Credentials Specified by a User or Queue"
    PROFILE = 1, "Credentials Specified in Email Server Profile"
    SERVER_TO_SERVER = 2, "Server to Server Authentication"
    WINDOWS_INTEGRATED = 3, "Windows Integrated Authentication"
    ANONYMOUS = 4, "Without Credentials (Anonymous)"
    GMAIL_OAUTH = 5, "Gmail OAuth"
    EXCHANGE_HYBRID_MODERN = 6, "Exchange Hybrid Modern Auth (HMA)"
    ENTRA_OAUTH = 7, "OAuth with Microsoft Entra ID"
    MANAGED_IDENTITY = 8, "Power Platform Managed Identity Auth (PPMI)"


class SuccessOrFailure(Choice):
    """Outcome of a step of a profile test."""

    FAILURE = 0, "Failure"
    SUCCESS = 1, "Success"


class ExecutionStatus(Choice):
    """Outcome of the last profile test."""

    FAILURE = 0, "Failure"
    SUCCESS = 1, "Success"
    WARNING = 2, "Warning"


class ServerAuthority(Choice):
    """The cloud that issues OAuth tokens."""

    PUBLIC = 0, "Public (+GCC) (https://login.microsoftonline.com)"
    US_GOVERNMENT = 1, "US Government (GCC High and DoD) (https://login.microsoftonline.us)"
    CHINA = 2, "China (21Vianet) (https://login.chinacloudapi.cn)"
    AUTOMATIC = 3, "Automatic (determined by Dynamics 365 cloud)"


class ServerType(Choice):
    """The kind of mail system a profile stands for."""

    EXCHANGE_SERVER = 0, "Exchange Server"
    POP3_SMTP = 1, "Other (POP3/SMTP)"
    EXCHANGE_HYBRID = 2, "Exchange Server (Hybrid)"
    EXCHANGE_ONLINE = 3, "Exchange Online (Hybrid)"
    IMAP_SMTP = 4, "IMAP/SMTP"


class ConnectionSecurity(Choice):
    """How a connection is protected; Postroom's own."""

    AUTOMATIC = 0, "Automatic, by the port number"
    IMPLICIT_TLS = 1, "TLS from the first byte"
    UPGRADE = 2, "STARTTLS or STLS"


class ItemDeliveryMethod(Choice):
    """How appointments, contacts and tasks are synchronized."""

    OUTLOOK = 0, "Microsoft Dynamics 365 for Outlook"
    SERVER_SIDE = 1, "Server-Side Synchronization"
    NONE = 2, "None"


class IncomingDeliveryMethod(Choice):
    """How incoming e-mail arrives."""

    NONE = 0, "None"
    OUTLOOK = 1, "Microsoft Dynamics 365 for Outlook"
    SERVER_SIDE = 2, "Server-Side Synchronization or Email Router"
    FORWARD_MAILBOX = 3, "Forward Mailbox"


class OutgoingDeliveryMethod(Choice):
    """How outgoing e-mail leaves."""

    NONE = 0, "None"
    OUTLOOK = 1, "Microsoft Dynamics 365 for Outlook"
    SERVER_SIDE = 2, "Server-Side Synchronization or Email Router"


class RunStatus(Choice):
    """Result of a mailbox test or of the last cycle."""

    NOT_RUN = 0, "Not Run"
    SUCCESS = 1, "Success"
    FAILURE = 2, "Failure"


class AccessApproval(Choice):
    """Approval state of an address."""

    EMPTY = 0, "Empty"
    APPROVED = 1, "Approved"
    PENDING = 2, "Pending Approval"
    REJECTED = 3, "Rejected"


class ContactsImportStatus(Choice):
    """State of the import of Exchange contacts."""

    NOT_IMPORTED = 0, "NotImported"
    IMPORTED = 1, "Imported"
    IMPORT_FAILED = 2, "ImportFailed"


class OfficeAppsStatus(Choice):
    """State of the Outlook app of a mailbox."""

    NOT_INSTALLED = 0, "NotInstalled"
    INSTALLED = 1, "Installed"
    INSTALL_FAILED = 2, "InstallFailed"
    UNINSTALL_FAILED = 3, "UninstallFailed"
    UPGRADE_REQUIRED = 4, "UpgradeRequired"


class MailboxOperation(Choice):
    """What a mailbox cycle worked on."""

    INCOMING = 0, "Incoming Email"
    OUTGOING = 1, "Outgoing Email"
    ACT = 2, "ACT"


class FilteringMethod(Choice):
    """Which incoming e-mail a user or queue accepts."""

    ALL = 0, "All email messages"
    RESPONSES = 1, "Email messages in response to Dynamics 365 email"
    KNOWN_SENDERS = 2, "Email messages from Dynamics 365 Leads, Contacts and Accounts"
    EMAIL_ENABLED = 3, "Email messages from Dynamics 365 records that are email enabled"
    NONE = 4, "No email messages"


class Priority(Choice):
    """Priority of an activity and of its delivery."""

    LOW = 0, "Low"
    NORMAL = 1, "Normal"
    HIGH = 2, "High"


class EmailState(Choice):
    """State of an e-mail."""

    OPEN = 0, "Open"
    COMPLETED = 1, "Completed"
    CANCELED = 2, "Canceled"


class EmailStatus(Choice):
    """Status reasons of an e-mail."""

    DRAFT = 1, "Draft"
    COMPLETED = 2, "Completed"
    SENT = 3, "Sent"
    RECEIVED = 4, "Received"
    CANCELED = 5, "Canceled"
    PENDING_SEND = 6, "Pending Send"
    SENDING = 7, "Sending"
    FAILED = 8, "Failed"


class CorrelationMethod(Choice):
    """How an e-mail was matched to an earlier one."""

    NONE = 0, "None"
    SKIPPED = 1, "Skipped"
    X_HEADER = 2, "XHeader"
    IN_REPLY_TO = 3, "InReplyTo"
    TRACKING_TOKEN = 4, "TrackingToken"
    CONVERSATION_INDEX = 5, "ConversationIndex"
    SMART_MATCHING = 6, "SmartMatching"
    CUSTOM = 7, "CustomCorrelation"


class EmailNotification(Choice):
    """What a reader of the e-mail should know about its content."""

    NONE = 0, "None"
    ATTACHMENTS_LEFT_OUT = 1, "Saved, but not all attachments could be saved"
    TRUNCATED_BODY = 2, "Truncated body"


class ReminderStatus(Choice):
    """State of a reminder on an e-mail."""

    NOT_SET = 0, "NotSet"
    REMINDER_SET = 1, "ReminderSet"
    REMINDER_EXPIRED = 2, "ReminderExpired"
    REMINDER_INVALID = 3, "ReminderInvalid"


class ReminderType(Choice):
    """When a reminder on an e-mail is due."""

    NO_REPLY = 0, "If I do not receive a reply by"
    NOT_OPENED = 1, "If the email is not opened by"
    ANYWAY = 2, "Remind me anyways at"


class SendOutcome(Choice):
    """What became of the last attempt to send an e-mail; Postroom's own."""

    NONE = 0, "None"
    ACCEPTED = 1, "Accepted"
    DEFERRED = 2, "Deferred"
    REFUSED = 3, "Refused"
    UNCERTAIN = 4, "Uncertain"


class UncertainSendPolicy(Choice):
    """What to do with an e-mail that may or may not have left; Postroom's own."""

    WAIT = 0, "Wait for a person"
    SEND_AGAIN = 1, "Send again"


class Participation(Choice):
    """The role of a party in an activity."""

    SENDER = 1, "Sender"
    TO = 2, "To Recipient"
    CC = 3, "CC Recipient"
    BCC = 4, "BCC Recipient"
    REQUIRED = 5, "Required attendee"
    OPTIONAL = 6, "Optional attendee"
    ORGANIZER = 7, "Organizer"
    REGARDING = 8, "Regarding"
    OWNER = 9, "Owner"
    RESOURCE = 10, "Resource"
    CUSTOMER = 11, "Customer"
    CHAT_PARTICIPANT = 12, "Chat Participant"
    RELATED = 13, "Related"


class AttendeeResponse(Choice):
    """What an attendee has answered to an invitation."""

    ACCEPTED = 1, "Accepted"
    TENTATIVE = 2, "Tentative"
    DECLINED = 3, "Declined"


class BookingPolicy(Choice):
    """What becomes of an appointment whose organizer or attendees have another one at that time."""

    WARN = 0, "Book and warn"
    IGNORE = 1, "Book without a look"
    ASK = 2, "Ask before booking"


class ItemConflictPolicy(Choice):
    """What stays when both sides changed the same field of an appointment, contact or task."""

    LATER_WINS = 0, "The later change stays"
    ASK = 1, "Ask the user"


class ItemDuplicatePolicy(Choice):
    """What becomes of two items that look alike."""

    LINK = 0, "Link them"
    ASK = 1, "Ask the user"
    CREATE = 2, "Create another"


class InstanceType(Choice):
    """Place of an activity in a series."""

    NOT_RECURRING = 0, "Not Recurring"
    RECURRING_MASTER = 1, "Recurring Master"
    RECURRING_INSTANCE = 2, "Recurring Instance"
    RECURRING_EXCEPTION = 3, "Recurring Exception"
    RECURRING_FUTURE_EXCEPTION = 4, "Recurring Future Exception"


class ComponentState(Choice):
    """Publication state of a solution component."""

    PUBLISHED = 0, "Published"
    UNPUBLISHED = 1, "Unpublished"
    DELETED = 2, "Deleted"
    DELETED_UNPUBLISHED = 3, "Deleted Unpublished"


class AttachmentErrors(Choice):
    """Whether attachments of an appointment were left out."""

    NONE = 0, "None"
    LEFT_OUT = 1, "The appointment was saved, but not all attachments could be saved"


class OnlineMeetingType(Choice):
    """The service that holds an online meeting."""

    TEAMS = 1, "Teams Meeting"


class AppointmentState(Choice):
    """State of an appointment or series."""

    OPEN = 0, "Open"
    COMPLETED = 1, "Completed"
    CANCELED = 2, "Canceled"
    SCHEDULED = 3, "Scheduled"


class AppointmentStatus(Choice):
    """Status reasons of an appointment or series."""

    FREE = 1, "Free"
    TENTATIVE = 2, "Tentative"
    COMPLETED = 3, "Completed"
    CANCELED = 4, "Canceled"
    BUSY = 5, "Busy"
    OUT_OF_OFFICE = 6, "Out of Office"


class RecurrencePattern(Choice):
    """How often a series recurs."""

    DAILY = 0, "Daily"
    WEEKLY = 1, "Weekly"
    MONTHLY = 2, "Monthly"
    YEARLY = 3, "Yearly"


class PatternEnd(Choice):
    """How a series ends."""

    NO_END_DATE = 1, "No End Date"
    OCCURRENCES = 2, "Occurrences"
    PATTERN_END_DATE = 3, "Pattern End Date"


class WeekInstance(Choice):
    """Which one of the month's days a series falls on."""

    FIRST = 1, "First"
    SECOND = 2, "Second"
    THIRD = 3, "Third"
    FOURTH = 4, "Fourth"
    LAST = 5, "Last"


class MonthOfYear(Choice):
    """The month a yearly series falls in."""

    INVALID = 0, "Invalid Month Of Year"
    JANUARY = 1, "January"
    FEBRUARY = 2, "February"
    MARCH = 3, "March"
    APRIL = 4, "April"
    MAY = 5, "May"
    JUNE = 6, "June"
    JULY = 7, "July"
    AUGUST = 8, "August"
    SEPTEMBER = 9, "September"
    OCTOBER = 10, "October"
    NOVEMBER = 11, "November"
    DECEMBER = 12, "December"


class ExpansionState(Choice):
    """How far a series is expanded into appointments."""

    UNEXPANDED = 0, "Unexpanded"
    PARTIAL = 1, "Partial"
    FULL = 2, "Full"


class TaskState(Choice):
    """State of a task."""

    OPEN = 0, "Open"
    COMPLETED = 1, "Completed"
    CANCELED = 2, "Canceled"


class TaskStatus(Choice):
    """Status reasons of a task."""

    NOT_STARTED = 2, "Not Started"
    IN_PROGRESS = 3, "In Progress"
    WAITING = 4, "Waiting on someone else"
    COMPLETED = 5, "Completed"
    CANCELED = 6, "Canceled"
    DEFERRED = 7, "Deferred"


class CorrespondenceState(Choice):
    """State of a phone call, letter or fax."""

    OPEN = 0, "Open"
    COMPLETED = 1, "Completed"
    CANCELED = 2, "Canceled"


class PhoneCallStatus(Choice):
    """Status reasons of a phone call."""

    OPEN = 1, "Open"
    MADE = 2, "Made"
    CANCELED = 3, "Canceled"
    RECEIVED = 4, "Received"


class LetterStatus(Choice):
    """Status reasons of a letter."""

    OPEN = 1, "Open"
    DRAFT = 2, "Draft"
    RECEIVED = 3, "Received"
    SENT = 4, "Sent"
    CANCELED = 5, "Canceled"


class FaxStatus(Choice):
    """Status reasons of a fax."""

    OPEN = 1, "Open"
    COMPLETED = 2, "Completed"
    SENT = 3, "Sent"
    RECEIVED = 4, "Received"
    CANCELED = 5, "Canceled"


class ServiceState(Choice):
    """State of a service activity."""

    OPEN = 0, "Open"
    CLOSED = 1, "Closed"
    CANCELED = 2, "Canceled"
    SCHEDULED = 3, "Scheduled"


class ServiceStatus(Choice):
    """Status reasons of a service activity."""

    REQUESTED = 1, "Requested"
    TENTATIVE = 2, "Tentative"
    PENDING = 3, "Pending"
    RESERVED = 4, "Reserved"
    IN_PROGRESS = 6, "In Progress"
    ARRIVED = 7, "Arrived"
    COMPLETED = 8, "Completed"
    CANCELED = 9, "Canceled"
    NO_SHOW = 10, "No Show"


class ActivityState(Choice):
    """State of an activity of any kind."""

    OPEN = 0, "Open"
    COMPLETED = 1, "Completed"
    CANCELED = 2, "Canceled"
    SCHEDULED = 3, "Scheduled"


class ActivityStatus(Choice):
    """Status reasons of an activity of any kind."""

    OPEN = 1, "Open"
    COMPLETED = 2, "Completed"
    CANCELED = 3, "Canceled"
    SCHEDULED = 4, "Scheduled"


class Community(Choice):
    """The social channel an activity came from."""

    OTHER = 0, "Other"
    FACEBOOK = 1, "Facebook"
    TWITTER = 2, "Twitter"


class Gender(Choice):
    """Gender of a person."""

    MALE = 1, "Male"
    FEMALE = 2, "Female"


class FamilyStatus(Choice):
    """Marital status of a person."""

    SINGLE = 1, "Single"
    MARRIED = 2, "Married"
    DIVORCED = 3, "Divorced"
    WIDOWED = 4, "Widowed"


class AddressType(Choice):
    """What an address is for."""

    BILL_TO = 1, "Bill To"
    SHIP_TO = 2, "Ship To"
    PRIMARY = 3, "Primary"
    OTHER = 4, "Other"


class ContactMethod(Choice):
    """How a person or company prefers to be reached."""

    ANY = 1, "Any"
    EMAIL = 2, "Email"
    PHONE = 3, "Phone"
    FAX = 4, "Fax"
    MAIL = 5, "Mail"


class LeadState(Choice):
    """State of a lead."""

    OPEN = 0, "Open"
    QUALIFIED = 1, "Qualified"
    DISQUALIFIED = 2, "Disqualified"


class LeadStatus(Choice):
    """Status reasons of a lead."""

    NEW = 1, "New"
    CONTACTED = 2, "Contacted"
    QUALIFIED = 3, "Qualified"
    LOST = 4, "Lost"
    CANNOT_CONTACT = 5, "Cannot Contact"
    NO_LONGER_INTERESTED = 6, "No Longer Interested"
    CANCELED = 7, "Canceled"


class AccessMode(Choice):
    """What a user may sign in for."""

    READ_WRITE = 0, "Read-Write"
    ADMINISTRATIVE = 1, "Administrative"
    READ = 2, "Read"
    SUPPORT_USER = 3, "Support User"
    NON_INTERACTIVE = 4, "Non-interactive"
    DELEGATED_ADMIN = 5, "Delegated Admin"


class DeletedState(Choice):
    """Whether a user was deleted."""

    NOT_DELETED = 0, "Not deleted"
    SOFT_DELETED = 1, "Soft deleted"


class AzureState(Choice):
    """Whether a user exists in Microsoft Entra ID."""

    EXISTS = 0, "Exists"
    SOFT_DELETED = 1, "Soft deleted"
    GONE = 2, "Not found or hard deleted"


class QueueViewType(Choice):
    """Who sees a queue."""

    PUBLIC = 0, "Public"
    PRIVATE = 1, "Private"


class QueueType(Choice):
    """Kind of a queue."""

    DEFAULT_VALUE = 1, "Default Value"


class QueuedObjectType(Choice):
    """Table of a queued record, as a number."""

    CASE = 112, "Case"
    ACTIVITY = 4200, "Activity"
    APPOINTMENT = 4201, "Appointment"
    EMAIL = 4202, "Email"
    FAX = 4204, "Fax"
    LETTER = 4207, "Letter"
    PHONE_CALL = 4210, "Phone Call"
    TASK = 4212, "Task"
    SERVICE_ACTIVITY = 4214, "Service Activity"
    SOCIAL_ACTIVITY = 4216, "Social Activity"
    RECURRING_APPOINTMENT = 4251, "Recurring Appointment"
    CAMPAIGN_RESPONSE = 4401, "Campaign Response"
    CAMPAIGN_ACTIVITY = 4402, "Campaign Activity"
    QUICK_CAMPAIGN = 4406, "Quick Campaign"
    KNOWLEDGE_ARTICLE = 9953, "Knowledge Article"


class TeamType(Choice):
    """Kind of a team."""

    OWNER = 0, "Owner"
    ACCESS = 1, "Access"
    SECURITY_GROUP = 2, "Security Group (Microsoft Entra)"
    OFFICE_GROUP = 3, "Office Group (Microsoft Entra)"


class MembershipType(Choice):
    """Which members of a group belong to its team."""

    MEMBERS_AND_GUESTS = 0, "Members and guests"
    MEMBERS = 1, "Members"
    OWNERS = 2, "Owners"
    GUESTS = 3, "Guests"


class ConnectionChannel(Choice):
    """Who processes e-mail."""

    SERVER_SIDE = 0, "Server-Side Synchronization"
    EMAIL_ROUTER = 1, "Microsoft Dynamics 365 Email Router"


class RecurrenceEndRange(Choice):
    """How a new series ends unless its maker says otherwise."""

    NO_END_DATE = 1, "No End Date"
    NUMBER_OF_OCCURRENCES = 2, "Number of Occurrences"
    END_BY_DATE = 3, "End By Date"


class OptInStatus(Choice):
    """State of the switch to the Azure synchronization framework."""

    PROCESSING = 1, "Processing"
    PASSED = 2, "Passed"
    FAILED = 3, "Failed"


class FullNameConvention(Choice):
    """How a full name is built from its parts."""

    LAST_COMMA_FIRST = 0, "Last Name, First Name"
    FIRST_LAST = 1, "First Name Last Name"
    LAST_COMMA_FIRST_INITIAL = 2, "Last Name, First Name, Middle Initial"
    FIRST_INITIAL_LAST = 3, "First Name, Middle Initial, Last Name"
    LAST_COMMA_FIRST_MIDDLE = 4, "Last Name, First Name, Middle Name"
    FIRST_MIDDLE_LAST = 5, "First Name, Middle Name, Last Name"
    LAST_SPACE_FIRST = 6, "Last Name, space, First Name"
    LAST_FIRST = 7, "Last Name, no space, First Name"


class SyncDirection(Choice):
    """Which way a column is synchronized."""

    NONE = 0, "None"
    TO_EXCHANGE = 1, "ToExchange"
    TO_CRM = 2, "ToCRM"
    BIDIRECTIONAL = 3, "Bidirectional"


class QueryState(Choice):
    """State of a saved query."""

    ACTIVE = 0, "Active"
    INACTIVE = 1, "Inactive"


class QueryStatus(Choice):
    """Status reasons of a saved query."""

    ACTIVE = 1, "Active"
    INACTIVE = 2, "Inactive"
    ALL = 3, "All"


class TraceLevel(Choice):
    """How serious an alert is."""

    INFORMATION = 1, "Information"
    WARNING = 2, "Warning"
    ERROR = 3, "Error"


class SyncErrorType(Choice):
    """What went wrong with an offline change."""

    CONFLICT = 0, "Conflict"
    RECORD_NOT_FOUND = 1, "Record not found"
    RECORD_ALREADY_EXISTS = 2, "Record already exists"
    OTHERS = 3, "Others"


class SyncErrorState(Choice):
    """State of a synchronization error."""

    ACTIVE = 0, "Active"
    RESOLVED = 1, "Resolved"


class SyncErrorStatus(Choice):
    """Status reasons of a synchronization error."""

    ACTIVE = 0, "Active"
    FIXED = 1, "Fixed"


class HashType(Choice):
    """What a smart-matching hash was made of; the third is Postroom's own."""

    SUBJECT = 0, "Subject"
    RECIPIENT = 1, "Recipient"
    #: All words of a subject together, or all but the few by which subjects may differ.
    WHOLE_SUBJECT = 2, "Whole subject"


class MessageKind(Choice):
    """What a message is beside being mail: who or what wrote it, and about what; Postroom's own."""

    ORDINARY = 0, "Ordinary"
    AUTOMATIC_REPLY = 1, "Automatic reply"
    BOUNCE = 2, "Bounce"
    DELAY = 3, "Delay notice"
    DELIVERY = 4, "Delivery notice"
    READ_RECEIPT = 5, "Read receipt"
    #: Deleted without being read, as the recipient's program says.
    UNREAD_RECEIPT = 6, "Deleted unread"
    AUTOMATIC = 7, "Written by a program"
    LIST = 8, "From a mailing list"
    MEETING = 9, "Meeting message"


class DeliveryState(Choice):
    """What is known of a sent e-mail's way after its server took it; Postroom's own."""

    NONE = 0, "Nothing known"
    DELAYED = 1, "Delayed"
    DELIVERED = 2, "Delivered"
    READ = 3, "Read"
    UNREAD = 4, "Deleted unread"
    REPLIED = 5, "Automatic reply"
    BOUNCED = 6, "Bounced"


class AutoCreate(Choice):
    """What is made of an unknown sender whose message is tracked; Postroom's own meaning of the number."""

    NOTHING = 0, "Nothing"
    CONTACT = 1, "Contact"
    LEAD = 2, "Lead"


class Wish(Choice):
    """What a person wants done with one message; Postroom's own."""

    UNTRACK = 0, "Do not track"
    TRACK = 1, "Track"


class SetBy(Choice):
    """Who settled something on an e-mail: that it is tracked, or what it regards; Postroom's own."""

    RULE = 0, "Rule"
    PERSON = 1, "Person"
    FOLDER = 2, "Folder"
    CATEGORY = 3, "Category"


class CategoryMark(Choice):
    """How it stands with the tracking category on a message of the server; Postroom's own."""

    NONE = 0, "None"
    TO_PUT_ON = 1, "To Be Put On"
    ON = 2, "On"
    TO_TAKE_OFF = 3, "To Be Taken Off"
    UNDELIVERABLE = 4, "Undeliverable"
    TO_MARK_UNDELIVERABLE = 5, "To Be Marked Undeliverable"


class TrackingFolderState(Choice):
    """Whether the rule of a tracked folder is in force; Postroom's own."""

    ACTIVE = 0, "Active"
    OUTSIDE_INBOX = 1, "Outside The Inbox"
    MISSING = 2, "Missing"


class CaseOrigin(Choice):
    """How a case came in."""

    PHONE = 1, "Phone"
    EMAIL = 2, "Email"
    WEB = 3, "Web"
    FACEBOOK = 2483, "Facebook"
    TWITTER = 3986, "Twitter"
    IOT = 700610000, "IoT"


class CasePriority(Choice):
    """Priority of a case."""

    HIGH = 1, "High"
    NORMAL = 2, "Normal"
    LOW = 3, "Low"


class CaseState(Choice):
    """State of a case."""

    ACTIVE = 0, "Active"
    RESOLVED = 1, "Resolved"
    CANCELLED = 2, "Cancelled"


class CaseStatus(Choice):
    """Status reasons of a case."""

    IN_PROGRESS = 1, "In Progress"
    ON_HOLD = 2, "On Hold"
    WAITING_FOR_DETAILS = 3, "Waiting for Details"
    RESEARCHING = 4, "Researching"
    PROBLEM_SOLVED = 5, "Problem Solved"
    CANCELLED = 6, "Cancelled"
    INFORMATION_PROVIDED = 1000, "Information Provided"
    MERGED = 2000, "Merged"


class BookingSyncStatus(Choice):
    """State of the synchronization of a booking."""

    COMPLETED = 0, "Completed"
    RETRY = 1, "Retry"
    PENDING = 2, "Pending"


class QuarantineCause(Choice):
    """Why a message is in quarantine; Postroom's own."""

    MALFORMED = 0, "The message can't be read"
    TOO_LARGE = 1, "The message is too large"
    BROKEN_FETCH = 2, "The server didn't give the whole message"
    STORE_REFUSED = 3, "The store refused the record"
    FORWARD_ITEM = 4, "The forward mailbox item holds no message"


class QuarantineState(Choice):
    """What became of a message in quarantine; Postroom's own."""

    WAITING = 0, "Waiting"
    RETRIED = 1, "Retried"
    DROPPED = 2, "Dropped"
    SETTLED = 3, "Settled"


class JournalState(Choice):
    """How far one attempt to send got; Postroom's own."""

    CLAIMED = 0, "Claimed"
    SUBMITTED = 1, "Submitted"
    ACCEPTED = 2, "Accepted"
    DEFERRED = 3, "Deferred"
    REFUSED = 4, "Refused"
    UNCERTAIN = 5, "Uncertain"


class Workload(Choice):
    """What a pass works on; Postroom's own."""

    INCOMING = 0, "Incoming e-mail"
    OUTGOING = 1, "Outgoing e-mail"
    ITEMS = 2, "Appointments, contacts and tasks"


class CircuitState(Choice):
    """Whether a mail server is spoken to; Postroom's own."""

    CLOSED = 0, "Closed"
    OPEN = 1, "Open"
    HALF_OPEN = 2, "Half open"


class Cause(Choice):
    """Why passes fail, by whose fault it is; Postroom's own."""

    UNREACHABLE = 1, "The server can't be reached"
    THROTTLED = 2, "The server asks to come later"
    PROTOCOL = 3, "The server breaks its protocol"
    SIGN_IN = 4, "The server rejects the sign-in"
    REFUSED = 5, "The server refuses"
    CONFIGURATION = 6, "Something is missing in the configuration"
    STORE = 7, "The database refuses"
    OWN = 8, "A fault inside Postroom"


class Reason(Choice):
    """Why a message was or wasn't tracked; codes from 100 on are Postroom's own."""

    sentence: str

    def __new__(cls, code: int, label: str = "", sentence: str = "") -> Self:
        """Make the member from its code, its label and its sentence."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.label = label
        member.sentence = sentence
        return member

    UNKNOWN = -1, "Unknown", "The reason was not recorded."
    DUPLICATE = (
        0,
        "Duplicate",
        "An e-mail with this Message-ID is already in the store, so nothing new was made.",
    )
    NO_CORRELATION_MATCH = (
        1,
        "NoCorrelationMatch",
        "The recipient accepts only replies or known senders, and this message answers no tracked e-mail.",
    )
    CORRELATION_MATCH = 2, "CorrelationMatch", "The message answers an e-mail that is already tracked."
    NO_RECIPIENT_MATCH = (
        3,
        "NoRecipientMatch",
        "No address in To or Cc belongs to a user or a queue; it may have come by Bcc or by a list.",
    )
    INTERNAL_EMAIL_REJECT = (
        4,
        "InternalEmailReject",
        "The message went between users or queues of this organization; internal mail isn't tracked.",
    )
    SENDER_MATCH = 5, "SenderMatch", "The sender is a record whose mail the recipient accepts."
    ACCEPT_ALL = 6, "AcceptAll", "The recipient accepts all mail."
    INVALID_SENDER = 7, "InvalidSender", "The message has no From address that could be used."
    FILTER_NONE = 100, "FilterNone", "The recipient's filter is set to accept no e-mail."
    TOO_OLD = (
        101,
        "TooOld",
        "The message was received before the date from which the mailbox or its profile processes mail.",
    )
    TOO_LARGE = (
        102,
        "TooLarge",
        "The message is larger than this installation takes; it is kept in quarantine.",
    )
    MALFORMED = 103, "Malformed", "The message can't be read as an e-mail; its bytes are kept in quarantine."
    INVALID_FORWARD_MAIL_ITEM = (
        104,
        "InvalidForwardMailItem",
        "The item in the forward mailbox holds no original message, so nobody can say whose it is.",
    )
    ALREADY_RECORDED = (
        105,
        "AlreadyRecorded",
        "This very message was recorded earlier; the server offered it again.",
    )
    STORE_REFUSED = 106, "StoreRefused", "The store refused to record the message; it is kept in quarantine."
    FETCH_FAILED = 107, "FetchFailed", "The server announced the message but did not deliver all of it."
    TEST_MESSAGE = 108, "TestMessage", "Postroom sent this message itself, to test the mailbox."
    REPORT_NOTED = (
        109,
        "ReportNoted",
        "The message reports on an e-mail of the store (read, delivered, delayed) and is noted there.",
    )
    UNTRACKED_BY_PERSON = 110, "UntrackedByPerson", "A person does not want this message tracked."
    TRACKED_BY_PERSON = (
        111,
        "TrackedByPerson",
        "A person wants this message tracked.",
    )
    RECIPIENT_MATCH = (
        112,
        "RecipientMatch",
        "A recipient of the sent message is a record whose mail its sender wants tracked.",
    )
    TRACKED_BY_FOLDER = (
        113,
        "TrackedByFolder",
        "The message lies in a folder whose mail is tracked, whatever the filter says.",
    )
    TRACKED_BY_CATEGORY = (
        114,
        "TrackedByCategory",
        "The message bears the category by which people have mail tracked.",
    )


class Role(Choice):
    """What a caller of the Web API may do."""

    ADMINISTRATOR = 1, "Administrator"
    MAILBOX_OWNER = 2, "Mailbox Owner"
    QUEUE_MEMBER = 3, "Queue Member"
    READER = 4, "Reader"
