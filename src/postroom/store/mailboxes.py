"""Mailboxes with all that decides over them: their profile, their owner, the organization."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.configuration.permission import EXCHANGE_TYPES
from postroom.configuration.switch import Switch
from postroom.configuration.switches import read_switches
from postroom.errors import UserError
from postroom.mime.key import address_key
from postroom.schema.choices import (
    ActiveState,
    AutoCreate,
    FilteringMethod,
    IncomingDeliveryMethod,
    ItemDeliveryMethod,
    OutgoingDeliveryMethod,
    Workload,
)
from postroom.schema.mailbox import Mailbox
from postroom.schema.organization import Organization
from postroom.schema.profile import EmailServerProfile
from postroom.schema.queue import Queue
from postroom.schema.search import EmailSearch
from postroom.schema.user import SystemUser, UserSettings
from postroom.store import workloads
from postroom.store.database import Database
from postroom.store.index import chunks_of
from postroom.tracking.facts import Receiver

_MAILBOX = Mailbox.__table__
_PROFILE = EmailServerProfile.__table__
_ORGANIZATION = Organization.__table__
_SEARCH = EmailSearch.__table__


@dataclass(frozen=True, slots=True)
class Setup:
    """One mailbox, its profile, the organization, and how its owner wants mail filtered.

    Secrets stand in the rows as they are stored, sealed.
    """

    mailbox: Mapping[str, Any]
    profile: Mapping[str, Any] | None
    organization: Mapping[str, Any]
    filtering: FilteringMethod
    #: What the mailbox's user has made of unknown senders.
    auto_create: AutoCreate = AutoCreate.NOTHING

    @property
    def mailbox_id(self) -> UUID:
        """Return the mailbox's key."""
        key: UUID = self.mailbox["mailboxid"]
        return key

    def wants(self, workload: Workload) -> bool:
        """Tell whether the mailbox's delivery method asks the service to do this work."""
        if workload is Workload.INCOMING:
            method = self.mailbox["incomingemaildeliverymethod"]
            return bool(method == IncomingDeliveryMethod.SERVER_SIDE)
        if workload is Workload.OUTGOING:
            method = self.mailbox["outgoingemaildeliverymethod"]
            return bool(method == OutgoingDeliveryMethod.SERVER_SIDE)
        return bool(self.mailbox["actdeliverymethod"] == ItemDeliveryMethod.SERVER_SIDE)

    @property
    def reads_sent_items(self) -> bool:
        """Tell whether what the mailbox has sent is looked at as well as what it received."""
        switches = read_switches(self.organization.get("orgdborgsettings"))
        return switches.is_on(Switch.AUTO_TRACK_SENT_FOLDER_ITEMS)

    @property
    def keeps_sent_items(self) -> bool:
        """Tell whether the server keeps what is sent through it, so that it can be asked about it."""
        on_exchange = (self.profile or {}).get("servertype") in EXCHANGE_TYPES
        switches = read_switches(self.organization.get("orgdborgsettings"))
        return on_exchange and switches.is_on(Switch.SAVE_OUTGOING_EMAIL_TO_EXCHANGE_SENT_FOLDER)

    @property
    def deletes_after_processing(self) -> bool:
        """Tell whether recorded mail is removed from the server; never from a user's own mailbox."""
        shared = self.mailbox["isforwardmailbox"] or self.mailbox["regardingobjecttypecode"] == "queue"
        return bool(shared and self.mailbox["processanddeleteemails"])


def read_setup(connection: Connection, mailbox: UUID) -> Setup:
    """Return the mailbox and what decides over it; raises `UserError` when there is no such mailbox."""
    row = _one(connection, sa.select(_MAILBOX).where(_MAILBOX.c.mailboxid == mailbox))
    if row is None:
        raise UserError(f"There is no mailbox {mailbox}.")
    profile = None
    if row["emailserverprofile"]:
        key = _PROFILE.c.emailserverprofileid
        profile = _one(connection, sa.select(_PROFILE).where(key == row["emailserverprofile"]))
    organization = _one(connection, sa.select(_ORGANIZATION)) or {}
    return Setup(row, profile, organization, *_wishes_of_owner(connection, row))


def read_setups(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Setup]:
    """Return these mailboxes as far as their servers are concerned; how mail is filtered is not looked up."""
    rows = connection.execute(sa.select(_MAILBOX).where(_MAILBOX.c.mailboxid.in_(list(ids)))).mappings().all()
    keys = {row["emailserverprofile"] for row in rows} - {None}
    found = connection.execute(
        sa.select(_PROFILE).where(_PROFILE.c.emailserverprofileid.in_(keys))
    ).mappings()
    profiles = {row["emailserverprofileid"]: dict(row) for row in found}
    organization = _one(connection, sa.select(_ORGANIZATION)) or {}
    return {
        row["mailboxid"]: Setup(
            dict(row), profiles.get(row["emailserverprofile"]), organization, FilteringMethod.KNOWN_SENDERS
        )
        for row in rows
    }


def find_by_address(connection: Connection, address: str) -> list[UUID]:
    """Return the mailboxes with this address, a user's before a queue's before a forward mailbox."""
    query = (
        sa.select(_MAILBOX.c.mailboxid)
        .where(sa.func.lower(_MAILBOX.c.emailaddress) == address.strip().lower())
        .order_by(
            _MAILBOX.c.isforwardmailbox, _MAILBOX.c.regardingobjecttypecode.desc(), _MAILBOX.c.mailboxid
        )
    )
    return list(connection.execute(query).scalars())


def get_by_address(connection: Connection, address: str) -> UUID:
    """Return the mailbox with this address or key; raises `UserError` when there is none."""
    try:
        wanted = UUID(address)
    except ValueError:
        found = find_by_address(connection, address)
        if not found:
            raise UserError(
                f"There is no mailbox with the address {address}. `postroom mailbox list` shows them all."
            ) from None
        return found[0]
    read_setup(connection, wanted)
    return wanted


def addresses_of(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the address of each mailbox."""
    found: dict[UUID, str] = {}
    for chunk in chunks_of(set(ids)):
        query = sa.select(_MAILBOX.c.mailboxid, _MAILBOX.c.emailaddress).where(
            _MAILBOX.c.mailboxid.in_(chunk)
        )
        found.update((row.mailboxid, row.emailaddress or "") for row in connection.execute(query))
    return found


def all_ids(connection: Connection) -> list[UUID]:
    """Return the key of every mailbox, by address."""
    return list(
        connection.execute(sa.select(_MAILBOX.c.mailboxid).order_by(_MAILBOX.c.emailaddress)).scalars()
    )


def all_served(connection: Connection) -> list[UUID]:
    """Return the key of every active mailbox that the service is to work for, by address."""
    served = sa.or_(
        _MAILBOX.c.incomingemaildeliverymethod == IncomingDeliveryMethod.SERVER_SIDE,
        _MAILBOX.c.outgoingemaildeliverymethod == OutgoingDeliveryMethod.SERVER_SIDE,
        _MAILBOX.c.actdeliverymethod == ItemDeliveryMethod.SERVER_SIDE,
    )
    query = sa.select(_MAILBOX.c.mailboxid).where(_MAILBOX.c.statecode == ActiveState.ACTIVE, served)
    return list(connection.execute(query.order_by(_MAILBOX.c.emailaddress)).scalars())


def _one(connection: Connection, query: sa.Select[Any]) -> dict[str, Any] | None:
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _wishes_of_owner(
    connection: Connection, mailbox: Mapping[str, Any]
) -> tuple[FilteringMethod, AutoCreate]:
    owner, table = mailbox["regardingobjectid"], mailbox["regardingobjecttypecode"]
    if table == "queue":
        queues = Queue.__table__
        query = sa.select(queues.c.incomingemailfilteringmethod).where(queues.c.queueid == owner)
        code = connection.execute(query).scalar()
        filtering = FilteringMethod.ALL if code is None else FilteringMethod(code)
        return filtering, AutoCreate.NOTHING
    settings = UserSettings.__table__
    query = sa.select(settings.c.incomingemailfilteringmethod, settings.c.autocreatecontactonpromote).where(
        settings.c.systemuserid == owner
    )
    found = connection.execute(query).first() if owner else None
    code, create = found or (None, None)
    filtering = FilteringMethod.KNOWN_SENDERS if code is None else FilteringMethod(code)
    return filtering, AutoCreate(create or 0)


def receiver_of(setup: Setup) -> Receiver:
    """Return the mailbox as the decisions about its mail see it."""
    mailbox = setup.mailbox
    return Receiver(
        setup.mailbox_id,
        mailbox["emailaddress"] or "",
        mailbox["regardingobjecttypecode"] or "",
        mailbox["regardingobjectid"],
        setup.filtering,
        _later(mailbox["processemailreceivedafter"], (setup.profile or {}).get("processemailsreceivedafter")),
        mailbox["ownerid"] if mailbox["regardingobjectid"] else None,
        mailbox["owneridtype"] or "systemuser",
        setup.auto_create,
    )


def _later(*instants: datetime | None) -> datetime | None:
    known = [instant for instant in instants if instant]
    return max(known) if known else None


def served_by_forwarding(connection: Connection, addresses: list[str]) -> UUID | None:
    """Return the mailbox of the first of these addresses whose mail arrives through a forward mailbox.

    Addresses are given as they are compared. The index of records' addresses has them so too.
    """
    query = (
        sa.select(_MAILBOX.c.mailboxid, _MAILBOX.c.emailaddress)
        .join(_SEARCH, _SEARCH.c.parentobjectid == _MAILBOX.c.regardingobjectid)
        .where(
            _SEARCH.c.emailaddress.in_(addresses),
            _MAILBOX.c.incomingemaildeliverymethod == int(IncomingDeliveryMethod.FORWARD_MAILBOX),
            _MAILBOX.c.statecode == int(ActiveState.ACTIVE),
            _MAILBOX.c.isforwardmailbox.is_(False),
        )
    )
    # The record may have other addresses than its mailbox.
    found = {address_key(row.emailaddress or ""): row.mailboxid for row in connection.execute(query)}
    return next((found[address] for address in addresses if address in found), None)


def units_of_users(connection: Connection) -> dict[UUID, UUID]:
    """Return the business unit of every user."""
    users = SystemUser.__table__
    rows = connection.execute(sa.select(users.c.systemuserid, users.c.businessunitid))
    return {row.systemuserid: row.businessunitid for row in rows if row.businessunitid}


def record_url(database: Database, connection: Connection, mailbox: UUID, url: str, now: datetime) -> None:
    """Write where the mailbox's Exchange was found."""
    connection.execute(
        sa.update(_MAILBOX)
        .where(_MAILBOX.c.mailboxid == mailbox)
        .values(ewsurl=url, lastautodiscoveredon=now, versionnumber=database.next_versions(connection))
    )


def record_test(
    database: Database, connection: Connection, mailbox: UUID, outcome: Mapping[str, Any], now: datetime
) -> None:
    """Write the outcome of a test to the mailbox and make its work due at once."""
    connection.execute(
        sa.update(_MAILBOX)
        .where(_MAILBOX.c.mailboxid == mailbox)
        .values(**outcome, modifiedon=now, versionnumber=database.next_versions(connection))
    )
    workloads.hint(connection, [mailbox], now)
