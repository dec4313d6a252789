"""Appointments written with their files: none twice, and no half of them for all.

Exchange attaches files one request at a time. While there is more than one to be done the item bears the mark
of what is being written; it takes what belongs to it last, so that attendees are told when all is there.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final

from postroom.errors import BadReply, Refused, StaleVersion, StoreError
from postroom.reconcile.files import AttachedFile, Difference, difference
from postroom.reconcile.item import Item, Kind, Value
from postroom.reconcile.notice import Notice, Rule, Sends
from postroom.servers.exchange.answer import Message, SoapFault, read_answer
from postroom.servers.exchange.body import Body, in_base64
from postroom.servers.exchange.faults import about_item, about_request
from postroom.servers.exchange.items.files import remembering
from postroom.servers.exchange.items.find import by_token
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.marks import CHANGING, UNFINISHED, marks, unfinished
from postroom.servers.exchange.items.piece import Piece
from postroom.servers.exchange.items.reader import Named, Reader
from postroom.servers.exchange.items.translate import ELEMENTS, pieces_of
from postroom.servers.exchange.items.writer import Writer
from postroom.servers.exchange.markup import tag, text
from postroom.servers.exchange.session import HERE, Session, raise_throttling

FIELD: Final = "attachments"
_ELEMENT: Final = ELEMENTS[Kind.APPOINTMENT]
_PROBLEM: Final = "A file was not attached"
_NOT_REMOVED: Final = "An attachment was not removed"
_GONE: Final = frozenset({"ErrorInvalidAttachmentId", "ErrorItemNotFound"})
_QUIETLY: Final = Sends(Notice.NONE, Rule.NOTHING_TO_TELL)


@dataclass(slots=True)
class _Digests:
    """Digests of files, each worked out once."""

    known: dict[AttachedFile, str] = field(default_factory=dict)

    def of(self, file: AttachedFile) -> str:
        if file not in self.known:
            self.known[file] = file.digest or _digest_of(file)
        return self.known[file]


class FileWriter:
    """Writes appointments of one mailbox whose files are among what is written."""

    def __init__(self, session: Session, reader: Reader, writer: Writer, frame: Frame) -> None:
        self._session = session
        self._reader = reader
        self._writer = writer
        self._frame = frame

    def create(
        self, draft: Item, token: str, sends: Sends, folders: Sequence[str], *, is_first_try: bool
    ) -> tuple[str, str]:
        """Make an appointment with its files; one that was begun under the token is finished."""
        # It bears its token only when it is whole, so that nobody takes the half of it for all.
        begun = {} if is_first_try else by_token(self._session, folders, [token], UNFINISHED)
        item_id = begun.get(token)
        pieces: list[Piece] = []
        if item_id is None:
            item_id, _ = self._writer.create(_without_files(draft), [unfinished(token)], _QUIETLY)
        else:
            pieces = self._pieces(draft.fields)
        item = self._read(item_id)
        wanted = difference(item.fields.get(FIELD), draft.fields.get(FIELD), _Digests().of)
        digests, _ = self._become(item, wanted)
        marked = marks(self._frame, draft.identity.crm_id, token)
        pieces += [*marked, self._memory(item_id, digests), unfinished(None)]
        return item_id, self._writer.put(item_id, "", _ELEMENT, pieces, sends)

    def update(self, item_id: str, version: str, fields: Mapping[str, Value], sends: Sends) -> str:
        """Write these fields of an appointment and return its new version."""
        item = self._read(item_id)
        if item.version != version:
            raise StaleVersion("The item was not changed: it is another one by now.")
        wanted = difference(item.fields.get(FIELD), fields.get(FIELD), _Digests().of)
        # A single request is done or not; of several, some may be done when a connection breaks.
        if len(wanted.added) + bool(wanted.removed) > 1:
            version = self._writer.put(item_id, version, _ELEMENT, [unfinished(CHANGING)], _QUIETLY)
        digests, after = self._become(item, wanted)
        closing_pieces = [self._memory(item_id, digests), unfinished(None)]
        pieces = self._pieces(fields)
        if not pieces:
            return self._writer.put(item_id, "", _ELEMENT, closing_pieces, _QUIETLY)
        try:
            return self._writer.put(item_id, after or version, _ELEMENT, [*pieces, *closing_pieces], sends)
        except StaleVersion:
            # The files are written; the rest is planned anew.
            self._writer.put(item_id, "", _ELEMENT, closing_pieces, _QUIETLY)
            raise

    def _become(self, item: Item, wanted: Difference) -> tuple[Mapping[str, str], str]:
        """Attach and remove files; return the digests that are known by their ids, and the item's version."""
        digests = {mine.id: theirs.digest or mine.digest for mine, theirs in wanted.stay}
        version = ""
        # First what is new: a file is rather there twice for a moment than lost.
        for file in wanted.added:
            file_id, digest, version = self._attach(item.id, file)
            digests[file_id] = digest
        if wanted.removed:
            version = self._remove(wanted.removed)
        return digests, version

    def _attach(self, item_id: str, file: AttachedFile) -> tuple[str, str, str]:
        """Attach a file; return its id, its digest and the item's new version."""
        hashed = hashlib.sha256()
        message = self._send(_attachment(item_id, file), _hashing(file, hashed.update))
        made = message.find("m:Attachments/*/t:AttachmentId")
        if not message.is_ok or made is None:
            raise about_item(message.said, _PROBLEM)
        return str(made.get("Id") or ""), hashed.hexdigest(), str(made.get("RootItemChangeKey") or "")

    def _send(self, operation: str, content: Iterator[bytes]) -> Message:
        session = self._session
        try:
            body = Body(session.wrapped_around(operation, in_base64(content)))
        except StoreError as error:
            raise Refused(f"{_PROBLEM}: it can't be read in the CRM: {error}.") from error
        try:
            with closing(body), session.post(body, repeats=False) as reply:
                messages = raise_throttling(read_answer(session.octets(reply), session.mask), _PROBLEM)
        except SoapFault as fault:
            raise about_request(fault.said, _PROBLEM) from fault
        if not messages:
            raise BadReply(f"{_PROBLEM}: the server's answer says nothing about it.")
        return messages[0]

    def _remove(self, files: Sequence[AttachedFile]) -> str:
        """Remove files and return the item's new version; those that are gone are no error."""
        # source: MS-OXWSATT 3.1.4.2
        named = tag("m:AttachmentIds", *(tag("t:AttachmentId", Id=each.id) for each in files))
        version = ""
        for message in self._session.call(tag("m:DeleteAttachment", named), _NOT_REMOVED, repeats=False):
            root = message.find("m:RootItemId")
            if root is not None:
                version = str(root.get("RootItemChangeKey") or "")
            elif message.said.code not in _GONE:
                raise about_item(message.said, _NOT_REMOVED)
        return version

    def _memory(self, item_id: str, digests: Mapping[str, str]) -> Piece:
        """Return the piece that remembers the digests, by the states in which the files are now."""
        files = self._read(item_id).fields.get(FIELD) if any(digests.values()) else None
        known = {
            each.state: digest
            for each in (files if isinstance(files, tuple) else ())
            if (digest := digests.get(each.id, ""))
        }
        return remembering(known)

    def _pieces(self, fields: Mapping[str, Value]) -> list[Piece]:
        return pieces_of(Kind.APPOINTMENT, fields, self._frame, self._session.now())

    def _read(self, item_id: str) -> Item:
        """Return the appointment as it is now."""
        for items in self._reader.read([Named(item_id)], (Kind.APPOINTMENT,), ()):
            if item_id in items and not items[item_id].hindrance:
                return items[item_id]
        raise StaleVersion("The item was not changed: it is gone, or can't be read.")


def _without_files(draft: Item) -> Item:
    return replace(draft, fields={name: value for name, value in draft.fields.items() if name != FIELD})


def _attachment(item_id: str, file: AttachedFile) -> str:
    """Return the request that attaches a file, `HERE` for its content."""
    # source: MS-OXWSATT 3.1.4.1
    name = tag("t:Name", text(file.name.replace(HERE, "")))
    kind = tag("t:ContentType", text(file.mimetype.replace(HERE, ""))) if file.mimetype else ""
    made = tag("t:FileAttachment", name, kind, tag("t:Content", HERE))
    return tag("m:CreateAttachment", tag("m:ParentItemId", Id=item_id), tag("m:Attachments", made))


def _digest_of(file: AttachedFile) -> str:
    hashed = hashlib.sha256()
    for piece in file.content.chunks():
        hashed.update(piece)
    return hashed.hexdigest()


def _hashing(file: AttachedFile, see: Callable[[bytes], object]) -> Iterator[bytes]:
    for piece in file.content.chunks():
        see(piece)
        yield piece
