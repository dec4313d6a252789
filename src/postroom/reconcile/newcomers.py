"""Newcomers: items without a pair, put together with each other or made on the other side."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from postroom.reconcile.act import Act, Finding
from postroom.reconcile.draft import creation, newcomer_pair
from postroom.reconcile.health import ailment_of_newcomer, finding, notes
from postroom.reconcile.item import Identity, Item, Side
from postroom.reconcile.match import match
from postroom.reconcile.pair import Doing, Link, Pair, Parting
from postroom.reconcile.policy import Clashes, Duplicates
from postroom.reconcile.question import About, Question, alike
from postroom.reconcile.reason import Reason
from postroom.reconcile.situation import Situation


@dataclass(frozen=True, slots=True)
class Paired:
    """Ids that pairs speak for."""

    crm: set[str]
    server: set[str]
    uids: set[str]

    def on(self, side: Side) -> set[str]:
        """Return the ids of that side."""
        return self.crm if side is Side.CRM else self.server


def decide_newcomers(situation: Situation, paired: Paired) -> Iterator[Act | Finding]:
    """Yield what becomes of every item that no pair speaks for."""
    found: list[Finding] = []
    crm = _newcomers(situation, Side.CRM, paired, found)
    server = _originals(situation, _newcomers(situation, Side.SERVER, paired, found), paired, found)
    matching = match(crm, server, situation.policy)
    yield from (*found, *matching.findings)
    for mine, theirs, reason in matching.matches:
        yield from _link(situation, mine, theirs, reason)
    for side, left in ((Side.CRM, matching.crm), (Side.SERVER, matching.server)):
        for item in left.values():
            yield from _make(situation, item, side)


def _newcomers(situation: Situation, side: Side, paired: Paired, found: list[Finding]) -> list[Item]:
    """Return the items of a side that have no pair, without those that share the calendar id of one."""
    spoken_for, view, kept = paired.on(side), situation.view(side), []
    for item in view.items.values():
        if item.id in spoken_for or item.id in view.gone:
            continue
        if item.identity.uid not in paired.uids:
            kept.append(item)
        elif item.is_wanted:
            found.append(finding(Reason.DUPLICATE_UID, side, item))
    return kept


def _originals(
    situation: Situation, items: Iterable[Item], paired: Paired, found: list[Finding]
) -> list[Item]:
    """Return the server's newcomers without copies of items that are paired."""
    kept = []
    for item in items:
        if not item.identity.crm_id or item.identity.crm_id not in paired.crm:
            kept.append(item)
        elif not situation.policy.ignore_copies:
            kept.append(replace(item, identity=Identity(item.identity.uid)))
        elif item.is_wanted:
            found.append(finding(Reason.IGNORED_COPY, Side.SERVER, item, item.identity.crm_id))
    return kept


def _link(situation: Situation, crm: Item, server: Item, reason: Reason) -> Iterator[Act | Finding]:
    if not (crm.is_wanted and server.is_in_scope):
        yield from _name_unwanted(crm, server, reason)
        return
    uid = server.identity.uid or crm.identity.uid
    pair = Pair("", crm.kind, crm.id, server.id, uid, part=crm.part)
    by_content = reason is Reason.MATCHED_BY_CONTENT
    if by_content and situation.policy.duplicates is Duplicates.ASK:
        pair = replace(pair, link=Link.UNLINKED, parting=Parting.APART)
        yield Act(Doing.ASK, Reason.LOOKS_ALIKE, pair, crm=crm, server=server, question=alike(crm, server))
    else:
        yield Act(Doing.LINK, reason, pair, crm=crm, server=server)


def _name_unwanted(crm: Item, server: Item, reason: Reason) -> Iterator[Finding]:
    """Name the item that is wanted although the one it belongs to is not; another is not made of it."""
    for item, side, other in ((crm, Side.CRM, server), (server, Side.SERVER, crm)):
        if item.is_wanted and not other.is_wanted:
            why = Reason.LEFT_SCOPE if other.is_tracked else Reason.UNTRACKED
            alike = reason is Reason.MATCHED_BY_CONTENT
            yield finding(Reason.LOOKS_ALIKE if alike else why, side, item, other.id)


def _clash(situation: Situation, item: Item, side: Side) -> Finding | None:
    others = situation.clashes.get(item.id, ())
    if side is Side.CRM or not others or situation.policy.clashes is Clashes.IGNORE:
        return None
    return finding(Reason.CLASHES, side, item, words=" ".join(others))


def _make(situation: Situation, item: Item, side: Side) -> Iterator[Act | Finding]:
    if not item.is_wanted:
        return
    ailing = ailment_of_newcomer(item, side, situation)
    if ailing is not None:
        yield ailing
        return
    yield from notes(item, side)
    clash = _clash(situation, item, side)
    if clash is not None and situation.policy.clashes is Clashes.ASK:
        pair = replace(newcomer_pair(item, side), link=Link.UNLINKED, parting=Parting.KEPT)
        question = Question(About.BOOKING, words=clash.words)
        yield Act(Doing.ASK, Reason.CLASHES, pair, server=item, question=question)
        return
    if clash is not None:
        yield clash
    reason = Reason.NEW_IN_CRM if side is Side.CRM else Reason.NEW_ON_SERVER
    yield creation(situation, newcomer_pair(item, side), item, side.other, reason)
