"""Sending: e-mail activities that wait, written and handed to the mailbox's server.

::

    put right what a crash left -> claim -> write -> [journal as submitted -> submit -> settle] ...

At most one window of e-mails is journalled as submitted and not yet settled. A crash therefore
leaves a few of which nobody can know whether they left; they are flagged *uncertain* and wait for
a person, or are sent again where the organization says so. Nothing is ever sent twice in silence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from postroom.configuration.permission import Obstacle
from postroom.errors import SignInRejected, Throttled, TransportError, Unreachable, UserError
from postroom.passes import access
from postroom.passes.context import Context, SendLimits
from postroom.passes.judge import duplicate_check
from postroom.passes.result import PassResult
from postroom.passes.written import message_id_for, sender_of, submission_of
from postroom.ports.mail import Delivery, MailSink, Outcome, Submission
from postroom.schema.choices import (
    EmailState,
    EmailStatus,
    JournalState,
    SendOutcome,
    UncertainSendPolicy,
    Workload,
)
from postroom.store import alerts, outbox, workloads
from postroom.store.blobs import open_blob
from postroom.store.mailboxes import Setup
from postroom.store.outbox import Claimed, Settlement
from postroom.tracking.facts import Direction

UNCERTAIN = (
    "The connection or the worker broke after the message may have been handed over, so nobody can know "
    "whether it was sent. Ask a recipient, then `postroom outbox resend` or `postroom outbox settle`."
)
UNCERTAIN_AGAIN = "An earlier attempt may already have sent it; it is sent again, as the organization wishes."
ASKED_FIRST = (
    "The connection or the worker broke after the message may have been handed over. What the mailbox "
    "has sent is looked through before it is sent again."
)
FOUND_SENT = "The answer to an earlier attempt was lost; the message was found in what the mailbox has sent."
SENT_AGAIN = "An earlier attempt may already have sent it, so it may have arrived twice."


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is done about an e-mail of which nobody knows whether it left."""

    #: It waits for another attempt; otherwise for a person.
    goes_again: bool
    reason: str
    #: The mailbox's owner is told.
    is_told: bool = True


@dataclass(slots=True)
class _Tally:
    """What the pass came to so far."""

    sent: int = 0
    failed: int = 0
    put_off: int = 0
    uncertain: int = 0
    failure: TransportError | None = None

    def add(self, settlement: Settlement) -> None:
        if settlement.outcome is SendOutcome.UNCERTAIN:
            self.uncertain += 1
        elif settlement.status is EmailStatus.SENT:
            self.sent += 1
        elif settlement.status is EmailStatus.FAILED:
            self.failed += 1
        else:
            self.put_off += 1


@dataclass(slots=True)
class _Sending:
    """One pass over one mailbox's outbox."""

    context: Context
    setup: Setup
    sink: MailSink
    tally: _Tally = field(default_factory=_Tally)

    def send_batch(self, ids: Sequence[UUID]) -> None:
        """Write, submit and settle the claimed e-mails."""
        context = self.context
        with context.database.read() as connection:
            claimed = outbox.load(connection, ids)
            parents = outbox.root_message_ids(
                connection, [c.email["parentactivityid"] for c in claimed if c.email["parentactivityid"]]
            )
        ready, unwritable = self._written(claimed, parents)
        self._settle(unwritable)
        done: list[Settlement] = []
        for start in range(0, len(ready), context.sending.window):
            window = ready[start : start + context.sending.window]
            window, found = self._not_yet_sent(window)
            done.extend(found)
            if self.tally.failure:
                self._settle(done)
                self._give_back([c for c, _ in ready[start:]])
                return
            ours = self._settle(done, [c for c, _ in window])
            done = list(self._submit([entry for entry in window if entry[0].journal_id in ours]))
            if self.tally.failure:
                self._settle(done)
                self._give_back([c for c, _ in ready[start + context.sending.window :]])
                return
        self._settle(done)

    def _not_yet_sent(
        self, window: Sequence[tuple[Claimed, Submission]]
    ) -> tuple[list[tuple[Claimed, Submission]], list[Settlement]]:
        """Return what is still to be sent, and the outcome of what the server says it has sent before.

        Only what may have left in an earlier attempt is asked about. A server that can't be asked now
        ends the pass: to send without asking could be to send twice.
        """
        doubtful = [entry.email["messageid"] for entry, _ in window if entry.may_have_left]
        if not (doubtful and self.setup.keeps_sent_items):
            return list(window), []
        try:
            sent = self.sink.found_sent(doubtful)
        except TransportError as failure:
            self.tally.failure = failure
            return list(window), []
        ids = set(sent or ())
        found = [_found_sent(entry) for entry, _ in window if entry.email["messageid"] in ids]
        return [(c, s) for c, s in window if c.email["messageid"] not in ids], found

    def _written(
        self, claimed: Sequence[Claimed], parents: dict[UUID, str]
    ) -> tuple[list[tuple[Claimed, Submission]], list[Settlement]]:
        """Return what is ready to leave, with its Message-ID fixed, and what can't be written."""
        now = self.context.clock.now()
        ready: list[tuple[Claimed, Submission]] = []
        unwritable: list[Settlement] = []
        fixed: list[tuple[UUID, str, UUID]] = []
        for entry in claimed:
            try:
                message_id = entry.email["messageid"]
                if not message_id:
                    message_id = message_id_for(entry.email_id, sender_of(entry).address)
                    unique = duplicate_check(Direction.OUTGOING, message_id, b"")
                    fixed.append((entry.email_id, message_id, unique))
                parent = parents.get(entry.email["parentactivityid"])
                ready.append((entry, submission_of(entry, message_id, parent, now, self._open_blob)))
            except UserError as problem:
                unwritable.append(_failed(entry, JournalState.REFUSED, str(problem)))
        if fixed:
            with self.context.database.write() as connection:
                outbox.fix_message_ids(connection, fixed)
        return ready, unwritable

    def _open_blob(self, digest: bytes) -> Iterator[bytes]:
        with self.context.database.read() as connection:
            return open_blob(connection, digest, self.context.blobs)

    def _submit(self, window: Sequence[tuple[Claimed, Submission]]) -> Iterator[Settlement]:
        entries = {submission.key: entry for entry, submission in window}
        for delivery in self.sink.submit([submission for _, submission in window]):
            entry = entries[delivery.key]
            if about_the_server(delivery):
                self.tally.failure = delivery.failure
            doubt = doubt_about(self.setup, self.context.sending, entry.email["deliveryattempts"] or 0)
            yield settlement_of(entry, delivery, self.context.sending, self.context.clock.now(), doubt)

    def _settle(self, settlements: Sequence[Settlement], next_window: Sequence[Claimed] = ()) -> set[UUID]:
        """Write outcomes, and journal the next window as submitted, in one transaction.

        Returns the attempts that may leave now: those that no other worker has taken over.
        """
        if not settlements and not next_window:
            return set()
        context, now = self.context, self.context.clock.now()
        with context.database.write() as connection:
            outbox.settle(context.database, connection, settlements, now)
            ours = outbox.mark_submitted(connection, [c.journal_id for c in next_window], now)
            for settlement in settlements:
                self.tally.add(settlement)
                if alert := alert_for(settlement, self.setup):
                    alerts.raise_alert(context.database, connection, self.setup.mailbox_id, alert, now)
        return ours

    def _give_back(self, claimed: Sequence[Claimed]) -> None:
        left = [outbox.Left(c.email_id, c.journal_id, submitted=False, attempts=0) for c in claimed]
        if left:
            with self.context.database.write() as connection:
                outbox.give_back(self.context.database, connection, left, self.context.clock.now())


def send(context: Context, mailbox: UUID, *, opener: access.SinkOpener = access.open_sink) -> PassResult:
    """Send every due e-mail of the mailbox; raises nothing that a mail server causes."""
    setup = access.read_setup(context, mailbox)
    put_right(context, setup)
    if obstacle := access.obstacle_for(setup, Workload.OUTGOING):
        say_why_waiting(context, mailbox, obstacle)
        return access.kept_back(setup, Workload.OUTGOING) or PassResult(asked=False)
    with context.database.read() as connection:
        if not outbox.has_due(connection, mailbox, context.clock.now()):
            waiting = outbox.count_waiting(connection, mailbox)
            return PassResult(backlog=waiting, asked=False, notes="nothing is due")
    try:
        sink = opener(context, setup)
    except TransportError as failure:
        return _result(context, mailbox, _Tally(failure=failure))
    sending = _Sending(context, setup, sink)
    tally = sending.tally
    try:
        while not tally.failure:
            with context.database.write() as connection:
                ids = outbox.claim(
                    context.database,
                    connection,
                    mailbox,
                    context.clock.now(),
                    context.sending.batch_size,
                    context.host,
                )
            if not ids:
                break
            sending.send_batch(ids)
    finally:
        sending.sink.close()
    return _result(context, mailbox, tally)


def _result(context: Context, mailbox: UUID, tally: _Tally) -> PassResult:
    with context.database.read() as connection:
        waiting = outbox.count_waiting(connection, mailbox)
    if tally.failure:
        reason = f"The server can't be used at the moment: {tally.failure} It is tried again by itself."
        with context.database.write() as connection:
            outbox.say_why_waiting(connection, mailbox, reason)
    return PassResult(
        tally.sent + tally.failed + tally.put_off + tally.uncertain,
        tally.failed + tally.uncertain,
        backlog=waiting,
        failure=tally.failure,
        notes=f"{tally.sent} sent, {tally.put_off} put off, {tally.failed} failed, "
        f"{tally.uncertain} uncertain",
        counts={"sent": tally.sent},
    )


def about_the_server(delivery: Delivery) -> bool:
    """Tell whether the failure is the server's or the credentials', not this one e-mail's."""
    if delivery.outcome is Outcome.ACCEPTED or delivery.failure is None:
        return False
    if isinstance(delivery.failure, Throttled):
        return delivery.code in (0, 421)
    return isinstance(delivery.failure, Unreachable | SignInRejected)


def settlement_of(
    entry: Claimed, delivery: Delivery, limits: SendLimits, now: datetime, doubt: Doubt
) -> Settlement:
    """Return what one delivery makes of its e-mail."""
    if delivery.outcome is Outcome.ACCEPTED:
        return _sent(entry, delivery, was_asked=not doubt.is_told)
    if delivery.outcome is Outcome.UNCERTAIN:
        return _uncertain(entry, delivery, limits, now, doubt)
    if about_the_server(delivery):
        # The server's trouble is not the e-mail's: it waits, and the attempt does not count.
        return _waiting(entry, delivery, entry.email["deliveryattempts"] or 0, None, "")
    if delivery.outcome is Outcome.REFUSED:
        return _failed(entry, JournalState.REFUSED, f"The server refused it: {delivery.reply}", delivery)
    attempts = (entry.email["deliveryattempts"] or 0) + 1
    if attempts >= limits.maximum_attempts:
        reason = f"The server put it off {attempts} times, the last time with: {delivery.reply}"
        return _failed(entry, JournalState.DEFERRED, reason, delivery)
    delay = _delay_after(attempts, limits)
    if isinstance(delivery.failure, Throttled):
        delay = max(delay, delivery.failure.retry_after)
    until = now + timedelta(seconds=delay)
    said = delivery.reply or str(delivery.failure)
    next_try = f"the next one is after {until:%Y-%m-%d %H:%M:%SZ}"
    reason = f"Attempt {attempts} was put off by the server ({said}); {next_try}."
    return _waiting(entry, delivery, attempts, until, reason)


def _delay_after(attempts: int, limits: SendLimits) -> float:
    """Return the seconds to wait after so many attempts."""
    return limits.retry_delays[min(attempts, len(limits.retry_delays)) - 1]


def _sent(entry: Claimed, delivery: Delivery, *, was_asked: bool) -> Settlement:
    reasons = [SENT_AGAIN] if entry.may_have_left and not was_asked else []
    if delivery.refused:
        named = "; ".join(f"{address}: {code} {reply}" for address, code, reply in delivery.refused)
        reasons.append(f"The server took it, but not for every recipient: {named}")
    return Settlement(
        entry,
        JournalState.ACCEPTED,
        EmailState.COMPLETED,
        EmailStatus.SENT,
        SendOutcome.ACCEPTED,
        (entry.email["deliveryattempts"] or 0) + 1,
        delivery.code,
        delivery.reply,
        " ".join(reasons),
        is_partial=bool(delivery.refused),
    )


def _found_sent(entry: Claimed) -> Settlement:
    """Return the outcome of an e-mail that the server turns out to have sent in an earlier attempt."""
    return Settlement(
        entry,
        JournalState.ACCEPTED,
        EmailState.COMPLETED,
        EmailStatus.SENT,
        SendOutcome.ACCEPTED,
        entry.email["deliveryattempts"] or 0,
        0,
        "",
        FOUND_SENT,
    )


def _uncertain(
    entry: Claimed, delivery: Delivery, limits: SendLimits, now: datetime, doubt: Doubt
) -> Settlement:
    attempts = (entry.email["deliveryattempts"] or 0) + 1
    again = doubt.goes_again
    return Settlement(
        entry,
        JournalState.UNCERTAIN,
        EmailState.COMPLETED if again else EmailState.OPEN,
        EmailStatus.PENDING_SEND if again else EmailStatus.FAILED,
        SendOutcome.UNCERTAIN,
        attempts,
        delivery.code,
        delivery.reply,
        doubt.reason,
        now + timedelta(seconds=_delay_after(attempts, limits)) if again else None,
    )


def _waiting(
    entry: Claimed, delivery: Delivery, attempts: int, until: datetime | None, reason: str
) -> Settlement:
    return Settlement(
        entry,
        JournalState.DEFERRED,
        EmailState.COMPLETED,
        EmailStatus.PENDING_SEND,
        SendOutcome.DEFERRED,
        attempts,
        delivery.code,
        delivery.reply,
        reason or str(delivery.failure or ""),
        until,
    )


def _failed(
    entry: Claimed, journal: JournalState, reason: str, delivery: Delivery | None = None
) -> Settlement:
    if entry.may_have_left:
        reason = f"{reason} An earlier attempt may already have sent it."
    return Settlement(
        entry,
        journal,
        EmailState.OPEN,
        EmailStatus.FAILED,
        SendOutcome.REFUSED,
        (entry.email["deliveryattempts"] or 0) + 1,
        delivery.code if delivery else 0,
        delivery.reply if delivery else "",
        reason,
    )


def alert_for(settlement: Settlement, setup: Setup) -> "alerts.Alert | None":
    """Return what the mailbox's owner is told about an outcome, if anything."""
    if settlement.outcome is SendOutcome.UNCERTAIN:
        heals_itself = setup.keeps_sent_items and settlement.status is EmailStatus.PENDING_SEND
        return None if heals_itself else alerts.UNCERTAIN_SEND
    if settlement.status is EmailStatus.FAILED:
        return alerts.SEND_FAILED
    return alerts.RECIPIENTS_REFUSED if settlement.is_partial else None


def doubt_about(setup: Setup, limits: SendLimits, attempts: int) -> Doubt:
    """Return what is done with an e-mail that may have left in its latest attempt, after so many others.

    A server that keeps what is sent through it is asked, and nobody need be told.
    """
    if attempts + 1 < limits.maximum_attempts:
        if setup.keeps_sent_items:
            return Doubt(goes_again=True, reason=ASKED_FIRST, is_told=False)
        if policy_for_uncertain(setup) is UncertainSendPolicy.SEND_AGAIN:
            return Doubt(goes_again=True, reason=UNCERTAIN_AGAIN)
    return Doubt(goes_again=False, reason=UNCERTAIN)


def policy_for_uncertain(setup: Setup) -> UncertainSendPolicy:
    """Return what the organization wishes for e-mails that may or may not have left."""
    return UncertainSendPolicy(setup.organization.get("postroom_uncertainsendpolicy") or 0)


def put_right(context: Context, setup: Setup) -> None:
    """Put right what an earlier pass of this mailbox left in Sending; asked for under its lock."""
    with context.database.read() as connection:
        left = outbox.left_behind(connection, setup.mailbox_id)
    if not left:
        return
    now, database = context.clock.now(), context.database
    by_doubt: dict[Doubt, list[outbox.Left]] = {}
    for entry in left:
        if entry.submitted:
            by_doubt.setdefault(doubt_about(setup, context.sending, entry.attempts), []).append(entry)
    with database.write() as connection:
        outbox.give_back(database, connection, [entry for entry in left if not entry.submitted], now)
        for doubt, entries in by_doubt.items():
            status = EmailStatus.PENDING_SEND if doubt.goes_again else EmailStatus.FAILED
            # What the worker handed over as it died may not have got through the server yet.
            until = now + timedelta(seconds=context.sending.settling) if not doubt.is_told else None
            outbox.give_up_as_uncertain(
                database, connection, entries, now, status=status, reason=doubt.reason, until=until
            )
            for _ in entries if doubt.is_told else ():
                alerts.raise_alert(database, connection, setup.mailbox_id, alerts.UNCERTAIN_SEND, now)


def say_why_waiting(context: Context, mailbox: UUID, obstacle: Obstacle) -> None:
    """Write on the mailbox's waiting e-mails what keeps them, and tell the owner once."""
    reason = f"{obstacle.sentence} {obstacle.cure}"
    now = context.clock.now()
    with context.database.write() as connection:
        if outbox.say_why_waiting(connection, mailbox, reason):
            alerts.raise_alert(
                context.database, connection, mailbox, alerts.waiting(obstacle.name, reason), now
            )


def explain_waiting(context: Context) -> Iterable[UUID]:
    """Relate pending e-mails to their mailboxes and say of hindered ones why they wait.

    Returns the mailboxes that have mail to send and may send it.
    """
    with context.database.write() as connection:
        outbox.relate_pending(connection)
        senders = outbox.senders(connection)
        under_way = {
            mailbox
            for mailbox, workload, _ in workloads.leased(connection, context.clock.now())
            if workload is Workload.OUTGOING
        }
    able: list[UUID] = []
    for mailbox in senders:
        setup = access.read_setup(context, mailbox)
        obstacle = access.obstacle_for(setup, Workload.OUTGOING)
        if obstacle is None:
            able.append(mailbox)
            continue
        if mailbox not in under_way:
            # Nobody will send for it, so nobody else will put right what a crash left.
            put_right(context, setup)
        say_why_waiting(context, mailbox, obstacle)
    return able
