"""Two sides that people edit and that fail in every way agree in the end, and no edit is lost unseen."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.items import a_call, a_contact, a_meeting, a_series, a_service, a_task
from tests.support.synchronizing import NOON, Killed, Synchronizer

from postroom.reconcile.changes import View
from postroom.reconcile.fields import NAMED, is_one_way
from postroom.reconcile.fingerprint import fingerprints
from postroom.reconcile.item import Attendee, Item, Kind, Part, Side
from postroom.reconcile.notice import Notice
from postroom.reconcile.pair import Link, Pair, Snapshot
from postroom.reconcile.plan import Plan, make_plan
from postroom.reconcile.policy import ContactDeletion, Policy, TaskDeletion
from postroom.reconcile.situation import Situation, needed_for
from postroom.reconcile.status import ShowAs, says_the_same
from postroom.schema.choices import AppointmentStatus
from postroom.servers.memory_items import Fault, MemoryItems

sides = st.sampled_from(Side)
numbers = st.integers(0, 10**6)
kinds = st.sampled_from(
    ["contact", "task", "call", "service", "meeting", "past meeting", "guest's meeting", "series"]
)
texts = st.sampled_from(["subject", "body", "location"])


class TwoSides(RuleBasedStateMachine):
    """People at both sides, a synchronizer between them, and everything that goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.crm, self.server = MemoryItems(Side.CRM, page_size=3), MemoryItems(Side.SERVER, page_size=3)
        policy = Policy(contact_deletion=ContactDeletion.DELETE_IF_OWNER)
        self.sync = Synchronizer(self.crm, self.server, policy=policy)
        self.count = 0
        #: What people wrote and nobody has seen being replaced.
        self.live: set[Any] = set()
        #: Guests of meetings that the user organizes and that are to come.
        self.may_be_told: set[str] = set()
        #: How often a person had a meeting's item or record deleted, by guest.
        self.dropped: Counter[str] = Counter()
        #: Phone calls and service activities that people made.
        self.made_outward: set[str] = set()

    def at(self, side: Side) -> MemoryItems:
        return self.crm if side is Side.CRM else self.server

    def pick(self, side: Side, number: int) -> Item | None:
        items = list(self.at(side).items.values())
        return items[number % len(items)] if items else None

    def word(self) -> str:
        self.count += 1
        word = f"word {self.count}"
        self.live.add(word)
        return word

    @initialize(made=st.lists(st.tuples(sides, kinds), max_size=4))
    def begin(self, made: list[tuple[Side, str]]) -> None:
        """Begin with items that are synchronized already."""
        for side, kind in made:
            self.make(side, kind)
        self.sync.settle()

    @rule(side=sides, kind=kinds)
    def make(self, side: Side, kind: str) -> None:
        word = self.word()
        if kind == "contact":
            item = a_contact(word, modified_at=self.now())
        elif kind in ("call", "service") and side is Side.CRM:
            item = (a_call if kind == "call" else a_service)(word, modified_at=self.now())
        elif kind in ("task", "call", "service"):
            item = a_task(word, side, modified_at=self.now())
        else:
            item = self.a_calendar_item(word, side, kind)
        made = self.at(side).put(item)
        if made.kind.is_outward:
            self.made_outward.add(made.id)

    def a_calendar_item(self, word: str, side: Side, kind: str) -> Item:
        guest = Attendee(f"guest of {word}")
        days = -3 if kind == "past meeting" else 3
        maker = a_series if kind == "series" else a_meeting
        part = Part.GUEST_OF_OUTSIDER if kind == "guest's meeting" else Part.OWNER
        if kind in ("meeting", "series"):
            self.may_be_told.add(guest.key)
        made = maker(word, side, days, part=part, modified_at=self.now())
        return replace(made, fields={**made.fields, "required": frozenset({guest})})

    @rule(side=sides, number=numbers, name=texts)
    def edit(self, side: Side, number: int, name: str) -> None:
        item = self.pick(side, number)
        if item is None:
            return
        name = "job_title" if item.kind is Kind.CONTACT and name != "body" else name
        name = "body" if item.kind.on_server is Kind.TASK and name == "location" else name
        self.live.discard(item.fields.get(name))
        self.at(side).edit(item.id, self.now(), **{name: self.word()})

    @rule(number=numbers, mine=texts, theirs=texts, server_first=st.booleans())
    def edit_both(self, number: int, mine: str, theirs: str, server_first: bool) -> None:
        """Have both sides of one pair edited before either is synchronized."""
        whole = [pair for pair in self.sync.pairs.values() if pair.crm_id and pair.server_id]
        if not whole:
            return
        pair = whole[number % len(whole)]
        edits = [(Side.CRM, pair.crm_id, mine), (Side.SERVER, pair.server_id, theirs)]
        for side, item_id, name in reversed(edits) if server_first else edits:
            if item_id in self.at(side).items:
                self.edit(side, list(self.at(side).items).index(item_id), name)

    @rule(number=numbers, show=st.sampled_from(ShowAs))
    def show_on_server(self, number: int, show: ShowAs) -> None:
        item = self.pick(Side.SERVER, number)
        if item is not None and item.kind.is_calendar:
            self.server.edit(item.id, self.now(), show_as=show)

    @rule(number=numbers, status=st.sampled_from([AppointmentStatus.FREE, AppointmentStatus.BUSY]))
    def show_in_crm(self, number: int, status: AppointmentStatus) -> None:
        item = self.pick(Side.CRM, number)
        if item is not None and item.kind.is_calendar and not item.kind.is_outward:
            self.crm.edit(item.id, self.now(), show_as=status)

    @rule(side=sides, number=numbers)
    def edit_series(self, side: Side, number: int) -> None:
        item = self.pick(side, number)
        if item is not None and item.kind is Kind.SERIES:
            rule = ("weekly", self.word())
            self.live -= set(item.fields["recurrence"])  # type: ignore[call-overload]
            self.at(side).edit(item.id, self.now(), recurrence=rule)

    @rule(side=sides, number=numbers)
    def drop(self, side: Side, number: int) -> None:
        item = self.pick(side, number)
        if item is not None:
            self.live -= _words(item)
            self.dropped.update(attendee.key for attendee in item.attendees)
            self.at(side).drop(item.id)

    @rule(side=sides, number=numbers)
    def change_tracking(self, side: Side, number: int) -> None:
        item = self.pick(side, number)
        if item is not None:
            self.at(side).put(replace(item, is_tracked=not item.is_tracked))

    @rule(side=sides, number=numbers)
    def change_scope(self, side: Side, number: int) -> None:
        item = self.pick(side, number)
        if item is not None:
            self.at(side).put(replace(item, is_in_scope=not item.is_in_scope))

    @rule(number=numbers)
    def move(self, number: int) -> None:
        item = self.pick(Side.SERVER, number)
        if item is not None:
            self.server.move(item.id)

    @rule(side=sides, number=numbers)
    def give_new_version(self, side: Side, number: int) -> None:
        item = self.pick(side, number)
        if item is not None:
            self.at(side).touch(item.id)

    @rule(side=sides, faults=st.lists(st.sampled_from(Fault), max_size=3))
    def fail_next(self, side: Side, faults: list[Fault]) -> None:
        self.at(side).faults = faults

    @rule(side=sides, pages=st.integers(0, 2))
    def break_next_look(self, side: Side, pages: int) -> None:
        self.at(side).breaks_after = pages

    @rule(side=sides)
    def lose_marks(self, side: Side) -> None:
        self.at(side).forget_marks()

    @rule()
    def lose_pairs(self) -> None:
        """Lose the store's memory; what is on the two sides must tell."""
        self.sync.pairs.clear()
        self.sync.marks = {Side.CRM: None, Side.SERVER: None}

    @rule(steps=st.none() | st.integers(0, 12))
    def synchronize(self, steps: int | None) -> None:
        self.crm.now = self.server.now = self.now()
        self.sync.dies_after = steps
        with suppress(Killed):
            self.sync.step()
        self.sync.dies_after = None

    @invariant()
    def nobody_is_told_but_by_the_rules(self) -> None:
        told = [(sends, guest.key) for sends in self.server.told for guest in sends.to]
        assert {guest for _, guest in told} <= self.may_be_told
        invited = Counter(guest for sends, guest in told if sends.notice is Notice.INVITATION)
        for guest, times in invited.items():
            assert times <= 1 + self.dropped[guest]

    @invariant()
    def what_the_crm_alone_makes_comes_from_people(self) -> None:
        there = {item.id for item in self.crm.items.values() if item.kind.is_outward}
        assert there <= self.made_outward

    @invariant()
    def nothing_is_made_twice(self) -> None:
        for side in Side:
            ids = [pair.id_on(side) for pair in self.sync.pairs.values() if pair.id_on(side)]
            assert len(ids) == len(set(ids))
            uids = [item.identity.uid for item in self.at(side).items.values()]
            assert len(uids) == len(set(uids))

    def teardown(self) -> None:
        for side in Side:
            self.at(side).faults, self.at(side).breaks_after = [], None
        self.crm.now = self.server.now = self.now()
        self.sync.settle()
        assert not self.sync.plan().acts
        for pair in self.sync.pairs.values():
            if pair.link is Link.LINKED:
                assert self.server.items[pair.server_id or ""].kind is pair.kind.on_server
            if pair.link is Link.LINKED and not is_one_way(pair.kind):
                self.assert_agreed(pair)
        self.assert_no_edit_lost()
        self.nobody_is_told_but_by_the_rules()
        self.nothing_is_made_twice()

    def assert_agreed(self, pair: Pair) -> None:
        crm, server = self.crm.items[pair.crm_id or ""], self.server.items[pair.server_id or ""]
        for name in {*crm.fields, *server.fields} - {"organizer", "responses"}:
            assert says_the_same(crm, server, name), (name, crm, server)

    def assert_no_edit_lost(self) -> None:
        there: set[Any] = {each.value for each in self.sync.overwritten}
        there |= {word for value in there if isinstance(value, tuple) for word in value}
        for side in Side:
            for item in self.at(side).items.values():
                there |= _words(item)
        assert self.live <= there

    def now(self) -> Any:
        self.count += 1
        return NOON + timedelta(seconds=self.count)


def _words(item: Item) -> set[Any]:
    words: set[Any] = set()
    for value in item.fields.values():
        words |= set(value) if isinstance(value, tuple) else {value}
    return words


TestTwoSides = TwoSides.TestCase
TestTwoSides.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


# -- one plan over any situation

_changes = st.sampled_from(["same", "edited", "edited", "left", "untracked", "deleted", "touched"])


def a_side_of(number: str, change: str, seconds: int) -> tuple[Item | None, Snapshot]:
    """Return a task as a side has it now, and as it was agreed."""
    fields: dict[str, Any] = {"subject": f"Task {number}", "body": "agreed"}
    agreed = Snapshot("1", fingerprints(fields, NAMED[Kind.TASK]))
    if change == "deleted":
        return None, agreed
    if change == "edited":
        fields["body"] = f"edited in {seconds}"
    item = replace(
        a_task(),
        id=number,
        version="1" if change == "same" else "2",
        fields=fields,
        modified_at=NOON + timedelta(seconds=seconds),
        is_in_scope=change != "left",
        is_tracked=change != "untracked",
    )
    return item, agreed


@st.composite
def situations(draw: st.DrawFn) -> tuple[Situation, Situation]:
    """Return a situation, and the same with the sides swapped."""
    items: dict[Side, dict[str, Item]] = {side: {} for side in Side}
    gone: dict[Side, set[str]] = {side: set() for side in Side}
    pairs = []
    for number in map(str, range(draw(st.integers(0, 6)))):
        pair = Pair(f"p{number}", Kind.TASK, number, number)
        changes = draw(st.tuples(_changes, _changes))
        for side, change, seconds in zip(Side, changes, draw(st.permutations([1, 2])), strict=True):
            item, agreed = a_side_of(number, change, seconds)
            pair = pair.with_snapshot(side, agreed)
            if item is not None:
                items[side][number] = item
            else:
                gone[side].add(number)
        pairs.append(pair)
    for number in map(str, range(10, 10 + draw(st.integers(0, 3)))):
        item, _ = a_side_of(number, "same", 1)
        if item is not None:
            items[draw(sides)][number] = item
    policy = Policy(task_deletion=TaskDeletion.DELETE_UNLESS_COMPLETED)
    crm, server = (View(items[side], gone[side]) for side in Side)
    swapped = [replace(pair, crm=pair.server, server=pair.crm) for pair in pairs]
    return Situation(crm, server, pairs, NOON, policy), Situation(server, crm, swapped, NOON, policy)


def _said(plan: Plan, *, swap: bool) -> set[tuple[Any, ...]]:
    said = set()
    for act in plan.acts:
        side = act.side.other if act.side and swap else act.side
        ids = (act.pair.crm_id, act.pair.server_id)
        fields = frozenset((act.draft or act).fields.items())
        lost = frozenset((each.side.other if swap else each.side, each.value) for each in act.overwritten)
        said.add((act.doing, side, ids[::-1] if swap else ids, fields, act.settles, act.parting, lost))
    return said


@given(situations())
def test_swapping_the_sides_swaps_the_plan(both: tuple[Situation, Situation]) -> None:
    here, there = both
    assert _said(make_plan(here), swap=False) == _said(make_plan(there), swap=True)


@given(situations(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_handed_in_does_not_matter(
    both: tuple[Situation, Situation], random: Random
) -> None:
    here, _ = both
    pairs = list(here.pairs)
    random.shuffle(pairs)
    views = []
    for view in (here.crm, here.server):
        items = list(view.items.items())
        random.shuffle(items)
        views.append(View(dict(items), view.gone))
    assert make_plan(replace(here, crm=views[0], server=views[1], pairs=pairs)) == make_plan(here)


@given(situations())
def test_everything_that_a_plan_needs_is_named_before(both: tuple[Situation, Situation]) -> None:
    here, _ = both
    without_crm = replace(here, crm=View({}, here.crm.gone))
    for lacking in (replace(here, server=View({}, here.server.gone)), without_crm):
        named = needed_for(lacking.pairs, lacking.crm, lacking.server)
        crm, server = (
            View({**view.items, **{each: full.items[each] for each in named[side]}}, view.gone)
            for side, view, full in (
                (Side.CRM, lacking.crm, here.crm),
                (Side.SERVER, lacking.server, here.server),
            )
        )
        make_plan(replace(lacking, crm=crm, server=server))
