"""POP3: a mailbox read in as few round trips as the server allows.

Order of reading: `Pop3Account`, `open_pop3`, `Pop3Source` (what a pass uses), `check` (what
"test and enable" shows), then `_Talk`, which knows commands and answers and nothing of messages.
"""

import base64
import hashlib
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from postroom.errors import (
    BadReply,
    Refused,
    SignInRejected,
    Throttled,
    TooLarge,
    TransportError,
    Unreachable,
)
from postroom.ports.mail import Fetched, Look, Offered, Page
from postroom.servers.connection import (
    Connection,
    Endpoint,
    Mask,
    Security,
    Step,
    connect,
    open_connection,
    resolve,
    run_steps,
)
from postroom.servers.spool import SPOOL_OVER, Cutter, Overgrown

#: Commands that may be unanswered at once, and the octets that their answers may have.
WINDOW = 500
IN_FLIGHT = 8 * 1024 * 1024
#: A message that grows beyond this is not taken unless the caller says otherwise.
LARGEST = 256 * 1024 * 1024
#: A listing longer than this is no listing: a million messages at 70 octets of id.
LARGEST_LISTING = 128 * 1024 * 1024
# The standard allows 70 characters; some servers need a few more.
_LONGEST_ID = 200
#: Seconds to stay away when the server names none.
COME_BACK_AFTER = 300.0


@dataclass(frozen=True, slots=True)
class Pop3Account:
    """A mailbox on a POP3 server and what opens it."""

    endpoint: Endpoint
    user: str
    password: str = field(repr=False)


def open_pop3(
    account: Pop3Account,
    *,
    largest: int = LARGEST,
    spool_over: int = SPOOL_OVER,
    window: int = WINDOW,
    in_flight: int = IN_FLIGHT,
) -> "Pop3Source":
    """Sign in to the mailbox and list it; raises `TransportError` with the connection closed."""
    connection = open_connection(account.endpoint)
    try:
        talk = _Talk(connection, account, spool_over=spool_over)
        talk.greet()
        talk.learn_capabilities()
        talk.protect()
        talk.sign_in(b"UIDL", b"LIST")
        offered = _read_offered(talk)
    except BaseException:
        connection.abort()
        raise
    return Pop3Source(talk, offered, largest=largest, window=window, in_flight=in_flight)


class Pop3Source:
    """An open POP3 session: `ports.mail.MailSource`."""

    def __init__(
        self, talk: "_Talk", offered: Sequence[Offered], *, largest: int, window: int, in_flight: int
    ) -> None:
        self._talk = talk
        self._offered = offered
        self._largest = largest
        self._window = window if talk.pipelines else 1
        self._in_flight = in_flight
        self._asked: deque[Offered] = deque()
        self._asked_octets = 0
        self._to_discard: list[Offered] = []
        self._has_discarded = False
        self._end: TransportError | None = None
        #: Why the server may have kept what was discarded; None as long as nothing says so.
        self.farewell: TransportError | None = None

    def offered(self) -> Sequence[Offered]:
        """Return every message of the mailbox in the server's order, as it was at sign-in."""
        return self._offered

    @property
    def folders(self) -> None:
        """Return None: POP3 knows one mailbox and no folders."""
        return None

    def pages(self, look: Look) -> Iterator[Page]:
        """Yield all that is there as one page; POP3 has nothing that could be remembered."""
        yield Page(self._offered, is_whole=True)

    def find(self, server_ids: Collection[str]) -> Sequence[Offered]:
        """Return those of these messages that are still there."""
        return [offered for offered in self._offered if offered.server_id in server_ids]

    def fetch(self, wanted: Iterable[Offered]) -> Iterator[Fetched]:
        """Yield each wanted message in the order asked for.

        A message whose announced size is over the limit is not asked for. One that outgrows the
        limit while it comes is yielded as refused, and with it the session ends: going on raises.
        """
        waiting: deque[Offered] = deque()
        coming = iter(wanted)
        try:
            self._drain()
            while True:
                self._refill(waiting, coming)
                if not waiting:
                    break
                offered = waiting.popleft()
                yield self._receive(offered) if offered.size <= self._largest else self._too_big(offered)
            self._send_discards()
        except TransportError as failure:
            self._give_up(failure)
            raise

    def discard(self, done: Sequence[Offered]) -> None:
        """Ask the server to remove these messages when the session closes well.

        While a fetch is under way the request is kept until it ends or the session closes.
        """
        if self._end is not None:
            raise self._end
        self._to_discard += done
        if self._asked:
            return
        try:
            self._send_discards()
        except TransportError as failure:
            self._give_up(failure)
            raise

    def close(self) -> None:
        """End the session in good order; raises nothing. `farewell` says when it went badly."""
        if self._end is None:
            try:
                self._part()
            except TransportError as failure:
                self.farewell = failure
            self._end = _ended(self._talk)
        self._talk.connection.close()

    def abort(self) -> None:
        """Drop the connection so that nothing asked of `discard` takes effect; raises nothing."""
        self._give_up(_ended(self._talk))

    def _refill(self, waiting: deque[Offered], coming: Iterator[Offered]) -> None:
        """Ask for more messages once no more than a third of the window is still to come.

        Not one by one as answers arrive: that would be a packet, and a wake-up of the
        server, for each message.
        """
        if self._end is not None:
            raise self._end
        if len(self._asked) * 3 > self._window or self._asked_octets * 3 > self._in_flight:
            return
        commands = []
        while len(self._asked) < self._window and (not self._asked or self._asked_octets < self._in_flight):
            offered = next(coming, None)
            if offered is None:
                break
            waiting.append(offered)
            if offered.size <= self._largest:
                self._asked.append(offered)
                self._asked_octets += offered.size
                commands.append(b"RETR %d\r\n" % offered.number)
        if commands:
            self._talk.connection.begin(f"message {waiting[0].number}")
            self._talk.connection.send(b"".join(commands))

    def _receive(self, offered: Offered) -> Fetched:
        """Read the answer to the oldest RETR."""
        talk = self._talk
        talk.connection.begin(f"message {offered.number}")
        line = talk.cutter.line()
        if not line.startswith(b"+OK"):
            failure = talk.refusal(line, f"Message {offered.number} was not given", Refused)
            if isinstance(failure, BadReply):
                raise failure
            return self._answered(Fetched(offered, None, failure))
        try:
            raw = talk.cutter.message(largest=self._largest, expected=offered.size)
        except Overgrown:
            # To reach the next message the rest of this one would have to be read, and a server
            # that lies about sizes may send for ever.
            self._give_up(
                Unreachable(f"The session was broken off because message {offered.number} was too big.")
            )
            return self._too_big(offered)
        if raw.size <= len(b"\r\n") < offered.size:
            # Dovecot does this when it holds a wrong size: what it gives is not the message.
            return self._answered(Fetched(offered, None, self._empty(offered)))
        return self._answered(Fetched(offered, raw))

    def _answered(self, fetched: Fetched) -> Fetched:
        self._asked_octets -= self._asked.popleft().size
        return fetched

    def _too_big(self, offered: Offered) -> Fetched:
        return Fetched(
            offered,
            None,
            TooLarge(
                f"The message is bigger than the limit of {self._largest} octets and was not taken; "
                f"the server announced {offered.size} octets."
            ),
        )

    def _empty(self, offered: Offered) -> BadReply:
        return BadReply(
            f"{self._talk.connection.endpoint} announced message {offered.number} with {offered.size} octets "
            "and gave none of them; the message may be damaged on the server."
        )

    def _drain(self) -> None:
        """Read what an abandoned fetch has asked for, so that the next answer is the next answer."""
        while self._asked and self._end is None:
            self._receive(self._asked[0])

    def _send_discards(self) -> None:
        while self._to_discard:
            batch = self._to_discard[: self._window]
            self._has_discarded = True
            self._talk.plan(*(b"DELE %d" % offered.number for offered in batch))
            del self._to_discard[: self._window]
            for offered in batch:
                try:
                    self._talk.answer(f"Message {offered.number} was not marked for removal", Refused)
                except Refused as failure:
                    # It stays in the mailbox; it is known by its id and will not be read again.
                    self.farewell = failure

    def _part(self) -> None:
        if self._asked and not (self._has_discarded or self._to_discard):
            # Nothing depends on a good end, and what is on its way need not be read for one.
            self._talk.connection.abort()
            return
        self._drain()
        if self._end is not None:
            raise self._end
        self._send_discards()
        self._talk.plan(b"QUIT")
        self._talk.answer("The server did not remove all that it was asked to", Refused)

    def _give_up(self, failure: TransportError) -> None:
        if self._end is None:
            self._end = failure
        self._asked.clear()
        self._talk.connection.abort()


def check(account: Pop3Account) -> Iterator[Step]:
    """Try the account step by step: resolve, connect, TLS, greeting, sign in, read.

    Ends after the first step that fails. Nothing in the mailbox is changed.
    """
    talks: list[_Talk] = []
    try:
        yield from run_steps(_trial(account, talks))
    finally:
        for talk in talks:
            talk.connection.close()


def _trial(account: Pop3Account, talks: "list[_Talk]") -> Iterator[tuple[str, Callable[[], str]]]:
    """Give the steps of `check` in order; each prepares what the next one needs."""
    endpoint = account.endpoint
    addresses = []

    def find() -> str:
        addresses.extend(resolve(endpoint))
        return ", ".join(dict.fromkeys(map(str, addresses)))

    def reach() -> str:
        talks.append(_Talk(connect(endpoint, addresses), account))
        return f"connected to {endpoint}"

    def begin_tls() -> str:
        talks[0].connection.start_tls()
        return talks[0].connection.protection

    def switch_to_tls() -> str:
        talks[0].learn_capabilities()
        talks[0].protect()
        return talks[0].connection.protection

    def enter() -> str:
        if talks[0].capabilities is None:
            talks[0].learn_capabilities()
        return talks[0].sign_in()

    yield "resolve", find
    yield "connect", reach
    if endpoint.security is Security.TLS:
        yield "TLS", begin_tls
    yield "greeting", talks[0].greet
    if endpoint.security is Security.STARTTLS:
        yield "TLS", switch_to_tls
    yield "sign in", enter
    yield "read", lambda: _try_reading(talks[0])


def _try_reading(talk: "_Talk") -> str:
    """Read what a pass would read first, and say good-bye."""
    talk.plan(b"STAT")
    said = [talk.mask(talk.answer("The mailbox was not opened", Refused))]
    offered = _read_offered(talk)
    said.append(f"{len(offered)} messages listed")
    if offered and talk.capabilities is not None and "TOP" in talk.capabilities:
        talk.plan(b"TOP %d 0" % offered[0].number)
        said.append(talk.mask(talk.answer("The first message was not given", Refused)))
        talk.cutter.message(largest=LARGEST)
    talk.plan(b"QUIT")
    said.append(talk.mask(talk.answer("The server did not end the session well", Refused)))
    return "; ".join(filter(None, said))


def _read_offered(talk: "_Talk") -> list[Offered]:
    """Read ids and sizes of all messages, asking for them where `sign_in` did not."""
    talk.plan_unless_planned(b"UIDL", b"LIST")
    try:
        ids = talk.listing("The messages were not listed by id")
    except Refused as failure:
        raise BadReply(
            f"{talk.connection.endpoint} gives its messages no lasting ids (UIDL), so it cannot be known "
            "which are new. Use another way to this mailbox.",
            reply=failure.reply,
        ) from failure
    sizes = dict(_numbered(talk, talk.listing("The messages were not listed by size")))
    return [
        Offered(_lasting(server_id), number, int(size) if (size := sizes.get(number, "")).isdecimal() else 0)
        for number, server_id in _distinct(_numbered(talk, ids))
    ]


def _numbered(talk: "_Talk", lines: list[bytes]) -> list[tuple[int, str]]:
    """Return number and text of each line of a listing."""
    try:
        words = b" ".join(lines).decode("latin-1").split()
        if len(words) != 2 * len(lines):
            # Some servers say more than they should behind the two words of a line.
            pairs = [line.decode("latin-1").split(None, 2) for line in lines]
            words = [word for pair in pairs for word in (pair[0], pair[1])]
        return list(zip(map(int, words[::2]), words[1::2], strict=True))
    except (IndexError, ValueError) as error:
        raise BadReply(f"{talk.connection.endpoint} sent a listing with a line that is none.") from error


def _distinct(ids: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Make ids that occur more than once distinct: the second gets " 2" behind it, and so on.

    A blank cannot be part of an id, so no other id can be taken for it. When the first of two
    is gone the second passes for the first: both were read, and servers that repeat ids do so
    for copies of one message.

    >>> _distinct([(1, "a"), (2, "b"), (3, "a")])
    [(1, 'a'), (2, 'b'), (3, 'a 2')]
    """
    # source: RFC1939 7
    if len({server_id for _, server_id in ids}) == len(ids):
        return ids
    seen: Counter[str] = Counter()
    distinct = []
    for number, server_id in ids:
        seen[server_id] += 1
        times = seen[server_id]
        distinct.append((number, server_id if times == 1 else f"{server_id} {times}"))
    return distinct


def _lasting(server_id: str) -> str:
    """Return an id that can be kept: one that breaks the standard is stood for by its hash.

    >>> _lasting("0001 2"), _lasting("x" * 5000)[:15]
    ('0001 2', 'sha256:c59d3c04')
    """
    # source: RFC1939 7
    if len(server_id) <= _LONGEST_ID and server_id.isascii() and server_id.isprintable():
        return server_id
    return f"sha256:{hashlib.sha256(server_id.encode()).hexdigest()}"


def _ended(talk: "_Talk") -> TransportError:
    return Unreachable(f"The session with {talk.connection.endpoint} has ended.")


#: What the codes in square brackets mean: the class of error, and what people read.
# source: RFC2449 8.1
# source: RFC3206 3
CODES: dict[str, tuple[type[TransportError], str]] = {
    "AUTH": (SignInRejected, "user name or password is wrong, or this user may not use POP3"),
    "IN-USE": (Throttled, "another session has the mailbox open"),
    "LOGIN-DELAY": (Throttled, "the last sign-in was too short a time ago"),
    "SYS/PERM": (SignInRejected, "the server has a problem that its administrator must mend"),
    "SYS/TEMP": (Unreachable, "the server has a problem that should pass"),
}
#: Words of servers that know no codes when they mean "later", in lower case.
LATER = (b"lock", b"in use", b"busy", b"again", b"too many", b"temporar", b"later")
#: What other servers say first, to tell people what they have reached.
OTHER_GREETINGS = {b"220": "an SMTP server", b"* OK": "an IMAP server", b"HTTP": "a web server"}


class _Talk:
    """Commands and answers of one POP3 connection.

    `plan` names commands, `answer` reads the next answer. A server that pipelines gets planned
    commands in one write, any other gets each when its answer is due.
    """

    def __init__(self, connection: Connection, account: Pop3Account, *, spool_over: int = SPOOL_OVER) -> None:
        self.connection = connection
        self.capabilities: dict[str, list[str]] | None = None
        self.mask = Mask((account.password, _initial_response(account)))
        self._account = account
        self._spool_over = spool_over
        self._planned: deque[tuple[bytes, bool]] = deque()
        self.cutter = Cutter(connection.receive, spool_over=spool_over)

    @property
    def pipelines(self) -> bool:
        """Say whether the server takes commands before it has answered earlier ones."""
        return self.capabilities is not None and "PIPELINING" in self.capabilities

    def greet(self) -> str:
        """Return the server's greeting."""
        self.connection.begin("the greeting")
        try:
            line = self.cutter.line()
        except Unreachable as failure:
            if self.connection.is_private:
                raise
            raise Unreachable(f"{failure} Perhaps this port expects TLS from the start.") from failure
        for start, what in OTHER_GREETINGS.items():
            if line.startswith(start):
                raise BadReply(
                    f"{self.connection.endpoint} is {what}, not a POP3 server; check the port.",
                    reply=self.mask(line),
                )
        return self.mask(self._judge(line, "The server takes no sessions now", Unreachable))

    def learn_capabilities(self) -> None:
        """Ask what the server can do; a server that knows no CAPA can do what RFC 1939 says."""
        self.plan(b"CAPA")
        try:
            lines = self.listing("Capabilities were not told")
        except Refused:
            self.capabilities = None
            return
        words = [line.decode("latin-1").upper().split() for line in lines]
        self.capabilities = {word[0]: word[1:] for word in words if word}

    def protect(self) -> None:
        """Switch to TLS where the endpoint wants that."""
        endpoint = self.connection.endpoint
        if endpoint.security is not Security.STARTTLS:
            return
        if self.capabilities is not None and "STLS" not in self.capabilities:
            raise BadReply(
                f"{endpoint} does not offer STLS, so the connection cannot be protected. "
                "Choose TLS (usually port 995) in the server profile."
            )
        self.plan(b"STLS")
        self.answer("The server would not start TLS", BadReply)
        if not self.cutter.is_empty:
            # What came in the clear must not be taken for something said under TLS.
            raise BadReply(f"{endpoint} sent more than its answer before TLS began; not trusted.")
        self.connection.start_tls()
        self.cutter = Cutter(self.connection.receive, spool_over=self._spool_over)
        # source: RFC2595 4
        self.learn_capabilities()

    def sign_in(self, *then: bytes) -> str:
        """Sign in and return the server's answer; the commands in `then` are planned as well."""
        self.connection.require_privacy()
        self._refuse_control_characters()
        if self._wants_auth_plain():
            said = self._auth_plain()
            self.plan(*then)
            return said
        user, password = self._account.user.encode(), self._account.password.encode()
        self.plan(b"USER " + user, b"PASS " + password, *then)
        self.answer("The user name was refused", SignInRejected)
        return self.mask(self.answer("Signing in was refused", SignInRejected))

    def plan(self, *commands: bytes) -> None:
        """Name the next commands, and send them where the server may have them now."""
        now = self.pipelines
        self._planned.extend((command, now) for command in commands)
        if now and commands:
            self.connection.begin("an answer")
            self.connection.send(b"".join(command + b"\r\n" for command in commands))

    def plan_unless_planned(self, *commands: bytes) -> None:
        """Plan these commands unless they are the next already."""
        if [command for command, _ in self._planned] != list(commands):
            self.plan(*commands)

    def answer(self, problem: str, otherwise: type[TransportError]) -> bytes:
        """Return the answer to the oldest planned command; see `status`."""
        command, is_sent = self._planned.popleft()
        self.connection.begin(f"the answer to {command.split()[0].decode('ascii')}")
        if not is_sent:
            self.connection.send(command + b"\r\n")
        return self.status(problem, otherwise=otherwise)

    def listing(self, problem: str) -> list[bytes]:
        """Return the lines that answer the oldest planned command; raises `Refused` on -ERR."""
        self.answer(problem, Refused)
        try:
            return self.cutter.listing(largest=LARGEST_LISTING)
        except Overgrown as error:
            raise BadReply(f"{self.connection.endpoint} sent a listing without an end.") from error

    def status(self, problem: str, *, otherwise: type[TransportError]) -> bytes:
        """Return what follows +OK; on -ERR raise what its code means, or `otherwise` without one."""
        return self._judge(self.cutter.line(), problem, otherwise)

    def refusal(self, line: bytes, problem: str, otherwise: type[TransportError]) -> TransportError:
        """Return what an answer that is not +OK means: what its code says, or `otherwise` without one."""
        endpoint, shown = self.connection.endpoint, self.mask(line)
        if not line.startswith(b"-ERR"):
            return BadReply(f"{endpoint} answered something that is not POP3.", reply=shown)
        code = _code(line)
        kind, reason = CODES.get(code, (otherwise, "the server said no"))
        if code not in CODES and otherwise is SignInRejected and any(word in line.lower() for word in LATER):
            kind, reason = Throttled, "the server asks to try again later"
        if kind is SignInRejected and otherwise is Refused:
            kind = Refused
        sentence = f"{problem} ({endpoint}): {reason}."
        if kind is Throttled:
            return Throttled(sentence, reply=shown, retry_after=self._login_delay())
        return kind(sentence, reply=shown)

    def _judge(self, line: bytes, problem: str, otherwise: type[TransportError]) -> bytes:
        if not line.startswith(b"+OK"):
            raise self.refusal(line, problem, otherwise)
        return line[4:]

    def _login_delay(self) -> float:
        """Return the seconds that the server wants between sign-ins."""
        seconds = (self.capabilities or {}).get("LOGIN-DELAY", [])
        return float(seconds[0]) if seconds and seconds[0].isdecimal() else COME_BACK_AFTER

    def _wants_auth_plain(self) -> bool:
        """Say whether to use AUTH PLAIN rather than USER and PASS.

        Only AUTH defines letters beyond ASCII and user names with blanks. Where the server
        pipelines, USER and PASS cost no round trip more and go along with what follows.
        """
        if "PLAIN" not in (self.capabilities or {}).get("SASL", []):
            return False
        if self.capabilities is not None and "USER" not in self.capabilities:
            return True
        is_simple = self._account.user.isascii() and " " not in self._account.user
        return not (self.pipelines and is_simple and self._account.password.isascii())

    def _auth_plain(self) -> str:
        """Sign in with AUTH PLAIN; alone, for servers that ask for the response once more."""
        response = _initial_response(self._account).encode("ascii")
        command = b"AUTH PLAIN " + response
        self.connection.begin("the answer to AUTH")
        # A command is at most 255 octets; a longer response waits to be asked for.
        # source: RFC5034 4
        self.connection.send((command if len(command) <= 253 else b"AUTH PLAIN") + b"\r\n")
        line = self.cutter.line()
        if line[:2] in {b"+", b"+ "}:
            self.connection.send(response + b"\r\n")
            line = self.cutter.line()
        return self.mask(self._judge(line, "Signing in was refused", SignInRejected))

    def _refuse_control_characters(self) -> None:
        """Refuse credentials that would end a command and begin another one."""
        if not self._account.user:
            raise SignInRejected("There is no user name to sign in with; enter one.")
        if any(c in "\r\n\0" for c in self._account.user + self._account.password):
            raise SignInRejected(
                "User name or password hold a line end, which no server takes; correct them."
            )


def _initial_response(account: Pop3Account) -> str:
    # source: RFC4616 2
    return base64.b64encode(f"\0{account.user}\0{account.password}".encode()).decode("ascii")


def _code(line: bytes) -> str:
    """Return the code in square brackets, in capitals, or an empty text.

    >>> _code(b"-ERR [in-use] wait")
    'IN-USE'
    """
    text = line.removeprefix(b"-ERR").strip()
    if not text.startswith(b"["):
        return ""
    return text[1:].partition(b"]")[0].decode("latin-1").upper()
