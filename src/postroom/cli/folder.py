"""Commands on tracked folders: list, track, untrack."""

from typing import Annotated
from uuid import UUID

import typer

from postroom.app.wiring import Postroom
from postroom.cli.session import as_wrong_use, opened
from postroom.cli.show import AsJson, say, show_records
from postroom.cli.track import read_record
from postroom.errors import UserError
from postroom.passes.tracked_folders import (
    FolderOfInbox,
    TrackedFolder,
    find_folder,
    folders_of_inbox,
    retrieve_tracking_folders,
    track_folder,
    untrack_folder,
)
from postroom.schema import registry
from postroom.store import mailboxes

_Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The mailbox.")]
_Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="A path below the Inbox, or the server's id.")]


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    group = typer.Typer(help="Folders of a mailbox whose mail is tracked.", no_args_is_help=True)
    group.command("list")(list_folders)
    group.command("track")(track)
    group.command("untrack")(untrack)
    app.add_typer(group, name="folder")


def list_folders(address: _Address, *, as_json: AsJson = False) -> None:
    """Show the folders below the Inbox, which are tracked, and what their mail regards."""
    with opened() as postroom:
        mailbox = _mailbox(postroom, address)
        found = folders_of_inbox(postroom.context(), mailbox)
        lost = _lost(retrieve_tracking_folders(postroom.context(), mailbox), found)
    rows = [_row(folder.path, folder.id, folder.rule) for folder in found]
    rows += [_row(rule.name, rule.folder, rule) for rule in lost]
    show_records(rows, ("folder", "tracked", "regarding", "state"), as_json=as_json)


def track(
    address: _Address,
    folder: _Folder,
    *,
    regarding: Annotated[
        str, typer.Option(metavar="TABLE:ID", help="The record that the folder's mail regards.")
    ] = "",
) -> None:
    """Have all mail of a folder tracked from the next pass on, also what lies there already."""
    with as_wrong_use():
        record = read_record(regarding) if regarding else None
    with opened() as postroom:
        mailbox = _mailbox(postroom, address)
        found = find_folder(folders_of_inbox(postroom.context(), mailbox), folder)
        track_folder(postroom.context(), mailbox, found, record)
    say(f"{found.path} is tracked" + (f"; its mail regards {regarding}." if record else "."))


def untrack(address: _Address, folder: _Folder) -> None:
    """Track a folder no longer; what was tracked stays as it is."""
    with opened() as postroom:
        rules = retrieve_tracking_folders(postroom.context(), _mailbox(postroom, address))
        name = folder.strip("/").rpartition("/")[2].casefold()
        rule = next((r for r in rules if folder == r.folder or r.name.casefold() == name), None)
        if rule is None:
            raise UserError(
                f"No folder {folder!r} of this mailbox is tracked; `postroom folder list` shows all."
            )
        untrack_folder(postroom.context(), rule.id)
    say(f"{rule.name} is no longer tracked; what was tracked stays.")


def _mailbox(postroom: Postroom, address: str) -> UUID:
    with postroom.database.read() as connection:
        return mailboxes.get_by_address(connection, address)


def _lost(rules: list[TrackedFolder], found: list[FolderOfInbox]) -> list[TrackedFolder]:
    """Return tracked folders that are no longer below the inbox."""
    here = {folder.id for folder in found}
    return [rule for rule in rules if rule.folder not in here]


def _row(path: str, folder: str, rule: TrackedFolder | None) -> dict[str, object]:
    regarding = ""
    if rule and rule.regarding_code:
        table = next(t for t in registry.tables() if t.object_type_code == rule.regarding_code)
        regarding = f"{table.logical_name}: {rule.regarding_name}"
    return {
        "folder": path,
        "id": folder,
        "tracked": rule is not None,
        "regarding": regarding,
        "state": rule.state.label if rule else "",
        "is_onboarded": rule.is_onboarded if rule else False,
    }
