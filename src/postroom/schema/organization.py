"""The organization: the one row of settings for everybody."""

from postroom.schema import column as col
from postroom.schema.choices import (
    BookingPolicy,
    ConnectionChannel,
    FullNameConvention,
    ItemConflictPolicy,
    ItemDuplicatePolicy,
    OptInStatus,
    RecurrenceEndRange,
    UncertainSendPolicy,
)
from postroom.schema.column import UNBOUNDED, OnDelete, Required
from postroom.schema.table import Audited, Description, Row

# Extensions of files that are not kept with an e-mail.
BLOCKED_EXTENSIONS = (
    "ade;adp;app;asa;ashx;asmx;asp;bas;bat;cdx;cer;chm;class;cmd;com;config;cpl;crt;csh;dll;exe;fxp;hlp;hta;htr;"
    "htw;ida;idc;idq;inf;ins;isp;its;jar;js;jse;ksh;lnk;mad;maf;mag;mam;maq;mar;mas;mat;mau;mav;maw;mda;mdb;mde;"
    "mdt;mdw;mdz;msc;msh;msh1;msh1xml;msh2;msh2xml;mshxml;msi;msp;mst;ops;pcd;pif;prf;prg;printer;pst;reg;rem;"
    "scf;scr;sct;shb;shs;shtm;shtml;soap;stm;svc;tmp;url;vb;vbe;vbs;vsmacros;vss;vst;vsw;ws;wsc;wsf;wsh"
)


class Organization(Audited, Row):
    """The organization; exactly one row."""

    __tablename__ = "organization"
    __described__ = Description(
        set_name="organizations",
        label="Organization",
        plural="Organizations",
        code=1019,
        schema_name="Organization",
        primary_name="name",
    )

    organizationid = col.key(label="Organization", access="R")
    name = col.text(160, label="Name", required=Required.SYSTEM)
    allowunresolvedpartiesonemailsend = col.boolean(
        label="Allow Unresolved Parties On Email Send",
        default=False,
        description="May send to parties that did not resolve to a record (an address is still needed).",
    )
    emailcorrelationenabled = col.boolean(
        label="Email Correlation Enabled", default=True, description="Correlate replies to existing e-mail."
    )
    enablesmartmatching = col.boolean(
        label="Enable Smart Matching",
        default=False,
        description="Use smart matching (hash of subject words and recipients).",
    )
    ignoreinternalemail = col.boolean(
        label="Ignore Internal Email",
        default=False,
        description=(
            "Skip mail between Dynamics users/queues (column text is ambiguous; display name "
            '"Ignore Internal Email").'
        ),
    )
    generatealertsforerrors = col.boolean(
        label="Generate Alerts For Errors", default=True, description="Alert levels recorded (tracelog)."
    )
    generatealertsforinformation = col.boolean(
        label="Generate Alerts For Information", default=True, description="Alert levels recorded (tracelog)."
    )
    generatealertsforwarnings = col.boolean(
        label="Generate Alerts For Warnings", default=True, description="Alert levels recorded (tracelog)."
    )
    notifymailboxownerofemailserverlevelalerts = col.boolean(
        label="Notify Mailbox Owner Of Email Server Level Alerts",
        default=False,
        description="Profile-level alerts are also shown to mailbox owners.",
    )
    # The metadata says No, the product ships with Yes for both.
    requireapprovalforqueueemail = col.boolean(
        label="Require Approval For Queue Email",
        default=True,
        description="Only approved addresses are processed.",
    )
    requireapprovalforuseremail = col.boolean(
        label="Require Approval For User Email",
        default=True,
        description="Only approved addresses are processed.",
    )
    isfolderbasedtrackingenabled = col.boolean(
        label="Folder Based Tracking Enabled",
        default=True,
        description="Whether folders of a mailbox may be tracked.",
    )
    isappointmentattachmentsyncenabled = col.boolean(
        label="Appointment Attachment Sync Enabled",
        default=False,
        description="Sync appointment attachments.",
    )
    isassignedtaskssyncenabled = col.boolean(
        label="Assigned Tasks Sync Enabled", default=False, description="Sync tasks assigned to others."
    )
    iscontactmailingaddresssyncenabled = col.boolean(
        label="Contact Mailing Address Sync Enabled",
        default=True,
        description="Sync mailing address of contacts.",
    )
    isdelegateaccessenabled = col.boolean(
        label="Delegate Access Enabled", default=False, description="Delegate content."
    )
    isemailserverprofilecontentfilteringenabled = col.boolean(
        label="Email Server Profile Content Filtering Enabled",
        default=False,
        description="Content filtering by profile.",
    )
    ismailboxforcedunlockingenabled = col.boolean(
        label="Mailbox Forced Unlocking Enabled", default=False, description="Break stale mailbox locks."
    )
    ismailboxinactivebackoffenabled = col.boolean(
        label="Mailbox Inactive Back Off Enabled",
        default=False,
        description='Back off inactive mailboxes ("keep alive").',
    )
    isresourcebookingexchangesyncenabled = col.boolean(
        label="Resource Booking Exchange Sync Enabled",
        access="UR",
        default=False,
        description="Resource booking sync (update only).",
    )
    isemailmonitoringallowed = col.boolean(
        label="Email Monitoring Allowed", default=True, description="E-mail engagement."
    )
    ispreviewforemailmonitoringallowed = col.boolean(
        label="Preview For Email Monitoring Allowed", default=True, description="E-mail engagement."
    )
    isemailaddressvalidationenabled = col.boolean(
        label="Email Address Validation Enabled", default=False, description="Smart address validation."
    )
    iscontextualemailenabled = col.boolean(label="Contextual Email Enabled", default=False)
    unresolveemailaddressifmultiplematch = col.boolean(
        label="Set To, Cc, Bcc As Unresolved If Multiple Matches Are Found",
        default=False,
        description="Leave To/Cc/Bcc unresolved when several records match.",
    )
    resolvesimilarunresolvedemailaddress = col.boolean(
        label="Resolve Similar Unresolved Email Address",
        default=True,
        description="Resolving one unresolved address resolves the identical others.",
    )
    rendersecureiframeforemail = col.boolean(label="Render Secure Iframe For Email", default=False)
    syncoptinselection = col.boolean(
        label="Sync Opt In Selection",
        yes="Enable",
        no="Disable",
        default=False,
        description="Azure sync framework instead of SSS.",
    )
    allowaddressbooksyncs = col.boolean(
        label="Allow Address Book Syncs", default=False, description="Outlook client."
    )
    allowofflinescheduledsyncs = col.boolean(
        label="Allow Offline Scheduled Syncs", default=False, description="Outlook client."
    )
    allowoutlookscheduledsyncs = col.boolean(
        label="Allow Outlook Scheduled Syncs", default=False, description="Outlook client."
    )
    allowautoresponsecreation = col.boolean(
        label="Allow Auto Response Creation", default=False, description="Marketing mail."
    )
    allowautounsubscribe = col.boolean(
        label="Allow Auto Unsubscribe", default=False, description="Marketing mail."
    )
    allowautounsubscribeacknowledgement = col.boolean(
        label="Allow Auto Unsubscribe Acknowledgement", default=False, description="Marketing mail."
    )
    allowmarketingemailexecution = col.boolean(
        label="Allow Marketing Email Execution", default=False, description="Marketing mail."
    )
    appointmentricheditorexperience = col.boolean(
        label="Appointment Rich Editor Experience", default=False, description="Appointment editor, Teams."
    )
    appointmentwithteamsmeeting = col.boolean(
        label="Appointment With Teams Meeting", default=False, description="Appointment editor, Teams."
    )
    appointmentwithteamsmeetingv2 = col.boolean(
        label="Appointment With Teams Meeting V2", default=True, description="Appointment editor, Teams."
    )
    teamschatdatasync = col.boolean(label="Teams Chat Data Sync", default=False)
    sendbulkemailinuci = col.boolean(label="Send Bulk Email In UCI", default=False)
    isduplicatedetectionenabled = col.boolean(
        label="Duplicate Detection Enabled", default=False, description="Duplicate detection."
    )
    isduplicatedetectionenabledforofflinesync = col.boolean(
        label="Duplicate Detection Enabled For Offline Sync",
        default=False,
        description="Duplicate detection.",
    )
    isduplicatedetectionenabledforonlinecreateupdate = col.boolean(
        label="Duplicate Detection Enabled For Online Create/Update",
        default=False,
        description="Duplicate detection.",
    )
    isexternalfilestorageenabled = col.boolean(
        label="External File Storage Enabled", default=False, description="Attachments in blob storage."
    )
    emailconnectionchannel = col.choice(
        ConnectionChannel,
        label="Email Connection Channel",
        required=Required.SYSTEM,
        default=ConnectionChannel.SERVER_SIDE,
        description="Who processes e-mail.",
    )
    defaultemailserverprofileid = col.lookup(
        "emailserverprofile",
        label="Default Email Server Profile",
        collection={"emailserverprofile": "EmailServerProfile_Organization"},
        on_delete=OnDelete.REMOVE_LINK,
        description="Profile given to new mailboxes.",
    )
    defaultemailsettings = col.text(
        UNBOUNDED,
        label="Default Email Settings",
        description="Default delivery methods for new users/queues.",
    )
    trackingprefix = col.text(
        256,
        label="Tracking Prefix",
        default="CRM:",
        description="Prefixes of tracking tokens, the present one first.",
    )
    trackingtokenidbase = col.integer(
        0, label="Tracking Token ID Base", default=0, description="Deployment base number."
    )
    trackingtokeniddigits = col.integer(
        label="Tracking Token ID Digits", default=3, description="Digits of user part."
    )
    maximumtrackingnumber = col.integer(
        0, label="Maximum Tracking Number", default=999, description="Counter wraps after this."
    )
    nexttrackingnumber = col.integer(label="Next Tracking Number", default=0, description="Next counter.")
    hashdeltasubjectcount = col.integer(
        0,
        label="Hash Delta Subject Count",
        default=0,
        description="Allowed difference in subject word count.",
    )
    hashfilterkeywords = col.text(
        UNBOUNDED,
        label="Hash Filter Keywords",
        default=r"^[\s]*([\w]+\s?:[\s]*)+",
        description="Subject words ignored (regular-expression list such as RE:/FW:).",
    )
    hashmaxcount = col.integer(
        0, label="Hash Max Count", default=20, description="Max words or recipients used."
    )
    hashminaddresscount = col.integer(
        0, label="Hash Min Address Count", default=2, description="Min matching recipients."
    )
    incomingemailexchangeemailretrievalbatchsize = col.integer(
        1,
        label="Incoming Email Exchange Email Retrieval Batch Size",
        description="Items fetched per Exchange request.",
    )
    emailsendpollingperiod = col.integer(
        label="Email Send Polling Period", description="Outlook client polling."
    )
    tagpollingperiod = col.integer(label="Tag Polling Period", description="Outlook client polling.")
    tagmaxaggressivecycles = col.integer(
        label="Tag Max Aggressive Cycles", description="Outlook client polling."
    )
    minaddressbooksyncinterval = col.integer(
        label="Min Address Book Sync Interval", description="Outlook client minimums."
    )
    minofflinesyncinterval = col.integer(
        label="Min Offline Sync Interval", description="Outlook client minimums."
    )
    minoutlooksyncinterval = col.integer(
        label="Min Outlook Sync Interval", description="Outlook client minimums."
    )
    mailboxintermittentissueminrange = col.integer(
        label="Mailbox Intermittent Issue Min Range",
        description="Thresholds for classifying mailbox trouble.",
    )
    mailboxpermanentissueminrange = col.integer(
        label="Mailbox Permanent Issue Min Range", description="Thresholds for classifying mailbox trouble."
    )
    maxfolderbasedtrackingmappings = col.integer(
        1, 25, label="Max Folder Based Tracking Mappings", default=25, description="Tracked folders per user."
    )
    maxverboseloggingmailbox = col.integer(
        label="Max Verbose Logging Mailbox", access="R", description="Verbose logging caps."
    )
    maxverboseloggingsynccycles = col.integer(
        label="Max Verbose Logging Sync Cycles", access="R", description="Verbose logging caps."
    )
    maxuploadfilesize = col.integer(
        0, label="Max Upload File Size", default=5242880, description="Attachment cap."
    )
    blockedattachments = col.text(
        UNBOUNDED,
        label="Blocked Attachments",
        default=BLOCKED_EXTENSIONS,
        description="Extensions of attachments that are left out, separated by semicolons.",
    )
    allowedmimetypes = col.text(
        UNBOUNDED, label="Allowed MIME Types", description="MIME types, separated by semicolons."
    )
    blockedmimetypes = col.text(
        UNBOUNDED, label="Blocked MIME Types", description="MIME types, separated by semicolons."
    )
    maxappointmentdurationdays = col.integer(
        0, label="Max Appointment Duration Days", default=10, description="Longest appointment."
    )
    postroom_bookingpolicy = col.choice(
        BookingPolicy,
        label="Booking Policy",
        default=BookingPolicy.WARN,
        nullable=False,
        description="What becomes of appointments that overlap others of the same people.",
    )
    postroom_itemconflictpolicy = col.choice(
        ItemConflictPolicy,
        label="Item Conflict Policy",
        default=ItemConflictPolicy.LATER_WINS,
        nullable=False,
        description="What stays when both sides of an appointment, contact or task changed the same field.",
    )
    postroom_itemduplicatepolicy = col.choice(
        ItemDuplicatePolicy,
        label="Item Duplicate Policy",
        default=ItemDuplicatePolicy.LINK,
        nullable=False,
        description="What becomes of items of both sides that look alike without a mark to prove it.",
    )
    pastexpansionwindow = col.integer(
        1, 120, label="Past Expansion Window", default=3, description="Series expansion back."
    )
    futureexpansionwindow = col.integer(
        1, 140, label="Future Expansion Window", default=12, description="Series expansion ahead."
    )
    recurrenceexpansionsynchcreatemax = col.integer(
        1,
        1000,
        label="Recurrence Expansion Synch Create Max",
        default=15,
        description="Instances created synchronously.",
    )
    recurrenceexpansionjobbatchsize = col.integer(
        0, label="Recurrence Expansion Job Batch Size", default=100, description="Background expansion."
    )
    recurrenceexpansionjobbatchinterval = col.integer(
        0, label="Recurrence Expansion Job Batch Interval", default=60, description="Background expansion."
    )
    recurrencedefaultnumberofoccurrences = col.integer(
        1,
        999,
        label="Recurrence Default Number Of Occurrences",
        default=10,
        description="What a form proposes.",
    )
    defaultrecurrenceendrangetype = col.choice(
        RecurrenceEndRange, label="Default Recurrence End Range Type", description="What a form proposes."
    )
    performactsyncafter = col.moment(
        label="Perform ACT Sync After",
        description="Appointments, contacts and tasks are not synchronized before this.",
    )
    expirechangetrackingindays = col.integer(
        0,
        365,
        label="Expire Change Tracking In Days",
        description="Keep delete tombstones for change tracking.",
    )
    daysbeforeemaildescriptionismigrated = col.integer(
        label="Days Before Email Description Is Migrated", description="Body to blob."
    )
    syncoptinselectionstatus = col.choice(OptInStatus, label="Sync Opt In Selection Status")
    tokenkey = col.secret(90, label="Token Key")
    tokenexpiry = col.moment(label="Token Expiry")
    fullnameconventioncode = col.choice(
        FullNameConvention,
        label="Full Name Convention Code",
        default=FullNameConvention.LAST_COMMA_FIRST,
        description="Builds the full name of a person.",
    )
    orgdborgsettings = col.text(
        UNBOUNDED,
        label="Organization Database Organization Settings",
        description="Hidden settings (many SSS switches live here).",
    )
    postroom_usetrackingtoken = col.boolean(
        label="Use Tracking Token",
        default=True,
        description="Put a token behind the subject of what is sent, and look for tokens in what arrives.",
    )
    postroom_correlatebyreply = col.boolean(
        label="Correlate By Reply",
        default=True,
        description="Correlate by the Message-IDs in In-Reply-To and References.",
    )
    postroom_correlatebyindex = col.boolean(
        label="Correlate By Conversation Index",
        default=True,
        description="Correlate by the conversation index that Outlook and Exchange write.",
    )
    postroom_smartmatchthreshold = col.integer(
        0,
        100,
        label="Smart Match Threshold",
        default=60,
        description="Lowest score, of 100, at which smart matching links two e-mails.",
    )
    postroom_trackreports = col.boolean(
        label="Track Reports",
        default=False,
        description=(
            "Track read receipts and delivery notices as e-mails of their own, beside noting them on the "
            "e-mail that they speak of."
        ),
    )
    postroom_decisiondays = col.integer(
        0,
        36_500,
        label="Decision Days",
        default=365,
        description="Days for which decisions about messages are kept; 0 keeps them for ever.",
    )
    postroom_uncertainsendpolicy = col.choice(
        UncertainSendPolicy,
        label="Uncertain Send Policy",
        default=UncertainSendPolicy.WAIT,
        description="What to do with an e-mail that may or may not have left.",
    )
    postroom_largeblobthreshold = col.integer(
        0,
        label="Large Blob Threshold",
        default=262_144,
        description="Attachments of more bytes than this are kept outside the database.",
    )
