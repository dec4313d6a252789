"""What every `MailSource` promises; each adapter's test inherits it and supplies a place."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import pytest

from postroom.errors import TooLarge, TransportError
from postroom.mime.message import Raw
from postroom.ports.mail import Fetched, MailSource, Offered


class Place(Protocol):
    """A mailbox that a source can be opened on, seen from its other side."""

    def deliver(self, data: bytes) -> None: ...

    def open(self, *, largest: int = 1 << 30) -> MailSource: ...

    def count(self) -> int: ...

    def renumber(self) -> None: ...

    def break_after(self, messages: int) -> None:
        """Let the next session break when it has given about this many messages."""
        ...


class PlaceWithSent(Place, Protocol):
    """A mailbox whose source also shows what the mailbox has sent."""

    def send(self, data: bytes) -> None: ...


#: Bytes that readers of lines, counters of octets and guessers of charsets have stumbled over.
AWKWARD = {
    "a plain one": b"Subject: hello\r\n\r\nbody\r\n",
    "a dot alone": b"Subject: dots\r\n\r\n.\r\n",
    "dots at line starts": b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.a\r\nb.\r\n",
    "a dot first of all": b".Subject: dot\r\n\r\nbody\r\n",
    "a line of 100,000 octets": b"Subject: long\r\n\r\n" + b"x" * 100_000 + b"\r\n",
    "100,000 empty lines": b"Subject: empty\r\n\r\n" + b"\r\n" * 100_000,
    "100,000 lines with dots": b"Subject: many dots\r\n\r\n" + b".\r\n" * 100_000,
    "raw eight-bit octets": b"Subject: \xe4\xf6\xfc\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
    "no body": b"Subject: nothing\r\n\r\n",
    "no header": b"\r\nonly a body\r\n",
    "no line end at the end": b"Subject: open\r\n\r\nends here",
    "lone line feeds": b"Subject: unix\n\nline\n.\nline\n",
}


def bytes_of(raw: Raw | None) -> bytes:
    """Return all octets of what was fetched."""
    assert raw is not None
    return raw.read(0, raw.size)


def on_the_wire(data: bytes) -> bytes:
    """Return the message as POP3 can carry it: CRLF line ends, one at the end."""
    data = re.sub(rb"(?<!\r)\n", b"\r\n", data)
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def numbered(count: int) -> list[bytes]:
    """Return that many small messages, each one different."""
    return [b"Subject: number %d\r\n\r\n.body of %d\r\n" % (n, n) for n in range(1, count + 1)]


def contents(fetched: Iterable[Fetched]) -> list[bytes]:
    """Return the bytes of each; all must have come."""
    return [bytes_of(each.raw) for each in fetched]


class MailSourceContract:
    """Inherit, and give a fixture `place`."""

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        raise NotImplementedError

    @contextmanager
    def opened(self, place: Place, *, largest: int = 1 << 30) -> Iterator[MailSource]:
        source = place.open(largest=largest)
        try:
            yield source
        finally:
            source.close()

    def test_an_empty_mailbox_offers_nothing(self, place: Place) -> None:
        with self.opened(place) as source:
            assert list(source.offered()) == []
            assert list(source.fetch([])) == []

    def test_messages_are_offered_in_the_order_of_arrival(self, place: Place) -> None:
        for data in numbered(5):
            place.deliver(data)
        with self.opened(place) as source:
            offered = source.offered()
            assert [each.size for each in offered] == [len(data) for data in numbered(5)]
            assert len({each.server_id for each in offered}) == 5
            assert contents(source.fetch(offered)) == numbered(5)

    @pytest.mark.parametrize("kind", AWKWARD)
    def test_every_octet_arrives_as_it_was_sent(self, place: Place, kind: str) -> None:
        place.deliver(AWKWARD[kind])
        place.deliver(b"Subject: next\r\n\r\nunharmed\r\n")
        with self.opened(place) as source:
            first, second = contents(source.fetch(source.offered()))
        assert on_the_wire(first) == on_the_wire(AWKWARD[kind])
        assert second == b"Subject: next\r\n\r\nunharmed\r\n"

    def test_messages_come_in_the_order_asked_for(self, place: Place) -> None:
        for data in numbered(4):
            place.deliver(data)
        with self.opened(place) as source:
            wanted = [source.offered()[i] for i in (2, 0, 3)]
            fetched = list(source.fetch(iter(wanted)))
            assert [each.offered for each in fetched] == wanted
            assert contents(fetched) == [numbered(4)[i] for i in (2, 0, 3)]

    def test_many_messages_arrive(self, place: Place) -> None:
        for data in numbered(600):
            place.deliver(data)
        with self.opened(place) as source:
            assert contents(source.fetch(source.offered())) == numbered(600)

    def test_fetching_removes_nothing_and_ids_last(self, place: Place) -> None:
        for data in numbered(3):
            place.deliver(data)
        with self.opened(place) as source:
            before = [each.server_id for each in source.offered()]
            list(source.fetch(source.offered()))
        with self.opened(place) as source:
            assert [each.server_id for each in source.offered()] == before
        assert place.count() == 3

    def test_discarded_messages_are_gone_after_closing(self, place: Place) -> None:
        for data in numbered(3):
            place.deliver(data)
        with self.opened(place) as source:
            list(source.fetch(source.offered()))
            source.discard([source.offered()[0], source.offered()[2]])
        assert place.count() == 1
        with self.opened(place) as source:
            assert contents(source.fetch(source.offered())) == [numbered(3)[1]]

    def test_more_messages_than_a_window_can_be_discarded(self, place: Place) -> None:
        for data in numbered(520):
            place.deliver(data)
        with self.opened(place) as source:
            source.discard(source.offered())
        assert place.count() == 0

    def test_an_aborted_session_removes_nothing(self, place: Place) -> None:
        for data in numbered(2):
            place.deliver(data)
        source = place.open()
        list(source.fetch(source.offered()))
        source.discard(source.offered())
        source.abort()
        with self.opened(place) as again:
            assert len(again.offered()) == 2

    def test_discarding_while_a_fetch_is_under_way(self, place: Place) -> None:
        for data in numbered(50):
            place.deliver(data)
        with self.opened(place) as source:
            got = []
            for fetched in source.fetch(source.offered()):
                got.append(bytes_of(fetched.raw))
                source.discard([fetched.offered])
        assert got == numbered(50)
        assert place.count() == 0

    def test_an_abandoned_fetch_keeps_what_was_not_discarded(self, place: Place) -> None:
        for data in numbered(50):
            place.deliver(data)
        with self.opened(place) as source:
            coming = source.fetch(source.offered())
            first = next(coming)
            source.discard([first.offered])
            del coming
        assert place.count() == 49

    def test_a_second_fetch_after_an_abandoned_one_gives_what_it_was_asked_for(self, place: Place) -> None:
        for data in numbered(50):
            place.deliver(data)
        with self.opened(place) as source:
            assert bytes_of(next(iter(source.fetch(source.offered()))).raw) == numbered(50)[0]
            assert contents(source.fetch(source.offered()[40:42])) == numbered(50)[40:42]

    def test_a_message_over_the_limit_is_refused_and_the_others_come(self, place: Place) -> None:
        place.deliver(numbered(1)[0])
        place.deliver(b"Subject: big\r\n\r\n" + b"big\r\n" * 10_000)
        place.deliver(numbered(2)[1])
        with self.opened(place, largest=10_000) as source:
            fetched = list(source.fetch(source.offered()))
        assert [each.raw is None for each in fetched] == [False, True, False]
        assert isinstance(fetched[1].failure, TooLarge)
        assert "10000" in str(fetched[1].failure)

    def test_renumbering_gives_new_ids_for_the_same_messages(self, place: Place) -> None:
        for data in numbered(3):
            place.deliver(data)
        with self.opened(place) as source:
            before = {each.server_id for each in source.offered()}
        place.renumber()
        with self.opened(place) as source:
            after = {each.server_id for each in source.offered()}
            assert contents(source.fetch(source.offered())) == numbered(3)
        assert len(after) == 3
        assert not before & after

    def test_what_came_before_a_break_is_valid_and_the_next_session_goes_on(self, place: Place) -> None:
        for data in numbered(8):
            place.deliver(data)
        place.break_after(3)
        source = place.open()
        got: list[bytes] = []
        with pytest.raises(TransportError) as caught:  # noqa: PT012 - each is kept before the next
            for fetched in source.fetch(source.offered()):
                got.append(bytes_of(fetched.raw))
        source.close()
        assert caught.value.retry
        assert got == numbered(8)[: len(got)]
        assert len(got) < 8
        with self.opened(place) as again:
            rest = again.offered()[len(got) :]
            assert contents(again.fetch(rest)) == numbered(8)[len(got) :]
        assert place.count() == 8

    def test_a_session_that_has_ended_gives_nothing_and_says_so(self, place: Place) -> None:
        place.deliver(numbered(1)[0])
        source = place.open()
        offered = source.offered()
        source.abort()
        with pytest.raises(TransportError, match="session"):
            list(source.fetch(offered))
        with pytest.raises(TransportError, match="session"):
            source.discard(offered)
        source.close()
        source.abort()
        source.close()
        assert place.count() == 1


class SentItemsContract:
    """Inherit as well where the source shows what the mailbox has sent, and give a fixture `place`."""

    @pytest.fixture
    def place(self) -> Iterator[PlaceWithSent]:
        raise NotImplementedError

    def fill(self, place: PlaceWithSent) -> None:
        """Let received and sent messages take turns; one of them is both."""
        for number, data in enumerate(numbered(6)):
            (place.send if number % 2 else place.deliver)(data)
        place.send(numbered(1)[0])

    def offered(self, place: PlaceWithSent) -> Sequence[Offered]:
        source = place.open()
        offered = source.offered()
        source.close()
        return offered

    def test_sent_copies_say_that_they_are(self, place: PlaceWithSent) -> None:
        self.fill(place)
        source = place.open()
        offered = source.offered()
        sent = [each for each in offered if each.is_sent_copy]
        received = [each for each in offered if not each.is_sent_copy]
        assert sorted(contents(source.fetch(sent))) == sorted([*numbered(6)[1::2], numbered(1)[0]])
        assert contents(source.fetch(received)) == numbered(6)[::2]
        source.close()

    def test_ids_are_unique_over_all_folders_and_numbers_within_the_session(
        self, place: PlaceWithSent
    ) -> None:
        self.fill(place)
        offered = self.offered(place)
        assert len({each.server_id for each in offered}) == len(offered) == 7
        assert len({(each.folder, each.number) for each in offered}) == 7

    def test_what_was_sent_lies_in_another_folder_than_the_inbox(self, place: PlaceWithSent) -> None:
        self.fill(place)
        assert all(bool(each.folder) == each.is_sent_copy for each in self.offered(place))

    def test_a_message_keeps_its_id_and_its_side(self, place: PlaceWithSent) -> None:
        self.fill(place)
        before = {each.server_id: each.is_sent_copy for each in self.offered(place)}
        place.send(numbered(8)[6])
        place.deliver(numbered(8)[7])
        after = {each.server_id: each.is_sent_copy for each in self.offered(place)}
        assert {key: after[key] for key in before} == before
        assert len(after) == 9

    def test_renumbering_leaves_sent_what_was_sent(self, place: PlaceWithSent) -> None:
        self.fill(place)
        before = [each.is_sent_copy for each in self.offered(place)]
        place.renumber()
        assert sorted(each.is_sent_copy for each in self.offered(place)) == sorted(before)
