"""The sandbox's Exchange with a mailbox full of the corpus; says its URL and serves until its input ends.

python -m bench.steps.exchange_server COUNT ADDRESS
"""

import json
import sys

from bench.corpus import generate
from bench.servers import PASSWORD
from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange


def main(count: int, address: str) -> None:
    """Fill the mailbox and serve it."""
    office = ExchangeOffice()
    office.open_account(address, PASSWORD)
    for case in generate(count):
        office.deliver(address, case.raw)
    with SandboxExchange(office) as server:
        sys.stdout.write(json.dumps({"url": server.url}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
