"""Header fields and what is read from them."""

from datetime import UTC, datetime

import pytest
from tests.support.mail import a_message

from postroom.mime.address import read_addresses
from postroom.mime.charset import decode, find_codec
from postroom.mime.date import read_date
from postroom.mime.header import read_header
from postroom.mime.identity import canonical_id, read_in_reply_to, read_references, read_thread_index
from postroom.mime.message import Importance
from postroom.mime.parameter import read_content_type
from postroom.mime.read import read
from postroom.mime.words import decode_words


def pairs(value: str) -> list[tuple[str, str]]:
    return [(one.address, one.name) for one in read_addresses(value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("ann@x.org", [("ann@x.org", "")]),
        ("<ann@x.org>", [("ann@x.org", "")]),
        ("Ann Smith <ann@x.org>, bob@x.org", [("ann@x.org", "Ann Smith"), ("bob@x.org", "")]),
        ('"Smith, Ann" <ann@x.org>', [("ann@x.org", "Smith, Ann")]),
        ('"Ann \\"A\\" Smith" <ann@x.org>', [("ann@x.org", 'Ann "A" Smith')]),
        ("'Ann Smith' <ann@x.org>", [("ann@x.org", "Ann Smith")]),
        ("=?utf-8?Q?Gr=C3=BCn,_Eva?= <eva@x.org>", [("eva@x.org", "Grün, Eva")]),
        ("=?utf-8?Q?eva=40x.org?=", [("eva@x.org", "")]),
        ("Ann Smith ann@x.org", [("ann@x.org", "Ann Smith")]),
        ("ann@x.org (Ann Smith)", [("ann@x.org", "Ann Smith")]),
        ("<ann@x.org> (Ann (the) Smith)", [("ann@x.org", "Ann the Smith")]),
        ("A; b@x.org; c@x.org", [("A", ""), ("b@x.org", ""), ("c@x.org", "")]),
        ("Team: a@x.org, b@x.org;", [("a@x.org", ""), ("b@x.org", "")]),
        ("undisclosed-recipients:;", []),
        ("undisclosed-recipients", []),
        ("MAILER-DAEMON", [("MAILER-DAEMON", "")]),
        ("<MAILER-DAEMON>", [("MAILER-DAEMON", "")]),
        ("<>", []),
        ("two words", []),
        ("mailto:ann@x.org", [("ann@x.org", "")]),
        ("<mailto:ann@x.org>", [("ann@x.org", "")]),
        ("<@a.org,@b.org:ann@x.org>", [("ann@x.org", "")]),
        ('"ann smith"@x.org', [('"ann smith"@x.org', "")]),
        ('"(" <ann@x.org>', [("ann@x.org", "(")]),
        (") <ann@x.org>", [("ann@x.org", "")]),
        ("< ann @ x.org >", [("ann@x.org", "")]),
        ("Ann <ann@x.org> <other@x.org>", [("ann@x.org", "Ann")]),
        ("ann@x.org: oops", [("ann@x.org", "oops")]),
        ("a" * 400 + "@x.org", []),
        ('"a@b" <ann@x.org>', [("ann@x.org", "a@b")]),
        ("root, Ann <ann@x.org>", [("ann@x.org", "root, Ann")]),
        ("Ann <ann@x.org", [("ann@x.org", "Ann")]),
    ],
)
def test_addresses_are_found_in_any_form(value: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(value) == expected


def test_no_more_than_ten_thousand_addresses_are_kept() -> None:
    assert len(read_addresses("a@b.c, " * 20_000)) == 10_000
    assert len(read_addresses('"a" <a@b.c>, ' * 20_000)) == 10_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 02 Mar 2026 10:30:00 +0100", "2026-03-02 09:30"),
        ("Mon, 2 Mar 2026 10:30:59 -0730 (PST)", "2026-03-02 18:00"),
        ("2 mar 2026 10:30 GMT", "2026-03-02 10:30"),
        ("2 Mar 2026 10:30:00 -0000", "2026-03-02 10:30"),
        ("2 Mar 2026 10:30:00", "2026-03-02 10:30"),
        ("2 Mar 99 10:30 EST", "1999-03-02 15:30"),
        ("2 Mar 26 10:30 +0000", "2026-03-02 10:30"),
        ("Mon Mar  2 10:30:00 2026", "2026-03-02 10:30"),
        ("30 Jun 2015 23:59:60 +0000", "2015-06-30 23:59"),
        ("Mon, 02 Mar 2026 10:30:00 +9900", None),
        ("Mon, 02 Mar 2026 10:30:00 XYZT", None),
        ("Mon, 02 Mar 2026 10:30:00 -9999", None),
        ("Mon, 31 Feb 2026 10:30:00 +0000", None),
        ("1 Jan 0001 00:00:00 +0900", None),
        ("soon", None),
        ("", None),
        ("x" * 5_000, None),
        ("Mon, 2 Mar 2026 99999999999999999999:30:00 +0100", None),
        ("\x00", None),
    ],
)
def test_dates_become_instants_or_nothing(value: str, expected: str | None) -> None:
    found = read_date(value)
    assert (found and found.strftime("%Y-%m-%d %H:%M")) == expected
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        (
            "=?UTF-8*de?Q?Gr=C3=BC?= =?utf-8?Q?=C3=9Fe?=",
            "Grüße",
        ),
        ("a =?iso-8859-1?Q?=FC?= =?utf-8?Q?=C3=9F?= b", "a üß b"),
        ("a=?utf-8?Q?b?=c", "abc"),
        ("=?utf-8?Q?a_b?=\t=?utf-8?Q?c?=", "a bc"),
        ("=?utf-8?Q?Hello World?=", "Hello World"),
        ("=?utf-16?B?//5hAA==?=", "a"),
        ("=?utf-8?Q?=00a=0D=0Ab?=", "a b"),
        ("=?utf-8?Q??=", ""),
        ("tab\there", "tab here"),
        ("=?base64?Q?x?=", "x"),
    ],
)
def test_encoded_words_become_text_on_one_line(value: str, expected: str) -> None:
    assert decode_words(value) == expected


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8", "utf-8"), ("UTF8", "utf-8"), ("iso-8859-1", "cp1252"),
        ("Windows-1251", "cp1251"), ("cp-850", "cp850"),
        ("ks_c_5601-1987", "cp949"), ("x-sjis", "cp932"), ("iso-8859-15", "iso8859-15"), ("'utf-8'", "utf-8"),
        ("hex", None), ("rot13", None), ("idna", None), ("punycode", None),
        ("undefined", None), ("no such", None), ("\0", None), ("x" * 100, None), ("ü", None),
    ],
)  # fmt: skip
def test_labels_lead_to_codecs_of_character_sets_only(label: str, codec: str | None) -> None:
    assert find_codec(label) == codec


@pytest.mark.parametrize(
    ("octets", "label", "hint", "expected"),
    [
        ("Grüße".encode(), "", "", ("Grüße", False)),
        (b"plain", "", "", ("plain", True)),
        ("Grüße".encode("cp1252"), "", "", ("Grüße", False)),
        ("Привет".encode("koi8-r"), "", "koi8-r", ("Привет", False)),
        (b"\xff", "", "iso-2022-jp", ("ÿ", False)),
        ("Grüße".encode(), "euc-jp", "", ("Grüße", False)),
        (b"\x81\x81 Gr\xfc", "iso-8859-1", "", ("�� Grü", False)),
        ("Grüße Grüße".encode() + b"\xff", "utf-8", "", ("Grüße Grüße�", False)),
        (b"a\0b", "utf-8", "", ("ab", True)),
        (b"+2AA-", "utf-7", "", ("?", True)),
        (("Съешь же ещё этих мягких французских булок. " * 3).encode("cp1251"), "x-nope", "",
         ("Съешь же ещё этих мягких французских булок. " * 3, False)),
    ],
)  # fmt: skip
def test_bytes_become_text_whatever_the_label(
    octets: bytes, label: str, hint: str, expected: tuple[str, bool]
) -> None:
    assert decode(octets, label, hint) == expected


def test_message_ids_are_canonical() -> None:
    assert canonical_id("<A.b@C>") == "A.b@C"
    assert canonical_id("prose <a@b> more") == "a@b"
    assert canonical_id("") == ""
    assert len(canonical_id(f"<{'x' * 1_000}>")) == 320
    assert canonical_id(f"<{'x' * 1_000}>") != canonical_id(f"<{'x' * 1_001}>")
    assert canonical_id(f"<{'x' * 320}>") == "x" * 320


def test_references_keep_the_first_and_the_nearest() -> None:
    found = read_references(" ".join(f"<{n}@x>" for n in range(3_000)))
    assert len(found) == 1_000
    assert (found[0], found[1], found[-1]) == ("0@x", "2001@x", "2999@x")
    assert read_references("") == ()


def test_in_reply_to_takes_the_first_id() -> None:
    assert read_in_reply_to("<a@b> <c@d>") == "a@b"
    assert read_in_reply_to("a@b") == "a@b"
    assert read_in_reply_to("a@b of Monday") == ""


def test_a_thread_index_that_is_no_base64_is_left_out() -> None:
    assert read_thread_index("A") == ""
    assert read_thread_index("ü") == ""
    assert read_thread_index("A" * 5_000) == ""


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Importance", "High", Importance.HIGH), ("X-Priority", "1 (Highest)", Importance.HIGH),
        ("Priority", "non-urgent", Importance.LOW), ("X-MSMail-Priority", "Low", Importance.LOW),
        ("X-Priority", "3", Importance.NORMAL), ("Importance", "whatever", Importance.NORMAL),
    ],
)  # fmt: skip
def test_the_importance_is_read_from_any_of_its_headers(name: str, value: str, expected: Importance) -> None:
    assert read(a_message(headers=[(name, value)])).importance is expected


def test_headers_keep_names_and_order_as_written() -> None:
    header = read_header(b"X-b: 1\r\nx-B : 2\r\nX-B:3\r\n  4\r\nA:\r\n")
    assert header.fields == [("X-b", "1"), ("x-B", "2"), ("X-B", "3  4"), ("A", "")]
    assert header.get("x-b") == "1"
    assert header.get("none") == ""


def test_a_first_line_that_is_folded_is_no_header() -> None:
    header = read_header(b" continued\r\nFrom: a@b\r\n")
    assert header.fields == [("From", "a@b")]
    assert header.defects == ["bad header"]


def test_a_body_without_a_blank_line_begins_at_its_first_line() -> None:
    message = read(b"Subject: a\r\n b\r\nHello Bob,\r\n\r\nyours\r\n")
    assert (message.subject, message.text) == ("a b", "Hello Bob,\n\nyours")


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        ('a/b; name="x y"', {"name": "x y"}),
        ("a/b; name=x;; b = y", {"name": "x", "b": "y"}),
        ('a/b; name="a\\"b"', {"name": 'a"b'}),
        ("a/b; name*=iso-8859-1'de'%FC.txt", {"name": "ü.txt"}),
        ("a/b; name*=%C3%BC", {"name": "ü"}),
        ("a/b; name*1=b; name*0=a; name=c", {"name": "ab"}),
        ("a/b; name*0*=utf-8''%C3; name*1*=%BC", {"name": "ü"}),
        ("a/b; NAME==?utf-8?Q?=C3=BC?=", {"name": "ü"}),
        ('a/b; name="open', {"name": '"open'}),
        ("a/b (comment); x=y", {"x": "y"}),
        ("a/b; *=x", {"*": "x"}),
        ("a/b;" + "x" * 300, {}),
    ],
)
def test_parameters_are_read_in_any_spelling(value: str, parameters: dict[str, str]) -> None:
    found = read_content_type(value)
    assert (found.value, dict(found.parameters)) == ("a/b", parameters)


def test_the_author_is_the_sender_where_nobody_is_named_in_from() -> None:
    message = read(b"Sender: Ann <ann@x.org>\r\n\r\nhi")
    assert message.author is not None
    assert message.author.address == "ann@x.org"
    assert message.header("sender") == "Ann <ann@x.org>"
    assert message.author.key == "ann@x.org"
    assert message.header("none") == ""


def test_the_date_of_a_message_is_aware() -> None:
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert read(a_message(date=at)).date == at
    assert read(a_message(date=None)).date is None
