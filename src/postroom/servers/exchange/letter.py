"""One submission as a request: its bytes, its recipients, and for whom it is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from postroom.errors import Refused
from postroom.mime.address import read_addresses
from postroom.mime.header import Header, read_header
from postroom.mime.key import address_key
from postroom.ports.mail import Submission, is_safe_address
from postroom.servers.exchange.markup import tag, text
from postroom.servers.exchange.session import HERE

# A header is not longer; what is, is not looked through for its end.
_LONGEST_HEADER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Letter:
    """A submission read as far as sending it needs."""

    submission: Submission
    to: tuple[str, ...]
    cc: tuple[str, ...]
    #: Recipients whom the header doesn't name.
    bcc: tuple[str, ...]
    #: The header names somebody who is not to get it; then To and Cc are said to the server as well.
    names_others: bool
    #: Without angle brackets; empty when it has none.
    message_id: str

    def markup(self, mailbox: str) -> str:
        """Return the item to be created, `HERE` for its content; `mailbox` is whose it will be."""
        # The order is that of the schema. What the message itself says need not be said again; what
        # is said goes before it.
        # source: MS-OXWSMSG 2.2.4.1
        mime = tag("t:MimeContent", HERE, CharacterSet="UTF-8")
        receipt = tag("t:IsDeliveryReceiptRequested", "true") if self.submission.delivery_receipt else ""
        to, cc = (self.to, self.cc) if self.names_others else ((), ())
        return tag(
            "t:Message",
            mime,
            _recipients("t:ToRecipients", to),
            _recipients("t:CcRecipients", cc),
            _recipients("t:BccRecipients", self.bcc),
            receipt,
            self._sender(mailbox),
        )

    def _sender(self, mailbox: str) -> str:
        """Return the author, where it is somebody else than the mailbox that sends on his behalf."""
        sender = self.submission.sender
        if not sender or address_key(sender) == address_key(mailbox):
            return ""
        return tag("t:From", _mailbox(sender))


def read_letter(submission: Submission) -> Letter:
    """Return the submission as a letter; raises `Refused` for one that may not be sent."""
    unsafe = [
        address for address in (submission.sender, *submission.recipients) if not is_safe_address(address)
    ]
    if unsafe:
        raise Refused(f"The address {unsafe[0]!r} holds blanks, brackets or control characters.")
    if not submission.recipients:
        raise Refused("The message has no recipients.")
    header = read_header(_header_of(submission.content))
    wanted = {address_key(address): address for address in submission.recipients}
    to, cc = (_addresses(header, name) for name in ("to", "cc"))
    named = {address_key(address) for address in (*to, *cc)}
    return Letter(
        submission,
        _among(to, wanted),
        _among(cc, wanted),
        tuple(address for key, address in wanted.items() if key not in named),
        bool(named - wanted.keys()),
        header.get("message-id").strip().strip("<>"),
    )


def _header_of(content: Iterable[bytes]) -> bytes:
    head = b""
    for piece in content:
        head += piece
        end = head.find(b"\r\n\r\n")
        if end >= 0 or len(head) > _LONGEST_HEADER:
            return head[: end + 2] if end >= 0 else head[:_LONGEST_HEADER]
    return head


def _addresses(header: Header, field: str) -> tuple[str, ...]:
    values = (value for name, value in header.fields if name.lower() == field)
    return tuple(each.address for value in values for each in read_addresses(value))


def _among(addresses: Sequence[str], wanted: dict[str, str]) -> tuple[str, ...]:
    return tuple(address for address in addresses if address_key(address) in wanted)


def _recipients(name: str, addresses: Sequence[str]) -> str:
    return tag(name, *map(_mailbox, addresses)) if addresses else ""


def _mailbox(address: str) -> str:
    return tag("t:Mailbox", tag("t:EmailAddress", text(address)))
