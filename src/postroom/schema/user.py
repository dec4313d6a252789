"""Users: people who own records and mailboxes, and their settings."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import (
    AccessApproval,
    AccessMode,
    AzureState,
    DeletedState,
    FilteringMethod,
    IncomingDeliveryMethod,
    OutgoingDeliveryMethod,
)
from postroom.schema.column import Format, OnDelete, Required
from postroom.schema.table import Audited, Description, Ownership, Row, Zoned


class SystemUser(Audited, Zoned, Row):
    """A user of the CRM."""

    __tablename__ = "systemuser"
    __described__ = Description(
        set_name="systemusers",
        label="User",
        plural="Users",
        code=8,
        schema_name="SystemUser",
        primary_name="fullname",
        ownership=Ownership.BUSINESS,
    )
    __table_args__ = (
        Index("ix_systemuser_domainname", "domainname"),
        Index("ix_systemuser_internalemailaddress", "internalemailaddress"),
    )

    systemuserid = col.key(label="User")
    fullname = col.text(
        200,
        label="Full Name",
        access="R",
        description="Built from the parts by the organization's convention.",
    )
    internalemailaddress = col.text(
        100,
        label="Primary Email",
        format=Format.EMAIL,
        description="Primary e-mail; copied to mailbox.emailaddress.",
    )
    personalemailaddress = col.text(
        100, label="Email 2", format=Format.EMAIL, description="Secondary addresses (used in resolution)."
    )
    mobilealertemail = col.text(
        100,
        label="Mobile Alert Email",
        format=Format.EMAIL,
        description="Secondary addresses (used in resolution).",
    )
    incomingemaildeliverymethod = col.choice(
        IncomingDeliveryMethod,
        label="Incoming Email",
        required=Required.SYSTEM,
        default=IncomingDeliveryMethod.OUTLOOK,
    )
    outgoingemaildeliverymethod = col.choice(
        OutgoingDeliveryMethod,
        label="Outgoing Email",
        required=Required.SYSTEM,
        default=OutgoingDeliveryMethod.OUTLOOK,
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
        collection={"mailbox": "systemuser_defaultmailbox_mailbox"},
        on_delete=OnDelete.REMOVE_LINK,
        description="Mailbox of this record.",
    )
    queueid = col.lookup(
        "queue", label="Queue", on_delete=OnDelete.REMOVE_LINK, description="Default (private) queue."
    )
    defaultfilterspopulated = col.boolean(
        label="Default Filters Populated",
        required=Required.SYSTEM,
        access="R",
        default=False,
        description="Whether the default synchronization filters were created.",
    )
    isdisabled = col.boolean(label="Is Disabled", yes="Disabled", no="Enabled", default=False)
    accessmode = col.choice(
        AccessMode, label="Access Mode", required=Required.SYSTEM, default=AccessMode.READ_WRITE
    )
    islicensed = col.boolean(label="Is Licensed", required=Required.SYSTEM, default=False)
    issyncwithdirectory = col.boolean(label="Sync With Directory", required=Required.SYSTEM, default=False)
    setupuser = col.boolean(label="Setup User", required=Required.SYSTEM, default=False)
    deletedstate = col.choice(
        DeletedState, label="Deleted State", access="R", default=DeletedState.NOT_DELETED
    )
    azurestate = col.choice(AzureState, label="Azure State", default=AzureState.EXISTS)
    # SystemRequired in Dataverse, where the directory supplies it; a store without one must do without.
    domainname = col.text(
        1024, label="User Name", required=Required.APPLICATION, description="UPN / domain login."
    )
    windowsliveid = col.text(1024, label="Windows Live ID")
    azureactivedirectoryobjectid = col.guid(label="Azure AD Object ID", description="Entra ids.")
    applicationid = col.guid(label="Application ID", description="Entra ids.")
    firstname = col.text(256, label="First Name", required=Required.APPLICATION)
    lastname = col.text(256, label="Last Name", required=Required.APPLICATION)
    middlename = col.text(50, label="Middle Name")
    nickname = col.text(50, label="Nickname")
    salutation = col.text(20, label="Salutation")
    title = col.text(128, label="Title")
    jobtitle = col.text(100, label="Job Title")
    mobilephone = col.text(64, label="Mobile Phone")
    homephone = col.text(50, label="Home Phone")
    address1_telephone1 = col.text(64, label="Address 1 Telephone 1")
    businessunitid = col.lookup("businessunit", label="Business Unit", required=Required.SYSTEM)
    parentsystemuserid = col.lookup("systemuser", label="Manager")


class UserSettings(Audited, Row):
    """What a user prefers; one row per user, with the key of the user."""

    __tablename__ = "usersettings"
    __described__ = Description(
        set_name="usersettingscollection",
        label="User Settings",
        plural="User Settings",
        code=150,
        schema_name="UserSettings",
        ownership=Ownership.BUSINESS,
    )

    systemuserid = col.key(label="User", access="R")
    incomingemailfilteringmethod = col.choice(
        FilteringMethod, label="Incoming Email Filtering Method", default=FilteringMethod.KNOWN_SENDERS
    )
    autocreatecontactonpromote = col.integer(
        0,
        2,
        label="Auto Create Contact On Promote",
        description="What is made of an unknown sender of a tracked e-mail: 0 nothing, 1 contact, 2 lead.",
    )
    ignoreunsolicitedemail = col.boolean(
        label="Ignore Unsolicited Email", default=True, description="Deprecated."
    )
    issendasallowed = col.boolean(
        label="Send As Allowed", default=False, description="Others may send e-mail on this user's behalf."
    )
    synccontactcompany = col.boolean(
        label="Sync Contact Company",
        default=False,
        description="Set company field on Outlook contact during sync.",
    )
    trackingtokenid = col.integer(
        label="Tracking Token ID", description="User number used in tracking tokens."
    )
    nexttrackingnumber = col.integer(
        label="Next Tracking Number", description="Next counter for this user's tokens."
    )
    addressbooksyncinterval = col.integer(
        label="Address Book Sync Interval", description="Outlook client polling intervals."
    )
    offlinesyncinterval = col.integer(
        label="Offline Sync Interval", description="Outlook client polling intervals."
    )
    outlooksyncinterval = col.integer(
        label="Outlook Sync Interval", description="Outlook client polling intervals."
    )
    isresourcebookingexchangesyncenabled = col.boolean(
        label="Resource Booking Exchange Sync Enabled",
        yes="Enabled",
        no="Disabled",
        default=False,
        description="Whether resource bookings go to Exchange.",
    )
    resourcebookingexchangesyncversion = col.bigint(
        label="Resource Booking Exchange Sync Version",
        description="How far resource bookings were synchronized.",
    )
    lastalertsviewedtime = col.moment(
        label="Last Alerts Viewed Time", description="Mailbox alerts last read."
    )
    isemailconversationviewenabled = col.boolean(label="Email Conversation View Enabled", default=False)
    isduplicatedetectionenabledwhengoingonline = col.boolean(
        label="Duplicate Detection Enabled When Going Online"
    )
    timezonecode = col.integer(
        label="Time Zone Code", default=92, description="Time zone of the user; 92 is UTC."
    )
    timezonebias = col.integer(label="Time Zone Bias", description="User time zone.")
    timezonedaylightday = col.integer(label="Time Zone Daylight Day", description="User time zone.")
    timezonedaylightdayofweek = col.integer(
        label="Time Zone Daylight Day Of Week", description="User time zone."
    )
    timezonedaylighthour = col.integer(label="Time Zone Daylight Hour", description="User time zone.")
    timezonedaylightminute = col.integer(label="Time Zone Daylight Minute", description="User time zone.")
    timezonedaylightmonth = col.integer(label="Time Zone Daylight Month", description="User time zone.")
    timezonedaylightsecond = col.integer(label="Time Zone Daylight Second", description="User time zone.")
    timezonedaylightyear = col.integer(label="Time Zone Daylight Year", description="User time zone.")
    timezonestandardday = col.integer(label="Time Zone Standard Day", description="User time zone.")
    timezonestandarddayofweek = col.integer(
        label="Time Zone Standard Day Of Week", description="User time zone."
    )
    timezonestandardhour = col.integer(label="Time Zone Standard Hour", description="User time zone.")
    timezonestandardminute = col.integer(label="Time Zone Standard Minute", description="User time zone.")
    timezonestandardmonth = col.integer(label="Time Zone Standard Month", description="User time zone.")
    timezonestandardsecond = col.integer(label="Time Zone Standard Second", description="User time zone.")
    timezonestandardyear = col.integer(label="Time Zone Standard Year", description="User time zone.")
    localeid = col.integer(label="Locale", default=1033)
    uilanguageid = col.integer(label="UI Language")
    helplanguageid = col.integer(label="Help Language")
    workdaystarttime = col.text(5, label="Work Day Start Time")
    workdaystoptime = col.text(5, label="Work Day Stop Time")
    emailusername = col.text(200, label="Email User Name", description="Obsolete: moved to mailbox.")
    emailpassword = col.secret(200, label="Email Password", description="Obsolete: moved to mailbox.")
    allowemailcredentials = col.boolean(
        label="Allow Email Credentials", default=False, description="Obsolete: moved to mailbox."
    )
    businessunitid = col.guid(label="Business Unit")
    usecrmformforappointment = col.boolean(
        label="Use CRM Form For Appointment", default=False, description="Outlook client."
    )
    usecrmformforcontact = col.boolean(
        label="Use CRM Form For Contact", default=False, description="Outlook client."
    )
    usecrmformforemail = col.boolean(
        label="Use CRM Form For Email", default=False, description="Outlook client."
    )
    usecrmformfortask = col.boolean(
        label="Use CRM Form For Task", default=False, description="Outlook client."
    )
