"""What every `MailSink` promises; each adapter's test inherits it and supplies a world."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Protocol

import pytest

from postroom.errors import Refused, TransportError
from postroom.ports.mail import Delivery, MailSink, Outcome, Submission

#: The octets of a message that is certainly still on its way when a connection breaks in it.
BIG = 3_000_000

_KEYS = count(1)


class Arrived(Protocol):
    """A message on the other side."""

    @property
    def sender(self) -> str: ...

    @property
    def recipients(self) -> tuple[str, ...]: ...

    @property
    def content(self) -> bytes: ...


class World(Protocol):
    """Where a sink sends to, seen from its other side.

    Addresses that begin with "gone" are answered 550, with "later" 451, where `has_answers`.
    """

    has_answers: bool
    #: Whether `lose_answer_after` can be asked for.
    loses_answers: bool

    def open(self) -> MailSink: ...

    def arrived(self, count: int) -> Sequence[Arrived]:
        """Return what has arrived in this test, waiting for that many messages."""
        ...

    def break_after(self, messages: int) -> None:
        """Let the next session break when that many were taken and a big one is under way."""
        ...

    def lose_answer_after(self, messages: int) -> None:
        """Let the next session break when it took one message more, before it says so."""
        ...


#: Bodies that line ends, dots and charsets make hard.
AWKWARD = {
    "a plain one": b"body\r\n",
    "a dot alone": b".\r\n",
    "a dot alone, and more": b"before\r\n.\r\nMAIL FROM:<evil@example.com>\r\n",
    "dots at line starts": b".\r\n..\r\n...\r\n.a\r\nb.\r\n",
    "eight-bit octets": "Grüße, 你好, \N{SNOWMAN}\r\n".encode(),
    "an empty body": b"",
    "empty lines at the end": b"body\r\n\r\n\r\n",
    "50,000 lines with dots": b".\r\n" * 50_000,
}

#: Line ends as no message should have them, and what becomes of them.
UNTIDY = {
    "no line end at the end": (b"ends here", b"ends here\r\n"),
    "lone line feeds": (b"a\n.\nb\n", b"a\r\n.\r\nb\r\n"),
    "a dot between lone line feeds": (b"a\n.\r\nQUIT\r\n", b"a\r\n.\r\nQUIT\r\n"),
    "lone carriage returns": (b"a\rb\r\r\n", b"a\r\nb\r\n\r\n"),
}

UNSAFE = {
    "a line end": "b@example.org>\r\nRCPT TO:<c@example.org",
    "a line feed": "b@example.org\nDATA",
    "a carriage return": "b\r@example.org",
    "a NUL": "b\0@example.org",
    "a blank": "b @example.org",
    "a no-break blank": "b\N{NO-BREAK SPACE}@example.org",
    "a line separator": "b\N{LINE SEPARATOR}@example.org",
    "an angle bracket": "b>@example.org",
}


def a_submission(
    *recipients: str, body: bytes = b"body\r\n", sender: str = "a@example.com", pieces: int = 1
) -> Submission:
    """Return a submission with a key and subject of its own."""
    key = f"k{next(_KEYS)}"
    data = b"Subject: " + key.encode() + b"\r\n\r\n" + body
    step = max(1, -(-len(data) // pieces))
    content = tuple(data[start : start + step] for start in range(0, len(data), step))
    return Submission(key, sender, recipients or ("b@example.org",), content)


def outcomes(deliveries: Iterable[Delivery]) -> list[Outcome]:
    """Return only what became of each."""
    return [delivery.outcome for delivery in deliveries]


def next_number() -> int:
    """Return a number that is smaller than those of all submissions made from now on."""
    return next(_KEYS)


def number_of(content: bytes) -> int:
    """Return the number in the subject of a submission that arrived."""
    found = re.search(rb"(?m)^Subject: k(\d+)\r?$", content)
    assert found
    return int(found[1])


def bodies(arrived: Iterable[Arrived]) -> dict[str, bytes]:
    """Return the body of each by its key; a key that came twice is an error."""
    result: dict[str, bytes] = {}
    for each in arrived:
        key = f"k{number_of(each.content)}"
        assert key not in result, "sent twice"
        result[key] = each.content.partition(b"\r\n\r\n")[2]
    return result


class MailSinkContract:
    """Inherit, and give a fixture `world`."""

    @pytest.fixture
    def world(self) -> Iterator[World]:
        raise NotImplementedError

    @contextmanager
    def opened(self, world: World) -> Iterator[MailSink]:
        sink = world.open()
        try:
            yield sink
        finally:
            sink.close()

    def submit(self, world: World, *submissions: Submission) -> list[Delivery]:
        with self.opened(world) as sink:
            return list(sink.submit(submissions))

    def require_answers(self, world: World) -> None:
        if not world.has_answers:
            pytest.skip("this server takes every address")

    def test_nothing_submitted_gives_nothing(self, world: World) -> None:
        assert self.submit(world) == []

    def test_every_submission_gets_one_delivery_in_order(self, world: World) -> None:
        submissions = [a_submission() for _ in range(7)]
        deliveries = self.submit(world, *submissions)
        assert [each.key for each in deliveries] == [each.key for each in submissions]
        assert outcomes(deliveries) == [Outcome.ACCEPTED] * 7
        assert all(each.failure is None and each.code == 250 and each.reply for each in deliveries)
        assert set(bodies(world.arrived(7))) == {each.key for each in submissions}

    def test_envelopes_arrive_as_given(self, world: World) -> None:
        submission = a_submission("b@example.org", "c@example.net", sender="me@example.com")
        self.submit(world, submission)
        (arrived,) = world.arrived(1)
        assert arrived.sender == "me@example.com"
        assert set(arrived.recipients) == {"b@example.org", "c@example.net"}

    @pytest.mark.parametrize("kind", AWKWARD)
    def test_every_octet_arrives_as_it_was_given(self, world: World, kind: str) -> None:
        submission, another = a_submission(body=AWKWARD[kind]), a_submission()
        assert outcomes(self.submit(world, submission, another)) == [Outcome.ACCEPTED] * 2
        assert bodies(world.arrived(2)) == {submission.key: AWKWARD[kind], another.key: b"body\r\n"}

    @pytest.mark.parametrize("pieces", [1, 2, 3, 7, 50])
    def test_it_does_not_matter_how_a_content_is_cut(self, world: World, pieces: int) -> None:
        submission = a_submission(body=b".\r\n..\r\n" * 8, pieces=pieces)
        self.submit(world, submission)
        assert bodies(world.arrived(1)) == {submission.key: b".\r\n..\r\n" * 8}

    def test_a_big_message_arrives_whole_between_small_ones(self, world: World) -> None:
        line = b".this is a line of a big message, with a dot before it\r\n"
        big = a_submission(body=line * (BIG // len(line)), pieces=11)
        small = [a_submission(), a_submission()]
        assert outcomes(self.submit(world, small[0], big, small[1])) == [Outcome.ACCEPTED] * 3
        assert bodies(world.arrived(3))[big.key] == line * (BIG // len(line))

    def test_one_session_serves_many_calls(self, world: World) -> None:
        with self.opened(world) as sink:
            for _ in range(3):
                assert outcomes(sink.submit([a_submission(), a_submission()])) == [Outcome.ACCEPTED] * 2
        assert len(bodies(world.arrived(6))) == 6

    def test_a_recipient_nobody_knows_is_a_refusal_and_others_go_on(self, world: World) -> None:
        self.require_answers(world)
        submissions = [a_submission(), a_submission("gone@example.org"), a_submission()]
        deliveries = self.submit(world, *submissions)
        assert outcomes(deliveries) == [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED]
        assert isinstance(deliveries[1].failure, Refused)
        assert deliveries[1].code == 550
        assert "no such user" in deliveries[1].reply
        assert set(bodies(world.arrived(2))) == {submissions[0].key, submissions[2].key}

    def test_a_recipient_to_be_tried_later_defers_the_message(self, world: World) -> None:
        self.require_answers(world)
        submissions = [a_submission("later@example.org"), a_submission()]
        deliveries = self.submit(world, *submissions)
        assert outcomes(deliveries) == [Outcome.DEFERRED, Outcome.ACCEPTED]
        assert deliveries[0].code == 451
        assert deliveries[0].failure is not None
        assert deliveries[0].failure.retry
        assert set(bodies(world.arrived(1))) == {submissions[1].key}

    def test_refused_recipients_do_not_hold_up_the_others(self, world: World) -> None:
        self.require_answers(world)
        submission = a_submission("gone@example.org", "b@example.org", "later@example.org")
        (delivery,) = self.submit(world, submission)
        assert delivery.outcome is Outcome.ACCEPTED
        assert [(address, code) for address, code, _ in delivery.refused] == [
            ("gone@example.org", 550),
            ("later@example.org", 451),
        ]
        assert "no such user" in delivery.refused[0][2]
        (arrived,) = world.arrived(1)
        assert arrived.recipients == ("b@example.org",)

    def test_a_hope_for_one_recipient_defers_rather_than_refuses(self, world: World) -> None:
        self.require_answers(world)
        (delivery,) = self.submit(world, a_submission("gone@example.org", "later@example.org"))
        assert delivery.outcome is Outcome.DEFERRED
        assert delivery.code == 451

    @pytest.mark.parametrize("kind", UNSAFE)
    @pytest.mark.parametrize("place", ["sender", "recipient", "second recipient"])
    def test_an_unsafe_address_is_refused_before_anything_is_sent(
        self, world: World, kind: str, place: str
    ) -> None:
        unsafe = {
            "sender": a_submission(sender=UNSAFE[kind]),
            "recipient": a_submission(UNSAFE[kind]),
            "second recipient": a_submission("b@example.org", UNSAFE[kind]),
        }[place]
        good = a_submission()
        deliveries = self.submit(world, unsafe, good)
        assert outcomes(deliveries) == [Outcome.REFUSED, Outcome.ACCEPTED]
        assert isinstance(deliveries[0].failure, Refused)
        assert deliveries[0].code == 0
        assert set(bodies(world.arrived(1))) == {good.key}

    def test_a_message_for_nobody_is_refused(self, world: World) -> None:
        deliveries = self.submit(world, Submission("nobody", "a@example.com", (), (b"Subject: x\r\n\r\n",)))
        assert outcomes(deliveries) == [Outcome.REFUSED]

    def test_a_session_that_breaks_defers_what_had_not_left(self, world: World) -> None:
        big = a_submission(body=b"x" * 70 + b"\r\n" + b"line of a big message\r\n" * (BIG // 23))
        submissions = [a_submission(), a_submission(), big, a_submission(), a_submission()]
        world.break_after(2)
        deliveries = self.submit(world, *submissions)
        assert [each.key for each in deliveries] == [each.key for each in submissions]
        assert outcomes(deliveries[:2]) == [Outcome.ACCEPTED] * 2
        # The network may have taken all of it before the connection broke further on.
        assert deliveries[2].outcome in {Outcome.DEFERRED, Outcome.UNCERTAIN}
        assert outcomes(deliveries[3:]) == [Outcome.DEFERRED] * 2
        assert all(isinstance(each.failure, TransportError) and each.failure.retry for each in deliveries[2:])
        assert set(bodies(world.arrived(2))) == {each.key for each in submissions[:2]}
        assert outcomes(self.submit(world, *submissions[2:])) == [Outcome.ACCEPTED] * 3
        assert set(bodies(world.arrived(5))) == {each.key for each in submissions}

    def test_a_lost_answer_is_uncertain_and_nothing_is_sent_twice(self, world: World) -> None:
        if not world.loses_answers:
            pytest.skip("this server can't be told to lose an answer")
        submissions = [a_submission() for _ in range(4)]
        world.lose_answer_after(1)
        deliveries = self.submit(world, *submissions)
        expected = [Outcome.ACCEPTED, Outcome.UNCERTAIN, Outcome.DEFERRED, Outcome.DEFERRED]
        assert outcomes(deliveries) == expected
        assert all(isinstance(each.failure, TransportError) for each in deliveries[1:])
        assert set(bodies(world.arrived(2))) == {each.key for each in submissions[:2]}

    def test_closing_twice_raises_nothing(self, world: World) -> None:
        sink = world.open()
        list(sink.submit([a_submission()]))
        sink.close()
        sink.close()

    def test_what_is_not_asked_for_is_not_sent(self, world: World) -> None:
        submissions = [a_submission() for _ in range(3)]
        with self.opened(world) as sink:
            coming = sink.submit(submissions)
            assert next(iter(coming)).outcome is Outcome.ACCEPTED
            if hasattr(coming, "close"):
                coming.close()
            other = a_submission()
            assert outcomes(sink.submit([other])) == [Outcome.ACCEPTED]
        assert set(bodies(world.arrived(2))) == {submissions[0].key, other.key}
