"""How many words of subjects may be compared where subjects may differ by some."""

from collections.abc import Mapping
from typing import Any

from postroom.errors import InvalidRecord

#: Of so many words two may be left out in 190 ways.
MOST_WORDS = 20

#: The organization's columns that this is about.
COLUMNS = ("hashmaxcount", "hashdeltasubjectcount")


def problems_of(organization: Mapping[str, Any]) -> list[InvalidRecord]:
    """Return what keeps the organization's subjects from being compared by so many words.

    >>> print(*problems_of({"hashmaxcount": 200, "hashdeltasubjectcount": 2}))
    hashmaxcount must be at most 20 while subjects may differ (hashdeltasubjectcount is 2), not 200.
    >>> problems_of({"hashmaxcount": 200, "hashdeltasubjectcount": 0})
    []
    """
    most, delta = (organization.get(column) or 0 for column in COLUMNS)
    if delta <= 0 or most <= MOST_WORDS:
        return []
    sentence = (
        f"hashmaxcount must be at most {MOST_WORDS} while subjects may differ "
        f"(hashdeltasubjectcount is {delta}), not {most}."
    )
    return [InvalidRecord(sentence, column="hashmaxcount")]
