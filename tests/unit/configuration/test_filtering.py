"""Which filtering method may be chosen, by the organization's switches."""

import pytest

from postroom.configuration.filtering import problems_of_choice
from postroom.configuration.switch import Switch, Value
from postroom.configuration.switches import Switches
from postroom.schema.choices import FilteringMethod

ALL, SOME, NONE = FilteringMethod.ALL, FilteringMethod.RESPONSES, FilteringMethod.NONE
HIDE_ALL = {Switch.HIDE_TRACK_ALL_OPTION: True}
HIDE_CHOICE = {Switch.HIDE_EMAIL_AUTO_TRACK_OPTIONS: True}
NO_NONE = {Switch.DO_NOT_AUTO_TRACK_EMAIL: False}


@pytest.mark.parametrize(
    ("switches", "table", "refused"),
    [
        ({}, "usersettings", []),
        ({}, "queue", []),
        (HIDE_ALL, "usersettings", [ALL]),
        (HIDE_ALL, "queue", []),
        (HIDE_CHOICE, "usersettings", [ALL, SOME, NONE, None]),
        (HIDE_CHOICE, "queue", []),
        (NO_NONE, "usersettings", [NONE]),
        (NO_NONE, "queue", [NONE]),
    ],
)
def test_a_switch_keeps_methods_from_users_or_queues(
    switches: dict[Switch, Value], table: str, refused: list[FilteringMethod | None]
) -> None:
    found = {
        method: problems_of_choice(table, method, Switches(switches)) for method in (ALL, SOME, NONE, None)
    }
    assert [method for method, problems in found.items() if problems] == refused
    for problems in found.values():
        for problem in problems:
            assert problem.column == "incomingemailfilteringmethod"
            assert "`postroom switch set " in str(problem)
