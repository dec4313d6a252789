"""Secrets at rest under AES-256-GCM, and the file that holds the keys.

The file has a line per key: its name and 32 octets in base64. The last line is the current key, which seals;
all of them open. A line that begins with `next` is a key that opens already and seals from the next rotation
on: so it can be brought to every host before anything is sealed with it.

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
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from postroom.errors import UserError

_KEY_OCTETS = 32
_FORMAT = "v1"
_NEXT = "next "
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class AesGcmSecrets:
    """Seals with the current key and opens with any key it knows."""

    def __init__(
        self,
        keys: Mapping[str, bytes],
        current: str,
        *,
        waiting: str = "",
        read_again: "Callable[[], AesGcmSecrets] | None" = None,
    ) -> None:
        wrong = [name for name, key in keys.items() if not _NAME.fullmatch(name) or len(key) != _KEY_OCTETS]
        if wrong:
            raise UserError(*(f"Key {name!r} needs a plain name and {_KEY_OCTETS} octets." for name in wrong))
        if current not in keys:
            raise UserError(f"There is no key {current!r} to seal with.")
        self._keys = dict(keys)
        self.current = current
        #: The key that seals from the next rotation on, or nothing.
        self.waiting = waiting
        self._read_again = read_again

    @property
    def names(self) -> Sequence[str]:
        """Return the names of all keys."""
        return tuple(self._keys)

    def seal(self, plain: str, *, place: str) -> str:
        """Return the text to store; sealing the same secret twice gives different texts."""
        from postroom.app import cipher  # only here, see above

        hidden = cipher.encrypt(self._keys[self.current], plain.encode(), _context(self.current, place))
        return f"{_FORMAT}:{self.current}:{base64.b64encode(hidden).decode()}"

    def open(self, sealed: str, *, place: str) -> str:
        """Return the plain secret; raises `UserError` when key or place do not fit."""
        from postroom.app import cipher  # only here, see above

        name, hidden = _parts(sealed, place)
        key = self._keys.get(name) or self._look_again(name)
        if key is None:
            raise UserError(f"The secret of {place} was sealed with key {name!r}, which is not at hand.")
        try:
            return cipher.decrypt(key, hidden, _context(name, place)).decode()
        except ValueError as error:
            raise UserError(
                f"The secret of {place} can't be opened with key {name!r}; enter it anew."
            ) from error

    def _look_again(self, name: str) -> bytes | None:
        """Return a key that has come since the keys were read: a worker needs no restart for a rotation."""
        if self._read_again is None:
            return None
        found = self._read_again()
        self._keys, self.current, self.waiting = found._keys, found.current, found.waiting
        return self._keys.get(name)

    def is_current(self, sealed: str) -> bool:
        """Say whether the secret was sealed with the current key; others want sealing anew."""
        return key_of(sealed) == self.current


def key_of(sealed: str) -> str:
    """Return the name of the key that a secret was sealed with, or nothing for what is no sealed secret.

    >>> key_of("v1:k2:AAAA")
    'k2'
    """
    version, _, rest = sealed.partition(":")
    return rest.partition(":")[0] if version == _FORMAT else ""


def make_line(name: str) -> str:
    """Return the line of a new key."""
    return f"{name} {base64.b64encode(os.urandom(_KEY_OCTETS)).decode()}\n"


def create_key_file(path: Path, *, name: str = "k1") -> AesGcmSecrets:
    """Make a key file with one new key, readable by its owner only; refuse to replace one."""
    try:
        _write(path, make_line(name), os.O_EXCL)
    except FileExistsError as error:
        raise UserError(f"There is a key file already: {path}") from error
    except OSError as error:
        raise UserError(f"The key file can't be made: {error}") from error
    return read_key_file(path)


def read_key_file(path: Path) -> AesGcmSecrets:
    """Return secrets under the keys of the file; a key that comes later is found when it is needed."""
    return read_keys(_text_of(path), f"the key file {path}", read_again=lambda: read_key_file(path))


def read_keys(
    text: str, place: str, *, read_again: Callable[[], AesGcmSecrets] | None = None
) -> AesGcmSecrets:
    """Return secrets under the keys of a text like that of a key file; `place` says where it stands."""
    keys: dict[str, bytes] = {}
    waiting, current = "", ""
    for line in filter(None, map(str.strip, text.splitlines())):
        name, key = _key(line.removeprefix(_NEXT), place)
        keys[name] = key
        if line.startswith(_NEXT):
            waiting = name
        else:
            current = name
    if not current:
        raise UserError(f"There is no key in {place}.")
    return AesGcmSecrets(keys, current, waiting=waiting, read_again=read_again)


def prepare_key(path: Path) -> str:
    """Add a key that seals from the next rotation on, unless one waits already; return its name."""
    known = read_key_file(path)
    if known.waiting:
        return known.waiting
    name = _free_name(known)
    _replace(path, [_NEXT + make_line(name).strip(), *_lines_of(path)])
    return name


def add_key(path: Path) -> AesGcmSecrets:
    """Make the key that waits, or else a new one, the current key; older keys still open what they sealed."""
    known = read_key_file(path)
    lines = _lines_of(path)
    waiting = [line for line in lines if line.startswith(_NEXT)]
    fresh = waiting[0].removeprefix(_NEXT) if waiting else make_line(_free_name(known)).strip()
    _replace(path, [*(line for line in lines if line not in waiting), fresh])
    return read_key_file(path)


def retire_keys(path: Path, in_use: Collection[str]) -> Sequence[str]:
    """Take the keys out of the file that nothing is sealed with; return their names."""
    known = read_key_file(path)
    keep = {*in_use, known.current, known.waiting}
    gone = [name for name in known.names if name not in keep]
    if gone:
        lines = _lines_of(path)
        _replace(path, [each for each in lines if each.removeprefix(_NEXT).partition(" ")[0] not in gone])
    return gone


def _text_of(path: Path) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text()
    except OSError as error:
        raise UserError(f"The key file can't be read: {error}") from error
    if mode & 0o077:
        raise UserError(f"Others may read the key file {path}; say: chmod 600 {path}")
    return text


def _lines_of(path: Path) -> list[str]:
    return [line.strip() for line in _text_of(path).splitlines() if line.strip()]


def _free_name(known: AesGcmSecrets) -> str:
    return next(f"k{n}" for n in range(1, len(known.names) + 2) if f"k{n}" not in known.names)


def _replace(path: Path, lines: Iterable[str]) -> None:
    """Put a new file in the place of the old one: a crash leaves the one or the other, and whole."""
    fresh = path.with_name(path.name + ".new")
    _write(fresh, "".join(f"{line}\n" for line in lines), os.O_TRUNC)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(path: Path, text: str, how: int) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | how, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _context(name: str, place: str) -> bytes:
    return f"{_FORMAT}:{name}:{place}".encode()


def _parts(sealed: str, place: str) -> tuple[str, bytes]:
    version, _, rest = sealed.partition(":")
    name, _, text = rest.partition(":")
    with contextlib.suppress(binascii.Error):
        if version == _FORMAT:
            return name, base64.b64decode(text, validate=True)
    raise UserError(f"What is stored as the secret of {place} is no sealed secret; enter it anew.")


def _key(line: str, place: str) -> tuple[str, bytes]:
    name, _, text = line.partition(" ")
    try:
        return name, base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise UserError(f"A line of {place} is damaged: the one of key {name!r}.") from error
