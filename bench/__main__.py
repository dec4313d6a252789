"""`python -m bench NAME`: one benchmark; without a name, the short form of all of them."""

import importlib
import sys
from collections.abc import Callable

from bench.measure import BenchmarkError
from bench.options import Options, read_options
from bench.report import Report

#: In the order of the goals; `bench/RESULTS.md` says what each one is about.
NAMES = (
    "ingest",
    "peers",
    "latency",
    "memory",
    "unchanged",
    "outgoing",
    "spool",
    "storing",
    "broken",
    "decide",
    "exchange",
    "items",
    "fleet",
)


def main(arguments: list[str]) -> int:
    """Run one benchmark, or the short form of all; return 1 when one of them could not do its work."""
    if arguments and arguments[0] in NAMES:
        return _run(arguments[0], read_options(arguments[1:]))
    if arguments and arguments[0] == "all":
        options = read_options(arguments[1:])
        return max(_run(name, options) for name in NAMES)
    if arguments and arguments != ["--quick"]:
        sys.stderr.write(
            f"usage: python -m bench [{'|'.join(NAMES)}|all] [--count N] [--rounds N] [--quick]\n"
        )
        return 2
    options = read_options(["--quick"])
    return max(_run(name, options) for name in NAMES if name != "peers")


def _run(name: str, options: Options) -> int:
    benchmark: Callable[[Options], Report] = importlib.import_module(f"bench.{name}").main
    try:
        benchmark(options).publish()
    except BenchmarkError as trouble:
        sys.stderr.write(f"{name}: {trouble}\n")
        return 1
    finally:
        sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
