"""The sandbox's SMTP server, seen through the client: delivery, the world outside, misbehaviour."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contracts.mail_sink import a_submission, bodies, outcomes
from tests.support.certificates import Authority
from tests.support.postfix import Got

from postroom.errors import BadReply, SignInRejected, Throttled, Unreachable
from postroom.ports.mail import Delivery, Outcome, Submission
from postroom.sandbox.faults import Fault, Misbehaviour
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.smtp import SandboxSmtp, SignIn
from postroom.servers.connection import Endpoint, Security
from postroom.servers.smtp import SmtpAccount, open_smtp

pytestmark = pytest.mark.integration

A, D, R, U = Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.REFUSED, Outcome.UNCERTAIN
USER, PASSWORD = "info@example.com", "opensesame"


@pytest.fixture
def mailboxes() -> SandboxMailboxes:
    made = SandboxMailboxes()
    made.open_account(USER, PASSWORD)
    made.open_account("sales@example.com", "other")
    return made


@pytest.fixture
def server(mailboxes: SandboxMailboxes) -> Iterator[SandboxSmtp]:
    with SandboxSmtp(mailboxes) as running:
        yield running


def an_account(
    server: SandboxSmtp,
    *,
    password: str = PASSWORD,
    security: Security = Security.PLAIN,
    authority: str | None = None,
) -> SmtpAccount:
    endpoint = Endpoint("127.0.0.1", server.port, security, timeout=2, trusted_authority=authority)
    return SmtpAccount(endpoint, USER if password else "", password or None, patience_seconds=2)


def send(server: SandboxSmtp, *submissions: Submission) -> list[Delivery]:
    with open_smtp(an_account(server)) as sink:
        return list(sink.submit(submissions))


def test_mail_goes_to_mailboxes_here_and_the_rest_stays_with_the_outside(
    server: SandboxSmtp, mailboxes: SandboxMailboxes
) -> None:
    submission = a_submission("Sales@example.com", "customer@example.org", "other@example.net", sender=USER)
    assert outcomes(send(server, submission)) == [A]
    (kept,) = mailboxes.list("sales@example.com")
    assert kept.read() == b"Return-Path: <info@example.com>\r\n" + b"".join(submission.content)
    (left,) = server.outside
    assert left.recipients == ("customer@example.org", "other@example.net")
    assert (left.sender, left.user) == (USER, USER)
    assert left.data == b"".join(submission.content)


def test_a_notice_without_sender_is_taken(server: SandboxSmtp) -> None:
    assert outcomes(send(server, a_submission(sender=""))) == [A]
    assert server.outside[0].sender == ""


def test_nobody_needs_to_sign_in_unless_told_to(server: SandboxSmtp) -> None:
    with open_smtp(an_account(server, password="")) as sink:
        assert outcomes(sink.submit([a_submission()])) == [A]
    assert server.outside[0].user == ""


def test_those_who_must_sign_in_cannot_send_without(mailboxes: SandboxMailboxes) -> None:
    with SandboxSmtp(mailboxes, sign_in=SignIn.REQUIRED) as server:
        with open_smtp(an_account(server, password="")) as sink:
            (delivery,) = sink.submit([a_submission()])
        assert delivery.outcome is D
        assert isinstance(delivery.failure, SignInRejected)
        with open_smtp(an_account(server)) as sink:
            assert outcomes(sink.submit([a_submission()])) == [A]


def test_a_wrong_password_does_not_open_a_session(server: SandboxSmtp) -> None:
    with pytest.raises(SignInRejected):
        open_smtp(an_account(server, password="other"))


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_it_speaks_tls_both_ways(mailboxes: SandboxMailboxes, tmp_path: Path, security: Security) -> None:
    authority = Authority()
    context = authority.leaf().context(tmp_path)
    with (
        SandboxSmtp(mailboxes, tls=context, implicit_tls=security is Security.TLS) as server,
        open_smtp(an_account(server, security=security, authority=authority.pem)) as sink,
    ):
        assert outcomes(sink.submit([a_submission(), a_submission()])) == [A, A]


@pytest.mark.parametrize(
    ("fault", "expected", "failure", "taken"),
    [
        (Fault(Misbehaviour.CLOSE, at=2), [A, U, D], Unreachable, 2),
        (Fault(Misbehaviour.HANG, at=2), [A, U, D], Unreachable, 2),
        (Fault(Misbehaviour.WITHHOLD, at=2, times=1), [A, R, A], None, 2),
        (Fault(Misbehaviour.TOO_SOON, at=2, times=1), [A, D, A], Throttled, 2),
        (Fault(Misbehaviour.BABBLE, at=2), [A, U, D], BadReply, 2),
        (Fault(Misbehaviour.SLOW, at=2, amount=0.2), [A, A, A], None, 3),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Fault) else "",
)
def test_each_misbehaviour_has_its_outcome(
    server: SandboxSmtp, fault: Fault, expected: list[Outcome], failure: type[Exception] | None, taken: int
) -> None:
    server.faults.add(fault)
    submissions = [a_submission() for _ in range(3)]
    deliveries = send(server, *submissions)
    assert outcomes(deliveries) == expected
    if failure is not None:
        assert isinstance(deliveries[1].failure, failure)
    assert len(bodies(Got(left.sender, left.recipients, left.data) for left in server.outside)) == taken
    server.faults.clear()
    assert outcomes(send(server, a_submission())) == [A]


def test_every_sign_in_can_be_refused(server: SandboxSmtp) -> None:
    server.faults.add(Fault(Misbehaviour.REFUSE, user=USER, times=1))
    with pytest.raises(SignInRejected):
        open_smtp(an_account(server))
    assert outcomes(send(server, a_submission())) == [A]


def test_it_can_be_stopped_with_sessions_open_and_started_on_the_same_port(
    mailboxes: SandboxMailboxes,
) -> None:
    with SandboxSmtp(mailboxes) as first:
        sink = open_smtp(an_account(first))
        assert outcomes(sink.submit([a_submission()])) == [A]
    with SandboxSmtp(mailboxes, port=first.port) as second:
        assert outcomes(sink.submit([a_submission()])) == [A]
        assert len(second.outside) == 1
    sink.close()


def test_a_server_that_was_never_started_can_be_stopped(mailboxes: SandboxMailboxes) -> None:
    SandboxSmtp(mailboxes).stop()
