"""Only downloading over EWS: bare exchangelib, or our own source; what arrives is thrown away.

python -m bench.steps.ews exchangelib|mended|source URL

exchangelib 5.6 reads an answer that it already holds octet by octet (`BytesGeneratorIO`),
which is nine tenths of its time with messages; `mended` is the same program, given pieces of 64 KiB.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.corpus import MAILBOX_ADDRESS
from bench.servers import PASSWORD

#: Ids in an answer of FindItem, and messages in one of GetItem. Chunks of 25 to 500 make no difference.
PAGE, CHUNK = 1000, 100
_PIECE = 64 * 1024


def mended(url: str) -> tuple[int, int]:
    """Download with exchangelib whose answers come in pieces, not in octets."""
    import requests
    from exchangelib.protocol import BaseProtocol

    class Adapter(requests.adapters.HTTPAdapter):
        def build_response(self, *about: Any) -> requests.Response:
            response = super().build_response(*about)
            bytewise = response.iter_content
            # As one method of one answer, so that nothing else in the process changes.
            response.iter_content = lambda size=1, decode_unicode=False: bytewise(  # type: ignore[method-assign]
                max(size or _PIECE, _PIECE), decode_unicode
            )
            return response

    BaseProtocol.HTTP_ADAPTER_CLS = Adapter
    return by_exchangelib(url)


def by_exchangelib(url: str) -> tuple[int, int]:
    """Download as anybody would: everything in the inbox, its MIME content only."""
    from exchangelib import BASIC, DELEGATE, UTC, Account, Configuration, Credentials, Version
    from exchangelib.protocol import FailFast
    from exchangelib.version import EXCHANGE_2016

    # The version and the time zone are given, so that no request is spent on asking for them.
    configuration = Configuration(
        service_endpoint=url,
        credentials=Credentials(MAILBOX_ADDRESS, PASSWORD),
        auth_type=BASIC,
        version=Version(build=EXCHANGE_2016),
        retry_policy=FailFast(),
    )
    account = Account(
        MAILBOX_ADDRESS,
        config=configuration,
        autodiscover=False,
        access_type=DELEGATE,
        default_timezone=UTC,
    )
    wanted = account.inbox.all().only("mime_content")
    wanted.page_size, wanted.chunk_size = PAGE, CHUNK
    count = octets = 0
    for item in wanted:
        count += 1
        octets += len(item.mime_content)
    account.protocol.close()
    return count, octets


def by_source(url: str) -> tuple[int, int]:
    """Download through the product's own source, page by page as a pass does."""
    from postroom.ports.mail import Look
    from postroom.servers.exchange.account import ExchangeAccount, Login, Scheme
    from postroom.servers.exchange.source import open_exchange

    login = Login(MAILBOX_ADDRESS, PASSWORD, Scheme.BASIC)
    source = open_exchange(ExchangeAccount(MAILBOX_ADDRESS, login, url))
    count = octets = 0
    for page in source.pages(Look()):
        for fetched in source.fetch(page.offered):
            if fetched.raw is not None:
                count += 1
                octets += fetched.raw.size
    source.close()
    return count, octets


_WAYS: dict[str, Callable[[str], tuple[int, int]]] = {
    "exchangelib": by_exchangelib,
    "mended": mended,
    "source": by_source,
}

if __name__ == "__main__":
    start = time.perf_counter()
    messages, size = _WAYS[sys.argv[1]](sys.argv[2])
    seconds = time.perf_counter() - start
    sys.stdout.write(json.dumps({"messages": messages, "octets": size, "seconds": seconds}) + "\n")
