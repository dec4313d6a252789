"""Conflicts: two changed items put together field by field, and what is overwritten by it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum

from postroom.reconcile.changes import Delta
from postroom.reconcile.days import changed_days, with_days
from postroom.reconcile.fields import Directions, goes_to, is_of_files, is_one_way
from postroom.reconcile.files import kept, united
from postroom.reconcile.fingerprint import fingerprint
from postroom.reconcile.item import Item, Kind, Part, Side, State, Value
from postroom.reconcile.pair import Decision, Pair
from postroom.reconcile.series import Series
from postroom.reconcile.status import Left, says_the_same, translated
from postroom.schema.choices import SyncDirection


class Authority(Enum):
    """Whose value stays where both sides changed a field."""

    LATER = "the later change"
    CRM = "the CRM"
    SERVER = "the server"
    #: What the server changed is never taken, even where the CRM changed nothing.
    CRM_ONLY = "the CRM alone"


@dataclass(frozen=True, slots=True)
class Overwritten:
    """A value that somebody wrote and that another one replaced; kept so that it can be restored."""

    side: Side
    item_id: str
    field: str
    value: Value
    replaced_by: Value
    #: The rule that decided.
    by: Authority


@dataclass(slots=True)
class Merge:
    """What is to be written on each side so that both agree."""

    to_crm: dict[str, Value] = field(default_factory=dict)
    to_server: dict[str, Value] = field(default_factory=dict)
    #: Fields in which both are agreed without anything being written.
    settled: set[str] = field(default_factory=set)
    #: Fields that the server gets now, and the CRM from the server by the next plan.
    unsettled: set[str] = field(default_factory=set)
    overwritten: list[Overwritten] = field(default_factory=list)

    def to(self, side: Side) -> dict[str, Value]:
        """Return what is to be written on that side."""
        return self.to_crm if side is Side.CRM else self.to_server

    def set_aside(self, names: Collection[str]) -> None:
        """Have nothing done to these fields; all others go on."""
        for name in names:
            self.to_crm.pop(name, None)
            self.to_server.pop(name, None)
            self.unsettled.discard(name)
        self.overwritten = [each for each in self.overwritten if each.field not in names]


def authority(crm: Item, server: Item) -> Authority:
    """Return whose value stays where both sides changed a field of these two.

    Of a meeting the organizer's copy stays: on the server when it is the user's own or an outsider's, in
    the CRM when a colleague's own mailbox keeps the record in step. A closed record takes nothing, nor does
    one that only goes out.
    """
    if is_one_way(crm.kind):
        return Authority.CRM_ONLY
    if crm.kind.is_calendar and crm.state is not State.OPEN:
        return Authority.CRM_ONLY
    if not crm.kind.is_calendar or not (crm.attendees or server.attendees):
        return Authority.LATER
    if server.part is Part.GUEST_OF_COLLEAGUE:
        return Authority.CRM_ONLY
    return Authority.SERVER


def merge(
    pair: Pair,
    crm: Delta,
    server: Delta,
    directions: Directions,
    authority: Authority = Authority.LATER,
    answers: Mapping[str, Authority] | None = None,
) -> Merge:
    """Put two items together, both of which were seen, by the fields that are not as agreed.

    A side whose version is the agreed one is compared all the same: it may hold what was not synchronized
    when that version was agreed on. `answers` says for single fields whose value stays, whatever holds for
    the others.
    """
    assert crm.item is not None  # noqa: S101
    assert server.item is not None  # noqa: S101
    made = Merge()
    for name in sorted(crm.fields | server.fields):
        rule = (answers or {}).get(name, authority)
        case = _Case(pair, crm.item, server.item, directions, rule, name)
        told = {side for side, delta in ((Side.CRM, crm), (Side.SERVER, server)) if name in delta.fields}
        case.settle(made, told)
    return made


def contested(merged: Merge, kind: Kind, directions: Directions) -> list[str]:
    """Return the fields of which either value could stay, and only the time of the change decided.

    Of attached files the later change stays by a rule of their own, and nobody is asked.
    """
    return [
        each.field
        for each in merged.overwritten
        if each.by is Authority.LATER and directions.get(each.field) is SyncDirection.BIDIRECTIONAL
        if not is_of_files(kind, each.field)
    ]


def answers_of(pair: Pair, crm: Item, server: Item) -> Mapping[str, Authority]:
    """Return whose values stay as the user has said, where both are still what he was asked about."""
    said, question = _SAID.get(pair.decision), pair.question
    if said is None or question is None:
        return {}
    return {
        name: said
        for name, asked in question.contests.items()
        if asked.is_still(crm.fields.get(name), server.fields.get(name))
    }


_SAID = {Decision.ACCEPT: Authority.SERVER, Decision.REJECT: Authority.CRM}


@dataclass(frozen=True, slots=True)
class _Case:
    """One field that is not as agreed."""

    pair: Pair
    crm: Item
    server: Item
    directions: Directions
    authority: Authority
    name: str

    def settle(self, made: Merge, told: Collection[Side]) -> None:
        changed = [side for side in Side if side in told or self._has_changed(side)]
        if says_the_same(self.crm, self.server, self.name):
            made.settled.add(self.name)
        elif len(changed) == 1:
            self._write(made, changed[0].other)
        elif self._is_of_files and not self._was_agreed():
            self._unite(made)
        elif not self._settle_days(made):
            self._settle_both(made)

    def _has_changed(self, side: Side) -> bool:
        agreed = self.pair.snapshot(side).prints.get(self.name)
        return agreed != fingerprint(self._item(side).fields.get(self.name))

    def _unite(self, made: Merge) -> None:
        """Have both sides hold the files of both, which were never agreed on: none may get lost."""
        lacking: dict[Side, Value] = {}
        for to in Side:
            mine, theirs = (self._item(side).fields.get(self.name) for side in (to, to.other))
            both = united(mine, theirs)
            if len(kept(both)) > len(kept(mine)) and self._may_go(to):
                lacking[to] = both
        if not lacking:
            made.settled.add(self.name)
            return
        # The CRM gets what it lacks from the server by the next plan, whatever befalls this one.
        first = Side.SERVER if Side.SERVER in lacking else Side.CRM
        made.to(first)[self.name] = lacking[first]
        if len(lacking) > 1:
            made.unsettled.add(self.name)

    def _settle_days(self, made: Merge) -> bool:
        """Put together the days of a series, one by one; say whether that is possible."""
        crm, server = self.crm.fields.get(self.name), self.server.fields.get(self.name)
        if not isinstance(crm, Series) or not isinstance(server, Series) or not self._goes_both_ways():
            return False
        mine = changed_days(crm, self.pair.crm.prints.get(self.name, ""))
        theirs = changed_days(server, self.pair.server.prints.get(self.name, ""))
        if mine is None or theirs is None:
            return False
        of_both = mine & theirs
        if self._winner() is Authority.CRM:
            losing, theirs = Side.SERVER, theirs - mine
        else:
            losing, mine = Side.CRM, mine - theirs
        for_crm, for_server = with_days(crm, server, theirs), with_days(server, crm, mine)
        if for_server != server:
            made.to_server[self.name] = for_server
            if for_crm != crm:
                # In two steps: then whatever befalls the first, the second is still due.
                made.unsettled.add(self.name)
        elif for_crm != crm:
            made.to_crm[self.name] = for_crm
        else:
            made.settled.add(self.name)
        if with_days(crm, server, of_both) != crm:
            lost, stays = (crm, for_crm) if losing is Side.CRM else (server, for_server)
            item_id = self._item(losing).id
            made.overwritten.append(Overwritten(losing, item_id, self.name, lost, stays, self.authority))
        return True

    def _goes_both_ways(self) -> bool:
        way = self.directions.get(self.name)
        return self.authority is not Authority.CRM_ONLY and all(goes_to(side, way) for side in Side)

    def _settle_both(self, made: Merge) -> None:
        winner = self._winner()
        source = Side.CRM if winner is Authority.CRM else Side.SERVER
        if not goes_to(source.other, self.directions.get(self.name)):
            source = source.other  # the winner may not go there; then the other way, or none
        loser = self._item(source.other)
        lost = loser.fields.get(self.name)
        # That a field was emptied is an edit too, but not in two items that were only put together now.
        was_written = lost is not None or self._was_agreed()
        if self._write(made, source.other) and was_written:
            kept = made.to(source.other)[self.name]
            made.overwritten.append(
                Overwritten(source.other, loser.id, self.name, lost, kept, self.authority)
            )

    def _write(self, made: Merge, to: Side) -> bool:
        """Have this field written on that side; settle it untouched where it may not go there."""
        may = self._may_go(to)
        present = self._item(to).fields.get(self.name)
        value = translated(self._item(to.other), self.name, to, present, kind=self.crm.kind)
        if not may or value is Left.ALONE or value == present:
            made.settled.add(self.name)
            return False
        made.to(to)[self.name] = value
        return True

    def _may_go(self, to: Side) -> bool:
        if not goes_to(to, self.directions.get(self.name)):
            return False
        if to is Side.CRM and self.authority is Authority.CRM_ONLY:
            return False
        return self.name != "organizer" or self._may_change_organizer(to)

    def _may_change_organizer(self, to: Side) -> bool:
        # source: MS-OXWSCDATA CalendarItemType: Organizer is read-only; and no organizer replaces none
        return to is Side.CRM and self.server.fields.get(self.name) is not None

    def _winner(self) -> Authority:
        if self.authority is Authority.CRM_ONLY:
            return Authority.CRM
        if not self._was_agreed():
            # Nothing never overwrites something in two items that were only put together now.
            if self.crm.fields.get(self.name) is None:
                return Authority.SERVER
            if self.server.fields.get(self.name) is None:
                return Authority.CRM
        # source: DATAVERSE-EMAIL attachments of appointments: the latest update wins, also of meetings
        if self.authority is not Authority.LATER and not self._is_of_files:
            return self.authority
        # The CRM wins a tie.
        later = self.server.modified_at > self.crm.modified_at
        return Authority.SERVER if later else Authority.CRM

    def _was_agreed(self) -> bool:
        return self.name in self.pair.crm.prints or self.name in self.pair.server.prints

    @property
    def _is_of_files(self) -> bool:
        return is_of_files(self.crm.kind, self.name)

    def _item(self, side: Side) -> Item:
        return self.crm if side is Side.CRM else self.server
