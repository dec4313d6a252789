"""Values of a query fitted to the columns they are compared with."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from postroom.api.odata.tokens import Value
from postroom.errors import UserError
from postroom.schema.column import Kind

_INT64 = 2**63 - 1

TEXTS = frozenset({Kind.TEXT, Kind.MEMO, Kind.TABLE_NAME})
IDS = frozenset({Kind.KEY, Kind.GUID, Kind.LOOKUP, Kind.OWNER})
WHOLE = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.CHOICE, Kind.STATE, Kind.STATUS})
NUMBERS = WHOLE | {Kind.DECIMAL, Kind.DOUBLE}
#: Kinds that can be compared with each other.
FAMILIES = (
    TEXTS,
    IDS,
    NUMBERS,
    frozenset({Kind.MOMENT}),
    frozenset({Kind.DAY}),
    frozenset({Kind.BOOLEAN}),
)


def fit(kind: Kind, value: Value, name: str) -> Any:
    """Return the value as a column of this kind holds it; refuse one that can't be compared with it.

    >>> fit(Kind.MOMENT, date(2024, 1, 31), "createdon").isoformat()
    '2024-01-31T00:00:00+00:00'
    """
    for kinds, read in _READERS:
        if kind in kinds:
            found = read(value)
            if found is not None:
                return found
            raise UserError(f"{name} holds {_HOLDS[kind]}; {_shown(value)} is not one.")
    raise UserError(f"{name} holds bytes and can only be compared with null.")


def _read_text(value: Any) -> str | None:
    return value if isinstance(value, str) and "\0" not in value else None


def _read_id(value: Any) -> UUID | None:
    if isinstance(value, str):
        try:
            return UUID(value)
        except ValueError:
            return None
    return value if isinstance(value, UUID) else None


def _read_number(value: Any) -> int | Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return value if -_INT64 <= value <= _INT64 else None


def _read_double(value: Any) -> float | None:
    number = _read_number(value)
    return None if number is None else float(number)


def _read_decimal(value: Any) -> Decimal | None:
    number = _read_number(value)
    return None if number is None else Decimal(number)


def _read_boolean(value: Any) -> bool | None:
    return bool(value) if value in (0, 1) and isinstance(value, int) else None


def _read_moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else None


def _read_day(value: Any) -> date | None:
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


_READERS: tuple[tuple[frozenset[Kind], Callable[[Any], Any]], ...] = (
    (TEXTS, _read_text),
    (IDS, _read_id),
    (WHOLE, _read_number),
    (frozenset({Kind.DOUBLE}), _read_double),
    (frozenset({Kind.DECIMAL}), _read_decimal),
    (frozenset({Kind.BOOLEAN}), _read_boolean),
    (frozenset({Kind.MOMENT}), _read_moment),
    (frozenset({Kind.DAY}), _read_day),
)
_HOLDS: Mapping[Kind, str] = {
    **dict.fromkeys(TEXTS, "a text (in single quotes)"),
    **dict.fromkeys(IDS, "a GUID"),
    **dict.fromkeys(NUMBERS, "a number"),
    Kind.BOOLEAN: "true or false",
    Kind.MOMENT: "an instant such as 2024-01-31T10:00:00Z",
    Kind.DAY: "a day such as 2024-01-31",
}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else str(value)
