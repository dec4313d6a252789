"""Health: why an item can't be synchronized as it is, and what would cure it."""

from collections.abc import Iterator
from datetime import timedelta

from postroom.reconcile.act import Finding
from postroom.reconcile.files import left_out
from postroom.reconcile.item import Item, Part, Side, Span
from postroom.reconcile.reason import Reason
from postroom.reconcile.situation import Situation


def finding(reason: Reason, side: Side, item: Item, *others: str, words: str = "") -> Finding:
    """Return a finding about this item."""
    return Finding(reason, side, item.id, item.shown_name, others, words)


def ailment(item: Item, side: Side, situation: Situation) -> Finding | None:
    """Return why the item is left alone, or None when nothing is wrong with it."""
    policy = situation.policy
    if item.hindrance:
        return finding(Reason.HINDERED, side, item, words=item.hindrance)
    if len(item.attendees) > policy.most_attendees:
        return finding(Reason.TOO_MANY_ATTENDEES, side, item, words=f"{len(item.attendees)} attendees")
    if item.kind.is_calendar and not item.kind.is_outward and _lacks_organizer(item, side):
        return finding(Reason.NO_ORGANIZER, side, item)
    if ill_timed := _ill_timed(item, policy.longest_days):
        return finding(ill_timed, side, item)
    if item.is_draft and policy.save_as_draft:
        return finding(Reason.DRAFT, side, item)
    return None


def ailment_of_newcomer(item: Item, side: Side, situation: Situation) -> Finding | None:
    """Return why nothing is made of an item that only this side has, or None when something is."""
    if item.kind.is_calendar and item.attendees and item.part is not Part.OWNER:
        if side is Side.SERVER and not situation.policy.track_from_non_organizer:
            return finding(Reason.FOREIGN_ORGANIZER, side, item)
        if side is Side.CRM and item.part is Part.GUEST_OF_COLLEAGUE:
            return finding(Reason.ORGANIZER_INVITES, side, item)
    if side is Side.SERVER and situation.hides(item) and not item.kind.is_calendar:
        return finding(Reason.PRIVATE, side, item)
    return ailment(item, side, situation)


def notes(item: Item, side: Side) -> Iterator[Finding]:
    """Yield what a person should know of an item that is synchronized all the same."""
    for name in item.unaddressed:
        yield finding(Reason.UNADDRESSED, side, item, words=name)
    yield from files_left_out(item, side)


def files_left_out(item: Item, side: Side) -> Iterator[Finding]:
    """Yield a finding on the attached files that are not synchronized, if there are any."""
    if words := left_out(item.fields.get("attachments")):
        yield finding(Reason.FILE_LEFT_OUT, side, item, words="; ".join(words))


def _lacks_organizer(item: Item, side: Side) -> bool:
    if item.fields.get("organizer") is not None:
        return False
    # In a mailbox an appointment without guests is its owner's; nobody needs to say so.
    return side is Side.CRM or bool(item.attendees)


def _ill_timed(item: Item, longest_days: int) -> Reason | None:
    span = item.fields.get("time")
    if not isinstance(span, Span):
        return None
    if span.end_at < span.start_at:
        return Reason.ENDS_EARLY
    # source: DATAVERSE-TABLES organization, maxappointmentdurationdays
    return Reason.TOO_LONG if span.end_at - span.start_at > timedelta(days=longest_days) else None


#: Reasons that are normal and make no alert.
QUIET = frozenset({Reason.ORGANIZER_INVITES, Reason.DRAFT, Reason.IGNORED_COPY, Reason.PRIVATE})
