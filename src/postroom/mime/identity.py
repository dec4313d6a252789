"""Message-IDs in their canonical form, and what refers to them."""

import binascii
import hashlib
import re
from functools import lru_cache

#: The longest Message-ID that the store holds.
LONGEST = 320
# References beyond these are dropped from the middle: the first and the nearest ones matter.
_MOST_REFERENCES = 1_000

_BRACKETED = re.compile(r"<([^<>]*)>")
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")


@lru_cache(maxsize=1024)
def canonical_id(value: str) -> str:
    """Return the Message-ID without angle brackets, blanks and control characters.

    One that is too long to store keeps its beginning and gets its digest as the end, so that it
    still equals only itself.

    >>> canonical_id(" <a@ b>\\t"), canonical_id("a@b"), len(canonical_id("x" * 999))
    ('a@b', 'a@b', 320)
    """
    bracketed = _BRACKETED.search(value)
    found = _BLANKS.sub("", bracketed[1] if bracketed else value.strip().strip("<>"))
    if len(found) <= LONGEST:
        return found
    tail = hashlib.sha256(found.encode()).hexdigest()
    return f"{found[: LONGEST - len(tail) - 1]}.{tail}"


def read_references(value: str) -> tuple[str, ...]:
    """Return the ids of a References header in order, without repetitions.

    >>> read_references("<a@b> <c@d>\\t<a@b>"), read_references("a@b c@d")
    (('a@b', 'c@d'), ('a@b', 'c@d'))
    """
    if not value:
        return ()
    found = _BRACKETED.findall(value) or [word for word in re.split(r"[\s,]+", value) if "@" in word]
    if len(found) > _MOST_REFERENCES:
        found = found[:1] + found[1 - _MOST_REFERENCES :]
    return tuple(dict.fromkeys(filter(None, map(canonical_id, found))))


def read_in_reply_to(value: str) -> str:
    """Return the id that an In-Reply-To header names, or empty when it holds only prose.

    >>> read_in_reply_to("Your message of Monday <a@b>"), read_in_reply_to("Your message of Monday")
    ('a@b', '')
    """
    bracketed = _BRACKETED.search(value)
    if bracketed:
        return canonical_id(bracketed[1])
    word = value.strip()
    return canonical_id(word) if "@" in word and not _BLANKS.search(word) else ""


def read_thread_index(value: str) -> str:
    """Return the Thread-Index as hexadecimal digits, or empty when it can't be read.

    # source: MS-OXOMSG 2.2.1.3
    >>> read_thread_index("AdnTQ1mZ7J0u3nq2TfOmxk9JYtZ7yg==")
    '01D9D3435999EC9D2EDE7AB64DF3A6C64F4962D67BCA'
    """
    if not value or len(value) > 4_096:
        return ""
    try:
        return binascii.a2b_base64(_BLANKS.sub("", value)).hex().upper()
    except (binascii.Error, ValueError):
        return ""
