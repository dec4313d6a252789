"""Judging a batch in the server's order: earlier messages count, copies are told apart."""

import hashlib
from typing import Any
from uuid import UUID

import pytest
from tests.support.cases import ANN, BOSS, NOON, SALES, a_mail, ann, carl, sales, the_receiver

from postroom.mime.message import Message
from postroom.passes.judge import (
    Copy,
    Direction,
    Gathered,
    Judged,
    Opened,
    duplicate_check,
    judge,
)
from postroom.ports.mail import Offered
from postroom.schema.choices import FilteringMethod, QuarantineCause, Reason
from postroom.tracking.facts import Policy

KNOWN = {"ann@corp.example": (ann(),), "sales@corp.example": (sales(),), "carl@contoso.example": (carl(),)}


def opened(message: Message | None = None, server_id: str = "1", **more: Any) -> Opened:
    digest = message.digest if message else hashlib.sha256(server_id.encode()).digest()
    values = {"digest": digest, "size": 100, "receiver": the_receiver(), "message": message, **more}
    return Opened(Offered(server_id, int(server_id), 100), received_at=NOON, **values)


def a_copy(number: int, **more: Any) -> Message:
    """Return a message whose content tells it from others."""
    digest = hashlib.sha256(b"%d" % number).digest()
    return a_mail(**{"digest": digest, "message_id": f"{number}@contoso.example", **more})


def judged(*batch: Opened, gathered: Gathered | None = None, offered: str = "123456789") -> list[Judged]:
    return list(
        judge(batch, gathered or Gathered(known=dict(KNOWN)), Policy(), lambda c: c.server_id not in offered)
    )


def reasons(found: list[Judged]) -> list[Reason]:
    return [one.verdict.reason for one in found]


def test_a_tracked_message_comes_with_all_that_its_email_is_made_of() -> None:
    (one,) = judged(opened(a_mail(cc=("sales@corp.example",))))
    assert one.verdict.reason is Reason.SENDER_MATCH
    assert one.email_id
    assert one.sender.known == carl()
    assert [party.address.address for party in one.parties] == [
        "carl@contoso.example",
        "ann@corp.example",
        "sales@corp.example",
    ]
    assert one.owner
    assert (one.owner.owner, one.queues) == (ANN, [sales().id])


def test_a_reply_finds_a_parent_that_came_in_the_same_batch() -> None:
    parent = a_copy(1)
    reply = a_copy(2, sender="x@stranger.example", in_reply_to="1@contoso.example")
    found = judged(opened(parent), opened(reply, "2"))
    assert reasons(found) == [Reason.SENDER_MATCH, Reason.CORRELATION_MATCH]
    assert found[1].verdict.correlated
    assert found[1].verdict.correlated.activity == found[0].email_id


def test_a_conversation_is_handed_down() -> None:
    chain = [a_copy(n, in_reply_to=f"{n - 1}@contoso.example") for n in (1, 2, 3)]
    found = judged(*(opened(message, str(n)) for n, message in enumerate(chain, 1)))
    assert {one.verdict.correlated.conversation for one in found[1:] if one.verdict.correlated} == {
        found[0].email_id
    }


def test_a_second_copy_in_the_same_batch_is_a_duplicate() -> None:
    found = judged(opened(a_copy(1)), opened(a_copy(1), "2"))
    assert reasons(found) == [Reason.SENDER_MATCH, Reason.DUPLICATE]
    assert found[1].email_id == found[0].email_id


def test_copies_without_an_id_are_as_many_messages() -> None:
    nameless = a_copy(1, message_id="")
    found = judged(*(opened(nameless, str(n)) for n in (1, 2, 3)))
    assert reasons(found) == [Reason.SENDER_MATCH] * 3
    assert len({one.unique for one in found}) == 3


def test_a_copy_takes_the_first_place_that_no_other_one_has() -> None:
    nameless = a_copy(1, message_id="")
    first, second = (duplicate_check(Direction.INCOMING, "", nameless.digest, n) for n in (0, 1))
    ours, others = UUID(int=11), UUID(int=12)
    for copies, holders, unique, reason in [
        # One copy that became no e-mail takes no place.
        ([Copy(UUID(int=1), "2", None)], {}, first, Reason.SENDER_MATCH),
        ([Copy(UUID(int=1), "2", ours)], {first: ours}, second, Reason.SENDER_MATCH),
        ([Copy(UUID(int=1), "2", ours)], {second: ours}, first, Reason.SENDER_MATCH),
        # Another mailbox has received the same two before.
        ([Copy(UUID(int=1), "2", ours)], {first: ours, second: others}, second, Reason.DUPLICATE),
        ([], {first: others}, first, Reason.DUPLICATE),
    ]:
        gathered = Gathered(dict(KNOWN), holders=dict(holders), copies={nameless.digest: list(copies)})
        (one,) = judged(opened(nameless), gathered=gathered)
        assert (one.unique, one.verdict.reason) == (unique, reason)


def test_a_known_content_under_a_new_id_was_renumbered() -> None:
    message = a_copy(1)
    copies = {message.digest: [Copy(UUID(int=1), "9", UUID(int=5))]}
    gathered = Gathered(dict(KNOWN), copies=copies)
    found = judged(opened(message), opened(message, "2"), gathered=gathered, offered="12")
    assert reasons(found) == [Reason.ALREADY_RECORDED, Reason.SENDER_MATCH]
    assert (found[0].renumbered_from, found[0].email_id) == (UUID(int=1), UUID(int=5))


def test_all_messages_of_an_item_that_was_renumbered_are_passed_over() -> None:
    head, other = opened(a_copy(1)), opened(a_copy(2))
    other.heads_item, other.digest = False, head.digest
    copies = {head.digest: [Copy(UUID(int=1), "9", None)]}
    after = opened(a_copy(3), "3")
    found = judged(head, other, after, gathered=Gathered(dict(KNOWN), copies=copies), offered="13")
    assert reasons(found) == [Reason.ALREADY_RECORDED, Reason.SENDER_MATCH]


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (QuarantineCause.MALFORMED, Reason.MALFORMED),
        (QuarantineCause.TOO_LARGE, Reason.TOO_LARGE),
        (QuarantineCause.BROKEN_FETCH, Reason.FETCH_FAILED),
        (QuarantineCause.STORE_REFUSED, Reason.STORE_REFUSED),
        (QuarantineCause.FORWARD_ITEM, Reason.INVALID_FORWARD_MAIL_ITEM),
    ],
)
def test_what_is_put_aside_has_the_reason_of_its_cause(cause: QuarantineCause, reason: Reason) -> None:
    (one,) = judged(opened(cause=cause, trouble="it is no good"))
    assert (one.verdict.track, one.verdict.reason, one.email_id) == (False, reason, None)
    assert one.verdict.trail[0].finding == "it is no good"
    (unexplained,) = judged(opened(cause=cause))
    assert unexplained.verdict.trail[0].finding == reason.sentence


def test_every_cause_of_quarantine_has_a_reason() -> None:
    for cause in QuarantineCause:
        assert judged(opened(cause=cause))


def test_mail_that_nobody_named_owns_goes_through_the_acceptor_to_an_owner() -> None:
    by_list = a_mail(to=("list@else.example",))
    wants_all = the_receiver(filtering=FilteringMethod.ALL)
    (one,) = judged(opened(by_list, receiver=wants_all))
    assert one.owner
    assert one.owner.owner == ANN
    of_queue = the_receiver(filtering=FilteringMethod.ALL, owner_table="queue", owner=SALES, keeper=BOSS)
    (other,) = judged(opened(by_list, receiver=of_queue))
    assert other.owner
    assert other.owner.owner == BOSS, "the owner of the queue steps in"
    (third,) = judged(opened(a_mail(to=("sales@corp.example",))))
    assert third.owner
    assert third.owner.owner == BOSS


def test_sent_and_received_copies_are_two_emails() -> None:
    incoming, outgoing = (duplicate_check(way, "1@x", b"") for way in Direction)
    assert incoming != outgoing
    assert duplicate_check(Direction.INCOMING, "1@x", b"a") == duplicate_check(
        Direction.INCOMING, "1@x", b"b", 3
    )
    assert duplicate_check(Direction.INCOMING, "", b"a") != duplicate_check(Direction.INCOMING, "", b"b")
