"""Contents kept in the table and beside it, on both databases."""

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from postroom.errors import StoreError
from postroom.mime.message import BytesContent
from postroom.ports.blobs import BlobRef
from postroom.schema.blob import Blob
from postroom.store.blobs import DirectoryBlobs, keep, open_blob
from postroom.store.database import Database

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SMALL, LARGE = b"small", os.urandom(300_000)


@dataclass
class Pieces:
    """A content that comes in pieces, any number of times."""

    pieces: tuple[bytes, ...]

    def chunks(self) -> Iterator[bytes]:
        yield from self.pieces


@pytest.fixture
def blobs(tmp_path: Path) -> DirectoryBlobs:
    return DirectoryBlobs(tmp_path / "blobs")


def keep_all(
    database: Database, blobs: DirectoryBlobs, *contents: bytes, threshold: int = 262144
) -> list[BlobRef]:
    with database.write() as connection:
        return keep(connection, map(BytesContent, contents), blobs, now=NOW, threshold=threshold)


def read(database: Database, blobs: DirectoryBlobs, ref: BlobRef) -> bytes:
    with database.read() as connection:
        return b"".join(open_blob(connection, ref.digest, blobs))


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(Blob)) or 0


def test_small_contents_lie_in_the_table_and_large_ones_beside_it(
    database: Database, blobs: DirectoryBlobs
) -> None:
    refs = keep_all(database, blobs, SMALL, LARGE, b"")
    assert [ref.size for ref in refs] == [5, 300_000, 0]
    assert [read(database, blobs, ref) for ref in refs] == [SMALL, LARGE, b""]
    with database.read() as connection:
        bodies = {row.size: row.body for row in connection.execute(sa.select(Blob.size, Blob.body))}
    assert bodies == {5: SMALL, 300_000: None, 0: b""}
    assert b"".join(blobs.get(refs[1].digest)) == LARGE
    assert not blobs.place(refs[0].digest).exists()


@pytest.mark.parametrize(("size", "is_inside"), [(99, True), (100, True), (101, False)])
def test_the_threshold_itself_is_small(
    database: Database, blobs: DirectoryBlobs, size: int, *, is_inside: bool
) -> None:
    (ref,) = keep_all(database, blobs, b"x" * size, threshold=100)
    assert blobs.place(ref.digest).exists() != is_inside
    assert read(database, blobs, ref) == b"x" * size


def test_a_content_is_kept_once_within_a_batch_and_over_batches(
    database: Database, blobs: DirectoryBlobs
) -> None:
    first = keep_all(database, blobs, SMALL, LARGE, SMALL, LARGE)
    second = keep_all(database, blobs, LARGE, SMALL)
    assert first == [*reversed(second)] * 2
    assert count(database) == 2


def test_a_changed_threshold_leaves_what_is_kept_readable(database: Database, blobs: DirectoryBlobs) -> None:
    (ref,) = keep_all(database, blobs, LARGE, threshold=1_000_000)
    assert keep_all(database, blobs, LARGE, threshold=10) == [ref]
    assert read(database, blobs, ref) == LARGE


def test_contents_may_come_in_pieces(database: Database, blobs: DirectoryBlobs) -> None:
    large = Pieces((b"a" * 100_000, b"", b"b" * 200_000, b"c"))
    small = Pieces((b"a", b"b"))
    with database.write() as connection:
        refs = keep(connection, [large, small], blobs, now=NOW)
    assert [read(database, blobs, ref) for ref in refs] == [b"".join(each.pieces) for each in (large, small)]


def test_thousands_of_contents_are_kept_in_bounded_statements(
    database: Database, blobs: DirectoryBlobs
) -> None:
    contents = [b"%d" % number * 5000 for number in range(2000)]
    refs = keep_all(database, blobs, *contents)
    assert [ref.digest for ref in refs] == [hashlib.sha256(data).digest() for data in contents]
    assert count(database) == 2000
    assert read(database, blobs, refs[-1]) == contents[-1]


def test_nothing_is_kept_by_a_transaction_that_fails(database: Database, blobs: DirectoryBlobs) -> None:
    def fail() -> None:
        with database.write() as connection:
            keep(connection, [BytesContent(SMALL), BytesContent(LARGE)], blobs, now=NOW)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    assert count(database) == 0
    refs = keep_all(database, blobs, SMALL, LARGE)
    assert [read(database, blobs, ref) for ref in refs] == [SMALL, LARGE]


def test_many_writers_of_the_same_contents_do_not_hinder_each_other(
    database: Database, blobs: DirectoryBlobs
) -> None:
    contents = [b"shared %d" % number for number in range(50)] + [LARGE]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(5):
                # Each in an order of its own.
                keep_all(database, blobs, *contents[number:], *contents[:number])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert count(database) == 51


def test_a_content_that_nobody_kept_cannot_be_opened(database: Database, blobs: DirectoryBlobs) -> None:
    with database.read() as connection, pytest.raises(StoreError, match="there is no content"):
        open_blob(connection, bytes(32), blobs)


def test_a_row_whose_file_is_gone_says_so(database: Database, blobs: DirectoryBlobs) -> None:
    (ref,) = keep_all(database, blobs, LARGE)
    blobs.delete(ref.digest)
    with pytest.raises(StoreError, match="is not in"):
        read(database, blobs, ref)
