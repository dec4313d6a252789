"""The tracked folders of a mailbox as people see them: folder, record, state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from postroom.configuration.folder_tracking import tracks_by_folder
from postroom.errors import UserError
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.credentials import Hindered
from postroom.passes.wish import Regarding
from postroom.ports.folders import Folder
from postroom.schema import registry
from postroom.schema.choices import TrackingFolderState, Workload
from postroom.store import folders
from postroom.store.folders import Onboarding, Rule


@dataclass(frozen=True, slots=True)
class TrackedFolder:
    """One tracked folder."""

    # source: DATAVERSE-ACTIONS MailboxTrackingFolderMapping
    id: UUID
    #: The server's id of the folder, and its name when it was last seen.
    folder: str
    name: str
    regarding: UUID | None
    regarding_name: str
    #: The object type code of the record's table; None without a record.
    regarding_code: int | None
    #: The rule has run over all that lay in the folder when it was set up.
    is_onboarded: bool
    state: TrackingFolderState


@dataclass(frozen=True, slots=True)
class FolderOfInbox:
    """One folder below the inbox as the server has it now, and its rule if it is tracked."""

    id: str
    #: The names from the inbox down, with slashes between them.
    path: str
    rule: TrackedFolder | None


def folders_of_inbox(
    context: Context, mailbox: UUID, *, opener: access.SourceOpener = access.open_source
) -> list[FolderOfInbox]:
    """Ask the server for the folders below the inbox, with the rules of those that are tracked.

    Raises `UserError` where the mailbox has no folders that could be tracked, and `TransportError` when
    the server can't be asked.
    """
    setup = access.read_setup(context, mailbox)
    if not tracks_by_folder(setup.mailbox, setup.profile or {}, setup.organization):
        raise UserError(
            "Folders are tracked in users' mailboxes on Exchange that are read by server-side "
            "synchronization, where the organization wants it (isfolderbasedtrackingenabled)."
        )
    if obstacle := access.obstacle_for(setup, Workload.INCOMING):
        raise Hindered(obstacle)
    source = opener(context, setup)
    try:
        tree = source.folders.tree() if source.folders else ()
    finally:
        source.close()
    rules = {rule.folder: rule for rule in retrieve_tracking_folders(context, mailbox)}
    paths = _paths(tree)
    return [
        FolderOfInbox(folder.id, paths[folder.id], rules.get(folder.id))
        for folder in tree
        if folder.in_inbox and not folder.is_inbox
    ]


def _paths(tree: Sequence[Folder]) -> Mapping[str, str]:
    paths: dict[str, str] = {}
    for folder in tree:
        above = paths.get(folder.parent)
        paths[folder.id] = f"{above}/{folder.name}" if above else folder.name
    return paths


def find_folder(found: Sequence[FolderOfInbox], wanted: str) -> FolderOfInbox:
    """Return the folder of this id or path, whatever the case of its letters, with or without the inbox."""
    path = wanted.strip("/").casefold()
    for folder in found:
        whole = folder.path.casefold()
        if wanted == folder.id or path in (whole, whole.partition("/")[2]):
            return folder
    known = ", ".join(folder.path for folder in found[:20]) or "none"
    raise UserError(f"The inbox has no folder {wanted!r}. Its folders are: {known}.")


def track_folder(
    context: Context,
    mailbox: UUID,
    folder: FolderOfInbox,
    regarding: Regarding | None,
    *,
    by: UUID | None = None,
) -> UUID:
    """Have a folder's mail tracked and related to a record, or to none; return the key of its rule."""
    values: dict[str, Any] = {
        "exchangefoldername": folder.path.rpartition("/")[2][:256],
        "regardingobjectid": regarding.id if regarding else None,
        "regardingobjecttypecode": regarding.table if regarding else None,
    }
    with context.database.write() as connection:
        if regarding:
            context.records.get(connection, regarding.table, regarding.id)
        if folder.rule:
            context.records.update(connection, "mailboxtrackingfolder", folder.rule.id, values, by=by)
            return folder.rule.id
        values |= {"mailboxid": mailbox, "exchangefolderid": folder.id}
        return context.records.create(connection, "mailboxtrackingfolder", values, by=by)


def untrack_folder(context: Context, rule: UUID, *, by: UUID | None = None) -> None:
    """Track a folder no longer; what was tracked stays, with what it regards."""
    with context.database.write() as connection:
        context.records.delete(connection, "mailboxtrackingfolder", rule, by=by)


def retrieve_tracking_folders(context: Context, mailbox: UUID) -> list[TrackedFolder]:
    """Return the tracked folders of a mailbox: what Dataverse calls RetrieveMailboxTrackingFolders.

    Raises `UserError` when there is no such mailbox.
    """
    with context.database.read() as connection:
        context.records.get(connection, "mailbox", mailbox)
        rules = folders.rules_of(connection, mailbox)
        names = {rule.id: _name_of(context, connection, rule) for rule in rules}
    return [
        TrackedFolder(
            rule.id,
            rule.folder,
            rule.name,
            rule.regarding,
            names[rule.id],
            registry.by_logical_name(rule.regarding_table).object_type_code if rule.regarding_table else None,
            rule.onboarding == Onboarding.DONE,
            rule.state,
        )
        for rule in rules
    ]


def _name_of(context: Context, connection: Connection, rule: Rule) -> str:
    """Return the name of the record that a folder's mail regards; empty where there is none any more."""
    if rule.regarding is None or rule.regarding_table is None:
        return ""
    table = registry.by_logical_name(rule.regarding_table)
    record = context.records.find(connection, rule.regarding_table, rule.regarding)
    return str(record.get(table.primary_name) or "") if record and table.primary_name else ""
