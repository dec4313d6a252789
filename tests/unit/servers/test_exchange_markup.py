"""Requests to Exchange as they are written, and what is loaded for it."""

import base64
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from postroom.errors import Refused
from postroom.ports.mail import Submission
from postroom.servers.exchange.body import Body, in_base64
from postroom.servers.exchange.letter import read_letter
from postroom.servers.exchange.mark import Mark, read_mark
from postroom.servers.exchange.markup import MESSAGES, SOAP, TYPES, envelope, tag, text


@given(st.text(), st.text())
def test_no_value_can_become_markup(value: str, attribute: str) -> None:
    root = etree.fromstring(
        envelope(tag("m:X", text(value), Y=attribute), version="Exchange2013_SP1", impersonated=value)
    )
    (body,) = root.iterfind(f"{{{SOAP}}}Body")
    assert [child.tag for child in body.iter()] == [f"{{{SOAP}}}Body", f"{{{MESSAGES}}}X"]
    assert set(body[0].attrib) == {"Y"}
    assert len(root.findall(f".//{{{TYPES}}}PrimarySmtpAddress")) <= 1


@given(st.lists(st.binary(max_size=50)), st.integers(1, 7))
def test_base64_does_not_depend_on_how_the_octets_come(pieces: list[bytes], size: int) -> None:
    assert base64.b64decode(b"".join(in_base64(pieces))) == b"".join(pieces)
    body = Body(pieces)
    assert len(body) == len(b"".join(pieces))
    read = b""
    while piece := body.read(size):
        assert len(body) == 0 or len(read) < len(body)
        read += piece
    assert read == b"".join(pieces)
    assert body.has_left
    body.close()


@given(st.text())
def test_any_text_is_a_mark_or_none(written: str) -> None:
    assert isinstance(read_mark(written), Mark)


def a_letter(head: str, *recipients: str, sender: str = "me@example.com") -> str:
    content = (f"{head}\r\n".encode(), b"\r\n", b"body\r\n")
    return read_letter(Submission("k", sender, recipients, content)).markup("me@example.com")


def test_recipients_beyond_the_header_are_blind_ones() -> None:
    markup = a_letter("To: A <a@x.org>\r\nCc: b@x.org", "a@x.org", "B@X.org", "c@x.org")
    assert "BccRecipients" in markup
    assert markup.count("t:Mailbox>") == 2
    assert "c@x.org" in markup
    assert "ToRecipients" not in markup, "the message says it itself"


def test_whom_the_header_names_in_vain_is_left_out() -> None:
    markup = a_letter("To: a@x.org, b@x.org", "a@x.org")
    assert "<t:ToRecipients><t:Mailbox><t:EmailAddress>a@x.org<" in markup
    assert "b@x.org" not in markup


def test_another_sender_is_the_author() -> None:
    assert "<t:From>" in a_letter("To: a@x.org", "a@x.org", sender="boss@example.com")
    assert "<t:From>" not in a_letter("To: a@x.org", "a@x.org", sender="ME@example.com")


@pytest.mark.parametrize("recipients", [(), ("a@x.org>\r\n",)])
def test_a_letter_to_nobody_or_to_something_unsafe_is_refused(recipients: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        a_letter("To: a@x.org", *recipients)


def test_the_client_of_exchange_is_loaded_only_when_it_is_used() -> None:
    code = (
        "import sys, postroom.cli.entry, postroom.cli.run, postroom.passes.access\n"
        "assert 'exchangelib' not in sys.modules and 'requests' not in sys.modules, 'loaded'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
