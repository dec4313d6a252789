"""Contacts: people."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import (
    ActiveState,
    ActiveStatus,
    AddressType,
    ContactMethod,
    FamilyStatus,
    Gender,
)
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


class Contact(Audited, Owned, Imported, Zoned, Row):
    """A person with whom the organization deals."""

    __tablename__ = "contact"
    __described__ = Description(
        set_name="contacts",
        label="Contact",
        plural="Contacts",
        code=2,
        schema_name="Contact",
        primary_name="fullname",
        ownership=Ownership.USER,
        states=ACTIVE_OR_INACTIVE,
    )
    __table_args__ = (
        Index("ix_contact_parentcustomerid", "parentcustomerid"),
        Index("ix_contact_ownerid", "ownerid"),
    )

    contactid = col.key(label="Contact")
    fullname = col.text(
        160,
        label="Full Name",
        access="R",
        description="Built from the parts by the organization's convention.",
    )
    firstname = col.text(50, label="First Name", required=Required.RECOMMENDED)
    lastname = col.text(50, label="Last Name", required=Required.APPLICATION)
    middlename = col.text(50, label="Middle Name")
    nickname = col.text(100, label="Nickname")
    salutation = col.text(100, label="Salutation")
    suffix = col.text(10, label="Suffix")
    jobtitle = col.text(100, label="Job Title")
    department = col.text(100, label="Department")
    company = col.text(50, label="Company Phone", description="Company phone.")
    emailaddress1 = col.text(100, label="Email", format=Format.EMAIL)
    emailaddress2 = col.text(100, label="Email Address 2", format=Format.EMAIL)
    emailaddress3 = col.text(100, label="Email Address 3", format=Format.EMAIL)
    websiteurl = col.text(200, label="Website", format=Format.URL)
    ftpsiteurl = col.text(200, label="FTP Site URL", format=Format.URL)
    telephone1 = col.text(50, label="Business Phone")
    telephone2 = col.text(50, label="Telephone 2")
    telephone3 = col.text(50, label="Telephone 3")
    mobilephone = col.text(50, label="Mobile Phone")
    fax = col.text(50, label="Fax")
    pager = col.text(50, label="Pager")
    business2 = col.text(50, label="Business Phone 2")
    home2 = col.text(50, label="Home Phone 2")
    callback = col.text(50, label="Callback Number")
    assistantname = col.text(100, label="Assistant Name")
    assistantphone = col.text(50, label="Assistant Phone")
    managername = col.text(100, label="Manager Name")
    managerphone = col.text(50, label="Manager Phone")
    spousesname = col.text(100, label="Spouse/Partner Name")
    childrensnames = col.text(255, label="Children's Names")
    birthdate = col.day(label="Birth Date")
    anniversary = col.day(label="Anniversary")
    governmentid = col.text(50, label="Government")
    employeeid = col.text(50, label="Employee")
    gendercode = col.choice(Gender, label="Gender Code")
    familystatuscode = col.choice(FamilyStatus, label="Marital Status")
    description = col.memo(2000, label="Description")
    parentcustomerid = col.lookup(
        "account",
        "contact",
        label="Company Name",
        type_column="parentcustomeridtype",
        collection={"account": "contact_customer_accounts", "contact": "contact_customer_contacts"},
        on_delete=OnDelete.REMOVE_LINK,
    )
    parentcustomeridtype = col.table_name(label="Parent Customer Type")
    address1_line1 = col.text(250, label="Address 1 Line 1")
    address1_line2 = col.text(250, label="Address 1 Line 2")
    address1_line3 = col.text(250, label="Address 1 Line 3")
    address1_city = col.text(80, label="Address 1 City")
    address1_stateorprovince = col.text(50, label="Address 1 State Or Province")
    address1_postalcode = col.text(20, label="Address 1 Postal Code")
    address1_country = col.text(80, label="Address 1 Country")
    address1_county = col.text(50, label="Address 1 County")
    address1_postofficebox = col.text(20, label="Address 1 Post Office Box")
    address1_telephone1 = col.text(50, label="Address 1 Telephone 1")
    address1_telephone2 = col.text(50, label="Address 1 Telephone 2")
    address1_telephone3 = col.text(50, label="Address 1 Telephone 3")
    address1_fax = col.text(50, label="Address 1 Fax")
    address1_name = col.text(200, label="Address 1 Name")
    address1_composite = col.memo(1000, label="Address 1 Composite", access="R")
    address1_addresstypecode = col.choice(AddressType, label="Address 1: Address Type")
    address2_line1 = col.text(250, label="Address 2 Line 1")
    address2_line2 = col.text(250, label="Address 2 Line 2")
    address2_line3 = col.text(250, label="Address 2 Line 3")
    address2_city = col.text(80, label="Address 2 City")
    address2_stateorprovince = col.text(50, label="Address 2 State Or Province")
    address2_postalcode = col.text(20, label="Address 2 Postal Code")
    address2_country = col.text(80, label="Address 2 Country")
    address2_county = col.text(50, label="Address 2 County")
    address2_postofficebox = col.text(20, label="Address 2 Post Office Box")
    address2_telephone1 = col.text(50, label="Address 2 Telephone 1")
    address2_telephone2 = col.text(50, label="Address 2 Telephone 2")
    address2_telephone3 = col.text(50, label="Address 2 Telephone 3")
    address2_fax = col.text(50, label="Address 2 Fax")
    address2_name = col.text(200, label="Address 2 Name")
    address2_composite = col.memo(1000, label="Address 2 Composite", access="R")
    address3_line1 = col.text(250, label="Address 3 Line 1")
    address3_line2 = col.text(250, label="Address 3 Line 2")
    address3_line3 = col.text(250, label="Address 3 Line 3")
    address3_city = col.text(80, label="Address 3 City")
    address3_stateorprovince = col.text(50, label="Address 3 State Or Province")
    address3_postalcode = col.text(20, label="Address 3 Postal Code")
    address3_country = col.text(80, label="Address 3 Country")
    address3_county = col.text(50, label="Address 3 County")
    address3_postofficebox = col.text(20, label="Address 3 Post Office Box")
    address3_telephone1 = col.text(50, label="Address 3 Telephone 1")
    address3_telephone2 = col.text(50, label="Address 3 Telephone 2")
    address3_telephone3 = col.text(50, label="Address 3 Telephone 3")
    address3_fax = col.text(50, label="Address 3 Fax")
    address3_name = col.text(200, label="Address 3 Name")
    address3_composite = col.memo(1000, label="Address 3 Composite", access="R")
    entityimage = col.binary(label="Entity Image")
    donotemail = col.boolean(label="Do not allow Emails", yes="Do Not Allow", no="Allow", default=False)
    donotbulkemail = col.boolean(
        label="Do not allow Bulk Emails", yes="Do Not Allow", no="Allow", default=False
    )
    donotphone = col.boolean(label="Do not allow Phone Calls", yes="Do Not Allow", no="Allow", default=False)
    donotfax = col.boolean(label="Do not allow Faxes", yes="Do Not Allow", no="Allow", default=False)
    donotpostalmail = col.boolean(label="Do not allow Mails", yes="Do Not Allow", no="Allow", default=False)
    followemail = col.boolean(label="Follow Email Activity", yes="Allow", no="Do Not Allow", default=True)
    preferredcontactmethodcode = col.choice(
        ContactMethod, label="Preferred Contact Method Code", default=ContactMethod.ANY
    )
    yomifirstname = col.text(150, label="Yomi First Name")
    yomilastname = col.text(150, label="Yomi Last Name")
    yomimiddlename = col.text(150, label="Yomi Middle Name")
    yomifullname = col.text(450, label="Yomi Full Name", access="R")
    externaluseridentifier = col.text(50, label="External User Identifier")
    subscriptionid = col.guid(label="Subscription", access="CU")
    preferredsystemuserid = col.lookup("systemuser", label="Preferred User")
    originatingleadid = col.lookup("lead", label="Originating Lead")
    masterid = col.lookup("contact", label="Master", access="R")
    merged = col.boolean(label="Merged", access="R", default=False)
    statecode = col.state(ActiveState.ACTIVE)
    statuscode = col.status(ActiveStatus.ACTIVE)
