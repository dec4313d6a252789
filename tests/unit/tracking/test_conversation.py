"""Conversation indexes: what a conversation shares, and how it grows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from postroom.tracking.conversation import answer, base_hash, begin, index_base

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_hash_of_a_thread_is_that_of_its_first_message() -> None:
    root = "01" * 22
    assert base_hash(root + "aa" * 5) == base_hash(root.upper()) == base_hash(root)
    assert base_hash("01" * 21) is None
    assert base_hash("") is None
    assert all(-(2**31) <= (base_hash(f"{number:02x}" * 22) or 0) < 2**31 for number in range(256))


def test_a_conversation_begins_with_its_time_and_its_own_number() -> None:
    index = begin(UUID(int=7), NOON)
    assert len(index) == 44
    assert index.endswith(UUID(int=7).hex.upper())
    began = int(index[:12], 16) << 16
    assert abs(datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=began // 10) - NOON) < timedelta(
        seconds=1
    )


def test_an_answer_adds_five_octets_and_stays_in_its_conversation() -> None:
    first = begin(UUID(int=7), NOON)
    second = answer(first, NOON + timedelta(hours=1), 3)
    third = answer(second, NOON + timedelta(hours=2), 4)
    assert [len(index) for index in (first, second, third)] == [44, 54, 64]
    assert index_base(third) == first
    assert third.startswith(second)
    assert second.endswith("03")


def test_an_answer_after_years_is_measured_more_coarsely() -> None:
    first = begin(UUID(int=7), NOON)
    soon, late = (answer(first, NOON + timedelta(days=days), 0)[44:52] for days in (600, 700))
    assert int(soon, 16) < 1 << 31 <= int(late, 16)


def test_what_is_no_index_and_what_has_grown_too_long_is_left_as_it_is() -> None:
    assert answer("01AA", NOON, 1) == "01AA"
    grown = "01" * 1_001
    assert answer(grown, NOON, 1) == grown
    assert index_base("01AA") == ""
