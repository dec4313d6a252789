"""Files of appointments in the store: read without contents, kept once per content.

Contents that come from a server are fetched before the transaction in which they are kept: nobody who writes
in the store waits for a mail server.
"""

import base64
import binascii
import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import IO, Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.configuration.attachments import AttachmentRules
from postroom.errors import StaleVersion, StoreError
from postroom.mime.filename import safe_filename
from postroom.ports.blobs import Blobs
from postroom.reconcile.canonical import Form, canonical
from postroom.reconcile.files import AttachedFile, Difference, copy_id, difference, files_in
from postroom.reconcile.item import Item, Value
from postroom.schema.attachment import ActivityMimeAttachment, Attachment
from postroom.schema.choices import AttachmentErrors
from postroom.schema.ids import new_id
from postroom.store.blobs import THRESHOLD, content_key, keep, open_blob
from postroom.store.database import Database, insert_new
from postroom.store.index import chunks_of
from postroom.store.records import Records

FIELD: Final = "attachments"
TABLE: Final = "appointment"
_FILE = ActivityMimeAttachment.__table__
_CONTENT = Attachment.__table__
_MIME_TYPE: Final = 256
_PIECE: Final = 1024 * 1024
_HELD: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RecordContent:
    """What is in a file of a record."""

    database: Database
    blobs: Blobs
    key: UUID

    def chunks(self) -> Iterator[bytes]:
        """Yield the octets; `StaleVersion` when the file is gone, `StoreError` when it can't be read."""
        with self.database.read() as connection:
            query = sa.select(_BODY, _CONTENT.c.postroom_digest).select_from(_JOINED)
            row = connection.execute(query.where(_FILE.c.activitymimeattachmentid == self.key)).first()
            if row is None:
                raise StaleVersion("The attachment is no longer there.")
            if row[0] is None and row[1] is not None:
                yield from open_blob(connection, bytes(row[1]), self.blobs)
                return
        try:
            octets = base64.b64decode(row[0] or "")
        except binascii.Error as error:
            raise StoreError("the body of an attachment is not base64; upload the file anew") from error
        yield from (octets[start : start + _PIECE] for start in range(0, len(octets), _PIECE))


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A content that was fetched from the server."""

    file: IO[bytes]
    size: int
    digest: str

    def chunks(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(_PIECE):
            yield piece


@dataclass(slots=True)
class Gathered:
    """What is to be done to the files of one record, with all contents at hand; closed after use."""

    wanted: Difference
    #: Whether something stays on the server.
    errors: AttachmentErrors
    contents: Mapping[AttachedFile, _Fetched]
    stack: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Give memory and disk space back."""
        self.stack.close()


@dataclass(frozen=True, slots=True)
class RecordFiles:
    """How files of appointments are read and kept."""

    blobs: Blobs
    rules: AttachmentRules
    #: Octets up to which a content lies in the database.
    threshold: int = THRESHOLD

    def onto(
        self, database: Database, connection: Connection, items: Mapping[UUID, Item]
    ) -> dict[UUID, Item]:
        """Return the items with their files."""
        found = self._read(database, connection, items)
        return {
            id: replace(item, fields={**item.fields, FIELD: canonical(Form.FILES, tuple(found.get(id, ())))})
            for id, item in items.items()
        }

    def gather(self, database: Database, id: UUID, fields: Mapping[str, Value]) -> Gathered | None:
        """Fetch what is needed to write the files among these fields, if they are; nothing is written."""
        if FIELD not in fields:
            return None
        with database.read() as connection:
            present = tuple(self._read(database, connection, [id]).get(id, ()))
        stack = ExitStack()
        fetched: dict[AttachedFile, _Fetched] = {}
        with stack:
            wanted = difference(present, fields[FIELD], _digest_by(present, fetched, stack))
            for file in wanted.added:
                if file not in fetched:
                    fetched[file] = _fetch(file, stack)
            is_all = not any(each.refusal for each in files_in(fields[FIELD]))
            errors = AttachmentErrors.NONE if is_all else AttachmentErrors.LEFT_OUT
            return Gathered(wanted, errors, fetched, stack.pop_all())

    def write(self, records: Records, connection: Connection, id: UUID, gathered: Gathered, by: UUID) -> None:
        """Make the files of a record the wanted ones."""
        for file in gathered.wanted.removed:
            records.delete(connection, _FILE.name, UUID(file.id), by=by, internal=True)
        taken = {mine.id for mine, _ in gathered.wanted.stay}
        contents = [gathered.contents[file] for file in gathered.wanted.added]
        now = records.clock.now()
        refs = keep(connection, contents, self.blobs, now=now, threshold=self.threshold)
        for number, (file, ref) in enumerate(zip(gathered.wanted.added, refs, strict=True), len(taken)):
            key = copy_id(str(id), file.state, ref.digest.hex())
            key = str(new_id()) if key in taken else key
            taken.add(key)
            content = {
                "attachmentid": content_key(ref),
                "filename": file.name,
                "mimetype": file.mimetype[:_MIME_TYPE] or None,
                "filesize": ref.size,
            }
            version = records.database.next_versions(connection)
            shared = {**content, "postroom_digest": ref.digest, "versionnumber": version}
            connection.execute(insert_new(connection, _CONTENT), [shared])
            values = {**content, "activitymimeattachmentid": UUID(key), "attachmentnumber": number}
            values |= {"objectid": id, "objecttypecode": TABLE}
            records.create(connection, _FILE.name, values, by=by, internal=True)

    def _read(
        self, database: Database, connection: Connection, ids: Collection[UUID]
    ) -> Mapping[UUID, Sequence[AttachedFile]]:
        found: dict[UUID, list[AttachedFile]] = {}
        for chunk in chunks_of(ids):
            for row in connection.execute(_FILES.where(_FILE.c.objectid.in_(chunk))).mappings():
                found.setdefault(row["objectid"], []).append(self._file(database, row))
        return found

    def _file(self, database: Database, row: Mapping[Any, Any]) -> AttachedFile:
        name, size = safe_filename(row["filename"] or "") or "attachment", row["filesize"] or 0
        key = row["activitymimeattachmentid"]
        shared = None if row["has_body"] else row["postroom_digest"]
        digest = bytes(shared).hex() if shared is not None else ""
        return AttachedFile(
            name,
            digest or f"row {key} {row['versionnumber']}",
            self.rules.refusal(name, size),
            size,
            row["mimetype"] or "",
            digest,
            str(key),
            str(row["objectid"]),
            RecordContent(database, self.blobs, key),
        )


def _digest_by(
    present: Collection[AttachedFile], fetched: dict[AttachedFile, _Fetched], stack: ExitStack
) -> Callable[[AttachedFile], str]:
    """Return what tells digests; what is not in the store yet is fetched for it, once."""
    known: dict[AttachedFile, str] = {}

    def digest_of(file: AttachedFile) -> str:
        if file.digest:
            return file.digest
        if file in present:
            if file not in known:
                known[file] = _hashed(file)
            return known[file]
        if file not in fetched:
            fetched[file] = _fetch(file, stack)
        return fetched[file].digest

    return digest_of


def _hashed(file: AttachedFile) -> str:
    hashed = hashlib.sha256()
    for piece in file.content.chunks():
        hashed.update(piece)
    return hashed.hexdigest()


def _fetch(file: AttachedFile, stack: ExitStack) -> _Fetched:
    # Nothing is left on the disk when the process dies.
    held = stack.enter_context(tempfile.SpooledTemporaryFile(_HELD, prefix="postroom-"))  # noqa: SIM115
    hashed, size = hashlib.sha256(), 0
    for piece in file.content.chunks():
        hashed.update(piece)
        size += len(piece)
        held.write(piece)
    return _Fetched(held, size, hashed.hexdigest())


_JOINED = _FILE.outerjoin(_CONTENT, _CONTENT.c.attachmentid == _FILE.c.attachmentid)
#: What a caller has put into the row itself is newer than the content that it once shared.
_BODY = sa.func.coalesce(_FILE.c.body, _CONTENT.c.body)
_FILES = (
    sa.select(
        _FILE.c.activitymimeattachmentid,
        _FILE.c.objectid,
        _FILE.c.filename,
        _FILE.c.mimetype,
        _FILE.c.filesize,
        _FILE.c.versionnumber,
        _BODY.is_not(None).label("has_body"),
        _CONTENT.c.postroom_digest,
    )
    .select_from(_JOINED)
    # Pictures within a text belong to the text.
    .where(_FILE.c.objecttypecode == TABLE, _FILE.c.attachmentcontentid.is_(None))
    .order_by(_FILE.c.attachmentnumber, _FILE.c.activitymimeattachmentid)
)
