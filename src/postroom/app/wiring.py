"""The composition root: one Postroom put together from its settings."""

import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from postroom.app.keys import is_in_file, read_secrets
from postroom.app.secrets import AesGcmSecrets, create_key_file
from postroom.app.settings import Settings
from postroom.errors import UserError
from postroom.passes.context import Context, MailLimits, SendLimits
from postroom.ports.clock import Clock, SystemClock
from postroom.store import migrations
from postroom.store.blobs import DirectoryBlobs
from postroom.store.database import Database
from postroom.store.migrations import Fit
from postroom.store.records import Records

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Postroom:
    """The parts of one running Postroom; closes its connections at the end of a `with` block."""

    settings: Settings
    database: Database
    records: Records
    secrets: AesGcmSecrets
    clock: Clock
    blobs: DirectoryBlobs

    def context(self) -> Context:
        """Return what passes work with."""
        return Context(
            database=self.database,
            records=self.records,
            blobs=self.blobs,
            clock=self.clock,
            host=socket.gethostname(),
            mail=mail_limits(self.settings),
            sending=send_limits(self.settings),
        )

    def close(self) -> None:
        """Close every connection to the database."""
        self.database.dispose()

    def __enter__(self) -> Self:
        """Begin a block at whose end everything is closed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything."""
        self.close()


def open_postroom(settings: Settings, *, clock: Clock | None = None) -> Postroom:
    """Return a Postroom over a store that `postroom init` has made; raises `UserError` when it can't be."""
    secrets = read_secrets(settings)
    database = open_database(settings)
    try:
        require_fit(database)
        return _assemble(settings, database, secrets, clock or SystemClock())
    except BaseException:
        database.dispose()
        raise


def set_up(settings: Settings, *, clock: Clock | None = None) -> list[str]:
    """Make or upgrade everything that a Postroom needs; return a sentence for each thing that was made."""
    done: list[str] = []
    make_directories(settings, done)
    if is_in_file(settings) and not settings.secret_key_file.exists():
        create_key_file(settings.secret_key_file)
        done.append(f"Made the key that seals passwords: {settings.secret_key_file}. Keep a copy elsewhere.")
    secrets = read_secrets(settings)
    database = open_database(settings)
    try:
        before = migrations.current(database)
        migrations.upgrade(database)
        after = migrations.current(database)
        if before != after:
            done.append(f"Brought the store {shown_url(settings)} from {before or 'nothing'} to {after}.")
        postroom = _assemble(settings, database, secrets, clock or SystemClock())
        with database.write() as connection:
            postroom.records.ensure_organization(connection)
    finally:
        database.dispose()
    return done


def open_database(settings: Settings) -> Database:
    """Return the database of the settings, with a connection for every thread of a worker and a server."""
    threads = settings.worker.threads + settings.web.threads
    try:
        return Database(settings.database_url, pool_size=threads + 4)
    except ArgumentError as fault:
        raise UserError(
            "POSTROOM_DATABASE_URL is no address of a database; it reads sqlite:////path/to/file.sqlite "
            "or postgresql+psycopg://user:password@host/database."
        ) from fault


def shown_url(settings: Settings) -> str:
    """Return the address of the database without its password."""
    return make_url(settings.database_url).render_as_string(hide_password=True)


def mail_limits(settings: Settings) -> MailLimits:
    """Return the limits of receiving."""
    mail = settings.mail
    return MailLimits(
        largest_message=mail.maximum_message_size,
        messages_per_pass=mail.maximum_messages_per_pass,
        longest_pass=mail.maximum_pass_seconds,
        batch_size=1 if mail.one_per_transaction else mail.batch_size,
        batch_octets=mail.batch_octets,
        accelerated=mail.accelerated_parser,
        longest_wait=mail.timeout_seconds,
        allow_plaintext=mail.allow_plaintext,
    )


def send_limits(settings: Settings) -> SendLimits:
    """Return the limits of sending."""
    sending = settings.sending
    return SendLimits(
        maximum_attempts=sending.maximum_attempts,
        retry_delays=sending.retry_delays,
        batch_size=sending.batch_size,
        window=sending.window,
    )


def _assemble(settings: Settings, database: Database, secrets: AesGcmSecrets, clock: Clock) -> Postroom:
    return Postroom(
        settings=settings,
        database=database,
        records=Records(database, secrets, clock),
        secrets=secrets,
        clock=clock,
        blobs=DirectoryBlobs(settings.blob_directory),
    )


def require_fit(database: Database) -> None:
    """Refuse a store that this program can't work on, and say what to do about it."""
    fit = migrations.fit(database)
    if fit is Fit.EXACT:
        return
    found = migrations.current(database)
    if fit is Fit.NEWER:
        log.warning("the store is at revision %s, of a later release: upgrade this program too", found)
        return
    raise UserError(
        {
            Fit.MISSING: "The store is not set up; `postroom init` does it.",
            Fit.OLDER: f"The store is at revision {found} and this program needs {migrations.head()}: "
            "run `postroom init`.",
        }.get(fit, f"The store is at revision {found}, too new for this program: install the later release.")
    )


def make_directories(settings: Settings, done: list[str]) -> None:
    """Make the directories that are not there; what is ours is nobody else's to read."""
    wanted = [settings.home, settings.secret_key_file.parent, settings.blob_directory]
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        wanted.append(Path(url.database).parent)
    for directory in dict.fromkeys(wanted):
        try:
            if not directory.is_dir():
                directory.mkdir(parents=True, mode=0o700)
                done.append(f"Made the directory {directory}.")
        except OSError as fault:
            raise UserError(f"The directory {directory} can't be made: {fault.strerror}.") from fault
