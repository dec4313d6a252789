"""What holds for every message and every store: one verdict, the same again, from what was asked for."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.cases import ANN, NOON, SALES, a_mail, a_parent, a_record, the_receiver

from postroom.errors import MalformedMessage
from postroom.mime.message import Message
from postroom.mime.read import read
from postroom.schema.choices import FilteringMethod, Reason
from postroom.tracking.decide import RULES, decide
from postroom.tracking.facts import Facts, Known, Policy, Receiver, needed_for
from postroom.tracking.resolution import choose_owner, choose_sender, parties_of, queues_among
from postroom.tracking.verdict import Verdict

PEOPLE = [f"{name}@{place}.example" for name in "abcd" for place in ("corp", "else")]
IDS = [f"{number}@ids.example" for number in range(4)]
FILTERS = st.sampled_from(FilteringMethod)
TRACKED = {Reason.ACCEPT_ALL, Reason.CORRELATION_MATCH, Reason.SENDER_MATCH}

records = st.builds(
    a_record,
    st.sampled_from(["systemuser", "queue", "contact", "account", "lead", "team"]),
    st.integers(1, 12),
    active=st.booleans(),
    owner=st.sampled_from([None, ANN, SALES]),
    filtering=st.none() | FILTERS,
)
some_people = st.lists(st.sampled_from(PEOPLE), max_size=4).map(tuple)
messages = st.builds(
    a_mail,
    sender=st.none() | st.sampled_from([*PEOPLE, "broken"]),
    to=some_people,
    cc=some_people,
    bcc=some_people,
    message_id=st.sampled_from(["", *IDS]),
    in_reply_to=st.sampled_from(["", *IDS]),
    references=st.lists(st.sampled_from(IDS), max_size=3).map(tuple),
)
parents = st.lists(
    st.builds(a_parent, outgoing=st.booleans(), owner=st.sampled_from([None, ANN])), max_size=2
)
stores = st.builds(
    Facts,
    known=st.dictionaries(st.sampled_from(PEOPLE), st.lists(records, max_size=3, unique_by=lambda k: k.id)),
    by_message_id=st.dictionaries(st.sampled_from(IDS), parents),
    duplicate=st.none() | st.just(ANN),
)
receivers = st.builds(
    the_receiver,
    owner_table=st.sampled_from(["systemuser", "queue"]),
    owner=st.sampled_from([ANN, SALES]),
    filtering=FILTERS,
    process_after=st.none() | st.just(NOON),
) | st.builds(the_receiver, owner_table=st.just(""), owner=st.none(), filtering=FILTERS)
policies = st.builds(
    Policy,
    *[st.booleans()] * 7,
    forced_user_filtering=st.none() | FILTERS,
)
instants = st.none() | st.sampled_from([NOON, NOON - timedelta(days=1)])
cases = st.tuples(messages, instants, receivers, stores, policies)


def resolved(message: Message, verdict: Verdict, receiver: Receiver, facts: Facts, policy: Policy) -> Any:
    """Return all that is worked out beside the verdict."""
    matches = facts.known.get(message.author.key, ()) if message.author else ()
    sender = choose_sender(matches, receiver, policy)
    return (
        sender,
        parties_of(message, sender, facts, policy),
        choose_owner(message, sender, verdict.correlated, facts, receiver),
        queues_among(message, facts, receiver, policy),
    )


@given(cases)
def test_every_message_gets_one_verdict_whose_reason_says_whether_it_is_tracked(case: Any) -> None:
    message, at, receiver, facts, policy = case
    verdict = decide(message, at, receiver, facts, policy)
    assert verdict.track is (verdict.reason in TRACKED)
    assert (verdict.acceptor is not None) is verdict.track
    assert (verdict.duplicate is not None) is (verdict.reason is Reason.DUPLICATE)
    assert verdict.trail[-1].finding == verdict.reason.sentence
    known_names = [rule.__name__ for rule in RULES]
    tried = list(dict.fromkeys(step.rule for step in verdict.trail))
    assert tried == known_names[: len(tried)], "rules are tried in order and none is left out"


@given(cases)
def test_the_same_message_and_facts_give_the_same_verdict(case: Any) -> None:
    message, at, receiver, facts, policy = case
    first = decide(message, at, receiver, facts, policy)
    assert decide(message, at, receiver, facts, policy) == first
    assert resolved(message, first, receiver, facts, policy) == resolved(
        message, first, receiver, facts, policy
    )


class Asked(dict[str, Any]):
    """Facts that refuse a question nobody announced."""

    def __init__(self, known: Mapping[str, Sequence[Any]], allowed: frozenset[str]) -> None:
        super().__init__(known)
        self.allowed = allowed

    def get(self, key: str, default: Any = None) -> Any:
        assert key in self.allowed, f"{key!r} was not asked for"
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        raise AssertionError("an address that nobody has may be missing")


@given(cases)
def test_a_decision_asks_for_nothing_but_what_it_needs(case: Any) -> None:
    message, at, receiver, facts, policy = case
    needs = needed_for(message)
    watched = Facts(
        Asked(facts.known, needs.addresses),
        Asked(facts.by_message_id, frozenset(needs.message_ids)),
        facts.duplicate,
    )
    verdict = decide(message, at, receiver, watched, policy)
    resolved(message, verdict, receiver, watched, policy)


@given(cases, st.randoms(use_true_random=False))
def test_the_order_of_candidates_and_records_has_no_say_in_whether_mail_is_tracked(
    case: Any, chance: Any
) -> None:
    message, at, receiver, facts, policy = case
    shuffled: dict[str, list[Known]] = {}
    for address, known in facts.known.items():
        shuffled[address] = list(known)
        chance.shuffle(shuffled[address])
    people = list(message.to)
    chance.shuffle(people)
    other = a_mail(
        sender=None if message.author is None else message.author.address,
        to=tuple(a.address for a in people),
        cc=tuple(a.address for a in message.bcc),
        bcc=tuple(a.address for a in message.cc),
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        references=message.references,
    )
    first = decide(message, at, receiver, facts, policy)
    again = decide(other, at, receiver, Facts(shuffled, facts.by_message_id, facts.duplicate), policy)
    assert again.track is first.track
    if not first.track:
        assert again.reason is first.reason


@given(cases)
def test_a_sender_is_chosen_the_same_in_any_order_of_the_records(case: Any) -> None:
    _, _, receiver, facts, policy = case
    for known in facts.known.values():
        forward, backward = (choose_sender(k, receiver, policy) for k in (known, known[::-1]))
        assert (forward.known is None, forward.ambiguous) == (backward.known is None, backward.ambiguous)
        if forward.known and backward.known:
            assert forward.known.table == backward.known.table


@given(st.binary(max_size=300), stores, receivers, policies)
def test_any_bytes_that_parse_get_a_verdict(
    data: bytes, facts: Facts, receiver: Receiver, policy: Policy
) -> None:
    for head in (b"", b"From: a@corp.example\r\nTo: b@corp.example\r\n"):
        try:
            message = read(head + data)
        except MalformedMessage:
            continue
        verdict = decide(message, None, receiver, facts, policy)
        assert isinstance(verdict, Verdict)
        resolved(message, verdict, receiver, facts, policy)
