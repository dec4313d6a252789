"""A mailbox on the sandbox's Exchange, the whole way, against exchangelib which only downloads.

python -m bench.exchange [--count 5000] [--rounds 5] [--quick]

Server and client are processes of their own on one machine, so the CPU time of either is told apart. Requests
are counted by the server. The unchanged mailboxes have 200 messages each: what a look costs that finds
nothing does not depend on their number.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from bench.anchors import count_said
from bench.measure import BenchmarkError, Contender, Run, alternate, python, ratios, run_process, scratch
from bench.options import Options, read_options
from bench.ours import product, receiver, set_up_exchange
from bench.report import Report
from bench.servers import RunningExchange, ask, exchange, new_database, postgres

#: Folders that are tracked of the mailbox in which everything is looked at: as many as may be.
FOLDERS = 25
UNCHANGED = 200
#: Looks at a mailbox until it is taken for unchanged; the first take everything in.
_LOOKS = 6
#: So long a server's clock, which tells seconds, may call two changes one.
_SETTLED_FOR = 1.1

_FETCHERS = {
    "exchangelib": "exchangelib, thrown away",
    "mended": "exchangelib in pieces, thrown away",
    "source": "our EWS source, thrown away",
}
#: What the server counted in each run, by contender.
Asked = dict[str, list[Mapping[str, Any]]]


def main(options: Options) -> Report:
    """Take the downloads and our pass in turn, then count what a look at an unchanged mailbox asks."""
    count, rounds, asked = options.count, options.rounds, Asked()
    fifth = count // 5
    with exchange(count) as server, exchange(fifth) as small, postgres() as url, scratch("ews") as directory:
        plain, mended, source = (_fetcher(way, server, count) for way in _FETCHERS)
        ours = _ours(directory / "sqlite", server, count, "ours, SQLite")
        lesser = replace(
            _ours(directory / "fifth", small, fifth, f"ours, SQLite, {fifth} messages"), rounds=3
        )
        postgresql = _on_postgres(directory / "postgres", server, count, url)
        pairs = [(plain, server), (mended, server), (source, server), (ours, server), (postgresql, server)]
        pairs.append((lesser, small))
        contenders = options.chosen([_watched(contender, at, asked) for contender, at in pairs])
        # What only the first client of a mailbox meets with, such as making the tracking category.
        alternate([each for each in contenders if each.name.startswith("ours")], 1)
        asked.clear()
        runs = alternate(contenders, rounds)
    report = Report("exchange", options.parameters, contenders, runs, contenders[0])
    _count(report, asked)
    _judge(report, [ours, postgresql], plain, mended, rounds)
    _judge_memory(report, ours, lesser)
    _judge_unchanged(report)
    return report


def _fetcher(way: str, server: RunningExchange, count: int) -> Contender:
    command = python("-m", "bench.steps.ews", way, server.url)
    return Contender(_FETCHERS[way], lambda _: command, count, count_said)


def _ours(home: Path, server: RunningExchange, count: int, name: str) -> Contender:
    set_up_exchange(home, ews=server.url, kind="plain")
    return receiver(home, count, name=name)


def _on_postgres(home: Path, server: RunningExchange, count: int, url: str) -> Contender:
    """Return our pass into PostgreSQL, each time into a new copy of a database that is set up."""
    set_up_exchange(home, ews=server.url, kind="plain", url=new_database(url, "ready"))
    onto = f"{url.rpartition('/')[0]}/taken"
    inner = receiver(home, count, name="ours, PostgreSQL")

    def command(directory: Path) -> Sequence[str]:
        new_database(url, "taken", template="ready")
        return inner.command(directory)

    def check(_: Path, __: Run) -> int:
        return int(ask(onto, "select count(*) from postroom_ledger"))

    variables = {**inner.environment, "POSTROOM_DATABASE_URL": onto}
    return replace(inner, command=command, check=check, environment=variables)


def _watched(contender: Contender, server: RunningExchange, asked: Asked) -> Contender:
    """Return the contender, begun on a mailbox as it was and with what the server counted kept."""

    def command(directory: Path) -> Sequence[str]:
        given = contender.command(directory)
        server.restore()
        return given

    def check(directory: Path, run: Run) -> int:
        asked.setdefault(contender.name, []).append(server.counts())
        assert contender.check is not None
        return contender.check(directory, run)

    return replace(contender, command=command, check=check)


def _count(report: Report, asked: Asked) -> None:
    for contender in report.contenders:
        counted = asked[contender.name]
        client = median(run.cpu for run in report.runs[contender.name])
        server = median(each["cpu"] for each in counted)
        report.counts[contender.name] = {
            "requests": counted[-1]["requests"],
            "client CPU s/1000": round(client / contender.count * 1000, 3),
            "server CPU s/1000": round(server / contender.count * 1000, 3),
            **counted[-1]["asked"],
        }


def _judge(
    report: Report, ours: Sequence[Contender], plain: Contender, mended: Contender, rounds: int
) -> None:
    """Hold messages per second against those of exchangelib, as it is and with its reading mended."""
    for contender in ours:
        if contender.name not in report.runs:
            continue
        speed = 1 / ratios(contender, plain, report.runs).median
        report.time_goal(
            "EWS", f"{contender.name}, times exchangelib", speed, 0.8, rounds=rounds, at_least=True
        )
        if mended.name in report.runs:
            spread = ratios(contender, mended, report.runs)
            report.notes.append(
                f"{contender.name}, times exchangelib in pieces, not the goal: {1 / spread.median:.2f} "
                f"({1 / spread.high:.2f}-{1 / spread.low:.2f})"
            )


def _judge_memory(report: Report, ours: Contender, lesser: Contender) -> None:
    if ours.name not in report.runs or lesser.name not in report.runs:
        return
    large, small = (median(run.peak_mib for run in report.runs[each.name]) for each in (ours, lesser))
    what = f"peak at {ours.count} / peak at {lesser.count} messages"
    report.count_goal("EWS", what, large / small, 1.1)


def _judge_unchanged(report: Report) -> None:
    """Count the requests of a look at a mailbox in which nothing has changed since the one before."""
    kinds = {
        "bare": "the inbox alone",
        "plain": "inbox and category",
        "everything": f"inbox, {FOLDERS} tracked folders, Sent Items, category",
    }
    for kind, what in kinds.items():
        with exchange(UNCHANGED, folders=FOLDERS) as server, scratch(f"unchanged-{kind}") as directory:
            looks = look_again(server, directory, kind)
        last = looks[-1]
        report.counts[f"unchanged: {what}"] = {"requests": last["requests"], **last["asked"]}
        report.count_goal("EWS", f"requests, unchanged: {what}", last["requests"], 2)
        every = ", ".join(str(look["requests"]) for look in looks)
        report.notes.append(f"requests of the looks at {what}, the first of which takes all in: {every}")


def look_again(server: RunningExchange, directory: Path, kind: str) -> list[Mapping[str, Any]]:
    """Take the mailbox in, look again a few times, and return what the server counted of each look."""
    home = directory / "home"
    set_up_exchange(home, ews=server.url, kind=kind)
    server.counts()
    looks = []
    for _ in range(_LOOKS):
        run = run_process(product(home, "receive", (), alone=True), directory=directory)
        looks.append({**server.counts(), "items": run.said["items"]})
        time.sleep(_SETTLED_FOR)
    if looks[0]["items"] < UNCHANGED or looks[-1]["items"]:
        raise BenchmarkError(f"{kind}: the looks took in {[look['items'] for look in looks]} messages")
    return looks


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
