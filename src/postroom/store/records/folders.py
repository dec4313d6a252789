"""What may be tracked: the rules for rows of tracked folders."""

import sqlalchemy as sa

from postroom.configuration.folder_tracking import MOST_FOLDERS
from postroom.schema.folder import MailboxTrackingFolder
from postroom.schema.mailbox import Mailbox
from postroom.schema.organization import Organization
from postroom.store.records.hooks import Write, WriteKind

_FOLDER = MailboxTrackingFolder.__table__
_MAILBOX = Mailbox.__table__


def check_tracked_folder(write: Write) -> None:
    """Refuse a tracked folder without a folder or a user's mailbox, one too many, or one that is there."""
    if write.kind is WriteKind.DELETE:
        return
    after = write.after
    mailbox, folder = after.get("mailboxid"), after.get("exchangefolderid")
    if not mailbox:
        write.refuse("mailboxid is required: name the mailbox that has the folder.", column="mailboxid")
        return
    if not folder:
        write.refuse(
            "exchangefolderid is required: the server's id of the folder.", column="exchangefolderid"
        )
        return
    owner = _MAILBOX.c.regardingobjecttypecode
    kind = write.connection.execute(sa.select(owner).where(_MAILBOX.c.mailboxid == mailbox)).scalar()
    if kind != "systemuser":
        write.refuse("Only the mailbox of a user can have tracked folders.", column="mailboxid")
    others = write.connection.execute(
        sa.select(_FOLDER.c.exchangefolderid).where(
            _FOLDER.c.mailboxid == mailbox, _FOLDER.c.mailboxtrackingfolderid != write.id
        )
    ).scalars()
    _check_among(write, folder, list(others))


def _check_among(write: Write, folder: str, others: list[str | None]) -> None:
    if folder in others:
        write.refuse("The folder is tracked already; change its row.", column="exchangefolderid")
    most = write.connection.execute(
        sa.select(Organization.__table__.c.maxfolderbasedtrackingmappings)
    ).scalar()
    most = MOST_FOLDERS if most is None else most
    if write.kind is WriteKind.CREATE and len(others) >= most:
        write.refuse(
            f"At most {most} folders of a mailbox can be tracked; remove one that is no longer needed.",
            column="mailboxid",
        )
