"""Commands hold what was asked for and nothing that was smuggled in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import Refused
from postroom.ports.mail import Submission
from postroom.servers.smtp.content import Measure
from postroom.servers.smtp.envelope import encode_address, encode_domain, make_envelope

PLAIN = Measure(size=100, is_ascii=True, has_ascii_headers=True, ready=b"")


def a_submission(*recipients: str, sender: str = "a@x.example", receipt: bool = False) -> Submission:
    return Submission("k", sender, recipients, (), delivery_receipt=receipt)


@given(st.text(), st.lists(st.text(), max_size=3), st.booleans())
def test_every_command_is_one_line(sender: str, recipients: list[str], utf8: bool) -> None:
    offers = {"smtputf8": "", "size": "", "8bitmime": ""} if utf8 else {}
    try:
        envelope = make_envelope(a_submission(*recipients, sender=sender), PLAIN, offers)
    except Refused:
        return
    for command in (envelope.mail, *envelope.rcpt):
        assert command.endswith(b"\r\n")
        assert command.count(b"\r") == command.count(b"\n") == 1
        assert command.count(b"<") == command.count(b">") == 1
        assert b"\0" not in command
        if not utf8:
            assert command.isascii()
    assert len(envelope.recipients) == len(envelope.rcpt) > 0


@pytest.mark.parametrize(
    ("domain", "encoded"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("u\N{COMBINING DIAERESIS}.example", "xn--tda.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("почта.рф", "xn--80a1acny.xn--p1ai"),
        ("Mixed.Example", "Mixed.Example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
    ],
)
def test_domains_of_other_scripts_are_written_as_the_dns_has_them(domain: str, encoded: str) -> None:
    assert encode_domain(domain) == encoded


@pytest.mark.parametrize("domain", ["ü..example", "ü" * 70 + ".example", "ü.example."])
def test_a_domain_that_the_dns_cannot_hold_is_refused(domain: str) -> None:
    with pytest.raises(Refused, match="can't be written"):
        encode_address(f"info@{domain}")


def test_an_address_that_is_no_text_is_refused() -> None:
    with pytest.raises(Refused, match="can't be written"):
        encode_address("a\udcff@example.org")


def test_an_empty_recipient_is_refused() -> None:
    with pytest.raises(Refused, match="needs recipients"):
        make_envelope(a_submission("b@example.org", ""), PLAIN, {})


def test_parameters_are_used_only_where_they_are_offered() -> None:
    content = Measure(size=123, is_ascii=False, has_ascii_headers=True, ready=b"")
    submission = a_submission("b@example.org", receipt=True)
    bare = make_envelope(submission, content, {})
    assert bare.mail == b"MAIL FROM:<a@x.example>\r\n"
    assert bare.rcpt == (b"RCPT TO:<b@example.org>\r\n",)
    full = make_envelope(submission, content, {"size": "1000", "8bitmime": "", "dsn": "", "smtputf8": ""})
    assert full.mail == b"MAIL FROM:<a@x.example> SIZE=123 BODY=8BITMIME RET=HDRS\r\n"
    assert full.rcpt == (b"RCPT TO:<b@example.org> NOTIFY=SUCCESS,FAILURE,DELAY\r\n",)


@pytest.mark.parametrize("limit", ["", "0", "100", "1000", "what"])
def test_a_message_within_the_limit_or_without_one_may_go(limit: str) -> None:
    assert make_envelope(a_submission("b@example.org"), PLAIN, {"size": limit})


def test_a_message_beyond_the_limit_may_not() -> None:
    with pytest.raises(Refused, match="at most 99"):
        make_envelope(a_submission("b@example.org"), PLAIN, {"size": "99"})
