"""Fingerprints are the same for the same content only."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from postroom.reconcile.fingerprint import fingerprint
from postroom.reconcile.item import Attendee
from postroom.schema.choices import Priority


class Colour(Enum):
    RED = "red"


VALUES: list[Any] = [
    None, "", "None", "a", b"a", 1, "1", 1.5, True, ("a", "b"), ("ab",), ("b", "a"), frozenset({"a", "b"}),
    (), frozenset(), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), time(1, 2), timedelta(1), Colour.RED,
    UTC, ZoneInfo("Europe/Berlin"),
    Attendee("a"), {"a": 1}, {"a": "1"},
]  # fmt: skip


def test_different_contents_have_different_fingerprints() -> None:
    for one, other in combinations(VALUES, 2):
        assert fingerprint(one) != fingerprint(other), (one, other)


def test_a_choice_is_the_number_that_it_equals() -> None:
    assert fingerprint(Priority.HIGH) == fingerprint(2)


def test_an_instant_is_the_same_in_every_zone() -> None:
    berlin = datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    assert fingerprint(berlin) == fingerprint(datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert fingerprint(datetime(2026, 1, 1)) != fingerprint(datetime(2026, 1, 1, tzinfo=UTC))  # noqa: DTZ001


def test_an_attendee_is_the_same_under_another_name() -> None:
    assert fingerprint(Attendee("a", "A@x", "Ann")) == fingerprint(Attendee("a", "a@x", "A."))


def test_another_process_comes_to_the_same() -> None:
    code = "from postroom.reconcile.fingerprint import fingerprint as f; print(f(frozenset('abcdef')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == fingerprint(frozenset("abcdef"))


def test_a_value_that_is_not_comparable_is_refused() -> None:
    with pytest.raises(TypeError, match="can't hold a object"):
        fingerprint(object())
