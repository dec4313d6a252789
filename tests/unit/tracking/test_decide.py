"""The rules of relevance, one sentence each; no store, no server."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.cases import (
    ANN,
    NOON,
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

from postroom.mime.message import Address, Message
from postroom.mime.nature import Fate, Nature, Report
from postroom.schema.choices import (
    CorrelationMethod,
    DeliveryState,
    FilteringMethod,
    MessageKind,
    Reason,
    SetBy,
    Wish,
)
from postroom.tracking import decide as rules
from postroom.tracking.decide import RULES, SENT_RULES, decide
from postroom.tracking.facts import NOTICES, Direction, Facts, Marked, Policy, Settled
from postroom.tracking.verdict import Verdict

KNOWN = {"ann@corp.example": [ann()], "sales@corp.example": [sales()], "carl@contoso.example": [carl()]}


_FACTS = ("by_message_id", "by_token", "by_index", "by_subject", "duplicate", "settled")


def judged(message: Message | None = None, known: dict[str, Any] | None = None, **more: Any) -> Verdict:
    """Return the verdict; what is not given is Carl's mail to Ann, who wants mail of known senders."""
    given = {name: more.pop(name) for name in _FACTS if name in more}
    facts = Facts({**KNOWN, **(known or {})}, **given)
    given = ("received_at", "nature", "direction", "is_arrival", "marked")
    arrived = {name: more.pop(name) for name in given if name in more}
    policy = Policy(**more.pop("policy", {}))
    return decide(arrived_mail(message or a_mail(), the_receiver(**more), **arrived), facts, policy)


def with_filter(filtering: FilteringMethod | None) -> dict[str, Any]:
    return {"ann@corp.example": [ann(filtering)]}


def test_a_message_that_an_email_holds_already_is_a_duplicate_of_that_email() -> None:
    verdict = judged(duplicate=UUID(int=77))
    assert (verdict.track, verdict.reason, verdict.duplicate) == (False, Reason.DUPLICATE, UUID(int=77))
    assert [step.rule for step in verdict.trail] == ["not_a_duplicate"]


def test_what_arrived_before_the_start_date_is_left_alone() -> None:
    later = NOON + timedelta(seconds=1)
    assert judged(process_after=later).reason is Reason.TOO_OLD
    assert judged(process_after=NOON).track
    assert judged(process_after=later, received_at=None).track, "what left no trace of its arrival is new"


def test_what_is_moved_into_a_folder_is_judged_however_old_it_is() -> None:
    later = NOON + timedelta(days=400)
    assert judged(process_after=later, is_arrival=True).reason is Reason.SENDER_MATCH


CASE = UUID(int=900)


def test_what_lies_in_a_tracked_folder_is_tracked_whatever_the_filter_says() -> None:
    marked = Marked(SetBy.FOLDER, CASE, "incident")
    verdict = judged(a_mail(sender="sam@stranger.example"), with_filter(FilteringMethod.NONE), marked=marked)
    assert (verdict.track, verdict.reason) == (True, Reason.TRACKED_BY_FOLDER)
    assert (verdict.regarding, verdict.regarding_table) == (CASE, "incident")
    assert (verdict.regarding_by, verdict.tracked_by) == (SetBy.FOLDER, SetBy.FOLDER)


def test_the_record_of_a_folder_goes_before_that_of_the_conversation() -> None:
    parent = a_parent(regarding=UUID(int=7), regarding_table="account")
    reply = a_mail(in_reply_to="parent@corp.example")
    parents = {"parent@corp.example": [parent]}
    verdict = judged(reply, by_message_id=parents, marked=Marked(SetBy.FOLDER, CASE, "incident"))
    assert (verdict.regarding, verdict.correlated) == (CASE, parent)
    without = judged(reply, by_message_id=parents, marked=Marked(SetBy.FOLDER))
    assert (without.regarding, without.regarding_by) == (UUID(int=7), SetBy.RULE)


def test_what_bears_the_category_is_tracked_however_old_it_is() -> None:
    verdict = judged(process_after=NOON + timedelta(days=1), marked=Marked(SetBy.CATEGORY))
    assert (verdict.reason, verdict.tracked_by) == (Reason.TRACKED_BY_CATEGORY, SetBy.CATEGORY)
    assert verdict.regarding_by is None


def test_a_persons_wish_goes_before_the_folder() -> None:
    verdict = judged(settled=Settled(Wish.UNTRACK), marked=Marked(SetBy.FOLDER, CASE, "incident"))
    assert (verdict.track, verdict.reason) == (False, Reason.UNTRACKED_BY_PERSON)


def test_the_message_by_which_the_mailbox_was_tested_is_left_out() -> None:
    ours = a_mail(message_id="postroom-test.abc.1@corp.example")
    prefix = {"test_message_prefix": "postroom-test.abc."}
    assert judged(ours, policy=prefix).reason is Reason.TEST_MESSAGE
    assert judged(ours).track, "another installation's test message is ordinary mail"


@pytest.mark.parametrize("sender", [None, "", "nobody", "a b@c.example", "<a@b.example>", "@", "a@", "@b"])
def test_mail_without_a_usable_sender_is_refused(sender: str | None) -> None:
    assert judged(a_mail(sender=sender)).reason is Reason.INVALID_SENDER


def test_a_quoted_local_part_is_a_usable_sender() -> None:
    assert judged(a_mail(sender='"carl customer"@contoso.example')).reason is Reason.NO_CORRELATION_MATCH


def test_the_sender_header_stands_in_for_a_missing_from() -> None:
    unsigned = a_mail(sender=None)
    signed = replace(unsigned, sender=Address("carl@contoso.example"))
    assert judged(unsigned).reason is Reason.INVALID_SENDER
    assert judged(signed).reason is Reason.SENDER_MATCH


def test_mail_to_nobody_of_the_organization_has_no_recipient() -> None:
    verdict = judged(a_mail(to=("list@else.example",)))
    assert (verdict.track, verdict.reason) == (False, Reason.NO_RECIPIENT_MATCH)


def test_a_contact_or_an_inactive_queue_among_the_recipients_is_no_candidate() -> None:
    known = {"q@corp.example": [sales(active=False)]}
    verdict = judged(a_mail(to=("carl@contoso.example", "q@corp.example")), known)
    assert verdict.reason is Reason.NO_RECIPIENT_MATCH


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
def test_a_candidate_may_stand_in_any_recipient_list(field: str) -> None:
    lists = {"to": ("x@else.example",), field: ("ann@corp.example",)}
    assert judged(a_mail(**lists)).acceptor == ann()


def test_mail_that_came_by_a_list_is_for_the_owner_who_wants_all_mail() -> None:
    by_list = a_mail(to=("list@else.example",))
    verdict = judged(by_list, filtering=FilteringMethod.ALL)
    assert (verdict.reason, verdict.acceptor and verdict.acceptor.id) == (Reason.ACCEPT_ALL, ANN)
    of_queue = judged(by_list, filtering=FilteringMethod.ALL, owner_table="queue", owner=SALES)
    assert of_queue.acceptor
    assert (of_queue.acceptor.table, of_queue.acceptor.id) == ("queue", SALES)
    nobodys = judged(by_list, filtering=FilteringMethod.ALL, owner_table="", owner=None)
    assert nobodys.reason is Reason.NO_RECIPIENT_MATCH


def test_an_owner_who_is_a_recipient_already_is_asked_once() -> None:
    verdict = judged(known=with_filter(FilteringMethod.NONE), filtering=FilteringMethod.ALL)
    assert verdict.reason is Reason.FILTER_NONE


def test_any_candidate_may_accept_whosever_mailbox_it_is() -> None:
    both = a_mail(sender="stranger@x.example", to=("ann@corp.example", "sales@corp.example"))
    verdict = judged(both)
    assert (verdict.reason, verdict.acceptor) == (Reason.ACCEPT_ALL, sales())
    assert any("filter KNOWN_SENDERS does not accept it" in step.finding for step in verdict.trail)
    alone = judged(both, policy={"own_filter_only": True})
    assert (alone.track, alone.reason) == (False, Reason.NO_CORRELATION_MATCH)


def test_the_first_accepting_candidate_wins() -> None:
    both = a_mail(to=("ann@corp.example", "sales@corp.example"))
    assert judged(both).acceptor == ann()


FILTERS = [
    # filter, sender, answers an e-mail, reason
    (FilteringMethod.ALL, "stranger@x.example", False, Reason.ACCEPT_ALL),
    (FilteringMethod.RESPONSES, "carl@contoso.example", False, Reason.NO_CORRELATION_MATCH),
    (FilteringMethod.RESPONSES, "stranger@x.example", True, Reason.CORRELATION_MATCH),
    (FilteringMethod.KNOWN_SENDERS, "stranger@x.example", False, Reason.NO_CORRELATION_MATCH),
    (FilteringMethod.KNOWN_SENDERS, "stranger@x.example", True, Reason.CORRELATION_MATCH),
    (FilteringMethod.KNOWN_SENDERS, "carl@contoso.example", False, Reason.SENDER_MATCH),
    (FilteringMethod.KNOWN_SENDERS, "sales@corp.example", False, Reason.NO_CORRELATION_MATCH),
    (FilteringMethod.EMAIL_ENABLED, "sales@corp.example", False, Reason.SENDER_MATCH),
    (FilteringMethod.EMAIL_ENABLED, "stranger@x.example", False, Reason.NO_CORRELATION_MATCH),
    (FilteringMethod.NONE, "carl@contoso.example", True, Reason.FILTER_NONE),
    (None, "carl@contoso.example", True, Reason.NO_CORRELATION_MATCH),
]


@pytest.mark.parametrize(("filtering", "sender", "answers", "reason"), FILTERS)
def test_each_filter_accepts_what_it_says(
    filtering: FilteringMethod | None, sender: str, answers: bool, reason: Reason
) -> None:
    parent = {"parent@corp.example": [a_parent()]}
    message = a_mail(sender=sender, in_reply_to="parent@corp.example" if answers else "")
    verdict = judged(message, with_filter(filtering), by_message_id=parent)
    assert verdict.reason is reason
    assert verdict.track is (reason in {Reason.ACCEPT_ALL, Reason.CORRELATION_MATCH, Reason.SENDER_MATCH})


@pytest.mark.parametrize("table", ["lead", "contact", "account"])
def test_known_senders_are_leads_contacts_and_accounts(table: str) -> None:
    record = a_record(table, 50)
    verdict = judged(known={"carl@contoso.example": [a_record("team", 51), record]})
    assert (verdict.reason, verdict.matched) == (Reason.SENDER_MATCH, record)
    assert verdict.matched_address == "carl@contoso.example"


def test_addresses_match_in_any_case() -> None:
    message = a_mail(sender="CARL@Contoso.example", to=("ANN@corp.EXAMPLE",))
    assert judged(message).reason is Reason.SENDER_MATCH


def test_the_organization_may_force_one_filter_on_all_users_but_not_on_queues() -> None:
    forced = {"forced_user_filtering": FilteringMethod.NONE}
    assert judged(policy=forced).reason is Reason.FILTER_NONE
    assert judged(a_mail(to=("sales@corp.example",)), policy=forced).reason is Reason.ACCEPT_ALL


def test_the_forced_filter_decides_over_mail_that_came_by_a_list_as_well() -> None:
    by_list = a_mail(to=("list@else.example",))
    force_all = {"forced_user_filtering": FilteringMethod.ALL}
    verdict = judged(by_list, filtering=FilteringMethod.RESPONSES, policy=force_all)
    assert (verdict.reason, verdict.acceptor and verdict.acceptor.id) == (Reason.ACCEPT_ALL, ANN)
    force_answers = {"forced_user_filtering": FilteringMethod.RESPONSES}
    refused = judged(by_list, filtering=FilteringMethod.ALL, policy=force_answers)
    assert refused.reason is Reason.NO_RECIPIENT_MATCH
    of_queue = {"owner_table": "queue", "owner": SALES}
    assert judged(by_list, filtering=FilteringMethod.ALL, policy=force_answers, **of_queue).track
    assert not judged(by_list, filtering=FilteringMethod.RESPONSES, policy=force_all, **of_queue).track


def test_an_answer_names_the_email_it_answers_in_the_verdict() -> None:
    parent = a_parent()
    verdict = judged(
        a_mail(references=("root@corp.example", "parent@corp.example")),
        by_message_id={"parent@corp.example": [a_parent(subject="older"), parent]},
    )
    assert (verdict.correlated, verdict.method) == (parent, CorrelationMethod.IN_REPLY_TO)
    assert verdict.reason is Reason.CORRELATION_MATCH


def test_the_nearest_answered_email_counts() -> None:
    root, parent = a_parent(subject="root"), a_parent(subject="parent")
    found = {"root@corp.example": [root], "parent@corp.example": [parent]}
    message = a_mail(in_reply_to="gone@corp.example", references=("root@corp.example", "parent@corp.example"))
    assert judged(message, by_message_id=found).correlated is parent


def test_correlation_that_is_switched_off_finds_nothing() -> None:
    verdict = judged(
        a_mail(sender="stranger@x.example", in_reply_to="parent@corp.example"),
        by_message_id={"parent@corp.example": [a_parent()]},
        policy={"correlation": False},
    )
    assert (verdict.reason, verdict.correlated) == (Reason.NO_CORRELATION_MATCH, None)


def internal(**policy: bool) -> Verdict:
    """Return the verdict on Ann's own mail to a colleague and a queue."""
    known = {"bob@corp.example": [a_record("systemuser", 60, filtering=FilteringMethod.ALL)]}
    message = a_mail(sender="ann@corp.example", to=("bob@corp.example", "sales@corp.example"))
    sent = {message.message_id: [a_parent(outgoing=True)]} if policy.pop("sent_copy", True) else {}
    return judged(message, known, by_message_id=sent, policy=policy)


def test_internal_mail_is_tracked_as_two_activities_unless_it_is_unwanted() -> None:
    assert internal().track
    unwanted = internal(ignore_internal=True, keep_internal_to_queues=False)
    assert (unwanted.track, unwanted.reason) == (False, Reason.INTERNAL_EMAIL_REJECT)


def test_unwanted_internal_mail_still_goes_to_a_queue() -> None:
    verdict = internal(ignore_internal=True)
    assert (verdict.reason, verdict.acceptor) == (Reason.ACCEPT_ALL, sales())


def test_unwanted_internal_mail_is_kept_when_no_sent_copy_is_there() -> None:
    assert internal(ignore_internal=True, keep_internal_to_queues=False, sent_copy=False).track
    strict = internal(
        ignore_internal=True,
        keep_internal_to_queues=False,
        ignore_internal_needs_sent_copy=False,
        sent_copy=False,
    )
    assert strict.reason is Reason.INTERNAL_EMAIL_REJECT


def test_a_received_copy_is_no_sent_copy() -> None:
    message = a_mail(sender="ann@corp.example", to=("bob@corp.example",))
    verdict = judged(
        message,
        {"bob@corp.example": [a_record("systemuser", 60, filtering=FilteringMethod.ALL)]},
        by_message_id={message.message_id: [a_parent(outgoing=False)]},
        policy={"ignore_internal": True},
    )
    assert verdict.track


def test_mail_from_outside_is_not_internal() -> None:
    assert judged(policy={"ignore_internal": True}).reason is Reason.SENDER_MATCH
    disabled = {"carl@contoso.example": [a_record("systemuser", 61, active=False), carl()]}
    assert judged(known=disabled, policy={"ignore_internal": True}).reason is Reason.SENDER_MATCH


def a_report(kind: MessageKind, original: str = "parent@corp.example") -> Nature:
    return Nature(kind, Report(original, (Fate("carl@contoso.example", DeliveryState.READ, "", ""),)))


SENT = {"parent@corp.example": [a_parent(outgoing=True)]}


@pytest.mark.parametrize("kind", sorted(NOTICES))
def test_a_notice_about_a_sent_email_is_noted_there_and_not_tracked(kind: MessageKind) -> None:
    verdict = judged(nature=a_report(kind), by_message_id=SENT)
    assert (verdict.track, verdict.reason) == (False, Reason.REPORT_NOTED)
    assert verdict.reported == verdict.correlated == SENT["parent@corp.example"][0]
    tracked = judged(nature=a_report(kind), by_message_id=SENT, policy={"track_reports": True})
    assert (tracked.reason, tracked.reported) == (Reason.CORRELATION_MATCH, verdict.reported)


def test_a_notice_about_an_email_that_was_never_sent_is_judged_as_all_mail() -> None:
    received = {"parent@corp.example": [a_parent(outgoing=False)]}
    for facts in ({}, received):
        verdict = judged(nature=a_report(MessageKind.READ_RECEIPT), by_message_id=facts)
        assert verdict.track, "a forged receipt is no receipt"
        assert verdict.reported is None


def test_a_bounce_of_a_sent_email_is_an_answer_to_it_and_needs_no_sender() -> None:
    unsigned = a_mail(sender=None, subject="Undelivered Mail Returned to Sender")
    verdict = judged(unsigned, nature=a_report(MessageKind.BOUNCE), by_message_id=SENT)
    assert (verdict.reason, verdict.method) == (Reason.CORRELATION_MATCH, CorrelationMethod.IN_REPLY_TO)
    assert verdict.reported == verdict.correlated
    forged = judged(unsigned, nature=a_report(MessageKind.BOUNCE))
    assert forged.reason is Reason.INVALID_SENDER


def test_what_a_person_does_not_want_is_not_tracked_whatever_the_filter_says() -> None:
    verdict = judged(settled=Settled(Wish.UNTRACK), known=with_filter(FilteringMethod.ALL))
    assert (verdict.track, verdict.reason) == (False, Reason.UNTRACKED_BY_PERSON)


def test_what_a_person_wants_is_tracked_whatever_the_rules_say() -> None:
    stranger = a_mail(sender="x@else.example", to=("list@else.example",), in_reply_to="parent@corp.example")
    wish = Settled(Wish.TRACK, UUID(int=8), "contact")
    late = NOON + timedelta(days=1)
    verdict = judged(stranger, settled=wish, process_after=late, by_message_id=SENT)
    assert (verdict.track, verdict.reason) == (True, Reason.TRACKED_BY_PERSON)
    assert verdict.acceptor
    assert verdict.acceptor.id == ANN
    assert (verdict.regarding, verdict.regarding_by) == (UUID(int=8), SetBy.PERSON)
    assert verdict.correlated, "the e-mail that it answers is found all the same"
    assert judged(stranger, settled=Settled(Wish.TRACK), owner=None, owner_table="").acceptor is None


def test_an_email_takes_over_what_the_email_it_answers_regards() -> None:
    parent = a_parent(regarding=UUID(int=9), regarding_table="account")
    answer = a_mail(in_reply_to="parent@corp.example")
    verdict = judged(answer, by_message_id={"parent@corp.example": [parent]})
    assert (verdict.regarding, verdict.regarding_table) == (UUID(int=9), "account")
    assert verdict.regarding_by is SetBy.RULE
    alone = judged(answer, by_message_id={"parent@corp.example": [a_parent()]})
    assert (alone.regarding, alone.regarding_by) == (None, None)


def test_all_who_accept_are_named_and_not_only_the_first() -> None:
    both = a_mail(to=("ann@corp.example", "sales@corp.example"), cc=("quiet@corp.example",))
    quiet = a_record("queue", 71, filtering=FilteringMethod.NONE)
    verdict = judged(both, {"quiet@corp.example": [quiet]})
    assert verdict.accepting == (ann(), sales())


def sent(message: Message, known: dict[str, Any] | None = None, **more: Any) -> Verdict:
    """Return the verdict on a message found among the items that Ann has sent."""
    return judged(message, known, direction=Direction.OUTGOING, **more)


BY_ANN = a_mail(sender="ann@corp.example", to=("stranger@x.example", "carl@contoso.example"))


@pytest.mark.parametrize(
    ("filtering", "reason"),
    [
        (FilteringMethod.ALL, Reason.ACCEPT_ALL),
        (FilteringMethod.RESPONSES, Reason.NO_CORRELATION_MATCH),
        (FilteringMethod.KNOWN_SENDERS, Reason.RECIPIENT_MATCH),
        (FilteringMethod.EMAIL_ENABLED, Reason.RECIPIENT_MATCH),
        (FilteringMethod.NONE, Reason.FILTER_NONE),
    ],
)
def test_a_sent_message_is_judged_by_its_senders_filter_and_its_recipients(
    filtering: FilteringMethod, reason: Reason
) -> None:
    verdict = sent(BY_ANN, with_filter(filtering))
    assert verdict.reason is reason
    if reason is Reason.RECIPIENT_MATCH:
        assert (verdict.matched, verdict.matched_address) == (carl(), "carl@contoso.example")


def test_a_sent_answer_belongs_to_its_conversation() -> None:
    answer = replace(BY_ANN, in_reply_to="parent@corp.example")
    verdict = sent(answer, with_filter(FilteringMethod.RESPONSES), by_message_id=SENT)
    assert verdict.reason is Reason.CORRELATION_MATCH


def test_a_message_sent_for_somebody_else_is_judged_by_that_persons_filter_else_the_owners() -> None:
    bob = a_record("systemuser", 60, filtering=FilteringMethod.ALL)
    for_bob = a_mail(sender="bob@corp.example", to=("stranger@x.example",))
    assert sent(for_bob, {"bob@corp.example": [bob]}).acceptor == bob
    for_nobody = a_mail(sender="alias@corp.example", to=("carl@contoso.example",))
    own = sent(for_nobody)
    assert own.acceptor
    assert (own.acceptor.id, own.reason) == (ANN, Reason.RECIPIENT_MATCH)
    assert sent(for_nobody, owner=None, owner_table="").reason is Reason.NO_RECIPIENT_MATCH
    both = {"ann@corp.example": [bob, ann()]}
    assert sent(BY_ANN, both).acceptor == ann(), "the mailbox's own user goes first"


def test_a_sent_message_is_no_report_on_itself_and_has_its_own_rules() -> None:
    verdict = sent(BY_ANN, nature=a_report(MessageKind.READ_RECEIPT), by_message_id=SENT)
    assert (verdict.reported, verdict.track) == (None, True)
    assert [step.rule for step in verdict.trail] == [rule.__name__ for rule in SENT_RULES]


def test_internal_mail_from_a_queue_may_be_refused_by_itself() -> None:
    message = a_mail(sender="sales@corp.example")
    known = with_filter(FilteringMethod.ALL)
    policy = {"ignore_internal_from_queues": True}
    copy = {message.message_id: [a_parent(outgoing=True)]}
    assert judged(message, known, policy=policy, by_message_id=copy).reason is Reason.INTERNAL_EMAIL_REJECT
    assert judged(message, known, policy=policy).track, "without a sent copy it is the only one"
    assert judged(message, known, by_message_id=copy).track
    by_user = {"carl@contoso.example": [a_record("systemuser", 60)], **known}
    assert judged(known=by_user, policy=policy, by_message_id=copy).track


def test_the_trail_names_every_rule_tried_in_order() -> None:
    verdict = judged()
    names = [rule.__name__ for rule in RULES]
    assert [step.rule for step in verdict.trail] == names
    assert verdict.trail[-1].finding == Reason.SENDER_MATCH.sentence
    assert all(step.finding for step in verdict.trail)


def test_every_reason_that_rules_can_give_is_given_by_a_case_above() -> None:
    # The others are about bytes that never come before the rules, or say that nobody recorded a reason.
    elsewhere = {
        Reason.UNKNOWN,
        Reason.TOO_LARGE,
        Reason.MALFORMED,
        Reason.INVALID_FORWARD_MAIL_ITEM,
        Reason.ALREADY_RECORDED,
        Reason.STORE_REFUSED,
        Reason.FETCH_FAILED,
    }
    given = {
        judged(duplicate=UUID(int=1)).reason,
        judged(process_after=NOON + timedelta(days=1)).reason,
        judged(a_mail(message_id="t.1"), policy={"test_message_prefix": "t."}).reason,
        judged(a_mail(sender=None)).reason,
        judged(a_mail(to=())).reason,
        internal(ignore_internal=True, keep_internal_to_queues=False).reason,
        judged(nature=a_report(MessageKind.DELIVERY), by_message_id=SENT).reason,
        judged(settled=Settled(Wish.TRACK)).reason,
        judged(settled=Settled(Wish.UNTRACK)).reason,
        judged(marked=Marked(SetBy.FOLDER)).reason,
        judged(marked=Marked(SetBy.CATEGORY)).reason,
        sent(BY_ANN).reason,
        *(reason for _, _, _, reason in FILTERS),
    }
    assert given == set(Reason) - elsewhere
    assert all(reason.sentence.endswith(".") for reason in Reason)


def test_rules_that_end_nothing_are_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "RULES", RULES[:1])
    with pytest.raises(AssertionError, match="always ends the case"):
        judged()
