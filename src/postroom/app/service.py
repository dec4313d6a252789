"""The running service: which pass does which work, and who is told of trouble."""

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.app.retention import Retention
from postroom.app.watch import Watch
from postroom.app.wiring import Postroom
from postroom.engine.fleet import Crew
from postroom.engine.lane import Poll
from postroom.engine.work import Pass, Report, Trouble, Witness, unseen
from postroom.errors import PostroomError, SignInRejected
from postroom.passes.context import Context
from postroom.passes.credentials import Hindered
from postroom.passes.result import PassResult
from postroom.passes.send import explain_waiting, send
from postroom.passes.series import expand_series
from postroom.passes.test_mailbox import Report as TestReport
from postroom.passes.test_mailbox import test_mailbox
from postroom.schema.choices import TraceLevel, Workload
from postroom.schema.mailbox import Mailbox
from postroom.schema.organization import Organization
from postroom.store import alerts, decisions
from postroom.store.alerts import Alert
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
    """Carry out tests that were asked for, explain waiting mail, expand series, let go of old decisions."""
    run_scheduled_tests(context)
    explain_waiting(context)
    expand_series(context)
    forget_old_decisions(context)
    forget_old_deletions(context)


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


def run_scheduled_tests(
    context: Context, on_tested: Callable[[TestReport], None] = lambda _: None
) -> list[TestReport]:
    """Test and enable every mailbox whose `testemailconfigurationscheduled` is set."""
    with context.database.read() as connection:
        wanted = connection.scalars(
            sa.select(_MAILBOX.c.mailboxid).where(_MAILBOX.c.testemailconfigurationscheduled.is_(True))
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


_STOPPED = {
    Workload.INCOMING: "receives nothing until it is tested again",
    Workload.OUTGOING: "sends nothing until it is tested again",
    Workload.ITEMS: "synchronizes nothing until it is tested again",
}


def reporter(context: Context) -> Report:
    """Return what tells the mailbox's owner of trouble, in the transaction that ends the pass."""

    def report(connection: Connection, trouble: Trouble) -> None:
        alert = alert_for(trouble)
        alerts.raise_alert(context.database, connection, trouble.mailbox_id, alert, trouble.at)

    return report


def alert_for(trouble: Trouble) -> Alert:
    """Return the alert that says what happened, whose fault it is and what cures it."""
    about = trouble.workload.name.lower()
    if trouble.is_over:
        text = f"{trouble.workload.label} works again after {trouble.failures} failed passes."
        return Alert(11, TraceLevel.INFORMATION, text, about=about)
    details = str(trouble.failure or trouble.reason)
    if trouble.is_stopped:
        was_refused = isinstance(trouble.failure, SignInRejected) and not isinstance(
            trouble.failure, Hindered
        )
        rejected = alerts.SIGN_IN_REJECTED if was_refused else _STOPPED_ALERT
        text = f"{rejected.text} The mailbox {_STOPPED[trouble.workload]}."
        return Alert(rejected.code, TraceLevel.ERROR, text, rejected.cure, details, about)
    level = trouble.level or TraceLevel.WARNING
    text = f"{trouble.workload.label} failed; it is tried again by itself and nothing is lost."
    return Alert(10, level, text, "Nothing to do unless it lasts; see the details.", details, about)


_STOPPED_ALERT = Alert(
    12, TraceLevel.ERROR, "The workload is stopped.", "Mend what the details name, then test the mailbox."
)
