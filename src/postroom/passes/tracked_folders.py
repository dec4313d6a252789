"""The tracked folders of a mailbox as people see them: folder, record, state."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from postroom.passes.context import Context
from postroom.schema import registry
from postroom.schema.choices import TrackingFolderState
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
