"""The tracking category: what people did, told from what we did ourselves."""

from itertools import product

import pytest

from postroom.schema.choices import CategoryMark
from postroom.tracking.category import Act, Reaction, Seen, react

ON, OFF, FAILED = Seen(tracked=True), Seen(tracked=False), Seen(tracked=False, undeliverable=True)
NONE, PUT, IS_ON, TAKE, UNDELIVERABLE, TO_MARK = CategoryMark


@pytest.mark.parametrize(
    ("sentence", "seen", "mark", "is_tracked", "act", "after"),
    [
        ("a person assigns it to an untracked message", ON, NONE, False, Act.TRACK, IS_ON),
        ("somebody else put it on a tracked one", ON, NONE, True, Act.NOTHING, IS_ON),
        ("ours is still there", ON, IS_ON, True, Act.NOTHING, IS_ON),
        ("a person takes it off", OFF, IS_ON, True, Act.UNTRACK, NONE),
        ("it went from a message that is not tracked any more", OFF, IS_ON, False, Act.NOTHING, NONE),
        ("nothing ever was there", OFF, NONE, False, Act.NOTHING, NONE),
        ("we have not put it on yet", OFF, PUT, True, Act.NOTHING, PUT),
        ("the answer to our putting it on was lost", ON, PUT, True, Act.NOTHING, IS_ON),
        ("we have not taken it off yet", ON, TAKE, False, Act.NOTHING, TAKE),
        ("the answer to our taking it off was lost", OFF, TAKE, False, Act.NOTHING, NONE),
        ("it says that tracking failed", FAILED, UNDELIVERABLE, False, Act.NOTHING, UNDELIVERABLE),
        ("a person puts the usual one on again", ON, UNDELIVERABLE, False, Act.TRY_AGAIN, IS_ON),
        ("a person takes both off", OFF, UNDELIVERABLE, False, Act.NOTHING, NONE),
        ("we have not said yet that it failed", ON, TO_MARK, False, Act.NOTHING, TO_MARK),
    ],
)
def test_what_is_seen_means_what_a_person_did(
    sentence: str, seen: Seen, mark: CategoryMark, is_tracked: bool, act: Act, after: CategoryMark
) -> None:
    assert react(seen, mark, is_tracked=is_tracked) == Reaction(act, after), sentence


@pytest.mark.parametrize(
    ("seen", "mark", "is_tracked"), list(product((ON, OFF, FAILED), CategoryMark, (True, False)))
)
def test_seeing_the_same_twice_does_nothing_the_second_time(
    seen: Seen, mark: CategoryMark, is_tracked: bool
) -> None:
    first = react(seen, mark, is_tracked=is_tracked)
    now_tracked = {Act.TRACK: True, Act.UNTRACK: False}.get(first.act, is_tracked)
    second = react(seen, first.mark, is_tracked=now_tracked)
    assert second == Reaction(Act.NOTHING, first.mark)
