"""Deciding on one pair: the table's outcome, and the rules that may change it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from postroom.reconcile.act import Act, Finding
from postroom.reconcile.changes import Change, Delta, delta_of
from postroom.reconcile.conflict import Authority, Merge, answers_of, authority, contested, merge
from postroom.reconcile.deletion import keeps
from postroom.reconcile.draft import creation
from postroom.reconcile.fields import is_one_way
from postroom.reconcile.health import ailment, files_left_out, finding
from postroom.reconcile.item import Item, Part, Side, State
from postroom.reconcile.notice import on_deletion, on_update
from postroom.reconcile.outward import counted
from postroom.reconcile.pair import Decision, Doing, Failure, Pair, Parting
from postroom.reconcile.policy import Conflicts, Policy
from postroom.reconcile.question import values_of
from postroom.reconcile.reason import Reason
from postroom.reconcile.situation import Situation
from postroom.reconcile.table import OUTCOMES, Outcome

Decided = list[Act | Finding]


def decide(situation: Situation, pair: Pair) -> Decided:
    """Return what is done to a linked pair, in order; nothing when both are as agreed."""
    names = situation.names(pair.kind, situation.server.items.get(pair.server_id or ""))
    crm = delta_of(pair, Side.CRM, situation.crm, names)
    server = delta_of(pair, Side.SERVER, situation.server, names)
    crm, server = counted(pair, crm, server, names)
    if crm.change is Change.SAME and server.change is Change.SAME:
        return _agree_again(pair, crm, server, names)
    if resting := rests(situation, pair, crm.item, server.item):
        return [resting]
    case = _Case(situation, pair, crm, server, names)
    return [*HANDLERS[OUTCOMES[crm.change, server.change]](case), *_left_out(crm, server, names)]


def _left_out(crm: Delta, server: Delta, names: tuple[str, ...]) -> Iterator[Finding]:
    """Yield a finding for each side on which the attached files changed and one is not synchronized."""
    for side, delta in ((Side.CRM, crm), (Side.SERVER, server)):
        if delta.item is not None and "attachments" in delta.fields and "attachments" in names:
            yield from files_left_out(delta.item, side)


def rests(situation: Situation, pair: Pair, crm: Item | None, server: Item | None) -> Finding | None:
    """Return the finding that a pair failed too often and has not changed since, or None."""
    failure = pair.failure
    if failure is None or not is_too_much(failure, situation.policy) or _is_to_be_tried(pair):
        return None
    seen = (crm.version if crm else "", server.version if server else "")
    if seen != (failure.crm_version, failure.server_version):
        return None
    side = Side.CRM if crm else Side.SERVER
    known = crm or server
    item_id = known.id if known else pair.id_on(side) or ""
    return Finding(Reason.RESTS, side, item_id, known.shown_name if known else "", words=failure.words)


def is_too_much(failure: Failure, policy: Policy) -> bool:
    """Say whether a pair that failed like this is left alone until it changes.

    >>> [is_too_much(Failure(times, lost=lost), Policy()) for times, lost in ((2, 9), (3, 0), (0, 10))]
    [False, True, True]
    """
    return failure.times >= policy.most_attempts or failure.lost >= policy.most_lost_answers


def _is_to_be_tried(pair: Pair) -> bool:
    return pair.decision is Decision.ACCEPT and pair.question is None


def _agree_again(pair: Pair, crm: Delta, server: Delta, names: tuple[str, ...]) -> Decided:
    if not (crm.is_new_version or server.is_new_version):
        return []
    reason = Reason.NO_CONTENT_CHANGE
    if is_one_way(pair.kind):
        # What was last written stays agreed, so that the record's next change still finds what was edited.
        reason, names = Reason.ONE_WAY if server.fields else reason, ()
    return [Act(Doing.AGREE, reason, pair, crm=crm.item, server=server.item, names=names)]


@dataclass(frozen=True, slots=True)
class _Case:
    """One pair with what happened to it."""

    situation: Situation
    pair: Pair
    crm: Delta
    server: Delta
    names: tuple[str, ...]

    def delta(self, side: Side) -> Delta:
        return self.crm if side is Side.CRM else self.server

    def item(self, side: Side) -> Item:
        """Return the item of that side, which `needed_for` has named."""
        item = self.delta(side).item
        if item is None:
            raise LookupError(f"{self.pair.id_on(side)} must be read before a plan is made")
        return item

    def parted(self, reason: Reason, parting: Parting, gone: Side | None = None) -> Decided:
        pair = self.pair if gone is None else self.pair.with_id(gone, None)
        return [
            Act(
                Doing.UNLINK,
                reason,
                pair,
                crm=self.crm.item,
                server=self.server.item,
                names=self.names,
                parting=parting,
            )
        ]

    def deleted(self, side: Side, reason: Reason, parting: Parting = Parting.NONE) -> Decided:
        act = Act(
            Doing.DELETE,
            reason,
            self.pair,
            side,
            crm=self.crm.item,
            server=self.server.item,
            names=self.names,
            parting=parting,
        )
        if side is Side.SERVER:
            act = replace(act, sends=on_deletion(self.item(side), self.pair.kind, self.situation.now))
        return [act]

    def why_kept(self, side: Side) -> Reason | None:
        return keeps(self.pair, self.item(side), side, self.situation.now, self.situation.policy)


def _reconcile(case: _Case) -> Decided:
    crm, server = case.item(Side.CRM), case.item(Side.SERVER)
    if (crm.kind, server.kind) != (case.pair.kind, case.pair.kind.on_server):
        return [finding(Reason.KIND_CHANGED, Side.SERVER, server, crm.id)]
    for side, item in ((Side.CRM, crm), (Side.SERVER, server)):
        if found := ailment(item, side, case.situation):
            return [found]
    if _is_handed_over(case):
        return _hand_over(case)
    if _is_canceled(case, crm, server):
        return case.deleted(Side.SERVER, Reason.CANCELED_IN_CRM, Parting.KEPT)
    return _put_together(case, crm, server)


def _is_handed_over(case: _Case) -> bool:
    """Say whether the user organized this meeting and the CRM says that another does now."""
    crm, server = case.item(Side.CRM), case.item(Side.SERVER)
    organizer_changed = "organizer" in case.crm.fields and case.pair.part is Part.OWNER
    return (
        crm.kind.is_calendar
        and organizer_changed
        and server.part is Part.OWNER
        and crm.part in (Part.GUEST_OF_COLLEAGUE, Part.GUEST_OF_OUTSIDER)
    )


def _hand_over(case: _Case) -> Decided:
    keeps_it = case.situation.policy.distinct_deletes or case.why_kept(Side.SERVER) is not None
    if keeps_it:
        return case.parted(Reason.ORGANIZER_CHANGED, Parting.KEPT)
    return case.deleted(Side.SERVER, Reason.ORGANIZER_CHANGED, Parting.KEPT)


def _is_canceled(case: _Case, crm: Item, server: Item) -> bool:
    # source: DATAVERSE-TABLES organization settings, SSSPropagateAppointmentCancellationsToExchange
    return (
        case.situation.policy.propagate_cancellations
        and crm.kind.is_calendar
        and crm.state is State.CANCELED
        and server.part is Part.OWNER
        and not server.is_past(case.situation.now)
    )


def _put_together(case: _Case, crm: Item, server: Item) -> Decided:
    directions = case.situation.directions[crm.kind]
    rule = authority(crm, server)
    answers = answers_of(case.pair, crm, server) if rule is Authority.LATER else None
    merged = merge(case.pair, case.crm, case.server, directions, rule, answers)
    asks = case.situation.policy.conflicts is Conflicts.ASK
    open_ = contested(merged, crm.kind, directions) if asks else []
    merged.set_aside(open_)
    made: Decided = _ask(case, open_)
    settles = frozenset(merged.settled)
    if settles and not (merged.to_crm or merged.to_server):
        return [*made, _note(case, rule, settles)]
    for side in (Side.CRM, Side.SERVER):
        if merged.to(side):
            made.append(_update(case, side, merged, settles))
            settles = frozenset()
    return made if made or open_ else [_note(case, rule, settles)]


def _update(case: _Case, side: Side, merged: Merge, settles: frozenset[str]) -> Act:
    act = Act(
        Doing.UPDATE,
        _WHO_CHANGED[case.crm.change is Change.EDITED, case.server.change is Change.EDITED],
        case.pair,
        side,
        crm=case.crm.item,
        server=case.server.item,
        fields=merged.to(side),
        settles=settles,
        unsettled=frozenset(merged.unsettled & merged.to(side).keys()),
        names=case.names,
    )
    told = (each for each in merged.overwritten if each.side is side or each.field in act.unsettled)
    act = replace(act, overwritten=tuple(told))
    if side is Side.CRM:
        return act
    based = case.pair.server.prints.keys() & act.fields.keys()
    crm, server = case.item(Side.CRM), case.item(Side.SERVER)
    sends = on_update(crm, server, act.fields, based, case.situation.now, case.situation.policy)
    return replace(act, sends=sends)


def _note(case: _Case, rule: Authority, settles: frozenset[str]) -> Act:
    crm = case.item(Side.CRM)
    reason = Reason.ONE_WAY
    if case.crm.change is Change.EDITED and case.server.change is Change.EDITED:
        reason = Reason.ALREADY_EQUAL
    elif rule is Authority.CRM_ONLY:
        reason = Reason.GUEST_COPY if crm.state is State.OPEN else Reason.CLOSED_IN_CRM
    return Act(
        Doing.AGREE, reason, case.pair, crm=crm, server=case.server.item, settles=settles, names=case.names
    )


def _ask(case: _Case, names: Sequence[str]) -> Decided:
    """Ask which values of these fields stay, unless that is what was asked before."""
    crm, server = case.item(Side.CRM), case.item(Side.SERVER)
    question = values_of(crm, server, names)
    if not names or (case.pair.question == question and case.pair.decision is Decision.ASKED):
        return []
    return [Act(Doing.ASK, Reason.CONFLICT, case.pair, crm=crm, server=server, question=question)]


def _carry_deletion(case: _Case, survivor: Side) -> Decided:
    kept = case.why_kept(survivor)
    if kept is not None:
        return case.parted(kept, Parting.KEPT, survivor.other)
    return case.deleted(survivor, _DELETED_ON[survivor.other])


def _withdraw(case: _Case, survivor: Side) -> Decided:
    if survivor is Side.CRM or case.situation.policy.distinct_deletes:
        return case.parted(Reason.LEFT_SCOPE, Parting.APART)
    kept = case.why_kept(survivor)
    if kept is not None:
        return case.parted(kept, Parting.APART)
    return case.deleted(survivor, Reason.LEFT_SCOPE)


def _recreate(case: _Case, survivor: Side) -> Decided:
    """Make the edited survivor again on the other side, unless its deletion would not have counted."""
    kept = case.why_kept(survivor)
    if kept is not None:
        return case.parted(kept, Parting.KEPT, survivor.other)
    if survivor is Side.SERVER and case.pair.kind.is_outward:
        return case.parted(Reason.EDIT_BEATS_DELETION, Parting.KEPT, survivor.other)
    item = case.item(survivor)
    found = ailment(item, survivor, case.situation)
    if found is not None:
        return [found]
    return [creation(case.situation, case.pair, item, survivor.other, Reason.EDIT_BEATS_DELETION)]


def _unlink(case: _Case) -> Decided:
    changes = (case.crm.change, case.server.change)
    reason = Reason.UNTRACKED if Change.UNTRACKED in changes else Reason.LEFT_SCOPE
    gone = next((side for side in Side if case.delta(side).change is Change.DELETED), None)
    return case.parted(reason, Parting.APART, gone)


def _forget(case: _Case) -> Decided:
    changes = (case.crm.change, case.server.change)
    reason = Reason.LEFT_SCOPE if Change.LEFT in changes else Reason.DELETED_ON_BOTH
    return [Act(Doing.FORGET, reason, case.pair, crm=case.crm.item, server=case.server.item)]


_DELETED_ON = {Side.CRM: Reason.DELETED_IN_CRM, Side.SERVER: Reason.DELETED_ON_SERVER}
_WHO_CHANGED = {
    (True, True): Reason.CHANGED_ON_BOTH,
    (True, False): Reason.CHANGED_IN_CRM,
    (False, True): Reason.CHANGED_ON_SERVER,
}
#: How each outcome is carried out.
HANDLERS: Mapping[Outcome, Callable[[_Case], Decided]] = {
    Outcome.NOTHING: lambda _: [],
    Outcome.UPDATE_CRM: _reconcile,
    Outcome.UPDATE_SERVER: _reconcile,
    Outcome.MERGE: _reconcile,
    Outcome.DELETE_CRM: lambda case: _carry_deletion(case, Side.CRM),
    Outcome.DELETE_SERVER: lambda case: _carry_deletion(case, Side.SERVER),
    Outcome.WITHDRAW_CRM: lambda case: _withdraw(case, Side.CRM),
    Outcome.WITHDRAW_SERVER: lambda case: _withdraw(case, Side.SERVER),
    # What is made again on one side is what survived on the other.
    Outcome.RECREATE_CRM: lambda case: _recreate(case, Side.SERVER),
    Outcome.RECREATE_SERVER: lambda case: _recreate(case, Side.CRM),
    Outcome.UNLINK: _unlink,
    Outcome.FORGET: _forget,
}
