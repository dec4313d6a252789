"""Keeping both sides in step: appointments, contacts and tasks of one mailbox, in one pass.

::

    survey -> plan -> guard -> [journal the pair -> act -> agree] ... -> marks

A pair is written before anything is done to its items, and after. A worker that dies between the two
leaves an act of which the next pass finds out, by the token that the item bears or by reading it again,
whether it was done. Marks are moved on only when all that stands before them is settled.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from postroom.errors import Refused, SignInRejected, StaleVersion, Throttled, TransportError, UserError
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.result import PassResult
from postroom.passes.sides import Sides, SidesOpener
from postroom.passes.survey import APPROVED, COUNTED, FIRST_DONE, Survey, survey
from postroom.ports.items import Removal
from postroom.reconcile.act import Act, Finding
from postroom.reconcile.agree import Answer, Written, failed, journalled, settled
from postroom.reconcile.choice import CHOICES
from postroom.reconcile.guard import Reading
from postroom.reconcile.health import QUIET
from postroom.reconcile.pair import Doing, Pair
from postroom.reconcile.reason import Reason
from postroom.reconcile.wording import asked
from postroom.schema.choices import Workload
from postroom.schema.ids import new_id
from postroom.store import alerts, filters, marks, pairs
from postroom.store.mailboxes import Setup

#: Acts of one pass; the next goes on. A first synchronization of many items is done in stages this way.
MOST_ACTS = 500


@dataclass(slots=True)
class _Step:
    """One pass over one mailbox."""

    context: Context
    setup: Setup
    sides: Sides
    user: UUID
    found: Survey
    done: int = 0
    undone: int = 0
    left: int = 0
    #: The server can't be used any more; what is left waits for the next pass.
    failure: TransportError | None = field(default=None)

    def carry_out(self, acts: Sequence[Act]) -> None:
        """Do these acts one by one, until the server fails as a whole."""
        for number, act in enumerate(acts):
            if self.failure is not None:
                self.left = len(acts) - number
                return
            if self._do(act):
                self.done += 1
            else:
                self.undone += 1

    def _do(self, act: Act) -> bool:
        """Do one act and say whether it was done."""
        pair = self.found.pairs.get(act.pair.id) or replace(act.pair, id=str(new_id()))
        written: Written | None = None
        if act.doing.writes:
            pair = journalled(pair, act, str(new_id()))
            self._store(pair, act, before=True)
            try:
                written = self._write(act, pair)
            except (StaleVersion, Refused, UserError) as refused:
                self._store(failed(pair, act, str(refused), Answer.REFUSED), act)
                return False
            except TransportError as lost:
                if _is_about_the_server(lost):
                    self.failure = lost
                self._store(failed(pair, act, str(lost), self._answer_of(lost)), act)
                return False
        after = settled(pair, act, written)
        if act.doing in (Doing.LINK, Doing.CREATE) and after and after.server_id and after.crm_id:
            try:
                self.sides.server.note(after.server_id, after.crm_id)
            except TransportError as lost:
                self.failure = lost
                if pair.id in self.found.pairs:
                    self._store(failed(pair, act, str(lost), self._answer_of(lost)), act)
                return False
        self._store(after, act, pair_id=pair.id)
        return True

    def _answer_of(self, lost: TransportError) -> Answer:
        """Say whether a lost answer counts against the item: the server has shown all that it has before."""
        if isinstance(lost, Throttled | SignInRejected) or self.found.reading is not Reading.WHOLE:
            return Answer.SERVER_FAILS
        return Answer.LOST

    def _write(self, act: Act, pair: Pair) -> Written | None:
        assert act.side is not None  # noqa: S101 - what writes says where
        side = self.sides.of(act.side)
        if act.doing is Doing.DELETE:
            side.delete(act.item_id, act.based_on, Removal.TO_DELETED_ITEMS, act.sends)
            return None
        if act.doing is Doing.CREATE:
            assert act.draft is not None  # noqa: S101 - a creation says what is made
            assert pair.pending is not None  # noqa: S101 - and is journalled with its token
            item_id, version = side.create(
                act.draft, pair.pending.token, act.sends, is_first_try=not act.token
            )
        else:
            item_id = act.item_id
            version = side.update(item_id, act.based_on, act.fields, act.sends)
        return Written(item_id, version, side.get([item_id]).get(item_id))

    def _store(self, pair: Pair | None, act: Act, *, pair_id: str = "", before: bool = False) -> None:
        """Keep the pair as it is now, and with the journal what is about to be overwritten."""
        context, now = self.context, self.context.clock.now()
        item = act.crm or act.server or act.draft
        with context.database.write() as connection:
            if pair is None:
                pairs.drop(connection, [pair_id])
                self.found.pairs.pop(pair_id, None)
                return
            subject, mailbox = item.shown_name if item else "", self.setup.mailbox_id
            known = self.found.pairs.get(pair.id)
            asks = act.doing is Doing.ASK
            leaves_decision = not asks and known is not None and known.decision is pair.decision
            pairs.store(
                context.database, connection, self.user, pair, subject, now, leaves_decision=leaves_decision
            )
            if before:
                pairs.keep_overwritten(connection, mailbox, pair, item, act.overwritten, now)
            if asks and pair.question is not None:
                choices = list(CHOICES[pair.question.about])
                alert = alerts.question_put(asked(pair.question, subject), choices, pair.id)
                alerts.raise_alert(context.database, connection, mailbox, alert, now)
        self.found.pairs[pair.id] = pair

    def tell(self) -> None:
        """Tell the mailbox's owner what was left alone, held back or overwritten."""
        context, now = self.context, self.context.clock.now()
        told = [*map(_about_finding, _loud(self.found.guarded.plan.findings))]
        told += [alerts.PLAN_HELD_BACK.with_details(cause) for cause in self.found.guarded.causes]
        lost = sum(len(act.overwritten) for act in self.found.guarded.plan.acts)
        if lost:
            told.append(alerts.OVERWRITTEN.with_details(f"{lost} value(s) in the last pass"))
        if not told:
            return
        with context.database.write() as connection:
            for alert in told:
                alerts.raise_alert(context.database, connection, self.setup.mailbox_id, alert, now)

    def remember(self) -> None:
        """Move the marks on when all that was found is settled."""
        held_back = bool(self.found.guarded.withheld)
        if self.undone or self.left or held_back or self.found.reading is not Reading.WHOLE:
            return
        with self.context.database.read() as connection:
            known = marks.read(connection, self.setup.mailbox_id)
            counted = str(pairs.count(connection, self.user))
        kept = {**self.found.marks, FIRST_DONE: "done", COUNTED: counted, APPROVED: ""}
        changed = {place: mark for place, mark in kept.items() if known.get(place, "") != mark}
        if changed:
            with self.context.database.write() as connection:
                marks.keep(connection, self.setup.mailbox_id, changed, self.context.clock.now())


def step(context: Context, mailbox: UUID, *, opener: SidesOpener) -> PassResult:
    """Bring the appointments, contacts and tasks of the mailbox's user in step on both sides.

    Raises nothing that a mail server causes: what ended the pass early stands in the result.
    """
    setup = access.read_setup(context, mailbox)
    if kept_back := access.kept_back(setup, Workload.ITEMS):
        return kept_back
    user: UUID = setup.mailbox["regardingobjectid"]
    _see_to_filters(context, user)
    try:
        sides = opener(context, setup)
    except TransportError as failure:
        return PassResult(failure=failure, notes=str(failure))
    try:
        return _step(context, setup, sides, user)
    except TransportError as failure:
        return PassResult(failure=failure, notes=str(failure))
    finally:
        sides.close()


def _see_to_filters(context: Context, user: UUID) -> None:
    """Give the user the filters that say what goes to the mailbox, if nobody has yet."""
    with context.database.read() as connection:
        if context.records.get(connection, "systemuser", user)["defaultfilterspopulated"]:
            return
    with context.database.write() as connection:
        filters.populate(context.records, connection, user)


def _step(context: Context, setup: Setup, sides: Sides, user: UUID) -> PassResult:
    found = survey(context, setup, sides, user)
    acts = found.guarded.plan.acts
    going = _Step(context, setup, sides, user, found)
    going.carry_out(acts[:MOST_ACTS])
    going.left += len(acts[MOST_ACTS:])
    going.tell()
    going.remember()
    return PassResult(
        going.done + going.undone,
        going.undone,
        backlog=going.left,
        failure=going.failure or found.failure,
        notes=f"{going.done} done, {going.undone} to be tried again, "
        f"{len(found.guarded.plan.findings)} left alone, {len(found.guarded.withheld)} held back",
        counts={"acts": going.done},
    )


def _is_about_the_server(failure: TransportError) -> bool:
    """Tell whether the next act would fare no better."""
    return isinstance(failure, Throttled) or failure.retry or not isinstance(failure, Refused)


def _loud(findings: Sequence[Finding]) -> Iterator[Finding]:
    return (finding for finding in findings if finding.reason not in QUIET)


def _about_finding(finding: Finding) -> alerts.Alert:
    words = f" ({finding.words})" if finding.words else ""
    make = alerts.file_left_out if finding.reason is Reason.FILE_LEFT_OUT else alerts.item_left_alone
    return make(finding.reason.sentence, f"“{finding.subject}”{words}", finding.item_id)
