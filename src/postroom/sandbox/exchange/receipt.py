"""The receipt that goes back when a message has been opened whose sender asked for one."""

import secrets
from datetime import datetime
from email.utils import format_datetime

from postroom.mime.address import read_addresses
from postroom.mime.message import Address
from postroom.sandbox.exchange.derived import headers_of
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.postman import Letter, Postman

_WANTED = "message:IsReadReceiptRequested"
_RECEIPT = (
    "From: <{reader}>\r\nTo: <{to}>\r\nDate: {date}\r\nMessage-ID: <{id}@exchange.example>\r\n"
    "Subject: Read: {subject}\r\nIn-Reply-To: {original}\r\nReferences: {original}\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/report; report-type=disposition-notification;\r\n"
    ' boundary="{boundary}"\r\n\r\n'
    "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    "Your message was read on {date}.\r\n"
    "--{boundary}\r\nContent-Type: message/disposition-notification\r\n\r\n"
    "Reporting-UA: exchange.example; Postroom sandbox\r\nFinal-Recipient: rfc822;{reader}\r\n"
    "Original-Message-ID: {original}\r\n"
    "Disposition: automatic-action/MDN-sent-automatically; displayed\r\n"
    "--{boundary}--\r\n"
)


def acknowledge(postman: Postman, mailbox: Mailbox, item: Item) -> None:
    """Send the receipt that the sender of an opened message asked for; once, and to nobody else."""
    if not item.flag(_WANTED) or item.is_draft:
        return
    item.put(_WANTED, "false")
    wanted_by = _wanted_by(item)
    if wanted_by is not None:
        data = write_receipt(mailbox.address, wanted_by.address, item, mailbox.now())
        postman.post(Letter(mailbox.address, (wanted_by.address,), data))


def write_receipt(reader: str, to: str, item: Item, at: datetime) -> bytes:
    """Return the report that a message has been displayed."""
    # source: RFC8098 3
    said = {name.lower(): value for name, value in reversed(headers_of(item))}
    return _RECEIPT.format(
        reader=reader,
        to=to,
        date=format_datetime(at),
        id=secrets.token_hex(12),
        # As it stands in the original, encoded words and all.
        subject=said.get("subject", ""),
        original=item.text("message:InternetMessageId"),
        boundary=f"=_receipt_{secrets.token_hex(8)}",
    ).encode()


def _wanted_by(item: Item) -> Address | None:
    for name, value in headers_of(item):
        if name.lower() == "disposition-notification-to":
            return next(iter(read_addresses(value)), None)
    return None
