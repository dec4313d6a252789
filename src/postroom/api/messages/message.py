"""What a message is: its name, what it is bound to, its parameters, its code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.api.call import Reply
from postroom.api.problems import Problem
from postroom.api.visit import Needs, Visit
from postroom.schema import registry
from postroom.schema.table import TableInfo


class Form(Enum):
    """How a message is called."""

    #: By GET; changes nothing.
    FUNCTION = "Function"
    #: By POST.
    ACTION = "Action"


class Type(Enum):
    """What a parameter holds, with its name in OData."""

    TEXT = "Edm.String"
    TRUTH = "Edm.Boolean"
    NUMBER = "Edm.Int32"
    ID = "Edm.Guid"
    MOMENT = "Edm.DateTimeOffset"
    #: Any record: a reference or values.
    RECORD = "mscrm.crmbaseentity"
    LIST = "Collection(mscrm.crmbaseentity)"
    TEXTS = "Collection(Edm.String)"
    #: An object of some other shape.
    OBJECT = "Edm.Untyped"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One named value that a message takes."""

    name: str
    type: Type
    is_required: bool = True
    description: str = ""


@dataclass(frozen=True)
class Occasion:
    """One call of a message."""

    visit: Visit
    arguments: Mapping[str, Any]
    #: Open where the message asked for one.
    connection: sa.Connection | None = None
    #: What it is bound to.
    table: TableInfo | None = None
    id: UUID | None = None

    @property
    def store(self) -> sa.Connection:
        """Return the open connection."""
        assert self.connection is not None  # noqa: S101 - the message declared that it needs one
        return self.connection

    @property
    def bound(self) -> TableInfo:
        """Return the table it is bound to."""
        assert self.table is not None  # noqa: S101 - only called where it is
        return self.table

    @property
    def row(self) -> UUID:
        """Return the record it is bound to."""
        assert self.id is not None  # noqa: S101 - only called where it is
        return self.id


@dataclass(frozen=True)
class Message:
    """An action or function."""

    name: str
    form: Form
    run: Callable[[Occasion], Any]
    description: str
    parameters: Sequence[Parameter] = ()
    #: The logical name of the table it is bound to; `*` for any, None where it stands alone.
    binding: str | None = None
    #: Bound to the whole set and not to one row.
    is_of_collection: bool = False
    needs: Needs = Needs.READING
    #: The members of the answer, with their types; empty for an answer without a body.
    returns: Mapping[str, str] = field(default_factory=dict)
    #: Whether only administrators may call it.
    is_for_administrators: bool = False

    def read_arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments in their own types; raises `Problem` naming every one that is wrong."""
        problems: list[str] = []
        arguments: dict[str, Any] = {}
        known = {parameter.name: parameter for parameter in self.parameters}
        problems += [
            f"{self.name} has no parameter {name!r:.60}."
            for name in given
            if name not in known and "@" not in name
        ]
        for name, parameter in known.items():
            value = given.get(name)
            if value is None:
                if parameter.is_required:
                    problems.append(f"{self.name} needs {name}.")
                arguments[name] = None
                continue
            try:
                arguments[name] = _READERS[parameter.type](value)
            except (ValueError, TypeError):
                problems.append(f"{self.name}.{name}: expected {parameter.type.value}.")
        if problems:
            raise Problem(400, " ".join(problems))
        return arguments

    def answer(self, value: Any, base: str) -> Reply:
        """Return what the message came to as an answer."""
        if isinstance(value, Reply):
            return value
        if value is None:
            return Reply(204)
        context = f"{base}$metadata#Microsoft.Dynamics.CRM.{self.name}Response"
        return Reply.of({"@odata.context": context, **value})


def record_of(value: Mapping[str, Any], *, where: str) -> tuple[TableInfo, UUID]:
    """Return the record that an entity parameter refers to: by its type and key, or by `@odata.id`."""
    from postroom.api.odata.write import read_reference

    address = value.get("@odata.id")
    if address is not None:
        reference = read_reference(address, tuple(table.logical_name for table in registry.tables()))
        if reference.id is None:
            raise Problem(400, f"{where}: name the record by its id.")
        return reference.table, reference.id
    table = table_of(value, where=where)
    try:
        return table, UUID(str(value[table.primary_id]))
    except (KeyError, ValueError) as fault:
        raise Problem(400, f"{where}: give {table.primary_id}, a GUID.") from fault


def table_of(value: Mapping[str, Any], *, where: str) -> TableInfo:
    """Return the table whose record an entity parameter is."""
    said = str(value.get("@odata.type", "")).rpartition(".")[2]
    table = registry.find(said)
    if table is not None:
        return table
    fitting = [table for table in registry.tables() if table.primary_id in value and not table.is_activity]
    if not said and len(fitting) == 1:
        return fitting[0]
    raise Problem(400, f'{where}: say what it is with "@odata.type": "Microsoft.Dynamics.CRM.<table>".')


def _kind(*kinds: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise TypeError
        return value

    return read


def _moment(value: Any) -> datetime:
    from postroom.api.odata.write import read_value
    from postroom.schema.column import ColumnInfo, Kind

    if isinstance(value, datetime):
        return value
    found = read_value(ColumnInfo(Kind.MOMENT, ""), value)
    assert isinstance(found, datetime)  # noqa: S101 - of that kind
    return found


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError
    return value


def _list(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise TypeError
    return value


_READERS: Mapping[Type, Callable[[Any], Any]] = {
    Type.TEXT: _kind(str),
    Type.TRUTH: _kind(bool),
    Type.NUMBER: _kind(int),
    Type.ID: lambda value: UUID(str(value)),
    Type.MOMENT: _moment,
    Type.RECORD: _kind(dict),
    Type.LIST: _list,
    Type.TEXTS: _texts,
    Type.OBJECT: _kind(dict, list),
}
