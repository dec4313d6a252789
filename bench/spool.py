"""Sending into a real queue, a private Postfix that syncs every message, against smtp-source -s 10 (P12)."""

import sys
import time
from pathlib import Path

from bench.anchors import smtp_source
from bench.measure import Contender, Run, run_contender, scratch
from bench.options import Options, read_options
from bench.ours import queue_mail, sender, set_up
from bench.outgoing import SIZE
from bench.report import Report
from bench.servers import Postfix, postfix, smtp_sink


def main(options: Options) -> Report:
    """Take smtp-source with ten connections and ours in turn; the queue is empty before each."""
    count = min(options.count, 2000)
    with smtp_sink() as sink, postfix(sink) as queue, scratch("spool") as directory:
        template = directory / "template"
        set_up(template, pop=1, smtp=queue.port, user="nobody")
        queue_mail(template, count)
        anchor = smtp_source(queue.port, count, SIZE, sessions=10)
        single = smtp_source(queue.port, count, SIZE, rounds=2)
        ours = sender(template, count)
        inside = sender(template, count, inside=True)
        contenders = [anchor, single, ours, inside]
        runs = _with_empty_queue(contenders, options.rounds, queue)
    report = Report("spool", {**options.parameters, "messages": count}, contenders, runs, anchor)
    for contender in (ours, inside):
        speed = 1 / report.ratio(contender).median
        what = f"{contender.name}, times smtp-source -s 10"
        report.time_goal("P12", what, speed, 0.9, rounds=options.rounds, at_least=True)
    return report


def _with_empty_queue(contenders: list[Contender], rounds: int, queue: Postfix) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            if contender.rounds is None or number < contender.rounds:
                wait_until_empty(queue.spool)
                runs[contender.name].append(run_contender(contender))
    return runs


def wait_until_empty(spool: Path, *, seconds: float = 120) -> None:
    """Wait until the queue has passed everything on."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        waiting = [path for name in ("incoming", "active", "maildrop") for path in (spool / name).rglob("*")]
        if not any(path.is_file() for path in waiting):
            return
        time.sleep(0.2)


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
