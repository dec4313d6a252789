"""The message inside a message: what a user forwards to a forward mailbox as an attachment."""

from postroom.errors import MalformedMessage
from postroom.mime.message import Attachment, Content, Message

_MESSAGE_TYPES = frozenset({"message/rfc822", "message/global"})
_OUTLOOK_TYPES = frozenset({"application/vnd.ms-outlook", "application/x-msg"})


def attached_messages(message: Message) -> tuple[Content, ...]:
    """Return the raw bytes of the messages attached to this one, in order.

    A part is a message by its type or by the ending .eml of its name. Raises `MalformedMessage`
    when there is none but a file in Outlook's own format (.msg), which can't be read.
    """
    found = tuple(one.content for one in message.attachments if _is_message(one))
    if not found and any(_is_outlook_item(one) for one in message.attachments):
        raise MalformedMessage(
            "The forwarded message is a file in Outlook's own format (.msg), which can't be read; "
            "forward it as an attachment in the format .eml."
        )
    return found


def _is_message(attachment: Attachment) -> bool:
    return attachment.mimetype in _MESSAGE_TYPES or attachment.filename.lower().endswith(".eml")


def _is_outlook_item(attachment: Attachment) -> bool:
    return attachment.mimetype in _OUTLOOK_TYPES or attachment.filename.lower().endswith(".msg")
