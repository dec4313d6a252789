"""Blobs: bytes stored once per content."""

import sqlalchemy as sa

from postroom.schema import column as col
from postroom.schema.column import ColumnInfo, Declared, Kind, Required
from postroom.schema.table import Description, Row


class Blob(Row):
    """Bytes under their SHA-256; without a body they lie outside the database."""

    __tablename__ = "postroom_blob"
    __described__ = Description(set_name="postroom_blobs", label="Blob", plural="Blobs")

    digest = Declared(
        sa.LargeBinary(32),
        ColumnInfo(Kind.BINARY, "Digest", "SHA-256 of the bytes.", Required.SYSTEM, "R", length=32),
        is_key=True,
    )
    size = col.bigint(label="Size (Bytes)", access="R", nullable=False)
    body = col.binary(
        label="Body", access="", description="The bytes; null when they lie in the blob directory."
    )
    createdon = col.moment(label="Created On", access="R", nullable=False)
