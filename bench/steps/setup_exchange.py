"""Setting up a store for the benchmark of Exchange: a profile, and a queue or user whose mailbox is there.

python -m bench.steps.setup_exchange HOME URL plain|bare|everything [DATABASE_URL]

`plain` is a queue as an organization has it that has changed no switch, `bare` is one in which the tracking
category counts for nothing. `everything` is a user who has every folder below the inbox tracked, and whose
Sent Items are read.
"""

import os
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from bench.ours import MAILBOX
from bench.servers import PASSWORD
from bench.steps.setup import make_contacts
from postroom.app.settings import read_settings
from postroom.app.wiring import Postroom, open_postroom, set_up
from postroom.configuration.switch import Switch
from postroom.configuration.switches import written
from postroom.passes.tracked_folders import folders_of_inbox, track_folder
from postroom.schema.choices import (
    AccessApproval,
    AuthenticationProtocol,
    CredentialRetrieval,
    FilteringMethod,
    IncomingDeliveryMethod,
    OutgoingDeliveryMethod,
    RunStatus,
    ServerType,
)
from postroom.schema.mailbox import Mailbox
from postroom.store.records import ORGANIZATION_ID

_METHODS = {
    "incomingemaildeliverymethod": IncomingDeliveryMethod.SERVER_SIDE,
    "outgoingemaildeliverymethod": OutgoingDeliveryMethod.NONE,
}
_SWITCHES = {
    "plain": {},
    "bare": {Switch.TRACK_CATEGORIZED_ITEMS: False},
    "everything": {Switch.AUTO_TRACK_SENT_FOLDER_ITEMS: True},
}


def make_store(postroom: Postroom, url: str, kind: str) -> None:
    """Make everything that a pass over one mailbox needs; the mailbox counts as tested."""
    with postroom.database.write() as connection:
        profile = postroom.records.create(connection, "emailserverprofile", _profile(url))
        owner = _user(postroom, connection) if kind == "everything" else _queue(postroom, connection)
        mailbox = connection.scalar(select(Mailbox.mailboxid).where(Mailbox.regardingobjectid == owner))
        assert mailbox is not None
        _enable(postroom, connection, mailbox, profile)
        make_contacts(postroom, connection)
        switches = {"orgdborgsettings": written(None, _SWITCHES[kind])}
        if _SWITCHES[kind]:
            postroom.records.update(connection, "organization", ORGANIZATION_ID, switches)
    if kind == "everything":
        context = postroom.context()
        for folder in folders_of_inbox(context, mailbox):
            track_folder(context, mailbox, folder, None)


def _profile(url: str) -> dict[str, Any]:
    return {
        "name": "Bench",
        "processemailsreceivedafter": datetime(2020, 1, 1, tzinfo=UTC),
        "servertype": ServerType.EXCHANGE_SERVER,
        "incomingserverlocation": url,
        "incomingcredentialretrieval": CredentialRetrieval.USER_OR_QUEUE,
        # As the other side of the comparison does, which saves one question.
        "incomingauthenticationprotocol": AuthenticationProtocol.BASIC,
        "usesamesettingsforoutgoingconnections": True,
        "outgoingserverlocation": url,
    }


def _queue(postroom: Postroom, connection: Connection) -> UUID:
    values = {"name": "Sales", "emailaddress": MAILBOX, "incomingemailfilteringmethod": FilteringMethod.ALL}
    return postroom.records.create(connection, "queue", {**values, **_METHODS})


def _user(postroom: Postroom, connection: Connection) -> UUID:
    values = {"firstname": "Sal", "lastname": "Es", "domainname": MAILBOX, "internalemailaddress": MAILBOX}
    return postroom.records.create(connection, "systemuser", {**values, **_METHODS})


def _enable(postroom: Postroom, connection: Connection, mailbox: UUID, profile: UUID) -> None:
    values = {
        "emailserverprofile": profile,
        "allowemailconnectortousecredentials": True,
        "username": MAILBOX,
        "password": PASSWORD,
        **_METHODS,
    }
    postroom.records.update(connection, "mailbox", mailbox, values)
    approved = {"emailrouteraccessapproval": AccessApproval.APPROVED}
    postroom.records.update(connection, "mailbox", mailbox, approved)
    tested = {"enabledforincomingemail": True, "incomingemailstatus": RunStatus.SUCCESS}
    postroom.records.update(connection, "mailbox", mailbox, tested, internal=True)


def main(arguments: list[str]) -> None:
    """Make the store."""
    os.environ["POSTROOM_HOME"] = arguments[0]
    if len(arguments) > 3:
        os.environ["POSTROOM_DATABASE_URL"] = arguments[3]
    settings = read_settings()
    set_up(settings)
    with open_postroom(settings) as postroom:
        make_store(postroom, arguments[1], arguments[2])


if __name__ == "__main__":
    main(sys.argv[1:])
