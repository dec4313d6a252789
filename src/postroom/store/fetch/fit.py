"""Values of conditions, which are text, fitted to the columns they are compared with."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from postroom.schema.column import Kind
from postroom.store.fetch.period import midnight

TEXTS: Final = frozenset({Kind.TEXT, Kind.MEMO, Kind.TABLE_NAME})
IDS: Final = frozenset({Kind.KEY, Kind.GUID, Kind.LOOKUP, Kind.OWNER})
TIMES: Final = frozenset({Kind.MOMENT, Kind.DAY})
WHOLE: Final = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.CHOICE, Kind.STATE, Kind.STATUS})
NUMBERS: Final = WHOLE | {Kind.DECIMAL, Kind.DOUBLE}
_TRUTHS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def fit(kind: Kind, text: str, zone: tzinfo) -> Any:
    """Return the value that a text stands for; raises `ValueError` when it stands for none.

    A day that is compared with an instant is its beginning, where the user is.
    """
    if kind in TEXTS:
        if "\x00" in text:
            raise ValueError("no text holds a NUL")
        return text.lower()
    return _FITTINGS[kind](text.strip(), zone)


def day_of(text: str, zone: tzinfo) -> date:
    """Return the day that a text names, by itself or by an instant on it."""
    return _instant(text.strip(), zone).astimezone(zone).date()


def _instant(text: str, zone: tzinfo) -> datetime:
    if "T" not in text and ":" not in text:
        return midnight(date.fromisoformat(text), zone)
    found = datetime.fromisoformat(text)
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it lies outside the calendar") from error


def _whole(bits: int) -> Callable[[str, tzinfo], int]:
    """Return what reads a whole number that a column of so many bits may hold."""

    def read(text: str, _zone: tzinfo) -> int:
        number = int(text)
        if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
            raise ValueError("it is too big")
        return number

    return read


def _number(text: str, _zone: tzinfo) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("it is not a number") from error
    if not number.is_finite() or abs(number) > 10**15:
        raise ValueError("it is too big")
    return number


def _truth(text: str, _zone: tzinfo) -> bool:
    if text.lower() not in _TRUTHS:
        raise ValueError("it is neither 1 nor 0")
    return _TRUTHS[text.lower()]


_FITTINGS: Final[Mapping[Kind, Callable[[str, tzinfo], Any]]] = {
    **dict.fromkeys(IDS, lambda text, _zone: UUID(text)),
    **dict.fromkeys(WHOLE, _whole(32)),
    Kind.BIGINT: _whole(64),
    Kind.DECIMAL: _number,
    Kind.DOUBLE: lambda text, zone: float(_number(text, zone)),
    Kind.BOOLEAN: _truth,
    Kind.MOMENT: _instant,
    Kind.DAY: day_of,
}
