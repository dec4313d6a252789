"""The header block: bytes to unfolded fields, in linear time, whatever stands there.

Values stay undecoded; `words`, `parameter`, `address`, `date` and `identity` read them.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from postroom.mime.charset import decode
from postroom.mime.parameter import read_content_type
from postroom.mime.text import with_line_feeds

#: What is kept of a hostile block; of the surplus only fields that no message can do without.
MOST_FIELDS = 10_000
MOST_OCTETS = 1 << 20

_FOLD = re.compile(r"\n[ \t]")
# The first line of a message in an mbox file.
_ENVELOPES = ("From ", ">From ")
# source: RFC5322 3.6.8
_NAME = re.compile(r"[!-9;-~]+")
# The longest line that the standard allows.
_LONGEST_NAME = 998
_FAMILIAR = re.compile(
    r"(?:from|to|cc|subject|date|message-id|mime-version|received|reply-to|return-path|references"
    r"|in-reply-to|content-[a-z-]+|x-[\w-]+)[ \t]*:",
    re.IGNORECASE,
)

_VITAL = re.compile(
    r"(?:from|sender|to|cc|bcc|subject|date|message-id|in-reply-to|references|mime-version"
    r"|content-(?:type|transfer-encoding))[ \t]*:",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Header:
    """The fields of one header block."""

    #: Names as written with unfolded values, in order.
    fields: list[tuple[str, str]] = field(default_factory=list)
    #: The first value of each name, by the name in lower case.
    first: dict[str, str] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)
    #: Where in the block the body begins after all, or None when all of it is header.
    body_at: int | None = None

    def get(self, name: str) -> str:
        """Return the first value of that name (lower case), or empty."""
        return self.first.get(name, "")


def read_header(block: bytes) -> Header:
    """Return the fields of a block that ends before its blank line.

    A line that is no field is passed over when familiar fields follow; otherwise the blank line
    was forgotten and the body begins there.

    >>> read_header(b"Subject: a\\r\\n  b\\r\\nX:\\r\\n").fields
    [('Subject', 'a  b'), ('X', '')]
    """
    header = Header()
    text, is_utf8 = _to_text(block)
    lines = _unfold(text)
    if len(lines) > MOST_FIELDS:
        header.defects.append("too many headers")
        # Relays put theirs on top: what says who wrote, to whom and what may stand at the very end.
        lines[MOST_FIELDS:] = filter(_VITAL.match, lines[MOST_FIELDS:])
    fields, first = header.fields, header.first
    last_familiar = -2
    for at, line in enumerate(lines):
        name, colon, value = line.partition(":")
        key = _key(name) if colon else ""
        if key:
            value = value.strip(" \t")
            fields.append((name if len(name) == len(key) else name.rstrip(" \t"), value))
            if key not in first:
                first[key] = value
        elif line.strip(" \t") and not (at == 0 and line.startswith(_ENVELOPES)):
            header.defects.append("bad header")
            last_familiar = _find_last_familiar(lines) if last_familiar == -2 else last_familiar
            if at > last_familiar:
                header.body_at = _offset_of_line(block, at)
                break
    if not is_utf8:
        _decode_raw_letters(header)
    return header


@lru_cache(maxsize=2048)
def _key(name: str) -> str:
    """Return the field name in lower case, or empty when it is none."""
    name = name.rstrip(" \t")
    return name.lower() if len(name) < _LONGEST_NAME and _NAME.fullmatch(name) else ""


def _to_text(block: bytes) -> tuple[str, bool]:
    try:
        return block.decode("utf-8"), True
    except UnicodeDecodeError:
        return block.decode("latin-1"), False


def _unfold(text: str) -> list[str]:
    text = with_line_feeds(text, lone=" ")
    if "\0" in text:
        text = text.replace("\0", "")
    # A line that begins with a blank belongs to the one before. source: RFC5322 2.2.3
    return _FOLD.sub(" ", text).split("\n")


def _find_last_familiar(lines: list[str]) -> int:
    return next((at for at in range(len(lines) - 1, -1, -1) if _FAMILIAR.match(lines[at])), -1)


def _offset_of_line(block: bytes, wanted: int) -> int:
    """Return where the unfolded line of that number begins."""
    starts: list[int] = []
    offset = 0
    for line in block.split(b"\n"):
        if not starts or not line.startswith((b" ", b"\t")):
            starts.append(offset)
        offset += len(line) + 1
    return starts[wanted] if wanted < len(starts) else len(block)


def _decode_raw_letters(header: Header) -> None:
    # The body's charset is the best witness for letters that nobody labelled.
    hint = read_content_type(header.get("content-type")).parameters.get("charset", "")
    header.fields = [
        (name, value if value.isascii() else decode(value.encode("latin-1"), "", hint)[0])
        for name, value in header.fields
    ]
    header.first = {name.lower(): value for name, value in reversed(header.fields)}
