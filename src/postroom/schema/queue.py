"""Queues: shared places where activities wait, and what waits there."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import (
    AccessApproval,
    ActiveState,
    ActiveStatus,
    FilteringMethod,
    IncomingDeliveryMethod,
    OutgoingDeliveryMethod,
    QueuedObjectType,
    QueueType,
    QueueViewType,
)
from postroom.schema.column import Format, OnDelete, Required
from postroom.schema.table import (
    ACTIVE_OR_INACTIVE,
    Audited,
    BelongsToUnit,
    Description,
    Imported,
    Owned,
    Ownership,
    Row,
    Zoned,
)


class Queue(Audited, Owned, Imported, Zoned, Row):
    """A shared place where activities wait for somebody to work on them."""

    __tablename__ = "queue"
    __described__ = Description(
        set_name="queues",
        label="Queue",
        plural="Queues",
        code=2020,
        schema_name="Queue",
        primary_name="name",
        ownership=Ownership.USER,
        states=ACTIVE_OR_INACTIVE,
    )
    __table_args__ = (
        Index("ix_queue_emailaddress", "emailaddress"),
        Index("ix_queue_name", "name"),
    )

    queueid = col.key(label="Queue")
    name = col.text(200, label="Name", required=Required.APPLICATION)
    emailaddress = col.text(100, label="Email Address", format=Format.EMAIL, description="Queue address.")
    incomingemaildeliverymethod = col.choice(
        IncomingDeliveryMethod,
        label="Incoming Email",
        required=Required.SYSTEM,
        default=IncomingDeliveryMethod.NONE,
    )
    outgoingemaildeliverymethod = col.choice(
        OutgoingDeliveryMethod,
        label="Outgoing Email",
        required=Required.SYSTEM,
        default=OutgoingDeliveryMethod.NONE,
    )
    incomingemailfilteringmethod = col.choice(
        FilteringMethod,
        label="Incoming Email Filtering Method",
        required=Required.SYSTEM,
        default=FilteringMethod.ALL,
    )
    emailrouteraccessapproval = col.choice(
        AccessApproval, label="Email Address Status", required=Required.SYSTEM, default=AccessApproval.EMPTY
    )
    isemailaddressapprovedbyo365admin = col.boolean(
        label="Email Address Approved By Office 365 Admin",
        required=Required.SYSTEM,
        access="R",
        default=False,
    )
    defaultmailbox = col.lookup(
        "mailbox",
        label="Default Mailbox",
        access="R",
        collection={"mailbox": "queue_defaultmailbox_mailbox"},
        on_delete=OnDelete.REMOVE_LINK,
    )
    queueviewtype = col.choice(
        QueueViewType, label="Queue View Type", required=Required.SYSTEM, default=QueueViewType.PUBLIC
    )
    queuetypecode = col.choice(
        QueueType, label="Queue Type Code", access="R", default=QueueType.DEFAULT_VALUE
    )
    ignoreunsolicitedemail = col.boolean(
        label="Ignore Unsolicited Email",
        yes="Only specific Emails",
        no="All incoming Emails",
        default=False,
        description="Deprecated; 1 Only specific Emails/0 All incoming Emails.",
    )
    emailusername = col.text(200, label="Email User Name", description="Obsolete: values moved to mailbox.")
    emailpassword = col.secret(200, label="Email Password", description="Obsolete: values moved to mailbox.")
    allowemailcredentials = col.boolean(
        label="Allow Email Credentials", default=False, description="Obsolete: values moved to mailbox."
    )
    isfaxqueue = col.boolean(label="Fax Queue", description="Legacy.")
    emailsignature = col.lookup("emailsignature", label="Email Signature")
    description = col.memo(2000, label="Description")
    businessunitid = col.lookup("businessunit", label="Business Unit")
    primaryuserid = col.lookup("systemuser", label="Owner (deprecated)")
    organizationid = col.lookup("organization", label="Organization", access="R")
    transactioncurrencyid = col.lookup("transactioncurrency", label="Currency", on_delete=OnDelete.RESTRICT)
    numberofitems = col.integer(label="Number Of Items", access="R")
    numberofmembers = col.integer(label="Number Of Members", access="R")
    statecode = col.state(ActiveState.ACTIVE)
    statuscode = col.status(ActiveStatus.ACTIVE, required=Required.SYSTEM)


class QueueItem(Audited, BelongsToUnit, Imported, Zoned, Row):
    """One record waiting in one queue."""

    __tablename__ = "queueitem"
    __described__ = Description(
        set_name="queueitems",
        label="Queue Item",
        plural="Queue Items",
        code=2029,
        schema_name="QueueItem",
        primary_name="title",
        ownership=Ownership.USER,
        states=ACTIVE_OR_INACTIVE,
    )
    __table_args__ = (
        Index("ix_queueitem_objectid", "objectid"),
        Index("ix_queueitem_queueid", "queueid"),
    )

    queueitemid = col.key(label="Queue Item")
    title = col.text(850, label="Title")
    queueid = col.lookup("queue", label="Queue", required=Required.SYSTEM, on_delete=OnDelete.CASCADE)
    objectid = col.lookup(
        "activitypointer",
        "appointment",
        "email",
        "recurringappointmentmaster",
        "task",
        "phonecall",
        "letter",
        "fax",
        "serviceappointment",
        "incident",
        label="Object",
        required=Required.SYSTEM,
        type_column="postroom_objecttype",
        collection={
            "email": "Email_QueueItem",
            "appointment": "Appointment_QueueItem",
            "task": "Task_QueueItem",
            "phonecall": "PhoneCall_QueueItem",
            "letter": "Letter_QueueItem",
            "fax": "Fax_QueueItem",
            "serviceappointment": "ServiceAppointment_QueueItem",
        },
        on_delete=OnDelete.CASCADE,
    )
    objecttypecode = col.choice(
        QueuedObjectType, label="Object Type Code", access="R", description="Table of the record as a number."
    )
    postroom_objecttype = col.table_name(
        label="Object Table", access="R", description="Logical name of the record's table."
    )
    enteredon = col.moment(label="Entered On", access="R")
    workerid = col.lookup("systemuser", "team", label="Worked By", type_column="workeridtype")
    workeridtype = col.table_name(label="Worker Type")
    workeridmodifiedon = col.moment(label="Worked On", access="R")
    ownerid = col.owner(access="R", description="Owner of the queue.")
    owneridtype = col.table_name(label="Owner Type", access="R")
    priority = col.integer(label="Priority", access="R", description="Copy of the record's value.")
    state = col.integer(label="State", access="R", description="Copy of the record's value.")
    status = col.integer(label="Status", access="R", description="Copy of the record's value.")
    sender = col.text(250, label="Sender", access="R", description="Copy of the record's value.")
    torecipients = col.text(500, label="To Recipients", access="R", description="Copy of the record's value.")
    organizationid = col.lookup("organization", label="Organization", access="R")
    transactioncurrencyid = col.lookup("transactioncurrency", label="Currency", on_delete=OnDelete.RESTRICT)
    exchangerate = col.decimal(0, 100_000_000_000, label="Exchange Rate", access="R")
    statecode = col.state(ActiveState.ACTIVE)
    statuscode = col.status(ActiveStatus.ACTIVE)
