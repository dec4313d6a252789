"""Messages off the wire: cut where POP3 ends them, kept in memory or, when big, in a file.

`Cutter` works on whole buffers: it looks for the end of a message with one search and never
goes through lines, because a message may be one line of a hundred megabytes or a million
empty ones. A big message goes to an unnamed temporary file piece by piece, so that memory
stays flat whatever a server sends.
"""

import os
import tempfile
from collections.abc import Callable
from typing import BinaryIO

from postroom.errors import BadReply
from postroom.mime.message import Raw, RawBytes
from postroom.servers.connection import LONGEST_LINE, PIECE, Mask

#: A message that is or grows bigger than this goes to a file.
SPOOL_OVER = 8 * 1024 * 1024
#: The end of a message or listing, and what every line that begins with a dot has in common with it.
# source: RFC1939 3
_END = b"\r\n.\r\n"
_DOT = b"\r\n."
_MANY_PIECES = 4096


class Overgrown(Exception):  # noqa: N818 - a signal between this module and its callers
    """A message outgrew the limit that its reader was given."""


class RawFile:
    """A message that is held in a file: `mime.message.Raw` with little memory.

    Reads by position only, so that several threads may read one message.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size

    @property
    def size(self) -> int:
        """Return the length in octets."""
        return self._size

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        """Return the offset of the first `needle` that lies within start..end, or -1.

        Unlike `bytes.find`, negative offsets have no meaning here.
        """
        end = self._size if end is None else min(end, self._size)
        overlap = max(len(needle) - 1, 0)
        while start + len(needle) <= end:
            piece = self.read(start, min(start + PIECE + overlap, end))
            found = piece.find(needle)
            if found >= 0:
                return start + found
            start += PIECE
        return -1

    def read(self, start: int, end: int) -> bytes:
        """Return the octets from start up to but without end."""
        end = min(end, self._size)
        data = os.pread(self._file.fileno(), max(end - start, 0), start)
        while len(data) < end - start and (
            more := os.pread(self._file.fileno(), end - start - len(data), start + len(data))
        ):
            data += more
        return data

    def close(self) -> None:
        """Give the disk space back now; otherwise that happens when nobody holds this any more."""
        self._file.close()

    def __del__(self) -> None:
        """Give the disk space back."""
        self._file.close()


class Intake:
    """Takes one message in pieces and gives it as a whole, from memory or from a file."""

    def __init__(self, *, expected: int = 0, spool_over: int = SPOOL_OVER) -> None:
        self._file: BinaryIO | None = None
        self.size = 0
        self._spool_over = spool_over
        self._pieces: list[bytes] = []
        if expected > spool_over:
            self._go_to_file()

    def add(self, piece: bytes) -> None:
        """Append a piece."""
        self.size += len(piece)
        if self._file is not None:
            self._file.write(piece)
            return
        self._pieces.append(piece)
        if len(self._pieces) > _MANY_PIECES:
            # Each piece costs more than its octets; a server may send them one by one.
            self._pieces = [b"".join(self._pieces)]
        if self.size > self._spool_over:
            self._go_to_file()

    def finish(self) -> Raw:
        """Return the message."""
        if self._file is None:
            return RawBytes(b"".join(self._pieces))
        file, self._file = self._file, None
        file.flush()
        return RawFile(file, self.size)

    def __del__(self) -> None:
        """Give the disk space of an unfinished message back."""
        if self._file is not None:
            self._file.close()

    def _go_to_file(self) -> None:
        # Unnamed: nothing is left on the disk when the process dies.
        self._file = tempfile.TemporaryFile(prefix="postroom-")  # noqa: SIM115 - lives as long as the message
        self._file.writelines(self._pieces)
        self._pieces.clear()


class Cutter:
    """Cuts a stream of octets into lines, listings and messages.

    `receive` gives the next octets and raises when there are none in time.
    """

    def __init__(self, receive: Callable[[], bytes], *, spool_over: int = SPOOL_OVER) -> None:
        self._receive = receive
        self._spool_over = spool_over
        self._held = b""
        self._at = 0

    @property
    def is_empty(self) -> bool:
        """Say whether all that was received has been taken."""
        return self._at == len(self._held)

    def line(self) -> bytes:
        """Return the next line without its line end."""
        while (end := self._held.find(b"\n", self._at)) < 0:
            if len(self._held) - self._at > LONGEST_LINE:
                shown = Mask()(self._held[self._at : self._at + 80])
                raise BadReply("The server sent an answer without a line end.", reply=shown)
            self._more(self._at)
        line = self._held[self._at : end]
        self._at = end + 1
        return line.removesuffix(b"\r")

    def message(self, *, largest: int, expected: int = 0) -> Raw:
        """Return the octets up to the end mark, each stuffed dot removed.

        Raises `Overgrown` as soon as there are more than `largest` octets; the stream is then
        in the middle of the message. `expected` is what the server announced; it only decides
        where the first octets are put.
        """
        while len(self._held) - self._at < 3:
            self._more(self._at)
        if self._held.startswith(b".\r\n", self._at):
            self._at += 3
            return RawBytes(b"")
        # Dovecot stuffs no dot in front of the very first octet, so one dot alone is the message's own.
        if self._held.startswith(b"..", self._at):
            self._at += 1
        end, is_stuffed = self._find_end()
        if end >= 0 and end - self._at <= self._spool_over:
            raw = RawBytes(self._take(end, is_stuffed=is_stuffed))
            if raw.size > largest:
                raise Overgrown
            return raw
        intake = Intake(expected=expected, spool_over=self._spool_over)
        while end < 0:
            cut = self._safe_cut()
            intake.add(_unstuffed(self._held[self._at : cut], is_stuffed=is_stuffed))
            if intake.size > largest:
                raise Overgrown
            self._more(cut)
            end, is_stuffed = self._find_end()
        intake.add(self._take(end, is_stuffed=is_stuffed))
        if intake.size > largest:
            raise Overgrown
        return intake.finish()

    def listing(self, *, largest: int) -> list[bytes]:
        """Return the lines up to the end mark, without line ends."""
        raw = self.message(largest=largest)
        return raw.read(0, raw.size).splitlines()

    def _find_end(self) -> tuple[int, bool]:
        """Return where the end mark begins, or -1, and whether a stuffed dot comes before it.

        Most messages have no line that begins with a dot: the first such line is the end,
        found in one pass.
        """
        first = self._held.find(_DOT, self._at)
        if first < 0:
            return -1, False
        if self._held.startswith(b"\r\n", first + 3):
            return first, False
        return self._held.find(_END, first), True

    def _take(self, end: int, *, is_stuffed: bool) -> bytes:
        data = self._held[self._at : end + 2]
        self._at = end + len(_END)
        return _unstuffed(data, is_stuffed=is_stuffed)

    def _safe_cut(self) -> int:
        """Return how far the octets at hand may be given away: not into an end mark or a stuffed dot."""
        cut = max(len(self._held) - 4, self._at)
        for back in (2, 1):
            if cut - back >= self._at and self._held.startswith(_DOT, cut - back):
                return cut - back
        return cut

    def _more(self, keep_from: int) -> None:
        self._held = self._held[keep_from:] + self._receive()
        self._at = 0


def _unstuffed(data: bytes, *, is_stuffed: bool) -> bytes:
    """Return the octets without the dot that was put before each line that begins with one.

    >>> _unstuffed(b"a\\r\\n..b\\r\\n", is_stuffed=True)
    b'a\\r\\n.b\\r\\n'
    """
    return data.replace(_DOT, b"\r\n") if is_stuffed else data
