"""Ann's mailbox on an Exchange without a server, and the passes over it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.passes.access import SourceOpener
from postroom.passes.context import Context
from postroom.passes.receive import receive
from postroom.passes.result import PassResult
from postroom.ports.mail import MailSource
from postroom.schema.profile import EmailServerProfile
from postroom.servers.memory_exchange import MemoryExchange, MemoryExchangeSource
from postroom.store.mailboxes import Setup
from tests.support.company import Company


@dataclass
class Office:
    """One person's mailbox on the server, and what Postroom has of it."""

    company: Company
    mail: MemoryExchange
    address: str

    @property
    def opener(self) -> SourceOpener:
        """Return what opens a session with the mailbox."""

        def open_memory(context: Context, setup: Setup) -> MailSource:
            return MemoryExchangeSource(self.mail)

        return open_memory

    @property
    def mailbox(self) -> UUID:
        """Return the mailbox's key."""
        return self.company.mailbox(self.address)

    def look(self) -> PassResult:
        """Run one receiving pass; it must come to its end."""
        result = receive(self.company.context, self.mailbox, opener=self.opener)
        assert result.failure is None
        return result

    def track_folder(self, folder: str, regarding: UUID | None = None, table: str = "account") -> UUID:
        """Have a folder tracked, as its user does in the personal options."""
        values: dict[str, Any] = {"mailboxid": self.mailbox, "exchangefolderid": folder}
        if regarding:
            values |= {"regardingobjectid": regarding, "regardingobjecttypecode": table}
        return self.company.create("mailboxtrackingfolder", **values)

    def rule(self, key: UUID) -> dict[str, Any]:
        """Return the row of a tracked folder."""
        (row,) = self.company.rows("mailboxtrackingfolder", mailboxtrackingfolderid=key)
        return row

    def emails(self) -> list[dict[str, Any]]:
        """Return the e-mails of the store, oldest first."""
        return sorted(self.company.rows("email"), key=lambda row: row["activityid"])

    def regarding(self) -> list[UUID | None]:
        """Return what each e-mail regards."""
        return [row["regardingobjectid"] for row in self.emails()]


def on_exchange(company: Company, address: str) -> Office:
    """Give the company an Exchange: its profile, and a mailbox there."""
    with company.context.database.write() as connection:
        url = "https://mail.corp.example/EWS/Exchange.asmx"
        values = {"servertype": 0, "incomingserverlocation": url, "outgoingserverlocation": url}
        connection.execute(sa.update(EmailServerProfile.__table__).values(values))
    return Office(company, MemoryExchange(), address)


def category_off(company: Company) -> None:
    """Have the organization want no category."""
    text = "<OrgSettings><TrackCategorizedItems>false</TrackCategorizedItems></OrgSettings>"
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, orgdborgsettings=text)
