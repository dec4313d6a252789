"""Secrets at rest under AES-256-GCM, and the file that holds the keys.

A sealed secret reads `v1:<key>:<base64>`: the key's name, then nonce and ciphertext. The place it was sealed
for is authenticated with it, so that a sealed password copied into another row does not open.

The cipher is imported with the first secret that is sealed or opened: most commands do neither, and its
library takes a good part of their start.
"""

import base64
import binascii
import contextlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from postroom.errors import UserError

_KEY_OCTETS = 32
_FORMAT = "v1"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class AesGcmSecrets:
    """Seals with the current key and opens with any key it knows."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        wrong = [name for name, key in keys.items() if not _NAME.fullmatch(name) or len(key) != _KEY_OCTETS]
        if wrong:
            raise UserError(*(f"Key {name!r} needs a plain name and {_KEY_OCTETS} octets." for name in wrong))
        if current not in keys:
            raise UserError(f"There is no key {current!r} to seal with.")
        self._keys = dict(keys)
        self.current = current

    def seal(self, plain: str, *, place: str) -> str:
        """Return the text to store; sealing the same secret twice gives different texts."""
        from postroom.app import cipher  # only here, see above

        hidden = cipher.encrypt(self._keys[self.current], plain.encode(), _context(self.current, place))
        return f"{_FORMAT}:{self.current}:{base64.b64encode(hidden).decode()}"

    def open(self, sealed: str, *, place: str) -> str:
        """Return the plain secret; raises `UserError` when key or place do not fit."""
        from postroom.app import cipher  # only here, see above

        name, hidden = _parts(sealed, place)
        key = self._keys.get(name)
        if key is None:
            raise UserError(
                f"The secret of {place} was sealed with key {name!r}, which is not in the key file."
            )
        try:
            return cipher.decrypt(key, hidden, _context(name, place)).decode()
        except ValueError as error:
            raise UserError(
                f"The secret of {place} can't be opened with key {name!r}; enter it anew."
            ) from error

    def is_current(self, sealed: str) -> bool:
        """Say whether the secret was sealed with the current key; others want sealing anew."""
        return sealed.split(":", 2)[1:2] == [self.current]


def create_key_file(path: Path, *, name: str = "k1") -> AesGcmSecrets:
    """Make a key file with one new key, readable by its owner only; refuse to replace one."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise UserError(f"There is a key file already: {path}") from error
    except OSError as error:
        raise UserError(f"The key file can't be made: {error}") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(_line(name, os.urandom(_KEY_OCTETS)))
        file.flush()
        os.fsync(file.fileno())
    return read_key_file(path)


def read_key_file(path: Path) -> AesGcmSecrets:
    """Return secrets under the keys of the file; the last line is the current key."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text()
    except OSError as error:
        raise UserError(f"The key file can't be read: {error}") from error
    if mode & 0o077:
        raise UserError(f"Others may read the key file {path}; say: chmod 600 {path}")
    keys = dict(_key(line, path) for line in text.splitlines() if line.strip())
    if not keys:
        raise UserError(f"The key file {path} is empty.")
    return AesGcmSecrets(keys, list(keys)[-1])


def add_key(path: Path) -> AesGcmSecrets:
    """Add a new key to the file and make it the current one; older keys still open what they sealed."""
    known = read_key_file(path)
    names = set(known._keys)
    name = next(f"k{n}" for n in range(1, len(names) + 2) if f"k{n}" not in names)
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(path.read_text().rstrip("\n") + "\n" + _line(name, os.urandom(_KEY_OCTETS)))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return read_key_file(path)


def _context(name: str, place: str) -> bytes:
    return f"{_FORMAT}:{name}:{place}".encode()


def _parts(sealed: str, place: str) -> tuple[str, bytes]:
    version, _, rest = sealed.partition(":")
    name, _, text = rest.partition(":")
    with contextlib.suppress(binascii.Error):
        if version == _FORMAT:
            return name, base64.b64decode(text, validate=True)
    raise UserError(f"What is stored as the secret of {place} is no sealed secret; enter it anew.")


def _line(name: str, key: bytes) -> str:
    return f"{name} {base64.b64encode(key).decode()}\n"


def _key(line: str, path: Path) -> tuple[str, bytes]:
    name, _, text = line.strip().partition(" ")
    try:
        return name, base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise UserError(f"A line of the key file {path} is damaged: the one of key {name!r}.") from error
