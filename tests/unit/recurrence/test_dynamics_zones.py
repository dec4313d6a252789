"""The CRM's codes of time zones."""

from postroom.recurrence.dynamics_zones import DYNAMICS_ZONES
from postroom.recurrence.windows_zones import WINDOWS_ZONES


def test_every_code_means_a_name_that_windows_has() -> None:
    assert set(DYNAMICS_ZONES.values()) <= set(WINDOWS_ZONES)


def test_well_known_codes_mean_what_they_do_in_the_crm() -> None:
    assert (DYNAMICS_ZONES[110], DYNAMICS_ZONES[35], DYNAMICS_ZONES[92]) == (
        "W. Europe Standard Time",
        "Eastern Standard Time",
        "UTC",
    )
