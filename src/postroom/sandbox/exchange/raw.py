"""Header fields of a message in octets: one removed, one added where it is missing."""

import re

_BLANK = re.compile(rb"\r?\n\r?\n")


def without_header(data: bytes, name: bytes) -> bytes:
    """Return the message without a header field, however often it occurs.

    >>> without_header(b"To: a\\r\\nBcc: b,\\r\\n c\\r\\nSubject: d\\r\\n\\r\\nBcc: e", b"bcc")
    b'To: a\\r\\nSubject: d\\r\\n\\r\\nBcc: e'
    """
    head, body = _cut(data)
    pattern = re.compile(rb"^" + re.escape(name) + rb"[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.I | re.M)
    return pattern.sub(b"", head) + body


def with_header(data: bytes, name: bytes, value: bytes) -> bytes:
    """Return the message with a header field, unless it has one of this name already.

    >>> with_header(b"To: a\\r\\n\\r\\nb", b"Date", b"now")
    b'Date: now\\r\\nTo: a\\r\\n\\r\\nb'
    """
    if re.search(rb"^" + re.escape(name) + rb"[ \t]*:", _cut(data)[0], re.I | re.M):
        return data
    return name + b": " + value + b"\r\n" + data


def _cut(data: bytes) -> tuple[bytes, bytes]:
    """Return the header with the end of its last line, and the rest with the blank line."""
    blank = _BLANK.search(data)
    if blank is None:
        return data, b""
    end = blank.start() + (2 if blank[0].startswith(b"\r") else 1)
    return data[:end], data[end:]
