"""Reports on sent e-mails: bounces, delays, receipts, automatic replies."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import DeliveryState, MessageKind
from postroom.schema.column import OnDelete
from postroom.schema.table import Description, Row


class Report(Row):
    """What one message says of a sent e-mail's fate at one recipient."""

    __tablename__ = "postroom_report"
    __described__ = Description(
        set_name="postroom_reports", label="Report", plural="Reports", primary_name="recipient"
    )
    __table_args__ = (
        Index("ix_postroom_report_emailid", "emailid"),
        Index("ix_postroom_report_recipient", "recipient", "createdon"),
    )

    postroom_reportid = col.key(label="Report", access="R")
    emailid = col.lookup(
        "email",
        label="Email",
        access="R",
        nullable=False,
        on_delete=OnDelete.CASCADE,
        description="The sent e-mail that it speaks of.",
    )
    recipient = col.text(
        320, label="Recipient", access="R", description="As addresses are compared; empty when it names none."
    )
    kind = col.choice(MessageKind, label="Message Kind", access="R", nullable=False)
    state = col.choice(DeliveryState, label="Delivery State", access="R", nullable=False)
    status = col.text(20, label="Status", access="R", description="The enhanced status code, such as 5.1.1.")
    diagnostic = col.text(500, label="Diagnostic", access="R", description="The server's own words.")
    decisionid = col.lookup(
        "postroom_decision", label="Decision", access="R", description="About the message that reports."
    )
    reportemailid = col.lookup(
        "email",
        label="Report Email",
        access="R",
        on_delete=OnDelete.REMOVE_LINK,
        description="The message that reports, where it was tracked.",
    )
    reportedon = col.moment(label="Reported On", access="R")
    createdon = col.moment(label="Created On", access="R", nullable=False)
