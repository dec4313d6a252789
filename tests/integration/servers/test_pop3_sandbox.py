"""The POP3 client against the sandbox's POP3 server: the contract, and every misbehaviour."""

import poplib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.contracts.mail_source import MailSourceContract, Place, bytes_of, contents, numbered
from tests.support.certificates import Authority

from postroom.errors import BadReply, Refused, SignInRejected, Throttled, Unreachable, UserError
from postroom.sandbox.faults import Fault, Faults, Misbehaviour
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.pop3 import SandboxPop3
from postroom.servers.connection import Endpoint, Security
from postroom.servers.pop3 import Pop3Account, Pop3Source, check, open_pop3

pytestmark = pytest.mark.integration

USER, PASSWORD = "info@example.com", "opensesame"


class SandboxPlace:
    """A mailbox of a sandbox that is kept in a directory or in memory."""

    def __init__(self, server: SandboxPop3, *, window: int = 500) -> None:
        self.server = server
        self.window = window
        self.security = Security.PLAIN
        self.timeout = 5.0
        self.password = PASSWORD
        self.authority: str | None = None

    def account(self) -> Pop3Account:
        endpoint = Endpoint(
            "127.0.0.1", self.server.port, self.security, self.timeout, trusted_authority=self.authority
        )
        return Pop3Account(endpoint, USER, self.password)

    def deliver(self, data: bytes) -> None:
        self.server.mailboxes.deliver(USER, data)

    def open(self, *, largest: int = 1 << 30) -> Pop3Source:
        return open_pop3(self.account(), largest=largest, window=self.window)

    def count(self) -> int:
        return len(self.server.mailboxes.list(USER))

    def renumber(self) -> None:
        self.server.mailboxes.renumber(USER)

    def break_after(self, messages: int) -> None:
        self.misbehave(Misbehaviour.CLOSE, at=messages + 1, after=20, times=1)

    def misbehave(
        self, kind: Misbehaviour, *, at: int = 0, after: int = 0, amount: float = 1.0, times: int = 0
    ) -> None:
        self.server.faults.add(Fault(kind, at=at, after=after, amount=amount, times=times))


@contextmanager
def sandbox(directory: Path | None = None, *faults: Fault) -> Iterator[SandboxPlace]:
    mailboxes = SandboxMailboxes(directory)
    mailboxes.open_account(USER, PASSWORD)
    with SandboxPop3(mailboxes, faults=Faults(*faults)) as server:
        yield SandboxPlace(server)


@pytest.fixture
def place() -> Iterator[SandboxPlace]:
    with sandbox() as running:
        yield running


class TestPipelined(MailSourceContract):
    @pytest.fixture
    def place(self) -> Iterator[Place]:
        with sandbox() as running:
            yield running


class TestKeptInADirectory(MailSourceContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        with sandbox(tmp_path / "mail") as running:
            yield running


class TestWithoutPipelining(MailSourceContract):
    @pytest.fixture
    def place(self) -> Iterator[Place]:
        # This server throws away whatever comes before it has answered.
        with sandbox(None, Fault(Misbehaviour.NO_PIPELINING)) as running:
            yield running


class TestSmallWindow(MailSourceContract):
    @pytest.fixture
    def place(self) -> Iterator[Place]:
        with sandbox() as running:
            running.window = 3
            yield running


def test_a_message_that_begins_with_two_dots_keeps_both(place: SandboxPlace) -> None:
    place.deliver(b"..\r\nSubject: dots\r\n\r\nbody\r\n")
    with place_closed(place.open()) as source:
        assert contents(source.fetch(source.offered())) == [b"..\r\nSubject: dots\r\n\r\nbody\r\n"]


def test_a_wrong_password_is_told_from_other_failures_and_never_shown(place: SandboxPlace) -> None:
    place.password = "topsecret"
    with pytest.raises(SignInRejected, match="user name or password is wrong") as caught:
        place.open()
    assert "topsecret" not in f"{caught.value!r} {caught.value.reply} {place.account()!r}"


@contextmanager
def place_closed(source: Pop3Source) -> Iterator[Pop3Source]:
    try:
        yield source
    finally:
        source.close()


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        (Misbehaviour.REFUSE, SignInRejected, "user name or password is wrong"),
        (Misbehaviour.IN_USE, Throttled, "another session has the mailbox open"),
        (Misbehaviour.TOO_SOON, Throttled, "too short a time ago"),
        (Misbehaviour.BABBLE, BadReply, "is an SMTP server"),
        (Misbehaviour.NO_UIDL, BadReply, "UIDL"),
        (Misbehaviour.CLOSE, Unreachable, "closed the connection while we waited for the greeting"),
    ],
)
def test_what_a_server_says_at_sign_in_becomes_the_right_error(
    place: SandboxPlace, kind: Misbehaviour, error: type[Exception], words: str
) -> None:
    place.misbehave(kind)
    with pytest.raises(error, match=words):
        place.open()


def test_a_second_session_finds_the_mailbox_in_use(place: SandboxPlace) -> None:
    with place_closed(place.open()), pytest.raises(Throttled) as caught:
        place.open()
    assert "[IN-USE]" in caught.value.reply
    place.open().close()


def test_a_server_that_hangs_at_the_greeting_is_given_up(place: SandboxPlace) -> None:
    place.timeout = 0.3
    place.misbehave(Misbehaviour.HANG)
    with pytest.raises(Unreachable, match=r"said nothing for 0\.3 s while we waited for the greeting"):
        place.open()


def test_a_server_that_hangs_in_a_message_is_given_up(place: SandboxPlace) -> None:
    place.timeout = 0.3
    for data in numbered(3):
        place.deliver(data)
    place.misbehave(Misbehaviour.HANG, at=2, after=10)
    source = place.open()
    coming = source.fetch(source.offered())
    assert bytes_of(next(coming).raw) == numbered(3)[0]
    with pytest.raises(Unreachable, match="while we waited for message 2"):
        next(coming)
    source.close()
    assert place.count() == 3


def test_a_server_that_drips_cannot_hold_us_for_ever(place: SandboxPlace) -> None:
    place.timeout = 0.5
    place.deliver(b"Subject: slow\r\n\r\n" + b"drip " * 1000)
    place.misbehave(Misbehaviour.DRIP, at=1, after=30, amount=0.01)
    source = place.open()
    started = time.monotonic()
    with pytest.raises(Unreachable, match="too slow"):
        list(source.fetch(source.offered()))
    assert time.monotonic() - started < 5
    source.close()


@pytest.mark.parametrize("lie", [-1_000_000, -7, 3, 100_000])
def test_a_wrong_size_does_no_harm(place: SandboxPlace, lie: int) -> None:
    for data in numbered(20):
        place.deliver(data)
    place.misbehave(Misbehaviour.LIE, amount=lie)
    with place_closed(place.open()) as source:
        assert contents(source.fetch(source.offered())) == numbered(20)


def test_a_message_that_outgrows_the_limit_ends_the_session_as_refused(place: SandboxPlace) -> None:
    place.deliver(numbered(1)[0])
    place.deliver(b"Subject: endless\r\n\r\n" + b"more\r\n" * 200_000)
    place.deliver(numbered(2)[1])
    place.misbehave(Misbehaviour.LIE, at=2, amount=-1_199_000)
    source = place.open(largest=100_000)
    coming = source.fetch(source.offered())
    assert next(coming).failure is None
    refused = next(coming)
    assert isinstance(refused.failure, Refused)
    assert refused.offered.number == 2
    with pytest.raises(Unreachable, match="message 2 was too big"):
        next(coming)
    source.close()
    with place_closed(place.open()) as again:
        assert contents(again.fetch([again.offered()[2]])) == [numbered(2)[1]]


def test_a_message_that_is_withheld_does_not_hold_up_the_next(place: SandboxPlace) -> None:
    for data in numbered(3):
        place.deliver(data)
    place.misbehave(Misbehaviour.WITHHOLD, at=2)
    with place_closed(place.open()) as source:
        fetched = list(source.fetch(source.offered()))
    assert [each.raw is None for each in fetched] == [False, True, False]
    assert isinstance(fetched[1].failure, Refused)
    assert "cannot be read" in fetched[1].failure.reply


def test_messages_with_one_id_are_both_fetched_under_distinct_ids(place: SandboxPlace) -> None:
    for data in numbered(3):
        place.deliver(data)
    place.misbehave(Misbehaviour.REPEAT, at=3)
    with place_closed(place.open()) as source:
        ids = [each.server_id for each in source.offered()]
        assert contents(source.fetch(source.offered())) == numbered(3)
    assert ids[2] == f"{ids[0]} 2"
    with place_closed(place.open()) as source:
        assert [each.server_id for each in source.offered()] == ids


@pytest.mark.parametrize("text", ["a\r\nDELE 1", "a\nb", "a\0b", ""])
def test_a_user_name_cannot_carry_a_command(place: SandboxPlace, text: str) -> None:
    with pytest.raises(SignInRejected):
        open_pop3(Pop3Account(place.account().endpoint, text, PASSWORD))


def test_a_name_beyond_ascii_signs_in(place: SandboxPlace) -> None:
    place.server.mailboxes.open_account("jörg@example.com", "pässword with blanks")
    source = open_pop3(Pop3Account(place.account().endpoint, "jörg@example.com", "pässword with blanks"))
    assert list(source.offered()) == []
    source.close()


def test_a_long_credential_goes_in_a_line_of_its_own(place: SandboxPlace) -> None:
    long = "ü" * 300
    place.server.mailboxes.open_account(USER, long)
    place.password = long
    place.open().close()


def test_the_trial_tells_each_step(place: SandboxPlace) -> None:
    place.deliver(numbered(1)[0])
    steps = list(check(place.account()))
    assert [step.name for step in steps] == ["resolve", "connect", "greeting", "sign in", "read"]
    assert all(step.ok and step.seconds >= 0 for step in steps)
    assert "at your service" in steps[2].reply
    assert place.count() == 1


def test_the_trial_stops_where_it_fails_and_shows_no_secret(place: SandboxPlace) -> None:
    place.password = "topsecret"
    steps = list(check(place.account()))
    assert [(step.name, step.ok) for step in steps][-1] == ("sign in", False)
    assert "[AUTH]" in steps[-1].reply
    assert isinstance(steps[-1].failure, SignInRejected)
    assert "topsecret" not in repr(steps)


def tls_place(
    tmp_path: Path, authority: Authority, *names: str, days: tuple[int, int] = (-1, 30)
) -> SandboxPop3:
    mailboxes = SandboxMailboxes()
    mailboxes.open_account(USER, PASSWORD)
    context = authority.leaf(*names, days=days).context(tmp_path)
    return SandboxPop3(mailboxes, tls=context, implicit_tls=True)


@pytest.mark.parametrize(
    ("names", "days", "words"),
    [
        (("127.0.0.1",), (-10, -1), "has expired"),
        (("127.0.0.1",), (1, 10), "is not valid yet"),
        (("mail.example.com",), (-1, 10), "is for another"),
    ],
)
def test_a_certificate_that_is_not_good_is_refused_with_its_fault(
    tmp_path: Path, names: tuple[str, ...], days: tuple[int, int], words: str
) -> None:
    authority = Authority()
    with tls_place(tmp_path, authority, *names, days=days) as server:
        place = SandboxPlace(server)
        place.security, place.authority = Security.TLS, authority.pem
        with pytest.raises(Unreachable, match=words):
            place.open()
        steps = list(check(place.account()))
    assert [(step.name, step.ok) for step in steps] == [("resolve", True), ("connect", True), ("TLS", False)]


def test_a_certificate_of_a_stranger_is_refused(tmp_path: Path) -> None:
    with tls_place(tmp_path, Authority()) as server:
        place = SandboxPlace(server)
        place.security, place.authority = Security.TLS, Authority("another").pem
        with pytest.raises(Unreachable, match="authority that is not trusted"):
            place.open()
        place.authority = None
        with pytest.raises(Unreachable, match="authority that is not trusted"):
            place.open()
        place.authority = "no certificate"
        with pytest.raises(UserError, match="PEM"):
            place.open()


def test_tls_is_spoken_where_the_certificate_is_good(tmp_path: Path) -> None:
    authority = Authority()
    with tls_place(tmp_path, authority) as server:
        place = SandboxPlace(server)
        place.security, place.authority = Security.TLS, authority.pem
        for data in numbered(3):
            place.deliver(data)
        with place_closed(place.open()) as source:
            assert contents(source.fetch(source.offered())) == numbered(3)


def test_a_server_without_stls_gets_no_password(place: SandboxPlace) -> None:
    place.security = Security.STARTTLS
    with pytest.raises(BadReply, match="does not offer STLS"):
        place.open()


def test_stls_protects_the_password(tmp_path: Path) -> None:
    authority = Authority()
    mailboxes = SandboxMailboxes()
    mailboxes.open_account(USER, PASSWORD)
    with SandboxPop3(mailboxes, tls=authority.leaf().context(tmp_path)) as server:
        place = SandboxPlace(server)
        place.security, place.authority = Security.STARTTLS, authority.pem
        place.deliver(numbered(1)[0])
        with place_closed(place.open()) as source:
            assert contents(source.fetch(source.offered())) == numbered(1)


def test_a_server_that_renumbers_at_each_sign_in_still_gives_all(place: SandboxPlace) -> None:
    for data in numbered(3):
        place.deliver(data)
    place.misbehave(Misbehaviour.RENUMBER)
    seen = []
    for _ in range(2):
        with place_closed(place.open()) as source:
            seen.append({each.server_id for each in source.offered()})
            assert contents(source.fetch(source.offered())) == numbered(3)
    assert not seen[0] & seen[1]


def test_a_slow_server_is_waited_for(place: SandboxPlace) -> None:
    place.deliver(numbered(1)[0])
    place.misbehave(Misbehaviour.SLOW, amount=0.05)
    with place_closed(place.open()) as source:
        assert contents(source.fetch(source.offered())) == numbered(1)


def test_the_sandbox_serves_a_client_that_is_not_ours(place: SandboxPlace) -> None:
    for data in numbered(3):
        place.deliver(data)
    client = poplib.POP3("127.0.0.1", place.server.port, timeout=5)
    with pytest.raises(poplib.error_proto, match="sign in first"):
        client.stat()
    with pytest.raises(poplib.error_proto, match="STLS not supported"):
        client.stls()
    client.user(USER)
    client.pass_(PASSWORD)
    sizes = [len(data) for data in numbered(3)]
    assert client.stat() == (3, sum(sizes))
    assert client.list(2).split()[1:] == [b"2", b"%d" % sizes[1]]
    assert client.uidl(3).split()[1] == b"3"
    assert client.top(1, 0)[1] == [b"Subject: number 1", b""]
    assert client.retr(2)[1] == [b"Subject: number 2", b"", b".body of 2"]
    client.dele(1)
    client.noop()
    with pytest.raises(poplib.error_proto, match="no such message"):
        client.retr(1)
    client.rset()
    client.dele(3)
    with pytest.raises(poplib.error_proto, match="no such command"):
        client.rpop("x")
    client.quit()
    assert place.count() == 2


def test_a_sandbox_that_was_never_started_can_be_stopped() -> None:
    SandboxPop3(SandboxMailboxes()).stop()
