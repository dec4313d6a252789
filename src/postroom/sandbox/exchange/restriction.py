"""Restrictions of FindItem and FindFolder, and the order in which items stand.

Knows no item: who asks hands over how to look up the values of a field that a path element names.
"""

import unicodedata
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, TypeVar

from lxml import etree

from postroom.sandbox.exchange.instants import get_instant
from postroom.sandbox.exchange.names import local_name
from postroom.sandbox.exchange.refusal import Refusal

Found = TypeVar("Found")
#: Gives the text values of the field that a FieldURI, IndexedFieldURI or ExtendedFieldURI element names.
Values = Callable[[etree._Element], Sequence[str]]
#: What a value is compared as.
Comparable = str | float

#: Expressions within expressions, and expressions in all, that one restriction may have.
MAX_DEPTH = 64
MAX_EXPRESSIONS = 2000

_PATHS = ("FieldURI", "IndexedFieldURI", "ExtendedFieldURI")


class _Type(Enum):
    """What the values of a field are."""

    TEXT = "text"
    INSTANT = "instant"
    NUMBER = "number"
    BOOLEAN = "boolean"
    RANK = "rank"


_INSTANTS = (
    "item:DateTimeReceived item:DateTimeSent item:DateTimeCreated item:LastModifiedTime "
    "item:ReminderDueBy calendar:Start calendar:End calendar:OriginalStart calendar:StartWallClock "
    "calendar:EndWallClock calendar:AppointmentReplyTime calendar:RecurrenceId "
    "calendar:DateTimeStamp meeting:RecurrenceId meeting:DateTimeStamp contacts:Birthday "
    "contacts:WeddingAnniversary task:StartDate task:DueDate task:CompleteDate task:AssignedTime"
)
#: Fields whose values are dates and times.
INSTANTS: Final = frozenset(_INSTANTS.split())
_NUMBERS = (
    "item:Size item:ReminderMinutesBeforeStart folder:TotalCount folder:ChildFolderCount folder:UnreadCount "
    "calendar:AppointmentSequenceNumber calendar:AppointmentState calendar:ConflictingMeetingCount "
    "calendar:AdjacentMeetingCount calendar:ConferenceType task:ActualWork task:TotalWork task:ChangeCount "
    "task:PercentComplete task:IsAssignmentEditable"
)
_BOOLEANS = (
    "item:HasAttachments item:IsSubmitted item:IsDraft item:IsFromMe item:IsResend item:IsUnmodified "
    "item:ReminderIsSet item:IsAssociated message:IsRead message:IsReadReceiptRequested "
    "message:IsDeliveryReceiptRequested message:IsResponseRequested calendar:IsAllDayEvent "
    "calendar:IsMeeting calendar:IsCancelled calendar:IsRecurring calendar:MeetingRequestWasSent "
    "calendar:IsResponseRequested calendar:IsOnlineMeeting calendar:AllowNewTimeProposal "
    "task:IsComplete task:IsRecurring task:IsTeamTask contacts:HasPicture"
)
#: Fields whose values are true or false.
BOOLEANS: Final = frozenset(_BOOLEANS.split())
_RANKS = {
    "item:Importance": ("low", "normal", "high"),
    "item:Sensitivity": ("normal", "personal", "private", "confidential"),
}
_TYPES: dict[str, _Type] = {
    **dict.fromkeys(INSTANTS, _Type.INSTANT),
    **dict.fromkeys(_NUMBERS.split(), _Type.NUMBER),
    **dict.fromkeys(BOOLEANS, _Type.BOOLEAN),
    **dict.fromkeys(_RANKS, _Type.RANK),
}
#: By PropertyType of an ExtendedFieldURI; arrays compare value by value.
_PROPERTY_TYPES = {
    "SystemTime": _Type.INSTANT,
    "Boolean": _Type.BOOLEAN,
    **dict.fromkeys(("Short", "Integer", "Long", "Float", "Double", "Currency"), _Type.NUMBER),
}


def matches(restriction: etree._Element, values: Values) -> bool:
    """Say whether what `values` looks into answers the restriction.

    Raises `Refusal` when the restriction is too deep, too long or no restriction at all.
    """
    if sum(1 for _ in restriction.iter("{*}*")) > MAX_EXPRESSIONS:
        raise Refusal("ErrorRestrictionTooLong", "The restriction has too many expressions.")
    return all(_holds(each, values, 1) for each in _expressions(restriction))


def in_order(
    sort_order: etree._Element,
    found: Sequence[Found],
    values: Callable[[Found, etree._Element], Sequence[str]],
) -> list[Found]:
    """Return what was found in the order that a SortOrder asks for; what lacks a field counts as least."""
    ordered = list(found)
    # Sorting is stable, so the least important field comes first.
    for order in reversed(_expressions(sort_order)):
        path = _path(order)
        ordered.sort(
            key=lambda each, path=path: _sort_key(path, values(each, path)),  # type: ignore[misc]
            reverse=order.get("Order") == "Descending",
        )
    return ordered


def _sort_key(path: etree._Element, values: Sequence[str]) -> tuple[int, float, str]:
    for value in values:
        read = _read(path, value)
        if read is not None:
            return (1, 0.0, read) if isinstance(read, str) else (1, read, "")
    return (0, 0.0, "")


def _holds(expression: etree._Element, values: Values, depth: int) -> bool:
    if depth > MAX_DEPTH:
        raise Refusal("ErrorRestrictionTooComplex", "The restriction has too many levels.")
    name = local_name(expression)
    if name in _JUNCTIONS:
        return _JUNCTIONS[name](_holds(each, values, depth + 1) for each in _expressions(expression))
    if name == "Not":
        return not all(_holds(each, values, depth + 1) for each in _expressions(expression))
    condition = _CONDITIONS.get(name)
    if condition is None:
        raise Refusal("ErrorInvalidRestriction", f"{name[:40]} is no expression of a restriction.")
    return condition(expression, values)


def _exists(expression: etree._Element, values: Values) -> bool:
    return bool(values(_path(expression)))


def _excludes(expression: etree._Element, values: Values) -> bool:
    mask = _integer(_constant(expression, "Bitmask"))
    return any(_integer(value) & mask == 0 for value in values(_path(expression)))


def _contains(expression: etree._Element, values: Values) -> bool:
    mode = _MODES.get(expression.get("ContainmentMode", "FullString"))
    if mode is None:
        raise Refusal("ErrorInvalidRestriction", "There is no such ContainmentMode.")
    comparison = expression.get("ContainmentComparison", "Exact")
    sought = _fold(_constant(expression, "Constant"), comparison)
    return any(mode(_fold(value, comparison), sought) for value in values(_path(expression)))


def _is_prefix_of_words(value: str, sought: str) -> bool:
    words = _words(value)
    return all(any(word.startswith(prefix) for word in words) for prefix in _words(sought))


def _has_phrase(value: str, sought: str) -> bool:
    return f" {' '.join(_words(sought))} " in f" {' '.join(_words(value))} "


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text).split()


_MODES: dict[str, Callable[[str, str], bool]] = {
    "FullString": lambda value, sought: value == sought,
    "Prefixed": lambda value, sought: value.startswith(sought),
    "Substring": lambda value, sought: sought in value,
    "PrefixOnWords": _is_prefix_of_words,
    "ExactPhrase": _has_phrase,
}


def _fold(text: str, comparison: str) -> str:
    """Return the text without what the comparison is told to overlook.

    >>> _fold("Ångström", "IgnoreCaseAndNonSpacingCharacters")
    'angstrom'
    """
    if comparison.startswith("Loose"):
        text = unicodedata.normalize("NFKC", text)
    if "NonSpac" in comparison:
        parts = unicodedata.normalize("NFD", text)
        text = "".join(letter for letter in parts if not unicodedata.combining(letter))
    if "IgnoreCase" in comparison:
        text = text.casefold()
    return unicodedata.normalize("NFC", text)


def _compare(holds: Callable[[Comparable, Comparable], bool]) -> Callable[[etree._Element, Values], bool]:
    def condition(expression: etree._Element, values: Values) -> bool:
        path = _path(expression)
        operands = _operands(expression, path, values)
        for value in values(path):
            read = _read(path, value)
            for operand in operands:
                if read is not None and type(read) is type(operand) and holds(read, operand):
                    return True
        return False

    return condition


_is_equal = _compare(lambda value, operand: value == operand)
_CONDITIONS: dict[str, Callable[[etree._Element, Values], bool]] = {
    "Exists": _exists,
    "Excludes": _excludes,
    "Contains": _contains,
    "IsEqualTo": _is_equal,
    # A field without a value differs from every value.
    "IsNotEqualTo": lambda expression, values: not _is_equal(expression, values),
    "IsGreaterThan": _compare(lambda value, operand: value > operand),  # type: ignore[operator]
    "IsGreaterThanOrEqualTo": _compare(lambda value, operand: value >= operand),  # type: ignore[operator]
    "IsLessThan": _compare(lambda value, operand: value < operand),  # type: ignore[operator]
    "IsLessThanOrEqualTo": _compare(lambda value, operand: value <= operand),  # type: ignore[operator]
}
_JUNCTIONS = {"And": all, "Or": any}


def _operands(expression: etree._Element, path: etree._Element, values: Values) -> list[Comparable | None]:
    """Return what a comparison compares with: a constant, or the values of another field."""
    operand = expression.find("{*}FieldURIOrConstant")
    inner = _expressions(operand) if operand is not None else []
    if not inner:
        raise Refusal("ErrorInvalidRestriction", "The comparison has nothing to compare with.")
    if local_name(inner[0]) != "Constant":
        return [_read(path, value) for value in values(inner[0])]
    constant = _read(path, text := str(inner[0].get("Value", "")))
    if constant is None:
        raise Refusal("ErrorInvalidValueForProperty", f"{text[:40]!r} is no value of this field.")
    return [constant]


def _read(path: etree._Element, text: str) -> Comparable | None:
    """Return the text as what values of this field are; None when it is no such value."""
    kind = _type_of(path)
    if path.get("PropertyType", "").startswith("Binary"):
        return text.strip()
    if kind is _Type.TEXT:
        # Exchange's store compares text without regard to case unless told otherwise.
        return text.casefold()
    try:
        return _READERS[kind](path, text.strip())
    except (ValueError, Refusal):
        return None


_TRUTHS = ("false", "0", "true", "1")
_READERS: dict[_Type, Callable[[etree._Element, str], Comparable]] = {
    _Type.INSTANT: lambda _, text: get_instant(text).timestamp(),
    _Type.NUMBER: lambda _, text: float(text),
    _Type.BOOLEAN: lambda _, text: float(_TRUTHS.index(text.lower()) // 2),
    _Type.RANK: lambda path, text: float(_RANKS[path.get("FieldURI")].index(text.lower())),
}


def _type_of(path: etree._Element) -> _Type:
    if local_name(path) == "ExtendedFieldURI":
        return _PROPERTY_TYPES.get(str(path.get("PropertyType", "")).removesuffix("Array"), _Type.TEXT)
    return _TYPES.get(str(path.get("FieldURI", "")), _Type.TEXT)


def _integer(text: str) -> int:
    """Return a whole number that is written in decimal or, after 0x, in hexadecimal.

    >>> _integer("0x1F"), _integer("12")
    (31, 12)
    """
    try:
        return int(text, 16 if text[:2].lower() == "0x" else 10)
    except ValueError as problem:
        raise Refusal("ErrorInvalidRestriction", f"{text[:40]!r} is no whole number.") from problem


def _path(expression: etree._Element) -> etree._Element:
    for child in _expressions(expression):
        if local_name(child) in _PATHS:
            return child
    raise Refusal("ErrorInvalidRestriction", f"{local_name(expression)[:40]} names no field.")


def _constant(expression: etree._Element, name: str) -> str:
    found = expression.find(f"{{*}}{name}")
    if found is None:
        raise Refusal("ErrorInvalidRestriction", f"{local_name(expression)[:40]} has no {name}.")
    return str(found.get("Value", ""))


def _expressions(element: etree._Element) -> list[etree._Element]:
    """Return the child elements without comments and processing instructions."""
    return list(element.iterchildren("{*}*"))
