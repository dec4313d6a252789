"""Both sides of a mailbox's items as this installation has them: the store and an Exchange."""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.configuration.attachments import attachment_rules
from postroom.configuration.switch import Switch
from postroom.configuration.switches import read_switches
from postroom.mime.key import address_key
from postroom.passes.context import Context
from postroom.passes.exchange import exchange_account, remember_url
from postroom.passes.item_policy import policy_of_items
from postroom.passes.sides import Sides
from postroom.schema.choices import Workload
from postroom.schema.mailbox import Mailbox
from postroom.store import folders
from postroom.store.blobs import THRESHOLD
from postroom.store.items.files import RecordFiles
from postroom.store.items.side import StoreItems
from postroom.store.mailboxes import Setup
from postroom.store.zones import zone_of_user
from postroom.tracking.category import TRACKED

_MAILBOX = Mailbox.__table__


def open_item_sides(context: Context, setup: Setup) -> Sides:
    """Open the store's side and the server's side of a mailbox's items for one pass."""
    # The client of Exchange is loaded with the first mailbox that is on one.
    from postroom.servers.exchange.items.frame import Frame
    from postroom.servers.exchange.items.side import open_exchange_items

    user: UUID = setup.mailbox["regardingobjectid"]
    with context.database.read() as connection:
        category = _category_of(connection, setup)
        zone = zone_of_user(connection, user)
    files = _files_of(context, setup)
    frame = Frame(
        setup.mailbox["emailaddress"] or "",
        zone=zone.tz,
        zone_name=zone.windows_name,
        category=category,
        organization=str(setup.organization["organizationid"]),
        is_colleague=_colleagues(context),
        files=files.rules if files else None,
    )
    server = open_exchange_items(
        exchange_account(context, setup, Workload.ITEMS),
        frame,
        now=context.clock.now,
        on_found=lambda url: remember_url(context, setup.mailbox_id, url),
    )
    return Sides(StoreItems(context.records, user, zone.tz, files=files), server)


def _files_of(context: Context, setup: Setup) -> RecordFiles | None:
    """Return how attached files are kept; None when the organization does not synchronize them."""
    organization = setup.organization
    if not policy_of_items(organization).sync_attachments:
        return None
    threshold = organization.get("postroom_largeblobthreshold")
    rules = attachment_rules(organization)
    return RecordFiles(context.blobs, rules, THRESHOLD if threshold is None else threshold)


def _category_of(connection: Connection, setup: Setup) -> str:
    """Return the name of the tracking category; the usual one until mail was read and it is known better.

    An item with it that were passed over once would not be seen again.
    """
    known = folders.category_of(connection, setup.mailbox_id)
    if known is not None:
        return known.name
    switches = read_switches(setup.organization.get("orgdborgsettings"))
    return TRACKED if switches.is_on(Switch.TRACK_CATEGORIZED_ITEMS) else ""


def _colleagues(context: Context) -> Callable[[str], bool]:
    """Return what tells whether an address is one whose own mailbox is kept in step here."""
    with context.database.read() as connection:
        found = connection.scalars(
            sa.select(_MAILBOX.c.emailaddress).where(_MAILBOX.c.enabledforact.is_(True))
        ).all()
    keys = {address_key(address) for address in found if address}
    return lambda address: address_key(address) in keys
