"""Blobs in a directory and in memory."""

import hashlib
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contracts.blobs import MIB, BlobsContract

from postroom.errors import StoreError
from postroom.ports.blobs import Blobs
from postroom.store.blobs import DirectoryBlobs, MemoryBlobs


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


class TestDirectoryBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Blobs:
        return DirectoryBlobs(tmp_path / "blobs")


class TestMemoryBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self) -> Blobs:
        return MemoryBlobs()


def test_a_content_is_one_file_however_often_it_is_put(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path)
    for _ in range(3):
        ref = blobs.put([b"the same"])
    (file,) = files_in(tmp_path)
    assert file == blobs.place(ref.digest)
    assert file.parent.parent.parent == tmp_path
    assert file.stat().st_mode & 0o077 == 0


def test_another_process_finds_what_was_put(tmp_path: Path) -> None:
    ref = DirectoryBlobs(tmp_path).put([b"lasting"])
    assert list(DirectoryBlobs(tmp_path).get(ref.digest)) == [b"lasting"]


def test_a_batch_has_everything_when_it_ends(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path)
    with blobs.batch() as batch:
        refs = [batch.put([b"%d" % (number % 20)]) for number in range(40)]
        with pytest.raises(StoreError):
            list(blobs.get(refs[0].digest))
    assert [next(blobs.get(ref.digest)) for ref in refs] == [b"%d" % (number % 20) for number in range(40)]
    assert len(files_in(tmp_path)) == 20


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path)

    def fail_after_one() -> None:
        with blobs.batch() as batch:
            batch.put([b"one"])
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail_after_one()
    assert files_in(tmp_path) == []


def test_bytes_that_break_off_leave_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a beginning"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        DirectoryBlobs(tmp_path).put(broken())
    assert files_in(tmp_path) == []


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path)
    ref = blobs.put([b"as it was"])
    blobs.place(ref.digest).write_bytes(b"as it is!")
    with pytest.raises(StoreError, match="damaged"):
        list(blobs.get(ref.digest))


def test_only_what_dead_processes_left_is_tidied_away(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path)
    ref = blobs.put([b"finished long ago"])
    os.utime(blobs.place(ref.digest), (0, 0))
    for name, is_old in (("old", True), ("new", False)):
        file = tmp_path / "unfinished" / name
        file.write_bytes(b"half")
        if is_old:
            os.utime(file, (0, 0))
    assert blobs.tidy() == 1
    assert {path.name for path in files_in(tmp_path)} == {"new", ref.digest.hex()}


def test_a_large_content_never_lies_in_memory_whole(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path)
    tracemalloc.start()
    try:
        ref = blobs.put(bytes([number]) * MIB for number in range(64))
        assert ref.size == 64 * MIB
        assert sum(map(len, blobs.get(ref.digest))) == 64 * MIB
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_a_failure_of_the_store(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path)
    (tmp_path / "unfinished").chmod(0o500)
    with pytest.raises(StoreError, match="can't be kept"):
        blobs.put([b"x"])


def test_a_directory_that_is_gone_is_a_failure_of_the_store(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path / "blobs")
    (tmp_path / "blobs/unfinished").rmdir()
    with pytest.raises(StoreError, match="can't be kept"):
        blobs.put([b"x"])


def test_the_empty_content_is_a_content(tmp_path: Path) -> None:
    ref = DirectoryBlobs(tmp_path).put([])
    assert ref.digest == hashlib.sha256(b"").digest()
    assert list(DirectoryBlobs(tmp_path).get(ref.digest)) == []
