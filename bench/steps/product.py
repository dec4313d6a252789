"""The product in a process of its own: its command, or one of its passes alone; optionally counting.

    python -m bench.steps.product --home DIR [--pure] [--count] -- run-once --mailbox ADDRESS
    python -m bench.steps.product --home DIR [--pure] [--count] [--repeat N] --only receive|send

`--only` runs the pass as a worker that is up already would, without the command's start and the engine's
books. Counting hooks into SQLAlchemy and slows the run down, so it is never switched on in a timed run.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from statistics import median
from typing import Any


def main(arguments: list[str]) -> dict[str, Any]:
    """Run the product and return what it cost."""
    parser = argparse.ArgumentParser(prog="bench.steps.product")
    parser.add_argument("--home", required=True)
    parser.add_argument("--pure", action="store_true")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", choices=("receive", "send"))
    parser.add_argument("command", nargs="*")
    options = parser.parse_args(arguments)
    os.environ["POSTROOM_HOME"] = options.home
    if options.pure:
        from bench.ours import hide_compiled_parser

        hide_compiled_parser()
    counts = count_statements() if options.count else Counter()
    if options.only:
        return {**_pass_alone(options.only, options.repeat), **counts}
    return {"seconds": _command(options.command), **counts}


def _command(arguments: list[str]) -> float:
    from postroom.cli.entry import run

    start = time.perf_counter()
    if status := run(arguments):
        sys.exit(f"postroom {' '.join(arguments)} ended with {status}")
    return time.perf_counter() - start


def _pass_alone(which: str, repeat: int) -> dict[str, Any]:
    from sqlalchemy import select

    from postroom.app.settings import read_settings
    from postroom.app.wiring import open_postroom
    from postroom.passes.receive import receive
    from postroom.passes.send import send
    from postroom.schema.mailbox import Mailbox

    work: Callable[..., Any] = receive if which == "receive" else send
    times, results = [], []
    with open_postroom(read_settings()) as postroom:
        with postroom.database.read() as connection:
            mailbox = connection.scalar(select(Mailbox.mailboxid))
        for _ in range(repeat):
            start = time.perf_counter()
            results.append(work(postroom.context(), mailbox))
            times.append(time.perf_counter() - start)
    ended = results[0]
    if ended.failure is not None:
        sys.exit(f"the pass broke off: {ended.failure}")
    seconds = median(times)
    return {"seconds": seconds, "items": ended.items, "failed": ended.failed, "notes": ended.notes}


def count_statements() -> Counter[str]:
    """Begin to count what any database is asked; return the counts, which grow."""
    from sqlalchemy import Engine, event

    counts: Counter[str] = Counter(statements=0, rows=0, writes=0, commits=0)

    def on_execute(_c: Any, _cursor: Any, text: str, parameters: Any, _x: Any, many: bool) -> None:  # noqa: FBT001
        verb = text.lstrip().split(None, 1)[0].upper()
        counts["statements"] += 1
        counts["rows"] += len(parameters) if many else 1
        counts["writes"] += verb in {"INSERT", "UPDATE", "DELETE"}

    def on_commit(connection: Any) -> None:
        # Ending a transaction that only read costs nothing and is no commit.
        counts["commits"] += counts["writes"] > counts["written"]
        counts["written"] = counts["writes"]

    event.listen(Engine, "before_cursor_execute", on_execute)
    event.listen(Engine, "commit", on_commit)
    return counts


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(main(sys.argv[1:])) + "\n")
