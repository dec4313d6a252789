"""Builds what the tracking rules look at: messages, records, receivers; every part has a default."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from postroom.mime.message import Address, Message
from postroom.mime.nature import Nature
from postroom.schema.choices import FilteringMethod, MessageKind
from postroom.tracking.facts import Arrived, Correlated, Known, Receiver

ORDINARY = Nature(MessageKind.ORDINARY)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANN, SALES, CARL, CONTOSO, BOSS = (UUID(int=number) for number in range(1, 6))


def addresses(*written: str) -> tuple[Address, ...]:
    return tuple(Address(one) for one in written)


def a_mail(
    *,
    sender: str | None = "carl@contoso.example",
    to: tuple[str, ...] = ("ann@corp.example",),
    cc: tuple[str, ...] = (),
    bcc: tuple[str, ...] = (),
    **more: Any,
) -> Message:
    """Return a message that was read."""
    made = Message(
        size=100,
        digest=bytes(32),
        message_id="one@contoso.example",
        in_reply_to="",
        references=(),
        date=NOON,
        subject="Order 7",
        from_=addresses(sender) if sender is not None else (),
        sender=None,
        reply_to=(),
        to=addresses(*to),
        cc=addresses(*cc),
        bcc=addresses(*bcc),
        text="Hi",
        html="",
        attachments=(),
    )
    return replace(made, **more)


def ann(filtering: FilteringMethod | None = FilteringMethod.KNOWN_SENDERS, **more: Any) -> Known:
    """Return the user who owns the mailbox."""
    return Known("systemuser", ANN, "Ann Agent", **{"owner": ANN, "filtering": filtering, **more})


def sales(filtering: FilteringMethod | None = FilteringMethod.ALL, **more: Any) -> Known:
    """Return a queue that the boss owns."""
    return Known("queue", SALES, "Sales", **{"owner": BOSS, "filtering": filtering, **more})


def carl(**more: Any) -> Known:
    """Return a contact."""
    return Known("contact", CARL, "Carl Customer", **{"owner": BOSS, "account": CONTOSO, **more})


def a_record(table: str, number: int, **more: Any) -> Known:
    """Return some record of that table."""
    return Known(table, UUID(int=number), f"{table} {number}", **more)


def the_receiver(**more: Any) -> Receiver:
    """Return Ann's mailbox."""
    values = {
        "mailbox": UUID(int=99),
        "address": "ann@corp.example",
        "owner_table": "systemuser",
        "owner": ANN,
        "filtering": FilteringMethod.KNOWN_SENDERS,
        "keeper": ANN,
    }
    return Receiver(**{**values, **more})


def arrived_mail(message: Message, receiver: Receiver | None = None, **more: Any) -> Arrived:
    """Return the message as it comes to be judged, in Ann's mailbox at noon."""
    given = {"nature": ORDINARY, "receiver": receiver or the_receiver(), "received_at": NOON, **more}
    return Arrived(message, **given)


def a_parent(**more: Any) -> Correlated:
    """Return an e-mail of the store that a message may answer."""
    return Correlated(UUID(int=500), "parent@corp.example", **more)
