"""Polling a mailbox of 10,000 messages in which nothing is new (P8)."""

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Contender, alternate, python, run_contender, run_process, scratch
from bench.options import Options, read_options
from bench.ours import poller, receiver, recorded, set_up
from bench.report import Report
from bench.servers import dovecot, relay, smtp_sink

REPEATS = 20


def main(options: Options) -> Report:
    """Read the mailbox once, then let the bare minimum and our pass look at it again, in turn."""
    count = 2 * options.count
    user = f"corpus{count}"
    with dovecot(count) as server, smtp_sink() as smtp, scratch("unchanged") as directory:
        with relay(server.pop, lockstep=True) as line:
            template = directory / "template"
            set_up(template, pop=server.pop, smtp=smtp, user=user)
            filled = _fill(receiver(template, count), directory)
            anchor = bare_poll(server.pop, user, count)
            ours = poller(filled, count, repeats=REPEATS)
            contenders = [anchor, ours]
            runs = alternate(contenders, options.rounds)
            other = directory / "counted"
            set_up(other, pop=line.port, smtp=smtp, user=user)
            counted = _fill(receiver(other, count), directory / "second")
            before = recorded(counted)
            with relay(server.pop, lockstep=True):
                said = run_contender(poller(counted, count, repeats=1, switches=("--count",))).said
        turns = line.counts
    report = Report("unchanged", {**options.parameters, "messages": count}, contenders, runs, anchor)
    report.counts["ours, reading all and one poll"] = {
        "RETR": turns.get("RETR", 0),
        "recorded before": before,
        **{key: said.get(key, "-") for key in ("writes", "commits", "statements")},
    }
    report.time_goal(
        "P8", "poll / (UIDL + set difference)", report.ratio(ours).median, 2.0, rounds=options.rounds
    )
    report.count_goal("P8", "messages fetched again", turns.get("RETR", 0) - count, 0)
    report.count_goal("P8", "SQL writes of a poll", said.get("writes", 0), 1)
    return report


def _fill(contender: Contender, directory: Path) -> Path:
    """Receive the whole mailbox once and return the home that knows it."""
    directory.mkdir(exist_ok=True)
    run_process(contender.command(directory), directory=directory, variables=contender.environment)
    return directory / "home"


def bare_poll(port: int, user: str, count: int) -> Contender:
    """Sign in, UIDL, set difference against a SQLite table: the least that a poll can be."""

    def command(directory: Path) -> Sequence[str]:
        return python("-m", "bench.steps.poll", str(port), user, str(directory / "seen.sqlite"), str(REPEATS))

    return Contender(
        "UIDL + set difference", command, count, lambda _, run: int(run.said["messages"]), inside=True
    )


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
