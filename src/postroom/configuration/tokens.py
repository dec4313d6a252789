"""What tracking tokens may look like: their prefixes, their digits, their highest number."""

from collections.abc import Iterator, Mapping
from typing import Any

from postroom.errors import InvalidRecord

LONGEST_PREFIX = 20
MOST_DIGITS = 10
#: Nine digits, so that the longest number of a token is one that is read back.
HIGHEST_NUMBER = 999_999_999

#: The organization's columns that this is about.
COLUMNS = ("trackingprefix", "trackingtokeniddigits", "maximumtrackingnumber")


def problems_of(organization: Mapping[str, Any]) -> list[InvalidRecord]:
    """Return every rule that the organization's tracking tokens, where they are given, break."""
    problems = []
    if "trackingprefix" in organization:
        problems += [
            InvalidRecord(sentence, column="trackingprefix")
            for sentence in _about_prefixes(organization["trackingprefix"] or "")
        ]
    digits = organization.get("trackingtokeniddigits")
    if digits is not None and not 1 <= digits <= MOST_DIGITS:
        problems.append(
            InvalidRecord(
                f"trackingtokeniddigits must be from 1 to {MOST_DIGITS}, not {digits}.",
                column="trackingtokeniddigits",
            )
        )
    highest = organization.get("maximumtrackingnumber")
    if highest is not None and not 1 <= highest <= HIGHEST_NUMBER:
        problems.append(
            InvalidRecord(
                f"maximumtrackingnumber must be at least 1 and at most {HIGHEST_NUMBER}, not {highest}.",
                column="maximumtrackingnumber",
            )
        )
    return problems


def _about_prefixes(value: str) -> Iterator[str]:
    prefixes = value.split(";")
    if not any(map(str.strip, prefixes)):
        yield (
            "trackingprefix must name at least one prefix, such as CRM: (to do without tokens, set "
            "postroom_usetrackingtoken to false)."
        )
        return
    for prefix in prefixes:
        yield from _about_prefix(prefix)


def _about_prefix(prefix: str) -> Iterator[str]:
    if not prefix:
        yield "trackingprefix holds an empty prefix: one semicolon stands between two, none at the ends."
    elif len(prefix) > LONGEST_PREFIX:
        yield f"trackingprefix: {prefix!r:.60} has more than {LONGEST_PREFIX} characters."
    elif not prefix.isprintable():
        yield f"trackingprefix: {prefix!r:.60} holds a character that can't be seen."
    elif prefix != prefix.strip():
        yield f"trackingprefix: {prefix!r} begins or ends with a blank, which mail programs take away."
    elif prefix[-1].isdigit():
        yield f"trackingprefix: {prefix!r} ends with a digit, which could be one of the number behind it."
