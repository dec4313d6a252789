"""Newcomers: of which unknown senders a record is made, and what it is called."""

from dataclasses import dataclass

from postroom.mime.message import Address
from postroom.schema.choices import AutoCreate, MessageKind
from postroom.tracking.facts import Arrived, Policy
from postroom.tracking.resolution import Sender
from postroom.tracking.verdict import Verdict

# A program wrote it, or it speaks for nobody in particular: no person is behind it.
_PERSONAL = frozenset({MessageKind.ORDINARY, MessageKind.MEETING})
_NOBODY = frozenset({
    "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply", "nichtantworten",
    "mailer-daemon", "postmaster", "bounce", "bounces", "notification", "notifications", "daemon", "root",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A record to be made of an unknown sender."""

    #: `contact` or `lead`.
    table: str
    address: Address
    #: The organization writes last names first, so that the sender is taken to do so too.
    last_name_first: bool = False


def newcomer_of(arrived: Arrived, verdict: Verdict, sender: Sender, policy: Policy) -> Newcomer | None:
    """Return the record that the accepting user has made of the sender, or None."""
    author, acceptor = arrived.message.author, verdict.acceptor
    if not (verdict.track and policy.auto_create and author and acceptor) or arrived.is_sent_copy:
        return None
    if sender.known or sender.ambiguous or arrived.nature.kind not in _PERSONAL:
        return None
    if author.key.partition("@")[0] in _NOBODY:
        return None
    tables = {AutoCreate.CONTACT: "contact", AutoCreate.LEAD: "lead"}
    table = tables.get(acceptor.auto_create)
    return Newcomer(table, author, policy.last_name_first) if table else None


def names_of(address: Address, *, last_name_first: bool = False) -> tuple[str, str]:
    """Return first and last name by the name that the sender shows, or else by the address.

    Where no comma tells them apart, the last name is the last word, or the first one.

    >>> names_of(Address("ada@x.example", "Ada King Lovelace"))
    ('Ada King', 'Lovelace')
    >>> names_of(Address("ada@x.example", "Lovelace, Ada")), names_of(Address("info@x.example"))
    (('Ada', 'Lovelace'), ('', 'info@x.example'))
    """
    shown = " ".join(address.name.split())
    if not shown or "@" in shown:
        return "", address.address
    last, comma, first = shown.partition(",")
    if comma and first.strip() and "," not in first:
        return first.strip(), last.strip()
    if last_name_first:
        last, _, first = shown.partition(" ")
    else:
        first, _, last = shown.rpartition(" ")
    return first, last
