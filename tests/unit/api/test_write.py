"""JSON bodies read into drafts: names, forms, references, and every mistake in words."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from postroom.api.odata.write import read_draft, read_reference
from postroom.errors import UserError
from postroom.schema import registry

EMAIL = registry.by_logical_name("email")
MAILBOX = registry.by_logical_name("mailbox")
ONE = UUID("00000000-0000-4000-8000-000000000001")


def test_an_email_is_read_with_its_parties_and_attachments() -> None:
    draft = read_draft(
        EMAIL,
        {
            "activityid": str(ONE).upper(),
            "subject": "Hi",
            "directioncode": True,
            "delayedemailsendtime": "2024-01-31T12:00:00+02:00",
            "regardingobjectid_account_email@odata.bind": f"/accounts({ONE})",
            "email_activity_parties": [
                {"partyid_systemuser@odata.bind": f"systemusers({ONE})", "participationtypemask": 1},
                {"addressused": "x@example.org", "participationtypemask": 3},
            ],
            "email_activity_mime_attachment": [{"filename": "a.txt", "body": "aGk="}],
            "subject@OData.Community.Display.V1.FormattedValue": "ignored",
        },
    )
    assert draft.id == ONE
    assert draft.values["delayedemailsendtime"] == datetime(2024, 1, 31, 10, tzinfo=UTC)
    regarding = draft.references["regardingobjectid"]
    assert regarding is not None
    assert (regarding.table.logical_name, regarding.id) == ("account", ONE)
    sender, copied = draft.parts["activityid"]
    assert sender.references["partyid"] is not None
    assert copied.values == {"addressused": "x@example.org", "participationtypemask": 3}
    assert draft.parts["objectid"][0].values["filename"] == "a.txt"


@pytest.mark.parametrize(
    "text",
    [
        f"/queues({ONE})",
        f"queues({ONE})",
        f"/api/data/v9.2/queues({ONE})",
        f"https://crm.example.org/api/data/v9.2/queues({ONE})",
    ],
)
def test_a_reference_may_be_written_in_every_way_that_clients_use(text: str) -> None:
    assert read_reference(text, ("queue", "systemuser")).id == ONE


def test_a_reference_may_name_a_record_by_other_columns() -> None:
    reference = read_reference("/queues(name='It''s (us)',statecode=0)", ("queue",))
    assert reference.key == {"name": "It's (us)", "statecode": 0}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (7, "expected a reference"),
        ("queues", "expected a reference"),
        ("/queue(name='x')", "can't point to 'queue'. Did you mean queues?"),
        ("/contacts(name='x')", "can't point to 'contacts'"),
        ("/queues()", "names no record"),
        ("/queues(name)", "names no record"),
        ("/queues(nam='x')", "queue has no column 'nam'. Did you mean name"),
        ("/queues(name='x' statecode=0)", "names no record"),
    ],
)
def test_a_reference_that_makes_no_sense_is_refused(text: object, problem: str) -> None:
    with pytest.raises(UserError) as fault:
        read_reference(text, ("queue",))
    assert problem in str(fault.value)


def test_null_empties_a_lookup() -> None:
    for body in ({"emailserverprofile@odata.bind": None}, {"emailserverprofile": None}):
        assert read_draft(MAILBOX, body).references == {"emailserverprofile": None}


def test_all_mistakes_of_a_body_are_named_with_their_place() -> None:
    with pytest.raises(UserError) as fault:
        read_draft(
            EMAIL,
            {
                "activityid": "no guid",
                "sbject": "x",
                "subject": 7,
                "directioncode": 1,
                "statuscode": "Draft",
                "delayedemailsendtime": "tomorrow",
                "to": [],
                "_regardingobjectid_value": str(ONE),
                "emailsender_contact": "x",
                "email_activity_parties": [{"participationtypemask": True}, 3],
                "email_activity_mime_attachment": {},
            },
            where="emails[0]",
        )
    text = "\n".join(fault.value.problems)
    for problem in (
        "emails[0].activityid: expected a GUID, not 'no guid'.",
        "emails[0].sbject: email has no column 'sbject'. Did you mean subject?",
        "emails[0].subject: expected a text, not 7.",
        "emails[0].directioncode: expected true or false, not 1.",
        "emails[0].statuscode: expected a whole number, not 'Draft'.",
        "emails[0].delayedemailsendtime: expected an instant such as",
        "emails[0].to: to is a list of parties: write email_activity_parties with participationtypemask 2.",
        "emails[0]._regardingobjectid_value: _regardingobjectid_value is for reading; write",
        'emails[0].emailsender_contact: write "emailsender_contact@odata.bind"',
        "emails[0].email_activity_parties[0].participationtypemask: expected a whole number, not True.",
        "emails[0].email_activity_parties[1]: expected an object with column names and values, not 3.",
        "emails[0].email_activity_mime_attachment: expected a list of objects.",
    ):
        assert problem in text
    assert len(fault.value.problems) == 12


def test_a_lookup_points_to_one_record_only() -> None:
    with pytest.raises(UserError, match="regardingobjectid is set twice"):
        read_draft(
            EMAIL,
            {
                "regardingobjectid_account_email@odata.bind": f"/accounts({ONE})",
                "regardingobjectid_contact_email@odata.bind": f"/contacts({ONE})",
            },
        )


def test_a_secret_of_the_wrong_form_is_not_repeated() -> None:
    with pytest.raises(UserError) as fault:
        read_draft(MAILBOX, {"password": ["hunter2"]})
    assert "hunter2" not in str(fault.value)
