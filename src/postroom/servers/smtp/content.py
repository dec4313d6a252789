"""A message's bytes on their way out: line ends made CRLF, leading dots doubled.

Nothing here looks at single lines: a buffer that is already in order is recognised by counting
and passed on as it is. Since every lone CR and LF becomes CRLF before dots are doubled, a
message can't smuggle a second one past a server that takes LF.LF for the end.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

#: What ends the content; it begins with the end of the last line where that is missing.
TERMINATOR = b".\r\n"

#: Up to this many octets a message is made ready in memory and leaves in one piece.
WHOLE_UP_TO = 1 << 20

#: Pieces of a larger message are sent in slices of this size.
SLICE = 1 << 18

_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Measure:
    """What the envelope says about a content, learnt by going through it once."""

    #: Octets as they will count for the server: with CRLF line ends, before dots are doubled.
    size: int
    #: All octets are below 128.
    is_ascii: bool
    #: All octets of the header block are below 128.
    has_ascii_headers: bool
    #: The content made ready for the wire, when it is small enough to be kept.
    ready: bytes | None


def _with_crlf(piece: bytes) -> bytes:
    pairs = piece.count(b"\r\n")
    if piece.count(b"\n") == pairs and piece.count(b"\r") == pairs:
        return piece
    return _LINE_END.sub(b"\r\n", piece)


def crlf_pieces(content: Iterable[bytes]) -> Iterator[bytes]:
    r"""Yield the content with every line end made CRLF, and one at its very end.

    >>> b"".join(crlf_pieces([b"a\nb\r", b"\nc\rd"]))
    b'a\r\nb\r\nc\r\nd\r\n'
    """
    held = b""
    ended = True
    for piece in content:
        if held:
            piece = held + piece
            held = b""
        if piece.endswith(b"\r"):
            # Whether it is half of a CRLF shows only in the next piece.
            held, piece = b"\r", piece[:-1]
        if piece:
            made = _with_crlf(piece)
            ended = made.endswith(b"\n")
            yield made
    if held or not ended:
        yield b"\r\n"


def stuffed_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    r"""Yield CRLF pieces with the dots that begin a line doubled.

    >>> b"".join(stuffed_pieces([b".a\r\n", b".\r\n..b\r\n"]))
    b'..a\r\n..\r\n...b\r\n'
    """
    # source: RFC5321 4.5.2
    at_line_start = True
    for piece in pieces:
        made = piece.replace(b"\n.", b"\n..") if b"\n." in piece else piece
        if at_line_start and piece.startswith(b"."):
            made = b"." + made
        at_line_start = piece.endswith(b"\n")
        yield made


def wire_pieces(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content as it goes over the wire, without the terminator, in slices."""
    for piece in stuffed_pieces(crlf_pieces(content)):
        if len(piece) <= SLICE:
            yield piece
        else:
            for start in range(0, len(piece), SLICE):
                yield piece[start : start + SLICE]


def measure(content: Iterable[bytes]) -> Measure:
    r"""Go through the content once; keep it, made ready, when it is small.

    >>> measure([b"Subject: x\n\n.\n"])
    Measure(size=17, is_ascii=True, has_ascii_headers=True, ready=b'Subject: x\r\n\r\n..\r\n')
    """
    pieces = iter(content)
    begun: list[bytes] = []
    size = 0
    for piece in pieces:
        begun.append(piece)
        size += len(piece)
        if size > WHOLE_UP_TO:
            return _measure_pieces(chain(begun, pieces))
    return _measure_whole(b"".join(crlf_pieces((b"".join(begun),))))


def _measure_whole(data: bytes) -> Measure:
    is_ascii = data.isascii()
    return Measure(
        size=len(data),
        is_ascii=is_ascii,
        has_ascii_headers=is_ascii or _header_part(data).isascii(),
        ready=b"".join(stuffed_pieces((data,))),
    )


def _measure_pieces(content: Iterable[bytes]) -> Measure:
    size = 0
    is_ascii = has_ascii_headers = is_header = True
    tail = b""
    for piece in crlf_pieces(content):
        size += len(piece)
        if not piece.isascii():
            is_ascii = False
        if is_header:
            # The blank line may be cut in two.
            joined = tail + piece
            headers = _header_part(joined)
            has_ascii_headers = has_ascii_headers and headers.isascii()
            is_header = len(headers) == len(joined)
            tail = piece[-3:]
    return Measure(size, is_ascii, has_ascii_headers, ready=None)


def _header_part(piece: bytes) -> bytes:
    end = piece.find(b"\r\n\r\n")
    return piece if end < 0 else piece[:end]
