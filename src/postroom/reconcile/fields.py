"""Mapping tables: which columns go with which Exchange properties, and which ways they go."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from postroom.errors import UserError
from postroom.reconcile.canonical import Form, canonical
from postroom.reconcile.item import Kind, Side, Value
from postroom.reconcile.policy import Policy, PrivateItems
from postroom.schema.choices import SyncDirection

_ANY = frozenset(SyncDirection)
_BOTH = frozenset({SyncDirection.BIDIRECTIONAL})
_INTO_CRM = frozenset({SyncDirection.TO_CRM})
_OUT = frozenset({SyncDirection.TO_EXCHANGE})


class Gate(Enum):
    """A setting of the organization without which a row is not synchronized at all."""

    NONE = "always"
    ATTACHMENTS = "attachments are synchronized"
    ALL_ADDRESSES = "all three addresses of contacts are synchronized"
    PRIVATE_MARK = "the private mark is taken over"


@dataclass(frozen=True, slots=True)
class Row:
    """One field: its columns in the CRM, its properties in Exchange, and which ways it may go."""

    name: str
    columns: tuple[str, ...]
    properties: tuple[str, ...]
    allowed: frozenset[SyncDirection] = _ANY
    default: SyncDirection = SyncDirection.BIDIRECTIONAL
    form: Form = Form.LINE
    gate: Gate = Gate.NONE
    #: Attendees are told when it changes.
    # source: DATAVERSE-EMAIL sync logic for appointments
    is_told: bool = False
    #: What a private item does not say in the CRM.
    is_content: bool = True

    @property
    def is_settable(self) -> bool:
        """Say whether an administrator may choose its direction."""
        return len(self.allowed) > 1


def _free(name: str, columns: str, properties: str, form: Form = Form.LINE, *, is_told: bool = False) -> Row:
    return Row(name, tuple(columns.split()), tuple(properties.split()), form=form, is_told=is_told)


def _fixed(
    name: str,
    columns: str,
    properties: str,
    form: Form = Form.PLAIN,
    *,
    is_told: bool = False,
    is_content: bool = True,
) -> Row:
    return Row(
        name,
        tuple(columns.split()),
        tuple(properties.split()),
        _BOTH,
        form=form,
        is_told=is_told,
        is_content=is_content,
    )


_TIME = _fixed(
    "time",
    "scheduledstart scheduledend isalldayevent",
    "Start End IsAllDayEvent StartTimeZone EndTimeZone",
    is_told=True,
    is_content=False,
)
_RECURRENCE = _fixed("recurrence", "recurrencerule", "Recurrence", is_told=True, is_content=False)
_ATTACHMENTS = Row(
    "attachments",
    ("activitymimeattachment",),
    ("FileAttachment",),
    default=SyncDirection.NONE,
    form=Form.FILES,
    gate=Gate.ATTACHMENTS,
    # Not told: Outlook itself sends no update for an attachment alone unless its organizer asks for it, and
    # the next update brings it along.
)
#: Taken from the organizer's copy; no administrator's table lists them.
_RESPONSES = Row(
    "responses",
    ("activityparty.postroom_response",),
    ("Attendee.ResponseType",),
    _INTO_CRM,
    SyncDirection.TO_CRM,
    Form.PLAIN,
)
_PRIVATE = Row(
    "private",
    ("ismapiprivate",),
    ("Sensitivity",),
    _INTO_CRM,
    SyncDirection.TO_CRM,
    Form.PLAIN,
    Gate.PRIVATE_MARK,
    is_content=False,
)

_MEETING = (
    _free("subject", "subject", "Subject", is_told=True),
    _free("body", "description", "Body", Form.TEXT, is_told=True),
    _free("location", "location", "Location", is_told=True),
    _fixed("importance", "prioritycode", "Importance", is_told=True, is_content=False),
    _fixed("show_as", "statecode statuscode", "LegacyFreeBusyStatus", is_told=True, is_content=False),
    _fixed("required", "requiredattendees", "RequiredAttendees", Form.PEOPLE, is_told=True),
    _fixed("optional", "optionalattendees", "OptionalAttendees", Form.PEOPLE, is_told=True),
    _fixed("organizer", "organizer", "Organizer", Form.PLAIN, is_told=True, is_content=False),
    _fixed("regarding", "regardingobjectid", "extended:regarding", is_content=False),
    _RESPONSES,
    _PRIVATE,
)

_TASK = (
    _free("subject", "subject", "Subject"),
    _free("body", "description", "Body", Form.TEXT),
    _free("start", "scheduledstart", "StartDate", Form.MOMENT),
    _free("due", "scheduledend", "DueDate", Form.MOMENT),
    _free("completed", "actualend", "CompleteDate", Form.MOMENT),
    _free("percent", "percentcomplete", "PercentComplete", Form.PLAIN),
    _fixed("importance", "prioritycode", "Importance"),
    _fixed("status", "statecode statuscode", "Status"),
    _fixed("regarding", "regardingobjectid", "extended:regarding"),
)
# source: DATAVERSE-FIELDS phone call, letter, fax: as of tasks, without the percentage
_CORRESPONDENCE = tuple(row for row in _TASK if row.name != "percent")
# source: DATAVERSE-FIELDS service activity: every row goes to Outlook only
_SERVICE = tuple(
    replace(row, allowed=_OUT, default=SyncDirection.TO_EXCHANGE, is_told=False)
    for row in (_TIME, *_MEETING)
    if row not in (_RESPONSES, _PRIVATE)
)


def _address(name: str, number: int, entry: str, gate: Gate = Gate.NONE) -> Row:
    parts = ("line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country")
    columns = tuple(f"address{number}_{part}" for part in parts)
    return Row(name, columns, (f"PhysicalAddresses:{entry}",), form=Form.PLAIN, gate=gate)


_CONTACT = (
    _fixed(
        "full_name",
        "firstname middlename lastname salutation suffix",
        "GivenName MiddleName Surname CompleteName.Title Generation",
    ),
    _fixed("company", "parentcustomerid", "CompanyName", Form.LINE),
    _free("job_title", "jobtitle", "JobTitle"),
    _free("department", "department", "Department"),
    _free("manager", "managername", "Manager"),
    _free("assistant", "assistantname", "AssistantName"),
    _free("assistant_phone", "assistantphone", "PhoneNumbers:AssistantPhone"),
    _free("email1", "emailaddress1", "EmailAddresses:EmailAddress1"),
    _free("email2", "emailaddress2", "EmailAddresses:EmailAddress2"),
    _free("email3", "emailaddress3", "EmailAddresses:EmailAddress3"),
    _free("business_phone", "telephone1", "PhoneNumbers:BusinessPhone"),
    _free("business_phone2", "business2", "PhoneNumbers:BusinessPhone2"),
    _free("home_phone", "telephone2", "PhoneNumbers:HomePhone"),
    _free("home_phone2", "home2", "PhoneNumbers:HomePhone2"),
    _free("other_phone", "telephone3", "PhoneNumbers:OtherTelephone"),
    _free("mobile", "mobilephone", "PhoneNumbers:MobilePhone"),
    _free("pager", "pager", "PhoneNumbers:Pager"),
    _free("callback", "callback", "PhoneNumbers:Callback"),
    _free("company_phone", "company", "PhoneNumbers:CompanyMainPhone"),
    _free("business_fax", "fax", "PhoneNumbers:BusinessFax"),
    _address("mailing_address", 1, "Business"),
    _address("home_address", 2, "Home", Gate.ALL_ADDRESSES),
    _address("other_address", 3, "Other", Gate.ALL_ADDRESSES),
    _free("web_page", "websiteurl", "BusinessHomePage"),
    # source: MS-OXPROPS PidTagFtpSite, PidTagGovernmentIdNumber
    _free("ftp_site", "ftpsiteurl", "extended:0x3A4C"),
    _free("government_id", "governmentid", "extended:0x3A07"),
    _free("birthday", "birthdate", "Birthday", Form.PLAIN),
    _free("anniversary", "anniversary", "WeddingAnniversary", Form.PLAIN),
    _free("spouse", "spousesname", "SpouseName"),
    _free("children", "childrensnames", "Children"),
    _free("nickname", "nickname", "Nickname"),
    # source: MS-OXPROPS PidLidYomiFirstName, PidLidYomiLastName
    _free("yomi_first", "yomifirstname", "extended:0x802C"),
    _free("yomi_last", "yomilastname", "extended:0x802D"),
    _free("body", "description", "Body", Form.TEXT),
)

#: Every row of each kind, in the order in which an administrator reads them.
ROWS: Mapping[Kind, tuple[Row, ...]] = {
    Kind.APPOINTMENT: (_TIME, *_MEETING, _ATTACHMENTS),
    # source: DATAVERSE-EMAIL field mapping: a series has neither time nor attachments of its own
    Kind.SERIES: (_RECURRENCE, *_MEETING),
    Kind.CONTACT: _CONTACT,
    Kind.TASK: _TASK,
    Kind.PHONE_CALL: _CORRESPONDENCE,
    Kind.LETTER: _CORRESPONDENCE,
    Kind.FAX: _CORRESPONDENCE,
    Kind.SERVICE: _SERVICE,
}

#: The same rows by their names.
NAMED: Mapping[Kind, Mapping[str, Row]] = {
    kind: {row.name: row for row in rows} for kind, rows in ROWS.items()
}

#: Which way each field of a kind goes; what goes nowhere is left out.
Directions = Mapping[str, SyncDirection]


def directions_of(
    kind: Kind, policy: Policy, chosen: Mapping[str, SyncDirection] | None = None
) -> Directions:
    """Return which way each field goes, given what an administrator has chosen by field name.

    Refuses a choice that a row does not admit, and a name that no row has; all of them at once.
    """
    chosen = chosen or {}
    _refuse_wrong(kind, chosen)
    wanted = {
        row.name: chosen.get(row.name, _preset(row)) for row in ROWS[kind] if _is_open(row.gate, policy)
    }
    return {name: way for name, way in wanted.items() if way is not SyncDirection.NONE}


def is_one_way(kind: Kind) -> bool:
    """Say whether nothing of this kind ever comes back from the server.

    >>> is_one_way(Kind.SERVICE), is_one_way(Kind.PHONE_CALL)
    (True, False)
    """
    return all(row.allowed == _OUT for row in ROWS[kind])


def is_of_files(kind: Kind, name: str) -> bool:
    """Say whether a field holds attached files.

    >>> is_of_files(Kind.APPOINTMENT, "attachments"), is_of_files(Kind.TASK, "subject")
    (True, False)
    """
    row = NAMED[kind].get(name)
    return row is not None and row.form is Form.FILES


def find_field(kind: Kind, column: str) -> str | None:
    """Return the name of the field that a column of the CRM belongs to, as rows of mappings name it.

    >>> find_field(Kind.CONTACT, "telephone1"), find_field(Kind.TASK, "scheduledend")
    ('business_phone', 'due')
    """
    return next((row.name for row in ROWS[kind] if column in row.columns), None)


def allowed_mask(row: Row) -> int:
    """Return the directions that a row admits as the bit mask that `allowedsyncdirection` holds.

    >>> allowed_mask(NAMED[Kind.TASK]["subject"]), allowed_mask(NAMED[Kind.TASK]["status"])
    (15, 8)
    """
    return sum(1 << way for way in row.allowed)


def goes_to(side: Side, way: SyncDirection | None) -> bool:
    """Say whether a field of this direction is written on that side.

    >>> goes_to(Side.CRM, SyncDirection.TO_CRM), goes_to(Side.SERVER, SyncDirection.TO_CRM)
    (True, False)
    """
    into = SyncDirection.TO_CRM if side is Side.CRM else SyncDirection.TO_EXCHANGE
    return way in (into, SyncDirection.BIDIRECTIONAL)


def canonical_fields(kind: Kind, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the fields of an item in their canonical forms, without those that no row names."""
    named = NAMED[kind]
    return {name: canonical(named[name].form, value) for name, value in values.items() if name in named}


def _preset(row: Row) -> SyncDirection:
    # None is the factory's choice for attachments; whoever opens their gate wants them both ways.
    return SyncDirection.BIDIRECTIONAL if row.gate is Gate.ATTACHMENTS else row.default


def _is_open(gate: Gate, policy: Policy) -> bool:
    if gate is Gate.ATTACHMENTS:
        return policy.sync_attachments
    if gate is Gate.ALL_ADDRESSES:
        return not policy.mailing_address_only
    if gate is Gate.PRIVATE_MARK:
        return policy.private_items is PrivateItems.MARKED
    return True


def _refuse_wrong(kind: Kind, chosen: Mapping[str, SyncDirection]) -> None:
    problems = []
    for name, way in sorted(chosen.items()):
        row = NAMED[kind].get(name)
        if row is None:
            problems.append(f"{name} is no field of an item of kind {kind.value}; take the row out")
        elif way not in row.allowed:
            ways = ", ".join(sorted(each.label for each in row.allowed))
            problems.append(f"{name} of a {kind.value} can't be set to {way.label}; it may be: {ways}")
    if problems:
        raise UserError(*problems)
