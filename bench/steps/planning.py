"""Plans over pairs made up here, without any I/O; prints CPU seconds by situation and number of pairs.

Half of the pairs are contacts and half tasks. Making the pairs and items is not timed.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from postroom.passes.planning import plan_of
from postroom.reconcile.changes import View
from postroom.reconcile.fingerprint import fingerprints
from postroom.reconcile.item import Identity, Item, Kind, Side
from postroom.reconcile.pair import Pair, Snapshot
from postroom.reconcile.situation import Situation, needed_for, strangers

_NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
_NAMES = Situation(View({}, set()), View({}, set()), (), _NOW)

#: A maker of situations, and how many acts a plan over so many pairs must have.
_Maker = tuple[Callable[[int], Situation], Callable[[int], int]]


def unchanged(count: int) -> Situation:
    """Return pairs of which nothing was seen."""
    return Situation(View({}, set()), View({}, set()), _pairs(*_both(count)), _NOW)


def touched(count: int) -> Situation:
    """Return pairs whose items have new versions on both sides and hold what they held."""
    crm, server = _both(count)
    return _seen(crm, server, _pairs(crm, server), "2", "2")


def edited(count: int) -> Situation:
    """Return pairs of which one side was edited, every other one in the CRM."""
    crm, server = _both(count)
    pairs = _pairs(crm, server)
    for place in range(count):
        items = crm if place % 2 else server
        items[place] = _edit(items[place])
    return _seen(crm, server, pairs, "2", "2")


def rebuilt(count: int) -> Situation:
    """Return items that belong together and whose pairs are lost."""
    crm, server = _both(count)
    return _seen(crm, server, (), "1", "1")


SITUATIONS: Mapping[str, _Maker] = {
    "unchanged": (unchanged, lambda _: 0),
    "new versions": (touched, lambda count: count),
    "edited": (edited, lambda count: count),
    "rebuilt": (rebuilt, lambda count: count),
}


def _both(count: int) -> tuple[list[Item], list[Item]]:
    crm = [_item(Side.CRM, number) for number in range(count)]
    return crm, [_item(Side.SERVER, number) for number in range(count)]


def _item(side: Side, number: int) -> Item:
    kind = Kind.TASK if number % 2 else Kind.CONTACT
    name = "subject" if kind is Kind.TASK else "full_name"
    fields = {name: f"Number {number}", "body": f"What is to be known of number {number}. " * 4}
    if kind is Kind.CONTACT:
        fields |= {"email1": f"n{number}@away.example", "job_title": "Boss", "mobile": f"+45 {number}"}
    # Only the server's items bear the id of the record that they belong to.
    identity = Identity(crm_id=f"crm-{number}" if side is Side.SERVER else "")
    return Item(f"{side.value.lower()}-{number}", "1", kind, fields, _NOW, identity)


def _pairs(crm: Sequence[Item], server: Sequence[Item]) -> tuple[Pair, ...]:
    return tuple(_pair(*both, number) for number, both in enumerate(zip(crm, server, strict=True)))


def _pair(crm: Item, server: Item, number: int) -> Pair:
    names = _NAMES.names(crm.kind)
    ours, theirs = fingerprints(crm.fields, names), fingerprints(server.fields, names)
    snapshots = Snapshot("1", ours), Snapshot("1", theirs)
    return Pair(f"pair-{number}", crm.kind, crm.id, server.id, crm=snapshots[0], server=snapshots[1])


def _edit(item: Item) -> Item:
    return replace(item, fields={**item.fields, "body": "Edited."})


def _seen(
    crm: Sequence[Item], server: Sequence[Item], pairs: tuple[Pair, ...], ours: str, theirs: str
) -> Situation:
    views = [
        View({item.id: replace(item, version=version) for item in items}, set())
        for items, version in ((crm, ours), (server, theirs))
    ]
    return Situation(views[0], views[1], pairs, _NOW)


def timed(situation: Situation, acts: int) -> float:
    """Return the CPU seconds of one plan and of working out what it needs; refuse another plan."""
    gc.collect()
    before = time.process_time()
    strangers(situation.pairs, situation.crm, situation.server)
    needed_for(situation.pairs, situation.crm, situation.server)
    plan = plan_of(situation)
    spent = time.process_time() - before
    if len(plan.acts) != acts:
        raise SystemExit(f"{len(plan.acts)} acts instead of {acts}, findings: {plan.findings[:2]}")
    return spent


def main() -> None:
    """Print the CPU seconds of every round by situation and number of pairs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("counts", type=int, nargs="+")
    given = parser.parse_args()
    times: dict[str, dict[int, list[float]]] = {}
    for name, (make, acts) in SITUATIONS.items():
        for count in given.counts:
            situation = make(count)
            rounds = [timed(situation, acts(count)) for _ in range(given.rounds)]
            times.setdefault(name, {})[count] = rounds
    sys.stdout.write(json.dumps({"times": times}) + "\n")


if __name__ == "__main__":
    main()
