"""A TCP relay on loopback that adds latency, or counts turns in lock step.

With `--delay` every octet arrives that much later, in both directions, so the round-trip time is twice
that. With `--lockstep` what the client sends is held back until both sides have been silent for a moment
and then passed on as one turn: the number of turns is the number of round trips that a client needs on
an endlessly slow line, whatever the machine. It prints its port, and its counts as JSON when its standard
input closes.

    python -m bench.relay --to 1110 --delay 0.01
"""

import argparse
import json
import queue
import re
import select
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import suppress

_PIECE = 1 << 18
_QUIET = 0.05
_VERB = re.compile(rb"(?m)^([A-Z]{4,8})\b")


class Relay:
    """Accepts connections on a port of its own and passes them on."""

    def __init__(self, target: int, *, delay: float = 0.0, lockstep: bool = False) -> None:
        self.target, self.delay, self.lockstep = target, delay, lockstep
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self.listener.getsockname()[1]
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()

    def serve(self) -> None:
        """Accept until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.target))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._add("connections", 1)
        if self.lockstep:
            self._in_lock_step(client, server)
            return
        for source, sink, name in ((client, server, "up"), (server, client, "down")):
            line: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
            threading.Thread(target=self._take, args=(source, line, name), daemon=True).start()
            threading.Thread(target=self._give, args=(sink, line), daemon=True).start()

    def _add(self, name: str, amount: int) -> None:
        with self.lock:
            self.counts[name] += amount

    def _take(self, source: socket.socket, line: "queue.SimpleQueue[tuple[float, bytes]]", name: str) -> None:
        data = b"x"
        while data:
            try:
                data = source.recv(_PIECE)
            except OSError:
                data = b""
            line.put((time.monotonic() + self.delay, data))
            self._add(f"octets_{name}", len(data))

    def _give(self, sink: socket.socket, line: "queue.SimpleQueue[tuple[float, bytes]]") -> None:
        while True:
            due, data = line.get()
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            with suppress(OSError):
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)

    def _in_lock_step(self, client: socket.socket, server: socket.socket) -> None:
        held = b""
        open_ends = {client, server}
        while server in open_ends:
            ready, _, _ = select.select(list(open_ends), [], [], _QUIET)
            if not ready and (held or client not in open_ends):
                self._release(held, server, closing=client not in open_ends)
                held = b""
                if client not in open_ends:
                    break
            for end in ready:
                try:
                    data = end.recv(_PIECE)
                except OSError:
                    data = b""
                if not data:
                    open_ends.discard(end)
                elif end is client:
                    held += data
                else:
                    self._add("octets_down", len(data))
                    with suppress(OSError):
                        client.sendall(data)
        client.close()
        server.close()

    def _release(self, held: bytes, server: socket.socket, *, closing: bool) -> None:
        if held:
            self._add("turns", 1)
            self._add("octets_up", len(held))
            with self.lock:
                self.counts.update(verb.decode() for verb in _VERB.findall(held))
            with suppress(OSError):
                server.sendall(held)
        if closing:
            with suppress(OSError):
                server.shutdown(socket.SHUT_WR)


def main() -> int:
    """Relay until standard input closes."""
    parser = argparse.ArgumentParser(prog="bench.relay")
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--lockstep", action="store_true")
    options = parser.parse_args()
    relay = Relay(options.to, delay=options.delay, lockstep=options.lockstep)
    threading.Thread(target=relay.serve, daemon=True).start()
    sys.stdout.write(f"{relay.port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    with relay.lock:
        sys.stdout.write(json.dumps(relay.counts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
