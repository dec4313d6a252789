"""Mail in the sandbox's Exchange, as exchangelib sees it."""

import smtplib

import pytest
from exchangelib import FileAttachment, HTMLBody, ItemAttachment, Mailbox, Message
from exchangelib.errors import ErrorInvalidRecipients, ErrorMessageSizeExceeded, ErrorSendAsDenied
from tests.support.exchange import ANN, BEN, CARLA, PASSWORD, Exchange, letter, running

from postroom.sandbox.exchange import ExchangeOffice, Right, sending
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.smtp import SandboxSmtp


def _to(address: str) -> list[Mailbox]:
    return [Mailbox(email_address=address)]


def test_a_delivered_message_is_an_item_with_what_its_headers_say(exchange: Exchange) -> None:
    exchange.office.deliver(
        ANN,
        letter(
            "Order 4711",
            In_Reply_To="<offer@northwind.example>",
            References="<a@x.example> <offer@northwind.example>",
            Importance="high",
            Cc="Ben <ben@northwind.example>",
        ),
    )

    item = exchange.account(ANN).inbox.get()

    assert (item.subject, item.message_id) == ("Order 4711", "<Order.4711@contoso.example>")
    assert item.in_reply_to == "<offer@northwind.example>"
    assert item.references == "<a@x.example> <offer@northwind.example>"
    assert (item.author.name, item.author.email_address) == ("Carla Customer", CARLA)
    assert [person.email_address for person in item.to_recipients] == [ANN]
    assert [person.email_address for person in item.cc_recipients] == [BEN]
    assert (item.importance, item.is_read, item.has_attachments) == ("High", False, False)
    assert (item.item_class, item.is_draft, item.categories) == ("IPM.Note", False, None)
    assert item.text_body is None or "Hello" in item.text_body
    assert "Hello" in item.body
    assert item.size == len(item.mime_content)
    assert {header.name for header in item.headers} >= {"Subject", "References"}


def test_octets_that_are_no_message_make_an_item_all_the_same(exchange: Exchange) -> None:
    exchange.office.deliver(ANN, b"\x00\x01 this is not an e-mail")

    item = exchange.account(ANN).inbox.get()

    assert item.subject in (None, "")
    assert item.mime_content == b"\x00\x01 this is not an e-mail"


def test_control_characters_of_a_subject_do_not_break_the_answer(exchange: Exchange) -> None:
    exchange.office.deliver(ANN, letter("Bells", body="a\x07b\x00c"))

    assert exchange.account(ANN).inbox.get().body.strip() == "abc"


def test_a_report_of_failed_delivery_has_its_own_class(exchange: Exchange) -> None:
    account = exchange.account(ANN)

    Message(account=account, subject="To nobody", body="x", to_recipients=_to("nobody@void.example")).send()

    bounce = account.inbox.get()
    assert bounce.item_class == "REPORT.IPM.Note.NDR"
    assert b"Final-Recipient: rfc822;nobody@void.example" in bounce.mime_content


def test_what_is_sent_reaches_the_other_mailbox_and_leaves_a_copy(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    message = Message(
        account=ann,
        folder=ann.sent,
        subject="Lunch",
        body=HTMLBody("<p>Noon?</p>"),
        to_recipients=_to(BEN),
        message_id="<lunch@crm.example>",
        attachments=[FileAttachment(name="menu.txt", content=b"soup")],
    )

    message.send_and_save()

    got = exchange.account(BEN).inbox.get()
    assert (got.subject, got.body, got.message_id) == ("Lunch", "<p>Noon?</p>", "<lunch@crm.example>")
    assert (got.sender.email_address, got.is_read) == (ANN, False)
    assert [(file.name, file.content) for file in got.attachments] == [("menu.txt", b"soup")]
    copy = ann.sent.get()
    assert (copy.subject, copy.message_id, copy.is_read) == ("Lunch", "<lunch@crm.example>", True)
    assert copy.is_draft is False


def test_a_message_given_as_mime_is_sent_as_it_is_but_for_its_blind_copies(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    raw = (
        b"From: ann@northwind.example\r\nTo: ben@northwind.example\r\nBcc: ann@northwind.example\r\n"
        b"Subject: Raw\r\nMessage-ID: <raw@crm.example>\r\nX-Crm: 7\r\n\r\nbody\r\n"
    )

    Message(account=ann, folder=ann.sent, mime_content=raw).send_and_save()

    got = exchange.account(BEN).inbox.get()
    assert got.message_id == "<raw@crm.example>"
    assert b"X-Crm: 7" in got.mime_content
    assert b"Bcc" not in got.mime_content
    assert exchange.office.outlook(ANN).subjects() == ["Raw"]


def test_a_draft_is_sent_and_moves_to_the_sent_items(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    draft = Message(account=ann, folder=ann.drafts, subject="Draft", body="x", to_recipients=_to(BEN)).save()
    draft.attach(FileAttachment(name="late.txt", content=b"attached later"))

    assert ann.drafts.get().is_draft is True
    draft.send(save_copy=True, copy_to_folder=ann.sent)

    assert ann.drafts.total_count == 0
    assert ann.sent.get().subject == "Draft"
    assert exchange.account(BEN).inbox.get().attachments[0].content == b"attached later"


def test_a_message_without_valid_recipients_is_not_sent(exchange: Exchange) -> None:
    ann = exchange.account(ANN)

    with pytest.raises(ErrorInvalidRecipients):
        Message(account=ann, subject="x", body="x", to_recipients=_to("nobody")).send()


def test_a_sender_who_asked_for_a_receipt_gets_one_when_the_message_is_opened(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    Message(
        account=ann, subject="Seen?", body="x", to_recipients=_to(BEN), is_read_receipt_requested=True
    ).send()
    ben = exchange.office.outlook(BEN)

    for _ in range(2):
        ben.mark_read(ben.find("Seen?"))
        ben.mark_unread(ben.find("Seen?"))

    receipt = ann.inbox.get()
    assert (receipt.item_class, receipt.subject) == ("REPORT.IPM.Note.IPNRN", "Read: Seen?")
    original = ben.find("Seen?").text("message:InternetMessageId").encode()
    assert b"Original-Message-ID: " + original in receipt.mime_content


def test_a_program_that_marks_as_read_sends_receipts_only_when_it_wants_to(exchange: Exchange) -> None:
    for subject in ("Silent", "Told"):
        exchange.office.deliver(ANN, letter(subject, sender=BEN, Disposition_Notification_To=f"<{BEN}>"))
    ann = exchange.account(ANN)
    for item in ann.inbox.all():
        item.is_read = True
        ann.bulk_update([(item, ["is_read"])], suppress_read_receipts=item.subject == "Silent")

    assert exchange.office.outlook(BEN).subjects() == ["Read: Told"]


def test_a_draft_is_changed_and_sent_in_one_go(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    draft = Message(account=ann, folder=ann.drafts, subject="Draft", body="x", to_recipients=_to(BEN)).save()

    draft.subject = "Final"
    draft.send_and_save(update_fields=["subject"])

    assert exchange.account(BEN).inbox.get().subject == "Final"
    assert [item.subject for item in ann.sent.all()] == ["Final"]


def test_a_large_message_goes_through(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    # More than a text may have for a parser with its usual limits.
    large = FileAttachment(name="large.bin", content=b"0123456789abcdef" * 500_000)

    Message(account=ann, subject="Large", to_recipients=_to(BEN), attachments=[large]).send()

    assert large.content in b"".join(
        file.content for item in exchange.office.outlook(BEN).items() for file in item.attachments
    )


def test_a_message_that_is_too_large_is_not_sent(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "LARGEST", 100_000)
    raw = letter("Larger", sender=ANN, to=BEN, body="0123456789abcdef" * 10_000)

    with pytest.raises(ErrorMessageSizeExceeded):
        Message(account=exchange.account(ANN), mime_content=raw).send()
    assert exchange.office.outlook(BEN).subjects() == []


def test_only_a_delegate_sends_for_somebody_else_and_recipients_see_both(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    message = Message(
        account=ann, subject="For Ben", body="x", author=Mailbox(email_address=BEN), to_recipients=_to(ANN)
    )
    with pytest.raises(ErrorSendAsDenied):
        message.send()

    exchange.office.allow_delegate(BEN, ANN, Right.SEND_ON_BEHALF)
    message.send()

    got = ann.inbox.get()
    assert (got.author.email_address, got.sender.email_address) == (BEN, ANN)


def test_a_forwarded_message_is_an_attached_item(exchange: Exchange) -> None:
    inner = letter("Inner")
    outer = (
        b"From: fay@northwind.example\r\nTo: ann@northwind.example\r\nSubject: FW\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee\r\n'
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    )
    exchange.office.deliver(ANN, outer)

    attached = exchange.account(ANN).inbox.get().attachments[0]

    assert isinstance(attached, ItemAttachment)
    assert attached.item.subject == "Inner"
    assert attached.item.message_id == "<Inner@contoso.example>"


def test_files_are_attached_fetched_and_removed(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    draft = Message(account=ann, folder=ann.drafts, subject="Files", body="x", to_recipients=_to(BEN)).save()
    first, second = (FileAttachment(name=f"{n}.bin", content=bytes(range(256)) * n) for n in (1, 2))
    draft.attach([first, second])
    inner = Message(account=ann, folder=ann.drafts, subject="Attached item", body="y")
    draft.attach(ItemAttachment(name="item", item=inner))

    draft.detach(first)

    files = {file.name: file for file in ann.drafts.get().attachments}
    assert set(files) == {"2.bin", "item"}
    assert files["2.bin"].content == bytes(range(256)) * 2
    assert files["item"].item.subject == "Attached item"


def test_an_attachment_of_an_attached_message_is_reached_by_its_id_and_moves_with_it(
    exchange: Exchange,
) -> None:
    inner = (
        b'Subject: Inner\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf; name="a.pdf"\r\n'
        b'Content-Disposition: attachment; filename="a.pdf"\r\n\r\npdf'
    )
    outer = (
        b"From: fay@northwind.example\r\nSubject: FW\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    )
    exchange.office.deliver(ANN, outer)
    ann = exchange.account(ANN)
    before = ann.inbox.get().attachments[0].attachment_id.id

    ann.inbox.get().move(ann.junk)

    attached = ann.junk.get().attachments[0]
    assert attached.attachment_id.id != before
    assert [file.name for file in attached.item.attachments] == ["a.pdf"]
    assert attached.item.attachments[0].content.strip() == b"pdf"


def test_what_somebody_sends_from_outlook_arrives_and_is_among_the_sent_items(exchange: Exchange) -> None:
    exchange.office.outlook(ANN).send(letter("From my desk", sender=ANN, to=BEN), BEN)

    assert exchange.office.outlook(ANN).subjects("sentitems") == ["From my desk"]
    assert exchange.account(BEN).inbox.get().is_read is False


def test_the_body_is_given_as_text_too(exchange: Exchange) -> None:
    exchange.office.deliver(ANN, letter("Rich", body="<p>a &amp; b</p>", Content_Type="text/html"))

    item = exchange.account(ANN).inbox.get()

    assert item.body.strip() == "<p>a &amp; b</p>"
    assert (item.text_body, item.unique_body.strip()) == ("a & b", "<p>a &amp; b</p>")


def test_mail_for_the_sandboxs_other_mailboxes_and_for_a_relay_leaves_the_office() -> None:
    others, world = SandboxMailboxes(), SandboxMailboxes()
    others.open_account(CARLA, PASSWORD)
    with (
        SandboxSmtp(world) as smtp,
        running(ExchangeOffice(others=others), smtp=(smtp.host, smtp.port)) as it,
    ):
        to = [*_to(CARLA), *_to("far@away.example")]
        Message(account=it.account(ANN), subject="Out", body="x", to_recipients=to).send()

        assert [b"Subject: Out" in kept.read() for kept in others.list(CARLA)] == [True]
        assert [left.recipients for left in smtp.outside] == [("far@away.example",)]
        assert it.office.outlook(ANN).subjects() == []


def test_who_the_relay_refuses_comes_back_as_a_bounce() -> None:
    answers = {"gone@away.example": "550 5.1.1 no such user"}
    with (
        SandboxSmtp(SandboxMailboxes(), answers=answers) as smtp,
        running(smtp=(smtp.host, smtp.port)) as it,
    ):
        ann = it.account(ANN)
        Message(account=ann, subject="Out", body="x", to_recipients=_to("gone@away.example")).send()

        assert b"550 5.1.1 no such user" in ann.inbox.get().mime_content


def test_what_the_smtp_server_takes_for_an_exchange_mailbox_lands_in_its_inbox(exchange: Exchange) -> None:
    with SandboxSmtp(SandboxMailboxes(), exchange=exchange.office) as smtp:
        with smtplib.SMTP(smtp.host, smtp.port) as client:
            client.sendmail(CARLA, [ANN], letter("By SMTP"))

        assert exchange.office.outlook(ANN).subjects() == ["By SMTP"]
        assert smtp.outside == []
