"""The bytes of one part of a message, decoded when they are asked for."""

from collections.abc import Iterator

from postroom.mime.message import Raw
from postroom.mime.transfer import PIECE, Encoding, decode, decode_in_pieces


class PartContent:
    """Decoded bytes of a stretch of a raw message.

    Small contents are decoded once and kept; large ones are decoded again in pieces each time, so
    that they never lie in memory whole. The raw message must stay readable as long as this is used.
    """

    __slots__ = ("_accelerated", "_decoded", "_encoding", "_end", "_raw", "_start")

    def __init__(self, raw: Raw, start: int, end: int, encoding: Encoding, *, accelerated: bool) -> None:
        self._raw = raw
        self._start = start
        self._end = end
        self._encoding = encoding
        self._accelerated = accelerated
        self._decoded: bytes | None = None

    @property
    def encoded_size(self) -> int:
        """Return the octets that the content takes in the message, which its own are never much above."""
        return self._end - self._start

    def chunks(self) -> Iterator[bytes]:
        """Yield the decoded octets in order, at most 1 MiB a piece."""
        if self._decoded is not None:
            yield self._decoded
        elif self._end - self._start <= PIECE:
            encoded = self._raw.read(self._start, self._end)
            self._decoded = decode(encoded, self._encoding, accelerated=self._accelerated)[0]
            yield self._decoded
        else:
            yield from decode_in_pieces(
                self._raw, self._start, self._end, self._encoding, accelerated=self._accelerated
            )
