"""What is different about one day of a series of appointments."""

from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree


@dataclass(slots=True)
class Departure:
    """One day on which a series does not occur, or occurs differently; the rest is as in the master."""

    is_deleted: bool = False
    #: Elements by FieldURI, as in an item; None for a field that only the master has.
    fields: dict[str, etree._Element | None] = field(default_factory=dict)
    #: Extended properties by their key, likewise.
    extended: dict[str, etree._Element | None] = field(default_factory=dict)
    change_key: str = ""
    modified_at: datetime | None = None
