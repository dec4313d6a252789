"""Commands on the whole: status and doctor."""

import importlib.util
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
import typer

from postroom.api.odata.query import read_query, run_query
from postroom.app.settings import Settings, read_settings
from postroom.app.wiring import Postroom, open_database, open_postroom, read_secrets, shown_url
from postroom.cli.exit import Exit
from postroom.cli.session import opened
from postroom.cli.show import AsJson, show_records
from postroom.errors import PostroomError, UserError
from postroom.schema import registry
from postroom.store import migrations


def add_to(app: typer.Typer) -> None:
    """Put the commands of this group into the application."""
    app.command("status")(status)
    app.command("doctor")(doctor)


# What is counted: the words for it, the set, the condition.
_COUNTS: tuple[tuple[str, str, str], ...] = (
    ("active mailboxes", "mailboxes", "statecode eq 0"),
    ("mailboxes that receive", "mailboxes", "statecode eq 0 and enabledforincomingemail eq true"),
    ("mailboxes that send", "mailboxes", "statecode eq 0 and enabledforoutgoingemail eq true"),
    ("passes under way", "postroom_workloads", "inflight ne null"),
    ("passes that failed last time", "postroom_workloads", "failurecount gt 0"),
    ("e-mails received", "emails", "directioncode eq false"),
    ("e-mails sent", "emails", "directioncode eq true and statuscode eq 3"),
    ("e-mails waiting to be sent", "emails", "directioncode eq true and statuscode in (6,7)"),
    ("e-mails that failed", "emails", "directioncode eq true and statuscode eq 8"),
    ("e-mails that may have left", "emails", "postroom_sendoutcome eq 4"),
    ("messages in quarantine", "postroom_quarantines", "state eq 0"),
    ("messages decided upon", "postroom_decisions", ""),
)


def status(*, as_json: AsJson = False) -> None:
    """Count mailboxes, passes, e-mails and what waits for a person."""
    with opened() as postroom, postroom.database.read() as connection:
        rows = [{"what": words, "count": _count(connection, *where)} for words, *where in _COUNTS]
    show_records(rows, ("count", "what"), as_json=as_json)


def _count(connection: sa.Connection, set_name: str, condition: str) -> int:
    options = {"$count": "true", "$top": "1"} | ({"$filter": condition} if condition else {})
    return run_query(connection, read_query(set_name, options)).count or 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the doctor's: how it went and what to do."""

    check: str
    said: str
    ok: bool = True


def doctor(*, as_json: AsJson = False) -> None:
    """Check settings, files and store; say what is wrong and what to do."""
    findings = list(_examine())
    rows: list[dict[str, Any]] = [asdict(finding) for finding in findings]
    show_records(rows, ("ok", "check", "said"), as_json=as_json)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(Exit.FAILED)


def _examine() -> Iterator[Finding]:
    try:
        settings = read_settings()
    except UserError as fault:
        yield from (Finding("settings", problem, ok=False) for problem in fault.problems)
        return
    yield Finding("settings", "valid")
    for check, examine in _CHECKS.items():
        try:
            said = examine(settings)
        except (PostroomError, OSError) as fault:
            yield Finding(check, str(fault), ok=False)
        else:
            yield Finding(check, said)


def _home(settings: Settings) -> str:
    mode = stat.S_IMODE(settings.home.stat().st_mode)
    if mode & 0o022:
        raise UserError(f"Others may write into {settings.home}; say: chmod go-w {settings.home}")
    return str(settings.home)


def _key(settings: Settings) -> str:
    secrets = read_secrets(settings)
    place = "POSTROOM_SECRET_KEY" if settings.secret_key is not None else settings.secret_key_file
    return f"key {secrets.current!r} of {place}"


def _store(settings: Settings) -> str:
    database = open_database(settings)
    try:
        found, needed = migrations.current(database), migrations.head()
    finally:
        database.dispose()
    if found != needed:
        raise UserError(f"Revision {found or 'none'}, and {needed} is needed: run `postroom init`.")
    return f"{shown_url(settings)} at revision {found}"


def _blobs(settings: Settings) -> str:
    probe = settings.blob_directory / ".probe"
    probe.touch(mode=0o600)
    probe.unlink()
    return str(settings.blob_directory)


def _passwords(settings: Settings) -> str:
    """Open every stored secret, so that a lost key is known before a mail server asks for a password."""
    with open_postroom(settings) as postroom, postroom.database.read() as connection:
        opened_secrets = list(_open_all(postroom, connection))
    return f"{len(opened_secrets)} open with the key"


def _open_all(postroom: Postroom, connection: sa.Connection) -> Iterator[str]:
    for table in registry.tables():
        for column in table.secrets() if table.is_stored else ():
            key, secret = table.table.c[table.primary_id], table.table.c[column]
            for id_ in connection.scalars(sa.select(key).where(secret.is_not(None))).all():
                yield postroom.records.open_secret(connection, table.logical_name, id_, column) or ""


def _parser(settings: Settings) -> str:
    if not settings.mail.accelerated_parser:
        return "switched off"
    return (
        "installed"
        if importlib.util.find_spec("fast_mail_parser")
        else "not installed; mail is read without it"
    )


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "home directory": _home,
    "key": _key,
    "store": _store,
    "blob directory": _blobs,
    "stored passwords": _passwords,
    "accelerated parser": _parser,
}
