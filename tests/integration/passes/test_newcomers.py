"""Newcomers over whole passes: who becomes a contact or a lead, who never does, and nobody twice."""

from typing import Any

import pytest
from tests.support.books import assert_sum_of_decisions
from tests.support.company import Company
from tests.support.correspondence import ANN, CARL, SALES, read_in, send_out, switch, the, wishes
from tests.support.crowd import a_mailbox, add_users, read_at_once
from tests.support.mail import a_message
from tests.support.reports import a_report

from postroom.schema.choices import FullNameConvention, Participation, Reason

ADA = "ada@new.example"
CONTACT, LEAD = 1, 2


@pytest.fixture
def welcoming(company: Company) -> Company:
    """The company, where Ann takes all mail and has contacts made of whom she does not know."""
    wishes(company, incomingemailfilteringmethod=0, autocreatecontactonpromote=CONTACT)
    return company


def from_ada(number: int = 1, *, sender: str | None = f"Ada Lovelace <{ADA}>", **more: Any) -> bytes:
    return a_message(sender=sender, **{"to": (ANN,), "subject": f"Hello {number}", **more})


def made(company: Company, table: str = "contact") -> list[dict[str, Any]]:
    """Return the records that were made of newcomers."""
    return [row for row in company.rows(table) if row["emailaddress1"] != CARL]


def parties(company: Company, decision: dict[str, Any], mask: Participation) -> dict[str, Any]:
    rows = company.rows("activityparty", activityid=decision["emailid"], participationtypemask=mask)
    return {row["addressused"]: row["partyid"] for row in rows}


def test_an_unknown_sender_of_a_tracked_email_becomes_a_contact(welcoming: Company) -> None:
    (decision,) = read_in(welcoming, from_ada())
    (ada,) = made(welcoming)
    assert (ada["firstname"], ada["lastname"], ada["emailaddress1"]) == ("Ada", "Lovelace", ADA)
    assert (ada["ownerid"], ada["owneridtype"]) == (welcoming.ids["ann"], "systemuser")
    email = the(welcoming, "email", activityid=decision["emailid"])
    assert (email["emailsender"], email["emailsenderobjecttypecode"]) == (ada["contactid"], "contact")
    assert parties(welcoming, decision, Participation.SENDER) == {ADA: ada["contactid"]}
    assert made(welcoming, "lead") == []


def test_or_a_lead_where_the_user_wants_that(welcoming: Company) -> None:
    wishes(welcoming, autocreatecontactonpromote=LEAD)
    (decision,) = read_in(welcoming, from_ada(sender=f'"Lovelace, Ada" <{ADA}>'))
    (ada,) = made(welcoming, "lead")
    assert (ada["firstname"], ada["lastname"], ada["subject"]) == ("Ada", "Lovelace", "Lovelace, Ada")
    assert ada["ownerid"] == welcoming.ids["ann"]
    assert parties(welcoming, decision, Participation.SENDER) == {ADA: ada["leadid"]}
    assert made(welcoming) == []


@pytest.mark.parametrize(
    ("convention", "shown", "names"),
    [
        (
            FullNameConvention.LAST_SPACE_FIRST,
            "Lovelace Ada King",
            ("Ada King", "Lovelace", "Lovelace Ada King"),
        ),
        (FullNameConvention.LAST_FIRST, "Lovelace Ada", ("Ada", "Lovelace", "LovelaceAda")),
        (FullNameConvention.LAST_SPACE_FIRST, '"Lovelace, Ada"', ("Ada", "Lovelace", "Lovelace Ada")),
        (FullNameConvention.FIRST_LAST, "Ada Lovelace", ("Ada", "Lovelace", "Ada Lovelace")),
        (FullNameConvention.LAST_COMMA_FIRST, "Ada Lovelace", ("Ada", "Lovelace", "Lovelace, Ada")),
    ],
)
def test_last_names_are_looked_for_where_the_organization_writes_them(
    welcoming: Company, convention: FullNameConvention, shown: str, names: tuple[str, str, str]
) -> None:
    organization = welcoming.rows("organization")[0]["organizationid"]
    welcoming.update("organization", organization, fullnameconventioncode=int(convention))
    read_in(welcoming, from_ada(sender=f"{shown} <{ADA}>"))
    (ada,) = made(welcoming)
    assert (ada["firstname"], ada["lastname"], ada["fullname"]) == names


@pytest.mark.parametrize("batches", [1, 2])
def test_two_messages_of_one_newcomer_make_one_record(welcoming: Company, batches: int) -> None:
    messages = [from_ada(1), from_ada(2, sender=ADA.upper())]
    decisions = (
        read_in(welcoming, *messages)
        if batches == 1
        else [row for message in messages for row in read_in(welcoming, message)]
    )
    (ada,) = made(welcoming)
    for decision in decisions:
        assert the(welcoming, "email", activityid=decision["emailid"])["emailsender"] == ada["contactid"]
        assert list(parties(welcoming, decision, Participation.SENDER).values()) == [ada["contactid"]]


def test_recipients_with_the_newcomers_address_are_resolved_in_the_same_batch(welcoming: Company) -> None:
    before = a_message(sender=CARL, to=(ANN,), cc=(ADA,), subject="Meet Ada")
    after = a_message(sender=CARL, to=(ANN, f"A. L. <{ADA}>"), subject="Met Ada")
    first, _, third = read_in(welcoming, before, from_ada(), after)
    (ada,) = made(welcoming)
    assert parties(welcoming, first, Participation.CC) == {ADA: ada["contactid"]}
    assert parties(welcoming, third, Participation.TO)[ADA] == ada["contactid"]


def test_who_is_known_already_is_no_newcomer(welcoming: Company) -> None:
    read_in(welcoming, a_message(sender=f"Someone Else <{CARL}>", to=(ANN,)))
    assert made(welcoming) == []


def test_of_whom_several_records_speak_none_is_added(welcoming: Company) -> None:
    for name in ("One", "Two"):
        welcoming.create("contact", lastname=name, emailaddress1=ADA)
    switch(welcoming, unresolve_sender_in_case_of_multiple_match=True)
    (decision,) = read_in(welcoming, from_ada())
    assert the(welcoming, "email", activityid=decision["emailid"])["isduplicatesenderunresolved"] is True
    assert len(made(welcoming)) == 2


NOT_PERSONS = {
    "a list": from_ada(headers=[("List-Id", "<pumps.list.example>"), ("Precedence", "list")]),
    "a program": from_ada(headers=[("Auto-Submitted", "auto-generated")]),
    "an automatic reply": from_ada(headers=[("Auto-Submitted", "auto-replied")]),
    "no-reply": from_ada(sender="Shop <no-reply@new.example>"),
    "a mail system": a_report(to=ANN),
}


@pytest.mark.parametrize("message", NOT_PERSONS.values(), ids=NOT_PERSONS)
def test_nobody_is_made_of_what_is_no_person(welcoming: Company, message: bytes) -> None:
    (decision,) = read_in(welcoming, message)
    assert decision["reason"] == Reason.ACCEPT_ALL
    assert (made(welcoming), made(welcoming, "lead")) == ([], [])


def test_nobody_is_made_of_who_writes_to_a_queue(welcoming: Company) -> None:
    (decision,) = read_in(welcoming, from_ada(to=(SALES,)), at=SALES)
    assert decision["reason"] == Reason.ACCEPT_ALL
    assert made(welcoming) == []


def test_nobody_is_made_of_mail_that_is_not_tracked(welcoming: Company) -> None:
    wishes(welcoming, incomingemailfilteringmethod=1)
    (decision,) = read_in(welcoming, from_ada())
    assert decision["reason"] == Reason.NO_CORRELATION_MATCH
    assert made(welcoming) == []


def test_a_newcomer_who_answers_is_made_where_only_answers_are_tracked(welcoming: Company) -> None:
    wishes(welcoming, incomingemailfilteringmethod=1)
    sent = send_out(welcoming)
    read_in(welcoming, from_ada(in_reply_to=sent["messageid"]))
    assert [row["emailaddress1"] for row in made(welcoming)] == [ADA]


def test_nobody_is_made_where_the_user_does_not_want_it(welcoming: Company) -> None:
    wishes(welcoming, autocreatecontactonpromote=0)
    read_in(welcoming, from_ada())
    assert made(welcoming) == []


def test_nobody_is_made_where_the_organization_does_not_allow_it(welcoming: Company) -> None:
    switch(welcoming, auto_create_contact_on_promote=False)
    (decision,) = read_in(welcoming, from_ada())
    assert decision["tracked"] is True
    assert made(welcoming) == []


def encoded(name: bytes, address: str = ADA) -> bytes:
    """Return a message whose sender's name is any octets."""
    word = "".join(f"={octet:02X}" for octet in name)
    return from_ada(sender=None, headers=[("From", f"=?utf-8?Q?{word}?= <{address}>")])


#: What strangers call themselves, and whether a record can be made of that.
STRANGE = {
    "a name of 500 letters": (from_ada(sender=f"{'Ada ' * 120}Lovelace <{ADA}>"), True),
    "one word of 500 letters": (from_ada(sender=f"{'a' * 500} <{ADA}>"), True),
    "letters beyond the first plane": (encoded("🦊 Лавлейс".encode()), True),
    "a comma alone": (encoded(b","), True),
    "quotes and brackets": (encoded(b'"><script>alert(1)</script>'), True),
    "line ends and NULs": (encoded(b"Ada\0\r\nBcc: x@y\0 Love\0lace"), True),
    "control characters only": (encoded(b"\0\1\2\r\n"), True),
    "half a letter": (encoded(b"Ada \xed\xa0\x80"), True),
    "turned letters": (encoded("Ada\u202eecalevoL".encode()), True),
    "another address": (encoded(b"carl@contoso.example"), True),
    "an address of 110 letters": (from_ada(sender=f"Ada <{'a' * 60}@{'b' * 37}.example.org>"), False),
    "an address of 300 letters": (from_ada(sender=f"Ada <{'a' * 64}@{'b.' * 114}example>"), False),
    "an address of other letters": (encoded(b"Ada", "ada@m\u00fcller.example"), True),
    "a quoted address": (from_ada(sender='Ada <"ada lovelace"@new.example>'), None),
}


@pytest.mark.parametrize(("message", "is_made"), STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("kind", [CONTACT, LEAD], ids=["contact", "lead"])
def test_whatever_a_stranger_calls_himself_his_mail_and_all_other_is_kept(
    welcoming: Company, message: bytes, kind: int, *, is_made: bool | None
) -> None:
    wishes(welcoming, autocreatecontactonpromote=kind)
    others = [a_message(sender=f"Other {n} <other{n}@fine.example>", to=(ANN,)) for n in range(2)]
    decisions = read_in(welcoming, others[0], message, others[1])
    assert [row["reason"] for row in decisions] == [Reason.ACCEPT_ALL] * 3
    records = made(welcoming, "contact" if kind == CONTACT else "lead")
    names = sorted(row["emailaddress1"] for row in records if row["emailaddress1"].startswith("other"))
    assert names == ["other0@fine.example", "other1@fine.example"]
    if is_made is not None:
        assert len(records) == 2 + is_made
    for row in records:
        assert row["lastname"]
        assert "\0" not in f"{row['firstname']}{row['lastname']}{row['fullname']}"
        assert "\n" not in f"{row['firstname']}{row['lastname']}"
    assert_sum_of_decisions(welcoming)


def test_an_address_that_no_server_could_have_is_no_sender(welcoming: Company) -> None:
    (decision,) = read_in(welcoming, from_ada(sender=f"Ada <{'a' * 400}@{'b' * 500}.example>"))
    assert decision["reason"] == Reason.INVALID_SENDER
    assert made(welcoming) == []


@pytest.mark.parametrize("batch_size", [1, 200])
def test_eight_mailboxes_read_at_once_make_one_contact_of_one_stranger(
    company: Company, batch_size: int
) -> None:
    users = add_users(company, 8)
    for user in users:
        wishes(company, user, autocreatecontactonpromote=CONTACT)
    sources = {}
    for number, user in enumerate(users):
        mail = [
            a_message(sender=f"Ada Lovelace <{ADA}>", to=(user,), subject=f"To {user}"),
            a_message(sender=f"Bea <bea{number % 3}@new.example>", to=(user,), cc=(ADA,), subject="Too"),
            a_message(sender="Cleo <cleo@new.example>", to=users, message_id="all@new.example"),
        ]
        # Locks that are taken in another order in each mailbox would soon wait for each other.
        sources[user] = a_mailbox(mail[number % 3 :] + mail[: number % 3])
    results = read_at_once(company, sources, batch_size=batch_size)
    assert [result.failure for result in results] == [None] * 8
    people = sorted(row["emailaddress1"] for row in made(company))
    assert people == [ADA, *(f"bea{n}@new.example" for n in range(3)), "cleo@new.example"]
    ada = the(company, "contact", emailaddress1=ADA)["contactid"]
    emails = company.rows("email", directioncode=False)
    assert len(emails) == 8 + 8 + 1
    assert {row["emailsender"] for row in emails if row["subject"].startswith("To ")} == {ada}
    # Who is copied in is known once her own mail has made her; never as two.
    assert {row["partyid"] for row in company.rows("activityparty", addressused=ADA)} <= {ada, None}
    assert company.rows("postroom_quarantine") == []
    assert_sum_of_decisions(company)
