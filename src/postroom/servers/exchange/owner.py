"""Whose mailbox this is noted to be: a property of ours on the root of its folders."""

import json
from uuid import UUID

from postroom.ports.folders import OwnerMark
from postroom.servers.exchange.answer import read_instant, text_at
from postroom.servers.exchange.markup import shape, tag, text
from postroom.servers.exchange.session import Session

_PATH = tag(
    "t:ExtendedFieldURI",
    DistinguishedPropertySetId="PublicStrings",
    PropertyName="PostroomOwner",
    PropertyType="String",
)


def read_owner(session: Session) -> OwnerMark | None:
    """Return what is noted, or None when nothing is that can be read."""
    request = tag(
        "m:GetFolder",
        shape(_PATH, element="m:FolderShape"),
        tag("m:FolderIds", session.known_folder("msgfolderroot")),
    )
    answer = session.one(request, "The mailbox's owner was not read")
    for extended in answer.all("m:Folders/*/t:ExtendedProperty"):
        if mark := _read(text_at(extended, "t:Value")):
            return mark
    return None


def write_owner(session: Session, mark: OwnerMark) -> None:
    """Note whose mailbox this is."""
    # source: MS-OXWSFOLD 3.1.4.8
    noted = {
        "organization": str(mark.organization),
        "name": mark.name,
        "at": mark.synchronized_at.isoformat() if mark.synchronized_at else None,
    }
    extended = tag("t:ExtendedProperty", _PATH, tag("t:Value", text(json.dumps(noted))))
    change = tag(
        "t:FolderChange",
        session.known_folder("msgfolderroot"),
        tag("t:Updates", tag("t:SetFolderField", _PATH, tag("t:Folder", extended))),
    )
    request = tag("m:UpdateFolder", tag("m:FolderChanges", change))
    session.one(request, "The mailbox's owner was not noted")


def _read(written: str) -> OwnerMark | None:
    try:
        noted = json.loads(written)
        at = read_instant(str(noted.get("at")))
        return OwnerMark(UUID(str(noted["organization"])), str(noted.get("name") or ""), at)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
