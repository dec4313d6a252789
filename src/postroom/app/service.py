"""The running service: which pass does which work, and what is tended beside them."""

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from postroom.app.alerts import alert_for_silence, reporter
from postroom.app.retention import Retention
from postroom.app.watch import Watch
from postroom.app.wiring import Postroom
from postroom.engine.fleet import Crew
from postroom.engine.lane import Poll
from postroom.engine.schedule import PACES
from postroom.engine.silence import find_silent
from postroom.engine.work import Pass, Witness, unseen
from postroom.errors import PostroomError
from postroom.passes.context import Context
from postroom.passes.failures import forget_old_failures
from postroom.passes.result import PassResult
from postroom.passes.send import explain_waiting, send
from postroom.passes.series import expand_series
from postroom.passes.test_mailbox import Report as TestReport
from postroom.passes.test_mailbox import test_mailbox
from postroom.schema.choices import Workload
from postroom.schema.mailbox import Mailbox
from postroom.schema.organization import Organization
from postroom.store import alerts, decisions, workloads
from postroom.store.changes import remembered_since
from postroom.store.records.deletions import forget_deletions, has_older

log = logging.getLogger(__name__)

_MAILBOX = Mailbox.__table__
_ORGANIZATION = Organization.__table__


def passes_of(context: Context) -> dict[Workload, Pass]:
    """Return the pass of each workload that this release does."""

    def incoming(mailbox: UUID, _: Workload) -> PassResult:
        # Imported with the first pass: most runs find nothing due and need no reader of mail.
        from postroom.passes.receive import receive

        return receive(context, mailbox)

    def outgoing(mailbox: UUID, _: Workload) -> PassResult:
        return send(context, mailbox)

    def items(mailbox: UUID, _: Workload) -> PassResult:
        from postroom.app.items import open_item_sides
        from postroom.passes.step import step

        return step(context, mailbox, opener=open_item_sides)

    return {Workload.INCOMING: incoming, Workload.OUTGOING: outgoing, Workload.ITEMS: items}


def poller(context: Context) -> Poll:
    """Return what says of idle mailboxes whether a pass is needed."""

    def ask(mailboxes: Sequence[UUID]) -> Iterator[tuple[UUID, bool]]:
        from postroom.passes.poll import poll

        return poll(context, mailboxes)

    return ask


def crew_of(
    postroom: Postroom,
    *,
    threads: int = 0,
    witness: Witness = unseen,
    polled: Callable[[Poll], Poll] = lambda poll: poll,
) -> Crew:
    """Return what the engine works with; `threads` is for 0 what the settings say.

    Passes have the witness; looks into idle mailboxes go through `polled`.
    """
    context = postroom.context()
    settings = postroom.settings
    retention = Retention(context)

    def look_after() -> None:
        tend(context)
        retention()

    return Crew(
        postroom.database,
        passes_of(context),
        poll=polled(poller(context)),
        home=settings.home,
        machine=socket.gethostname(),
        clock=postroom.clock,
        report=reporter(context),
        threads=threads or settings.worker.threads,
        lease=timedelta(seconds=settings.worker.lease_seconds),
        patience_seconds=settings.worker.patience_seconds,
        tend=look_after,
        beside=lambda: Watch(context),
        witness=witness,
    )


def tend(context: Context) -> None:
    """Carry out tests that were asked for, tell of waiting mail and of silence, expand series, let go."""
    run_scheduled_tests(context)
    explain_waiting(context)
    expand_series(context)
    tell_of_silence(context)
    forget_old_decisions(context)
    forget_old_deletions(context)
    forget_old_failures(context)


def forget_old_deletions(context: Context) -> int:
    """Let go of deletions that nobody may ask for any more; return how many went."""
    now = context.clock.now()
    with context.database.read() as connection:
        before = remembered_since(connection, now)
        if not has_older(connection, before):
            return 0
    with context.database.write() as connection:
        return forget_deletions(connection, before)


def forget_old_decisions(context: Context) -> int:
    """Let go of some of the decisions that were kept for their time; return how many went."""
    with context.database.read() as connection:
        days = connection.scalar(sa.select(_ORGANIZATION.c.postroom_decisiondays))
        before = context.clock.now() - timedelta(days=365 if days is None else days)
        if days == 0 or not decisions.has_older(connection, before):
            return 0
    with context.database.write() as connection:
        return decisions.purge(connection, before)


def tell_of_silence(context: Context) -> int:
    """Tell owners of mailboxes where nothing has succeeded for too long; return how many workloads."""
    now = context.clock.now()
    with context.database.read() as connection:
        if not find_silent(connection, PACES, now):
            return 0
    with context.database.write() as connection:
        found = find_silent(connection, PACES, now)
        for silent in found:
            alert = alert_for_silence(silent, now)
            alerts.raise_alert(context.database, connection, silent.mailbox_id, alert, now)
        workloads.note_silence(connection, [silent.row_id for silent in found], now)
    return len(found)


def run_scheduled_tests(
    context: Context, on_tested: Callable[[TestReport], None] = lambda _: None
) -> list[TestReport]:
    """Test and enable every mailbox whose `testemailconfigurationscheduled` is set."""
    postponed = _MAILBOX.c.postponetestemailconfigurationuntil
    with context.database.read() as connection:
        wanted = connection.scalars(
            sa.select(_MAILBOX.c.mailboxid).where(
                _MAILBOX.c.testemailconfigurationscheduled.is_(True),
                sa.or_(postponed.is_(None), postponed <= context.clock.now()),
            )
        ).all()
    reports = []
    for mailbox in wanted:
        try:
            report = test_mailbox(context, mailbox)
        except PostroomError:
            # It stays scheduled, and the other mailboxes have their turn.
            log.warning(
                "a scheduled test could not be carried out", extra={"mailbox": str(mailbox)}, exc_info=True
            )
            continue
        on_tested(report)
        reports.append(report)
    return reports
