"""One lane from begin to end: idle mailboxes asked for news one after another."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy.engine import Connection

from postroom.configuration.permission import obstacle_to
from postroom.configuration.server_name import server_name
from postroom.engine import health
from postroom.engine.runner import Runner
from postroom.engine.schedule import Ended, next_due
from postroom.engine.work import OBSTACLE_GAP, Office
from postroom.errors import PostroomError
from postroom.schema.choices import Workload
from postroom.store import lanes, workloads
from postroom.store.hindrances import in_words
from postroom.store.workloads import Account, Standing, Surroundings, Ticket

log = logging.getLogger(__name__)

#: Says of mailboxes whether there may be something for a pass to do; all of them have the same profile.
Poll = Callable[[Sequence[UUID]], Iterator[tuple[UUID, bool]]]


def carry_out_lane(runner: Runner, office: Office, poll: Poll, tickets: Sequence[Ticket]) -> int:
    """Take one lane from begin to end; return how many mailboxes went on to a pass of their own."""
    entered = [ticket for ticket in tickets if office.enter(ticket) is None]
    try:
        begun = runner.transaction(lambda connection: _begin(office, connection, entered))
        if not begun:
            return 0
        # A lane that ended its worker is not tried again: each mailbox has a pass of its own.
        alone = {ticket.key for ticket, standing in begun.items() if standing.broken}
        asked = [ticket for ticket in begun if ticket.key not in alone]
        busy = alone | set(runner.step("poll", lambda: _with_news(poll, asked)))
        return runner.transaction(lambda connection: _settle(runner, office, connection, list(begun), busy))
    finally:
        for ticket in entered:
            office.leave(ticket)


def _begin(office: Office, connection: Connection, tickets: Sequence[Ticket]) -> Mapping[Ticket, Standing]:
    """Take the leases; what is another's or may not be done is left out."""
    if not tickets:
        return {}
    now = office.clock.now()
    found = lanes.begin(connection, tickets, host=office.host, now=now, lease=office.lease)
    around = lanes.surroundings_of(connection, [ticket.mailbox_id for ticket in found])
    begun = {}
    for ticket, standing in found.items():
        known = around.get(ticket.mailbox_id)
        if known is None:
            continue
        obstacle = obstacle_to(ticket.workload, known.mailbox, known.profile, known.organization)
        if obstacle is None:
            begun[ticket] = standing
        else:
            workloads.release(connection, ticket, due_at=now + OBSTACLE_GAP, reason=in_words(obstacle))
    return begun


def _with_news(poll: Poll, tickets: Sequence[Ticket]) -> list[str]:
    """Return the keys of the passes that are needed; where the answer is not known, one is."""
    waiting = {ticket.mailbox_id: ticket.key for ticket in tickets}
    needed = []
    try:
        for mailbox, has_news in poll(list(waiting)):
            key = waiting.pop(mailbox)
            if has_news:
                needed.append(key)
    except PostroomError:
        log.exception("a lane could not be looked through", extra={"mailboxes": len(waiting)})
        needed += waiting.values()
    return needed


def _settle(
    runner: Runner, office: Office, connection: Connection, tickets: Sequence[Ticket], busy: Collection[str]
) -> int:
    """Write down what a lane found, and hand over the passes that are needed."""
    held = lanes.held(connection, tickets, host=office.host)
    around = lanes.surroundings_of(connection, [ticket.mailbox_id for ticket in held])
    floors = {mailbox: known.floor_for for mailbox, known in around.items()}
    alone = [ticket for ticket in held if ticket.key in busy]
    idle = {ticket: standing for ticket, standing in held.items() if ticket.key not in busy}
    lanes.rearm(connection, [(standing, _account(office, standing, floors)) for standing in idle.values()])
    _tell_of_answers(
        office, connection, [known for ticket in idle if (known := around.get(ticket.mailbox_id))]
    )
    if alone:
        lanes.hand_on(connection, alone, office.clock.now() + office.lease)
        runner.enqueue(connection, alone)
    return len(alone)


def _tell_of_answers(office: Office, connection: Connection, around: Sequence[Surroundings]) -> None:
    """Tell the circuits of the servers that have answered."""
    servers = {server_name(Workload.INCOMING, known.mailbox, known.profile): known for known in around}
    for server, known in servers.items():
        outage = health.answered(connection, known, server, office.clock.now())
        if outage is not None:
            office.report(connection, outage)


def _account(office: Office, standing: Standing, floors: Mapping[UUID, float]) -> Account:
    now = office.clock.now()
    ended = Ended(now, empty=standing.empty + 1, asked_again=standing.hinted)
    due = next_due(
        ended,
        office.paces[Workload.INCOMING],
        floor_for=floors.get(standing.mailbox_id, 0.0),
        spread=standing.mailbox_id.int % 1009 / 1008,
    )
    return Account(
        ended_at=now,
        due_at=due.at,
        reason=due.reason,
        items=0,
        failed=0,
        backlog=0,
        failures=0,
        empty=ended.empty,
        error="",
        error_code=0,
        notes="",
        host=office.host,
    )
