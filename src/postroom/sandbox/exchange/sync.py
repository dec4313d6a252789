"""The operations SyncFolderItems and SyncFolderHierarchy: what has changed since a state."""

import base64
import binascii
from dataclasses import dataclass

from lxml import etree

from postroom.sandbox.exchange.answer import respond_once
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.changes import Change, ChangeKind
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.folder_view import show_folder
from postroom.sandbox.exchange.item_view import show_item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import ROOT, TOP, m_element, m_name, t_element
from postroom.sandbox.exchange.refusal import Refusal, WholeRefusal
from postroom.sandbox.exchange.shape import Shape, read_shape
from postroom.sandbox.faults import Misbehaviour

#: Changes in one answer at most.
# source: MS-OXWSSYNC MaxSyncChangesReturnedType
LARGEST_PAGE = 512
_MARK = "postroom-sync"


@dataclass(frozen=True, slots=True)
class _State:
    """Up to which change of which folder a client knows everything."""

    folder_id: str
    number: int

    def write(self) -> str:
        """Return the text that the client keeps and hands back."""
        return base64.b64encode(f"{_MARK} {self.folder_id} {self.number}".encode()).decode("ascii")


def _read_state(call: Call, request: etree._Element, folder: Folder) -> _State:
    text = request.findtext(m_name("SyncState")) or ""
    if not text:
        return _State(folder.id, 0)
    try:
        mark, folder_id, number = base64.b64decode(text, validate=True).decode().split(" ")
        state = _State(folder_id, int(number))
    except (binascii.Error, ValueError) as problem:
        raise _not_known() from problem
    if mark != _MARK or folder_id != folder.id or call.strike(Misbehaviour.FORGET):
        raise _not_known()
    return state


def _not_known() -> Refusal:
    return Refusal("ErrorInvalidSyncStateData", "Synchronization state data is corrupt or otherwise invalid.")


def sync_folder_items(call: Call, request: etree._Element) -> etree._Element:
    """Answer SyncFolderItems."""
    return respond_once(call.operation, lambda: _sync_items(call, request))


def _sync_items(call: Call, request: etree._Element) -> list[etree._Element]:
    found = call.folder_in(request.find(m_name("SyncFolderId")), "ErrorSyncFolderNotFound")
    if found is None:
        raise Refusal("ErrorInvalidRequest", "The folder is not named.")
    mailbox, folder = found
    shape = read_shape(request.find(m_name("ItemShape")))
    state = _read_state(call, request, folder)
    most = _most(request)
    changes = _visible(folder, request, folder.log.since(state.number))
    shown, is_last = changes[:most], len(changes) <= most
    number = mailbox.number if is_last else shown[-1].number
    element = m_element("Changes")
    element.extend(_item_change(mailbox, folder, change, shape) for change in shown)
    return [
        m_element("SyncState", _State(folder.id, number).write()),
        m_element("IncludesLastItemInRange", "true" if is_last else "false"),
        element,
    ]


def _most(request: etree._Element) -> int:
    text = (request.findtext(m_name("MaxChangesReturned")) or "").strip()
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise WholeRefusal("ErrorSchemaValidation", f"MaxChangesReturned lies between 1 and {LARGEST_PAGE}.")
    return int(text)


def _visible(folder: Folder, request: etree._Element, changes: list[Change]) -> list[Change]:
    """Return the changes that the client wants to hear of."""
    ignore = request.find(m_name("Ignore"))
    ignored = {each.get("Id") for each in ignore} if ignore is not None else set()
    with_associated = request.findtext(m_name("SyncScope")) == "NormalAndAssociatedItems"
    return [
        change
        for change in changes
        if change.id not in ignored
        and (with_associated or change.id not in folder.items or not folder.items[change.id].is_associated)
    ]


def _item_change(mailbox: Mailbox, folder: Folder, change: Change, shape: Shape) -> etree._Element:
    element = t_element(change.kind.value)
    if change.kind is ChangeKind.DELETE:
        element.append(t_element("ItemId", Id=change.id))
        return element
    item = folder.items[change.id]
    if change.kind is ChangeKind.READ_FLAG:
        element.append(t_element("ItemId", Id=item.id, ChangeKey=item.change_key))
        element.append(t_element("IsRead", item.text("message:IsRead") or "false"))
    else:
        element.append(show_item(mailbox, item, shape))
    return element


def sync_folder_hierarchy(call: Call, request: etree._Element) -> etree._Element:
    """Answer SyncFolderHierarchy."""
    return respond_once(call.operation, lambda: _sync_hierarchy(call, request))


def _sync_hierarchy(call: Call, request: etree._Element) -> list[etree._Element]:
    found = call.folder_in(request.find(m_name("SyncFolderId")), "ErrorSyncFolderNotFound")
    mailbox, top = found or (call.mailbox, call.mailbox.get_standard(TOP))
    shape = read_shape(request.find(m_name("FolderShape")))
    state = _read_state(call, request, top)
    below = {folder.id for folder in mailbox.descendants(top)}
    element = m_element("Changes")
    for change in mailbox.hierarchy.since(state.number):
        folder = mailbox.folders.get(change.id)
        if folder is None:
            gone = t_element("Delete")
            gone.append(t_element("FolderId", Id=change.id))
            element.append(gone)
        elif folder.id in below and folder.distinguished != ROOT:
            told = t_element(change.kind.value)
            told.append(show_folder(mailbox, folder, shape))
            element.append(told)
    return [
        m_element("SyncState", _State(top.id, mailbox.number).write()),
        m_element("IncludesLastFolderInRange", "true"),
        element,
    ]
