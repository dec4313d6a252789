"""What one value must be to fit its column, and the rules between state and status.

Values may come as Python has them or as JSON does: a GUID, an instant or a day may be text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from postroom.errors import InvalidRecord
from postroom.schema.column import ColumnInfo, Format, Kind, Required
from postroom.schema.table import TableInfo

INVALID_ARGUMENT = 0x80040203
UNKNOWN_COLUMN = 0x80041103
TOO_LONG = 0x80044331
BAD_ADDRESS = 0x80044192
BAD_STATE = 0x80048408

_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+|\"[^\"\r\n]+\"@[^@\s<>,;\"]+")
# PostgreSQL stores no NUL, and no database stores half a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Misfit(Exception):  # noqa: N818 - a situation, like all our exceptions
    """A value that does not fit; carries Dataverse's code."""

    def __init__(self, problem: str, code: int = INVALID_ARGUMENT) -> None:
        super().__init__(problem)
        self.code = code


def checked(table: TableInfo, name: str, value: Any) -> Any:
    """Return the value as it is stored; raises `InvalidRecord` when it does not fit its column."""
    info = table.columns[name]
    try:
        return _fitted(info, value)
    except Misfit as misfit:
        problem = f"{table.logical_name}.{name} ({info.label}): {misfit}."
        raise InvalidRecord(problem, code=misfit.code, column=name) from None


def missing(table: TableInfo, values: Mapping[str, Any]) -> Iterator[InvalidRecord]:
    """Yield a problem for every column that must have a value and has none.

    Moments that the platform promises to fill stay empty until there is something to fill them with.
    """
    for name, info in table.columns.items():
        if values.get(name) is None and _is_needed(table, name, info):
            yield InvalidRecord(
                f"{table.logical_name}.{name} ({info.label}): a value is needed.", column=name
            )


def settle_state(table: TableInfo, before: Mapping[str, Any], values: dict[str, Any]) -> None:
    """Make state and status agree; raises `InvalidRecord` when they can't.

    A state alone brings its default status, a status alone its state.
    """
    states = table.states
    if states is None or not {"statecode", "statuscode"} & values.keys():
        return
    state, status = values.get("statecode"), values.get("statuscode")
    if status is None and state is not None:
        keeps = state == before.get("statecode") and before.get("statuscode") is not None
        values["statuscode"] = before["statuscode"] if keeps else int(states.default_status(state))
    elif state is None and status is not None:
        values["statecode"] = int(states.state_of(status))
    elif state is not None and status is not None and not states.fit(state, status):
        raise InvalidRecord(
            f"{table.logical_name}: status {status} does not belong to state {state}.",
            code=BAD_STATE,
            column="statuscode",
        )


# Columns without which the service can do nothing with the record. Dataverse leaves these to its forms; a
# profile that came over the API without a name or a type would only fail later, further from its cause.
_NEEDED_BY_THE_SERVICE = {"emailserverprofile": {"name", "servertype"}, "queue": {"name"}}


def _is_needed(table: TableInfo, name: str, info: ColumnInfo) -> bool:
    if name in _NEEDED_BY_THE_SERVICE.get(table.logical_name, ()):
        return True
    if info.required is not Required.SYSTEM or info.kind in (Kind.KEY, Kind.MOMENT):
        return False
    return info.default is not None or info.may_create or info.kind is Kind.OWNER


def _fitted(info: ColumnInfo, value: Any) -> Any:
    if value is None:
        if info.required is Required.SYSTEM and info.kind is not Kind.MOMENT:
            raise Misfit("it can't be empty")
        return None
    return _FITTINGS[info.kind](info, value)


def _text(info: ColumnInfo, value: Any) -> str:
    if not isinstance(value, str):
        shown = type(value).__name__ if info.is_secret else _a_kind(value)
        raise Misfit(f"text is needed, not {shown}")
    if info.length is not None and len(value) > info.length:
        raise Misfit(f"{len(value)} characters, where {info.length} is the most", TOO_LONG)
    if _UNSTORABLE.search(value):
        raise Misfit("it holds a character that can't be stored")
    if info.format is Format.EMAIL and value and not _ADDRESS.fullmatch(value):
        raise Misfit(f"{value!r} is not an e-mail address", BAD_ADDRESS)
    return value


def _whole(info: ColumnInfo, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misfit(f"a whole number is needed, not {_a_kind(value)}")
    return int(_within(info, value))


def _decimal(info: ColumnInfo, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise Misfit(f"a number is needed, not {_a_kind(value)}")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Misfit(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise Misfit(f"{value!r} is not a number")
    _within(info, number)
    return number


def _double(info: ColumnInfo, value: Any) -> float:
    return float(_decimal(info, value))


def _within(info: ColumnInfo, value: Any) -> Any:
    assert info.minimum is not None and info.maximum is not None  # noqa: S101, PT018 - numbers have a range
    if not info.minimum <= value <= info.maximum:
        raise Misfit(f"{value} is not between {info.minimum} and {info.maximum}")
    return value


def _boolean(_info: ColumnInfo, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Misfit(f"true or false is needed, not {_a_kind(value)}")
    return value


def _choice(info: ColumnInfo, value: Any) -> int:
    assert info.choices is not None  # noqa: S101 - every choice column has its option set
    if isinstance(value, bool) or not isinstance(value, int) or value not in set(info.choices):
        known = ", ".join(f"{int(option)} {option.label}" for option in info.choices)
        raise Misfit(f"{value!r} is none of its choices: {known}")
    return int(value)


def _guid(_info: ColumnInfo, value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise Misfit(f"{value!r} is not a GUID") from None


def _moment(_info: ColumnInfo, value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Misfit(f"{value!r} is not an instant") from None
    if not isinstance(value, datetime):
        raise Misfit(f"an instant is needed, not {_a_kind(value)}")
    if value.tzinfo is None:
        raise Misfit(f"{value.isoformat()} has no time zone; write 2026-01-31T12:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise Misfit(f"{value.isoformat()} lies outside the calendar") from None


def _day(_info: ColumnInfo, value: Any) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise Misfit(f"{value!r} is not a day") from None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise Misfit(f"a day is needed, not {_a_kind(value)}")
    return value


def _binary(info: ColumnInfo, value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise Misfit(f"bytes are needed, not {_a_kind(value)}")
    if info.length is not None and len(value) > info.length:
        raise Misfit(f"{len(value)} octets, where {info.length} is the most", TOO_LONG)
    return value


def _a_kind(value: Any) -> str:
    return f"{type(value).__name__} {value!r:.60}"


_FITTINGS: Mapping[Kind, Callable[[ColumnInfo, Any], Any]] = {
    Kind.KEY: _guid,
    Kind.GUID: _guid,
    Kind.LOOKUP: _guid,
    Kind.OWNER: _guid,
    Kind.TEXT: _text,
    Kind.MEMO: _text,
    Kind.TABLE_NAME: _text,
    Kind.INTEGER: _whole,
    Kind.BIGINT: _whole,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.STATE: _choice,
    Kind.STATUS: _choice,
    Kind.MOMENT: _moment,
    Kind.DAY: _day,
    Kind.BINARY: _binary,
}
