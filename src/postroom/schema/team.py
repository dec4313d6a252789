"""Teams and business units: groups of users."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import MembershipType, TeamType
from postroom.schema.column import Format, OnDelete, Required
from postroom.schema.table import Audited, Description, Imported, Ownership, Row, Versioned


class Team(Audited, Imported, Row):
    """A group of users that can own records."""

    __tablename__ = "team"
    __described__ = Description(
        set_name="teams",
        label="Team",
        plural="Teams",
        code=9,
        schema_name="Team",
        primary_name="name",
        ownership=Ownership.BUSINESS,
    )

    teamid = col.key(label="Team")
    name = col.text(160, label="Name", required=Required.SYSTEM)
    teamtype = col.choice(TeamType, label="Team Type", required=Required.SYSTEM, default=TeamType.OWNER)
    membershiptype = col.choice(
        MembershipType, label="Membership Type", default=MembershipType.MEMBERS_AND_GUESTS
    )
    emailaddress = col.text(100, label="Email Address", format=Format.EMAIL)
    description = col.memo(2000, label="Description")
    queueid = col.lookup("queue", label="Queue")
    administratorid = col.lookup("systemuser", label="Administrator")
    businessunitid = col.lookup("businessunit", label="Business Unit", required=Required.SYSTEM)
    isdefault = col.boolean(label="Default", access="R", default=False)
    azureactivedirectoryobjectid = col.guid(label="Azure Active Directory Object")
    organizationid = col.lookup("organization", label="Organization", access="R")


class TeamMembership(Versioned, Row):
    """A user's membership in a team; everybody is in the default team of his business unit without one."""

    __tablename__ = "teammembership"
    __described__ = Description(
        set_name="teammemberships",
        label="Team Membership",
        plural="Team Memberships",
        code=23,
        schema_name="TeamMembership",
    )
    __table_args__ = (Index("ix_teammembership_systemuserid", "systemuserid", "teamid", unique=True),)

    teammembershipid = col.key(label="Team Membership")
    systemuserid = col.lookup(
        "systemuser", label="User", access="CR", nullable=False, on_delete=OnDelete.CASCADE
    )
    teamid = col.lookup("team", label="Team", access="CR", nullable=False, on_delete=OnDelete.CASCADE)


class BusinessUnit(Audited, Imported, Row):
    """A part of the organization."""

    __tablename__ = "businessunit"
    __described__ = Description(
        set_name="businessunits",
        label="Business Unit",
        plural="Business Units",
        code=10,
        schema_name="BusinessUnit",
        primary_name="name",
        ownership=Ownership.ORGANIZATION,
    )

    businessunitid = col.key(label="Business Unit")
    name = col.text(160, label="Name", required=Required.SYSTEM)
    parentbusinessunitid = col.lookup("businessunit", label="Parent Business Unit")
    emailaddress = col.text(100, label="Email Address", format=Format.EMAIL)
    description = col.memo(2000, label="Description")
    isdisabled = col.boolean(label="Is Disabled", default=False)
    organizationid = col.lookup("organization", label="Organization", access="R")
