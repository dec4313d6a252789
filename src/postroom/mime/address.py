"""Address headers: names and addresses in any form that mail programs write.

Everything is one pass over tokens; nothing is refused, at worst nothing is found. The standard
library's reader is not used: it gives up on a whole header for one stray character.

# source: RFC5322 3.4
"""

import re
from functools import lru_cache

from postroom.mime.message import Address
from postroom.mime.words import decode_words

#: What is kept of one header.
MOST_ADDRESSES = 10_000
#: No mailbox is longer; what is, is not an address. source: RFC5321 4.5.3.1
LONGEST_ADDRESS = 320
# Names with commas and without quotes are put together again up to this length.
_LONGEST_NAME = 1_000

_LOCAL_OR_DOMAIN = r'[^<>()\[\]\\,;:\s"@]+'
_COMMON = re.compile(
    rf'(?:"([^"\\]*)"[ \t]*|([^"<>()\[\]\\,;:@]*))<({_LOCAL_OR_DOMAIN}@{_LOCAL_OR_DOMAIN})>'
    rf"|({_LOCAL_OR_DOMAIN}@{_LOCAL_OR_DOMAIN})"
)
_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*)"?|<(?P<angle>[^<>]*)>?|(?P<mark>[,;:()\\>])|(?P<word>[^",;:()<>\\]+)',
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")


def read_addresses(value: str) -> tuple[Address, ...]:
    """Return the addresses of a header in order, those of groups included.

    >>> [a.name for a in read_addresses('"Doe, John" <j@x.org>, Roe, Jane <r@x.org>')]
    ['Doe, John', 'Roe, Jane']
    >>> read_addresses("Team: a@x.org, b@x.org;, undisclosed-recipients:;")
    (Address(address='a@x.org', name=''), Address(address='b@x.org', name=''))
    """
    if not value:
        return ()
    if len(value) < 200:
        return _read_again(value)
    return _read(value)


def _read(value: str) -> tuple[Address, ...]:
    if '"' in value and value.count(",") > 0:
        return _read_tokens(value)
    found = []
    for piece in value.split(","):
        common = _COMMON.fullmatch(piece.strip(" \t"))
        if common is None:
            return _read_tokens(value)
        quoted, name, angle, bare = common.groups()
        found.append(_make_address(angle or bare, quoted or name or ""))
    return tuple(filter(None, found[:MOST_ADDRESSES]))


_read_again = lru_cache(maxsize=4096)(_read)


def _read_tokens(value: str) -> tuple[Address, ...]:
    if "@" not in value and "=?" in value and "@" in (decoded := decode_words(value)):
        # Some programs encode the address along with the name.
        value = decoded
    reader = _Reader()
    for token in _TOKEN.finditer(value):
        reader.take(token.lastgroup or "mark", token[token.lastgroup or 0])
        if len(reader.found) >= MOST_ADDRESSES:
            break
    reader.end_entry("")
    reader.settle_pending()
    return tuple(reader.found)


class _Reader:
    """Takes the tokens of one header and collects its addresses."""

    def __init__(self) -> None:
        self.found: list[Address] = []
        self.depth = 0
        #: What stands before a comma and is no address: the half of "Doe, John <j@x>", or a local name.
        self.pending = ""
        self._start_entry()

    def _start_entry(self) -> None:
        self.words: list[str] = []
        self.quoted: list[str] = []
        self.comment: list[str] = []
        self.angle: str | None = None

    def take(self, kind: str, text: str) -> None:
        """Take the next token."""
        if self.depth or (kind == "mark" and text in ("(", ")")):
            self._take_comment(kind, text)
        elif kind == "angle":
            self.angle = text if self.angle is None else self.angle
        elif kind == "quoted":
            self._take_quoted(text)
        elif kind == "word":
            self.words.append(text)
        elif text in (",", ";"):
            self.end_entry(text)
        elif text == ":" and self.angle is None and "@" not in "".join(self.words):
            # The name of a group, or the mark of a mailto link.
            self._start_entry()

    def _take_comment(self, kind: str, text: str) -> None:
        if kind != "mark":
            self.comment.append(text)
        elif text == "(":
            self.depth += 1
        elif text == ")" and self.depth:
            self.depth -= 1

    def _take_quoted(self, text: str) -> None:
        plain = _ESCAPED.sub(r"\1", text)
        self.quoted.append(plain)
        self.words.append(plain)

    def end_entry(self, mark: str) -> None:
        """Keep the address that the tokens since the last mark make up, if they do."""
        text = "".join(self.words)
        if self.angle is not None and self.angle.strip():
            self._end_with_angle(text)
        elif "@" in text:
            self._end_with_bare(text)
        elif text.strip():
            if mark == "," and len(self.pending) < _LONGEST_NAME:
                self.pending = f"{self.pending},{text}" if self.pending else text
            else:
                self.settle_pending()
                self.pending = text
                self.settle_pending()
        self._start_entry()

    def _end_with_angle(self, text: str) -> None:
        if self.pending and not self.quoted and text.strip():
            text = f"{self.pending},{text}"
            self.pending = ""
        self.settle_pending()
        self._keep(self.angle or "", text.strip() or self._note())

    def _end_with_bare(self, text: str) -> None:
        self.settle_pending()
        if self.quoted and text.lstrip().startswith(self.quoted[0] + "@"):
            # A local part in quotes: "ann smith"@example.com
            rest = text.lstrip()[len(self.quoted[0]) :].split()
            self._keep(f'"{self.quoted[0]}"{rest[0]}', self._note(), blanks=True)
            return
        words = text.split()
        address = next(word for word in words if "@" in word)
        others = " ".join(word for word in words if word is not address)
        self._keep(address, others or self._note())

    def _note(self) -> str:
        return " ".join(" ".join(self.comment).split())

    def settle_pending(self) -> None:
        """Keep a word that turned out to stand alone: the name of a mailbox of the server itself."""
        word = self.pending.strip()
        self.pending = ""
        if (
            word
            and not _BLANKS.search(word)
            and "," not in word
            and not word.lower().startswith("undisclosed")
        ):
            self._keep(word, "")

    def _keep(self, address: str, name: str, *, blanks: bool = False) -> None:
        made = _make_address(address if blanks else _BLANKS.sub("", address), name)
        if made is not None:
            self.found.append(made)


def _make_address(address: str, name: str) -> Address | None:
    if address[:1] == "@" and ":" in address:
        # An obsolete route. source: RFC5322 4.4
        address = address.rpartition(":")[2]
    if address[:7].lower() == "mailto:":
        address = address[7:]
    address = address.strip("<>")
    if not address or address == "@" or len(address) > LONGEST_ADDRESS:
        return None
    if name:
        name = decode_words(name)
        if len(name) > 2 and name[0] == name[-1] == "'":
            name = name[1:-1]
    return Address(address, name)
