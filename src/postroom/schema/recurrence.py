"""Series: the definition of a recurring appointment and its rule."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.activity import Activity
from postroom.schema.appointment import APPOINTMENT_STATES, ATTENDEES
from postroom.schema.choices import (
    AppointmentState,
    AppointmentStatus,
    ExpansionState,
    InstanceType,
    MonthOfYear,
    OnlineMeetingType,
    PatternEnd,
    RecurrencePattern,
    WeekInstance,
)
from postroom.schema.column import UNBOUNDED, Format, OnDelete, Required
from postroom.schema.table import Audited, Description, Owned, Ownership, Row


class RecurringAppointmentMaster(Activity, Row):
    """The definition of a calendar series; its instances are appointments."""

    __tablename__ = "recurringappointmentmaster"
    __described__ = Description(
        set_name="recurringappointmentmasters",
        label="Recurring Appointment",
        plural="Recurring Appointments",
        code=4251,
        schema_name="RecurringAppointmentMaster",
        primary_name="subject",
        ownership=Ownership.USER,
        is_activity=True,
        states=APPOINTMENT_STATES,
        party_lists=ATTENDEES,
    )
    __table_args__ = (
        Index("ix_recurringappointmentmaster_globalobjectid", "globalobjectid"),
        Index("ix_recurringappointmentmaster_ownerid", "ownerid"),
        Index("ix_recurringappointmentmaster_nextexpansioninstancedate", "nextexpansioninstancedate"),
    )

    activityid = col.key(label="Activity")
    description = col.memo(1_048_576, label="Description", description="Body.")
    globalobjectid = col.text(
        300, label="Outlook Appointment", description="Global object id of Outlook and Exchange."
    )
    dayofmonth = col.integer(1, 31, label="Day Of Month")
    daysofweekmask = col.integer(
        1,
        127,
        label="Days Of Week Mask",
        description=(
            "Sum of Sunday 1, Monday 2, Tuesday 4, Wednesday 8, Thursday 16, Friday 32, Saturday 64."
        ),
    )
    duration = col.integer(0, label="Duration", description="Minutes.")
    effectiveenddate = col.moment(label="Effective End Date")
    effectivestartdate = col.moment(label="Effective Start Date", format=Format.DATE_ONLY)
    endtime = col.moment(label="End Time", description="End of an instance by the pattern.")
    firstdayofweek = col.integer(0, 6, label="First Day Of Week", access="CR", description="0 is Sunday.")
    instance = col.choice(WeekInstance, label="Instance")
    interval = col.integer(1, 1000, label="Interval")
    isnthmonthly = col.boolean(label="Nth Monthly", required=Required.SYSTEM, default=False)
    isnthyearly = col.boolean(label="Nth Yearly", required=Required.SYSTEM, default=False)
    isregenerate = col.boolean(label="Regenerate", required=Required.SYSTEM, default=False)
    isweekdaypattern = col.boolean(label="Every Weekday", required=Required.SYSTEM, default=False)
    monthofyear = col.choice(MonthOfYear, label="Month Of Year", default=MonthOfYear.INVALID)
    occurrences = col.integer(1, 999, label="Occurrences")
    patternenddate = col.moment(label="Pattern End Date", format=Format.DATE_ONLY)
    patternendtype = col.choice(
        PatternEnd, label="Pattern End Type", required=Required.SYSTEM, default=PatternEnd.NO_END_DATE
    )
    patternstartdate = col.moment(label="Pattern Start Date", required=Required.APPLICATION)
    recurrencepatterntype = col.choice(
        RecurrencePattern,
        label="Recurrence Pattern Type",
        required=Required.SYSTEM,
        default=RecurrencePattern.DAILY,
    )
    starttime = col.moment(label="Start Time", description="Start of an instance by the pattern.")
    isalldayevent = col.boolean(label="All Day Event", default=False)
    ismapiprivate = col.boolean(label="Private", default=False)
    isonlinemeeting = col.boolean(label="Online Meeting", default=False)
    location = col.text(200, label="Location")
    onlinemeetingchatid = col.text(200, label="Online Meeting Chat")
    onlinemeetingid = col.text(300, label="Online Meeting")
    onlinemeetingjoinurl = col.text(600, label="Online Meeting Join URL")
    onlinemeetingtype = col.choice(OnlineMeetingType, label="Online Meeting Type")
    outlookownerapptid = col.integer(label="Outlook Owner Appointment")
    seriesstatus = col.boolean(label="Series Status", yes="Active", no="Inactive", default=True)
    statecode = col.state(AppointmentState.OPEN)
    statuscode = col.status(AppointmentStatus.FREE)
    subject = col.text(200, label="Subject", required=Required.APPLICATION)
    subscriptionid = col.guid(label="Subscription", access="C")
    deletedexceptionslist = col.memo(
        UNBOUNDED, label="Deleted Exceptions List", access="R", description="Removed instances."
    )
    expansionstatecode = col.choice(
        ExpansionState,
        label="Expansion State Code",
        required=Required.SYSTEM,
        access="R",
        default=ExpansionState.UNEXPANDED,
    )
    groupid = col.lookup(
        "recurringappointmentmaster",
        label="Group",
        access="R",
        description='First series of a chain split by "this and future".',
    )
    instancetypecode = col.choice(
        InstanceType,
        label="Instance Type Code",
        required=Required.SYSTEM,
        access="R",
        default=InstanceType.RECURRING_MASTER,
    )
    lastexpandedinstancedate = col.moment(label="Last Expanded Instance Date", access="R")
    nextexpansioninstancedate = col.moment(label="Next Expansion Instance Date", access="R")
    ruleid = col.lookup("recurrencerule", label="Rule", access="R")
    safedescription = col.memo(UNBOUNDED, label="Safe Description", access="R", description="Sanitized body.")
    scheduledend = col.moment(label="End Time", access="R")
    scheduledstart = col.moment(label="Start Time", access="R")
    activitytypecode = col.table_name(
        label="Activity Type", required=Required.SYSTEM, access="R", default="recurringappointmentmaster"
    )
    postroom_timezone = col.text(
        200,
        label="Time Zone",
        description=(
            "Windows' or IANA's name of the zone whose clocks the series follows; the owner's when not given."
        ),
    )


class RecurrenceRule(Audited, Owned, Row):
    """The recurrence pattern of a series; changed only through the series."""

    __tablename__ = "recurrencerule"
    __described__ = Description(
        set_name="recurrencerules",
        label="Recurrence Rule",
        plural="Recurrence Rules",
        code=4250,
        schema_name="RecurrenceRule",
        ownership=Ownership.USER,
    )
    __table_args__ = (Index("ix_recurrencerule_objectid", "objectid"),)

    ruleid = col.key(label="Rule")
    objectid = col.lookup("recurringappointmentmaster", label="Object", on_delete=OnDelete.CASCADE)
    dayofmonth = col.integer(1, 31, label="Day Of Month")
    daysofweekmask = col.integer(
        1,
        127,
        label="Days Of Week Mask",
        description=(
            "Sum of Sunday 1, Monday 2, Tuesday 4, Wednesday 8, Thursday 16, Friday 32, Saturday 64."
        ),
    )
    duration = col.integer(0, label="Duration", description="Minutes.")
    effectiveenddate = col.moment(label="Effective End Date")
    effectivestartdate = col.moment(label="Effective Start Date", format=Format.DATE_ONLY)
    endtime = col.moment(label="End Time", description="End of an instance by the pattern.")
    firstdayofweek = col.integer(0, 6, label="First Day Of Week", access="CR", description="0 is Sunday.")
    instance = col.choice(WeekInstance, label="Instance")
    interval = col.integer(1, 1000, label="Interval")
    isnthmonthly = col.boolean(label="Nth Monthly", required=Required.SYSTEM, default=False)
    isnthyearly = col.boolean(label="Nth Yearly", required=Required.SYSTEM, default=False)
    isregenerate = col.boolean(label="Regenerate", required=Required.SYSTEM, default=False)
    isweekdaypattern = col.boolean(label="Every Weekday", required=Required.SYSTEM, default=False)
    monthofyear = col.choice(MonthOfYear, label="Month Of Year", default=MonthOfYear.INVALID)
    occurrences = col.integer(1, 999, label="Occurrences")
    patternenddate = col.moment(label="Pattern End Date", format=Format.DATE_ONLY)
    patternendtype = col.choice(
        PatternEnd, label="Pattern End Type", required=Required.SYSTEM, default=PatternEnd.NO_END_DATE
    )
    patternstartdate = col.moment(label="Pattern Start Date", required=Required.APPLICATION)
    recurrencepatterntype = col.choice(
        RecurrencePattern,
        label="Recurrence Pattern Type",
        required=Required.SYSTEM,
        default=RecurrencePattern.DAILY,
    )
    starttime = col.moment(label="Start Time", description="Start of an instance by the pattern.")
