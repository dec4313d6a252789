"""Addresses of resources: the path of a request read into names and keys."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from postroom.api.odata.tokens import TokenKind, Value, split_tokens
from postroom.api.problems import Problem, not_found
from postroom.errors import UserError

NAMESPACE = "Microsoft.Dynamics.CRM."
_SEGMENT = re.compile(r"(?P<name>[$\w.]+)(?:\((?P<inside>.*)\))?", re.DOTALL | re.ASCII)
#: More than enough for anything there is.
_MOST_SEGMENTS = 8


@dataclass(frozen=True, slots=True)
class Key:
    """What stands in the parentheses behind a set: an id, or values of columns."""

    id: UUID | None = None
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of an address, between two slashes."""

    name: str
    #: What stands in its parentheses; None where there are none.
    inside: str | None = None

    @property
    def message(self) -> str | None:
        """Return the message's name where the segment carries the namespace."""
        return self.name.removeprefix(NAMESPACE) if self.name.startswith(NAMESPACE) else None

    def key(self) -> Key | None:
        """Return the key in the parentheses, if there is one."""
        if not self.inside:
            return None
        return read_key(self.inside)


def read_address(path: str) -> tuple[Segment, ...]:
    """Return the segments of a path.

    >>> [segment.name for segment in read_address("contacts(emailaddress1='a/b')/fullname")]
    ['contacts', 'fullname']
    """
    parts = _split(path.strip("/"))
    if len(parts) > _MOST_SEGMENTS:
        raise not_found("No resource lies that deep.")
    segments = []
    for part in parts:
        match = _SEGMENT.fullmatch(part)
        if match is None:
            raise not_found(f"There is no resource {part!r:.100}.")
        segments.append(Segment(match["name"], match["inside"]))
    return tuple(segments)


def read_key(inside: str) -> Key:
    """Return the key that stands in parentheses: an id, quoted or not, or `column=value` with commas."""
    try:
        tokens = list(split_tokens(inside))[:-1]
    except UserError as fault:
        raise Problem(400, f"({inside:.100}): {fault}") from fault
    if len(tokens) == 1:
        found = _as_id(tokens[0].value)
        if found is not None:
            return Key(found)
    values: dict[str, Value] = {}
    for at in range(0, len(tokens), 4):
        match tokens[at : at + 4]:
            case [name, equals, literal, *rest] if (
                name.kind is TokenKind.NAME
                and equals.text == "="
                and literal.kind is TokenKind.LITERAL
                and (rest[0].text == "," if rest else at + 3 == len(tokens))
            ):
                values[name.text] = literal.value
            case _:
                raise Problem(400, f"({inside:.100}) is no key: write an id, or column='value'.")
    if not values:
        raise Problem(400, f"({inside:.100}) is no key: write an id, or column='value'.")
    return Key(None, values)


def _as_id(value: Value) -> UUID | None:
    if isinstance(value, str):
        try:
            return UUID(value)
        except ValueError:
            return None
    return value if isinstance(value, UUID) else None


def _split(path: str) -> list[str]:
    """Split at slashes that stand neither in quotes nor in parentheses."""
    parts, start, depth, quoted = [], 0, 0, False
    for at, character in enumerate(path):
        if character == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "/" and depth <= 0:
            parts.append(path[start:at])
            start = at + 1
    parts.append(path[start:])
    return [part for part in parts if part]
