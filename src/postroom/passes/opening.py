"""Opening one message: bytes to what can be judged, or put aside with the reason."""

import hashlib
import logging
from collections.abc import Callable

from postroom.errors import MalformedMessage
from postroom.mime.message import Message, Raw
from postroom.mime.nature import nature_of
from postroom.mime.read import read
from postroom.passes.arrival import received_at
from postroom.passes.judge import Opened
from postroom.ports.mail import Offered
from postroom.schema.choices import QuarantineCause
from postroom.tracking.facts import Receiver

log = logging.getLogger(__name__)

_PIECE = 1024 * 1024


def open_message(offered: Offered, raw: Raw, receiver: Receiver, *, accelerated: bool = True) -> Opened:
    """Read a message; one that can't be read keeps its bytes and the reason."""
    message = guarded(lambda: read(raw, accelerated=accelerated))
    if isinstance(message, str):
        return Opened(
            offered,
            _digest(raw),
            raw.size,
            receiver,
            raw=raw,
            cause=QuarantineCause.MALFORMED,
            trouble=message,
        )
    return Opened(
        offered,
        message.digest,
        raw.size,
        receiver,
        message,
        nature_of(message),
        offered.received_at or received_at(message),
        raw=raw,
    )


def guarded(reading: Callable[[], Message]) -> Message | str:
    """Return the message, or why it can't be read.

    A fault of our own that one message trips must not stop its mailbox for ever: the message is
    put aside with its bytes, and the log has the fault. What the machine can't do is no such fault.
    """
    try:
        return reading()
    except MalformedMessage as problem:
        return str(problem)
    except OSError:
        raise
    except Exception as fault:
        log.exception("a message could not be read")
        return f"a fault of Postroom's own kept it from being read ({type(fault).__name__}); the log has it"


def _digest(raw: Raw) -> bytes:
    sha = hashlib.sha256()
    for start in range(0, raw.size, _PIECE):
        sha.update(raw.read(start, min(start + _PIECE, raw.size)))
    return sha.digest()
