"""Sending: a message or a draft becomes a letter, and a copy stays where it is wanted."""

import secrets
from collections.abc import Sequence
from email.utils import format_datetime

from lxml import etree

from postroom.mime.message import Address
from postroom.mime.write import write_addresses
from postroom.sandbox.exchange.access import Right
from postroom.sandbox.exchange.answer import children, respond_each
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.creation import make_item
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.incoming import put_person
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import m_name
from postroom.sandbox.exchange.postman import Letter
from postroom.sandbox.exchange.raw import with_header, without_header
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.writing import message_id_of, people_in, write_message

#: Octets that a message may have to be sent.
LARGEST = 36 * 1024 * 1024
_RECIPIENTS = ("message:ToRecipients", "message:CcRecipients", "message:BccRecipients")
_NO_RECIPIENTS = "At least one recipient isn't valid."
_DENIED = "The user account which was used to submit this request does not have the right to send mail "


def send_new(
    call: Call, element: etree._Element, saved_in: tuple[Mailbox, Folder] | None, *, saves: bool
) -> None:
    """Send a message that a client has just written, and keep a copy when it wants one."""
    mailbox, folder = saved_in or (call.mailbox, call.mailbox.get_standard("sentitems"))
    item = make_item(mailbox, folder, element)
    post(call, item)
    if saves:
        mailbox.keep(item)


def send_item(call: Call, request: etree._Element) -> etree._Element:
    """Answer SendItem."""
    saves = request.get("SaveItemToFolder") in ("true", "1")
    saved_in = call.folder_in(request.find(m_name("SavedItemFolderId")))
    if saved_in is not None and not saves:
        raise Refusal("ErrorInvalidSendItemSaveSettings", "A folder is named, and no copy is to be kept.")

    def send(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, item = call.item(element)
        change_key = element.get("ChangeKey")
        if not change_key:
            raise Refusal("ErrorChangeKeyRequiredForWriteOperations", "The change key is required to send.")
        if change_key != item.change_key:
            raise Refusal("ErrorStaleObject", "The item has been changed since.")
        send_kept(call, mailbox, item, saved_in, saves=saves)
        return []

    return respond_each(call.operation, children(request, "ItemIds"), send)


def send_kept(
    call: Call, mailbox: Mailbox, item: Item, saved_in: tuple[Mailbox, Folder] | None, *, saves: bool
) -> None:
    """Send a draft that lies in a mailbox, and move it to where a copy is wanted."""
    post(call, item)
    if saves:
        into, folder = saved_in or (mailbox, mailbox.get_standard("sentitems"))
        mailbox.move(item, folder, into)
    else:
        mailbox.drop(item)


def post(call: Call, item: Item) -> None:
    """Give an item to the postman; afterwards it is a message that was sent."""
    recipients = _recipients(item)
    if not recipients or any("@" not in address for address in recipients):
        raise Refusal("ErrorInvalidRecipients", _NO_RECIPIENTS)
    sender = _sign(call, item)
    item.put("message:InternetMessageId", f"<{_message_id(item)}>")
    item.put_instant("item:DateTimeSent", call.office.clock.now())
    data = _letter(item)
    if len(data) > LARGEST:
        raise Refusal("ErrorMessageSizeExceeded", "The message exceeds the maximum supported size.")
    item.is_draft = False
    item.mime = data
    item.put("message:IsRead", "true")
    call.office.postman.post(Letter(sender, recipients, without_header(data, b"bcc")))


def _recipients(item: Item) -> tuple[str, ...]:
    people = [person for uri in _RECIPIENTS for person in people_in(item.fields.get(uri))]
    return tuple(dict.fromkeys(person.address for person in people))


def _sign(call: Call, item: Item) -> str:
    """Write down who sends for whom, when that is allowed, and return the author's address."""
    own = call.mailbox
    user = Address(own.address, own.name)
    authors = people_in(item.fields.get("message:From"))
    author = authors[0] if authors else user
    owner = call.office.find_mailbox(author.address)
    rights = call.office.access.rights_of(own.address, owner.address) if owner else Right(0)
    if not rights & (Right.SEND_AS | Right.SEND_ON_BEHALF):
        raise Refusal("ErrorSendAsDenied", f"{_DENIED}on behalf of the specified sending account.")
    known = Address(owner.address, author.name or owner.name) if owner else author
    put_person(item, "message:From", known)
    put_person(item, "message:Sender", known if rights & Right.SEND_AS else user)
    return known.address


def _message_id(item: Item) -> str:
    given = item.text("message:InternetMessageId")
    return message_id_of(item) if given else f"{secrets.token_hex(16)}@exchange.example"


def _letter(item: Item) -> bytes:
    """Return the octets of the message: those that the client wrote, with what they lack, or new ones."""
    if item.mime is None:
        return write_message(item)
    author = people_in(item.fields["message:From"])[0]
    at = format_datetime(item.instant("item:DateTimeSent") or item.created_at)
    data = item.mime
    for name, value in (
        ("From", write_addresses((author,), "From")),
        ("Date", at),
        ("Message-ID", item.text("message:InternetMessageId")),
    ):
        data = with_header(data, name.encode(), value.encode())
    return data
