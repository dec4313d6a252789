"""An SMTP server that says exactly what a test wants, also what no real server would."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final

#: Ends the connection instead of an answer, or after the answer that it stands behind.
HANG_UP: Final = "<hang up>"
#: Says nothing and goes on listening.
SILENCE: Final = "<silence>"

#: What a well-behaved server answers, by verb; "." stands for the end of a content.
USUAL: dict[str, str] = {
    "": "220 script.example ready",
    "EHLO": "250-script.example\r\n250-PIPELINING\r\n250 8BITMIME",
    "HELO": "250 script.example",
    "MAIL": "250 2.1.0 sender ok",
    "RCPT": "250 2.1.5 recipient ok",
    "DATA": "354 go ahead",
    ".": "250 2.0.0 taken",
    "RSET": "250 2.0.0 reset",
    "NOOP": "250 2.0.0 here",
    "QUIT": "221 2.0.0 bye",
}


class Script:
    """A server for one test. A verb's answers are used in turn, over all connections; the last one stays.

    What arrives is kept in `commands` and `contents`.
    """

    def __init__(self, answers: Mapping[str, str | Sequence[str]]) -> None:
        self._answers = {
            verb: [said] if isinstance(said, str) else list(said)
            for verb, said in (USUAL | dict(answers)).items()
        }
        self.commands: list[str] = []
        self.contents: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        """Return the port it listens at."""
        return int(self._listener.getsockname()[1])

    def verbs(self) -> list[str]:
        """Return the verbs of all commands so far."""
        return [command.split(" ")[0].upper() for command in self.commands]

    def hang_up(self) -> None:
        """End all connections that are open now."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """End the server."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as lines, contextlib.suppress(OSError):
            going = self._answer(sock, "")
            while going and (line := lines.readline()):
                command = line.decode("utf-8", "replace").rstrip("\r\n")
                self.commands.append(command)
                going = self._answer(sock, command.split(" ")[0].upper())
                if going and command.upper() == "DATA" and self._said.startswith("354"):
                    self._read_content(lines)
                    going = self._answer(sock, ".")

    def _read_content(self, lines: BinaryIO) -> None:
        content = b""
        while (line := lines.readline()) not in {b".\r\n", b""}:
            content += line
        self.contents.append(content)

    def _answer(self, sock: socket.socket, verb: str) -> bool:
        said = self._answers.get(verb, ["500 5.5.1 what?"])
        self._said = said.pop(0) if len(said) > 1 else said[0]
        if self._said.endswith(HANG_UP):
            _say_last(sock, self._said.removesuffix(HANG_UP))
            return False
        if self._said != SILENCE:
            sock.sendall(self._said.encode() + b"\r\n")
        return verb != "QUIT"


def _say_last(sock: socket.socket, said: str) -> None:
    """Say it and end the connection; what is still coming is read, lest it cost the answer."""
    if said:
        sock.sendall(said.encode() + b"\r\n")
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(1)
        while sock.recv(65536):
            pass


@contextlib.contextmanager
def running_script(**answers: str | Sequence[str]) -> Iterator[Script]:
    """Run a scripted server; `greeting` and `end` stand for the greeting and the end of a content."""
    named = {"greeting": "", "end": "."}
    script = Script({named.get(verb, verb.upper()): said for verb, said in answers.items()})
    try:
        yield script
    finally:
        script.stop()
