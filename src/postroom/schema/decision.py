"""Decisions: what became of every message seen, and why."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import CorrelationMethod, FilteringMethod, MessageKind, Reason
from postroom.schema.column import UNBOUNDED
from postroom.schema.table import Description, Row
from postroom.schema.targets import PARTIES


class Decision(Row):
    """The verdict on one message, with its reason and the rules that were tried."""

    __tablename__ = "postroom_decision"
    __described__ = Description(
        set_name="postroom_decisions", label="Decision", plural="Decisions", primary_name="messageid"
    )
    __table_args__ = (
        Index("ix_postroom_decision_messageid", "messageid"),
        Index("ix_postroom_decision_mailboxid", "mailboxid", "createdon"),
        Index("ix_postroom_decision_emailid", "emailid"),
        Index("ix_postroom_decision_createdon", "createdon"),
    )

    postroom_decisionid = col.key(label="Decision", access="R")
    mailboxid = col.lookup("mailbox", label="Mailbox", access="R", nullable=False)
    messageid = col.text(320, label="Message ID", access="R")
    digest = col.binary(
        32,
        label="Digest",
        access="R",
        description="SHA-256 of the message; of a forwarded one, not of the item in which it came.",
    )
    serverid = col.text(1000, label="Server ID", access="R")
    directioncode = col.boolean(
        label="Direction",
        access="R",
        yes="Outgoing",
        no="Incoming",
        default=False,
        nullable=False,
        description="Outgoing for what was found among the items that the mailbox has sent.",
    )
    messagekind = col.choice(MessageKind, label="Message Kind", access="R", default=MessageKind.ORDINARY)
    tracked = col.boolean(label="Tracked", access="R", nullable=False)
    reason = col.choice(Reason, label="Reason", access="R", nullable=False)
    acceptingentityid = col.lookup(
        "queue",
        "systemuser",
        label="Accepting Entity",
        access="R",
        type_column="acceptingentitytypecode",
        description="User or queue whose rules accepted the message.",
    )
    acceptingentitytypecode = col.table_name(label="Accepting Entity Type", access="R")
    filtermethod = col.choice(FilteringMethod, label="Filtering Method", access="R")
    matchedaddress = col.text(320, label="Matched Address", access="R")
    matchedid = col.lookup(*PARTIES, label="Matched Record", access="R", type_column="matchedtypecode")
    matchedtypecode = col.table_name(label="Matched Record Type", access="R")
    correlatedactivityid = col.lookup("email", label="Correlated Email", access="R")
    correlationmethod = col.choice(
        CorrelationMethod, label="Correlation Method", access="R", default=CorrelationMethod.NONE
    )
    correlationscore = col.integer(
        0, 100, label="Correlation Score", access="R", description="How good a smart match was, of 100."
    )
    emailid = col.lookup("email", label="Email", access="R", description="What the message was recorded as.")
    ledgerid = col.lookup(
        "postroom_ledger",
        label="Ledger Entry",
        access="R",
        description="What the server showed: one message, or an item in which several were forwarded.",
    )
    trail = col.memo(UNBOUNDED, label="Trail", access="R", description="Every rule tried, as JSON.")
    receivedon = col.moment(label="Received On", access="R")
    createdon = col.moment(label="Created On", access="R", nullable=False)
