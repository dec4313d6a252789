"""Service activities: work for a customer, with the time and the people it takes."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.activity import Activity
from postroom.schema.choices import (
    Community,
    InstanceType,
    Participation,
    Priority,
    ServiceState,
    ServiceStatus,
)
from postroom.schema.column import Format, Required
from postroom.schema.table import Description, Ownership, Row, States

# source: DATAVERSE-TABLES serviceappointment: statecode and its default statuses
STATES = States(
    {
        ServiceState.OPEN: (ServiceStatus.REQUESTED, ServiceStatus.TENTATIVE),
        ServiceState.CLOSED: (ServiceStatus.COMPLETED,),
        ServiceState.CANCELED: (ServiceStatus.CANCELED, ServiceStatus.NO_SHOW),
        ServiceState.SCHEDULED: (
            ServiceStatus.PENDING,
            ServiceStatus.RESERVED,
            ServiceStatus.IN_PROGRESS,
            ServiceStatus.ARRIVED,
        ),
    }
)
PARTY_LISTS = {
    "resources": Participation.RESOURCE,
    "customers": Participation.CUSTOMER,
    "requiredattendees": Participation.REQUIRED,
    "optionalattendees": Participation.OPTIONAL,
    "organizer": Participation.ORGANIZER,
    "from": Participation.SENDER,
    "to": Participation.TO,
    "cc": Participation.CC,
    "bcc": Participation.BCC,
}


class ServiceAppointment(Activity, Row):
    """Work for a customer at a certain time, done by certain people."""

    __tablename__ = "serviceappointment"
    __described__ = Description(
        set_name="serviceappointments",
        label="Service Activity",
        plural="Service Activities",
        code=4214,
        schema_name="ServiceAppointment",
        primary_name="subject",
        ownership=Ownership.USER,
        is_activity=True,
        states=STATES,
        party_lists=PARTY_LISTS,
    )
    __table_args__ = (
        Index("ix_serviceappointment_ownerid", "ownerid", "scheduledstart"),
        Index("ix_serviceappointment_regardingobjectid", "regardingobjectid"),
    )

    activityid = col.key(label="Activity")
    actualend = col.moment(label="Actual End")
    actualstart = col.moment(label="Actual Start")
    community = col.choice(Community, label="Social Channel")
    deliveryprioritycode = col.choice(
        Priority, label="Delivery Priority", access="CR", default=Priority.NORMAL
    )
    description = col.memo(2000, label="Description")
    exchangeitemid = col.text(200, label="Exchange Item ID", description="Message id that Exchange returned.")
    exchangeweblink = col.text(1250, label="Exchange Web Link", format=Format.URL)
    isalldayevent = col.boolean(label="All Day Event", default=False)
    ismapiprivate = col.boolean(label="Is Private", default=False)
    lastonholdtime = col.moment(label="Last On Hold Time")
    leftvoicemail = col.boolean(label="Left Voice Mail", default=False)
    location = col.text(500, label="Delivery Location")
    scheduledend = col.moment(label="Scheduled End", required=Required.APPLICATION)
    scheduledstart = col.moment(label="Scheduled Start", required=Required.APPLICATION)
    serviceid = col.lookup("service", label="Service", required=Required.APPLICATION)
    siteid = col.lookup("site", label="Site")
    slaid = col.lookup("sla", label="SLA")
    statecode = col.state(ServiceState.OPEN)
    statuscode = col.status(ServiceStatus.REQUESTED)
    subject = col.text(200, label="Subject", required=Required.APPLICATION)
    subscriptionid = col.guid(label="Subscription", access="C")
    deliverylastattemptedon = col.moment(label="Date Delivery Last Attempted", access="R")
    instancetypecode = col.choice(
        InstanceType, label="Recurring Instance Type", access="R", default=InstanceType.NOT_RECURRING
    )
    onholdtime = col.integer(label="On Hold Time", access="R", description="Minutes on hold.")
    postponeactivityprocessinguntil = col.moment(label="Delay activity processing until", access="R")
    sendermailboxid = col.lookup("mailbox", label="Sender's Mailbox", access="R")
    senton = col.moment(label="Date Sent", access="R")
    seriesid = col.guid(label="Series", access="R")
    slainvokedid = col.lookup("sla", label="SLA Invoked", access="R")
    activitytypecode = col.table_name(
        label="Activity Type", required=Required.SYSTEM, access="R", default="serviceappointment"
    )
