"""The address index: one `emailsearch` row for every e-mail column that holds an address."""

import sqlalchemy as sa

from postroom.mime.key import address_key
from postroom.schema.ids import new_id
from postroom.schema.search import EmailSearch
from postroom.store.records.hooks import Write, WriteKind


def keep_index(write: Write) -> None:
    """Bring the index in step with the record.

    Addresses stand in it as they are compared. Whether the record is active is asked when an address is
    resolved, not here.
    """
    for number, column in enumerate(write.table.email_columns(), start=1):
        if write.kind is WriteKind.DELETE:
            _remove(write, number)
        elif write.changes(column):
            _remove(write, number)
            if address := address_key(write.values[column] or ""):
                _add(write, number, address)


def _remove(write: Write, number: int) -> None:
    if write.kind is WriteKind.CREATE:
        return
    write.connection.execute(
        sa.delete(EmailSearch).where(
            EmailSearch.parentobjectid == write.id, EmailSearch.emailcolumnnumber == number
        )
    )


def _add(write: Write, number: int, address: str) -> None:
    write.connection.execute(
        sa.insert(EmailSearch).values(
            emailsearchid=new_id(),
            emailaddress=address,
            parentobjectid=write.id,
            parentobjecttypecode=write.table.logical_name,
            emailcolumnnumber=number,
            versionnumber=write.records.database.next_versions(write.connection),
        )
    )


def first_address(table_columns: list[str], row: dict[str, object]) -> tuple[str, int] | None:
    """Return the first address of a record and the number of its column, or None."""
    for number, column in enumerate(table_columns, start=1):
        address = row.get(column)
        if isinstance(address, str) and address:
            return address, number
    return None
