"""Why a recurrence cannot be taken over, and the exception that says so."""

from enum import StrEnum

from postroom.errors import UserError


class Obstacle(StrEnum):
    """What stands in the way of a recurrence; each says what it is in a sentence."""

    INVALID = "The recurrence contradicts itself or has a value that means nothing."
    REGENERATES = "The next occurrence depends on when the last one was completed, so none can be foreseen."
    UNKNOWN_PATTERN = "The recurrence is of a kind that the other side does not have."
    INTERVAL = "The interval is longer than the other side can say."
    DAYS = "The other side cannot say this choice of days."
    NEVER = "The recurrence has no occurrence at all."
    NO_OCCURRENCE = "The series has no occurrence on that day."


class UnsupportedRecurrence(UserError):  # noqa: N818 - the name says what it is
    """A recurrence that is invalid, or that one side can say and the other cannot."""

    def __init__(self, obstacle: Obstacle, *problems: str) -> None:
        super().__init__(*(problems or (obstacle.value,)))
        #: What kind of thing stands in the way.
        self.obstacle = obstacle
