"""From verdicts to rows: lengths that fit, files left out, queue items, items of several messages."""

import hashlib
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.support.cases import ANN, BOSS, CONTOSO, NOON, a_mail, a_parent, addresses, ann, carl, sales

from postroom.configuration.attachments import AttachmentRules, extensions
from postroom.mime.message import Attachment, BytesContent, Importance, Message
from postroom.passes.judge import Gathered, Judged, Opened, judge
from postroom.passes.rows import (
    Setting,
    Stored,
    add,
)
from postroom.ports.blobs import BlobRef
from postroom.ports.mail import Offered
from postroom.schema import registry
from postroom.schema.choices import EmailNotification, FilteringMethod, QuarantineCause, Reason
from postroom.store.blobs import content_key
from postroom.store.messages import Rows
from postroom.tracking.conversation import base_hash
from postroom.tracking.facts import Policy, Receiver
from postroom.tracking.resolution import Ownership

UNIT, SYSTEM, MAILBOX = UUID(int=300), UUID(int=301), UUID(int=99)
SETTING = Setting(NOON, MAILBOX, SYSTEM, {ANN: UNIT, BOSS: UNIT}, Ownership(BOSS, "systemuser"))
RECEIVER = Receiver(MAILBOX, "ann@corp.example", "systemuser", ANN, FilteringMethod.ALL)


def judged(message: Message | None, server_id: str = "1", by_message_id: Any = None, **more: Any) -> Judged:
    known = {"ann@corp.example": (ann(FilteringMethod.ALL),), "sales@corp.example": (sales(),)}
    known["carl@contoso.example"] = (carl(),)
    opened = Opened(Offered(server_id, 1, 100), bytes(32), 100, RECEIVER, message, received_at=NOON, **more)
    gathered = Gathered(known, by_message_id or {})
    (one,) = judge([opened], gathered, Policy(), lambda copy: copy.server_id != server_id)
    return one


def rows_of(message: Message | None, stored: Any = (), raw: BlobRef | None = None, **more: Any) -> Rows:
    rows = Rows()
    add(rows, judged(message, **more), stored, raw, SETTING)
    return rows


def a_file(name: str = "a.txt", data: bytes = b"abc", refusal: str = "", **more: Any) -> Stored:
    attachment = Attachment(name, more.pop("mimetype", "text/plain"), BytesContent(data), **more)
    return Stored(attachment, None if refusal else BlobRef(hashlib.sha256(data).digest(), len(data)), refusal)


def test_an_email_row_says_what_the_message_says() -> None:
    message = a_mail(html="<p>Hi</p>", importance=Importance.HIGH, conversation_index="ab" * 22)
    (email,) = rows_of(message).emails
    assert (email["description"], email["mimetype"]) == ("<p>Hi</p>", "text/html")
    assert (email["statecode"], email["statuscode"], email["directioncode"]) == (1, 4, False)
    assert (email["prioritycode"], email["sender"], email["torecipients"]) == (
        2,
        "carl@contoso.example",
        "ann@corp.example;",
    )
    assert (email["emailsender"], email["sendersaccount"]) == (carl().id, CONTOSO)
    assert (email["ownerid"], email["owningbusinessunit"]) == (ANN, UNIT)
    assert email["conversationtrackingid"] == email["activityid"]
    assert email["baseconversationindexhash"] == base_hash("ab" * 22)
    assert email["correlatedsubjectchanged"] is False


def test_plain_text_stays_plain_text() -> None:
    (email,) = rows_of(a_mail(text="a < b")).emails
    assert (email["description"], email["mimetype"]) == ("a < b", "text/plain")


def test_whatever_a_stranger_writes_fits_its_column() -> None:
    long = "ü" * 40_000
    message = replace(
        a_mail(sender=f"{long}@x.example", to=("ann@corp.example", f"{long}@y.example")),
        subject=long,
        message_id=long,
        in_reply_to=long,
        conversation_index="ab" * 20_000,
        bcc=tuple(replace(a, name=long) for a in addresses("b@x.example")),
    )
    stored = [a_file(long, content_id=long, mimetype=long)]
    rows = rows_of(message, stored)
    checked = 0
    for table, found in (
        ("email", rows.emails),
        ("activityparty", rows.parties),
        ("activitymimeattachment", rows.attachments),
        ("attachment", rows.contents),
        ("postroom_decision", rows.decisions),
        ("postroom_ledger", rows.ledger),
        ("queueitem", rows.queue_items),
    ):
        columns = registry.by_logical_name(table).columns
        for row in found:
            for name, value in row.items():
                longest = columns[name].length
                if isinstance(value, str) and longest:
                    assert len(value) <= longest, f"{table}.{name}"
                    checked += 1
    assert checked > 20


def test_only_whole_recipients_are_listed() -> None:
    many = tuple(f"recipient{number}@x.example" for number in range(100))
    (email,) = rows_of(a_mail(to=("ann@corp.example", *many))).emails
    listed = email["torecipients"]
    assert len(listed) <= 500
    assert listed.endswith("@x.example;")


def test_an_answer_takes_over_what_its_parent_knows() -> None:
    parent = a_parent(
        subject="Offer",
        regarding=CONTOSO,
        regarding_table="account",
        conversation=UUID(int=7),
        tracking_token="CRM:1",
    )
    message = a_mail(in_reply_to="parent@corp.example", subject="RE: Offer")
    rows = rows_of(message, by_message_id={"parent@corp.example": [parent]})
    (email,) = rows.emails
    assert (email["parentactivityid"], email["correlatedactivityid"]) == (parent.activity, parent.activity)
    assert (email["regardingobjectid"], email["regardingobjecttypecode"]) == (CONTOSO, "account")
    assert (email["conversationtrackingid"], email["trackingtoken"]) == (UUID(int=7), "CRM:1")
    assert email["correlatedsubjectchanged"] is False
    assert [row["partyid"] for row in rows.parties if row["participationtypemask"] == 8] == [CONTOSO]
    changed = a_mail(in_reply_to="parent@corp.example", subject="Something else")
    (email,) = rows_of(changed, by_message_id={"parent@corp.example": [parent]}).emails
    assert email["correlatedsubjectchanged"] is True


def test_files_left_out_are_told_on_the_email_and_in_the_trail() -> None:
    rows = rows_of(
        a_mail(), [a_file(), a_file("b.exe", refusal="the extension “exe” is blocked"), a_file("c")]
    )
    (email,) = rows.emails
    assert (email["notifications"], email["attachmentcount"]) == (EmailNotification.ATTACHMENTS_LEFT_OUT, 2)
    assert [row["attachmentnumber"] for row in rows.attachments] == [1, 2]
    (decision,) = rows.decisions
    assert json.loads(decision["trail"])[-1] == [
        "attachments",
        "file 2 was left out: the extension “exe” is blocked",
    ]


def test_a_body_that_was_cut_is_told() -> None:
    (email,) = rows_of(a_mail(defects=("truncated body",))).emails
    assert email["notifications"] == EmailNotification.TRUNCATED_BODY


def test_equal_contents_have_one_row_under_one_key() -> None:
    rows = rows_of(a_mail(), [a_file("a.txt"), a_file("b.txt"), a_file("c.txt", b"other")])
    keys = [row["attachmentid"] for row in rows.attachments]
    assert keys[0] == keys[1] != keys[2]
    assert content_key(BlobRef(bytes(32), 0)).version == 8


def test_every_queue_gets_an_item_with_a_title() -> None:
    rows = rows_of(a_mail(to=("sales@corp.example",), subject=""))
    (item,) = rows.queue_items
    assert (item["title"], item["queueid"]) == ("(no subject)", sales().id)


def test_mail_that_nobody_owns_belongs_to_the_owner_of_the_mailbox() -> None:
    one = judged(a_mail())
    one.owner = None
    rows = Rows()
    add(rows, one, (), None, SETTING)
    assert rows.emails[0]["ownerid"] == BOSS


def test_what_is_not_tracked_leaves_a_decision_and_a_ledger_row() -> None:
    rows = rows_of(a_mail(to=("x@else.example",), sender=None))
    assert (rows.emails, rows.parties, rows.quarantine) == ([], [], [])
    assert rows.decisions[0]["reason"] == Reason.INVALID_SENDER
    assert rows.ledger[0]["decisionid"] == rows.decisions[0]["postroom_decisionid"]
    assert rows.ledger[0]["emailid"] is None


def test_what_is_put_aside_leaves_its_bytes_and_its_reason() -> None:
    raw = BlobRef(bytes(32), 100)
    rows = rows_of(None, raw=raw, cause=QuarantineCause.MALFORMED, trouble="no header " * 400)
    (entry,) = rows.quarantine
    assert (entry["digest"], entry["cause"], entry["attempts"]) == (raw.digest, 0, 1)
    assert len(entry["reason"]) == 2000
    assert rows.ledger[0]["quarantineid"] == entry["postroom_quarantineid"]
    (unexplained,) = rows_of(None, cause=QuarantineCause.TOO_LARGE).quarantine
    assert unexplained["reason"] == Reason.TOO_LARGE.sentence


def test_a_renumbered_message_only_changes_its_ledger_row() -> None:
    one = judged(a_mail())
    one.renumbered_from = UUID(int=5)
    rows = Rows()
    add(rows, one, (), None, SETTING)
    assert rows.renumbered == [{"key": UUID(int=5), "new_server_id": "1", "new_folder": ""}]
    assert (rows.emails, rows.decisions, rows.ledger) == ([], [], [])


def test_the_ledger_row_of_an_item_speaks_for_all_messages_in_it() -> None:
    refused = judged(a_mail(sender=None))
    tracked = judged(a_mail(message_id="2@x"), heads_item=False)
    broken = judged(None, cause=QuarantineCause.FORWARD_ITEM, heads_item=False)
    other = judged(a_mail(message_id="3@x"), heads_item=False)
    rows = Rows()
    for one in (refused, tracked, broken, other):
        add(rows, one, (), None, SETTING)
    (ledger,) = rows.ledger
    assert ledger["emailid"] == tracked.email_id
    assert ledger["quarantineid"] == rows.quarantine[0]["postroom_quarantineid"]
    assert ledger["decisionid"] == refused.decision_id
    assert len(rows.decisions) == 4


@pytest.mark.parametrize(
    ("filename", "size", "refusal"),
    [
        ("a.txt", 10, ""),
        ("a.exe", 1, "the extension “exe” is blocked"),
        ("a.txt.ExE", 1, "the extension “exe” is blocked"),
        ("exe", 1, ""),
        ("a.exe.txt", 1, ""),
        ("a.txt", 11, "it is larger than 10 bytes"),
        ("", 10, ""),
    ],
)
def test_which_files_are_kept(filename: str, size: int, refusal: str) -> None:
    assert AttachmentRules(10, extensions("exe;.Com")).refusal(filename, size) == refusal
