"""Records as the Web API takes them: JSON bodies read into drafts.

A draft holds values by column, references to other records and the parts that are written together with it,
such as the parties of an e-mail. What the columns allow is the store's business, which validates every write;
here only names, forms and references are understood. Every problem of a body is named at once.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from postroom.api.odata.names import Link, meant, names_of
from postroom.api.odata.tokens import Token, TokenKind, Value, split_tokens
from postroom.errors import UserError
from postroom.schema import registry
from postroom.schema.column import ColumnInfo, Kind
from postroom.schema.table import TableInfo

_BIND = "@odata.bind"
_ADDRESS = re.compile(
    r"(?:https?://[^/]+)?(?:/?api/data/v\d+\.\d+)?/?(?P<set>\w+)\((?P<key>.*)\)", re.DOTALL | re.ASCII
)
_POINTERS = (Kind.LOOKUP, Kind.OWNER)


@dataclass(frozen=True, slots=True)
class Reference:
    """A record that another one names: by its id or by the values of some columns."""

    table: TableInfo
    id: UUID | None = None
    key: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the reference as the Web API writes it."""
        shown = ",".join(f"{name}='{value}'" for name, value in self.key.items())
        return f"/{self.table.set_name}({self.id or shown})"


@dataclass(slots=True)
class Draft:
    """A record to be written."""

    table: TableInfo
    #: Where it stood in the input, for messages.
    where: str
    values: dict[str, Any] = field(default_factory=dict)
    #: What lookups are to point to; None empties one.
    references: dict[str, Reference | None] = field(default_factory=dict)
    #: Records written together with this one, by the lookup that will point back here.
    parts: dict[str, list["Draft"]] = field(default_factory=dict)
    #: New records that lookups are to point to, by the lookup and its navigation property.
    nested: dict[tuple[str, str], "Draft"] = field(default_factory=dict)

    @property
    def id(self) -> UUID | None:
        """Return the key that the input gave."""
        found = self.values.get(self.table.primary_id)
        return found if isinstance(found, UUID) else None


def read_draft(table: TableInfo, body: object, *, where: str = "") -> Draft:
    """Return the draft that a JSON object stands for; raises `UserError` with every problem at once."""
    problems: list[str] = []
    draft = _draft(table, body, where or table.logical_name, problems)
    if problems:
        raise UserError(*problems)
    return draft


def read_reference(text: object, targets: tuple[str, ...]) -> Reference:
    """Return the record that an `@odata.bind` names, which must be of one of the target tables.

    >>> str(read_reference("/contacts(11111111-1111-1111-1111-111111111111)", ("contact",)))
    '/contacts(11111111-1111-1111-1111-111111111111)'
    """
    match = _ADDRESS.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UserError(
            f'expected a reference such as "/contacts(<id>)" or "/queues(name=\'Sales\')", not {text!r}'
        )
    sets = {table.set_name: table for table in registry.tables() if table.logical_name in targets}
    if match["set"] not in sets:
        raise UserError(f"can't point to {match['set']!r}. {meant(match['set'], sets)}")
    return _reference(sets[match["set"]], match["key"])


# Bodies ---------------------------------------------------------------------------------------------------


def _draft(table: TableInfo, body: object, where: str, problems: list[str]) -> Draft:
    draft = Draft(table, where)
    if not isinstance(body, Mapping):
        problems.append(f"{where}: expected an object with column names and values, not {_shown(body)}.")
        return draft
    for name, value in body.items():
        try:
            _take(draft, str(name), value, problems)
        except UserError as fault:
            problems.extend(f"{where}.{name}: {problem}" for problem in fault.problems)
    return draft


def _take(draft: Draft, name: str, value: object, problems: list[str]) -> None:
    """Put one member of a body where it belongs."""
    table, names = draft.table, names_of(draft.table.logical_name)
    if name.endswith(_BIND):
        link = names.link(name.removesuffix(_BIND))
        _point(draft, link, None if value is None else read_reference(value, link.targets))
    elif "@" in name:
        return  # Annotations tell of values and are none.
    elif name in names.collections:
        collection = names.collections[name]
        parts = _parts(collection.table, value, f"{draft.where}.{name}", problems)
        draft.parts.setdefault(collection.column, []).extend(parts)
    elif name in names.links and table.columns[names.links[name].column].kind in _POINTERS:
        _nest(draft, names.links[name], value, problems)
    elif name in table.columns:
        draft.values[name] = read_value(table.columns[name], value)
    else:
        raise UserError(_unknown(table, name))


def _point(draft: Draft, link: Link, reference: Reference | None) -> None:
    if draft.references.get(link.column) is not None and reference is not None:
        raise UserError(f"{link.column} is set twice; it points to one record only.")
    draft.references[link.column] = reference


def _nest(draft: Draft, link: Link, value: object, problems: list[str]) -> None:
    """Take in a new record that a lookup is to point to; null empties the lookup."""
    if value is None:
        _point(draft, link, None)
        return
    if not isinstance(value, Mapping):
        raise UserError(
            f'write "{link.name}{_BIND}": "/<set>(<id>)" to point to a record, or null to empty it.'
        )
    said = str(value.get("@odata.type", "")).rpartition(".")[2]
    targets = [name for name in link.targets if said in ("", name) and registry.find(name) is not None]
    if len(targets) != 1:
        raise UserError(f'say with "@odata.type" which of {", ".join(link.targets)} it is to be.')
    table = registry.by_logical_name(targets[0])
    draft.nested[link.column, link.name] = _draft(table, value, f"{draft.where}.{link.name}", problems)


def _parts(table: TableInfo, value: object, where: str, problems: list[str]) -> Iterator[Draft]:
    if not isinstance(value, list):
        raise UserError("expected a list of objects.")
    return (_draft(table, body, f"{where}[{index}]", problems) for index, body in enumerate(value))


def _unknown(table: TableInfo, name: str) -> str:
    if name in table.party_lists:
        mask = int(table.party_lists[name])
        return (
            f"{name} is a list of parties: write {table.logical_name}_activity_parties with "
            f"participationtypemask {mask}."
        )
    names = names_of(table.logical_name)
    if name.startswith("_") and name in names.properties:
        column = names.properties[name]
        links = " or ".join(link.name for link in names.links.values() if link.column == column)
        return f'{name} is for reading; write "{links}{_BIND}".'
    plain = [
        column for column, info in table.columns.items() if info.kind not in _POINTERS and info.access != "R"
    ]
    return f"{table.logical_name} has no column {name!r}. {meant(name, [*plain, *names.collections])}"


# References -----------------------------------------------------------------------------------------------


def _reference(table: TableInfo, key: str) -> Reference:
    tokens = list(split_tokens(key))[:-1]
    if len(tokens) == 1 and isinstance(tokens[0].value, UUID):
        return Reference(table, tokens[0].value)
    found: dict[str, Value] = {}
    for index in range(0, len(tokens), 4):
        name, value = _named(tokens[index : index + 4], key)
        column = names_of(table.logical_name).column(name)
        found[column] = value
    if not found:
        raise UserError(f"({key}) names no record: write an id or column='value'.")
    return Reference(table, None, found)


def _named(tokens: list[Token], key: str) -> tuple[str, Value]:
    """Return the column and the value of `column=value`, which a comma may follow."""
    match tokens:
        case [Token(TokenKind.NAME, name), Token(text="="), Token(TokenKind.LITERAL) as literal, *rest]:
            if not rest or rest[0].text == ",":
                return name, literal.value
    raise UserError(f"({key}) names no record: write an id or column='value'.")


# Values ---------------------------------------------------------------------------------------------------


def read_value(info: ColumnInfo, value: object) -> Any:
    """Return a JSON value in the form in which the store takes it; raises `UserError`.

    >>> read_value(ColumnInfo(Kind.DAY, "Due"), "2024-01-31")
    datetime.date(2024, 1, 31)
    """
    if value is None:
        return None
    expected, read = _READERS[info.kind]
    try:
        return read(value)
    except (ValueError, TypeError, ArithmeticError) as fault:
        shown = "something else" if info.is_secret else _shown(value)
        raise UserError(f"expected {expected}, not {shown}.") from fault


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _id(value: Any) -> UUID:
    return UUID(_text(value))


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _decimal(value: Any) -> Decimal:
    _number(value)
    return Decimal(str(value))


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(_text(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _day(value: Any) -> date:
    return date.fromisoformat(_text(value))


def _octets(value: Any) -> bytes:
    return base64.b64decode(_text(value), validate=True)


def _never(value: Any) -> Any:
    raise TypeError


_A_GUID = ("a GUID", _id)
_A_TEXT = ("a text", _text)
_A_WHOLE = ("a whole number", _whole)
_READERS: Mapping[Kind, tuple[str, Callable[[Any], Any]]] = {
    Kind.KEY: _A_GUID,
    Kind.GUID: _A_GUID,
    Kind.TEXT: _A_TEXT,
    Kind.MEMO: _A_TEXT,
    Kind.TABLE_NAME: _A_TEXT,
    Kind.INTEGER: _A_WHOLE,
    Kind.BIGINT: _A_WHOLE,
    Kind.CHOICE: _A_WHOLE,
    Kind.STATE: _A_WHOLE,
    Kind.STATUS: _A_WHOLE,
    Kind.DECIMAL: ("a number", _decimal),
    Kind.DOUBLE: ("a number", _number),
    Kind.BOOLEAN: ("true or false", _truth),
    Kind.MOMENT: ("an instant such as 2024-01-31T10:00:00Z", _moment),
    Kind.DAY: ("a day such as 2024-01-31", _day),
    Kind.BINARY: ("base64", _octets),
    Kind.LOOKUP: (f"a navigation property with {_BIND}", _never),
    Kind.OWNER: (f"a navigation property with {_BIND}", _never),
}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."
