"""Instants and numbers go into both databases and come back the same."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from postroom.schema.column import ExactDecimal, Moment

SQLITE, POSTGRESQL = sqlite.dialect(), postgresql.dialect()


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_from_sqlite_to_the_microsecond(instant: datetime) -> None:
    stored = Moment().process_bind_param(instant, SQLITE)
    assert isinstance(stored, int)
    back = Moment().process_result_value(stored, SQLITE)
    assert back == instant
    assert back is not None
    assert back.tzinfo is UTC


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_instants_are_stored_in_their_order(one: datetime, other: datetime) -> None:
    stored = [Moment().process_bind_param(instant, SQLITE) for instant in (one, other)]
    assert (one < other) == (stored[0] < stored[1])


def test_an_instant_from_elsewhere_comes_back_as_utc() -> None:
    tokyo = datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    for dialect in (SQLITE, POSTGRESQL):
        stored = Moment().process_bind_param(tokyo, dialect)
        assert Moment().process_result_value(stored, dialect) == datetime(2026, 1, 1, tzinfo=UTC)


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Moment().process_bind_param(datetime(2026, 1, 1), SQLITE)  # noqa: DTZ001


def test_nothing_stays_nothing() -> None:
    for kind in (Moment(), ExactDecimal()):
        for dialect in (SQLITE, POSTGRESQL):
            assert kind.process_bind_param(None, dialect) is None
            assert kind.process_result_value(None, dialect) is None


def test_a_decimal_number_keeps_its_digits() -> None:
    rate = Decimal("1.234567890123")
    for dialect in (SQLITE, POSTGRESQL):
        stored = ExactDecimal().process_bind_param(rate, dialect)
        assert ExactDecimal().process_result_value(stored, dialect) == rate
