"""Row versions: where the numbers come from that change with every write."""

import sqlalchemy as sa
from sqlalchemy.orm import mapped_column

from postroom.schema import column as col
from postroom.schema.column import ColumnInfo, Kind
from postroom.schema.table import Description, Row

#: PostgreSQL gives row versions from a sequence, which blocks nobody; SQLite from the one row below.
ROW_VERSIONS = sa.Sequence("postroom_rowversions", metadata=Row.metadata)


class RowVersion(Row):
    """The last row version given out; used on SQLite only."""

    __tablename__ = "postroom_rowversion"
    __described__ = Description(set_name="postroom_rowversions", label="Row Version", plural="Row Versions")

    number = mapped_column(
        sa.Integer,
        primary_key=True,
        autoincrement=False,
        sort_order=-1,
        info={"column": ColumnInfo(Kind.INTEGER, "Number", "Always 1.", access="R")},
    )
    last = col.bigint(label="Last Version", access="R", nullable=False)
