"""Alerts: what a person should know of a mailbox, a profile or an offline change."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import SyncErrorState, SyncErrorStatus, SyncErrorType, TraceLevel
from postroom.schema.column import UNBOUNDED, OnDelete, Required
from postroom.schema.table import Audited, Description, Owned, Ownership, Row, States, Zoned
from postroom.schema.targets import REGARDING

SYNC_ERROR_STATES = States(
    {SyncErrorState.ACTIVE: (SyncErrorStatus.ACTIVE,), SyncErrorState.RESOLVED: (SyncErrorStatus.FIXED,)}
)


class TraceLog(Audited, Zoned, Row):
    """An alert about a mailbox or a server profile."""

    __tablename__ = "tracelog"
    __described__ = Description(
        set_name="tracelogs",
        label="Trace",
        plural="Traces",
        code=8050,
        schema_name="TraceLog",
        primary_name="text",
        ownership=Ownership.USER,
    )
    __table_args__ = (
        Index("ix_tracelog_regardingobjectid", "regardingobjectid", "createdon"),
        Index("ix_tracelog_modifiedon", "modifiedon"),
    )

    tracelogid = col.key(label="Trace")
    text = col.text(2000, label="Text", description="Alert text.")
    level = col.choice(TraceLevel, label="Level", required=Required.SYSTEM, default=TraceLevel.INFORMATION)
    tracecode = col.integer(0, 1_000_000_000, label="Trace Code", description="Alert code.")
    tracestatus = col.boolean(label="Trace Status", yes="Success", no="Failure", default=False)
    collationlevel = col.integer(0, label="Collation Level", description="Grouping level.")
    regardingobjectid = col.lookup(
        "emailserverprofile",
        "mailbox",
        label="Regarding",
        type_column="regardingobjecttypecode",
        collection={"emailserverprofile": "tracelog_EmailServerProfile", "mailbox": "tracelog_Mailbox"},
        on_delete=OnDelete.CASCADE,
        description="Subject of the alert.",
    )
    regardingobjectownerid = col.lookup(
        "systemuser", "team", label="Regarding Object Owner", access="R", description="Owner of that record."
    )
    regardingobjectowningbusinessunit = col.lookup(
        "businessunit", label="Regarding Object Owning Business Unit", access="R"
    )
    parenttracelogid = col.lookup(
        "tracelog",
        label="Parent Trace",
        navigation={"tracelog": "tracelog_parent_tracelog"},
        description="Parent alert.",
    )
    traceparameterxml = col.memo(
        UNBOUNDED, label="Trace Parameter XML", description="Parameters, actions, details as XML."
    )
    traceactionxml = col.memo(
        UNBOUNDED, label="Trace Action XML", description="Parameters, actions, details as XML."
    )
    tracedetailxml = col.memo(
        UNBOUNDED, label="Trace Detail XML", description="Parameters, actions, details as XML."
    )
    traceparameterhash = col.integer(
        label="Trace Parameter Hash", access="R", description="Hash of object type code + id."
    )
    errordetails = col.text(2048, label="Error Details")
    errortypedisplay = col.text(320, label="Error Type Display")
    machinename = col.text(320, label="Machine Name")
    isunique = col.boolean(label="Unique", default=False, description="One alert of this kind per object.")
    canbedeleted = col.boolean(label="Can Be Deleted", default=True, description="User may dismiss.")
    traceregardingid = col.lookup("traceregarding", label="Trace Regarding", access="R")
    organizationid = col.lookup("organization", label="Organization")
    regardingobjecttypecode = col.table_name(
        label="Regarding Type", description="Table of the subject of the alert."
    )


class SyncError(Audited, Owned, Row):
    """A change made offline that could not be carried over."""

    __tablename__ = "syncerror"
    __described__ = Description(
        set_name="syncerrors",
        label="Sync Error",
        plural="Sync Errors",
        code=9869,
        schema_name="SyncError",
        primary_name="name",
        ownership=Ownership.USER,
        states=SYNC_ERROR_STATES,
    )

    syncerrorid = col.key(label="Sync Error")
    name = col.text(100, label="Name", required=Required.APPLICATION)
    action = col.text(100, label="Action")
    actiondata = col.memo(10_000, label="Action Data")
    description = col.memo(4000, label="Description")
    errorcode = col.text(100, label="Error Code")
    errordetail = col.memo(UNBOUNDED, label="Error Detail")
    errormessage = col.text(1000, label="Error Message")
    errortime = col.moment(label="Error Time")
    errortype = col.choice(SyncErrorType, label="Error Type", default=SyncErrorType.CONFLICT)
    regardingobjectid = col.lookup(*REGARDING, label="Regarding", type_column="regardingobjecttypecode")
    regardingobjecttypecode = col.table_name(label="Regarding Type")
    requestdata = col.memo(UNBOUNDED, label="Request Data")
    statecode = col.state(SyncErrorState.ACTIVE)
    statuscode = col.status(SyncErrorStatus.ACTIVE)
