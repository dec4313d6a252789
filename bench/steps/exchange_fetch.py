"""Only fetching over Exchange Web Services: bare `exchangelib`, or our own source; what arrives is dropped.

python -m bench.steps.exchange_fetch WAY URL ADDRESS
"""

import json
import sys
import time
from collections.abc import Callable

from bench.servers import PASSWORD


def by_exchangelib(url: str, address: str) -> Callable[[], tuple[int, int]]:
    """Fetch as its documentation shows it: all items of the inbox, with nothing but their MIME content."""
    from exchangelib import BASIC, DELEGATE, UTC, Account, Configuration, Credentials, Version
    from exchangelib.protocol import FailFast
    from exchangelib.version import EXCHANGE_2016

    configuration = Configuration(
        service_endpoint=url,
        credentials=Credentials(address, PASSWORD),
        auth_type=BASIC,
        version=Version(build=EXCHANGE_2016),
        retry_policy=FailFast(),
    )
    account = Account(
        address, config=configuration, autodiscover=False, access_type=DELEGATE, default_timezone=UTC
    )

    def fetch() -> tuple[int, int]:
        count = octets = 0
        for item in account.inbox.all().only("mime_content"):
            count += 1
            octets += len(item.mime_content)
        return count, octets

    return fetch


def by_source(url: str, address: str) -> Callable[[], tuple[int, int]]:
    """Fetch through the product's own source: what is new, then all of it."""
    from bench.ours import open_exchange_source

    source = open_exchange_source(url, address)

    def fetch() -> tuple[int, int]:
        count = octets = 0
        for fetched in source.fetch(source.offered()):
            if fetched.raw is not None:
                count += 1
                octets += fetched.raw.size
        source.close()
        return count, octets

    return fetch


_WAYS: dict[str, Callable[[str, str], Callable[[], tuple[int, int]]]] = {
    "exchangelib": by_exchangelib,
    "source": by_source,
}

if __name__ == "__main__":
    # What is imported is not timed: exchangelib's own import takes most of a second.
    fetch = _WAYS[sys.argv[1]](sys.argv[2], sys.argv[3])
    start = time.perf_counter()
    messages, size = fetch()
    seconds = time.perf_counter() - start
    sys.stdout.write(json.dumps({"messages": messages, "octets": size, "seconds": seconds}) + "\n")
