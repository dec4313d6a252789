"""People: full names, and the settings that every user has."""

import sqlalchemy as sa

from postroom.schema.choices import FullNameConvention
from postroom.schema.organization import Organization
from postroom.schema.user import UserSettings
from postroom.store.records.hooks import Write, WriteKind


def full_name(first: str, middle: str, last: str, convention: FullNameConvention) -> str:
    """Return the full name by the organization's convention; parts that are missing leave no trace.

    >>> full_name("Ada", "King", "Lovelace", FullNameConvention.LAST_COMMA_FIRST)
    'Lovelace, Ada'
    >>> full_name("Ada", "King", "Lovelace", FullNameConvention.FIRST_INITIAL_LAST)
    'Ada K. Lovelace'
    >>> full_name("", "", "Lovelace", FullNameConvention.LAST_COMMA_FIRST)
    'Lovelace'
    """
    initial = f"{middle[0]}." if middle else ""
    separator, before, after = {
        FullNameConvention.LAST_COMMA_FIRST: (", ", [last], [first]),
        FullNameConvention.FIRST_LAST: (" ", [first], [last]),
        FullNameConvention.LAST_COMMA_FIRST_INITIAL: (", ", [last], [first, initial]),
        FullNameConvention.FIRST_INITIAL_LAST: (" ", [first, initial], [last]),
        FullNameConvention.LAST_COMMA_FIRST_MIDDLE: (", ", [last], [first, middle]),
        FullNameConvention.FIRST_MIDDLE_LAST: (" ", [first, middle], [last]),
        FullNameConvention.LAST_SPACE_FIRST: (" ", [last], [first]),
        FullNameConvention.LAST_FIRST: ("", [last], [first]),
    }[convention]
    halves = [" ".join(filter(None, half)) for half in (before, after)]
    return separator.join(filter(None, halves))


def build_full_name(write: Write) -> None:
    """Build `fullname` when one of its parts changes."""
    if write.kind is WriteKind.DELETE or not write.changes("firstname", "middlename", "lastname"):
        return
    code = write.connection.scalar(sa.select(Organization.fullnameconventioncode))
    convention = FullNameConvention.LAST_COMMA_FIRST if code is None else FullNameConvention(code)
    row = write.after
    first, middle, last = (row.get(part) or "" for part in ("firstname", "middlename", "lastname"))
    longest = write.table.columns["fullname"].length
    write.values["fullname"] = full_name(first, middle, last, convention)[:longest] or None


def keep_settings(write: Write) -> None:
    """Give a new user settings and a number for tracking tokens; remove them with the user."""
    if write.kind is WriteKind.CREATE:
        settings = {
            "systemuserid": write.id,
            "businessunitid": write.values.get("businessunitid"),
            "trackingtokenid": _next_token_id(write),
            "nexttrackingnumber": 1,
        }
        write.records.create(write.connection, "usersettings", settings, by=write.by, internal=True)
    elif write.kind is WriteKind.DELETE:
        write.connection.execute(sa.delete(UserSettings).where(UserSettings.systemuserid == write.id))


def _next_token_id(write: Write) -> int:
    # Two users must not share a number, or their tokens could not be told apart.
    write.records.database.lock(write.connection, "postroom_trackingtokenid")
    highest = write.connection.scalar(sa.select(sa.func.max(UserSettings.trackingtokenid)))
    base = write.connection.scalar(sa.select(Organization.trackingtokenidbase))
    return max(highest or 0, base or 0) + 1
