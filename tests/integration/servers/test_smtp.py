"""The SMTP client against servers that fail, refuse, hang, lie and forget."""

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.contracts.mail_sink import a_submission, bodies, outcomes
from tests.support.certificates import Authority
from tests.support.postfix import Sink, running_capture, running_smtp_sink
from tests.support.proxy import proxy_to
from tests.support.smtp_script import HANG_UP, SILENCE, running_script

from postroom.errors import (
    BadReply,
    Refused,
    SignInRejected,
    StoreError,
    Throttled,
    TransportError,
    Unreachable,
)
from postroom.ports.mail import Delivery, Outcome, Submission
from postroom.servers.connection import Endpoint, Security
from postroom.servers.smtp import SmtpAccount, SmtpSink, check, open_smtp

pytestmark = pytest.mark.integration

A, D, R, U = Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.REFUSED, Outcome.UNCERTAIN


def an_account(
    port: int,
    *,
    user: str = "",
    password: str | None = None,
    security: Security = Security.PLAIN,
    authority: str | None = None,
    timeout: float = 20.0,
    patience: float = 20.0,
) -> SmtpAccount:
    endpoint = Endpoint("127.0.0.1", port, security, timeout=timeout, trusted_authority=authority)
    return SmtpAccount(endpoint, user, password, patience_seconds=patience)


def send(port: int, *submissions: Submission, **account: float) -> list[Delivery]:
    """Submit on a session of its own."""
    with open_smtp(an_account(port, **account)) as sink:  # type: ignore[arg-type]
        return list(sink.submit(submissions))


def three() -> list[Submission]:
    return [a_submission() for _ in range(3)]


class TestRefusals:
    """smtp-sink answers one command with an error, always."""

    @pytest.mark.parametrize("command", ["mail", "rcpt", "data", "."])
    def test_a_lasting_error_refuses_each_message_and_the_session_goes_on(
        self, smtp_sink: Callable[..., Sink], command: str
    ) -> None:
        deliveries = send(smtp_sink("-f", command).port, *three())
        assert outcomes(deliveries) == [R, R, R]
        assert all(
            isinstance(each.failure, Refused) and each.code >= 500 and each.reply for each in deliveries
        )

    @pytest.mark.parametrize("command", ["mail", "rcpt", "data", "."])
    @pytest.mark.parametrize("pipelining", [(), ("-p",)])
    def test_a_passing_error_defers_each_message(
        self, smtp_sink: Callable[..., Sink], command: str, pipelining: tuple[str, ...]
    ) -> None:
        deliveries = send(smtp_sink("-r", command, *pipelining).port, *three())
        assert outcomes(deliveries) == [D, D, D]
        assert all(isinstance(each.failure, Throttled) and 400 <= each.code < 500 for each in deliveries)

    @pytest.mark.parametrize("command", ["mail", "rcpt", "data"])
    @pytest.mark.parametrize("pipelining", [(), ("-p",)])
    def test_a_connection_dropped_before_the_content_defers_all(
        self, smtp_sink: Callable[..., Sink], command: str, pipelining: tuple[str, ...]
    ) -> None:
        deliveries = send(smtp_sink("-q", command, *pipelining).port, *three())
        assert outcomes(deliveries) == [D, D, D]
        assert all(isinstance(each.failure, Unreachable) for each in deliveries)

    def test_a_connection_dropped_after_the_content_is_uncertain(
        self, smtp_sink: Callable[..., Sink]
    ) -> None:
        deliveries = send(smtp_sink("-q", ".").port, *three())
        assert outcomes(deliveries) == [U, D, D]
        assert isinstance(deliveries[0].failure, Unreachable)

    @pytest.mark.parametrize("command", ["mail", "rcpt", "data", "."])
    def test_a_server_that_goes_away_defers_the_rest(
        self, smtp_sink: Callable[..., Sink], command: str
    ) -> None:
        deliveries = send(smtp_sink("-Q", command).port, *three())
        assert outcomes(deliveries) == [D, D, D]
        assert deliveries[0].code == 421
        assert [each.code for each in deliveries[1:]] == [0, 0]
        assert all(isinstance(each.failure, Throttled) for each in deliveries)

    def test_a_refusal_in_the_middle_of_a_content_does_not_harm_the_next(
        self, smtp_sink: Callable[..., Sink]
    ) -> None:
        deliveries = send(smtp_sink("-A", "0").port, *three())
        assert outcomes(deliveries) == [R, R, R]
        assert {each.code for each in deliveries} == {550}

    def test_a_slow_answer_is_waited_for(self, smtp_sink: Callable[..., Sink]) -> None:
        assert outcomes(send(smtp_sink("-W", ".:2").port, a_submission(), timeout=0.7)) == [A]

    def test_a_server_without_extensions_is_served(self, smtp_sink: Callable[..., Sink]) -> None:
        sink = smtp_sink("-e", keep=True)
        submissions = three()
        assert outcomes(send(sink.port, *submissions)) == [A, A, A]
        assert set(bodies(sink.wait(3))) == {each.key for each in submissions}

    def test_a_server_that_stops_reading_defers_the_message(self, smtp_sink: Callable[..., Sink]) -> None:
        big = a_submission(body=b"a line of a big message\r\n" * 1_300_000)
        deliveries = send(smtp_sink("-H", "20", "-T", "4096").port, big, a_submission(), timeout=1)
        assert outcomes(deliveries) == [D, D]
        assert all(isinstance(each.failure, Unreachable) for each in deliveries)


class TestTurns:
    """Round trips, counted by a proxy."""

    @pytest.mark.parametrize(("options", "turns"), [((), 1), (("-p",), 4)])
    def test_a_message_on_a_reused_connection_costs_few_turns(
        self, smtp_sink: Callable[..., Sink], options: tuple[str, ...], turns: int
    ) -> None:
        with proxy_to(smtp_sink(*options).port) as proxy, open_smtp(an_account(proxy.port)) as sink:
            assert outcomes(sink.submit([a_submission()])) == [A]
            before = proxy.client_turns
            assert outcomes(sink.submit([a_submission() for _ in range(100)])) == [A] * 100
            assert proxy.client_turns - before <= turns * 100 + 1
            assert proxy.connections == 1

    def test_hundreds_of_recipients_are_named_in_groups(self, smtp_sink: Callable[..., Sink]) -> None:
        people = [f"person{number}@example.org" for number in range(450)]
        sink = smtp_sink(keep=True)
        with proxy_to(sink.port) as proxy, open_smtp(an_account(proxy.port)) as open_sink:
            before = proxy.client_turns
            assert outcomes(open_sink.submit([a_submission(*people), a_submission(*people)])) == [A, A]
            assert proxy.client_turns - before <= 12
        assert [sorted(each.recipients) for each in sink.wait(2)] == [sorted(people)] * 2


class TestTime:
    """Servers that hang or drip."""

    def test_a_silent_server_is_given_up_before_the_content(self) -> None:
        with running_script(data=SILENCE) as server:
            started = time.monotonic()
            deliveries = send(server.port, *three(), timeout=0.5)
            assert outcomes(deliveries) == [D, D, D]
            assert time.monotonic() - started < 5
            assert server.contents == []

    def test_a_silent_server_after_the_content_leaves_it_uncertain(self) -> None:
        with running_script(end=SILENCE) as server:
            started = time.monotonic()
            deliveries = send(server.port, a_submission(), timeout=0.3, patience=1.0)
            assert outcomes(deliveries) == [U]
            assert 1.0 <= time.monotonic() - started < 5
            assert "said nothing" in str(deliveries[0].failure)

    def test_a_dripping_server_is_still_understood(self, smtp_sink: Callable[..., Sink]) -> None:
        with proxy_to(smtp_sink().port) as proxy, open_smtp(an_account(proxy.port)) as sink:
            proxy.down.drip_after = proxy.down.octets
            proxy.down.drip_seconds = 0.005
            assert outcomes(sink.submit([a_submission()])) == [A]

    def test_an_answer_that_drips_for_ever_is_given_up(self) -> None:
        with (
            running_script() as server,
            proxy_to(server.port) as proxy,
            open_smtp(an_account(proxy.port, timeout=0.6)) as sink,
        ):
            proxy.down.drip_after = proxy.down.octets
            proxy.down.drip_seconds = 0.25
            started = time.monotonic()
            assert outcomes(sink.submit(three())) == [D, D, D]
            assert time.monotonic() - started < 5


class TestLasting:
    """A sink that stays open while the server does not."""

    def test_a_connection_that_was_closed_while_idle_is_opened_anew(self) -> None:
        with running_script() as server, open_smtp(an_account(server.port)) as sink:
            assert outcomes(sink.submit([a_submission()])) == [A]
            server.hang_up()
            assert outcomes(sink.submit([a_submission(), a_submission()])) == [A, A]
            assert server.connections == 2
            assert len(server.contents) == 3

    def test_a_farewell_to_an_idle_connection_is_no_failure(self) -> None:
        mail = ["250 ok", "421 4.4.2 idle too long", "250 ok"]
        with running_script(mail=mail) as server, open_smtp(an_account(server.port)) as sink:
            assert outcomes(sink.submit([a_submission()])) == [A]
            assert outcomes(sink.submit([a_submission()])) == [A]
            assert server.connections == 2

    def test_a_farewell_in_the_middle_is_heeded(self) -> None:
        mail = ["250 ok", "421 4.7.0 slow down", "250 ok"]
        with running_script(mail=mail) as server, open_smtp(an_account(server.port)) as sink:
            deliveries = list(sink.submit(three()))
            assert outcomes(deliveries) == [A, D, D]
            assert server.connections == 1
            assert outcomes(sink.submit(three())) == [A, A, A]

    def test_a_server_that_is_gone_defers_all_and_is_asked_once(self) -> None:
        with running_script() as server:
            sink = open_smtp(an_account(server.port))
            assert outcomes(sink.submit([a_submission()])) == [A]
        deliveries = list(sink.submit(three()))
        assert outcomes(deliveries) == [D, D, D]
        assert "Nothing listens" in str(deliveries[2].failure)
        sink.close()

    def test_a_password_that_was_changed_meanwhile_defers_all(self) -> None:
        auth = ["235 welcome", "535 5.7.8 who are you"]
        offers = "250-x\r\n250-PIPELINING\r\n250 AUTH PLAIN"
        with (
            running_script(auth=auth, ehlo=offers) as server,
            open_smtp(an_account(server.port, user="u", password="opensesame")) as sink,
        ):
            assert outcomes(sink.submit([a_submission()])) == [A]
            server.hang_up()
            deliveries = list(sink.submit(three()))
        assert outcomes(deliveries) == [D, D, D]
        assert all(isinstance(each.failure, SignInRejected) for each in deliveries)

    def test_a_live_session_says_so(self) -> None:
        with running_script() as server, open_smtp(an_account(server.port)) as sink:
            assert sink.is_alive()
            server.hang_up()
            assert not sink.is_alive()
            assert outcomes(sink.submit([a_submission()])) == [A]

    def test_a_server_that_hangs_up_after_a_refusal_is_called_again(self) -> None:
        with running_script(end=["552 5.3.4 too big for us" + HANG_UP, "250 taken"]) as server:
            assert outcomes(send(server.port, *three())) == [R, A, A]
            assert server.connections == 2


class TestSenselessServers:
    def test_babble_before_the_content_defers(self) -> None:
        with running_script(rcpt="hello there, friend") as server:
            deliveries = send(server.port, *three())
            assert outcomes(deliveries) == [D, D, D]
            assert isinstance(deliveries[0].failure, BadReply)

    def test_babble_after_the_content_is_uncertain(self) -> None:
        with running_script(end="fine, thanks") as server:
            deliveries = send(server.port, *three())
            assert outcomes(deliveries) == [U, D, D]
            assert isinstance(deliveries[0].failure, BadReply)

    @pytest.mark.parametrize("said", ["250 as you like", "220 hm", "399 hm"])
    def test_a_wrong_yes_to_data_sends_nothing(self, said: str) -> None:
        with running_script(data=said) as server:
            deliveries = send(server.port, *three())
            assert outcomes(deliveries) == [D, D, D]
            assert server.contents == []

    def test_a_question_in_answer_to_a_content_is_uncertain(self) -> None:
        with running_script(end="354 go on") as server:
            assert outcomes(send(server.port, *three())) == [U, D, D]

    def test_content_is_never_sent_when_nobody_may_have_it(self) -> None:
        with running_script(rcpt=["550 no", "250 ok"], end=["554 no valid recipients", "250 ok"]) as server:
            assert outcomes(send(server.port, a_submission(), a_submission())) == [R, A]
            assert server.contents[0] == b""
            assert len(server.contents) == 2

    def test_a_transaction_left_open_is_called_off(self) -> None:
        with running_script(data=["451 4.3.0 later", "354 go"]) as server:
            assert outcomes(send(server.port, a_submission(), a_submission())) == [D, A]
            assert "RSET" in server.verbs()

    def test_a_reply_without_end_is_given_up(self) -> None:
        endless = "\r\n".join(["250-more"] * 20_000)
        with running_script(mail=endless) as server:
            assert outcomes(send(server.port, *three())) == [D, D, D]

    def test_many_lines_are_one_reply(self) -> None:
        with running_script(end="250-first\r\n250-second\r\n250 third") as server:
            deliveries = send(server.port, *three())
            assert outcomes(deliveries) == [A, A, A]
            assert deliveries[0].reply == "first second third"

    def test_a_missing_sign_in_is_not_held_against_the_message(self) -> None:
        with running_script(mail="530 5.7.0 authentication required") as server:
            deliveries = send(server.port, *three())
            assert outcomes(deliveries) == [D, D, D]
            assert all(isinstance(each.failure, SignInRejected) for each in deliveries)

    def test_greylisting_says_how_long_to_wait(self) -> None:
        with running_script(rcpt="451 4.7.1 Greylisted, come back in 10 minutes") as server:
            (delivery,) = send(server.port, a_submission())
            assert isinstance(delivery.failure, Throttled)
            assert delivery.failure.retry_after == 600

    def test_a_server_that_only_knows_helo_is_served(self) -> None:
        with running_script(ehlo="502 5.5.1 what?") as server:
            assert outcomes(send(server.port, *three())) == [A, A, A]
            assert "HELO" in server.verbs()

    @pytest.mark.parametrize(
        ("greeting", "failure"),
        [
            ("421 4.3.2 too many connections", Throttled),
            ("554 5.7.1 your address is not welcome", SignInRejected),
            ("+OK POP3 server ready", BadReply),
            (HANG_UP, Unreachable),
            (SILENCE, Unreachable),
        ],
    )
    def test_a_bad_greeting_opens_nothing(self, greeting: str, failure: type[TransportError]) -> None:
        with running_script(greeting=greeting) as server, pytest.raises(failure):
            open_smtp(an_account(server.port, timeout=0.5))


class TestEnvelope:
    def test_a_server_without_smtputf8_is_not_asked_to_take_such_addresses(self) -> None:
        with running_script() as server:
            deliveries = send(
                server.port,
                a_submission("jörg@example.org"),
                a_submission("jörg@example.org", "b@example.org"),
                a_submission(sender="jörg@example.com"),
                a_submission("info@bücher.example"),
            )
            assert outcomes(deliveries) == [R, A, R, A]
            assert "SMTPUTF8" in str(deliveries[0].failure)
            assert [address for address, _, _ in deliveries[1].refused] == ["jörg@example.org"]
            assert "RCPT TO:<info@xn--bcher-kva.example>" in server.commands
            assert len(server.contents) == 2

    def test_a_server_with_smtputf8_is_told_of_it(self) -> None:
        with running_capture() as capture:
            assert outcomes(send(capture.port, a_submission("jörg@bücher.example"))) == [A]
            (got,) = capture.wait(1)
            assert got.recipients == ("jörg@xn--bcher-kva.example",)
            assert "SMTPUTF8" in got.options

    def test_eight_bit_bodies_are_announced(self) -> None:
        with running_capture() as capture:
            send(capture.port, a_submission(body="Grüße\r\n".encode()), a_submission())
            options = [each.options for each in capture.wait(2)]
            assert ["BODY=8BITMIME" in each for each in options] == [True, False]
            assert not any("SMTPUTF8" in each for each in options)

    def test_a_message_beyond_the_limit_is_refused_before_it_travels(self) -> None:
        with running_capture(size_limit=100_000) as capture, proxy_to(capture.port) as proxy:
            big = a_submission(body=b"line of text\r\n" * 10_000)
            deliveries = send(proxy.port, big, a_submission())
            assert outcomes(deliveries) == [R, A]
            assert "at most 100000" in str(deliveries[0].failure)
            assert proxy.up.octets < 2000

    def test_a_receipt_is_asked_for_where_the_server_can(self, smtp_sink: Callable[..., Sink]) -> None:
        for options, commands in (
            ((), "RCPT TO:<b@example.org> NOTIFY=SUCCESS,FAILURE,DELAY"),
            (("-N",), "RCPT TO:<b@example.org>"),
        ):
            offers = "250-x\r\n250-PIPELINING\r\n250 " + ("HELP" if options else "DSN")
            with running_script(ehlo=offers) as server:
                submission = Submission(
                    "k", "a@example.com", ("b@example.org",), (b"\r\n",), delivery_receipt=True
                )
                assert outcomes(send(server.port, submission)) == [A]
                assert commands in server.commands

    def test_the_empty_sender_of_a_notice_is_allowed(self, smtp_sink: Callable[..., Sink]) -> None:
        with running_script() as server:
            assert outcomes(send(server.port, a_submission(sender=""))) == [A]
            assert "MAIL FROM:<>" in server.commands


class _Unreadable:
    """A content that breaks off when it is read for the n-th time."""

    def __init__(self, *, at_reading: int, size: int = 3_000_000) -> None:
        self.readings = 0
        self.at_reading = at_reading
        self.size = size

    def __iter__(self) -> Iterator[bytes]:
        self.readings += 1
        yield b"Subject: x\r\n\r\n"
        yield b"line of text\r\n" * (self.size // 14)
        if self.readings == self.at_reading:
            raise StoreError("the blob is gone")
        yield b"the end\r\n"


class TestContents:
    @pytest.mark.parametrize("at_reading", [1, 2])
    def test_a_content_that_cannot_be_read_is_not_sent_and_harms_nobody(self, at_reading: int) -> None:
        with running_script() as server:
            bad = Submission("bad", "a@example.com", ("b@example.org",), _Unreadable(at_reading=at_reading))
            deliveries = send(server.port, a_submission(), bad, a_submission())
            assert outcomes(deliveries) == [A, D, A]
            assert "the blob is gone" in str(deliveries[1].failure)
            assert sum(b"the end" in content for content in server.contents) == 0

    def test_a_big_message_never_lies_in_memory_whole(self, smtp_sink: Callable[..., Sink]) -> None:
        class Big:
            def __iter__(self) -> Iterator[bytes]:
                yield b"Subject: big\r\n\r\n"
                for _ in range(60):
                    yield b"line of text, of which there are many\r\n" * 25_000

        port = smtp_sink().port
        tracemalloc.start()
        try:
            submission = Submission("big", "a@example.com", ("b@example.org",), Big())
            assert outcomes(send(port, submission)) == [A]
            assert tracemalloc.get_traced_memory()[1] < 16_000_000
        finally:
            tracemalloc.stop()


class TestSignIn:
    @pytest.mark.parametrize(
        ("without", "security", "used"),
        [
            ((), Security.PLAIN, "CRAM-MD5"),
            (("CRAM-MD5",), Security.PLAIN, "PLAIN"),
            (("CRAM-MD5", "PLAIN"), Security.PLAIN, "LOGIN"),
            ((), Security.STARTTLS, "PLAIN"),
            (("PLAIN",), Security.TLS, "LOGIN"),
        ],
    )
    def test_the_best_mechanism_that_both_know_is_used(
        self, tmp_path: Path, without: tuple[str, ...], security: Security, used: str
    ) -> None:
        authority = Authority()
        tls = None if security is Security.PLAIN else authority.leaf().context(tmp_path)
        implicit = security is Security.TLS
        with running_capture(tls=tls, implicit=implicit, without_mechanisms=without) as capture:
            account = an_account(
                capture.port, user="jörg", password="opensesame", security=security, authority=authority.pem
            )
            with open_smtp(account) as sink:
                assert outcomes(sink.submit([a_submission()])) == [A]
            assert [(mechanism, user) for mechanism, user, _ in capture.signed_in] == [(used, "jörg")]

    def test_a_password_beyond_ascii_is_sent_as_utf8(self) -> None:
        with running_capture(without_mechanisms=("CRAM-MD5",)) as capture:
            with pytest.raises(SignInRejected):
                open_smtp(an_account(capture.port, user="u", password="pässwörd"))
            assert capture.signed_in == [("PLAIN", "u", "pässwörd")]

    def test_a_wrong_password_is_tried_once_and_shown_nowhere(self) -> None:
        with running_capture() as capture:
            account = an_account(capture.port, user="u", password="swordfish-7")
            with pytest.raises(SignInRejected) as caught:
                open_smtp(account)
            assert len(capture.signed_in) == 1
        assert "swordfish-7" not in f"{caught.value!r} {caught.value.reply} {account!r}"

    def test_a_password_that_the_server_repeats_is_masked(self) -> None:
        offers = "250-x\r\n250-PIPELINING\r\n250 AUTH PLAIN"
        said = "535 5.7.8 AHUAc3dvcmRmaXNoLTc= c3dvcmRmaXNoLTc= swordfish-7 is wrong"
        with running_script(ehlo=offers, auth=said) as server, pytest.raises(SignInRejected) as caught:
            open_smtp(an_account(server.port, user="u", password="swordfish-7"))
        assert caught.value.reply == "5.7.8 *** *** *** is wrong"

    def test_a_server_that_knows_none_of_our_mechanisms_is_named(self) -> None:
        offers = "250-x\r\n250 AUTH GSSAPI NTLM"
        with running_script(ehlo=offers) as server, pytest.raises(SignInRejected, match="GSSAPI, NTLM"):
            open_smtp(an_account(server.port, user="u", password="swordfish-7"))

    def test_a_passing_trouble_with_signing_in_is_not_a_wrong_password(self) -> None:
        offers = "250-x\r\n250 AUTH PLAIN"
        with running_script(ehlo=offers, auth="454 4.7.0 try later") as server, pytest.raises(Throttled):
            open_smtp(an_account(server.port, user="u", password="swordfish-7"))


class TestTls:
    def test_a_server_without_starttls_gets_no_mail(self) -> None:
        with running_script() as server, pytest.raises(BadReply, match="does not offer STARTTLS"):
            open_smtp(an_account(server.port, security=Security.STARTTLS))

    def test_words_slipped_in_before_tls_are_not_trusted(self) -> None:
        offers = "250-x\r\n250 STARTTLS"
        slipped = "220 go\r\n250 evil"
        with (
            running_script(ehlo=offers, starttls=slipped) as server,
            pytest.raises(BadReply, match="not trusted"),
        ):
            open_smtp(an_account(server.port, security=Security.STARTTLS))

    def test_a_certificate_of_nobody_we_trust_gets_no_mail(self, tmp_path: Path) -> None:
        context = Authority().leaf().context(tmp_path)
        with running_capture(tls=context) as capture, pytest.raises(Unreachable, match="certificate"):
            open_smtp(an_account(capture.port, security=Security.STARTTLS, authority=Authority().pem))


class TestSteps:
    def test_a_good_account_passes_every_step(self, tmp_path: Path) -> None:
        authority = Authority()
        with running_capture(tls=authority.leaf().context(tmp_path)) as capture:
            account = an_account(
                capture.port,
                user="u",
                password="opensesame",
                security=Security.STARTTLS,
                authority=authority.pem,
            )
            steps = list(check(account, "me@example.com"))
            assert capture.got == []
        assert [step.name for step in steps] == [
            "resolve",
            "connect",
            "greeting",
            "EHLO",
            "TLS",
            "sign in",
            "offer",
        ]
        assert all(step.ok and step.seconds >= 0 for step in steps)
        assert "TLSv1" in steps[4].reply

    def test_the_first_step_that_fails_is_the_last(self) -> None:
        with running_capture() as capture:
            steps = list(check(an_account(capture.port, user="u", password="swordfish-7"), "me@example.com"))
        assert [step.ok for step in steps] == [True, True, True, True, False]
        assert isinstance(steps[-1].failure, SignInRejected)
        assert "swordfish-7" not in repr(steps)

    def test_a_sender_that_the_server_does_not_want_shows(self) -> None:
        with running_capture() as capture:
            steps = list(check(an_account(capture.port), "banned@example.com"))
        assert steps[-1].name == "offer"
        assert not steps[-1].ok
        assert steps[-1].reply == "5.7.1 not from you"

    def test_nobody_listening_fails_at_the_second_step(self) -> None:
        with running_script() as server:
            port = server.port
        steps = list(check(an_account(port)))
        assert [(step.name, step.ok) for step in steps] == [("resolve", True), ("connect", False)]


def test_a_sink_without_a_session_opens_one_when_it_is_needed() -> None:
    with running_script() as server, SmtpSink(an_account(server.port)) as sink:
        assert server.connections == 0
        assert outcomes(sink.submit([a_submission()])) == [A]


@pytest.fixture
def smtp_sink() -> Iterator[Callable[..., Sink]]:
    with ExitStack() as stack:
        yield lambda *options, keep=False: stack.enter_context(running_smtp_sink(*options, keep=keep))
