"""Header values in bytes: encoded words, addresses, folding; nothing can be injected.

What holds a line break or a NUL is refused with a `UserError` that names the field; the rest is
encoded so that every reader gets back the same letters.
"""

import re
from binascii import b2a_base64, b2a_qp
from functools import lru_cache
from urllib.parse import quote

from postroom.errors import UserError
from postroom.mime.message import Address

#: A line should not be longer (RFC 5322 2.1.1) and must not be longer.
LINE = 78
LONGEST_LINE = 998
# An encoded word may be 75 letters long. source: RFC2047 2
_WORD = 75

_BREAKS = re.compile(r"[\r\n\0]")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]|=\?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
# A dot-atom or anything in quotes, then a name or an address literal; letters of any script.
_ADDRESS = re.compile(
    r'(?:[^\x00-\x20\x7f-\xa0"(),:;<>@\[\\\]\ud800-\udfff]+|"(?:[^\x00-\x1f\x7f"\\\ud800-\udfff]|\\[ -~])*")'
    r"@(?:[^\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\ud800-\udfff]+|\[[!-Z^-~]+\])"
)
_LONGEST_ADDRESS = 320
_ID = re.compile(r"[^\x00-\x20\x7f-\xa0<>\ud800-\udfff]+")


def refuse_breaks(value: str, field: str) -> None:
    """Raise `UserError` when the value holds what would end its header."""
    if _BREAKS.search(value):
        raise UserError(f"{field} holds a line break or a NUL character; remove it.")


def write_field_name(name: str) -> str:
    """Return the name; raises `UserError` when it is no name of a header."""
    if not _FIELD_NAME.fullmatch(name):
        raise UserError(f"{name!r} can't be the name of a header.")
    return name


def write_text(value: str, field: str, *, used: int) -> str:
    """Return a free text as header value, folded; `used` letters of its first line are taken.

    >>> write_text("Für Ann", "Subject", used=9)
    '=?utf-8?q?F=C3=BCr_Ann?='
    """
    refuse_breaks(value, field)
    if _UNPRINTABLE.search(value) or value != value.strip():
        return _encode_words(value, used)
    if used + len(value) <= LINE:
        return value
    return _fold(value, used) or _encode_words(value, used)


def _fold(value: str, used: int) -> str:
    """Return the value with line breaks before blanks, or empty when a word is too long for a line."""
    lines, line = [], ""
    room = LINE - used
    for word in re.findall(r" *[^ ]+", value):
        if len(word) >= LONGEST_LINE - used:
            return ""
        if line and len(line) + len(word) > room:
            lines.append(line)
            line, room = "", LINE
        line += word
    return "\r\n".join([*lines, line])


def _encode_words(value: str, used: int) -> str:
    octets = value.encode("utf-8", "replace")
    # Scripts that are hardly readable in the other form are shorter in base64.
    in_base64 = len(octets) > 1.5 * len(value)
    room = _WORD - len("=?utf-8?q??=")
    limit = min(room, max(24, LINE - used - len("=?utf-8?q??=")))
    whole = _encode_word(octets, in_base64=in_base64)
    if len(whole) <= limit + len("=?utf-8?q??="):
        return whole
    words, start = [], 0
    while start < len(octets):
        end = _end_of_word(octets, start, limit, in_base64=in_base64)
        words.append(_encode_word(octets[start:end], in_base64=in_base64))
        start, limit = end, room
    return "\r\n ".join(words)


def _end_of_word(octets: bytes, start: int, limit: int, *, in_base64: bool) -> int:
    if in_base64:
        end = min(len(octets), start + limit // 4 * 3)
    else:
        end, used = start, 0
        while end < len(octets):
            used += 1 if octets[end] in _PLAIN_IN_Q else 3
            if used > limit:
                break
            end += 1
    # Letters stay whole. source: RFC2047 5
    while end < len(octets) and octets[end] & 0xC0 == 0x80:
        end -= 1
    return end


_PLAIN_IN_Q = frozenset(b" !*+-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_Q = {octet: chr(octet) if octet in _PLAIN_IN_Q else f"={octet:02X}" for octet in range(256)} | {0x20: "_"}


def _encode_word(octets: bytes, *, in_base64: bool) -> str:
    if in_base64:
        return f"=?utf-8?b?{b2a_base64(octets, newline=False).decode()}?="
    return f"=?utf-8?q?{''.join(map(_Q.__getitem__, octets))}?="


def write_addresses(addresses: tuple[Address, ...], field: str) -> str:
    """Return a list of addresses as header value, folded between them."""
    written = [write_address(address.address, address.name, field) for address in addresses]
    if len(written) == 1:
        return written[0]
    lines, line = [], len(field) + 2
    for at, one in enumerate(written):
        line += len(one) + 2
        if at and line > LINE:
            lines.append(f",\r\n {one}")
            line = len(one) + 1
        else:
            lines.append(f", {one}" if at else one)
    return "".join(lines)


@lru_cache(maxsize=4096)
def write_address(address: str, name: str, field: str) -> str:
    """Return one mailbox with its name; raises `UserError` when the address is none."""
    refuse_breaks(address, f"The address in {field}")
    refuse_breaks(name, f"The name in {field}")
    address = address.strip()
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        raise UserError(f"{address!r} in {field} is not an e-mail address.")
    return f"{_write_phrase(name)} <{address}>" if name.strip() else address


def _write_phrase(name: str) -> str:
    if _ATOMS.fullmatch(name) and len(name) < LINE and "=?" not in name:
        return name
    if _UNPRINTABLE.search(name) or len(name) > LINE or name != name.strip():
        return _encode_words(name.strip(), 20)
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def write_id(value: str, field: str) -> str:
    """Return a Message-ID or Content-ID in angle brackets."""
    if len(value) > LONGEST_LINE - 40 or not _ID.fullmatch(value):
        raise UserError(f"{field} {value[:80]!r} holds blanks, angle brackets or line breaks; remove them.")
    return f"<{value}>"


def write_file_name(name: str) -> str:
    """Return a file name as parameters of Content-Disposition, on lines of their own.

    >>> write_file_name("Größe.txt")
    ";\\r\\n filename*=utf-8''Gr%C3%B6%C3%9Fe.txt"
    """
    refuse_breaks(name, "The name of an attachment")
    if not name:
        return ""
    if not _UNPRINTABLE.search(name) and len(name) < 60:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n filename="{escaped}"'
    escaped = quote(name.encode("utf-8", "replace"), safe="")
    if len(escaped) < 55:
        return f";\r\n filename*=utf-8''{escaped}"
    # source: RFC2231 3
    pieces = re.findall(r"(?:%..|[^%]){1,18}", escaped)
    pieces[0] = f"utf-8''{pieces[0]}"
    return "".join(f";\r\n filename*{at}*={piece}" for at, piece in enumerate(pieces))


def write_quoted_printable(octets: bytes) -> bytes:
    """Return text with CRLF, at least at its end, as quoted-printable.

    A dot or "From " at the beginning of a line is encoded too, because gateways change them.
    """
    # The library makes soft line breaks of the kind that it finds first.
    encoded = b2a_qp(octets)
    if b"\n." in encoded or encoded[:1] == b".":
        encoded = _shield(encoded, b".", b"=2E")
    if b"\nFrom " in encoded or encoded[:5] == b"From ":
        encoded = _shield(encoded, b"From ", b"=46rom ")
    return encoded


def _shield(encoded: bytes, start: bytes, shielded: bytes) -> bytes:
    encoded = encoded.replace(b"\r\n" + start, b"\r\n" + shielded)
    return shielded + encoded[len(start) :] if encoded.startswith(start) else encoded


def write_base64(octets: bytes) -> bytes:
    """Return octets as lines of base64, each with CRLF; all but the last hold 57 octets."""
    encoded = b2a_base64(octets, newline=False)
    lines = [encoded[at : at + 76] for at in range(0, len(encoded), 76)]
    return b"\r\n".join([*lines, b""])
