"""Blobs: bytes stored once per content, addressed by their SHA-256."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BlobRef:
    """Where bytes are: the SHA-256 of their content and their length in octets."""

    digest: bytes
    size: int


class Blobs(Protocol):
    """A place that keeps large bytes outside the database; `put` has them on the disk when it returns."""

    def put(self, chunks: Iterable[bytes]) -> BlobRef:
        """Keep the bytes, once per content, and return where they are."""
        ...

    def get(self, digest: bytes) -> Iterator[bytes]:
        """Yield the bytes in pieces of at most 1 MiB; raises `StoreError` when they are not here."""
        ...

    def delete(self, digest: bytes) -> None:
        """Forget these bytes; nothing happens when they are not here."""
        ...
