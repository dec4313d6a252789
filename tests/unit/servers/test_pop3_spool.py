"""Messages are cut off the wire rightly however the octets arrive, in memory and in a file."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import BadReply
from postroom.mime.message import RawBytes
from postroom.servers.spool import Cutter, Intake, Overgrown, RawFile

#: Octets in which ends, dots and line ends meet in every way.
tricky = st.lists(
    st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"a", b"\r\n.", b"..", b"xyz", b"\r\n.\r", b"long" * 50])
).map(b"".join)


def stuffed(message: bytes) -> bytes:
    """Return the message as a server sends it, with the end mark."""
    lines = message.split(b"\r\n")
    assert lines[-1] == b""
    body = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines[:-1])
    return body + b".\r\n"


def arriving(wire: bytes, sizes: list[int]) -> Callable[[], bytes]:
    """Return what gives the octets in pieces of these sizes, in turn."""

    def pieces() -> Iterator[bytes]:
        at, turn = 0, 0
        while at < len(wire):
            size = sizes[turn % len(sizes)]
            yield wire[at : at + size]
            at, turn = at + size, turn + 1
        raise AssertionError("more was asked for than there is")

    coming = pieces()
    return lambda: next(coming)


@given(
    st.lists(tricky, min_size=1, max_size=4), st.lists(st.integers(1, 40), min_size=1), st.integers(0, 200)
)
def test_messages_are_cut_at_their_ends_however_they_arrive(
    bodies: list[bytes], sizes: list[int], spool_over: int
) -> None:
    messages = [body + b"\r\n" for body in bodies]
    wire = b"".join(b"+OK\r\n" + stuffed(message) for message in messages)
    cutter = Cutter(arriving(wire, sizes), spool_over=spool_over)
    for message in messages:
        assert cutter.line() == b"+OK"
        raw = cutter.message(largest=1 << 20)
        assert raw.read(0, raw.size) == message
        assert isinstance(raw, RawBytes) or raw.size > spool_over
    assert cutter.is_empty


@given(
    tricky, st.sampled_from([b"\r\n", b".", b"a", b"xyz", b"\r\n."]), st.integers(0, 60), st.integers(0, 400)
)
def test_a_message_in_a_file_is_searched_and_read_like_one_in_memory(
    data: bytes, needle: bytes, start: int, end: int
) -> None:
    intake = Intake(spool_over=0)
    for at in range(0, len(data), 7):
        intake.add(data[at : at + 7])
    spooled, held = intake.finish(), RawBytes(data)
    assert spooled.size == held.size
    assert spooled.read(start, end) == held.read(start, end)
    assert spooled.find(needle, start) == held.find(needle, start)
    assert spooled.find(needle, start, end) == held.find(needle, start, end)


def test_a_needle_is_found_across_the_pieces_that_a_file_is_read_in() -> None:
    intake = Intake(spool_over=0)
    intake.add(b"x" * (256 * 1024 - 3))
    intake.add(b"needle" + b"y" * 1000)
    raw = intake.finish()
    assert isinstance(raw, RawFile)
    assert raw.find(b"needle") == 256 * 1024 - 3
    assert raw.find(b"needle", 256 * 1024) == -1
    assert raw.find(b"absent") == -1
    raw.close()


def test_an_announced_size_over_the_limit_goes_to_a_file_at_once() -> None:
    raw = Cutter(lambda: stuffed(b"small\r\n"), spool_over=100).message(largest=1000, expected=5000)
    # All of it is at hand, so there is nothing to be gained by a file.
    assert isinstance(raw, RawBytes)
    intake = Intake(expected=5000, spool_over=100)
    intake.add(b"small")
    assert isinstance(intake.finish(), RawFile)


def test_octets_that_come_one_by_one_are_put_together() -> None:
    intake = Intake()
    for _ in range(10_000):
        intake.add(b"x")
    assert intake.finish().read(0, 10_000) == b"x" * 10_000


@pytest.mark.parametrize("size", [11, 400_000])
def test_a_message_is_given_up_where_it_outgrows_the_limit(size: int) -> None:
    cutter = Cutter(arriving(stuffed(b"x" * size + b"\r\n"), [100_000]))
    with pytest.raises(Overgrown):
        cutter.message(largest=10)


def test_an_endless_message_is_not_read_to_its_end() -> None:
    received = 0

    def receive() -> bytes:
        nonlocal received
        received += 1000
        return b"x" * 1000

    with pytest.raises(Overgrown):
        Cutter(receive).message(largest=50_000)
    assert received <= 53_000


def test_an_endless_answer_is_no_answer() -> None:
    with pytest.raises(BadReply, match="without a line end"):
        Cutter(lambda: b"x" * 10_000).line()


def test_one_dot_first_of_all_is_the_message_s_own() -> None:
    # Dovecot stuffs no dot there.
    raw = Cutter(lambda: b".a\r\n.\r\n").message(largest=100)
    assert raw.read(0, raw.size) == b".a\r\n"


def test_a_listing_is_cut_into_lines() -> None:
    cutter = Cutter(lambda: b"1 a\r\n2 b\r\n.\r\n.\r\n")
    assert cutter.listing(largest=100) == [b"1 a", b"2 b"]
    assert cutter.listing(largest=100) == []
