"""What the next pass over a mailbox's items would do: shown, and approved."""

from dataclasses import dataclass
from uuid import UUID

from postroom.configuration.permission import Obstacle
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.credentials import Hindered
from postroom.passes.sides import SidesOpener
from postroom.passes.survey import APPROVED, survey
from postroom.reconcile.act import Act, Finding
from postroom.reconcile.item import Side
from postroom.reconcile.notice import Notice
from postroom.reconcile.wording import noun
from postroom.schema.choices import Workload
from postroom.store import marks


@dataclass(frozen=True, slots=True)
class PlannedAct:
    """One thing that would be done."""

    doing: str
    kind: str
    #: What is written: the kind, or of a phone call and the like its task on the server.
    what: str
    subject: str
    #: `CRM`, `server`, or empty where nothing is written.
    side: str
    why: str
    #: Fields that would be written there.
    fields: tuple[str, ...]
    #: What attendees would get, whom, and the rule that says so.
    notice: str
    to: tuple[str, ...]
    notice_rule: str
    #: Fields whose value would give way to the other side's.
    overwritten: tuple[str, ...]
    is_held_back: bool


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """An item that is not synchronized, and why."""

    side: str
    subject: str
    why: str
    words: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan as people see it."""

    acts: tuple[PlannedAct, ...]
    left_alone: tuple[LeftAlone, ...]
    #: Why some acts are held back.
    causes: tuple[str, ...]


def show_plan(context: Context, mailbox: UUID, *, opener: SidesOpener) -> Shown:
    """Return what the next pass would do; nothing is written on either side or in the store.

    Raises `TransportError` when the server can't be read; it is `Hindered` when the mailbox may not be
    processed.
    """
    setup = access.read_setup(context, mailbox)
    obstacle: Obstacle | None = access.obstacle_for(setup, Workload.ITEMS)
    if obstacle:
        raise Hindered(obstacle)
    sides = opener(context, setup)
    try:
        found = survey(context, setup, sides, setup.mailbox["regardingobjectid"])
    finally:
        sides.close()
    if found.failure:
        raise found.failure
    guarded = found.guarded
    acts = [_shown(act, is_held_back=False) for act in guarded.plan.acts]
    acts += [_shown(act, is_held_back=True) for act in guarded.withheld]
    return Shown(tuple(acts), tuple(map(_left_alone, guarded.plan.findings)), guarded.causes)


def approve(context: Context, mailbox: UUID) -> None:
    """Have the next pass do what is held back."""
    access.read_setup(context, mailbox)
    with context.database.write() as connection:
        marks.keep(connection, mailbox, {APPROVED: "approved"}, context.clock.now())


def _shown(act: Act, *, is_held_back: bool) -> PlannedAct:
    item = act.item_on(Side.CRM) or act.item_on(Side.SERVER) or act.draft
    sends = act.sends
    return PlannedAct(
        act.doing.name.lower(),
        act.pair.kind.value,
        noun(act),
        item.shown_name if item else "",
        act.side.value if act.side else "",
        act.reason.sentence,
        tuple(sorted(act.fields)),
        "" if sends.notice is Notice.NONE else sends.notice.value,
        tuple(sorted(attendee.address or attendee.key for attendee in sends.to)),
        sends.rule.value,
        tuple(sorted(one.field for one in act.overwritten)),
        is_held_back,
    )


def _left_alone(finding: Finding) -> LeftAlone:
    return LeftAlone(finding.side.value, finding.subject, finding.reason.sentence, finding.words)
