"""Retention: what becomes of a pair whose last act failed, once its time is over."""

from enum import Enum

from postroom.reconcile.item import Side
from postroom.reconcile.pair import Doing, Failure, Link, Pair


class Fate(Enum):
    """What becomes of a failed pair."""

    KEPT = "kept"
    #: The pair stays, and forgets that it failed.
    CLEARED = "cleared"
    #: Nothing is left that it would tell of.
    DROPPED = "dropped"


def fate_of(pair: Pair, record_version: str | None) -> Fate:
    """Return what becomes of a pair that failed longer ago than failures are kept.

    `record_version` is that of its record now, None when there is no record any more. A pair whose act may
    have been done is kept whatever happens: nothing else knows of it. So is one that waits for its user, and
    one of which nothing has changed: it would only fail once more.
    """
    if pair.failure is None or _is_in_doubt(pair) or pair.question is not None:
        return Fate.KEPT
    record_is_gone = pair.crm_id is None or record_version is None
    if record_is_gone and pair.server_id is None:
        return Fate.DROPPED
    if not _has_changed(pair, pair.failure, record_version):
        return Fate.KEPT
    # A record that was never made on the server is a newcomer again, and is tried as one.
    was_never_made = pair.link is Link.PENDING and pair.server_id is None
    return Fate.DROPPED if was_never_made else Fate.CLEARED


def _is_in_doubt(pair: Pair) -> bool:
    return pair.pending is not None and not pair.pending.is_refused


def _has_changed(pair: Pair, failure: Failure, record_version: str | None) -> bool:
    if pair.pending is not None and pair.pending.doing is Doing.CREATE and pair.pending.side is Side.CRM:
        # Only its item on the server could have changed, which the next pass finds out.
        return False
    return pair.crm_id is not None and (record_version or "") != failure.crm_version
