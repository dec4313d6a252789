"""Which filtering method a user or queue may choose, by the organization's switches."""

from collections.abc import Iterator

from postroom.configuration.switches import Switch, Switches
from postroom.errors import InvalidRecord
from postroom.schema.choices import FilteringMethod

COLUMN = "incomingemailfilteringmethod"


def problems_of_choice(table: str, method: int | None, switches: Switches) -> list[InvalidRecord]:
    """Return why the user whose `usersettings` these are, or the `queue`, may not choose another method."""
    return [InvalidRecord(sentence, column=COLUMN) for sentence in _problems(table, method, switches)]


def _problems(table: str, method: int | None, switches: Switches) -> Iterator[str]:
    is_user = table == "usersettings"
    if is_user and switches.is_on(Switch.HIDE_EMAIL_AUTO_TRACK_OPTIONS):
        yield (
            "Users may not change their filtering method: the switch HideEmailAutoTrackOptions is on; "
            "`postroom switch set HideEmailAutoTrackOptions false` allows it."
        )
    elif is_user and method == FilteringMethod.ALL and switches.is_on(Switch.HIDE_TRACK_ALL_OPTION):
        yield (
            "Users may not accept all messages (0): the switch HideTrackAllOption is on. Choose 1 to 4; "
            "`postroom switch set HideTrackAllOption false` allows 0."
        )
    elif method == FilteringMethod.NONE and not switches.is_on(Switch.DO_NOT_AUTO_TRACK_EMAIL):
        yield (
            "The filtering method 4 (no messages) is not offered: the switch DoNotAutoTrackEmail is off. "
            "Choose 0 to 3; `postroom switch set DoNotAutoTrackEmail true` allows 4."
        )
