"""The organization's switches as XML in `orgdborgsettings`: read, checked, written.

`read_switches` gives the values of all switches, `problems_of` says what is wrong with a text before it is
stored, `written` gives the text with some switches set. The form is Dataverse's own XML,
`<OrgSettings><Name>value</Name>...</OrgSettings>`, so that settings can be carried over. Dataverse has
hundreds of names; those that `switch` does not declare are kept and mean nothing here.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from postroom.configuration.switch import Switch, Value, find_switch, parse
from postroom.errors import InvalidRecord

__all__ = ["COLUMN", "Switch", "Switches", "problems_of", "read_switches", "written"]

COLUMN = "orgdborgsettings"


@dataclass(frozen=True, slots=True)
class Switches:
    """The values of all switches at one moment."""

    #: Those that were set; the others have their defaults.
    given: Mapping[Switch, Value]
    #: A sentence for each thing in the stored text that could not be used.
    problems: tuple[str, ...] = ()

    def is_on(self, switch: Switch) -> bool:
        """Say whether a switch is on; raises `TypeError` for one that is a number."""
        value = self.value(switch)
        if not isinstance(value, bool):
            raise TypeError(f"{switch.name_in_dataverse} is a number")
        return value

    def number(self, switch: Switch) -> int:
        """Return the number that a switch is set to; raises `TypeError` for one that is on or off."""
        value = self.value(switch)
        if isinstance(value, bool):
            raise TypeError(f"{switch.name_in_dataverse} is on or off")
        return value

    def value(self, switch: Switch) -> Value:
        """Return the value of a switch of either kind."""
        return self.given.get(switch, switch.default)


def read_switches(xml: str | None) -> Switches:
    """Return the values that a stored text gives; what can't be used is told and has its default.

    >>> switches = read_switches("<OrgSettings><HideTrackAllOption>true</HideTrackAllOption></OrgSettings>")
    >>> switches.is_on(Switch.HIDE_TRACK_ALL_OPTION), switches.number(Switch.BACKGROUND_SEND_BATCH_SIZE)
    (True, 10)
    """
    try:
        found = _known(_root_of(xml))
    except _Unreadable as fault:
        return Switches({}, (str(fault),))
    problems = tuple(_problems_in(found))
    values = {switch: parse(switch, texts[0]) for switch, texts in found.items() if len(texts) == 1}
    return Switches({switch: value for switch, value in values.items() if value is not None}, problems)


def problems_of(xml: str | None) -> list[InvalidRecord]:
    """Return everything that keeps a text from being stored."""
    try:
        sentences = list(_problems_in(_known(_root_of(xml))))
    except _Unreadable as fault:
        sentences = [str(fault)]
    return [InvalidRecord(sentence, column=COLUMN) for sentence in sentences]


def written(xml: str | None, changes: Mapping[Switch, Value]) -> str:
    """Return the text with some switches set and everything else as it was.

    Raises `InvalidRecord` when a switch can't be set to its value, or the text can't be read.

    >>> written("<OrgSettings><Foreign>7</Foreign></OrgSettings>", {Switch.HIDE_TRACK_ALL_OPTION: True})
    '<OrgSettings><Foreign>7</Foreign><HideTrackAllOption>true</HideTrackAllOption></OrgSettings>'
    """
    try:
        root = _root_of(xml)
    except _Unreadable as fault:
        raise InvalidRecord(f"{fault} Set {COLUMN} to null to begin anew.", column=COLUMN) from fault
    for switch, value in changes.items():
        if not switch.admits(value):
            raise InvalidRecord(f"{switch.demand}, not {value}.", column=COLUMN)
        _set(root, switch, str(value).lower())
    return ET.tostring(root, encoding="unicode")


def _set(root: ET.Element, switch: Switch, text: str) -> None:
    for former in [each for each in root if find_switch(each.tag) is switch]:
        root.remove(former)
    ET.SubElement(root, switch.name_in_dataverse).text = text


# Far beyond what Dataverse's hundreds of switches need.
_LONGEST = 262_144
_DEEPEST = 16
_ROOT = "OrgSettings"


class _Unreadable(Exception):  # noqa: N818 - a situation, like all our exceptions
    """The text is not XML of the form that is expected."""


class _Builder(ET.TreeBuilder):
    """Builds the tree and refuses one that is so deep that writing it out would exhaust the stack."""

    _depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unreadable(f"{COLUMN} is nested too deeply.")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def _root_of(xml: str | None) -> ET.Element:
    """Return the tree; the text is a stranger's, so that size, depth and all declarations are bounded."""
    if not xml or xml.isspace():
        return ET.Element(_ROOT)
    if len(xml) > _LONGEST:
        raise _Unreadable(f"{COLUMN} has {len(xml)} characters, where {_LONGEST} is the most.")
    # Entities can blow up and reach out, and can be declared only here.
    if "<!" in xml:
        raise _Unreadable(f"{COLUMN} may hold no declaration, comment or CDATA section, nothing with <!.")
    try:
        root: ET.Element = ET.fromstring(xml, ET.XMLParser(target=_Builder()))  # noqa: S314 - see above
    except (ET.ParseError, ValueError) as fault:  # ValueError: half a surrogate pair
        raise _Unreadable(f"{COLUMN} is not well-formed XML: {fault}.") from fault
    if root.tag.lower() != _ROOT.lower():
        raise _Unreadable(f"The root element of {COLUMN} must be {_ROOT}, not {root.tag:.60}.")
    return root


def _known(root: ET.Element) -> dict[Switch, list[str]]:
    """Return the text of every element that is a known switch; an empty one sets nothing."""
    found: dict[Switch, list[str]] = {}
    for element in root:
        switch = find_switch(element.tag)
        text = f"<{element[0].tag}>" if len(element) else element.text or ""
        if switch is not None and text.strip():
            found.setdefault(switch, []).append(text)
    return found


def _problems_in(found: Mapping[Switch, Iterable[str]]) -> Iterator[str]:
    for switch, texts in found.items():
        first, *others = texts
        if others:
            yield f"{switch.name_in_dataverse} is set more than once; leave one of them."
        elif parse(switch, first) is None:
            yield f"{switch.demand}, not {first.strip()!r:.60}."
