"""Lines of an iCalendar object: unfolded, with names, parameters, values; by component."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

#: Octets and lines of an object that are read, and components within components.
MAX_OCTETS: Final = 1 << 20
MAX_LINES: Final = 20_000
MAX_DEPTH: Final = 8

_LINE: Final = re.compile(
    r'(?P<name>[A-Za-z0-9-]{1,64})(?P<parameters>(;[^=;:"]{1,64}=("[^"]*"|[^";:]*))*):(?P<value>.*)'
)
_PARAMETER: Final = re.compile(r';([^=;:"]{1,64})=("[^"]*"|[^";:]*)')
_ESCAPED: Final = re.compile(r"\\([\\;,nN])")


@dataclass(frozen=True, slots=True)
class Line:
    """One property: its parameters by name in upper case, and its value as it is written."""

    value: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the value of a text property."""
        # source: RFC5545 3.3.11
        return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], self.value)


@dataclass(slots=True)
class Component:
    """A component such as VEVENT: its properties by name in upper case, and the components within."""

    name: str
    lines: dict[str, list[Line]] = field(default_factory=dict)
    components: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list[Line]:
        """Return all properties of a name."""
        return self.lines.get(name, [])

    def get(self, name: str) -> Line | None:
        """Return the first property of a name, or None."""
        return next(iter(self.all(name)), None)

    def text(self, name: str, default: str = "") -> str:
        """Return the text of the first property of a name, or the default."""
        found = self.get(name)
        return default if found is None else found.text

    def within(self, name: str) -> Iterator["Component"]:
        """Yield the components of a name directly within."""
        return (each for each in self.components if each.name == name)


def read_object(data: bytes) -> Component | None:
    """Return the VCALENDAR of an iCalendar object, or None for what is none or too large.

    >>> read_object(b"BEGIN:VCALENDAR\\r\\nMETHOD:RE\\r\\n QUEST\\r\\nEND:VCALENDAR").text("METHOD")
    'REQUEST'
    """
    if len(data) > MAX_OCTETS:
        return None
    root = Component("")
    open_ones = [root]
    for line in _unfolded(data.decode("utf-8", "replace")):
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        name, value = match["name"].upper(), match["value"]
        if name == "BEGIN" and len(open_ones) <= MAX_DEPTH:
            open_ones.append(Component(value.strip().upper()))
            open_ones[-2].components.append(open_ones[-1])
        elif name == "END" and len(open_ones) > 1:
            open_ones.pop()
        else:
            parameters = {
                key.upper(): text.strip('"') for key, text in _PARAMETER.findall(match["parameters"])
            }
            open_ones[-1].lines.setdefault(name, []).append(Line(value, parameters))
    return next(root.within("VCALENDAR"), None)


def _unfolded(text: str) -> list[str]:
    # source: RFC5545 3.1
    unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    return [line for line in unfolded.split("\n", MAX_LINES)[:MAX_LINES] if line]
