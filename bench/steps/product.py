"""The product's own command in a process of its own, optionally counting what it asks of the database.

    python -m bench.steps.product --home DIR [--pure] [--count] [--repeat N] -- run-once --mailbox ADDRESS

Counting hooks into SQLAlchemy and slows the run down, so it is never switched on in a timed run.
"""

import argparse
import gc
import json
import os
import sys
import time
from collections import Counter
from typing import Any


def main(arguments: list[str]) -> dict[str, Any]:
    """Run the command line of the product and return what it cost."""
    own, _, command = _split(arguments)
    parser = argparse.ArgumentParser(prog="bench.steps.product")
    parser.add_argument("--home", required=True)
    parser.add_argument("--pure", action="store_true")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args(own)
    os.environ["POSTROOM_HOME"] = options.home
    if options.pure:
        from bench.ours import hide_compiled_parser

        hide_compiled_parser()
    counts = _count_statements() if options.count else Counter()
    from postroom.cli import main as run

    seconds = [_time(run, command) for _ in range(options.repeat)]
    gc.collect()
    return {"seconds": seconds[0], "again": seconds[1:], **counts}


def _split(arguments: list[str]) -> tuple[list[str], str, list[str]]:
    place = arguments.index("--")
    return arguments[:place], "--", arguments[place + 1 :]


def _time(run: Any, command: list[str]) -> float:
    sys.argv = ["postroom", *command]
    start = time.perf_counter()
    try:
        status = run()
    except SystemExit as left:
        status = left.code
    if status:
        sys.exit(f"postroom {' '.join(command)} ended with {status}")
    return time.perf_counter() - start


def _count_statements() -> Counter[str]:
    from sqlalchemy import Engine, event

    counts: Counter[str] = Counter(statements=0, executions=0, commits=0)

    def on_execute(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:  # noqa: FBT001
        counts["executions"] += len(parameters) if many else 1
        counts["statements"] += 1
        verb = statement.lstrip().split(None, 1)[0].upper()
        counts["writes"] += verb in {"INSERT", "UPDATE", "DELETE", "WITH"}
        counts["commits"] += verb == "COMMIT"

    def on_commit(_: Any) -> None:
        counts["commits"] += 1

    event.listen(Engine, "before_cursor_execute", on_execute)
    event.listen(Engine, "commit", on_commit)
    return counts


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(main(sys.argv[1:])) + "\n")
