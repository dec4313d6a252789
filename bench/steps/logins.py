"""The floor of a round over idle mailboxes: sign in, UIDL, sign out, by bare asyncio.

python -m bench.steps.logins PORT COUNT CONNECTIONS
"""

import asyncio
import json
import sys
import time

from bench.servers import PASSWORD


async def main(port: int, count: int, connections: int) -> None:
    """Look into mailboxes `idle0`, `idle1`, ..., so many at a time, and print how long it took."""
    waiting = iter(range(count))

    async def work() -> None:
        for number in waiting:
            await _look(port, f"idle{number}")

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    taken = time.perf_counter() - begun
    print(json.dumps({"seconds": taken, "cpu": time.process_time(), "mailboxes": count}))


async def _look(port: int, user: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    for command in (f"USER {user}", f"PASS {PASSWORD}"):
        writer.write(f"{command}\r\n".encode())
        await reader.readline()
    writer.write(b"UIDL\r\n")
    await reader.readuntil(b".\r\n")
    writer.write(b"QUIT\r\n")
    await reader.readline()
    writer.close()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
