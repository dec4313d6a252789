"""Pages of what FindItem and FindFolder have found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lxml import etree

from postroom.sandbox.exchange.names import m_name
from postroom.sandbox.exchange.refusal import Refusal

Entry = TypeVar("Entry")

#: What one answer shows at most, as Exchange's throttling policy has it.
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry]):
    """A stretch of what was found, and where the next one begins."""

    entries: Sequence[Entry]
    next_offset: int
    total: int

    @property
    def is_last(self) -> bool:
        """Say whether nothing comes after it."""
        return self.next_offset >= self.total


def page(found: Sequence[Entry], request: etree._Element, view_name: str) -> Page[Entry]:
    """Return the stretch that a view such as m:IndexedPageItemView asks for, or the first."""
    view = request.find(m_name(view_name))
    if view is None:
        return Page(found[:LARGEST_PAGE], min(len(found), LARGEST_PAGE), len(found))
    offset = _number(view, "Offset", 0)
    most = min(_number(view, "MaxEntriesReturned", LARGEST_PAGE), LARGEST_PAGE)
    if most < 1 or offset < 0:
        raise Refusal("ErrorInvalidPagingMaxRows", "A page has at least one entry.")
    if view.get("BasePoint") == "End":
        # Counted from the end, and the page runs backwards to the beginning.
        end = max(len(found) - offset, 0)
        start = max(end - most, 0)
        return Page(found[start:end], len(found) - start, len(found))
    return Page(found[offset : offset + most], min(offset + most, len(found)), len(found))


def put_page(shown: Page[Entry], root: etree._Element) -> etree._Element:
    """Write the particulars of a page on an m:RootFolder and return it."""
    root.set("IndexedPagingOffset", str(shown.next_offset))
    root.set("TotalItemsInView", str(shown.total))
    root.set("IncludesLastItemInRange", "true" if shown.is_last else "false")
    return root


def _number(view: etree._Element, name: str, default: int) -> int:
    try:
        return int(view.get(name) or default)
    except ValueError as problem:
        raise Refusal("ErrorInvalidRequest", f"{name} is no number.") from problem
