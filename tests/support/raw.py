"""A raw message that behaves as one in a file, and counts what is read of it."""

from dataclasses import dataclass, field


@dataclass
class FileRaw:
    """The bytes of one message behind the `Raw` protocol only."""

    data: bytes
    #: The most octets that were asked for at once.
    largest_read: int = field(default=0, init=False)

    @property
    def size(self) -> int:
        return len(self.data)

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        return self.data.find(needle, start, len(self.data) if end is None else end)

    def read(self, start: int, end: int) -> bytes:
        assert 0 <= start <= end <= len(self.data)
        self.largest_read = max(self.largest_read, end - start)
        return self.data[start:end]
