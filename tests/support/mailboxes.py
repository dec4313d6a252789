"""Profiles and mailboxes that may be processed, written straight into the store."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.schema import registry
from postroom.schema.choices import (
    AccessApproval,
    CredentialRetrieval,
    IncomingDeliveryMethod,
    OutgoingDeliveryMethod,
    ServerType,
)
from postroom.schema.ids import new_id
from postroom.store.database import Database


class Company:
    """Profiles and mailboxes that pass every test, and a look at what became of them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def profile(self, **more: Any) -> UUID:
        """Make a profile with one account for all its mailboxes."""
        row = {
            "emailserverprofileid": new_id(),
            "name": "Mail",
            "servertype": ServerType.POP3_SMTP,
            "incomingcredentialretrieval": CredentialRetrieval.PROFILE,
            "outgoingcredentialretrieval": CredentialRetrieval.PROFILE,
            **more,
        }
        self._insert("emailserverprofile", [row])
        return row["emailserverprofileid"]

    def mailboxes(self, number: int, profile: UUID | None = None, **more: Any) -> list[UUID]:
        """Make so many mailboxes that may receive and send."""
        profile = profile or self.profile()
        ids = [new_id() for _ in range(number)]
        self._insert("mailbox", [{**self._mailbox(key, profile), **more} for key in ids])
        return ids

    def _mailbox(self, key: UUID, profile: UUID) -> dict[str, Any]:
        return {
            "mailboxid": key,
            "name": "Somebody",
            "emailaddress": f"{key.hex[-8:]}@example.org",
            "emailserverprofile": profile,
            "isforwardmailbox": False,
            "incomingemaildeliverymethod": IncomingDeliveryMethod.SERVER_SIDE,
            "outgoingemaildeliverymethod": OutgoingDeliveryMethod.SERVER_SIDE,
            "emailrouteraccessapproval": AccessApproval.APPROVED,
            "enabledforincomingemail": True,
            "enabledforoutgoingemail": True,
            "enabledforact": False,
        }

    def _insert(self, name: str, rows: list[dict[str, Any]]) -> None:
        with self.database.write() as connection:
            connection.execute(sa.insert(registry.by_logical_name(name).table), rows)

    def insert(self, name: str, **values: Any) -> None:
        """Write one row as it is."""
        self._insert(name, [values])

    def change(self, name: str, key: UUID, **values: Any) -> None:
        """Change columns of one row."""
        info = registry.by_logical_name(name)
        with self.database.write() as connection:
            connection.execute(
                sa.update(info.table).where(info.table.c[info.primary_id] == key).values(**values)
            )

    def mailbox(self, key: UUID) -> Any:
        """Return a mailbox's row."""
        return self.rows("mailbox", mailboxid=key)[0]

    def rows(self, name: str, **equal: Any) -> list[Any]:
        """Return the rows of a table whose columns have these values."""
        table = registry.by_logical_name(name).table
        with self.database.read() as connection:
            found = sa.select(table).where(*[table.c[column] == value for column, value in equal.items()])
            return list(connection.execute(found))
