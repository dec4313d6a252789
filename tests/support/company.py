"""A small company over the sandbox's servers: users, a queue, contacts, mailboxes that work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from postroom.passes.context import Context, MailLimits
from postroom.passes.test_mailbox import test_mailbox as try_mailbox
from postroom.ports.clock import ManualClock
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.pop3 import SandboxPop3
from postroom.sandbox.smtp import Left, SandboxSmtp
from postroom.store.blobs import DirectoryBlobs
from postroom.store.mailboxes import get_by_address
from postroom.store.records import Records

PASSWORD = "s3cret-of-the-sandbox"

#: For tests of what happens on the wire, where the kind of database does not matter.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Company:
    """A store with a company in it, and the servers its mailboxes live on."""

    records: Records
    context: Context
    server: SandboxMailboxes
    pop3: SandboxPop3
    smtp: SandboxSmtp
    ids: dict[str, UUID] = field(default_factory=dict)

    @property
    def outside(self) -> list[Left]:
        """What left for the outside world."""
        return self.smtp.outside

    @property
    def answers(self) -> dict[str, str]:
        """What the SMTP server answers for single recipients."""
        return self.smtp.answers

    @property
    def clock(self) -> ManualClock:
        assert isinstance(self.context.clock, ManualClock)
        return self.context.clock

    def create(self, table: str, **values: Any) -> UUID:
        with self.context.database.write() as connection:
            return self.records.create(connection, table, values)

    def update(self, table: str, key: UUID, **values: Any) -> None:
        with self.context.database.write() as connection:
            self.records.update(connection, table, key, values)

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        with self.context.database.read() as connection:
            rows = self.records.select(connection, table)
        return [row for row in rows if all(row[name] == value for name, value in where.items())]

    def mailbox(self, address: str) -> UUID:
        with self.context.database.read() as connection:
            return get_by_address(connection, address)

    def add_profile(self, **values: Any) -> UUID:
        settings = {
            "name": "Sandbox",
            "servertype": 1,
            "incomingserverlocation": "127.0.0.1",
            "incomingportnumber": self.pop3.port,
            "incomingusessl": False,
            "outgoingserverlocation": "127.0.0.1",
            "outgoingportnumber": self.smtp.port,
            "outgoingusessl": False,
            "processemailsreceivedafter": None,
        }
        return self.create("emailserverprofile", **{**settings, **values})

    def add_user(self, address: str, name: str, *, filtering: int = 2, **values: Any) -> UUID:
        first, last = name.split()
        user = self.create(
            "systemuser",
            **{
                "firstname": first,
                "lastname": last,
                "domainname": address,
                "internalemailaddress": address,
                "incomingemaildeliverymethod": 2,
                "outgoingemaildeliverymethod": 2,
                **values,
            },
        )
        self.update("usersettings", user, incomingemailfilteringmethod=filtering)
        self._open(address)
        return user

    def add_queue(self, address: str, name: str, *, filtering: int = 0, **values: Any) -> UUID:
        queue = self.create(
            "queue",
            **{
                "name": name,
                "emailaddress": address,
                "incomingemaildeliverymethod": 2,
                "outgoingemaildeliverymethod": 2,
                "incomingemailfilteringmethod": filtering,
                **values,
            },
        )
        self._open(address)
        return queue

    def add_forward_mailbox(self, address: str) -> UUID:
        mailbox = self.create(
            "mailbox",
            name="Forward",
            emailaddress=address,
            incomingemaildeliverymethod=2,
            outgoingemaildeliverymethod=0,
            emailserverprofile=self.ids["profile"],
        )
        self._open(address)
        return mailbox

    def _open(self, address: str) -> None:
        """Give the address an account on the server, its password, and approval."""
        self.server.open_account(address, PASSWORD)
        self.update(
            "mailbox",
            self.mailbox(address),
            username=address,
            password=PASSWORD,
            allowemailconnectortousecredentials=True,
            emailrouteraccessapproval=1,
        )

    def enable(self, *addresses: str) -> None:
        for address in addresses:
            report = try_mailbox(self.context, self.mailbox(address))
            assert all(finding.ok for finding in report.findings), report

    def enable_quietly(self, *addresses: str) -> None:
        """Have mailboxes processed that no server here knows."""
        for address in addresses:
            with self.context.database.write() as connection:
                values = {"enabledforincomingemail": True, "incomingemailstatus": 1}
                key = self.mailbox(address)
                self.records.update(connection, "mailbox", key, values, internal=True)

    def limited(self, **limits: Any) -> Context:
        """Return the means of a pass with other limits."""
        return replace(self.context, mail=replace(self.context.mail, **limits))

    def email(self, sender: UUID, table: str, *to: str | UUID, **values: Any) -> UUID:
        """Make an outgoing draft."""
        parties: list[dict[str, Any]] = [
            {"partyid": sender, "partyobjecttypecode": table, "participationtypemask": 1}
        ]
        for recipient in to:
            if isinstance(recipient, UUID):
                parties.append(
                    {"partyid": recipient, "partyobjecttypecode": "contact", "participationtypemask": 2}
                )
            else:
                parties.append({"addressused": recipient, "participationtypemask": 2})
        return self.create(
            "email", **{"subject": "Offer", "description": "<p>Hello</p>", "parties": parties, **values}
        )


@contextmanager
def a_company(records: Records, directory: Path, **limits: Any) -> Iterator[Company]:
    """Run the servers and set the company up: ann (user), sales (queue), carl (contact)."""
    server = SandboxMailboxes()
    with SandboxPop3(server) as pop3, SandboxSmtp(server) as smtp:
        context = Context(
            records.database,
            records,
            DirectoryBlobs(directory / "blobs"),
            records.clock,
            mail=MailLimits(**limits),
        )
        company = Company(records, context, server, pop3, smtp)
        profile = company.add_profile()
        company.ids["profile"] = profile
        organization = company.rows("organization")[0]["organizationid"]
        company.update("organization", organization, defaultemailserverprofileid=profile)
        company.ids["account"] = company.create(
            "account", name="Contoso", emailaddress1="info@contoso.example"
        )
        company.ids["carl"] = company.create(
            "contact",
            firstname="Carl",
            lastname="Customer",
            emailaddress1="carl@contoso.example",
            parentcustomerid=company.ids["account"],
            parentcustomeridtype="account",
        )
        company.ids["ann"] = company.add_user("ann@corp.example", "Ann Agent")
        company.ids["sales"] = company.add_queue("sales@corp.example", "Sales")
        company.enable("ann@corp.example", "sales@corp.example")
        yield company
