"""The POP3 client against a real Dovecot: the contract, round trips, breaks, memory."""

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from tests.contracts.mail_source import MailSourceContract, Place, bytes_of, contents, numbered
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.proxy import Proxy

from postroom.errors import BadReply, SignInRejected, TransportError, Unreachable
from postroom.servers.connection import Endpoint, Security
from postroom.servers.pop3 import Pop3Account, Pop3Source, check, open_pop3

pytestmark = pytest.mark.integration

MakeProxy = Callable[[int], Proxy]


class DovecotPlace:
    """A new mailbox of a Dovecot, reached through a proxy."""

    def __init__(self, dovecot: Dovecot, proxy: Proxy, security: Security = Security.PLAIN) -> None:
        self.dovecot = dovecot
        self.proxy = proxy
        self.user = dovecot.new_user()
        self.security = security
        self.timeout = 10.0

    def account(self, password: str = PASSWORD) -> Pop3Account:
        endpoint = Endpoint(
            "127.0.0.1",
            self.proxy.port,
            self.security,
            self.timeout,
            trusted_authority=self.dovecot.authority,
        )
        return Pop3Account(endpoint, self.user, password)

    def deliver(self, data: bytes) -> None:
        self.dovecot.deliver(self.user, data)

    def open(self, *, largest: int = 1 << 30) -> Pop3Source:
        return open_pop3(self.account(), largest=largest)

    def count(self) -> int:
        return self.dovecot.count(self.user)

    def renumber(self) -> None:
        # The new ids are made of the time in seconds.
        time.sleep(1.1)
        self.dovecot.forget_uidls(self.user)

    def break_after(self, messages: int) -> None:
        """Let the next connection break in the message after these."""
        before = self.proxy.down.octets
        source = open_pop3(self.account(), window=1)
        for _ in source.fetch(source.offered()[:messages]):
            pass
        source.abort()
        self.proxy.down.cut_after = self.proxy.down.octets - before + 30
        self.proxy.only_connection = self.proxy.connections + 1


@pytest.fixture
def place(dovecot: Dovecot, make_proxy: MakeProxy) -> DovecotPlace:
    return DovecotPlace(dovecot, make_proxy(dovecot.pop3_port))


class TestPlain(MailSourceContract):
    @pytest.fixture
    def place(self, dovecot: Dovecot, make_proxy: MakeProxy) -> Place:
        return DovecotPlace(dovecot, make_proxy(dovecot.pop3_port))


class TestTls(MailSourceContract):
    @pytest.fixture
    def place(self, dovecot: Dovecot, make_proxy: MakeProxy) -> Place:
        return DovecotPlace(dovecot, make_proxy(dovecot.pop3s_port), Security.TLS)


class TestStls(MailSourceContract):
    @pytest.fixture
    def place(self, dovecot: Dovecot, make_proxy: MakeProxy) -> Place:
        return DovecotPlace(dovecot, make_proxy(dovecot.pop3_port), Security.STARTTLS)


@pytest.mark.parametrize("count", [0, 1, 64, 1000])
def test_round_trips_grow_with_windows_and_not_with_messages(place: DovecotPlace, count: int) -> None:
    for data in numbered(count):
        place.deliver(data)
    source = place.open()
    assert contents(source.fetch(source.offered())) == numbered(count)
    source.close()
    assert place.proxy.client_turns <= count / 64 + 8


def test_round_trips_with_messages_of_ordinary_size(place: DovecotPlace) -> None:
    body = b"x" * 76 + b"\r\n"
    for data in numbered(300):
        place.deliver(data + body * 735)
    source = place.open()
    assert sum(1 for _ in source.fetch(source.offered())) == 300
    source.close()
    assert place.proxy.client_turns <= 300 / 64 + 8


def test_a_poll_without_news_takes_four_turns(place: DovecotPlace) -> None:
    for data in numbered(100):
        place.deliver(data)
    place.open().close()
    before = place.proxy.client_turns
    source = place.open()
    assert len(source.offered()) == 100
    source.close()
    # CAPA; USER, PASS, UIDL and LIST at once; QUIT. Reading the greeting is nobody's turn.
    assert place.proxy.client_turns - before <= 4


def test_discarding_takes_a_turn_per_window(place: DovecotPlace) -> None:
    for data in numbered(400):
        place.deliver(data)
    source = place.open()
    before = place.proxy.client_turns
    source.discard(source.offered())
    source.close()
    assert place.proxy.client_turns - before <= 2
    assert place.count() == 0
    assert source.farewell is None


def test_latency_costs_windows_and_not_messages(place: DovecotPlace) -> None:
    for data in numbered(200):
        place.deliver(data)
    place.open().close()
    place.proxy.set_latency(0.02)
    source = place.open()
    assert contents(source.fetch(source.offered())) == numbered(200)
    source.close()
    assert place.proxy.client_turns <= 200 / 64 + 16


def test_a_wrong_password_is_rejected(place: DovecotPlace) -> None:
    with pytest.raises(SignInRejected, match="user name or password is wrong") as caught:
        open_pop3(place.account("topsecret"))
    assert "[AUTH]" in caught.value.reply
    assert "topsecret" not in repr(caught.value) + caught.value.reply


def test_a_wrong_host_says_so(place: DovecotPlace) -> None:
    endpoint = Endpoint("mail.no-such-host.invalid", 110, Security.PLAIN, 5)
    with pytest.raises(Unreachable, match=r"no host named mail\.no-such-host\.invalid|name service"):
        open_pop3(Pop3Account(endpoint, place.user, PASSWORD))


def test_a_wrong_port_says_so(place: DovecotPlace) -> None:
    port = place.proxy.port
    place.proxy.stop()
    with pytest.raises(Unreachable, match=f"Nothing listens at 127.0.0.1:{port}"):
        open_pop3(place.account())


def test_tls_on_a_plain_port_says_so(place: DovecotPlace) -> None:
    place.security = Security.TLS
    with pytest.raises(BadReply, match="does not speak TLS from the start"):
        place.open()


def test_a_plain_start_on_a_tls_port_says_so(dovecot: Dovecot, make_proxy: MakeProxy) -> None:
    place = DovecotPlace(dovecot, make_proxy(dovecot.pop3s_port))
    place.timeout = 0.5
    with pytest.raises(Unreachable, match="expects TLS from the start"):
        place.open()


def test_an_imap_port_says_so(dovecot: Dovecot, make_proxy: MakeProxy) -> None:
    with pytest.raises(BadReply, match="is an IMAP server"):
        DovecotPlace(dovecot, make_proxy(dovecot.imap_port)).open()


@pytest.mark.parametrize("security", Security)
def test_the_trial_of_a_good_account_goes_through_all_steps(
    dovecot: Dovecot, make_proxy: MakeProxy, security: Security
) -> None:
    port = dovecot.pop3s_port if security is Security.TLS else dovecot.pop3_port
    place = DovecotPlace(dovecot, make_proxy(port), security)
    place.deliver(numbered(1)[0])
    steps = list(check(place.account()))
    assert all(step.ok for step in steps)
    assert ("TLS" in [step.name for step in steps]) == (security is not Security.PLAIN)
    assert "1 messages listed" in steps[-1].reply
    assert place.count() == 1


@pytest.mark.parametrize("after", [1, 30, 200, 420, 500, 800, 1500])
def test_a_connection_cut_anywhere_loses_nothing(place: DovecotPlace, after: int) -> None:
    for data in numbered(30):
        place.deliver(data)
    place.proxy.down.cut_after = after
    got: list[bytes] = []
    with pytest.raises(TransportError) as caught:  # noqa: PT012 - each is kept before the next
        source = place.open()
        for fetched in source.fetch(source.offered()):
            got.append(bytes_of(fetched.raw))
    assert caught.value.retry
    assert got == numbered(30)[: len(got)]
    place.proxy.heal()
    again = place.open()
    assert contents(again.fetch(again.offered())) == numbered(30)
    again.close()


def test_a_connection_cut_before_quit_is_answered_removes_all_or_nothing(place: DovecotPlace) -> None:
    for data in numbered(5):
        place.deliver(data)
    source = place.open()
    source.discard(source.offered())
    place.proxy.stop()
    source.close()
    assert isinstance(source.farewell, Unreachable)
    assert place.count() == 5


def test_a_hanging_server_is_given_up_in_time(place: DovecotPlace) -> None:
    place.timeout = 0.5
    for data in numbered(30):
        place.deliver(data)
    place.proxy.down.hang_after = 1800
    started = time.monotonic()
    with pytest.raises(Unreachable, match="said nothing for"):  # noqa: PT012
        source = place.open()
        list(source.fetch(source.offered()))
    assert time.monotonic() - started < 5


def test_a_dripping_server_is_given_up_in_time(place: DovecotPlace) -> None:
    place.timeout = 0.5
    for data in numbered(30):
        place.deliver(data)
    place.proxy.down.drip_after, place.proxy.down.drip_seconds = 1800, 0.02
    with pytest.raises(Unreachable, match="too slow"):  # noqa: PT012
        source = place.open()
        list(source.fetch(source.offered()))


def test_a_message_smaller_than_announced_is_taken_as_it_comes(place: DovecotPlace) -> None:
    data = b"Subject: lie\r\n\r\n" + b"truth\r\n" * 100
    place.dovecot.deliver_lying(place.user, data, 1_000_000)
    source = place.open()
    assert [each.size for each in source.offered()] == [1_000_000]
    assert contents(source.fetch(source.offered())) == [data]
    source.close()


def test_a_server_that_announces_a_message_and_gives_nothing_is_not_believed(place: DovecotPlace) -> None:
    # Dovecot trusts the size in the file's name, stops reading there and gives an empty message.
    place.dovecot.deliver_lying(place.user, b"Subject: lie\r\n\r\n" + b"truth\r\n" * 100, 10)
    place.deliver(numbered(1)[0])
    source = place.open()
    empty, good = source.fetch(source.offered())
    assert empty.raw is None
    assert isinstance(empty.failure, BadReply)
    assert bytes_of(good.raw) == numbered(1)[0]
    source.close()


_FETCH_BIG = """
import hashlib, pathlib, re, sys
from postroom.servers.connection import Endpoint, Security
from postroom.servers.pop3 import Pop3Account, open_pop3


def peak():
    # Not ru_maxrss: that begins with the size of the process which started this one.
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])


port, user = int(sys.argv[1]), sys.argv[2]
source = open_pop3(Pop3Account(Endpoint("127.0.0.1", port, Security.PLAIN, 60), user, "pw"))
small, big = source.offered()
coming = source.fetch([small, big])
next(coming)
before = peak()
raw = next(coming).raw
digest = hashlib.sha256()
for start in range(0, raw.size, 1 << 20):
    digest.update(raw.read(start, start + (1 << 20)))
end = raw.find(b"the very end")
source.close()
print(raw.size, end, digest.hexdigest(), peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lines of 76", "one line", "empty lines", "dots"])
def test_a_message_of_150_mb_takes_little_memory(dovecot: Dovecot, kind: str) -> None:
    unit = {"lines of 76": b"A" * 76 + b"\r\n", "one line": b"x", "empty lines": b"\r\n", "dots": b".\r\n"}[
        kind
    ]
    data = b"Subject: big\r\n\r\n" + unit * (150_000_000 // len(unit)) + b"\r\nthe very end\r\n"
    user = dovecot.new_user("big")
    dovecot.deliver(user, numbered(1)[0])
    dovecot.deliver(user, data)
    ran = subprocess.run(
        [sys.executable, "-c", _FETCH_BIG, str(dovecot.pop3_port), user],
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    size, end, digest, grown = ran.stdout.split()
    assert int(size) == len(data)
    assert int(end) == len(data) - len(b"the very end\r\n")
    assert digest == hashlib.sha256(data).hexdigest()
    assert int(grown) < 64 * 1024, f"resident memory grew by {int(grown) // 1024} MiB"


@pytest.fixture(autouse=True)
def _forget_big_mail(dovecot: Dovecot) -> Iterator[None]:
    """Give the disk space of this module's big messages back at once."""
    yield
    for user in (dovecot.directory / "mail").glob("big-*"):
        shutil.rmtree(user, ignore_errors=True)
