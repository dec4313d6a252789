"""Tracking folders and categories: what a user marks for tracking in the mailbox itself."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import TrackingFolderState
from postroom.schema.column import OnDelete, Required
from postroom.schema.table import Audited, Dated, Description, Owned, Ownership, Row
from postroom.schema.targets import REGARDING


class MailboxTrackingFolder(Audited, Owned, Row):
    """A folder of a mailbox whose messages are tracked, with the record they relate to."""

    __tablename__ = "mailboxtrackingfolder"
    __described__ = Description(
        set_name="mailboxtrackingfolders",
        label="Mailbox Auto Tracking Folder",
        plural="Mailbox Auto Tracking Folders",
        code=9608,
        schema_name="MailboxTrackingFolder",
        ownership=Ownership.USER,
    )
    __table_args__ = (Index("ix_mailboxtrackingfolder_mailboxid", "mailboxid"),)

    mailboxtrackingfolderid = col.key(label="Mailbox Tracking Folder", access="R")
    exchangefolderid = col.text(120, label="Exchange Folder", description="Exchange folder id.")
    exchangefoldername = col.text(256, label="Exchange Folder Name", description="Folder display name.")
    folderonboardingstatus = col.integer(
        0,
        label="Folder Onboarding Status",
        required=Required.SYSTEM,
        default=0,
        description="Whether the folder's existing content has been on-boarded.",
    )
    mailboxid = col.lookup(
        "mailbox",
        label="Mailbox",
        required=Required.SYSTEM,
        collection={"mailbox": "Mailbox_MailboxTrackingFolder"},
        on_delete=OnDelete.CASCADE,
    )
    regardingobjectid = col.lookup(
        *REGARDING,
        label="Regarding",
        type_column="regardingobjecttypecode",
        description="Record the folder relates to.",
    )
    regardingobjecttypecode = col.table_name(
        label="Regarding Type", description="Logical name of the regarding table."
    )
    organizationid = col.lookup("organization", label="Organization", required=Required.SYSTEM, access="R")
    postroom_state = col.choice(
        TrackingFolderState,
        label="State",
        access="R",
        default=TrackingFolderState.ACTIVE,
        nullable=False,
        description="Whether the folder is where it can be tracked.",
    )
    postroom_appliedregardingid = col.guid(
        label="Applied Regarding",
        access="R",
        description="The record that the folder's mail was last related to.",
    )


class MailboxTrackingCategory(Dated, Owned, Row):
    """The Outlook category that a user puts on messages to have them tracked."""

    __tablename__ = "mailboxtrackingcategory"
    __described__ = Description(
        set_name="mailboxtrackingcategories",
        label="Mailbox Auto Tracking Category",
        plural="Mailbox Auto Tracking Categories",
        code=9609,
        schema_name="MailboxTrackingCategory",
        ownership=Ownership.USER,
    )
    __table_args__ = (Index("ix_mailboxtrackingcategory_mailboxid", "mailboxid"),)

    mailboxtrackingcategoryid = col.key(label="Mailbox Tracking Category", access="R")
    categoryonboardingstatus = col.integer(
        0,
        label="Category Onboarding Status",
        default=0,
        description="Whether the category exists in Exchange yet.",
    )
    exchangecategorycolor = col.integer(0, 25, label="Exchange Category Color")
    exchangecategoryid = col.guid(label="Exchange Category")
    exchangecategoryname = col.text(512, label="Exchange Category Name")
    mailboxid = col.lookup(
        "mailbox",
        label="Mailbox",
        collection={"mailbox": "Mailbox_mailboxtrackingcategory"},
        on_delete=OnDelete.CASCADE,
    )
