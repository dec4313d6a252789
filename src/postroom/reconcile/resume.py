"""Resuming: pairs whose last act was interrupted, and pairs that are unlinked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from postroom.reconcile.act import Act
from postroom.reconcile.changes import View
from postroom.reconcile.decide import Decided, decide, rests
from postroom.reconcile.draft import creation, newcomer_pair
from postroom.reconcile.fields import is_of_files
from postroom.reconcile.fingerprint import fingerprint
from postroom.reconcile.health import ailment
from postroom.reconcile.item import Item, Side
from postroom.reconcile.pair import Decision, Doing, Link, Pair, Parting, Pending, Snapshot
from postroom.reconcile.reason import Reason
from postroom.reconcile.situation import Situation


def decide_any(situation: Situation, pair: Pair) -> Decided:
    """Return what is done to a pair in whatever state it was left."""
    if pair.pending is not None:
        return _RESUMED[pair.pending.doing](situation, pair, pair.pending)
    if pair.link is Link.UNLINKED:
        return _decide_parted(situation, pair)
    return decide(situation, pair)


def _resume_creation(situation: Situation, pair: Pair, pending: Pending) -> Decided:
    found = situation.found.get(pending.token)
    if found is not None:
        known = _as_written(pair.with_id(pending.side, found), pending, tuple(pending.wrote))
        made = _seen(situation.view(pending.side), found)
        return [_answered(known if made is None else _half_written(known, pending, made))]
    origin = pending.side.other
    source = _read(situation.view(origin), pair.id_on(origin))
    if source is None or not source.is_wanted:
        return [Act(Doing.FORGET, Reason.LEFT_SCOPE, pair)]
    crm, server = (source, None) if origin is Side.CRM else (None, source)
    hindrance = rests(situation, pair, crm, server) or ailment(source, origin, situation)
    if hindrance is not None:
        return [hindrance]
    return [creation(situation, pair, source, pending.side, Reason.ANSWER_MISSING, pending.token)]


def _resume_update(situation: Situation, pair: Pair, pending: Pending) -> Decided:
    """Settle what was written although the answer was lost, lest it be taken for somebody's edit."""
    item = _seen(situation.view(pending.side), pair.id_on(pending.side))
    if item is None:
        return decide(situation, replace(pair, pending=None))
    at = 0 if pending.side is Side.CRM else 1
    done = tuple(
        name for name, prints in pending.wrote.items() if fingerprint(item.fields.get(name)) == prints[at]
    )
    # Of a write that never arrived it is remembered how often that was.
    failure = None if done or not pending.wrote else pair.failure
    known = _half_written(_as_written(pair, pending, done), pending, item)
    return [_answered(replace(known, failure=failure))]


def _half_written(pair: Pair, pending: Pending, item: Item) -> Pair:
    """Return the pair in which the files that an item has now are agreed on its side, if they were written.

    What one side copied is never told in the words of the other, and a part of it may be there: either is
    nobody's edit, so that the files are compared anew with those that were to be written.
    """
    agreed = pair.snapshot(pending.side)
    now = {name: fingerprint(item.fields.get(name)) for name in pending.wrote if is_of_files(item.kind, name)}
    return pair.with_snapshot(pending.side, replace(agreed, prints={**agreed.prints, **now}))


def _resume_deletion(situation: Situation, pair: Pair, pending: Pending) -> Decided:
    item_id = pair.id_on(pending.side)
    if item_id is not None and item_id not in situation.view(pending.side).gone:
        return decide(situation, replace(pair, pending=None))
    parted = pair.with_id(pending.side, None)
    doing = Doing.FORGET if pending.parting is Parting.NONE else Doing.UNLINK
    return [Act(doing, Reason.ANSWER_FOUND, parted, parting=pending.parting)]


def _as_written(pair: Pair, pending: Pending, names: tuple[str, ...]) -> Pair:
    crm = {**pair.crm.prints, **{name: pending.wrote[name][0] for name in names}}
    server = {**pair.server.prints, **{name: pending.wrote[name][1] for name in names}}
    return replace(pair, crm=Snapshot(prints=crm), server=Snapshot(prints=server))


def _answered(pair: Pair) -> Act:
    return Act(Doing.AGREE if pair.link is Link.LINKED else Doing.LINK, Reason.ANSWER_FOUND, pair)


def _decide_parted(situation: Situation, pair: Pair) -> Decided:
    gone = [side for side in Side if pair.id_on(side) in situation.view(side).gone]
    if gone:
        return _decide_bereft(situation, pair, gone)
    crm = _seen(situation.crm, pair.crm_id)
    server = _seen(situation.server, pair.server_id)
    if pair.crm_id is None or pair.server_id is None:
        return _decide_alone(situation, pair, crm, server)
    if pair.decision is Decision.BOTH and crm and server:
        return _keep_both(situation, pair, crm, server)
    if pair.decision in _DECISIONS:
        doing, reason, parting = _DECISIONS[pair.decision]
        return [Act(doing, reason, pair, crm=crm, server=server, parting=parting)]
    if pair.decision is Decision.ASKED:
        return []
    if pair.parting is Parting.APART and crm and server and crm.is_wanted and server.is_wanted:
        return [Act(Doing.LINK, Reason.REUNITED, pair, crm=crm, server=server)]
    return []


def _decide_bereft(situation: Situation, pair: Pair, gone: Sequence[Side]) -> Decided:
    """Return what becomes of an unlinked pair of which an item was deleted."""
    for side in gone:
        pair = pair.with_id(side, None)
    if pair.crm_id is None and pair.server_id is None:
        return [Act(Doing.FORGET, Reason.DELETED_ON_BOTH, pair)]
    if pair.question is not None:
        # The two never belonged together; with one of them the question is gone.
        return [Act(Doing.FORGET, _DELETED_ON[gone[0]], pair)]
    survivor = _seen(situation.crm, pair.crm_id) or _seen(situation.server, pair.server_id)
    # A survivor that is wanted all along is not to bring the deleted one back.
    parting = Parting.APART if survivor is not None and not survivor.is_wanted else Parting.KEPT
    return [Act(Doing.UNLINK, _DELETED_ON[gone[0]], pair, parting=parting)]


def _decide_alone(situation: Situation, pair: Pair, crm: Item | None, server: Item | None) -> Decided:
    """Return what becomes of a survivor: a newcomer again once a person acts, and till then nothing."""
    survivor, side = (crm, Side.CRM) if crm is not None else (server, Side.SERVER)
    if survivor is None:
        return []
    if pair.decision is Decision.ACCEPT and survivor.is_wanted:
        if pair.kind.is_outward and side is Side.SERVER:
            # It becomes what newcomers of its kind become, which is what the server says that it is.
            return [Act(Doing.FORGET, Reason.DECIDED_MAKE, pair)]
        ailing = ailment(survivor, side, situation)
        return [ailing or creation(situation, pair, survivor, side.other, Reason.DECIDED_MAKE)]
    if pair.decision is Decision.REJECT:
        return [Act(Doing.UNLINK, Reason.DECIDED_SKIP, pair, parting=Parting.KEPT)]
    if pair.decision is Decision.ASKED and survivor.version != pair.snapshot(side).version:
        # It is another one now, of which nobody has been asked yet.
        return [Act(Doing.FORGET, _CHANGED_ON[side], pair)]
    # What was kept stays alone while it is wanted as before; what was untracked, while it isn't wanted.
    if survivor.is_wanted is (pair.parting is Parting.APART):
        return [Act(Doing.FORGET, Reason.REUNITED if survivor.is_wanted else Reason.UNTRACKED, pair)]
    return []


def _keep_both(situation: Situation, pair: Pair, crm: Item, server: Item) -> Decided:
    """Make each of two that look alike on the other side, the server's in the CRM first.

    The pair stays the record's, and keeps both ids until that is made: so nothing is made twice or
    forgotten when the pass ends between the two.
    """
    for side, item in ((Side.CRM, crm), (Side.SERVER, server)):
        if (ailing := ailment(item, side, situation)) is not None:
            return [ailing]
    made: Decided = []
    is_made = any(each.server_id == server.id for each in situation.pairs if each.id != pair.id)
    if not is_made and server.is_wanted:
        newcomer = newcomer_pair(server, Side.SERVER)
        made.append(creation(situation, newcomer, server, Side.CRM, Reason.DECIDED_DIFFERENT))
    alone = replace(pair, server_id=None, uid=crm.identity.uid)
    if not crm.is_wanted:
        return [*made, Act(Doing.UNLINK, Reason.DECIDED_DIFFERENT, alone, parting=Parting.APART)]
    return [*made, creation(situation, alone, crm, Side.SERVER, Reason.DECIDED_DIFFERENT)]


def _seen(view: View, item_id: str | None) -> Item | None:
    return None if item_id is None or item_id in view.gone else view.items.get(item_id)


def _read(view: View, item_id: str | None) -> Item | None:
    """Return an item that was looked for, or None when it is gone; what was not looked for is neither."""
    item = _seen(view, item_id)
    if item is None and item_id not in view.gone:
        raise LookupError(f"{item_id} must be read before a plan is made")
    return item


_DECISIONS: Mapping[Decision, tuple[Doing, Reason, Parting]] = {
    Decision.ACCEPT: (Doing.LINK, Reason.DECIDED_SAME, Parting.NONE),
    Decision.REJECT: (Doing.UNLINK, Reason.DECIDED_SKIP, Parting.KEPT),
}
_CHANGED_ON = {Side.CRM: Reason.CHANGED_IN_CRM, Side.SERVER: Reason.CHANGED_ON_SERVER}
_DELETED_ON = {Side.CRM: Reason.DELETED_IN_CRM, Side.SERVER: Reason.DELETED_ON_SERVER}
_RESUMED = {
    Doing.CREATE: _resume_creation,
    Doing.UPDATE: _resume_update,
    Doing.DELETE: _resume_deletion,
}
