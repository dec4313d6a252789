"""Looks at a whole store: what stands in every table, and whether ledger and decision log agree."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.passes import access
from postroom.passes.access import SourceOpener
from postroom.passes.context import Context
from postroom.passes.receive import receive
from postroom.passes.rescan import Mode, rescan
from postroom.ports.mail import MailSource
from postroom.schema import registry
from postroom.schema.choices import Reason
from postroom.servers.memory import MemoryMailbox, MemorySource
from postroom.store.mailboxes import Setup
from tests.support.company import Company
from tests.support.mail import a_message

ANN, SALES = "ann@corp.example", "sales@corp.example"
CARL, STRANGER = "carl@contoso.example", "sam@stranger.example"

#: Every row of every table.
Everything = dict[str, Counter[str]]


def from_stranger(message_id: str = "one@stranger.example", **more: Any) -> bytes:
    """Return mail that Ann's filter does not accept."""
    return a_message(**{"sender": STRANGER, "to": (ANN,), "message_id": message_id, **more})


def from_carl(message_id: str = "one@contoso.example", **more: Any) -> bytes:
    """Return mail that Ann's filter accepts."""
    return a_message(**{"sender": CARL, "to": (ANN,), "message_id": message_id, **more})


def without_id(data: bytes) -> bytes:
    """Return the message without its Message-ID."""
    head, _, rest = data.partition(b"Message-ID: ")
    return head + rest.partition(b"\r\n")[2]


def everything_in(company: Company) -> Everything:
    """Return the rows of all tables, so that two moments can be compared."""
    found: Everything = {}
    with company.context.database.read() as connection:
        names = sa.inspect(connection).get_table_names()
        for name in names:
            rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()  # noqa: S608 - our own names
            found[name] = Counter(str(tuple(row)) for row in rows)
    assert sum(map(len, found.values())) > 10, "nothing was looked at"
    return found


def check_log(company: Company) -> None:
    """See that each ledger row has as many decisions as messages, and that no link leads nowhere."""
    ledger = company.rows("postroom_ledger")
    decisions = company.rows("postroom_decision")
    counts = Counter(row["ledgerid"] for row in decisions if row["ledgerid"])
    assert counts == Counter({row["postroom_ledgerid"]: row["messages"] for row in ledger})
    keys = {row["postroom_decisionid"] for row in decisions}
    assert all(row["decisionid"] in keys for row in ledger)
    emails = {row["activityid"] for row in company.rows("email")}
    for row in (*ledger, *decisions):
        assert row["emailid"] is None or row["emailid"] in emails
    for row in decisions:
        assert not row["tracked"] or row["emailid"], "tracked as nothing"


def decisions_of(company: Company, address: str = "", **where: Any) -> list[dict[str, Any]]:
    """Return the decisions about real mail, the oldest first."""
    if address:
        where["mailboxid"] = company.mailbox(address)
    rows = company.rows("postroom_decision", **where)
    rows = [row for row in rows if row["reason"] != Reason.TEST_MESSAGE]
    return sorted(rows, key=lambda row: row["postroom_decisionid"])


def reasons_of(company: Company, address: str = "", **where: Any) -> list[Reason]:
    """Return the reasons of these decisions."""
    return [Reason(row["reason"]) for row in decisions_of(company, address, **where)]


def take_in(
    company: Company, address: str, *messages: bytes, opener: SourceOpener = access.open_source
) -> None:
    """Deliver messages and receive them."""
    for data in messages:
        company.server.deliver(address, data)
    assert receive(company.context, company.mailbox(address), opener=opener).failure is None


def source_of(mailbox: MemoryMailbox) -> SourceOpener:
    """Return what opens a session with a mailbox in memory, whatever the configuration says."""

    def open_memory(context: Context, setup: Setup) -> MailSource:
        return MemorySource(mailbox)

    return open_memory


def row_of(company: Company, table: str, key: UUID) -> dict[str, Any]:
    """Return one row."""
    (row,) = company.rows(table, **{registry.by_logical_name(table).primary_id: key})
    return row


def the_email(company: Company, **where: Any) -> dict[str, Any]:
    """Return the only e-mail of this kind."""
    (row,) = company.rows("email", **where)
    return row


def set_filter(company: Company, filtering: int, who: str = "ann") -> None:
    """Change which incoming mail a user wants tracked."""
    company.update("usersettings", company.ids[who], incomingemailfilteringmethod=filtering)


def look_again(company: Company, address: str = ANN, mode: Mode = Mode.APPLY) -> int:
    """Rescan all there is and return how many messages were tracked."""
    found = rescan(
        company.context, company.mailbox(address), company.clock.now() - timedelta(days=3650), mode
    )
    assert found.failure is None
    return found.tracked
