"""The tracking category on a message: one state, and what each finding makes of it.

Two sides write the category: people in their mail program, and we. So that it never flickers, what we
last saw or wanted is kept (`CategoryMark`), and only a difference to that is a person's act.
"""

from dataclasses import dataclass
from enum import Enum

from postroom.schema.choices import CategoryMark

#: The category that has a message tracked, and the one that says it could not be.
TRACKED = "Tracked to Dynamics 365"
UNDELIVERABLE = "Tracked to Dynamics 365 (Undeliverable)"
#: The colour that the categories are made with: blue, as number 7 of Outlook's list.
COLOR = 7


class Act(Enum):
    """What a person did, or what is to be done."""

    NOTHING = "nothing"
    #: A person put the category on: track the message, even against an earlier wish.
    TRACK = "track"
    #: A person took it off: no rule tracks it again; its e-mail stays.
    UNTRACK = "untrack"
    #: A person put it on once more after it failed: try again.
    TRY_AGAIN = "try again"


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands on the message on the server now."""

    tracked: bool
    undeliverable: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a finding means, and what is kept from then on."""

    act: Act
    mark: CategoryMark


def react(seen: Seen, mark: CategoryMark, *, is_tracked: bool) -> Reaction:
    """Return what it means that a message is seen so, of which `mark` was kept.

    >>> react(Seen(tracked=True), CategoryMark.NONE, is_tracked=False).act.value
    'track'
    >>> react(Seen(tracked=False), CategoryMark.ON, is_tracked=True).act.value
    'untrack'
    """
    if seen.tracked:
        return _with_category(mark, is_tracked=is_tracked)
    if mark is CategoryMark.ON:
        return Reaction(Act.UNTRACK if is_tracked else Act.NOTHING, CategoryMark.NONE)
    if mark is CategoryMark.TO_TAKE_OFF:
        return Reaction(Act.NOTHING, CategoryMark.NONE)
    if mark is CategoryMark.UNDELIVERABLE and not seen.undeliverable:
        return Reaction(Act.NOTHING, CategoryMark.NONE)
    return Reaction(Act.NOTHING, mark)


def _with_category(mark: CategoryMark, *, is_tracked: bool) -> Reaction:
    if mark in (CategoryMark.TO_TAKE_OFF, CategoryMark.TO_MARK_UNDELIVERABLE):
        return Reaction(Act.NOTHING, mark)  # what we are about to change is still there
    if mark is CategoryMark.UNDELIVERABLE:
        return Reaction(Act.TRY_AGAIN, CategoryMark.ON)
    if is_tracked or mark is CategoryMark.ON:
        return Reaction(Act.NOTHING, CategoryMark.ON)
    return Reaction(Act.TRACK, CategoryMark.ON)
