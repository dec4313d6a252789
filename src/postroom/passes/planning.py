"""Planning: a pure plan made while the collector of cycles pauses."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from postroom.reconcile.plan import Plan, make_plan
from postroom.reconcile.situation import Situation


def plan_of(situation: Situation) -> Plan:
    """Return the plan for this situation, as `make_plan` does; raises what that raises."""
    with uncollected():
        return make_plan(situation)


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no cycles meanwhile, in any thread.

    A plan makes some objects for each of its items and no cycles, and every look at them would go over all
    items again: half of the time of a plan for 100,000. Of threads that pause at once the first one ends
    the pause, which costs the others time and nothing else.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
