"""Notes: texts and files attached to a record."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.column import UNBOUNDED, OnDelete
from postroom.schema.table import Audited, Description, Imported, Owned, Ownership, Row
from postroom.schema.targets import REGARDING


class Annotation(Audited, Owned, Imported, Row):
    """A note, with or without a file, on a record."""

    __tablename__ = "annotation"
    __described__ = Description(
        set_name="annotations",
        label="Note",
        plural="Notes",
        code=5,
        schema_name="Annotation",
        primary_name="subject",
        ownership=Ownership.USER,
    )
    __table_args__ = (Index("ix_annotation_objectid", "objectid"),)

    annotationid = col.key(label="Note")
    subject = col.text(500, label="Subject")
    notetext = col.memo(100_000, label="Note")
    isdocument = col.boolean(label="Document Attached", default=False)
    documentbody = col.text(UNBOUNDED, label="Document", description="Content, base64.")
    filename = col.text(255, label="File Name")
    filesize = col.integer(0, 1_000_000_000, label="File Size (Bytes)", access="R")
    mimetype = col.text(256, label="MIME Type")
    langid = col.text(2, label="Language")
    objectid = col.lookup(
        *REGARDING, label="Object", type_column="objecttypecode", on_delete=OnDelete.CASCADE
    )
    objecttypecode = col.table_name(label="Object Type Code")
