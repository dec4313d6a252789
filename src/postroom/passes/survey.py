"""Looking at both sides of a mailbox's items: what changed, and the plan that follows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection

from postroom.errors import TransportError
from postroom.passes.context import Context
from postroom.passes.item_policy import directions_for, policy_of_items
from postroom.passes.planning import plan_of
from postroom.passes.sides import Sides
from postroom.ports.items import Feed
from postroom.reconcile.changes import View
from postroom.reconcile.guard import Guarded, Limits, Reading, guard
from postroom.reconcile.item import Item, Side, Span
from postroom.reconcile.notice import Occasion
from postroom.reconcile.pair import Pair
from postroom.reconcile.plan import Plan
from postroom.reconcile.policy import Clashes, Policy
from postroom.reconcile.situation import Situation, needed_for, strangers, tokens_to_find, uids_to_find
from postroom.reconcile.status import ShowAs
from postroom.store import bookings, marks, pairs
from postroom.store.mailboxes import Setup

#: Under which places the marks of the two sides are kept.
PLACES = {Side.CRM: "items:crm", Side.SERVER: "items:server"}
#: Where it is noted that the mailbox has been synchronized once from end to end.
FIRST_DONE = "items:first"
#: Where it is noted how many pairs there were when all was settled; another number means that some got lost.
COUNTED = "items:pairs"
#: Where it is noted that a person has seen what is held back and wants it done.
APPROVED = "items:approved"
#: What such a pass may do.
UNLIMITED = Limits(most_deletions=10**9, most_updates=10**9, most_notices=10**9, emptied_from=10**9)


@dataclass(slots=True)
class Survey:
    """What a look at both sides came to."""

    guarded: Guarded
    pairs: dict[str, Pair]
    #: What is to be remembered when all of the plan is done.
    marks: dict[str, str]
    reading: Reading
    occasion: Occasion
    #: What kept a side from being read to its end.
    failure: TransportError | None = None


@dataclass(slots=True)
class _Look:
    """Both sides as they are being read."""

    sides: Sides
    known: Mapping[Side, str]
    pairs: dict[str, Pair]
    items: dict[Side, dict[str, Item]] = field(default_factory=lambda: {side: {} for side in Side})
    gone: dict[Side, set[str]] = field(default_factory=lambda: {side: set() for side in Side})
    marks: dict[str, str] = field(default_factory=dict)
    reading: Reading = Reading.WHOLE
    failure: TransportError | None = None

    def read(self, side: Side) -> None:
        """Read what changed on a side; what was read before a break stays true."""
        is_whole = False
        try:
            for page in self.sides.of(side).changes(self.known.get(side) or None):
                self.items[side].update((item.id, item) for item in page.items)
                self.gone[side].update(page.gone)
                self.marks[PLACES[side]] = page.mark
                is_whole = is_whole or page.feed is Feed.WHOLE
        except TransportError as failure:
            self.reading, self.failure = Reading.PARTIAL, failure
        if is_whole:
            # Of what is not among everything there is, it is asked once more: absence is no deletion.
            missing = {pair.id_on(side) for pair in self.pairs.values()} - self.items[side].keys()
            self.fetch(side, {each for each in missing if each})

    def fetch(self, side: Side, ids: Collection[str]) -> None:
        """Read single items; those that are not there are gone."""
        if ids:
            got = self.sides.of(side).get(sorted(ids))
            self.items[side].update(got)
            self.gone[side].update(set(ids) - got.keys())

    def view(self, side: Side) -> View:
        """Return that side as far as it was read."""
        return View(self.items[side], self.gone[side])

    def complete(self) -> None:
        """Read what the plan needs beside what has changed."""
        known = self.pairs.values()
        unknown = strangers(known, self.view(Side.CRM), self.view(Side.SERVER))
        for side in Side:
            if new := unknown[side.other]:
                self.fetch(side, self._counterparts(side, new) - self.items[side].keys())
        for side, ids in needed_for(known, self.view(Side.CRM), self.view(Side.SERVER)).items():
            self.fetch(side, ids)
        self._find_by_uid(Side.SERVER, uids_to_find(known, self.view(Side.SERVER)))

    def _counterparts(self, side: Side, new: Sequence[Item]) -> set[str]:
        """Return the ids on this side of what may belong to items that only the other one has."""
        asked = self.sides.of(side)
        uids = sorted({item.identity.uid for item in new} - {""})
        found = {each for ids in asked.find_by_uid(uids).values() for each in ids} if uids else set()
        return found | set(asked.find_alike([item for item in new if item.is_wanted]))

    def _find_by_uid(self, side: Side, uids: Sequence[str]) -> None:
        if uids:
            found = self.sides.of(side).find_by_uid(uids)
            self.fetch(side, {each for ids in found.values() for each in ids} - self.items[side].keys())

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing has changed on either side."""
        return not any(self.items[side] or self.gone[side] for side in Side)


def survey(context: Context, setup: Setup, sides: Sides, user: UUID) -> Survey:
    """Look at both sides and return what is to be done; writes nothing anywhere.

    An unchanged mailbox costs what its two sides ask to say so; its pairs are not even read.
    """
    with context.database.read() as connection:
        kept = marks.read(connection, setup.mailbox_id)
        is_waiting = pairs.has_unfinished(connection, user)
        if kept.get(COUNTED, "0") != str(pairs.count(connection, user)):
            kept = {place: mark for place, mark in kept.items() if place not in PLACES.values()}
    look = _Look(sides, {side: kept.get(place, "") for side, place in PLACES.items()}, {})
    is_fresh = not all(look.known.values())
    if is_fresh or is_waiting:
        look.pairs = _read_pairs(context, user)
    for side in Side:
        look.read(side)
    if look.is_empty and not (is_fresh or is_waiting):
        return Survey(Guarded(Plan()), {}, look.marks, look.reading, Occasion.USUAL, look.failure)
    look.pairs = look.pairs or _read_pairs(context, user)
    look.complete()
    occasion = Occasion.USUAL if kept.get(FIRST_DONE) else Occasion.FIRST
    plan = plan_of(_situation(context, setup, look, occasion))
    limits = UNLIMITED if kept.get(APPROVED) and look.reading is Reading.WHOLE else None
    guarded = guard(plan, len(look.pairs), look.reading, limits)
    return Survey(guarded, look.pairs, look.marks, look.reading, occasion, look.failure)


def _read_pairs(context: Context, user: UUID) -> dict[str, Pair]:
    with context.database.read() as connection:
        return pairs.read(connection, user)


def _situation(context: Context, setup: Setup, look: _Look, occasion: Occasion) -> Situation:
    found: dict[str, str] = {}
    for side, tokens in tokens_to_find(look.pairs.values()).items():
        if tokens:
            found |= look.sides.of(side).find_by_token(tokens)
    policy = policy_of_items(setup.organization)
    with context.database.read() as connection:
        directions = directions_for(connection, setup, policy)
        clashes = _clashes(connection, setup, policy, look)
    return Situation(
        look.view(Side.CRM),
        look.view(Side.SERVER),
        tuple(look.pairs.values()),
        context.clock.now(),
        policy,
        directions,
        found,
        occasion,
        clashes,
    )


def _clashes(
    connection: Connection, setup: Setup, policy: Policy, look: _Look
) -> Mapping[str, Sequence[str]]:
    """Return what else the user has at the times of appointments that only the server has."""
    if policy.clashes is Clashes.IGNORE:
        return {}
    new = strangers(look.pairs.values(), look.view(Side.CRM), look.view(Side.SERVER))[Side.SERVER]
    spans = {
        item.id: (span.start_at, span.end_at)
        for item in new
        if item.is_wanted and item.fields.get("show_as") is not ShowAs.FREE
        if isinstance(span := item.fields.get("time"), Span)
    }
    found = bookings.clashes_of(connection, setup.mailbox["regardingobjectid"], spans)
    return {item_id: [each.words for each in conflicts] for item_id, conflicts in found.items()}
