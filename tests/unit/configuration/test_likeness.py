"""How much of subjects may be compared."""

import pytest

from postroom.configuration import likeness
from postroom.tracking import subject


@pytest.mark.parametrize(
    ("most", "delta", "refused"),
    [
        (20, 2, False),
        (21, 1, True),
        (21, 0, False),
        (21, None, False),
        (None, 2, False),
        (2**31 - 1, 9, True),
    ],
)
def test_many_words_are_compared_only_where_all_must_be_the_same(
    most: int | None, delta: int | None, refused: bool
) -> None:
    problems = likeness.problems_of({"hashmaxcount": most, "hashdeltasubjectcount": delta})
    assert [problem.column for problem in problems] == ["hashmaxcount"] * refused


def test_what_is_refused_is_not_compared_either() -> None:
    assert likeness.MOST_WORDS == subject.MOST_WORDS
