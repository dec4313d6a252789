"""Content-Transfer-Encoding undone: base64, quoted-printable, uuencode; in pieces.

The optional accelerator is used here and nowhere else: as a decoder of base64 that is several
times faster than the standard library's and lets other threads run meanwhile. What it refuses
goes to the standard library's tolerant decoder, so both ways give the same bytes.
"""

import binascii
import re
import string
from collections.abc import Callable, Iterator
from enum import Enum

from postroom.mime.message import Raw

try:
    from fast_mail_parser import ParseError, parse_email_tree
except ImportError:  # pragma: no cover - depends on what is installed
    parse_email_tree = None  # type: ignore[assignment]

#: The most that is decoded or handed over at once.
PIECE = 1 << 20


class Encoding(Enum):
    """How the octets of a part were made fit for transport."""

    NONE = "none"
    BASE64 = "base64"
    QUOTED_PRINTABLE = "quoted-printable"
    UUENCODE = "uuencode"


_ENCODINGS = {
    "": Encoding.NONE,
    "7bit": Encoding.NONE,
    "8bit": Encoding.NONE,
    "binary": Encoding.NONE,
    "base64": Encoding.BASE64,
    "quoted-printable": Encoding.QUOTED_PRINTABLE,
    "x-uuencode": Encoding.UUENCODE,
    "uuencode": Encoding.UUENCODE,
    "x-uue": Encoding.UUENCODE,
    "uue": Encoding.UUENCODE,
}
# What programs write for the above.
_MISSPELT = {
    "7-bit": Encoding.NONE,
    "8-bit": Encoding.NONE,
    "7": Encoding.NONE,
    "8": Encoding.NONE,
    "base-64": Encoding.BASE64,
    "base_64": Encoding.BASE64,
    "b64": Encoding.BASE64,
    "quoted_printable": Encoding.QUOTED_PRINTABLE,
    "quotedprintable": Encoding.QUOTED_PRINTABLE,
    "qp": Encoding.QUOTED_PRINTABLE,
}


def read_encoding(value: str) -> tuple[Encoding, bool]:
    """Return the encoding that a header value means and whether it is spelt by the standard.

    >>> read_encoding("Quoted-Printable"), read_encoding("8-Bit"), read_encoding("utf-8")[1]
    ((<Encoding.QUOTED_PRINTABLE: 'quoted-printable'>, True), (<Encoding.NONE: 'none'>, False), False)
    """
    word = value.partition(";")[0].strip(" \t\"'").lower()
    known = _ENCODINGS.get(word)
    return (known, True) if known is not None else (_MISSPELT.get(word, Encoding.NONE), False)


def decode(data: bytes, encoding: Encoding, *, accelerated: bool) -> tuple[bytes, bool]:
    """Return the decoded octets and whether the encoding was flawless."""
    if encoding is Encoding.BASE64:
        return decode_base64(data, accelerated=accelerated)
    if encoding is Encoding.QUOTED_PRINTABLE:
        return binascii.a2b_qp(data), True
    if encoding is Encoding.UUENCODE:
        return decode_uuencode(data)
    return data, True


# Base64

# Below this the accelerator's call costs more than it saves.
_WORTH_ACCELERATING = 1_000
_ENVELOPE = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"

_BLANKS = b" \t\r\n\x0b\x0c"
_ALPHABET = (string.ascii_letters + string.digits + "+/").encode()
_FOREIGN = bytes(set(range(256)) - set(_ALPHABET + b"="))
_PIECEWISE = re.compile(rb"(?:[A-Za-z0-9+/]{4})+|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=")


def is_accelerated() -> bool:
    """Say whether the optional accelerator is installed."""
    return parse_email_tree is not None


def decode_base64(data: bytes, *, accelerated: bool = False) -> tuple[bytes, bool]:
    """Return the octets of base64 text and whether it was flawless.

    Foreign characters are passed over, missing padding is supplied, and what follows the padding
    is decoded too when it is base64 itself (some programs encode piece by piece).

    >>> decode_base64(b"aGVs bG8="), decode_base64(b"aGVsbG8"), decode_base64(b"YQ==YQ==")
    ((b'hello', True), (b'hello', False), (b'aa', True))
    """
    if accelerated and len(data) >= _WORTH_ACCELERATING and parse_email_tree is not None:
        try:
            content = parse_email_tree(_ENVELOPE + data).content
        except ParseError:
            content = None
        if content is not None:
            return content, True
    padding = data.find(b"=")
    if 0 <= padding < len(data.rstrip(b"= \t\r\n")):
        return _decode_past_padding(data)
    try:
        return binascii.a2b_base64(data), not data.translate(None, _ALPHABET + b"=" + _BLANKS)
    except binascii.Error:
        return _decode_unpadded(data), False


def _decode_past_padding(data: bytes) -> tuple[bytes, bool]:
    clean = data.translate(None, _BLANKS)
    pieces, at = [], 0
    while piece := _PIECEWISE.match(clean, at):
        pieces.append(binascii.a2b_base64(piece[0]))
        at = piece.end()
    if at == len(clean):
        return b"".join(pieces), True
    # The rest is something else, such as a footer that a list program appended.
    return _decode_unpadded(data[: data.find(b"=")]), False


def _decode_unpadded(data: bytes) -> bytes:
    clean = data.translate(None, _FOREIGN + b"=")
    # One letter alone over the last four holds no whole octet.
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


# Uuencode


def decode_uuencode(data: bytes) -> tuple[bytes, bool]:
    """Return the octets of uuencoded lines and whether each was flawless."""
    pieces, flawless = [], True
    for line in data.split(b"\n"):
        line = line.rstrip(b"\r")
        if not line or line.startswith((b"begin ", b"end")):
            continue
        try:
            pieces.append(binascii.a2b_uu(line))
        except binascii.Error:
            flawless = False
    return b"".join(pieces), flawless


# In pieces

# Gives what can be decoded by itself and what belongs to the next piece.
_Cut = Callable[[bytes], tuple[bytes, bytes]]


def decode_in_pieces(
    raw: Raw, start: int, end: int, encoding: Encoding, *, accelerated: bool
) -> Iterator[bytes]:
    """Yield the decoded octets of start..end, holding about one `PIECE` of them at a time."""
    if encoding is Encoding.NONE:
        for at in range(start, end, PIECE):
            yield raw.read(at, min(end, at + PIECE))
        return
    cut = _cut_base64 if encoding is Encoding.BASE64 else _cut_lines
    for whole in _whole_units(raw, start, end, cut):
        content = decode(whole, encoding, accelerated=accelerated)[0]
        for at in range(0, len(content), PIECE):
            yield content[at : at + PIECE]


def _whole_units(raw: Raw, start: int, end: int, cut: _Cut) -> Iterator[bytes]:
    rest = b""
    for at in range(start, end, PIECE):
        whole, rest = cut(rest + raw.read(at, min(end, at + PIECE)))
        yield whole
    yield rest


def _cut_base64(data: bytes) -> tuple[bytes, bytes]:
    clean = data.translate(None, _FOREIGN)
    whole = len(clean) - len(clean) % 4
    return clean[:whole], clean[whole:]


def _cut_lines(data: bytes) -> tuple[bytes, bytes]:
    whole = data.rfind(b"\n") + 1
    if not whole:
        # A line of a megabyte; do not cut into an escape of three characters.
        escape = data.rfind(b"=", len(data) - 2)
        whole = len(data) if escape < 0 else escape
    return data[:whole], data[whole:]
