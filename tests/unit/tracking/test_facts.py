"""What a decision asks of the store."""

from dataclasses import replace

from tests.support.cases import ORDINARY, a_mail, a_record, arrived_mail, carl, sales

from postroom.tracking.facts import Needs, Policy, answered_ids, needed_for


def test_the_ids_a_message_answers_come_nearest_first_and_once() -> None:
    message = a_mail(in_reply_to="c@x", references=("a@x", "b@x", "c@x", ""))
    assert answered_ids(message, ORDINARY) == ("c@x", "b@x", "a@x")
    assert answered_ids(a_mail(), ORDINARY) == ()


def test_a_decision_needs_the_addresses_of_all_participants_and_its_own_id() -> None:
    message = a_mail(to=("A@x.example",), cc=("b@x.example",), bcc=("c@x.example",), in_reply_to="p@x")
    needs = needed_for(message, ORDINARY, Policy())
    assert needs.addresses == {"carl@contoso.example", "a@x.example", "b@x.example", "c@x.example"}
    assert (needs.answered, needs.own_id) == (("p@x",), "")
    for wish in ("ignore_internal", "ignore_internal_from_queues"):
        assert needed_for(message, ORDINARY, Policy(**{wish: True})).own_id == "one@contoso.example"


def test_a_message_that_says_nothing_needs_nothing() -> None:
    needs = needed_for(a_mail(sender=None, to=(), message_id=""), ORDINARY, Policy())
    assert needs == Needs(frozenset())


def test_a_thread_of_hundreds_asks_for_its_nearest_twenty() -> None:
    message = a_mail(references=tuple(f"{number}@x" for number in range(300)), message_id="")
    nearest = tuple(f"{number}@x" for number in range(299, 279, -1))
    assert needed_for(message, ORDINARY, Policy()).answered == nearest
    # A rule must not see further than was asked for, or the verdict would hang on the rest of a batch.
    assert answered_ids(message, ORDINARY) == nearest


def test_users_and_queues_are_internal() -> None:
    assert a_record("systemuser", 1).is_internal
    assert sales().is_internal
    assert not carl().is_internal


MARKED = a_mail(
    subject="Re: Red pump CRM:0001001",
    conversation_index="01DA" + "00" * 20 + "1122334455",
    in_reply_to="p@x",
)


def test_each_method_of_correlation_asks_for_its_own() -> None:
    needs = needed_for(MARKED, ORDINARY, Policy(smart_matching=True))
    assert (needs.answered, needs.tokens, needs.index) == (("p@x",), ("CRM:0001001",), "01DA" + "00" * 20)
    assert len(needs.subject_hashes) == 1
    off = needed_for(MARKED, ORDINARY, Policy(correlate_by_token=False, correlate_by_index=False))
    assert (off.tokens, off.index, off.subject_hashes) == ((), "", ())
    nothing = needed_for(MARKED, ORDINARY, Policy(correlation=False, smart_matching=True))
    assert (nothing.tokens, nothing.index, nothing.subject_hashes) == ((), "", ())


def test_a_forward_asks_for_no_conversation() -> None:
    forward = replace(MARKED, subject="FW: Red pump CRM:0001001")
    needs = needed_for(forward, ORDINARY, Policy(smart_matching=True))
    assert (needs.tokens, needs.index, needs.subject_hashes) == ((), "", ())
    assert needed_for(forward, ORDINARY, Policy(forwards_as_replies=True)).tokens == ("CRM:0001001",)


def test_what_a_message_needs_is_worked_out_once_for_a_policy() -> None:
    arrived, policy = arrived_mail(MARKED), Policy()
    assert arrived.needs(policy) is arrived.needs(policy)
    assert arrived.needs(Policy(correlate_by_token=False)).tokens == ()
