"""Tokens of the query language: text in, typed tokens with their places out."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from postroom.errors import UserError

Value = None | bool | int | Decimal | str | UUID | datetime | date


class TokenKind(Enum):
    """What a token is; the value is how a person would call it."""

    LITERAL = "a value"
    NAME = "a name"
    MARK = "a mark"
    END = "the end of the text"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the query and where it begins."""

    kind: TokenKind
    text: str
    position: int
    #: What a literal stands for.
    value: Value = None


# The order matters: a GUID may begin like a number, and a date-time like a date.
# source: ODATA-ABNF 7
_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![\w-]))
  | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|z|[+-]\d\d:\d\d))
  | (?P<day>\d{4}-\d\d-\d\d(?![\w-]))
  | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"\\]|\\.)*")
  | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
  | (?P<mark>[(),/:=;*$@\[\]])
    """,
    re.VERBOSE | re.ASCII,
)
_WORDS: dict[str, Value] = {"null": None, "true": True, "false": False}


def split_tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a query and one END token after them.

    >>> [(token.text, token.value) for token in split_tokens("name eq 'O''Hara'")][2]
    ("'O''Hara'", "O'Hara")
    """
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise UserError(_strange(text, position))
        if match.lastgroup != "space":
            yield _token(match)
        position = match.end()
    yield Token(TokenKind.END, "", len(text))


def _strange(text: str, position: int) -> str:
    if text[position] == "'":
        return (
            f"The text that begins at character {position + 1} has no closing quote: {text[position:][:40]}"
        )
    return f"Character {position + 1} can't be read: {text[position:][:40]!r}"


def _token(match: re.Match[str]) -> Token:
    text, position, group = match.group(), match.start(), match.lastgroup
    if group == "mark":
        return Token(TokenKind.MARK, text, position)
    if group == "name" and text not in _WORDS:
        return Token(TokenKind.NAME, text, position)
    try:
        return Token(TokenKind.LITERAL, text, position, _value(group, text))
    except (ValueError, ArithmeticError) as fault:
        raise UserError(f"{text} at character {position + 1} is no value: {fault}") from fault


def _value(group: str | None, text: str) -> Value:
    match group:
        case "guid":
            return UUID(text)
        case "moment":
            return _moment(text)
        case "day":
            return date.fromisoformat(text)
        case "number":
            return int(text) if text.lstrip("+-").isdigit() else Decimal(text)
        case "string":
            return text[1:-1].replace("''", "'")
        case "quoted":
            # Only lists of values are written so, as JSON has it.
            return str(json.loads(text))
        case _:
            return _WORDS[text]


def _moment(text: str) -> datetime:
    whole, dot, tail = text.upper().partition(".")
    if dot:
        # Clients send up to seven fractional digits; Python keeps six.
        digits = re.match(r"\d+", tail)
        assert digits is not None  # noqa: S101 - the pattern asked for a digit
        text = f"{whole}.{digits.group()[:6]}{tail[digits.end() :]}"
    return datetime.fromisoformat(text.upper()).astimezone(UTC)
