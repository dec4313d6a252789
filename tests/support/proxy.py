"""A TCP proxy between us and a real server that adds delay, cuts, hangs, drips and counts.

"Up" is from the client to the server, "down" the way back. Limits count octets per connection.
"""

import contextlib
import queue
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest


@dataclass
class Way:
    """One direction: what happens to the octets, and how many there were."""

    #: Seconds that each piece is held back.
    latency: float = 0.0
    #: Both connections are broken when this many octets went through.
    cut_after: int | None = None
    #: Nothing more goes through after this many octets, and nobody is told.
    hang_after: int | None = None
    #: After this many octets the rest goes one by one, `drip_seconds` apart.
    drip_after: int | None = None
    drip_seconds: float = 1.0
    #: Octets that went through, over all connections.
    octets: int = 0


class Proxy:
    """A listening proxy to a port of loopback."""

    def __init__(self, target_port: int) -> None:
        self.up, self.down = Way(), Way()
        self.connections = 0
        #: How often the client began to speak after the server had spoken, or first.
        self.client_turns = 0
        #: Only the connection with this number, counted from 1, is disturbed; None for all.
        self.only_connection: int | None = None
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        #: The port that stands for the server's.
        self.port = int(self._listener.getsockname()[1])
        self._stopping = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def set_latency(self, one_way: float) -> None:
        """Hold back every piece this long, in both directions."""
        self.up.latency = self.down.latency = one_way

    def heal(self) -> None:
        """Disturb no connection from now on; counters stay."""
        for way in (self.up, self.down):
            way.cut_after = way.hang_after = way.drip_after = None
            way.latency = 0.0

    def stop(self) -> None:
        """End all connections and the proxy."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._sockets:
            _break(each)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, 10)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            self.connections += 1
            self._sockets += (client, server)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Link(self, client, server, self.connections).start(self._threads)


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket, number: int) -> None:
        self.proxy = proxy
        self.client = client
        self.server = server
        self.is_disturbed = proxy.only_connection in {None, number}
        self.client_spoke_last = False

    def start(self, threads: list[threading.Thread]) -> None:
        for source, sink, way in (
            (self.client, self.server, self.proxy.up),
            (self.server, self.client, self.proxy.down),
        ):
            pieces: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
            for target, arguments in (
                (self._read, (source, pieces, way)),
                (self._write, (sink, pieces, way)),
            ):
                thread = threading.Thread(target=target, args=arguments, daemon=True)
                threads.append(thread)
                thread.start()

    def _read(
        self, source: socket.socket, pieces: "queue.SimpleQueue[tuple[float, bytes]]", way: Way
    ) -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            if data and source is self.client and not self.client_spoke_last:
                self.proxy.client_turns += 1
                self.client_spoke_last = True
            pieces.put((time.monotonic() + way.latency, data))

    def _write(self, sink: socket.socket, pieces: "queue.SimpleQueue[tuple[float, bytes]]", way: Way) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while True:
                due, data = pieces.get()
                if (wait := due - time.monotonic()) > 0:
                    self.proxy._stopping.wait(wait)
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                if sink is self.client:
                    self.client_spoke_last = False
                if not self._pass(sink, data, passed, way):
                    return
                passed += len(data)

    def _pass(self, sink: socket.socket, data: bytes, passed: int, way: Way) -> bool:
        """Send the piece as the faults of this way let it; say whether to go on."""
        limits = [way.cut_after, way.hang_after, way.drip_after] if self.is_disturbed else []
        limit = min((limit for limit in limits if limit is not None), default=None)
        if limit is None or passed + len(data) <= limit:
            sink.sendall(data)
            way.octets += len(data)
            return True
        intact = max(limit - passed, 0)
        sink.sendall(data[:intact])
        way.octets += intact
        if way.cut_after == limit:
            _break(self.client)
            _break(self.server)
            return False
        if way.hang_after == limit:
            self.proxy._stopping.wait()
            return False
        for octet in data[intact:]:
            if self.proxy._stopping.wait(way.drip_seconds):
                return False
            sink.sendall(bytes([octet]))
            way.octets += 1
        return True


def _break(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        sock.close()


@contextlib.contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """Give a proxy to the port and end it afterwards."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.stop()


@pytest.fixture
def make_proxy() -> Iterator[object]:
    """A function that starts proxies, which end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda port: stack.enter_context(proxy_to(port))
