"""A server that is 20 ms away: ours against mpop and poplib through a relay (P6)."""

import sys

from bench.anchors import fetch, mpop
from bench.measure import alternate, scratch
from bench.options import Options, read_options
from bench.ours import receiver, set_up
from bench.report import Report
from bench.servers import dovecot, relay, smtp_sink

ROUND_TRIP = 0.020
#: poplib needs a round trip for each message, so it gets few of them.
FEW = 200


def main(options: Options) -> Report:
    """Take mpop, poplib, the bare source and the whole pass in turn, all through the same relay."""
    count = min(options.count, 1000)
    few = min(count, FEW)
    with (
        dovecot(count, few) as server,
        relay(server.pop, delay=ROUND_TRIP / 2) as line,
        smtp_sink() as smtp,
        scratch("latency") as directory,
    ):
        set_up(directory / "template", pop=line.port, smtp=smtp, user=f"corpus{count}")
        anchor = mpop(line.port, f"corpus{count}", count)
        one_by_one = fetch("poplib", line.port, f"corpus{few}", few)
        source = fetch("source", line.port, f"corpus{count}", count)
        ours = receiver(directory / "template", count, name="ours, the whole process")
        inside = receiver(directory / "template", count, name="ours, the pass alone", inside=True)
        contenders = options.chosen([anchor, one_by_one, source, ours, inside])
        alternate([fetch("socket", server.pop, f"corpus{count}", count)], 1)
        runs = alternate(contenders, options.rounds)
    parameters = {**options.parameters, "messages": count, "round trip": "20 ms"}
    report = Report("latency", parameters, contenders, runs, anchor)
    for contender in (source, ours, inside):
        if contender not in contenders:
            continue
        times = 1 / report.ratio(contender).median
        report.time_goal(
            "P6", f"{contender.name}, times mpop", times, 2.0, rounds=options.rounds, at_least=True
        )
        slow = report.ratio(one_by_one).median / report.ratio(contender).median
        report.time_goal(
            "P6", f"{contender.name}, times poplib", slow, 40.0, rounds=options.rounds, at_least=True
        )
    return report


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
