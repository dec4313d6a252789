"""Credentials opened for one connection: found where the configuration says, and unsealed."""

from dataclasses import dataclass, field

from postroom.configuration.credentials import NO_CREDENTIALS, CredentialPlace, credentials_for
from postroom.configuration.permission import Obstacle
from postroom.errors import Unconfigured
from postroom.passes.context import Context
from postroom.schema.choices import Workload
from postroom.store.mailboxes import Setup


class Hindered(Unconfigured):
    """The configuration keeps a workload from running; `obstacle` says what and how to mend it."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(f"{obstacle.sentence} {obstacle.cure}")
        self.obstacle = obstacle

    def __reduce__(self) -> tuple[type["Hindered"], tuple[Obstacle]]:
        """Say how it is made anew: the outcome of a pass is kept between processes."""
        return Hindered, (self.obstacle,)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and password, or an application's id and secret, opened for one connection."""

    user: str
    password: str | None = field(repr=False)
    #: Where they stand.
    place: CredentialPlace


def open_credentials(context: Context, setup: Setup, workload: Workload) -> Credentials:
    """Return the credentials for this workload; raises `Hindered` when there are none to be used."""
    place = credentials_for(workload, setup.mailbox, setup.profile or {})
    if isinstance(place, Obstacle):
        raise Hindered(place)
    if place == NO_CREDENTIALS:
        return Credentials("", None, place)
    row = setup.mailbox if place.table == "mailbox" else setup.profile or {}
    table = place.table or ""
    with context.database.read() as connection:
        password = context.records.open_secret(connection, table, row[f"{table}id"], place.password_column)
    return Credentials(row[place.user_column] or "", password, place)
