"""Keys for new rows: UUIDs of version 7, in the order in which they were made.

Rows made together lie together in every index, which keeps inserts cheap on both databases.
# source: RFC9562 5.7
"""

import os
import threading
import time
from uuid import UUID

_LOCK = threading.Lock()
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_COUNTER_BITS = 12


class _Sequence:
    """The last instant given out, in 1/4096 of a millisecond; never goes back."""

    def __init__(self) -> None:
        self.last = 0

    def next(self) -> int:
        now = (time.time_ns() << _COUNTER_BITS) // 1_000_000
        with _LOCK:
            # A clock that stands still or is set back must not break the order.
            self.last = max(now, self.last + 1)
            return self.last


_SEQUENCE = _Sequence()


def new_id() -> UUID:
    """Return a new key, greater than every key this process made before.

    The clock is read here and not through the port: a key's time is a matter of order, not of meaning.

    >>> first, second = new_id(), new_id()
    >>> first < second, first.version
    (True, 7)
    """
    ticks = _SEQUENCE.next()
    milliseconds, fraction = ticks >> _COUNTER_BITS, ticks & ((1 << _COUNTER_BITS) - 1)
    tail = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | _VERSION_7 | (fraction << 64) | _VARIANT | tail)
