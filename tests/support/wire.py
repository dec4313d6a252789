"""A way to a TCP server that can be cut and mended."""

import contextlib
import selectors
import socket
import struct
import threading
from types import TracebackType
from typing import Self


class Wire:
    """Hands bytes on between clients and a server on this host, until it is cut; a context manager."""

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        self._target = port
        self._listener = socket.create_server((host, 0))
        self.port = int(self._listener.getsockname()[1])
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._is_cut = False
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        """Begin to accept."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut everything for good."""
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def cut(self) -> None:
        """Reset every connection, and those that come from now on."""
        with self._guard:
            self._is_cut = True
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _reset(*pair)

    def mend(self) -> None:
        """Let connections through again."""
        with self._guard:
            self._is_cut = False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._guard:
                if self._is_cut:
                    _reset(client)
                    client.close()
                    continue
                try:
                    pair = (client, socket.create_connection(("127.0.0.1", self._target)))
                except OSError:
                    client.close()
                    continue
                self._pairs.append(pair)
            threading.Thread(target=_hand_on, args=pair, daemon=True).start()


def _hand_on(client: socket.socket, server: socket.socket) -> None:
    other = {client: server, server: client}
    with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as ready, client, server:
        for end in other:
            ready.register(end, selectors.EVENT_READ, other[end])
        while True:
            for key, _ in ready.select():
                end = client if key.fileobj is client else server
                data = end.recv(65_536)
                if not data:
                    return
                key.data.sendall(data)


def _reset(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # Wakes the thread that waits for it, which closes it.
            end.shutdown(socket.SHUT_RDWR)
