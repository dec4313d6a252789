"""Bodies and attachments: the parts of one message sorted into read and kept.

Text and HTML that a mail program would show become the body; every other part is an attachment,
however odd. Parts are visited in order with a stack of our own, so depth costs no recursion.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from postroom.mime.charset import decode as decode_text
from postroom.mime.content import PartContent
from postroom.mime.filename import invent_filename, safe_filename
from postroom.mime.header import read_header
from postroom.mime.message import Attachment, BytesContent, Content, Raw
from postroom.mime.part import Described, Part, read_header_block, read_part, split
from postroom.mime.text import html_to_text, text_to_html, with_line_feeds
from postroom.mime.tnef import Unpacked, is_tnef, unpack
from postroom.mime.transfer import Encoding, decode
from postroom.mime.words import decode_words

_FORWARDED = frozenset({"message/rfc822", "message/global"})
_SLASHES = str.maketrans("/\\", "--")
_CID = re.compile(r"cid:([^\"'\s<>)]{1,998})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a message is looked at; what lies beyond stays reachable as an attachment."""

    #: Octets of text and of HTML kept, each.
    text: int = 8 << 20
    #: Parts of the message, all levels together.
    parts: int = 5_000
    #: Levels of multiparts within each other.
    depth: int = 600
    #: Octets of a winmail.dat that is unpacked.
    tnef: int = 32 << 20


@dataclass(frozen=True, slots=True)
class Body:
    """What a message says and carries."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]
    nested: tuple[Content, ...]
    defects: tuple[str, ...]


@dataclass(slots=True)
class _Passage:
    """A stretch of the body in one or both of its forms."""

    text: str = ""
    html: str = ""


@dataclass(slots=True)
class _Visit:
    """A part still to be looked at: where it lies and what it lies in."""

    start: int
    end: int
    depth: int
    #: What a part is that does not say what it is.
    default: str
    #: The passage that alternatives share, or None outside of them.
    passage: _Passage | None
    #: Whether it follows another part that it is no alternative to, so that a named text is a file.
    beside_others: bool


def read_body(raw: Raw, root: Part, limits: Limits, *, accelerated: bool) -> Body:
    """Return the body and the attachments of the message whose outermost part is `root`."""
    sorter = _Sorter(raw, limits, accelerated=accelerated)
    sorter.sort(root)
    return sorter.finish()


@dataclass(slots=True)
class _File:
    """An attachment in the making."""

    filename: str
    mimetype: str
    content: PartContent | BytesContent
    content_id: str
    disposition: str


class _Sorter:
    """Walks the parts of one message and sorts them."""

    def __init__(self, raw: Raw, limits: Limits, *, accelerated: bool) -> None:
        self._raw = raw
        self._limits = limits
        self._accelerated = accelerated
        self._passages: list[_Passage] = []
        self._files: list[_File] = []
        self._nested: list[Content] = []
        self._defects: dict[str, None] = {}
        self._room = {"text": limits.text, "html": limits.text}
        self._parts = 0
        # Every level searches its whole stretch; a hostile nesting must not make that quadratic.
        self._search_budget = 32 * raw.size + (64 << 20)

    def sort(self, root: Part) -> None:
        """Sort the outermost part and all below it."""
        visits: list[_Visit] = []
        self._take(root, _Visit(root.start, root.end, 0, "text/plain", None, beside_others=False), visits)
        while visits:
            visit = visits.pop()
            self._take(read_part(self._raw, visit.start, visit.end), visit, visits)

    def _take(self, part: Part, visit: _Visit, visits: list[_Visit]) -> None:
        self._parts += 1
        described = part.described
        if described.defects:
            self._note(*described.defects)
        mimetype = described.mimetype or self._missing_type(described, visit)
        if mimetype.startswith("multipart/"):
            if self._is_too_deep(part, visit):
                self._note("nested too deep")
                self._take_file(part, "application/octet-stream")
                return
            if self._open(part, mimetype[10:], visit, visits):
                return
            self._note("bad boundary")
            mimetype = "text/plain"
        if mimetype in ("text/plain", "text/html") and self._is_body(described, visit):
            self._take_text(part, mimetype, visit.passage)
        else:
            self._take_file(part, mimetype)

    def _missing_type(self, described: Described, visit: _Visit) -> str:
        if described.filename or described.disposition == "attachment":
            return "application/octet-stream"
        return visit.default

    def _is_too_deep(self, part: Part, visit: _Visit) -> bool:
        self._search_budget -= part.end - part.start
        return visit.depth >= self._limits.depth or self._search_budget < 0

    def _open(self, part: Part, subtype: str, visit: _Visit, visits: list[_Visit]) -> bool:
        """Put the children of a multipart before what else is to be visited; say whether it has any."""
        most = max(1, self._limits.parts - self._parts - len(visits))
        boundary = part.described.parameters.get("boundary", "")
        found = split(self._raw, part.start, part.end, boundary, most=most)
        if found is None:
            return False
        self._note(*found.defects)
        passage = visit.passage
        if subtype == "alternative" and passage is None:
            passage = _Passage()
            self._passages.append(passage)
        beside_others = subtype != "alternative"
        default = "message/rfc822" if subtype == "digest" else "text/plain"
        last = len(found.ranges) - 1
        visits += [
            _Visit(start, end, visit.depth + 1, default, passage, beside_others and at < last)
            for at, (start, end) in enumerate(reversed(found.ranges))
        ]
        return True

    def _is_body(self, described: Described, visit: _Visit) -> bool:
        if described.disposition == "attachment":
            return False
        return not (visit.beside_others and (described.filename or described.content_id))

    def _take_text(self, part: Part, mimetype: str, passage: _Passage | None) -> None:
        kind = mimetype[5:] if mimetype == "text/html" else "text"
        text = self._read_text(part, kind)
        if passage is None:
            passage = _Passage()
            self._passages.append(passage)
        before = getattr(passage, kind)
        setattr(passage, kind, f"{before}\n{text}" if before else text)

    def _read_text(self, part: Part, kind: str) -> str:
        described, room = part.described, self._room[kind]
        # Quoted-printable takes at most three octets for one.
        end = min(part.end, part.start + 3 * room + 64)
        octets, flawless = decode(
            self._raw.read(part.start, end), described.encoding, accelerated=self._accelerated
        )
        if not flawless and end == part.end:
            self._note(f"bad {described.encoding.value}")
        if end < part.end or len(octets) > room:
            self._note("truncated body")
            octets = octets[:room]
            # Whole lines, so that no letter is cut.
            octets = octets[: octets.rfind(b"\n") + 1] or octets
            self._take_file(part, "text/html" if kind == "html" else "text/plain")
        self._room[kind] = room - len(octets)
        text, honest = decode_text(octets, described.parameters.get("charset", ""))
        if not honest:
            self._note("bad charset")
        return with_line_feeds(text, lone="\n").removesuffix("\n")

    def _take_file(self, part: Part, mimetype: str) -> None:
        described = part.described
        content = PartContent(
            self._raw, part.start, part.end, described.encoding, accelerated=self._accelerated
        )
        filename = safe_filename(described.filename) if described.filename else ""
        if mimetype in _FORWARDED:
            self._nested.append(content)
            filename = filename or self._name_of_message(part)
        self._files.append(
            _File(
                filename or invent_filename(mimetype, len(self._files) + 1),
                mimetype,
                content,
                described.content_id,
                described.disposition,
            )
        )

    def _name_of_message(self, part: Part) -> str:
        if part.described.encoding is not Encoding.NONE:
            return ""
        block, _ = read_header_block(self._raw, part.start, part.end)
        subject = safe_filename(decode_words(read_header(block).get("subject"))[:120].translate(_SLASHES))
        return f"{subject}.eml" if subject else ""

    def _note(self, *defects: str) -> None:
        self._defects.update(dict.fromkeys(defects))

    def finish(self) -> Body:
        """Return what was found."""
        unpacked = self._unpack_tnef()
        text, html = _join(self._passages)
        for found in unpacked:
            text = text or ("" if html else found.text)
            html = html or found.html
        attachments = _finish_files(self._files, html)
        return Body(text, html, attachments, tuple(self._nested), tuple(self._defects))

    def _unpack_tnef(self) -> list[Unpacked]:
        unpacked = []
        for at, file in reversed(list(enumerate(self._files))):
            if not is_tnef(file.mimetype, file.filename) or not isinstance(file.content, PartContent):
                continue
            if file.content.encoded_size * 3 // 4 > self._limits.tnef:
                self._note("large tnef")
                continue
            found = unpack(b"".join(file.content.chunks()))
            if found is None:
                self._note("bad tnef")
                continue
            unpacked.append(found)
            # A body that can't be read stays reachable where there is no other.
            has_other = found.text or found.html or any(one.text or one.html for one in self._passages)
            kept = [file] if found.has_rtf and not has_other else []
            self._files[at : at + 1] = kept + [
                _File(
                    safe_filename(name) or invent_filename(mimetype, at + number + 1),
                    mimetype,
                    BytesContent(data),
                    content_id,
                    "",
                )
                for number, (name, mimetype, content_id, data) in enumerate(found.files)
            ]
        return unpacked


def _join(passages: list[_Passage]) -> tuple[str, str]:
    """Return text and HTML of all passages; each form is complete if any passage has it."""
    if len(passages) == 1:
        return passages[0].text, passages[0].html
    has_text = any(passage.text for passage in passages)
    has_html = any(passage.html for passage in passages)
    texts = [passage.text or html_to_text(passage.html) for passage in passages] if has_text else []
    pages = [passage.html or text_to_html(passage.text) for passage in passages] if has_html else []
    return "\n\n".join(filter(None, texts)), "\n".join(filter(None, pages))


def _finish_files(files: list[_File], html: str) -> tuple[Attachment, ...]:
    shown: frozenset[str] = frozenset()
    if html and any(file.content_id for file in files):
        shown = frozenset(map(unquote, _CID.findall(html)))
    return tuple(
        Attachment(
            filename=file.filename,
            mimetype=file.mimetype,
            content=file.content,
            content_id=file.content_id,
            inline=file.disposition == "inline" or file.content_id in shown,
        )
        for file in files
    )
