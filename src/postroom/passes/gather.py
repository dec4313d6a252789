"""Gathering facts: everything that the decisions about one batch ask of the store, in bulk."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from postroom.passes.judge import Copy, Gathered, Opened, duplicate_check
from postroom.store import correlation, index, ledger, messages, wishes
from postroom.store.marking import SMART_WINDOW
from postroom.tracking.conversation import base_hash
from postroom.tracking.facts import Arrived, Known, Policy

# Addresses remembered during one pass; a pass over a huge mailbox starts afresh beyond this.
_REMEMBERED = 50_000


class AddressBook:
    """Addresses that were looked up in this pass, found or not, so that none is asked for twice."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Known, ...]] = {}

    def learn(self, connection: Connection, addresses: Iterable[str]) -> dict[str, tuple[Known, ...]]:
        """Return the records of each address; unknown ones are asked for in one go."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        wanted = set(addresses)
        missing = wanted - self._known.keys()
        if missing:
            found = index.find_known(connection, missing)
            self._known.update((address, found.get(address, ())) for address in missing)
        return {address: known for address in wanted if (known := self._known[address])}

    def forget(self, address: str) -> None:
        """Ask for the address again when it comes up next: a record was made that has it."""
        self._known.pop(address, None)


def gather(
    connection: Connection,
    book: AddressBook,
    mailbox: UUID,
    batch: Sequence[Opened],
    policy: Policy,
    now: datetime,
    *,
    some_gone: bool = True,
) -> Gathered:
    """Return what the store knows about a batch of this mailbox, with one query a question.

    Without `some_gone` no message can have been renumbered, and only mail without a Message-ID is
    looked up by its content.
    """
    arrived = [opened.arrived for opened in batch if opened.message is not None and opened.arrived]
    addresses: set[str] = set()
    for one in arrived:
        addresses |= one.needs(policy).addresses
    by_content = [o for o in batch if some_gone or (o.message and not o.message.message_id)]
    copies = _copies(connection, mailbox, by_content) if by_content else {}
    uniques = {opened.unique for opened in batch if opened.unique} | _of_further_copies(batch, copies)
    gathered = Gathered(
        book.learn(connection, addresses),
        holders=messages.holders_of(connection, list(uniques)),
        copies=copies,
        settled=wishes.settled(connection, uniques),
    )
    _correlate(connection, gathered, arrived, policy, now)
    return gathered


def _correlate(
    connection: Connection, gathered: Gathered, arrived: Sequence[Arrived], policy: Policy, now: datetime
) -> None:
    """Look for what each message may belong to; what one method has found no other is asked for."""
    needs = [one.needs(policy) for one in arrived]
    ids = {i for need in needs for i in (*need.answered, need.own_id) if i}
    if ids:
        gathered.by_message_id = correlation.by_message_id(connection, ids)
    if policy.correlate_by_reply:
        needs = [need for need in needs if gathered.by_message_id.keys().isdisjoint(need.answered)]
    if tokens := {found for need in needs for found in need.tokens}:
        gathered.by_token = correlation.by_token(connection, tokens)
        needs = [need for need in needs if gathered.by_token.keys().isdisjoint(need.tokens)]
    if bases := {need.index: base_hash(need.index) or 0 for need in needs if need.index}:
        gathered.by_index = correlation.by_index(connection, bases)
        needs = [need for need in needs if need.index not in gathered.by_index]
    if subjects := {value for need in needs for value in need.subject_hashes}:
        gathered.by_subject = correlation.by_subject(connection, subjects, now - SMART_WINDOW)


def _copies(connection: Connection, mailbox: UUID, batch: Sequence[Opened]) -> dict[bytes, list[Copy]]:
    digests = list({opened.digest for opened in batch if opened.digest})
    known = ledger.by_content(connection, mailbox, digests)
    return {digest: [Copy(*entry) for entry in entries] for digest, entries in known.items()}


def _of_further_copies(batch: Sequence[Opened], copies: dict[bytes, list[Copy]]) -> set[UUID]:
    """Return the unique values that further copies of mail without a Message-ID may take.

    Those in the batch count as well: another mailbox may have recorded as many of them.
    """
    nameless = [o for o in batch if o.message and not o.message.message_id]
    alike = Counter(opened.digest for opened in nameless)
    return {
        duplicate_check(direction, "", message_digest, number)
        for direction, digest, message_digest in {
            (o.direction, o.digest, o.message.digest) for o in nameless if o.message
        }
        for number in range(1, len(copies.get(digest, ())) + alike[digest])
    }
