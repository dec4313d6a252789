"""`SmtpSink`: hands messages over on one lasting connection, one round trip per message.

The flow of one message, with PIPELINING (RFC 2920): the commands that open its transaction travel
together with the content of the message before it; when they have been answered, its own content
leaves together with the commands of the next. So each message costs one turn.

What may be promised about a message when the connection fails hangs on one moment: whether the end
of its content can have left this machine. Before it nothing was sent, after it nobody knows.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from postroom.errors import BadReply, PostroomError, Refused, Throttled, TransportError, Unreachable
from postroom.ports.mail import Delivery, Outcome, Submission
from postroom.servers.smtp.content import TERMINATOR, Measure, measure, wire_pieces
from postroom.servers.smtp.envelope import Envelope, make_envelope
from postroom.servers.smtp.reply import CLOSING, Reply
from postroom.servers.smtp.session import Session, SmtpAccount, start_session

#: Commands sent before their answers are read. More could fill the buffers of both sides with
#: answers and commands that nobody takes, and stand still for ever.
# source: RFC2920 3.1
GROUP = 100

#: Up to so many octets a content and the next envelope leave in one write.
TOGETHER = 16 * 1024

#: A connection unused for longer is not trusted; servers may hang up after five minutes.
# source: RFC5321 4.5.3.2.7
IDLE_SECONDS = 240.0

_DATA = b"DATA\r\n"
_GO_AHEAD = 354


class _Unreadable(Exception):  # noqa: N818 - a signal within this module
    """The content of a message could not be read to its end."""


@dataclass(slots=True)
class _Ready:
    """A submission that can be put to the server."""

    submission: Submission
    envelope: Envelope
    content: Measure
    #: Recipients that are not served although others are: address, code, reply.
    refused: tuple[tuple[str, int, str], ...]

    @property
    def commands(self) -> list[bytes]:
        """Return what opens the transaction: MAIL, one RCPT per recipient, DATA."""
        return [self.envelope.mail, *self.envelope.rcpt, _DATA]

    def group(self, size: int) -> bytes:
        """Return the first `size` commands, to be sent together."""
        return b"".join(self.commands[:size])


def open_smtp(account: SmtpAccount) -> "SmtpSink":
    """Connect and sign in; return the open sink, or raise `TransportError`."""
    return SmtpSink(account, start_session(account))


class SmtpSink:
    """An SMTP server as a `MailSink`; stays open over many calls of `submit`.

    A connection that the server closed while it was idle is opened anew without a word, for
    nothing had been sent. One that breaks in the middle of `submit` is not, until the next call.
    """

    def __init__(self, account: SmtpAccount, session: Session | None = None) -> None:
        self._account = account
        self._session = session
        #: Why the connection was lost in this call of `submit`; nothing more is sent then.
        self._failure: TransportError | None = None
        #: The submission whose first commands were sent along with the content before it.
        self._ahead: _Ready | None = None
        #: The session lay idle before this call and has not yet answered anything.
        self._is_idle = False
        #: The last answer was a refusal; some servers hang up after one.
        self._has_refused = False
        #: The server has said that it goes away.
        self._is_closing = False
        #: A transaction stands open at the server and must be called off.
        self._is_dirty = False
        self._used_at = time.monotonic()

    def __enter__(self) -> "SmtpSink":
        """Return the sink itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the sink."""
        self.close()

    def submit(self, submissions: Sequence[Submission]) -> Iterator[Delivery]:
        """Submit each in order and yield its outcome; exactly one delivery per submission."""
        self._failure = self._ahead = None
        self._has_refused = False
        if self._session is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            self._drop()
        self._is_idle = self._session is not None
        is_done = False
        try:
            yield from self._run(submissions)
            is_done = True
        finally:
            if not is_done:
                # Abandoned half-way: what stands on the wire belongs to nobody any more.
                self._drop()
            self._used_at = time.monotonic()

    def is_alive(self) -> bool:
        """Ask the server whether the session still stands; a dead one is dropped."""
        if self._session is None:
            return False
        try:
            is_alive = Reply(*self._session.noop()).is_yes
        except TransportError:
            is_alive = False
        if not is_alive:
            self._drop()
        self._used_at = time.monotonic()
        return is_alive

    def found_sent(self, message_ids: Sequence[str]) -> None:
        """Return None: a relay keeps no record that could be asked."""
        return

    def close(self) -> None:
        """End the session in good order; raises nothing."""
        session, self._session = self._session, None
        if session is not None:
            session.end()

    def _run(self, submissions: Iterable[Submission]) -> Iterator[Delivery]:
        opened: _Ready | None = None
        for submission in submissions:
            upcoming = self._prepare(submission)
            if opened is not None:
                yield self._deliver(opened, upcoming if isinstance(upcoming, _Ready) else None)
                opened = None
            if isinstance(upcoming, Delivery):
                yield upcoming
            elif (refusal := self._open(upcoming)) is not None:
                yield refusal
            else:
                opened = upcoming
        if opened is not None:
            yield self._deliver(opened, None)

    def _prepare(self, submission: Submission) -> _Ready | Delivery:
        """Return what is to be sent, or the outcome when nothing can be."""
        try:
            session = self._get_session()
            content = measure(_readable(submission.content))
            envelope = make_envelope(submission, content, session.offers)
        except Refused as refused:
            return Delivery(submission.key, Outcome.REFUSED, failure=refused)
        except TransportError as failure:
            return _deferred(submission, failure)
        except _Unreadable as unreadable:
            return _deferred(submission, TransportError(str(unreadable)))
        return _Ready(submission, envelope, content, envelope.refused)

    # --- opening a transaction

    def _open(self, ready: _Ready) -> Delivery | None:
        """Bring the server to wait for the content; return the outcome when it won't."""
        try:
            return self._ask(self._get_session(), ready)
        except TransportError as failure:
            if not self._is_stale(failure):
                return self._lose(ready, failure)
        self._drop()
        try:
            return self._ask(self._get_session(), ready)
        except TransportError as failure:
            return self._lose(ready, failure)

    def _is_stale(self, failure: TransportError) -> bool:
        """Say whether the server merely hung up on a session that it had no more use for."""
        if self._failure is not None or self._session is None:
            return False
        hung_up = isinstance(failure, Unreachable)
        return (self._is_idle and (hung_up or isinstance(failure, Throttled))) or (
            self._has_refused and hung_up
        )

    def _lose(self, ready: _Ready, failure: TransportError) -> Delivery:
        """Give the session up for this call; what was not sent is deferred."""
        if self._failure is None:
            self._failure = failure
        code = CLOSING if self._is_closing else 0
        self._drop()
        return _deferred(ready.submission, failure, code)

    def _ask(self, session: Session, ready: _Ready) -> Delivery | None:
        replies = self._converse(session, ready)
        mail, rcpt, data = replies[0], replies[1 : len(ready.envelope.rcpt) + 1], replies[-1]
        is_taken = mail.is_yes and any(reply.is_yes for reply in rcpt)
        if data.code == _GO_AHEAD and len(replies) == len(ready.envelope.rcpt) + 2:
            if is_taken:
                self._note_refused(session, ready, rcpt)
                return None
            self._send_nothing(session)
        else:
            self._is_dirty = mail.is_yes
        verdict = data if is_taken else _worst(rcpt) if mail.is_yes else mail
        return self._turned_down(session, ready, verdict)

    def _converse(self, session: Session, ready: _Ready) -> list[Reply]:
        """Send the commands in groups and return their replies, fewer when going on is in vain."""
        size = _group_size(session)
        commands = ready.commands
        replies: list[Reply] = []
        session.wire.begin("the answer to an envelope")
        if self._ahead is not ready:
            self._call_off(session)
        for start in range(0, len(commands), size):
            group = commands[start : start + size]
            if start or self._ahead is not ready:
                if start and not replies[0].is_yes:
                    break
                if group[0] is _DATA and not any(reply.is_yes for reply in replies[1:]):
                    break
                session.wire.send(b"".join(group))
            replies.extend(self._hear(session) for _ in group)
        self._ahead = None
        return replies

    def _hear(self, session: Session) -> Reply:
        """Return the next reply; raise when it says that the server goes away."""
        reply = session.wire.reply()
        if reply.code == CLOSING:
            self._is_closing = True
            raise session.failure(reply, "our envelope")
        self._is_idle = self._has_refused = False
        return reply

    def _call_off(self, session: Session) -> None:
        if self._is_dirty:
            session.wire.send(b"RSET\r\n")
            self._hear(session)
            self._is_dirty = False

    def _send_nothing(self, session: Session) -> None:
        """End a transaction that has no recipients although the server waits for content."""
        # source: RFC2920 3.1
        session.wire.send(TERMINATOR)
        self._hear(session)

    def _note_refused(self, session: Session, ready: _Ready, rcpt: Sequence[Reply]) -> None:
        if not all(reply.is_yes for reply in rcpt):
            pairs = zip(ready.envelope.recipients, rcpt, strict=True)
            ready.refused += tuple(
                (address, reply.code, session.show(reply.said))
                for address, reply in pairs
                if not reply.is_yes
            )

    def _turned_down(self, session: Session, ready: _Ready, reply: Reply) -> Delivery:
        failure = session.failure(reply, "our envelope")
        if isinstance(failure, BadReply):
            # Neither yes nor no: what it says next can't be told apart either.
            raise failure
        return _refusal(session, ready, reply, failure)

    # --- sending the content

    def _deliver(self, opened: _Ready, upcoming: _Ready | None) -> Delivery:
        """Send the content that the server waits for, and the next envelope; return the outcome."""
        session = self._get_session()
        session.wire.begin("our message to be taken")
        try:
            self._send_content(session, opened, upcoming)
            session.wire.begin("the answer to a message")
            reply = session.wire.patient_reply(self._account.patience_seconds)
        except _CutShort as cut:
            return self._judge_cut(session, opened, cut.failure)
        except _Unreadable as unreadable:
            # Without its end the server throws the message away; the others take a new connection.
            self._drop()
            return _deferred(opened.submission, TransportError(str(unreadable)))
        except TransportError as failure:
            return self._lose_track(opened, failure)
        return self._judge(session, opened, reply)

    def _send_content(self, session: Session, opened: _Ready, upcoming: _Ready | None) -> None:
        """Send content, terminator and the next envelope; raise `_CutShort` when the end never left."""
        ahead = b""
        if upcoming is not None and (size := _group_size(session)) > 1:
            ahead = upcoming.group(size)
        last = self._send_pieces(session, opened) + TERMINATOR
        if ahead and len(last) + len(ahead) <= TOGETHER:
            # One turn of the network instead of two. Should it fail, what of it left is unknown.
            session.wire.send(last + ahead)
        else:
            self._send_end(session, last)
            # When this can't be sent, the answer to the content may still be there to be read.
            with contextlib.suppress(TransportError):
                session.wire.send(ahead)
        self._ahead = upcoming if ahead else None

    def _send_pieces(self, session: Session, opened: _Ready) -> bytes:
        """Send all of the content but its last piece, and return that."""
        if opened.content.ready is not None:
            return opened.content.ready
        last = b""
        try:
            for piece in wire_pieces(_readable(opened.submission.content)):
                session.wire.send(last)
                last = piece
        except TransportError as failure:
            raise _CutShort(failure) from failure
        return last

    def _send_end(self, session: Session, last: bytes) -> None:
        try:
            session.wire.send(last)
        except TransportError as failure:
            if isinstance(failure.__cause__, OSError):
                # The kernel did not take all of it, so the end is still here.
                raise _CutShort(failure) from failure
            raise

    def _judge(self, session: Session, opened: _Ready, reply: Reply) -> Delivery:
        """Return what the answer to the whole content means."""
        if reply.is_yes:
            self._is_idle = False
            return Delivery(
                opened.submission.key, Outcome.ACCEPTED, reply.code, session.show(reply.said), opened.refused
            )
        failure = session.failure(reply, "the message")
        if isinstance(failure, BadReply):
            return self._lose_track(opened, failure)
        self._has_refused = True
        if reply.code == CLOSING:
            self._lose(opened, failure)
        return _refusal(session, opened, reply, failure)

    def _judge_cut(self, session: Session, opened: _Ready, failure: TransportError) -> Delivery:
        """Return the outcome when the content could not be sent to its end.

        A server that has had enough answers before the end and stops reading; its answer is
        what the administrator needs to see.
        """
        try:
            reply = session.wire.reply()
        except TransportError:
            return self._lose(opened, failure)
        if reply.is_yes:
            return self._lose_track(
                opened, BadReply("the server took a message before its end had been sent")
            )
        self._drop()
        return self._judge(session, opened, reply)

    def _lose_track(self, opened: _Ready, failure: TransportError) -> Delivery:
        """Say that nobody can know, and give the session up."""
        lost = self._lose(opened, failure)
        return Delivery(lost.key, Outcome.UNCERTAIN, reply=failure.reply, failure=failure)

    # --- the session

    def _get_session(self) -> Session:
        if self._failure is not None:
            raise self._failure
        if self._session is None:
            try:
                self._session = start_session(self._account)
            except TransportError as failure:
                self._failure = failure
                raise
        return self._session

    def _drop(self) -> None:
        session, self._session = self._session, None
        self._ahead = None
        self._is_dirty = self._is_idle = self._has_refused = self._is_closing = False
        if session is not None:
            session.close()


class _CutShort(Exception):  # noqa: N818 - a signal within this module
    """The connection failed before the end of a content had left."""

    def __init__(self, failure: TransportError) -> None:
        super().__init__(str(failure))
        self.failure = failure


def _group_size(session: Session) -> int:
    return GROUP if "pipelining" in session.offers else 1


def _readable(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content; turn a failure to read it into `_Unreadable`, apart from those of the wire."""
    try:
        yield from content
    except (PostroomError, OSError) as error:
        raise _Unreadable(f"the message could not be read from where it is kept: {error}") from error


def _worst(replies: Sequence[Reply]) -> Reply:
    """Return the reply that decides when no recipient was taken: a hope for later, if there is one."""
    return next((reply for reply in replies if reply.code < 500), replies[0])


def _deferred(submission: Submission, failure: TransportError, code: int = 0) -> Delivery:
    return Delivery(submission.key, Outcome.DEFERRED, code, failure.reply, failure=failure)


def _refusal(session: Session, ready: _Ready, reply: Reply, failure: TransportError) -> Delivery:
    """Return the outcome of a clear no; a fault of the sign-in is not held against the message."""
    outcome = Outcome.REFUSED if isinstance(failure, Refused) else Outcome.DEFERRED
    return Delivery(ready.submission.key, outcome, reply.code, session.show(reply.said), failure=failure)
