"""The decision table is complete and treats both sides alike."""

from itertools import product

import pytest

from postroom.reconcile.changes import Change
from postroom.reconcile.decide import HANDLERS
from postroom.reconcile.item import Side
from postroom.reconcile.table import OUTCOMES, SWAPPED, Outcome


def test_every_pair_of_changes_has_an_outcome() -> None:
    assert set(OUTCOMES) == set(product(Change, repeat=2))


def test_every_outcome_is_reached_and_carried_out() -> None:
    assert set(OUTCOMES.values()) == set(Outcome) == set(HANDLERS)


@pytest.mark.parametrize(("crm", "server"), list(product(Change, repeat=2)))
def test_swapping_the_sides_swaps_the_outcome(crm: Change, server: Change) -> None:
    assert OUTCOMES[server, crm] is SWAPPED[OUTCOMES[crm, server]]


def test_swapping_twice_changes_nothing() -> None:
    for outcome in Outcome:
        assert SWAPPED[SWAPPED[outcome]] is outcome


def test_a_swapped_outcome_writes_on_the_other_side() -> None:
    for outcome in Outcome:
        side, swapped = outcome.side, SWAPPED[outcome].side
        assert swapped is (None if side is None else side.other)


def test_an_edit_beats_a_deletion_on_either_side() -> None:
    assert OUTCOMES[Change.EDITED, Change.DELETED].side is Side.SERVER
    assert OUTCOMES[Change.DELETED, Change.EDITED].side is Side.CRM
