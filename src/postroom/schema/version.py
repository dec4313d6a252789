"""Row versions, which change with every write; and the store's own version."""

import sqlalchemy as sa

from postroom.schema import column as col
from postroom.schema.column import ColumnInfo, Declared, Kind
from postroom.schema.table import Description, Row

#: How many versions one step of the sequence stands for, and so how many can be taken at once without a gap.
VERSIONS_AT_ONCE = 100_000

#: PostgreSQL gives row versions from a sequence, which blocks nobody; SQLite from the one row below.
ROW_VERSIONS = sa.Sequence("postroom_rowversions", increment=VERSIONS_AT_ONCE, metadata=Row.known)


class RowVersion(Row):
    """The last row version given out; used on SQLite only."""

    __tablename__ = "postroom_rowversion"
    __described__ = Description(set_name="postroom_rowversions", label="Row Version", plural="Row Versions")

    number = Declared(sa.Integer(), ColumnInfo(Kind.INTEGER, "Number", "Always 1.", access="R"), is_key=True)
    last = col.bigint(label="Last Version", access="R", nullable=False)


class Compatibility(Row):
    """Which programs the store fits, for those that are older than it."""

    __tablename__ = "postroom_compatibility"
    __described__ = Description(
        set_name="postroom_compatibilities", label="Compatibility", plural="Compatibilities"
    )

    number = Declared(sa.Integer(), ColumnInfo(Kind.INTEGER, "Number", "Always 1.", access="R"), is_key=True)
    oldest = col.text(
        32,
        label="Oldest Revision",
        access="R",
        nullable=False,
        description="Programs that know this revision of the store work on it.",
    )
