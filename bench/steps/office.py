"""The sandbox's Exchange in a process of its own, with the corpus in one mailbox, told what to do.

python -m bench.steps.office COUNT [--folders N]

It prints its URL. On "restore" it brings the inbox back to what it was, so that the next client finds
what the one before has found; on "counts" it tells what was asked of it since the last time, by
operation, and the CPU time that took. It ends with its standard input.
"""

import argparse
import json
import sys
import time
from collections import Counter
from typing import Any

from lxml import etree

from bench.corpus import MAILBOX_ADDRESS, generate
from bench.servers import PASSWORD
from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange
from postroom.sandbox.exchange.changes import ChangeLog

#: Messages in each of the further folders.
EACH = 2


class Tally:
    """What was asked of the server since the last time that anybody wanted to know."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._cpu = time.process_time()

    def hear(self, payload: etree._Element) -> None:
        """Take note of a payload; answers are named like their requests, and "Response"."""
        name = etree.QName(payload).localname
        if not name.endswith("Response"):
            self._asked[name] += 1

    def take(self) -> dict[str, Any]:
        """Return what was counted and begin anew."""
        asked, self._asked = self._asked, Counter()
        before, self._cpu = self._cpu, time.process_time()
        return {"requests": asked.total(), "cpu": self._cpu - before, "asked": dict(asked)}


def fill(office: ExchangeOffice, count: int, folders: int) -> None:
    """Deliver the corpus; with folders, put some of it into these and into Sent Items as well."""
    office.open_account(MAILBOX_ADDRESS, PASSWORD, "Sales")
    for case in generate(count):
        office.deliver(MAILBOX_ADDRESS, case.raw)
    outlook = office.outlook(MAILBOX_ADDRESS)
    for number in range(folders):
        outlook.make_folder(f"Project {number}", "inbox")
        for item in outlook.items()[EACH * number : EACH * (number + 1)]:
            outlook.put(item.mime or b"", f"Inbox/Project {number}")
            outlook.put(item.mime or b"", "sentitems")


def restore(office: ExchangeOffice) -> None:
    """Take the categories off all messages, and out of the account of changes what put them there."""
    with office.lock:
        inbox = office.get_mailbox(MAILBOX_ADDRESS).get_standard("inbox")
        inbox.log = ChangeLog()
        for number, item in enumerate(inbox.items.values(), 1):
            item.set_categories()
            inbox.log.enter(item.id, number)


def main(arguments: list[str]) -> None:
    """Serve until the standard input closes."""
    parser = argparse.ArgumentParser(prog="bench.steps.office")
    parser.add_argument("count", type=int)
    parser.add_argument("--folders", type=int, default=0)
    options = parser.parse_args(arguments)
    office, tally = ExchangeOffice(), Tally()
    fill(office, options.count, options.folders)
    with SandboxExchange(office, on_payload=tally.hear) as server:
        _tell({"url": server.url})
        for line in sys.stdin:
            if line.strip() == "restore":
                restore(office)
            _tell(tally.take())


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
