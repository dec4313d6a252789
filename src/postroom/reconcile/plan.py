"""The plan: all that is done so that both sides agree, in order, and what is left alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from postroom.reconcile.act import Act, Finding
from postroom.reconcile.item import Item
from postroom.reconcile.newcomers import Paired, decide_newcomers
from postroom.reconcile.pair import UNSEEN, Doing, Link, Pair
from postroom.reconcile.private_days import with_private_days, without_private_days
from postroom.reconcile.reason import Reason
from postroom.reconcile.resume import decide_any
from postroom.reconcile.situation import Situation


@dataclass(frozen=True, slots=True)
class Plan:
    """Acts in the order in which they are done, and findings on items that are left alone."""

    acts: tuple[Act, ...] = ()
    findings: tuple[Finding, ...] = ()


def make_plan(situation: Situation) -> Plan:
    """Return the plan for this situation; the order of what is handed in does not matter.

    Raises `LookupError` when items are missing that `needed_for` names.
    """
    everything, situation = situation, without_private_days(situation)
    made: list[Act | Finding] = []
    moved = _moved(situation)
    # What bears the token of a pending creation belongs to its pair already, on whichever side it is.
    spoken_for = Paired(set(situation.found.values()), set(situation.found.values()), set())
    for pair in situation.pairs:
        decided = [moved[pair.id]] if pair.id in moved else decide_any(situation, pair)
        made += decided
        _speak_for(spoken_for, pair, decided)
    made += decide_newcomers(situation, spoken_for)
    acts = sorted((with_private_days(each, everything) for each in made if isinstance(each, Act)), key=_order)
    findings = sorted((each for each in made if isinstance(each, Finding)), key=_place)
    return Plan(tuple(acts), tuple(findings))


def _speak_for(spoken_for: Paired, pair: Pair, decided: Iterable[Act | Finding]) -> None:
    """Note whose ids a pair speaks for after what was decided; a forgotten one leaves them to newcomers."""
    acts = [each for each in decided if isinstance(each, Act)]
    if any(act.doing is Doing.FORGET for act in acts):
        return
    for known in [act.pair for act in acts] or [pair]:
        spoken_for.crm.add(known.crm_id or "")
        spoken_for.server.add(known.server_id or "")
        if known.uid:
            spoken_for.uids.add(known.uid)


def _moved(situation: Situation) -> Mapping[str, Act]:
    """Return the links of pairs whose item is there under a new id, which is no deletion."""
    vanished = [pair for pair in situation.pairs if _lacks_item(situation, pair)]
    if not vanished:
        return {}
    taken = {pair.server_id for pair in situation.pairs}
    marked: dict[str, list[Item]] = defaultdict(list)
    for item in situation.server.items.values():
        if item.id not in taken and item.id not in situation.server.gone:
            marked[item.identity.crm_id].append(item)
            marked[item.identity.uid].append(item)
    found: dict[str, Act] = {}
    for pair in vanished:
        items = marked.get(pair.crm_id or "-") or marked.get(pair.uid or "-") or []
        if len(items) == 1 and items[0].kind is pair.kind.on_server:
            found |= _relink(pair, items[0])
    return found


def _lacks_item(situation: Situation, pair: Pair) -> bool:
    return pair.server_id in situation.server.gone or (
        pair.server_id is None and pair.link is Link.UNLINKED and pair.crm_id is not None
    )


def _relink(pair: Pair, item: Item) -> Mapping[str, Act]:
    # What was agreed stays agreed, so that an edit made along with the move is still seen as one.
    moved = replace(pair, server_id=item.id, server=replace(pair.server, version=UNSEEN))
    if pair.link is not Link.UNLINKED:
        return {pair.id: Act(Doing.LINK, Reason.MOVED, moved, server=item)}
    if item.is_wanted and pair.crm_id is not None and pair.question is None:
        return {pair.id: Act(Doing.LINK, Reason.REUNITED, moved, server=item)}
    return {}


def _order(act: Act) -> tuple[bool, int, str, str, str]:
    """Links first and deletions last: what was only moved is found before anything is removed.

    Behind all others stands what has lost its answers before: a pass may end there once more.
    """
    failure = act.pair.failure
    is_doubtful = failure is not None and failure.lost > 0
    side = act.side.value if act.side else ""
    return (is_doubtful, act.doing, act.pair.crm_id or "", act.pair.server_id or "", side)


def _place(finding: Finding) -> tuple[str, str, int]:
    return (finding.side.value, finding.item_id, finding.reason)
