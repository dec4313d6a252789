"""Operations on folders: get, find, create, update, move, empty, delete."""

import copy
from collections.abc import Sequence

from lxml import etree

from postroom.sandbox.exchange.answer import children, held, respond_each
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.folder_view import folder_values, show_folder
from postroom.sandbox.exchange.item import property_key
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import (
    FOLDER_CLASSES,
    ROOT,
    TOP,
    child_text,
    first_child,
    local_name,
    m_name,
    t_element,
    t_name,
)
from postroom.sandbox.exchange.paging import page, put_page
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.restriction import matches
from postroom.sandbox.exchange.shape import Shape, read_shape


def get_folder(call: Call, request: etree._Element) -> etree._Element:
    """Answer GetFolder."""
    shape = read_shape(request.find(m_name("FolderShape")))

    def get(element: etree._Element) -> Sequence[etree._Element]:
        return [held("Folders", show_folder(*call.folder(element), shape))]

    return respond_each(call.operation, children(request, "FolderIds"), get)


def find_folder(call: Call, request: etree._Element) -> etree._Element:
    """Answer FindFolder."""
    shape = read_shape(request.find(m_name("FolderShape")))
    restriction = request.find(m_name("Restriction"))

    def find(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, parent = call.folder(element)
        is_deep = request.get("Traversal") == "Deep"
        found = list(mailbox.descendants(parent)) if is_deep else mailbox.children(parent)
        if restriction is not None:
            found = [each for each in found if _answers(mailbox, each, restriction)]
        shown = page(found, request, "IndexedPageFolderView")
        folders = t_element("Folders")
        folders.extend(show_folder(mailbox, each, shape) for each in shown.entries)
        return [put_page(shown, held("RootFolder", folders))]

    return respond_each(call.operation, children(request, "ParentFolderIds"), find)


def _answers(mailbox: Mailbox, folder: Folder, restriction: etree._Element) -> bool:
    return matches(restriction, lambda path: folder_values(mailbox, folder, path))


def create_folder(call: Call, request: etree._Element) -> etree._Element:
    """Answer CreateFolder."""
    parent = call.folder_in(request.find(m_name("ParentFolderId")), "ErrorParentFolderNotFound")
    if parent is None:
        raise Refusal("ErrorInvalidRequest", "The parent folder is not named.")

    def create(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, above = parent
        name = child_text(element, "DisplayName")
        _refuse_bad_name(mailbox, above, name)
        given = child_text(element, "FolderClass")
        made = mailbox.make_folder(above, name, given or FOLDER_CLASSES.get(local_name(element), "IPF.Note"))
        for extended in element.iter(t_name("ExtendedProperty")):
            made.extended[property_key(first_child(extended))] = copy.deepcopy(extended)
        return [held("Folders", show_folder(mailbox, made, Shape()))]

    return respond_each(call.operation, children(request, "Folders"), create)


def update_folder(call: Call, request: etree._Element) -> etree._Element:
    """Answer UpdateFolder."""

    def update(change: etree._Element) -> Sequence[etree._Element]:
        mailbox, folder = call.folder(first_child(change))
        for description in change.iterfind(f"{t_name('Updates')}/*"):
            _update(mailbox, folder, description)
        mailbox.touch_folder(folder)
        return [held("Folders", show_folder(mailbox, folder, Shape()))]

    return respond_each(call.operation, children(request, "FolderChanges"), update)


def _update(mailbox: Mailbox, folder: Folder, description: etree._Element) -> None:
    path = first_child(description)
    value = description[1][0] if len(description) > 1 and len(description[1]) else None
    if local_name(path) == "ExtendedFieldURI":
        if value is None:
            folder.extended.pop(property_key(path), None)
        else:
            folder.extended[property_key(path)] = copy.deepcopy(value)
        return
    uri, text = path.get("FieldURI"), (value.text or "") if value is not None else ""
    if uri == "folder:DisplayName":
        _refuse_bad_name(mailbox, mailbox.folders[folder.parent_id], text, but=folder)
        folder.name = text
    elif uri == "folder:FolderClass":
        folder.folder_class = text
    elif uri != "folder:PermissionSet":
        raise Refusal("ErrorInvalidPropertySet", f"Set action is invalid for property {uri}.")


def move_folder(call: Call, request: etree._Element) -> etree._Element:
    """Answer MoveFolder."""
    target = call.folder_in(request.find(m_name("ToFolderId")), "ErrorToFolderNotFound")

    def move(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, folder = call.folder(element)
        if target is None or target[0] is not mailbox or folder.distinguished:
            raise Refusal("ErrorMoveCopyFailed", "The folder can't be moved there.")
        if target[1] in (folder, *mailbox.descendants(folder)):
            raise Refusal("ErrorMoveCopyFailed", "A folder can't be moved below itself.")
        _refuse_bad_name(mailbox, target[1], folder.name, but=folder)
        mailbox.move_folder(folder, target[1])
        return [held("Folders", show_folder(mailbox, folder, Shape()))]

    return respond_each(call.operation, children(request, "FolderIds"), move)


def delete_folder(call: Call, request: etree._Element) -> etree._Element:
    """Answer DeleteFolder."""

    def delete(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, folder = call.folder(element)
        if folder.distinguished:
            raise Refusal("ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
        if request.get("DeleteType") == "MoveToDeletedItems":
            mailbox.move_folder(folder, mailbox.get_standard("deleteditems"))
        else:
            mailbox.drop_folder(folder)
        return []

    return respond_each(call.operation, children(request, "FolderIds"), delete)


def empty_folder(call: Call, request: etree._Element) -> etree._Element:
    """Answer EmptyFolder."""

    def empty(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, folder = call.folder(element)
        if folder.distinguished in (ROOT, TOP):
            raise Refusal("ErrorCannotEmptyFolder", "The folder cannot be emptied.")
        remove = mailbox.discard if request.get("DeleteType") == "MoveToDeletedItems" else mailbox.drop
        for item in list(folder.items.values()):
            remove(item)
        if request.get("DeleteSubFolders") in ("true", "1"):
            for child in mailbox.children(folder):
                mailbox.drop_folder(child)
        return []

    return respond_each(call.operation, children(request, "FolderIds"), empty)


def mark_all_items_as_read(call: Call, request: etree._Element) -> etree._Element:
    """Answer MarkAllItemsAsRead."""
    flag = request.findtext(m_name("ReadFlag")) or "true"

    def mark(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, folder = call.folder(element)
        for item in list(folder.items.values()):
            mailbox.set_read(item, "true" if flag in ("true", "1") else "false")
        return []

    return respond_each(call.operation, children(request, "FolderIds"), mark)


def _refuse_bad_name(mailbox: Mailbox, parent: Folder, name: str, but: Folder | None = None) -> None:
    if not name.strip():
        raise Refusal("ErrorFolderSavePropertyError", "A folder needs a name.")
    same = [
        each for each in mailbox.children(parent) if each.name.lower() == name.lower() and each is not but
    ]
    if same:
        raise Refusal("ErrorFolderExists", "A folder with the specified name already exists.")
