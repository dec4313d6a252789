"""Subjects compared: what changed, which words count, how good a smart match is."""

import pytest

from postroom.tracking.subject import (
    DEFAULT_FILTER,
    STOCK_WORDS,
    SmartRules,
    has_changed,
    hashes_of,
    score_of,
    words_of,
)

USUAL = SmartRules()
CARL, ANN, BOB = "carl@contoso.example", "ann@corp.example", "bob@corp.example"
PAIR = frozenset({CARL, ANN})


@pytest.mark.parametrize(
    ("subject", "parent", "changed"),
    [
        ("RE: Offer", "Offer", False),
        ("AW: WG: OFFER  ", "offer CRM:0001001", False),
        ("Re: Offer CRM:0001001", "Offer", False),
        ("Offer 2", "Offer", True),
        ("", "Offer", True),
    ],
)
def test_marks_tokens_and_letter_case_do_not_change_a_subject(
    subject: str, parent: str, changed: bool
) -> None:
    assert has_changed(subject, parent, ("CRM:",)) is changed


def test_without_prefixes_a_token_is_a_word_like_others() -> None:
    assert has_changed("Offer CRM:0001001", "Offer", ())


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("RE: FW: Offer", ("offer",)),
        ("  AW :  Angebot Nr. 7", ("7", "angebot", "nr")),
        ("Out of office: Offer", ("of", "offer", "office", "out")),
        ("a: b: c:", ()),
        ("Offer CRM:0001001", ("offer",)),
        ("", ()),
        ("offer OFFER Offer", ("offer",)),
    ],
)
def test_words_are_what_is_left_after_the_filter(subject: str, words: tuple[str, ...]) -> None:
    assert words_of(subject, USUAL) == words


def test_the_filter_may_be_the_organizations_own() -> None:
    assert words_of("[Ticket 7] Offer", SmartRules(filter=r"^\[.*?\]")) == ("offer",)
    assert words_of("RE: Offer", SmartRules(filter="")) == ("offer", "re")
    assert words_of("Offer", SmartRules(filter="(")) == ("offer",), "one that is none removes nothing"


def test_a_subject_made_to_exhaust_the_filter_is_read_at_once() -> None:
    hostile = "a" * 50_000 + " " * 50_000
    assert words_of(hostile, USUAL) == ("a" * 400,)
    assert USUAL.filter == DEFAULT_FILTER


def test_at_most_so_many_words_count() -> None:
    many = " ".join(f"w{number:02}" for number in range(40))
    assert len(words_of(many, USUAL)) == 20
    assert len(words_of(many, SmartRules(most=3))) == 3


def test_equal_words_have_one_number_and_other_words_another() -> None:
    first, second = (words_of(text, USUAL) for text in ("Red pump P-7", "pump p 7, red"))
    assert hashes_of(first, USUAL) == hashes_of(second, USUAL)
    assert len(hashes_of(first, USUAL)) == 1
    assert hashes_of(first, USUAL) != hashes_of(words_of("Red pump P-8", USUAL), USUAL)
    assert all(-(2**31) <= value < 2**31 for value in hashes_of(first, SmartRules(delta=2)))


@pytest.mark.parametrize("delta", [1, 2])
def test_subjects_that_differ_by_so_many_words_have_a_number_in_common(delta: int) -> None:
    rules = SmartRules(delta=delta)
    whole = words_of("repair of the red pump", rules)
    for fewer in (whole[delta:], whole[:-delta]):
        assert set(hashes_of(whole, rules)) & set(hashes_of(fewer, rules))
    assert len(hashes_of(whole, rules)) == {1: 6, 2: 16}[delta]


def test_no_words_have_no_number() -> None:
    assert hashes_of((), USUAL) == ()
    assert hashes_of(("one",), SmartRules(delta=2)) == hashes_of(("one",), USUAL)


def test_a_difference_beyond_two_words_is_taken_for_two() -> None:
    assert SmartRules(delta=7).effective_delta == 2
    assert SmartRules(delta=-1).effective_delta == 0


def test_a_strangers_subject_makes_few_numbers_whatever_the_settings_say() -> None:
    subject = " ".join(f"w{number}" for number in range(200))
    for delta, numbers in ((0, 1), (1, 21), (2, 211), (9, 211)):
        rules = SmartRules(most=200, delta=delta)
        assert len(hashes_of(words_of(subject, rules), rules)) == numbers, delta
    assert len(words_of(subject, SmartRules(most=50))) == 50, "where all must be the same, all may count"


@pytest.mark.parametrize(
    ("first", "second", "people", "rules", "score"),
    [
        ("red pump p 7", "red pump p 7", PAIR, USUAL, 100),
        ("red pump", "red pump", PAIR, USUAL, 75),
        ("pump", "pump", PAIR, USUAL, 62),
        ("invoice", "invoice", PAIR, USUAL, 0),
        ("red pump", "red pump", frozenset({ANN}), USUAL, 0),
        ("red pump", "red pump p", PAIR, USUAL, 0),
        ("red pump", "red pump p", PAIR, SmartRules(delta=1), 67),
        ("red pump", "blue pump", PAIR, SmartRules(delta=1), 0),
        ("red pump", "red pump", frozenset({ANN}), SmartRules(people=1), 75),
        ("", "", PAIR, USUAL, 0),
    ],
)
def test_the_score_says_how_surely_two_emails_belong_together(
    first: str, second: str, people: frozenset[str], rules: SmartRules, score: int
) -> None:
    words = [words_of(text, rules) for text in (first, second)]
    assert score_of(words[0], words[1], PAIR, people, rules) == score
    assert score_of(words[1], words[0], people, PAIR, rules) == score, "whichever is asked about"


def test_people_who_take_part_in_one_only_lower_the_score() -> None:
    words = words_of("red pump p 7", USUAL)
    three = PAIR | {BOB}
    four = PAIR | {"x@x.example", "y@x.example"}
    assert score_of(words, words, three, three, USUAL) == 100
    assert score_of(words, words, three, four, USUAL) == 83


def test_stock_words_are_lower_case_words() -> None:
    assert all(word == word.casefold() and word.isalpha() for word in STOCK_WORDS)
