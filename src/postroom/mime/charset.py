"""Bytes to text by charset labels, real or invented; what comes out is safe to store.

A label chooses a codec from `_CODECS` or, for the rest, one of Python's text codecs. Codecs of
Python that are no character sets (base64, punycode, unicode_escape ...) are never reached.
"""

import codecs
import re
from functools import lru_cache

# Labels whose codec is another than Python's namesake: supersets that mail programs really mean
# (WHATWG Encoding Standard, section 4.2), and names that Python does not know.
_CODECS = {
    "ascii": "ascii", "us-ascii": "ascii", "iso646-us": "ascii", "ansi_x3.4-1968": "ascii",
    "utf8": "utf-8", "utf-8": "utf-8", "utf-8mb4": "utf-8", "utf8mb4": "utf-8", "unicode": "utf-8",
    "unicode-1-1-utf-8": "utf-8", "unicode-1-1-utf-7": "utf-7", "x-unicode-2-0-utf-7": "utf-7",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252", "latin1": "cp1252",
    "latin-1": "cp1252", "l1": "cp1252", "ansi": "cp1252", "windows1252": "cp1252", "x-ansi": "cp1252",
    "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "iso-8859-6-i": "iso8859-6",
    "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "gb_2312-80": "gb18030", "cp936": "gb18030",
    "hz-gb-2312": "hz", "big5": "big5hkscs", "x-x-big5": "big5hkscs", "cn-big5": "big5hkscs",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601-1989": "cp949", "ksc5601": "cp949",
    "ksc_5601": "cp949", "korean": "cp949", "windows-949": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms_kanji": "cp932",
    "windows-31j": "cp932", "cp943": "cp932",
    "iso-2022-jp": "iso2022_jp_ext", "iso-2022-jp-ms": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp", "macintosh": "mac_roman", "x-mac-roman": "mac_roman", "mac": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic", "x-cp1250": "cp1250", "x-cp1251": "cp1251", "x-cp1252": "cp1252",
    "koi8-ru": "koi8_u", "dos-874": "cp874",
}  # fmt: skip

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}")
_WINDOWS = re.compile(r"(?:x-)?(?:windows|win|cp|ibm|dos)[-_]?(\d{3,4})")

# Python's codecs that are registered as text but are no charset of mail, or cost too much.
_NOT_CHARSETS = frozenset({
    "idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape", "raw-unicode-escape",
    "undefined", "mbcs", "oem", "utf-8-sig", "charmap",
})  # fmt: skip

# What unlabelled text in eight bits is compared with; the first wins a draw.
_GUESSES = [
    "cp1252", "cp1250", "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1253",
    "cp1254", "cp1255", "cp1256", "cp874",
]  # fmt: skip
_GUESS_FROM = 16_384
_TOO_SHORT_TO_GUESS = 48

# Codecs that take ASCII as it is; Python decodes that itself several times as fast.
_ASCII_AND_MORE = ("utf-8", "cp125", "iso8859", "koi8")
# Codecs whose decoders cannot give surrogates.
_CLEAN = frozenset({"utf-8", "ascii", "cp1252"})


@lru_cache(maxsize=512)
def find_codec(label: str) -> str | None:
    """Return Python's name for the charset of that label, or None when nobody knows it.

    >>> find_codec("ISO-8859-1"), find_codec("windows-1251"), find_codec("x-nope"), find_codec("base64")
    ('cp1252', 'cp1251', None, None)
    """
    name = label.strip(" \t\"'").lower()
    if (known := _CODECS.get(name)) is not None:
        return known
    if not _LABEL.fullmatch(name):
        return None
    if windows := _WINDOWS.fullmatch(name):
        name = "cp" + windows[1]
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # Python marks the codecs that turn text into text or bytes into bytes.
    is_text = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and info.name not in _NOT_CHARSETS else None


def decode(data: bytes, label: str, hint: str = "") -> tuple[str, bool]:
    """Return the text of these bytes and whether the label was right about them.

    Without a usable label, or where ASCII was promised and not kept, UTF-8 is tried, then the
    hint, then a guess. NULs are removed and lone surrogates never come out.
    """
    codec = find_codec(label) if label else "ascii"
    if codec is None or codec == "ascii":
        text, honest = _decode_unlabelled(data, hint), codec is not None and data.isascii()
    else:
        text, honest = _decode_as(data, codec)
    return (text.replace("\0", ""), honest) if "\0" in text else (text, honest)


def _decode_as(data: bytes, codec: str) -> tuple[str, bool]:
    if data.isascii() and codec.startswith(_ASCII_AND_MORE):
        return data.decode("ascii"), True
    try:
        text, honest = data.decode(codec), True
    except UnicodeDecodeError:
        # Latin letters under the label of UTF-8 are commoner than damaged UTF-8, and the other way round.
        text, honest = _second_opinion(data, codec), False
    return (text if codec in _CLEAN else without_surrogates(text)), honest


def _second_opinion(data: bytes, codec: str) -> str:
    if codec != "utf-8":
        with_utf8 = _try(data, "utf-8")
        return data.decode(codec, "replace") if with_utf8 is None else with_utf8
    damaged = data.decode("utf-8", "replace")
    good = sum(letter > "\x7f" for letter in damaged) - damaged.count("�")
    return damaged if good > damaged.count("�") else data.decode("cp1252", "replace")


def _try(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _decode_unlabelled(data: bytes, hint: str) -> str:
    text = _try(data, "utf-8")
    if text is not None:
        return text
    codec = find_codec(hint) if hint else None
    if codec is not None and codec not in ("ascii", "utf-8") and (text := _try(data, codec)) is not None:
        return without_surrogates(text)
    return without_surrogates(data.decode(_guess(data), "replace"))


def _guess(data: bytes) -> str:
    # Statistics over a few letters are worse than the commonest answer.
    if len(data) < _TOO_SHORT_TO_GUESS:
        return "cp1252"
    # Imported for the first text without a label: it takes a good part of a command's start.
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_GUESS_FROM], cp_isolation=_GUESSES, steps=3, chunk_size=256).best()
    return best.encoding if best is not None else "cp1252"


def without_surrogates(text: str) -> str:
    """Return the text with every lone surrogate replaced; PostgreSQL and UTF-8 take no such thing.

    >>> without_surrogates("a" + chr(0xD800))
    'a?'
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text
