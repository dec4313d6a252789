"""Whose items an Exchange mailbox holds: one organization synchronizes them, and no other."""

from postroom.errors import UserError
from postroom.passes.context import Context
from postroom.ports.folders import MailFolders, OwnerMark
from postroom.store.mailboxes import Setup


class OwnedByAnotherError(UserError):
    """The mailbox's items are kept in step by another organization."""

    def __init__(self, mark: OwnerMark) -> None:
        last = f", last on {mark.synchronized_at:%Y-%m-%d %H:%MZ}" if mark.synchronized_at else ""
        super().__init__(
            "The mailbox's appointments, contacts and tasks are synchronized by the organization "
            f"“{mark.name}” ({mark.organization}){last}. Two would undo each other's work: stop it there, "
            "or set orgmarkedasprimaryforexchangesync on the mailbox and test it again to take over."
        )
        self.mark = mark


def claim(context: Context, setup: Setup, folders: MailFolders) -> str:
    """Note in the mailbox that this organization synchronizes its items; return what was noted before.

    Raises `OwnedByAnotherError` when another one does, unless the mailbox is to be taken over.
    """
    found = folders.owner_mark()
    ours = setup.organization["organizationid"]
    if found and found.organization != ours and not setup.mailbox["orgmarkedasprimaryforexchangesync"]:
        raise OwnedByAnotherError(found)
    name = setup.organization.get("name") or ""
    folders.set_owner_mark(OwnerMark(ours, name, context.clock.now()))
    with context.database.write() as connection:
        values = {"isactsyncorgflagset": True}
        context.records.update(connection, "mailbox", setup.mailbox_id, values, internal=True)
    if found is None:
        return "nobody synchronized its items; this organization does now"
    if found.organization == ours:
        return "this organization synchronizes its items"
    return f"taken over from the organization “{found.name}” ({found.organization})"
