"""Pairs: which CRM record belongs to which Exchange item, and what is still to be done."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import BookingSyncStatus
from postroom.schema.column import Required
from postroom.schema.table import Audited, Dated, Description, Imported, Owned, Ownership, Row, Zoned


class ExchangeSyncIdMapping(Dated, Owned, Row):
    """A pair of a CRM record and an Exchange item; the owner says whose mailbox."""

    __tablename__ = "exchangesyncidmapping"
    __described__ = Description(
        set_name="exchangesyncidmappings",
        label="Exchange Sync Id Mapping",
        plural="Exchange Sync Id Mappings",
        code=4120,
        schema_name="ExchangeSyncIdMapping",
        ownership=Ownership.USER,
    )
    __table_args__ = (
        Index("ix_exchangesyncidmapping_objectid", "objectid"),
        Index("ix_exchangesyncidmapping_ownerid", "ownerid", "exchangeentryid"),
        Index("ix_exchangesyncidmapping_lastsyncerroroccurredon", "lastsyncerroroccurredon"),
    )

    exchangesyncidmappingid = col.key(label="Exchange Sync ID Mapping")
    exchangeentryid = col.text(1024, label="Exchange Entry", description="Exchange item id.")
    fromcrmchangetype = col.integer(
        label="From CRM Change Type", description="Change still to be made in Exchange."
    )
    isdeletedinexchange = col.boolean(
        label="Deleted In Exchange", default=False, description="Item gone in Exchange."
    )
    isunlinkedincrm = col.boolean(
        label="Unlinked In CRM", default=False, description="User untracked the record."
    )
    itemsubject = col.text(2048, label="Item Subject", description="Subject, for error display.")
    lastsyncerror = col.text(2048, label="Last Sync Error", description="Last error text.")
    lastsyncerrorcode = col.integer(label="Last Sync Error Code", description="Last error code.")
    lastsyncerroroccurredon = col.moment(label="Last Sync Error Occurred On", description="Last error time.")
    objectid = col.guid(label="Object", description='CRM record id ("Crm Id").')
    objecttypecode = col.integer(label="Object Type Code", description="Object type code of that record.")
    retries = col.integer(label="Retries", description="Attempts so far.")
    tocrmchangetype = col.integer(
        label="To CRM Change Type", description="Change still to be made in the CRM."
    )
    userdecision = col.integer(
        label="User Decision",
        description=(
            "User's choice on a conflict: 1 the server's value, link, make or try again; 2 the CRM's value,"
            " or leave alone; 3 not answered yet; 4 keep both."
        ),
    )
    ownerid = col.owner(
        required=Required.SYSTEM, access="CR", description="Owner of the mailbox that holds the item."
    )
    owneridtype = col.table_name(
        label="Owner Type", required=Required.SYSTEM, access="CR", description="Table of the owner."
    )
    postroom_kind = col.text(20, label="Kind", access="R", description="What the two items are.")
    postroom_uid = col.text(
        1024, label="Calendar Id", access="R", description="By which a moved item is known again."
    )
    postroom_link = col.integer(label="Link", access="R", description="Unlinked 0, being made 1, linked 2.")
    postroom_parting = col.integer(label="Parting", access="R", description="Why the two are unlinked.")
    postroom_part = col.text(30, label="Part", access="R", description="What the user is to the item.")
    postroom_crmversion = col.text(64, label="CRM Version", access="R", description="As last agreed.")
    postroom_serverversion = col.text(512, label="Server Version", access="R", description="As last agreed.")
    postroom_crmprints = col.memo(
        1_048_576, label="CRM Fingerprints", access="R", description="Of each field, as last agreed; JSON."
    )
    postroom_serverprints = col.memo(
        1_048_576, label="Server Fingerprints", access="R", description="Of each field, as last agreed; JSON."
    )
    postroom_pending = col.memo(
        1_048_576, label="Pending", access="R", description="What was about to be done; JSON."
    )
    postroom_failure = col.memo(
        100_000, label="Failure", access="R", description="How often it failed, at which versions; JSON."
    )
    postroom_question = col.memo(
        1_048_576, label="Question", access="R", description="What a person is asked; JSON."
    )


class BookableResourceBookingExchangeSyncIdMapping(Audited, Owned, Imported, Zoned, Row):
    """A pair of a resource booking and an Exchange item."""

    __tablename__ = "bookableresourcebookingexchangesyncidmapping"
    __described__ = Description(
        set_name="bookableresourcebookingexchangesyncidmappings",
        label="Bookable Resource Booking Exchange Sync Id Mapping",
        plural="Bookable Resource Booking Exchange Sync Id Mappings",
        code=4421,
        schema_name="BookableResourceBookingExchangeSyncIdMapping",
        primary_name="name",
        ownership=Ownership.USER,
    )

    bookableresourcebookingexchangesyncidmappingid = col.key(label="Booking Exchange Sync ID Mapping")
    name = col.text(100, label="Name", required=Required.APPLICATION)
    bookableresourcebookingid = col.guid(label="Bookable Resource Booking")
    exchangeentryid = col.text(1024, label="Exchange Entry")
    isdeletedinexchange = col.boolean(label="Deleted In Exchange", default=False)
    lastsyncerror = col.text(2048, label="Last Sync Error")
    lastsyncerrorcode = col.integer(label="Last Sync Error Code")
    lastsyncerroroccurredon = col.moment(label="Last Sync Error Occurred On")
    retries = col.integer(label="Retries")
    syncstatus = col.choice(BookingSyncStatus, label="Sync Status", default=BookingSyncStatus.COMPLETED)
    syncversionnumber = col.bigint(label="Sync Version Number")
    userid = col.lookup("systemuser", label="User")
