"""A tiny executor of plans over two sides: journals, acts, agrees; may be killed between any two steps."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from postroom.errors import StaleVersion, TransportError
from postroom.ports.items import Feed, ItemSide, Removal
from postroom.reconcile.act import Act
from postroom.reconcile.agree import Answer, Written, failed, journalled, settled
from postroom.reconcile.changes import View
from postroom.reconcile.conflict import Overwritten
from postroom.reconcile.fields import directions_of
from postroom.reconcile.guard import Limits, Reading, guard
from postroom.reconcile.item import Item, Kind, Side
from postroom.reconcile.notice import Occasion
from postroom.reconcile.pair import Doing, Pair
from postroom.reconcile.plan import Plan, make_plan
from postroom.reconcile.policy import Policy
from postroom.reconcile.situation import Situation, needed_for, strangers, tokens_to_find, uids_to_find
from postroom.schema.choices import SyncDirection

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
#: Limits that hold nothing back, for tests of something else.
UNLIMITED = Limits(most_deletions=10**9, most_updates=10**9, most_notices=10**9, emptied_from=10**9)


class Killed(Exception):  # noqa: N818
    """The process died here."""


@dataclass
class Synchronizer:
    """Both sides, what is stored between passes, and the point at which the next pass dies."""

    crm: ItemSide
    server: ItemSide
    pairs: dict[str, Pair] = field(default_factory=dict)
    marks: dict[Side, str | None] = field(default_factory=lambda: {Side.CRM: None, Side.SERVER: None})
    policy: Policy = field(default_factory=Policy)
    limits: Limits = UNLIMITED
    now: datetime = NOON
    occasion: Occasion = Occasion.USUAL
    clashes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: What an administrator has chosen.
    chosen: dict[Kind, dict[str, SyncDirection]] = field(default_factory=dict)
    overwritten: list[Overwritten] = field(default_factory=list)
    made: int = 0
    #: Steps until the pass dies; None when it does not.
    dies_after: int | None = None

    def side(self, side: Side) -> ItemSide:
        return self.crm if side is Side.CRM else self.server

    def step(self) -> Plan:
        """Make one pass and return what was planned."""
        views, marks, reading = self._look()
        guarded = guard(self.plan(views), len(self.pairs), reading, self.limits)
        plan = guarded.plan
        # What is held back must be seen again by the next pass.
        dirty = bool(guarded.withheld)
        for act in plan.acts:
            dirty |= not self._carry_out(act)
        self._live()
        if not dirty and reading is Reading.WHOLE:
            self.marks = marks
        return plan

    def plan(self, views: dict[Side, View] | None = None) -> Plan:
        """Return what the next pass would do."""
        if views is None:
            views, _, _ = self._look()
        found: dict[str, str] = {}
        for side, tokens in tokens_to_find(self.pairs.values()).items():
            found |= self.side(side).find_by_token(tokens)
        return make_plan(
            Situation(
                views[Side.CRM],
                views[Side.SERVER],
                tuple(self.pairs.values()),
                self.now,
                self.policy,
                {kind: directions_of(kind, self.policy, self.chosen.get(kind)) for kind in Kind},
                found,
                self.occasion,
                self.clashes,
            )
        )

    def settle(self, most: int = 12) -> int:
        """Make passes until one finds nothing to do, and return how many that took."""
        for number in range(most):
            if not self.step().acts:
                return number
        raise AssertionError(f"still not settled after {most} passes: {self.plan().acts}")

    def _look(self) -> tuple[dict[Side, View], dict[Side, str | None], Reading]:
        views, marks, reading = {}, dict(self.marks), Reading.WHOLE
        for side in Side:
            items: dict[str, Item] = {}
            gone: set[str] = set()
            is_whole = False
            try:
                for page in self.side(side).changes(self.marks[side]):
                    items |= {item.id: item for item in page.items}
                    gone |= set(page.gone)
                    marks[side] = page.mark
                    is_whole |= page.feed is Feed.WHOLE
            except TransportError:
                reading = Reading.PARTIAL
            if is_whole:
                missing = {pair.id_on(side) for pair in self.pairs.values()} - items.keys() - {None}
                self._fetch(side, missing, items, gone)
            views[side] = View(items, gone)
        self._complete(views)
        return views, marks, reading

    def _complete(self, views: dict[Side, View]) -> None:
        found = strangers(self.pairs.values(), views[Side.CRM], views[Side.SERVER])
        for side in Side:
            view, new = views[side], found[side.other]
            uids = sorted({item.identity.uid for item in new} - {""})
            ids = {each for alike in self.side(side).find_by_uid(uids).values() for each in alike}
            ids |= set(self.side(side).find_alike([item for item in new if item.is_wanted]))
            self._fetch(side, ids - view.items.keys(), view.items, view.gone)
        for side, ids in needed_for(self.pairs.values(), views[Side.CRM], views[Side.SERVER]).items():
            self._fetch(side, ids, views[side].items, views[side].gone)
        self._find_moved(views[Side.SERVER])

    def _find_moved(self, view: View) -> None:
        uids = uids_to_find(self.pairs.values(), view)
        ids = {each for alike in self.server.find_by_uid(uids).values() for each in alike}
        self._fetch(Side.SERVER, ids - view.items.keys(), view.items, view.gone)

    def _fetch(self, side: Side, ids: set[str], items: dict[str, Item], gone: set[str]) -> None:
        got = self.side(side).get(sorted(ids))
        items |= got
        gone |= ids - got.keys()

    def _carry_out(self, act: Act) -> bool:
        """Do one act and say whether it was done."""
        pair = self.pairs.get(act.pair.id) or replace(act.pair, id=self._number("pair"))
        written = None
        if act.doing.writes:
            pair = journalled(pair, act, self._number("token"))
            self._store(pair)
            self.overwritten += act.overwritten
            try:
                written = self._write(act, pair)
            except StaleVersion as stale:
                self._store(failed(pair, act, str(stale), Answer.REFUSED))
                return False
            except TransportError as lost:
                self._store(failed(pair, act, str(lost), Answer.LOST))
                return False
        after = settled(pair, act, written)
        if act.doing in (Doing.LINK, Doing.CREATE) and after and after.server_id and after.crm_id:
            self._live()
            self.server.note(after.server_id, after.crm_id)
        self._store(after, pair.id)
        return True

    def _write(self, act: Act, pair: Pair) -> Written | None:
        assert act.side is not None
        self._live()
        side = self.side(act.side)
        if act.doing is Doing.DELETE:
            side.delete(act.item_id, act.based_on, Removal.TO_DELETED_ITEMS, act.sends)
            return None
        if act.doing is Doing.CREATE:
            assert act.draft is not None
            assert pair.pending is not None
            item_id, version = side.create(act.draft, pair.pending.token, act.sends)
        else:
            item_id = act.item_id
            version = side.update(item_id, act.based_on, act.fields, act.sends)
        self._live()
        return Written(item_id, version, side.get([item_id]).get(item_id))

    def _store(self, pair: Pair | None, pair_id: str = "") -> None:
        self._live()
        if pair is None:
            self.pairs.pop(pair_id, None)
        else:
            self.pairs[pair.id] = pair

    def _live(self) -> None:
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                self.dies_after = None
                raise Killed

    def _number(self, what: str) -> str:
        self.made += 1
        return f"{what}-{self.made:06}"
