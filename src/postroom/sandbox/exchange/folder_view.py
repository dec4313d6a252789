"""A folder as the element that an answer shows of it."""

import copy
from collections.abc import Callable, Mapping

from lxml import etree

from postroom.sandbox.exchange.derived import effective_rights
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.item import property_key, property_values, write_instant
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import local_name, t_element
from postroom.sandbox.exchange.shape import Base, Shape

_Shown = Callable[[Mailbox, Folder], etree._Element | None]

_EXTENDED = "folder:ExtendedProperty"


def _parent(mailbox: Mailbox, folder: Folder) -> etree._Element:
    # The root is its own parent, as in real mailboxes.
    parent = mailbox.folders.get(folder.parent_id, folder)
    return t_element("ParentFolderId", Id=parent.id, ChangeKey=parent.change_key)


def _unread(_: Mailbox, folder: Folder) -> etree._Element | None:
    has_it = folder.kind in ("Folder", "TasksFolder")
    return t_element("UnreadCount", str(folder.unread_count)) if has_it else None


def _distinguished(_: Mailbox, folder: Folder) -> etree._Element | None:
    return t_element("DistinguishedFolderId", folder.distinguished) if folder.distinguished else None


def _class(_: Mailbox, folder: Folder) -> etree._Element | None:
    return t_element("FolderClass", folder.folder_class) if folder.folder_class else None


#: The fields of a folder in the order of the schema.
_FIELDS: Mapping[str, _Shown] = {
    "folder:FolderId": lambda _, folder: t_element("FolderId", Id=folder.id, ChangeKey=folder.change_key),
    "folder:ParentFolderId": _parent,
    "folder:FolderClass": _class,
    "folder:DisplayName": lambda _, folder: t_element("DisplayName", folder.name),
    "folder:TotalCount": lambda _, folder: t_element("TotalCount", str(folder.total_count)),
    "folder:ChildFolderCount": lambda mailbox, folder: t_element(
        "ChildFolderCount", str(len(mailbox.children(folder)))
    ),
    _EXTENDED: lambda *_: None,
    "folder:EffectiveRights": lambda *_: effective_rights(),
    "folder:DistinguishedFolderId": _distinguished,
    "folder:UnreadCount": _unread,
}
_DEFAULT = ("FolderId", "DisplayName", "TotalCount", "ChildFolderCount", "UnreadCount")


def show_folder(mailbox: Mailbox, folder: Folder, shape: Shape) -> etree._Element:
    """Return the element of a folder with what the shape wants, in the order of the schema."""
    if shape.base is Base.ID_ONLY:
        wanted = {"folder:FolderId"}
    elif shape.base is Base.DEFAULT:
        wanted = {f"folder:{name}" for name in _DEFAULT}
    else:
        wanted = set(_FIELDS)
    wanted.update(path.get("FieldURI") or "" for path in shape.paths)
    properties = [path for path in shape.paths if local_name(path) == "ExtendedFieldURI"]
    shown = t_element(folder.kind)
    for uri, show in _FIELDS.items():
        if uri == _EXTENDED:
            shown.extend(
                element for path in properties if (element := find_property(folder, path)) is not None
            )
        elif uri in wanted and (element := show(mailbox, folder)) is not None:
            shown.append(element)
    return shown


def find_property(folder: Folder, path: etree._Element) -> etree._Element | None:
    """Return the extended property of a folder that a path names, or None."""
    key = property_key(path)
    stored = folder.extended.get(key)
    if stored is not None:
        return copy.deepcopy(stored)
    # source: MS-OXPROPS PidTagLocalCommitTimeMax, PidTagDeletedCountTotal
    derived = {
        "tag 0x670a SystemTime": write_instant(folder.content_at),
        "tag 0x670b Integer": str(folder.deleted_total),
        "tag 0x3001 String": folder.name,
        "tag 0x3602 Integer": str(folder.total_count),
        "tag 0x3603 Integer": str(folder.unread_count),
        "tag 0x3613 String": folder.folder_class,
        "tag 0x10f4 Boolean": "false",
    }
    if not derived.get(key):
        return None
    element = t_element("ExtendedProperty")
    element.extend((copy.deepcopy(path), t_element("Value", derived[key])))
    return element


def folder_values(mailbox: Mailbox, folder: Folder, path: etree._Element) -> list[str]:
    """Return the texts of a folder's field for comparing."""
    if local_name(path) == "ExtendedFieldURI":
        found = find_property(folder, path)
        return [] if found is None else list(property_values(found))
    show = _FIELDS.get(path.get("FieldURI") or "")
    element = show(mailbox, folder) if show else None
    return [] if element is None else [element.text or ""]
