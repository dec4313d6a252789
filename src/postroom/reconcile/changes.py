"""Changes: what happened to one side of a pair since both last agreed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum

from postroom.reconcile.fingerprint import fingerprint
from postroom.reconcile.item import Item, Side
from postroom.reconcile.pair import Pair


class Change(Enum):
    """What became of one side of a pair."""

    SAME = "unchanged"
    EDITED = "edited"
    #: It is still there, and lies outside of what is synchronized: no filter matches, another folder.
    LEFT = "left what is synchronized"
    #: A person took the tracking off.
    UNTRACKED = "untracked"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class View:
    """One side as far as it was looked at: items that were seen, and ids that are gone for certain.

    An id that is in neither was not looked at and counts as unchanged. Absence is never a deletion: who
    reads a side in full and misses an item asks for it by its id before it is said to be gone.
    """

    items: Mapping[str, Item] = field(default_factory=dict)
    gone: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Delta:
    """What happened to one side of a pair."""

    change: Change
    item: Item | None = None
    #: Names of fields that are not as agreed; also of an item that left or was untracked.
    fields: frozenset[str] = frozenset()
    #: The version is not the agreed one, whether or not a field is.
    is_new_version: bool = False


_SAME = Delta(Change.SAME)
_DELETED = Delta(Change.DELETED)


def delta_of(pair: Pair, side: Side, view: View, names: Collection[str]) -> Delta:
    """Return what happened to that side of a pair, of which these fields are synchronized."""
    item_id = pair.id_on(side)
    if item_id is None or item_id in view.gone:
        return _DELETED
    item = view.items.get(item_id)
    if item is None:
        return _SAME
    agreed = pair.snapshot(side)
    if item.version == agreed.version and item.is_wanted:
        return Delta(Change.SAME, item)
    changed = changed_fields(item, agreed.prints, names)
    return Delta(_change(item, changed), item, changed, is_new_version=item.version != agreed.version)


def changed_fields(item: Item, agreed: Mapping[str, str], names: Collection[str]) -> frozenset[str]:
    """Return the names of fields that are not as agreed, whatever the version says."""
    values = item.fields
    return frozenset(name for name in names if agreed.get(name) != fingerprint(values.get(name)))


def _change(item: Item, changed: frozenset[str]) -> Change:
    if not item.is_tracked:
        return Change.UNTRACKED
    if not item.is_in_scope:
        return Change.LEFT
    return Change.EDITED if changed else Change.SAME
