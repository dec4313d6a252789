"""Explanations: of files, of messages that were seen, of e-mails, of decisions; nothing is written."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    CARL,
    SALES,
    STRANGER,
    decisions_of,
    everything_in,
    from_carl,
    from_stranger,
    source_of,
    take_in,
    the_email,
)
from tests.support.mail import a_message

from postroom.api.shapes import explanation_in_json
from postroom.passes.explain import Explanation, Match, explain, explain_bytes, recent
from postroom.passes.resolve import resolve
from postroom.passes.wish import track_bytes, untrack
from postroom.schema.choices import CorrelationMethod, FilteringMethod, MessageKind, Reason
from postroom.servers.memory import MemoryMailbox
from postroom.store import decisions

BOB, FORWARD = "bob@corp.example", "forward@corp.example"

#: Every key that programs may rely on.
KEYS = [
    "mailbox", "messageid", "direction", "tracked", "verdict", "reason", "reasoncode", "sentence",
    "kind", "evidence", "email", "decision", "acceptor", "filter", "matchedaddress", "matched",
    "correlated", "correlationmethod", "score", "reportson", "regarding", "matches", "decidedon",
    "trail",
]  # fmt: skip


def of_file(company: Company, data: bytes, address: str = ANN, **more: Any) -> list[Explanation]:
    """Explain a file, and see that nothing was written."""
    before = everything_in(company)
    found = explain_bytes(company.context, data, company.mailbox(address), **more)
    assert everything_in(company) == before
    for entry in found:
        answer = explanation_in_json(entry, address)
        assert list(answer) == KEYS
        assert answer["verdict"] == ("tracked" if entry.tracked else "not tracked")
        assert answer["trail"], "no rule was tried"
    return found


def of_seen(company: Company, wanted: object, address: str = "") -> list[Explanation]:
    before = everything_in(company)
    with company.context.database.read() as connection:
        found = explain(connection, str(wanted), company.mailbox(address) if address else None)
    assert everything_in(company) == before
    assert all(list(explanation_in_json(entry, address)) == KEYS for entry in found)
    return found


def test_a_file_that_would_be_tracked_says_by_whom_and_why(company: Company) -> None:
    (entry,) = of_file(company, from_carl(cc=("nobody@x.example",)))
    assert (entry.tracked, entry.reason, entry.email) == (True, Reason.SENDER_MATCH, None)
    assert (entry.acceptor, entry.filtering) == (
        ("systemuser", company.ids["ann"]),
        FilteringMethod.KNOWN_SENDERS,
    )
    assert (entry.matched, entry.matched_address) == (("contact", company.ids["carl"]), CARL)
    assert (entry.message_id, entry.decision, entry.decided_at) == ("one@contoso.example", None, None)
    assert entry.matches == (
        Match("from", CARL, ("contact", company.ids["carl"]), "Customer, Carl"),
        Match("to", ANN, ("systemuser", company.ids["ann"]), "Agent, Ann"),
        Match("cc", "nobody@x.example", None),
    )


def test_a_file_that_would_not_be_tracked_says_why(company: Company) -> None:
    (entry,) = of_file(company, from_stranger())
    assert (entry.tracked, entry.reason) == (False, Reason.NO_CORRELATION_MATCH)
    assert (entry.acceptor, entry.matched, entry.regarding) == (None, None, None)
    assert [rule for rule, _ in entry.trail][:2] == ["not_a_duplicate", "as_a_person_wishes"]


@pytest.mark.parametrize("data", [b"", b"\r\n", b"no mail at all", bytes(range(256)) * 4])
@pytest.mark.parametrize("address", [ANN, FORWARD])
def test_a_file_that_is_no_message_says_so(company: Company, data: bytes, address: str) -> None:
    company.add_forward_mailbox(FORWARD)
    (entry,) = of_file(company, data, address)
    assert (entry.tracked, entry.reason, entry.message_id) == (False, Reason.MALFORMED, None)
    assert entry.matches == ()


def test_an_answer_says_to_what_and_by_which_sign(company: Company) -> None:
    take_in(company, ANN, from_carl())
    (entry,) = of_file(company, from_stranger(in_reply_to="one@contoso.example"))
    assert (entry.reason, entry.method) == (Reason.CORRELATION_MATCH, CorrelationMethod.IN_REPLY_TO)
    assert entry.correlated == the_email(company)["activityid"]


def test_a_file_that_a_program_wrote_says_what_told_it(company: Company) -> None:
    (entry,) = of_file(company, from_carl(headers=[("Auto-Submitted", "auto-replied")]))
    assert (entry.kind, entry.evidence) == (MessageKind.AUTOMATIC_REPLY, "Auto-Submitted: auto-replied")


def test_a_file_of_a_tracked_message_names_its_email(company: Company) -> None:
    take_in(company, ANN, from_carl())
    (entry,) = of_file(company, from_carl())
    assert (entry.reason, entry.email) == (Reason.DUPLICATE, the_email(company)["activityid"])


def test_equal_mail_without_an_id_is_explained_as_one_more(company: Company) -> None:
    data = from_carl(message_id="")
    take_in(company, ANN, data)
    (entry,) = of_file(company, data)
    # Whether a file is the very message that was received, nobody can know without an id.
    assert entry.reason in (Reason.DUPLICATE, Reason.SENDER_MATCH)


def test_a_person_s_wish_is_explained(company: Company) -> None:
    take_in(company, ANN, from_carl())
    untrack(company.context, the_email(company)["activityid"])
    (entry,) = of_file(company, from_carl())
    assert (entry.tracked, entry.reason) == (False, Reason.UNTRACKED_BY_PERSON)
    (entry,) = of_seen(company, "one@contoso.example")
    assert (entry.tracked, entry.reason, entry.email) == (False, Reason.UNTRACKED_BY_PERSON, None)
    assert entry.trail[-1][0] == "as_a_person_wishes"


def test_a_chosen_record_and_an_inactive_one_are_told(company: Company) -> None:
    twin = company.create("lead", lastname="Sam", emailaddress1=STRANGER)
    company.update("contact", company.ids["carl"], statecode=1)
    resolve(company.context, STRANGER, "contact", company.ids["carl"])
    (entry,) = of_file(company, from_stranger())
    told = {match.record: (match.active, match.chosen) for match in entry.matches if match.role == "from"}
    assert told == {("lead", twin): (True, False), ("contact", company.ids["carl"]): (False, True)}


def test_a_sent_file_is_judged_as_sent(company: Company) -> None:
    data = a_message(sender=ANN, to=(CARL,), message_id="out@corp.example")
    (entry,) = of_file(company, data, is_sent_copy=True)
    assert (entry.is_sent_copy, entry.reason) == (True, Reason.RECIPIENT_MATCH)
    assert explanation_in_json(entry, ANN)["direction"] == "sent"
    (entry,) = of_file(company, data)
    assert (entry.is_sent_copy, entry.reason) == (False, Reason.NO_RECIPIENT_MATCH)


def test_an_item_of_the_forward_mailbox_is_explained_message_by_message(company: Company) -> None:
    company.ids["bob"] = company.add_user(BOB, "Bob Boss", incomingemaildeliverymethod=3)
    company.add_forward_mailbox(FORWARD)
    inner = [
        (f"{n}.eml", a_message(sender=sender, to=(BOB,), message_id=f"{n}@in"), "message/rfc822")
        for n, sender in enumerate((CARL, STRANGER))
    ]
    found = of_file(company, a_message(sender=BOB, to=(FORWARD,), attachments=inner), FORWARD)
    assert [(entry.message_id, entry.reason) for entry in found] == [
        ("0@in", Reason.SENDER_MATCH),
        ("1@in", Reason.NO_CORRELATION_MATCH),
    ]
    assert {entry.mailbox for entry in found} == {company.mailbox(BOB)}
    (entry,) = of_file(company, from_carl(), FORWARD)
    assert entry.reason is Reason.INVALID_FORWARD_MAIL_ITEM


@pytest.mark.parametrize("path", sorted(Path("tests/corpus/mime").glob("*.eml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_message_of_the_corpus_can_be_explained(company: Company, path: Path) -> None:
    (entry,) = of_file(company, path.read_bytes(), SALES)
    assert entry.reason is not Reason.UNKNOWN


def test_a_message_that_was_seen_is_explained_by_any_of_its_ids(company: Company) -> None:
    take_in(company, ANN, from_carl(to=(ANN, SALES)))
    take_in(company, SALES, from_carl(to=(ANN, SALES)))
    first, second = decisions_of(company)
    email = the_email(company)["activityid"]
    for wanted in ("one@contoso.example", "<one@contoso.example>", email):
        assert [entry.reason for entry in of_seen(company, wanted)] == [
            Reason.SENDER_MATCH,
            Reason.DUPLICATE,
        ]
    (entry,) = of_seen(company, second["postroom_decisionid"])
    assert (entry.reason, entry.email) == (Reason.DUPLICATE, email)
    (entry,) = of_seen(company, email, ANN)
    assert entry.decision == first["postroom_decisionid"]
    assert entry.decided_at == company.clock.now()
    assert (entry.acceptor, entry.matched) == (
        ("systemuser", company.ids["ann"]),
        ("contact", company.ids["carl"]),
    )
    with company.context.database.read() as connection:
        latest = [one.reason for one in recent(connection)]
        assert [one.reason for one in recent(connection, 1)] == latest[-1:] == [Reason.DUPLICATE]
    assert Reason.SENDER_MATCH in latest


@pytest.mark.parametrize("wanted", ["nothing@like.it", "00000000-0000-0000-0000-000000000007", "", " ", "<>"])
def test_what_nobody_has_seen_has_no_explanation(company: Company, wanted: str) -> None:
    take_in(company, ANN, from_carl(), from_stranger(message_id=""), b"no mail")
    assert of_seen(company, wanted) == []


def test_a_sent_copy_is_explained_as_sent(company: Company) -> None:
    mailbox = MemoryMailbox()
    mailbox.send(a_message(sender=ANN, to=(CARL,), message_id="out@corp.example"))
    organization = company.rows("organization")[0]["organizationid"]
    xml = "<OrgSettings><AutoTrackSentFolderItems>true</AutoTrackSentFolderItems></OrgSettings>"
    company.update("organization", organization, orgdborgsettings=xml)
    take_in(company, ANN, opener=source_of(mailbox))
    (entry,) = of_seen(company, "out@corp.example")
    assert (entry.is_sent_copy, entry.reason) == (True, Reason.RECIPIENT_MATCH)


def test_an_email_without_a_decision_says_what_it_knows_and_unknown(company: Company) -> None:
    take_in(company, ANN, from_carl())
    email = the_email(company)["activityid"]
    with company.context.database.write() as connection:
        decisions.purge(connection, datetime(2100, 1, 1, tzinfo=UTC))
    for wanted in ("one@contoso.example", email):
        (entry,) = of_seen(company, wanted)
        assert (entry.tracked, entry.reason, entry.email) == (True, Reason.UNKNOWN, email)
        assert (entry.decision, entry.mailbox) == (None, company.mailbox(ANN))
        assert entry.acceptor == ("systemuser", company.ids["ann"])
    assert of_seen(company, email, SALES) == []


def test_a_draft_has_no_explanation(company: Company) -> None:
    draft = company.email(company.ids["ann"], "systemuser", company.ids["carl"])
    assert of_seen(company, draft) == []


def test_what_a_person_tracked_from_a_file_is_explained(company: Company) -> None:
    track_bytes(company.context, from_stranger(), company.mailbox(ANN))
    (entry,) = of_seen(company, "one@stranger.example")
    assert (entry.tracked, entry.reason) == (True, Reason.TRACKED_BY_PERSON)
