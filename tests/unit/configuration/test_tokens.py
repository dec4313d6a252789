"""What tracking tokens may look like."""

import pytest

from postroom.configuration.tokens import HIGHEST_NUMBER, LONGEST_PREFIX, MOST_DIGITS, problems_of
from postroom.tracking.token import LONGEST, TokenRules, make_token, tokens_in


@pytest.mark.parametrize("prefix", ["CRM:", "CRM:;ACME:", "Fall Nr. ", "x" * 20, "案件:", "#"])
def test_prefixes_that_can_be_found_again_are_taken(prefix: str) -> None:
    assert problems_of({"trackingprefix": prefix.strip()}) == []


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        (None, "must name at least one prefix"),
        ("", "postroom_usetrackingtoken"),
        (" ; ", "must name at least one prefix"),
        ("CRM:;", "holds an empty prefix"),
        (";CRM:", "holds an empty prefix"),
        ("x" * 21, "has more than 20 characters"),
        ("CRM\t:", "holds a character that can't be seen"),
        ("CRM: ", "begins or ends with a blank"),
        ("CRM:; ACME:", "begins or ends with a blank"),
        ("CRM1", "ends with a digit"),
        ("CRM٣", "ends with a digit"),
    ],
)
def test_prefixes_that_can_t_be_told_from_what_is_around_them_are_refused(prefix: str, said: str) -> None:
    (problem,) = problems_of({"trackingprefix": prefix})
    assert said in str(problem)
    assert str(problem).endswith(".")
    assert problem.column == "trackingprefix"


@pytest.mark.parametrize("column", ["trackingtokeniddigits", "maximumtrackingnumber"])
def test_digits_and_numbers_stay_in_their_range(column: str) -> None:
    assert [problem.column for problem in problems_of({column: 0})] == [column]
    for value in (None, 1, 10):
        assert problems_of({column: value}) == []
    assert len(problems_of({"trackingtokeniddigits": 11, "trackingprefix": "1;2"})) == 3


def test_every_token_that_the_settings_can_make_is_read_back_and_fits_its_column() -> None:
    assert problems_of({"maximumtrackingnumber": HIGHEST_NUMBER}) == []
    (problem,) = problems_of({"maximumtrackingnumber": HIGHEST_NUMBER + 1})
    assert (problem.column, "at most 999999999" in str(problem)) == ("maximumtrackingnumber", True)
    prefix = "x" * LONGEST_PREFIX
    for digits in (1, MOST_DIGITS):
        for user in (0, 2**31 - 1):
            for highest in (1, HIGHEST_NUMBER):
                token = make_token(TokenRules(prefix, digits, highest), user, highest)
                assert tokens_in(f"Offer {token}", (prefix,)) == (token,)
                assert len(token) <= LONGEST
