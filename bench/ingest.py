"""Ingest of one POP3 mailbox, the whole way, against mpop which only writes files (P1, P2, P3).

python -m bench.ingest [--count 5000] [--rounds 5] [--quick]
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.anchors import fetch, mpop, naive, parse
from bench.measure import BenchmarkError, Contender, alternate, run_process, scratch
from bench.options import Options, read_options
from bench.ours import outcome, receiver, set_up
from bench.report import Report
from bench.servers import corpus_folder, dovecot, relay, smtp_sink


def main(options: Options) -> Report:
    """Take the anchor, the ladder and ours in turn, then count in a run of its own."""
    count, rounds = options.count, options.rounds
    with dovecot(count) as server, smtp_sink() as smtp, scratch("ingest") as directory:
        user = f"corpus{count}"
        home = directory / "template"
        set_up(home, pop=server.pop, smtp=smtp, user=user)
        anchor = mpop(server.pop, user, count)
        folder = corpus_folder(count) / "Maildir"
        batch, pure, single = (receiver(home, count, mode=mode) for mode in ("batch", "pure", "single"))
        ladder = [
            fetch("poplib", server.pop, user, count, rounds=2),
            fetch("socket", server.pop, user, count),
            fetch("source", server.pop, user, count),
            parse("stdlib", folder, count, rounds=2),
            parse("pure", folder, count, rounds=2),
            parse("product", folder, count),
            naive(server.pop, user, count, rounds=3),
        ]
        alone = receiver(home, count, name="ours, the pass alone", inside=True)
        contenders = options.chosen([anchor, *ladder, batch, pure, single, alone])
        # The server reads its index and the mail into memory once, for nobody's account.
        alternate([anchor], 1)
        runs = alternate(contenders, rounds)
        report = Report("ingest", options.parameters, contenders, runs, anchor)
        for mode in ("batch", "single"):
            _count(report, server.pop, smtp, user, count, mode)
    goals = (("P1", batch, 5.0), ("P2", pure, 9.0), ("P3", single, 7.0))
    for key, contender, limit in goals:
        if contender in contenders:
            report.time_goal(
                key, f"{contender.name} / mpop", report.ratio(contender).median, limit, rounds=rounds
            )
    return report


def _count(report: Report, pop: int, smtp: int, user: str, count: int, mode: str) -> None:
    """Run once through a relay that counts turns, with the database's work counted too."""
    with relay(pop, lockstep=True) as line, scratch(f"count-{mode}") as directory:
        set_up(directory / "template", pop=line.port, smtp=smtp, user=user)
        contender = receiver(directory / "template", count, mode=mode, switches=("--count",))
        said = _once(contender, directory)
        what = outcome(directory / "home")
    turns, commits = line.counts["turns"], said["commits"]
    report.counts[contender.name] = {
        "turns": turns,
        "RETR": line.counts.get("RETR", 0),
        "MB down": round(line.counts["octets_down"] / 1e6, 1),
        "commits": commits,
        "statements": said["statements"],
        **what,
    }
    if mode == "batch":
        report.count_goal("P6", "round trips", turns, count / 64 + 8)
        report.count_goal("P3", "commits, in batches", commits, count / 100 + 10)
    else:
        # What a pass does before and after its messages takes a few more.
        report.count_goal("P3", "commits, one by one", commits, count + 10)


def _once(contender: Contender, directory: Path) -> Mapping[str, Any]:
    run = run_process(contender.command(directory), directory=directory, variables=contender.environment)
    if contender.check is not None and (done := contender.check(directory, run)) != contender.count:
        raise BenchmarkError(f"{contender.name}: {done} of {contender.count} messages")
    return run.said


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
