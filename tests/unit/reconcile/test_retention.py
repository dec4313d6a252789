"""Which failures are let go after their time, and which are all that is known of something."""

from dataclasses import replace

import pytest

from postroom.reconcile.item import Kind, Side
from postroom.reconcile.pair import Doing, Failure, Link, Pair, Parting, Pending
from postroom.reconcile.question import About, Question
from postroom.reconcile.retention import Fate, fate_of

FAILURE = Failure(3, "7", "", "refused")
REFUSED = Pending(Doing.CREATE, Side.SERVER, "token", is_refused=True)
NEVER_MADE = Pair("p", Kind.TASK, "crm", None, link=Link.PENDING, pending=REFUSED, failure=FAILURE)
LINKED = Pair("p", Kind.TASK, "crm", "server", failure=FAILURE)
FROM_SERVER = replace(NEVER_MADE, crm_id=None, server_id="server", pending=replace(REFUSED, side=Side.CRM))
ALONE = replace(LINKED, server_id=None, link=Link.UNLINKED, parting=Parting.KEPT)


@pytest.mark.parametrize(
    ("pair", "version", "fate"),
    [
        (NEVER_MADE, "7", Fate.KEPT),
        (NEVER_MADE, "8", Fate.DROPPED),
        (NEVER_MADE, None, Fate.DROPPED),
        (LINKED, "7", Fate.KEPT),
        (LINKED, "8", Fate.CLEARED),
        (replace(LINKED, server_id=None), None, Fate.DROPPED),
        (ALONE, "8", Fate.CLEARED),
        (FROM_SERVER, None, Fate.KEPT),
        (replace(FROM_SERVER, server_id=None), None, Fate.DROPPED),
        (replace(LINKED, failure=None), "8", Fate.KEPT),
    ],
)
def test_what_changed_or_is_gone_is_let_go_and_the_rest_kept(
    pair: Pair, version: str | None, fate: Fate
) -> None:
    assert fate_of(pair, version) is fate


@pytest.mark.parametrize("doing", [Doing.CREATE, Doing.UPDATE, Doing.DELETE])
@pytest.mark.parametrize("version", ["7", "8", None])
def test_the_only_trace_of_an_act_in_doubt_is_kept(doing: Doing, version: str | None) -> None:
    in_doubt = Pending(doing, Side.SERVER, "token")
    for pair in (NEVER_MADE, LINKED, replace(LINKED, server_id=None)):
        assert fate_of(replace(pair, pending=in_doubt), version) is Fate.KEPT


def test_a_failed_deletion_of_a_record_that_is_gone_has_not_changed() -> None:
    pair = replace(LINKED, failure=Failure(3, "", "5", "refused"))
    assert fate_of(pair, None) is Fate.KEPT


def test_a_pair_that_waits_for_its_user_is_kept() -> None:
    assert fate_of(replace(LINKED, question=Question(About.VALUES)), "8") is Fate.KEPT
