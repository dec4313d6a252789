"""What mail systems say in words of their own is understood; what people say is left alone."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.mail import a_message
from tests.support.reports import ORIGINAL_ID, a_notice

from postroom.mime.bounce import MOST_FATES, MOST_TEXT
from postroom.mime.nature import Fate, Nature, Report, nature_of
from postroom.mime.read import read
from postroom.schema.choices import DeliveryState, MessageKind

GIVEN_BACK = (
    f"Received: from pc.corp.example\nMessage-ID: <{ORIGINAL_ID}>\nTo: bob@example.net\nSubject: Offer\n"
)
CORPUS = Path(__file__).parents[2] / "corpus" / "bounces"
BOB, EVE = "bob@example.net", "eve@example.org"


def nature(octets: bytes) -> Nature:
    return nature_of(read(octets))


def report(octets: bytes) -> Report:
    found = nature(octets).report
    assert found is not None
    return found


#: What the messages of tests/corpus/bounces tell: recipients, first status and words, original's id.
FORMS: dict[str, tuple[list[str], str, str, str]] = {
    "qmail": ([BOB, EVE], "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)", ORIGINAL_ID),
    "exim": (
        [BOB],
        "5.7.1",
        "host mx.example [192.0.2.1] SMTP error from remote mail server after"
        " RCPT TO:<bob@example.net>: 550 5.7.1 Denied",
        ORIGINAL_ID,
    ),
    "postfix-old": (
        [BOB],
        "5.1.1",
        "host mx.example said: 550 5.1.1 <bob@example.net>: unknown (in reply to RCPT TO command)",
        "",
    ),
    "exchange-5-5": (
        [BOB],
        "",
        "on Fri, 20 Jul 2001 11:08:59 -0700 The recipient name is not recognized"
        " MSEXCH:IMS:Example:MAIN 0 (000C05A6) Unknown Recipient",
        ORIGINAL_ID,
    ),
    "exchange-html": ([BOB], "5.1.10", "The address you entered couldn't be found.", ORIGINAL_ID),
    "gmail-old": (
        [BOB],
        "5.1.1",
        "Technical details of permanent failure:"
        " The error that the other server returned was: 550 550 5.1.1 No such user (state 14).",
        ORIGINAL_ID,
    ),
    "yahoo-one-line": ([BOB], "", "", ""),
    "notes": ([BOB], "", "User not listed in public Name & Address Book", ORIGINAL_ID),
    "domino": ([BOB], "", "because: User bob not listed", ""),
    "groupwise": ([BOB], "", "(user not found)", ""),
    "t-online": (
        [BOB],
        "5.2.2",
        "552 5.2.2 <bob@example.net> Quota exceeded (mailbox for user is full)",
        ORIGINAL_ID,
    ),
    "au": ([BOB], "", ">>> RCPT TO:<bob@example.net> <<< 550 unknown", ""),
    "qq": ([BOB], "", "退信原因：550 mailbox not found", ""),
    "imail": ([BOB], "", "", ORIGINAL_ID),
    "smtpsvc": ([BOB, EVE], "", "Delivery to the following recipients failed.", ""),
    "yandex": ([BOB], "5.7.1", "550 5.7.1 Отказано", ""),
    "x-400-address": ([BOB], "", "on Fri, 4 Oct 2002 unknown", ""),
    "no-address": (
        [BOB],
        "5.1.1",
        "Your message could not be delivered. 550 5.1.1",
        ORIGINAL_ID,
    ),
    "nothing-known": ([""], "", "Your message could not be delivered. The e-mail was lost.", ""),
}


def test_every_bounce_of_the_corpus_is_in_the_table() -> None:
    assert {path.stem for path in CORPUS.glob("*.eml")} == set(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_a_bounce_in_its_own_words_is_understood(form: str) -> None:
    addresses, status, words, original_id = FORMS[form]
    found = nature((CORPUS / f"{form}.eml").read_bytes())
    assert found.kind is MessageKind.BOUNCE
    assert found.report is not None
    assert [fate.address for fate in found.report.fates] == addresses
    assert {fate.state for fate in found.report.fates} == {DeliveryState.BOUNCED}
    assert (found.report.fates[0].status, found.report.fates[0].diagnostic) == (status, words)
    assert found.report.original_id == original_id


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (
            f"{BOB}: not yet been delivered. You do not need to resend your message.",
            "Warning: message delayed 24 hours",
        ),
        (f"THIS IS A WARNING MESSAGE ONLY.\n{BOB}", "Warning: could not send message for past 4 hours"),
        (f"Delivery to {BOB} takes longer.", "Delivery Status Notification (Delay)"),
        (
            f"Delivery to the following recipient has been delayed:\n\n   {BOB}",
            "Delivery Status Notification",
        ),
        (f"Ihre Nachricht an {BOB} konnte noch nicht zugestellt werden.", "Zustellung verzögert"),
    ],
)
def test_a_notice_that_delivery_takes_longer_is_a_delay(text: str, subject: str) -> None:
    found = nature(a_notice(text, subject=subject))
    assert found.kind is MessageKind.DELAY
    assert found.report is not None
    assert [(fate.address, fate.state) for fate in found.report.fates] == [(BOB, DeliveryState.DELAYED)]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("We could not be delivered from evil.", {"sender": "bob@example.net", "subject": "Sermon"}),
        (
            "Your parcel could not be delivered.",
            {"sender": "dhl@example.net", "subject": "Undeliverable: parcel"},
        ),
        ("Our order of 500 pieces was rejected.", {"sender": "postmaster@example.net", "subject": "Order"}),
        ("The shipment is delayed.", {"sender": "postmaster@example.net", "subject": "Shipment delayed"}),
        (
            "The mailbox does not exist, says your shop.",
            {"sender": "postmaster@example.net", "subject": "Help"},
        ),
        ("It could not be delivered, see below.", {"subject": "Re: Undeliverable: Offer"}),
        ("See below.", {"subject": "FW: Undeliverable: Offer"}),
        (
            "I am away.",
            {"sender": "bob@example.net", "headers": [("Return-Path", "<>")], "subject": "Undelivered"},
        ),
        (
            "could not be delivered",
            {"sender": "bob@example.net", "headers": [("Return-Path", "<>")], "subject": "x"},
        ),
    ],
)
def test_what_people_say_is_no_bounce(text: str, fields: dict[str, Any]) -> None:
    assert nature(a_notice(text, **fields)).report is None


@pytest.mark.parametrize("path", ["<>", "< >", "<MAILER-DAEMON>", "<postmaster@mx.example>"])
def test_a_system_under_another_name_is_known_by_its_envelope(path: str) -> None:
    octets = a_notice(
        f"Unable to deliver message to <{BOB}>.",
        sender="imss@mx.example",
        subject="Mail could not be delivered",
        headers=[("Return-Path", path)],
    )
    assert [fate.address for fate in report(octets).fates] == [BOB]


def test_a_message_from_nobody_may_be_a_bounce() -> None:
    octets = a_notice(f"<{BOB}>: unable to deliver").replace(b"From: MAILER-DAEMON@mx.example\r\n", b"")
    assert nature(octets).kind is MessageKind.BOUNCE
    assert nature(a_message(sender=None)).kind is MessageKind.ORDINARY


def test_failed_recipients_of_all_headers_count_even_where_the_text_names_none() -> None:
    failed = [("X-Failed-Recipients", BOB), ("X-Failed-Recipients", "third@example.net")]
    text = f"{EVE}: 550 5.1.1 no\n{BOB}: 550 5.2.2 full"
    octets = a_notice(text, subject="Hello", sender="x@y.example", headers=failed)
    assert report(octets).fates == (
        Fate(BOB, DeliveryState.BOUNCED, "5.2.2", "550 5.2.2 full"),
        Fate("third@example.net", DeliveryState.BOUNCED, "5.1.1", ""),
    )


def test_the_sender_and_the_mail_system_are_no_recipients() -> None:
    octets = a_notice(f"sales@corp.example wrote to {BOB}: undeliverable. Ask postmaster@mx.example")
    assert [fate.address for fate in report(octets).fates] == [BOB]


def test_an_address_is_named_once_with_the_first_words_about_it() -> None:
    octets = a_notice(f"The following failed:\n{BOB}: gone\n\n{BOB.upper()}: again\n")
    assert report(octets).fates == (Fate(BOB, DeliveryState.BOUNCED, "", "gone"),)


def test_addresses_within_sentences_count_where_no_line_begins_with_one() -> None:
    octets = a_notice(
        f"We tell you that {BOB} is gone. The following failed, says {EVE} today.", subject="Returned mail"
    )
    assert [fate.address for fate in report(octets).fates] == [BOB, EVE]
    octets = a_notice(f"{BOB}: is gone.\n\nThe following is all that we know.", subject="Returned mail")
    assert [fate.address for fate in report(octets).fates] == [BOB]
    octets = a_notice(f"We know that {BOB} is gone.\n\nThe following is all.", subject="Returned mail")
    assert [fate.address for fate in report(octets).fates] == [BOB]


def test_an_original_that_went_to_us_or_to_many_names_no_recipient() -> None:
    back = "Could not be delivered.\n--- Returned mail follows ---\nTo: {}\n"
    assert [one.address for one in report(a_notice(back.format("sales@corp.example"))).fates] == [""]
    assert [one.address for one in report(a_notice(back.format(f"{BOB}, {EVE}"))).fates] == [""]


def test_a_dotted_capital_moves_no_letter() -> None:
    octets = a_notice(f"İİİİ <{BOB}>: undeliverable\n--- Below this line is a copy\n{GIVEN_BACK}")
    assert report(octets).original_id == ORIGINAL_ID
    assert [one.address for one in report(octets).fates] == [BOB]


def test_only_the_beginning_of_the_text_is_looked_at_and_recipients_are_bounded() -> None:
    late = "x" * 60 + "\n"
    octets = a_notice(late * (MOST_TEXT // 61 + 1) + f"{BOB}: undeliverable")
    assert [one.address for one in report(octets).fates] == [""]
    many = "".join(f"<user{at}@example.net>: undeliverable\n" for at in range(1_000))
    assert len(report(a_notice(many)).fates) == MOST_FATES
