"""winmail.dat unpacked: the body and the files that Outlook wraps in one attachment.

A reader of our own: every loop is bounded by the octets that are there. The library for the
format loops over counts that the sender states, so forty octets can hold it for hours.

# source: MS-OXTNEF 2.1
"""

import struct
from contextlib import suppress
from dataclasses import dataclass, field

from postroom.mime.charset import decode

_SIGNATURE = struct.pack("<I", 0x223E9F78)
_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
# Outlook writes dozens.
_MOST_ATTRIBUTES = 20_000

_BODY = 0x800C
_ATTACHMENT_DATA = 0x800F
_ATTACHMENT_TITLE = 0x8010
_ATTACHMENT_START = 0x9002
_MESSAGE_PROPERTIES = 0x9003
_ATTACHMENT_PROPERTIES = 0x9005
_CODEPAGE = 0x9007

# Property ids. source: MS-OXPROPS 2
_PR_BODY = 0x1000
_PR_RTF_COMPRESSED = 0x1009
_PR_HTML = 0x1013
_PR_ATTACH_DATA = 0x3701
_PR_ATTACH_FILENAME = 0x3704
_PR_ATTACH_LONG_FILENAME = 0x3707
_PR_ATTACH_MIME_TAG = 0x370E
_PR_ATTACH_CONTENT_ID = 0x3712
_PR_INTERNET_CODEPAGE = 0x3FDE
_PR_DISPLAY_NAME = 0x3001

# An embedded object begins with the id of its interface, which is not part of it.
_INTERFACE_ID_SIZE = 16

_FIXED_SIZES = {
    0x0002: 4, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x000B: 4,
    0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8, 0x0040: 8, 0x0048: 16, 0x0001: 0,
}  # fmt: skip
_STRING, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102
_VARIABLE = frozenset({_STRING, _UNICODE, _OBJECT, _BINARY})
_MULTIPLE = 0x1000
_NAMED = 0x8000

#: A file: name, mimetype, content id, content.
File = tuple[str, str, str, bytes]


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a winmail.dat held."""

    text: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    #: Whether there is a body in Outlook's compressed RTF, which is not read.
    has_rtf: bool = False


def is_tnef(mimetype: str, filename: str) -> bool:
    """Say whether a part with this type and name is such a wrapping."""
    return mimetype in _TYPES or filename.lower() == "winmail.dat"


def unpack(data: bytes) -> Unpacked | None:
    """Return body and files, or None when these are no such octets or nothing is in them."""
    if not data.startswith(_SIGNATURE):
        return None
    reader = _Reader()
    # Cut off in the middle: what came before counts.
    with suppress(struct.error):
        reader.read(data)
    found = reader.finish()
    return found if found.text or found.html or found.files or found.has_rtf else None


@dataclass(slots=True)
class _File:
    """A file in the making; the better names come in properties after the short one."""

    name: str = ""
    mimetype: str = ""
    content_id: str = ""
    data: bytes | None = None


@dataclass(slots=True)
class _Reader:
    """Takes the attributes in order and collects what they hold."""

    codepage: str = "cp1252"
    text: str = ""
    html: str = ""
    has_rtf: bool = False
    files: list[_File] = field(default_factory=list)

    def read(self, data: bytes) -> None:
        """Read every attribute; raises struct.error where the octets end too early."""
        at = 6
        for _ in range(_MOST_ATTRIBUTES):
            if at + 9 > len(data):
                return
            name, _kind, size = struct.unpack_from("<HHI", data, at + 1)
            self._take(name, data[at + 9 : at + 9 + size])
            at += size + 11

    def _take(self, name: int, value: bytes) -> None:
        if name == _CODEPAGE:
            self.codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif name == _BODY:
            self.text = self._string(value)
        elif name == _MESSAGE_PROPERTIES:
            self._take_message(_read_properties(value))
        elif name == _ATTACHMENT_START:
            self.files.append(_File())
        elif not self.files:
            return
        elif name == _ATTACHMENT_TITLE:
            self.files[-1].name = self._string(value)
        elif name == _ATTACHMENT_DATA:
            self.files[-1].data = value
        elif name == _ATTACHMENT_PROPERTIES:
            self._take_file(self.files[-1], _read_properties(value))

    def _take_message(self, properties: dict[int, tuple[int, bytes]]) -> None:
        codepage = properties.get(_PR_INTERNET_CODEPAGE, (0, b""))[1]
        internet = f"cp{struct.unpack('<I', codepage)[0]}" if len(codepage) == 4 else self.codepage
        internet = "utf-8" if internet == "cp65001" else internet
        if _PR_BODY in properties:
            self.text = self._value(properties[_PR_BODY], internet)
        self.has_rtf = self.has_rtf or _PR_RTF_COMPRESSED in properties
        if _PR_HTML in properties:
            self.html = self._value(properties[_PR_HTML], internet)

    def _take_file(self, file: _File, properties: dict[int, tuple[int, bytes]]) -> None:
        def text(name: int) -> str:
            return self._value(properties[name], self.codepage) if name in properties else ""

        short = text(_PR_ATTACH_FILENAME)
        file.name = text(_PR_ATTACH_LONG_FILENAME) or file.name or short or text(_PR_DISPLAY_NAME)
        file.mimetype = text(_PR_ATTACH_MIME_TAG).lower()
        file.content_id = text(_PR_ATTACH_CONTENT_ID).strip("<> ")
        if _PR_ATTACH_DATA in properties:
            kind, value = properties[_PR_ATTACH_DATA]
            file.data = value[_INTERFACE_ID_SIZE:] if kind == _OBJECT else value

    def _value(self, typed: tuple[int, bytes], codepage: str) -> str:
        kind, value = typed
        return self._string(value, "utf-16-le" if kind == _UNICODE else codepage)

    def _string(self, value: bytes, charset: str = "") -> str:
        return decode(value, charset or self.codepage)[0].strip("\0\r\n ").replace("\r\n", "\n")

    def finish(self) -> Unpacked:
        """Return what was found."""
        files = tuple(
            (file.name, _mimetype(file), file.content_id, file.data)
            for file in self.files
            if file.data is not None
        )
        return Unpacked(self.text, self.html, files, self.has_rtf)


def _mimetype(file: _File) -> str:
    if file.data is not None and file.data.startswith(_SIGNATURE):
        return "application/ms-tnef"
    return file.mimetype if file.mimetype.count("/") == 1 else "application/octet-stream"


def _read_properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Return type and octets of the unnamed properties by their ids, as many as are whole."""
    found: dict[int, tuple[int, bytes]] = {}
    at = 4
    with suppress(struct.error):
        while at < len(data):
            kind, name = struct.unpack_from("<HH", data, at)
            at += 4
            if name >= _NAMED:
                at = _skip_name(data, at)
            value, at = _read_value(data, at, kind)
            if name < _NAMED and not kind & _MULTIPLE:
                found.setdefault(name, (kind, value))
    return found


def _skip_name(data: bytes, at: int) -> int:
    (kind,) = struct.unpack_from("<I", data, at + 16)
    (size,) = struct.unpack_from("<I", data, at + 20)
    return at + 24 + (size + (-size % 4) if kind else 0)


def _read_value(data: bytes, at: int, kind: int) -> tuple[bytes, int]:
    plain = kind & ~_MULTIPLE
    if plain in _VARIABLE:
        (count,) = struct.unpack_from("<I", data, at)
        at, value = at + 4, b""
        # Each value takes four octets at least, so the end of the data ends the loop.
        for _ in range(count):
            (size,) = struct.unpack_from("<I", data, at)
            value = data[at + 4 : at + 4 + size]
            at += 4 + size + (-size % 4)
        return value, at
    if plain not in _FIXED_SIZES:
        raise struct.error("unknown property type")
    count = 1
    if kind & _MULTIPLE:
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
    size = _FIXED_SIZES[plain]
    return data[at : at + size], at + size * count
