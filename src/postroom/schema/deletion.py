"""Deletions: what is no longer there, for those who ask for changes."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.table import Description, Row


class Deletion(Row):
    """One record that was deleted, with the row version at which it went."""

    __tablename__ = "postroom_deletion"
    __described__ = Description(set_name="postroom_deletions", label="Deletion", plural="Deletions")
    __table_args__ = (
        Index("ix_postroom_deletion_objecttypecode", "objecttypecode", "versionnumber"),
        Index("ix_postroom_deletion_deletedon", "deletedon"),
    )

    postroom_deletionid = col.key(label="Deletion", access="R")
    objecttypecode = col.table_name(label="Table", access="R", nullable=False)
    objectid = col.guid(label="Record", access="R", nullable=False)
    deletedon = col.moment(label="Deleted On", access="R", nullable=False)
    versionnumber = col.bigint(label="Version Number", access="R", nullable=False)
