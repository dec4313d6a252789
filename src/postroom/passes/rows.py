"""From verdicts to rows: what the tables get for each judged message; pure.

Every row of a table has the same columns, so that a batch goes in with one statement a table.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from postroom.mime.key import address_key
from postroom.mime.message import Attachment
from postroom.passes.judge import Judged
from postroom.ports.blobs import BlobRef
from postroom.schema.choices import (
    CategoryMark,
    CorrelationMethod,
    EmailNotification,
    EmailState,
    EmailStatus,
    HashType,
    Participation,
    QuarantineState,
    SetBy,
)
from postroom.schema.ids import new_id
from postroom.store.blobs import content_key
from postroom.store.messages import Row, Rows
from postroom.tracking.conversation import base_hash
from postroom.tracking.resolution import Ownership, Party
from postroom.tracking.subject import has_changed

# The lengths of the columns that a stranger's text goes into.
SUBJECT, SENDER, RECIPIENTS, MESSAGE_ID, INDEX = 800, 250, 500, 320, 2048
ADDRESS, PARTY_NAME, UNRESOLVED_NAME = 320, 400, 200
FILE_NAME, MIME_TYPE, CONTENT_ID = 255, 256, 250
SERVER_ID, FOLDER, REASON, MATCHED = 1000, 256, 2000, 320
STATUS, DIAGNOSTIC = 20, 500

EMAIL_TYPE_CODE = 4202


@dataclass(frozen=True, slots=True)
class Stored:
    """An attachment whose content is kept, or why it was left out."""

    attachment: Attachment
    ref: BlobRef | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for every row of a batch."""

    now: datetime
    #: The mailbox that was opened; a forwarded message belongs to another one.
    mailbox: UUID
    #: The user in whose name the service writes.
    system_user: UUID
    #: The business unit of an owner, by the owner's key.
    units: Mapping[UUID, UUID]
    #: Who owns what nobody else can own: the owner of the mailbox record.
    fallback_owner: Ownership
    #: The prefixes of tracking tokens, which count for nothing when subjects are compared.
    token_prefixes: tuple[str, ...] = ()


def add(rows: Rows, judged: Judged, stored: Sequence[Stored], raw: BlobRef | None, setting: Setting) -> None:
    """Add the rows of one judged message; `raw` is where its bytes were kept for the quarantine."""
    if judged.renumbered_from:
        rows.renumbered.append(
            {
                "key": judged.renumbered_from,
                "new_server_id": judged.opened.offered.server_id[:SERVER_ID],
                "new_folder": judged.opened.offered.folder[:FOLDER],
            }
        )
        return
    quarantine_id: UUID | None = None
    if judged.verdict.track:
        _add_email(rows, judged, stored, setting)
    elif judged.opened.message is None and judged.opened.passed_over is None:
        quarantine_id = new_id()
        rows.quarantine.append(_quarantine_row(judged, quarantine_id, raw, setting))
    rows.queue_items.extend(_queue_item_row(judged, queue, setting) for queue in judged.queues)
    rows.reports.extend(_report_rows(judged, setting))
    if judged.opened.heads_item:
        rows.ledger.append(_ledger_row(judged, quarantine_id, setting))
    else:
        _join_item(rows.ledger[-1], judged, quarantine_id)
    rows.decisions.append(_decision_row(judged, stored, rows.ledger[-1]["postroom_ledgerid"], setting))


def _join_item(ledger_row: Row, judged: Judged, quarantine_id: UUID | None) -> None:
    """Let the ledger row of a forwarded item speak for all messages in it."""
    ledger_row["messages"] += 1
    if ledger_row["emailid"] is None:
        ledger_row["emailid"] = judged.email_id
    if ledger_row["quarantineid"] is None:
        ledger_row["quarantineid"] = quarantine_id


def _add_email(rows: Rows, judged: Judged, stored: Sequence[Stored], setting: Setting) -> None:
    owner = judged.owner or setting.fallback_owner
    kept = [s for s in stored if s.ref]
    rows.emails.append(_email_row(judged, owner, stored, setting))
    rows.parties.extend(_party_rows(judged, owner))
    for number, item in enumerate(kept, 1):
        rows.contents.append(_content_row(item))
        rows.attachments.append(_attachment_row(judged, item, number, owner, setting))
    rows.hashes.extend(_hash_row(judged, value, owner, setting) for value in judged.subject_hashes)


def _email_row(
    judged: Judged,
    owner: Ownership,
    stored: Sequence[Stored],
    setting: Setting,
) -> Row:
    opened, verdict = judged.opened, judged.verdict
    message = opened.message
    assert message is not None  # noqa: S101 - only a message that was read can be tracked
    author = message.author
    parent = verdict.correlated
    sender = judged.sender.known
    received = opened.received_at or message.date or setting.now
    is_sent_copy = opened.offered.is_sent_copy
    return {
        "activityid": judged.email_id,
        "activitytypecode": "email",
        "subject": message.subject[:SUBJECT],
        "description": message.html or message.text,
        "mimetype": "text/html" if message.html else "text/plain",
        "notifications": int(_notification(stored, message.defects)),
        "directioncode": is_sent_copy,
        "statecode": int(EmailState.COMPLETED),
        "statuscode": int(EmailStatus.SENT if is_sent_copy else EmailStatus.RECEIVED),
        "sender": author.address[:SENDER] if author else None,
        "torecipients": _joined(a.address for a in message.to),
        "messageid": message.message_id[:MESSAGE_ID] or None,
        "messageiddupcheck": judged.unique,
        "inreplyto": message.in_reply_to[:MESSAGE_ID] or None,
        "conversationindex": message.conversation_index[:INDEX] or None,
        "baseconversationindexhash": base_hash(message.conversation_index),
        "conversationtrackingid": (parent and (parent.conversation or parent.activity)) or judged.email_id,
        "correlatedactivityid": parent.activity if parent else None,
        "correlationmethod": int(verdict.method),
        "parentactivityid": parent.activity if parent and verdict.method in _OF_PARENTS else None,
        "correlatedsubjectchanged": bool(
            parent and has_changed(message.subject, parent.subject, setting.token_prefixes)
        ),
        "trackingtoken": parent.tracking_token if parent else None,
        "regardingobjectid": verdict.regarding,
        "regardingobjecttypecode": verdict.regarding_table,
        "receivingmailboxid": None if is_sent_copy else opened.receiver.mailbox,
        "sendermailboxid": opened.receiver.mailbox if is_sent_copy else None,
        "acceptingentityid": verdict.acceptor.id if verdict.acceptor else None,
        "acceptingentitytypecode": verdict.acceptor.table if verdict.acceptor else None,
        "emailsender": sender.id if sender else None,
        "emailsenderobjecttypecode": sender.table if sender else None,
        "sendersaccount": sender.account if sender else None,
        "sendersaccountobjecttypecode": "account" if sender and sender.account else None,
        "isduplicatesenderunresolved": judged.sender.ambiguous,
        "prioritycode": int(message.importance),
        "actualend": received,
        "senton": message.date or received,
        "sortdate": received,
        "attachmentcount": sum(s.ref is not None for s in stored),
        "postroom_contentdigest": message.digest,
        "postroom_messagekind": int(opened.nature.kind),
        "postroom_trackedby": int(verdict.tracked_by),
        "postroom_regardingby": None if verdict.regarding_by is None else int(verdict.regarding_by),
        "postroom_regardingmailboxid": (
            opened.receiver.mailbox if verdict.regarding_by is SetBy.FOLDER else None
        ),
        "postroom_matchscore": verdict.score,
        "ownerid": owner.owner,
        "owneridtype": owner.table,
        "owninguser": owner.owner if owner.table == "systemuser" else None,
        "owningteam": owner.owner if owner.table == "team" else None,
        "owningbusinessunit": setting.units.get(owner.owner),
        "createdon": setting.now,
        "modifiedon": setting.now,
        "createdby": setting.system_user,
        "modifiedby": setting.system_user,
    }


# Only these tell that the e-mail found is the one that was answered.
_OF_PARENTS = frozenset({CorrelationMethod.IN_REPLY_TO, CorrelationMethod.CONVERSATION_INDEX})


def _notification(stored: Sequence[Stored], defects: Iterable[str]) -> EmailNotification:
    if any(item.refusal for item in stored):
        return EmailNotification.ATTACHMENTS_LEFT_OUT
    return EmailNotification.TRUNCATED_BODY if "truncated body" in defects else EmailNotification.NONE


def _joined(addresses: Iterable[str]) -> str:
    """Return whole addresses, each ended with a semicolon, as many as fit the column."""
    joined = ""
    for address in addresses:
        if len(joined) + len(address) + 1 > RECIPIENTS:
            break
        joined += address + ";"
    return joined


def _party_rows(judged: Judged, owner: Ownership) -> Iterator[Row]:
    for party in judged.parties:
        yield _party_row(judged, party, owner)
    yield _party_columns(judged, owner, Participation.OWNER, owner.owner, owner.table, None, None, None, 1)
    verdict = judged.verdict
    if verdict.regarding:
        yield _party_columns(
            judged,
            owner,
            Participation.REGARDING,
            verdict.regarding,
            verdict.regarding_table,
            None,
            None,
            None,
            1,
        )


def _party_row(judged: Judged, party: Party, owner: Ownership) -> Row:
    known, address = party.known, party.address
    return _party_columns(
        judged,
        owner,
        party.mask,
        known.id if known else None,
        known.table if known else None,
        (known.name if known else address.name or address.address)[:PARTY_NAME],
        address.address[:ADDRESS],
        None if known else (address.name or address.address)[:UNRESOLVED_NAME],
        known.column_number if known else None,
    )


def _party_columns(
    judged: Judged,
    owner: Ownership,
    mask: Participation,
    party: UUID | None,
    table: str | None,
    name: str | None,
    address: str | None,
    unresolved: str | None,
    column_number: int | None,
) -> Row:
    return {
        "activitypartyid": new_id(),
        "activityid": judged.email_id,
        "participationtypemask": int(mask),
        "partyid": party,
        "partyobjecttypecode": table,
        "partyidname": name,
        "addressused": address,
        "unresolvedpartyname": unresolved,
        "addressusedemailcolumnnumber": column_number,
        "postroom_unresolvedkey": address_key(address) if address and party is None else None,
        "ownerid": owner.owner,
        "owneridtype": owner.table,
    }


def _content_row(item: Stored) -> Row:
    assert item.ref is not None  # noqa: S101 - left-out attachments have no rows
    return {
        "attachmentid": content_key(item.ref),
        "filename": item.attachment.filename[:FILE_NAME],
        "mimetype": item.attachment.mimetype[:MIME_TYPE],
        "filesize": item.ref.size,
        "postroom_digest": item.ref.digest,
    }


def _attachment_row(judged: Judged, item: Stored, number: int, owner: Ownership, setting: Setting) -> Row:
    assert item.ref is not None  # noqa: S101 - left-out attachments have no rows
    key = new_id()
    return {
        "activitymimeattachmentid": key,
        "activitymimeattachmentidunique": key,
        "activityid": judged.email_id,
        "objectid": judged.email_id,
        "objecttypecode": "email",
        "attachmentid": content_key(item.ref),
        "attachmentnumber": number,
        "attachmentcontentid": item.attachment.content_id[:CONTENT_ID] or None,
        "filename": item.attachment.filename[:FILE_NAME],
        "mimetype": item.attachment.mimetype[:MIME_TYPE],
        "filesize": item.ref.size,
        "overwritetime": setting.now,
        "ownerid": owner.owner,
        "owneridtype": owner.table,
    }


def _hash_row(judged: Judged, value: int, owner: Ownership, setting: Setting) -> Row:
    return {
        "emailhashid": new_id(),
        "activityid": judged.email_id,
        "hash": value,
        "hashtype": int(HashType.SUBJECT),
        "createdon": setting.now,
        "ownerid": owner.owner,
        "owneridtype": owner.table,
    }


def _report_rows(judged: Judged, setting: Setting) -> Iterator[Row]:
    """Yield what the message says of a sent e-mail; equal reports have equal keys."""
    report, verdict = judged.opened.nature.report, judged.verdict
    if report is None or verdict.reported is None:
        return
    for fate in report.fates:
        recipient = address_key(fate.address)[:ADDRESS]
        yield {
            "postroom_reportid": uuid5(judged.unique, f"{recipient} {int(fate.state)}"),
            "emailid": verdict.reported.activity,
            "recipient": recipient,
            "kind": int(judged.opened.nature.kind),
            "state": int(fate.state),
            "status": fate.status[:STATUS] or None,
            "diagnostic": fate.diagnostic[:DIAGNOSTIC] or None,
            "decisionid": judged.decision_id,
            "reportemailid": judged.email_id if verdict.track else None,
            "reportedon": judged.opened.received_at,
            "createdon": setting.now,
        }


def _queue_item_row(judged: Judged, queue: UUID, setting: Setting) -> Row:
    message = judged.opened.message
    assert message is not None  # noqa: S101 - only a message that was read can be tracked
    author = message.author
    return {
        "queueitemid": new_id(),
        "queueid": queue,
        "objectid": judged.email_id,
        "objecttypecode": EMAIL_TYPE_CODE,
        "title": message.subject[:SUBJECT] or "(no subject)",
        "enteredon": setting.now,
        "sender": author.address[:SENDER] if author else None,
        "torecipients": _joined(a.address for a in message.to),
        "createdon": setting.now,
        "modifiedon": setting.now,
        "createdby": setting.system_user,
        "modifiedby": setting.system_user,
    }


def _decision_row(judged: Judged, stored: Sequence[Stored], ledger_id: UUID, setting: Setting) -> Row:
    opened, verdict = judged.opened, judged.verdict
    message = opened.message
    matched = verdict.matched
    return {
        "postroom_decisionid": judged.decision_id,
        "mailboxid": opened.receiver.mailbox,
        "messageid": (message.message_id[:MESSAGE_ID] or None) if message else None,
        "digest": (message.digest if message else opened.digest) or None,
        "serverid": opened.offered.server_id[:SERVER_ID],
        "directioncode": opened.offered.is_sent_copy,
        "messagekind": int(opened.nature.kind),
        "tracked": verdict.track,
        "reason": int(verdict.reason),
        "acceptingentityid": verdict.acceptor.id if verdict.acceptor else None,
        "acceptingentitytypecode": verdict.acceptor.table if verdict.acceptor else None,
        "filtermethod": int(verdict.filtering) if verdict.filtering is not None else None,
        "matchedaddress": verdict.matched_address[:MATCHED] or None,
        "matchedid": matched.id if matched else None,
        "matchedtypecode": matched.table if matched else None,
        "correlatedactivityid": verdict.correlated.activity if verdict.correlated else None,
        "correlationmethod": int(verdict.method),
        "correlationscore": verdict.score,
        "emailid": judged.email_id,
        "ledgerid": ledger_id,
        "trail": _trail(judged, stored),
        "receivedon": opened.received_at,
        "createdon": setting.now,
    }


def _trail(judged: Judged, stored: Sequence[Stored]) -> str:
    steps: list[tuple[str, str]] = list(judged.verdict.trail)
    steps.extend(
        ("attachments", f"file {n} was left out: {s.refusal}") for n, s in enumerate(stored, 1) if s.refusal
    )
    return json.dumps(steps, ensure_ascii=False, separators=(",", ":"))


def _quarantine_row(judged: Judged, key: UUID, raw: BlobRef | None, setting: Setting) -> Row:
    opened = judged.opened
    return {
        "postroom_quarantineid": key,
        "mailboxid": setting.mailbox,
        "folder": opened.offered.folder[:FOLDER],
        "serverid": opened.offered.server_id[:SERVER_ID],
        "directioncode": opened.offered.is_sent_copy,
        "digest": raw.digest if raw else None,
        "size": opened.size,
        "cause": int(opened.cause or 0),
        "reason": (opened.trouble or judged.verdict.reason.sentence)[:REASON],
        "attempts": 1,
        "state": int(QuarantineState.WAITING),
        "createdon": setting.now,
        "lasttriedon": setting.now,
    }


def _ledger_row(judged: Judged, quarantine_id: UUID | None, setting: Setting) -> Row:
    opened = judged.opened
    return {
        "postroom_ledgerid": new_id(),
        "mailboxid": setting.mailbox,
        "folder": opened.offered.folder[:FOLDER],
        "serverid": opened.offered.server_id[:SERVER_ID],
        "messages": 1,
        "emailid": judged.email_id,
        "quarantineid": quarantine_id,
        "decisionid": judged.decision_id,
        "size": opened.size,
        "digest": opened.digest or None,
        "seenon": setting.now,
        "category": int(_category(judged, quarantine_id)),
    }


def _category(judged: Judged, quarantine_id: UUID | None) -> CategoryMark:
    """Return how it stands with the tracking category: what is tracked is to bear it, if there is one."""
    is_on = judged.opened.category is CategoryMark.ON
    if quarantine_id:
        return CategoryMark.TO_MARK_UNDELIVERABLE if is_on else CategoryMark.NONE
    if judged.email_id is None:
        return CategoryMark.TO_TAKE_OFF if is_on else CategoryMark.NONE
    return judged.opened.category
