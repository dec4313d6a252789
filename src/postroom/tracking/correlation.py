"""Correlation: which e-mail of the store a message belongs to, by what, and how surely.

The methods are tried in order, the surest first; the first that finds an e-mail ends the search.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from postroom.schema.choices import CorrelationMethod
from postroom.tracking.facts import Arrived, Correlated, Facts, Policy
from postroom.tracking.subject import score_of, words_of


@dataclass(frozen=True, slots=True)
class Correlation:
    """What correlation found, or why it found nothing."""

    finding: str
    email: Correlated | None = None
    method: CorrelationMethod = CorrelationMethod.NONE
    #: Of 100; only smart matching is ever unsure.
    score: int | None = None


_SKIPPED = CorrelationMethod.SKIPPED


def correlate(arrived: Arrived, facts: Facts, policy: Policy) -> Correlation:
    """Return the e-mail that the message belongs to, by the first method that finds one."""
    if not policy.correlation:
        return Correlation("correlation is switched off for the organization", method=_SKIPPED)
    if arrived.needs(policy).is_side_talk:
        return Correlation("it is a forward, and forwards do not correlate like answers", method=_SKIPPED)
    for method in METHODS:
        if method.is_on(policy) and (found := method.find(arrived, facts, policy)):
            return found
    return Correlation("it belongs to no e-mail of the store")


def _by_reply(arrived: Arrived, facts: Facts, policy: Policy) -> Correlation | None:
    """Look for the e-mails whose Message-IDs the message names, the nearest first."""
    # source: RFC5322 3.6.4
    for message_id in arrived.needs(policy).answered:
        if matches := facts.by_message_id.get(message_id):
            return Correlation(
                "it answers an e-mail of the store (In-Reply-To or References)",
                matches[-1],
                CorrelationMethod.IN_REPLY_TO,
            )
    return None


def _by_token(arrived: Arrived, facts: Facts, policy: Policy) -> Correlation | None:
    """Look for the likeliest e-mail with a token of the subject."""
    # source: DYNAMICS-CORRELATION
    for found in arrived.needs(policy).tokens:
        if matches := facts.by_token.get(found):
            return Correlation(
                "the tracking token in its subject is that of an e-mail of the store",
                _likeliest(arrived, matches, policy),
                CorrelationMethod.TRACKING_TOKEN,
            )
    return None


def _likeliest(arrived: Arrived, matches: Sequence[Correlated], policy: Policy) -> Correlated:
    """Return which of the e-mails with one token a message answers; they are given newest last.

    Counters wrap. All e-mails with the token are one user's, to whom the answers come as well, so that
    not he tells them apart but who else takes part: the author first, then as many as possible.
    """
    author = arrived.message.author
    if author and (of_author := [m for m in matches if author.key in m.people]):
        return of_author[-1]
    people = arrived.needs(policy).addresses
    return max(reversed(matches), key=lambda m: len(m.people & people))


def _by_index(arrived: Arrived, facts: Facts, policy: Policy) -> Correlation | None:
    """Look for the nearest e-mail of the same conversation index: its parent, else the newest."""
    # source: MS-OXOMSG 2.2.1.3
    matches = facts.by_index.get(arrived.needs(policy).index, ())
    if not matches:
        return None
    index = arrived.message.conversation_index
    above = [m for m in matches if len(m.index) < len(index) and index.startswith(m.index)]
    email = max(above, key=lambda m: len(m.index)) if above else matches[-1]
    return Correlation(
        "its conversation index continues that of an e-mail of the store",
        email,
        CorrelationMethod.CONVERSATION_INDEX,
    )


def _by_smart_matching(arrived: Arrived, facts: Facts, policy: Policy) -> Correlation | None:
    """Look for an e-mail with the same words in its subject and enough of the same people."""
    rules = policy.smart
    needs = arrived.needs(policy)
    words, people = words_of(arrived.message.subject, rules), _first(needs.addresses, rules.most)
    best, email = 0, None
    for candidate in _newest_first(facts, needs.subject_hashes):
        other_words = words_of(candidate.subject, rules)
        score = score_of(words, other_words, people, _first(candidate.people, rules.most), rules)
        if score > best:
            best, email = score, candidate
    if email is None or best < rules.threshold:
        return None
    return Correlation(
        f"smart matching: score {best} of 100, at least {rules.threshold} are asked for",
        email,
        CorrelationMethod.SMART_MATCHING,
        best,
    )


def _first(people: frozenset[str], most: int) -> frozenset[str]:
    return people if len(people) <= most else frozenset(sorted(people)[:most])


def _newest_first(facts: Facts, hashes: Sequence[int]) -> Iterable[Correlated]:
    found = chain.from_iterable(facts.by_subject.get(value, ()) for value in hashes)
    return sorted({m.activity: m for m in found}.values(), key=lambda m: m.activity, reverse=True)


@dataclass(frozen=True, slots=True)
class Method:
    """One way to find the e-mail that a message belongs to."""

    code: CorrelationMethod
    is_on: Callable[[Policy], bool]
    find: Callable[[Arrived, Facts, Policy], Correlation | None]


#: The methods in the order in which they are tried.
METHODS: tuple[Method, ...] = (
    Method(CorrelationMethod.IN_REPLY_TO, lambda policy: policy.correlate_by_reply, _by_reply),
    Method(CorrelationMethod.TRACKING_TOKEN, lambda policy: policy.correlate_by_token, _by_token),
    Method(CorrelationMethod.CONVERSATION_INDEX, lambda policy: policy.correlate_by_index, _by_index),
    Method(CorrelationMethod.SMART_MATCHING, lambda policy: policy.smart_matching, _by_smart_matching),
)
