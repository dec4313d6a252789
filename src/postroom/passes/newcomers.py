"""Newcomers: records made of unknown senders, each once, whoever reads their mail."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from postroom.errors import InvalidRecord
from postroom.passes.context import Context
from postroom.passes.gather import AddressBook
from postroom.passes.judge import Judged
from postroom.store import index
from postroom.tracking.facts import Known
from postroom.tracking.newcomer import Newcomer, names_of
from postroom.tracking.resolution import Sender


def welcome(context: Context, connection: Connection, book: AddressBook, verdicts: Sequence[Judged]) -> None:
    """Make the records that accepting users want of unknown senders, and put them into the verdicts."""
    wanted: dict[str, Judged] = {}
    for judged in verdicts:
        if judged.newcomer:
            wanted.setdefault(judged.newcomer.address.key, judged)
    # In the same order everywhere, so that two workers never wait for each other's locks.
    for key in sorted(wanted):
        known = _made(context, connection, key, wanted[key])
        book.forget(key)
        for judged in verdicts:
            if known and judged.verdict.track:
                _resolve(judged, key, known)


def _made(context: Context, connection: Connection, key: str, judged: Judged) -> Known | None:
    """Return the record that has the address by now, or None when none can be made of it."""
    context.database.lock(connection, f"postroom_address {key}")
    # Another worker may have been first.
    for known in index.find_known(connection, [key]).get(key, ()):
        return known
    newcomer, owner = judged.newcomer, judged.owner
    assert newcomer is not None  # noqa: S101 - only such verdicts come here
    values = _values(newcomer)
    if owner:
        values |= {"ownerid": owner.owner, "owneridtype": owner.table}
    try:
        made = context.records.create(connection, newcomer.table, values)
    except InvalidRecord:
        # What a stranger calls himself may be no name and no address for a record; his mail is.
        return None
    return Known(newcomer.table, made, newcomer.address.name, owner=owner.owner if owner else None)


def _values(newcomer: Newcomer) -> dict[str, object]:
    first, last = names_of(newcomer.address, last_name_first=newcomer.last_name_first)
    values: dict[str, object] = {
        "firstname": first[:50] or None,
        "lastname": last[:50],
        "emailaddress1": newcomer.address.address,
    }
    if newcomer.table == "lead":
        values["subject"] = (newcomer.address.name or newcomer.address.address)[:300]
    return values


def _resolve(judged: Judged, key: str, known: Known) -> None:
    author = judged.opened.message.author if judged.opened.message else None
    if judged.sender.known is None and author and author.key == key:
        judged.sender = Sender(known)
    judged.parties = [
        replace(party, known=known) if party.known is None and party.address.key == key else party
        for party in judged.parties
    ]
