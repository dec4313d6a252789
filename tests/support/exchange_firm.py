"""A firm's servers, all in one: the sandbox's Exchange in this process, with an outside world."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.smtp import SandboxSmtp

SERVICE, PASSWORD = "service@firm.example", "sandbox"


class ExchangeServers:
    """Mailboxes on an Exchange that one service account may open; what leaves is kept by an SMTP server."""

    def __init__(self) -> None:
        self.office = ExchangeOffice()
        self.office.open_service_account(SERVICE, PASSWORD)
        self._accounts: list[str] = []
        self._numbers: Iterator[int] = count(1)
        self._running = ExitStack()

    def __enter__(self) -> "ExchangeServers":
        """Start the servers."""
        self.smtp = self._running.enter_context(SandboxSmtp(SandboxMailboxes()))
        relay = (self.smtp.host, self.smtp.port)
        self.server = self._running.enter_context(SandboxExchange(self.office, smtp=relay))
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them."""
        self._running.close()

    def new_user(self, prefix: str) -> str:
        account = f"{prefix}-{next(self._numbers)}"
        self.office.open_account(f"{account}@firm.example", PASSWORD)
        self._accounts.append(account)
        return account

    def profile(self) -> dict[str, Any]:
        return {
            "servertype": 0,
            "incomingserverlocation": self.server.url,
            "incomingcredentialretrieval": 1,
            "incomingusername": SERVICE,
            "incomingpassword": PASSWORD,
            "incominguseimpersonation": True,
            "incomingauthenticationprotocol": 3,
            "outgoingserverlocation": self.server.url,
            "outgoinguseimpersonation": True,
            "usesamesettingsforoutgoingconnections": True,
        }

    def begin(self) -> None:
        """Remove the messages by which the mailboxes were tested."""
        for account in self._accounts:
            outlook = self._outlook(account)
            for item in outlook.items():
                outlook.destroy(item)

    def deliver(self, account: str, data: bytes) -> None:
        self.office.deliver(f"{account}@firm.example", data)

    def count(self, account: str) -> int:
        return len(self._outlook(account).items())

    def left(self) -> list[bytes]:
        return [left.data for left in self.smtp.outside]

    def is_idle(self) -> bool:
        return True

    def _outlook(self, account: str) -> Any:
        return self.office.outlook(f"{account}@firm.example")
