"""Parties: who takes part in an activity, and in which role."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import AttendeeResponse, DeliveryState, InstanceType, Participation
from postroom.schema.column import Format, OnDelete, Required
from postroom.schema.table import Description, Row, Versioned
from postroom.schema.targets import PARTIES


class ActivityParty(Versioned, Row):
    """One participant of one activity in one role."""

    __tablename__ = "activityparty"
    __described__ = Description(
        set_name="activityparties",
        label="Activity Party",
        plural="Activity Parties",
        code=135,
        schema_name="ActivityParty",
        primary_name="partyidname",
    )
    __table_args__ = (
        Index("ix_activityparty_activityid", "activityid"),
        Index("ix_activityparty_partyid", "partyid"),
        Index("ix_activityparty_addressused", "addressused"),
        Index("ix_activityparty_postroom_unresolvedkey", "postroom_unresolvedkey"),
    )

    activitypartyid = col.key(label="Activity Party")
    activityid = col.lookup(
        "activitypointer",
        "email",
        "appointment",
        "recurringappointmentmaster",
        "task",
        "phonecall",
        "letter",
        "fax",
        "serviceappointment",
        label="Activity",
        required=Required.SYSTEM,
        collection={
            "activitypointer": "activitypointer_activity_parties",
            "email": "email_activity_parties",
            "appointment": "appointment_activity_parties",
            "recurringappointmentmaster": "recurringappointmentmaster_activity_parties",
            "task": "task_activity_parties",
            "phonecall": "phonecall_activity_parties",
            "letter": "letter_activity_parties",
            "fax": "fax_activity_parties",
            "serviceappointment": "serviceappointment_activity_parties",
        },
        on_delete=OnDelete.CASCADE,
    )
    addressused = col.text(
        320, label="Address Used", description="Address actually used for delivery/resolution."
    )
    effort = col.double(0, 1_000_000_000, label="Effort", description="Resource effort (service activities).")
    exchangeentryid = col.text(1024, label="Exchange Entry", description="Internal Exchange id.")
    participationtypemask = col.choice(
        Participation,
        label="Participation Type",
        required=Required.SYSTEM,
        description="Role in the activity.",
    )
    partyid = col.lookup(
        *PARTIES,
        label="Party",
        type_column="partyobjecttypecode",
        collection={
            "account": "account_activity_parties",
            "contact": "contact_activity_parties",
            "lead": "lead_activity_parties",
            "queue": "queue_activity_parties",
            "systemuser": "system_user_activity_parties",
        },
        description="Resolved party; null for an unresolved address.",
    )
    externalid = col.text(200, label="External ID", description="External participant id.")
    externalidtype = col.text(200, label="External ID Type", description="Kind of the external participant.")
    resourcespecid = col.lookup(
        "resourcespec", label="Resource Specification", description="Service scheduling."
    )
    partyidname = col.text(
        400, label="Party Name", access="CR", description="Primary name (display name of party)."
    )
    partyobjecttypecode = col.table_name(label="Party Object Type Code", description="Table of partyid.")
    unresolvedpartyname = col.text(
        200, label="Unresolved Party Name", description="Name to show when not resolved."
    )
    addressusedemailcolumnnumber = col.integer(
        1,
        label="Address Used Email Column Number",
        access="R",
        description="Which e-mail column of the party table matched.",
    )
    donotemail = col.boolean(
        label="Do not allow Emails",
        access="R",
        yes="Do Not Allow",
        no="Allow",
        default=False,
        description="Copied contact preferences.",
    )
    donotfax = col.boolean(
        label="Do not allow Faxes",
        access="R",
        yes="Do Not Allow",
        no="Allow",
        default=False,
        description="Copied contact preferences.",
    )
    donotphone = col.boolean(
        label="Do not allow Phone Calls",
        access="R",
        yes="Do Not Allow",
        no="Allow",
        default=False,
        description="Copied contact preferences.",
    )
    donotpostalmail = col.boolean(
        label="Do not allow Mails",
        access="R",
        yes="Do Not Allow",
        no="Allow",
        default=False,
        description="Copied contact preferences.",
    )
    instancetypecode = col.choice(
        InstanceType,
        label="Instance Type Code",
        required=Required.SYSTEM,
        access="R",
        default=InstanceType.NOT_RECURRING,
    )
    ispartydeleted = col.boolean(
        label="Party Deleted",
        required=Required.SYSTEM,
        access="R",
        default=False,
        description="Party record was deleted.",
    )
    ownerid = col.owner(required=Required.APPLICATION, access="R")
    owneridtype = col.table_name(label="Owner ID Type", access="R")
    owningbusinessunit = col.guid(label="Owning Business Unit", access="")
    owninguser = col.guid(label="Owning User", access="")
    scheduledend = col.moment(
        label="Due Date", access="R", format=Format.DATE_ONLY, description="Copied from the activity."
    )
    scheduledstart = col.moment(
        label="Start Date", access="R", format=Format.DATE_ONLY, description="Copied from the activity."
    )
    postroom_unresolvedkey = col.text(
        320,
        label="Unresolved Key",
        access="R",
        description="The address as addresses are compared, as long as it belongs to no record.",
    )
    postroom_deliverystate = col.choice(
        DeliveryState, label="Delivery State", access="R", description="What reports say of this recipient."
    )
    postroom_response = col.choice(
        AttendeeResponse, label="Response", description="What the attendee has answered to the invitation."
    )


class UnresolvedAddress(Versioned, Row):
    """A stand-in for an address that belongs to no record."""

    __tablename__ = "unresolvedaddress"
    __described__ = Description(
        set_name="unresolvedaddresses",
        label="Unresolved Address",
        plural="Unresolved Addresses",
        code=2012,
        schema_name="UnresolvedAddress",
        primary_name="fullname",
    )

    unresolvedaddressid = col.key(label="Unresolved Address")
    emailaddress = col.text(100, label="Email Address")
    fullname = col.text(160, label="Full Name", access="R")
    telephone = col.text(50, label="Telephone")
