"""Tracking tokens: the mark behind a subject that ties an answer to the e-mail it answers.

::

    CRM:0001002     prefix, the online digit 0, the user's number, the counter of that user's e-mails

# source: DYNAMICS-CORRELATION
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

DEFAULT_PREFIXES = ("CRM:",)

#: The longest token that the column holds.
LONGEST = 50

# Shorter digits are no token of any setting; longer ones are somebody's order number.
_DIGITS = r"[0-9]{3,20}(?![0-9])"
# Of a subject full of tokens only the last ones are looked up.
_MOST = 5


@dataclass(frozen=True, slots=True)
class TokenRules:
    """How new tokens are made."""

    prefix: str = DEFAULT_PREFIXES[0]
    #: Digits of the user's number, padded with zeros.
    user_digits: int = 3
    #: The counter goes back to 0 after this one.
    maximum: int = 999


def read_prefixes(text: str | None) -> tuple[str, ...]:
    """Return the prefixes of a setting that separates them by semicolons, the present one first.

    >>> read_prefixes("CRM:; Ticket ;CRM:"), read_prefixes(None)
    (('CRM:', 'Ticket'), ('CRM:',))
    """
    found = tuple(dict.fromkeys(p for part in (text or "").split(";") if (p := part.strip())))
    return found or DEFAULT_PREFIXES


def tokens_in(subject: str, prefixes: Sequence[str]) -> tuple[str, ...]:
    """Return the tokens of the subject, the last one first, spelled as the prefixes are.

    >>> tokens_in("Re: Offer crm:0001002 CRM:0001003", ("CRM:",))
    ('CRM:0001003', 'CRM:0001002')
    """
    matches = _pattern(tuple(prefixes)).findall(subject)
    if not matches:
        return ()
    spelled = {prefix.lower(): prefix for prefix in reversed(prefixes)}
    found = [spelled.get(prefix.lower(), prefix) + digits for prefix, digits in matches]
    return tuple(dict.fromkeys(reversed(found)))[:_MOST]


def without_tokens(subject: str, prefixes: Sequence[str]) -> str:
    """Return the subject without its tokens and the blanks around them.

    >>> without_tokens("Offer CRM:0001002", ("CRM:",))
    'Offer'
    """
    return " ".join(_pattern(tuple(prefixes)).sub(" ", subject).split())


def make_token(rules: TokenRules, user: int, counter: int) -> str:
    """Return the token of one e-mail; numbers that are wider than their digits are not cut.

    >>> make_token(TokenRules(), 1, 2), make_token(TokenRules("T-", 2, 9), 1234, 7)
    ('CRM:0001002', 'T-012347')
    """
    width = len(str(rules.maximum))
    return f"{rules.prefix}0{user:0{rules.user_digits}d}{counter:0{width}d}"


def with_token(subject: str, token: str, longest: int) -> str | None:
    """Return the subject with the token behind it, shortened to fit, or None where it never fits.

    >>> with_token("Offer for the pump", "CRM:0001002", 20)
    'Offer fo CRM:0001002'
    """
    room = longest - len(token) - 1
    if room < 0:
        return None
    return f"{subject[:room].rstrip()} {token}".lstrip()


@lru_cache(maxsize=64)
def _pattern(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    # The longest prefix first, so that no other one that it begins with takes its place.
    known = "|".join(map(re.escape, sorted(prefixes, key=len, reverse=True)))
    return re.compile(rf"(?<![A-Za-z0-9])({known})({_DIGITS})", re.IGNORECASE)
