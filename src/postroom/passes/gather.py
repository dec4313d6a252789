"""Gathering facts: everything that the decisions about one batch ask of the store, in bulk."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from postroom.passes.judge import Copy, Gathered, Opened, duplicate_check
from postroom.store import correlation, index, ledger, messages, wishes
from postroom.store.marking import SMART_WINDOW
from postroom.tracking.conversation import base_hash
from postroom.tracking.facts import Known, Policy, needed_for

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
    addresses: set[str] = set()
    message_ids: set[str] = set()
    tokens: set[str] = set()
    indexes: dict[str, int] = {}
    subjects: set[int] = set()
    uniques: set[UUID] = set()
    for opened in batch:
        message = opened.message
        if message is None:
            continue
        needs = needed_for(message, opened.nature, policy)
        addresses |= needs.addresses
        message_ids.update(needs.message_ids)
        tokens.update(needs.tokens)
        subjects.update(needs.subject_hashes)
        if needs.index and (value := base_hash(needs.index)) is not None:
            indexes[needs.index] = value
        uniques.add(duplicate_check(opened.direction, message.message_id, message.digest))
    by_content = [o for o in batch if some_gone or (o.message and not o.message.message_id)]
    copies = _copies(connection, mailbox, by_content) if by_content else {}
    uniques |= _of_further_copies(batch, copies)
    return Gathered(
        book.learn(connection, addresses),
        correlation.by_message_id(connection, sorted(message_ids)),
        correlation.by_token(connection, tokens) if tokens else {},
        correlation.by_index(connection, indexes) if indexes else {},
        correlation.by_subject(connection, subjects, now - SMART_WINDOW) if subjects else {},
        messages.holders_of(connection, list(uniques)),
        copies,
        wishes.settled(connection, uniques),
    )


def _copies(connection: Connection, mailbox: UUID, batch: Sequence[Opened]) -> dict[bytes, list[Copy]]:
    digests = list({opened.digest for opened in batch if opened.digest})
    known = ledger.by_content(connection, mailbox, digests)
    return {digest: [Copy(*entry) for entry in entries] for digest, entries in known.items()}


def _of_further_copies(batch: Sequence[Opened], copies: dict[bytes, list[Copy]]) -> set[UUID]:
    """Return the unique values that further copies of mail without a Message-ID may take."""
    return {
        duplicate_check(opened.direction, "", opened.message.digest, number)
        for opened in batch
        if opened.message and not opened.message.message_id
        for number in range(1, len(copies.get(opened.digest, ())) + 1)
    }
