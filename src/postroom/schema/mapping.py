"""Mappings: which column is synchronized with which property, and in which direction."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import ComponentState, SyncDirection
from postroom.schema.column import OnDelete, Required
from postroom.schema.table import Audited, Description, Ownership, Row, Versioned


class SyncAttributeMappingProfile(Audited, Row):
    """A set of mappings for the organization, a team or a user."""

    __tablename__ = "syncattributemappingprofile"
    __described__ = Description(
        set_name="syncattributemappingprofiles",
        label="Sync Attribute Mapping Profile",
        plural="Sync Attribute Mapping Profiles",
        code=1400,
        schema_name="SyncAttributeMappingProfile",
        primary_name="name",
        ownership=Ownership.ORGANIZATION,
    )

    syncattributemappingprofileid = col.key(label="Sync Attribute Mapping Profile")
    name = col.text(100, label="Name", required=Required.SYSTEM)
    description = col.memo(2000, label="Description")
    organizationid = col.lookup("organization", label="Organization", access="R")
    componentstate = col.choice(
        ComponentState, label="Component State", access="R", default=ComponentState.PUBLISHED
    )
    ismanaged = col.boolean(label="Managed", access="R", default=False)
    solutionid = col.guid(label="Solution", access="R")
    supportingsolutionid = col.guid(label="Supporting Solution", access="R")
    overwritetime = col.moment(label="Overwrite Time", access="R")
    syncattributemappingprofileidunique = col.guid(
        label="Sync Attribute Mapping Profile ID Unique", access="R"
    )


class SyncAttributeMapping(Audited, Row):
    """One pair of a CRM column and an Exchange property."""

    __tablename__ = "syncattributemapping"
    __described__ = Description(
        set_name="syncattributemappings",
        label="Sync Attribute Mapping",
        plural="Sync Attribute Mappings",
        code=1401,
        schema_name="SyncAttributeMapping",
        ownership=Ownership.ORGANIZATION,
    )
    __table_args__ = (
        Index("ix_syncattributemapping_syncattributemappingprofileid", "syncattributemappingprofileid"),
    )

    syncattributemappingid = col.key(label="Sync Attribute Mapping")
    syncattributemappingprofileid = col.lookup(
        "syncattributemappingprofile",
        label="Sync Attribute Mapping Profile",
        on_delete=OnDelete.CASCADE,
        description="Owner profile.",
    )
    entitytypecode = col.table_name(
        label="Entity Type Code", description="Such as appointment, contact, task."
    )
    mappingname = col.text(100, label="Mapping Name", description="Display name.")
    attributecrmname = col.text(100, label="Attribute CRM Name", description="CRM column.")
    attributeexchangename = col.text(100, label="Attribute Exchange Name", description="Exchange property.")
    syncdirection = col.choice(SyncDirection, label="Sync Direction", default=SyncDirection.NONE)
    defaultsyncdirection = col.choice(
        SyncDirection, label="Default Sync Direction", default=SyncDirection.NONE
    )
    allowedsyncdirection = col.integer(
        label="Allowed Sync Direction",
        description="Bit mask of allowed directions: bit n stands for code n.",
    )
    iscomputed = col.boolean(
        label="Is Computed", access="R", default=False, description="Property is computed."
    )
    computedproperties = col.text(
        500, label="Computed Properties", description="The Exchange properties it is computed from."
    )
    parentsyncattributemappingid = col.lookup(
        "syncattributemapping",
        label="Parent Sync Attribute Mapping",
        on_delete=OnDelete.REMOVE_LINK,
        description="Child of a computed mapping.",
    )
    organizationid = col.lookup(
        "organization", label="Organization", access="R", description="Solution columns, read-only."
    )
    componentstate = col.choice(
        ComponentState,
        label="Component State",
        access="R",
        default=ComponentState.PUBLISHED,
        description="Solution columns, read-only.",
    )
    ismanaged = col.boolean(
        label="Managed", access="R", default=False, description="Solution columns, read-only."
    )
    solutionid = col.guid(label="Solution", access="R", description="Solution columns, read-only.")
    supportingsolutionid = col.guid(
        label="Supporting Solution", access="R", description="Solution columns, read-only."
    )
    overwritetime = col.moment(label="Overwrite Time", access="R", description="Solution columns, read-only.")
    syncattributemappingidunique = col.guid(
        label="Sync Attribute Mapping ID Unique", access="R", description="Solution columns, read-only."
    )


class PrincipalSyncAttributeMap(Versioned, Row):
    """The mapping in effect for one user or team."""

    __tablename__ = "principalsyncattributemap"
    __described__ = Description(
        set_name="principalsyncattributemaps",
        label="Principal Sync Attribute Map",
        plural="Principal Sync Attribute Maps",
        code=1404,
        schema_name="PrincipalSyncAttributeMap",
        ownership=Ownership.ORGANIZATION,
    )
    __table_args__ = (Index("ix_principalsyncattributemap_principalid", "principalid"),)

    principalsyncattributemapid = col.key(label="Principal Sync Attribute Map")
    principalid = col.guid(label="Principal")
    entitytypecode = col.table_name(label="Entity Type Code")
    mappingname = col.text(100, label="Mapping Name")
    attributecrmname = col.text(100, label="Attribute CRM Name")
    attributecrmdisplayname = col.text(100, label="Attribute CRM Display Name")
    attributeexchangename = col.text(100, label="Attribute Exchange Name")
    attributeexchangedisplayname = col.text(100, label="Attribute Exchange Display Name")
    syncdirection = col.choice(SyncDirection, label="Sync Direction", default=SyncDirection.NONE)
    defaultsyncdirection = col.choice(
        SyncDirection, label="Default Sync Direction", default=SyncDirection.NONE
    )
    allowedsyncdirection = col.integer(label="Allowed Sync Direction")
    iscomputed = col.boolean(label="Is Computed", access="R", default=False)
    computedproperties = col.text(500, label="Computed Properties")
    parentprincipalsyncattributemappingid = col.lookup(
        "principalsyncattributemap", label="Parent Principal Sync Attribute Mapping"
    )
    organizationid = col.lookup("organization", label="Organization", access="R")


class SystemUserSyncMappingProfiles(Versioned, Row):
    """Which mapping profile a user has."""

    __tablename__ = "systemusersyncmappingprofiles"
    __described__ = Description(
        set_name="systemusersyncmappingprofilescollection",
        label="User Sync Mapping Profile",
        plural="User Sync Mapping Profiles",
        code=1402,
        schema_name="SystemUserSyncMappingProfiles",
    )

    systemusersyncmappingprofileid = col.key(label="User Sync Mapping Profile", access="R")
    systemuserid = col.lookup("systemuser", label="User", access="R")
    syncattributemappingprofileid = col.lookup(
        "syncattributemappingprofile", label="Sync Attribute Mapping Profile", access="R"
    )


class TeamSyncAttributeMappingProfiles(Versioned, Row):
    """Which mapping profile a team has."""

    __tablename__ = "teamsyncattributemappingprofiles"
    __described__ = Description(
        set_name="teamsyncattributemappingprofilescollection",
        label="Team Sync Mapping Profile",
        plural="Team Sync Mapping Profiles",
        code=1403,
        schema_name="TeamSyncAttributeMappingProfiles",
    )

    teamsyncattributemappingprofileid = col.key(label="Team Sync Mapping Profile", access="R")
    teamid = col.lookup("team", label="Team", access="R")
    syncattributemappingprofileid = col.lookup(
        "syncattributemappingprofile", label="Sync Attribute Mapping Profile", access="R"
    )
