"""The audit log: who wrote what through the Web API."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.table import Description, Row


class Audit(Row):
    """One write by a caller of the Web API; names columns and never values."""

    __tablename__ = "postroom_audit"
    __described__ = Description(
        set_name="postroom_audits", label="Audit Entry", plural="Audit Log", primary_name="operation"
    )
    __table_args__ = (
        Index("ix_postroom_audit_createdon", "createdon"),
        Index("ix_postroom_audit_objectid", "objectid"),
    )

    postroom_auditid = col.key(label="Audit Entry", access="R")
    createdon = col.moment(label="Created On", access="R", nullable=False)
    keyname = col.text(100, label="API Key", access="R", description="Name of the key that was used.")
    userid = col.lookup("systemuser", label="User", access="R", description="In whose name it was written.")
    operation = col.text(
        100, label="Operation", access="R", nullable=False, description="create, update, delete or a message."
    )
    objecttypecode = col.table_name(label="Table", access="R")
    objectid = col.guid(label="Record", access="R")
    columnnames = col.memo(10_000, label="Columns", access="R", description="What was set, with commas.")
