"""Header values as text: encoded words, raw eight-bit letters, no control characters.

# source: RFC2047
"""

import binascii
import re

from postroom.mime.charset import decode
from postroom.mime.transfer import decode_base64

# No part of it can run over a question mark, so that a hostile header costs linear time.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


def decode_words(value: str) -> str:
    """Return the header's text on one line, without control characters, encoded words decoded.

    Neighbouring words of one charset are joined before they are decoded, because mail programs
    split letters of several bytes over two words.

    >>> decode_words("=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?= Ann")
    'Grüße Ann'
    >>> decode_words("=?x-nope?B?R3L832U=?=")
    'Grüße'
    """
    if "=?" in value:
        value = _replace_words(value)
    if not value.isprintable():
        value = _CONTROLS.sub(" ", value)
    return value.strip()


def _replace_words(value: str) -> str:
    pieces: list[str] = []
    # Octets of words in a row that have one charset.
    pending, charset, at = bytearray(), "", 0
    for word in _WORD.finditer(value):
        label, encoding, text = word.groups()
        start = word.start()
        between = value[at:start]
        is_apart = not between.isspace() if between else at == 0
        if pending and (label != charset or is_apart):
            pieces.append(_decode_octets(pending, charset))
            pending.clear()
        if is_apart:
            pieces.append(between)
        charset, at = label, word.end()
        pending += _decode_word(encoding, text)
    if pending:
        pieces.append(_decode_octets(pending, charset))
    pieces.append(value[at:])
    return "".join(pieces)


def _decode_octets(octets: bytearray, label: str) -> str:
    # A language may follow the charset. source: RFC2231 5
    return decode(bytes(octets), label.partition("*")[0])[0]


def _decode_word(encoding: str, text: str) -> bytes:
    octets = text.encode("utf-8", "replace")
    if encoding in "bB":
        try:
            return binascii.a2b_base64(octets)
        except binascii.Error:
            return decode_base64(octets)[0]
    return binascii.a2b_qp(octets, header=True)
