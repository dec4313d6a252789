"""Operations on attachments: create, get, delete."""

import base64
from collections.abc import Sequence

from lxml import etree

from postroom.sandbox.exchange.answer import children, held, respond_each
from postroom.sandbox.exchange.attached import (
    attached_item,
    describe,
    find_attachment,
    read_attachment,
    root_of,
)
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.creation import make_item
from postroom.sandbox.exchange.item import Attachment, Item
from postroom.sandbox.exchange.item_view import show_item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import m_element, m_name, t_element, t_name
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.shape import Base, Shape, read_shape


def create_attachment(call: Call, request: etree._Element) -> etree._Element:
    """Answer CreateAttachment."""
    parent = request.find(m_name("ParentItemId"))
    if parent is None:
        raise Refusal("ErrorInvalidRequest", "The item to attach to is not named.")
    mailbox, item = call.item(parent)

    def create(element: etree._Element) -> Sequence[etree._Element]:
        folder = mailbox.folders[item.folder_id]
        made = read_attachment(element, mailbox.now(), lambda inner: make_item(mailbox, folder, inner))
        item.attachments.append(made)
        _changed(mailbox, item)
        answer = describe(item.id, made)
        for child in list(answer)[1:]:
            answer.remove(child)
        answer[0].set("RootItemId", item.id)
        answer[0].set("RootItemChangeKey", item.change_key)
        return [held("Attachments", answer)]

    return respond_each(call.operation, children(request, "Attachments"), create)


def get_attachment(call: Call, request: etree._Element) -> etree._Element:
    """Answer GetAttachment."""
    asked = read_shape(request.find(m_name("AttachmentShape")))
    shape = Shape(Base.ALL, asked.paths, asked.with_mime, asked.body_type)

    def get(element: etree._Element) -> Sequence[etree._Element]:
        given = element.get("Id") or ""
        mailbox, _, attachment = _find(call, given)
        answer = describe(given.rpartition(".")[0], attachment)
        inner = attached_item(attachment, given)
        if inner is None:
            content = base64.b64encode(attachment.content).decode("ascii")
            answer.append(t_element("Content", content))
        else:
            shown = show_item(mailbox, inner, shape)
            # An attached item lies in no folder.
            for place in shown.findall(t_name("ParentFolderId")):
                shown.remove(place)
            answer.append(shown)
        return [held("Attachments", answer)]

    return respond_each(call.operation, children(request, "AttachmentIds"), get)


def delete_attachment(call: Call, request: etree._Element) -> etree._Element:
    """Answer DeleteAttachment."""

    def delete(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, item, attachment = _find(call, element.get("Id") or "")
        if attachment not in item.attachments:
            raise Refusal("ErrorCannotDeleteObject", "What hangs on an attachment can't be deleted.")
        item.attachments.remove(attachment)
        _changed(mailbox, item)
        return [m_element("RootItemId", RootItemId=item.id, RootItemChangeKey=item.change_key)]

    return respond_each(call.operation, children(request, "AttachmentIds"), delete)


def _changed(mailbox: Mailbox, item: Item) -> None:
    if item.is_draft:
        # It is written anew with what hangs on it now.
        item.mime = None
    mailbox.change(item, "item:Attachments")


def _find(call: Call, some_id: str) -> tuple[Mailbox, Item, Attachment]:
    mailbox, item = call.item(t_element("ItemId", Id=root_of(some_id)))
    found = find_attachment(item, some_id)
    if found is None:
        raise Refusal("ErrorInvalidAttachmentId", "The attachment id is invalid.")
    return mailbox, item, found
