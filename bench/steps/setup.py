"""Setting up a store for a benchmark through the product's own interface: profile, queue, mailbox, contacts.

python -m bench.steps.setup HOME POP3_PORT SMTP_PORT USER [DATABASE_URL]
python -m bench.steps.setup HOME --outgoing COUNT
python -m bench.steps.setup HOME --exchange URL
"""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from bench.corpus import correspondents
from bench.ours import MAILBOX
from bench.servers import PASSWORD
from postroom.app.settings import read_settings
from postroom.app.wiring import Postroom, open_postroom, set_up
from postroom.passes.issue import send_email
from postroom.schema.choices import (
    AccessApproval,
    AuthenticationProtocol,
    CredentialRetrieval,
    FilteringMethod,
    IncomingDeliveryMethod,
    OutgoingDeliveryMethod,
    Participation,
    RunStatus,
    ServerType,
)
from postroom.schema.contact import Contact
from postroom.schema.mailbox import Mailbox
from postroom.schema.queue import Queue
from postroom.store.records import SYSTEM_USER_ID

#: So many of the corpus's writers are contacts; the others are strangers.
KNOWN = 1_200
_HTML = "<html><body style='font-family:Calibri'>{}</body></html>"
_TEXT = (
    "Thank you for your message about order {n}; the parts were sent on Friday and should be with you soon. "
)


def make_store(postroom: Postroom, servers: Mapping[str, object], user: str) -> None:
    """Make everything that a pass over one queue's mailbox needs; the mailbox counts as tested."""
    with postroom.database.write() as connection:
        profile = postroom.records.create(connection, "emailserverprofile", {**_PROFILE, **servers})
        methods = {
            "incomingemaildeliverymethod": IncomingDeliveryMethod.SERVER_SIDE,
            "outgoingemaildeliverymethod": OutgoingDeliveryMethod.SERVER_SIDE,
        }
        queue = {
            "name": "Sales",
            "emailaddress": MAILBOX,
            "incomingemailfilteringmethod": FilteringMethod.ALL,
            **methods,
        }
        made = postroom.records.create(connection, "queue", queue)
        found = connection.scalar(select(Mailbox.mailboxid).where(Mailbox.regardingobjectid == made))
        assert found is not None
        values = {
            "emailserverprofile": profile,
            "allowemailconnectortousecredentials": True,
            "username": user,
            "password": PASSWORD,
            **methods,
        }
        postroom.records.update(connection, "mailbox", found, values)
        approved = {"emailrouteraccessapproval": AccessApproval.APPROVED}
        postroom.records.update(connection, "mailbox", found, approved)
        tested = {
            "enabledforincomingemail": True,
            "enabledforoutgoingemail": True,
            "incomingemailstatus": RunStatus.SUCCESS,
            "outgoingemailstatus": RunStatus.SUCCESS,
        }
        postroom.records.update(connection, "mailbox", found, tested, internal=True)
        make_contacts(postroom, connection)


_PROFILE = {
    "name": "Bench",
    # The corpus is older than this store, and old mail is left alone unless one asks for it.
    "processemailsreceivedafter": datetime(2020, 1, 1, tzinfo=UTC),
}


def of_mail(pop: int, smtp: int) -> dict[str, object]:
    """Return what a profile says of a POP3 and an SMTP server on this machine."""
    return {
        "servertype": ServerType.POP3_SMTP,
        "incomingserverlocation": "127.0.0.1",
        "incomingportnumber": pop,
        "incomingusessl": False,
        "incomingcredentialretrieval": CredentialRetrieval.USER_OR_QUEUE,
        "usesamesettingsforoutgoingconnections": False,
        "outgoingserverlocation": "127.0.0.1",
        "outgoingportnumber": smtp,
        "outgoingusessl": False,
        "outgoingcredentialretrieval": CredentialRetrieval.ANONYMOUS,
    }


def of_exchange(url: str) -> dict[str, object]:
    """Return what a profile says of an Exchange server."""
    return {
        "servertype": ServerType.EXCHANGE_SERVER,
        "incomingserverlocation": url,
        "incomingcredentialretrieval": CredentialRetrieval.USER_OR_QUEUE,
        "incomingauthenticationprotocol": AuthenticationProtocol.BASIC,
    }


def make_contacts(postroom: Postroom, connection: Connection) -> None:
    """Make contacts of those of the corpus's writers who are known."""
    for person in correspondents()[:KNOWN]:
        values = {"lastname": person.name, "emailaddress1": person.address}
        postroom.records.create(connection, "contact", values)


def queue_mail(postroom: Postroom, count: int) -> None:
    """Write so many e-mails from the queue to contacts and ask for them to be sent."""
    context = postroom.context()
    with postroom.database.read() as connection:
        queue = connection.scalar(select(Queue.queueid))
        people = list(connection.scalars(select(Contact.contactid).order_by(Contact.emailaddress1)))
    contact = {"partyobjecttypecode": "contact"}
    made = []
    with postroom.database.write() as connection:
        for number in range(count):
            body = _HTML.format(f"<p>{_TEXT.format(n=number)}</p>" * 7)
            parties = [
                {
                    "participationtypemask": Participation.SENDER,
                    "partyid": queue,
                    "partyobjecttypecode": "queue",
                },
                {"participationtypemask": Participation.TO, "partyid": people[number % KNOWN], **contact},
            ]
            values = {
                "subject": f"Your order {number}",
                "description": body,
                "directioncode": True,
                "ownerid": SYSTEM_USER_ID,
                "owneridtype": "systemuser",
                "parties": parties,
            }
            made.append(postroom.records.create(connection, "email", values))
    for email in made:
        send_email(context, email)


def main(arguments: list[str]) -> None:
    """Make the store, or put mail into it."""
    os.environ["POSTROOM_HOME"] = arguments[0]
    if arguments[1] == "--outgoing":
        with open_postroom(read_settings()) as postroom:
            queue_mail(postroom, int(arguments[2]))
        return
    is_exchange = arguments[1] == "--exchange"
    if len(arguments) > 4:
        os.environ["POSTROOM_DATABASE_URL"] = arguments[4]
    settings = read_settings()
    set_up(settings)
    with open_postroom(settings) as postroom:
        if is_exchange:
            make_store(postroom, of_exchange(arguments[2]), MAILBOX)
        else:
            make_store(postroom, of_mail(int(arguments[1]), int(arguments[2])), arguments[3])


if __name__ == "__main__":
    main(sys.argv[1:])
