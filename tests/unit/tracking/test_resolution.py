"""Who wrote, who takes part, who owns the new e-mail, which queues get an item."""

from typing import Any
from uuid import UUID

import pytest
from tests.support.cases import (
    ANN,
    BOSS,
    SALES,
    a_mail,
    a_parent,
    a_record,
    ann,
    arrived_mail,
    carl,
    sales,
    the_receiver,
)

from postroom.schema.choices import Participation, Reason
from postroom.tracking.facts import Direction, Facts, Known, Policy
from postroom.tracking.resolution import (
    MOST_SENDERS,
    SENDER_ORDER,
    Ownership,
    Sender,
    choose_owner,
    choose_sender,
    owner_of_sent,
    parties_of,
    queues_of,
)
from postroom.tracking.verdict import Verdict

NOBODY = Sender(None)


def test_a_single_match_is_the_sender_in_whatever_state() -> None:
    gone = carl(active=False)
    assert choose_sender([gone], the_receiver(), Policy()) == Sender(gone)
    assert choose_sender([], the_receiver(), Policy()) == NOBODY


@pytest.mark.parametrize(
    ("first", "second"), list(zip(SENDER_ORDER, (*SENDER_ORDER[1:], "knowledgearticle"), strict=True))
)
def test_of_several_matches_the_order_of_tables_decides(first: str, second: str) -> None:
    one, other = a_record(first, 1), a_record(second, 2)
    assert choose_sender([other, one], the_receiver(), Policy()).known == one
    assert choose_sender([one, other], the_receiver(), Policy()).known == one


def test_an_active_match_goes_before_an_inactive_one() -> None:
    gone, lead = carl(active=False), a_record("lead", 9)
    assert choose_sender([gone, lead], the_receiver(), Policy()).known == lead


def test_a_record_of_the_receiving_user_goes_first() -> None:
    mine, other = a_record("lead", 9, owner=ANN), carl()
    assert choose_sender([other, mine], the_receiver(), Policy()).known == mine


def test_an_ambiguous_sender_stays_unresolved_where_the_organization_wishes() -> None:
    both = [carl(), a_record("lead", 9)]
    wish = Policy(unresolve_ambiguous_sender=True)
    assert choose_sender(both, the_receiver(), wish) == Sender(None, ambiguous=True)
    assert choose_sender(both[:1], the_receiver(), wish) == Sender(both[0])


def test_an_address_of_more_than_a_hundred_records_says_nothing() -> None:
    many = [a_record("contact", number) for number in range(MOST_SENDERS + 1)]
    assert choose_sender(many, the_receiver(), Policy()) == Sender(None, ambiguous=True)
    assert choose_sender(many[:-1], the_receiver(), Policy()).known


def test_every_participant_becomes_a_party_with_its_record_or_its_address() -> None:
    message = a_mail(cc=("new@x.example", "NEW@x.example"), bcc=("sales@corp.example",))
    facts = Facts({"ann@corp.example": [ann()], "sales@corp.example": [sales()]})
    parties = parties_of(message, Sender(carl()), facts, Policy())
    assert [(party.mask, party.address.address, party.known) for party in parties] == [
        (Participation.SENDER, "carl@contoso.example", carl()),
        (Participation.TO, "ann@corp.example", ann()),
        (Participation.CC, "new@x.example", None),
        (Participation.BCC, "sales@corp.example", sales()),
    ]


def test_one_address_in_two_lists_is_two_parties() -> None:
    message = a_mail(sender=None, to=("a@x.example", ""), cc=("a@x.example",))
    masks = [party.mask for party in parties_of(message, NOBODY, Facts(), Policy())]
    assert masks == [Participation.TO, Participation.CC]


def test_an_address_of_several_records_gives_several_parties_unless_that_is_unwanted() -> None:
    facts = Facts({"ann@corp.example": [ann(), sales(), carl(active=False)]})
    message = a_mail(sender=None)
    found = parties_of(message, NOBODY, facts, Policy())
    assert [party.known for party in found] == [ann(), sales()]
    (unresolved,) = parties_of(message, NOBODY, facts, Policy(unresolve_ambiguous_recipient=True))
    assert unresolved.known is None


def owner_of(to: tuple[str, ...] = (), cc: tuple[str, ...] = (), **more: object) -> Ownership | None:
    facts = Facts(
        {
            "ann@corp.example": [ann()],
            "bob@corp.example": [a_record("systemuser", 60)],
            "sales@corp.example": [sales()],
            "empty@corp.example": [sales(owner=None)],
            "off@corp.example": [ann(active=False)],
            "carl@contoso.example": [carl()],
        }
    )
    sender, correlated = more.get("sender", NOBODY), more.get("correlated")
    message = a_mail(to=to, cc=cc)
    return choose_owner(message, sender, correlated, facts, the_receiver())  # type: ignore[arg-type]


BOB = Ownership(UUID(int=60), "systemuser")


def test_the_first_eligible_recipient_of_the_first_list_that_has_one_owns_the_email() -> None:
    assert owner_of(("carl@contoso.example", "bob@corp.example", "ann@corp.example")) == BOB
    assert owner_of(("carl@contoso.example",), ("ann@corp.example",)) == Ownership(ANN, "systemuser")


def test_without_an_eligible_recipient_the_mailboxs_own_user_owns_the_email() -> None:
    assert owner_of(("off@corp.example", "empty@corp.example")) == Ownership(ANN, "systemuser")
    forward = the_receiver(owner_table="", owner=None, keeper=None)
    assert choose_owner(a_mail(to=()), NOBODY, None, Facts(), forward) is None


def test_the_owner_of_a_queue_owns_its_mail() -> None:
    assert owner_of(("sales@corp.example",)) == Ownership(BOSS, "systemuser")
    facts = Facts({"ann@corp.example": [sales(owner=UUID(int=8), owner_table="team")]})
    owner = choose_owner(a_mail(), NOBODY, None, facts, the_receiver())
    assert owner == Ownership(UUID(int=8), "team")


def test_the_owner_of_the_answered_email_is_preferred_then_the_owner_of_the_sender() -> None:
    people = ("bob@corp.example", "ann@corp.example", "sales@corp.example")
    answered = a_parent(owner=ANN)
    assert owner_of(people, correlated=answered, sender=Sender(carl())) == Ownership(ANN, "systemuser")
    assert owner_of(people, sender=Sender(carl())) == Ownership(BOSS, "systemuser")
    elsewhere = a_parent(owner=UUID(int=404))
    assert owner_of(people, correlated=elsewhere, sender=Sender(carl(owner=UUID(int=405)))) == BOB


OTHER = a_record("queue", 70)


def queues_for(accepting: tuple[Known, ...], receiver: Any = None, **more: Any) -> list[UUID]:
    verdict = Verdict(track=True, reason=Reason.ACCEPT_ALL, accepting=accepting)
    arrived = {name: more.pop(name) for name in ("direction",) if name in more}
    return queues_of(arrived_mail(a_mail(), receiver, **arrived), verdict, Policy(**more))


def test_every_queue_that_accepts_and_the_receiving_one_get_an_item_once() -> None:
    queue = the_receiver(owner_table="queue", owner=SALES)
    accepting = (ann(), sales(), OTHER)
    assert queues_for(accepting, queue) == [SALES, OTHER.id]
    assert queues_for(accepting, queue, queue_item_for_recipients=False) == [SALES]
    assert queues_for((ann(), OTHER), queue) == [OTHER.id, SALES]
    assert queues_for((ann(), OTHER), queue, queue_item_for_receiver=False) == [OTHER.id]
    assert queues_for((ann(),)) == []


def test_a_sent_message_waits_in_no_queue() -> None:
    queue = the_receiver(owner_table="queue", owner=SALES)
    assert queues_for((sales(),), queue, direction=Direction.OUTGOING) == []


def test_the_second_copy_of_an_email_waits_in_its_own_queue_where_the_organization_wishes() -> None:
    queue = arrived_mail(a_mail(), the_receiver(owner_table="queue", owner=SALES))
    copy = Verdict(track=False, reason=Reason.DUPLICATE, duplicate=UUID(int=7))
    refused = Verdict(track=False, reason=Reason.FILTER_NONE)
    wish = Policy(queue_item_for_duplicates=True)
    assert queues_of(queue, copy, wish) == [SALES]
    assert queues_of(queue, copy, Policy()) == []
    assert queues_of(queue, refused, wish) == []
    assert queues_of(arrived_mail(a_mail()), copy, wish) == []


def test_what_a_person_chose_for_an_address_goes_before_every_rule() -> None:
    chosen, lead = carl(active=False, chosen=True), a_record("lead", 9, owner=ANN)
    ambiguous = Policy(unresolve_ambiguous_sender=True, unresolve_ambiguous_recipient=True)
    assert choose_sender([lead, chosen], the_receiver(), ambiguous).known == chosen
    facts = Facts({"ann@corp.example": [lead, chosen]})
    (party,) = parties_of(a_mail(sender=None), NOBODY, facts, ambiguous)
    assert party.known == chosen


def test_inactive_records_are_recipients_only_where_the_organization_wishes() -> None:
    facts = Facts({"ann@corp.example": [carl(active=False)]})
    message = a_mail(sender=None)
    assert [p.known for p in parties_of(message, NOBODY, facts, Policy())] == [None]
    found = parties_of(message, NOBODY, facts, Policy(resolve_inactive=True))
    assert [p.known for p in found] == [carl(active=False)]


def test_a_sent_message_belongs_to_the_user_it_is_from_else_to_the_owner_of_the_mailbox() -> None:
    by_bob = Verdict(track=True, reason=Reason.ACCEPT_ALL, acceptor=a_record("systemuser", 60))
    by_queue = Verdict(track=True, reason=Reason.ACCEPT_ALL, acceptor=sales())
    assert owner_of_sent(by_bob, the_receiver()) == BOB
    assert owner_of_sent(by_queue, the_receiver()) == Ownership(ANN, "systemuser")
    assert owner_of_sent(by_queue, the_receiver(keeper=None)) is None
