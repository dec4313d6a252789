"""What every place for blobs promises; each adapter's test inherits it and supplies one."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from postroom.errors import StoreError
from postroom.ports.blobs import BlobRef, Blobs

MIB = 1024 * 1024


class BlobsContract:
    """Inherit, and give a fixture `blobs`."""

    @pytest.fixture
    def blobs(self) -> Blobs:
        raise NotImplementedError

    @pytest.mark.parametrize("size", [0, 1, 1000, MIB, MIB + 1, 3 * MIB + 17])
    def test_what_was_put_is_got(self, blobs: Blobs, size: int) -> None:
        data = os.urandom(size)
        ref = blobs.put([data])
        assert ref == BlobRef(hashlib.sha256(data).digest(), size)
        pieces = list(blobs.get(ref.digest))
        assert b"".join(pieces) == data
        assert all(0 < len(piece) <= MIB for piece in pieces)

    def test_it_does_not_matter_how_bytes_are_cut(self, blobs: Blobs) -> None:
        data = os.urandom(10_000)
        cut = [data[:1], b"", data[1:5000], data[5000:]]
        assert blobs.put(cut) == blobs.put(iter([data])) == blobs.put([data])
        assert b"".join(blobs.get(hashlib.sha256(data).digest())) == data

    def test_what_is_not_here_cannot_be_got(self, blobs: Blobs) -> None:
        with pytest.raises(StoreError, match="not"):
            list(blobs.get(bytes(32)))

    def test_what_was_deleted_is_not_here(self, blobs: Blobs) -> None:
        ref, other = blobs.put([b"one"]), blobs.put([b"two"])
        blobs.delete(ref.digest)
        blobs.delete(ref.digest)
        with pytest.raises(StoreError):
            list(blobs.get(ref.digest))
        assert list(blobs.get(other.digest)) == [b"two"]
        assert blobs.put([b"one"]) == ref
        assert list(blobs.get(ref.digest)) == [b"one"]

    def test_bytes_that_break_off_are_not_kept(self, blobs: Blobs) -> None:
        def broken() -> Iterator[bytes]:
            yield b"a beginning"
            raise RuntimeError("no more")

        with pytest.raises(RuntimeError, match="no more"):
            blobs.put(broken())
        with pytest.raises(StoreError):
            list(blobs.get(hashlib.sha256(b"a beginning").digest()))

    def test_many_may_put_the_same_and_other_bytes_at_once(self, blobs: Blobs) -> None:
        contents = [b"content %d " % (number % 7) * 1000 for number in range(70)]
        with ThreadPoolExecutor(8) as pool:
            refs = list(pool.map(lambda data: blobs.put([data]), contents))
        assert len(set(refs)) == 7
        for ref, data in zip(refs, contents, strict=True):
            assert b"".join(blobs.get(ref.digest)) == data
