"""What a message is beside being mail: bounce, receipt, automatic reply, list, meeting.

This runs for every message, so it begins with one pass over the headers and looks at a part or at
the text only where a header or the type of a part says so. The order is that of precedence: what
reports on an e-mail of ours comes first, whatever else it is.

::

    headers ──> signs ──> report | bounce ──> automatic reply ──> meeting ──> list ──> program ──> ordinary
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from postroom.mime import automatic, bounce
from postroom.mime.automatic import Signs
from postroom.mime.message import Message
from postroom.mime.parameter import read_content_type
from postroom.mime.report import (
    STATUS_TYPES,
    Fate,
    Report,
    find_original_id,
    kind_of,
    part_of,
    read_receipt,
    read_status_report,
)
from postroom.mime.subject import count_reply_marks
from postroom.schema.choices import DeliveryState, MessageKind

__all__ = ["Fate", "Nature", "Report", "nature_of"]

_HEADERS = automatic.HEADERS | bounce.HEADERS | {"content-type"}

_CALENDAR_TYPES = frozenset({"text/calendar", "application/ics"})
# A meeting is in the first calendars, and its method before the first item. source: RFC5545 3.7.2
_MOST_CALENDARS = 4
_MOST_CALENDAR = 8_192
_METHOD = re.compile(rb"^METHOD[;:]", re.IGNORECASE | re.MULTILINE)
# A calendar that is given to read, such as an event's or a ticket's, asks for no answer and gives none.
# source: RFC5546 1.4
_PUBLISHED = re.compile(rb"^METHOD:\s{0,9}PUBLISH\b", re.IGNORECASE | re.MULTILINE)

# How mail programs begin the subject of a receipt for an e-mail that was deleted unread, in lower case.
_UNREAD_SUBJECTS = (
    "not read", "ungelesen", "nicht gelesen", "non lu", "no leído", "non letto", "niet gelezen", "não lida",
    "não lido", "ikke læst", "ej läst", "ikke lest", "nie przeczytano", "не прочитано", "未読", "未读",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Nature:
    """What a message is, and what it reports on an e-mail that was sent earlier."""

    kind: MessageKind
    #: For bounces, notices, receipts and automatic replies.
    report: Report | None = None
    #: Which header or form told, in a few words.
    evidence: str = ""


_ORDINARY = Nature(MessageKind.ORDINARY)


def nature_of(message: Message) -> Nature:
    """Return what a message is; never fails, and costs an ordinary message one pass over its headers."""
    signs = _read_signs(message.headers)
    return (
        _find_report(message, signs)
        or _find_automatic_reply(message, signs)
        or _find_meeting(message, signs)
        or _nature(MessageKind.LIST, automatic.find_list(signs))
        or _nature(
            MessageKind.AUTOMATIC, automatic.find_program(signs) or _find_silent_system(message, signs)
        )
        or _ORDINARY
    )


def _read_signs(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the first values of the headers that say something, by their names in lower case."""
    signs: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if key in _HEADERS and key not in signs:
            signs[key] = value
    return signs


def _nature(kind: MessageKind, evidence: str) -> Nature | None:
    return Nature(kind, None, evidence) if evidence else None


def _find_report(message: Message, signs: Signs) -> Nature | None:
    is_report, about = _report_type(signs)
    has_parts = bool(message.attachments)
    # Without the right type around it a part may also be what somebody passes on or answers.
    if has_parts and (is_report or not count_reply_marks(message.subject)):
        found = _find_report_part(message, is_report=is_report)
        if found is not None:
            return found
    if is_report and about == "feedback-report":
        return Nature(MessageKind.AUTOMATIC, None, "multipart/report of feedback-report")
    if (is_report and about == "disposition-notification") or _is_exchange_receipt(signs):
        return _receipt_in_words(message)
    is_status = is_report and about == "delivery-status"
    if is_report or bounce.is_from_mail_system(message, signs):
        report = bounce.read_bounce(message, signs, is_report=is_status)
        if report is not None:
            return Nature(kind_of(report), report, _evidence_of_bounce(signs, is_status=is_status))
    return None


def _evidence_of_bounce(signs: Signs, *, is_status: bool) -> str:
    if is_status:
        return "multipart/report of delivery-status, in words"
    return "X-Failed-Recipients" if "x-failed-recipients" in signs else "words of a mail system"


def _report_type(signs: Signs) -> tuple[bool, str]:
    """Say whether the message is a multipart/report, and of what.

    # source: RFC6522 3
    """
    value = signs.get("content-type", "")
    if value[:16].lower() != "multipart/report":
        return False, ""
    return True, read_content_type(value).parameters.get("report-type", "").strip().lower()


def _find_report_part(message: Message, *, is_report: bool) -> Nature | None:
    around = "multipart/report of" if is_report else "part with"
    if part_of(message, STATUS_TYPES) and (report := read_status_report(message)):
        return Nature(kind_of(report), report, f"{around} delivery-status")
    if report := read_receipt(message):
        # A rule that refuses a message may say so in the form of a receipt. source: RFC5429 2.2
        refusal = bounce.read_bounce(message, {}) if kind_of(report) is not MessageKind.READ_RECEIPT else None
        if refusal is not None:
            refusal = Report(report.original_id or refusal.original_id, refusal.fates)
            return Nature(kind_of(refusal), refusal, f"{around} disposition-notification that refuses")
        return Nature(kind_of(report), report, f"{around} disposition-notification")
    return None


def _is_exchange_receipt(signs: Signs) -> bool:
    return signs.get("content-class", "").strip().lower() == "urn:content-classes:mdn"


def _receipt_in_words(message: Message) -> Nature:
    """Return the nature of a receipt whose fields were lost on the way; only its subject can tell more."""
    is_unread = message.subject[:100].lower().startswith(_UNREAD_SUBJECTS)
    state = DeliveryState.UNREAD if is_unread else DeliveryState.READ
    report = Report(find_original_id(message), (Fate(_author(message), state),))
    return Nature(kind_of(report), report, "receipt without its fields")


def _find_automatic_reply(message: Message, signs: Signs) -> Nature | None:
    evidence = automatic.find_reply(message, signs)
    if not evidence:
        return None
    original = message.in_reply_to or (message.references[-1] if message.references else "")
    report = Report(original, (Fate(_author(message), DeliveryState.REPLIED),))
    return Nature(MessageKind.AUTOMATIC_REPLY, report, evidence)


def _author(message: Message) -> str:
    return message.author.address if message.author else ""


def _find_meeting(message: Message, signs: Signs) -> Nature | None:
    if signs.get("content-class", "").strip().lower() == "urn:content-classes:calendarmessage":
        return Nature(MessageKind.MEETING, None, "Content-Class: calendarmessage")
    calendars = (one for one in message.attachments if one.mimetype in _CALENDAR_TYPES)
    for one in islice(calendars, _MOST_CALENDARS):
        octets = next(iter(one.content.chunks()), b"")[:_MOST_CALENDAR]
        if b"BEGIN:VCALENDAR" in octets.upper() and _METHOD.search(octets) and not _PUBLISHED.search(octets):
            return Nature(MessageKind.MEETING, None, f"{one.mimetype} with a method")
    return None


def _find_silent_system(message: Message, signs: Signs) -> str:
    """Return the evidence of a mail system that wrote something other than a report."""
    return "mail system" if automatic.is_null_path(signs) and bounce.is_daemon(message.author) else ""
