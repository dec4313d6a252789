"""Saved queries: filters that say which records are synchronized."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import ActiveState, ActiveStatus, QueryState, QueryStatus
from postroom.schema.column import UNBOUNDED, Required
from postroom.schema.table import (
    ACTIVE_OR_INACTIVE,
    Audited,
    Description,
    Owned,
    Ownership,
    Row,
    States,
    Versioned,
)

USER_STATES = States(
    {QueryState.ACTIVE: (QueryStatus.ACTIVE, QueryStatus.ALL), QueryState.INACTIVE: (QueryStatus.INACTIVE,)}
)


class UserQuery(Audited, Owned, Row):
    """A user's own filter."""

    __tablename__ = "userquery"
    __described__ = Description(
        set_name="userqueries",
        label="Saved View",
        plural="Saved Views",
        code=4230,
        schema_name="UserQuery",
        primary_name="name",
        ownership=Ownership.USER,
        states=USER_STATES,
    )
    __table_args__ = (Index("ix_userquery_ownerid", "ownerid", "querytype"),)

    userqueryid = col.key(label="Saved View")
    name = col.text(200, label="Name", required=Required.APPLICATION)
    description = col.memo(2000, label="Description")
    querytype = col.integer(
        label="Query Type",
        required=Required.SYSTEM,
        default=0,
        description=(
            "Kind of query: 0 view, 16 offline filter, 256 Outlook filter, 8192 offline template,"
            " 131072 Outlook template."
        ),
    )
    returnedtypecode = col.table_name(
        label="Returned Type", required=Required.SYSTEM, description="Table that the query reads."
    )
    fetchxml = col.memo(UNBOUNDED, label="FetchXML")
    layoutxml = col.memo(UNBOUNDED, label="Layout XML")
    columnsetxml = col.memo(UNBOUNDED, label="Column Set XML")
    conditionalformatting = col.memo(UNBOUNDED, label="Conditional Formatting")
    offlinesqlquery = col.memo(UNBOUNDED, label="Offline SQL Query")
    advancedgroupby = col.text(20, label="Advanced Group By")
    parentqueryid = col.lookup("userquery", label="Parent View")
    statecode = col.state(QueryState.ACTIVE)
    statuscode = col.status(QueryStatus.ACTIVE)


class SavedQuery(Audited, Row):
    """A filter or template of the organization."""

    __tablename__ = "savedquery"
    __described__ = Description(
        set_name="savedqueries",
        label="View",
        plural="Views",
        code=1039,
        schema_name="SavedQuery",
        primary_name="name",
        ownership=Ownership.ORGANIZATION,
        states=ACTIVE_OR_INACTIVE,
    )

    savedqueryid = col.key(label="View")
    name = col.text(200, label="Name", required=Required.APPLICATION)
    description = col.memo(2000, label="Description")
    querytype = col.integer(
        label="Query Type",
        required=Required.SYSTEM,
        default=0,
        description=(
            "Kind of query: 0 view, 16 offline filter, 256 Outlook filter, 8192 offline template,"
            " 131072 Outlook template."
        ),
    )
    returnedtypecode = col.table_name(
        label="Returned Type", required=Required.SYSTEM, description="Table that the query reads."
    )
    fetchxml = col.memo(UNBOUNDED, label="FetchXML")
    layoutxml = col.memo(UNBOUNDED, label="Layout XML")
    columnsetxml = col.memo(UNBOUNDED, label="Column Set XML")
    conditionalformatting = col.memo(UNBOUNDED, label="Conditional Formatting")
    offlinesqlquery = col.memo(UNBOUNDED, label="Offline SQL Query")
    advancedgroupby = col.text(2000, label="Advanced Group By")
    isdefault = col.boolean(label="Default", default=False)
    isquickfindquery = col.boolean(label="Quick Find Query", default=False)
    isuserdefined = col.boolean(label="User Defined", access="R", default=False)
    iscustom = col.boolean(label="Custom", access="R", default=False)
    ismanaged = col.boolean(label="Managed", access="R", default=False)
    organizationid = col.lookup("organization", label="Organization", access="R")
    queryapi = col.text(200, label="Query API")
    queryappusage = col.integer(label="Query App Usage")
    statecode = col.state(ActiveState.ACTIVE)
    statuscode = col.status(ActiveStatus.ACTIVE)


class SubscriptionManuallyTrackedObject(Versioned, Row):
    """A record that a user tracks, or does not track, by hand."""

    __tablename__ = "subscriptionmanuallytrackedobject"
    __described__ = Description(
        set_name="subscriptionmanuallytrackedobjects",
        label="Manually Tracked Object",
        plural="Manually Tracked Objects",
        code=37,
        schema_name="SubscriptionManuallyTrackedObject",
    )
    __table_args__ = (Index("ix_subscriptionmanuallytrackedobject_objectid", "objectid"),)

    subscriptionmanuallytrackedobjectid = col.key(label="Manually Tracked Object")
    objectid = col.guid(label="Object")
    objecttypecode = col.integer(label="Object Type Code", description="Object type code of the record.")
    subscriptionid = col.guid(label="Subscription")
    track = col.boolean(label="Tracked", default=True, description="Whether the record is tracked.")
