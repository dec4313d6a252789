"""The audit log: one row for each write through the Web API, in its transaction."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from postroom.api.rights import Caller
from postroom.schema.audit import Audit
from postroom.schema.ids import new_id

_AUDIT = Audit.__table__
_LONGEST = 10_000


def note(
    connection: sa.Connection,
    caller: Caller,
    now: datetime,
    operation: str,
    table: str | None = None,
    id_: UUID | None = None,
    columns: Iterable[str] = (),
) -> None:
    """Note who did what to which record and which columns were set; values are nobody's business here."""
    connection.execute(
        sa.insert(_AUDIT).values(
            postroom_auditid=new_id(),
            createdon=now,
            keyname=caller.name,
            userid=caller.user,
            operation=operation,
            objecttypecode=table,
            objectid=id_,
            columnnames=",".join(columns)[:_LONGEST] or None,
        )
    )
