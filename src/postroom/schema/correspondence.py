"""Phone calls, letters and faxes: what passes between people outside of e-mail."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.activity import Activity
from postroom.schema.choices import (
    CorrespondenceState,
    FaxStatus,
    LetterStatus,
    Participation,
    PhoneCallStatus,
)
from postroom.schema.column import Format, Required
from postroom.schema.table import Description, Ownership, Row, States

# The first status of each state is the one that a record gets when only its state is set.
# source: DATAVERSE-TABLES phonecall, letter, fax: statecode and its default statuses
PHONE_CALL_STATES = States(
    {
        CorrespondenceState.OPEN: (PhoneCallStatus.OPEN,),
        CorrespondenceState.COMPLETED: (PhoneCallStatus.MADE, PhoneCallStatus.RECEIVED),
        CorrespondenceState.CANCELED: (PhoneCallStatus.CANCELED,),
    }
)
LETTER_STATES = States(
    {
        CorrespondenceState.OPEN: (LetterStatus.DRAFT, LetterStatus.OPEN),
        CorrespondenceState.COMPLETED: (LetterStatus.SENT, LetterStatus.RECEIVED),
        CorrespondenceState.CANCELED: (LetterStatus.CANCELED,),
    }
)
FAX_STATES = States(
    {
        CorrespondenceState.OPEN: (FaxStatus.OPEN,),
        CorrespondenceState.COMPLETED: (FaxStatus.COMPLETED, FaxStatus.SENT, FaxStatus.RECEIVED),
        CorrespondenceState.CANCELED: (FaxStatus.CANCELED,),
    }
)
_FROM_AND_TO = {"from": Participation.SENDER, "to": Participation.TO}


class Correspondence(Activity):
    """Columns of every phone call, letter and fax."""

    actualend = col.moment(label="Actual End", format=Format.DATE_ONLY, description="Set on completion.")
    actualstart = col.moment(label="Actual Start", format=Format.DATE_ONLY)
    description = col.memo(2000, label="Description")
    directioncode = col.boolean(
        label="Direction",
        yes="Outgoing",
        no="Incoming",
        default=True,
        description="True(1) = Outgoing, false(0) = Incoming.",
    )
    lastonholdtime = col.moment(label="Last On Hold Time")
    scheduledend = col.moment(label="Due Date")
    scheduledstart = col.moment(label="Start Date")
    slaid = col.lookup("sla", label="SLA")
    statecode = col.state(CorrespondenceState.OPEN)
    subject = col.text(200, label="Subject", required=Required.APPLICATION)
    subscriptionid = col.guid(label="Subscription", access="C")
    onholdtime = col.integer(label="On Hold Time", access="R", description="Minutes on hold.")
    slainvokedid = col.lookup("sla", label="SLA Invoked", access="R")


class PhoneCall(Correspondence, Row):
    """A call that is to be made, or was made or received."""

    __tablename__ = "phonecall"
    __described__ = Description(
        set_name="phonecalls",
        label="Phone Call",
        plural="Phone Calls",
        code=4210,
        schema_name="PhoneCall",
        primary_name="subject",
        ownership=Ownership.USER,
        is_activity=True,
        states=PHONE_CALL_STATES,
        party_lists=_FROM_AND_TO,
    )
    __table_args__ = (
        Index("ix_phonecall_ownerid", "ownerid", "scheduledend"),
        Index("ix_phonecall_regardingobjectid", "regardingobjectid"),
    )

    activityid = col.key(label="Activity")
    leftvoicemail = col.boolean(label="Left Voice Mail", default=False)
    phonenumber = col.text(200, label="Phone Number")
    statuscode = col.status(PhoneCallStatus.OPEN)
    activitytypecode = col.table_name(
        label="Activity Type", required=Required.SYSTEM, access="R", default="phonecall"
    )


class Letter(Correspondence, Row):
    """A letter on paper that is to be sent, or was sent or received."""

    __tablename__ = "letter"
    __described__ = Description(
        set_name="letters",
        label="Letter",
        plural="Letters",
        code=4207,
        schema_name="Letter",
        primary_name="subject",
        ownership=Ownership.USER,
        is_activity=True,
        states=LETTER_STATES,
        party_lists={**_FROM_AND_TO, "cc": Participation.CC, "bcc": Participation.BCC},
    )
    __table_args__ = (
        Index("ix_letter_ownerid", "ownerid", "scheduledend"),
        Index("ix_letter_regardingobjectid", "regardingobjectid"),
    )

    activityid = col.key(label="Activity")
    address = col.text(200, label="Address", description="Where the letter goes.")
    statuscode = col.status(LetterStatus.DRAFT)
    activitytypecode = col.table_name(
        label="Activity Type", required=Required.SYSTEM, access="R", default="letter"
    )


class Fax(Correspondence, Row):
    """A fax that is to be sent, or was sent or received."""

    __tablename__ = "fax"
    __described__ = Description(
        set_name="faxes",
        label="Fax",
        plural="Faxes",
        code=4204,
        schema_name="Fax",
        primary_name="subject",
        ownership=Ownership.USER,
        is_activity=True,
        states=FAX_STATES,
        party_lists=_FROM_AND_TO,
    )
    __table_args__ = (
        Index("ix_fax_ownerid", "ownerid", "scheduledend"),
        Index("ix_fax_regardingobjectid", "regardingobjectid"),
    )

    activityid = col.key(label="Activity")
    billingcode = col.text(50, label="Billing Code")
    coverpagename = col.text(100, label="Cover Page Name")
    faxnumber = col.text(200, label="Fax Number")
    numberofpages = col.integer(0, 1_000_000_000, label="Number Of Pages")
    tsid = col.text(20, label="Transmitting Station", description="Transmitting subscriber id.")
    statuscode = col.status(FaxStatus.OPEN)
    activitytypecode = col.table_name(
        label="Activity Type", required=Required.SYSTEM, access="R", default="fax"
    )
