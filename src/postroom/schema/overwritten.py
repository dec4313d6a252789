"""Overwritten values: what gave way when both sides had changed the same field."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.column import OnDelete, Required
from postroom.schema.table import Description, Row


class Overwritten(Row):
    """One value of one field that gave way to the other side's."""

    __tablename__ = "postroom_overwritten"
    __described__ = Description(
        set_name="postroom_overwrittens", label="Overwritten Value", plural="Overwritten Values"
    )
    __table_args__ = (Index("ix_postroom_overwritten_mailboxid", "mailboxid", "createdon"),)

    postroom_overwrittenid = col.key(label="Overwritten Value", access="R")
    mailboxid = col.lookup(
        "mailbox",
        label="Mailbox",
        access="R",
        required=Required.SYSTEM,
        nullable=False,
        on_delete=OnDelete.CASCADE,
    )
    objectid = col.guid(label="Object", access="R", description="The record.")
    objecttypecode = col.integer(label="Object Type Code", access="R")
    exchangeentryid = col.text(1024, label="Exchange Entry", access="R")
    subject = col.text(2048, label="Subject", access="R")
    field = col.text(60, label="Field", access="R", nullable=False)
    side = col.text(10, label="Side", access="R", nullable=False, description="Where the value stood.")
    value = col.memo(1_048_576, label="Value", access="R", description="The value that gave way.")
    content = col.memo(
        1_048_576, label="Content", access="R", description="That value exactly, to be put back; JSON."
    )
    restoredon = col.moment(label="Restored On", access="R", description="When it was put back last.")
    createdon = col.moment(label="Created On", access="R", nullable=False)
