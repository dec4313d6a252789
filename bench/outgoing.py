"""Sending from database records into smtp-sink over one connection, against smtp-source (P11)."""

import sys

from bench.anchors import smtp_source
from bench.measure import alternate, run_contender, scratch
from bench.options import Options, read_options
from bench.ours import queue_mail, sender, set_up
from bench.report import Report
from bench.servers import relay, smtp_sink

#: Octets of the text and HTML message that both send.
SIZE = 2300
SEND_COUNT = 5000


def main(options: Options) -> Report:
    """Take smtp-source and ours in turn, then count round trips through a relay."""
    count = options.count if options.quick else SEND_COUNT
    with smtp_sink() as sink, scratch("outgoing") as directory:
        template = directory / "template"
        set_up(template, pop=1, smtp=sink, user="nobody")
        queue_mail(template, count)
        anchor = smtp_source(sink, count, SIZE)
        ours = sender(template, count)
        inside = sender(template, count, inside=True)
        contenders = [anchor, ours, inside]
        runs = alternate(contenders, options.rounds)
        report = Report("outgoing", {**options.parameters, "messages": count}, contenders, runs, anchor)
        few = min(count, 200)
        with relay(sink, lockstep=True) as line:
            other = directory / "counted"
            set_up(other, pop=1, smtp=line.port, user="nobody")
            queue_mail(other, few)
            run_contender(sender(other, few))
    turns = line.counts["turns"]
    report.counts["ours"] = {"messages": few, "turns": turns, "connections": line.counts["connections"]}
    for contender in (ours, inside):
        speed = 1 / report.ratio(contender).median
        report.time_goal(
            "P11", f"{contender.name}, times smtp-source", speed, 0.25, rounds=options.rounds, at_least=True
        )
    report.count_goal("P12", "round trips for each message", turns / few, 2.0)
    return report


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
