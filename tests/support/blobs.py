"""Blobs that fail as disks do."""

import hashlib
from typing import Any

from postroom.errors import StoreError
from postroom.ports.blobs import BlobRef
from postroom.store.blobs import MemoryBlobs


class PickyBlobs(MemoryBlobs):
    """Blobs on a disk that has a bad spot: one content can't be written."""

    def __init__(self, bad: bytes) -> None:
        super().__init__()
        self.bad = hashlib.sha256(bad).digest()

    def put(self, chunks: Any) -> BlobRef:
        """Keep the content, unless it is the bad one."""
        ref = super().put(chunks)
        if ref.digest == self.bad:
            self.delete(ref.digest)
            raise StoreError("this content can't be kept")
        return ref
