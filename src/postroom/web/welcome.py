"""The way in: from nothing to a mailbox that is tested and works, with one form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.passes.context import Context
from postroom.schema import registry
from postroom.schema.choices import (
    AccessApproval,
    FilteringMethod,
    IncomingDeliveryMethod,
    ItemDeliveryMethod,
    OutgoingDeliveryMethod,
    ServerType,
)
from postroom.schema.mailbox import Mailbox

_MAILBOX = Mailbox.__table__
_PROFILE = registry.by_logical_name("emailserverprofile").table
_ORGANIZATION = registry.by_logical_name("organization").table
_NEEDED: Final = {
    "address": "the address of the mailbox",
    "lastname": "the name of its user",
    "incoming": "the host that mail is read from",
    "password": "the password",
}
#: Ports that mean a connection which is encrypted from the beginning.
_ENCRYPTED: Final = frozenset({995, 465, 443})


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a port, as a person writes them."""

    host: str
    port: int | None


def place_of(text: str, default: int | None) -> Place:
    """Return what a person wrote as HOST or HOST:PORT.

    >>> place_of("mail.example.com:110", 995)
    Place(host='mail.example.com', port=110)
    """
    host, colon, port = text.strip().rpartition(":")
    if not colon:
        return Place(text.strip(), default)
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise UserError(f"{port} is no port; a port is a number from 1 to 65535.")
    return Place(host, int(port))


def add_mailbox(context: Context, form: Mapping[str, str]) -> UUID:
    """Make a server profile where there is none like it, a user, and her mailbox; return its key.

    Raises `UserError` with all that is missing or does not fit.
    """
    if missing := [words for name, words in _NEEDED.items() if not form.get(name, "").strip()]:
        raise UserError(*(f"Please give {words}." for words in missing))
    is_exchange = form.get("kind") == "exchange"
    profile = _exchange(form) if is_exchange else _plain(form)
    address = form["address"].strip()
    with context.database.write() as connection:
        if connection.scalar(
            sa.select(sa.func.count()).where(sa.func.lower(_MAILBOX.c.emailaddress) == address.lower())
        ):
            raise UserError(f"There is a mailbox with the address {address} already.")
        key = _profile(context, connection, profile)
        user = _user(context, connection, form, address, is_exchange=is_exchange)
        id: UUID = connection.execute(
            sa.select(_MAILBOX.c.mailboxid).where(_MAILBOX.c.regardingobjectid == user)
        ).scalar_one()
        values = {
            "emailserverprofile": key,
            "username": form.get("username", "").strip() or address,
            "password": form["password"],
            "allowemailconnectortousecredentials": True,
            "emailrouteraccessapproval": int(AccessApproval.APPROVED),
        }
        context.records.update(connection, "mailbox", id, values)
        return id


def _plain(form: Mapping[str, str]) -> dict[str, Any]:
    incoming = place_of(form["incoming"], 995)
    outgoing = place_of(form.get("outgoing", "") or incoming.host, 465)
    return {
        "name": incoming.host,
        "servertype": int(ServerType.POP3_SMTP),
        "incomingserverlocation": incoming.host,
        "incomingportnumber": incoming.port,
        "incomingusessl": incoming.port in _ENCRYPTED,
        "outgoingserverlocation": outgoing.host,
        "outgoingportnumber": outgoing.port,
        "outgoingusessl": outgoing.port in _ENCRYPTED,
    }


def _exchange(form: Mapping[str, str]) -> dict[str, Any]:
    location = form["incoming"].strip()
    url = location if "://" in location else f"https://{location}/EWS/Exchange.asmx"
    return {
        "name": url,
        "servertype": int(ServerType.EXCHANGE_SERVER),
        "incomingserverlocation": url,
        "outgoingserverlocation": url,
        "usesamesettingsforoutgoingconnections": True,
    }


def _profile(context: Context, connection: Connection, values: Mapping[str, Any]) -> UUID:
    """Return the profile that leads there, which is made when there is none; the first is everybody's."""
    alike = [
        _PROFILE.c[name] == values[name]
        for name in ("servertype", "incomingserverlocation", "outgoingserverlocation")
    ]
    ports = [
        _PROFILE.c[name] == values[name]
        for name in ("incomingportnumber", "outgoingportnumber")
        if values.get(name)
    ]
    found = connection.scalar(sa.select(_PROFILE.c.emailserverprofileid).where(*alike, *ports).limit(1))
    if found is not None:
        key: UUID = found
        return key
    own = {"incomingcredentialretrieval": 0, "outgoingcredentialretrieval": 0}
    key = context.records.create(connection, "emailserverprofile", {**values, **own})
    row = connection.execute(sa.select(_ORGANIZATION)).one()
    if row.defaultemailserverprofileid is None:
        default = {"defaultemailserverprofileid": key}
        context.records.update(connection, "organization", row.organizationid, default)
    return key


def _user(
    context: Context, connection: Connection, form: Mapping[str, str], address: str, *, is_exchange: bool
) -> UUID:
    methods = {
        "incomingemaildeliverymethod": int(IncomingDeliveryMethod.SERVER_SIDE),
        "outgoingemaildeliverymethod": int(OutgoingDeliveryMethod.SERVER_SIDE),
    }
    user = context.records.create(
        connection,
        "systemuser",
        {
            "firstname": form.get("firstname", "").strip() or None,
            "lastname": form["lastname"].strip(),
            "domainname": address,
            "internalemailaddress": address,
            **methods,
        },
    )
    if (method := form.get("filtering", "")) in {str(int(each)) for each in FilteringMethod}:
        wish = {"incomingemailfilteringmethod": int(method)}
        context.records.update(connection, "usersettings", user, wish)
    if is_exchange:
        mailbox = connection.execute(
            sa.select(_MAILBOX.c.mailboxid).where(_MAILBOX.c.regardingobjectid == user)
        ).scalar_one()
        items = {"actdeliverymethod": int(ItemDeliveryMethod.SERVER_SIDE)}
        context.records.update(connection, "mailbox", mailbox, items)
    return user
