"""Answers of Exchange read from hand-made octets: what is missing, what is odd, what means harm."""

import base64
import tracemalloc

import pytest

from postroom.errors import (
    BadReply,
    Refused,
    SignInRejected,
    Throttled,
    TransportError,
    Unreachable,
)
from postroom.servers.connection import Mask
from postroom.servers.exchange.answer import SoapFault, parsed, read_answer, read_instant
from postroom.servers.exchange.faults import (
    CODES,
    COME_BACK_AFTER,
    EWS_IS_OFF,
    LONGEST_BACK_OFF,
    Answer,
    Said,
    about_item,
    about_request,
    about_status,
)
from postroom.servers.exchange.markup import MESSAGES, SOAP, TYPES
from postroom.servers.exchange.mimes import MimeReader, Overgrown

NOTHING = Mask()
BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'


def an_answer(*messages: bytes, before: bytes = b"") -> bytes:
    return (
        before
        + f'<s:Envelope xmlns:s="{SOAP}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}"><s:Body>'.encode()
        + b"<m:GetItemResponse><m:ResponseMessages>"
        + b"".join(messages)
        + b"</m:ResponseMessages></m:GetItemResponse></s:Body></s:Envelope>"
    )


def an_item(mime: bytes, code: bytes = b"NoError", kind: bytes = b"Success") -> bytes:
    return (
        b'<m:GetItemResponseMessage ResponseClass="'
        + kind
        + b'"><m:ResponseCode>'
        + code
        + b"</m:ResponseCode>"
        b'<m:Items><t:Message><t:MimeContent CharacterSet="UTF-8">' + mime + b"</t:MimeContent>"
        b'<t:ItemId Id="a"/></t:Message></m:Items></m:GetItemResponseMessage>'
    )


A_FAULT = (
    f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault>'
    f'<faultcode xmlns:a="{TYPES}">a:ErrorServerBusy</faultcode>'
    "<faultstring>The server cannot service this request right now. s3cret</faultstring><detail>"
    '<e:ResponseCode xmlns:e="x">ErrorServerBusy</e:ResponseCode>'
    '<e:Message xmlns:e="x">Busy, s3cret</e:Message>'
    f'<t:MessageXml xmlns:t="{TYPES}"><t:Value Name="BackOffMilliseconds">12500</t:Value></t:MessageXml>'
    "</detail></s:Fault></s:Body></s:Envelope>"
).encode()


def read(octets: bytes, *, step: int = 1 << 20, largest: int = 1 << 20) -> list[bytes | str]:
    """Return the message or the code of each in an answer that comes in pieces."""
    reader = MimeReader(NOTHING, largest=largest)
    given = [
        each for start in range(0, len(octets), step) for each in reader.feed(octets[start : start + step])
    ]
    given += reader.finish()
    return [each.raw.read(0, each.raw.size) if each.raw else each.said.code for each in given]


def test_a_fault_is_read_with_its_code_words_and_time_and_without_secrets() -> None:
    for reading in (lambda: read_answer(A_FAULT, Mask(("s3cret",))), lambda: read(A_FAULT)):
        with pytest.raises(SoapFault) as caught:
            reading()
        said = caught.value.said
        assert (said.code, said.back_off) == ("ErrorServerBusy", 12.5)
    with pytest.raises(SoapFault, match=r"Busy, \*\*\*"):
        read_answer(A_FAULT, Mask(("s3cret",)))


def test_a_fault_with_nothing_but_its_code_is_one_too() -> None:
    bare = b"<Fault xmlns='%b'><faultcode>soap:Client</faultcode></Fault>" % SOAP.encode()
    octets = f"<Envelope xmlns='{SOAP}'><Body>".encode() + bare + b"</Body></Envelope>"
    with pytest.raises(SoapFault) as caught:
        read_answer(octets, NOTHING)
    assert caught.value.said.code == "Client"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"not at all",
        b"<html><body>Please wait</body></html>",
        b"<a><b></a>",
        b"\xff\xfe\x00",
        an_answer(before=BOMB),
        b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x'><a/>",
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        an_answer(b"<m:X>\x00</m:X>"),
    ],
)
def test_what_is_no_answer_or_means_harm_is_refused(octets: bytes) -> None:
    with pytest.raises(BadReply):
        read_answer(octets, NOTHING)
    with pytest.raises(BadReply):
        read(octets)


def test_very_deep_and_very_wide_answers_end() -> None:
    with pytest.raises(BadReply):
        parsed(b"<a>" * 100_000)
    with pytest.raises(BadReply):
        parsed(b"<a x='" + b"y" * 20_000_000 + b"'/>")


def test_an_answer_without_messages_has_none() -> None:
    assert read_answer(an_answer(), NOTHING) == []
    assert read(an_answer()) == []


@pytest.mark.parametrize("step", [1, 7, 100, 1 << 20])
def test_messages_are_decoded_however_the_answer_is_cut(step: int) -> None:
    messages = [b"a", b"", b"Subject: x\r\n\r\n" + bytes(range(256)) * 40]
    octets = an_answer(*(an_item(base64.b64encode(data)) for data in messages))
    assert read(octets, step=step) == messages


def test_base64_in_lines_and_without_its_padding_is_read() -> None:
    data = bytes(range(256)) * 4 + b"z"
    folded = base64.encodebytes(data).replace(b"\n", b"\r\n  ")
    assert read(an_answer(an_item(folded), an_item(base64.b64encode(data).rstrip(b"=")))) == [data, data]


def test_what_is_no_base64_is_refused() -> None:
    with pytest.raises(BadReply):
        read(an_answer(an_item(b"a&#228;b=")))


def test_a_message_that_outgrows_the_limit_leaves_those_before_it() -> None:
    reader = MimeReader(NOTHING, largest=100)
    octets = an_answer(an_item(base64.b64encode(b"small")), an_item(base64.b64encode(b"x" * 1000)))
    got = []
    with pytest.raises(Overgrown):  # noqa: PT012 - what comes before is kept
        for given in reader.feed(octets):
            got.append(given.raw)
    assert len(got) == 1


def test_refusals_stand_between_messages_with_their_codes() -> None:
    octets = an_answer(
        an_item(base64.b64encode(b"one")),
        b'<m:GetItemResponseMessage ResponseClass="Error"><m:MessageText>gone</m:MessageText>'
        b"<m:ResponseCode>ErrorItemNotFound</m:ResponseCode><m:Items/></m:GetItemResponseMessage>",
        an_item(base64.b64encode(b"two")),
    )
    assert read(octets) == [b"one", "ErrorItemNotFound", b"two"]


def test_a_huge_message_costs_little_memory() -> None:
    data = base64.b64encode(b"x" * 3_000_000)
    octets = an_answer(an_item(data * 8))
    reader = MimeReader(NOTHING, largest=1 << 30, spool_over=100_000)
    tracemalloc.start()
    view = memoryview(octets)
    for start in range(0, len(octets), 65536):
        list(reader.feed(bytes(view[start : start + 65536])))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-25T08:30:00Z", "2026-11-25T08:30:00+00:00"),
        ("2026-11-25T08:30:00.1Z", "2026-11-25T08:30:00.100000+00:00"),
        ("2026-11-25T08:30:00.123456789+02:00", "2026-11-25T06:30:00.123456+00:00"),
        ("2026-11-25T08:30:00-0530", "2026-11-25T14:00:00+00:00"),
        ("2026-11-25T08:30:00", "2026-11-25T08:30:00+00:00"),
        (" 2026-11-25t08:30z ", None),
        ("2026-13-25T08:30:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
        ("25.11.2026", None),
    ],
)
def test_instants_are_read_in_the_forms_that_servers_write(written: str, instant: str | None) -> None:
    found = read_instant(written)
    assert instant is None or (found is not None and found.isoformat() == instant)
    assert instant is not None or found is None or written.strip() == "2026-11-25t08:30z"


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence_that_says_what_it_means(code: str) -> None:
    for failure in (
        about_request(Said(code, "words"), "It failed"),
        about_item(Said(code, "words"), "It failed"),
    ):
        assert str(failure).startswith("It failed: ")
        assert str(failure).endswith(".")
        assert failure.reply == f"{code}: words"
    assert not isinstance(about_item(Said(code), "x"), SignInRejected), "no item closes its mailbox"


def test_unknown_codes_are_passing_for_a_request_and_final_for_an_item() -> None:
    assert isinstance(about_request(Said("ErrorOfTomorrow"), "x"), Unreachable)
    assert isinstance(about_item(Said("ErrorOfTomorrow"), "x"), Refused)


def test_a_server_is_believed_when_to_come_back_within_reason() -> None:
    waits = [0.0, 7.0, 1e9]
    got = [about_request(Said("ErrorServerBusy", back_off=each), "x") for each in waits]
    assert all(isinstance(each, Throttled) for each in got)
    assert [getattr(each, "retry_after", None) for each in got] == [COME_BACK_AFTER, 7.0, LONGEST_BACK_OFF]


def a_status(
    status: int, text: str = "", place: str = "mail.example.com:443", **headers: str
) -> TransportError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return about_status(Answer(place, "ann", False, status, named, text))


@pytest.mark.parametrize(
    "refusal",
    [
        a_status(403, "EWS is disabled for this organization."),
        a_status(403, "Exchange Web Services are not allowed for this application"),
        a_status(403, x_ms_diagnostics="4000000;reason='EWS access is blocked'"),
        a_status(403, place="outlook.office365.com:443"),
    ],
)
def test_exchange_online_with_ews_off_is_recognised(refusal: TransportError) -> None:
    assert isinstance(refusal, SignInRejected)
    assert str(refusal) == EWS_IS_OFF


def test_a_plain_refusal_is_none_of_ews_being_off() -> None:
    assert "licence" in str(a_status(403, "Forbidden"))


@pytest.mark.parametrize(("after", "seconds"), [("7", 7.0), ("", COME_BACK_AFTER), ("soon", COME_BACK_AFTER)])
def test_http_may_ask_to_come_back_as_well(after: str, seconds: float) -> None:
    for status in (429, 503):
        failure = a_status(status, retry_after=after)
        assert isinstance(failure, Throttled)
        assert failure.retry_after == seconds


def test_pages_of_html_are_shown_without_their_markup() -> None:
    failure = a_status(500, "<html><style>p{}</style><p>Server <b>Error</b> in '/EWS'</p></html>")
    assert failure.reply == "HTTP 500 Server Error in '/EWS'"
