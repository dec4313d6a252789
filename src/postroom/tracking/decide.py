"""The rules in order, and the verdict that they lead to.

Each rule looks at the case and either ends it with a verdict or says in words why it went on.
The words are kept as the trail, so that anybody may ask afterwards.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from postroom.mime.message import Address, Message
from postroom.schema.choices import CorrelationMethod, FilteringMethod, Reason, SetBy, Wish
from postroom.tracking.correlation import Correlation, correlate
from postroom.tracking.facts import NOTICES, Arrived, Correlated, Facts, Known, Policy, Receiver, recipients
from postroom.tracking.resolution import choose_sender
from postroom.tracking.verdict import Step, Verdict

# Good enough to tell an address from something else; whether it can be delivered to is not asked.
_ADDRESS = re.compile(r"(?:[^\s@<>\"]+|\"[^\"\r\n]+\")@[^\s@<>\"]+\Z")

# The tables that "leads, contacts and accounts" means.
CUSTOMER_TABLES = frozenset({"lead", "contact", "account"})

_NOTHING_FOUND = Correlation("correlation was not asked for")


@dataclass(slots=True)
class Case:
    """One message before its judges, with what earlier rules found."""

    arrived: Arrived
    facts: Facts
    policy: Policy
    candidates: list[Known] = field(default_factory=list)
    correlation: Correlation = _NOTHING_FOUND
    #: The sent e-mail that the message reports on.
    reported: Correlated | None = None
    trail: list[Step] = field(default_factory=list)

    @property
    def message(self) -> Message:
        """Return the message itself."""
        return self.arrived.message

    @property
    def receiver(self) -> Receiver:
        """Return the mailbox in which it lay."""
        return self.arrived.receiver

    @property
    def senders(self) -> tuple[Known, ...]:
        """Return the records that the author's address belongs to."""
        author = self.message.author
        return tuple(self.facts.known.get(author.key, ())) if author else ()


#: A rule ends the case with a verdict, or returns the sentence that says why it went on.
Rule = Callable[[Case], "Verdict | str"]


def not_a_duplicate(case: Case) -> Verdict | str:
    """Never make a second e-mail of a message that one e-mail already holds."""
    if case.facts.duplicate:
        return Verdict(track=False, reason=Reason.DUPLICATE, duplicate=case.facts.duplicate)
    return "no e-mail holds this message yet"


def as_a_person_wishes(case: Case) -> Verdict | str:
    """Do what a person once said about this very message; no rule overrules that."""
    settled = case.facts.settled
    if settled is None:
        return "no person has said anything about it"
    if settled.wish is Wish.UNTRACK:
        return Verdict(track=False, reason=Reason.UNTRACKED_BY_PERSON)
    case.correlation = correlate(case.arrived, case.facts, case.policy)
    acceptor = _owner_of_mailbox(case)
    return Verdict(
        track=True,
        reason=Reason.TRACKED_BY_PERSON,
        acceptor=acceptor,
        accepting=(acceptor,) if acceptor else (),
        regarding=settled.regarding,
        regarding_table=settled.regarding_table,
        regarding_by=SetBy.PERSON if settled.regarding else None,
        tracked_by=SetBy.PERSON,
    )


def as_marked_in_the_mailbox(case: Case) -> Verdict | str:
    """Track what the user put into a tracked folder or gave the category, whatever the filter says."""
    marked = case.arrived.marked
    if marked is None:
        return "it lies in no tracked folder and bears no tracking category"
    case.correlation = correlate(case.arrived, case.facts, case.policy)
    acceptor = _owner_of_mailbox(case)
    by_folder = marked.by is SetBy.FOLDER
    return Verdict(
        track=True,
        reason=Reason.TRACKED_BY_FOLDER if by_folder else Reason.TRACKED_BY_CATEGORY,
        acceptor=acceptor,
        accepting=(acceptor,) if acceptor else (),
        regarding=marked.regarding,
        regarding_table=marked.regarding_table,
        regarding_by=marked.by if marked.regarding else None,
        tracked_by=marked.by,
    )


def not_before_start(case: Case) -> Verdict | str:
    """Leave alone what arrived before the mailbox is to be processed.

    What comes into the folder later, from a rule, from the junk or by hand, is judged however old it is.
    """
    if case.arrived.is_arrival:
        return "it came into the folder since the last look, so its age does not count"
    after, received_at = case.receiver.process_after, case.arrived.received_at
    if after is None or received_at is None:
        return "no start date, or the time of arrival is not known"
    if received_at < after:
        return Verdict(track=False, reason=Reason.TOO_OLD)
    return "it arrived after the start date"


def not_a_test_message(case: Case) -> Verdict | str:
    """Leave out the message by which this very installation tested the mailbox."""
    prefix = case.policy.test_message_prefix
    if prefix and case.message.message_id.startswith(prefix):
        return Verdict(track=False, reason=Reason.TEST_MESSAGE)
    return "it is no test message of this installation"


def not_a_mere_notice(case: Case) -> Verdict | str:
    """Note receipts and delivery notices on the sent e-mail that they speak of, and keep no e-mail."""
    # source: RFC3464 2.3.3
    kind = case.arrived.nature.kind
    if case.reported is None:
        return "it reports on no sent e-mail of the store"
    if kind not in NOTICES or case.policy.track_reports:
        return f"it reports on a sent e-mail ({kind.label.lower()}); that is noted, and the message judged"
    case.correlation = Correlation("it names the e-mail", case.reported, CorrelationMethod.IN_REPLY_TO)
    return Verdict(track=False, reason=Reason.REPORT_NOTED)


def has_a_valid_sender(case: Case) -> Verdict | str:
    """Refuse mail that nobody signed, but for a report on what was sent from here."""
    if case.reported:
        return "reports on sent e-mails need no sender"
    author = case.message.author
    if author is None or not _ADDRESS.match(author.address):
        return Verdict(track=False, reason=Reason.INVALID_SENDER)
    return "the sender's address is well formed"


def has_a_candidate(case: Case) -> Verdict | str:
    """Find the users and queues among the recipients; any of them may accept the message."""
    case.candidates = _candidates(case)
    if not case.candidates:
        return Verdict(track=False, reason=Reason.NO_RECIPIENT_MATCH)
    return f"{len(case.candidates)} user(s) or queue(s) may accept it"


def _candidates(case: Case) -> list[Known]:
    receiver = case.receiver
    found: dict[tuple[str, object], Known] = {}
    for address in recipients(case.message):
        for known in case.facts.known.get(address.key, ()):
            if not known.is_internal or not known.active:
                continue
            if case.policy.own_filter_only and known.id != receiver.owner:
                continue
            found.setdefault((known.table, known.id), known)
    own = _owner_of_mailbox(case)
    # A distribution list or a blind copy names nobody; then only an owner who wants all mail has it.
    if own and (own.table, own.id) not in found and own.filtering is FilteringMethod.ALL:
        found[own.table, own.id] = own
    return [_with_forced_filter(known, case.policy) for known in found.values()]


def _owner_of_mailbox(case: Case) -> Known | None:
    """Return whose mailbox it is, with the filter that holds; a forward mailbox is nobody's."""
    receiver = case.receiver
    if receiver.owner is None:
        return None
    own = Known(
        receiver.owner_table,
        receiver.owner,
        owner=receiver.keeper,
        owner_table=receiver.keeper_table,
        filtering=receiver.filtering,
        auto_create=receiver.auto_create,
    )
    return _with_forced_filter(own, case.policy)


def _with_forced_filter(known: Known, policy: Policy) -> Known:
    if policy.forced_user_filtering is None or known.table != "systemuser":
        return known
    return replace(known, filtering=policy.forced_user_filtering)


def has_a_sender_of_ours(case: Case) -> Verdict | str:
    """Let the user or queue who sent it decide about a sent message; else the mailbox's owner."""
    ours = [known for known in case.senders if known.is_internal and known.active]
    own = _owner_of_mailbox(case)
    sender = next((known for known in ours if own and known.id == own.id), ours[0] if ours else own)
    if sender is None:
        return Verdict(track=False, reason=Reason.NO_RECIPIENT_MATCH)
    case.candidates = [_with_forced_filter(sender, case.policy)]
    return "its sender's filter decides"


def correlates(case: Case) -> Verdict | str:
    """Look for the e-mail that this message belongs to; finding one ends nothing by itself."""
    case.correlation = correlate(case.arrived, case.facts, case.policy)
    return case.correlation.finding


def internal_mail_is_wanted(case: Case) -> Verdict | str:
    """Apply the organization's wish about mail between its own users and queues."""
    internal = [known for known in case.senders if known.is_internal and known.active]
    if not internal:
        return "the sender is no user or queue"
    policy = case.policy
    from_queue = all(known.table == "queue" for known in internal)
    if from_queue and policy.ignore_internal_from_queues and _has_sent_copy(case):
        return Verdict(track=False, reason=Reason.INTERNAL_EMAIL_REJECT)
    if not policy.ignore_internal:
        return "mail between users is tracked as two activities"
    if policy.keep_internal_to_queues:
        queues = [k for k in case.candidates if k.table == "queue"]
        if queues:
            case.candidates = queues
            return "internal mail to a queue goes through the queue's filter"
    if policy.ignore_internal_needs_sent_copy and not _has_sent_copy(case):
        return "internal mail, but no sent copy of it is in the store"
    return Verdict(track=False, reason=Reason.INTERNAL_EMAIL_REJECT)


def _has_sent_copy(case: Case) -> bool:
    return any(c.outgoing for c in case.facts.by_message_id.get(case.message.message_id, ()))


def a_filter_accepts(case: Case) -> Verdict | str:
    """Ask each candidate's filtering method; the first that accepts has it."""
    accepted: Verdict | None = None
    accepting: list[Known] = []
    for candidate in case.candidates:
        if verdict := _accepted_by(candidate, case):
            accepted = accepted or verdict
            accepting.append(candidate)
        elif accepted is None:
            finding = f"{candidate.table} {candidate.id}: filter {_label(candidate)} does not accept it"
            case.trail.append(Step("a_filter_accepts", finding))
    if accepted:
        accepted.accepting = tuple(accepting)
        return accepted
    refused_all = all(c.filtering is FilteringMethod.NONE for c in case.candidates)
    return Verdict(track=False, reason=Reason.FILTER_NONE if refused_all else Reason.NO_CORRELATION_MATCH)


def _label(candidate: Known) -> str:
    return candidate.filtering.name if candidate.filtering is not None else "NONE"


def _accepted_by(candidate: Known, case: Case) -> Verdict | None:
    filtering = candidate.filtering
    if filtering is None or filtering is FilteringMethod.NONE:
        return None
    if filtering is FilteringMethod.ALL:
        return Verdict(track=True, reason=Reason.ACCEPT_ALL, acceptor=candidate, filtering=filtering)
    if case.correlation.email:
        return Verdict(track=True, reason=Reason.CORRELATION_MATCH, acceptor=candidate, filtering=filtering)
    match = next(_matches(filtering, case), None)
    if match is None:
        return None
    address, known = match
    return Verdict(
        track=True,
        reason=Reason.RECIPIENT_MATCH if case.arrived.is_sent_copy else Reason.SENDER_MATCH,
        acceptor=candidate,
        filtering=filtering,
        matched=known,
        matched_address=address.key,
    )


def _matches(filtering: FilteringMethod, case: Case) -> Iterator[tuple[Address, Known]]:
    """Yield the records that the filter knows: of the sender, or of whom a sent message went to."""
    if filtering is FilteringMethod.RESPONSES:
        return
    author = case.message.author
    others = recipients(case.message) if case.arrived.is_sent_copy else ((author,) if author else ())
    for address in others:
        matches = case.facts.known.get(address.key, ())
        # The one that the address stands for is named before others that would do as well.
        meant = choose_sender(matches, case.receiver, case.policy).known
        for known in (meant, *matches) if meant else matches:
            if filtering is FilteringMethod.EMAIL_ENABLED or known.table in CUSTOMER_TABLES:
                yield address, known


#: The rules in the order in which they are asked about what a mailbox received.
RULES: tuple[Rule, ...] = (
    not_a_duplicate,
    as_a_person_wishes,
    as_marked_in_the_mailbox,
    not_before_start,
    not_a_test_message,
    not_a_mere_notice,
    has_a_valid_sender,
    has_a_candidate,
    correlates,
    internal_mail_is_wanted,
    a_filter_accepts,
)

#: The rules about what was found among the items that a mailbox has sent.
SENT_RULES: tuple[Rule, ...] = (
    not_a_duplicate,
    as_a_person_wishes,
    as_marked_in_the_mailbox,
    not_before_start,
    not_a_test_message,
    has_a_valid_sender,
    has_a_sender_of_ours,
    correlates,
    a_filter_accepts,
)


def decide(arrived: Arrived, facts: Facts, policy: Policy) -> Verdict:
    """Return what is to become of the message, with its reason and the trail of rules tried."""
    case = Case(arrived, facts, policy, reported=_reported(arrived, facts))
    for rule in SENT_RULES if arrived.is_sent_copy else RULES:
        result = rule(case)
        if isinstance(result, Verdict):
            case.trail.append(Step(rule.__name__, result.reason.sentence))
            return _with_evidence(result, case)
        case.trail.append(Step(rule.__name__, result))
    raise AssertionError("the last rule always ends the case")


def _reported(arrived: Arrived, facts: Facts) -> Correlated | None:
    """Return the sent e-mail that the message reports on; a forged report names none that was sent."""
    report = arrived.nature.report
    if report is None or not report.original_id or arrived.is_sent_copy:
        return None
    matches = facts.by_message_id.get(report.original_id, ())
    return next((m for m in reversed(matches) if m.outgoing), None)


def _with_evidence(verdict: Verdict, case: Case) -> Verdict:
    found = case.correlation
    parent = found.email
    if verdict.track and verdict.regarding is None and parent is not None and parent.regarding:
        verdict.regarding, verdict.regarding_table = parent.regarding, parent.regarding_table
        verdict.regarding_by = SetBy.RULE
    verdict.correlated, verdict.method, verdict.score = parent, found.method, found.score
    verdict.reported = case.reported
    verdict.trail = tuple(case.trail)
    return verdict
