"""An answer under way: its status is there, the rest comes in pieces, in time or not."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

import requests
from urllib3.exceptions import HTTPError

from postroom.errors import BadReply, TransportError, Unreachable
from postroom.servers.connection import OCTETS_PER_SECOND, Endpoint
from postroom.servers.exchange.network import about_network

#: Octets taken from an answer at once; small, because packed ones may unfold a thousandfold.
PIECE = 64 * 1024
#: Octets of an answer that is held as a whole.
LARGEST_ANSWER = 64 * 1024 * 1024

_LONGEST_TEXT = 4096


class Reply:
    """An answer under way: status and headers are there, the rest comes in pieces."""

    def __init__(
        self,
        response: requests.Response,
        endpoint: Endpoint,
        judge: Callable[[int, Mapping[str, str], bytes], TransportError],
    ) -> None:
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.is_read = False
        self._response = response
        self._endpoint = endpoint
        self._judge = judge

    @property
    def is_soap(self) -> bool:
        """Say whether an envelope may be in it; faults come with status 500, and pages from others."""
        kind = self.headers.get("content-type", "").lower()
        return (self.status == 200 and "html" not in kind) or (self.status == 500 and "xml" in kind)

    def pieces(self, largest: int = LARGEST_ANSWER) -> Iterator[bytes]:
        """Yield the answer; raises `TransportError` when it breaks, drips or does not end."""
        started, got = time.monotonic(), 0
        endpoint = self._endpoint
        for piece in self.as_they_come("the rest of an answer"):
            got += len(piece)
            yield piece
            if got > largest:
                raise BadReply(f"{endpoint} sent an answer of more than {largest} octets.")
            if time.monotonic() - started > endpoint.timeout + got / OCTETS_PER_SECOND:
                raise Unreachable(f"{endpoint} is too slow: {got} octets in its time.")

    def as_they_come(self, what: str) -> Iterator[bytes]:
        """Yield what comes for as long as it comes; silence longer than the time-out is a failure."""
        while True:
            try:
                # What is there now, not a whole piece: who drips would keep us here.
                piece = self._response.raw.read1(PIECE, decode_content=True)
            except (HTTPError, OSError) as error:
                raise about_network(error, self._endpoint, what) from error
            if not piece:
                break
            yield piece
        self.is_read = True

    def cut(self) -> None:
        """End the answer from another thread; who waits for more of it gets no more."""
        with contextlib.suppress(OSError, ValueError, AttributeError, RuntimeError):
            self._response.raw.shutdown()

    def whole(self, largest: int = LARGEST_ANSWER) -> bytes:
        """Return all of the answer."""
        return b"".join(self.pieces(largest))

    def failure(self) -> TransportError:
        """Return what this answer means when it is no SOAP."""
        with contextlib.suppress(TransportError):
            said = b"".join(self.pieces(_LONGEST_TEXT))
            return self._judge(self.status, self.headers, said)
        return self._judge(self.status, self.headers, b"")
