"""Opening a mailbox on Exchange: profile and credentials to an account, its URL remembered.

The client of Exchange is imported when the first such mailbox is opened: it takes most of a second,
which programs that never see an Exchange need not spend.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from postroom.configuration.credentials import APPLICATION
from postroom.configuration.exchange import SignIn, exchange_server
from postroom.configuration.switch import Switch
from postroom.configuration.switches import read_switches
from postroom.passes.context import Context
from postroom.passes.credentials import open_credentials
from postroom.schema.choices import Workload
from postroom.servers.connection import Step
from postroom.servers.exchange.account import (
    Access,
    Application,
    ExchangeAccount,
    Login,
    Scheme,
)
from postroom.store import mailboxes, marks
from postroom.store.mailboxes import Setup

if TYPE_CHECKING:
    from postroom.servers.exchange.listen import Watched
    from postroom.servers.exchange.sink import ExchangeSink
    from postroom.servers.exchange.source import ExchangeSource

_SCHEMES = {SignIn.AUTO: Scheme.AUTO, SignIn.NTLM: Scheme.NTLM, SignIn.BASIC: Scheme.BASIC}


def open_exchange_mailbox(context: Context, setup: Setup) -> "ExchangeSource":
    """Return a session that reads the mailbox."""
    from postroom.servers.exchange.source import open_exchange

    with context.database.read() as connection:
        kept = marks.read(connection, setup.mailbox_id) if setup.mailbox_id else {}
    return open_exchange(
        exchange_account(context, setup, Workload.INCOMING),
        largest=context.mail.largest_message,
        now=context.clock.now,
        on_found=lambda url: remember_url(context, setup.mailbox_id, url),
        marks=kept,
    )


def open_exchange_outbox(context: Context, setup: Setup) -> "ExchangeSink":
    """Return a session that sends from the mailbox."""
    from postroom.servers.exchange.sink import Copies, open_exchange_sink

    switches = read_switches(setup.organization.get("orgdborgsettings"))
    keeps = switches.is_on(Switch.SAVE_OUTGOING_EMAIL_TO_EXCHANGE_SENT_FOLDER)
    return open_exchange_sink(
        exchange_account(context, setup, Workload.OUTGOING),
        copies=Copies.KEPT if keeps else Copies.NONE,
        now=context.clock.now,
        on_found=lambda url: remember_url(context, setup.mailbox_id, url),
    )


def try_exchange(context: Context, setup: Setup, workload: Workload) -> Iterator[Step]:
    """Try the mailbox's Exchange step by step, for reading or for sending; nothing is changed there."""
    from postroom.servers.exchange.trial import check_incoming, check_outgoing

    check = check_outgoing if workload is Workload.OUTGOING else check_incoming
    account = exchange_account(context, setup, workload)
    return check(account, on_found=lambda url: remember_url(context, setup.mailbox_id, url))


def exchange_account(context: Context, setup: Setup, workload: Workload) -> ExchangeAccount:
    """Return what a connection to this mailbox's Exchange needs."""
    server = exchange_server(setup.profile or {}, workload)
    switches = read_switches(setup.organization.get("orgdborgsettings"))
    found = setup.mailbox.get("ewsurl") or "" if server.autodiscovers else ""
    opened = open_credentials(context, setup, workload)
    credentials: Login | Application
    if opened.place == APPLICATION:
        credentials = Application(
            opened.user, opened.password or "", server.tenant, server.authority, server.scope
        )
    else:
        credentials = Login(opened.user, opened.password or "", _SCHEMES[server.sign_in])
    # Who signs in with a mailbox's own credentials has no right to be anybody else.
    impersonates = server.impersonates and opened.place.table == "emailserverprofile"
    return ExchangeAccount(
        setup.mailbox["emailaddress"] or "",
        credentials,
        server.url or found,
        server.autodiscovers,
        Access.IMPERSONATION if impersonates else Access.DELEGATE,
        server.autodiscover_url,
        timeout=min(server.timeout, context.mail.longest_wait),
        trusted_authority=server.trusted_authority or None,
        allow_plaintext=context.mail.allow_plaintext,
        connections=server.connections,
        names_anchor=switches.is_on(Switch.USE_X_ANCHOR_MAILBOX_IN_EXCHANGE_REQUEST_HEADER),
        version=server.version,
    )


def watched_exchange(context: Context, setup: Setup) -> "Watched":
    """Return what is listened to of this mailbox: what a pass looks into, but for categories elsewhere."""
    from postroom.passes.search import as_last_found
    from postroom.servers.exchange.listen import Watched

    look = as_last_found(context, setup).look
    account = exchange_account(context, setup, Workload.INCOMING)
    return Watched(account, tuple(look.folders), sent_items=look.sent_items)


def remember_url(context: Context, mailbox: UUID | None, url: str) -> None:
    """Write down where Autodiscover found the mailbox; it is asked again when that serves no longer.

    A mailbox that the store doesn't know has nowhere to write it to.
    """
    if mailbox is None:
        return
    with context.database.write() as connection:
        mailboxes.record_url(context.database, connection, mailbox, url, context.clock.now())
