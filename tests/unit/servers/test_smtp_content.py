"""What goes over the wire is the message, wherever it was cut, and nothing but the message."""

import re

from hypothesis import given
from hypothesis import strategies as st

from postroom.servers.smtp.content import SLICE, TERMINATOR, WHOLE_UP_TO, crlf_pieces, measure, wire_pieces

#: Mostly what is difficult: line ends, dots, and something to stand between them.
AWKWARD = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\xe4", b""]), max_size=40)


def tidy(data: bytes) -> bytes:
    """Return the data with CRLF line ends, also at its end."""
    made = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    return made if not made or made.endswith(b"\r\n") else made + b"\r\n"


def as_read_by_a_server(wire: bytes) -> bytes:
    """Return the message that a server makes of the octets up to the first lone dot."""
    lines = []
    for line in (wire + TERMINATOR).split(b"\r\n"):
        if line == b".":
            break
        lines.append(line.removeprefix(b"."))
    else:
        raise AssertionError("the message has no end")
    return b"".join(line + b"\r\n" for line in lines)


@given(AWKWARD)
def test_a_server_reads_exactly_the_message(pieces: list[bytes]) -> None:
    assert as_read_by_a_server(b"".join(wire_pieces(pieces))) == tidy(b"".join(pieces))


@given(AWKWARD)
def test_no_line_end_but_crlf_leaves(pieces: list[bytes]) -> None:
    wire = b"".join(wire_pieces(pieces))
    assert wire.count(b"\n") == wire.count(b"\r") == wire.count(b"\r\n")


@given(AWKWARD)
def test_no_lone_dot_leaves(pieces: list[bytes]) -> None:
    assert b"\r\n.\r\n" not in b"\r\n" + b"".join(wire_pieces(pieces))


@given(AWKWARD)
def test_a_small_message_is_kept_ready_and_measured(pieces: list[bytes]) -> None:
    measured = measure(pieces)
    assert measured.ready == b"".join(wire_pieces(pieces))
    assert measured.size == len(tidy(b"".join(pieces)))
    assert measured.is_ascii == b"".join(pieces).isascii()


@given(AWKWARD, st.integers(0, 40))
def test_a_big_message_is_measured_alike(pieces: list[bytes], position: int) -> None:
    big = [*pieces[:position], b"x" * (WHOLE_UP_TO + 1), *pieces[position:]]
    measured = measure(big)
    assert measured.ready is None
    assert measured.size == len(tidy(b"".join(big)))
    assert measured.is_ascii == b"".join(big).isascii()
    head = tidy(b"".join(big)).partition(b"\r\n\r\n")[0]
    assert measured.has_ascii_headers == head.isascii()


def test_eight_bit_octets_in_the_body_leave_the_headers_ascii() -> None:
    assert measure([b"Subject: x\r\n\r\n\xe4"]).has_ascii_headers
    assert not measure([b"Subject: \xe4\r\n\r\nx"]).has_ascii_headers


def test_long_pieces_leave_in_slices() -> None:
    assert max(len(piece) for piece in wire_pieces([b"x" * (3 * SLICE)])) == SLICE


def test_an_empty_content_stays_empty() -> None:
    assert list(crlf_pieces([])) == []
    assert measure([b""]).ready == b""
