"""The decision table: what comes of every pair of changes, before the rules have their say."""

from collections.abc import Mapping
from enum import Enum

from postroom.reconcile.changes import Change
from postroom.reconcile.item import Side


class Outcome(Enum):
    """What is to come of a pair."""

    NOTHING = "nothing"
    UPDATE_CRM = "update the CRM"
    UPDATE_SERVER = "update the server"
    MERGE = "merge field by field"
    #: The other side was deleted: delete here too, if the rules for this kind let it.
    DELETE_CRM = "delete in the CRM"
    DELETE_SERVER = "delete on the server"
    #: The other side left what is synchronized: unlink, or delete where the organization chose so.
    WITHDRAW_CRM = "withdraw from the CRM"
    WITHDRAW_SERVER = "withdraw from the server"
    #: Deleted here while edited there: what was edited is made here again.
    RECREATE_CRM = "make again in the CRM"
    RECREATE_SERVER = "make again on the server"
    UNLINK = "unlink"
    FORGET = "forget the pair"

    @property
    def side(self) -> Side | None:
        """Return the side that is written on, or None of what concerns both or none."""
        return _SIDES.get(self)


_SIDES = {
    Outcome.UPDATE_CRM: Side.CRM,
    Outcome.DELETE_CRM: Side.CRM,
    Outcome.WITHDRAW_CRM: Side.CRM,
    Outcome.RECREATE_CRM: Side.CRM,
    Outcome.UPDATE_SERVER: Side.SERVER,
    Outcome.DELETE_SERVER: Side.SERVER,
    Outcome.WITHDRAW_SERVER: Side.SERVER,
    Outcome.RECREATE_SERVER: Side.SERVER,
}

# An edit beats a deletion: losing work is worse than keeping an item too long.
# A person's untracking beats everything, and is remembered.
# (CRM, server)
OUTCOMES: Mapping[tuple[Change, Change], Outcome] = {
    (Change.SAME, Change.SAME): Outcome.NOTHING,
    (Change.SAME, Change.EDITED): Outcome.UPDATE_CRM,
    (Change.SAME, Change.LEFT): Outcome.WITHDRAW_CRM,
    (Change.SAME, Change.UNTRACKED): Outcome.UNLINK,
    (Change.SAME, Change.DELETED): Outcome.DELETE_CRM,
    (Change.EDITED, Change.SAME): Outcome.UPDATE_SERVER,
    (Change.EDITED, Change.EDITED): Outcome.MERGE,
    (Change.EDITED, Change.LEFT): Outcome.UNLINK,
    (Change.EDITED, Change.UNTRACKED): Outcome.UNLINK,
    (Change.EDITED, Change.DELETED): Outcome.RECREATE_SERVER,
    (Change.LEFT, Change.SAME): Outcome.WITHDRAW_SERVER,
    (Change.LEFT, Change.EDITED): Outcome.UNLINK,
    (Change.LEFT, Change.LEFT): Outcome.UNLINK,
    (Change.LEFT, Change.UNTRACKED): Outcome.UNLINK,
    (Change.LEFT, Change.DELETED): Outcome.FORGET,
    (Change.UNTRACKED, Change.SAME): Outcome.UNLINK,
    (Change.UNTRACKED, Change.EDITED): Outcome.UNLINK,
    (Change.UNTRACKED, Change.LEFT): Outcome.UNLINK,
    (Change.UNTRACKED, Change.UNTRACKED): Outcome.UNLINK,
    (Change.UNTRACKED, Change.DELETED): Outcome.UNLINK,
    (Change.DELETED, Change.SAME): Outcome.DELETE_SERVER,
    (Change.DELETED, Change.EDITED): Outcome.RECREATE_CRM,
    (Change.DELETED, Change.LEFT): Outcome.FORGET,
    (Change.DELETED, Change.UNTRACKED): Outcome.UNLINK,
    (Change.DELETED, Change.DELETED): Outcome.FORGET,
}

#: Each outcome with the sides swapped.
SWAPPED: Mapping[Outcome, Outcome] = {
    Outcome.NOTHING: Outcome.NOTHING,
    Outcome.MERGE: Outcome.MERGE,
    Outcome.UNLINK: Outcome.UNLINK,
    Outcome.FORGET: Outcome.FORGET,
    Outcome.UPDATE_CRM: Outcome.UPDATE_SERVER,
    Outcome.UPDATE_SERVER: Outcome.UPDATE_CRM,
    Outcome.DELETE_CRM: Outcome.DELETE_SERVER,
    Outcome.DELETE_SERVER: Outcome.DELETE_CRM,
    Outcome.WITHDRAW_CRM: Outcome.WITHDRAW_SERVER,
    Outcome.WITHDRAW_SERVER: Outcome.WITHDRAW_CRM,
    Outcome.RECREATE_CRM: Outcome.RECREATE_SERVER,
    Outcome.RECREATE_SERVER: Outcome.RECREATE_CRM,
}
