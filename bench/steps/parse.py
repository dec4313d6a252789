"""A loop that only reads messages from files: by the product's reader, or by the naive program's.

python -m bench.steps.parse WAY MAILDIR [pure]
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.steps import record

Reader = Callable[[bytes], object]


def product_reader(*, pure: bool) -> Reader:
    """Return the product's reader; pure means that the compiled parser is as good as not installed."""
    from bench.ours import hide_compiled_parser, read_message

    if pure:
        hide_compiled_parser()
    return read_message()


def main(folder: Path, reader: Reader) -> tuple[int, int, int, float]:
    """Read every file and return messages, refused ones, octets, seconds."""
    refused = octets = 0
    names = sorted((folder / "cur").iterdir())
    start = time.perf_counter()
    for name in names:
        raw = name.read_bytes()
        octets += len(raw)
        refused += reader(raw) is None
    return len(names), refused, octets, time.perf_counter() - start


if __name__ == "__main__":
    way = sys.argv[1]
    chosen = record.read if way == "stdlib" else product_reader(pure="pure" in sys.argv)
    messages, failed, size, seconds = main(Path(sys.argv[2]), chosen)
    said = {"messages": messages, "refused": failed, "octets": size, "seconds": seconds}
    sys.stdout.write(json.dumps(said) + "\n")
