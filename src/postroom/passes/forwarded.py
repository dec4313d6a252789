"""The forward mailbox: messages that users' rules forwarded to it as attachments.

The outer message says who forwarded; the attached one is treated as if it had been found in that
user's or queue's own mailbox.
"""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection

from postroom.configuration.permission import approval_required
from postroom.errors import MalformedMessage
from postroom.mime.address import read_addresses
from postroom.mime.forwarded import attached_messages
from postroom.mime.message import Content, Message, Raw
from postroom.mime.nature import nature_of
from postroom.mime.read import read
from postroom.passes.arrival import received_at
from postroom.passes.context import Context
from postroom.passes.judge import Opened
from postroom.passes.opening import guarded, open_message
from postroom.ports.mail import Offered
from postroom.schema.choices import AccessApproval, QuarantineCause
from postroom.servers.spool import Intake
from postroom.store import mailboxes
from postroom.store.mailboxes import Setup
from postroom.tracking.facts import Receiver

_NO_MESSAGE = "it holds no attached message; the rule must forward mail as an attachment"


def open_item(context: Context, setup: Setup, offered: Offered, raw: Raw) -> list[Opened]:
    """Return what one item of a mailbox holds: itself, or the messages forwarded in it."""
    accelerated = context.mail.accelerated
    opened = open_message(offered, raw, mailboxes.receiver_of(setup), accelerated=accelerated)
    if not setup.mailbox["isforwardmailbox"] or opened.message is None:
        return [opened]
    with context.database.read() as connection:
        return list(open_forwarded(connection, opened, opened.message, accelerated=accelerated))


def open_forwarded(
    connection: Connection, outer: Opened, message: Message, *, accelerated: bool = True
) -> Iterator[Opened]:
    """Yield the messages that a forwarded item holds, each for the mailbox it belongs to.

    An item without a message, or from somebody whose mail does not arrive this way, is put aside
    with its bytes. Of an item with several messages those that can be read are taken in; what
    can't is put aside with the bytes of the whole item.
    """
    served = _served(connection, message)
    if isinstance(served, str):
        yield _invalid(outer, served)
        return
    contents = _contents(message)
    if isinstance(contents, str):
        yield _invalid(outer, contents)
        return
    receiver = mailboxes.receiver_of(served)
    for number, content in enumerate(contents):
        yield replace(_opened(outer, content, receiver, accelerated=accelerated), heads_item=number == 0)


def _contents(message: Message) -> tuple[Content, ...] | str:
    """Return the attached messages, or why there are none."""
    try:
        return attached_messages(message) or _NO_MESSAGE
    except MalformedMessage as problem:
        return str(problem)


def _opened(outer: Opened, content: Content, receiver: Receiver, *, accelerated: bool) -> Opened:
    inner = guarded(lambda: read(_raw_of(content), accelerated=accelerated))
    if isinstance(inner, str):
        return _invalid(outer, f"the attached message can't be read: {inner}")
    return Opened(
        outer.offered,
        outer.digest,
        outer.size,
        receiver,
        inner,
        nature_of(inner),
        received_at(inner),
        raw=outer.raw,
    )


def _raw_of(content: Content) -> Raw:
    """Return the attached message's bytes; large ones lie in a file, as they do when they are fetched."""
    intake = Intake()
    for piece in content.chunks():
        intake.add(piece)
    return intake.finish()


def _served(connection: Connection, message: Message) -> Setup | str:
    """Return the mailbox whose mail this is, or why there is none."""
    # Redirecting servers keep the author in From and name the forwarder in Sender or Resent-From.
    # source: RFC5322 3.6.6
    resent = read_addresses(message.header("Resent-From"))
    senders = [a.key for a in (*message.from_, *((message.sender,) if message.sender else ()), *resent)]
    found = mailboxes.served_by_forwarding(connection, senders) if senders else None
    if found is None:
        return "its sender is no user or queue whose incoming method is the forward mailbox"
    setup = mailboxes.read_setup(connection, found)
    approved = setup.mailbox["emailrouteraccessapproval"] == AccessApproval.APPROVED
    if approval_required(setup.mailbox, setup.organization) and not approved:
        return "the mailbox of the user or queue that forwarded it is not approved"
    return setup


def _invalid(outer: Opened, trouble: str) -> Opened:
    return Opened(
        outer.offered,
        outer.digest,
        outer.size,
        outer.receiver,
        raw=outer.raw,
        cause=QuarantineCause.FORWARD_ITEM,
        trouble=trouble,
    )
