"""Tasks: to-do items."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.activity import Activity
from postroom.schema.choices import TaskState, TaskStatus
from postroom.schema.column import Format, Required
from postroom.schema.table import Description, Ownership, Row, States

STATES = States(
    {
        TaskState.OPEN: (
            TaskStatus.NOT_STARTED,
            TaskStatus.IN_PROGRESS,
            TaskStatus.WAITING,
            TaskStatus.DEFERRED,
        ),
        TaskState.COMPLETED: (TaskStatus.COMPLETED,),
        TaskState.CANCELED: (TaskStatus.CANCELED,),
    }
)


class Task(Activity, Row):
    """A to-do item."""

    __tablename__ = "task"
    __described__ = Description(
        set_name="tasks",
        label="Task",
        plural="Tasks",
        code=4212,
        schema_name="Task",
        primary_name="subject",
        ownership=Ownership.USER,
        is_activity=True,
        states=STATES,
    )
    __table_args__ = (
        Index("ix_task_ownerid", "ownerid", "scheduledend"),
        Index("ix_task_regardingobjectid", "regardingobjectid"),
    )

    activityid = col.key(label="Activity")
    actualend = col.moment(label="Actual End", format=Format.DATE_ONLY)
    actualstart = col.moment(label="Actual Start", format=Format.DATE_ONLY)
    crmtaskassigneduniqueid = col.guid(label="Assigned Task Unique ID")
    description = col.memo(2000, label="Description")
    lastonholdtime = col.moment(label="Last On Hold Time")
    percentcomplete = col.integer(0, 100, label="Percent Complete")
    scheduledend = col.moment(label="Due Date")
    scheduledstart = col.moment(label="Start Date")
    slaid = col.lookup("sla", label="SLA")
    statecode = col.state(TaskState.OPEN)
    statuscode = col.status(TaskStatus.NOT_STARTED)
    subject = col.text(200, label="Subject", required=Required.APPLICATION)
    subscriptionid = col.guid(label="Subscription", access="C")
    onholdtime = col.integer(label="On Hold Time", access="R", description="Minutes on hold.")
    slainvokedid = col.lookup("sla", label="SLA Invoked", access="R")
    activitytypecode = col.table_name(
        label="Activity Type", required=Required.SYSTEM, access="R", default="task"
    )
