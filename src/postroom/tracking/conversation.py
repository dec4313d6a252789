"""The conversation index of Outlook and Exchange: what a conversation shares, how it grows.

As hexadecimal digits: 22 octets that begin the conversation (the time without its last 2 octets, and a
GUID), and 5 more for each answer.

# source: MS-OXOMSG 2.2.1.3
"""

import zlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

#: Hexadecimal digits that all indexes of one conversation begin with.
BASE_DIGITS = 44

# An answer to an answer to ... : beyond this no program looks.
_LONGEST = 2_000

_BEGINNING = datetime(1601, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def index_base(index: str) -> str:
    """Return what all indexes of this conversation begin with, or empty for what is no index."""
    return index[:BASE_DIGITS].upper() if len(index) >= BASE_DIGITS else ""


def base_hash(index: str) -> int | None:
    """Return the number under which a conversation is found, or None for what is no index.

    It is signed, as the column is; CRC-32 is stable over releases.
    """
    if len(index) < BASE_DIGITS:
        return None
    value = zlib.crc32(index[:BASE_DIGITS].lower().encode("ascii", "replace"))
    return value - (1 << 32) if value >= 1 << 31 else value


def begin(conversation: UUID, at: datetime) -> str:
    """Return the index of the first message of a conversation.

    >>> begin(UUID(int=7), datetime(2026, 3, 2, tzinfo=UTC))
    '01DCA9D7834A00000000000000000000000000000007'
    """
    return f"{_ticks(at) >> 16:012X}{conversation.hex.upper()}"


def answer(index: str, at: datetime, mark: int) -> str:
    """Return the index of an answer to the message with this one; `mark` tells apart answers of one time."""
    base = index_base(index)
    if not base or len(index) > _LONGEST:
        return index
    began = int(base[:12], 16) << 16
    passed = max(0, _ticks(at) - began)
    # 1.7 years fit the finer measure.
    delta = passed >> 18 if passed < 1 << 49 else 1 << 31 | passed >> 23 & 0x7FFF_FFFF
    return f"{index.upper()}{delta & 0xFFFF_FFFF:08X}{mark & 0xFF:02X}"


def _ticks(at: datetime) -> int:
    """Return the time in tenths of a microsecond, as Windows counts it."""
    return (at - _BEGINNING) // _TICK * 10
