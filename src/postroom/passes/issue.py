"""SendEmail: from a draft to an e-mail that waits to leave, with every check before."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.configuration.attachments import attachment_rules
from postroom.errors import InvalidRecord, UserError
from postroom.passes.context import Context
from postroom.ports.mail import is_safe_address
from postroom.schema import registry
from postroom.schema.attachment import ActivityMimeAttachment
from postroom.schema.choices import EmailState, EmailStatus, Participation, SendOutcome
from postroom.schema.email import Email
from postroom.schema.organization import Organization
from postroom.schema.party import ActivityParty
from postroom.schema.user import UserSettings
from postroom.store import outbox
from postroom.store.replies import loop_problems

_EMAIL = Email.__table__
_PARTY = ActivityParty.__table__
_FILE = ActivityMimeAttachment.__table__
_RECIPIENTS = (int(Participation.TO), int(Participation.CC), int(Participation.BCC))

#: From these an e-mail can be sent: a draft, or one that failed and was mended.
_SENDABLE = frozenset({EmailStatus.DRAFT, EmailStatus.FAILED})


def send_email(context: Context, email: UUID, *, issue_send: bool = True, by: UUID | None = None) -> str:
    """Make a draft Pending Send, or record it as sent; return its subject.

    Raises `UserError` with every problem that keeps it from leaving. `by` is the user who asks;
    None is the service itself.
    """
    # source: DATAVERSE-ACTIONS SendEmail
    now = context.clock.now()
    with context.database.write() as connection:
        row = _draft(connection, email)
        if issue_send:
            problems = [*_problems(connection, email, by), *loop_problems(connection, email, row, now)]
            if problems:
                raise UserError(*(str(problem) for problem in problems))
        _write(context, connection, email, now, pending=issue_send)
        outbox.relate_pending(connection)
    subject: str = row["subject"] or ""
    return subject


def _draft(connection: Connection, email: UUID) -> Mapping[Any, Any]:
    row = connection.execute(sa.select(_EMAIL).where(_EMAIL.c.activityid == email)).mappings().first()
    if row is None:
        raise UserError(f"There is no e-mail {email}.")
    if not row["directioncode"]:
        raise UserError("A received e-mail can't be sent; make a new one that answers it.")
    if row["statuscode"] not in _SENDABLE:
        status = EmailStatus(row["statuscode"]).label
        raise UserError(f"The e-mail is {status}; only a draft or a failed e-mail can be sent.")
    return row


def _write(context: Context, connection: Connection, email: UUID, now: datetime, *, pending: bool) -> None:
    values: dict[str, Any] = {
        "statecode": int(EmailState.COMPLETED),
        "statuscode": int(EmailStatus.PENDING_SEND if pending else EmailStatus.SENT),
        "postroom_sendoutcome": int(SendOutcome.NONE),
        "postroom_sendreason": None,
        "deliveryattempts": 0,
        "postponeemailprocessinguntil": None,
        "modifiedon": now,
        "versionnumber": context.database.next_versions(connection),
    }
    if pending:
        # Found anew: since it failed, it may have got another sender, or a subject without its token.
        values["sendermailboxid"] = None
    else:
        values |= {"senton": now, "actualend": now}
    connection.execute(sa.update(_EMAIL).where(_EMAIL.c.activityid == email).values(**values))


def _problems(connection: Connection, email: UUID, by: UUID | None) -> Iterator[InvalidRecord]:
    parties = connection.execute(sa.select(_PARTY).where(_PARTY.c.activityid == email)).mappings().all()
    organization: Mapping[Any, Any] = (
        connection.execute(sa.select(Organization.__table__)).mappings().first() or {}
    )
    senders = [p for p in parties if p["participationtypemask"] == Participation.SENDER]
    yield from _sender_problems(connection, senders, by)
    recipients = [p for p in parties if p["participationtypemask"] in _RECIPIENTS]
    if not recipients:
        yield InvalidRecord("The e-mail needs at least one recipient in To, Cc or Bcc.", code=0x80040B04)
    yield from _recipient_problems(connection, recipients, organization)
    yield from _attachment_problems(connection, email, organization)


def _sender_problems(
    connection: Connection, senders: Sequence[Mapping[Any, Any]], by: UUID | None
) -> Iterator[InvalidRecord]:
    if len(senders) != 1:
        code = 0x80040B01 if senders else 0x80040B02
        yield InvalidRecord("The e-mail needs exactly one From party (participationtypemask 1).", code=code)
        return
    sender = senders[0]
    if sender["partyobjecttypecode"] not in ("systemuser", "queue"):
        yield InvalidRecord("The From party must be a user or a queue of the organization.", code=0x80040B02)
    elif not sender["addressused"] or not _is_address(sender["addressused"]):
        yield InvalidRecord("The From party has no e-mail address.", code=0x80040B08)
    elif not _may_send_as(connection, sender, by):
        yield InvalidRecord(
            "No send-as privilege: the user in From does not let others send on his or her behalf "
            "(usersettings.issendasallowed).",
            code=0x80044190,
        )


def _is_address(address: str) -> bool:
    """Tell whether this is one address and nothing more; whether it can be reached is not asked."""
    local, at, domain = address.rpartition("@")
    return bool(local and at and domain and "," not in domain) and is_safe_address(address)


def _may_send_as(connection: Connection, sender: Mapping[Any, Any], by: UUID | None) -> bool:
    if by is None or sender["partyid"] == by or sender["partyobjecttypecode"] == "queue":
        return True
    settings = UserSettings.__table__
    query = sa.select(settings.c.issendasallowed).where(settings.c.systemuserid == sender["partyid"])
    return bool(connection.execute(query).scalar())


def _recipient_problems(
    connection: Connection, recipients: Sequence[Mapping[Any, Any]], organization: Mapping[Any, Any]
) -> Iterator[InvalidRecord]:
    for party in recipients:
        name = party["partyidname"] or party["unresolvedpartyname"] or party["addressused"] or "a recipient"
        if not party["addressused"]:
            yield InvalidRecord(f"{name} has no e-mail address.", code=0x80040B00)
        elif not _is_address(party["addressused"]):
            problem = f"{party['addressused']!r} is not an e-mail address; correct the recipient."
            yield InvalidRecord(problem, code=0x80044192)
        elif party["partyid"] is None and not organization.get("allowunresolvedpartiesonemailsend"):
            yield InvalidRecord(
                f"{name} belongs to no record; resolve the recipient, or allow unresolved recipients "
                "(organization.allowunresolvedpartiesonemailsend).",
                code=0x80040B00,
            )
        elif _wants_no_mail(connection, party):
            yield InvalidRecord(f"{name} does not allow e-mail (donotemail).", code=0x80040B00)


def _wants_no_mail(connection: Connection, party: Mapping[Any, Any]) -> bool:
    if party["partyid"] is None:
        return False
    info = registry.by_logical_name(party["partyobjecttypecode"])
    if not info.has("donotemail"):
        return False
    table = info.table
    query = sa.select(table.c.donotemail).where(table.c[info.primary_id] == party["partyid"])
    return bool(connection.execute(query).scalar())


def _attachment_problems(
    connection: Connection, email: UUID, organization: Mapping[Any, Any]
) -> Iterator[InvalidRecord]:
    rules = attachment_rules(organization)
    query = sa.select(_FILE.c.filename, _FILE.c.filesize, _FILE.c.body).where(_FILE.c.objectid == email)
    for row in connection.execute(query):
        size = row.filesize if row.filesize is not None else len(row.body or "") * 3 // 4
        if refusal := rules.refusal(row.filename or "", size):
            yield InvalidRecord(f"The attachment “{row.filename}” can't be sent: {refusal}.", code=0x80043E09)


def resend(context: Context, email: UUID) -> None:
    """Send a failed or uncertain e-mail once more; a person has decided that."""
    send_email(context, email)


def settle_as_sent(context: Context, email: UUID) -> None:
    """Record an uncertain e-mail as sent; a person has found out that it was."""
    now = context.clock.now()
    with context.database.write() as connection:
        changed = connection.execute(
            sa.update(_EMAIL)
            .where(_EMAIL.c.activityid == email, _EMAIL.c.postroom_sendoutcome == int(SendOutcome.UNCERTAIN))
            .values(
                statecode=int(EmailState.COMPLETED),
                statuscode=int(EmailStatus.SENT),
                postroom_sendoutcome=int(SendOutcome.ACCEPTED),
                postroom_sendreason="A person found that it was sent.",
                senton=now,
                actualend=now,
                modifiedon=now,
                versionnumber=context.database.next_versions(connection),
            )
        )
    if not changed.rowcount:
        raise UserError(f"The e-mail {email} is not uncertain, or there is no such e-mail.")
