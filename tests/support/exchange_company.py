"""The company's mailboxes on the sandbox's Exchange, opened by one service account."""

from collections.abc import Iterator
from contextlib import contextmanager

from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange
from postroom.servers.exchange.channel import close_channels
from tests.support.company import Company

ANN, SALES = "ann@corp.example", "sales@corp.example"
SERVICE, SECRET = "service@corp.example", "hush"


@contextmanager
def an_exchange_of(company: Company) -> Iterator[SandboxExchange]:
    """Let Ann's mailbox be on an Exchange that one service account may open."""
    office = ExchangeOffice(others=company.server)
    office.open_account(ANN, "anns")
    office.open_account(SALES, "of sales")
    office.open_service_account(SERVICE, SECRET)
    with SandboxExchange(office, smtp=(company.smtp.host, company.smtp.port)) as running:
        profile = company.create(
            "emailserverprofile",
            name="Exchange",
            servertype=0,
            incomingserverlocation=running.url,
            incomingcredentialretrieval=1,
            incomingusername=SERVICE,
            incomingpassword=SECRET,
            incominguseimpersonation=True,
            processemailsreceivedafter=None,
        )
        company.ids["exchange"] = profile
        company.update("mailbox", company.mailbox(ANN), emailserverprofile=profile)
        try:
            yield running
        finally:
            close_channels()
