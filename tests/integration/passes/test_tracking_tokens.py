"""Tokens over whole passes: their numbers, their place behind the subject, and who is found by them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.correspondence import (
    CARL,
    SALES,
    an_answer,
    organize,
    read_in,
    send_out,
    switch,
    the,
    wire_of,
    wishes,
)

from postroom.passes.issue import send_email
from postroom.passes.send import explain_waiting, send
from postroom.schema.choices import CorrelationMethod, EmailStatus, Reason

ANN, BOB = "ann@corp.example", "bob@corp.example"
OLGA = "olga@other.example"


def olga(company: Company) -> UUID:
    return company.create("contact", firstname="Olga", lastname="Other", emailaddress1=OLGA)


def tokens(*sent: Mapping[str, Any]) -> list[str]:
    return [row["trackingtoken"] for row in sent]


def test_each_user_has_a_number_and_counts_from_one(company: Company) -> None:
    company.ids["bob"] = company.add_user(BOB, "Bob Boss")
    company.enable(BOB)
    of_ann = [send_out(company) for _ in range(3)]
    of_bob = [send_out(company, sender="bob", address=BOB) for _ in range(2)]
    assert tokens(*of_ann) == ["CRM:0001001", "CRM:0001002", "CRM:0001003"]
    assert tokens(*of_bob) == ["CRM:0002001", "CRM:0002002"]
    for row in (*of_ann, *of_bob):
        assert wire_of(company, row)["Subject"] == f"Offer {row['trackingtoken']}"


def test_what_leaves_in_one_go_is_counted_one_by_one(company: Company) -> None:
    keys = [company.email(company.ids["ann"], "systemuser", company.ids["carl"]) for _ in range(5)]
    for key in keys:
        # As a program does that does not ask for SendEmail.
        company.update("email", key, statuscode=int(EmailStatus.PENDING_SEND), statecode=1)
    explain_waiting(company.context)
    send(company.context, company.mailbox(ANN))
    found = [the(company, "email", activityid=key)["trackingtoken"] for key in keys]
    assert sorted(found) == [f"CRM:000100{n}" for n in range(1, 6)]


def test_an_email_from_a_queue_counts_for_its_owner(company: Company) -> None:
    owner = {"ownerid": company.ids["ann"], "owneridtype": "systemuser"}
    company.update("queue", company.ids["sales"], **owner)
    of_queue = send_out(company, sender="sales", address=SALES, **owner)
    of_ann = send_out(company)
    assert tokens(of_queue, of_ann) == ["CRM:0001001", "CRM:0001002"]


def test_after_the_largest_number_comes_zero(company: Company) -> None:
    wishes(company, nexttrackingnumber=998)
    assert tokens(*(send_out(company) for _ in range(4))) == [
        "CRM:0001998",
        "CRM:0001999",
        "CRM:0001000",
        "CRM:0001001",
    ]


def test_a_largest_number_that_shrinks_or_grows_changes_the_digits(company: Company) -> None:
    organize(company, maximumtrackingnumber=20)
    wishes(company, nexttrackingnumber=19)
    assert tokens(*(send_out(company) for _ in range(3))) == ["CRM:000119", "CRM:000120", "CRM:000100"]
    organize(company, maximumtrackingnumber=99_999, trackingtokeniddigits=4)
    assert tokens(send_out(company)) == ["CRM:0000100001"]


def test_a_token_that_was_given_twice_belongs_to_who_takes_part_then_to_the_newest(company: Company) -> None:
    wishes(company, incomingemailfilteringmethod=1)
    to_carl = send_out(company)
    company.clock.at += timedelta(days=1)
    wishes(company, nexttrackingnumber=1)
    to_olga = send_out(company, olga(company))
    token = to_carl["trackingtoken"]
    assert tokens(to_carl, to_olga) == [token, token]
    # Ann takes part in both and tells nothing apart, so the stranger's belongs to the newest.
    senders = {
        CARL: to_carl,
        f"colleague@x.example cc {CARL}": to_carl,
        OLGA: to_olga,
        "x@y.example": to_olga,
    }
    for sender, sent in senders.items():
        author, _, cc = sender.partition(" cc ")
        (decision,) = read_in(
            company, an_answer(sender=author, cc=[cc] if cc else [], subject=f"AW: {token}")
        )
        answer = the(company, "email", activityid=decision["emailid"])
        assert answer["conversationtrackingid"] == sent["activityid"], sender
        company.clock.at += timedelta(minutes=1)


@pytest.mark.parametrize("answers", [1, 6])
def test_however_much_is_written_in_the_newer_conversation_the_older_one_gets_its_answers(
    company: Company, answers: int
) -> None:
    wishes(company, incomingemailfilteringmethod=1)
    to_carl = send_out(company)
    subject = f"AW: {to_carl['subject']}"
    wishes(company, nexttrackingnumber=1)
    her = olga(company)
    to_olga = send_out(company, her)
    for number in range(answers):
        company.clock.at += timedelta(minutes=1)
        read_in(company, an_answer(sender=OLGA, subject=subject, text=f"answer {number}"))
        send_out(company, her, subject=subject, parentactivityid=to_olga["activityid"])
    # Somebody writes for Carl, who is not among the newest of his conversation then.
    read_in(company, an_answer(sender="mate@x.example", subject=subject, in_reply_to=to_carl["messageid"]))
    (decision,) = read_in(company, an_answer(subject=subject))
    assert decision["correlationmethod"] == CorrelationMethod.TRACKING_TOKEN
    answer = the(company, "email", activityid=decision["emailid"])
    assert answer["conversationtrackingid"] == to_carl["activityid"]


def test_an_email_of_no_conversation_is_found_by_its_token(company: Company) -> None:
    wishes(company, incomingemailfilteringmethod=1)
    key = company.email(
        company.ids["ann"], "systemuser", company.ids["carl"], trackingtoken="CRM:0009009", statuscode=3
    )
    assert the(company, "email", activityid=key)["conversationtrackingid"] is None
    (decision,) = read_in(company, an_answer(subject="AW: Offer CRM:0009009"))
    assert decision["correlatedactivityid"] == key


def test_tokens_of_former_prefixes_are_found_for_ever(company: Company) -> None:
    wishes(company, incomingemailfilteringmethod=1)
    old = send_out(company)
    organize(company, trackingprefix="Ticket#;CRM:")
    new = send_out(company)
    assert tokens(old, new) == ["CRM:0001001", "Ticket#0001002"]
    answers = [an_answer(subject=f"RE: {row['trackingtoken']}", text=row["subject"]) for row in (old, new)]
    found = read_in(company, *answers)
    assert [row["correlatedactivityid"] for row in found] == [old["activityid"], new["activityid"]]
    assert {row["correlationmethod"] for row in found} == {CorrelationMethod.TRACKING_TOKEN}
    organize(company, trackingprefix="Ticket#")
    (decision,) = read_in(company, an_answer(subject=f"RE: {old['trackingtoken']}", text="once more"))
    assert decision["reason"] == Reason.NO_CORRELATION_MATCH, "a prefix that is struck off is forgotten"


def test_an_answer_of_ours_keeps_the_token_of_the_conversation(company: Company) -> None:
    sent = send_out(company)
    (decision,) = read_in(company, an_answer(subject=f"AW: {sent['subject']}", in_reply_to=sent["messageid"]))
    answer = {"parentactivityid": decision["emailid"]}
    with_token = send_out(company, subject=f"RE: AW: {sent['subject']}", **answer)
    assert with_token["subject"] == f"RE: AW: {sent['subject']}"
    without = send_out(company, subject="RE: Offer", **answer)
    assert without["subject"] == "RE: Offer CRM:0001001"
    assert tokens(with_token, without) == [sent["trackingtoken"]] * 2
    assert tokens(send_out(company)) == ["CRM:0001002"], "answers take no number"


def test_what_a_caller_says_about_the_token_is_kept(company: Company) -> None:
    given = send_out(company, trackingtoken="CRM:0009009")
    assert (given["subject"], given["trackingtoken"]) == ("Offer CRM:0009009", "CRM:0009009")
    written = send_out(company, subject="Offer crm:0009010 again")
    assert (written["subject"], written["trackingtoken"]) == ("Offer crm:0009010 again", "CRM:0009010")
    assert tokens(send_out(company)) == ["CRM:0001001"], "no number was taken for them"


def test_an_answer_takes_no_strangers_token_for_one_of_ours(company: Company) -> None:
    of_ours = send_out(company, olga(company))
    subjects = ["Question CRM:0007777", f"Question {of_ours['trackingtoken']} CRM:0007777"]
    found = read_in(company, *(an_answer(subject=subject) for subject in subjects))
    # The second one is found by our token, so that its conversation has it.
    assert [the(company, "email", activityid=row["emailid"])["trackingtoken"] for row in found] == [
        None,
        of_ours["trackingtoken"],
    ]
    first, second = (
        send_out(company, subject=f"RE: {subject}", parentactivityid=row["emailid"])
        for subject, row in zip(subjects, found, strict=True)
    )
    assert (first["subject"], first["trackingtoken"]) == (
        "RE: Question CRM:0007777 CRM:0001002",
        "CRM:0001002",
    )
    assert (second["subject"], second["trackingtoken"]) == (f"RE: {subjects[1]}", of_ours["trackingtoken"])


def test_a_longer_number_in_the_subject_is_not_taken_for_the_token(company: Company) -> None:
    sent = send_out(company, subject="Order CRM:00090091", trackingtoken="CRM:0009009")
    assert sent["subject"] == "Order CRM:00090091 CRM:0009009"


@pytest.mark.parametrize("longest", [255, 400])
def test_a_long_subject_is_cut_so_that_its_token_arrives_whole(company: Company, longest: int) -> None:
    switch(company, maximum_subject_length_on_mail_server=longest)
    sent = send_out(company, subject="word " * 100)
    assert len(sent["subject"]) <= longest
    assert sent["subject"].endswith(" CRM:0001001")
    assert wire_of(company, sent)["Subject"] == sent["subject"]
    answer = send_out(company, subject=f"RE: {sent['subject']}", parentactivityid=sent["activityid"])
    assert len(answer["subject"]) <= longest
    assert answer["subject"].endswith(" CRM:0001001")


def test_a_subject_that_fits_to_the_letter_is_left_as_it_is(company: Company) -> None:
    room = 255 - len(" CRM:0001001")
    assert len(send_out(company, subject="x" * room)["subject"]) == 255
    assert send_out(company, subject="y" * (room + 1))["subject"] == "y" * room + " CRM:0001002"
    assert send_out(company, subject="")["subject"] == "CRM:0001003"


def test_without_tokens_a_subject_leaves_as_it_was_written(company: Company) -> None:
    wishes(company, incomingemailfilteringmethod=1)
    before = send_out(company)
    organize(company, postroom_usetrackingtoken=False)
    sent = send_out(company)
    assert (sent["subject"], sent["trackingtoken"]) == ("Offer", None)
    assert sent["conversationindex"]
    (decision,) = read_in(company, an_answer(subject=f"RE: {before['subject']}"))
    assert decision["reason"] == Reason.NO_CORRELATION_MATCH, "nor is one looked for"
    organize(company, postroom_usetrackingtoken=True)
    assert tokens(send_out(company)) == ["CRM:0001002"]


def test_an_email_that_was_put_off_keeps_its_token(company: Company) -> None:
    company.answers[CARL] = "451 4.7.1 come back later"
    key = company.email(company.ids["ann"], "systemuser", company.ids["carl"])
    send_email(company.context, key)
    send(company.context, company.mailbox(ANN))
    company.answers.clear()
    company.clock.at += timedelta(hours=1)
    send(company.context, company.mailbox(ANN))
    row = the(company, "email", activityid=key)
    assert (row["statuscode"], row["subject"]) == (EmailStatus.SENT, "Offer CRM:0001001")


def test_an_email_that_failed_and_was_edited_leaves_with_its_token(company: Company) -> None:
    company.answers[CARL] = "550 5.1.1 no such user"
    key = company.email(company.ids["ann"], "systemuser", company.ids["carl"])
    send_email(company.context, key)
    send(company.context, company.mailbox(ANN))
    assert the(company, "email", activityid=key)["statuscode"] == EmailStatus.FAILED
    company.answers.clear()
    company.update("email", key, subject="A better offer")
    send_email(company.context, key)
    send(company.context, company.mailbox(ANN))
    row = the(company, "email", activityid=key)
    assert (row["statuscode"], row["trackingtoken"]) == (EmailStatus.SENT, "CRM:0001001")
    assert row["subject"] == "A better offer CRM:0001001"


def test_eight_who_send_as_one_user_at_once_never_take_the_same_number(company: Company) -> None:
    keys = [company.email(company.ids["ann"], "systemuser", company.ids["carl"]) for _ in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda key: send_email(company.context, key), keys))
    found = [the(company, "email", activityid=key)["trackingtoken"] for key in keys]
    assert sorted(found) == [f"CRM:0001{n:03d}" for n in range(1, 41)]
