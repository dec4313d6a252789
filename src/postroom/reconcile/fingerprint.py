"""Fingerprints: what a field held when both sides last agreed, in eight octets."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum
from hashlib import blake2b

from postroom.reconcile.item import Value
from postroom.reconcile.series import Series


def fingerprint(value: Value) -> str:
    """Return the fingerprint of a value, the same in every process and on every day.

    That of a series has one for each of its days that are not as usual, so that single days can be compared.

    >>> fingerprint("Offer") == fingerprint("Offer"), fingerprint("1") == fingerprint(1)
    (True, False)
    >>> fingerprint(frozenset({"b", "a"})) == fingerprint(frozenset({"a", "b"}))
    True
    """
    if isinstance(value, Series):
        days = sorted(
            {**{day.original_at: day for day in value.changed}, **dict.fromkeys(value.removed)}.items()
        )
        head = _hashed((value.recurrence, value.first, value.zone))
        return ";".join((head, *(f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}={_hashed(day)}" for at, day in days)))
    return _hashed(value)


def days_in(print_of_series: str) -> tuple[str, Mapping[str, str]]:
    """Return what a series' fingerprint says of its rule, and of its days by when they would have started."""
    head, *days = print_of_series.split(";")
    return head, dict(day.split("=", 1) for day in days)


def fingerprints(values: Mapping[str, Value], names: Iterable[str]) -> dict[str, str]:
    """Return the fingerprint of each of these fields; a missing one counts as None."""
    return {name: fingerprint(values[name]) if name in values else NOTHING for name in names}


def _hashed(value: Value) -> str:
    return blake2b(_encoded(value), digest_size=8).hexdigest()


def _encoded(value: Value) -> bytes:
    if isinstance(value, str):
        return b"s" + value.encode("utf-8", "surrogatepass")
    if value is None:
        return b"n"
    if isinstance(value, bytes):
        return b"y" + value
    if isinstance(value, tuple | list):
        return _joined(b"l", map(_encoded, value))
    if isinstance(value, frozenset):
        return _joined(b"f", sorted(map(_encoded, value)))
    if isinstance(value, Mapping):
        return _joined(b"m", sorted(map(_encoded, value.items())))
    return _encoded_scalar(value)


def _encoded_scalar(value: Value) -> bytes:
    if isinstance(value, int) and not isinstance(value, bool):
        return b"i%d" % value  # a choice is the number that it equals
    if isinstance(value, Enum):
        return b"e" + str(value.value).encode()
    if isinstance(value, bool | float | timedelta):
        return f"{type(value).__name__[0]}{value}".encode()
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(UTC)
        return b"t" + value.isoformat().encode()
    if isinstance(value, date | time):
        return b"d" + value.isoformat().encode()
    if isinstance(value, tzinfo):
        return b"z" + str(value).encode()
    if is_dataclass(value):
        compared = (getattr(value, each.name) for each in fields(value) if each.compare)
        return _joined(b"o" + type(value).__name__.encode(), map(_encoded, compared))
    raise TypeError(f"a field can't hold a {type(value).__name__}")


def _joined(mark: bytes, parts: Iterable[bytes]) -> bytes:
    # The length before each part, so that no two sequences of parts read the same.
    return mark + b"".join(b"%d:%b" % (len(part), part) for part in parts)


#: Of a field that holds nothing.
NOTHING = fingerprint(None)
