"""The sandbox's POP3 server: reads its mailboxes, and misbehaves in every way it is told.

Serves one thread per connection. Commands that arrive together are answered together, so it
shows a pipelining client at its best and, with the right fault, at its worst.
"""

import base64
import binascii
import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import ClassVar

from postroom.sandbox.faults import Fault, Faults, Misbehaviour
from postroom.sandbox.mailboxes import Kept, SandboxMailboxes

#: Seconds after which a client that says nothing is forgotten.
IDLE_SECONDS = 600
_CRLF = b"\r\n"


class SandboxPop3:
    """A running POP3 server; use it in a `with`, or call `start` and `stop`.

    With `tls` it offers STLS, or speaks TLS from the start when `implicit_tls` is set.
    """

    def __init__(
        self,
        mailboxes: SandboxMailboxes,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        faults: Faults | None = None,
    ) -> None:
        self.mailboxes = mailboxes
        self.tls = tls
        self.implicit_tls = implicit_tls
        self.faults = faults or Faults()
        self.stopping = threading.Event()
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """Return the port it listens at."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Serve from now on, in threads of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and hang up on everybody."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.hang_up()
        self._server.server_close()

    def __enter__(self) -> "SandboxPop3":
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


class _Server(socketserver.ThreadingTCPServer):
    """The listening socket and the connections it has accepted."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: SandboxPop3) -> None:
        self.sandbox = sandbox
        self._open: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Remember the connection and serve it in a thread."""
        if isinstance(request, socket.socket):
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget the connection and close it."""
        if isinstance(request, socket.socket):
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over what goes wrong with one connection; the client sees it closed."""

    def became(self, plain: socket.socket, private: socket.socket) -> None:
        """Remember the connection by the socket it has under TLS."""
        self._open.discard(plain)
        self._open.add(private)

    def hang_up(self) -> None:
        """Break all connections, so that no thread waits for ever."""
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _HangUp(Exception):  # noqa: N818 - ends a conversation, is no error
    """The conversation is over."""


class _Connection(socketserver.BaseRequestHandler):
    """One conversation."""

    request: socket.socket
    server: _Server

    def setup(self) -> None:
        """Begin with nobody signed in."""
        self.sandbox = self.server.sandbox
        self.user = ""
        self.claimed = ""
        self.messages: list[Kept] = []
        self.deleted: set[int] = set()
        self.output = bytearray()
        self.is_private = False
        self.session = contextlib.ExitStack()
        self.request.settimeout(IDLE_SECONDS)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        """Hold the conversation until either side ends it."""
        with contextlib.suppress(_HangUp, OSError):
            if self.sandbox.implicit_tls:
                self._begin_tls()
            self._misbehave(0)
            babble = self._strikes(Misbehaviour.BABBLE, 0)
            self._say(b"220 mail.example ESMTP" if babble else b"+OK Postroom sandbox at your service")
            self._flush()
            for line in self._lines():
                if late := self._strikes(Misbehaviour.SLOW, None):
                    self.sandbox.stopping.wait(late.amount)
                self._obey(line)

    def finish(self) -> None:
        """Let others at the mailbox."""
        self.session.close()
        self.server.shutdown_request(self.request)

    def _lines(self) -> Iterator[bytes]:
        """Yield each command; what was answered goes out when no further command is at hand."""
        held = b""
        while True:
            while (end := held.find(b"\n")) >= 0:
                line, held = held[:end].rstrip(b"\r"), held[end + 1 :]
                yield line
                if self.output and self._strikes(Misbehaviour.NO_PIPELINING, None):
                    held = b""
            self._flush()
            data = self.request.recv(65536)
            if not data or len(held) > 65536:
                return
            held += data

    def _obey(self, line: bytes) -> None:
        verb, _, argument = line.decode("utf-8", "replace").partition(" ")
        command = self.COMMANDS.get(verb.upper())
        if command is None:
            self._say(b"-ERR no such command: " + line[:100])
        elif verb.upper() in self.SIGNED_IN and not self.user:
            self._say(b"-ERR sign in first")
        else:
            command(self, argument.strip() if verb.upper() != "PASS" else argument)

    def _capa(self, _: str) -> None:
        able = [b"TOP", b"RESP-CODES", b"AUTH-RESP-CODE", b"USER", b"SASL PLAIN"]
        if not self._strikes(Misbehaviour.NO_UIDL, None):
            able.append(b"UIDL")
        if not self._strikes(Misbehaviour.NO_PIPELINING, None):
            able.append(b"PIPELINING")
        if self.sandbox.tls and not self.is_private:
            able.append(b"STLS")
        self._say(b"+OK", *able, b".")

    def _stls(self, _: str) -> None:
        if self.sandbox.tls is None or self.is_private:
            self._say(b"-ERR no TLS here")
            return
        self._say(b"+OK begin TLS")
        self._flush()
        self._begin_tls()

    def _user(self, name: str) -> None:
        self.claimed = name
        self._say(b"+OK and the password?")

    def _pass(self, password: str) -> None:
        self._sign_in(self.claimed, password)

    def _auth(self, argument: str) -> None:
        mechanism, _, response = argument.partition(" ")
        if mechanism.upper() != "PLAIN":
            self._say(b"-ERR only PLAIN")
            return
        if not response:
            self._say(b"+ ")
            self._flush()
            response = self.request.recv(65536).decode("ascii", "replace").strip()
        try:
            _, user, password = base64.b64decode(response, validate=True).decode().split("\0")
        except (binascii.Error, ValueError):
            self._say(b"-ERR [AUTH] that is no response")
            return
        self._sign_in(user, password)

    def _sign_in(self, user: str, password: str) -> None:
        if self._strikes(Misbehaviour.REFUSE, None, user) or not self.sandbox.mailboxes.admits(
            user, password
        ):
            self._say(b"-ERR [AUTH] user name or password is wrong")
        elif self._strikes(Misbehaviour.TOO_SOON, None, user):
            self._say(b"-ERR [LOGIN-DELAY] you were here a moment ago")
        elif self._strikes(Misbehaviour.IN_USE, None, user) or not self.session.enter_context(
            self.sandbox.mailboxes.session(user)
        ):
            self._say(b"-ERR [IN-USE] the mailbox is open in another session")
        else:
            self.user = user
            if self._strikes(Misbehaviour.RENUMBER, None):
                self.sandbox.mailboxes.renumber(user)
            self.messages = self.sandbox.mailboxes.list(user)
            self._say(b"+OK %d messages" % len(self.messages))

    def _stat(self, _: str) -> None:
        left = [self._size(number) for number in self._left()]
        self._say(b"+OK %d %d" % (len(left), sum(left)))

    def _list(self, argument: str) -> None:
        self._enumerate(argument, lambda number: b"%d" % self._size(number))

    def _uidl(self, argument: str) -> None:
        if self._strikes(Misbehaviour.NO_UIDL, None):
            self._say(b"-ERR no such command: UIDL")
        else:
            self._enumerate(argument, self._id)

    def _enumerate(self, argument: str, about: Callable[[int], bytes]) -> None:
        if argument:
            if number := self._number(argument):
                self._say(b"+OK %d %s" % (number, about(number)))
            return
        self._say(b"+OK", *(b"%d %s" % (number, about(number)) for number in self._left()), b".")

    def _retr(self, argument: str) -> None:
        number = self._number(argument)
        if not number:
            return
        if self._strikes(Misbehaviour.WITHHOLD, number):
            self._say(b"-ERR this message cannot be read")
            return
        self._say(b"+OK here it is")
        self._give(number, _stuffed(self.messages[number - 1].read()) + b".\r\n")

    def _top(self, argument: str) -> None:
        first, _, count = argument.partition(" ")
        number = self._number(first)
        if not number:
            return
        head, blank, body = self.messages[number - 1].read().partition(b"\r\n\r\n")
        lines = body.split(_CRLF)[: int(count) if count.strip().isdecimal() else 0]
        self._say(b"+OK", _stuffed(head + blank + _CRLF.join(lines)) + b".")

    def _dele(self, argument: str) -> None:
        if number := self._number(argument):
            self.deleted.add(number)
            self._say(b"+OK marked")

    def _rset(self, _: str) -> None:
        self.deleted.clear()
        self._say(b"+OK")

    def _noop(self, _: str) -> None:
        self._say(b"+OK")

    def _quit(self, _: str) -> None:
        if self.user:
            gone = [self.messages[number - 1].uidl for number in self.deleted]
            self.sandbox.mailboxes.delete(self.user, gone)
        # Freed first: a client that reads the answer may come back at once.
        self.session.close()
        self._say(b"+OK bye")
        self._flush()
        raise _HangUp

    COMMANDS: ClassVar[dict[str, Callable[["_Connection", str], None]]] = {
        "CAPA": _capa,
        "STLS": _stls,
        "USER": _user,
        "PASS": _pass,
        "AUTH": _auth,
        "STAT": _stat,
        "LIST": _list,
        "UIDL": _uidl,
        "RETR": _retr,
        "TOP": _top,
        "DELE": _dele,
        "RSET": _rset,
        "NOOP": _noop,
        "QUIT": _quit,
    }
    SIGNED_IN: ClassVar[set[str]] = {"STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "RSET", "NOOP"}

    def _number(self, argument: str) -> int:
        """Return the message number meant, or 0 after saying that there is none."""
        number = int(argument) if argument.isdecimal() else 0
        if 0 < number <= len(self.messages) and number not in self.deleted:
            return number
        self._say(b"-ERR no such message")
        return 0

    def _left(self) -> list[int]:
        return [number for number in range(1, len(self.messages) + 1) if number not in self.deleted]

    def _size(self, number: int) -> int:
        lie = self._strikes(Misbehaviour.LIE, number) or self._strikes(Misbehaviour.LIE, 0)
        return max(self.messages[number - 1].size + (int(lie.amount) if lie else 0), 0)

    def _id(self, number: int) -> bytes:
        is_repeated = number > 1 and self._strikes(Misbehaviour.REPEAT, number)
        return self.messages[0 if is_repeated else number - 1].uidl.encode("ascii")

    def _give(self, number: int, data: bytes) -> None:
        """Send a message, or what a fault leaves of it."""
        for kind in (Misbehaviour.HANG, Misbehaviour.CLOSE, Misbehaviour.DRIP):
            if fault := self._strikes(kind, number):
                self.output += data[: fault.after]
                self._flush()
                self._suffer(fault, data[fault.after :])
                return
        self.output += data
        if len(self.output) > 1 << 20:
            self._flush()

    def _misbehave(self, at: int) -> None:
        for kind in (Misbehaviour.HANG, Misbehaviour.CLOSE, Misbehaviour.DRIP):
            if fault := self._strikes(kind, at):
                self._suffer(fault, b"+OK drip drip drip\r\n")

    def _suffer(self, fault: Fault, data: bytes) -> None:
        if fault.kind is Misbehaviour.CLOSE:
            raise _HangUp
        if fault.kind is Misbehaviour.HANG:
            self._wait_until_the_client_goes()
            raise _HangUp
        for octet in data:
            self.request.sendall(bytes([octet]))
            if self.sandbox.stopping.wait(fault.amount):
                raise _HangUp

    def _wait_until_the_client_goes(self) -> None:
        """Say nothing more; a client that hangs up frees the mailbox, as with any server."""
        self.request.settimeout(0.05)
        while not self.sandbox.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.request.recv(65536):
                    return

    def _strikes(self, kind: Misbehaviour, at: int | None, user: str = "") -> Fault | None:
        return self.sandbox.faults.strike(kind, user or self.user or self.claimed, at)

    def _say(self, *lines: bytes) -> None:
        self.output += b"".join(line + _CRLF for line in lines)

    def _flush(self) -> None:
        if self.output:
            self.request.sendall(self.output)
            self.output.clear()

    def _begin_tls(self) -> None:
        if self.sandbox.tls is None:
            raise _HangUp
        plain = self.request
        self.request = self.sandbox.tls.wrap_socket(plain, server_side=True)
        self.server.became(plain, self.request)
        self.is_private = True


def _stuffed(data: bytes) -> bytes:
    """Return the message as it goes over the wire, without the end mark.

    >>> _stuffed(b".a\\r\\n.b")
    b'..a\\r\\n..b\\r\\n'
    """
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed if not stuffed or stuffed.endswith(_CRLF) else stuffed + _CRLF
