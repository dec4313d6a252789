"""The parts of a message: where each lies in the raw bytes and what its header says.

Nothing is copied and no line is looked at one by one: boundaries are found by searching, so the
same code reads a message in memory and one of any size in a file.

# source: RFC2046 5.1
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from postroom.mime.header import MOST_OCTETS, Header, read_header
from postroom.mime.message import Raw
from postroom.mime.parameter import read_content_type, read_parameterised
from postroom.mime.transfer import Encoding, read_encoding

_BLANK_LINE = re.compile(rb"\n\r?\n")
_WINDOW = 4_096
# A boundary is 70 characters by the standard; programs are generous.
_LONGEST_BOUNDARY = 1_000
_FIRST_BOUNDARY = re.compile(rb"(?:^|\n)--(\S[^\r\n]{0,200})\r?\n(?=content-)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Described:
    """What the header of a part says about its body."""

    #: In lower case; empty when it is missing or no media type.
    mimetype: str
    parameters: Mapping[str, str]
    #: The word of Content-Disposition in lower case, or empty.
    disposition: str
    #: As written, decoded but not cleaned.
    filename: str
    content_id: str
    encoding: Encoding
    defects: tuple[str, ...] = ()
    #: Where in the header block the body begins after all, or None.
    body_at: int | None = None


@dataclass(slots=True)
class Part:
    """One part: its description and where its body lies."""

    described: Described
    start: int
    end: int


def describe(header: Header) -> Described:
    """Return what a header says about the body below it."""
    get = header.first.get
    content_type = read_content_type(get("content-type", ""))
    disposition = read_parameterised(get("content-disposition", ""))
    encoding, is_known = read_encoding(get("content-transfer-encoding", ""))
    defects = header.defects if is_known else [*header.defects, "bad transfer encoding"]
    parameters = content_type.parameters
    return Described(
        mimetype=content_type.value,
        parameters=parameters,
        disposition=disposition.value,
        filename=disposition.parameters.get("filename") or parameters.get("name") or "",
        content_id=get("content-id", "").strip().strip("<>"),
        encoding=encoding,
        defects=tuple(defects),
        body_at=header.body_at,
    )


def _describe_block(block: bytes) -> Described:
    return describe(read_header(block))


# Text parts of all mail have a few dozen different headers.
_describe_again = lru_cache(maxsize=1024)(_describe_block)


def read_part(raw: Raw, start: int, end: int) -> Part:
    """Return the part that lies at start..end, its header included."""
    block, body = read_header_block(raw, start, end)
    described = _describe_again(block) if len(block) < 256 else _describe_block(block)
    if described.body_at is not None:
        body = start + described.body_at
    return Part(described, min(body, end), end)


def read_header_block(raw: Raw, start: int, end: int) -> tuple[bytes, int]:
    """Return the octets of the header that begins at start, and where the body begins."""
    window = raw.read(start, min(end, start + _WINDOW))
    if window.startswith((b"\n", b"\r\n")):
        return b"", start + (1 if window[:1] == b"\n" else 2)
    blank = _BLANK_LINE.search(window)
    if blank is None and end - start > _WINDOW:
        window = raw.read(start, min(end, start + MOST_OCTETS))
        blank = _BLANK_LINE.search(window)
    if blank is not None:
        return window[: blank.start() + 1], start + blank.end()
    if start + len(window) >= end:
        return window, end
    # More header than is kept: whole lines of it, and the body after its end.
    return window[: window.rfind(b"\n") + 1 or len(window)], _find_body(raw, start + len(window) - 2, end)


def _find_body(raw: Raw, at: int, end: int) -> int:
    crlf = raw.find(b"\n\r\n", at, end)
    lf = raw.find(b"\n\n", at, crlf if crlf >= 0 else end)
    if lf >= 0:
        return lf + 2
    return crlf + 3 if crlf >= 0 else end


@dataclass(slots=True)
class Split:
    """Where the parts of a multipart body lie, headers included, and what was wrong."""

    ranges: list[tuple[int, int]]
    defects: list[str]


def split(raw: Raw, start: int, end: int, boundary: str, *, most: int) -> Split | None:
    """Return where the parts lie, or None when the body has none.

    A boundary that is missing or never occurs is taken from the body itself. The last part runs
    to the end when the closing boundary is missing.
    """
    marker = boundary.rstrip().encode("utf-8", "replace")[:_LONGEST_BOUNDARY]
    ranges, closed = _find_parts(raw, start, end, marker, most) if marker else ([], False)
    defects = []
    if not ranges and not closed:
        guess = _FIRST_BOUNDARY.search(raw.read(start, min(end, start + _WINDOW)))
        if guess is None or (marker and guess[1].rstrip() == marker):
            return None
        defects.append("bad boundary")
        ranges, closed = _find_parts(raw, start, end, guess[1].rstrip(), most)
    if not closed:
        defects.append("too many parts" if len(ranges) >= most else "no closing boundary")
    return Split(ranges, defects)


def _find_parts(
    raw: Raw, start: int, end: int, boundary: bytes, most: int
) -> tuple[list[tuple[int, int]], bool]:
    needle = b"\n--" + boundary
    ranges: list[tuple[int, int]] = []
    begin = -1
    # The line break that the first boundary begins with ends the header.
    at = raw.find(needle, max(0, start - 1), end)
    while at >= 0:
        after = at + len(needle)
        line, newline, _ = raw.read(after, min(end, after + 80)).partition(b"\n")
        mark = line.strip()
        if mark not in (b"", b"--"):
            # Another boundary that begins with the same letters.
            at = raw.find(needle, after, end)
            continue
        if begin >= 0:
            ranges.append((begin, _without_line_end(raw, begin, at)))
        if mark:
            return ranges, True
        begin = after + len(line) + len(newline)
        if len(ranges) >= most:
            break
        # The next boundary may follow at once: an empty part without header.
        at = raw.find(needle, begin - 1, end)
    if 0 <= begin < end:
        ranges.append((begin, end))
    return ranges, False


def _without_line_end(raw: Raw, begin: int, at: int) -> int:
    if at <= begin:
        return begin
    return at - 1 if raw.read(at - 1, at) == b"\r" else at
