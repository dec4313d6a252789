"""Messages that a server offers once more: what people have done with them since.

A message is offered again when something about it has changed, or when the server has lost count. It
is not taken in twice; but a category put on or taken off is a person's wish.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.errors import UserError
from postroom.passes import quarantine, relate
from postroom.passes.context import Context
from postroom.passes.place import unique_of_recorded
from postroom.passes.search import Search
from postroom.ports.mail import Offered
from postroom.schema.choices import CategoryMark, Wish
from postroom.schema.email import Email
from postroom.store import ledger, wishes
from postroom.store.ledger import Recorded
from postroom.store.mailboxes import Setup
from postroom.tracking.category import Act, react
from postroom.tracking.facts import Settled

_EMAIL = Email.__table__


@dataclass(frozen=True, slots=True)
class _Visit:
    """One message that is offered again, with what the ledger has of it."""

    offered: Offered
    recorded: Recorded


def see_to_known(
    context: Context,
    setup: Setup,
    search: Search,
    offered: Sequence[Offered],
    known: Mapping[str, Recorded],
) -> list[Offered]:
    """Do what people's marks on known messages ask for; return those that are to be judged once more."""
    visits = [_Visit(o, known[o.server_id]) for o in offered if o.server_id in known]
    if not visits:
        return []
    again = [
        v.offered for v in visits if search.look.category and _see_to_category(context, setup, search, v)
    ]
    judged = {o.server_id for o in again}
    for visit in visits:
        if visit.offered.server_id not in judged and _see_to_folder(context, setup, search, visit):
            again.append(visit.offered)
    return again


def _see_to_folder(context: Context, setup: Setup, search: Search, visit: _Visit) -> bool:
    """Relate a tracked message to its folder's record; say whether an untracked one is to be judged."""
    rule, recorded = search.rules.get(visit.offered.folder), visit.recorded
    if rule is None or recorded.quarantine_id:
        return False
    if recorded.email_id is None:
        return True
    marked = search.marked(visit.offered)
    if marked and marked.regarding:
        with context.database.write() as connection:
            relate.relate(context, connection, setup.mailbox_id, [recorded.email_id], marked)
    return False


def _see_to_category(context: Context, setup: Setup, search: Search, visit: _Visit) -> bool:
    """Follow a category that a person put on or took off; say whether the message is to be judged."""
    recorded = visit.recorded
    unique = None
    seen = search.seen(visit.offered)
    if seen.tracked == (recorded.category is CategoryMark.ON):
        return False  # as we left it
    with context.database.write() as connection:
        unique = _unique_of(connection, recorded)
        wish = wishes.settled(connection, [unique]).get(unique) if unique else None
        refused = wish is not None and wish.wish is Wish.UNTRACK
        is_tracked = recorded.email_id is not None and not refused
        reaction = react(seen, recorded.category, is_tracked=is_tracked)
        ledger.set_category(connection, [recorded.ledger_id], reaction.mark)
        if reaction.act is Act.UNTRACK and unique:
            _settle(context, connection, unique, Wish.UNTRACK)
        if reaction.act is Act.TRACK and unique and refused:
            _settle(context, connection, unique, Wish.TRACK)
    if reaction.act is Act.TRY_AGAIN or (reaction.act is Act.TRACK and recorded.quarantine_id):
        _try_again(context, recorded)
        return False
    return reaction.act is Act.TRACK and recorded.email_id is None


def _unique_of(connection: Connection, recorded: Recorded) -> UUID | None:
    """Return the unique value of a recorded message, or None of one that was never read."""
    if recorded.email_id:
        query = sa.select(_EMAIL.c.messageiddupcheck).where(_EMAIL.c.activityid == recorded.email_id)
        found: UUID | None = connection.execute(query).scalar()
        return found
    return unique_of_recorded(connection, recorded.ledger_id)


def _settle(context: Context, connection: Connection, unique: UUID, wish: Wish) -> None:
    now = context.clock.now()
    wishes.settle(connection, unique, Settled(wish), message_id=None, by=None, now=now)


def _try_again(context: Context, recorded: Recorded) -> None:
    """Try a quarantined message once more because a person marked it; say on it when it fails again."""
    assert recorded.quarantine_id is not None  # noqa: S101 - only what lies in quarantine is tried again
    try:
        quarantine.retry(context, recorded.quarantine_id)
    except UserError:
        with context.database.write() as connection:
            ledger.set_category(connection, [recorded.ledger_id], CategoryMark.TO_MARK_UNDELIVERABLE)
