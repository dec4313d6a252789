"""Bounces that follow no standard: what mail systems say in words, from qmail to Exchange.

Asked only where the headers look like a mail system's (`is_from_mail_system`), because everything
here can also be said by people. `wording` holds how systems speak; the form is the same nearly
everywhere: a sentence, then each address with the server's words behind or below it, then a line
that begins the e-mail given back.

Only the beginning of the text is looked at, line by line, and every search is bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from postroom.mime.address import read_addresses
from postroom.mime.automatic import Signs, is_null_path
from postroom.mime.identity import canonical_id
from postroom.mime.message import Address, Message
from postroom.mime.report import Fate, Report, find_original_id, find_status, one_line, read_original
from postroom.mime.subject import count_reply_marks
from postroom.mime.text import html_to_text
from postroom.mime.wording import (
    DAEMON_NAMES,
    DAEMON_STARTS,
    DAEMONS,
    DELAY_SUBJECTS,
    DELAYS,
    ORIGINAL_MARKS,
    SENTENCES,
    SUBJECTS,
)
from postroom.schema.choices import DeliveryState

#: Characters of the text that are looked at; the words of a bounce stand at its beginning.
MOST_TEXT = 1 << 16
#: Recipients that are kept of one bounce.
MOST_FATES = 100
_MOST_SUBJECT = 1_000
# Lines, and characters of a line, that are taken as said about one recipient.
_MOST_LINES = 12
_MOST_LINE = 1_000

#: Names in lower case of the headers that this module asks for.
HEADERS = frozenset({"return-path", "x-failed-recipients", "content-class"})

_ADDRESS = re.compile(
    r"(?<![\w.+/=@-])(?:smtp[:=])?([\w!#$%&*+/=?^{|}~][\w!#$%&'*+/=?^`{|}~.-]{0,63}@[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?)(?![\w@])",
    re.IGNORECASE,
)
# What stands before the address on a line that is about it alone.
_LEAD = re.compile(
    r"[\W_\d]*(?:(?:rcpt to|to|an|à|para|final|failed|intended|original|error-for|recipients?|address|users?"
    r"|unknown user|user mailbox exceeds allowed size|mailbox|rfc822|smtp|e-?mail|destinataire|empfänger"
    r"|destinatario|收件人|邮箱|addressed|undeliverable)[\W_]*){0,4}",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(r"^[ \t>|]{0,20}message-id:\s{0,80}(<[^<>\s]{1,998}>)", re.IGNORECASE | re.MULTILINE)
_RECIPIENT = re.compile(r"^[ \t>|]{0,20}to:[ \t]{0,80}(\S[^\n]{0,998})$", re.IGNORECASE | re.MULTILINE)
# A server's refusal, in any language: "550 5.1.1", "550-#5.1.0", "said: 550".
_REFUSAL = re.compile(r"(?<![\d.])5\d\d[ -]#?5\.\d{1,3}\.\d{1,3}|said: 5\d\d|smtp; 5\d\d", re.IGNORECASE)
# The sentence behind which the recipients are listed; before it may stand whom the e-mail went to.
_LISTING = re.compile(
    r"following|failed (?:recipient|address)|did not reach|not (?:be )?delivered to|unable to deliver"
    r"|folgende|suivant|siguiente|seguent|volgende|seguinte|следующ|以下",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Notice:
    """What a mail system says: its words, what it gives back, and what both come to."""

    told: str
    given_back: str
    state: DeliveryState
    #: The first status code of the whole text, for recipients about whom none is told.
    status: str

    def fate_of(self, address: str, words: str) -> Fate:
        """Return the fate of a recipient about whom these words are said."""
        return Fate(address[:320], self.state, find_status(words) or self.status, one_line(words))


@dataclass(frozen=True, slots=True)
class _Found:
    """An address of the text: its line, what stands behind it, and whether the line begins with it."""

    address: str
    at: int
    behind: str = ""
    leads: bool = False


def is_from_mail_system(message: Message, signs: Signs) -> bool:
    """Say whether the headers look like those of a mail system that writes by itself."""
    return "x-failed-recipients" in signs or has_daemon_path(signs) or is_daemon(message.author)


def has_daemon_path(signs: Signs) -> bool:
    """Say whether the envelope had no sender or a mail system as its sender."""
    path = signs.get("return-path", "")
    return bool(path) and (is_null_path(signs) or _is_daemon_address(path.strip("<> \t")))


def is_daemon(author: Address | None) -> bool:
    """Say whether somebody is a mail system by address or name; a message from nobody counts as one.

    >>> is_daemon(Address("MAILER-DAEMON@mx.example")), is_daemon(Address("ann@b.example", "Ann"))
    (True, False)
    """
    if author is None:
        return True
    return _is_daemon_address(author.address) or author.name.lower().startswith(DAEMON_NAMES)


def _is_daemon_address(address: str) -> bool:
    local = address.partition("@")[0].lower()
    return local in DAEMONS or local.startswith(DAEMON_STARTS)


def read_bounce(message: Message, signs: Signs, *, is_report: bool = False) -> Report | None:
    """Return the report that a mail system gives in its own words, or None when it gives none.

    Unless it is known to be a report, its words must say so: the subject, a sentence or a server's
    refusal; and from a sender that is no mail system by name, the subject and the text both, because
    automatic replies too come without a sender in the envelope.
    """
    told, given_back = _parted(_beginning(message))
    failed = _failed_recipients(message) if "x-failed-recipients" in signs else ()
    if not (is_report or failed or _says_so(message, told)):
        return None
    state = DeliveryState.DELAYED if _is_delay(message, told) else DeliveryState.BOUNCED
    notice = _Notice(told, given_back, state, find_status(told))
    fates = _fates(message, notice, failed) or _fates_by_original(message, notice)
    return Report(_find_original(message, given_back), fates or (notice.fate_of("", told),))


def _failed_recipients(message: Message) -> tuple[Address, ...]:
    """Return whom Exim names; it begins another header after every fifty."""
    values = (value for name, value in message.headers if name.lower() == "x-failed-recipients")
    return tuple(chain.from_iterable(map(read_addresses, values)))[:MOST_FATES]


def _beginning(message: Message) -> str:
    """Return the start of what the message says."""
    return (message.text[:MOST_TEXT] or html_to_text(message.html[:MOST_TEXT])).replace("\xa0", " ")


def _parted(text: str) -> tuple[str, str]:
    """Return what the mail system says and what it gives back."""
    lowered = _lowered(text)
    found = (lowered.find(mark) for mark in ORIGINAL_MARKS)
    at = min((at for at in found if at > 0), default=-1)
    if at < 0:
        return text, text
    at = text.rfind("\n", 0, at) + 1 or at
    return text[:at], text[at:]


def _lowered(text: str) -> str:
    """Return the text in lower case with every letter in its place."""
    lowered = text.lower()
    # Only the Turkish dotted capital becomes two.
    return lowered if len(lowered) == len(text) else text.replace("İ", "I").lower()


def _says_so(message: Message, told: str) -> bool:
    """Say whether subject and text are those of a bounce or a delay."""
    if count_reply_marks(message.subject):
        return False
    names = _has_any(message.subject[:_MOST_SUBJECT].lower(), SUBJECTS + DELAY_SUBJECTS)
    says = _has_any(told.lower(), SENTENCES + DELAYS) or _REFUSAL.search(told) is not None
    return (names or says) if is_daemon(message.author) else (names and says)


def _is_delay(message: Message, told: str) -> bool:
    return _has_any(told.lower(), DELAYS) or _has_any(message.subject[:_MOST_SUBJECT].lower(), DELAY_SUBJECTS)


def _has_any(text: str, words: tuple[str, ...]) -> bool:
    return any(each in text for each in words)


def _fates(message: Message, notice: _Notice, failed: tuple[Address, ...]) -> tuple[Fate, ...]:
    """Return the fates of the recipients that X-Failed-Recipients or else the text names."""
    lines = notice.told.split("\n")
    strangers = _without_us(message, _find_addresses(lines))
    if failed:
        by_address = {found.address.lower(): found for found in reversed(strangers)}
        chosen = [by_address.get(one.key) or _Found(one.address, -1) for one in failed]
    else:
        chosen = _choose(lines, strangers)
    unique = {found.address.lower(): found for found in reversed(chosen)}
    return tuple(
        notice.fate_of(found.address, _words_about(lines, found))
        for found in list(reversed(unique.values()))[:MOST_FATES]
    )


def _choose(lines: list[str], found: list[_Found]) -> list[_Found]:
    """Return the likeliest recipients: those that begin a line behind the sentence that lists them."""
    listing = next((at for at, line in enumerate(lines) if _LISTING.search(line)), 0)
    listed = [one for one in found if one.at >= listing]
    return [one for one in listed if one.leads] or listed or [one for one in found if one.leads] or found


def _find_addresses(lines: list[str]) -> Iterator[_Found]:
    for at, line in enumerate(lines):
        if "@" not in line:
            continue
        lead = _lead_of(line)
        for found in _ADDRESS.finditer(line):
            behind = line[found.end() : found.end() + _MOST_LINE].lstrip(">)]}'\"*,;:. \t")
            yield _Found(found[1], at, behind, leads=found.start() <= lead)


def _lead_of(line: str) -> int:
    """Return how far the line says nothing but that an address follows."""
    lead = _LEAD.match(line)
    return lead.end() if lead else 0


def _without_us(message: Message, found: Iterator[_Found]) -> list[_Found]:
    """Return what was found without those whom a bounce names beside its recipients."""
    us = {one.key for one in (*message.to, *message.from_, *message.reply_to)}
    return [one for one in found if one.address.lower() not in us and not is_daemon(Address(one.address))]


def _words_about(lines: list[str], found: _Found) -> str:
    """Return what is said about a recipient: behind its address, below it, else above it."""
    if found.at < 0:
        return ""
    words = [found.behind] if _has_words(found.behind) else []
    for line in lines[found.at + 1 : found.at + 1 + _MOST_LINES]:
        line = line[:_MOST_LINE].strip()
        # A paragraph ends it, unless it only leads to the next: "because:".
        if (not line and words and not words[-1].endswith(":")) or _is_about_another(line, found.address):
            break
        if _has_words(line):
            words.append(line)
    if words:
        return " ".join(words)
    above = lines[max(0, found.at - _MOST_LINES) : found.at]
    return next((line.strip() for line in reversed(above) if _has_words(line)), "")


def _has_words(line: str) -> bool:
    """Say whether a line is more than a rule of dashes."""
    return any(map(str.isalnum, line))


def _is_about_another(line: str, address: str) -> bool:
    found = _ADDRESS.search(line)
    return found is not None and found[1].lower() != address.lower() and found.start() <= _lead_of(line)


def _fates_by_original(message: Message, notice: _Notice) -> tuple[Fate, ...]:
    """Return the fate of the one recipient of the e-mail that is given back."""
    to = read_original(message).get("to")
    if not to and (found := _RECIPIENT.search(notice.given_back)):
        to = found[1]
    people = read_addresses(to[:_MOST_LINE])
    if len(people) != 1 or people[0].key in {one.key for one in message.to}:
        return ()
    return (notice.fate_of(people[0].address, notice.told),)


def _find_original(message: Message, given_back: str) -> str:
    """Return the Message-ID of the e-mail that the bounce gives back, as a part or in its text."""
    found = _MESSAGE_ID.search(given_back)
    return find_original_id(message, canonical_id(found[1]) if found else "")
