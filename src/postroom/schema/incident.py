"""Cases: what a customer asks to be solved."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import CaseOrigin, CasePriority, CaseState, CaseStatus
from postroom.schema.column import Format, Required
from postroom.schema.table import Audited, Description, Imported, Owned, Ownership, Row, States, Zoned

STATES = States(
    {
        CaseState.ACTIVE: (
            CaseStatus.IN_PROGRESS,
            CaseStatus.ON_HOLD,
            CaseStatus.WAITING_FOR_DETAILS,
            CaseStatus.RESEARCHING,
        ),
        CaseState.RESOLVED: (CaseStatus.PROBLEM_SOLVED, CaseStatus.INFORMATION_PROVIDED),
        CaseState.CANCELLED: (CaseStatus.CANCELLED, CaseStatus.MERGED),
    }
)


class Incident(Audited, Owned, Imported, Zoned, Row):
    """A case: something a customer asks to be solved."""

    __tablename__ = "incident"
    __described__ = Description(
        set_name="incidents",
        label="Case",
        plural="Cases",
        code=112,
        schema_name="Incident",
        primary_name="title",
        ownership=Ownership.USER,
        states=STATES,
    )
    __table_args__ = (Index("ix_incident_customerid", "customerid"),)

    incidentid = col.key(label="Case")
    title = col.text(200, label="Case Title", required=Required.APPLICATION)
    ticketnumber = col.text(100, label="Case Number")
    customerid = col.lookup(
        "account", "contact", label="Customer", required=Required.SYSTEM, type_column="customeridtype"
    )
    customeridtype = col.table_name(label="Customer Type")
    primarycontactid = col.lookup("contact", label="Primary Contact")
    emailaddress = col.text(100, label="Email Address", format=Format.EMAIL)
    description = col.memo(2000, label="Description")
    caseorigincode = col.choice(CaseOrigin, label="Origin")
    prioritycode = col.choice(CasePriority, label="Priority Code", default=CasePriority.NORMAL)
    parentcaseid = col.lookup("incident", label="Parent Case")
    statecode = col.state(CaseState.ACTIVE)
    statuscode = col.status(CaseStatus.IN_PROGRESS)
