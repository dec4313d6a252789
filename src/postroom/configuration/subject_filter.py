"""Which expressions may be run on strangers' subjects to take reply marks off them.

Python's `re` tries every way in which an expression can match before it gives up. Subjects come from
strangers, so an expression is taken only if the ways are few: wherever it could go on in two ways (another
round of a repeat or what follows it; one alternative or another), the next character must say which. Where it
does not, each such place multiplies the ways, and the product is bounded; within a repeat it would be raised
to a power, and is refused.

The expression is looked at as `re` parses it. What is not understood counts as the worst it could be.
"""

import math
import re
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from postroom.errors import InvalidRecord

COLUMN = "hashfilterkeywords"
LONGEST = 500

#: A set of characters: bit n stands for the character n.
Characters = int
Item = tuple[Any, Any]


def problems_of(expression: str | None) -> list[InvalidRecord]:
    """Return what keeps an expression from being used; an empty one takes nothing off.

    >>> problems_of(r"^((re|fw|aw)\\s*:\\s*)+")
    []
    >>> print(*problems_of(r"(\\w+)+:"))
    hashfilterkeywords could take for ever on some subjects: a repeat within a repeat...
    """
    sentence = _problem_with(expression) if expression else None
    return [InvalidRecord(f"{COLUMN} {sentence}", column=COLUMN)] if sentence else []


def _problem_with(expression: str) -> str | None:
    if len(expression) > LONGEST:
        return f"has {len(expression)} characters, where {LONGEST} is the most."
    try:
        ways = _ways_of(expression)
    except (re.error, OverflowError, FutureWarning) as fault:
        return f"is not a regular expression: {fault}."
    except _RefersBack:
        return "refers back to a group, which can't be judged; write out what is meant."
    except RecursionError:
        return "is nested too deeply."
    if ways > _MOST_WAYS:
        return (
            "could take for ever on some subjects: a repeat within a repeat, alternatives in a repeat or "
            "several repeats can match the same text in many ways. Let what is repeated and what follows "
            r"begin with different characters, as in ^((re|fw)\s*:\s*)+"
        )
    return None


# A repeat that goes on for more rounds than this counts as one without end.
_MANY = 16
# In how many places such a repeat can end: subjects are bounded, and few are longer than this.
_ENDS = 1_000
# One repeat without a clear end, such as `\[.*\]`, and a little more: at worst some seconds for 800
# characters, and a millisecond for what people write.
_MOST_WAYS = 2 * _ENDS

_REPEATS = frozenset({op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT})
_SINGLE = frozenset({op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN})


class _RefersBack(Exception):  # noqa: N818 - a situation, like all our exceptions
    """What a reference to a group stands for depends on the subject."""


def _ways_of(expression: str) -> float:
    """Return in how many ways the expression might match from one place; infinite within repeats."""
    with warnings.catch_warnings():
        # What `re` may read otherwise one day, such as [[x], is better written clearly.
        warnings.simplefilter("error", FutureWarning)
        re.compile(expression)
        parsed = parser.parse(expression)
    return _ways(tuple(parsed), 0, parsed.state.flags)


def _ways(items: Sequence[Item], after: Characters, flags: int) -> float:
    """Return the ways through a sequence, when one of `after` may follow it."""
    ways = 1.0
    for place, item in enumerate(items):
        first, may_be_empty = _first(items[place + 1 :], flags)
        ways *= _ways_through(item, first | (after if may_be_empty else 0), flags)
    return ways if ways <= _MOST_WAYS else math.inf


def _ways_through(item: Item, after: Characters, flags: int) -> float:
    kind, what = item
    if kind in _SINGLE or kind is op.AT:
        return 1
    if kind in _REPEATS:
        return _ways_of_repeat(item, after, flags)
    if kind is op.BRANCH:
        return _ways_of_branch(_branches(what), after, flags)
    if kind is op.SUBPATTERN:
        _, added, removed, body = what
        return _ways(body, after, (flags | added) & ~removed)
    if kind is op.ATOMIC_GROUP:
        # It is never entered again, so that what follows makes no difference to it.
        return _ways(what, 0, flags)
    if kind in (op.ASSERT, op.ASSERT_NOT):
        # It may be asked anew at every character: any repeat in it counts as one without a clear end.
        return _ways(what[1], _EVERYTHING, flags)
    raise _RefersBack


def _ways_of_repeat(repeat: Item, after: Characters, flags: int) -> float:
    kind, (least, most, body) = repeat
    first, may_be_empty = _first(body, flags)
    if may_be_empty and most > 1:
        return math.inf  # rounds that take nothing can be counted in any way
    if kind is op.POSSESSIVE_REPEAT:
        # It is never entered again either.
        after, within = 0, 0
    else:
        within = after | (first if most > 1 else 0)
    if may_be_empty:
        # A round that takes nothing and no round at all are two ways.
        first |= after
    ends = _ENDS if most > _MANY else most - least + 1
    here = ends if first & after else 1
    inside = _ways(body, within, flags)
    if inside > 1:
        return math.inf if most > _MANY else here * inside**most
    return here


def _ways_of_branch(alternatives: Sequence[Sequence[Item]], after: Characters, flags: int) -> float:
    taken: Characters = 0
    here = 1
    for alternative in alternatives:
        first, may_be_empty = _first(alternative, flags)
        first |= after if may_be_empty else 0
        here += bool(first & taken)
        taken |= first
    return here * max(_ways(alternative, after, flags) for alternative in alternatives)


def _branches(branch: Any) -> list[tuple[Item, ...]]:
    """Return the alternatives; those that begin with the same letter are one, with a choice after it.

    `re` does so only where all of them have the letter.
    """
    groups: dict[object, list[tuple[Item, ...]]] = {}
    for number, alternative in enumerate(map(tuple, branch[1])):
        is_letter = bool(alternative) and alternative[0][0] is op.LITERAL
        groups.setdefault(alternative[0] if is_letter else number, []).append(alternative)
    return [
        group[0] if len(group) == 1 else (group[0][0], (op.BRANCH, (None, [each[1:] for each in group])))
        for group in groups.values()
    ]


def _first(items: Sequence[Item], flags: int) -> tuple[Characters, bool]:
    """Return with which characters a match of the sequence may begin, and whether it may be empty."""
    found: Characters = 0
    for item in items:
        first, may_be_empty = _first_of(item, flags)
        found |= first
        if not may_be_empty:
            return found, False
    return found, True


def _first_of(item: Item, flags: int) -> tuple[Characters, bool]:
    kind, what = item
    if kind in _SINGLE:
        return _characters(item, flags), False
    if kind in _REPEATS:
        first, may_be_empty = _first(what[2], flags)
        return first, may_be_empty or what[0] == 0
    if kind is op.BRANCH:
        firsts = [_first(alternative, flags) for alternative in what[1]]
        return _union(first for first, _ in firsts), any(empty for _, empty in firsts)
    if kind is op.SUBPATTERN:
        _, added, removed, body = what
        return _first(body, (flags | added) & ~removed)
    if kind is op.ATOMIC_GROUP:
        return _first(what, flags)
    return 0, True  # anchors and what looks ahead or behind; references are refused anyway


# Characters: asked of `re` itself where letter case or a category is in question.

_END = 0x110000
_EVERYTHING = (1 << _END) - 1
_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def _characters(item: Item, flags: int) -> Characters:
    kind, what = item
    if kind is op.LITERAL:
        return _between(what, what, flags)
    if kind is op.NOT_LITERAL:
        return _EVERYTHING & ~_between(what, what, flags)
    if kind is op.ANY:
        return _EVERYTHING
    is_negated = what[0][0] is op.NEGATE
    members = _union(_members(each, flags) for each in what[is_negated:])
    return _EVERYTHING & ~members if is_negated else members


def _members(member: Item, flags: int) -> Characters:
    kind, what = member
    if kind is op.CATEGORY:
        return _matched_by(_CATEGORIES[what], flags & re.ASCII)
    lowest, highest = (what, what) if kind is op.LITERAL else what
    return _between(lowest, highest, flags)


def _between(lowest: int, highest: int, flags: int) -> Characters:
    if flags & re.IGNORECASE:
        return _matched_by(f"[\\U{lowest:08x}-\\U{highest:08x}]", flags & (re.IGNORECASE | re.ASCII))
    return (1 << (highest + 1)) - (1 << lowest)


def _union(sets: Iterable[Characters]) -> Characters:
    union = 0
    for each in sets:
        union |= each
    return union


@lru_cache(256)
def _matched_by(single: str, flags: int) -> Characters:
    found = 0
    for run in re.finditer(f"{single}+", _every_character(), flags):
        found |= ((1 << len(run[0])) - 1) << run.start()
    return found


@lru_cache(1)
def _every_character() -> str:
    return "".join(map(chr, range(_END)))
