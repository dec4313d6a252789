"""The sandbox's Exchange as tests need it: one mailbox, its owner's hands, and a client's account."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from lxml import etree

from postroom.ports.mail import Look, Page
from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange
from postroom.sandbox.faults import Fault, Faults, Misbehaviour
from postroom.servers.exchange.account import ExchangeAccount, Login, Scheme
from postroom.servers.exchange.channel import close_channels
from postroom.servers.exchange.source import ExchangeSource, open_exchange

USER, PASSWORD = "info@example.com", "opensesame"


class ExchangePlace:
    """A mailbox of a running sandbox, seen from both sides."""

    def __init__(
        self, faults: Faults, how: dict[str, Any], also: Callable[[etree._Element], None] | None = None
    ) -> None:
        self.also = also
        office = ExchangeOffice()
        office.open_account(USER, PASSWORD)
        self.server = SandboxExchange(office, faults=faults, on_payload=self.note, **how)
        self.office = office
        #: What was asked of the server, by the names of operations.
        self.requests: list[str] = []
        self.waiting: list[tuple[str, int, Fault]] = []
        self.outlook = office.outlook(USER)
        self.account = ExchangeAccount(
            USER, Login(USER, PASSWORD, Scheme.BASIC), self.server.url, timeout=5.0
        )

    def deliver(self, data: bytes) -> str:
        return self.office.deliver(USER, data)

    def send(self, data: bytes) -> str:
        """Put a message among what the mailbox has sent."""
        return self.office.deliver(USER, data, "sentitems")

    def open(self, *, largest: int = 1 << 30) -> ExchangeSource:
        return open_exchange(self.account, largest=largest)

    def count(self) -> int:
        return len(self.outlook.items())

    def renumber(self) -> None:
        self.outlook.renumber()

    def break_after(self, messages: int) -> None:
        # Once more for the request that is repeated when a kept connection turns out to be closed.
        self.misbehave(Misbehaviour.CLOSE, operation="GetItem", times=2)

    def misbehave(self, kind: Misbehaviour, **how: Any) -> None:
        self.server.faults.add(Fault(kind, **how))

    def misbehave_after(self, number: int, kind: Misbehaviour, *, operation: str, times: int = 1) -> None:
        """Misbehave when the operation has been asked for that many times more."""
        due = self.requests.count(operation) + number + 1
        self.waiting.append((operation, due, Fault(kind, operation=operation, times=times)))

    def note(self, payload: etree._Element) -> None:
        """Hear of a payload, before it is acted on when it is a request."""
        if self.also is not None:
            self.also(payload)
        name = etree.QName(payload).localname
        if name.endswith("Response"):
            return
        self.requests.append(name)
        for operation, due, fault in self.waiting:
            if operation == name and self.requests.count(name) == due:
                self.server.faults.add(fault)

    def with_account(self, **changes: Any) -> ExchangeAccount:
        """Return the account with something else about it."""
        return replace(self.account, **changes)


@contextmanager
def exchange(*faults: Fault, **how: Any) -> Iterator[ExchangePlace]:
    """Run a sandbox with one mailbox."""
    place = ExchangePlace(Faults(*faults), how)
    with place.server:
        try:
            yield place
        finally:
            close_channels()


def look(source: ExchangeSource, marks: dict[str, str], **wanted: Any) -> list[Page]:
    """Look once and remember in `marks` what the pages ask to be remembered."""
    pages = list(source.pages(Look(marks=dict(marks), **wanted)))
    for page in pages:
        marks.update(page.marks)
    return pages


def a_message(number: int = 1, body: str = "body") -> bytes:
    """Return a small message, each number another one."""
    return (
        f"From: a@example.org\r\nTo: {USER}\r\nMessage-ID: <m{number}@example.org>\r\n"
        f"Subject: number {number}\r\n\r\n{body}\r\n"
    ).encode()
