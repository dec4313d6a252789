"""Replies of an SMTP server: read from the wire several at a time, and told apart by class."""

import re
import time
from typing import NamedTuple

from postroom.errors import BadReply, Refused, SignInRejected, Throttled, TransportError, Unreachable
from postroom.servers.connection import Connection

#: A reply longer than this is no reply.
LONGEST = 64 * 1024

#: Replies that blame the sign-in or its absence, not the message.
# source: RFC4954 6
SIGN_IN_CODES = frozenset({530, 534, 535, 538})

#: The service is going away; the connection is of no more use.
CLOSING = 421

#: Codes as they begin the last line of a reply.
_CODES = {b"%d " % code: code for code in range(200, 600)}

_WAIT = re.compile(rb"\b(\d{1,5}) ?(s|sec|seconds?|m|min|minutes?)\b", re.IGNORECASE)


class Reply(NamedTuple):
    """One reply: its code and the server's words, lines parted by LF."""

    code: int
    said: bytes

    @property
    def is_yes(self) -> bool:
        """Say whether the server did what was asked."""
        return 200 <= self.code < 300


class Wire:
    """Commands out, replies in, on one connection; reads ahead, so that nothing else may read."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._buffer = b""
        self._at = 0

    @property
    def has_more(self) -> bool:
        """Say whether something was received that nobody has asked for yet."""
        return self._at < len(self._buffer)

    def begin(self, what: str) -> None:
        """Start the clock of an operation."""
        self.connection.begin(what)

    def send(self, data: bytes) -> None:
        """Send all of it; when that fails with an `OSError` for its cause, the end of it never left."""
        self.connection.send(data)

    def reply(self) -> Reply:
        """Return the next reply."""
        at = self._at
        end = self._buffer.find(b"\n", at)
        code = _CODES.get(self._buffer[at : at + 4]) if end >= 0 else None
        if code is not None:
            # One line that is all here, as nearly every reply is.
            self._at = end + 1
            return Reply(code, self._buffer[at + 4 : end].rstrip(b"\r "))
        line = self._line()
        if line[3:4] != b"-":
            return Reply(_code(line), line[4:])
        lines = [line[4:]]
        octets = 0
        while line[3:4] == b"-":
            line = self._line()
            lines.append(line[4:])
            octets += len(line)
            if octets > LONGEST:
                raise BadReply("the server's reply has no end", reply=_shown(lines[0]))
        return Reply(_code(line), b"\n".join(lines))

    def patient_reply(self, patience_seconds: float) -> Reply:
        """Return the next reply, waiting longer for it than for others.

        Giving up on the answer to a message leaves it unknown whether it was sent, so the standard
        asks for ten minutes.
        """
        # source: RFC5321 4.5.3.2.6
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                return self.reply()
            except Unreachable as failure:
                if not isinstance(failure.__cause__, TimeoutError) or time.monotonic() >= deadline:
                    raise
                self.begin("the answer to a message")

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n", self._at)) < 0:
            if len(self._buffer) - self._at > LONGEST:
                raise BadReply("the server's reply has no line end", reply=_shown(self._buffer[self._at :]))
            # Received first: when that raises, what is here already stays here.
            more = self.connection.receive()
            self._buffer = self._buffer[self._at :] + more
            self._at = 0
        line = self._buffer[self._at : end]
        self._at = end + 1
        return line.rstrip(b"\r ")


def _code(line: bytes) -> int:
    code = _CODES.get(line[:3] + b" ")
    if code is not None and line[3:4] in b" -":
        return code
    raise BadReply("the server's answer is no SMTP reply", reply=_shown(line))


def _shown(said: bytes) -> str:
    # A server that babbles may repeat anything, so only its first words are kept.
    return "".join(c if c.isprintable() else " " for c in said[:40].decode("latin-1"))


def failure_for(reply: Reply, problem: str, shown: str) -> TransportError:
    """Return the class of failure that a refusing reply stands for.

    >>> failure_for(Reply(451, b"4.7.1 Greylisted, try in 120 seconds"), "not taken", "").retry_after
    120.0
    """
    if reply.code in SIGN_IN_CODES:
        return SignInRejected(problem, reply=shown)
    if 400 <= reply.code < 500:
        return Throttled(problem, reply=shown, retry_after=_seconds_to_wait(reply.said))
    if 500 <= reply.code < 600:
        return Refused(problem, reply=shown)
    return BadReply(problem, reply=shown)


def _seconds_to_wait(said: bytes) -> float:
    """Return how long the server asks us to wait, within a minute and an hour; else five minutes."""
    found = _WAIT.search(said)
    if not found:
        return 300.0
    seconds = int(found[1]) * (60 if found[2][:1] in b"mM" else 1)
    return float(min(max(seconds, 60), 3600))
