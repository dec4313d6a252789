"""Broken mail: nothing lost, no session ended, and no dearer than five good messages (P14)."""

import subprocess
import sys

from bench.measure import ROOT, alternate, python, run_process, scratch
from bench.options import Options, read_options
from bench.ours import outcome, receiver, refusals, set_up
from bench.report import Report
from bench.servers import dovecot, give_mailbox, smtp_sink

#: Broken messages and as many good ones without attachments, from corpora of several seeds.
EACH = 600


def main(options: Options) -> Report:
    """Receive a mailbox of good and one of broken mail in turn; compare the passes alone."""
    each = 60 if options.quick else EACH
    with dovecot() as server, smtp_sink() as smtp, scratch("broken") as directory:
        contenders = []
        for kind in ("plain", "broken"):
            folder = server.mail / f"{kind}{each}"
            if not (folder / "Maildir").exists():
                command = python("-m", "bench.corpus", "--kind", kind, "--count", str(each))
                subprocess.run([*command, "--out", str(folder / "Maildir")], check=True, cwd=ROOT.parent)
            give_mailbox(folder)
            set_up(directory / kind, pop=server.pop, smtp=smtp, user=folder.name)
            title = "ours, good mail" if kind == "plain" else "ours, broken mail"
            contenders.append(receiver(directory / kind, each, name=title, inside=True))
        good, bad = contenders
        alternate(contenders, 1)
        runs = alternate(contenders, options.rounds)
        report = Report("broken", {**options.parameters, "messages": each}, contenders, runs, good)
        with scratch("outcome") as last:
            run_process(bad.command(last), directory=last, variables=bad.environment)
            said, reasons = outcome(last / "home"), refusals(last / "home")
    report.counts["broken"] = said
    report.count_goal("P14", "broken messages without a record", each - said["ledger"], 0)
    report.count_goal("P14", "broken messages without a decision", each - said["decision"], 0)
    report.notes.append("neither e-mail nor quarantine is a decision too; its reasons: " + reasons)
    report.time_goal("P14", "broken / good message", report.ratio(bad).median, 5.0, rounds=options.rounds)
    return report


if __name__ == "__main__":
    main(read_options(sys.argv[1:])).publish()
