"""Against a peer that builds records too: django-mailbox, in a throw-away environment (P5)."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.anchors import naive
from bench.measure import CACHE, ROOT, BenchmarkError, Contender, Run, alternate, environment, scratch
from bench.options import Options, read_options
from bench.ours import receiver, set_up
from bench.report import Report
from bench.servers import dovecot, smtp_sink

#: What pip is asked for; nothing of it comes near the product's own environment.
PACKAGES = ("django-mailbox==4.10.1", "django<5.3", "setuptools<81")


def main(options: Options) -> Report:
    """Take django-mailbox, the naive program and ours in turn over 1,000 messages, start-up included."""
    count = min(options.count, 1000)
    interpreter = _peer_interpreter()
    with dovecot(count) as server, smtp_sink() as smtp, scratch("peers") as directory:
        user = f"corpus{count}"
        set_up(directory / "template", pop=server.pop, smtp=smtp, user=user)
        peer = django_mailbox(interpreter, server.pop, user, count)
        ours = receiver(directory / "template", count)
        contenders = [peer, naive(server.pop, user, count, rounds=3), ours]
        runs = alternate(contenders, options.rounds)
    report = Report("peers", {**options.parameters, "messages": count}, contenders, runs, peer)
    faster = 1 / report.ratio(ours).median
    report.time_goal(
        "P5", "times as fast as django-mailbox", faster, 12.0, rounds=options.rounds, at_least=True
    )
    report.notes.append(
        "django-mailbox keeps message and attachment files, one autocommit each; it decides nothing."
    )
    return report


def django_mailbox(interpreter: Path, port: int, user: str, count: int) -> Contender:
    """Fetch and record with django-mailbox; its tables are made beforehand."""
    step = str(ROOT / "steps/peer.py")

    def command(directory: Path) -> Sequence[str]:
        subprocess.run(
            [interpreter, step, str(directory)], check=True, capture_output=True, env=environment({})
        )
        return [str(interpreter), step, str(directory), str(port), user]

    def check(_: Path, run: Run) -> int:
        return int(run.said["messages"])

    return Contender("django-mailbox 4.10.1", command, count, check)


def _peer_interpreter() -> Path:
    interpreter = CACHE / "peers/bin/python"
    if interpreter.exists():
        return interpreter
    CACHE.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", str(CACHE / "peers")], check=True)
    installed = subprocess.run(
        [interpreter, "-m", "pip", "install", "-q", *PACKAGES], capture_output=True, text=True
    )
    if installed.returncode:
        raise BenchmarkError(f"django-mailbox can't be installed here:\n{installed.stderr[-2000:]}")
    return interpreter


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
