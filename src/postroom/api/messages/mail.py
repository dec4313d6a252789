"""Messages about e-mail: send it, bring it into the store, ask whether it would be taken.

# source: DATAVERSE-ACTIONS
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from postroom.api import audit
from postroom.api.messages.message import Form, Message, Occasion, Parameter, Type
from postroom.api.odata.write import Draft
from postroom.api.problems import Problem
from postroom.api.visit import Needs
from postroom.api.writing import Writing
from postroom.errors import InvalidRecord, NoSuchRecord
from postroom.passes.explain import judge_bytes
from postroom.passes.judge import Judged
from postroom.passes.wish import track_bytes
from postroom.schema import registry
from postroom.schema.choices import EmailStatus, Participation, Reason, Role
from postroom.schema.email import Email
from postroom.schema.party import ActivityParty
from postroom.store import mailboxes
from postroom.store.marking import new_token
from postroom.store.policy import marking_of
from postroom.tracking.token import with_token

_EMAIL = Email.__table__
_PARTY = ActivityParty.__table__
_NO_ADDRESS: Final = 0x80040B00
_MANY_SENDERS: Final = 0x80040B01
_NO_SENDER: Final = 0x80040B02
_NO_RECIPIENT: Final = 0x80040B04
_NO_SENDER_ADDRESS: Final = 0x80040B08
_REFUSED: Final = 0x8005E20B
_MAY_BE_SENT: Final = (EmailStatus.DRAFT, EmailStatus.FAILED)
_RECIPIENTS: Final = (Participation.TO, Participation.CC, Participation.BCC)
_IMPORTANCE: Final = {"0": "low", "1": "normal", "2": "high"}

# Sending --------------------------------------------------------------------------------------------------


def _send(occasion: Occasion) -> dict[str, Any]:
    connection, email = occasion.store, occasion.row
    row = connection.execute(
        sa.select(_EMAIL.c.statuscode, _EMAIL.c.directioncode, _EMAIL.c.subject).where(
            _EMAIL.c.activityid == email
        )
    ).one()
    if row.statuscode not in _MAY_BE_SENT or not row.directioncode:
        raise InvalidRecord("Only an outgoing draft, or an e-mail that has failed, can be sent.")
    _check_parties(connection, email)
    values: dict[str, Any] = {}
    token = (occasion.arguments["TrackingToken"] or "").strip()
    if token:
        values = {"subject": _marked(connection, row.subject or "", token), "trackingtoken": token}
    is_sent = occasion.arguments["IssueSend"]
    values["statuscode"] = int(EmailStatus.PENDING_SEND if is_sent else EmailStatus.SENT)
    draft = Draft(registry.by_logical_name("email"), "email")
    own = {"trackingtoken": values.pop("trackingtoken")} if token else {}
    if own:
        records = occasion.visit.postroom.records
        records.update(connection, "email", email, own, by=occasion.visit.caller.user, internal=True)
    draft.values.update(values)
    Writing(connection, occasion.visit).update(draft, email)
    subject = connection.scalar(sa.select(_EMAIL.c.subject).where(_EMAIL.c.activityid == email))
    return {"Subject": subject}


def _marked(connection: sa.Connection, subject: str, token: str) -> str:
    marking = marking_of(_organization(connection))
    if token in subject:
        return subject
    return with_token(subject, token, marking.longest_subject) or subject


def _check_parties(connection: sa.Connection, email: UUID) -> None:
    """Refuse an e-mail that nobody sends, nobody gets, or that has a party without an address."""
    parties = connection.execute(
        sa.select(_PARTY.c.participationtypemask, _PARTY.c.addressused, _PARTY.c.donotemail).where(
            _PARTY.c.activityid == email
        )
    ).all()
    senders = [party for party in parties if party.participationtypemask == Participation.SENDER]
    recipients = [party for party in parties if party.participationtypemask in _RECIPIENTS]
    if not senders:
        raise InvalidRecord("The e-mail has no sender.", code=_NO_SENDER)
    if len(senders) > 1:
        raise InvalidRecord("The e-mail has more than one sender.", code=_MANY_SENDERS)
    if not senders[0].addressused:
        raise InvalidRecord("The sender has no e-mail address.", code=_NO_SENDER_ADDRESS)
    if not recipients:
        raise InvalidRecord("The e-mail has no recipient.", code=_NO_RECIPIENT)
    if any(not party.addressused or party.donotemail for party in recipients):
        raise InvalidRecord("A recipient has no e-mail address, or wants no e-mail.", code=_NO_ADDRESS)


def _token(occasion: Occasion) -> dict[str, Any]:
    rules = marking_of(_organization(occasion.store)).tokens
    if rules is None:
        return {"TrackingToken": ""}
    return {"TrackingToken": new_token(occasion.store, occasion.visit.caller.user, rules)}


def _organization(connection: sa.Connection) -> Mapping[str, Any]:
    table = registry.by_logical_name("organization").table
    return dict(connection.execute(sa.select(table)).mappings().one())


# Bringing mail in -----------------------------------------------------------------------------------------


def _deliver(occasion: Occasion) -> dict[str, Any]:
    """Create the e-mail that these values make, as the rules of the store create it."""
    visit, said = occasion.visit, occasion.arguments
    if visit.caller.role is Role.READER:
        raise Problem(403, "A reader delivers nothing.", 0x80040220)
    data = _bytes_of(said)
    with visit.postroom.database.read() as connection:
        mailbox = mailboxes.get_by_address(connection, said["SubmittedBy"])
        if not Writing(connection, visit).is_seen(registry.by_logical_name("mailbox"), mailbox):
            raise NoSuchRecord("There is no mailbox with the address of SubmittedBy.")
    context = visit.postroom.context()
    if said["ValidateBeforeCreate"]:
        judged = judge_bytes(context, data, mailbox)
        if not any(one.verdict.track for one in judged):
            code = int(judged[0].verdict.reason) if judged else 0
            raise InvalidRecord(f"The e-mail is not accepted. Reason Code: {code}", code=_REFUSED)
    kept = track_bytes(context, data, mailbox, by=visit.caller.user)
    email = kept.email_id or kept.verdict.duplicate
    with visit.postroom.database.write() as connection:
        now = visit.postroom.clock.now()
        audit.note(connection, visit.caller, now, "DeliverIncomingEmail", "email", email)
    return {"EmailId": None if email is None else str(email)}


def _check(occasion: Occasion) -> dict[str, Any]:
    """Judge the message for every mailbox that it is addressed to and that the caller sees."""
    visit, said = occasion.visit, occasion.arguments
    data = _bytes_of({**said, "Body": "", "ReceivedOn": visit.postroom.clock.now(), "Importance": "1"})
    verdicts = [one.verdict for mailbox in _addressed(occasion) for one in _judged(occasion, data, mailbox)]
    taken = next((verdict for verdict in verdicts if verdict.track), None)
    shown = taken or next(iter(verdicts), None)
    reason = Reason.NO_RECIPIENT_MATCH if shown is None else shown.reason
    return {"ShouldDeliver": taken is not None, "ReasonCode": int(reason)}


def _judged(occasion: Occasion, data: bytes, mailbox: UUID) -> Sequence[Judged]:
    return judge_bytes(occasion.visit.postroom.context(), data, mailbox)


def _addressed(occasion: Occasion) -> list[UUID]:
    said, visit = occasion.arguments, occasion.visit
    found: list[UUID] = []
    with visit.postroom.database.read() as connection:
        writing, table = Writing(connection, visit), registry.by_logical_name("mailbox")
        for address in _addresses(said["To"], said["Cc"], said["Bcc"]):
            for mailbox in mailboxes.find_by_address(connection, address):
                if mailbox not in found and writing.is_seen(table, mailbox):
                    found.append(mailbox)
    return found


def _addresses(*lists: str | None) -> Iterable[str]:
    return (part.strip() for text in lists if text for part in text.split(";") if part.strip())


def _bytes_of(said: Mapping[str, Any]) -> bytes:
    """Return the message that these values make; raises `Problem` where one of them can't stand in it."""
    message = EmailMessage(policy=SMTP)
    try:
        received: datetime = said["ReceivedOn"]
        message["Received"] = f"from web.api (web.api) by postroom; {format_datetime(received)}"
        message["Message-ID"] = said["MessageId"]
        for name in ("From", "To", "Cc", "Bcc"):
            listed = ", ".join(_addresses(said.get(name)))
            if listed:
                message[name] = listed
        message["Subject"] = said.get("Subject") or ""
        message["Date"] = format_datetime(received)
        message["Importance"] = _IMPORTANCE.get(said.get("Importance") or "1", "normal")
        message.set_content(said.get("Body") or "", subtype="html")
        for number, attachment in enumerate(said.get("Attachments") or ()):
            _attach(message, attachment, number)
        return message.as_bytes()
    except (ValueError, LookupError, IndexError, UnicodeError) as fault:
        raise Problem(400, f"These values make no e-mail: {fault}") from fault


def _attach(message: EmailMessage, attachment: Mapping[str, Any], number: int) -> None:
    kind = str(attachment.get("mimetype") or "application/octet-stream")
    main, _, sub = kind.partition("/")
    if not sub or main in ("multipart", "message"):
        main, sub = "application", "octet-stream"
    try:
        data = base64.b64decode(str(attachment.get("body") or ""), validate=True)
    except binascii.Error as fault:
        raise Problem(400, f"Attachments[{number}].body is not base64.") from fault
    name = str(attachment.get("filename") or f"attachment-{number + 1}")
    message.add_attachment(data, maintype=main, subtype=sub, filename=name)


def _named(
    name: str, *, is_required: bool = True, type: Type = Type.TEXT, description: str = ""
) -> Parameter:
    return Parameter(name, type, is_required, description)


_ADDRESSES = "Addresses, with semicolons between them."
_ENVELOPE = (
    _named("MessageId"),
    _named("Subject", is_required=False),
    _named("From", description=_ADDRESSES),
    _named("To", is_required=False, description=_ADDRESSES),
    _named("Cc", is_required=False, description=_ADDRESSES),
    _named("Bcc", is_required=False, description=_ADDRESSES),
    _named("ExtraProperties", is_required=False, type=Type.RECORD),
)

MESSAGES = (
    Message(
        "SendEmail",
        Form.ACTION,
        _send,
        "Have an e-mail sent, or note that it was.",
        (
            Parameter("IssueSend", Type.TRUTH, description="False notes it as sent and sends nothing."),
            Parameter("TrackingToken", Type.TEXT, is_required=False, description="The token to be used."),
        ),
        "email",
        needs=Needs.WRITING,
        returns={"Subject": "Edm.String"},
    ),
    Message(
        "GetTrackingTokenEmail",
        Form.ACTION,
        _token,
        "Return a new token for the subject of an e-mail.",
        (Parameter("Subject", Type.TEXT, is_required=False),),
        needs=Needs.WRITING,
        returns={"TrackingToken": "Edm.String"},
    ),
    Message(
        "DeliverIncomingEmail",
        Form.ACTION,
        _deliver,
        "Bring an e-mail into the store.",
        (
            *_ENVELOPE,
            _named("ReceivedOn", type=Type.MOMENT),
            _named("SubmittedBy", description="Address of the mailbox that brings it."),
            _named("Importance", is_required=False, description='"0" low, "1" normal, "2" high.'),
            _named("Body", description="HTML."),
            _named("Attachments", is_required=False, type=Type.LIST),
            _named("ValidateBeforeCreate", is_required=False, type=Type.TRUTH),
        ),
        "email",
        is_of_collection=True,
        needs=Needs.NOTHING,
        returns={"EmailId": "Edm.Guid"},
    ),
    Message(
        "CheckIncomingEmail",
        Form.FUNCTION,
        _check,
        "Say whether an e-mail would be taken in, and by which rule; changes nothing.",
        _ENVELOPE,
        needs=Needs.NOTHING,
        returns={"ShouldDeliver": "Edm.Boolean", "ReasonCode": "Edm.Int32"},
    ),
)
