"""`ExchangeSink`: messages created and sent, each under the Message-ID it came with.

When the answer to a request is lost nobody knows whether the message went out; but Exchange keeps a
copy of what it sends, so Sent Items is looked through before anything is called uncertain.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from enum import Enum

from postroom.errors import (
    BadReply,
    PostroomError,
    Refused,
    TransportError,
    Unreachable,
)
from postroom.ports.mail import Delivery, Outcome, Submission
from postroom.servers.exchange.account import ExchangeAccount
from postroom.servers.exchange.answer import Message, SoapFault, read_answer, text_at
from postroom.servers.exchange.autodiscover import OnFound
from postroom.servers.exchange.body import Body, in_base64
from postroom.servers.exchange.faults import CODES, Said, about_request
from postroom.servers.exchange.letter import Letter, read_letter
from postroom.servers.exchange.markup import field, tag
from postroom.servers.exchange.reply import Reply
from postroom.servers.exchange.search import find_items, with_message_ids
from postroom.servers.exchange.session import Now, Session, the_time

#: Seconds before each look into Sent Items for a message whose answer was lost: the copy may come late.
PATIENCE = (0.2, 1.0, 3.0)
#: Message-IDs looked for with one request.
CHUNK = 20

# Codes that leave open whether the message went out before the server gave up.
_IN_DOUBT = frozenset(
    {
        "ErrorInternalServerError",
        "ErrorInternalServerTransientError",
        "ErrorTimeoutExpired",
        "ErrorBatchProcessingStopped",
        "ErrorConnectionFailed",
    }
)
_PROBLEM = "The message was not sent"
_ACCEPTED, _LATER, _NEVER = 250, 451, 550


class Copies(Enum):
    """Whether the mailbox keeps a copy of what it sends."""

    KEPT = "SendAndSaveCopy"
    NONE = "SendOnly"


class _Lost(Exception):  # noqa: N818 - a signal within this module
    """The request has left and its answer says nothing certain."""

    def __init__(self, failure: TransportError) -> None:
        super().__init__(str(failure))
        self.failure = failure


class _Unreadable(Exception):  # noqa: N818 - a signal within this module
    """The content of a message could not be read to its end."""


class _TurnedAway(Exception):  # noqa: N818 - a signal within this module
    """The server did not look at the request."""

    def __init__(self, failure: TransportError) -> None:
        super().__init__(str(failure))
        self.failure = failure


def open_exchange_sink(
    account: ExchangeAccount,
    *,
    copies: Copies = Copies.KEPT,
    patience: Sequence[float] = PATIENCE,
    now: Now = the_time,
    on_found: OnFound | None = None,
) -> "ExchangeSink":
    """Return a sink that sends from the mailbox; nothing is asked of its server before it is needed."""
    return ExchangeSink(Session(account, now=now, on_found=on_found), copies=copies, patience=patience)


class ExchangeSink:
    """A mailbox on an Exchange server as a `ports.mail.MailSink`.

    A sender other than the mailbox is the author, and the mailbox sends on his behalf. As codes the
    deliveries have those of SMTP that mean the same: 250, 451, 550; their replies are the server's.
    """

    def __init__(
        self, session: Session, *, copies: Copies = Copies.KEPT, patience: Sequence[float] = PATIENCE
    ) -> None:
        self._session = session
        self._copies = copies
        self._patience = patience
        #: Why nothing more is sent in this call of `submit`.
        self._failure: TransportError | None = None

    @property
    def url(self) -> str:
        """Return where the mailbox was found."""
        return self._session.url

    def submit(self, submissions: Sequence[Submission]) -> Iterator[Delivery]:
        """Submit each in order and yield its outcome; exactly one delivery per submission."""
        self._failure = None
        for submission in submissions:
            yield self._submit(submission)

    def found_sent(self, message_ids: Sequence[str]) -> Collection[str] | None:
        """Return which of these messages lie in Sent Items; None when no copies are kept there."""
        if self._copies is Copies.NONE:
            return None
        found: set[str] = set()
        for start in range(0, len(message_ids), CHUNK):
            found |= self._found(message_ids[start : start + CHUNK])
        return found

    def close(self) -> None:
        """End the session; raises nothing. Connections are kept for the next one."""

    def _submit(self, submission: Submission) -> Delivery:
        try:
            letter = read_letter(submission)
        except Refused as refused:
            return Delivery(submission.key, Outcome.REFUSED, failure=refused)
        except (PostroomError, OSError) as error:
            return _deferred(submission, TransportError(f"The message could not be read: {error}"))
        if self._failure is not None:
            return _deferred(submission, self._failure)
        try:
            return self._judged(submission, self._sent(letter))
        except _Unreadable as unreadable:
            return _deferred(submission, TransportError(str(unreadable)))
        except _Lost as lost:
            return self._looked_for(letter, lost.failure)
        except TransportError as failure:
            return self._not_sent(submission, failure)

    def _sent(self, letter: Letter) -> Message:
        """Return the answer to the message; raises `_Lost`, or `TransportError` when nothing was sent."""
        while True:
            body = self._body(letter)
            try:
                with closing(body), self._session.post(body, repeats=False) as reply:
                    messages = read_answer(_octets(reply), self._session.mask)
            except SoapFault as fault:
                failure = about_request(fault.said, _PROBLEM)
                if fault.said.code in _IN_DOUBT:
                    raise _Lost(failure) from fault
                if not (self._session.step_back(fault.said) or self._session.has_moved(failure)):
                    raise failure from fault
            except _TurnedAway as turned:
                if not self._session.has_moved(turned.failure):
                    raise turned.failure from turned
            except (Unreachable, BadReply) as failure:
                if body.has_left:
                    raise _Lost(failure) from failure
                if not self._session.has_moved(failure):
                    raise
            else:
                if not messages or (not messages[0].is_ok and messages[0].said.code in _IN_DOUBT):
                    raise _Lost(_doubt(messages))
                return messages[0]

    def _body(self, letter: Letter) -> Body:
        content = in_base64(letter.submission.content)
        try:
            return Body(self._session.wrapped_around(self._request(letter), content))
        except (PostroomError, OSError) as error:
            raise _Unreadable(f"The message could not be read: {error}") from error

    def _request(self, letter: Letter) -> str:
        # source: MS-OXWSCORE 3.1.4.2
        folder = ""
        if self._copies is Copies.KEPT:
            folder = tag("m:SavedItemFolderId", self._session.known_folder("sentitems"))
        items = tag("m:Items", letter.markup(self._session.account.mailbox))
        return tag("m:CreateItem", folder, items, MessageDisposition=self._copies.value)

    def _judged(self, submission: Submission, answer: Message) -> Delivery:
        """Return what the server's certain answer means."""
        if answer.is_ok:
            return Delivery(submission.key, Outcome.ACCEPTED, _ACCEPTED, answer.said.reply or "NoError")
        kind = CODES.get(answer.said.code, (Refused, ""))[0]
        failure = about_request(answer.said, _PROBLEM)
        if issubclass(kind, Refused):
            failure = failure if isinstance(failure, Refused) else Refused(str(failure), reply=failure.reply)
            return Delivery(submission.key, Outcome.REFUSED, _NEVER, failure.reply, failure=failure)
        return self._not_sent(submission, failure)

    def _not_sent(self, submission: Submission, failure: TransportError) -> Delivery:
        """Return the outcome when the message certainly did not leave."""
        if isinstance(failure, Refused):
            return Delivery(submission.key, Outcome.REFUSED, _NEVER, failure.reply, failure=failure)
        self._failure = failure
        return _deferred(submission, failure)

    def _looked_for(self, letter: Letter, failure: TransportError) -> Delivery:
        """Return the outcome for a message whose answer was lost, from what lies in Sent Items."""
        for seconds in self._patience if letter.message_id else ():
            time.sleep(seconds)
            try:
                found = self.found_sent([letter.message_id])
            except TransportError:
                continue
            if found is None:
                break
            if found:
                said = "The answer was lost; the message lies in Sent Items."
                return Delivery(letter.submission.key, Outcome.ACCEPTED, _ACCEPTED, said)
        self._failure = failure
        return Delivery(letter.submission.key, Outcome.UNCERTAIN, reply=failure.reply, failure=failure)

    def _found(self, message_ids: Sequence[str]) -> set[str]:
        path = "message:InternetMessageId"
        pages = find_items(
            self._session,
            [self._session.known_folder("sentitems")],
            [field(path)],
            with_message_ids(message_ids),
            "Sent Items was not looked through",
        )
        wanted = set(message_ids)
        listed = [item for _, items in pages for item in items]
        ids = {text_at(item, "t:InternetMessageId").strip("<>") for item in listed}
        if ids == {""} and len(wanted) == 1:
            # The server found one and does not say what it is called; only one was asked for.
            return wanted
        return wanted & ids


def _octets(reply: Reply) -> bytes:
    """Return the whole answer; one that is no SOAP is raised, as turned away where nothing was done yet."""
    if reply.is_soap:
        return reply.whole()
    failure = reply.failure()
    raise failure if reply.status >= 500 else _TurnedAway(failure)


def _doubt(messages: Sequence[Message]) -> TransportError:
    said = messages[0].said if messages else Said("", "The answer says nothing about the message.")
    return about_request(said, _PROBLEM)


def _deferred(submission: Submission, failure: TransportError) -> Delivery:
    code = _LATER if failure.reply else 0
    return Delivery(submission.key, Outcome.DEFERRED, code, failure.reply, failure=failure)
