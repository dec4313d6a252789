"""An Exchange to test with, and a plain client of it: exchangelib, as anybody would use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from exchangelib import BASIC, DELEGATE, IMPERSONATION, UTC, Account, Configuration, Credentials, Version
from exchangelib.protocol import FailFast, RetryPolicy
from exchangelib.version import EXCHANGE_2016

from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange

ANN, BEN, CARLA = "ann@northwind.example", "ben@northwind.example", "carla@contoso.example"
PASSWORD = "sandbox"


@dataclass
class Client:
    """A client of the server at a URL; its accounts are closed in the end."""

    url: str
    accounts: list[Account] = field(default_factory=list, kw_only=True)

    def account(
        self,
        address: str,
        *,
        user: str = "",
        password: str = PASSWORD,
        access: str = DELEGATE,
        retry: RetryPolicy | None = None,
    ) -> Account:
        """Return the account as a client sees it; `user` signs in, or the owner without one."""
        configuration = Configuration(
            service_endpoint=self.url,
            credentials=Credentials(user or address, password),
            auth_type=BASIC,
            version=Version(build=EXCHANGE_2016),
            retry_policy=retry or FailFast(),
        )
        account = Account(
            address, config=configuration, autodiscover=False, access_type=access, default_timezone=UTC
        )
        self.accounts.append(account)
        return account

    def impersonated(self, address: str, user: str) -> Account:
        """Return somebody's account as a service account sees it."""
        return self.account(address, user=user, access=IMPERSONATION)

    def close(self) -> None:
        for account in self.accounts:
            account.protocol.close()


@dataclass
class Exchange(Client):
    """A running server, its office, and a client."""

    server: SandboxExchange
    office: ExchangeOffice


@contextmanager
def running(office: ExchangeOffice | None = None, **settings: object) -> Iterator[Exchange]:
    """Run an Exchange in which Ann and Ben have mailboxes."""
    office = office or ExchangeOffice()
    for address in (ANN, BEN):
        office.open_account(address, PASSWORD)
    with SandboxExchange(office, **settings) as server:  # type: ignore[arg-type]
        exchange = Exchange(server.url, server, office)
        try:
            yield exchange
        finally:
            exchange.close()


def letter(subject: str, *, sender: str = CARLA, to: str = ANN, body: str = "Hello", **headers: str) -> bytes:
    """Return a simple message; names of headers are written with underscores."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"From: Carla Customer <{sender}>\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{subject.replace(' ', '.')}@contoso.example>\r\n"
        f"Date: Mon, 2 Nov 2026 09:00:00 +0000\r\n{more}\r\n{body}\r\n"
    ).encode()
