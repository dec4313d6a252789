"""Opening a mailbox's servers: configuration and credentials to a source or a sink."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from postroom.configuration.endpoints import Encryption, Server, incoming_server, outgoing_server
from postroom.configuration.exchange import is_exchange
from postroom.configuration.permission import Obstacle, obstacle_to
from postroom.configuration.readiness import hindrance
from postroom.passes.context import Context
from postroom.passes.credentials import Hindered, open_credentials
from postroom.passes.exchange import open_exchange_mailbox, open_exchange_outbox
from postroom.passes.result import PassResult
from postroom.ports.mail import MailSink, MailSource
from postroom.schema.choices import Workload
from postroom.servers.connection import Endpoint, Security
from postroom.servers.pop3 import Pop3Account, open_pop3
from postroom.servers.smtp import SmtpAccount, open_smtp
from postroom.store import mailboxes
from postroom.store.mailboxes import Setup

#: Opens a session with the server that a mailbox reads from.
SourceOpener = Callable[["Context", "Setup"], MailSource]
#: Opens the way out for a mailbox.
SinkOpener = Callable[["Context", "Setup"], MailSink]

_SECURITY = {
    Encryption.NONE: Security.PLAIN,
    Encryption.IMPLICIT: Security.TLS,
    Encryption.UPGRADE: Security.STARTTLS,
}


def read_setup(context: Context, mailbox: UUID) -> Setup:
    """Return the mailbox with its profile and organization."""
    with context.database.read() as connection:
        return mailboxes.read_setup(connection, mailbox)


def obstacle_for(setup: Setup, workload: Workload, *, for_test: bool = False) -> Obstacle | None:
    """Return what keeps this workload of the mailbox from running, credentials included."""
    return hindrance(workload, setup.mailbox, setup.profile, setup.organization, for_test=for_test)


def kept_back(setup: Setup, workload: Workload) -> PassResult | None:
    """Return the result of a pass that may not be run, or None when it may.

    What the configuration forbids is nobody's failure. Credentials that are missing are as good as
    refused ones: the workload stops until somebody has mended it.
    """
    obstacle = obstacle_to(workload, setup.mailbox, setup.profile, setup.organization)
    if obstacle:
        return PassResult(asked=False, notes=f"{obstacle.name}: {obstacle.sentence} {obstacle.cure}")
    if missing := obstacle_for(setup, workload):
        failure = Hindered(missing)
        return PassResult(failure=failure, asked=False, notes=str(failure))
    return None


def hindered(
    context: Context, mailboxes_: Iterable[UUID], workloads: Iterable[Workload]
) -> Iterator[tuple[UUID, Workload, Obstacle]]:
    """Yield the work that mailboxes are set up for but may not do, and what keeps them from it."""
    wanted = tuple(workloads)
    for mailbox in mailboxes_:
        setup = read_setup(context, mailbox)
        for workload in wanted:
            obstacle = obstacle_for(setup, workload) if setup.wants(workload) else None
            if obstacle:
                yield mailbox, workload, obstacle


def open_source(context: Context, setup: Setup) -> MailSource:
    """Open the mailbox on the server that it reads from."""
    if is_exchange(_profile(setup)):
        return open_exchange_mailbox(context, setup)
    return open_pop3(pop3_account(context, setup), largest=context.mail.largest_message)


def open_sink(context: Context, setup: Setup) -> MailSink:
    """Return the way out of the mailbox; connects when the first message is submitted."""
    if is_exchange(_profile(setup)):
        return open_exchange_outbox(context, setup)
    return open_smtp(smtp_account(context, setup))


def pop3_account(context: Context, setup: Setup) -> Pop3Account:
    """Return what a POP3 connection for this mailbox needs."""
    credentials = open_credentials(context, setup, Workload.INCOMING)
    endpoint = _endpoint(context, incoming_server(_profile(setup)))
    return Pop3Account(endpoint, credentials.user, credentials.password or "")


def smtp_account(context: Context, setup: Setup) -> SmtpAccount:
    """Return what an SMTP connection for this mailbox needs."""
    credentials = open_credentials(context, setup, Workload.OUTGOING)
    endpoint = _endpoint(context, outgoing_server(_profile(setup)))
    return SmtpAccount(endpoint, credentials.user, credentials.password)


def _profile(setup: Setup) -> Mapping[str, Any]:
    assert setup.profile is not None  # noqa: S101 - obstacle_for was asked before
    return setup.profile


def _endpoint(context: Context, server: Server) -> Endpoint:
    return Endpoint(
        server.host,
        server.port,
        _SECURITY[server.encryption],
        timeout=min(server.timeout, context.mail.longest_wait),
        trusted_authority=server.trusted_authority or None,
        allow_plaintext=context.mail.allow_plaintext,
    )
