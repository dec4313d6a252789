"""Appointments: one calendar item, or one instance of a series."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.activity import Activity
from postroom.schema.choices import (
    AppointmentState,
    AppointmentStatus,
    AttachmentErrors,
    InstanceType,
    OnlineMeetingType,
    Participation,
)
from postroom.schema.column import UNBOUNDED, Required
from postroom.schema.table import Description, Ownership, Row, States

APPOINTMENT_STATES = States(
    {
        AppointmentState.OPEN: (AppointmentStatus.FREE, AppointmentStatus.TENTATIVE),
        AppointmentState.COMPLETED: (AppointmentStatus.COMPLETED,),
        AppointmentState.CANCELED: (AppointmentStatus.CANCELED,),
        AppointmentState.SCHEDULED: (AppointmentStatus.BUSY, AppointmentStatus.OUT_OF_OFFICE),
    }
)
ATTENDEES = {
    "requiredattendees": Participation.REQUIRED,
    "optionalattendees": Participation.OPTIONAL,
    "organizer": Participation.ORGANIZER,
}


class Appointment(Activity, Row):
    """One calendar item, or one instance or exception of a series."""

    __tablename__ = "appointment"
    __described__ = Description(
        set_name="appointments",
        label="Appointment",
        plural="Appointments",
        code=4201,
        schema_name="Appointment",
        primary_name="subject",
        ownership=Ownership.USER,
        is_activity=True,
        states=APPOINTMENT_STATES,
        party_lists=ATTENDEES,
    )
    __table_args__ = (
        Index("ix_appointment_globalobjectid", "globalobjectid"),
        Index("ix_appointment_seriesid", "seriesid", "originalstartdate"),
        Index("ix_appointment_ownerid", "ownerid", "scheduledstart"),
        Index("ix_appointment_regardingobjectid", "regardingobjectid"),
    )

    activityid = col.key(label="Activity")
    actualend = col.moment(label="Actual End")
    actualstart = col.moment(label="Actual Start")
    attachmenterrors = col.choice(
        AttachmentErrors,
        label="Attachment Errors",
        default=AttachmentErrors.NONE,
        description="Whether attachments were left out.",
    )
    description = col.memo(
        1_048_576,
        label="Description",
        description="Body, plain or HTML.",
    )
    globalobjectid = col.text(
        300,
        label="Outlook Appointment",
        description="Outlook/Exchange global object id (iCalUId/CleanGlobalObjectId); join key.",
    )
    isalldayevent = col.boolean(label="All Day Event", default=False)
    isdraft = col.boolean(
        label="Draft", required=Required.SYSTEM, default=False, description="Not yet sent/synchronized."
    )
    ismapiprivate = col.boolean(label="Private", default=False, description="MAPI private flag.")
    isonlinemeeting = col.boolean(label="Online Meeting", default=False, description="Teams meeting.")
    lastonholdtime = col.moment(label="Last On Hold Time", description="SLA.")
    location = col.text(200, label="Location")
    onlinemeetingchatid = col.text(200, label="Online Meeting Chat")
    onlinemeetingid = col.text(300, label="Online Meeting")
    onlinemeetingjoinurl = col.text(600, label="Online Meeting Join URL")
    onlinemeetingtype = col.choice(OnlineMeetingType, label="Online Meeting Type")
    outlookownerapptid = col.integer(label="Outlook Owner Appointment", description="PR_OWNER_APPT_ID.")
    scheduledend = col.moment(label="End Time", required=Required.APPLICATION)
    scheduledstart = col.moment(label="Start Time", required=Required.APPLICATION)
    slaid = col.lookup("sla", label="SLA")
    statecode = col.state(AppointmentState.OPEN)
    statuscode = col.status(AppointmentStatus.FREE)
    subject = col.text(200, label="Subject", required=Required.APPLICATION)
    subscriptionid = col.guid(
        label="Subscription", access="C", description="Write-only, create only, internal."
    )
    attachmentcount = col.integer(
        0,
        label="Attachment Count",
        required=Required.SYSTEM,
        access="R",
        default=0,
        description="Number of attachments.",
    )
    formattedscheduledend = col.moment(label="Formatted Scheduled End", access="R")
    formattedscheduledstart = col.moment(label="Formatted Scheduled Start", access="R")
    instancetypecode = col.choice(
        InstanceType,
        label="Instance Type Code",
        required=Required.SYSTEM,
        access="R",
        default=InstanceType.NOT_RECURRING,
    )
    modifiedfieldsmask = col.memo(
        UNBOUNDED,
        label="Modified Fields Mask",
        access="R",
        description="Columns changed on an instance, which makes it an exception.",
    )
    onholdtime = col.integer(label="On Hold Time", access="R", description="Minutes on hold.")
    originalstartdate = col.moment(
        label="Original Start Date", access="R", description="Start of the instance before it was changed."
    )
    safedescription = col.memo(UNBOUNDED, label="Safe Description", access="R", description="Sanitized body.")
    seriesid = col.guid(label="Series", access="R", description="Key of the series the instance belongs to.")
    slainvokedid = col.lookup("sla", label="SLA Invoked", access="R")
    activitytypecode = col.table_name(
        label="Activity Type", required=Required.SYSTEM, access="R", default="appointment"
    )
