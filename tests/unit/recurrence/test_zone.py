"""Zones by any name, and never a failure."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.recurrence.windows_zones import FORMER_NAMES, WINDOWS_NAMES, WINDOWS_ZONES
from postroom.recurrence.zone import windows_name, zone_named


def test_every_windows_name_leads_to_a_zone_and_back() -> None:
    for name, key in WINDOWS_ZONES.items():
        assert zone_named(name.upper()).key == ZoneInfo(key).key
        assert windows_name(key) == name


def test_every_name_of_the_database_is_known_in_any_case() -> None:
    for key in WINDOWS_NAMES:
        found = zone_named(key.lower())
        assert not found.is_approximated
        assert ZoneInfo(found.key)


def test_every_former_name_is_known() -> None:
    assert not any(zone_named(name).is_approximated for name in FORMER_NAMES)


@pytest.mark.parametrize(
    "name", ["Customized Time Zone", "Middle-earth", "", "Zone 7", "tzone://x/custom", "\x00"]
)
def test_an_invented_name_is_kept_and_approximated(name: str) -> None:
    found = zone_named(name)
    assert (found.name_as_given, found.is_approximated) == (name, True)
    assert found.why


@given(st.text(max_size=60))
def test_any_text_gives_a_zone(name: str) -> None:
    assert zone_named(name).tz
