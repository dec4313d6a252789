"""Global ids of appointments: the same in the calendars of all who take part."""

import base64
import hashlib
from datetime import UTC, date, datetime
from typing import Final

# source: MS-OXOCAL PidLidGlobalObjectId
_BEGIN: Final = bytes.fromhex("040000008200e00074c5b7101a82e008")
#: Before a UID that another program has made.
_FOREIGN: Final = b"vCal-Uid\x01\x00\x00\x00"
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
#: Most characters of a UID.
MAX_UID: Final = 1000


def new_uid(seed: str, made_at: datetime) -> str:
    """Return a UID as Exchange makes it, the same for the same seed and time.

    >>> new_uid("AAMk", datetime(2026, 11, 25, tzinfo=UTC))[:40]
    '040000008200E00074C5B7101A82E00800000000'
    """
    ticks = int((made_at - _EPOCH).total_seconds()) * 10_000_000
    data = hashlib.sha256(seed.encode()).digest()[:16]
    return _whole(ticks.to_bytes(8, "little"), data).hex().upper()


def global_id(uid: str, day: date | None = None) -> str:
    """Return PidLidGlobalObjectId in base64; without a day of the series, it is the clean one.

    >>> base64.b64decode(global_id("x@y"))[40:]
    b'vCal-Uid\\x01\\x00\\x00\\x00x@y\\x00'
    """
    octets = _own(uid) or _whole(bytes(8), _FOREIGN + uid[:MAX_UID].encode("utf-8") + b"\0")
    when = b"\0\0\0\0" if day is None else day.year.to_bytes(2, "big") + bytes((day.month, day.day))
    return base64.b64encode(octets[:16] + when + octets[20:]).decode("ascii")


def _own(uid: str) -> bytes | None:
    """Return the octets of a UID that Exchange has made, or None."""
    try:
        octets = bytes.fromhex(uid)
    except ValueError:
        return None
    return octets if octets.startswith(_BEGIN) and len(octets) >= 40 else None


def _whole(made_at: bytes, data: bytes) -> bytes:
    return _BEGIN + bytes(4) + made_at + bytes(8) + len(data).to_bytes(4, "little") + data
