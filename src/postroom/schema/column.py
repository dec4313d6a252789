"""What a column can say of itself, and the helpers that declare one.

Each helper returns a SQLAlchemy column whose `info["column"]` is a `ColumnInfo`: all that validation,
metadata and documentation need. Names are Dataverse logical names; the letters of `access` mean: C may be set
on create, U may be set on update, R is returned on read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from postroom.schema.choices import Choice

INT32 = 2_147_483_647
#: The length that Dataverse gives to texts without a practical limit.
UNBOUNDED = 1_073_741_823
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Kind(Enum):
    """The Dataverse type of a column; decides its form in the Web API."""

    KEY = "Uniqueidentifier (key)"
    GUID = "Uniqueidentifier"
    TEXT = "String"
    MEMO = "Memo"
    INTEGER = "Integer"
    BIGINT = "BigInt"
    DECIMAL = "Decimal"
    DOUBLE = "Double"
    BOOLEAN = "Boolean"
    CHOICE = "Picklist"
    STATE = "State"
    STATUS = "Status"
    MOMENT = "DateTime"
    DAY = "DateTime (DateOnly)"
    LOOKUP = "Lookup"
    OWNER = "Owner"
    TABLE_NAME = "EntityName"
    BINARY = "Binary"


class Required(Enum):
    """Who insists on a value."""

    NONE = "None"
    RECOMMENDED = "Recommended"
    #: Forms demand it, the API does not.
    APPLICATION = "ApplicationRequired"
    #: Can't be null; the platform fills it when it can.
    SYSTEM = "SystemRequired"


class OnDelete(Enum):
    """What becomes of a row when the record it points to is deleted."""

    NOTHING = "NoCascade"
    CASCADE = "Cascade"
    REMOVE_LINK = "RemoveLink"
    RESTRICT = "Restrict"


class Format(Enum):
    """How a text or a moment is meant to be shown."""

    PLAIN = "Text"
    EMAIL = "Email"
    URL = "Url"
    HTML = "Html"
    DATE_AND_TIME = "DateAndTime"
    DATE_ONLY = "DateOnly"


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """All that is known of one column beyond its name and database type."""

    kind: Kind
    label: str
    description: str = ""
    required: Required = Required.NONE
    access: str = "CUR"
    #: Filled in when a create says nothing; None means null.
    default: Any = None
    format: Format = Format.PLAIN
    #: Longest text in characters; None where length means nothing.
    length: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    #: The option set of a choice, state or status.
    choices: type[Choice] | None = None
    #: Labels of false and true.
    labels: tuple[str, str] = ("No", "Yes")
    #: Logical names of the tables a lookup may point to.
    targets: tuple[str, ...] = ()
    #: The column that holds the target's logical name when there are several targets.
    type_column: str | None = None
    #: Single-valued navigation property by target table, where it is not the usual one.
    navigation: Mapping[str, str] = field(default_factory=dict)
    #: Collection-valued navigation property on the target table, by target table.
    collection: Mapping[str, str] = field(default_factory=dict)
    on_delete: OnDelete = OnDelete.NOTHING
    #: Sealed before it is stored and never returned.
    is_secret: bool = False
    #: The boolean column that says whether the secret is there.
    set_flag: str | None = None

    @property
    def may_create(self) -> bool:
        """Say whether a caller may set it on create."""
        return "C" in self.access

    @property
    def may_update(self) -> bool:
        """Say whether a caller may change it."""
        return "U" in self.access

    @property
    def may_read(self) -> bool:
        """Say whether it is ever returned to a caller."""
        return "R" in self.access


class Moment(TypeDecorator[datetime]):
    """An instant: aware UTC in Python, a time stamp on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database at hand uses."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return the instant as the database stores it; refuse one without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        if dialect.name == "postgresql":
            return value
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the stored instant, aware, UTC."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal number; SQLite has none, so it holds the nearest double there."""

    impl = sa.Numeric(38, 12)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database at hand uses."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Numeric(38, 12))
        return dialect.type_descriptor(sa.Float())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Return the number as the database stores it."""
        if value is None or dialect.name == "postgresql":
            return value
        return float(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return the stored number."""
        return None if value is None else Decimal(str(value))


def info_of(column: sa.Column[Any]) -> ColumnInfo:
    """Return what the declaration says of this column."""
    found = column.info["column"]
    assert isinstance(found, ColumnInfo)  # noqa: S101 - every column is made by a helper of this module
    return found


def _declare(
    type_: TypeEngine[Any], info: ColumnInfo, *, primary_key: bool = False, nullable: bool | None = None
) -> Mapped[Any]:
    if nullable is None:
        # Only what the declaration itself can fill is NOT NULL in the database: the rest is the business of
        # validation, because synchronization writes rows that a caller could not.
        nullable = not (primary_key or (info.required is Required.SYSTEM and info.default is not None))
    return mapped_column(
        type_,
        default=info.default,
        nullable=nullable,
        primary_key=primary_key,
        sort_order=-1 if primary_key else 0,
        info={"column": info},
    )


def key(*, label: str, access: str = "CR", description: str = "Key of the row.") -> Mapped[Any]:
    """Declare the primary key; a caller may supply it on create."""
    info = ColumnInfo(Kind.KEY, label, description, Required.SYSTEM, access)
    return _declare(sa.Uuid(), info, primary_key=True)


def guid(*, label: str, nullable: bool | None = None, **said: Any) -> Mapped[Any]:
    """Declare a GUID that is not a lookup."""
    return _declare(sa.Uuid(), ColumnInfo(Kind.GUID, label, **said), nullable=nullable)


def text(length: int, *, label: str, nullable: bool | None = None, **said: Any) -> Mapped[Any]:
    """Declare a text of one line."""
    type_: TypeEngine[Any] = sa.Text() if length == UNBOUNDED else sa.String(length)
    return _declare(type_, ColumnInfo(Kind.TEXT, label, length=length, **said), nullable=nullable)


def memo(length: int, *, label: str, **said: Any) -> Mapped[Any]:
    """Declare a text of many lines."""
    return _declare(sa.Text(), ColumnInfo(Kind.MEMO, label, length=length, **said))


def secret(length: int, *, label: str, set_flag: str | None = None, **said: Any) -> Mapped[Any]:
    """Declare a text that is sealed at rest and never returned; the length is that of the plain text."""
    said = {"access": "CU", **said}
    info = ColumnInfo(Kind.TEXT, label, length=length, is_secret=True, set_flag=set_flag, **said)
    return _declare(sa.Text(), info)


def integer(
    minimum: int = -INT32 - 1, maximum: int = INT32, *, label: str, nullable: bool | None = None, **said: Any
) -> Mapped[Any]:
    """Declare a whole number of 32 bits."""
    info = ColumnInfo(Kind.INTEGER, label, minimum=minimum, maximum=maximum, **said)
    return _declare(sa.Integer(), info, nullable=nullable)


def bigint(*, label: str, nullable: bool | None = None, **said: Any) -> Mapped[Any]:
    """Declare a whole number of 64 bits."""
    info = ColumnInfo(Kind.BIGINT, label, minimum=-(2**63), maximum=2**63 - 1, **said)
    return _declare(sa.BigInteger(), info, nullable=nullable)


def decimal(minimum: int, maximum: int, *, label: str, **said: Any) -> Mapped[Any]:
    """Declare an exact decimal number."""
    info = ColumnInfo(Kind.DECIMAL, label, minimum=minimum, maximum=maximum, **said)
    return _declare(ExactDecimal(), info)


def double(minimum: int, maximum: int, *, label: str, **said: Any) -> Mapped[Any]:
    """Declare a floating-point number."""
    info = ColumnInfo(Kind.DOUBLE, label, minimum=minimum, maximum=maximum, **said)
    return _declare(sa.Double(), info)


def boolean(
    *, label: str, yes: str = "Yes", no: str = "No", nullable: bool | None = None, **said: Any
) -> Mapped[Any]:
    """Declare a choice of two."""
    return _declare(
        sa.Boolean(), ColumnInfo(Kind.BOOLEAN, label, labels=(no, yes), **said), nullable=nullable
    )


def choice(
    choices: type[Choice],
    *,
    label: str,
    nullable: bool | None = None,
    default: Choice | None = None,
    **said: Any,
) -> Mapped[Any]:
    """Declare a column whose value is one of an option set."""
    info = ColumnInfo(Kind.CHOICE, label, choices=choices, default=_code(default), **said)
    return _declare(sa.Integer(), info, nullable=nullable)


def state(
    default: Choice, *, access: str = "UR", description: str = "Whether the record is active."
) -> Mapped[Any]:
    """Declare `statecode`; a record starts in the default state."""
    info = ColumnInfo(
        Kind.STATE, "Status", description, Required.SYSTEM, access, _code(default), choices=type(default)
    )
    return _declare(sa.Integer(), info)


def status(
    default: Choice,
    *,
    access: str = "CUR",
    required: Required = Required.NONE,
    description: str = "Reason of the status.",
) -> Mapped[Any]:
    """Declare `statuscode`; a record starts with the default status."""
    info = ColumnInfo(
        Kind.STATUS, "Status Reason", description, required, access, _code(default), choices=type(default)
    )
    return _declare(sa.Integer(), info)


def moment(*, label: str, nullable: bool | None = None, **said: Any) -> Mapped[Any]:
    """Declare an instant."""
    said = {"format": Format.DATE_AND_TIME, **said}
    return _declare(Moment(), ColumnInfo(Kind.MOMENT, label, **said), nullable=nullable)


def day(*, label: str, **said: Any) -> Mapped[Any]:
    """Declare a calendar day without time of day."""
    said = {"format": Format.DATE_ONLY, **said}
    return _declare(sa.Date(), ColumnInfo(Kind.DAY, label, **said))


def lookup(*targets: str, label: str, nullable: bool | None = None, **said: Any) -> Mapped[Any]:
    """Declare a pointer to a record of one of the target tables."""
    return _declare(sa.Uuid(), ColumnInfo(Kind.LOOKUP, label, targets=targets, **said), nullable=nullable)


def owner(*, label: str = "Owner", type_column: str | None = "owneridtype", **said: Any) -> Mapped[Any]:
    """Declare a pointer to the user or team that owns the record."""
    info = ColumnInfo(Kind.OWNER, label, targets=("systemuser", "team"), type_column=type_column, **said)
    return _declare(sa.Uuid(), info)


def table_name(*, label: str, **said: Any) -> Mapped[Any]:
    """Declare the column that holds the logical name of the table a lookup points to."""
    return _declare(sa.String(64), ColumnInfo(Kind.TABLE_NAME, label, length=64, **said))


def binary(
    length: int | None = None, *, label: str, nullable: bool | None = None, **said: Any
) -> Mapped[Any]:
    """Declare bytes."""
    return _declare(
        sa.LargeBinary(length), ColumnInfo(Kind.BINARY, label, length=length, **said), nullable=nullable
    )


def _code(default: Choice | None) -> int | None:
    return None if default is None else int(default)


#: Python types that a value of each kind may have when it is written.
ACCEPTED: Mapping[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str,),
    Kind.MEMO: (str,),
    Kind.TABLE_NAME: (str,),
    Kind.INTEGER: (int,),
    Kind.BIGINT: (int,),
    Kind.DECIMAL: (Decimal, int),
    Kind.DOUBLE: (float, int),
    Kind.BOOLEAN: (bool,),
    Kind.CHOICE: (int,),
    Kind.STATE: (int,),
    Kind.STATUS: (int,),
    Kind.MOMENT: (datetime,),
    Kind.DAY: (date,),
    Kind.BINARY: (bytes,),
}
