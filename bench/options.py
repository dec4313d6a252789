"""Options that all benchmarks share."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure import Contender


@dataclass(frozen=True, slots=True)
class Options:
    """How much to measure and how often."""

    count: int = 5000
    rounds: int = 5
    quick: bool = False
    only: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, object]:
        """Return what belongs beside the figures."""
        return {"messages": self.count, "rounds": self.rounds, **({"quick": "yes"} if self.quick else {})}

    def chosen(self, contenders: Sequence[Contender]) -> list[Contender]:
        """Return the contenders to run: all, or the anchor (the first) and those with a word of `--only`."""
        if not self.only:
            return list(contenders)
        wanted = [each for each in contenders[1:] if any(word in each.name for word in self.only)]
        return [contenders[0], *wanted]


def read_options(arguments: Sequence[str]) -> Options:
    """Read the command line of one benchmark."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--count", type=int, help="messages (default 5000; with --quick 300)")
    parser.add_argument("--rounds", type=int, help="rounds A B A B ... (default 5; with --quick 2)")
    parser.add_argument("--quick", action="store_true", help="a short form that only shows that it works")
    parser.add_argument("--only", action="append", default=[], help="only contenders whose name holds this")
    read = parser.parse_args(arguments)
    count = read.count or (300 if read.quick else 5000)
    rounds = read.rounds or (2 if read.quick else 5)
    return Options(count, rounds, read.quick, tuple(read.only))
