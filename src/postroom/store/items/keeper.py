"""The keeper: the user whose items are synchronized, his addresses, and his colleagues."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.mime.key import address_key
from postroom.schema import registry
from postroom.schema.choices import ActiveState, ItemDeliveryMethod
from postroom.schema.mailbox import Mailbox
from postroom.schema.user import SystemUser
from postroom.store.records.addresses import first_address

_MAILBOX = Mailbox.__table__
_USER = SystemUser.__table__


@dataclass(frozen=True, slots=True)
class Keeper:
    """A user as far as his items depend on who he is."""

    user: UUID
    #: The address that his mailbox invites with, as addresses are compared.
    address: str = ""
    #: All addresses that are his, as addresses are compared.
    addresses: frozenset[str] = frozenset()
    #: Users whose own mailboxes are kept in step here as well.
    colleagues: frozenset[UUID] = frozenset()


def keeper_of(connection: Connection, user: UUID) -> Keeper:
    """Return what the items of a user depend on; a user that is not there has no addresses."""
    record = connection.execute(sa.select(_USER).where(_USER.c.systemuserid == user)).mappings().first()
    mailbox = connection.scalar(
        sa.select(_MAILBOX.c.emailaddress).where(
            _MAILBOX.c.regardingobjectid == user, _MAILBOX.c.emailaddress.is_not(None)
        )
    )
    columns = list(registry.by_logical_name("systemuser").email_columns())
    own = [address_key(record[name] or "") for name in columns] if record else []
    first = first_address(columns, dict(record or {}))
    address = address_key(mailbox or (first[0] if first else ""))
    addresses = frozenset(filter(None, (address, *own)))
    return Keeper(user, address, addresses, frozenset(_colleagues(connection)) - {user})


def _colleagues(connection: Connection) -> list[UUID]:
    return list(
        connection.scalars(
            sa.select(_MAILBOX.c.regardingobjectid).where(
                _MAILBOX.c.regardingobjecttypecode == "systemuser",
                _MAILBOX.c.regardingobjectid.is_not(None),
                _MAILBOX.c.statecode == ActiveState.ACTIVE,
                _MAILBOX.c.enabledforact.is_(True),
                _MAILBOX.c.actdeliverymethod == ItemDeliveryMethod.SERVER_SIDE,
            )
        )
    )
