"""Peak memory at 5,000 and 10,000 messages, on the way between them, and for one huge message (P7)."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.measure import BenchmarkError, Contender, Run, alternate, environment, run_contender, scratch
from bench.options import Options, read_options
from bench.ours import receiver, set_up
from bench.report import Report
from bench.servers import Dovecot, dovecot, give_mailbox, smtp_sink

HUGE = 150_000_000


def main(options: Options) -> Report:
    """Take the peaks of three sizes, then watch one long pass, then a huge message."""
    sizes = [options.count // 5, options.count, 2 * options.count]
    report = Report("memory", options.parameters)
    peaks: dict[int, float] = {}
    with dovecot(*sizes) as server, smtp_sink() as smtp, scratch("memory") as directory:
        contenders = []
        for size in sizes:
            template = directory / f"template{size}"
            set_up(template, pop=server.pop, smtp=smtp, user=f"corpus{size}")
            contenders.append(receiver(template, size, name=f"ours, {size} messages"))
        report.contenders, report.runs = contenders, alternate(contenders, min(options.rounds, 3))
        for size, contender in zip(sizes, contenders, strict=True):
            peaks[size] = median(run.peak_mib for run in report.runs[contender.name])
        series = watch(contenders[-1])
        huge = _huge(server, smtp, directory)
    small, large = peaks[sizes[1]], peaks[sizes[2]]
    report.count_goal("P7", f"peak MiB at {sizes[1]}", small, 110)
    report.count_goal("P7", f"peak at {sizes[2]} / peak at {sizes[1]}", large / small, 1.05)
    late = [resident for done, resident in series if done >= sizes[0]]
    if late:
        growth = max(late) - late[0]
        report.count_goal(
            "P7", f"MiB grown from message {sizes[0]} to {sizes[2]}", growth, 0.05 * late[0] + 4
        )
    for name, run in huge.items():
        report.counts[name] = {"peak MiB": round(run.peak_mib, 1), "wall s": round(run.wall, 2)}
    growth = huge["one of 150 MB"].peak_mib - huge["one of 1 kB"].peak_mib
    report.count_goal("P7", "MiB more for a message of 150 MB", growth, 64)
    report.notes.append(
        "resident MiB by messages recorded: " + ", ".join(f"{d}: {r:.0f}" for d, r in thin(series))
    )
    return report


def watch(contender: Contender) -> list[tuple[int, float]]:
    """Run once and return pairs of messages recorded and resident MiB, looked at ten times a second."""
    series: list[tuple[int, float]] = []
    with scratch("watch") as directory:
        command: Sequence[str] = contender.command(directory)
        variables = environment(contender.environment)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=variables)
        database = directory / "home/postroom.sqlite"
        while process.poll() is None:
            series.append((_recorded(database), _resident(process.pid)))
            time.sleep(0.1)
        if process.returncode:
            raise BenchmarkError(f"{contender.name} ended with {process.returncode}")
    return [pair for pair in series if pair[1] > 0]


def _recorded(database: Path) -> int:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        try:
            found: int = connection.execute("select count(*) from postroom_ledger").fetchone()[0]
        except sqlite3.OperationalError:
            return 0
    return found


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGESIZE") / 1024**2


def thin(series: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return at most a dozen pairs of the series."""
    return list(series[:: max(1, len(series) // 12)])


def _huge(server: Dovecot, smtp: int, directory: Path) -> dict[str, Run]:
    """Receive a mailbox with one message of 150 MB, and one with a message of a kilobyte."""
    runs = {}
    for name, user, size in (("one of 1 kB", "tiny", 1000), ("one of 150 MB", "huge", HUGE)):
        folder = server.mail / user
        # What an earlier run left is another message.
        shutil.rmtree(folder, ignore_errors=True)
        write_one(folder / "Maildir", size)
        give_mailbox(folder)
        template = directory / f"template-{user}"
        set_up(template, pop=server.pop, smtp=smtp, user=user)
        runs[name] = run_contender(receiver(template, 1, name=name))
    return runs


def write_one(maildir: Path, size: int) -> None:
    """Write a Maildir with one message whose attachment has about `size` octets of base64."""
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True, exist_ok=True)
    path = maildir / "cur/1704088800.M0P1.bench:2,"
    if path.exists():
        return
    head = (
        "From: person0001@firm001.example\nTo: sales@postroom.example\nSubject: one file\n"
        "Date: Mon, 1 Jan 2024 08:00:00 +0000\nMessage-ID: <huge@firm001.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nsee file\n'
        "--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
        'Content-Disposition: attachment; filename="file.bin"\n\n'
    )
    line = "QUJD" * 19 + "\n"
    block = line * 10_000
    with path.open("w") as file:
        file.write(head)
        for _ in range(size // len(block)):
            file.write(block)
        file.write(line * (size % len(block) // len(line)))
        file.write("--b--\n")


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
