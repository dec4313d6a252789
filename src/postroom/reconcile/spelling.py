"""Spelling: values of fields as JSON and back, exactly; and as people read them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from postroom.reconcile.item import Attendee, Span, Value
from postroom.reconcile.series import ChangedDay, Recurrence, Series
from postroom.reconcile.status import ShowAs, TaskProgress
from postroom.reconcile.values import Answer, PersonName, PostalAddress, Regarding, Response
from postroom.schema.choices import AppointmentStatus, Choice, Priority, TaskStatus

#: Every type of its own that a value may be made of, by the name that it is spelled with.
_TYPES: Mapping[str, Any] = {
    each.__name__: each
    for each in (
        *(Attendee, Span, PersonName, PostalAddress, Regarding, Response),
        *(Series, Recurrence, ChangedDay),
        *(ShowAs, TaskProgress, Answer, AppointmentStatus, TaskStatus, Priority),
    )
}


def spelled(value: Value) -> str | None:
    """Return a value as JSON from which `read` makes it again, or None when its type has no spelling.

    >>> spelled("Offer"), spelled(None), spelled(Span(datetime(2026, 3, 2), datetime(2026, 3, 3)))[:14]
    ('"Offer"', 'null', '{"Span": [{"da')
    """
    try:
        return json.dumps(_packed(value), ensure_ascii=False)
    except TypeError:
        return None


def read(text: str) -> Value:
    """Return the value that `spelled` has written down.

    >>> read(spelled(PersonName("Ada", None, "Lovelace")))
    PersonName(first='Ada', middle=None, last='Lovelace', title=None, suffix=None)
    """
    found: Value = _unpacked(json.loads(text))
    return found


def shown(value: Value) -> str:
    """Return a value as a person reads it; what is empty reads as nothing.

    >>> shown(frozenset({Attendee("b@x", "B@x", "Bo"), Attendee("a@x")})), shown(None)
    ('Bo, a@x', '')
    """
    if value is None:
        return ""
    if isinstance(value, Choice):
        return value.label
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(shown, value)))
    if isinstance(value, Attendee):
        return value.name or value.address or value.key
    if isinstance(value, Span):
        return f"{shown(value.start_at)} to {shown(value.end_at)}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} {value.tzname() or ''}".strip()
    if isinstance(value, PersonName):
        return str(value)
    if isinstance(value, tuple):
        return ", ".join(filter(None, map(shown, value)))
    return str(value)


def _packed(value: Value) -> Any:
    if value is None or type(value) in (str, bool, int, float):
        return value
    name = type(value).__name__
    if name in _TYPES:
        return {name: _parts(value)}
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, frozenset):
        return {"set": sorted((_packed(each) for each in value), key=repr)}
    if type(value) is tuple:
        return {"list": [_packed(each) for each in value]}
    raise TypeError(f"a {name} has no spelling")


def _parts(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    if is_dataclass(value):
        return [_packed(getattr(value, each.name)) for each in fields(value)]
    return [_packed(each) for each in value]


def _unpacked(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    ((name, said),) = found.items()
    if name in _PLAIN:
        return _PLAIN[name](said)
    made = _TYPES[name]
    return made[said] if issubclass(made, Enum) else made(*map(_unpacked, said))


_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "set": lambda said: frozenset(map(_unpacked, said)),
    "list": lambda said: tuple(map(_unpacked, said)),
}
