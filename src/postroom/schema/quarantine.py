"""Quarantine: messages that could not be recorded, kept with their bytes and their reason."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import QuarantineCause, QuarantineState
from postroom.schema.table import Description, Row


class Quarantine(Row):
    """A message that could not be recorded; it holds up no other and can be tried again."""

    __tablename__ = "postroom_quarantine"
    __described__ = Description(
        set_name="postroom_quarantines", label="Quarantined Message", plural="Quarantined Messages"
    )
    __table_args__ = (
        Index("ix_postroom_quarantine_mailboxid", "mailboxid", "createdon"),
        Index("ix_postroom_quarantine_state", "state"),
    )

    postroom_quarantineid = col.key(label="Quarantined Message", access="R")
    mailboxid = col.lookup("mailbox", label="Mailbox", access="R", nullable=False)
    serverid = col.text(1000, label="Server ID", access="R")
    folder = col.text(256, label="Folder", access="R", default="", nullable=False)
    validity = col.text(64, label="Validity", access="R", default="", nullable=False)
    directioncode = col.boolean(
        label="Direction",
        access="R",
        yes="Outgoing",
        no="Incoming",
        default=False,
        nullable=False,
        description="Outgoing for what was found among the items that the mailbox has sent.",
    )
    digest = col.binary(
        32, label="Digest", access="R", description="SHA-256 of the bytes, the key of their blob."
    )
    size = col.bigint(label="Size (Bytes)", access="R")
    cause = col.choice(QuarantineCause, label="Cause", access="R", nullable=False)
    reason = col.text(2000, label="Reason", access="R")
    attempts = col.integer(0, label="Attempts", access="R", default=0, nullable=False)
    state = col.choice(
        QuarantineState, label="State", access="R", default=QuarantineState.WAITING, nullable=False
    )
    createdon = col.moment(label="Created On", access="R", nullable=False)
    lasttriedon = col.moment(label="Last Tried On", access="R")
    decisionid = col.lookup(
        "postroom_decision",
        label="Decision",
        access="R",
        description="The decision that stands for a message which could not be fetched.",
    )
    emailid = col.lookup(
        "email", label="Email", access="R", description="What it was recorded as in the end."
    )
