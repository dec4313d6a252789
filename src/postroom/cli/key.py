"""Commands on API keys: create, list, revoke."""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
import typer

from postroom.api.auth import KeyHolder, create_key, revoke_key
from postroom.cli.session import opened
from postroom.cli.show import AsJson, show_json, show_records
from postroom.errors import UserError
from postroom.schema.choices import Role
from postroom.schema.key import ApiKey
from postroom.schema.mailbox import Mailbox
from postroom.store import mailboxes

_KEY = ApiKey.__table__
_MAILBOX = Mailbox.__table__


class RoleName(Enum):
    """A role as the command line names it."""

    ADMINISTRATOR = "administrator"
    MAILBOX_OWNER = "mailbox-owner"
    QUEUE_MEMBER = "queue-member"
    READER = "reader"


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    keys = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)
    keys.command("create")(create)
    keys.command("list")(list_)
    keys.command("revoke")(revoke)
    app.add_typer(keys, name="key")


def create(
    name: Annotated[str, typer.Argument(help="What the key is called; also its client id.")],
    *,
    role: Annotated[RoleName, typer.Option(help="What its holder may do.")],
    user: Annotated[str, typer.Option(metavar="ADDRESS", help="The user on whose behalf it works.")] = "",
    queue: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="A queue whose mail it sees; may be repeated.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36500, help="For how long it is good.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for the Web API and show it, this once."""
    with opened() as postroom, postroom.database.write() as connection:
        now = postroom.clock.now()
        holder = KeyHolder(
            Role[role.name],
            _owner(connection, user, "systemuser") if user else None,
            [_owner(connection, address, "queue") for address in queue or ()],
        )
        expires = None if days is None else now + timedelta(days=days)
        text = create_key(connection, name, holder, now, expires)
    if as_json:
        show_json({"name": name, "role": role.value, "key": text})
    else:
        typer.echo(text)


def list_(*, as_json: AsJson = False) -> None:
    """List the keys; their texts are known to their holders only."""
    with opened() as postroom, postroom.database.read() as connection:
        rows = connection.execute(sa.select(_KEY).order_by(_KEY.c.createdon, _KEY.c.name)).all()
        show_records([_shown(row) for row in rows], _COLUMNS, as_json=as_json)


def revoke(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Keys to be refused.")],
) -> None:
    """Have keys refused from now on, and every token that was issued for them."""
    with opened() as postroom, postroom.database.write() as connection:
        for name in names:
            revoke_key(connection, name, postroom.clock.now())


_COLUMNS: Sequence[str] = ("name", "role", "createdon", "expireson", "revokedon")


def _shown(row: sa.Row[tuple[object, ...]]) -> dict[str, object]:
    mapping = row._mapping
    role = Role(mapping["role"])
    moments = {name: mapping[name] for name in _COLUMNS[2:]}
    shown = {
        name: None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in moments.items()
    }
    return {"name": mapping["name"], "role": role.label, **shown}


def _owner(connection: sa.Connection, address: str, kind: str) -> UUID:
    """Return the user or queue whose mailbox has this address."""
    mailbox = mailboxes.get_by_address(connection, address)
    found = connection.execute(
        sa.select(_MAILBOX.c.regardingobjectid, _MAILBOX.c.regardingobjecttypecode).where(
            _MAILBOX.c.mailboxid == mailbox
        )
    ).one()
    if found.regardingobjecttypecode != kind:
        raise UserError(f"{address} is the mailbox of no {'user' if kind == 'systemuser' else 'queue'}.")
    owner: UUID = found.regardingobjectid
    return owner
