"""Delivery status and receipts in the forms of the standards, and what programs make of them."""

import pytest
from tests.support.reports import DISPLAYED, FAILED, ORIGINAL, ORIGINAL_ID, a_report

from postroom.mime.nature import Fate, Nature, Report, nature_of
from postroom.mime.read import read
from postroom.mime.report import LONGEST_DIAGNOSTIC, one_line
from postroom.schema.choices import DeliveryState, MessageKind

DELAYED, DELIVERED = DeliveryState.DELAYED, DeliveryState.DELIVERED
READ, UNREAD, BOUNCED = DeliveryState.READ, DeliveryState.UNREAD, DeliveryState.BOUNCED


def nature(octets: bytes) -> Nature:
    return nature_of(read(octets))


def report(octets: bytes) -> Report:
    found = nature(octets).report
    assert found is not None
    return found


def fate(fields: str) -> Fate:
    """Return the only fate that fields about a recipient tell."""
    (found,) = report(a_report(f"Reporting-MTA: dns; x\n\n{fields}")).fates
    return found


def receipt(fields: str) -> bytes:
    sender = "Bob <bob@home.example>"
    return a_report(fields, about="disposition-notification", subject="Read: Offer", sender=sender)


def test_a_bounce_tells_address_state_status_and_words() -> None:
    found = nature(a_report())
    assert found.kind is MessageKind.BOUNCE
    assert found.evidence == "multipart/report of delivery-status"
    assert found.report == Report(
        ORIGINAL_ID, (Fate("bob@example.net", BOUNCED, "5.1.1", "550 5.1.1 No such user"),)
    )


@pytest.mark.parametrize(
    ("action", "status", "state", "kind"),
    [
        ("failed", "5.1.1", BOUNCED, MessageKind.BOUNCE),
        ("Failed (bad destination)", "5.1.1", BOUNCED, MessageKind.BOUNCE),
        ("failed", "4.4.7", BOUNCED, MessageKind.BOUNCE),
        ("error", "5.0.0", BOUNCED, MessageKind.BOUNCE),
        ("delayed", "4.4.1", DELAYED, MessageKind.DELAY),
        ("delivered", "2.0.0", DELIVERED, MessageKind.DELIVERY),
        ("relayed", "2.0.0", DELIVERED, MessageKind.DELIVERY),
        ("expanded", "2.0.0", DELIVERED, MessageKind.DELIVERY),
        ("gone astray", "5.1.1", BOUNCED, MessageKind.BOUNCE),
        ("", "4.2.2", DELAYED, MessageKind.DELAY),
        ("", "2.1.5", DELIVERED, MessageKind.DELIVERY),
    ],
)
def test_the_action_tells_the_state_and_the_status_where_there_is_none(
    action: str, status: str, state: DeliveryState, kind: MessageKind
) -> None:
    fields = f"\n\nFinal-Recipient: rfc822; bob@example.net\nAction: {action}\nStatus: {status}\n"
    found = nature(a_report(fields))
    assert found.kind is kind
    assert found.report is not None
    assert [one.state for one in found.report.fates] == [state]


@pytest.mark.parametrize(
    ("actions", "kind"),
    [
        (("delivered", "delayed", "failed"), MessageKind.BOUNCE),
        (("delivered", "delayed"), MessageKind.DELAY),
        (("relayed", "delivered"), MessageKind.DELIVERY),
    ],
)
def test_the_worst_fate_of_several_recipients_makes_the_kind(
    actions: tuple[str, ...], kind: MessageKind
) -> None:
    groups = [f"Final-Recipient: rfc822; {action}@example.net\nAction: {action}\n" for action in actions]
    found = nature(a_report("Reporting-MTA: dns; x\n\n" + "\n".join(groups)))
    assert found.kind is kind
    assert found.report is not None
    assert [one.address.partition("@")[0] for one in found.report.fates] == list(actions)


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ("Final-Recipient: rfc822; bob@example.net", "bob@example.net"),
        ("Final-Recipient: RFC822;<bob@example.net>", "bob@example.net"),
        ("Final-Recipient: <bob@example.net>", "bob@example.net"),
        (
            "Final-Recipient: rfc822; b@in.example\nOriginal-Recipient: rfc822; Bob@example.net",
            "Bob@example.net",
        ),
        ("Final-Recipient: rfc822; b@in.example\nOriginal-Recipient: rfc822; unknown", "b@in.example"),
        ("Final-Recipient: x400; /S=bob\nX-Actual-Recipient: rfc822; b@in.example", "b@in.example"),
        ("Final-Recipient: utf-8; gr\\x{FC}n@example.net", "grün@example.net"),
        ("Final-Recipient: utf-8; grün@example.net", "grün@example.net"),
        ("Final-Recipient: utf-8; a\\x{D800}\\x{FFFFFF}@b", "a\\x{D800}\\x{FFFFFF}@b"),
        ("Final-Recipient: x400; /S=bob", ""),
        ("", ""),
    ],
)
def test_the_recipient_is_the_one_that_the_sender_wrote(fields: str, address: str) -> None:
    assert fate(f"{fields}\nAction: failed\n".lstrip()).address == address


@pytest.mark.parametrize(
    ("fields", "status", "diagnostic"),
    [
        ("Diagnostic-Code: smtp; 550 No", "", "550 No"),
        ("Diagnostic-Code: smtp;550-5.1.1 No\n 550 5.1.1 user", "5.1.1", "550-5.1.1 No 550 5.1.1 user"),
        ("Status: 5.0.0\nDiagnostic-Code: X-Postfix; 550 5.7.1 Denied", "5.7.1", "550 5.7.1 Denied"),
        ("Status: 5.0.0\nDiagnostic-Code: smtp; 450 4.7.1 Later", "5.0.0", "450 4.7.1 Later"),
        ("Status: 5.2.2 (full)\nDiagnostic-Code: quota; exceeded", "5.2.2", "exceeded"),
        ("Status: five", "", ""),
        ("Diagnostic-Code: User unknown", "", "User unknown"),
        ("Diagnostic-Code: smtp; 550 from 5.1.1.7", "", "550 from 5.1.1.7"),
        ("Diagnostic-Code: smtp; =?utf-8?Q?550_unbekannt=3A_gr=C3=BCn?=", "", "550 unbekannt: grün"),
    ],
)
def test_status_and_words_are_taken_apart(fields: str, status: str, diagnostic: str) -> None:
    found = fate(f"Final-Recipient: rfc822; b@x\nAction: failed\n{fields}\n")
    assert (found.status, found.diagnostic) == (status, diagnostic)


def test_a_diagnostic_is_one_line_without_control_characters_and_bounded() -> None:
    assert one_line("a\x00b\r\n c\x1b[31m\u2028d\x85e") == "a b c [31m d e"
    assert len(one_line("x" * 100_000)) == LONGEST_DIAGNOSTIC
    long = fate(f"Final-Recipient: rfc822; b@x\nAction: failed\nDiagnostic-Code: smtp; {'550 no ' * 900}\n")
    assert len(long.diagnostic) <= LONGEST_DIAGNOSTIC


@pytest.mark.parametrize("about", ["delivery-status", "global-delivery-status"])
@pytest.mark.parametrize(
    ("original_type", "original"),
    [
        ("message/rfc822", ORIGINAL),
        ("message/global", ORIGINAL),
        ("text/rfc822-headers", ORIGINAL.partition("\n\n")[0]),
        ("message/global-headers", ORIGINAL.partition("\n\n")[0]),
    ],
)
def test_the_e_mail_given_back_tells_its_message_id(about: str, original_type: str, original: str) -> None:
    octets = a_report(part=f"message/{about}", original=original, original_type=original_type)
    assert report(octets).original_id == ORIGINAL_ID


@pytest.mark.parametrize(
    ("fields", "headers", "original_id"),
    [
        (f"X-Original-Message-ID: <gmail@x>\n\n{FAILED}", [("In-Reply-To", "<reply@x>")], "gmail@x"),
        (f"Original-Envelope-Id: env@x\n\n{FAILED}", [("In-Reply-To", "<reply@x>")], "reply@x"),
        (f"Original-Envelope-Id: env@x\n\n{FAILED}", [("References", "<a@x> <last@x>")], "last@x"),
        (f"Original-Envelope-Id: env@x\n\n{FAILED}", [], "env@x"),
        (f"Original-Envelope-Id: QQ314159\n\n{FAILED}", [], ""),
        (FAILED, [], ""),
    ],
)
def test_without_the_e_mail_fields_and_headers_tell_its_id(
    fields: str, headers: list[tuple[str, str]], original_id: str
) -> None:
    assert report(a_report(fields, headers=headers, original=None)).original_id == original_id


def test_status_in_several_parts_and_in_base64_is_read() -> None:
    octets = a_report(original=FAILED.replace("bob", "eve"), original_type="message/delivery-status")
    assert [one.address for one in report(octets).fates] == ["bob@example.net", "eve@example.net"]
    encoded = "UmVwb3J0aW5nLU1UQTogeAoKRmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGJAeApBY3Rpb246IGRlbGF5ZWQK"
    octets = a_report(encoded, part="message/delivery-status\nContent-Transfer-Encoding: base64")
    assert report(octets).fates == (Fate("b@x", DELAYED),)


def test_a_group_that_tells_nothing_is_passed_over() -> None:
    fields = "Final-Recipient: rfc822; x@y\n\n" + FAILED
    assert [one.address for one in report(a_report(fields)).fates] == ["bob@example.net"]


@pytest.mark.parametrize(
    "fields", ["", "garbage", "Reporting-MTA: dns; x\n", "Final-Recipient: rfc822; x@y\n", None]
)
def test_a_status_report_without_status_is_a_bounce_in_words(fields: str | None) -> None:
    found = nature(a_report(fields, text="<bob@example.net>: gone", subject="Hello", sender="x@y.example"))
    assert found.kind is MessageKind.BOUNCE
    assert found.evidence == "multipart/report of delivery-status, in words"
    assert found.report == Report(ORIGINAL_ID, (Fate("bob@example.net", BOUNCED, "", "gone"),))


def test_a_report_of_an_unknown_kind_is_judged_by_its_words() -> None:
    assert nature(a_report(None, about="weather")).kind is MessageKind.BOUNCE
    assert nature(a_report(None, about="weather", sender="x@y", subject="Sun")).kind is MessageKind.ORDINARY


def test_a_thousand_recipients_are_kept_and_no_more() -> None:
    group = "Final-Recipient: rfc822; b@x\nAction: failed\n\n"
    assert len(report(a_report(group * 3_000)).fates) == 1_000


@pytest.mark.parametrize(
    ("disposition", "state", "kind"),
    [
        ("manual-action/MDN-sent-manually; displayed", READ, MessageKind.READ_RECEIPT),
        ("automatic-action/MDN-sent-automatically;Displayed", READ, MessageKind.READ_RECEIPT),
        ("manual-action/MDN-sent-manually; displayed/error", READ, MessageKind.READ_RECEIPT),
        ("displayed", READ, MessageKind.READ_RECEIPT),
        ("manual-action/MDN-sent-manually; read", READ, MessageKind.READ_RECEIPT),
        ("automatic-action/MDN-sent-automatically; deleted", UNREAD, MessageKind.UNREAD_RECEIPT),
        ("automatic-action/MDN-sent-automatically; processed", DELIVERED, MessageKind.DELIVERY),
        ("manual-action/MDN-sent-manually; denied", DELIVERED, MessageKind.DELIVERY),
        ("automatic-action/MDN-sent-automatically; dispatched", DELIVERED, MessageKind.DELIVERY),
        ("", DELIVERED, MessageKind.DELIVERY),
    ],
)
def test_the_disposition_tells_what_was_done_with_the_e_mail(
    disposition: str, state: DeliveryState, kind: MessageKind
) -> None:
    found = nature(receipt(f"Final-Recipient: rfc822; bob@example.net\nDisposition: {disposition}\n"))
    assert found.kind is kind
    assert found.evidence == "multipart/report of disposition-notification"
    assert found.report == Report(ORIGINAL_ID, (Fate("bob@example.net", state),))


def test_a_receipt_names_its_original_before_what_is_given_back() -> None:
    octets = receipt(DISPLAYED.replace(ORIGINAL_ID, "named@x"))
    assert report(octets).original_id == "named@x"


def test_a_receipt_without_a_recipient_is_its_authors() -> None:
    assert report(receipt("Disposition: x; displayed\n")).fates == (Fate("bob@home.example", READ),)
    nobody = receipt("Disposition: x; displayed\n").replace(b"From: Bob <bob@home.example>\r\n", b"")
    assert report(nobody).fates == (Fate("", READ),)


def test_a_receipt_survives_blank_lines_and_tells_its_error() -> None:
    octets = receipt("Final-Recipient: rfc822; bob@example.net\n\nError: no\n\nDisposition: a/b; displayed\n")
    assert report(octets).fates == (Fate("bob@example.net", READ, "", "no"),)


def test_a_receipt_that_refuses_is_a_bounce() -> None:
    found = nature(
        a_report(
            f"Final-Recipient: rfc822; bob@example.net\nOriginal-Message-ID: <{ORIGINAL_ID}>\n"
            "Disposition: automatic-action/MDN-sent-automatically; deleted\n",
            about="disposition-notification",
            text="Your message to <bob@example.net> was automatically rejected:\nQuota exceeded",
            subject="Automatically rejected mail",
        )
    )
    assert found.kind is MessageKind.BOUNCE
    assert found.evidence == "multipart/report of disposition-notification that refuses"
    assert found.report is not None
    assert found.report.original_id == ORIGINAL_ID
    assert [one.address for one in found.report.fates] == ["bob@example.net"]


@pytest.mark.parametrize(
    ("subject", "state"),
    [("Read: Offer", READ), ("Not read: Offer", UNREAD), ("Ungelesen: Angebot", UNREAD), ("", READ)],
)
def test_a_receipt_without_its_fields_is_told_by_its_subject(subject: str, state: DeliveryState) -> None:
    octets = a_report(None, about="disposition-notification", subject=subject, sender="bob@home.example")
    assert report(octets) == Report(ORIGINAL_ID, (Fate("bob@home.example", state),))
    exchange = (
        "From: bob@home.example\r\nContent-Class: urn:content-classes:mdn\r\n"
        f"In-Reply-To: <{ORIGINAL_ID}>\r\nSubject: {subject}\r\n\r\n"
    )
    found = nature(exchange.encode())
    assert found.evidence == "receipt without its fields"
    assert found.report == Report(ORIGINAL_ID, (Fate("bob@home.example", state),))


def test_only_the_beginning_of_an_original_is_looked_at() -> None:
    late = "X-Filler: y\n" * 10_000 + ORIGINAL
    assert report(a_report(original=late)).original_id == ""
