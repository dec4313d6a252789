"""Where keys come from: the environment, a command or the key file; and their rotation."""

import base64
import binascii
import shlex
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from postroom.app.secrets import (
    AesGcmSecrets,
    add_key,
    key_of,
    prepare_key,
    read_key_file,
    read_keys,
    retire_keys,
)
from postroom.app.settings import Settings
from postroom.errors import UserError
from postroom.store.database import Database
from postroom.store.records.sealing import Resealing, every_secret, reseal

#: The name of a key that stands alone in POSTROOM_SECRET_KEY.
_ENVIRONMENT_KEY = "env"
_COMMAND_SECONDS = 60.0


def read_secrets(settings: Settings) -> AesGcmSecrets:
    """Return secrets under the keys of the environment, of the command, or of the key file."""
    if settings.secret_key is not None:
        return _of_environment(settings.secret_key.get_secret_value())
    if settings.secret_key_command:
        command = settings.secret_key_command
        return read_keys(
            _output_of(command), place_of_keys(settings), read_again=lambda: read_secrets(settings)
        )
    if not settings.secret_key_file.exists():
        raise UserError(f"There is no key file {settings.secret_key_file}; `postroom init` makes one.")
    return read_key_file(settings.secret_key_file)


def place_of_keys(settings: Settings) -> str:
    """Return where the keys come from, in words."""
    if settings.secret_key is not None:
        return "POSTROOM_SECRET_KEY"
    if settings.secret_key_command:
        return "the output of secret_key_command"
    return f"the key file {settings.secret_key_file}"


def is_in_file(settings: Settings) -> bool:
    """Say whether the keys lie in the key file, which Postroom may change."""
    return settings.secret_key is None and not settings.secret_key_command


def _of_environment(text: str) -> AesGcmSecrets:
    if len(text.split()) > 1:
        return read_keys(text, "POSTROOM_SECRET_KEY")
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as fault:
        raise UserError("POSTROOM_SECRET_KEY is not base64.") from fault
    if len(key) != 32:
        raise UserError(f"POSTROOM_SECRET_KEY holds {len(key)} octets instead of 32.")
    return AesGcmSecrets({_ENVIRONMENT_KEY: key}, _ENVIRONMENT_KEY)


def _output_of(command: str) -> str:
    """Return what the command prints; of what it says only its own complaint is ever shown."""
    try:
        done = subprocess.run(  # noqa: S603 - the administrator's own command
            shlex.split(command), capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, ValueError) as fault:
        raise UserError(f"secret_key_command can't be run: {fault}") from fault
    except subprocess.TimeoutExpired as fault:
        raise UserError(f"secret_key_command did not end within {_COMMAND_SECONDS:g} seconds.") from fault
    if done.returncode:
        complaint = done.stderr.strip()[-500:]
        raise UserError(f"secret_key_command ended with {done.returncode}: {complaint or 'it said nothing'}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation came to."""

    #: The key that seals from now on.
    current: str
    resealed: Resealing
    #: Whether this made the key current, or went on with a rotation that was broken off.
    is_new: bool


def usage(connection: Connection) -> Mapping[str, int]:
    """Return how many secrets are sealed with each key; those of no key under the empty name."""
    return Counter(key_of(sealed.text) for sealed in every_secret(connection))


def rotate(
    settings: Settings,
    database: Database,
    *,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> Rotation:
    """Seal every secret with a new key; go on with an earlier rotation where one was broken off.

    Keys outside the key file are not ours to make: there, secrets are sealed anew with the newest one.
    """
    secrets = read_secrets(settings)
    with database.read() as connection:
        older = usage(connection).keys() & set(secrets.names) - {secrets.current, secrets.waiting}
    is_broken_off = bool(older)
    is_new = not is_broken_off and is_in_file(settings)
    if is_new:
        secrets = add_key(settings.secret_key_file)
    elif not is_broken_off:
        raise UserError(
            f"The keys come from {place_of_keys(settings)}, and all is sealed with the newest of them. "
            "Add a line there that `postroom secret make` prints, then rotate again."
        )
    return Rotation(secrets.current, reseal(database, secrets, secrets.is_current, on_done=on_done), is_new)


def prepare(settings: Settings) -> str:
    """Add a key that seals from the next rotation on, and return its name."""
    _refuse_elsewhere(settings)
    return prepare_key(settings.secret_key_file)


def retire(settings: Settings, database: Database) -> Sequence[str]:
    """Take keys out of the key file that nothing is sealed with any more, and return their names."""
    _refuse_elsewhere(settings)
    with database.read() as connection:
        return retire_keys(settings.secret_key_file, usage(connection).keys())


def _refuse_elsewhere(settings: Settings) -> None:
    if not is_in_file(settings):
        raise UserError(f"The keys come from {place_of_keys(settings)}: change them there.")
