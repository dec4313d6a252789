"""Tracked folders: every event of a folder and its mail, as people cause them in their mail program."""

from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.exchange_memory import Office, on_exchange
from tests.support.ledgers import ANN, CARL, check_log, decisions_of, from_stranger, reasons_of
from tests.support.mail import a_message

from postroom.errors import InvalidRecord, UserError
from postroom.passes.tracked_folders import retrieve_tracking_folders
from postroom.passes.wish import Regarding, regard, untrack
from postroom.schema.choices import EmailStatus, Reason, SetBy, TrackingFolderState
from postroom.store import marks


@pytest.fixture
def office(company: Company) -> Office:
    """Ann's mailbox on an Exchange."""
    return on_exchange(company, ANN)


def a_case(company: Company, title: str) -> UUID:
    customer = {"customerid": company.ids["account"], "customeridtype": "account"}
    return company.create("incident", title=title, **customer)


@pytest.fixture
def case(company: Company) -> UUID:
    """A case that a folder's mail regards."""
    return company.create(
        "incident", title="Leaking pump", customerid=company.ids["account"], customeridtype="account"
    )


@pytest.fixture
def other(company: Company) -> UUID:
    """Another case."""
    return company.create(
        "incident", title="Late parts", customerid=company.ids["account"], customeridtype="account"
    )


def test_mail_in_a_folder_with_a_record_is_tracked_and_regards_it(office: Office, case: UUID) -> None:
    folder = office.mail.make_folder("Pump")
    office.track_folder(folder, case, "incident")
    office.mail.deliver(from_stranger(), folder)
    office.look()
    (email,) = office.emails()
    assert (email["regardingobjectid"], email["regardingobjecttypecode"]) == (case, "incident")
    assert (email["postroom_trackedby"], email["postroom_regardingby"]) == (SetBy.FOLDER, SetBy.FOLDER)
    assert reasons_of(office.company, ANN) == [Reason.TRACKED_BY_FOLDER]
    check_log(office.company)


def test_mail_in_a_folder_without_a_record_is_tracked_and_regards_what_its_conversation_does(
    office: Office, company: Company
) -> None:
    parent = a_message(sender=CARL, to=(ANN,), message_id="parent@contoso.example")
    office.mail.deliver(parent)
    office.look()
    regard(company.context, office.emails()[0]["activityid"], Regarding("account", company.ids["account"]))
    folder = office.mail.make_folder("Talk")
    office.track_folder(folder)
    office.mail.deliver(from_stranger("reply@stranger.example", in_reply_to="parent@contoso.example"), folder)
    office.mail.deliver(from_stranger("alone@stranger.example"), folder)
    office.look()
    assert office.regarding() == [company.ids["account"], company.ids["account"], None]


def test_mail_that_lay_in_the_folder_before_is_tracked_when_the_folder_is(office: Office, case: UUID) -> None:
    folder = office.mail.make_folder("Pump")
    for number in range(3):
        office.mail.deliver(from_stranger(f"{number}@stranger.example"), folder)
    office.look()
    assert office.emails() == []
    rule = office.track_folder(folder, case, "incident")
    assert office.rule(rule)["folderonboardingstatus"] == 0
    office.look()
    assert office.regarding() == [case] * 3
    assert office.rule(rule)["folderonboardingstatus"] == 1


def test_mail_moved_from_the_inbox_into_a_folder_is_tracked_there(office: Office, case: UUID) -> None:
    folder = office.mail.make_folder("Pump")
    office.track_folder(folder, case, "incident")
    message = office.mail.deliver(from_stranger())
    office.look()
    assert reasons_of(office.company, ANN) == [Reason.NO_CORRELATION_MATCH]
    office.mail.move(message, folder)
    office.look()
    assert office.regarding() == [case]
    assert reasons_of(office.company, ANN) == [Reason.NO_CORRELATION_MATCH, Reason.TRACKED_BY_FOLDER]
    check_log(office.company)


@pytest.mark.parametrize("message_id", ["one@contoso.example", ""], ids=["with an id", "without one"])
def test_a_tracked_mail_moved_into_a_folder_is_related_and_not_doubled(
    office: Office, company: Company, case: UUID, message_id: str
) -> None:
    folder = office.mail.make_folder("Pump")
    office.track_folder(folder, case, "incident")
    message = office.mail.deliver(a_message(sender=CARL, to=(ANN,), message_id=message_id))
    office.look()
    assert office.regarding() == [None]
    office.mail.move(message, folder)
    office.look()
    assert office.regarding() == [case]
    assert office.emails()[0]["postroom_regardingby"] == SetBy.FOLDER
    check_log(company)


def test_mail_moved_to_another_folder_regards_that_folders_record(
    office: Office, case: UUID, other: UUID
) -> None:
    pump, parts, plain = (office.mail.make_folder(name) for name in ("Pump", "Parts", "Plain"))
    office.track_folder(pump, case, "incident")
    office.track_folder(parts, other, "incident")
    office.track_folder(plain)
    message = office.mail.deliver(from_stranger(), pump)
    office.look()
    message = office.mail.move(message, parts)
    office.look()
    assert office.regarding() == [other]
    message = office.mail.move(message, plain)
    office.look()
    assert office.regarding() == [other], "a folder without a record leaves what the mail regards"
    office.mail.move(message, office.mail.make_folder("Untracked"))
    office.look()
    assert office.regarding() == [other], "what was moved out stays tracked and related"
    check_log(office.company)


def test_a_record_that_a_person_chose_stays_whatever_the_folder_says(
    office: Office, company: Company, case: UUID, other: UUID
) -> None:
    folder = office.mail.make_folder("Pump")
    rule = office.track_folder(folder, case, "incident")
    message = office.mail.deliver(from_stranger(), folder)
    office.look()
    regard(company.context, office.emails()[0]["activityid"], Regarding("account", company.ids["account"]))
    office.mail.categorize(message, add=["Holiday"])
    office.look()
    company.update("mailboxtrackingfolder", rule, regardingobjectid=other, regardingobjecttypecode="incident")
    office.look()
    assert office.regarding() == [company.ids["account"]]
    assert office.rule(rule)["postroom_appliedregardingid"] == other


def test_all_mail_of_a_folder_follows_when_its_record_is_changed(
    office: Office, company: Company, case: UUID, other: UUID
) -> None:
    folder = office.mail.make_folder("Pump")
    rule = office.track_folder(folder, case, "incident")
    for number in range(3):
        office.mail.deliver(from_stranger(f"{number}@stranger.example"), folder)
    office.look()
    office.mail.move(next(iter(office.mail.items)), office.mail.make_folder("Elsewhere"))
    company.update("mailboxtrackingfolder", rule, regardingobjectid=other, regardingobjecttypecode="incident")
    office.look()
    assert sorted(office.regarding(), key=str) == sorted([other] * 3, key=str)
    office.look()
    company.update("mailboxtrackingfolder", rule, regardingobjectid=case, regardingobjecttypecode="incident")
    office.look()
    assert office.regarding().count(case) == 2, "what was moved out is left alone"


def test_mail_keeps_its_record_when_the_folder_has_none_any_more(
    office: Office, company: Company, case: UUID
) -> None:
    folder = office.mail.make_folder("Pump")
    rule = office.track_folder(folder, case, "incident")
    office.mail.deliver(from_stranger("old@stranger.example"), folder)
    office.look()
    company.update("mailboxtrackingfolder", rule, regardingobjectid=None, regardingobjecttypecode=None)
    office.mail.deliver(from_stranger("new@stranger.example"), folder)
    office.look()
    assert office.regarding() == [case, None]


def test_a_folder_that_is_no_longer_tracked_leaves_what_it_tracked(
    office: Office, company: Company, case: UUID
) -> None:
    folder = office.mail.make_folder("Pump")
    rule = office.track_folder(folder, case, "incident")
    office.mail.deliver(from_stranger("old@stranger.example"), folder)
    office.look()
    with company.context.database.write() as connection:
        company.records.delete(connection, "mailboxtrackingfolder", rule)
    office.mail.deliver(from_stranger("new@stranger.example"), folder)
    office.look()
    assert office.regarding() == [case]
    office.track_folder(folder, case, "incident")
    office.look()
    assert office.regarding() == [case, case], "tracked again, it is looked through from its beginning"


def test_a_folder_is_known_by_its_id_and_not_by_its_name(office: Office, case: UUID) -> None:
    folder = office.mail.make_folder("Pump")
    rule = office.track_folder(folder, case, "incident")
    office.look()
    assert office.rule(rule)["exchangefoldername"] == "Pump"
    inner = office.mail.make_folder("Projects")
    office.mail.move_folder(folder, inner)
    office.mail.tree[folder] = office.mail.tree[folder].__class__(folder, "Old pump", inner, in_inbox=True)
    namesake = office.mail.make_folder("Pump")
    office.mail.deliver(from_stranger("in@stranger.example"), folder)
    office.mail.deliver(from_stranger("not@stranger.example"), namesake)
    office.look()
    assert office.regarding() == [case]
    assert office.rule(rule)["exchangefoldername"] == "Old pump"


def test_a_folder_moved_out_of_the_inbox_is_not_tracked_until_it_is_back(
    office: Office, company: Company, case: UUID
) -> None:
    folder = office.mail.make_folder("Pump")
    rule = office.track_folder(folder, case, "incident")
    office.look()
    office.mail.move_folder(folder, "")
    office.mail.deliver(from_stranger(), folder)
    office.look()
    assert office.rule(rule)["postroom_state"] == TrackingFolderState.OUTSIDE_INBOX
    assert office.emails() == []
    assert [row["tracecode"] for row in company.rows("tracelog", regardingobjectid=office.mailbox)].count(
        16
    ) == 1
    office.mail.move_folder(folder, "inbox")
    office.look()
    assert office.rule(rule)["postroom_state"] == TrackingFolderState.ACTIVE
    assert office.regarding() == [case]


def test_a_folder_deleted_on_the_server_leaves_its_mail_and_shows_as_missing(
    office: Office, company: Company, case: UUID
) -> None:
    folder = office.mail.make_folder("Pump")
    rule = office.track_folder(folder, case, "incident")
    office.mail.deliver(from_stranger(), folder)
    office.look()
    office.mail.remove_folder(folder)
    office.look()
    assert office.rule(rule)["postroom_state"] == TrackingFolderState.MISSING
    assert office.regarding() == [case]
    (shown,) = retrieve_tracking_folders(company.context, office.mailbox)
    assert (shown.folder, shown.state, shown.is_onboarded) == (folder, TrackingFolderState.MISSING, True)


def test_the_first_of_two_mailboxes_decides_what_a_mail_regards(
    office: Office, company: Company, case: UUID, other: UUID
) -> None:
    company.add_user("ben@corp.example", "Ben Back")
    company.enable_quietly("ben@corp.example")
    ben = Office(company, type(office.mail)(), "ben@corp.example")
    for one, record in ((office, case), (ben, other)):
        folder = one.mail.make_folder("Pump")
        one.track_folder(folder, record, "incident")
        one.mail.deliver(from_stranger(), folder)
        one.look()
    assert office.regarding() == [case]
    check_log(company)


def test_mail_untracked_by_a_person_stays_untracked_in_its_folder(
    office: Office, company: Company, case: UUID
) -> None:
    folder = office.mail.make_folder("Pump")
    office.track_folder(folder, case, "incident")
    message = office.mail.deliver(from_stranger(), folder)
    office.look()
    untrack(company.context, office.emails()[0]["activityid"])
    office.mail.categorize(message, add=["Holiday"])
    office.look()
    office.mail.forget_marks()
    office.look()
    assert office.emails() == []
    assert {row["reason"] for row in decisions_of(company, ANN)} == {Reason.UNTRACKED_BY_PERSON}
    check_log(company)


def test_what_the_mailbox_itself_wrote_is_a_sent_email_in_a_tracked_folder(
    office: Office, case: UUID
) -> None:
    folder = office.mail.make_folder("Pump")
    office.track_folder(folder, case, "incident")
    office.mail.deliver(a_message(sender=ANN, to=(CARL,), message_id="mine@corp.example"), folder)
    office.look()
    (email,) = office.emails()
    assert (email["directioncode"], email["statuscode"]) == (True, EmailStatus.SENT)


def test_subfolders_are_not_tracked_with_their_folder(office: Office, case: UUID) -> None:
    folder = office.mail.make_folder("Pump")
    office.track_folder(folder, case, "incident")
    office.mail.deliver(from_stranger(), office.mail.make_folder("Inner", folder))
    office.look()
    assert office.emails() == []


def test_no_folder_is_tracked_where_the_organization_wants_none(
    office: Office, company: Company, case: UUID
) -> None:
    folder = office.mail.make_folder("Pump")
    office.track_folder(folder, case, "incident")
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, isfolderbasedtrackingenabled=False)
    office.mail.deliver(from_stranger(), folder)
    office.look()
    assert office.emails() == []


def test_a_mailbox_has_at_most_as_many_tracked_folders_as_the_organization_allows(
    office: Office, company: Company
) -> None:
    organization = company.rows("organization")[0]["organizationid"]
    company.update("organization", organization, maxfolderbasedtrackingmappings=2)
    office.track_folder("one")
    office.track_folder("two")
    with pytest.raises(InvalidRecord, match="2 folders"):
        office.track_folder("three")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"exchangefolderid": None}, "exchangefolderid"),
        ({"exchangefolderid": "known"}, "tracked already"),
        ({"mailboxid": None}, "mailboxid"),
    ],
)
def test_a_tracked_folder_that_makes_no_sense_is_refused(
    office: Office, company: Company, values: dict[str, object], said: str
) -> None:
    office.track_folder("known")
    with pytest.raises(UserError, match=said):
        company.create(
            "mailboxtrackingfolder", **{"mailboxid": office.mailbox, "exchangefolderid": "new", **values}
        )


def test_queues_have_no_tracked_folders(office: Office, company: Company) -> None:
    with pytest.raises(InvalidRecord, match="user"):
        company.create(
            "mailboxtrackingfolder", mailboxid=company.mailbox("sales@corp.example"), exchangefolderid="x"
        )


def test_a_thousand_messages_come_in_over_several_passes_and_none_is_forgotten(
    office: Office, company: Company
) -> None:
    folder = office.mail.make_folder("Many")
    office.track_folder(folder)
    office.mail.page_size = 7
    company.context = company.limited(messages_per_pass=20)
    for number in range(50):
        office.mail.deliver(from_stranger(f"{number}@stranger.example"), folder)
    passes = 1
    while office.look().backlog:
        passes += 1
        office.mail.deliver(a_message(sender=CARL, to=(ANN,), message_id=f"live{passes}@contoso.example"))
    assert passes > 1
    office.look()
    assert len(office.emails()) == 50 + passes - 1
    check_log(company)


def test_lost_marks_add_nothing_twice(office: Office, company: Company, case: UUID) -> None:
    folder = office.mail.make_folder("Pump")
    office.track_folder(folder, case, "incident")
    for number in range(5):
        office.mail.deliver(from_stranger(f"{number}@stranger.example"), folder)
        office.mail.deliver(a_message(sender=CARL, to=(ANN,), message_id=f"{number}@contoso.example"))
    office.look()
    before = len(decisions_of(company))
    office.mail.forget_marks()
    office.look()
    with company.context.database.write() as connection:
        marks.keep(connection, office.mailbox, {"": "no mark at all", folder: "7:x"}, company.clock.now())
    office.look()
    with company.context.database.write() as connection:
        marks.forget(connection, office.mailbox)
    office.look()
    assert (len(office.emails()), len(decisions_of(company))) == (10, before)
    check_log(company)


@pytest.mark.parametrize("message_id", ["{}@contoso.example", ""], ids=["with ids", "without"])
def test_a_server_that_renumbers_everything_adds_nothing_twice(
    office: Office, company: Company, message_id: str
) -> None:
    for number in range(5):
        subject = f"number {number}"
        office.mail.deliver(
            a_message(sender=CARL, to=(ANN,), subject=subject, message_id=message_id.format(number))
        )
        office.mail.deliver(from_stranger(f"{number}@stranger.example"))
    office.look()
    office.mail.renumber()
    office.look()
    office.look()
    assert (len(office.emails()), len(decisions_of(company))) == (5, 10)
    check_log(company)


def test_a_year_old_mail_moved_into_the_inbox_is_judged(office: Office, company: Company) -> None:
    company.update(
        "mailbox", office.mailbox, processemailreceivedafter=company.clock.now() - timedelta(days=1)
    )
    long_ago = company.clock.now() - timedelta(days=365)
    office.mail.deliver(
        a_message(sender=CARL, to=(ANN,), message_id="lay@contoso.example"), received_at=long_ago
    )
    office.look()
    assert reasons_of(company, ANN) == [Reason.TOO_OLD]
    junk = office.mail.make_folder("Junk", "")
    moved = office.mail.deliver(
        a_message(sender=CARL, to=(ANN,), message_id="moved@contoso.example"), junk, received_at=long_ago
    )
    office.look()
    office.mail.move(moved, "inbox")
    office.look()
    assert reasons_of(company, ANN) == [Reason.TOO_OLD, Reason.SENDER_MATCH]
    assert [row["messageid"] for row in office.emails()] == ["moved@contoso.example"]
    check_log(company)
