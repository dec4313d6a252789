"""The typed message: what `read` gives and what `compose` takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from postroom.mime.key import address_key


class Raw(Protocol):
    """The bytes of one message, in memory or in a file, as the server gave them."""

    @property
    def size(self) -> int:
        """Return the length in octets."""
        ...

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        """Return the offset of the first `needle` that lies within start..end, or -1."""
        ...

    def read(self, start: int, end: int) -> bytes:
        """Return the octets from start up to but without end."""
        ...


class RawBytes:
    """A message that is held in memory."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        """Return the length in octets."""
        return len(self.data)

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        """Return the offset of the first `needle` that lies within start..end, or -1."""
        return self.data.find(needle, start, len(self.data) if end is None else end)

    def read(self, start: int, end: int) -> bytes:
        """Return the octets from start up to but without end."""
        return self.data[start:end]


class Importance(IntEnum):
    """How urgent the sender calls it; the codes of `email.prioritycode`."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address header: the address as written and the name shown with it."""

    address: str
    name: str = ""
    #: The form under which addresses are compared.
    key: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Work the key out once: whoever judges a message asks for it again and again."""
        object.__setattr__(self, "key", address_key(self.address))


class Content(Protocol):
    """The decoded bytes of one attachment, read once or many times, in bounded pieces."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the decoded octets in order, at most 1 MiB a piece."""
        ...


@dataclass(frozen=True, slots=True)
class BytesContent:
    """Decoded bytes held in memory."""

    data: bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as one piece."""
        yield self.data


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message, or an inline part such as a picture."""

    filename: str
    mimetype: str
    content: Content
    #: Content-ID without angle brackets, or empty.
    content_id: str = ""
    #: Shown within the body (Content-Disposition inline, or referred to by cid:).
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One e-mail, read. Texts are str, times aware UTC, ids without angle brackets."""

    size: int
    #: SHA-256 of the raw bytes.
    digest: bytes
    #: Canonical Message-ID without angle brackets, or empty when there is none.
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    #: What the Date header says, or None when it is missing or unreadable.
    date: datetime | None
    subject: str
    from_: tuple[Address, ...]
    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    importance: Importance = Importance.NORMAL
    #: Hex text of the Thread-Index header, or empty.
    conversation_index: str = ""
    #: Undecoded unfolded headers in order, names as written.
    headers: tuple[tuple[str, str], ...] = ()
    #: Messages attached as message/rfc822, as raw bytes, in order; they are attachments too.
    nested: tuple[Content, ...] = ()
    #: What was wrong with the bytes and mended, one short word each.
    defects: tuple[str, ...] = ()

    @property
    def author(self) -> Address | None:
        """Return who wrote it: the first From address, else Sender."""
        return self.from_[0] if self.from_ else self.sender

    def header(self, name: str) -> str:
        """Return the first header of that name, undecoded and unfolded, or empty."""
        wanted, length = name.lower(), len(name)
        for key, value in self.headers:
            if len(key) == length and key.lower() == wanted:
                return value
        return ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An e-mail to be written: everything that `compose` needs, already decided."""

    #: Fixed before the first attempt, without angle brackets.
    message_id: str
    date: datetime
    sender: Address
    to: Sequence[Address] = ()
    cc: Sequence[Address] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: Sequence[Attachment] = ()
    in_reply_to: str = ""
    references: Sequence[str] = ()
    importance: Importance = Importance.NORMAL
    #: Ask the reader's program for a receipt to the sender (RFC 8098).
    read_receipt: bool = False
    #: Written by a program in answer to a message, not by a person (RFC 3834).
    automatic: bool = False
    #: Other headers, already safe names with values to be encoded.
    headers: Sequence[tuple[str, str]] = field(default=())
