"""Mailboxes: delivery settings, credentials, progress and health of one address."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import (
    AccessApproval,
    ActiveState,
    ActiveStatus,
    ContactsImportStatus,
    IncomingDeliveryMethod,
    ItemDeliveryMethod,
    MailboxOperation,
    OfficeAppsStatus,
    OutgoingDeliveryMethod,
    RunStatus,
)
from postroom.schema.column import UNBOUNDED, Format, OnDelete, Required
from postroom.schema.table import (
    ACTIVE_OR_INACTIVE,
    Audited,
    Description,
    Owned,
    Ownership,
    Row,
    Versioned,
    Zoned,
)


class Mailbox(Audited, Owned, Zoned, Row):
    """Delivery settings, credentials, progress counters and health of one e-mail address."""

    __tablename__ = "mailbox"
    __described__ = Description(
        set_name="mailboxes",
        label="Mailbox",
        plural="Mailboxes",
        code=9606,
        schema_name="Mailbox",
        primary_name="name",
        ownership=Ownership.USER,
        states=ACTIVE_OR_INACTIVE,
    )
    __table_args__ = (
        # One mailbox per user and one per queue; forward mailboxes regard nobody.
        Index("uq_mailbox_regardingobjectid", "regardingobjectid", unique=True),
        Index("ix_mailbox_emailaddress", "emailaddress"),
        Index("ix_mailbox_emailserverprofile", "emailserverprofile"),
    )

    mailboxid = col.key(label="Mailbox")
    acsenabledforoutgoingemail = col.boolean(
        label="ACS Enabled For Outgoing Email", default=False, description="ACS for outgoing."
    )
    acsmailfromcreated = col.boolean(label="ACS Mail From Created", default=False, description="Internal.")
    acsoutgoingemailstatus = col.choice(
        RunStatus,
        label="ACS Outgoing Email Status",
        default=RunStatus.NOT_RUN,
        description="ACS outgoing status.",
    )
    actdeliverymethod = col.choice(
        ItemDeliveryMethod,
        label="Appointments, Contacts, and Tasks",
        default=ItemDeliveryMethod.OUTLOOK,
        description="How appointments, contacts, tasks are synchronized.",
    )
    actstatus = col.choice(
        RunStatus,
        label="Appointments, Contacts, and Tasks Status",
        access="UR",
        default=RunStatus.NOT_RUN,
        description="Result of the ACT test.",
    )
    allowemailconnectortousecredentials = col.boolean(
        label="Allow Email Connector To Use Credentials",
        default=False,
        description="The sync service may use this mailbox's stored user name/password.",
    )
    emailaddress = col.text(
        100, label="Email Address", format=Format.EMAIL, description="Address of the mailbox."
    )
    emailrouteraccessapproval = col.choice(
        AccessApproval,
        label="Email Address Status",
        required=Required.SYSTEM,
        default=AccessApproval.EMPTY,
        description="Approval state of the address.",
    )
    emailserverprofile = col.lookup(
        "emailserverprofile",
        label="Server Profile",
        collection={"emailserverprofile": "emailserverprofile_mailbox"},
        on_delete=OnDelete.REMOVE_LINK,
        description="Server profile.",
    )
    # Documented with the default Yes. But it is the test that switches these on, and a new mailbox has not
    # been tested; No is what the product's own forms show for one.
    enabledforact = col.boolean(
        label="Enabled For Appointments, Contacts, And Tasks",
        required=Required.SYSTEM,
        access="UR",
        default=False,
        description="Sync of appointments/contacts/tasks enabled (set by the test).",
    )
    enabledforincomingemail = col.boolean(
        label="Enabled For Incoming Email",
        required=Required.SYSTEM,
        access="UR",
        default=False,
        description="Incoming enabled (set by the test).",
    )
    enabledforoutgoingemail = col.boolean(
        label="Enabled For Outgoing Email",
        required=Required.SYSTEM,
        access="UR",
        default=False,
        description="Outgoing enabled (set by the test).",
    )
    entityimage = col.binary(label="Entity Image")
    ewsurl = col.text(
        2084,
        label="Exchange Web Services URL",
        format=Format.URL,
        description="EWS endpoint found for the mailbox.",
    )
    exchangecontactsimportstatus = col.choice(
        ContactsImportStatus,
        label="Exchange Contacts Import Status",
        default=ContactsImportStatus.NOT_IMPORTED,
        description="Contact import status.",
    )
    exchangesyncstatexml = col.memo(
        UNBOUNDED, label="Exchange Sync State XML", description="Opaque Exchange sync state as XML."
    )
    folderhierarchy = col.memo(
        UNBOUNDED,
        label="Folder Hierarchy",
        description="XML of the folder tree below Inbox, used by the folder-level tracking picker.",
    )
    # Forms begin with "unset", -1, which no row can hold.
    incomingemaildeliverymethod = col.choice(
        IncomingDeliveryMethod,
        label="Incoming Email",
        default=IncomingDeliveryMethod.NONE,
        description="Incoming delivery method.",
    )
    incomingemailstatus = col.choice(
        RunStatus,
        label="Incoming Email Status",
        access="UR",
        default=RunStatus.NOT_RUN,
        description="Incoming test/sync result.",
    )
    isactsyncorgflagset = col.boolean(
        label="ACT Sync Org Flag Set",
        default=False,
        description="This organization is the synchronizing organization for the mailbox.",
    )
    isemailaddressapprovedbyo365admin = col.boolean(
        label="Email Address Approved By Office 365 Admin",
        required=Required.SYSTEM,
        access="UR",
        default=False,
        description="Address approved by Office 365 admin.",
    )
    itemsfailedforlastsync = col.integer(
        0, label="Items Failed For Last Sync", description="Items failed in last cycle."
    )
    itemsprocessedforlastsync = col.integer(
        0, label="Items Processed For Last Sync", description="Items processed in last cycle."
    )
    lastautodiscoveredon = col.moment(
        label="Last Auto Discovered On", description="Last Autodiscover success."
    )
    lastincomingemailsrequestedfromemailserveron = col.moment(
        label="Last Incoming Emails Requested From Email Server On",
        description="Last request of incoming mail.",
    )
    lastmessageid = col.text(
        320, label="Last Message", description="Id of last processed message (POP3 watermark)."
    )
    lastsuccessfulsynccompletedon = col.moment(
        label="Last Successful Sync Completed On", access="UR", description="End of last good cycle."
    )
    lastsyncerror = col.text(2048, label="Last Sync Error", description="Last error stack.")
    lastsyncerrorcode = col.integer(label="Last Sync Error Code", description="Last error code.")
    lastsyncerrorcount = col.integer(0, label="Last Sync Error Count", description="Consecutive errors.")
    lastsyncerrormachinename = col.text(
        320, label="Last Sync Error Machine Name", description="Host where it failed."
    )
    lastsyncerroroccurredon = col.moment(label="Last Sync Error Occurred On", description="When.")
    lasttagcompletedon = col.moment(label="Last Tag Completed On", description="Tagging finished.")
    lasttaggedmessageid = col.text(
        320,
        label="Last Tagged Message",
        access="UR",
        description="Last message considered for tagging (category) in the mail system.",
    )
    lasttagprocessedmaxitems = col.boolean(
        label="Last Tag Processed Max Items",
        default=False,
        description="Last tagging cycle hit the item cap.",
    )
    mailboxprocessingcontext = col.integer(
        0, label="Mailbox Processing Context", description="Internal bit/context value."
    )
    name = col.text(200, label="Name", required=Required.SYSTEM, description="Primary name.")
    oauthaccesstoken = col.secret(
        1024,
        label="OAuth Access Token",
        set_flag="isoauthaccesstokenset",
        description="OAuth access token (Gmail).",
    )
    oauthrefreshtoken = col.secret(
        256,
        label="OAuth Refresh Token",
        set_flag="isoauthrefreshtokenset",
        description="OAuth refresh token.",
    )
    oauthtokenexpireson = col.moment(label="OAuth Token Expires On", description="Token expiry.")
    officeappsdeploymentscheduled = col.boolean(
        label="Office Apps Deployment Scheduled", default=False, description="Outlook app install queued."
    )
    officeappsdeploymentstatus = col.choice(
        OfficeAppsStatus,
        label="Office Apps Deployment Status",
        default=OfficeAppsStatus.NOT_INSTALLED,
        description="Outlook app install state.",
    )
    orgmarkedasprimaryforexchangesync = col.boolean(
        label="Org Marked As Primary For Exchange Sync",
        default=False,
        description=(
            'Mark this org as the primary syncing org on the Exchange mailbox ("overwrite" '
            "choice when testing)."
        ),
    )
    outgoingemaildeliverymethod = col.choice(
        OutgoingDeliveryMethod,
        label="Outgoing Email",
        default=OutgoingDeliveryMethod.NONE,
        description="Outgoing delivery method.",
    )
    outgoingemailstatus = col.choice(
        RunStatus,
        label="Outgoing Email Status",
        access="UR",
        default=RunStatus.NOT_RUN,
        description="Outgoing result.",
    )
    password = col.secret(200, label="Password", set_flag="ispasswordset", description="Mailbox password.")
    postponemailboxprocessinguntil = col.moment(
        label="Postpone Mailbox Processing Until",
        required=Required.SYSTEM,
        access="UR",
        format=Format.DATE_ONLY,
        description="Do nothing with this mailbox before this instant.",
    )
    postponeofficeappsdeploymentuntil = col.moment(
        label="Postpone Office Apps Deployment Until", description="Next Outlook app install."
    )
    postponesendinguntil = col.moment(
        label="Postpone Sending Until",
        required=Required.SYSTEM,
        format=Format.DATE_ONLY,
        description="Do not send before this instant.",
    )
    postponetestemailconfigurationuntil = col.moment(
        label="Postpone Test Email Configuration Until", description="Next configuration test."
    )
    processanddeleteemails = col.boolean(
        label="Process And Delete Emails",
        default=False,
        description="Delete messages from the server after processing.",
    )
    processemailreceivedafter = col.moment(
        label="Process Email Received After", format=Format.DATE_ONLY, description="Ignore older mail."
    )
    processinglastattemptedon = col.moment(
        label="Processing Last Attempted On", description="Last processing attempt."
    )
    statecode = col.state(ActiveState.ACTIVE)
    statuscode = col.status(ActiveStatus.ACTIVE, required=Required.SYSTEM)
    tagemailsafter = col.moment(
        label="Tag Emails After", format=Format.DATE_ONLY, description="Tag only newer messages."
    )
    testemailconfigurationretrycount = col.integer(
        0,
        label="Test Email Configuration Retry Count",
        required=Required.SYSTEM,
        default=0,
        description="How many times the test was tried.",
    )
    testemailconfigurationscheduled = col.boolean(
        label="Test Email Configuration Scheduled",
        default=False,
        description='Set true to request "Test & Enable Mailbox"; service clears it.',
    )
    testmailboxaccesscompletedon = col.moment(
        label="Test Mailbox Access Completed On", access="UR", description="Last test finished."
    )
    undeliverablefolder = col.text(
        256, label="Undeliverable Folder", access="UR", description="Exchange id of the Undeliverable folder."
    )
    username = col.text(200, label="Username", description="Mailbox user name.")
    verboseloggingenabled = col.integer(
        0,
        100,
        label="Verbose Logging",
        required=Required.SYSTEM,
        access="UR",
        default=0,
        description="Verbose tracing level.",
    )
    averagetotalduration = col.integer(
        -1, label="Average Total Duration", access="R", description="Mean cycle duration."
    )
    emailaddressapprovedby = col.lookup(
        "systemuser",
        label="Email Address Approved By",
        access="R",
        navigation={"systemuser": "emailaddressapprovedby_mailbox"},
        on_delete=OnDelete.REMOVE_LINK,
        description="Who approved the address.",
    )
    emailaddressapprovedon = col.moment(label="Email Address Approved On", access="R", description="When.")
    entityimage_timestamp = col.bigint(label="Entity Image Timestamp", access="R", description="Image.")
    entityimage_url = col.text(200, label="Entity Image URL", access="R", description="Image.")
    entityimageid = col.guid(label="Entity Image", access="R", description="Image.")
    exchangecontactsimportcompletedon = col.moment(
        label="Exchange Contacts Import Completed On", access="R", description="Last contact import."
    )
    exchangesyncstatexmlfileref = col.guid(
        label="Exchange Sync State XML File Ref", access="R", description="Blob reference for the sync state."
    )
    exchangesyncstatexmlfileref_name = col.text(
        200, label="Exchange Sync State XML File Name", access="R", description="File name."
    )
    forcedunlockcount = col.integer(
        0,
        label="Forced Unlock Count",
        required=Required.SYSTEM,
        access="R",
        default=0,
        description="Times the mailbox lock was broken.",
    )
    hostid = col.text(
        256,
        label="Host",
        access="R",
        description="Async host currently processing the mailbox (the lock owner).",
    )
    isexchangecontactsimportscheduled = col.boolean(
        label="Exchange Contacts Import Scheduled",
        required=Required.SYSTEM,
        access="R",
        default=False,
        description="Contact import queued.",
    )
    isforwardmailbox = col.boolean(
        label="Is Forward Mailbox",
        required=Required.SYSTEM,
        access="R",
        default=True,
        description="Forward mailbox.",
    )
    isoauthaccesstokenset = col.boolean(
        label="OAuth Access Token Is Set", access="R", default=False, description="Secret present."
    )
    isoauthrefreshtokenset = col.boolean(
        label="OAuth Refresh Token Is Set", access="R", default=False, description="Secret present."
    )
    ispasswordset = col.boolean(
        label="Password Is Set", access="R", default=False, description="Secret present."
    )
    isserviceaccount = col.boolean(
        label="Service Account",
        required=Required.SYSTEM,
        access="R",
        default=False,
        description="Service account mailbox.",
    )
    lastactiveon = col.moment(
        label="Last Active On",
        required=Required.SYSTEM,
        access="",
        description="When the mailbox last had something to do.",
    )
    lastduration = col.integer(-1, label="Last Duration", access="R", description="Last cycle duration.")
    lastmailboxforcedunlockoccurredon = col.moment(
        label="Last Mailbox Forced Unlock Occurred On", access="R", description="Last forced unlock."
    )
    lastsyncstartedon = col.moment(label="Last Sync Started On", access="R", description="Last cycle start.")
    mailboxstatus = col.choice(
        RunStatus,
        label="Mailbox Status",
        access="R",
        default=RunStatus.NOT_RUN,
        description="Combined outgoing+incoming+ACT result.",
    )
    nextscheduledactsyncinseconds = col.integer(
        0, label="Next Scheduled ACT Sync In Seconds", access="R", description="Delay until next ACT sync."
    )
    noactcount = col.integer(
        0, label="No ACT Count", access="R", description="Consecutive cycles with no ACT items (back-off)."
    )
    noemailcount = col.integer(
        0, label="No Email Count", access="R", description="Consecutive cycles with no mail (back-off)."
    )
    officeappsdeploymentcompleteon = col.moment(
        label="Office Apps Deployment Complete On", access="R", description="Outlook app."
    )
    officeappsdeploymenterror = col.text(
        2048, label="Office Apps Deployment Error", access="R", description="Outlook app."
    )
    organizationid = col.lookup("organization", label="Organization", required=Required.SYSTEM, access="R")
    processedtimes = col.integer(-1, label="Processed Times", access="R", description="Times processed.")
    processingstatecode = col.integer(
        0,
        label="Processing State Code",
        required=Required.SYSTEM,
        access="R",
        default=0,
        description="0 while nobody works on the mailbox.",
    )
    receivingpostponeduntil = col.moment(
        label="Receiving Postponed Until",
        access="R",
        format=Format.DATE_ONLY,
        description="Do not receive before.",
    )
    receivingpostponeduntilforact = col.moment(
        label="Receiving Postponed Until For ACT",
        access="R",
        format=Format.DATE_ONLY,
        description="Do not run ACT before.",
    )
    regardingobjectid = col.lookup(
        "queue",
        "systemuser",
        label="Regarding",
        access="R",
        type_column="regardingobjecttypecode",
        navigation={"queue": "regardingobjectid_queue", "systemuser": "regardingobjectid"},
        collection={"queue": "mailbox_regarding_queue", "systemuser": "mailbox_regarding_systemuser"},
        on_delete=OnDelete.CASCADE,
        description="User or queue the mailbox belongs to.",
    )
    regardingobjecttypecode = col.table_name(
        label="Regarding Type", access="R", description="Systemuser or queue."
    )
    testandenablelastattemptedby = col.lookup(
        "systemuser",
        label="Test And Enable Last Attempted By",
        access="R",
        navigation={"systemuser": "testandenablelastattemptedby_mailbox"},
        on_delete=OnDelete.REMOVE_LINK,
        description="Newest online.",
    )
    testandenablelastattemptedon = col.moment(
        label="Test And Enable Last Attempted On", access="R", description="Newest online."
    )
    transientfailurecount = col.integer(
        0,
        label="Transient Failure Count",
        required=Required.SYSTEM,
        access="R",
        default=0,
        description="Packed counters of transient failures of all operations.",
    )


class MailboxStatistics(Versioned, Row):
    """Figures of one processing cycle of a mailbox."""

    __tablename__ = "mailboxstatistics"
    __described__ = Description(
        set_name="mailboxstatistics",
        label="Mailbox Statistics",
        plural="Mailbox Statistics",
        code=9607,
        schema_name="MailboxStatistics",
        ownership=Ownership.ORGANIZATION,
    )
    __table_args__ = (
        Index("ix_mailboxstatistics_mailboxid", "mailboxid", "mailboxprocessstartedon"),
        Index("ix_mailboxstatistics_mailboxprocessstartedon", "mailboxprocessstartedon"),
    )

    mailboxstatisticsid = col.key(label="Mailbox Statistics")
    mailboxid = col.lookup(
        "mailbox",
        label="Mailbox",
        access="R",
        collection={"mailbox": "mailbox_mailboxstatistics"},
        on_delete=OnDelete.CASCADE,
    )
    operationtypeid = col.choice(
        MailboxOperation, label="Operation Type", access="R", description="What the cycle worked on."
    )
    processresult = col.boolean(
        label="Process Result", access="R", description="Whether the cycle went well."
    )
    itemsprocessed = col.integer(label="Items Processed", access="R")
    itemsfailed = col.integer(label="Items Failed", access="R")
    crmitemsbacklog = col.integer(
        label="CRM Items Backlog", access="R", description="CRM items still waiting."
    )
    mailboxprocessscheduledon = col.moment(label="Mailbox Process Scheduled On", access="R")
    mailboxprocessstartedon = col.moment(label="Mailbox Process Started On", access="R")
    mailboxprocesscompletedon = col.moment(label="Mailbox Process Completed On", access="R")
    processtimeintervalinminutes = col.integer(label="Process Time Interval In Minutes", access="R")
    scheduledtimeintervalinminutes = col.integer(label="Scheduled Time Interval In Minutes", access="R")
    individualstepdurations = col.text(
        4000, label="Individual Step Durations", access="R", description="Duration of each step."
    )
    machinename = col.text(320, label="Machine Name", access="R")
    asynceventid = col.guid(label="Asynchronous Event", access="R")
    organizationid = col.lookup("organization", label="Organization", access="R")
