"""What only people can decide about items: asked, answered, and values put back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from postroom.errors import StaleVersion, UserError
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.item_policy import policy_of_items
from postroom.reconcile.choice import CHOICES, choice_of, question_of
from postroom.reconcile.conflict import Authority, Overwritten
from postroom.reconcile.item import Item, Kind, Side, Value
from postroom.reconcile.notice import IN_CRM
from postroom.reconcile.pair import Pair
from postroom.reconcile.policy import Policy
from postroom.reconcile.spelling import read
from postroom.reconcile.status import Left, translated
from postroom.reconcile.wording import asked
from postroom.schema import registry
from postroom.store import pairs
from postroom.store.items.side import StoreItems
from postroom.store.pairs import Kept


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One question about an item, as a person reads it."""

    id: str
    mailbox: str
    kind: str
    subject: str
    about: str
    #: All of it, in sentences.
    question: str
    #: By field: the CRM's value and the server's.
    values: Mapping[str, Mapping[str, str]]
    #: What may be said.
    choices: tuple[str, ...]
    #: What has been said and is not carried out yet; empty while it is open.
    answer: str
    since: datetime


def open_questions(context: Context, mailbox: UUID | None = None) -> list[OpenQuestion]:
    """Return what waits for a person, of one mailbox or of all; the oldest first."""
    user = None if mailbox is None else access.read_setup(context, mailbox).mailbox["regardingobjectid"]
    with context.database.read() as connection:
        policy = _policy(context, connection)
        found = pairs.undecided(connection, user)
    return [shown for kept in found if (shown := _shown(kept, policy)) is not None]


def get_question(context: Context, pair_id: UUID) -> OpenQuestion:
    """Return one question; raises `UserError` when nothing is asked about this item."""
    with context.database.read() as connection:
        return _get(context, connection, pair_id)


def decide(context: Context, pair_id: UUID, choice: str) -> OpenQuestion:
    """Write down what a person has said; the next pass carries it out.

    Raises `UserError` when nothing is asked, or when this is no answer to it.
    """
    with context.database.write() as connection:
        question = _get(context, connection, pair_id)
        if choice not in question.choices:
            raise UserError(f"{choice!r} is no answer to this; say one of: {', '.join(question.choices)}.")
        about = next(each for each in CHOICES if each.value == question.about)
        decision = CHOICES[about][choice]
        pairs.write_decision(context.database, connection, pair_id, decision, context.clock.now())
        return _get(context, connection, pair_id)


def restore(context: Context, overwritten: UUID) -> str:
    """Put a value that gave way back into its record, and return the record's subject.

    The next pass carries it to the server as it does every change of the CRM, and tells whom its rules say.
    What the value replaces is kept like any other that gave way. Raises `UserError` when it can't be done.
    """
    with context.database.read() as connection:
        row = context.records.get(connection, "postroom_overwritten", overwritten)
    kind, crm_id = _kind_of(row), str(row["objectid"] or "")
    side = StoreItems(
        context.records, access.read_setup(context, row["mailboxid"]).mailbox["regardingobjectid"]
    )
    record = side.get([crm_id]).get(crm_id)
    if record is None:
        raise UserError("The record is gone, and with it the place to put the value back into.")
    name = str(row["field"])
    value = _value_of(row, kind, record)
    before = record.fields.get(name)
    lost = Overwritten(Side.CRM, crm_id, name, before, value, Authority.CRM)
    pair = Pair("", kind, crm_id, row["exchangeentryid"])
    with context.database.write() as connection:
        now = context.clock.now()
        pairs.keep_overwritten(connection, row["mailboxid"], pair, record, [lost], now)
    try:
        side.update(crm_id, record.version, {name: value}, IN_CRM)
    except StaleVersion as stale:
        raise UserError("Somebody has just changed the record; look at it and try again.") from stale
    with context.database.write() as connection:
        values = {"restoredon": context.clock.now()}
        context.records.update(connection, "postroom_overwritten", overwritten, values, internal=True)
    return record.subject


def _policy(context: Context, connection: Connection) -> Policy:
    (organization,) = context.records.select(connection, "organization")
    return policy_of_items(organization)


def _get(context: Context, connection: Connection, pair_id: UUID) -> OpenQuestion:
    kept = pairs.find(connection, pair_id)
    shown = _shown(kept, _policy(context, connection)) if kept else None
    if shown is None:
        raise UserError(f"Nothing is asked about {pair_id}; `postroom conflict list` shows what is.")
    return shown


def _shown(kept: Kept, policy: Policy) -> OpenQuestion | None:
    pair = kept.pair
    question = question_of(pair, policy)
    if question is None:
        return None
    values = {name: {"crm": each.crm, "server": each.server} for name, each in question.contests.items()}
    return OpenQuestion(
        pair.id,
        kept.mailbox,
        pair.kind.value,
        kept.subject,
        question.about.value,
        asked(question, kept.subject),
        values,
        tuple(CHOICES[question.about]),
        choice_of(question, pair.decision),
        kept.changed_at,
    )


def _kind_of(row: Mapping[str, Any]) -> Kind:
    codes = {registry.by_logical_name(table).object_type_code: kind for kind, table in pairs.TABLES.items()}
    return codes[row["objecttypecode"]]


def _value_of(row: Mapping[str, Any], kind: Kind, record: Item) -> Value:
    """Return the value that gave way, in the CRM's words."""
    if row["content"] is None:
        raise UserError(f"This value was kept in words only; write it back by hand: {row['value']}")
    name, value = str(row["field"]), read(row["content"])
    if row["side"] == Side.SERVER.value:
        item = Item("", "", kind, {name: value}, record.modified_at)
        value = translated(item, name, Side.CRM, record.fields.get(name))
    if value is Left.ALONE or value == record.fields.get(name):
        raise UserError(f"The record says this already: {name} is {row['value']!r:.200}.")
    return value
