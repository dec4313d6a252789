"""Which e-mail a message belongs to: the methods in order, each on and off."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.support.cases import a_mail, a_parent, arrived_mail

from postroom.mime.message import Message
from postroom.mime.nature import Nature, Report
from postroom.schema.choices import CorrelationMethod, MessageKind
from postroom.tracking.correlation import Correlation, correlate
from postroom.tracking.facts import Correlated, Facts, Policy
from postroom.tracking.subject import SmartRules, hashes_of, words_of

METHOD = CorrelationMethod
BASE = "01DA" + "AB" * 20
RULES = SmartRules()
PAIR = frozenset({"carl@contoso.example", "ann@corp.example"})


def an_email(number: int, **more: Any) -> Correlated:
    return replace(a_parent(**more), activity=UUID(int=number))


BY_REPLY, BY_TOKEN, BY_INDEX, BY_SUBJECT = (an_email(number) for number in range(1, 5))
SIMILAR = replace(BY_SUBJECT, subject="Repair of the red pump", people=PAIR)
ALL = a_mail(
    in_reply_to="parent@corp.example",
    subject="Re: Repair of the red pump CRM:0001001",
    conversation_index=BASE + "0011223344",
)
FOUND = Facts(
    by_message_id={"parent@corp.example": [BY_REPLY]},
    by_token={"CRM:0001001": [BY_TOKEN]},
    by_index={BASE: [BY_INDEX]},
    by_subject={
        hashes_of(words_of(ALL.subject, RULES), RULES)[0]: [
            replace(SIMILAR, subject="Repair of the red pump CRM:0001001")
        ]
    },
)
SMART = Policy(smart_matching=True)


def found(message: Message = ALL, facts: Facts = FOUND, policy: Policy = SMART, **more: Any) -> Correlation:
    return correlate(arrived_mail(message, **more), facts, policy)


def test_the_methods_are_tried_from_the_surest_on() -> None:
    off = SMART
    methods = []
    for switch in ("correlate_by_reply", "correlate_by_token", "correlate_by_index", "smart_matching", ""):
        methods.append(found(policy=off).method)
        off = replace(off, **{switch: False}) if switch else off
    assert methods == [
        METHOD.IN_REPLY_TO,
        METHOD.TRACKING_TOKEN,
        METHOD.CONVERSATION_INDEX,
        METHOD.SMART_MATCHING,
        METHOD.NONE,
    ]


def test_the_organization_may_switch_correlation_off() -> None:
    nothing = found(policy=Policy(correlation=False))
    assert (nothing.email, nothing.method) == (None, METHOD.SKIPPED)


@pytest.mark.parametrize("mark", ["FW:", "Fwd:", "WG: AW:", "TR:", "转发:"])
def test_a_forward_belongs_to_no_conversation_unless_the_organization_wishes(mark: str) -> None:
    forward = replace(ALL, subject=f"{mark} Repair CRM:0001001")
    assert found(forward).method is METHOD.SKIPPED
    assert found(forward, policy=Policy(forwards_as_replies=True)).method is METHOD.IN_REPLY_TO
    answered = replace(ALL, subject="AW: WG: Repair")
    assert found(answered).method is METHOD.IN_REPLY_TO, "an answer to a forward is an answer"


def test_a_report_names_its_original_whatever_its_subject_says() -> None:
    bounce = Nature(MessageKind.BOUNCE, Report("parent@corp.example", ()))
    returned = a_mail(subject="FW: Undeliverable", message_id="b@x")
    assert found(returned, nature=bounce).email == BY_REPLY


def test_a_message_never_belongs_to_itself() -> None:
    message = a_mail(references=("one@contoso.example",), message_id="one@contoso.example")
    facts = Facts(by_message_id={"one@contoso.example": [BY_REPLY]})
    assert found(message, facts).email is None


def test_the_nearest_answered_email_wins() -> None:
    message = a_mail(references=("root@x", "near@x"))
    near = Facts(by_message_id={"root@x": [BY_REPLY], "near@x": [BY_TOKEN]})
    assert found(message, near).email == BY_TOKEN


def test_of_emails_with_one_token_a_person_in_common_goes_before_the_newest() -> None:
    older, newer = an_email(1, people=PAIR), an_email(2, people=frozenset({"x@else.example"}))
    message = a_mail(subject="Question crm:0001001")
    for listed, expected in (([older, newer], older), ([newer, an_email(3)], an_email(3))):
        facts = Facts(by_token={"CRM:0001001": listed})
        assert found(message, facts).email == expected


def test_the_last_token_of_a_subject_counts_first() -> None:
    message = a_mail(subject="CRM:0001001 and CRM:0001002")
    facts = Facts(by_token={"CRM:0001001": [BY_REPLY], "CRM:0001002": [BY_TOKEN]})
    assert found(message, facts).email == BY_TOKEN
    only_first = Facts(by_token={"CRM:0001001": [BY_REPLY]})
    assert found(message, only_first).email == BY_REPLY


def test_a_token_in_the_body_ties_nothing() -> None:
    assert found(a_mail(subject="Hello", text="CRM:0001001")).email is None


def test_in_a_conversation_the_nearest_email_above_is_the_one_answered() -> None:
    root, parent, sibling = (
        an_email(n, index=BASE + tail) for n, tail in ((1, ""), (2, "0000000001"), (3, "0000000002"))
    )
    facts = Facts(by_index={BASE: [root, parent, sibling]})
    answer = a_mail(conversation_index=BASE + "00000000010000000009")
    assert found(answer, facts).email == parent
    first_again = a_mail(conversation_index=BASE)
    assert found(first_again, facts).email == sibling, "the newest, where none is above"


def test_smart_matching_says_how_sure_it_is() -> None:
    message = a_mail(subject="Repair of the red pump")
    facts = Facts(by_subject={hashes_of(words_of(message.subject, RULES), RULES)[0]: [SIMILAR]})
    match = found(message, facts)
    assert (match.email, match.method) == (SIMILAR, METHOD.SMART_MATCHING)
    assert match.score == 88
    assert "88 of 100" in match.finding
    strict = Policy(smart_matching=True, smart=SmartRules(threshold=90))
    assert found(message, facts, strict).email is None


def test_of_equally_good_smart_matches_the_newest_is_taken() -> None:
    message = a_mail(subject="Repair of the red pump")
    newer = replace(SIMILAR, activity=UUID(int=9))
    facts = Facts(by_subject={hashes_of(words_of(message.subject, RULES), RULES)[0]: [SIMILAR, newer]})
    assert found(message, facts).email == newer


def test_smart_matching_looks_at_so_many_people_and_no_more() -> None:
    crowd = tuple(f"{number:02}@x.example" for number in range(30))
    message = a_mail(subject="Repair of the red pump", to=crowd)
    other = replace(SIMILAR, people=frozenset(crowd))
    facts = Facts(by_subject={hashes_of(words_of(message.subject, RULES), RULES)[0]: [other]})
    few = Policy(smart_matching=True, smart=SmartRules(most=5))
    assert found(message, facts).score == 88
    assert found(message, facts, few).email == other
