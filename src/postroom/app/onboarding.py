"""Onboarding: many mailboxes brought into service, a few at a time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from uuid import UUID

from postroom.app.service import crew_of
from postroom.app.wiring import Postroom
from postroom.configuration.permission import approval_required
from postroom.configuration.server_name import server_name
from postroom.engine.fleet import run_due
from postroom.engine.onboarding import Candidate, Hold, held, next_batch, remaining_for, rest_for
from postroom.errors import PostroomError
from postroom.passes.context import Context
from postroom.passes.test_mailbox import Report, test_mailbox
from postroom.schema.choices import AccessApproval, RunStatus, Workload
from postroom.store import mailboxes
from postroom.store.mailboxes import Setup
from postroom.store.workloads import COLUMNS_OF


@dataclass(slots=True)
class Progress:
    """How far an onboarding has come."""

    waiting: list[Candidate]
    #: In service before.
    were_on: int = 0
    done: int = 0
    #: Addresses of those that a person has to see to, with what their test said.
    failed: dict[str, str] = field(default_factory=dict)
    #: Servers that can't be reached at present.
    holds: dict[str, Hold] = field(default_factory=dict)
    #: Seconds in which work was done; waiting for servers doesn't count.
    spent_for: float = 0.0

    @property
    def remaining_for(self) -> float | None:
        """Return the seconds that the rest will take, or None while that can't be said."""
        ended = self.done + len(self.failed)
        return remaining_for(ended, len(self.waiting), self.spent_for)


def onboard(
    postroom: Postroom, ids: Sequence[UUID], *, at_once: int, rest: Callable[[float], None]
) -> Iterator[Progress]:
    """Bring these mailboxes into service, and yield how far it has come after each few.

    What is in service already is passed over, so that an onboarding that was broken off goes on when it is
    begun again. A server that can't be reached holds up its own mailboxes only: one of them tries from time
    to time, and the others follow when it is back. `rest` is called with seconds to wait.
    """
    context = postroom.context()
    progress = _begin(context, ids)
    yield progress
    while progress.waiting:
        now = context.clock.now()
        batch = next_batch(progress.waiting, progress.holds, at_once, now)
        if not batch:
            rest(rest_for(progress.waiting, progress.holds, now))
            continue
        _bring_in(postroom, context, batch, progress)
        progress.spent_for += (context.clock.now() - now).total_seconds()
        yield progress


def _begin(context: Context, ids: Sequence[UUID]) -> Progress:
    with context.database.read() as connection:
        setups = [mailboxes.read_setup(connection, id_) for id_ in ids]
    waiting = [_candidate(setup) for setup in setups if not _is_in_service(setup)]
    return Progress(waiting, were_on=len(setups) - len(waiting))


def _candidate(setup: Setup) -> Candidate:
    work = Workload.INCOMING if setup.wants(Workload.INCOMING) else Workload.OUTGOING
    return Candidate(
        setup.mailbox_id,
        setup.mailbox["emailaddress"] or str(setup.mailbox_id),
        server_name(work, setup.mailbox, setup.profile),
    )


def _is_in_service(setup: Setup) -> bool:
    """Say whether everything that is wanted of the mailbox is switched on."""
    return all(setup.mailbox[COLUMNS_OF[work].enabled] for work in Workload if setup.wants(work))


def _bring_in(postroom: Postroom, context: Context, batch: Sequence[Candidate], progress: Progress) -> None:
    with ThreadPoolExecutor(len(batch), thread_name_prefix="onboard") as threads:
        reports = list(threads.map(lambda candidate: _approve_and_test(context, candidate), batch))
    passed = []
    for candidate, report in zip(batch, reports, strict=True):
        if isinstance(report, Report) and report.status is RunStatus.SUCCESS:
            progress.holds.pop(candidate.server, None)
            passed.append(candidate)
        elif isinstance(report, Report) and report.may_pass_later:
            before = progress.holds.get(candidate.server)
            progress.holds[candidate.server] = held(before, context.clock.now())
            # To the end of the line: another one tries next.
            progress.waiting.remove(candidate)
            progress.waiting.append(candidate)
            continue
        else:
            progress.failed[candidate.address] = _said(report)
        progress.waiting.remove(candidate)
    # The first pass is the long one, so the next mailboxes wait for it; what it leaves is the workers'.
    if passed:
        crew = replace(crew_of(postroom, threads=len(passed)), tend=lambda: None)
        run_due(crew, mailbox_ids=[candidate.mailbox_id for candidate in passed])
    progress.done += len(passed)


def _approve_and_test(context: Context, candidate: Candidate) -> Report | PostroomError:
    try:
        with context.database.write() as connection:
            setup = mailboxes.read_setup(connection, candidate.mailbox_id)
            if approval_required(setup.mailbox, setup.organization):
                approved = {"emailrouteraccessapproval": int(AccessApproval.APPROVED)}
                context.records.update(connection, "mailbox", candidate.mailbox_id, approved)
        return test_mailbox(context, candidate.mailbox_id)
    except PostroomError as fault:
        return fault


def _said(report: Report | PostroomError) -> str:
    if isinstance(report, PostroomError):
        return str(report)
    return "; ".join(f"{each.name}: {each.said}" for each in report.findings if not each.ok)
