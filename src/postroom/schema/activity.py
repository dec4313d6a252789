"""What all activities have in common, and the table that shows them together."""

from postroom.schema import column as col
from postroom.schema.choices import ActivityState, ActivityStatus, Community, InstanceType, Priority
from postroom.schema.column import Format, OnDelete, Required
from postroom.schema.table import Audited, Description, Imported, Owned, Ownership, States, Unstored, Zoned
from postroom.schema.targets import REGARDING

STATES = States(
    {
        ActivityState.OPEN: (ActivityStatus.OPEN,),
        ActivityState.COMPLETED: (ActivityStatus.COMPLETED,),
        ActivityState.CANCELED: (ActivityStatus.CANCELED,),
        ActivityState.SCHEDULED: (ActivityStatus.SCHEDULED,),
    }
)


class Activity(Audited, Owned, Imported, Zoned):
    """Columns of every activity."""

    regardingobjectid = col.lookup(
        *REGARDING,
        label="Regarding",
        type_column="regardingobjecttypecode",
        on_delete=OnDelete.CASCADE,
        description="Record that the activity is about.",
    )
    regardingobjecttypecode = col.table_name(
        label="Regarding Type", description="Table of the regarding record."
    )
    prioritycode = col.choice(Priority, label="Priority", default=Priority.NORMAL)
    actualdurationminutes = col.integer(0, label="Actual Duration", description="Minutes.")
    scheduleddurationminutes = col.integer(0, label="Scheduled Duration", access="R", description="Minutes.")
    category = col.text(250, label="Category")
    subcategory = col.text(250, label="Sub-Category")
    sortdate = col.moment(label="Sort Date")
    isbilled = col.boolean(label="Is Billed", default=False)
    isregularactivity = col.boolean(
        label="Is Regular Activity", required=Required.SYSTEM, access="R", default=True
    )
    isworkflowcreated = col.boolean(label="Is Workflow Created", default=False)
    isunsafe = col.integer(0, label="Is Unsafe", access="R")
    activityadditionalparams = col.memo(8192, label="Additional Parameters", description="Internal.")
    transactioncurrencyid = col.lookup("transactioncurrency", label="Currency", on_delete=OnDelete.RESTRICT)
    exchangerate = col.decimal(0, 100_000_000_000, label="Exchange Rate", access="R")
    serviceid = col.lookup("service", label="Service")
    processid = col.guid(label="Process", description="Business process.")
    stageid = col.guid(label="Process Stage", description="Deprecated.")
    traversedpath = col.text(1250, label="Traversed Path", description="Deprecated.")


class ActivityPointer(Activity, Unstored):
    """An activity of any kind: a union of the activity tables, read-only."""

    __tablename__ = "activitypointer"
    __described__ = Description(
        set_name="activitypointers",
        label="Activity",
        plural="Activities",
        code=4200,
        schema_name="ActivityPointer",
        primary_name="subject",
        ownership=Ownership.USER,
        states=STATES,
    )

    activityid = col.key(label="Activity")
    activitytypecode = col.table_name(
        label="Activity Type", required=Required.SYSTEM, access="R", description="Table of the activity."
    )
    subject = col.text(400, label="Subject", required=Required.APPLICATION)
    description = col.memo(2000, label="Description")
    scheduledstart = col.moment(label="Start Date")
    scheduledend = col.moment(label="Due Date")
    actualstart = col.moment(label="Actual Start", format=Format.DATE_ONLY)
    actualend = col.moment(label="Actual End", format=Format.DATE_ONLY)
    formattedscheduledstart = col.moment(label="Formatted Start Date", access="R")
    formattedscheduledend = col.moment(label="Formatted End Date", access="R")
    community = col.choice(Community, label="Social Channel")
    deliverylastattemptedon = col.moment(label="Date Delivery Last Attempted", access="R")
    deliveryprioritycode = col.choice(Priority, label="Delivery Priority", default=Priority.NORMAL)
    exchangeitemid = col.text(200, label="Exchange Item ID", description="Message id that Exchange returned.")
    exchangeweblink = col.text(1250, label="Exchange Web Link", format=Format.URL)
    instancetypecode = col.choice(
        InstanceType, label="Recurring Instance Type", access="R", default=InstanceType.NOT_RECURRING
    )
    leftvoicemail = col.boolean(label="Left Voice Mail", default=False)
    ismapiprivate = col.boolean(label="Is Private", default=False)
    postponeactivityprocessinguntil = col.moment(label="Delay activity processing until", access="R")
    sendermailboxid = col.lookup("mailbox", label="Sender's Mailbox", access="R")
    senton = col.moment(label="Date Sent", access="R")
    seriesid = col.guid(label="Series", access="R")
    statecode = col.state(ActivityState.OPEN)
    statuscode = col.status(ActivityStatus.OPEN)
