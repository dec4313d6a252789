"""Leads: people and companies that may become customers."""

from postroom.schema import column as col
from postroom.schema.choices import LeadState, LeadStatus
from postroom.schema.column import Format, Required
from postroom.schema.table import Audited, Description, Imported, Owned, Ownership, Row, States, Zoned

STATES = States(
    {
        LeadState.OPEN: (LeadStatus.NEW, LeadStatus.CONTACTED),
        LeadState.QUALIFIED: (LeadStatus.QUALIFIED,),
        LeadState.DISQUALIFIED: (
            LeadStatus.LOST,
            LeadStatus.CANNOT_CONTACT,
            LeadStatus.NO_LONGER_INTERESTED,
            LeadStatus.CANCELED,
        ),
    }
)


class Lead(Audited, Owned, Imported, Zoned, Row):
    """A person or company that may become a customer."""

    __tablename__ = "lead"
    __described__ = Description(
        set_name="leads",
        label="Lead",
        plural="Leads",
        code=4,
        schema_name="Lead",
        primary_name="fullname",
        ownership=Ownership.USER,
        states=STATES,
    )

    leadid = col.key(label="Lead")
    subject = col.text(300, label="Topic", required=Required.APPLICATION)
    fullname = col.text(
        160,
        label="Full Name",
        access="R",
        description="Built from the parts by the organization's convention.",
    )
    firstname = col.text(50, label="First Name", required=Required.RECOMMENDED)
    lastname = col.text(50, label="Last Name", required=Required.APPLICATION)
    middlename = col.text(50, label="Middle Name")
    companyname = col.text(100, label="Company Name")
    jobtitle = col.text(100, label="Job Title")
    emailaddress1 = col.text(100, label="Email", format=Format.EMAIL)
    emailaddress2 = col.text(100, label="Email Address 2", format=Format.EMAIL)
    emailaddress3 = col.text(100, label="Email Address 3", format=Format.EMAIL)
    telephone1 = col.text(50, label="Business Phone")
    telephone2 = col.text(50, label="Telephone 2")
    telephone3 = col.text(50, label="Telephone 3")
    mobilephone = col.text(20, label="Mobile Phone")
    pager = col.text(20, label="Pager")
    fax = col.text(50, label="Fax")
    donotemail = col.boolean(label="Do not allow Emails", yes="Do Not Allow", no="Allow", default=False)
    donotbulkemail = col.boolean(
        label="Do not allow Bulk Emails", yes="Do Not Allow", no="Allow", default=False
    )
    donotphone = col.boolean(label="Do not allow Phone Calls", yes="Do Not Allow", no="Allow", default=False)
    donotfax = col.boolean(label="Do not allow Faxes", yes="Do Not Allow", no="Allow", default=False)
    donotpostalmail = col.boolean(label="Do not allow Mails", yes="Do Not Allow", no="Allow", default=False)
    followemail = col.boolean(label="Follow Email Activity", yes="Allow", no="Do Not Allow", default=True)
    customerid = col.lookup("account", "contact", label="Customer", type_column="customeridtype")
    customeridtype = col.table_name(label="Customer Type")
    parentaccountid = col.lookup("account", label="Parent Account for Lead")
    parentcontactid = col.lookup("contact", label="Parent Contact for Lead")
    description = col.memo(2000, label="Description")
    statecode = col.state(LeadState.OPEN)
    statuscode = col.status(LeadStatus.NEW)
