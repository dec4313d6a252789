"""What a table can say of itself: the base of its class, shared columns and `TableInfo`.

The classes declare and are never instantiated, so they get tables of SQLAlchemy's Core and not mappers of its
ORM, which would be most of what a command's start costs in time and memory.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

from postroom.schema import column as col
from postroom.schema.choices import ActiveState, ActiveStatus, Choice, Participation
from postroom.schema.column import ColumnInfo, Declared, Format, Kind, Required, info_of

# Fixed names let a migration speak of a constraint on either database.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Ownership(Enum):
    """Who can own a row."""

    NONE = "None"
    USER = "UserOwned"
    ORGANIZATION = "OrganizationOwned"
    BUSINESS = "BusinessOwned"


class States:
    """Which statuses belong to which state; the first of each is the state's default.

    >>> states = ACTIVE_OR_INACTIVE
    >>> int(states.default_status(1)), int(states.state_of(2)), states.fit(0, 2)
    (2, 1, False)
    """

    def __init__(self, statuses: Mapping[Choice, tuple[Choice, ...]]) -> None:
        self.statuses = statuses

    def default_status(self, state: int) -> Choice:
        """Return the status that a record gets when only its state is set."""
        return next(statuses[0] for known, statuses in self.statuses.items() if known == state)

    def state_of(self, status: int) -> Choice:
        """Return the state to which a status belongs."""
        return next(state for state, statuses in self.statuses.items() if status in statuses)

    def fit(self, state: int, status: int) -> bool:
        """Say whether the status belongs to the state."""
        return any(known == state and status in statuses for known, statuses in self.statuses.items())


#: The states of most tables.
ACTIVE_OR_INACTIVE = States(
    {ActiveState.ACTIVE: (ActiveStatus.ACTIVE,), ActiveState.INACTIVE: (ActiveStatus.INACTIVE,)}
)


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a class says of its table: names, codes, ownership, states and party lists."""

    set_name: str
    label: str
    plural: str
    #: Numeric object type code; None for tables of Postroom's own.
    code: int | None = None
    schema_name: str = ""
    primary_name: str | None = None
    ownership: Ownership = Ownership.NONE
    is_activity: bool = False
    states: States | None = None
    #: Party-list columns, which live in activityparty, with the role each stands for.
    party_lists: Mapping[str, Participation] = field(default_factory=dict)


class _Made:
    """The table of a class, made when it is first asked for: of fifty tables a command uses a few."""

    def __init__(self) -> None:
        self._tables: dict[type[Declaration], sa.Table] = {}
        self._making = threading.Lock()

    def __get__(self, _: object, owner: type["Declaration"]) -> sa.Table:
        """Return the table of the class."""
        if owner not in self._tables:
            with self._making:
                if owner not in self._tables:
                    self._tables[owner] = _table_of(owner)
        return self._tables[owner]


class _Whole:
    """The metadata of all tables of a base, which are therefore made by then."""

    def __get__(self, _: object, owner: type["Declaration"]) -> sa.MetaData:
        """Return the metadata."""
        for cls in owner.__subclasses__():
            _ = cls.__table__
        return owner.known


class Declaration:
    """A class whose columns, with those of the classes it takes in, make a table."""

    #: The metadata of the tables that have been made so far.
    known: ClassVar[sa.MetaData]
    metadata = _Whole()
    __tablename__: ClassVar[str]
    #: Indexes and constraints.
    __table_args__: ClassVar[tuple[SchemaItem, ...]] = ()
    __table__ = _Made()
    __described__: ClassVar[Description]

    @classmethod
    def __clause_element__(cls) -> sa.Table:
        """Let statements name the class and mean its table."""
        return cls.__table__


def _table_of(cls: type[Declaration]) -> sa.Table:
    columns = (declared.column() for declared in _columns_of(cls))
    return sa.Table(cls.__tablename__, cls.known, *columns, *cls.__table_args__)


def _columns_of(cls: type) -> list[Declared]:
    """Return the columns in the order of declaration: the key, those of the class, those it takes in."""
    found: dict[str, Declared] = {}
    for owner in cls.__mro__:
        for name, value in vars(owner).items():
            if isinstance(value, Declared):
                found.setdefault(name, value)
    return sorted(found.values(), key=lambda declared: not declared.is_key)


class Row(Declaration):
    """The base of every stored table."""

    known = sa.MetaData(naming_convention=_NAMES)


class Unstored(Declaration):
    """The base of a table that is only a view of others; it has columns but no storage."""

    known = sa.MetaData(naming_convention=_NAMES)


class Versioned:
    """The row version, which changes with every write; basis of the ETag."""

    versionnumber = col.bigint(label="Version Number", access="R", description="Row version.")


class Dated(Versioned):
    """When a row was made and changed."""

    createdon = col.moment(label="Created On", access="R", description="When the record was made.")
    modifiedon = col.moment(label="Modified On", access="R", description="When the record was last changed.")


class Audited(Dated):
    """When a row was made and changed, and by whom."""

    createdby = col.lookup("systemuser", label="Created By", access="R", description="Who made the record.")
    modifiedby = col.lookup(
        "systemuser", label="Modified By", access="R", description="Who last changed the record."
    )
    createdonbehalfby = col.lookup(
        "systemuser",
        label="Created By (Delegate)",
        access="R",
        description="Who made it on behalf of another.",
    )
    modifiedonbehalfby = col.lookup(
        "systemuser",
        label="Modified By (Delegate)",
        access="R",
        description="Who changed it on behalf of another.",
    )


class Imported:
    """Where an imported row came from."""

    importsequencenumber = col.integer(
        label="Import Sequence Number", access="CR", description="The import that made the record."
    )
    overriddencreatedon = col.moment(
        label="Record Created On",
        access="CR",
        format=Format.DATE_ONLY,
        description="Creation date before the import.",
    )


class Zoned:
    """Time-zone bookkeeping of forms; stored for clients, not used by Postroom."""

    timezoneruleversionnumber = col.integer(-1, label="Time Zone Rule Version Number")
    utcconversiontimezonecode = col.integer(-1, label="UTC Conversion Time Zone Code")


class BelongsToUnit:
    """What is derived from the owner; read-only."""

    owningbusinessunit = col.lookup("businessunit", label="Owning Business Unit", access="R")
    owningteam = col.lookup(
        "team", label="Owning Team", access="R", description="The owner, if it is a team."
    )
    owninguser = col.lookup(
        "systemuser", label="Owning User", access="R", description="The owner, if it is a user."
    )


class Owned(BelongsToUnit):
    """The owner of a row, a user or a team, and what is derived from it."""

    ownerid = col.owner(required=Required.SYSTEM, description="User or team that owns the record.")
    owneridtype = col.table_name(
        label="Owner Type", required=Required.SYSTEM, description="Table of the owner."
    )


#: Columns whose navigation property on an activity ends in the activity's name, because activitypointer
#: is where they come from.
_OF_EVERY_ACTIVITY = frozenset(
    {
        "createdby",
        "modifiedby",
        "createdonbehalfby",
        "modifiedonbehalfby",
        "ownerid",
        "owningbusinessunit",
        "owningteam",
        "owninguser",
        "regardingobjectid",
        "sendermailboxid",
        "transactioncurrencyid",
        "serviceid",
    }
)


class TableInfo:
    """A table as the rest of the program sees it."""

    def __init__(self, cls: type[Row] | type[Unstored]) -> None:
        self.cls = cls
        described = cls.__described__
        self.logical_name: str = cls.__tablename__
        self.set_name = described.set_name
        self.object_type_code = described.code
        self.label = described.label
        self.plural_label = described.plural
        self.schema_name = described.schema_name or described.label.replace(" ", "")
        self.primary_name = described.primary_name
        self.ownership = described.ownership
        self.is_activity = described.is_activity
        self.states = described.states
        self.party_lists = described.party_lists
        self.is_stored = issubclass(cls, Row)

    def __repr__(self) -> str:
        """Return a short form for messages of the programmer's own."""
        return f"<table {self.logical_name}>"

    @property
    def table(self) -> sa.Table:
        """Return the SQLAlchemy table."""
        return self.cls.__table__

    @cached_property
    def primary_id(self) -> str:
        """Return the name of the key column."""
        return next(iter(self.table.primary_key.columns)).name

    @cached_property
    def columns(self) -> Mapping[str, ColumnInfo]:
        """Return the declaration of every column by its logical name."""
        return {column.name: info_of(column) for column in self.table.columns}

    def has(self, column: str) -> bool:
        """Say whether the table has this column."""
        return column in self.columns

    def email_columns(self) -> Iterator[str]:
        """Yield the columns that hold an e-mail address, in the order of declaration."""
        return (name for name, info in self.columns.items() if info.format is Format.EMAIL)

    def secrets(self) -> Iterator[str]:
        """Yield the columns that are sealed."""
        return (name for name, info in self.columns.items() if info.is_secret)

    def lookups(self) -> Iterator[tuple[str, ColumnInfo]]:
        """Yield the columns that point to other records."""
        return ((name, info) for name, info in self.columns.items() if info.kind in (Kind.LOOKUP, Kind.OWNER))

    def navigation(self, column: str, target: str) -> str:
        """Return the single-valued navigation property of a lookup for one of its target tables."""
        info = self.columns[column]
        if target in info.navigation:
            return info.navigation[target]
        name = column
        if info.kind is not Kind.OWNER and len(info.targets) > 1:
            name = f"{column}_{target}"
        if self.is_activity and column in _OF_EVERY_ACTIVITY:
            name = f"{name}_{self.logical_name}"
        return name
