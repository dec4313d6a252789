"""The send journal: how far every attempt to send got."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import JournalState
from postroom.schema.table import Description, Row


class SendJournal(Row):
    """One attempt to send one e-mail; a crash leaves it saying how far the attempt had got."""

    __tablename__ = "postroom_sendjournal"
    __described__ = Description(
        set_name="postroom_sendjournals",
        label="Send Attempt",
        plural="Send Attempts",
        primary_name="messageid",
    )
    __table_args__ = (
        Index("ix_postroom_sendjournal_emailid", "emailid"),
        Index("ix_postroom_sendjournal_state", "state"),
    )

    postroom_sendjournalid = col.key(label="Send Attempt", access="R")
    emailid = col.lookup("email", label="Email", access="R", nullable=False)
    attempt = col.integer(1, label="Attempt", access="R", nullable=False)
    messageid = col.text(320, label="Message ID", access="R")
    claim = col.guid(label="Claim", access="R", description="The batch in which the e-mail was claimed.")
    hostid = col.text(256, label="Host", access="R")
    state = col.choice(JournalState, label="State", access="R", default=JournalState.CLAIMED, nullable=False)
    code = col.integer(label="Reply Code", access="R")
    reply = col.text(2000, label="Reply", access="R", description="The server's own words.")
    claimedon = col.moment(label="Claimed On", access="R", nullable=False)
    submittedon = col.moment(label="Submitted On", access="R")
    settledon = col.moment(label="Settled On", access="R")
