"""The rules in order, and the verdict that they lead to.

Each rule looks at the case and either ends it with a verdict or says in words why it went on.
The words are kept as the trail, so that anybody may ask afterwards.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from postroom.mime.message import Message
from postroom.schema.choices import CorrelationMethod, FilteringMethod, Reason
from postroom.tracking.facts import Correlated, Facts, Known, Policy, Receiver, answered_ids, recipients
from postroom.tracking.verdict import Step, Verdict

# Good enough to tell an address from something else; whether it can be delivered to is not asked.
_ADDRESS = re.compile(r"(?:[^\s@<>\"]+|\"[^\"\r\n]+\")@[^\s@<>\"]+\Z")

# The tables that "leads, contacts and accounts" means.
CUSTOMER_TABLES = frozenset({"lead", "contact", "account"})


@dataclass(slots=True)
class Case:
    """One message before its judges, with what earlier rules found."""

    message: Message
    received_at: datetime | None
    receiver: Receiver
    facts: Facts
    policy: Policy
    candidates: list[Known] = field(default_factory=list)
    correlated: Correlated | None = None
    trail: list[Step] = field(default_factory=list)

    @property
    def senders(self) -> tuple[Known, ...]:
        """Return the records that the author's address belongs to."""
        author = self.message.author
        return tuple(self.facts.known.get(author.key, ())) if author else ()


#: A rule ends the case with a verdict, or returns the sentence that says why it went on.
Rule = Callable[[Case], "Verdict | str"]


def not_before_start(case: Case) -> Verdict | str:
    """Leave alone what arrived before the mailbox is to be processed."""
    after = case.receiver.process_after
    if after is None or case.received_at is None:
        return "no start date, or the time of arrival is not known"
    if case.received_at < after:
        return Verdict(track=False, reason=Reason.TOO_OLD)
    return "it arrived after the start date"


def not_a_duplicate(case: Case) -> Verdict | str:
    """Never make a second e-mail of a message that one e-mail already holds."""
    if case.facts.duplicate:
        return Verdict(track=False, reason=Reason.DUPLICATE, duplicate=case.facts.duplicate)
    return "no e-mail holds this message yet"


def not_a_test_message(case: Case) -> Verdict | str:
    """Leave out the message by which this very installation tested the mailbox."""
    prefix = case.policy.test_message_prefix
    if prefix and case.message.message_id.startswith(prefix):
        return Verdict(track=False, reason=Reason.TEST_MESSAGE)
    return "it is no test message of this installation"


def has_a_valid_sender(case: Case) -> Verdict | str:
    """Refuse mail that nobody signed."""
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
    own = (receiver.owner_table, receiver.owner)
    # A distribution list or a blind copy names nobody; then only an owner who wants all mail has it.
    if receiver.owner and own not in found and receiver.filtering is FilteringMethod.ALL:
        found[own] = Known(receiver.owner_table, receiver.owner, filtering=FilteringMethod.ALL)
    return [_with_forced_filter(known, case.policy) for known in found.values()]


def _with_forced_filter(known: Known, policy: Policy) -> Known:
    if policy.forced_user_filtering is None or known.table != "systemuser":
        return known
    return replace(known, filtering=policy.forced_user_filtering)


def correlates(case: Case) -> Verdict | str:
    """Look for the e-mail that this message answers; finding one ends nothing by itself."""
    if not case.policy.correlation:
        return "correlation is switched off for the organization"
    for message_id in answered_ids(case.message):
        if matches := case.facts.by_message_id.get(message_id):
            case.correlated = matches[-1]
            return "it answers an e-mail of the store (In-Reply-To or References)"
    return "it answers no e-mail of the store"


def internal_mail_is_wanted(case: Case) -> Verdict | str:
    """Apply the organization's wish about mail between its own users and queues."""
    if not case.policy.ignore_internal:
        return "mail between users is tracked as two activities"
    if not any(k.is_internal and k.active for k in case.senders):
        return "the sender is no user or queue"
    if case.policy.keep_internal_to_queues:
        queues = [k for k in case.candidates if k.table == "queue"]
        if queues:
            case.candidates = queues
            return "internal mail to a queue goes through the queue's filter"
    if case.policy.ignore_internal_needs_sent_copy and not _sent_copy(case):
        return "internal mail, but no sent copy of it is in the store"
    return Verdict(track=False, reason=Reason.INTERNAL_EMAIL_REJECT)


def _sent_copy(case: Case) -> bool:
    return any(c.outgoing for c in case.facts.by_message_id.get(case.message.message_id, ()))


def a_filter_accepts(case: Case) -> Verdict | str:
    """Ask each candidate's filtering method; the first that accepts has it."""
    for candidate in case.candidates:
        if verdict := _accepted_by(candidate, case):
            return verdict
        case.trail.append(
            Step(
                "a_filter_accepts",
                f"{candidate.table} {candidate.id}: filter {_label(candidate)} does not accept it",
            )
        )
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
    if case.correlated:
        return Verdict(track=True, reason=Reason.CORRELATION_MATCH, acceptor=candidate, filtering=filtering)
    match = _matching_sender(filtering, case)
    if match is None:
        return None
    author = case.message.author
    return Verdict(
        track=True,
        reason=Reason.SENDER_MATCH,
        acceptor=candidate,
        filtering=filtering,
        matched=match,
        matched_address=author.key if author else "",
    )


def _matching_sender(filtering: FilteringMethod, case: Case) -> Known | None:
    if filtering is FilteringMethod.KNOWN_SENDERS:
        return next((k for k in case.senders if k.table in CUSTOMER_TABLES), None)
    if filtering is FilteringMethod.EMAIL_ENABLED:
        return next(iter(case.senders), None)
    return None


#: The rules in the order in which they are asked.
RULES: tuple[Rule, ...] = (
    not_a_duplicate,
    not_before_start,
    not_a_test_message,
    has_a_valid_sender,
    has_a_candidate,
    correlates,
    internal_mail_is_wanted,
    a_filter_accepts,
)


def decide(
    message: Message, received_at: datetime | None, receiver: Receiver, facts: Facts, policy: Policy
) -> Verdict:
    """Return what is to become of the message, with its reason and the trail of rules tried.

    `received_at` is when the receiving server got it, or None where that is not known.
    """
    case = Case(message, received_at, receiver, facts, policy)
    for rule in RULES:
        result = rule(case)
        if isinstance(result, Verdict):
            case.trail.append(Step(rule.__name__, result.reason.sentence))
            return _with_evidence(result, case)
        case.trail.append(Step(rule.__name__, result))
    raise AssertionError("the last rule always ends the case")


def _with_evidence(verdict: Verdict, case: Case) -> Verdict:
    method = CorrelationMethod.IN_REPLY_TO if case.correlated else CorrelationMethod.NONE
    return replace(verdict, correlated=case.correlated, method=method, trail=tuple(case.trail))
