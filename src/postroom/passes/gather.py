"""Gathering facts: everything that the decisions about one batch ask of the store, in bulk."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from postroom.passes.judge import Copy, Direction, Gathered, Opened, duplicate_check
from postroom.schema.choices import FilteringMethod
from postroom.store import index, ledger, messages
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


def gather(
    connection: Connection,
    book: AddressBook,
    mailbox: UUID,
    batch: Sequence[Opened],
    *,
    some_gone: bool = True,
) -> Gathered:
    """Return what the store knows about a batch of this mailbox, with one query a question.

    Without `some_gone` no message can have been renumbered, and only mail without a Message-ID is
    looked up by its content.
    """
    addresses: set[str] = set()
    message_ids: set[str] = set()
    uniques: set[UUID] = set()
    for opened in batch:
        if opened.message is None:
            continue
        needs = needed_for(opened.message)
        addresses |= needs.addresses
        message_ids.update(needs.message_ids)
        uniques.add(duplicate_check(Direction.INCOMING, opened.message.message_id, opened.message.digest))
    by_content = [o for o in batch if some_gone or (o.message and not o.message.message_id)]
    copies = _copies(connection, mailbox, by_content) if by_content else {}
    uniques |= _of_further_copies(batch, copies)
    return Gathered(
        book.learn(connection, addresses),
        messages.by_message_id(connection, sorted(message_ids)),
        messages.holders_of(connection, list(uniques)),
        copies,
    )


def _copies(connection: Connection, mailbox: UUID, batch: Sequence[Opened]) -> dict[bytes, list[Copy]]:
    digests = list({opened.digest for opened in batch if opened.digest})
    known = ledger.by_content(connection, mailbox, digests)
    return {digest: [Copy(*entry) for entry in entries] for digest, entries in known.items()}


def _of_further_copies(batch: Sequence[Opened], copies: dict[bytes, list[Copy]]) -> set[UUID]:
    """Return the unique values that further copies of mail without a Message-ID may take."""
    return {
        duplicate_check(Direction.INCOMING, "", opened.message.digest, number)
        for opened in batch
        if opened.message and not opened.message.message_id
        for number in range(1, len(copies.get(opened.digest, ())) + 1)
    }


def test_message_prefix(organization: UUID | None) -> str:
    """Return how the Message-IDs of this installation's test messages begin.

    The organization's key is part of it: another Postroom's test message is ordinary mail here.
    """
    return f"postroom-test.{organization.hex}." if organization else ""


def policy_of(organization: dict[str, Any]) -> Policy:
    """Return the organization's switches that bear on incoming mail."""
    forced = organization.get("sssforcefilteringmethodforusermailboxes", -1)
    return Policy(
        correlation=bool(organization.get("emailcorrelationenabled", True)),
        ignore_internal=bool(organization.get("ignoreinternalemail")),
        unresolve_ambiguous_recipient=bool(organization.get("unresolveemailaddressifmultiplematch")),
        test_message_prefix=test_message_prefix(organization.get("organizationid")),
        forced_user_filtering=None if forced in (None, -1) else FilteringMethod(forced),
    )
