"""What a column can say of itself, and the helpers that declare one.

Each helper returns a `Declared`, from which every table that has it makes a SQLAlchemy column whose
`info["column"]` is a `ColumnInfo`: all that validation, metadata and documentation need. Names are Dataverse
logical names; the letters of `access` mean: C may be set on create, U may be set on update, R is returned on
read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from postroom.schema.choices import Choice

INT32 = 2_147_483_647
#: The length that Dataverse gives to texts without a practical limit.
UNBOUNDED = 1_073_741_823
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NOTHING: Mapping[str, str] = MappingProxyType({})


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
    navigation: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    #: Collection-valued navigation property on the target table, by target table.
    collection: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
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


class Declared:
    """A column as a class declares it; asked of a class with a table it is that table's column.

    Light on purpose: there are well over a thousand, and every command makes them all.
    """

    __slots__ = ("info", "is_key", "name", "nullable", "type")

    def __init__(
        self, type_: TypeEngine[Any], info: ColumnInfo, *, is_key: bool = False, nullable: bool | None = None
    ) -> None:
        self.name = ""
        self.type = type_
        self.info = info
        self.is_key = is_key
        # Only what the declaration itself can fill is NOT NULL in the database: the rest is the business of
        # validation, because synchronization writes rows that a caller could not.
        filled = is_key or (info.required is Required.SYSTEM and info.default is not None)
        self.nullable = not filled if nullable is None else nullable

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name of the attribute."""
        self.name = name

    def __get__(self, _: object, owner: Any) -> sa.Column[Any]:
        """Return the column of the class's table."""
        table: sa.Table = owner.__table__
        return table.c[self.name]

    def column(self) -> sa.Column[Any]:
        """Return a column for one more table."""
        return sa.Column(
            self.name,
            self.type,
            default=self.info.default,
            nullable=self.nullable,
            primary_key=self.is_key,
            # Keys come from the client.
            autoincrement=False,
            info={"column": self.info},
        )


def info_of(column: sa.Column[Any]) -> ColumnInfo:
    """Return what the declaration says of this column."""
    found = column.info["column"]
    assert isinstance(found, ColumnInfo)  # noqa: S101 - every column is made by a helper of this module
    return found


# Columns of one type share it: the type keeps no account of them, and SQLAlchemy keeps one of every type.
_string = cache(sa.String)
_bytes = cache(sa.LargeBinary)
_UUID = sa.Uuid()
_TEXT = sa.Text()
_INTEGER = sa.Integer()
_BIGINT = sa.BigInteger()
_DOUBLE: sa.Double[float] = sa.Double()
_BOOLEAN = sa.Boolean()
_DATE = sa.Date()
_MOMENT = Moment()
_DECIMAL = ExactDecimal()


def key(*, label: str, access: str = "CR", description: str = "Key of the row.") -> Declared:
    """Declare the primary key; a caller may supply it on create."""
    info = ColumnInfo(Kind.KEY, label, description, Required.SYSTEM, access)
    return Declared(_UUID, info, is_key=True)


def guid(*, label: str, nullable: bool | None = None, **said: Any) -> Declared:
    """Declare a GUID that is not a lookup."""
    return Declared(_UUID, ColumnInfo(Kind.GUID, label, **said), nullable=nullable)


def text(length: int, *, label: str, nullable: bool | None = None, **said: Any) -> Declared:
    """Declare a text of one line."""
    type_: TypeEngine[Any] = _TEXT if length == UNBOUNDED else _string(length)
    return Declared(type_, ColumnInfo(Kind.TEXT, label, length=length, **said), nullable=nullable)


def memo(length: int, *, label: str, **said: Any) -> Declared:
    """Declare a text of many lines."""
    return Declared(_TEXT, ColumnInfo(Kind.MEMO, label, length=length, **said))


def secret(length: int, *, label: str, set_flag: str | None = None, **said: Any) -> Declared:
    """Declare a text that is sealed at rest and never returned; the length is that of the plain text."""
    said = {"access": "CU", **said}
    info = ColumnInfo(Kind.TEXT, label, length=length, is_secret=True, set_flag=set_flag, **said)
    return Declared(_TEXT, info)


def integer(
    minimum: int = -INT32 - 1, maximum: int = INT32, *, label: str, nullable: bool | None = None, **said: Any
) -> Declared:
    """Declare a whole number of 32 bits."""
    info = ColumnInfo(Kind.INTEGER, label, minimum=minimum, maximum=maximum, **said)
    return Declared(_INTEGER, info, nullable=nullable)


def bigint(*, label: str, nullable: bool | None = None, **said: Any) -> Declared:
    """Declare a whole number of 64 bits."""
    info = ColumnInfo(Kind.BIGINT, label, minimum=-(2**63), maximum=2**63 - 1, **said)
    return Declared(_BIGINT, info, nullable=nullable)


def decimal(minimum: int, maximum: int, *, label: str, **said: Any) -> Declared:
    """Declare an exact decimal number."""
    info = ColumnInfo(Kind.DECIMAL, label, minimum=minimum, maximum=maximum, **said)
    return Declared(_DECIMAL, info)


def double(minimum: int, maximum: int, *, label: str, **said: Any) -> Declared:
    """Declare a floating-point number."""
    info = ColumnInfo(Kind.DOUBLE, label, minimum=minimum, maximum=maximum, **said)
    return Declared(_DOUBLE, info)


def boolean(
    *, label: str, yes: str = "Yes", no: str = "No", nullable: bool | None = None, **said: Any
) -> Declared:
    """Declare a choice of two."""
    return Declared(_BOOLEAN, ColumnInfo(Kind.BOOLEAN, label, labels=(no, yes), **said), nullable=nullable)


def choice(
    choices: type[Choice],
    *,
    label: str,
    nullable: bool | None = None,
    default: Choice | None = None,
    **said: Any,
) -> Declared:
    """Declare a column whose value is one of an option set."""
    info = ColumnInfo(Kind.CHOICE, label, choices=choices, default=_code(default), **said)
    return Declared(_INTEGER, info, nullable=nullable)


def state(
    default: Choice, *, access: str = "UR", description: str = "Whether the record is active."
) -> Declared:
    """Declare `statecode`; a record starts in the default state."""
    info = ColumnInfo(
        Kind.STATE, "Status", description, Required.SYSTEM, access, _code(default), choices=type(default)
    )
    return Declared(_INTEGER, info)


def status(
    default: Choice,
    *,
    access: str = "CUR",
    required: Required = Required.NONE,
    description: str = "Reason of the status.",
) -> Declared:
    """Declare `statuscode`; a record starts with the default status."""
    info = ColumnInfo(
        Kind.STATUS, "Status Reason", description, required, access, _code(default), choices=type(default)
    )
    return Declared(_INTEGER, info)


def moment(*, label: str, nullable: bool | None = None, **said: Any) -> Declared:
    """Declare an instant."""
    said = {"format": Format.DATE_AND_TIME, **said}
    return Declared(_MOMENT, ColumnInfo(Kind.MOMENT, label, **said), nullable=nullable)


def day(*, label: str, **said: Any) -> Declared:
    """Declare a calendar day without time of day."""
    said = {"format": Format.DATE_ONLY, **said}
    return Declared(_DATE, ColumnInfo(Kind.DAY, label, **said))


def lookup(*targets: str, label: str, nullable: bool | None = None, **said: Any) -> Declared:
    """Declare a pointer to a record of one of the target tables."""
    return Declared(_UUID, ColumnInfo(Kind.LOOKUP, label, targets=targets, **said), nullable=nullable)


def owner(*, label: str = "Owner", type_column: str | None = "owneridtype", **said: Any) -> Declared:
    """Declare a pointer to the user or team that owns the record."""
    info = ColumnInfo(Kind.OWNER, label, targets=("systemuser", "team"), type_column=type_column, **said)
    return Declared(_UUID, info)


def table_name(*, label: str, nullable: bool | None = None, **said: Any) -> Declared:
    """Declare the column that holds the logical name of the table a lookup points to."""
    info = ColumnInfo(Kind.TABLE_NAME, label, length=64, **said)
    return Declared(_string(64), info, nullable=nullable)


def binary(length: int | None = None, *, label: str, nullable: bool | None = None, **said: Any) -> Declared:
    """Declare bytes."""
    return Declared(_bytes(length), ColumnInfo(Kind.BINARY, label, length=length, **said), nullable=nullable)


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
