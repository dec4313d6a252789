"""The guard: acts held back because too much would be destroyed, or too little was read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from postroom.errors import UnsafePlan
from postroom.reconcile.act import Act
from postroom.reconcile.item import Side
from postroom.reconcile.notice import Notice
from postroom.reconcile.pair import Doing
from postroom.reconcile.plan import Plan


class Reading(Enum):
    """Whether both sides were read as far as they say they go."""

    WHOLE = "whole"
    #: A page failed; what was not seen may be there all the same.
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one plan may do to one side; number and share must both be reached to be too much."""

    most_deletions: int = 20
    share_deleted: float = 0.2
    most_updates: int = 500
    share_updated: float = 0.5
    #: Invitations, updates and cancellations, counted by meeting.
    most_notices: int = 100
    #: From so many pairs on, a side is not to lose all of its items at once.
    emptied_from: int = 3


@dataclass(frozen=True, slots=True)
class Guarded:
    """What may be done, what is held back, and a sentence for each cause."""

    plan: Plan
    withheld: tuple[Act, ...] = ()
    causes: tuple[str, ...] = ()

    def refuse(self) -> None:
        """Raise `UnsafePlan` when anything is held back."""
        if self.causes:
            raise UnsafePlan(" ".join(self.causes))


def guard(plan: Plan, pairs: int, reading: Reading = Reading.WHOLE, limits: Limits | None = None) -> Guarded:
    """Return the plan without what is unsafe, given how many pairs there are now.

    Deletions and updates are judged side by side, so that a mistake on one holds nothing back on the other.
    """
    alarms = [*_partial(reading), *_excesses(plan, pairs, limits or Limits())]
    kept: list[Act] = []
    withheld: list[Act] = []
    for act in plan.acts:
        unsafe = any(concerns(act) for concerns, _ in alarms)
        (withheld if unsafe else kept).append(act)
    causes = tuple(cause for concerns, cause in alarms if any(concerns(act) for act in withheld))
    return Guarded(replace(plan, acts=tuple(kept)), tuple(withheld), causes)


_Alarm = tuple[Callable[[Act], bool], str]


def _partial(reading: Reading) -> Iterator[_Alarm]:
    if reading is Reading.PARTIAL:
        yield (
            lambda act: act.doing in (Doing.DELETE, Doing.CREATE),
            "Not everything could be read, so nothing is made or deleted; the next pass looks again.",
        )


def _excesses(plan: Plan, pairs: int, limits: Limits) -> Iterator[_Alarm]:
    for side in Side:
        for doing, most, share in (
            (Doing.DELETE, limits.most_deletions, limits.share_deleted),
            (Doing.UPDATE, limits.most_updates, limits.share_updated),
        ):
            concerns = _concerning(doing, side)
            count = sum(map(concerns, plan.acts))
            emptied = doing is Doing.DELETE and count >= max(pairs, limits.emptied_from)
            if emptied or (count >= most and count >= share * pairs):
                yield concerns, _excess(doing, side, count, pairs)
    notices = sum(map(_tells, plan.acts))
    if notices > limits.most_notices:
        yield (
            _tells,
            f"Attendees of {notices} meetings would be told at once; look at the plan and approve it.",
        )


def _concerning(doing: Doing, side: Side) -> Callable[[Act], bool]:
    return lambda act: act.doing is doing and act.side is side


def _tells(act: Act) -> bool:
    return act.sends.notice is not Notice.NONE


def _excess(doing: Doing, side: Side, count: int, pairs: int) -> str:
    verb = "deleted" if doing is Doing.DELETE else "changed"
    where = "in the CRM" if side is Side.CRM else "on the server"
    return f"{count} of {pairs} items would be {verb} {where}; look at the plan and approve it."
