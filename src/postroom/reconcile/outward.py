"""Going out: what counts of changes where a record only goes out, or for the last time."""

from collections.abc import Collection
from dataclasses import replace

from postroom.reconcile.changes import Change, Delta, changed_fields
from postroom.reconcile.fields import is_one_way
from postroom.reconcile.item import State
from postroom.reconcile.pair import Pair

_STATUSES = frozenset({"status", "show_as"})
_STILL_THERE = frozenset({Change.SAME, Change.EDITED})


def counted(pair: Pair, crm: Delta, server: Delta, names: Collection[str]) -> tuple[Delta, Delta]:
    """Return what happened to both sides of a pair as the decision table takes it."""
    if server.change in _STILL_THERE and _is_closed_now(crm):
        # Filters find what is open: with its last change a record leaves them, and must say so first.
        crm = replace(crm, change=Change.EDITED)
    return _unheard(pair, crm, server, names) if is_one_way(pair.kind) else (crm, server)


def _is_closed_now(crm: Delta) -> bool:
    """Say whether a record left what is synchronized by being closed."""
    if crm.change is not Change.LEFT or crm.item is None or crm.item.state is State.OPEN:
        return False
    return bool(crm.fields & _STATUSES)


def _unheard(pair: Pair, crm: Delta, server: Delta, names: Collection[str]) -> tuple[Delta, Delta]:
    """Let edits on the server count for nothing, until the record changes: then they are written over."""
    edited = changed_fields(server.item, pair.server.prints, names) if server.item else frozenset()
    if crm.change is Change.EDITED:
        crm = replace(crm, fields=crm.fields | edited)
    change = Change.SAME if server.change is Change.EDITED else server.change
    return crm, replace(server, change=change, fields=edited)
