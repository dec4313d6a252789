"""Accounts: companies."""

from postroom.schema import column as col
from postroom.schema.choices import ActiveState, ActiveStatus
from postroom.schema.column import Format, OnDelete, Required
from postroom.schema.table import (
    ACTIVE_OR_INACTIVE,
    Audited,
    Description,
    Imported,
    Owned,
    Ownership,
    Row,
    Zoned,
)


class Account(Audited, Owned, Imported, Zoned, Row):
    """A company or other organization that is a customer."""

    __tablename__ = "account"
    __described__ = Description(
        set_name="accounts",
        label="Account",
        plural="Accounts",
        code=1,
        schema_name="Account",
        primary_name="name",
        ownership=Ownership.USER,
        states=ACTIVE_OR_INACTIVE,
    )

    accountid = col.key(label="Account")
    name = col.text(160, label="Name", required=Required.APPLICATION)
    accountnumber = col.text(20, label="Account Number")
    emailaddress1 = col.text(100, label="Email", format=Format.EMAIL)
    emailaddress2 = col.text(100, label="Email Address 2", format=Format.EMAIL)
    emailaddress3 = col.text(100, label="Email Address 3", format=Format.EMAIL)
    telephone1 = col.text(50, label="Business Phone")
    telephone2 = col.text(50, label="Telephone 2")
    telephone3 = col.text(50, label="Telephone 3")
    fax = col.text(50, label="Fax")
    websiteurl = col.text(200, label="Website", format=Format.URL)
    primarycontactid = col.lookup(
        "contact",
        label="Primary Contact",
        collection={"contact": "account_primary_contact"},
        on_delete=OnDelete.REMOVE_LINK,
    )
    parentaccountid = col.lookup(
        "account",
        label="Parent Account",
        collection={"account": "account_parent_account"},
        on_delete=OnDelete.REMOVE_LINK,
    )
    donotemail = col.boolean(label="Do not allow Emails", yes="Do Not Allow", no="Allow", default=False)
    donotbulkemail = col.boolean(
        label="Do not allow Bulk Emails", yes="Do Not Allow", no="Allow", default=False
    )
    donotphone = col.boolean(label="Do not allow Phone Calls", yes="Do Not Allow", no="Allow", default=False)
    donotfax = col.boolean(label="Do not allow Faxes", yes="Do Not Allow", no="Allow", default=False)
    donotpostalmail = col.boolean(label="Do not allow Mails", yes="Do Not Allow", no="Allow", default=False)
    followemail = col.boolean(label="Follow Email Activity", yes="Allow", no="Do Not Allow", default=True)
    description = col.memo(2000, label="Description")
    address1_composite = col.memo(1000, label="Address 1 Composite", access="R")
    statecode = col.state(ActiveState.ACTIVE)
    statuscode = col.status(ActiveStatus.ACTIVE)
