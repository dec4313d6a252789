"""Relating e-mails to the records of tracked folders, where no person has said otherwise."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.passes.context import Context
from postroom.passes.judge import Judged
from postroom.schema.choices import SetBy
from postroom.schema.email import Email
from postroom.store import ledger
from postroom.store.folders import Rule
from postroom.store.index import chunks_of
from postroom.tracking.facts import Marked

_EMAIL = Email.__table__


def follow_folders(context: Context, mailbox: UUID, judged: Sequence[Judged]) -> None:
    """Relate e-mails that were in the store before to the record of the folder their message came into."""
    wanted: dict[Marked, list[UUID]] = {}
    for one in judged:
        known = one.verdict.duplicate if one.renumbered_from or one.verdict.duplicate else None
        if known and one.opened.marked and one.opened.marked.regarding:
            wanted.setdefault(one.opened.marked, []).append(known)
    for marked, emails in wanted.items():
        with context.database.write() as connection:
            relate(context, connection, mailbox, emails, marked)


def apply_rules(context: Context, mailbox: UUID, rules: Iterable[Rule]) -> None:
    """Relate all mail of folders whose record has changed; one whose record was taken away keeps its own."""
    for rule in rules:
        if rule.regarding == rule.applied:
            continue
        with context.database.write() as connection:
            if rule.regarding:
                emails = ledger.emails_in(connection, mailbox, rule.folder)
                marked = Marked(SetBy.FOLDER, rule.regarding, rule.regarding_table)
                relate(context, connection, mailbox, emails, marked)
            values = {"postroom_appliedregardingid": rule.regarding}
            context.records.update(connection, "mailboxtrackingfolder", rule.id, values, internal=True)


def relate(
    context: Context, connection: Connection, mailbox: UUID, emails: Collection[UUID], marked: Marked
) -> int:
    """Relate these e-mails to the folder's record and return how many were changed.

    What a person chose stays. Of several mailboxes whose folders speak of one e-mail, the first one has
    the say, and may change its mind.
    """
    ours = [
        email
        for chunk in chunks_of(set(emails))
        for email, by, whose in connection.execute(_open(chunk, marked)).all()
        if not (by == SetBy.FOLDER and whose is not None and whose != mailbox)
    ]
    for email in ours:
        values = {
            "regardingobjectid": marked.regarding,
            "regardingobjecttypecode": marked.regarding_table,
            "postroom_regardingby": int(SetBy.FOLDER),
            "postroom_regardingmailboxid": mailbox,
        }
        context.records.update(connection, "email", email, values, internal=True)
    return len(ours)


def _open(emails: Sequence[UUID], marked: Marked) -> sa.Select[UUID, int | None, UUID | None]:
    """Select e-mails that regard something else and that no person has related."""
    by = _EMAIL.c.postroom_regardingby
    return sa.select(_EMAIL.c.activityid, by, _EMAIL.c.postroom_regardingmailboxid).where(
        _EMAIL.c.activityid.in_(emails),
        by.is_distinct_from(int(SetBy.PERSON)),
        _EMAIL.c.regardingobjectid.is_distinct_from(marked.regarding),
    )
