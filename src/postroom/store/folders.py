"""Tracked folders and the tracking category of a mailbox, as people have set them up."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.ports.folders import Category
from postroom.schema.choices import TrackingFolderState
from postroom.schema.folder import MailboxTrackingCategory, MailboxTrackingFolder
from postroom.schema.ids import new_id

_FOLDER = MailboxTrackingFolder.__table__
_CATEGORY = MailboxTrackingCategory.__table__


class Onboarding(IntEnum):
    """How far a tracked folder's rule has come with what lay in the folder before."""

    NOT_BEGUN = 0
    DONE = 1
    UNDER_WAY = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """One tracked folder: what lies in it is tracked, and regards a record if one is named."""

    id: UUID
    #: The server's id of the folder.
    folder: str
    name: str
    regarding: UUID | None
    regarding_table: str | None
    state: TrackingFolderState
    onboarding: int
    #: The record that the folder's mail was last related to.
    applied: UUID | None


def rules_of(connection: Connection, mailbox: UUID) -> list[Rule]:
    """Return the tracked folders of a mailbox, oldest first."""
    query = sa.select(_FOLDER).where(_FOLDER.c.mailboxid == mailbox)
    return [
        Rule(
            row.mailboxtrackingfolderid,
            row.exchangefolderid or "",
            row.exchangefoldername or "",
            row.regardingobjectid,
            row.regardingobjecttypecode,
            TrackingFolderState(row.postroom_state),
            row.folderonboardingstatus or 0,
            row.postroom_appliedregardingid,
        )
        for row in connection.execute(query.order_by(_FOLDER.c.mailboxtrackingfolderid))
    ]


def category_of(connection: Connection, mailbox: UUID) -> Category | None:
    """Return the tracking category as it was last found in the mailbox, or None before the first time."""
    query = sa.select(_CATEGORY).where(_CATEGORY.c.mailboxid == mailbox)
    row = connection.execute(query).first()
    if row is None:
        return None
    color = -1 if row.exchangecategorycolor is None else row.exchangecategorycolor
    return Category(row.exchangecategoryname or "", row.exchangecategoryid, color)


def keep_category(
    connection: Connection, mailbox: UUID, category: Category, owner: UUID | None, now: datetime
) -> None:
    """Keep the tracking category as it is in the mailbox now."""
    values = {
        "exchangecategoryid": category.id,
        "exchangecategoryname": category.name,
        "exchangecategorycolor": max(category.color, 0),
        "categoryonboardingstatus": int(Onboarding.DONE),
        "modifiedon": now,
    }
    here = _CATEGORY.c.mailboxid == mailbox
    if connection.execute(sa.update(_CATEGORY).where(here).values(values)).rowcount:
        return
    row = {"mailboxtrackingcategoryid": new_id(), "mailboxid": mailbox, "createdon": now, "ownerid": owner}
    connection.execute(sa.insert(_CATEGORY).values({**row, **values, "owneridtype": "systemuser"}))


def forget_category(connection: Connection, mailbox: UUID) -> None:
    """Forget the tracking category, which is no longer wanted."""
    connection.execute(sa.delete(_CATEGORY).where(_CATEGORY.c.mailboxid == mailbox))
