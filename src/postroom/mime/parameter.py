"""Values with parameters: Content-Type and Content-Disposition, in any spelling.

# source: RFC2045 5.1
# source: RFC2231
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from postroom.mime.charset import decode
from postroom.mime.words import decode_words

# Longer values are hostile or broken; what stands beyond is passed over.
_MOST = 1 << 16

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_SECTION = re.compile(r"([^*]+)\*(?:(\d{1,4})(\*?))?")


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A value in lower case and its parameters, decoded, by names in lower case."""

    value: str
    parameters: Mapping[str, str]


def read_content_type(value: str) -> Parameterised:
    """Return the media type and its parameters; the type is empty when it is missing or no type.

    >>> read_content_type("Text/Plain; Charset=utf-8").value
    'text/plain'
    >>> read_content_type("a/b; name*0*=utf-8''Gr%C3%BC; name*1=n.txt").parameters["name"]
    'Grün.txt'
    """
    read = read_parameterised(value)
    return read if not read.value or _TYPE.fullmatch(read.value) else Parameterised("", read.parameters)


def read_parameterised(value: str) -> Parameterised:
    """Return the value in lower case and its parameters."""
    # Few spellings make up nearly all mail; long ones are seldom seen twice.
    return _read_again(value) if len(value) < 160 else _read(value[:_MOST])


def _read(value: str) -> Parameterised:
    main, semicolon, rest = value.partition(";")
    main = main.partition("(")[0].strip().lower()
    return Parameterised(main, _read_parameters(semicolon + rest) if rest else {})


_read_again = lru_cache(maxsize=2048)(_read)


def _read_parameters(text: str) -> dict[str, str]:
    plain: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAMETER.finditer(text):
        name, quoted, token = match.group(1, 2, 3)
        value = (
            (_ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted)
            if quoted is not None
            else token.strip()
        )
        name = name.lower()
        if "*" in name and (section := _SECTION.fullmatch(name)):
            number, star = section[2], section[3]
            sections.setdefault(section[1], []).append(
                (int(number or 0), number is None or bool(star), value)
            )
        else:
            plain.setdefault(name, value)
    for name, pieces in sections.items():
        # The extended form is the better one where both are given. source: RFC6266 4.3
        plain[name] = _join_sections(pieces)
    return {name: decode_words(value) if "=?" in value else value for name, value in plain.items()}


def _join_sections(pieces: list[tuple[int, bool, str]]) -> str:
    pieces.sort(key=lambda piece: piece[0])
    charset, octets = "", []
    for at, (_, extended, value) in enumerate(pieces):
        if extended and at == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        octets.append(unquote_to_bytes(value) if extended else value.encode("utf-8", "replace"))
    return decode(b"".join(octets), charset or "utf-8")[0]
