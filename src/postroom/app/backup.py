"""Back-ups: the whole store in one file, made while workers run, and the way back from it.

The file is a ZIP archive: `tables/<name>.jsonl` for each table (see `store.archive`), `blobs/<digest>` for
each content that lies outside the database, and `postroom-backup.json`, which is written last and says what
is in it. Rows are read from one state of the database. Contents outside it are copied after that: each was on
the disk before the row that names it. The key is not in it and has to be kept elsewhere.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from postroom import __version__
from postroom.app import keys
from postroom.app.settings import Settings
from postroom.app.wiring import Postroom, make_directories, open_database
from postroom.errors import StoreError, UserError
from postroom.ports.clock import Clock, SystemClock
from postroom.store import archive, migrations
from postroom.store.blobs import DirectoryBlobs
from postroom.store.database import Database

FORMAT = 1
_MANIFEST = "postroom-backup.json"
_PIECE = 1024 * 1024

#: Told what is being done, and how many of how many parts are done.
Progress = Callable[[int, int], None]


def _in_silence(done: int, total: int) -> None:
    return


@dataclass(frozen=True, slots=True)
class Summary:
    """What is in a back-up."""

    file: Path
    #: Rows by table.
    tables: Mapping[str, int]
    blobs: int
    #: Digests of contents that were missing or damaged and are not in it.
    damaged: Sequence[str]

    @property
    def rows(self) -> int:
        """Return how many rows there are."""
        return sum(self.tables.values())


def back_up(postroom: Postroom, target: Path, *, progress: Progress = _in_silence) -> Summary:
    """Write a back-up and return what is in it; into a directory, under a name made of the time.

    The file appears under its name when it is whole and on the disk. Nobody else may read it.
    """
    now = postroom.clock.now()
    file = target / f"postroom-{now:%Y%m%dT%H%M%SZ}.zip" if target.is_dir() else target
    if file.exists():
        raise UserError(f"There is a file {file} already; say another name.")
    unfinished = file.with_name(file.name + ".unfinished")
    try:
        with (
            postroom.blobs.copying(),
            _fresh(unfinished) as stream,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as pack,
        ):
            summary = _pack(postroom, pack, file, now.isoformat(), progress)
        _bring_to_disk(unfinished, file)
    except OSError as fault:
        raise UserError(f"The back-up can't be written to {file}: {fault.strerror}.") from fault
    finally:
        unfinished.unlink(missing_ok=True)
    return summary


@contextmanager
def _fresh(path: Path) -> Iterator[Any]:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600), "w+b") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _bring_to_disk(unfinished: Path, file: Path) -> None:
    unfinished.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _pack(postroom: Postroom, pack: zipfile.ZipFile, file: Path, made_at: str, progress: Progress) -> Summary:
    tables: dict[str, int] = {}
    wanted = archive.archived_tables()
    with postroom.database.read() as connection:
        revision = migrations.revision_of(connection)
        for done, table in enumerate(wanted):
            progress(done, len(wanted))
            tables[table.name] = _pack_lines(pack, table.name, archive.read_table(connection, table))
        digests = archive.large_blobs(connection)
        sealed_with = dict(keys.usage(connection))
        last_version = archive.last_version(connection)
    damaged = [each for each in _pack_blobs(postroom.blobs, pack, digests, progress) if each]
    summary = Summary(file, tables, len(digests) - len(damaged), damaged)
    manifest = {
        "format": FORMAT,
        "release": __version__,
        "revision": revision,
        "made_at": made_at,
        "tables": tables,
        "blobs": summary.blobs,
        "damaged": damaged,
        "sealed_with": sealed_with,
        "last_version": last_version,
    }
    pack.writestr(_MANIFEST, json.dumps(manifest, indent=2))
    return summary


def _pack_lines(pack: zipfile.ZipFile, name: str, lines: Iterator[str]) -> int:
    """Write the lines of a table and return how many rows there were."""
    number = -1
    with pack.open(f"tables/{name}.jsonl", "w", force_zip64=True) as member:
        for line in lines:
            member.write(line.encode() + b"\n")
            number += 1
    return number


def _pack_blobs(
    blobs: DirectoryBlobs, pack: zipfile.ZipFile, digests: Sequence[bytes], progress: Progress
) -> Iterator[str]:
    """Write the contents, and yield for each its digest where it is missing or damaged, else nothing."""
    for done, digest in enumerate(digests):
        progress(done, len(digests))
        fault = ""
        # Attachments hardly get smaller, and there is no time to lose on them.
        member = zipfile.ZipInfo(f"blobs/{digest.hex()}")
        with pack.open(member, "w", force_zip64=True) as place:
            try:
                for piece in blobs.get(digest):
                    place.write(piece)
            except StoreError:
                fault = digest.hex()
        yield fault


# The way back --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Restored:
    """What came of a restoration."""

    rows: int = 0
    blobs: int = 0
    #: E-mails that wait for a person, because they may have left since the back-up was made.
    held: int = 0
    #: What has to be done by hand, a sentence each.
    to_do: list[str] = field(default_factory=list)


def restore(
    settings: Settings,
    file: Path,
    *,
    send_waiting: bool = False,
    clock: Clock | None = None,
    progress: Progress = _in_silence,
) -> Restored:
    """Bring a back-up into an empty store, of either kind, and bring that up to date.

    All rows come in together or none. With `send_waiting`, e-mails that had yet to leave are sent; without it
    they are held, because nobody can know whether they left after the back-up was made.
    """
    with _opened(file) as pack:
        manifest = _manifest_of(pack, file)
        make_directories(settings, [])
        database = open_database(settings)
        try:
            came_to = Restored(blobs=_unpack_blobs(settings, pack, manifest, progress))
            with database.write() as connection:
                database.lock(connection, "postroom_migrations")
                _unpack(database, connection, pack, manifest, came_to, progress)
                archive.break_off_passes(connection)
                if not send_waiting:
                    came_to.held = archive.hold_outbox(connection, (clock or SystemClock()).now())
        finally:
            database.dispose()
    came_to.to_do.extend(_to_do(settings, manifest, came_to))
    return came_to


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as pack:
            yield pack
    except OSError as fault:
        raise UserError(f"{file} can't be read: {fault.strerror or fault}.") from fault
    except (zipfile.BadZipFile, zlib.error, EOFError) as fault:
        raise UserError(f"{file} is no whole back-up: {fault}.") from fault
    except (ValueError, KeyError, TypeError) as fault:
        # What stands in it is not what we write; the values may be secret, so they are not shown.
        raise UserError(
            f"{file} is damaged, or was not made by Postroom ({type(fault).__name__})."
        ) from fault


def _manifest_of(pack: zipfile.ZipFile, file: Path) -> Mapping[str, Any]:
    if _MANIFEST not in pack.namelist():
        raise UserError(f"{file} is no back-up of Postroom.")
    manifest: Mapping[str, Any] = json.loads(pack.read(_MANIFEST))
    if manifest["format"] != FORMAT or not migrations.is_known(manifest["revision"]):
        raise UserError(
            f"{file} was made by release {manifest['release']}, which is later than this one: install that."
        )
    return manifest


def _unpack(
    database: Database,
    connection: Any,
    pack: zipfile.ZipFile,
    manifest: Mapping[str, Any],
    came_to: Restored,
    progress: Progress,
) -> None:
    found, revision = migrations.revision_of(connection), manifest["revision"]
    if found is None:
        migrations.take(connection, revision)
    elif found != revision:
        raise UserError(
            f"The store is at revision {found} and the back-up at {revision}: restore into an empty "
            "database, which is brought up to date afterwards."
        )
    else:
        archive.clear_beginning(connection)
    tables: Mapping[str, int] = manifest["tables"]
    for done, (name, number) in enumerate(tables.items()):
        progress(done, len(tables))
        with pack.open(f"tables/{name}.jsonl") as member, TextIOWrapper(member, "utf-8") as lines:
            written = archive.write_table(connection, name, lines)
        if written != number:
            raise UserError(f"The back-up is damaged: {name} has {written} rows instead of {number}.")
        came_to.rows += written
    archive.set_last_version(connection, manifest["last_version"])
    migrations.take(connection)


def _unpack_blobs(
    settings: Settings, pack: zipfile.ZipFile, manifest: Mapping[str, Any], progress: Progress
) -> int:
    """Put the contents in their places, before the rows that name them."""
    blobs = DirectoryBlobs(settings.blob_directory)
    damaged = set(manifest["damaged"])
    names = [name for name in pack.namelist() if name.startswith("blobs/")]
    wanted = [name for name in names if name.removeprefix("blobs/") not in damaged]
    for done, name in enumerate(wanted):
        progress(done, len(wanted))
        with pack.open(name) as member:
            ref = blobs.put(_pieces_of(member))
        if ref.digest.hex() != name.removeprefix("blobs/"):
            blobs.delete(ref.digest)
            raise UserError(f"The back-up is damaged: {name} is not what its name says.")
    return len(wanted)


def _pieces_of(member: IO[bytes]) -> Iterator[bytes]:
    while piece := member.read(_PIECE):
        yield piece


def _to_do(settings: Settings, manifest: Mapping[str, Any], came_to: Restored) -> Iterator[str]:
    wanted = {name for name, number in manifest["sealed_with"].items() if number and name}
    try:
        at_hand = set(keys.read_secrets(settings).names)
    except UserError:
        at_hand = set()
    if lacking := sorted(wanted - at_hand):
        yield (
            f"Bring back the key {', '.join(lacking)} to {keys.place_of_keys(settings)}: stored passwords "
            "are sealed with it, and no back-up holds it."
        )
    if came_to.held:
        yield (
            f"{came_to.held} e-mails may have left since the back-up was made: see `postroom outbox list`, "
            "then `postroom outbox resend` or `postroom outbox settle`."
        )
    if manifest["damaged"]:
        yield f"{len(manifest['damaged'])} large attachments were missing when the back-up was made."
