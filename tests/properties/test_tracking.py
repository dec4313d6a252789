"""What holds for every message and every store: one verdict, the same again, from what was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.cases import ANN, NOON, SALES, a_mail, a_parent, a_record, arrived_mail, the_receiver

from postroom.errors import MalformedMessage
from postroom.mime.nature import Fate, Nature, Report, nature_of
from postroom.mime.read import read
from postroom.schema.choices import AutoCreate, DeliveryState, FilteringMethod, MessageKind, Reason, Wish
from postroom.tracking.decide import RULES, SENT_RULES, decide
from postroom.tracking.facts import Arrived, Direction, Facts, Known, Policy, Receiver, Settled, needed_for
from postroom.tracking.newcomer import newcomer_of
from postroom.tracking.resolution import choose_owner, choose_sender, parties_of, queues_of
from postroom.tracking.subject import SmartRules, hashes_of, words_of
from postroom.tracking.verdict import Verdict

PEOPLE = [f"{name}@{place}.example" for name in "abcd" for place in ("corp", "else")]
IDS = [f"{number}@ids.example" for number in range(4)]
TOKENS = [f"CRM:{number:07}" for number in range(3)]
SUBJECTS = ["Red pump", "RE: Red pump", "FW: Red pump", "Red pump P", f"Red pump {TOKENS[1]}", "", "Invoice"]
BASES = [f"01DA{number:040X}" for number in range(3)]
FILTERS = st.sampled_from(FilteringMethod)
TRACKED = {
    Reason.ACCEPT_ALL,
    Reason.CORRELATION_MATCH,
    Reason.SENDER_MATCH,
    Reason.RECIPIENT_MATCH,
    Reason.TRACKED_BY_PERSON,
}

records = st.builds(
    a_record,
    st.sampled_from(["systemuser", "queue", "contact", "account", "lead", "team"]),
    st.integers(1, 12),
    active=st.booleans(),
    owner=st.sampled_from([None, ANN, SALES]),
    filtering=st.none() | FILTERS,
    chosen=st.booleans(),
    auto_create=st.sampled_from(AutoCreate),
)
some_people = st.lists(st.sampled_from(PEOPLE), max_size=4).map(tuple)
indexes = st.sampled_from(["", "01", *BASES]) | st.sampled_from(BASES).map(lambda base: base + "0011223344")
messages = st.builds(
    a_mail,
    sender=st.none() | st.sampled_from([*PEOPLE, "broken"]),
    to=some_people,
    cc=some_people,
    bcc=some_people,
    message_id=st.sampled_from(["", *IDS]),
    in_reply_to=st.sampled_from(["", *IDS]),
    references=st.lists(st.sampled_from(IDS), max_size=3).map(tuple),
    subject=st.sampled_from(SUBJECTS),
    conversation_index=indexes,
)
reports = st.builds(
    Report,
    st.sampled_from(["", *IDS]),
    st.lists(
        st.builds(Fate, st.sampled_from(PEOPLE), st.sampled_from(DeliveryState), st.just(""), st.just("")),
        max_size=2,
    ).map(tuple),
)
natures = st.builds(Nature, st.sampled_from(MessageKind), st.none() | reports)
parents = st.lists(
    st.builds(
        a_parent,
        outgoing=st.booleans(),
        owner=st.sampled_from([None, ANN]),
        subject=st.sampled_from(SUBJECTS),
        index=indexes,
        regarding=st.sampled_from([None, SALES]),
        people=st.frozensets(st.sampled_from(PEOPLE)),
    ),
    max_size=2,
)
rules = st.builds(SmartRules, most=st.integers(0, 3), delta=st.integers(0, 3), people=st.integers(0, 3))
HASHES = sorted({h for s in SUBJECTS for h in hashes_of(words_of(s, SmartRules()), SmartRules())})
stores = st.builds(
    Facts,
    known=st.dictionaries(st.sampled_from(PEOPLE), st.lists(records, max_size=3, unique_by=lambda k: k.id)),
    by_message_id=st.dictionaries(st.sampled_from(IDS), parents),
    by_token=st.dictionaries(st.sampled_from(TOKENS), parents),
    by_index=st.dictionaries(st.sampled_from(BASES), parents),
    by_subject=st.dictionaries(st.sampled_from(HASHES), parents),
    duplicate=st.sampled_from([None, None, None, ANN]),
    settled=st.sampled_from([None, None, None, *map(Settled, Wish)]),
)
receivers = st.builds(
    the_receiver,
    owner_table=st.sampled_from(["systemuser", "queue"]),
    owner=st.sampled_from([ANN, SALES]),
    filtering=FILTERS,
    process_after=st.none() | st.just(NOON),
) | st.builds(the_receiver, owner_table=st.just(""), owner=st.none(), keeper=st.none(), filtering=FILTERS)
_SWITCHES = [name for name, kind in Policy.__annotations__.items() if kind is bool]
policies = st.builds(
    Policy,
    **dict.fromkeys(_SWITCHES, st.booleans()),
    forced_user_filtering=st.none() | FILTERS,
    smart=rules,
)
instants = st.none() | st.sampled_from([NOON, NOON - timedelta(days=1)])
arrivals = st.builds(
    Arrived, messages, natures, receivers, received_at=instants, direction=st.sampled_from(Direction)
)
cases = st.tuples(arrivals, stores, policies)


def resolved(arrived: Arrived, verdict: Verdict, facts: Facts, policy: Policy) -> Any:
    """Return all that is worked out beside the verdict."""
    message, receiver = arrived.message, arrived.receiver
    matches = facts.known.get(message.author.key, ()) if message.author else ()
    sender = choose_sender(matches, receiver, policy)
    return (
        sender,
        parties_of(message, sender, facts, policy),
        choose_owner(message, sender, verdict.correlated, facts, receiver),
        queues_of(arrived, verdict, policy),
        newcomer_of(arrived, verdict, sender, policy),
    )


@given(cases)
def test_every_message_gets_one_verdict_whose_reason_says_whether_it_is_tracked(case: Any) -> None:
    arrived, facts, policy = case
    verdict = decide(arrived, facts, policy)
    assert verdict.track is (verdict.reason in TRACKED)
    assert (verdict.acceptor is not None) is verdict.track or verdict.reason is Reason.TRACKED_BY_PERSON
    assert (verdict.accepting[:1] == (verdict.acceptor,)) is (verdict.acceptor is not None)
    assert (verdict.duplicate is not None) is (verdict.reason is Reason.DUPLICATE)
    assert verdict.trail[-1].finding == verdict.reason.sentence
    known_names = [rule.__name__ for rule in (SENT_RULES if arrived.is_sent_copy else RULES)]
    tried = list(dict.fromkeys(step.rule for step in verdict.trail))
    assert tried == known_names[: len(tried)], "rules are tried in order and none is left out"


@given(cases)
def test_the_same_message_and_facts_give_the_same_verdict(case: Any) -> None:
    arrived, facts, policy = case
    first = decide(arrived, facts, policy)
    assert decide(arrived, facts, policy) == first
    assert resolved(arrived, first, facts, policy) == resolved(arrived, first, facts, policy)


class Asked(dict[Any, Any]):
    """Facts that refuse a question nobody announced."""

    def __init__(self, known: Mapping[Any, Sequence[Any]], allowed: frozenset[Any]) -> None:
        super().__init__(known)
        self.allowed = allowed

    def get(self, key: Any, default: Any = None) -> Any:
        assert key in self.allowed, f"{key!r} was not asked for"
        return super().get(key, default)

    def __getitem__(self, key: Any) -> Any:
        raise AssertionError("what nobody has may be missing")


@given(cases)
def test_a_decision_asks_for_nothing_but_what_it_needs(case: Any) -> None:
    arrived, facts, policy = case
    needs = needed_for(arrived.message, arrived.nature, policy)
    watched = Facts(
        Asked(facts.known, needs.addresses),
        Asked(facts.by_message_id, frozenset({*needs.answered, needs.own_id})),
        Asked(facts.by_token, frozenset(needs.tokens)),
        Asked(facts.by_index, frozenset({needs.index, ""})),
        Asked(facts.by_subject, frozenset(needs.subject_hashes)),
        facts.duplicate,
        facts.settled,
    )
    verdict = decide(arrived, watched, policy)
    resolved(arrived, verdict, watched, policy)


@given(cases)
def test_a_persons_wish_is_what_is_done(case: Any) -> None:
    arrived, facts, policy = case
    for wish in Wish:
        settled = replace(facts, duplicate=None, settled=Settled(wish))
        assert decide(arrived, settled, policy).track is (wish is Wish.TRACK)


@given(cases)
def test_what_is_off_ties_nothing(case: Any) -> None:
    arrived, facts, policy = case
    verdict = decide(arrived, facts, replace(policy, correlation=False))
    assert verdict.correlated is None or verdict.reason is Reason.REPORT_NOTED


@given(cases, st.randoms(use_true_random=False))
def test_the_order_of_candidates_and_records_has_no_say_in_whether_mail_is_tracked(
    case: Any, chance: Any
) -> None:
    arrived, facts, policy = case
    shuffled: dict[str, list[Known]] = {}
    for address, known in facts.known.items():
        shuffled[address] = list(known)
        chance.shuffle(shuffled[address])
    message = arrived.message
    people = list(message.to)
    chance.shuffle(people)
    other = replace(message, to=tuple(people), cc=message.bcc, bcc=message.cc)
    first = decide(arrived, facts, policy)
    again = decide(replace(arrived, message=other), replace(facts, known=shuffled), policy)
    if not arrived.is_sent_copy:
        # Of a sent message's senders one decides: the one that the store names first.
        assert again.track is first.track
        if not first.track:
            assert again.reason is first.reason


@given(cases)
def test_a_sender_is_chosen_the_same_in_any_order_of_the_records(case: Any) -> None:
    arrived, facts, policy = case
    for known in facts.known.values():
        forward, backward = (choose_sender(k, arrived.receiver, policy) for k in (known, known[::-1]))
        assert (forward.known is None, forward.ambiguous) == (backward.known is None, backward.ambiguous)
        if forward.known and backward.known and sum(k.chosen for k in known) < 2:
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
        arrived = arrived_mail(message, receiver, nature=nature_of(message), received_at=None)
        verdict = decide(arrived, facts, policy)
        assert isinstance(verdict, Verdict)
        resolved(arrived, verdict, facts, policy)
