"""Only storing, on PostgreSQL: ours against COPY in 200s and against row by row (P13)."""

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.anchors import count_said
from bench.measure import Contender, alternate, python
from bench.options import Options, read_options
from bench.report import Report
from bench.servers import corpus_folder, postgres

_NAMES = {
    "copy": "COPY in 200s",
    "rows": "row by row, a commit each",
    "rows200": "row by row, 200 for each commit",
    "ours": "ours, judged batches kept",
}


def main(options: Options) -> Report:
    """Take the ways of storing in turn; each reads the mail first and times only the storing."""
    folder = corpus_folder(options.count) / "Maildir"
    with postgres() as url:
        contenders = [_storer(way, url, folder, options.count) for way in _NAMES]
        runs = alternate(contenders, options.rounds)
    anchor, row_by_row, _, ours = contenders
    report = Report("storing", options.parameters, contenders, runs, anchor)
    speed = 1 / report.ratio(ours).median
    report.time_goal("P13", "times COPY in 200s", speed, 0.7, rounds=options.rounds, at_least=True)
    against_rows = report.ratio(row_by_row).median / report.ratio(ours).median
    report.time_goal("P13", "times row by row", against_rows, 1.5, rounds=options.rounds, at_least=True)
    return report


def _storer(way: str, url: str, folder: Path, count: int) -> Contender:
    def command(_: Path) -> Sequence[str]:
        return python("-m", "bench.steps.store", way, url, str(folder))

    return Contender(_NAMES[way], command, count, count_said, inside=True)


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
