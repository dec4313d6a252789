"""Blobs: bytes stored once per content."""

import sqlalchemy as sa
from sqlalchemy.orm import mapped_column

from postroom.schema import column as col
from postroom.schema.column import ColumnInfo, Kind, Required
from postroom.schema.table import Description, Row


class Blob(Row):
    """Bytes under their SHA-256; without a body they lie outside the database."""

    __tablename__ = "postroom_blob"
    __described__ = Description(set_name="postroom_blobs", label="Blob", plural="Blobs")

    digest = mapped_column(
        sa.LargeBinary(32),
        primary_key=True,
        sort_order=-1,
        info={
            "column": ColumnInfo(
                Kind.BINARY, "Digest", "SHA-256 of the bytes.", Required.SYSTEM, "R", length=32
            )
        },
    )
    size = col.bigint(label="Size (Bytes)", access="R", nullable=False)
    body = col.binary(
        label="Body", access="", description="The bytes; null when they lie in the blob directory."
    )
    createdon = col.moment(label="Created On", access="R", nullable=False)
