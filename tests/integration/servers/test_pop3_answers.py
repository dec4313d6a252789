"""What POP3 servers may say, one scripted session each: odd answers become clear errors."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.contracts.mail_source import bytes_of

from postroom.errors import BadReply, Refused, SignInRejected, Throttled, TransportError, Unreachable
from postroom.servers.connection import Endpoint, Security
from postroom.servers.pop3 import Pop3Account, Pop3Source, check, open_pop3

pytestmark = pytest.mark.integration

PASSWORD = "topsecret"

#: An unremarkable server of one message; a script replaces some of it.
ORDINARY = {
    "": b"+OK hello\r\n",
    "CAPA": b"+OK\r\nUSER\r\nUIDL\r\nPIPELINING\r\n.\r\n",
    "USER": b"+OK\r\n",
    "PASS": b"+OK\r\n",
    "UIDL": b"+OK\r\n1 first\r\n.\r\n",
    "LIST": b"+OK\r\n1 12\r\n.\r\n",
    "RETR": b"+OK\r\nSubject: x\r\n\r\n.\r\n",
    "DELE": b"+OK\r\n",
    "QUIT": b"+OK bye\r\n",
}


class Script:
    """A server that answers each command with fixed octets, and remembers what it was told."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = {**ORDINARY, **answers}
        self.heard: list[str] = []
        self.writes = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                with client:
                    self._converse(client)
        except OSError:
            return

    def _converse(self, client: socket.socket) -> None:
        client.settimeout(5)
        held = b""
        client.sendall(self.answers[""])
        while data := client.recv(65536):
            self.writes += 1
            held += data
            *lines, held = held.split(b"\r\n")
            for line in lines:
                self.heard.append(line.decode())
                answer = self.answers.get(line.decode().split(" ")[0], b"-ERR unknown command\r\n")
                client.sendall(answer.replace(b"%LINE%", line))


@contextmanager
def scripted(**answers: bytes) -> Iterator[Script]:
    script = Script({("" if key == "greeting" else key): value for key, value in answers.items()})
    try:
        yield script
    finally:
        script.stop()


def account(script: Script, security: Security = Security.PLAIN, user: str = "info") -> Pop3Account:
    return Pop3Account(Endpoint("127.0.0.1", script.port, security, 2), user, PASSWORD)


def opened(script: Script, security: Security = Security.PLAIN) -> Pop3Source:
    return open_pop3(account(script, security))


def test_an_ordinary_session_is_four_writes() -> None:
    with scripted() as script:
        source = opened(script)
        (fetched,) = source.fetch(source.offered())
        source.close()
        assert bytes_of(fetched.raw) == b"Subject: x\r\n\r\n"
        assert script.writes == 4
        assert script.heard == ["CAPA", "USER info", f"PASS {PASSWORD}", "UIDL", "LIST", "RETR 1", "QUIT"]


#: Answer, and what becomes of it: error class, words of its sentence.
ANSWERS: list[tuple[dict[str, bytes], type[TransportError], str]] = [
    ({"PASS": b"-ERR [AUTH] no\r\n"}, SignInRejected, "user name or password is wrong"),
    ({"PASS": b"-ERR no such luck\r\n"}, SignInRejected, "the server said no"),
    ({"PASS": b"-ERR [SYS/PERM] broken for good\r\n"}, SignInRejected, "administrator must mend"),
    ({"PASS": b"-ERR [SYS/TEMP] disk\r\n"}, Unreachable, "should pass"),
    ({"PASS": b"-ERR [in-use] busy\r\n"}, Throttled, "another session"),
    ({"PASS": b"-ERR [LOGIN-DELAY] wait\r\n"}, Throttled, "too short a time ago"),
    ({"PASS": b"-ERR unable to lock maildrop\r\n"}, Throttled, "try again later"),
    ({"USER": b"-ERR never heard of\r\n"}, SignInRejected, "user name was refused"),
    ({"PASS": b"220 what?\r\n"}, BadReply, "not POP3"),
    ({"UIDL": b"-ERR unknown command\r\n"}, BadReply, "no lasting ids"),
    ({"UIDL": b"+OK\r\nnonsense\r\n.\r\n"}, BadReply, "a line that is none"),
    ({"UIDL": b"+OK\r\n1\r\n.\r\n"}, BadReply, "a line that is none"),
    ({"greeting": b"-ERR too many connections\r\n"}, Unreachable, "takes no sessions now"),
    ({"greeting": b"-ERR [SYS/TEMP] starting\r\n"}, Unreachable, "should pass"),
    ({"greeting": b"* OK IMAP4rev1 ready\r\n"}, BadReply, "is an IMAP server"),
    ({"greeting": b"HTTP/1.1 400 Bad Request\r\n"}, BadReply, "is a web server"),
    ({"greeting": b"SSH-2.0-OpenSSH_9\r\n"}, BadReply, "not POP3"),
    ({"greeting": b"x" * 200_000}, BadReply, "without a line end"),
]


@pytest.mark.parametrize(("answers", "error", "words"), ANSWERS)
def test_what_a_server_says_becomes_the_right_error(
    answers: dict[str, bytes], error: type[TransportError], words: str
) -> None:
    with scripted(**answers) as script:
        with pytest.raises(error, match=words) as caught:
            opened(script)
        assert type(caught.value) is error
        assert f"127.0.0.1:{script.port}" in str(caught.value) or "line end" in words


def test_the_server_s_own_delay_is_kept() -> None:
    capabilities = b"+OK\r\nUSER\r\nPIPELINING\r\nLOGIN-DELAY 900\r\n.\r\n"
    with (
        scripted(CAPA=capabilities, PASS=b"-ERR [LOGIN-DELAY] wait\r\n") as script,
        pytest.raises(Throttled) as caught,
    ):
        opened(script)
    assert caught.value.retry_after == 900


def test_a_password_that_the_server_echoes_is_masked() -> None:
    with scripted(PASS=b"-ERR what is %LINE%?\r\n") as script:
        with pytest.raises(SignInRejected) as caught:
            opened(script)
        assert caught.value.reply == "-ERR what is PASS ***?"
        assert PASSWORD not in repr(list(check(account(script))))


def test_a_server_without_capa_is_asked_one_by_one() -> None:
    with scripted(CAPA=b"-ERR unknown command\r\n") as script:
        source = opened(script)
        assert len(list(source.fetch(source.offered()))) == 1
        source.close()
        assert script.writes == len(script.heard) == 7


def test_auth_plain_is_used_where_user_is_not_offered() -> None:
    response = base64.b64encode(f"\0info\0{PASSWORD}".encode()).decode()
    with scripted(CAPA=b"+OK\r\nSASL PLAIN\r\nPIPELINING\r\n.\r\n", AUTH=b"+OK\r\n") as script:
        opened(script).close()
        assert f"AUTH PLAIN {response}" in script.heard


def test_a_server_that_asks_for_the_response_once_more_gets_it() -> None:
    response = base64.b64encode(f"\0info\0{PASSWORD}".encode()).decode()
    with scripted(CAPA=b"+OK\r\nSASL PLAIN\r\n.\r\n", AUTH=b"+ \r\n") as script:
        script.answers[response] = b"+OK\r\n"
        opened(script).close()
        assert script.heard[1:3] == [f"AUTH PLAIN {response}", response]


def test_an_echoed_response_is_masked() -> None:
    with (
        scripted(CAPA=b"+OK\r\nSASL PLAIN\r\n.\r\n", AUTH=b"-ERR not %LINE%\r\n") as script,
        pytest.raises(SignInRejected) as caught,
    ):
        opened(script)
    assert caught.value.reply == "-ERR not AUTH PLAIN ***"


def test_what_comes_in_the_clear_after_stls_is_not_trusted() -> None:
    capabilities = b"+OK\r\nUSER\r\nSTLS\r\n.\r\n"
    with (
        scripted(CAPA=capabilities, STLS=b"+OK\r\n+OK injected\r\n") as script,
        pytest.raises(BadReply, match="before TLS began"),
    ):
        opened(script, Security.STARTTLS)
    assert not any(line.startswith(("USER", "PASS")) for line in script.heard)


def test_a_refused_stls_sends_no_password() -> None:
    capabilities = b"+OK\r\nUSER\r\nSTLS\r\n.\r\n"
    with scripted(CAPA=capabilities, STLS=b"-ERR not today\r\n") as script:
        with pytest.raises(BadReply, match="would not start TLS"):
            opened(script, Security.STARTTLS)
        assert script.heard == ["CAPA", "STLS"]


def test_a_message_that_the_server_cannot_give_now_may_be_tried_again() -> None:
    with scripted(RETR=b"-ERR [SYS/TEMP] disk\r\n") as script:
        source = opened(script)
        (fetched,) = source.fetch(source.offered())
        source.close()
        assert fetched.failure is not None
        assert fetched.failure.retry


def test_a_message_that_the_server_will_not_give_is_refused() -> None:
    with scripted(RETR=b"-ERR no such message\r\n") as script:
        source = opened(script)
        (fetched,) = source.fetch(source.offered())
        source.close()
        assert isinstance(fetched.failure, Refused)


def test_sizes_that_are_no_numbers_count_as_unknown() -> None:
    with scripted(LIST=b"+OK\r\n1 many\r\n.\r\n") as script:
        source = opened(script)
        assert source.offered()[0].size == 0
        assert len(list(source.fetch(source.offered()))) == 1
        source.close()


def test_an_answer_that_is_none_in_mid_fetch_ends_the_session() -> None:
    with scripted(RETR=b"whatever\r\n") as script:
        source = opened(script)
        with pytest.raises(BadReply, match="not POP3"):
            list(source.fetch(source.offered()))
        source.close()
        assert "QUIT" not in script.heard


def test_a_trial_tells_a_broken_answer_as_the_step_that_met_it() -> None:
    with scripted(CAPA=b"what?\r\n") as script:
        steps = list(check(account(script)))
    assert [(step.name, step.ok) for step in steps][-1] == ("sign in", False)
    assert isinstance(steps[-1].failure, BadReply)


def test_a_removal_that_the_server_refuses_is_known_afterwards() -> None:
    with scripted(DELE=b"-ERR read only\r\n") as script:
        source = opened(script)
        source.discard(source.offered())
        source.close()
        assert isinstance(source.farewell, Refused)
        assert "QUIT" in script.heard


def test_a_quit_that_did_not_remove_everything_is_known_afterwards() -> None:
    with scripted(QUIT=b"-ERR some deleted messages not removed\r\n") as script:
        source = opened(script)
        source.discard(source.offered())
        source.close()
        assert isinstance(source.farewell, Refused)
        assert "not removed" in source.farewell.reply
