"""Rules of activities and of what hangs on them: closed ones, attachments, queue items."""

import base64
import binascii
from uuid import UUID

import sqlalchemy as sa

from postroom.schema import registry
from postroom.schema.attachment import ActivityMimeAttachment
from postroom.schema.choices import Reason, SetBy, Wish
from postroom.schema.queue import Queue
from postroom.store import decisions, ledger, wishes
from postroom.store.records.hooks import Write, WriteKind
from postroom.tracking.facts import Settled

_STILL_OPEN_COLUMNS = frozenset(
    {
        "regardingobjectid",
        "regardingobjecttypecode",
        "statecode",
        "statuscode",
        "ownerid",
        "owneridtype",
        "owningbusinessunit",
        "owninguser",
        "owningteam",
    }
)
_CLOSED_STATES = frozenset({1, 2})


def note_who_set_regarding(write: Write) -> None:
    """Remember that a person settled what an e-mail regards: no rule changes it afterwards."""
    if write.internal or write.kind is WriteKind.DELETE or not write.changes("regardingobjectid"):
        return
    write.values["postroom_regardingby"] = int(SetBy.PERSON)


def remember_untracking(write: Write) -> None:
    """Take the deletion of a tracked e-mail by a person for the wish that its message stays untracked."""
    if write.kind is not WriteKind.DELETE:
        return
    unique: UUID | None = write.before.get("messageiddupcheck")
    by_person = not write.internal and unique is not None
    if by_person and unique:
        wishes.settle(
            write.connection,
            unique,
            Settled(Wish.UNTRACK),
            message_id=write.before.get("messageid"),
            by=write.by,
            now=write.now,
        )
    reason = Reason.UNTRACKED_BY_PERSON if by_person else None
    ledger.take_category_off(write.connection, write.id)
    decisions.forget_email(write.connection, write.id, reason)


def refuse_changes_when_closed(write: Write) -> None:
    """Refuse a caller's change of a closed activity, but for where it belongs and its state."""
    closed = write.before.get("statecode") in _CLOSED_STATES
    if write.internal or write.kind is not WriteKind.UPDATE or not closed:
        return
    if write.after["statecode"] not in _CLOSED_STATES:
        return
    changed = [name for name in write.values if name not in _STILL_OPEN_COLUMNS and write.changes(name)]
    if changed or write.parties is not None:
        what = ", ".join(sorted(changed)) or "its parties"
        write.refuse(f"A completed or canceled {write.table.label} can't be changed: {what}.")


def fill_attachment(write: Write) -> None:
    """Fill in the size, the activity and the ordinal number of an attachment."""
    if write.kind is WriteKind.DELETE:
        return
    if write.changes("body") and "filesize" not in write.values:
        try:
            write.values["filesize"] = len(base64.b64decode(write.values["body"] or "", validate=True))
        except (binascii.Error, ValueError):
            write.refuse("The content of an attachment is given in base64.", column="body")
    parent = write.after.get("objecttypecode")
    if write.kind is WriteKind.CREATE and parent != "template":
        write.values["activityid"] = write.values.get("objectid")


def count_attachments(write: Write) -> None:
    """Keep `attachmentcount` of the activity in step; it has changed when a file of it has."""
    row = write.after
    parent = registry.find(row.get("objecttypecode") or "")
    if parent is None or not parent.has("attachmentcount"):
        return
    attachments = ActivityMimeAttachment
    count = sa.select(sa.func.count()).select_from(attachments).where(attachments.objectid == row["objectid"])
    key = parent.table.c[parent.primary_id]
    values = {
        "attachmentcount": count.scalar_subquery(),
        "modifiedon": write.now,
        "versionnumber": write.records.database.next_versions(write.connection),
    }
    write.connection.execute(sa.update(parent.table).where(key == row["objectid"]).values(values))


def fill_queue_item(write: Write) -> None:
    """Fill in what a queue item shows of its record and takes over from its queue."""
    if write.kind is WriteKind.DELETE:
        return
    if write.kind is WriteKind.CREATE:
        write.values.setdefault("enteredon", write.now)
    if write.changes("workerid"):
        write.values["workeridmodifiedon"] = write.now
    if write.changes("objectid"):
        _show_record(write)
    if write.changes("queueid"):
        _take_over_owner(write)


def _show_record(write: Write) -> None:
    table = registry.by_logical_name(write.values["postroom_objecttype"])
    record = write.records.get(write.connection, table.logical_name, write.values["objectid"])
    write.values["objecttypecode"] = table.object_type_code
    name = str(record.get(table.primary_name or "") or "")
    write.values.setdefault("title", name[: write.table.columns["title"].length or 0])
    for copied in ("sender", "torecipients"):
        write.values[copied] = record.get(copied)
    write.values["priority"] = record.get("prioritycode")
    write.values["state"], write.values["status"] = record.get("statecode"), record.get("statuscode")


def _take_over_owner(write: Write) -> None:
    names = ("ownerid", "owneridtype", "owningbusinessunit", "owninguser", "owningteam")
    columns = [Queue.__table__.c[name] for name in names]
    row = write.connection.execute(sa.select(*columns).where(Queue.queueid == write.values["queueid"])).one()
    write.values.update(zip(names, row, strict=True))
