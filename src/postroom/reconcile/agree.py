"""Agreeing: what a pair is before an act is done, after it, and when it failed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from postroom.reconcile.act import Act
from postroom.reconcile.fingerprint import fingerprint, fingerprints
from postroom.reconcile.item import Item, Side
from postroom.reconcile.pair import (
    UNSEEN,
    Decision,
    Doing,
    Failure,
    Link,
    Pair,
    Parting,
    Pending,
    Snapshot,
)
from postroom.reconcile.reason import Reason


@dataclass(frozen=True, slots=True)
class Written:
    """What a side answered to an act."""

    id: str
    version: str
    #: The item as it was read again; None when it was not.
    item: Item | None = None


class Answer(Enum):
    """What is known of an act that failed."""

    #: It was not done, for certain.
    REFUSED = "refused"
    #: It may have been done, and the server answers other requests.
    LOST = "lost"
    #: It may have been done, and the server fails as a whole.
    SERVER_FAILS = "the server fails"


def journalled(pair: Pair, act: Act, token: str = "") -> Pair:
    """Return the pair as it must be stored before this act is done.

    `pair` is the stored one; of a newcomer it is the act's, with the id that it was given. The token is
    new, unless the act brings one. What the act overwrites is stored along with it: after a crash the values
    are gone.
    """
    assert act.side is not None  # noqa: S101
    pending = Pending(act.doing, act.side, act.token or token, _to_be_written(act), act.parting)
    if act.doing is Doing.CREATE:
        pair = replace(pair.with_id(act.side, None), link=Link.PENDING, parting=Parting.NONE)
    return replace(pair, pending=pending)


def settled(pair: Pair, act: Act, written: Written | None = None) -> Pair | None:
    """Return the pair as it is stored once this act is done, or None when there is nothing to remember.

    `pair` is the stored one; `written` is what the side answered where something was written.
    """
    if act.reason is Reason.MOVED:
        return replace(act.pair, id=pair.id)
    if act.doing is Doing.LINK or act.reason is Reason.ANSWER_FOUND:
        return _resumed(pair, act)
    pair = replace(pair, pending=None, failure=None)
    if act.doing is Doing.ASK:
        return _asked(pair, act)
    if act.doing in (Doing.UNLINK, Doing.FORGET, Doing.DELETE):
        return _parted(pair, act)
    return _answered(_agreed(pair, act, written), act)


def failed(pair: Pair, act: Act, words: str, answer: Answer) -> Pair:
    """Return the pair as it is stored when this act failed.

    What may have been done stays pending. It is counted where it may be the item's doing: a server that
    fails as a whole makes no item rest.
    """
    if answer is Answer.SERVER_FAILS:
        return pair
    failure = _counted(pair.failure, act, words, answer)
    # To try once more was all that the user could have asked for; an answer to a question is kept.
    decision = pair.decision if pair.question else Decision.NONE
    pair = replace(pair, failure=failure, decision=decision)
    if answer is Answer.LOST or pair.pending is None:
        return pair
    # A creation keeps its token, under which it is tried again.
    pending = replace(pair.pending, is_refused=True) if act.doing is Doing.CREATE else None
    return replace(pair, pending=pending)


def _counted(before: Failure | None, act: Act, words: str, answer: Answer) -> Failure:
    crm = act.crm.version if act.crm else ""
    server = act.server.version if act.server else ""
    if before is None or (before.crm_version, before.server_version) != (crm, server):
        before = Failure(0, crm, server)
    if answer is Answer.LOST:
        return replace(before, words=words, lost=before.lost + 1)
    return replace(before, words=words, times=before.times + 1)


def _to_be_written(act: Act) -> Mapping[str, tuple[str, str]]:
    source = act.item_on(act.side.other) if act.side else None
    if act.doing is Doing.DELETE or source is None:
        return {}
    target = act.draft.fields if act.draft is not None else act.fields
    names = act.names if act.draft is not None else tuple(act.fields.keys() - act.unsettled)
    there, here = fingerprints(target, names), fingerprints(source.fields, names)
    if act.side is Side.SERVER:
        return {name: (here[name], there[name]) for name in names}
    return {name: (there[name], here[name]) for name in names}


def _resumed(pair: Pair, act: Act) -> Pair | None:
    """Return the act's own pair, in which is already settled what the planner found out."""
    if act.doing in (Doing.FORGET, Doing.UNLINK):
        return _parted(replace(pair, pending=None), act)
    return replace(
        act.pair,
        id=pair.id,
        link=Link.LINKED,
        parting=Parting.NONE,
        crm=replace(act.pair.crm, version=UNSEEN),
        server=replace(act.pair.server, version=UNSEEN),
        pending=None,
        # What was not done after all counts on; what was done, or found its counterpart, begins anew.
        failure=act.pair.failure if act.doing is Doing.AGREE else None,
        decision=pair.decision if act.doing is Doing.AGREE else Decision.NONE,
        question=pair.question if act.doing is Doing.AGREE else None,
    )


def _asked(pair: Pair, act: Act) -> Pair:
    """Return the pair with its question; one that was never linked is left as it is until it changes."""
    pair = replace(pair, decision=Decision.ASKED, question=act.question)
    if pair.link is Link.LINKED:
        return pair
    for side in Side:
        if (item := act.item_on(side)) is not None:
            pair = pair.with_snapshot(side, Snapshot(item.version))
    return pair


def _answered(pair: Pair, act: Act) -> Pair:
    """Return the pair without what this act has settled of its question."""
    question = pair.question and pair.question.without({*act.settles, *act.fields})
    if act.doing is Doing.CREATE or UNSEEN not in (pair.crm.version, pair.server.version):
        question = None
    return replace(pair, question=question, decision=pair.decision if question else Decision.NONE)


def _parted(pair: Pair, act: Act) -> Pair | None:
    if act.parting is Parting.NONE:
        return None
    if act.doing is Doing.DELETE and act.side is not None:
        pair = pair.with_id(act.side, None)
    else:
        pair = replace(pair, crm_id=act.pair.crm_id, server_id=act.pair.server_id)
    return replace(pair, link=Link.UNLINKED, parting=act.parting, decision=Decision.NONE, question=None)


def _agreed(pair: Pair, act: Act, written: Written | None) -> Pair:
    every = act.names if act.doing is Doing.CREATE else act.settles | set(act.fields)
    names = frozenset(every) - act.unsettled
    uid = pair.uid
    for side in Side:
        item = act.item_on(side)
        if side is act.side and written is not None:
            item = _after(act, item, written)
            pair = pair.with_id(side, written.id)
        if item is not None:
            uid = item.identity.uid or uid
            # Where it was written it counts as an edit, for the other side to get.
            seen = names if side is act.side else names | act.unsettled
            pair = pair.with_snapshot(side, _snapshot(pair.snapshot(side), item, seen, act.names))
    part = act.crm.part if act.crm is not None else pair.part
    return replace(pair, link=Link.LINKED, parting=Parting.NONE, part=part, uid=uid)


def _after(act: Act, before: Item | None, written: Written) -> Item | None:
    """Return the written item as the side has it now, or as it was to be when nobody looked."""
    basis = act.draft or before
    # Read again under another version, it may hold what somebody else wrote meanwhile.
    if basis is None or (written.item is not None and written.item.version == written.version):
        return written.item
    return replace(basis, id=written.id, version=written.version, fields={**basis.fields, **act.fields})


def _snapshot(old: Snapshot, item: Item, settles: Collection[str], names: Collection[str]) -> Snapshot:
    prints = {**old.prints, **fingerprints(item.fields, settles)}
    is_whole = all(prints.get(name) == fingerprint(item.fields.get(name)) for name in names)
    return Snapshot(item.version if is_whole else UNSEEN, prints)
