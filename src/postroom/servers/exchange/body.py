"""A request's octets: in a file when they are many; they know when all have left."""

import base64
import tempfile
from collections.abc import Iterable, Iterator

#: A body bigger than this is kept in a file.
SPOOL_OVER = 4 * 1024 * 1024
#: Octets put into Base64 at once; a multiple of three, so that pieces join.
_PIECE = 3 * 64 * 1024


class Body:
    """The octets of a request that is sent once; a file as far as HTTP needs one.

    Signing in with NTLM sends a request up to three times, and what does so rewinds it only once. So
    whoever has read to the end begins anew.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        # Lives as long as the request, and leaves nothing on the disk when the process dies.
        self._file = tempfile.SpooledTemporaryFile(SPOOL_OVER, prefix="postroom-")  # noqa: SIM115
        for piece in pieces:
            self._file.write(piece)
        self._size = self._file.tell()
        #: All of it was taken to be sent; before that the server can't have acted on it.
        self.has_left = False
        self._file.seek(0)

    def __len__(self) -> int:
        """Return the length in octets."""
        return self._size

    def read(self, size: int = -1) -> bytes:
        """Return the next octets."""
        piece = self._file.read(size)
        self.has_left = self.has_left or self._file.tell() >= self._size
        if not piece:
            self._file.seek(0)
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go elsewhere; before the beginning is the beginning."""
        start = {0: 0, 1: self._file.tell(), 2: self._size}[whence]
        return self._file.seek(max(0, start + offset))

    def tell(self) -> int:
        """Return where the next octet is read."""
        return self._file.tell()

    def close(self) -> None:
        """Give memory or disk space back."""
        self._file.close()


def in_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield octets in Base64, whatever the pieces they come in.

    >>> b"".join(in_base64([b"a", b"bc", b"", b"d"])) == base64.b64encode(b"abcd")
    True
    """
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= _PIECE:
            whole = len(held) - len(held) % 3
            yield base64.b64encode(memoryview(held)[:whole])
            held = held[whole:]
    yield base64.b64encode(held)
