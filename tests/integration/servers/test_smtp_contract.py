"""The SMTP client keeps a sink's promises over smtp-sink, Postfix, aiosmtpd and the sandbox."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.contracts.mail_sink import Arrived, MailSinkContract, World, next_number, number_of
from tests.support.certificates import Authority
from tests.support.postfix import (
    Capture,
    Got,
    Postfix,
    Sink,
    running_capture,
    running_postfix,
    running_smtp_sink,
)
from tests.support.proxy import Proxy, proxy_to

from postroom.ports.mail import MailSink
from postroom.sandbox.faults import Fault, Misbehaviour
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.smtp import SandboxSmtp
from postroom.servers.connection import Endpoint, Security
from postroom.servers.smtp import SmtpAccount, open_smtp

pytestmark = pytest.mark.integration

#: Octets after which a connection is cut: many small messages fit, a big one does not.
CUT = 500_000


class _Reached:
    """What the worlds here have in common: a proxy before the server, which can cut."""

    has_answers = True
    loses_answers = False
    authority: str | None = None
    security = Security.PLAIN
    user = ""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy

    def open(self) -> MailSink:
        endpoint = Endpoint(
            "127.0.0.1", self.proxy.port, self.security, timeout=20, trusted_authority=self.authority
        )
        return open_smtp(SmtpAccount(endpoint, self.user, "opensesame" if self.user else None))

    def break_after(self, messages: int) -> None:
        self.proxy.up.cut_after = CUT
        self.proxy.only_connection = self.proxy.connections + 1

    def lose_answer_after(self, messages: int) -> None:
        raise NotImplementedError


class SinkWorld(_Reached):
    has_answers = False

    def __init__(self, proxy: Proxy, sink: Sink) -> None:
        super().__init__(proxy)
        self.sink = sink

    def arrived(self, count: int) -> Sequence[Arrived]:
        return self.sink.wait(count)


class CaptureWorld(_Reached):
    def __init__(self, proxy: Proxy, capture: Capture) -> None:
        super().__init__(proxy)
        self.capture = capture
        self.before = next_number()

    def arrived(self, count: int) -> Sequence[Arrived]:
        """Return what this test sent; what an earlier one sent may arrive late."""
        deadline = time.monotonic() + 20
        while len(found := self._found()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def _found(self) -> list[Got]:
        return [got for got in list(self.capture.got) if number_of(got.content) > self.before]


class SandboxWorld(_Reached):
    loses_answers = True

    def __init__(self, proxy: Proxy, server: SandboxSmtp) -> None:
        super().__init__(proxy)
        self.server = server

    def arrived(self, count: int) -> Sequence[Arrived]:
        return [Got(left.sender, left.recipients, left.data) for left in self.server.outside]

    def lose_answer_after(self, messages: int) -> None:
        self.server.faults.add(Fault(Misbehaviour.CLOSE, at=messages + 1, times=1))


class TestSmtpSinkOverSmtpSink(MailSinkContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        with running_smtp_sink(keep=True) as sink, proxy_to(sink.port) as proxy:
            yield SinkWorld(proxy, sink)


class TestSmtpSinkWithoutPipelining(MailSinkContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        with running_smtp_sink("-p", keep=True) as sink, proxy_to(sink.port) as proxy:
            yield SinkWorld(proxy, sink)


class TestSmtpSinkOverAiosmtpd(MailSinkContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        with running_capture() as capture, proxy_to(capture.port) as proxy:
            yield CaptureWorld(proxy, capture)


class TestSmtpSinkWithoutPipeliningButWithAnswers(MailSinkContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        with running_capture() as capture, proxy_to(capture.port) as proxy:
            capture.offers = ()
            yield CaptureWorld(proxy, capture)


class TestSmtpSinkUnderTls(MailSinkContract):
    @pytest.fixture(params=[Security.TLS, Security.STARTTLS])
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
        authority = Authority()
        context = authority.leaf().context(tmp_path)
        implicit = request.param is Security.TLS
        with running_capture(tls=context, implicit=implicit) as capture, proxy_to(capture.port) as proxy:
            world = CaptureWorld(proxy, capture)
            world.authority, world.security, world.user = authority.pem, request.param, "info@example.com"
            yield world


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with running_postfix() as server:
        yield server


class TestSmtpSinkOverPostfix(MailSinkContract):
    @pytest.fixture
    def world(self, postfix: Postfix) -> Iterator[World]:
        with proxy_to(postfix.port) as proxy:
            yield CaptureWorld(proxy, postfix.capture)


class TestSmtpSinkOverTheSandbox(MailSinkContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        mailboxes = SandboxMailboxes()
        mailboxes.open_account("info@example.com", "opensesame")
        answers = {
            "gone@example.org": "550 5.1.1 no such user here",
            "later@example.org": "451 4.7.1 greylisted",
        }
        with ExitStack() as stack:
            server = stack.enter_context(SandboxSmtp(mailboxes, answers=answers))
            world = SandboxWorld(stack.enter_context(proxy_to(server.port)), server)
            world.user = "info@example.com"
            yield world
