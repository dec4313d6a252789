"""The corpus: believable mail of every kind, the same bytes for the same seed, made as a stream.

Ten thousand messages are about 574 MB in 5,577 conversations; any multiple of 200 messages has
the same proportions, since kinds, sizes and conversations are dealt out in decks of 200.
`Case.raw` has CRLF line ends, as a server sends it; a Maildir holds it with LF, as a server
keeps it.

    python -m bench.corpus --count 5000 --out DIR --format maildir
"""

import argparse
import base64
import binascii
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

from bench.languages import BEYOND_GB2312, LANGUAGES, Language

SEED = 20_240_229
#: The mailbox that all of this mail was sent to.
MAILBOX_ADDRESS = "sales@postroom.example"
MAILBOX_NAME = "Sales"
#: How many people write; `correspondents` lists them.
PEOPLE = 2_000

_THREADS_PER_DECK = 111.54
_START = datetime(2024, 1, 1, 6, 0, tzinfo=UTC)
_CRLF = b"\r\n"


class Kind(StrEnum):
    """What sort of message it is."""

    PLAIN = "plain"
    ALTERNATIVE = "alternative"
    ATTACHMENTS = "attachments"
    CALENDAR = "calendar"
    DSN = "dsn"
    AUTO_REPLY = "auto-reply"
    BROKEN = "broken"


#: How many of each kind are among 200 messages.
DECK = {
    Kind.PLAIN: 60,
    Kind.ALTERNATIVE: 90,
    Kind.ATTACHMENTS: 40,
    Kind.CALENDAR: 3,
    Kind.DSN: 2,
    Kind.AUTO_REPLY: 2,
    Kind.BROKEN: 3,
}
DECK_SIZE = sum(DECK.values())
#: How many attachments the 40 messages with attachments of one deck have, and how many Cc lists are long.
_ATTACHMENT_COUNTS = (1,) * 18 + (2,) * 12 + (3,) * 10
_LONG_CC_PER_DECK = 4
_MEDIAN, _SPREAD = 60_000, 1.01
_SMALLEST, _LARGEST = 10_000, 2_000_000


class Defect(StrEnum):
    """The ways in which a broken message is broken."""

    RAW_HEADERS = "raw-8bit-headers"
    BAD_BASE64 = "invalid-base64"
    UNKNOWN_CHARSET = "unknown-charset"
    CUT_OFF = "cut-off-multipart"
    NO_BOUNDARY = "no-boundary-parameter"
    BAD_ADDRESSES = "broken-addresses"
    LONG_LINE = "line-over-the-limit"
    BAD_HEADERS = "rubbish-between-headers"


@dataclass(frozen=True, slots=True)
class Case:
    """One message with what is known about it."""

    number: int
    raw: bytes
    kind: Kind
    #: Without angle brackets; empty when the message has none.
    message_id: str
    #: The number of its conversation.
    thread: int
    subject: str
    sender: str
    language: str
    charset: str
    #: The tracking token in its subject, or empty.
    token: str
    copies: int
    attachments: int
    #: Octets of base64 that its attachments take.
    attachment_octets: int
    defect: Defect | None = None


class Person(NamedTuple):
    """Somebody who writes to us."""

    name: str
    address: str
    language: Language


@dataclass(slots=True)
class _Thread:
    number: int
    subject: str
    language: Language
    charset: str
    person: Person
    token: str
    ids: list[str]


@dataclass(slots=True)
class _Draft:
    """A message in the making: headers in order and what is known so far."""

    number: int
    kind: Kind
    thread: _Thread
    person: Person
    subject: str
    message_id: str
    date: datetime
    headers: list[bytes]
    copies: int
    attachments: int = 0
    attachment_octets: int = 0
    defect: Defect | None = None


@lru_cache(maxsize=4)
def correspondents(seed: int = SEED) -> tuple[Person, ...]:
    """Return everybody who writes, always the same for a seed."""
    rng = random.Random(seed ^ 0x5EED)
    return tuple(_person(rng, number) for number in range(PEOPLE))


def _person(rng: random.Random, number: int) -> Person:
    # Western mail is the larger part, as in most post rooms.
    language = rng.choices(LANGUAGES, weights=(30, 18, 10, 7, 8, 4, 5, 7, 7, 4))[0]
    first, last = rng.choice(language.first_names), rng.choice(language.last_names)
    name = f"{last} {first}" if language.code in {"ja", "zh", "ko"} else f"{first} {last}"
    return Person(name, f"person{number:04d}@firm{number % 311:03d}.example", language)


def generate(count: int, *, seed: int = SEED) -> Iterator[Case]:
    """Yield the first `count` messages of the corpus; one message is held at a time."""
    yield from _Writer(seed).cases(count)


def generate_kind(kind: Kind, count: int, *, seed: int = SEED) -> Iterator[Case]:
    """Yield messages of one kind only, from as many corpora as it takes; numbered anew."""
    number = 0
    while number < count:
        for case in generate(10_000, seed=seed):
            if case.kind is kind and number < count:
                yield replace(case, number=number)
                number += 1
        seed += 1


class _Writer:
    """Deals out decks of 200 messages and writes each of them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.people = correspondents(seed)
        self.pool = _Base64Pool(self.rng)
        self.threads: list[_Thread] = []
        self.broken = 0
        self.sizes: list[int] = []
        self.counts: list[int] = []

    def cases(self, count: int) -> Iterator[Case]:
        number = 0
        while number < count:
            for kind, begins, long_copy in self._deck(number // DECK_SIZE):
                if number == count:
                    return
                yield self._write(number, kind, begins=begins, long_copy=long_copy)
                number += 1

    def _deck(self, index: int) -> Iterator[tuple[Kind, bool, bool]]:
        kinds = [kind for kind, share in DECK.items() for _ in range(share)]
        fresh = int((index + 1) * _THREADS_PER_DECK) - int(index * _THREADS_PER_DECK)
        begins = [True] * fresh + [False] * (DECK_SIZE - fresh)
        long_copies = [True] * _LONG_CC_PER_DECK + [False] * (DECK_SIZE - _LONG_CC_PER_DECK)
        for column in (kinds, begins, long_copies):
            self.rng.shuffle(column)
        self.counts = list(_ATTACHMENT_COUNTS)
        self.rng.shuffle(self.counts)
        self.sizes = _stratified_sizes(self.rng, sum(_ATTACHMENT_COUNTS))
        if index == 0:  # The very first message can only begin a conversation.
            first = begins.index(True)
            begins[0], begins[first] = begins[first], begins[0]
        return zip(kinds, begins, long_copies, strict=True)

    def _write(self, number: int, kind: Kind, *, begins: bool, long_copy: bool) -> Case:
        thread = self._new_thread() if begins else self.threads[-1 - min(self._age(), len(self.threads) - 1)]
        draft = self._draft(number, kind, thread, long_copy=long_copy)
        body = _BODIES[kind](self, draft)
        raw = _CRLF.join([*draft.headers, *body])
        thread.ids.append(draft.message_id)
        return Case(
            number=number,
            raw=raw,
            kind=kind,
            message_id="" if draft.defect is Defect.BAD_HEADERS else draft.message_id,
            thread=thread.number,
            subject=draft.subject,
            sender=draft.person.address,
            language=thread.language.code,
            charset=thread.charset,
            token=thread.token,
            copies=draft.copies,
            attachments=draft.attachments,
            attachment_octets=draft.attachment_octets,
            defect=draft.defect,
        )

    def _age(self) -> int:
        """Return how many conversations back the answered one began; mostly few."""
        return int(self.rng.expovariate(1 / 60))

    def _new_thread(self) -> _Thread:
        rng = self.rng
        person = rng.choice(self.people)
        subject = rng.choice(person.language.subjects).format(n=rng.randint(1000, 99999))
        number = len(self.threads)
        token = f"CRM:{rng.randint(0, 9_999_999):07d}" if rng.random() < 0.35 else ""
        charset = rng.choice(person.language.charsets)
        thread = _Thread(number, subject, person.language, charset, person, token, [])
        self.threads.append(thread)
        return thread

    def _draft(self, number: int, kind: Kind, thread: _Thread, *, long_copy: bool) -> _Draft:
        rng = self.rng
        person = thread.person if rng.random() < 0.8 else rng.choice(self.people)
        date = _START + timedelta(seconds=number * 797 + rng.randint(0, 700))
        domain = person.address.partition("@")[2]
        message_id = f"{number:05d}.{rng.getrandbits(64):016x}@{domain}"
        subject = thread.subject + (f" {thread.token}" if thread.token else "")
        if thread.ids:
            subject = f"{thread.language.reply_mark}: {subject}"
        if kind is Kind.AUTO_REPLY:
            subject = f"Automatic reply: {subject}"
        if kind is Kind.DSN:
            subject = "Undelivered Mail Returned to Sender"
            person = Person("Mail Delivery System", f"MAILER-DAEMON@{domain}", LANGUAGES[0])
        copies = rng.randint(20, 120) if long_copy else rng.choice((0, 0, 0, 0, 1, 1, 2, 3))
        draft = _Draft(number, kind, thread, person, subject, message_id, date, [], copies)
        self._trace_headers(draft)
        self._main_headers(draft)
        return draft

    def _trace_headers(self, draft: _Draft) -> None:
        rng, domain = self.rng, draft.person.address.partition("@")[2]
        envelope = "" if draft.kind in {Kind.DSN, Kind.AUTO_REPLY} else draft.person.address
        lines = [f"Return-Path: <{envelope}>", f"Delivered-To: {MAILBOX_ADDRESS}"]
        hops = rng.randint(1, 5)
        for hop in range(hops):
            at = _rfc5322(draft.date + timedelta(seconds=2 * (hops - hop)))
            lines.append(
                f"Received: from relay{hop}.{domain} ([192.0.2.{rng.randint(1, 254)}])\r\n"
                f"\tby mx{hop}.postroom.example (Postfix) with ESMTPS id {rng.getrandbits(48):012X}\r\n"
                f"\tfor <{MAILBOX_ADDRESS}>; {at}"
            )
        signature = self.pool.line(rng), self.pool.line(rng), self.pool.line(rng), self.pool.line(rng)
        lines.append(
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=s2024;\r\n"
            f"\th=from:to:subject:date:message-id; bh={signature[0][:43]}=;\r\n"
            f"\tb={signature[1]}\r\n\t {signature[2]}\r\n\t {signature[3][:60]}=="
        )
        draft.headers.extend(line.encode() for line in lines)

    def _main_headers(self, draft: _Draft) -> None:
        rng, thread = self.rng, draft.thread
        add = draft.headers.append
        add(b"From: " + _mailbox(draft.person.name, draft.person.address, thread.charset, _style(rng)))
        add(f"To: {MAILBOX_NAME} <{MAILBOX_ADDRESS}>".encode())
        if draft.copies:
            add(b"Cc: " + b",\r\n\t".join(self._copies(draft.copies, thread.charset)))
        add(b"Subject: " + _encoded(draft.subject, thread.charset, _style(rng)))
        add(f"Date: {_rfc5322(draft.date)}".encode())
        add(f"Message-ID: <{draft.message_id}>".encode())
        if thread.ids:
            add(f"In-Reply-To: <{thread.ids[-1]}>".encode())
            add(("References: " + "\r\n ".join(f"<{known}>" for known in thread.ids[-12:])).encode())
        if rng.random() < 0.4:
            add(b"Thread-Index: " + base64.b64encode(rng.randbytes(22)))
        if rng.random() < 0.05:
            add(b"Importance: high\r\nX-Priority: 1")
        add(
            rng.choice(
                (
                    b"X-Mailer: Microsoft Outlook 16.0",
                    b"User-Agent: Mozilla Thunderbird",
                    b"X-Mailer: Apple Mail",
                )
            )
        )
        add(b"MIME-Version: 1.0")

    def _copies(self, count: int, charset: str) -> Iterator[bytes]:
        for person in self.rng.sample(self.people, count):
            # A name in another script than the message's own is sent in UTF-8.
            label = charset if _fits(person.name, charset) else "utf-8"
            yield _mailbox(person.name, person.address, label, "B")

    def text(self, thread: _Thread) -> str:
        rng = self.rng
        sentences = thread.language.sentences
        paragraphs = [
            "\n".join(rng.choices(sentences, k=rng.randint(2, 6))) for _ in range(rng.randint(3, 10))
        ]
        paragraphs.append(f"{thread.person.name}\n+49 30 {rng.randint(100000, 999999)}")
        if thread.ids:
            quoted = rng.choices(sentences, k=rng.randint(4, 16))
            paragraphs.append("\n".join(f"> {line}" for line in quoted))
        return "\n\n".join(paragraphs) + "\n"

    def html(self, thread: _Thread) -> str:
        rng = self.rng
        rows = rng.choices(thread.language.sentences, k=rng.randint(14, 44))
        body = "\n".join(_ROW.format(text=row, id=rng.getrandbits(32)) for row in rows)
        return _PAGE.format(charset=thread.charset, body=body)

    def part(self, text: str, thread: _Thread, subtype: str = "plain", more: str = "") -> list[bytes]:
        """Return the lines of one text part: its headers, a blank line, its encoded text."""
        charset = thread.charset
        data = _encode_text(text, charset, beyond=self.rng.random() < 0.1)
        way = _transfer_encoding(self.rng, charset)
        label = self.rng.choice((charset, charset.upper(), f'"{charset}"'))
        return [
            f"Content-Type: text/{subtype}; charset={label}{more}".encode(),
            f"Content-Transfer-Encoding: {way}".encode(),
            b"",
            _TRANSFER[way](data),
        ]

    def boundary(self) -> str:
        return f"----=_Part_{self.rng.getrandbits(72):018x}"

    def attachment(self, draft: _Draft, size: int) -> list[bytes]:
        rng, language = self.rng, draft.thread.language
        mimetype, suffix, magic = rng.choice(_FILE_TYPES)
        name = f"{rng.choice(language.file_names)} {rng.randint(1, 999)}.{suffix}"
        # The first line holds the number of the message, so no two files are the same by accident.
        opening = (magic + f" {draft.number} {draft.attachments} ".encode()).ljust(57, b"\0")[:57]
        content = binascii.b2a_base64(opening, newline=False) + _CRLF + self.pool.take(rng, size - 57)
        draft.attachments += 1
        draft.attachment_octets += len(content)
        return [*_file_headers(name, mimetype, draft.thread.charset, rng), b"", content]

    def nested(self, draft: _Draft) -> list[bytes]:
        person = self.rng.choice(self.people)
        thread = draft.thread
        label = thread.charset if _fits(person.name, thread.charset) else "utf-8"
        draft.attachments += 1
        return [
            b"Content-Type: message/rfc822",
            b"Content-Disposition: attachment",
            b"",
            b"From: " + _mailbox(person.name, person.address, label, "B"),
            f"To: {draft.person.address}".encode(),
            b"Subject: " + _encoded(thread.subject, thread.charset, "B"),
            f"Date: {_rfc5322(draft.date - timedelta(hours=5))}".encode(),
            f"Message-ID: <inner.{draft.message_id}>".encode(),
            b"MIME-Version: 1.0",
            *self.part(self.text(thread), thread),
        ]


class _Base64Pool:
    """Lines of base64 made once, from which any amount is cut in no time."""

    _LINES = 80_000
    _WIDTH = 78

    def __init__(self, rng: random.Random) -> None:
        data = rng.randbytes(57 * self._LINES)
        self._text = base64.encodebytes(data).replace(b"\n", _CRLF)

    def take(self, rng: random.Random, size: int) -> bytes:
        """Return the base64 of `size` octets, of lines of 76 characters."""
        whole, rest = divmod(max(size, 0), 57)
        start = rng.randrange(self._LINES - whole - 1) * self._WIDTH
        end = start + whole * self._WIDTH
        last = binascii.b2a_base64(binascii.a2b_base64(self._text[end : end + 76])[:rest], newline=False)
        return self._text[start:end] + last

    def line(self, rng: random.Random) -> str:
        start = rng.randrange(self._LINES) * self._WIDTH
        return self._text[start : start + 76].decode()


def _stratified_sizes(rng: random.Random, count: int) -> list[int]:
    """Return log-normal sizes, one from each quantile, so that every deck weighs about the same."""
    normal = NormalDist()
    shares = [(place + rng.uniform(0.02, 0.98)) / count for place in range(count)]
    sizes = [int(_MEDIAN * 2.718281828 ** (_SPREAD * normal.inv_cdf(share))) for share in shares]
    rng.shuffle(sizes)
    return [min(max(size, _SMALLEST), _LARGEST) for size in sizes]


def _multipart(
    writer: _Writer, draft: _Draft, subtype: str, parts: list[list[bytes]], more: str = ""
) -> list[bytes]:
    boundary = writer.boundary()
    lines = [f'Content-Type: multipart/{subtype}; boundary="{boundary}"{more}'.encode(), b""]
    for part in parts:
        lines += [b"--" + boundary.encode(), *part]
    return [*lines, f"--{boundary}--".encode(), b""]


def _plain(writer: _Writer, draft: _Draft) -> list[bytes]:
    return writer.part(writer.text(draft.thread), draft.thread)


def _alternative(writer: _Writer, draft: _Draft) -> list[bytes]:
    thread = draft.thread
    text = writer.part(writer.text(thread), thread)
    return _multipart(writer, draft, "alternative", [text, writer.part(writer.html(thread), thread, "html")])


def _attachments(writer: _Writer, draft: _Draft) -> list[bytes]:
    body = _alternative(writer, draft) if writer.rng.random() < 0.5 else _plain(writer, draft)
    parts = [body]
    for _ in range(writer.counts.pop()):
        parts.append(writer.attachment(draft, writer.sizes.pop()))
    if writer.rng.random() < 0.08:
        parts.append(writer.nested(draft))
    return _multipart(writer, draft, "mixed", parts)


def _calendar(writer: _Writer, draft: _Draft) -> list[bytes]:
    start = draft.date + timedelta(days=7)
    event = _EVENT.format(
        uid=draft.message_id,
        stamp=f"{draft.date:%Y%m%dT%H%M%SZ}",
        start=f"{start:%Y%m%dT%H0000Z}",
        end=f"{start + timedelta(hours=1):%Y%m%dT%H0000Z}",
        organizer=draft.person.address,
        attendee=MAILBOX_ADDRESS,
        summary=draft.thread.subject,
    )
    parts = [
        writer.part(writer.text(draft.thread), draft.thread),
        writer.part(event, draft.thread, "calendar", "; method=REQUEST"),
    ]
    return _multipart(writer, draft, "alternative", parts)


def _dsn(writer: _Writer, draft: _Draft) -> list[bytes]:
    failed = writer.rng.choice(writer.people).address
    notice = (
        b"This is the mail system. Your message could not be delivered to <" + failed.encode() + b">.\r\n"
    )
    status = (
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx0.postroom.example\r\n"
        f"Arrival-Date: {_rfc5322(draft.date)}\r\n\r\nFinal-Recipient: rfc822; {failed}\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"
    )
    original = (
        "Content-Type: text/rfc822-headers\r\n\r\n"
        f"From: {MAILBOX_ADDRESS}\r\nTo: {failed}\r\nSubject: our offer\r\n"
        f"Message-ID: <sent.{draft.message_id}>\r\n"
    )
    parts = [
        [b"Content-Type: text/plain; charset=us-ascii", b"", notice],
        [status.encode()],
        [original.encode()],
    ]
    draft.headers.append(b"Auto-Submitted: auto-replied")
    return _multipart(writer, draft, "report", parts, "; report-type=delivery-status")


def _auto_reply(writer: _Writer, draft: _Draft) -> list[bytes]:
    draft.headers += [b"Auto-Submitted: auto-replied", b"X-Auto-Response-Suppress: All", b"Precedence: bulk"]
    return writer.part(draft.thread.language.absence + "\n", draft.thread)


def _broken(writer: _Writer, draft: _Draft) -> list[bytes]:
    defects = list(Defect)
    draft.defect = defects[writer.broken % len(defects)]
    writer.broken += 1
    return _BREAKERS[draft.defect](writer, draft)


def _replace_header(draft: _Draft, name: bytes, *lines: bytes) -> None:
    place = next(at for at, line in enumerate(draft.headers) if line.startswith(name + b":"))
    draft.headers[place : place + 1] = lines


def _break_headers_raw(writer: _Writer, draft: _Draft) -> list[bytes]:
    language = LANGUAGES[1 + draft.number % (len(LANGUAGES) - 1)]
    name = language.last_names[0].encode(language.charsets[0])
    subject = language.subjects[0].format(n=draft.number).encode(language.charsets[0])
    draft.subject = language.subjects[0].format(n=draft.number)
    _replace_header(draft, b"From", b"From: " + name + b" <" + draft.person.address.encode() + b">")
    _replace_header(draft, b"Subject", b"Subject: " + subject)
    return _plain(writer, draft)


def _break_base64(writer: _Writer, draft: _Draft) -> list[bytes]:
    text = base64.b64encode(writer.text(draft.thread).encode()).rstrip(b"=")
    rubbish = text[: len(text) // 4 * 4 + 1] + b"\r\n*** this line is no base64 ***\r\nQQ=Q"
    return [
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: base64",
        b"",
        rubbish,
        b"",
    ]


def _break_charset(writer: _Writer, draft: _Draft) -> list[bytes]:
    label = f"x-unknown-{draft.number % 10}".encode()
    text = writer.text(draft.thread).encode("utf-8").replace(b"\n", _CRLF)
    return [b"Content-Type: text/plain; charset=" + label, b"Content-Transfer-Encoding: 8bit", b"", text]


def _break_cut_off(writer: _Writer, draft: _Draft) -> list[bytes]:
    lines = _multipart(
        writer,
        draft,
        "mixed",
        [_alternative(writer, draft), writer.attachment(draft, writer.rng.randint(10_000, 40_000))],
    )
    content = lines[-3]
    lines[-3:] = [content[: len(content) // 2]]
    draft.attachment_octets = len(lines[-1])
    return lines


def _break_boundary(writer: _Writer, draft: _Draft) -> list[bytes]:
    lines = _alternative(writer, draft)
    lines[0] = b"Content-Type: multipart/alternative"
    return lines


def _break_addresses(writer: _Writer, draft: _Draft) -> list[bytes]:
    bad = (
        b'"Unclosed name <x@@y..example',
        b"<>, ,;<@>",
        b"somebody at firm dot example",
        b"a@b@c <d <e@f>>",
    )
    _replace_header(draft, b"From", b"From: " + bad[draft.number % len(bad)])
    _replace_header(draft, b"To", b"To: undisclosed recipients, <" + MAILBOX_ADDRESS.encode() + b", (comment")
    return _plain(writer, draft)


def _break_long_line(writer: _Writer, draft: _Draft) -> list[bytes]:
    text = writer.text(draft.thread).replace("\n", " ") * 6
    return [
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: 8bit",
        b"",
        text.encode(),
        b"",
    ]


def _break_headers(writer: _Writer, draft: _Draft) -> list[bytes]:
    _replace_header(draft, b"Message-ID")
    _replace_header(draft, b"Date", b"Date: yesterday, 31 Feb 99999 25:61:00 +9999")
    _replace_header(draft, b"Subject", b"Subject: =?utf-8?B?broken", b" =?x-nothing?Z?abc?= =?utf-8?Q?=ZZ=?=")
    draft.headers[3:3] = [b"this line has no colon", b": this one has no name", b"X-Blank-Name : odd"]
    return _plain(writer, draft)


_Body = Callable[[_Writer, _Draft], list[bytes]]
_BODIES: dict[Kind, _Body] = {
    Kind.PLAIN: _plain,
    Kind.ALTERNATIVE: _alternative,
    Kind.ATTACHMENTS: _attachments,
    Kind.CALENDAR: _calendar,
    Kind.DSN: _dsn,
    Kind.AUTO_REPLY: _auto_reply,
    Kind.BROKEN: _broken,
}
_BREAKERS: dict[Defect, _Body] = {
    Defect.RAW_HEADERS: _break_headers_raw,
    Defect.BAD_BASE64: _break_base64,
    Defect.UNKNOWN_CHARSET: _break_charset,
    Defect.CUT_OFF: _break_cut_off,
    Defect.NO_BOUNDARY: _break_boundary,
    Defect.BAD_ADDRESSES: _break_addresses,
    Defect.LONG_LINE: _break_long_line,
    Defect.BAD_HEADERS: _break_headers,
}

_FILE_TYPES = (
    ("application/pdf", "pdf", b"%PDF-1.7"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", b"PK\x03\x04"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", b"PK\x03\x04"),
    ("image/jpeg", "jpg", b"\xff\xd8\xff\xe0"),
    ("image/png", "png", b"\x89PNG\r\n\x1a\n"),
    ("application/zip", "zip", b"PK\x03\x04"),
)
_ROW = (
    '<tr><td class="MsoNormal" id="c{id:08x}" style="margin:0cm;font-size:11.0pt;'
    'font-family:Calibri,sans-serif"><span>{text}</span></td></tr>'
)
_PAGE = (
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}">\n'
    "<style>p.MsoNormal, td.MsoNormal {{ margin: 0cm; color: #1f1f1f }}</style></head>\n"
    '<body lang="x-none"><table border="0" cellpadding="4">\n{body}\n</table></body></html>\n'
)
_EVENT = (
    "BEGIN:VCALENDAR\nPRODID:-//Example//Mail//EN\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\n"
    "UID:{uid}\nDTSTAMP:{stamp}\nDTSTART:{start}\nDTEND:{end}\nORGANIZER:mailto:{organizer}\n"
    "ATTENDEE;RSVP=TRUE:mailto:{attendee}\nSUMMARY:{summary}\nSEQUENCE:0\nSTATUS:CONFIRMED\n"
    "END:VEVENT\nEND:VCALENDAR\n"
)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _rfc5322(at: datetime) -> str:
    return f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} +0000"


def _style(rng: random.Random) -> str:
    return "B" if rng.random() < 0.5 else "Q"


@lru_cache(maxsize=50_000)
def _fits(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=50_000)
def _mailbox(name: str, address: str, charset: str, style: str) -> bytes:
    label = charset if _fits(name, charset) else "utf-8"
    return _encoded(name, label, style) + b" <" + address.encode() + b">"


def _encoded(text: str, charset: str, style: str) -> bytes:
    """Return the text as it is when it is ASCII, else in encoded words of at most 75 characters."""
    if text.isascii():
        return text.encode()
    label = charset if charset != "us-ascii" and _fits(text, charset) else "utf-8"
    words, start = [], 0
    while start < len(text):
        end = start + 1
        while end < len(text) and len(_word(text[start : end + 1], label, style)) <= 75:
            end += 1
        words.append(_word(text[start:end], label, style))
        start = end
    return b"\r\n ".join(words)


def _word(text: str, charset: str, style: str) -> bytes:
    data = text.encode(charset)
    if style == "B":
        encoded = binascii.b2a_base64(data, newline=False)
    else:
        encoded = b"".join(_Q_OCTETS[octet] for octet in data)
    return b"=?" + charset.encode() + b"?" + style.encode() + b"?" + encoded + b"?="


_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q_OCTETS = [
    b"_" if octet == 32 else bytes([octet]) if octet in _Q_SAFE else b"=%02X" % octet for octet in range(256)
]


def _encode_text(text: str, charset: str, *, beyond: bool) -> bytes:
    if charset == "gb2312" and beyond:
        return (text + BEYOND_GB2312 + "\n").encode("gb18030")
    return text.encode(charset, "replace")


def _transfer_encoding(rng: random.Random, charset: str) -> str:
    if charset in {"us-ascii", "iso-2022-jp"}:
        return "7bit" if rng.random() < 0.7 else "base64"
    return rng.choice(("quoted-printable", "quoted-printable", "base64", "8bit"))


def _as_lines(data: bytes) -> bytes:
    return data.replace(b"\n", _CRLF)


def _as_quoted_printable(data: bytes) -> bytes:
    return binascii.b2a_qp(data, istext=True).replace(b"\n", _CRLF)


def _as_base64(data: bytes) -> bytes:
    return base64.encodebytes(_as_lines(data)).replace(b"\n", _CRLF)


_TRANSFER: dict[str, Callable[[bytes], bytes]] = {
    "7bit": _as_lines,
    "8bit": _as_lines,
    "quoted-printable": _as_quoted_printable,
    "base64": _as_base64,
}


def _percent(text: str, charset: str) -> str:
    safe = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
    return "".join(chr(octet) if octet in safe else f"%{octet:02X}" for octet in text.encode(charset))


def _file_headers(name: str, mimetype: str, charset: str, rng: random.Random) -> list[bytes]:
    """Return the headers of a file; its name in one of the ways that programs write names."""
    way = rng.choice(("rfc2231", "rfc2231", "continued", "rfc2047"))
    label = charset if charset != "us-ascii" and _fits(name, charset) else "utf-8"
    if name.isascii():
        parameter = f'filename="{name}"'
    elif way == "rfc2047":
        parameter = f'filename="{_encoded(name, label, "B").decode()}"'
    elif way == "rfc2231":
        parameter = f"filename*={label}''{_percent(name, label)}"
    else:
        half = len(name) // 2
        first, second = _percent(name[:half], label), _percent(name[half:], label)
        parameter = f"filename*0*={label}''{first};\r\n\tfilename*1*={second}"
    return [
        f"Content-Type: {mimetype}".encode(),
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment;\r\n\t" + parameter.encode(),
    ]


def write_maildir(cases: Iterable[Case], folder: Path) -> int:
    """Write the messages as a Maildir with LF line ends and return how many octets with CRLF they have.

    The names carry both sizes, so that a POP3 server needs not read every message for STAT.
    """
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    total = 0
    for case in cases:
        kept = case.raw.replace(_CRLF, b"\n")
        wire = len(kept) + kept.count(b"\n")
        name = f"{1_704_088_800 + case.number}.M{case.number:06d}P1.bench,S={len(kept)},W={wire}:2,"
        (folder / "cur" / name).write_bytes(kept)
        total += wire
    return total


def write_files(cases: Iterable[Case], folder: Path) -> int:
    """Write each message to a numbered file with CRLF line ends and return how many octets they have."""
    folder.mkdir(parents=True, exist_ok=True)
    return sum((folder / f"{case.number:06d}.eml").write_bytes(case.raw) for case in cases)


def main(arguments: list[str] | None = None) -> int:
    """Write the corpus to a directory."""
    parser = argparse.ArgumentParser(prog="bench.corpus", description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--format", choices=("maildir", "files"), default="maildir")
    parser.add_argument("--kind", type=Kind, choices=list(Kind), help="only messages of this kind")
    options = parser.parse_args(arguments)
    write = write_maildir if options.format == "maildir" else write_files
    cases = generate(options.count, seed=options.seed)
    if options.kind:
        cases = generate_kind(options.kind, options.count, seed=options.seed)
    octets = write(cases, options.out)
    sys.stdout.write(f"{options.count} messages, {octets / 1e6:.1f} MB in {options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
