"""The address index, choices among its records, and the smart-matching hashes."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import HashType
from postroom.schema.column import OnDelete, Required
from postroom.schema.table import Description, Owned, Ownership, Row, Versioned
from postroom.schema.targets import EMAIL_ENABLED


class EmailSearch(Versioned, Row):
    """One e-mail column of one record; kept in step by the store."""

    __tablename__ = "emailsearch"
    __described__ = Description(
        set_name="emailsearches",
        label="Email Search",
        plural="Email Searches",
        code=4299,
        schema_name="EmailSearch",
        primary_name="emailaddress",
    )
    __table_args__ = (
        # All that resolution asks of a row, so that the index alone answers, and in the order it asks for.
        Index(
            "ix_emailsearch_emailaddress",
            "emailaddress",
            "parentobjecttypecode",
            "parentobjectid",
            "emailcolumnnumber",
        ),
        Index("uq_emailsearch_parentobjectid", "parentobjectid", "emailcolumnnumber", unique=True),
    )

    emailsearchid = col.key(label="Email Search", access="R")
    emailaddress = col.text(
        100,
        label="Email Address",
        required=Required.SYSTEM,
        access="R",
        description="The address, as addresses are compared.",
    )
    parentobjectid = col.lookup(
        *EMAIL_ENABLED,
        label="Parent Object",
        required=Required.SYSTEM,
        access="R",
        type_column="parentobjecttypecode",
        description="Record that has the address.",
    )
    parentobjecttypecode = col.table_name(
        label="Parent Object Type Code",
        required=Required.SYSTEM,
        access="R",
        description="Table of the record.",
    )
    emailcolumnnumber = col.integer(
        1,
        label="Email Column Number",
        access="R",
        description="Which of the table's e-mail columns holds the address, from 1.",
    )


class AddressChoice(Row):
    """Which of several records an address stands for, as a person once decided."""

    __tablename__ = "postroom_addresschoice"
    __described__ = Description(
        set_name="postroom_addresschoices",
        label="Address Choice",
        plural="Address Choices",
        primary_name="emailaddress",
    )
    __table_args__ = (
        Index("uq_postroom_addresschoice_emailaddress", "emailaddress", unique=True),
        Index("ix_postroom_addresschoice_partyid", "partyid"),
    )

    postroom_addresschoiceid = col.key(label="Address Choice", access="R")
    emailaddress = col.text(
        320, label="Email Address", access="R", nullable=False, description="As addresses are compared."
    )
    partyid = col.lookup(
        *EMAIL_ENABLED,
        label="Party",
        access="R",
        nullable=False,
        type_column="partyobjecttypecode",
        on_delete=OnDelete.CASCADE,
        description="The record that the address stands for.",
    )
    partyobjecttypecode = col.table_name(label="Party Object Type Code", access="R")
    chosenby = col.lookup("systemuser", label="Chosen By", access="R")
    createdon = col.moment(label="Created On", access="R", nullable=False)


class EmailHash(Versioned, Owned, Row):
    """One word of a subject or one recipient, hashed, for smart matching."""

    __tablename__ = "emailhash"
    __described__ = Description(
        set_name="emailhashes",
        label="Email Hash",
        plural="Email Hashes",
        code=4023,
        schema_name="EmailHash",
        ownership=Ownership.USER,
    )
    __table_args__ = (
        Index("ix_emailhash_hash", "hash", "hashtype", "createdon"),
        Index("ix_emailhash_activityid", "activityid"),
    )

    emailhashid = col.key(label="Email Hash", access="R")
    activityid = col.lookup("email", label="Activity", access="R", on_delete=OnDelete.CASCADE)
    hash = col.integer(label="Hash", access="R")
    hashtype = col.choice(HashType, label="Hash Type", access="R", description="Subject or recipient.")
    createdon = col.moment(label="Created On", access="R")
