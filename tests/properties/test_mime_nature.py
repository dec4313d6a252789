"""Any bytes that read gives a message for have a nature, at a cost that is bounded."""

import pytest
from bench.corpus import generate
from hypothesis import given
from hypothesis import strategies as st
from tests.support.mail import a_message
from tests.support.reports import DISPLAYED, FAILED, a_notice, a_report

from postroom.errors import MalformedMessage
from postroom.mime.bounce import MOST_FATES, MOST_TEXT
from postroom.mime.nature import Nature, nature_of
from postroom.mime.read import read
from postroom.mime.report import LONGEST_DIAGNOSTIC
from postroom.schema.choices import DeliveryState, MessageKind

SEEDS = (
    a_report(),
    a_report(FAILED.replace("failed", "delayed"), original_type="text/rfc822-headers"),
    a_report(DISPLAYED, about="disposition-notification"),
    a_report(None),
    a_notice(
        "<bob@example.net>: host said: 550 5.1.1 no\n\n"
        "--- Below this line is a copy\nMessage-ID: <a@b>\nTo: c@d\n"
    ),
    a_notice("<p>could not be delivered to bob@example.net</p>", html=True, headers=[("Return-Path", "<>")]),
    a_message(headers=[("Auto-Submitted", "auto-replied"), ("References", "<a@b> <c@d>")]),
    a_message(attachments=[("i.ics", b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n", "text/calendar")]),
    a_message(headers=[("List-Id", "<x>"), ("Precedence", "bulk")]),
)

# What has a meaning in a report; put in anywhere, it makes the recogniser take another way.
SNIPPETS = (
    b"\r\n\r\n", b"\r\n", b"@", b"<", b">", b":", b";", b"\0", b"a@b.example", b"<a@b.example>: ",
    b"5.1.1", b"550 5.7.1",
    b"Final-Recipient: rfc822; ", b"Original-Recipient: utf-8; \\x{110000}\\x{D800}\\x{41}",
    b"Action: delayed\r\n",
    b"Disposition: x; deleted/error\r\n", b"Return-Path: <>\r\n", b"From: MAILER-DAEMON\r\n", b"From: <>\r\n",
    b"X-Failed-Recipients: a@b, <c@d>,,\r\n", b"Content-Type: multipart/report; report-type=\r\n", b"--b\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n",
    b"Content-Type: message/disposition-notification\r\n\r\n",
    b"Content-Type: text/calendar\r\n\r\n", b"Auto-Submitted: \r\n", b"Precedence: (\r\n", b"\xc4\xb0",
    b"\xff",
    b"will be retried", b"Subject: Undeliverable: \r\n", b"--- Below this line is a copy\r\n",
    b"Message-ID: <\r\n",
    b"Content-Class: urn:content-classes:mdn\r\n",
)  # fmt: skip

REPORTED = {
    MessageKind.BOUNCE, MessageKind.DELAY, MessageKind.DELIVERY, MessageKind.READ_RECEIPT,
    MessageKind.UNREAD_RECEIPT, MessageKind.AUTOMATIC_REPLY,
}  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """Return a believable message with some octets cut out, doubled or put in."""
    octets = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(octets)))
        until = min(len(octets), at + draw(st.integers(0, 60)))
        match draw(st.integers(0, 2)):
            case 0:
                del octets[at:until]
            case 1:
                octets[at:at] = octets[at:until]
            case _:
                octets[at:at] = draw(st.sampled_from(SNIPPETS))
    return bytes(octets)


def check(octets: bytes) -> Nature | None:
    try:
        message = read(octets)
    except MalformedMessage:
        return None
    nature = nature_of(message)
    assert nature == nature_of(message)
    assert (nature.report is not None) == (nature.kind in REPORTED)
    assert len(nature.evidence) < 80
    assert nature.evidence.isprintable()
    assert bool(nature.evidence) == (nature.kind is not MessageKind.ORDINARY)
    if nature.report is not None:
        assert nature.report.fates
        for fate in nature.report.fates:
            assert fate.state is not DeliveryState.NONE
            assert len(fate.diagnostic) <= LONGEST_DIAGNOSTIC
            assert len(fate.address) <= 320
            assert not {"\r", "\n", "\0"} & set(fate.address + fate.status + fate.diagnostic)
            f"{fate.address}{fate.diagnostic}".encode()
    return nature


@given(st.binary(max_size=2_000))
def test_any_octets_have_a_nature(octets: bytes) -> None:
    check(octets)
    check(b"From: MAILER-DAEMON\r\nSubject: Undeliverable\r\n\r\n" + octets)
    check(b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n" + octets)


@given(mutations())
def test_a_damaged_report_has_a_nature(octets: bytes) -> None:
    check(octets)


@given(st.text(max_size=600))
def test_whatever_a_mail_system_says_has_a_nature(text: str) -> None:
    check(a_notice(text.replace("\r", ""), headers=[("Return-Path", "<>")]))


def test_ordinary_mail_is_never_a_report() -> None:
    kinds = {nature.kind for case in generate(300) if case.defect is None and (nature := check(case.raw))}
    assert MessageKind.ORDINARY in kinds
    assert not kinds & {MessageKind.DELAY, MessageKind.DELIVERY}


FIVE_MEGABYTES = 5 << 20


@pytest.mark.parametrize(
    "unit",
    [
        "a", "a@", "@", "a@b.c ", "<a@b.c>: ", "!", "a.", "-", "5.1.1.", "550 ", "\n", "a@b.c\n", "to: ",
        "to: a@b.c\n",
        "message-id: <", "message-id:\n ", "İ", "İ@", "!" * 63 + "@a" + "-" * 250,
        "could not be delivered ", "(",
        "<p>", "<!--", "following ", "a\n\n", "message-id: <" + "a" * 997,
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("html", [False, True])
def test_five_megabytes_of_hostile_text_cost_little(unit: str, html: bool) -> None:
    octets = a_notice(unit * (FIVE_MEGABYTES // len(unit.encode())), html=html)
    nature = check(octets)
    assert nature is not None
    assert nature.report is not None
    assert len(nature.report.fates) <= MOST_FATES


@pytest.mark.parametrize(
    "fields",
    [
        "Final-Recipient: rfc822; a@b\nAction: failed\n\n", "a:\n\n", "\n", "\r", "x", ":", " ", "a: b\n",
        "Final-Recipient: " + "\\x{41}" * 999 + "\n\n",
        "Diagnostic-Code: " + "5.1.1." * 9_999 + "\nAction: failed\n\n",
        "Disposition: " + ";/" * 9_999 + "\n",
    ],
    ids=lambda unit: unit[:24],
)  # fmt: skip
@pytest.mark.parametrize("about", ["delivery-status", "disposition-notification"])
def test_five_megabytes_of_hostile_fields_cost_little(fields: str, about: str) -> None:
    assert check(a_report(fields * (FIVE_MEGABYTES // len(fields)), about=about)) is not None


@pytest.mark.parametrize(
    "name", ["X-A", "Auto-Submitted", "X-Failed-Recipients", "Received", "List-Id", "Return-Path"]
)
def test_a_hundred_thousand_headers_cost_little(name: str) -> None:
    assert check(a_message(headers=[(name, "a@b.c, " * 4)] * 100_000)) is not None


def test_thousands_of_report_parts_cost_little() -> None:
    part = "--b\nContent-Type: message/delivery-status\n\n" + FAILED * 20 + "\n"
    octets = (
        "From: x@y\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        + part * 4_000 + "--b--\n"
    )  # fmt: skip
    assert check(octets.encode()) is not None


def test_words_beyond_the_beginning_say_nothing() -> None:
    octets = a_notice("x\n" * MOST_TEXT + "could not be delivered", subject="Hello")
    nature = check(octets)
    assert nature is not None
    assert nature.kind is MessageKind.ORDINARY
