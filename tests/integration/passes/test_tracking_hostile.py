"""Mail that means to mislead tracking: each message has its verdict, and those around it never notice."""

import base64
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from tests.support.books import assert_sum_of_decisions
from tests.support.company import Company
from tests.support.correspondence import (
    ANN,
    CARL,
    an_answer,
    organize,
    read_from_memory,
    send_out,
    the,
    wishes,
)
from tests.support.mail import a_message

from postroom.schema.choices import CorrelationMethod, Participation, Reason
from postroom.servers.memory import MemoryMailbox

# None of it takes a second; what loops or doubles its work with each letter would take minutes.
pytestmark = pytest.mark.timeout(60)

STRANGER = "x@y.example"


@pytest.fixture
def guarded(company: Company, caplog: pytest.LogCaptureFixture) -> Any:
    """The company with everything switched on that looks at strangers' mail; no fault may be logged."""
    organize(company, enablesmartmatching=True)
    wishes(company, autocreatecontactonpromote=1)
    yield company
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert_sum_of_decisions(company)


def raw(*lines: bytes | str, body: bytes = b"Hi\r\n") -> bytes:
    """Return a message of these header lines."""
    head = b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return head + b"\r\n\r\n" + body


def judge(company: Company, *messages: bytes) -> list[dict[str, Any]]:
    """Read these messages with a good one before, between and after; return the decisions on them.

    Each has one decision and nothing is put aside, and the good ones are tracked whatever lies beside them.
    """
    already = len(company.rows("postroom_ledger"))
    mixed = [a_message(sender=CARL, to=(ANN,), subject="Good", message_id=f"good{already}@c.example")]
    for number, message in enumerate(messages, already + 1):
        good = a_message(sender=CARL, to=(ANN,), subject="Good", message_id=f"good{number}@c.example")
        mixed += [message, good]
    mailbox = MemoryMailbox(arrived=already)
    for message in mixed:
        mailbox.deliver(message)
    decisions = read_from_memory(company, mailbox)
    assert len(decisions) == len(mixed)
    assert all(row["tracked"] for row in decisions[::2])
    assert company.rows("postroom_quarantine") == []
    return decisions[1::2]


def judge_one(company: Company, message: bytes) -> dict[str, Any]:
    (decision,) = judge(company, message)
    return decision


def parties(company: Company, decision: dict[str, Any], mask: Participation) -> list[dict[str, Any]]:
    return company.rows("activityparty", activityid=decision["emailid"], participationtypemask=mask)


def test_five_thousand_recipients_are_five_thousand_parties(guarded: Company) -> None:
    many = [f"a{number}@list.example" for number in range(2_500)]
    message = a_message(sender=CARL, to=(*many, ANN), cc=[address.upper() for address in (*many, *many)])
    decision = judge_one(guarded, message)
    assert decision["reason"] == Reason.SENDER_MATCH
    assert len(parties(guarded, decision, Participation.TO)) == 2_501
    assert len(parties(guarded, decision, Participation.CC)) == 2_500, "each once, however often it is named"
    assert len(the(guarded, "email", activityid=decision["emailid"])["torecipients"]) <= 500


def test_more_recipients_than_are_kept_lose_nobody_who_stands_first(guarded: Company) -> None:
    to = b",\r\n ".join([ANN.encode(), *(b"a%d@list.example" % number for number in range(30_000))])
    decision = judge_one(guarded, raw(f"From: {CARL}", b"To: " + to, "Subject: many"))
    assert decision["reason"] == Reason.SENDER_MATCH


@pytest.mark.parametrize("at", ["end", "in reply"])
def test_among_thousands_of_references_the_nearest_count(guarded: Company, at: str) -> None:
    sent = send_out(guarded)
    named = [f"<{number}@nowhere.example>" for number in range(3_000)]
    if at == "end":
        named.append(f"<{sent['messageid']}>")
    folded = "\r\n ".join(named)
    lines = [f"From: {STRANGER}", f"To: {ANN}", f"References: {folded}"]
    lines += [f"In-Reply-To: <{sent['messageid']}>"] if at != "end" else []
    decision = judge_one(guarded, raw(*lines))
    assert decision["correlatedactivityid"] == sent["activityid"]
    assert decision["correlationmethod"] == CorrelationMethod.IN_REPLY_TO


@pytest.mark.parametrize("name", ["X-Header-{}", "Received", "References", "To", "List-Id", "X", "From"])
def test_a_hundred_thousand_header_lines_hide_nothing_that_stands_before_them(
    guarded: Company, name: str
) -> None:
    lines = [f"{name.format(number)}: <{number}@x.example>" for number in range(100_000)]
    decision = judge_one(guarded, raw(f"From: {CARL}", f"To: {ANN}", "Subject: Lines", *lines))
    assert (decision["reason"], decision["tracked"]) == (Reason.SENDER_MATCH, True)


def test_a_hundred_thousand_header_lines_before_the_sender_still_have_a_verdict(guarded: Company) -> None:
    lines = [f"X-Header: {number}" for number in range(100_000)]
    decision = judge_one(guarded, raw(*lines, f"From: {CARL}", f"To: {ANN}"))
    assert Reason(decision["reason"]) in {Reason.SENDER_MATCH, Reason.INVALID_SENDER}


def test_of_two_headers_of_one_name_the_first_counts(guarded: Company) -> None:
    def twice(*lines: str) -> bytes:
        return raw(*lines, "Message-ID: <a@x.example>", "Message-ID: <b@x.example>")

    first, second, third = judge(
        guarded,
        twice(f"From: {CARL}", f"From: {STRANGER}", f"To: {ANN}", "To: b@x.example", "Subject: one"),
        twice(f"From: {STRANGER}", f"From: {CARL}", f"To: {ANN}", "Subject: two"),
        raw(f"From: {CARL}", f"To: {ANN}", "Message-ID: <b@x.example>", "Message-ID: <a@x.example>"),
    )
    assert (first["reason"], first["messageid"]) == (Reason.SENDER_MATCH, "a@x.example")
    assert second["reason"] == Reason.DUPLICATE
    assert (third["reason"], third["messageid"]) == (Reason.SENDER_MATCH, "b@x.example")
    other = raw(f"From: {STRANGER}", f"From: {CARL}", f"To: {ANN}", "Subject: two", "Message-ID: <c@x>")
    assert judge_one(guarded, other)["reason"] == Reason.NO_CORRELATION_MATCH


TOKEN = "CRM:0001001"
#: Subjects and bodies of strangers, and whether they belong to the e-mail with the token.
TOKENS: dict[str, tuple[str, str, bool]] = {
    "twice": (f"{TOKEN} RE: {TOKEN}", "", True),
    "with others behind it": (f"{TOKEN} CRM:0009001 CRM:0009002", "", True),
    "before five thousand others": (
        TOKEN + "".join(f" CRM:00{n:05d}" for n in range(10_000, 15_000)),
        "",
        False,
    ),
    "after five thousand others": (
        "".join(f"CRM:00{n:05d} " for n in range(10_000, 15_000)) + TOKEN,
        "",
        True,
    ),
    "in the body": ("Hello", f"Subject: {TOKEN}\r\n{TOKEN}\r\n", False),
    "within a longer number": (f"{TOKEN}1", "", False),
    "within a word": (f"X{TOKEN}", "", False),
    "in digits of another script": ("CRM:000100\u0661", "", False),
    "in letters of another script": ("\u0421RM:0001001", "", False),
    "with something hidden in it": ("CRM:000\u200b1001", "", False),
    "prefixes without an end": ("CRM:" * 10_000, "", False),
    "digits without an end": (f"CRM:{'0' * 40_000}", "", False),
}


def with_subject(subject: str, body: str = "Hi") -> bytes:
    """Return a stranger's message with a subject of any letters."""
    word = base64.b64encode(subject.encode()).decode()
    line = subject if subject.isascii() else f"=?utf-8?B?{word}?="
    return raw(f"From: {STRANGER}", f"To: {ANN}", f"Subject: {line}", body=body.encode())


def test_a_token_counts_only_where_it_stands_as_it_was_given(guarded: Company) -> None:
    sent = send_out(guarded)
    assert sent["trackingtoken"] == TOKEN
    decisions = judge(guarded, *(with_subject(subject, body) for subject, body, _ in TOKENS.values()))
    found = {name: row["tracked"] for name, row in zip(TOKENS, decisions, strict=True)}
    assert found == {name: belongs for name, (_, _, belongs) in TOKENS.items()}
    conversations = {row["conversationtrackingid"] for row in guarded.rows("email", sender=STRANGER)}
    assert conversations == {sent["activityid"]}


#: From headers in which Carl is named and that are not Carl's.
NOT_FROM_CARL = [
    f"{STRANGER} ({CARL})",
    f"({CARL}) {STRANGER}",
    f"({CARL} (nested)) <{STRANGER}>",
    f'"{CARL}" <{STRANGER}>',
    f"{CARL} <{STRANGER}>",
    f"=?utf-8?Q?carl=40contoso.example?= <{STRANGER}>",
    f"<@contoso.example,@carl:{STRANGER}>",
    f'"{CARL}"@evil.example',
    f"{CARL}@evil.example",
    "carl@contoso.example.evil.example",
    f"{STRANGER}, {CARL}",
    f"Carl: {STRANGER}, {CARL};",
    f"<{STRANGER}> <{CARL}>",
    "carl @ evil.example (contoso.example)",
    "",
    "carl",
    "<>",
    "@contoso.example",
]


def test_who_only_names_carl_is_not_carl(guarded: Company) -> None:
    wishes(guarded, autocreatecontactonpromote=0)
    mail = [raw(f"From: {sender}", f"To: {ANN}", f"Subject: Hi from {sender}") for sender in NOT_FROM_CARL]
    decisions = judge(guarded, *mail)
    reasons = {sender: Reason(row["reason"]) for sender, row in zip(NOT_FROM_CARL, decisions, strict=True)}
    assert set(reasons.values()) == {Reason.NO_CORRELATION_MATCH, Reason.INVALID_SENDER}, reasons
    wishes(guarded, incomingemailfilteringmethod=0)
    for decision in judge(guarded, *(message + b"again" for message in mail)):
        assert decision["tracked"] is (decision["reason"] != Reason.INVALID_SENDER)
        if decision["tracked"]:
            email = the(guarded, "email", activityid=decision["emailid"])
            assert email["emailsender"] is None, email["subject"]


#: To headers, and whether Ann is among those they name.
TO: dict[str, bool] = {
    f"Team: {ANN}, b@x.example;": True,
    f"undisclosed: ; {ANN}": True,
    f"<@relay.example,@other.example:{ANN}>": True,
    f'"Agent, Ann" <{ANN}>': True,
    f'"Agent \\"Ann\\", Sales" <{ANN.upper()}>': True,
    f"Ann (at home (really)) <{ANN}> (yes)": True,
    f"a@x.example (Ann <{ANN}>)": False,
    f'"{ANN}" <b@x.example>': False,
    f'"{ANN}"@x.example': False,
    f"{ANN}.evil.example": False,
    f"b+{ANN}": False,
    "undisclosed-recipients:;": False,
    "": False,
}


def test_who_is_named_in_to_is_who_would_get_it(guarded: Company) -> None:
    mail = [raw(f"From: {CARL}", f"To: {to}", f"Subject: {number}") for number, to in enumerate(TO)]
    decisions = judge(guarded, *mail)
    refused = {to: row["reason"] == Reason.NO_RECIPIENT_MATCH for to, row in zip(TO, decisions, strict=True)}
    assert refused == {to: not is_named for to, is_named in TO.items()}


def as_ace(label: str) -> str:
    return f"xn--{label.encode('punycode').decode()}"


#: Addresses that look like Carl's, or that a careless comparison takes for his.
LIKE_CARL = [
    "c\u0430rl@contoso.example",
    "carl@c\u043entoso.example",
    f"carl@{as_ace('c' + chr(0x43E) + 'ntoso')}.example",
    "carl@xn--contoso-.example",
    "carl@xn--contoso.example",
    "carl@XN--CONTOSO-.example",
    "carl@\uff43ontoso.example",
    "\uff43arl@contoso.example",
    "carl@\u217dontoso.example",
    "carl@conto\u017fo.example",
    "ca\u200brl@contoso.example",
    "ca\u00adrl@contoso.example",
    "carl\u200e@contoso.example",
    "\u202elrac@contoso.example",
    "carl@contoso\u3002example",
    "carl@contoso\uff0eexample",
    "carl@contoso.example.",
    "carl@contoso.ex\u00e0mple",
    "cari@contoso.example",
    "carI@contoso.example".replace("carI", "car\u0049\u0307"),
    "carl\uff20contoso.example",
    "carl%contoso.example@evil.example",
    "carl+x@contoso.example",
]


@pytest.mark.parametrize("form", ["raw", "encoded"])
def test_an_address_that_looks_like_carls_is_never_his(guarded: Company, form: str) -> None:
    wishes(guarded, autocreatecontactonpromote=0, incomingemailfilteringmethod=2)

    def written(address: str) -> str:
        word = base64.b64encode(address.encode()).decode()
        return f"<{address}>" if form == "raw" else f"=?utf-8?B?{word}?="

    mail = [raw(f"From: {written(one)}", f"To: {ANN}", f"Subject: Hi {one!a}") for one in LIKE_CARL]
    decisions = judge(guarded, *mail)
    reasons = {one: Reason(row["reason"]) for one, row in zip(LIKE_CARL, decisions, strict=True)}
    assert set(reasons.values()) <= {Reason.NO_CORRELATION_MATCH, Reason.INVALID_SENDER}, reasons
    copies = [
        raw(f"From: {CARL}", f"To: {ANN}", f"Cc: {written(one)}", f"Subject: {n}")
        for n, one in enumerate(LIKE_CARL)
    ]
    for address, decision in zip(LIKE_CARL, judge(guarded, *copies), strict=True):
        found = parties(guarded, decision, Participation.CC)
        assert [row["partyid"] for row in found] in ([], [None]), ascii(address)


def test_both_forms_of_one_domain_are_one_and_all_likenesses_others(guarded: Company) -> None:
    key = guarded.create("contact", lastname="Buch", emailaddress1="b@b\u00fccher.example")
    ace = raw("From: B@XN--Bcher-KVA.Example", f"To: {ANN}", "Subject: one")
    utf8 = raw("From: b@B\u00dcCHER.example", f"To: {ANN}", "Subject: two")
    apart = raw("From: b@bu\u0308cher.example", f"To: {ANN}", "Subject: three")
    other = raw("From: b@bucher.example", f"To: {ANN}", "Subject: four")
    decisions = judge(guarded, ace, utf8, apart, other)
    assert [row["matchedid"] for row in decisions] == [key, key, key, None]


NUL_AND_HALVES = b"\0\xed\xa0\x80\xed\xb0\x80\xff\xfe=?utf-8?B?7aCA?= =?utf-16?B?ANg=?= \x00\x1b[2J\x07"
NAMES = ["Subject", "Message-ID", "In-Reply-To", "References", "Thread-Index", "Thread-Topic", "Cc", "Date"]
NAMES += ["Received", "Auto-Submitted", "List-Id", "Content-Type", "X-Failed-Recipients", "Importance"]


def test_nuls_and_halves_of_letters_in_any_header_harm_nothing(guarded: Company) -> None:
    mail = [
        raw(f"From: {CARL}", f"To: {ANN}", f"X-Number: {number}", name.encode() + b": " + octets)
        for number, name in enumerate(NAMES)
        for octets in (NUL_AND_HALVES, b"<" + NUL_AND_HALVES + b"@x.example>", NUL_AND_HALVES * 500)
    ]
    reasons = [Reason(row["reason"]) for row in judge(guarded, *mail)]
    assert set(reasons) <= {Reason.SENDER_MATCH, Reason.CORRELATION_MATCH, Reason.DUPLICATE}
    assert reasons.count(Reason.DUPLICATE) <= 2, "at most those of which the Message-ID is one and the same"
    assert_no_nuls(guarded)


def test_nuls_and_halves_of_letters_in_the_names_of_people_harm_nothing(guarded: Company) -> None:
    wishes(guarded, incomingemailfilteringmethod=0)
    mail = [
        raw(b"From: " + NUL_AND_HALVES + b" <" + local + b"@new.example>", f"To: {ANN}", b"Cc: \0<a\0@b\0>")
        for local in (b"ada", b"a\0da", b"a\xed\xa0\x80da", b'"a\0 b"', b"\0")
    ]
    assert len(judge(guarded, *mail)) == len(mail)
    assert_no_nuls(guarded)


def assert_no_nuls(company: Company) -> None:
    tables = ("email", "activityparty", "postroom_decision", "contact", "queueitem", "postroom_report")
    for table in tables:
        for row in company.rows(table):
            for value in row.values():
                assert not isinstance(value, str) or b"\0" not in value.encode()


LONG = 50_000
SUBJECTS = {
    "words": "offer " * (LONG // 6),
    "one word": "x" * LONG,
    "reply marks": "RE: " * (LONG // 4),
    "reply marks of all kinds": "AW: WG: Fwd[3]: 回复: " * (LONG // 20),
    "nearly a reply mark": "a" * LONG + ":",
    "words with colons": "word : " * (LONG // 7),
    "blanks": "x" + " " * LONG + "y",
    "letters with marks": "e\u0301" * (LONG // 2),
    "different words": " ".join(f"w{number}" for number in range(LONG // 6)),
}


def test_a_subject_of_fifty_thousand_letters_is_cut_and_compared(guarded: Company) -> None:
    sent = send_out(guarded)
    for name, subject in SUBJECTS.items():
        octets = f"Subject: {subject}".encode()
        mail = [
            raw(f"From: {CARL}", f"To: {ANN}", octets),
            raw(f"From: {STRANGER}", f"To: {ANN}", octets + b" " + sent["trackingtoken"].encode()),
            raw(f"From: {STRANGER}", f"To: {ANN}", octets, f"In-Reply-To: <{sent['messageid']}>"),
        ]
        first, by_token, by_reply = judge(guarded, *mail)
        assert len(the(guarded, "email", activityid=first["emailid"])["subject"]) <= 800, name
        assert by_token["correlationmethod"] == CorrelationMethod.TRACKING_TOKEN, name
        assert by_reply["correlatedactivityid"] == sent["activityid"], name


def test_ids_and_indexes_that_are_too_long_are_kept_and_found_as_they_can_be(guarded: Company) -> None:
    long_id = "i" * 5_000 + "@x.example"
    index = base64.b64encode(bytes(range(250)) * 6).decode()
    asked = an_answer(message_id=long_id, headers=[("Thread-Index", index)])
    answer = a_message(sender=STRANGER, to=(ANN,), in_reply_to=long_id, headers=[("Thread-Index", index)])
    first, second = judge(guarded, asked, answer)
    assert first["tracked"] is True
    assert second["correlatedactivityid"] == first["emailid"]
    # And once more, when the column has cut what it could not hold.
    again = a_message(sender=STRANGER, to=(ANN,), headers=[("Thread-Index", index)], text="later")
    assert judge_one(guarded, again)["correlationmethod"] == CorrelationMethod.CONVERSATION_INDEX


def test_all_of_it_in_one_batch_harms_nobody(guarded: Company) -> None:
    send_out(guarded)
    wishes(guarded, incomingemailfilteringmethod=0)
    worst: Sequence[bytes] = [
        *(raw(f"From: {sender}", f"To: {ANN}", f"Subject: {TOKEN}") for sender in NOT_FROM_CARL),
        *(raw(f"From: <{address}>", f"To: {ANN}", f"Subject: {TOKEN}") for address in LIKE_CARL),
        *(raw(f"From: {CARL}", f"To: {ANN}", f"Subject: {subject}") for subject in SUBJECTS.values()),
        *(raw(f"From: {CARL}", name.encode() + b": " + NUL_AND_HALVES) for name in NAMES),
    ]
    assert len(judge(guarded, *worst)) == len(worst)
