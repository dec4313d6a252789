"""Failures of items let go after their time, where nothing depends on them any more."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.configuration.switch import Switch
from postroom.configuration.switches import read_switches
from postroom.passes.context import Context
from postroom.passes.survey import COUNTED
from postroom.reconcile.retention import Fate, fate_of
from postroom.schema.mailbox import Mailbox
from postroom.schema.organization import Organization
from postroom.store import failures, marks, pairs
from postroom.store.failures import Outlived

_MAILBOX = Mailbox.__table__
_SWITCHES = Organization.__table__.c.orgdborgsettings


def forget_old_failures(context: Context) -> int:
    """Let go of failures that are older than the organization keeps them; return how many went."""
    now = context.clock.now()
    with context.database.read() as connection:
        switches = read_switches(connection.scalar(sa.select(_SWITCHES)))
        days = switches.number(Switch.EXCHANGE_SYNC_ID_MAPPING_PERSISTENCE_TIME_IN_DAYS)
        found = failures.outlived(connection, now - timedelta(days=days))
    cleared = _of_fate(found, Fate.CLEARED)
    dropped = _of_fate(found, Fate.DROPPED)
    if not cleared and not dropped:
        return 0
    with context.database.write() as connection:
        went = sum(failures.forget(context.database, connection, each.kept, now) for each in cleared)
        for user in {each.kept.user for each in dropped}:
            mine = [each for each in dropped if each.kept.user == user]
            went += _drop(connection, user, mine, now)
    return went


def _of_fate(found: Iterable[Outlived], fate: Fate) -> list[Outlived]:
    return [each for each in found if fate_of(each.kept.pair, each.record_version) is fate]


def _drop(connection: Connection, user: UUID, dropped: Iterable[Outlived], now: datetime) -> int:
    """Remove pairs of a user, and count anew: a number that is not ours stands for pairs that got lost."""
    before = str(pairs.count(connection, user))
    went = sum(failures.drop(connection, each.kept) for each in dropped)
    mailboxes = sa.select(_MAILBOX.c.mailboxid).where(_MAILBOX.c.regardingobjectid == user)
    for mailbox in connection.scalars(mailboxes).all():
        if marks.read(connection, mailbox).get(COUNTED) == before:
            marks.keep(connection, mailbox, {COUNTED: str(pairs.count(connection, user))}, now)
    return went
