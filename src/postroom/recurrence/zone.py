"""Time zones by any name that servers, calendars and people give them.

A zone is known by its key in the IANA database. Names that mean one exactly are looked up: IANA's own,
with all that they were once called, and Windows'. What is left is approximated, by rules if there are any,
and says so. The name that was given is kept, so that it can be given back unchanged.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from postroom.recurrence.posix_zone import read_posix_rules
from postroom.recurrence.windows_zones import FORMER_NAMES, WINDOWS_NAMES, WINDOWS_ZONES
from postroom.recurrence.zone_rules import MAX_OFFSET, ZoneRules, closest_zone, rules_of

#: No name of a zone is longer; what is longer is cut before it is looked at.
MAX_NAME: Final = 200
#: The year whose rules are compared when nothing is said about the item.
_A_YEAR: Final = 2026

_UTC_NAMES = ("utc", "z", "gmt", "zulu", "uct", "universal", "etc/utc", "tzone://microsoft/utc")
# Letters that stand for zones in mail and calendars though no database has them.
_LETTERS: Final = {
    "ast": "America/Halifax", "edt": "America/New_York", "cst": "America/Chicago",
    "cdt": "America/Chicago", "mdt": "America/Denver", "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles", "akst": "America/Anchorage", "akdt": "America/Anchorage",
    "bst": "Europe/London", "cest": "Europe/Berlin", "eest": "Europe/Kiev", "west": "Europe/Lisbon",
    "msk": "Europe/Moscow", "ist": "Asia/Calcutta", "jst": "Asia/Tokyo", "kst": "Asia/Seoul",
    "aest": "Australia/Sydney", "aedt": "Australia/Sydney", "nzst": "Pacific/Auckland",
    "nzdt": "Pacific/Auckland",
}  # fmt: skip
_OFFSET = re.compile(
    r"\(?(?:utc|gmt)?\s{0,3}(?P<sign>[+\-−])\s{0,3}(?P<hours>\d{1,2})(?::?(?P<minutes>[0-5]\d))?\)?",
    re.IGNORECASE,
)
_BEFORE_CITIES = re.compile(r"\((?:utc|gmt)\s?(?:[+\-−]\s?\d{1,2}:?\d\d)?\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone: the name it was given, the IANA zone that stands for it, and how good that is."""

    name_as_given: str
    key: str
    is_approximated: bool = False
    #: Why it is approximated, in a sentence; empty otherwise.
    why: str = ""

    @property
    def tz(self) -> ZoneInfo:
        """Return the zone for calculating."""
        return ZoneInfo(self.key)

    @property
    def windows_name(self) -> str:
        """Return Windows' name of the zone, which is what Exchange understands."""
        return windows_name(self.key)


#: What counts when nothing at all is known.
UTC_ZONE: Final = Zone("UTC", "Etc/UTC")


def zone_named(
    name: str, *, rules: ZoneRules | None = None, around: date | None = None, otherwise: Zone = UTC_ZONE
) -> Zone:
    """Return the zone that a name means; by rules, when the name means nothing; else the one given.

    `around` is the day of the item: where zones are approximated, clocks are compared in its years.

    >>> zone_named("W. Europe Standard Time").key, zone_named("us/pacific").key
    ('Europe/Berlin', 'US/Pacific')
    >>> zone_named("(UTC+05:30) Somewhere").key, zone_named("Middle-earth").is_approximated
    ('Asia/Calcutta', True)
    """
    asked = " ".join(name[:MAX_NAME].replace("\x00", " ").split())
    for read in _READINGS:
        if found := read(asked):
            return Zone(name, found)
    year = _A_YEAR if around is None else around.year
    if rules is not None and rules.is_possible:
        return _by_rules(name, rules, year, "It is told by rules")
    return _by_guess(name, asked, year) or Zone(
        name, otherwise.key, is_approximated=True, why=f"Nobody knows this name; {otherwise.key} is taken."
    )


def _by_rules(name: str, rules: ZoneRules, year: int, reason: str) -> Zone:
    found = closest_zone(rules, year)
    if not found.differs:
        why = f"{reason}; in the years around {year} they are those of {found.key}."
    else:
        why = f"{reason}; {found.key} comes closest and differs {found.differs:.0%} of the time."
    return Zone(name, found.key, is_approximated=True, why=why)


def _by_guess(name: str, asked: str, year: int) -> Zone | None:
    """Return the zone of an offset, of rules written in the name, or of letters."""
    if posix := read_posix_rules(asked):
        return _by_rules(name, posix, year, "The name holds rules")
    if key := _LETTERS.get(asked.casefold()):
        return Zone(name, key, is_approximated=True, why=f"Letters mean several zones; {key} is likely.")
    if found := _OFFSET.match(asked):
        offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
        rules = ZoneRules(offset if found["sign"] == "+" else -offset)
        if abs(offset) <= MAX_OFFSET:
            return _by_rules(name, rules, year, "Only the distance from UTC is known")
    return None


def _as_utc(asked: str) -> str | None:
    return "Etc/UTC" if asked.casefold() in _UTC_NAMES else None


def _as_iana(asked: str) -> str | None:
    """Return the key of an IANA name in any case, also after a prefix such as libical's."""
    parts = asked.replace(" ", "_").casefold().split("/")
    for begin in range(max(0, len(parts) - 3), len(parts)):
        if key := _iana_keys().get("/".join(parts[begin:])):
            is_whole = begin == 0
            return key if is_whole or "/" in key else None
    return _exists(asked)


@lru_cache(maxsize=1)
def _iana_keys() -> dict[str, str]:
    return {key.casefold(): key for key in (*WINDOWS_NAMES, "Antarctica/Troll")}


@lru_cache(maxsize=256)
def _exists(asked: str) -> str | None:
    """Return a name that the installed database has and our table has not: it may be newer."""
    if not re.fullmatch(r"[A-Z][A-Za-z_]{2,30}(?:/[A-Z][A-Za-z_+\-0-9]{1,30}){1,2}", asked):
        return None
    try:
        return ZoneInfo(asked).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _as_windows(asked: str) -> str | None:
    """Return the key of a Windows name in any case, in summer's form as well, and of names it had."""
    folded = (
        asked.casefold().replace(" daylight time", " standard time").replace(" summer time", " standard time")
    )
    return _windows_keys().get(folded)


@lru_cache(maxsize=1)
def _windows_keys() -> dict[str, str]:
    known = {name: WINDOWS_ZONES[today] for name, today in FORMER_NAMES.items()} | WINDOWS_ZONES
    return {name.casefold(): key for name, key in known.items()}


def _as_display_name(asked: str) -> str | None:
    """Return the key for what Windows shows: an offset in parentheses, then cities or a region.

    >>> _as_display_name("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna")
    'Europe/Amsterdam'
    """
    prefix = _BEFORE_CITIES.match(asked)
    if prefix is None:
        return None
    shown = asked[prefix.end() :].strip()
    for place in re.split(r"[,;:(&]", shown):
        folded = place.strip().casefold()
        region = folded.removesuffix(" time") + " standard time"
        if found := _as_windows(folded) or _windows_keys().get(region) or _cities().get(folded):
            return found
    return None


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    keys = [key for key in WINDOWS_NAMES if "/" in key and not key.startswith("Etc/")]
    return {key.rpartition("/")[2].replace("_", " ").casefold(): key for key in reversed(keys)}


_READINGS: Final[tuple[Callable[[str], str | None], ...]] = (_as_utc, _as_windows, _as_iana, _as_display_name)


@lru_cache(maxsize=1024)
def windows_name(key: str, year: int = _A_YEAR) -> str:
    """Return Windows' name for an IANA key; where Windows has none, a similar zone's or UTC.

    >>> windows_name("Europe/Oslo"), windows_name("Antarctica/Troll")
    ('W. Europe Standard Time', 'UTC')
    """
    if found := WINDOWS_NAMES.get(key):
        return found
    return WINDOWS_NAMES.get(closest_zone(rules_of(key, year), year).key, "UTC")
