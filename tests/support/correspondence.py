"""Mail that goes out from the company and comes back to it, over whole passes."""

import email
import email.policy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from postroom.configuration.switch import Switch
from postroom.configuration.switches import written
from postroom.passes.context import Context
from postroom.passes.issue import send_email
from postroom.passes.receive import receive
from postroom.passes.send import send
from postroom.ports.mail import MailSource
from postroom.schema.choices import Reason
from postroom.servers.memory import MemoryMailbox, MemorySource
from postroom.store.mailboxes import Setup
from tests.support.company import Company
from tests.support.mail import a_message

ANN, SALES, CARL = "ann@corp.example", "sales@corp.example", "carl@contoso.example"


def the(company: Company, table: str, **where: Any) -> dict[str, Any]:
    """Return the one row."""
    (row,) = company.rows(table, **where)
    return row


def organize(company: Company, **values: Any) -> None:
    """Change the organization."""
    company.update("organization", the(company, "organization")["organizationid"], **values)


def switch(company: Company, **changes: bool | int) -> None:
    """Set switches by the names of `Switch` in lower case."""
    xml = the(company, "organization")["orgdborgsettings"]
    organize(
        company,
        orgdborgsettings=written(xml, {Switch[name.upper()]: value for name, value in changes.items()}),
    )


def wishes(company: Company, user: str = "ann", **values: Any) -> None:
    """Change the settings of a user."""
    company.update("usersettings", company.ids[user], **values)


def send_out(
    company: Company, *to: UUID | str, sender: str = "ann", address: str = ANN, **values: Any
) -> dict[str, Any]:
    """Send an e-mail, to Carl unless told otherwise, and return its row."""
    table = "queue" if company.rows("queue", queueid=company.ids[sender]) else "systemuser"
    key = company.email(company.ids[sender], table, *(to or (company.ids["carl"],)), **values)
    send_email(company.context, key)
    result = send(company.context, company.mailbox(address))
    assert (result.failure, result.failed) == (None, 0)
    return the(company, "email", activityid=key)


def wire_of(company: Company, sent: Mapping[str, Any]) -> Any:
    """Return the message that left for this e-mail, as a receiver reads it."""
    (data,) = (left.data for left in company.outside if f"<{sent['messageid']}>".encode() in left.data)
    return email.message_from_bytes(data, policy=email.policy.default)


def read_in(company: Company, *messages: bytes, at: str = ANN) -> list[dict[str, Any]]:
    """Deliver these messages, read the mailbox, and return what was decided now, in order."""
    for message in messages:
        company.server.deliver(at, message)
    return _new_decisions(company, lambda: receive(company.context, company.mailbox(at)))


def read_from_memory(
    company: Company, source: MemoryMailbox, *, at: str = ANN, **limits: Any
) -> list[dict[str, Any]]:
    """Read a mailbox that no server stands for, and return what was decided now, in order."""
    context = replace(company.context, mail=replace(company.context.mail, **limits))

    def opener(_: Context, __: Setup) -> MailSource:
        return MemorySource(source, largest=context.mail.largest_message)

    return _new_decisions(company, lambda: receive(context, company.mailbox(at), opener=opener))


def _new_decisions(company: Company, read: Any) -> list[dict[str, Any]]:
    before = {row["postroom_decisionid"] for row in company.rows("postroom_decision")}
    assert read().failure is None
    rows = [row for row in company.rows("postroom_decision") if row["postroom_decisionid"] not in before]
    rows = [row for row in rows if row["reason"] != Reason.TEST_MESSAGE]
    return sorted(rows, key=lambda row: row["postroom_decisionid"])


def an_answer(**values: Any) -> bytes:
    """Return a message from Carl to Ann."""
    return a_message(**{"sender": CARL, "to": (ANN,), "subject": "Something else", **values})
