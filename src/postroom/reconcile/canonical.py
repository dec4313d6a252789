"""Canonical values: what makes two spellings of one content equal, for each form of field."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum

from postroom.reconcile.files import files_in
from postroom.reconcile.item import Attendee, Value


class Form(Enum):
    """What kind of content a field holds."""

    LINE = "one line of text"
    TEXT = "text of many lines"
    MOMENT = "an instant"
    PEOPLE = "a set of attendees"
    FILES = "attached files"
    #: A number, a choice, a date, or a value that another package has made comparable.
    PLAIN = "as it is"


def canonical(form: Form, value: Value) -> Value:
    """Return the value as it is compared and kept; what is empty is None.

    >>> canonical(Form.TEXT, "one  \\r\\ntwo\\r\\n\\r\\n")
    'one\\ntwo'
    >>> canonical(Form.LINE, "   ") is None
    True
    """
    return _MAKERS[form](value)


def _line(value: Value) -> Value:
    return " ".join(value.split()) or None if isinstance(value, str) else value


def _text(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    # Servers end lines in their own way, and blanks at their ends come and go.
    lines = _LINE_END.split(value)
    return "\n".join(line.rstrip() for line in lines).rstrip() or None


def _moment(value: Value) -> Value:
    if isinstance(value, datetime) and value.tzinfo is not None:
        # Stores keep seconds; Exchange keeps them too.
        return value.astimezone(UTC).replace(microsecond=0)
    return value


def _people(value: Value) -> Value:
    if not isinstance(value, frozenset | tuple | list):
        return value
    return frozenset(each for each in value if isinstance(each, Attendee) and each.key) or None


def _files(value: Value) -> Value:
    if not isinstance(value, tuple):
        return value
    # Servers list them in any order.
    return tuple(sorted(files_in(value), key=lambda file: (file.name, file.state, file.id))) or None


def _plain(value: Value) -> Value:
    return value


_LINE_END = re.compile(r"\r\n|\r|\n")
_MAKERS: Mapping[Form, Callable[[Value], Value]] = {
    Form.LINE: _line,
    Form.TEXT: _text,
    Form.MOMENT: _moment,
    Form.PEOPLE: _people,
    Form.FILES: _files,
    Form.PLAIN: _plain,
}
