"""The least that a poll can be: sign in, UIDL, set difference against a SQLite table; the median of many.

python -m bench.steps.poll PORT USER DATABASE REPEATS
"""

import json
import socket
import sqlite3
import sys
import time
from statistics import median

from bench.servers import PASSWORD


def listing(port: int, user: str) -> list[bytes]:
    """Return the server's ids of all messages, in the fewest round trips."""
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.recv(1 << 16)
        link.sendall(f"USER {user}\r\nPASS {PASSWORD}\r\nUIDL\r\nQUIT\r\n".encode())
        pieces = []
        while piece := link.recv(1 << 18):
            pieces.append(piece)
    lines = b"".join(pieces).split(b"\r\n")
    start = next(place for place, line in enumerate(lines) if place >= 2 and line.startswith(b"+OK")) + 1
    return [line.split(b" ", 1)[1] for line in lines[start : lines.index(b".", start)]]


def poll(port: int, user: str, database: sqlite3.Connection) -> tuple[int, int]:
    """Return how many messages there are and how many of them are new."""
    found = {server_id.decode() for server_id in listing(port, user)}
    known = {server_id for (server_id,) in database.execute("select id from seen")}
    return len(found), len(found - known)


def main(port: int, user: str, path: str, repeats: int) -> dict[str, object]:
    """Remember what is there, then poll again and again."""
    database = sqlite3.connect(path)
    database.execute("create table seen (id text primary key)")
    database.executemany("insert into seen values (?)", [(each.decode(),) for each in listing(port, user)])
    database.commit()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        count, fresh = poll(port, user, database)
        times.append(time.perf_counter() - start)
        assert fresh == 0
    return {"messages": count, "seconds": median(times), "all": times}


if __name__ == "__main__":
    said = main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
    sys.stdout.write(json.dumps(said) + "\n")
