"""E-mail: one message as an activity, incoming or outgoing."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.activity import Activity
from postroom.schema.choices import (
    CorrelationMethod,
    DeliveryState,
    EmailNotification,
    EmailState,
    EmailStatus,
    MessageKind,
    Participation,
    Priority,
    ReminderStatus,
    ReminderType,
    SendOutcome,
    SetBy,
)
from postroom.schema.column import UNBOUNDED, Format, OnDelete, Required
from postroom.schema.table import Description, Ownership, Row, States

STATES = States(
    {
        EmailState.OPEN: (EmailStatus.DRAFT, EmailStatus.FAILED),
        EmailState.COMPLETED: (
            EmailStatus.COMPLETED,
            EmailStatus.SENT,
            EmailStatus.RECEIVED,
            EmailStatus.PENDING_SEND,
            EmailStatus.SENDING,
        ),
        EmailState.CANCELED: (EmailStatus.CANCELED,),
    }
)
PARTY_LISTS = {
    "from": Participation.SENDER,
    "to": Participation.TO,
    "cc": Participation.CC,
    "bcc": Participation.BCC,
    "related": Participation.RELATED,
}


class Email(Activity, Row):
    """One e-mail message as an activity."""

    __tablename__ = "email"
    __described__ = Description(
        set_name="emails",
        label="Email",
        plural="Email Messages",
        code=4202,
        schema_name="Email",
        primary_name="subject",
        ownership=Ownership.USER,
        is_activity=True,
        states=STATES,
        party_lists=PARTY_LISTS,
    )
    __table_args__ = (
        Index("ix_email_messageid", "messageid"),
        # What makes a duplicate impossible when two workers read the same message.
        Index("uq_email_messageiddupcheck", "messageiddupcheck", unique=True),
        Index("ix_email_inreplyto", "inreplyto"),
        Index("ix_email_statuscode", "statuscode", "sendermailboxid"),
        Index("ix_email_trackingtoken", "trackingtoken", "conversationtrackingid", "createdon"),
        Index("ix_email_baseconversationindexhash", "baseconversationindexhash", "createdon"),
        Index("ix_email_correlatedactivityid", "correlatedactivityid"),
        Index("ix_email_regardingobjectid", "regardingobjectid"),
        Index("ix_email_createdon", "createdon"),
    )

    activityid = col.key(label="Activity")
    acceptingentityid = col.lookup(
        "queue",
        "systemuser",
        label="Accepting Entity",
        type_column="acceptingentitytypecode",
        description="User or queue whose rules accepted the message.",
    )
    acceptingentitytypecode = col.table_name(
        label="Accepting Entity Type Code", description="Table of the record."
    )
    actualend = col.moment(
        label="Actual End", format=Format.DATE_ONLY, description="Set on completion/cancel."
    )
    actualstart = col.moment(label="Actual Start", format=Format.DATE_ONLY)
    attachmentopencount = col.integer(0, label="Attachment Open Count", description="Engagement counter.")
    baseconversationindexhash = col.integer(
        label="Base Conversation Index Hash",
        description="Hash of the conversation-index base (first 22 bytes).",
    )
    conversationtrackingid = col.guid(label="Conversation Tracking", description="Conversation GUID.")
    correlatedactivityid = col.lookup(
        "email",
        label="Correlated Activity",
        navigation={"email": "CorrelatedActivityId_Email"},
        collection={"email": "email_email_CorrelatedActivityId"},
        on_delete=OnDelete.REMOVE_LINK,
        description="E-mail this one was matched to.",
    )
    correlatedsubjectchanged = col.boolean(
        label="Correlated Subject Changed",
        default=False,
        description="Subject differs from the correlated e-mail.",
    )
    delayedemailsendtime = col.moment(
        label="Delayed Email Send Time", description="Not to be sent before this."
    )
    deliveryattempts = col.integer(
        0, 1_000_000_000, label="Delivery Attempts", default=0, description="Send attempts."
    )
    deliveryprioritycode = col.choice(
        Priority,
        label="Delivery Priority Code",
        default=Priority.NORMAL,
        description="How soon the e-mail is sent, relative to others.",
    )
    deliveryreceiptrequested = col.boolean(
        label="Delivery Receipt Requested", default=False, description="Request delivery receipt."
    )
    description = col.memo(UNBOUNDED, label="Description", format=Format.HTML, description="Body (HTML).")
    directioncode = col.boolean(
        label="Direction",
        yes="Outgoing",
        no="Incoming",
        default=True,
        description="True(1) = Outgoing, false(0) = Incoming.",
    )
    emailreminderexpirytime = col.moment(
        label="Email Reminder Expiry Time", description="Follow-up reminder."
    )
    emailremindertext = col.text(1250, label="Email Reminder Text", description="Internal.")
    emailremindertype = col.choice(
        ReminderType,
        label="Email Reminder Type",
        default=ReminderType.NO_REPLY,
        description="When the reminder is due.",
    )
    emailtrackingid = col.guid(label="Email Tracking", description="Engagement tracking id.")
    followemailuserpreference = col.boolean(
        label="Following",
        yes="True",
        no="False",
        default=False,
        description="Follow recipient activity.",
    )
    internetmessageheaders = col.text(
        500, label="Internet Message Headers", description="Selected internet headers as JSON."
    )
    isduplicatesenderunresolved = col.boolean(
        label="Duplicate Sender Unresolved",
        default=False,
        description="Sender matched several records and stays unresolved.",
    )
    lastonholdtime = col.moment(label="Last On Hold Time", description="SLA.")
    lastopenedtime = col.moment(label="Last Opened Time", description="Engagement.")
    linksclickedcount = col.integer(0, label="Links Clicked Count", description="Engagement.")
    messageid = col.text(
        320,
        label="Message ID",
        description=(
            "Internet Message-ID (set for received mail; for sent mail filled by the sync service)."
        ),
    )
    messageiddupcheck = col.guid(
        label="Message ID Dup Check",
        access="CU",
        description="Derived from direction and Message-ID; unique, so that no message is recorded twice.",
    )
    mimetype = col.text(256, label="MIME Type", description="MIME type.")
    notifications = col.choice(
        EmailNotification,
        label="Notifications",
        default=EmailNotification.NONE,
        description="What was lost when the e-mail was saved.",
    )
    opencount = col.integer(0, label="Open Count", description="Engagement.")
    parentactivityid = col.lookup(
        "email",
        label="Parent Activity",
        collection={"email": "email_email_parentactivityid"},
        on_delete=OnDelete.REMOVE_LINK,
        description="E-mail replied to/forwarded.",
    )
    readreceiptrequested = col.boolean(
        label="Read Receipt Requested", default=False, description="Request read receipt."
    )
    receivingmailboxid = col.lookup(
        "mailbox",
        label="Receiving Mailbox",
        navigation={"mailbox": "ReceivingMailboxId_Email"},
        collection={"mailbox": "mailbox_email_ReceivingMailboxId"},
        on_delete=OnDelete.REMOVE_LINK,
        description="Mailbox that received it.",
    )
    reminderactioncardid = col.guid(label="Reminder Action Card")
    reservedforinternaluse = col.memo(40_000, label="Reserved For Internal Use")
    scheduledend = col.moment(label="Due Date", description="Due.")
    scheduledstart = col.moment(label="Start Date", description="Start.")
    sender = col.text(250, label="Sender", description="Sender address.")
    slaid = col.lookup("sla", label="SLA")
    statecode = col.state(EmailState.OPEN)
    statuscode = col.status(EmailStatus.DRAFT)
    subject = col.text(800, label="Subject")
    submittedby = col.text(
        250, label="Submitted By", description="Address of the Outlook/sync user who submitted the message."
    )
    templateid = col.lookup(
        "template", label="Template", on_delete=OnDelete.REMOVE_LINK, description="Template used."
    )
    torecipients = col.text(500, label="To Recipients", description="Flattened addresses of To, ;-separated.")
    trackingtoken = col.text(50, label="Tracking Token", description="Token, e.g. CRM:0001001.")
    attachmentcount = col.integer(
        0,
        label="Attachment Count",
        required=Required.SYSTEM,
        access="R",
        default=0,
        description="Number of attachments.",
    )
    compressed = col.boolean(
        label="Compressed",
        required=Required.SYSTEM,
        access="R",
        yes="Compressed",
        no="Not compressed",
        default=False,
        description="Body compressed.",
    )
    conversationindex = col.text(
        2048,
        label="Conversation Index",
        access="R",
        description="Exchange conversation index (hex/base64 text).",
    )
    correlationmethod = col.choice(
        CorrelationMethod,
        label="Correlation Method",
        access="R",
        default=CorrelationMethod.NONE,
        description="How the e-mail was matched to an earlier one.",
    )
    descriptionblobid = col.guid(label="Description Blob", access="R", description="Body kept as a file.")
    descriptionblobid_name = col.text(200, label="Description Blob Name", access="R")
    emailreminderstatus = col.choice(
        ReminderStatus,
        label="Email Reminder Status",
        required=Required.SYSTEM,
        access="R",
        default=ReminderStatus.NOT_SET,
        description="State of the reminder.",
    )
    emailsender = col.lookup(
        "account",
        "contact",
        "lead",
        "queue",
        "systemuser",
        label="Email Sender",
        access="R",
        type_column="emailsenderobjecttypecode",
        on_delete=OnDelete.REMOVE_LINK,
        description="Record the sender address resolved to.",
    )
    emailsenderobjecttypecode = col.table_name(
        label="Email Sender Object Type Code", access="R", description="Table of the record."
    )
    inreplyto = col.text(
        320, label="In Reply To Message", access="R", description="Message-ID this message answers."
    )
    isemailfollowed = col.boolean(label="Email Followed", access="R", default=False)
    isemailreminderset = col.boolean(label="Email Reminder Set", access="R", default=False)
    issafedescriptiontruncated = col.integer(
        0, label="Safe Description Truncated", access="", description="Not readable."
    )
    onholdtime = col.integer(label="On Hold Time", access="R", description="SLA minutes.")
    postponeemailprocessinguntil = col.moment(
        label="Postpone Email Processing Until", access="R", description="Next send attempt not before."
    )
    replycount = col.integer(0, label="Reply Count", access="R")
    safedescription = col.memo(UNBOUNDED, label="Safe Description", access="R", description="Sanitized body.")
    sendermailboxid = col.lookup(
        "mailbox",
        label="Sender Mailbox",
        access="R",
        collection={"mailbox": "email_sendermailboxid_mailbox"},
        description="Mailbox that must send it.",
    )
    sendersaccount = col.lookup(
        "account",
        label="Senders Account",
        access="R",
        type_column="sendersaccountobjecttypecode",
        on_delete=OnDelete.REMOVE_LINK,
        description="Sender's parent account.",
    )
    sendersaccountobjecttypecode = col.table_name(
        label="Senders Account Object Type Code", access="R", description="Sender's parent account."
    )
    senton = col.moment(label="Sent On", access="R", description="Date sent.")
    slainvokedid = col.lookup("sla", label="SLA Invoked", access="R")
    # The documented default of an e-mail differs from that of other activities.
    isregularactivity = col.boolean(
        label="Is Regular Activity", required=Required.SYSTEM, access="R", default=False
    )
    activitytypecode = col.table_name(
        label="Activity Type", required=Required.SYSTEM, access="R", default="email"
    )
    postroom_sendoutcome = col.choice(
        SendOutcome,
        label="Send Outcome",
        default=SendOutcome.NONE,
        access="R",
        description="What became of the last attempt to send.",
    )
    postroom_sendreason = col.text(
        2000,
        label="Send Reason",
        access="R",
        description="Why it has not left yet, when it is tried next, and what to do.",
    )
    postroom_messagekind = col.choice(
        MessageKind,
        label="Message Kind",
        default=MessageKind.ORDINARY,
        description="Who or what wrote it; a draft that is an automatic reply is sent as one.",
    )
    postroom_deliverystate = col.choice(
        DeliveryState,
        label="Delivery State",
        default=DeliveryState.NONE,
        access="R",
        description="The worst that reports say of the way of a sent e-mail.",
    )
    postroom_trackedby = col.choice(
        SetBy, label="Tracked By", access="R", description="What brought a received e-mail into the store."
    )
    postroom_regardingby = col.choice(
        SetBy, label="Regarding Set By", access="R", description="Who settled what the e-mail regards."
    )
    postroom_regardingmailboxid = col.lookup(
        "mailbox",
        label="Regarding Set From",
        access="R",
        description="The mailbox whose tracked folder settled what the e-mail regards.",
    )
    postroom_matchscore = col.integer(
        0, 100, label="Match Score", access="R", description="How good the smart match was, of 100."
    )
    postroom_contentdigest = col.binary(
        32, label="Content Digest", access="R", description="SHA-256 of the message as it was received."
    )
