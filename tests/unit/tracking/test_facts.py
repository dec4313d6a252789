"""What a decision asks of the store."""

from tests.support.cases import ORDINARY, a_mail, a_record, carl, sales

from postroom.tracking.facts import Policy, answered_ids, needed_for


def test_the_ids_a_message_answers_come_nearest_first_and_once() -> None:
    message = a_mail(in_reply_to="c@x", references=("a@x", "b@x", "c@x", ""))
    assert answered_ids(message, ORDINARY) == ("c@x", "b@x", "a@x")
    assert answered_ids(a_mail(), ORDINARY) == ()


def test_a_decision_needs_the_addresses_of_all_participants_and_its_own_id() -> None:
    message = a_mail(to=("A@x.example",), cc=("b@x.example",), bcc=("c@x.example",), in_reply_to="p@x")
    needs = needed_for(message, ORDINARY, Policy())
    assert needs.addresses == {"carl@contoso.example", "a@x.example", "b@x.example", "c@x.example"}
    assert needs.message_ids == ("p@x", "one@contoso.example")


def test_a_message_that_says_nothing_needs_nothing() -> None:
    needs = needed_for(a_mail(sender=None, to=(), message_id=""), ORDINARY, Policy())
    assert (needs.addresses, needs.message_ids) == (frozenset(), ())


def test_a_thread_of_hundreds_asks_for_its_nearest_twenty() -> None:
    message = a_mail(references=tuple(f"{number}@x" for number in range(300)), message_id="")
    nearest = tuple(f"{number}@x" for number in range(299, 279, -1))
    assert needed_for(message, ORDINARY, Policy()).message_ids == nearest
    # A rule must not see further than was asked for, or the verdict would hang on the rest of a batch.
    assert answered_ids(message, ORDINARY) == nearest


def test_users_and_queues_are_internal() -> None:
    assert a_record("systemuser", 1).is_internal
    assert sales().is_internal
    assert not carl().is_internal
