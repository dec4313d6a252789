"""Reading a mailbox over Exchange Web Services: bare exchangelib, our source, our whole pass (P17)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.measure import BenchmarkError, Contender, alternate, environment, python, scratch
from bench.options import Options, read_options
from bench.ours import MAILBOX, receiver, set_up_exchange
from bench.report import Report


def main(options: Options) -> Report:
    """Let bare exchangelib, our source and our pass read the same mailbox in turn."""
    with exchange(options.count) as url, scratch("exchange") as directory:
        template = directory / "template"
        set_up_exchange(template, url=url)
        anchor = fetcher("exchangelib", url, options.count, "exchangelib, download only")
        source = fetcher("source", url, options.count, "ours, download only")
        whole = receiver(template, options.count, name="ours, into the store", inside=True)
        contenders = options.chosen([anchor, source, whole])
        runs = alternate(contenders, options.rounds)
    report = Report("exchange", options.parameters, contenders, runs, anchor)
    for contender in contenders[1:]:
        # Messages per second, so the other way round than times.
        speed = 1 / report.ratio(contender).median
        what = f"speed of {contender.name} / exchangelib"
        report.time_goal("P17", what, speed, 0.8, rounds=options.rounds, at_least=True)
    return report


def fetcher(way: str, url: str, count: int, name: str) -> Contender:
    """Download the whole mailbox and throw it away."""
    command = python("-m", "bench.steps.exchange_fetch", way, url, MAILBOX)
    return Contender(name, lambda _: command, count, lambda _, run: int(run.said["messages"]), inside=True)


@contextmanager
def exchange(count: int) -> Iterator[str]:
    """Run the sandbox's Exchange with so many messages of the corpus, in a process of its own."""
    command = python("-m", "bench.steps.exchange_server", str(count), MAILBOX)
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment({})
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        said = process.stdout.readline()
        if not said:
            raise BenchmarkError("the sandbox's Exchange did not start")
        yield str(json.loads(said)["url"])
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
