"""Only fetching over POP3: `poplib`, a bare pipelined socket, or our own source; what arrives is thrown away.

python -m bench.steps.fetch WAY PORT USER
"""

import json
import poplib
import socket
import sys
import time
from collections.abc import Callable

from bench.servers import PASSWORD

_WINDOW = 64
_END = b"\r\n.\r\n"


def by_poplib(port: int, user: str) -> tuple[int, int]:
    """Fetch one after the other, as the standard library does."""
    poplib._MAXLINE = 1 << 24  # type: ignore[attr-defined]
    session = poplib.POP3("127.0.0.1", port)
    session.user(user)
    session.pass_(PASSWORD)
    count, octets = session.stat()[0], 0
    for number in range(1, count + 1):
        octets += session.retr(number)[2]
    session.quit()
    return count, octets


def by_socket(port: int, user: str) -> tuple[int, int]:
    """Fetch with 64 requests on the way, cutting at the terminator; the least that Python can do."""
    with socket.create_connection(("127.0.0.1", port)) as link:
        replies = link.makefile("rb")
        replies.readline()
        for command in (f"USER {user}", f"PASS {PASSWORD}"):
            link.sendall(command.encode() + b"\r\n")
            replies.readline()
        link.sendall(b"STAT\r\n")
        count = int(replies.readline().split()[1])
        return count, _drain(link, count)


def _drain(link: socket.socket, count: int) -> int:
    asked = done = octets = 0
    tail = b""
    while done < count:
        if asked - done <= _WINDOW // 2 and asked < count:
            upto = min(done + _WINDOW, count)
            link.sendall(b"".join(b"RETR %d\r\n" % (number + 1) for number in range(asked, upto)))
            asked = upto
        piece = link.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server closed")
        octets += len(piece)
        data = tail + piece
        done += data.count(_END)
        # Keep just so much that a terminator cut in two is found, and none is found twice.
        tail = data[-4:] if not data.endswith(_END) else b""
    return octets


def by_source(port: int, user: str) -> tuple[int, int]:
    """Fetch through the product's own POP3 source."""
    from bench.ours import open_source

    source = open_source(port, user)
    count = octets = 0
    for fetched in source.fetch(source.offered()):
        if fetched.raw is not None:
            count += 1
            octets += fetched.raw.size
    source.close()
    return count, octets


_WAYS: dict[str, Callable[[int, str], tuple[int, int]]] = {
    "poplib": by_poplib,
    "socket": by_socket,
    "source": by_source,
}

if __name__ == "__main__":
    start = time.perf_counter()
    messages, size = _WAYS[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
    seconds = time.perf_counter() - start
    sys.stdout.write(json.dumps({"messages": messages, "octets": size, "seconds": seconds}) + "\n")
