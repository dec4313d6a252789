"""The ledger: every message a server has shown; nothing recorded twice or forgotten."""

from sqlalchemy import Index, UniqueConstraint

from postroom.schema import choices
from postroom.schema import column as col
from postroom.schema.column import Required
from postroom.schema.table import Description, Row


class Ledger(Row):
    """A message seen on a server; mailbox, folder, validity and server id name it for good."""

    __tablename__ = "postroom_ledger"
    __described__ = Description(set_name="postroom_ledgers", label="Ledger Entry", plural="Ledger Entries")
    __table_args__ = (
        UniqueConstraint("mailboxid", "folder", "validity", "serverid"),
        Index("ix_postroom_ledger_emailid", "emailid"),
        Index("ix_postroom_ledger_digest", "mailboxid", "digest"),
        Index("ix_postroom_ledger_category", "mailboxid", "category"),
    )

    postroom_ledgerid = col.key(label="Ledger Entry", access="R")
    mailboxid = col.lookup("mailbox", label="Mailbox", access="R", required=Required.SYSTEM, nullable=False)
    folder = col.text(256, label="Folder", access="R", default="", nullable=False)
    validity = col.text(
        64, label="Validity", access="R", default="", nullable=False, description="The folder's UIDVALIDITY."
    )
    serverid = col.text(
        1000,
        label="Server ID",
        access="R",
        nullable=False,
        description="The server's lasting id of the message.",
    )
    emailid = col.lookup("email", label="Email", access="R", description="What it was recorded as.")
    quarantineid = col.lookup("postroom_quarantine", label="Quarantined Message", access="R")
    decisionid = col.lookup("postroom_decision", label="Decision", access="R")
    size = col.bigint(label="Size (Bytes)", access="R")
    digest = col.binary(32, label="Digest", access="R", description="SHA-256 of the message.")
    messages = col.integer(
        1,
        label="Messages",
        access="R",
        default=1,
        nullable=False,
        description="How many decisions stand for it: one, or one for each message of a forwarded item.",
    )
    seenon = col.moment(label="Seen On", access="R", nullable=False)
    discardedon = col.moment(
        label="Discarded On", access="R", description="When the server was asked to remove it."
    )
    goneon = col.moment(
        label="Gone On", access="R", description="When the server said that it is no longer where it was."
    )
    category = col.choice(
        choices.CategoryMark,
        label="Category",
        access="R",
        default=choices.CategoryMark.NONE,
        nullable=False,
        description="How it stands with the tracking category on it.",
    )
