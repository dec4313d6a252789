"""Which expressions may be run on strangers' subjects."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.configuration.subject_filter import problems_of
from postroom.schema import registry

DEFAULT = registry.by_logical_name("organization").columns["hashfilterkeywords"].default


def sentences(expression: str | None) -> list[str]:
    problems = problems_of(expression)
    assert all((problem.code, problem.column) == (0x80040203, "hashfilterkeywords") for problem in problems)
    assert all(str(problem).startswith("hashfilterkeywords ") for problem in problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "expression",
    [
        None,
        "",
        DEFAULT,
        "Out of office:",
        r"\[EXTERNAL\]",
        r"^(RE|FW|FWD|AW|WG):\s*",
        r"(?i)^\s*((re|res|rv|fw|fwd|aw)\s*:\s*)+",
        r"((re|fw)(\[\d+\])?\s?:\s?)+",
        r"((?:Re|RE|re|Fwd?):\s*)*",
        r"(?i:re)(?-i:RE|FW):",
        r"\[.*\]",
        r"\[[^\]]*\]\s*",
        r"^[^a]*a",
        r"[^\W\d_]+:",
        r"(?a)(\w+\W+)+",
        r"^(?!Re Zero)re:(?<=:)",
        "a|b|",
        # What is never entered again can't be tried in many ways.
        "(?>a+)+b",
        "(?:a+)*+b",
        "(?:(?>ab|c)+x)?",
        "(?:𝐑|[🅰-🆎])+:",
    ],
)
def test_an_expression_is_taken_where_the_next_character_says_how_to_go_on(expression: str | None) -> None:
    assert sentences(expression) == []


@pytest.mark.parametrize(
    "expression",
    [
        # A repeat within a repeat, however it is wrapped up.
        "(a+)+",
        r"(\w+)+:",
        "(.*)*",
        r"(\w+\s?)*:",
        "(a+b?)+c",
        "(x+x+)+y",
        "((a+)+)?",
        "(?:a|(?:b+)+)c",
        "(?=(a+)+)b",
        "(?:(?=.*x)a)*",
        "(?>(a+)+)",
        "(?i)([A-Z]+|z)+y",
        "(a{1,30}){1,30}b",
        "(?:(?:a+?)+?b?)+?c",
        # Alternatives that overlap, and optional parts, within a repeat.
        "(ab|ab|c)*d",
        r"([a-z]+|\d|x)+y",
        "(a?)*b",
        "(a{1,3})+b",
        "(ab|a|b)+c",
        # Rounds that take nothing.
        r"(?:(\b)?.)+?cb",
        r"(?:(?:(?:\b){3,}){3,})*",
        # One after the other.
        r"\s*\w*\d*.*x.*y",
        "a*" * 20,
        "(a?){60}a{60}",
        "(?:ab|ab|cd)" * 30,
        "(?:.*,){11}P",
    ],
)
def test_an_expression_that_could_take_for_ever_is_refused_and_another_is_shown(expression: str) -> None:
    (said,) = sentences(expression)
    assert "could take for ever on some subjects" in said
    assert sentences(said.rpartition(" as in ")[2]) == []


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("(", "is not a regular expression: missing )"),
        ("a{99999999999}", "is not a regular expression: the repetition number is too large."),
        ("[[a]", "is not a regular expression: Possible nested set"),
        (r"(a)\1", "refers back to a group"),
        ("(a)?(?(1)b|c)", "refers back to a group"),
        ("x" * 501, "has 501 characters, where 500 is the most."),
    ],
)
def test_what_is_no_expression_or_can_t_be_judged_is_refused(expression: str, said: str) -> None:
    assert said in sentences(expression)[0]


def test_depth_is_no_danger() -> None:
    assert sentences("(" * 250 + ")" * 250) in ([], ["hashfilterkeywords is nested too deeply."])
    assert sentences("(?:" * 120 + "a" + ")*" * 120) != []


def test_what_exhausts_the_stack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(expression: str) -> float:
        raise RecursionError

    monkeypatch.setattr("postroom.configuration.subject_filter._ways_of", exhausted)
    assert sentences("a") == ["hashfilterkeywords is nested too deeply."]


atoms = st.sampled_from(["a", "b", "ab", r"\w", r"\s", ".", "[ab]", "[^a]", " ", "^", "$", r"\b"])
expressions = st.recursive(
    atoms,
    lambda parts: (
        st.lists(parts, min_size=2, max_size=3).map("".join)
        | st.lists(parts, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})")
        | st.builds("(?:{}){}".format, parts, st.sampled_from(["*", "+", "?", "{1,3}", "{3,}", "*?", "*+"]))
        | st.builds("({}{})".format, st.sampled_from(["?>", "?=", "?!"]), parts)
    ),
    max_leaves=8,
)
HOSTILE = [text * (400 // len(text)) + end for text in ("a", "ab", " ", "a ") for end in ("", "!")]


@given(expressions)
def test_what_is_taken_is_soon_done(expression: str) -> None:
    try:
        compiled = re.compile(expression)
    except re.error:
        return
    if problems_of(expression):
        return
    for subject in HOSTILE:
        began = time.perf_counter()
        compiled.sub("", subject)
        assert time.perf_counter() - began < 5
