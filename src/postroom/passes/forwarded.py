"""The forward mailbox: messages that users' rules forwarded to it as attachments.

The outer message says who forwarded; the attached one is treated as if it had been found in that
user's or queue's own mailbox.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection

from postroom.configuration.permission import approval_required
from postroom.errors import MalformedMessage
from postroom.mime.forwarded import attached_messages
from postroom.mime.message import Message, RawBytes
from postroom.mime.read import read
from postroom.passes.arrival import received_at
from postroom.passes.judge import Opened
from postroom.schema.choices import AccessApproval, QuarantineCause
from postroom.store import mailboxes
from postroom.store.mailboxes import Setup


def open_forwarded(
    connection: Connection, outer: Opened, message: Message, *, accelerated: bool = True
) -> Iterator[Opened]:
    """Yield the messages that a forwarded item holds, each for the mailbox it belongs to.

    An item without a message, or from somebody whose mail does not arrive this way, is put aside
    with its bytes.
    """
    served = _served(connection, message)
    if isinstance(served, str):
        yield _invalid(outer, served)
        return
    contents = attached_messages(message)
    if not contents:
        yield _invalid(outer, "it holds no attached message; the rule must forward mail as an attachment")
        return
    receiver = mailboxes.receiver_of(served)
    # What was received before is judged by the served mailbox's own start date.
    for number, content in enumerate(contents):
        raw = RawBytes(b"".join(content.chunks()))
        head = number == 0
        try:
            inner = read(raw, accelerated=accelerated)
        except MalformedMessage as problem:
            yield replace(_invalid(outer, f"the attached message can't be read: {problem}"), heads_item=head)
            continue
        yield Opened(
            outer.offered,
            outer.digest,
            outer.size,
            receiver,
            inner,
            received_at(inner),
            raw=outer.raw,
            heads_item=head,
        )


def _served(connection: Connection, message: Message) -> Setup | str:
    """Return the mailbox whose mail this is, or why there is none."""
    # Redirecting servers keep the author in From and name the forwarder in Sender or Resent-From.
    senders = [a.key for a in (*message.from_, *((message.sender,) if message.sender else ()))]
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
        outer.digest or hashlib.sha256(b"").digest(),
        outer.size,
        outer.receiver,
        raw=outer.raw,
        cause=QuarantineCause.FORWARD_ITEM,
        trouble=trouble,
    )
