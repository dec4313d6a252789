"""Operations on items: get, create, update, delete, move, copy."""

from collections.abc import Callable, Sequence

from lxml import etree

from postroom.sandbox.exchange.answer import children, held, respond_each
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.completion import complete
from postroom.sandbox.exchange.creation import make_item
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.item_view import id_only, show_item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.meetings import NOBODY, cancel, invite, read_sending, tell_of_change
from postroom.sandbox.exchange.names import RECOVERABLE, first_child, local_name, m_element, m_name, t_element
from postroom.sandbox.exchange.receipt import acknowledge
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.responses import RESPONSES, respond_to
from postroom.sandbox.exchange.sending import send_kept, send_new
from postroom.sandbox.exchange.shape import read_shape
from postroom.sandbox.exchange.updating import update
from postroom.sandbox.exchange.writing import MESSAGES

#: Where a new item goes when the request names no folder, by its kind.
_HOMES = {
    "CalendarItem": "calendar",
    "Contact": "contacts",
    "DistributionList": "contacts",
    "Task": "tasks",
}


def get_item(call: Call, request: etree._Element) -> etree._Element:
    """Answer GetItem."""
    shape = read_shape(request.find(m_name("ItemShape")))

    def get(element: etree._Element) -> Sequence[etree._Element]:
        return [held("Items", show_item(*call.item(element), shape))]

    return respond_each(call.operation, children(request, "ItemIds"), get)


def create_item(call: Call, request: etree._Element) -> etree._Element:
    """Answer CreateItem."""
    saved_in = call.folder_in(request.find(m_name("SavedItemFolderId")))
    disposition = request.get("MessageDisposition") or ""

    def create(element: etree._Element) -> Sequence[etree._Element]:
        if local_name(element) in RESPONSES:
            return [held("Items", *respond_to(call, element, disposition))]
        is_message = local_name(element) in MESSAGES
        if is_message and not disposition:
            raise Refusal("ErrorMessageDispositionRequired", "Say what is to become of the message.")
        if is_message and disposition != "SaveOnly":
            send_new(call, element, saved_in, saves=disposition == "SendAndSaveCopy")
            return [held("Items")]
        mailbox, folder = saved_in or home_of(call, local_name(element))
        item = make_item(mailbox, folder, element)
        is_appointment = item.kind == "CalendarItem"
        sending = read_sending(request, "Invitations") if is_appointment else NOBODY
        complete(item, None, call.time_zone, mailbox.now())
        mailbox.keep(item)
        invite(call, mailbox, item, sending)
        return [held("Items", id_only(mailbox, item))]

    return respond_each(call.operation, children(request, "Items"), create)


def home_of(call: Call, kind: str) -> tuple[Mailbox, Folder]:
    """Return the folder in which new items of this kind lie."""
    mailbox = call.mailbox
    return mailbox, mailbox.get_standard(_HOMES.get(kind, "drafts"))


def update_item(call: Call, request: etree._Element) -> etree._Element:
    """Answer UpdateItem."""
    resolution = request.get("ConflictResolution") or "AutoResolve"
    saved_in = call.folder_in(request.find(m_name("SavedItemFolderId")))
    tells_senders = request.get("SuppressReadReceipts") not in ("true", "1")

    def change(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, item = call.item(first_child(element))
        is_appointment = item.kind == "CalendarItem"
        sending = read_sending(request, "InvitationsOrCancellations") if is_appointment else NOBODY
        before = item.twin(item.id, item.change_key, item.folder_id)
        was_unread = item.text("message:IsRead") == "false"
        update(mailbox, item, element, resolution, call.time_zone)
        if was_unread and item.flag("message:IsRead") and tells_senders:
            acknowledge(call.office.postman, mailbox, item)
        tell_of_change(call, mailbox, before, item, sending)
        conflicts = m_element("ConflictResults")
        conflicts.append(t_element("Count", "0"))
        disposition = request.get("MessageDisposition")
        if disposition in ("SendOnly", "SendAndSaveCopy") and item.kind in MESSAGES:
            send_kept(call, mailbox, item, saved_in, saves=disposition == "SendAndSaveCopy")
            return [held("Items"), conflicts]
        return [held("Items", id_only(mailbox, item)), conflicts]

    return respond_each(call.operation, children(request, "ItemChanges"), change)


def delete_item(call: Call, request: etree._Element) -> etree._Element:
    """Answer DeleteItem."""

    def delete(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, item = call.item(element)
        if item.kind == "CalendarItem":
            cancel(call, mailbox, item, read_sending(request, "Cancellations"))
        if item.kind == "Task" and request.get("AffectedTaskOccurrences") is None:
            raise Refusal("ErrorAffectedTaskOccurrencesRequired", "Say which occurrences are meant.")
        if request.get("DeleteType") == "MoveToDeletedItems":
            mailbox.discard(item)
        elif request.get("DeleteType") == "SoftDelete" and mailbox.master_of(item) is None:
            mailbox.move(item, mailbox.get_standard(RECOVERABLE))
        else:
            mailbox.drop(item)
        return []

    return respond_each(call.operation, children(request, "ItemIds"), delete)


def move_item(call: Call, request: etree._Element) -> etree._Element:
    """Answer MoveItem."""
    return _transfer(call, request, Mailbox.move)


def copy_item(call: Call, request: etree._Element) -> etree._Element:
    """Answer CopyItem."""
    return _transfer(call, request, Mailbox.copy)


def _transfer(
    call: Call, request: etree._Element, carry: Callable[[Mailbox, Item, Folder, Mailbox], Item]
) -> etree._Element:
    target = call.folder_in(request.find(m_name("ToFolderId")), "ErrorToFolderNotFound")
    if target is None:
        raise Refusal("ErrorInvalidRequest", "The target folder is not named.")
    into, folder = target
    tells_ids = request.findtext(m_name("ReturnNewItemIds")) not in ("false", "0")

    def transfer(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, item = call.item(element)
        made = carry(mailbox, item, folder, into)
        return [held("Items", id_only(into, made)) if tells_ids else held("Items")]

    return respond_each(call.operation, children(request, "ItemIds"), transfer)
