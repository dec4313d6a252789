"""Mail without a server: `MemorySource` and `MemorySink`, for simulations and tests.

They keep the promises of `ports.mail` and pass the same contract tests as the real ones. The
mailbox and the relay outlive the sessions, and can be told how the next sessions go wrong.
"""

import email
import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from postroom.errors import Refused, TooLarge, TransportError, Unreachable
from postroom.mime.message import RawBytes
from postroom.ports.mail import (
    Delivery,
    Fetched,
    Look,
    Offered,
    Outcome,
    Page,
    Submission,
    is_safe_address,
)


@dataclass(slots=True)
class MemoryMailbox:
    """What a server would have: messages under lasting ids, and how it fails."""

    #: Messages by id, in order of arrival.
    messages: dict[str, bytes] = field(default_factory=dict)
    #: The next session breaks when it has given this many messages; None when it does not.
    breaks_after: int | None = None
    #: Sizes that are announced instead of the true ones, by id.
    claimed_sizes: dict[str, int] = field(default_factory=dict)
    #: Ids of messages that lie among what the mailbox has sent.
    sent: set[str] = field(default_factory=set)
    #: Ids of messages that are listed and never given.
    withheld: set[str] = field(default_factory=set)
    #: Raised when a session is opened; None when it may be.
    refusal: TransportError | None = None
    arrived: int = 0

    def deliver(self, data: bytes) -> str:
        """Add a message and return its id."""
        self.arrived += 1
        server_id = hashlib.sha256(f"{self.arrived}".encode()).hexdigest()[:16]
        self.messages[server_id] = data
        return server_id

    def send(self, data: bytes) -> str:
        """Add a message to what the mailbox has sent, and return its id."""
        server_id = self.deliver(data)
        self.sent.add(server_id)
        return server_id

    def renumber(self) -> None:
        """Give every message a new id, as servers do that lost their index."""
        kept, sent = dict(self.messages), set(self.sent)
        self.messages.clear()
        self.sent.clear()
        for server_id, data in kept.items():
            (self.send if server_id in sent else self.deliver)(data)


class MemorySource:
    """A session with a `MemoryMailbox`: `ports.mail.MailSource`."""

    def __init__(self, mailbox: MemoryMailbox, *, largest: int = 1 << 30) -> None:
        if mailbox.refusal is not None:
            raise mailbox.refusal
        self._mailbox = mailbox
        self._largest = largest
        self._given = 0
        self._breaks_after, mailbox.breaks_after = mailbox.breaks_after, None
        self._discarded: set[str] = set()
        self._is_open = True
        self._offered = [
            Offered(
                server_id,
                number,
                mailbox.claimed_sizes.get(server_id, len(data)),
                folder="sent" if server_id in mailbox.sent else "",
                is_sent_copy=server_id in mailbox.sent,
            )
            for number, (server_id, data) in enumerate(mailbox.messages.items(), 1)
        ]

    def offered(self) -> Sequence[Offered]:
        """Return every message of the mailbox, as it was when the session was opened."""
        return self._offered

    @property
    def folders(self) -> None:
        """Return None: there is one place for messages and no folders."""
        return None

    def pages(self, look: Look) -> Iterator[Page]:
        """Yield all that is there as one page."""
        yield Page(self._offered, is_whole=True)

    def find(self, server_ids: Collection[str]) -> Sequence[Offered]:
        """Return those of these messages that are still there."""
        return [offered for offered in self._offered if offered.server_id in server_ids]

    def fetch(self, wanted: Iterable[Offered]) -> Iterator[Fetched]:
        """Yield each wanted message in the order asked for."""
        for offered in wanted:
            if self._given == self._breaks_after:
                self.abort()
            self._require_open()
            yield self._give(offered)
            self._given += 1

    def discard(self, done: Sequence[Offered]) -> None:
        """Remove these messages when the session closes well."""
        self._require_open()
        self._discarded.update(offered.server_id for offered in done)

    def close(self) -> None:
        """Remove what was discarded; raises nothing."""
        if self._is_open:
            for server_id in self._discarded:
                self._mailbox.messages.pop(server_id, None)
        self._is_open = False

    def abort(self) -> None:
        """End the session and remove nothing; raises nothing."""
        self._is_open = False

    def _give(self, offered: Offered) -> Fetched:
        data = self._mailbox.messages.get(offered.server_id)
        if data is None or offered.server_id in self._mailbox.withheld:
            return Fetched(offered, None, Refused(f"Message {offered.number} was not given."))
        if offered.size > self._largest:
            return Fetched(offered, None, _too_big(self._largest))
        if len(data) > self._largest:
            # As with a real server: it would have to be read to its end to go on.
            self.abort()
            return Fetched(offered, None, _too_big(self._largest))
        return Fetched(offered, RawBytes(data))

    def _require_open(self) -> None:
        if not self._is_open:
            raise Unreachable("The session has ended.")


def _too_big(largest: int) -> TooLarge:
    return TooLarge(f"The message is bigger than the limit of {largest} octets and was not taken.")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that has left."""

    key: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass(slots=True)
class MemoryRelay:
    """The world that mail goes to, and how it refuses or fails."""

    #: All that was taken, in order.
    sent: list[Sent] = field(default_factory=list)
    #: Addresses that are not taken: code and reply. 4xx defers, 5xx refuses.
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    #: The next session breaks when it has taken this many messages; None when it does not.
    breaks_after: int | None = None
    #: Whether the session that breaks has taken one message more and lost only the answer.
    loses_answer: bool = False
    #: Whether the server keeps what is sent through it, and can be asked.
    keeps_record: bool = False
    #: Raised when a session is opened; None when it may be.
    refusal: TransportError | None = None


class MemorySink:
    """A session with a `MemoryRelay`: `ports.mail.MailSink`."""

    def __init__(self, relay: MemoryRelay) -> None:
        if relay.refusal is not None:
            raise relay.refusal
        self._relay = relay
        self._taken = 0
        self._breaks_after, relay.breaks_after = relay.breaks_after, None
        self._broken: Unreachable | None = None

    def submit(self, submissions: Sequence[Submission]) -> Iterator[Delivery]:
        """Submit each in order and yield its outcome."""
        for submission in submissions:
            yield self._submit(submission)

    def found_sent(self, message_ids: Sequence[str]) -> Collection[str] | None:
        """Return which of these have left, where the server keeps a record."""
        if not self._relay.keeps_record:
            return None
        heads = [email.message_from_bytes(sent.content) for sent in self._relay.sent]
        return {str(head["Message-ID"]).strip("<> ") for head in heads} & set(message_ids)

    def close(self) -> None:
        """End the session; raises nothing."""
        self._broken = self._broken or Unreachable("The session has ended.")

    def _submit(self, submission: Submission) -> Delivery:
        if not all(map(is_safe_address, (submission.sender, *submission.recipients))):
            return Delivery(submission.key, Outcome.REFUSED, failure=Refused("An address is not safe."))
        if self._broken is None and self._taken == self._breaks_after:
            self._broken = Unreachable("The connection broke.")
            if self._relay.loses_answer:
                self._take(submission, submission.recipients)
                return Delivery(submission.key, Outcome.UNCERTAIN, failure=self._broken)
        if self._broken is not None:
            return Delivery(submission.key, Outcome.DEFERRED, failure=self._broken)
        refused = tuple(
            (address, *self._relay.answers[address])
            for address in submission.recipients
            if address in self._relay.answers
        )
        taken = tuple(address for address in submission.recipients if address not in self._relay.answers)
        if not taken:
            return _not_taken(submission.key, refused)
        self._take(submission, taken)
        return Delivery(submission.key, Outcome.ACCEPTED, 250, "taken", refused)

    def _take(self, submission: Submission, recipients: tuple[str, ...]) -> None:
        content = b"".join(submission.content)
        self._relay.sent.append(Sent(submission.key, submission.sender, recipients, content))
        self._taken += 1


def _not_taken(key: str, refused: tuple[tuple[str, int, str], ...]) -> Delivery:
    """Return the outcome for a message that none of its recipients may have."""
    if not refused:
        return Delivery(key, Outcome.REFUSED, failure=Refused("The message has no recipients."))
    later = [answer for answer in refused if answer[1] < 500]
    _, code, reply = (later or list(refused))[0]
    if later:
        failure: TransportError = Unreachable("The recipients cannot be served now.", reply=reply)
        return Delivery(key, Outcome.DEFERRED, code, reply, refused, failure)
    failure = Refused("No recipient was accepted.", reply=reply)
    return Delivery(key, Outcome.REFUSED, code, reply, refused, failure)
