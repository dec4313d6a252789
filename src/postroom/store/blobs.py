"""Blobs: bytes once per content, small ones in the database, large ones in a directory.

`keep` and `open_blob` are what passes use; they know the table. `DirectoryBlobs` and `MemoryBlobs`
are places for large contents. Bytes are hashed while they flow, and no large content is ever held
in memory.
"""

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import StoreError
from postroom.mime.message import Content
from postroom.ports.blobs import BlobRef, Blobs
from postroom.schema.blob import Blob
from postroom.store.database import insert_new

#: Octets up to which a content lies in the database, unless the organization says otherwise.
THRESHOLD = 256 * 1024
#: Octets of small contents that wait in memory before they are written together.
_WAITING = 8 * 1024 * 1024
_PIECE = 1024 * 1024
#: A file that is still unfinished after so long belongs to a process that died; one that was put longer ago
#: has its row by now.
_FORSAKEN_SECONDS = 24 * 3600.0
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class DirectoryBlobs:
    """Contents as files, named by their SHA-256: `ab/cd/abcd...`.

    A file appears under its name only when it is whole and on the disk, so that any number of
    processes may write at the same time and a crash leaves no half a content.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._unfinished = directory / "unfinished"
        #: Directories whose own entries are known to be on the disk.
        self._lasting: set[Path] = set()
        self._unfinished.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, chunks: Iterable[bytes]) -> BlobRef:
        """Keep the bytes, once per content, and return where they are; they are on the disk then."""
        with self.batch() as batch:
            return batch.put(chunks)

    def batch(self) -> "DirectoryBatch":
        """Return a batch, whose contents are on the disk together when its block ends."""
        return DirectoryBatch(self)

    def get(self, digest: bytes) -> Iterator[bytes]:
        """Yield the bytes in pieces of at most 1 MiB; `StoreError` when they are missing or damaged."""
        hashed = hashlib.sha256()
        try:
            with self.place(digest).open("rb", buffering=0) as file:
                while piece := file.read(_PIECE):
                    hashed.update(piece)
                    yield piece
        except FileNotFoundError as error:
            raise StoreError(f"the content {digest.hex()} is not in {self._directory}") from error
        except OSError as error:
            raise StoreError(f"the content {digest.hex()} can't be read: {error.strerror}") from error
        if hashed.digest() != digest:
            raise StoreError(f"the content {digest.hex()} in {self._directory} is damaged")

    def delete(self, digest: bytes) -> None:
        """Forget these bytes; nothing happens when they are not here."""
        self.place(digest).unlink(missing_ok=True)

    def delete_unless_young(self, digest: bytes) -> bool:
        """Forget these bytes unless somebody put them in the last day; say whether they are gone."""
        place, aside = self.place(digest), self._unfinished / secrets.token_hex(16)
        with suppress(FileNotFoundError):
            if _is_forsaken(place):
                place.rename(aside)
                # Looked at once more: it may have been put anew between the two.
                if _is_forsaken(aside):
                    aside.unlink()
                    return True
                aside.replace(place)
                _sync(place.parent)
        return False

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Keep everybody from deleting contents while the block copies them."""
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Give whether nobody copies contents; as long as the block runs, nobody begins to."""
        with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB) as is_held:
            yield is_held

    @contextmanager
    def _locked(self, how: int) -> Iterator[bool]:
        # The kernel drops the lock with the process.
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with suppress(BlockingIOError):
                fcntl.flock(folder, how)
                yield True
                return
            yield False
        finally:
            os.close(folder)

    def tidy(self) -> int:
        """Remove what crashed processes left unfinished and return how many files that were."""
        removed = 0
        for file in self._unfinished.iterdir():
            with suppress(FileNotFoundError):
                if _is_forsaken(file):
                    file.unlink()
                    removed += 1
        return removed

    def place(self, digest: bytes) -> Path:
        """Return where the file of this content is or would be."""
        name = digest.hex()
        return self._directory / name[:2] / name[2:4] / name

    def write(self, chunks: Iterable[bytes]) -> tuple[BlobRef, Path]:
        """Write the bytes under a passing name, on the disk when this returns."""
        path = self._unfinished / secrets.token_hex(16)
        hashed = hashlib.sha256()
        size = 0
        try:
            with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:
                for piece in chunks:
                    hashed.update(piece)
                    size += len(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            raise StoreError(f"a content can't be kept in {self._directory}: {error.strerror}") from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return BlobRef(hashed.digest(), size), path

    def settle(self, written: Sequence[tuple[BlobRef, Path]]) -> None:
        """Give finished files their names, and have the names on the disk."""
        try:
            folders = {self._settle_one(ref, path) for ref, path in written}
            for folder in folders:
                _sync(folder)
        except OSError as error:
            raise StoreError(f"a content can't be kept in {self._directory}: {error.strerror}") from error

    def _settle_one(self, ref: BlobRef, path: Path) -> Path:
        place = self.place(ref.digest)
        self._make_lasting(place.parent)
        # Replaces the same content by itself when it was here. Also then the folder must be
        # brought to the disk: whoever put it there may not have come to that yet.
        path.replace(place)
        return place.parent

    def _make_lasting(self, folder: Path) -> None:
        if folder in self._lasting or folder == self._directory:
            return
        self._make_lasting(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
        _sync(folder.parent)
        self._lasting.add(folder)


class DirectoryBatch:
    """Many contents for one directory; none is promised before the block ends well."""

    def __init__(self, blobs: DirectoryBlobs) -> None:
        self._blobs = blobs
        self._written: list[tuple[BlobRef, Path]] = []

    def __enter__(self) -> "DirectoryBatch":
        """Begin the batch."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Bring everything to the disk, or throw it away when the block failed."""
        if kind is None:
            self._blobs.settle(self._written)
        else:
            for _ref, path in self._written:
                path.unlink(missing_ok=True)

    def put(self, chunks: Iterable[bytes]) -> BlobRef:
        """Write the bytes and return where they will be."""
        written = self._blobs.write(chunks)
        self._written.append(written)
        return written[0]

    def get(self, digest: bytes) -> Iterator[bytes]:
        """Yield the bytes of what was there before the batch."""
        return self._blobs.get(digest)

    def delete(self, digest: bytes) -> None:
        """Forget these bytes if they were there before the batch."""
        self._blobs.delete(digest)


class MemoryBlobs:
    """Contents in memory, for simulations and tests."""

    def __init__(self) -> None:
        self._contents: dict[bytes, bytes] = {}

    def put(self, chunks: Iterable[bytes]) -> BlobRef:
        """Keep the bytes, once per content, and return where they are."""
        data = b"".join(chunks)
        digest = hashlib.sha256(data).digest()
        self._contents[digest] = data
        return BlobRef(digest, len(data))

    def get(self, digest: bytes) -> Iterator[bytes]:
        """Yield the bytes in pieces of at most 1 MiB; raises `StoreError` when they are not here."""
        data = self._contents.get(digest)
        if data is None:
            raise StoreError(f"the content {digest.hex()} is not here")
        yield from _pieces(data)

    def delete(self, digest: bytes) -> None:
        """Forget these bytes; nothing happens when they are not here."""
        self._contents.pop(digest, None)


def keep(
    connection: Connection,
    contents: Iterable[Content],
    blobs: Blobs,
    *,
    now: datetime,
    threshold: int = THRESHOLD,
) -> list[BlobRef]:
    """Keep all contents, once per content, and return where they are, in order.

    Contents of up to `threshold` octets become rows of this transaction. Larger ones go to `blobs`
    and are on the disk before this returns; should the transaction be rolled back, they stay there
    without a row, which harms nobody, and are found again when the work is repeated.
    """
    rows = _Rows(connection, now)
    with _batch_of(blobs) as large:
        refs = [_keep_one(content, rows, large, threshold) for content in contents]
    rows.flush()
    return refs


def open_blob(connection: Connection, digest: bytes, blobs: Blobs) -> Iterator[bytes]:
    """Yield the bytes in pieces of at most 1 MiB; raises `StoreError` when they are not here.

    The connection is asked once, before the first piece, and not needed after it.
    """
    found = connection.execute(sa.select(Blob.body).where(Blob.digest == digest)).one_or_none()
    if found is None:
        raise StoreError(f"there is no content {digest.hex()} in the store")
    return blobs.get(digest) if found.body is None else _pieces(found.body)


def content_key(ref: BlobRef) -> UUID:
    """Return the key of the row that stands for this content: equal content, equal key."""
    # source: RFC9562 5.8
    number = int.from_bytes(ref.digest[:16])
    return UUID(int=number & ~(0xF << 76) & ~(0b11 << 62) | (0x8 << 76) | (0b10 << 62))


@dataclass(slots=True)
class _Rows:
    """Rows of the blob table that wait to be written together."""

    connection: Connection
    now: datetime
    waiting: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    octets: int = 0

    def add(self, ref: BlobRef, body: bytes | None) -> None:
        if ref.digest in self.waiting:
            return
        self.waiting[ref.digest] = {
            "digest": ref.digest,
            "size": ref.size,
            "body": body,
            "createdon": self.now,
        }
        self.octets += len(body or b"")
        if self.octets > _WAITING:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            # In one order in all processes, so that two that keep the same contents don't wait for
            # each other.
            rows = [self.waiting[digest] for digest in sorted(self.waiting)]
            self.connection.execute(insert_new(self.connection, Blob.__table__), rows)
        self.waiting.clear()
        self.octets = 0


def _keep_one(content: Content, rows: _Rows, large: Blobs, threshold: int) -> BlobRef:
    chunks = iter(content.chunks())
    begun: list[bytes] = []
    size = 0
    for piece in chunks:
        begun.append(piece)
        size += len(piece)
        if size > threshold:
            ref = large.put(chain(begun, chunks))
            rows.add(ref, None)
            return ref
    body = begun[0] if len(begun) == 1 else b"".join(begun)
    ref = BlobRef(hashlib.sha256(body).digest(), size)
    rows.add(ref, body)
    return ref


def _batch_of(blobs: Blobs) -> AbstractContextManager[Blobs]:
    return blobs.batch() if isinstance(blobs, DirectoryBlobs) else nullcontext(blobs)


def _is_forsaken(file: Path) -> bool:
    return time.time() - file.stat().st_mtime > _FORSAKEN_SECONDS


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


def _sync(folder: Path) -> None:
    """Bring the names in a directory to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
