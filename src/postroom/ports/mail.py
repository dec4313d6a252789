"""Where mail comes from and where it goes: `MailSource` and `MailSink`."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from postroom.errors import TransportError
from postroom.mime.message import Raw
from postroom.ports.folders import MailFolders

# What could end a command or a path early, in ASCII or in what Unicode calls a blank, and what hides.
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0<>\s\u200b-\u200f\u2028-\u202e\u2060\ufeff]")


def is_safe_address(address: str) -> bool:
    """Say whether the address can stand in a command without becoming another command.

    >>> is_safe_address("info@example.com"), is_safe_address("a@x>\\r\\nRCPT TO:<b@y")
    (True, False)
    """
    return _UNSAFE.search(address) is None


@dataclass(frozen=True, slots=True)
class Offered:
    """One message that a source has, before it is fetched."""

    #: The server's own lasting id, such as the UIDL of POP3; no other message of the mailbox has it,
    #: whatever the folder.
    server_id: str
    #: The handle within this session: the message number of POP3.
    number: int
    #: Octets as the server says; servers are known to lie.
    size: int
    #: The folder that the server keeps it in; empty for the inbox.
    folder: str = ""
    #: It lies among what the mailbox has sent, not among what it received.
    is_sent_copy: bool = False
    #: When the server got it, where the server says so before the message is fetched.
    received_at: datetime | None = None
    #: It came into its folder after the folder was first looked into, however old it is.
    is_arrival: bool = False
    #: The names of the categories on it, where the server has such.
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked for in a mailbox, and how far earlier looks have come."""

    #: Folders to look into beside the inbox, by the server's ids.
    folders: tuple[str, ...] = ()
    #: Look at what the mailbox has sent as well.
    sent_items: bool = False
    #: Messages with this category are wanted in whatever folder they lie; empty for none.
    category: str = ""
    #: What pages of earlier looks asked to be remembered.
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a look found; what is new, what has changed, what is gone.

    A message may be offered that was offered before: its categories may have changed, or the
    server has lost count. Who keeps a ledger takes nothing in twice.
    """

    offered: Sequence[Offered]
    #: Messages that are no longer where they were, by server id.
    gone: Sequence[str] = ()
    #: The page is all that the mailbox holds: what was seen before and isn't in it is gone.
    is_whole: bool = False
    #: To be remembered once all of the page is recorded, and handed to the next look. The keys and texts
    #: are the source's own; an empty text asks to forget the key. A text that the source can't use
    #: any more makes it look from the beginning.
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message that was asked for: its bytes, or why there are none."""

    offered: Offered
    raw: Raw | None
    #: Why this one message could not be had; the session goes on with the next.
    failure: TransportError | None = None


class MailSource(Protocol):
    """An open session with one mailbox that gives messages.

    A source that can also offers what the mailbox has sent, and says so of each such message, and
    looks into other folders.

    Nothing that a source does marks or removes a message before `discard`, and nothing is
    removed until `close` ends the session in good order.
    """

    @property
    def folders(self) -> MailFolders | None:
        """Return the mailbox's folders and categories, or None where the server has no such thing."""
        ...

    def offered(self) -> Sequence[Offered]:
        """Return every message of the inbox in the server's order, without fetching any.

        With them goes what the mailbox has sent, where the source can show it and no look says otherwise.
        """
        ...

    def pages(self, look: Look) -> Iterator[Page]:
        """Yield what is new since the look's marks, in the server's order, without fetching any.

        The first look, and one whose marks are of no use, offers every message. A source that
        remembers nothing yields one page that is the whole. A message is offered in one page only.
        """
        ...

    def find(self, server_ids: Collection[str]) -> Sequence[Offered]:
        """Return those of these messages that are still there, in any order."""
        ...

    def fetch(self, wanted: Iterable[Offered]) -> Iterator[Fetched]:
        """Yield each wanted message in the order asked for.

        Raises `TransportError` when the session breaks; what was yielded before stays valid.
        """
        ...

    def discard(self, done: Sequence[Offered]) -> None:
        """Ask the server to remove these messages when the session closes well."""
        ...

    def close(self) -> None:
        """End the session in good order; raises nothing."""
        ...

    def abort(self) -> None:
        """Drop the connection so that nothing asked of `discard` takes effect; raises nothing."""
        ...


class Outcome(Enum):
    """What became of one submission."""

    ACCEPTED = "accepted"
    #: Not taken now and certainly not sent; try again later.
    DEFERRED = "deferred"
    #: Not taken and never will be.
    REFUSED = "refused"
    #: All of it went out, but the answer was lost: nobody can know.
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Submission:
    """One message ready to leave: envelope and bytes."""

    #: The caller's own key; comes back with the delivery.
    key: str
    sender: str
    recipients: tuple[str, ...]
    #: Headers and body with CRLF line ends, in pieces; may be iterated more than once.
    content: Iterable[bytes]
    #: Ask for a delivery status notification on success (RFC 3461).
    delivery_receipt: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the server made of one submission."""

    key: str
    outcome: Outcome
    #: SMTP reply code, or 0 when the server said nothing.
    code: int = 0
    #: The server's own words, secrets masked.
    reply: str = ""
    #: Recipients that were refused although the message was accepted for others: address, code, reply.
    refused: tuple[tuple[str, int, str], ...] = ()
    #: The failure's class when the outcome is not ACCEPTED; None otherwise.
    failure: TransportError | None = None


class MailSink(Protocol):
    """An open session that takes messages and hands them to the world.

    A submission answered DEFERRED was certainly not sent. The sink never submits anything twice.
    One with an address that is not safe (`is_safe_address`) is refused before anything is sent.
    """

    def submit(self, submissions: Sequence[Submission]) -> Iterator[Delivery]:
        """Submit each in order and yield its outcome; exactly one delivery per submission.

        A broken session gives DEFERRED to all whose content had not wholly left, UNCERTAIN to
        those whose content had left without an answer; it does not raise.
        """
        ...

    def found_sent(self, message_ids: Sequence[str]) -> Collection[str] | None:
        """Return which of these messages the server has sent, by its own record of what was sent.

        The ids are without angle brackets. None where the server keeps no such record, or was told
        to keep none: then nobody can know. Raises `TransportError` when the server can't be asked.
        """
        ...

    def close(self) -> None:
        """End the session in good order; raises nothing."""
        ...
