"""One mailbox opened over EWS: operations sent, answers read, refusals explained."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from postroom.errors import BadReply, Throttled, TransportError
from postroom.ports.clock import SystemClock
from postroom.servers.connection import Mask
from postroom.servers.exchange.account import Access, Application, ExchangeAccount
from postroom.servers.exchange.answer import Message, SoapFault, read_answer
from postroom.servers.exchange.autodiscover import OnFound, locate
from postroom.servers.exchange.body import Body
from postroom.servers.exchange.channel import Channel, channel_for
from postroom.servers.exchange.faults import CODES, OLDER_VERSION, Said, about_request
from postroom.servers.exchange.markup import envelope, tag, text
from postroom.servers.exchange.reply import Reply

#: Versions of the protocol, newest first; each server takes those up to its own.
VERSIONS = (
    "Exchange2013_SP1",
    "Exchange2013",
    "Exchange2010_SP2",
    "Exchange2010_SP1",
    "Exchange2010",
    "Exchange2007_SP1",
)

#: Stands in an operation for a content that is too long to be held with it.
HERE = "\ue000"

Now = Callable[[], datetime]


def the_time() -> datetime:
    """Return the present instant by the machine's clock."""
    return SystemClock().now()


class Session:
    """One mailbox on one server."""

    def __init__(
        self,
        account: ExchangeAccount,
        *,
        now: Now = the_time,
        on_found: OnFound | None = None,
        use: str = "",
        anchor: str = "",
    ) -> None:
        self.account = account
        self.now = now
        self._on_found = on_found
        self._use = use
        self._anchor = anchor
        #: The URL is as it was remembered; it may serve no longer.
        self._may_move = account.autodiscovers and bool(account.url)
        self.url = account.url or self._found()
        self.channel: Channel = channel_for(account, self.url, use)
        #: The server's own time when it gave the last answer, to the second; None when it didn't say.
        self.answered_at: datetime | None = None
        self.version = account.version if account.version in VERSIONS else VERSIONS[0]

    @property
    def mask(self) -> Mask:
        """Return what hides the account's secrets in what the server says."""
        return self.channel.mask

    @property
    def headers(self) -> dict[str, str]:
        """Return the header fields of every request."""
        fields = {"Content-Type": "text/xml; charset=utf-8"}
        anchor = self._anchor or self.account.mailbox
        # A header holds ASCII; an address of other letters is left to the server to look up.
        if self.account.names_anchor and anchor.isascii():
            fields["X-AnchorMailbox"] = anchor
        if self._anchor:
            # What several mailboxes share must be kept by one server; a cookie of its says which.
            # source: EWS-AFFINITY
            fields["X-PreferServerAffinity"] = "true"
        return fields

    @property
    def may_suppress_receipts(self) -> bool:
        """Say whether this version of the protocol knows how to keep read receipts from leaving."""
        # source: MS-OXWSCORE 3.1.4.9 SuppressReadReceipts
        return self.version == "Exchange2013_SP1"

    def known_folder(self, name: str) -> str:
        """Return the markup that names a folder that every mailbox has."""
        if self.impersonated:
            return tag("t:DistinguishedFolderId", Id=name)
        # Without impersonation an id alone would mean the mailbox of who signs in.
        owner = tag("t:Mailbox", tag("t:EmailAddress", text(self.account.mailbox)))
        return tag("t:DistinguishedFolderId", owner, Id=name)

    @property
    def impersonated(self) -> str:
        """Return whom each request acts as, or nothing when it acts as who signed in."""
        by_right = isinstance(self.account.credentials, Application)
        by_right = by_right or self.account.access is Access.IMPERSONATION
        return self.account.mailbox if by_right else ""

    def call(
        self, operation: str | Callable[[], str], problem: str, *, repeats: bool = True
    ) -> list[Message]:
        """Return the messages that answer an operation; one that `repeats` may be sent again without harm.

        `problem` begins the sentence that says what a refusal of the whole means. Refusals of
        single items are in the messages; that the server asks to come back later is raised.
        """
        while True:
            written = operation if isinstance(operation, str) else operation()
            try:
                with self.post(self.wrapped(written), repeats=repeats) as reply:
                    octets = self.octets(reply)
                messages = raise_throttling(read_answer(octets, self.mask), problem)
            except SoapFault as fault:
                failure = about_request(fault.said, problem)
                if not (self.step_back(fault.said) or self.has_moved(failure)):
                    raise failure from fault
            except TransportError as failure:
                # Whether it was done is not known; another address would do it once more.
                if not repeats or not self.has_moved(failure):
                    raise
            else:
                self._may_move = False
                return messages

    def one(self, operation: str | Callable[[], str], problem: str) -> Message:
        """Return the only message that answers an operation; raises when it is a refusal."""
        return require(self.call(operation, problem), problem)

    def _found(self) -> str:
        """Return where Autodiscover says that the mailbox is."""
        url = locate(self.account)
        if self._on_found:
            self._on_found(url)
        return url

    def has_moved(self, failure: TransportError) -> bool:
        """Ask once where the mailbox is now, when it is not where it was; say whether it has moved."""
        if not self._may_move or isinstance(failure, Throttled):
            return False
        self._may_move = False
        try:
            url = self._found()
        except TransportError:
            return False
        is_new = url != self.url
        self.url, self.channel = url, channel_for(self.account, url, self._use)
        return is_new

    def wrapped(self, operation: str) -> bytes:
        """Return the operation as a whole request."""
        return envelope(operation, version=self.version, impersonated=self.impersonated)

    def wrapped_around(self, operation: str, content: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the request in pieces, with content that is not held as a whole where `HERE` stands."""
        before, _, after = self.wrapped(operation).partition(HERE.encode())
        yield before
        yield from content
        yield after

    @contextmanager
    def post(self, body: bytes | Body, *, repeats: bool = True) -> Iterator[Reply]:
        """Send a request and give its answer as it comes."""
        with self.channel.post(body, self.headers, repeats=repeats) as reply:
            yield reply

    def octets(self, reply: Reply) -> bytes:
        """Return the whole answer; raises for one that is no SOAP."""
        if not reply.is_soap:
            raise reply.failure()
        self.answered_at = _read_date(reply.headers.get("date", ""))
        return reply.whole()

    def step_back(self, said: Said) -> bool:
        """Use the next older version of the protocol, if that is what the server asks for."""
        at = VERSIONS.index(self.version) + 1
        if said.code not in OLDER_VERSION or at >= len(VERSIONS):
            return False
        self.version = VERSIONS[at]
        return True


def _read_date(written: str) -> datetime | None:
    try:
        return parsedate_to_datetime(written).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def require(messages: list[Message], problem: str) -> Message:
    """Return the first message; raises what its refusal means, or that there is none."""
    if not messages:
        raise BadReply(f"{problem}: the server's answer says nothing about it.")
    if not messages[0].is_ok:
        raise about_request(messages[0].said, problem)
    return messages[0]


def raise_throttling(messages: list[Message], problem: str) -> list[Message]:
    """Return the messages, unless one of them asks to come back later: that is meant for all."""
    for message in messages:
        kind: type[TransportError] = CODES.get(message.said.code, (TransportError, ""))[0]
        if not message.is_ok and kind is Throttled:
            raise about_request(message.said, problem)
    return messages
