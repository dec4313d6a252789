"""Messages over the Web API: mail sent and brought in, queues, appointments, Postroom's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from tests.support.company import Company, a_company, on_sqlite
from tests.support.web import Api, a_postroom

from postroom.api.messages import catalog
from postroom.api.openapi import describe
from postroom.api.rights import Caller
from postroom.passes.send import send
from postroom.schema.choices import Role
from postroom.store.records import Records

_CRM = "Microsoft.Dynamics.CRM."


@pytest.fixture
def company(records: Records, tmp_path: Path) -> Iterator[Company]:
    """The company with its servers."""
    with a_company(records, tmp_path) as made:
        yield made


@pytest.fixture
def desk(company: Company, tmp_path: Path) -> Api:
    """The Web API over the company, for an administrator."""
    return Api(a_postroom(company.records, tmp_path))


def _ann(desk: Api, company: Company, role: Role = Role.MAILBOX_OWNER) -> Api:
    return desk.by(Caller("ann", role, company.ids["ann"]))


def _ask(desk: Api, name: str, **said: str) -> Any:
    options = "&".join(f"@{key}={quote(chr(39) + text + chr(39))}" for key, text in said.items())
    arguments = ",".join(f"{key}=@{key}" for key in said)
    return desk.send("GET", f"{name}({arguments})", query=options)


def _draft(company: Company, to: str = "x@outside.example") -> UUID:
    return company.email(company.ids["ann"], "systemuser", to)


# Mail -----------------------------------------------------------------------------------------------------


def test_an_email_is_sent_and_its_subject_carries_a_token(desk: Api, company: Company) -> None:
    email = _draft(company)
    said = desk.post(f"emails({email})/{_CRM}SendEmail", {"IssueSend": True, "TrackingToken": ""})
    assert said.status == 200
    assert said.json["@odata.context"].endswith("#Microsoft.Dynamics.CRM.SendEmailResponse")
    row = desk.get(f"emails({email})", select="statecode,statuscode,subject").json
    assert (row["statecode"], row["statuscode"]) == (1, 6)
    assert said.json["Subject"] == row["subject"]
    assert row["subject"].startswith("Offer CRM:")
    send(company.context, company.mailbox("ann@corp.example"))
    assert [left.recipients for left in company.outside] == [("x@outside.example",)]
    assert desk.get(f"emails({email})/statuscode").json["value"] == 3


def test_an_email_is_sent_with_the_token_that_was_fetched_for_it(desk: Api, company: Company) -> None:
    token = desk.post("GetTrackingTokenEmail", {"Subject": "Offer"}).json["TrackingToken"]
    assert token != desk.post("GetTrackingTokenEmail", {}).json["TrackingToken"]
    email = _draft(company)
    said = desk.post(f"emails({email})/{_CRM}SendEmail", {"IssueSend": True, "TrackingToken": token})
    assert said.json["Subject"] == f"Offer {token}"
    assert desk.get(f"emails({email})/trackingtoken").json["value"] == token


def test_what_was_sent_elsewhere_is_only_noted(desk: Api, company: Company) -> None:
    email = _draft(company)
    assert desk.post(f"emails({email})/{_CRM}SendEmail", {"IssueSend": False}).status == 200
    assert desk.get(f"emails({email})/statuscode").json["value"] == 3
    assert company.outside == []
    again = desk.post(f"emails({email})/{_CRM}SendEmail", {"IssueSend": True})
    assert again.status == 400


@on_sqlite
def test_an_email_without_sender_or_recipient_is_not_sent(desk: Api, company: Company) -> None:
    ann = {"partyid_systemuser@odata.bind": f"/systemusers({company.ids['ann']})", "participationtypemask": 1}
    to = {"addressused": "x@outside.example", "participationtypemask": 2}
    nameless = {"partyid_contact@odata.bind": f"/contacts({company.create('contact', lastname='N')})"}
    for parties, code in (
        ([ann], "0x80040b04"),
        ([to], "0x80040b02"),
        ([ann, {**nameless, "participationtypemask": 2}], "0x80040b00"),
    ):
        body = {"subject": "Hi", "directioncode": True, "email_activity_parties": parties}
        email = desk.post("emails", body).id
        said = desk.post(f"emails({email})/{_CRM}SendEmail", {"IssueSend": True})
        assert said.error[:2] == (400, code), said.body
        assert desk.get(f"emails({email})/statuscode").json["value"] == 1


def test_nobody_sends_anothers_email(desk: Api, company: Company) -> None:
    bob = company.add_user("bob@corp.example", "Bob Boss")
    email = company.email(bob, "systemuser", "x@outside.example", ownerid=bob, owneridtype="systemuser")
    at = f"emails({email})/{_CRM}SendEmail"
    assert _ann(desk, company).post(at, {"IssueSend": True}).status == 404
    parties = [
        {"partyid_systemuser@odata.bind": f"/systemusers({user})", "participationtypemask": role}
        for user, role in ((bob, 1), (company.ids["ann"], 2))
    ]
    body = {"subject": "Hi", "directioncode": True, "email_activity_parties": parties}
    shared = desk.post("emails", body).id
    at = f"emails({shared})/{_CRM}SendEmail"
    assert _ann(desk, company).post(at, {"IssueSend": True}).status == 403
    assert desk.get(f"emails({shared})/statuscode").json["value"] == 1


def _delivery(**said: Any) -> dict[str, Any]:
    return {
        "MessageId": "<one@outside.example>",
        "Subject": "Question",
        "From": "carl@contoso.example",
        "To": "ann@corp.example; other@corp.example",
        "Cc": "",
        "Bcc": "",
        "ReceivedOn": "2026-03-01T10:00:00Z",
        "SubmittedBy": "ann@corp.example",
        "Importance": "2",
        "Body": "<p>How much?</p>",
        "Attachments": [{"filename": "a.txt", "mimetype": "text/plain", "body": "aGVsbG8="}],
        **said,
    }


def test_a_delivered_email_is_in_the_store_with_all_that_belongs_to_it(desk: Api, company: Company) -> None:
    key = desk.post(f"emails/{_CRM}DeliverIncomingEmail", _delivery()).json["EmailId"]
    row = desk.get(f"emails({key})", expand="email_activity_parties,email_activity_mime_attachment").json
    assert (row["subject"], row["messageid"]) == ("Question", "one@outside.example")
    assert row["statuscode"] == 4
    assert row["directioncode"] is False
    assert row["prioritycode"] == 2
    senders = [p for p in row["email_activity_parties"] if p["participationtypemask"] == 1]
    assert senders[0]["_partyid_value"] == str(company.ids["carl"])
    assert [a["filename"] for a in row["email_activity_mime_attachment"]] == ["a.txt"]


def test_the_same_delivery_twice_is_one_email(desk: Api, company: Company) -> None:
    first = desk.post(f"emails/{_CRM}DeliverIncomingEmail", _delivery()).json["EmailId"]
    assert desk.post(f"emails/{_CRM}DeliverIncomingEmail", _delivery()).json["EmailId"] == first
    assert len(company.rows("email")) == 1


def test_a_delivery_is_judged_where_that_is_wanted(desk: Api, company: Company) -> None:
    wanted = _delivery(From="stranger@nowhere.example", ValidateBeforeCreate=True)
    said = desk.post(f"emails/{_CRM}DeliverIncomingEmail", wanted)
    assert said.error[:2] == (400, "0x8005e20b")
    assert "Reason Code: " in said.error[2]
    assert company.rows("email") == []


@on_sqlite
@pytest.mark.parametrize(
    "wrong",
    [
        {"MessageId": "<a@b>\r\nBcc: x@y.example"},
        {"From": "a@b.example\nTo: c@d.example"},
        {"ReceivedOn": "yesterday"},
        {"SubmittedBy": "nobody@nowhere.example"},
        {"Attachments": [{"filename": "x", "body": "%%%"}]},
        {"Attachments": "x"},
        {"Body": None},
        {"Nosuch": 1},
    ],
)
def test_a_delivery_that_makes_no_email_is_refused(
    desk: Api, company: Company, wrong: dict[str, Any]
) -> None:
    said = desk.post(f"emails/{_CRM}DeliverIncomingEmail", _delivery(**wrong))
    assert said.status == 400
    assert company.rows("email") == []


@on_sqlite
def test_nobody_delivers_into_anothers_mailbox(desk: Api, company: Company) -> None:
    company.add_user("bob@corp.example", "Bob Boss")
    said = _ann(desk, company).post(
        f"emails/{_CRM}DeliverIncomingEmail", _delivery(SubmittedBy="bob@corp.example")
    )
    assert said.status == 404
    reader = desk.by(Caller("r", Role.READER))
    assert reader.post(f"emails/{_CRM}DeliverIncomingEmail", _delivery()).status == 403


def test_checking_an_email_says_what_would_become_of_it_and_changes_nothing(
    desk: Api, company: Company
) -> None:
    said = {"MessageId": "<m@x>", "Subject": "Hi", "To": "sales@corp.example"}
    answer = _ask(desk, "CheckIncomingEmail", From="carl@contoso.example", **said).json
    assert answer["ShouldDeliver"] is True
    assert answer["ReasonCode"] > 0
    missed = _ask(desk, "CheckIncomingEmail", From="a@b.example", **{**said, "To": "nobody@x.example"})
    assert (missed.json["ShouldDeliver"], missed.json["ReasonCode"]) == (False, 3)
    assert company.rows("email") == []
    assert company.rows("postroom_decision") == []


# Queues ---------------------------------------------------------------------------------------------------


def test_a_record_goes_into_a_queue_to_a_worker_and_out_again(desk: Api, company: Company) -> None:
    sales, other = company.ids["sales"], company.create("queue", name="Other")
    task = desk.post("tasks", {"subject": "Call"}).id
    target = {"@odata.type": f"{_CRM}task", "activityid": task}
    at = f"queues({sales})/{_CRM}AddToQueue"
    put = desk.post(at, {"Target": target})
    assert put.status == 200, put.body
    item = put.json["QueueItemId"]
    assert desk.post(at, {"Target": target}).error[:2] == (400, "0x80040523")
    moved = desk.post(
        f"queues({other})/{_CRM}AddToQueue", {"Target": target, "SourceQueue": {"queueid": str(sales)}}
    )
    assert moved.json["QueueItemId"] == item
    wrong = {"Target": target, "SourceQueue": {"queueid": str(sales)}}
    assert desk.post(at, wrong).error[:2] == (400, "0x80040524")
    work = {"SystemUser": {"systemuserid": str(company.ids["ann"])}, "RemoveQueueItem": False}
    assert desk.post(f"queueitems({item})/{_CRM}PickFromQueue", work).status == 204
    assert desk.get(f"queueitems({item})").json["_workerid_value"] == str(company.ids["ann"])
    assert desk.post(f"queueitems({item})/{_CRM}ReleaseToQueue").status == 204
    assert desk.get(f"queueitems({item})").json["_workerid_value"] is None
    route = {"Target": {"@odata.id": f"queues({sales})"}, "QueueItem": {"queueitemid": item}}
    assert desk.post("RouteTo", route).status == 204
    assert desk.get(f"queueitems({item})").json["_queueid_value"] == str(sales)
    assert desk.post(f"queueitems({item})/{_CRM}RemoveFromQueue").status == 204
    assert desk.get("queueitems").rows == []


def test_a_user_has_queues(desk: Api, company: Company) -> None:
    at = f"systemusers({company.ids['ann']})/{_CRM}RetrieveUserQueues"
    assert [row["name"] for row in desk.get(f"{at}(IncludePublic=true)").rows] == ["Sales"]
    assert desk.get(f"{at}(IncludePublic=false)").rows == []
    assert desk.get(at).status == 400


# Appointments ---------------------------------------------------------------------------------------------


def _meeting(company: Company, **said: Any) -> dict[str, Any]:
    ann = {"partyid_systemuser@odata.bind": f"/systemusers({company.ids['ann']})", "participationtypemask": 5}
    return {
        "@odata.type": f"{_CRM}appointment",
        "subject": "Meet",
        "scheduledstart": "2026-03-05T10:00:00Z",
        "scheduledend": "2026-03-05T11:00:00Z",
        "statuscode": 5,
        "appointment_activity_parties": [ann],
        **said,
    }


def test_an_appointment_is_booked_and_conflicts_are_told(desk: Api, company: Company) -> None:
    first = desk.post("Book", {"Target": _meeting(company)}).json["ValidationResult"]
    assert first["ValidationSuccess"] is True
    assert first["TraceInfo"]["ErrorInfoList"] == []
    second = desk.post("Book", {"Target": _meeting(company, subject="Clash")}).json["ValidationResult"]
    faults = second["TraceInfo"]["ErrorInfoList"]
    assert [fault["ResourceList"][0]["Id"] for fault in faults] == [str(company.ids["ann"])]
    later = {
        "@odata.type": f"{_CRM}appointment",
        "activityid": first["ActivityId"],
        "scheduledstart": "2026-03-06T10:00:00Z",
        "scheduledend": "2026-03-06T11:00:00Z",
    }
    moved = desk.post("Reschedule", {"Target": later}).json["ValidationResult"]
    assert moved == {
        "ValidationSuccess": True,
        "ActivityId": first["ActivityId"],
        "TraceInfo": {"ErrorInfoList": []},
    }
    assert desk.get(f"appointments({first['ActivityId']})").json["scheduledstart"] == "2026-03-06T10:00:00Z"


@on_sqlite
def test_what_can_not_be_booked_is_refused(desk: Api, company: Company) -> None:
    assert desk.post("Book", {"Target": _meeting(company, scheduledend=None)}).error[1] == "0x80040275"
    assert desk.post("Book", {"Target": {"lastname": "x"}}).status == 400
    assert desk.post("Reschedule", {"Target": _meeting(company)}).status == 400
    assert desk.post("Reschedule", {"Target": _meeting(company, activityid=str(uuid4()))}).status == 404
    for_other = _meeting(company, **{"ownerid_appointment@odata.bind": f"/systemusers({company.ids['ann']})"})
    bob = company.add_user("bob@corp.example", "Bob Boss")
    as_bob = desk.by(Caller("bob", Role.MAILBOX_OWNER, bob))
    assert as_bob.post("Book", {"Target": for_other}).status == 403
    assert company.rows("appointment") == []


def test_an_appointment_becomes_a_series_and_the_series_ends(desk: Api, company: Company) -> None:
    made = desk.post("Book", {"Target": _meeting(company)}).json["ValidationResult"]["ActivityId"]
    daily = {
        "recurrencepatterntype": 0,
        "interval": 1,
        "patternstartdate": "2026-03-05T00:00:00Z",
        "patternendtype": 2,
        "occurrences": 5,
    }
    said = desk.post(f"appointments({made})/{_CRM}AddRecurrence", {"Target": daily})
    assert said.status == 200, said.body
    series = said.json["activityid"]
    assert desk.get(f"appointments({made})").status == 404
    days = f"seriesid eq {series} and statecode ne 2"
    assert len(desk.get("appointments", filter=days).rows) == 5
    end = {
        "Target": {"activityid": series},
        "SeriesEndDate": "2026-03-06T23:00:00Z",
        "StateOfPastInstances": 1,
    }
    assert desk.post("DeleteOpenInstances", end).status == 204
    assert len(desk.get("appointments", filter=days).rows) == 2
    assert desk.post("DeleteOpenInstances", {**end, "StateOfPastInstances": 9}).status == 400


# Postroom's own -------------------------------------------------------------------------------------------


@on_sqlite
def test_a_mailbox_is_tested_over_the_web_api(desk: Api, company: Company) -> None:
    mailbox = company.mailbox("ann@corp.example")
    report = _ann(desk, company).post(f"mailboxes({mailbox})/{_CRM}postroom_TestAndEnable").json
    assert (report["status"], report["emailaddress"]) == ("Success", "ann@corp.example")
    assert all(step["ok"] for step in report["steps"])
    other = company.mailbox("sales@corp.example")
    assert _ann(desk, company).post(f"mailboxes({other})/{_CRM}postroom_TestAndEnable").status == 404
    assert desk.post(f"mailboxes({mailbox})/{_CRM}postroom_SyncNow").status == 204


@on_sqlite
def test_why_a_message_was_tracked_is_told_to_those_whose_it_is(desk: Api, company: Company) -> None:
    desk.post(f"emails/{_CRM}DeliverIncomingEmail", _delivery())
    found = _ask(desk, "postroom_Explain", Message="<one@outside.example>").json["value"]
    assert [entry["mailbox"] for entry in found] == ["ann@corp.example"]
    assert found[0]["tracked"] is True
    assert (
        _ask(_ann(desk, company), "postroom_Explain", Message="<one@outside.example>").json["value"] == found
    )
    bob = company.add_user("bob@corp.example", "Bob Boss")
    as_bob = desk.by(Caller("bob", Role.MAILBOX_OWNER, bob))
    assert _ask(as_bob, "postroom_Explain", Message="<one@outside.example>").json["value"] == []


@on_sqlite
def test_a_rescan_is_previewed_over_the_web_api(desk: Api, company: Company) -> None:
    mailbox = company.mailbox("ann@corp.example")
    at = f"mailboxes({mailbox})/{_CRM}postroom_Rescan"
    said = desk.post(at, {"Since": "2026-01-01T00:00:00Z"}).json
    assert (said["Seen"], said["Tracked"], said["Failure"]) == (0, 0, None)
    assert desk.post(at, {"Since": "soon"}).status == 400


@on_sqlite
def test_tracked_folders_of_a_mailbox_are_listed(desk: Api, company: Company) -> None:
    mailbox = company.mailbox("ann@corp.example")
    company.create(
        "mailboxtrackingfolder",
        mailboxid=mailbox,
        exchangefolderid="f1",
        exchangefoldername="Contoso",
        regardingobjectid=company.ids["account"],
        regardingobjecttypecode="account",
    )
    said = _ask(desk, "RetrieveMailboxTrackingFolders", MailboxId=str(mailbox)).json
    assert said["MailboxTrackingFolderMappings"] == [
        {
            "ExchangeFolderId": "f1",
            "ExchangeFolderName": "Contoso",
            "RegardingObjectId": str(company.ids["account"]),
            "RegardingObjectName": "Contoso",
            "RegardingObjectTypeCode": 1,
            "IsFolderOnboarded": False,
        }
    ]
    assert _ask(desk, "RetrieveMailboxTrackingFolders", MailboxId="x").status == 400


@on_sqlite
def test_a_message_is_called_as_it_is_bound(api: Api) -> None:
    key = api.post("tasks", {"subject": "x"}).id
    assert api.post(f"tasks({key})/{_CRM}SendEmail", {"IssueSend": True}).status == 404
    assert "unresolved parameters" in api.post(f"emails({key})/SendEmail", {"IssueSend": True}).error[2]
    assert api.post("WhoAmI").status == 405
    assert api.get("GetTrackingTokenEmail").status == 405
    assert api.get("RetrieveVersion()").json["Version"].startswith("9.2.")


def test_every_message_is_described() -> None:
    paths = describe("https://post.example")["paths"]
    assert sum(len(methods) for methods in paths.values()) == len(catalog.ALL)
    assert f"/emails({{id}})/{_CRM}SendEmail" in paths
