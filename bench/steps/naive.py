"""What one writes first: poplib, the standard library's parser, SQLite, one transaction per message.

python -m bench.steps.naive PORT USER DATABASE
"""

import json
import poplib
import sys
import time
from pathlib import Path

from bench.servers import PASSWORD
from bench.steps.record import keep, open_database, read


def main(port: int, user: str, path: Path) -> int:
    """Fetch, read and keep every message, and return how many."""
    # Without this, one line over 2,048 octets ends the session.
    poplib._MAXLINE = 1 << 24  # type: ignore[attr-defined]
    database = open_database(path)
    session = poplib.POP3("127.0.0.1", port)
    session.user(user)
    session.pass_(PASSWORD)
    known = {uidl for (uidl,) in database.execute("select uidl from message")}
    count = 0
    for line in session.uidl()[1]:
        number, uidl = line.decode().split()
        if uidl in known:
            continue
        raw = b"\r\n".join(session.retr(int(number))[1])
        database.execute("begin")
        keep(database, uidl, read(raw), len(raw))
        database.execute("commit")
        count += 1
    session.quit()
    database.close()
    return count


if __name__ == "__main__":
    start = time.perf_counter()
    messages = main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    sys.stdout.write(json.dumps({"messages": messages, "seconds": time.perf_counter() - start}) + "\n")
