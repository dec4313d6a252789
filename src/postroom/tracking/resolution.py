"""From addresses to records: the sender, the parties, the owner of the new e-mail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from postroom.mime.message import Address, Message
from postroom.schema.choices import Participation
from postroom.tracking.facts import Arrived, Correlated, Facts, Known, Policy, Receiver
from postroom.tracking.verdict import Verdict

# Who is meant when several records share the sender's address. Tables that are not listed
# come last, in the order in which the store gives them.
SENDER_ORDER = ("systemuser", "contact", "account", "lead", "equipment", "team", "businessunit")

# An address that belongs to more records than this says nothing about who wrote.
MOST_SENDERS = 100

PARTY_MASKS = (
    ("to", Participation.TO),
    ("cc", Participation.CC),
    ("bcc", Participation.BCC),
)


@dataclass(frozen=True, slots=True)
class Party:
    """One participant of the new e-mail in one role; `known` is None for an unresolved address."""

    mask: Participation
    address: Address
    known: Known | None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as far as the store can tell."""

    known: Known | None
    #: Several records match and none of them was chosen.
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owns the new e-mail."""

    owner: UUID
    table: str


def choose_sender(matches: Sequence[Known], receiver: Receiver, policy: Policy) -> Sender:
    """Return the record that the sender's address stands for.

    What a person once chose for the address is taken. A single match is taken in whatever state. Of
    several, a record of the mailbox's own user goes first, then active ones in `SENDER_ORDER`.
    """
    if chosen := _chosen(matches):
        return Sender(chosen)
    if len(matches) <= 1:
        return Sender(matches[0] if matches else None)
    if policy.unresolve_ambiguous_sender or len(matches) > MOST_SENDERS:
        return Sender(None, ambiguous=True)
    return Sender(min(matches, key=lambda known: _precedence(known, receiver)))


def _chosen(matches: Sequence[Known]) -> Known | None:
    for known in matches:
        if known.chosen:
            return known
    return None


def _precedence(known: Known, receiver: Receiver) -> tuple[bool, bool, int]:
    table = SENDER_ORDER.index(known.table) if known.table in SENDER_ORDER else len(SENDER_ORDER)
    is_own = known.owner is not None and known.owner in (receiver.keeper, receiver.owner)
    return (not known.active, not is_own, table)


def parties_of(message: Message, sender: Sender, facts: Facts, policy: Policy) -> list[Party]:
    """Return the sender and every recipient, each with the records that its address belongs to.

    An address that belongs to several records gives several parties, unless a person once chose one
    of them; or one unresolved party where the organization prefers that.
    """
    found: list[Party] = []
    if message.author:
        found.append(Party(Participation.SENDER, message.author, sender.known))
    seen: set[tuple[Participation, str]] = set()
    for field, mask in PARTY_MASKS:
        addresses: Iterable[Address] = getattr(message, field)
        for address in addresses:
            key = address.key
            if not key or (mask, key) in seen:
                continue
            seen.add((mask, key))
            matches = _meant(facts.known.get(key, ()), policy)
            if not matches or (len(matches) > 1 and policy.unresolve_ambiguous_recipient):
                found.append(Party(mask, address, None))
            else:
                found.extend(Party(mask, address, known) for known in matches)
    return found


def _meant(matches: Sequence[Known], policy: Policy) -> Sequence[Known]:
    """Return the records that a recipient's address stands for."""
    if chosen := _chosen(matches):
        return (chosen,)
    return matches if policy.resolve_inactive else [known for known in matches if known.active]


def choose_owner(
    message: Message, sender: Sender, correlated: Correlated | None, facts: Facts, receiver: Receiver
) -> Ownership | None:
    """Return who owns the new e-mail, or None when nobody is eligible.

    Of the first recipient list that holds an eligible owner: the owner of the correlated e-mail,
    else the owner of the sender's record, else the first. Without any, the mailbox's own user.
    """
    for addresses in (message.to, message.cc, message.bcc):
        eligible = [o for a in addresses for k in facts.known.get(a.key, ()) if (o := _owner_of(k))]
        if not eligible:
            continue
        preferred = (correlated.owner if correlated else None, sender.known.owner if sender.known else None)
        for wish in preferred:
            for ownership in eligible:
                if wish is not None and ownership.owner == wish:
                    return ownership
        return eligible[0]
    return Ownership(receiver.keeper, receiver.keeper_table) if receiver.keeper else None


def owner_of_sent(verdict: Verdict, receiver: Receiver) -> Ownership | None:
    """Return who owns the e-mail of a sent message: the user it is from, else the owner of the mailbox."""
    sender = verdict.acceptor
    if sender and sender.table == "systemuser":
        return Ownership(sender.id, "systemuser")
    return Ownership(receiver.keeper, receiver.keeper_table) if receiver.keeper else None


def _owner_of(known: Known) -> Ownership | None:
    """Return who would own mail addressed to this record."""
    if not known.active:
        return None
    if known.table == "systemuser":
        return Ownership(known.id, "systemuser")
    if known.table == "queue" and known.owner:
        return Ownership(known.owner, known.owner_table)
    return None


def queues_of(arrived: Arrived, verdict: Verdict, policy: Policy) -> list[UUID]:
    """Return the queues that get a queue item for the message, each once.

    Queues whose own rules accept it do, and the queue in whose mailbox it lay: that one also where
    another mailbox brought the e-mail before, if the organization wants it so.
    """
    receiver = arrived.receiver
    own = receiver.owner if receiver.owner_table == "queue" else None
    if arrived.is_sent_copy:
        return []
    if not verdict.track:
        wanted = own and verdict.duplicate and policy.queue_item_for_duplicates
        return [own] if own and wanted else []
    queues: dict[UUID, None] = {}
    if policy.queue_item_for_recipients:
        queues = {known.id: None for known in verdict.accepting if known.table == "queue"}
    if own and policy.queue_item_for_receiver:
        queues[own] = None
    return list(queues)
