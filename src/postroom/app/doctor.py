"""The doctor: all that an installation needs, looked at, with a cure for what is wrong."""

import importlib.util
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from postroom.app import keys
from postroom.app.settings import Settings, read_settings
from postroom.app.wiring import open_database, open_postroom, require_fit, shown_url
from postroom.errors import PostroomError, UserError
from postroom.ports.clock import Clock, SystemClock
from postroom.schema.choices import ActiveState
from postroom.schema.decision import Decision
from postroom.schema.profile import EmailServerProfile
from postroom.store import migrations, workloads
from postroom.store.database import Database
from postroom.store.records.sealing import every_secret

_PROFILE, _DECISION = EmailServerProfile.__table__, Decision.__table__

#: Free octets on a disk below which something is wrong, and those below which it soon will be.
LEAST_FREE = 256 * 1024 * 1024
LITTLE_FREE = 2 * 1024 * 1024 * 1024
#: How far two clocks may be apart before leases and due times suffer.
MOST_SKEW = timedelta(seconds=5)
#: How long something may be due before nobody can be at work.
MOST_LATENESS = timedelta(minutes=15)
_LOOKUP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: how it went, and what to do where it went badly."""

    check: str
    said: str
    ok: bool = True


def examine(clock: Clock | None = None) -> Iterator[Finding]:
    """Yield what every check found; without valid settings there is nothing further to look at."""
    try:
        settings = read_settings()
    except UserError as fault:
        yield from (Finding("settings", problem, ok=False) for problem in fault.problems)
        return
    yield Finding("settings", "valid")
    here = _Patient(settings, clock or SystemClock())
    for check, look in CHECKS.items():
        try:
            said = look(here)
        except (PostroomError, OSError) as fault:
            yield Finding(check, str(fault), ok=False)
        else:
            yield Finding(check, said)


@dataclass(frozen=True, slots=True)
class _Patient:
    """What the checks look at."""

    settings: Settings
    clock: Clock

    def database(self) -> Database:
        return open_database(self.settings)


def _home(here: _Patient) -> str:
    home = here.settings.home
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o022:
        raise UserError(f"Others may write into {home}; say: chmod go-w {home}")
    return str(home)


def _key(here: _Patient) -> str:
    secrets = keys.read_secrets(here.settings)
    return f"key {secrets.current!r} of {keys.place_of_keys(here.settings)}"


def _store(here: _Patient) -> str:
    database = here.database()
    try:
        require_fit(database)
        return f"{shown_url(here.settings)} at revision {migrations.current(database)}"
    finally:
        database.dispose()


def _blobs(here: _Patient) -> str:
    probe = here.settings.blob_directory / ".probe"
    probe.touch(mode=0o600)
    probe.unlink()
    return str(here.settings.blob_directory)


def _disk(here: _Patient) -> str:
    wanted = [here.settings.home, here.settings.blob_directory]
    url = make_url(here.settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        wanted.append(Path(url.database).parent)
    free = {place: shutil.disk_usage(place).free for place in dict.fromkeys(wanted)}
    place, least = min(free.items(), key=lambda item: item[1])
    return judge_disk(place, least)


def judge_disk(place: Path, free: int) -> str:
    """Say how much is free, or refuse where it is too little to go on."""
    said = f"{free / 2**30:.1f} GiB free at {place}"
    if free < LEAST_FREE:
        raise UserError(f"Only {said}: make room, or mail can't be taken in.")
    return f"{said}, which will not last" if free < LITTLE_FREE else said


def _clock(here: _Patient) -> str:
    """Compare this machine's clock with the database's, or with what was last written."""
    database = here.database()
    try:
        require_fit(database)
        with database.read() as connection:
            if database.is_sqlite:
                last = connection.scalar(sa.select(sa.func.max(_DECISION.c.createdon)))
                return _judge_clock(here.clock.now(), last, "the latest decision in the store")
            theirs = connection.scalar(sa.select(sa.func.clock_timestamp()))
            now = here.clock.now()
    finally:
        database.dispose()
    if theirs is not None and abs(theirs.astimezone(UTC) - now) > MOST_SKEW:
        apart = abs((theirs.astimezone(UTC) - now).total_seconds())
        raise UserError(
            f"This machine's clock and the database's are {apart:.0f} seconds apart: have both set by NTP, "
            "or passes are begun twice and mail is sent late."
        )
    return "agrees with the database's"


def _judge_clock(now: datetime, last: datetime | None, what: str) -> str:
    if last is not None and last - now > MOST_SKEW:
        raise UserError(
            f"The clock says {now:%Y-%m-%d %H:%M} UTC, and {what} is of {last:%Y-%m-%d %H:%M}: set it by NTP."
        )
    return f"{now:%Y-%m-%d %H:%M} UTC"


def _passwords(here: _Patient) -> str:
    """Open every stored secret, so that a lost key is known before a mail server asks for a password."""
    with open_postroom(here.settings) as postroom, postroom.database.read() as connection:
        sealed = list(every_secret(connection))
        for each in sealed:
            postroom.secrets.open(each.text, place=each.place)
        older = sum(not postroom.secrets.is_current(each.text) for each in sealed)
    said = f"{len(sealed)} open with the key"
    return (
        f"{said}, {older} of them with an older one: `postroom secret rotate` seals them anew"
        if older
        else said
    )


def _mail_hosts(here: _Patient) -> str:
    """Ask for the address of every mail server that a profile names."""
    database = here.database()
    try:
        require_fit(database)
        hosts = _hosts_of(database)
    finally:
        database.dispose()
    with ThreadPoolExecutor(8, thread_name_prefix="lookup") as pool:
        faults = list(filter(None, pool.map(_fault_of_host, sorted(hosts))))
    if faults:
        raise UserError(*faults)
    return f"{len(hosts)} can be found" if hosts else "none is named by a profile"


def _hosts_of(database: Database) -> set[str]:
    columns = (_PROFILE.c.incomingserverlocation, _PROFILE.c.outgoingserverlocation)
    query = sa.select(*columns).where(_PROFILE.c.statecode == ActiveState.ACTIVE)
    with database.read() as connection:
        named = {place for row in connection.execute(query) for place in row if place}
    return {host for place in named if (host := host_in(place))}


def host_in(place: str) -> str:
    """Return the host of a server's location, which may be a URL.

    >>> host_in("https://mail.example.com/EWS/Exchange.asmx"), host_in("pop.example.com")
    ('mail.example.com', 'pop.example.com')
    """
    return place.strip().partition("://")[2].partition("/")[0].partition(":")[0] or place.strip()


def _fault_of_host(host: str) -> str:
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        return (
            f"{host} can't be found ({fault}): look at its spelling in the profile, and at this host's DNS."
        )
    return ""


def _work(here: _Patient) -> str:
    database = here.database()
    try:
        require_fit(database)
        now = here.clock.now()
        with database.read() as connection:
            lines = workloads.lines(connection, now)
    finally:
        database.dispose()
    waiting = {each: line for each, line in lines.items() if line.due_since is not None}
    late = max((now - line.due_since for line in waiting.values() if line.due_since), default=timedelta())
    if late > MOST_LATENESS:
        raise UserError(
            f"A mailbox has been due for {late.total_seconds() / 60:.0f} minutes: see that a worker runs "
            "(`postroom worker`), and what its log says."
        )
    return f"{sum(line.waiting for line in waiting.values())} workloads are due"


def _parser(here: _Patient) -> str:
    if not here.settings.mail.accelerated_parser:
        return "switched off"
    return (
        "installed"
        if importlib.util.find_spec("fast_mail_parser")
        else "not installed; mail is read without it"
    )


#: What is looked at, in this order.
CHECKS: dict[str, Callable[[_Patient], str]] = {
    "home directory": _home,
    "key": _key,
    "store": _store,
    "blob directory": _blobs,
    "disk": _disk,
    "clock": _clock,
    "stored passwords": _passwords,
    "mail hosts": _mail_hosts,
    "work": _work,
    "accelerated parser": _parser,
}
