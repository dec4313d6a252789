"""Alerts: what the owner of a mailbox or profile is told; repeats are folded.

Every alert answers three questions: what happened, whose fault it is, and what cures it.
"""

import xml.etree.ElementTree as ET
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.schema import registry
from postroom.schema.alert import TraceLog
from postroom.schema.choices import TraceLevel, TrackingFolderState
from postroom.schema.ids import new_id
from postroom.schema.organization import Organization
from postroom.store.database import Database

_TRACE = TraceLog.__table__
_ORGANIZATION = Organization.__table__

_SWITCHES = {
    TraceLevel.INFORMATION: "generatealertsforinformation",
    TraceLevel.WARNING: "generatealertsforwarnings",
    TraceLevel.ERROR: "generatealertsforerrors",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One kind of alert, ready to be raised on a mailbox or a profile."""

    code: int
    level: TraceLevel
    text: str
    #: What to do about it.
    cure: str = ""
    #: The server's words or other evidence; no addresses, no content.
    details: str = ""
    #: Tells apart alerts of one code that are about different things.
    about: str = ""
    #: What went wrong, in a few words that many alerts share.
    cause: str = ""
    #: The command that helps; empty when there is nothing to do.
    action: str = ""

    def with_details(self, details: str) -> "Alert":
        """Return the alert with its evidence."""
        return replace(self, details=details)


TEST_PASSED = Alert(1, TraceLevel.INFORMATION, "The mailbox was tested and works from now on.")
TEST_FAILED = Alert(
    2, TraceLevel.ERROR, "The mailbox failed its test.", "Mend what the failed step names and test again."
)
SIGN_IN_REJECTED = Alert(
    3,
    TraceLevel.ERROR,
    "The server refused the credentials; the workload is stopped.",
    "Correct user name and password; the mailbox is then tested and goes on by itself.",
)
SEND_FAILED = Alert(
    4,
    TraceLevel.ERROR,
    "An e-mail could not be sent.",
    "Open the e-mail: it says why; mend it and send it again.",
)
UNCERTAIN_SEND = Alert(
    5,
    TraceLevel.ERROR,
    "Nobody can know whether an e-mail was sent: the connection or the worker broke at the wrong moment.",
    "Open the e-mail, ask a recipient, then `postroom outbox resend` or `postroom outbox settle`.",
)
RECIPIENTS_REFUSED = Alert(
    6,
    TraceLevel.WARNING,
    "An e-mail was sent, but not to every recipient.",
    "Open the e-mail: it names them.",
)
QUARANTINED = Alert(
    7,
    TraceLevel.WARNING,
    "Messages were put into quarantine.",
    "`postroom quarantine list` shows them with their reasons.",
)
INVALID_FORWARD_ITEM = Alert(
    8,
    TraceLevel.WARNING,
    "InvalidForwardMailItem: the forward mailbox holds items that are no forwarded attachment, "
    "or whose sender does not use the forward mailbox.",
    "Have the rule forward mail as an attachment, and set the sender's incoming method to 3.",
)
ATTACHMENTS_LEFT_OUT = Alert(
    13,
    TraceLevel.WARNING,
    "E-mails were kept without some of their attachments: too large, or of a blocked kind.",
    "`postroom explain` says which; the organization's maxuploadfilesize and blockedattachments decide.",
)
BOUNCED = Alert(
    14,
    TraceLevel.WARNING,
    "E-mails came back: a server reports that they did not reach their recipients.",
    "The e-mail says which recipient and why (postroom_deliverystate, `postroom query postroom_reports`).",
)

CATEGORY_MADE = Alert(
    15,
    TraceLevel.INFORMATION,
    "The tracking category was added to the mailbox; a message that is given it is tracked.",
)

NO_NEWS = Alert(
    17,
    TraceLevel.INFORMATION,
    "The server gives no news of this mailbox; it is looked at from time to time instead.",
    "Nothing to do. Where mail is wanted at once, let the server give streaming notifications.",
)

PLAN_HELD_BACK = Alert(
    18,
    TraceLevel.WARNING,
    "A part of the plan for appointments, contacts and tasks is held back, because it would change too much.",
    "Look at it with `postroom plan --mailbox ADDRESS`; `--approve` has the next pass do it.",
)
OVERWRITTEN = Alert(
    19,
    TraceLevel.INFORMATION,
    "Both sides had changed the same fields; the later changes stand, the others are kept.",
    "`postroom query postroom_overwrittens` shows what gave way; `postroom conflict restore` puts it back.",
)


SERVER_BACK = Alert(22, TraceLevel.INFORMATION, "The server serves again.")
SILENT = Alert(
    23,
    TraceLevel.ERROR,
    "No pass has succeeded for too long, whatever the cause.",
    "The details say how the last one ended; see also whether a worker runs.",
    cause="Nothing succeeds any more",
    action="postroom status",
)


#: Codes of alerts whose details quote what stands in somebody's mailbox.
QUOTING = frozenset({20})


def item_left_alone(sentence: str, what: str, item: str) -> Alert:
    """Return the alert that says why one item is not synchronized; the sentence names the cure."""
    return Alert(20, TraceLevel.WARNING, "An item is left alone.", sentence, what, about=item[:200])


def file_left_out(sentence: str, what: str, item: str) -> Alert:
    """Return the alert that says which attachments of an item are not synchronized."""
    text = "Attachments of an appointment are not synchronized."
    return Alert(21, TraceLevel.WARNING, text, sentence, what, about=item[:200])


def question_put(what: str, choices: Sequence[str], pair: str) -> Alert:
    """Return the alert that puts a question about an item to a person, and says how to answer it."""
    cure = f"Answer with `postroom conflict decide {pair} {'|'.join(choices)}`; the next pass carries it out."
    return Alert(
        25, TraceLevel.WARNING, "An item of the mailbox waits for a decision.", cure, what, about=pair
    )


def folder_not_tracked(state: TrackingFolderState, rule: str) -> Alert:
    """Return the alert that says why the rule of a tracked folder has stopped."""
    if state is TrackingFolderState.MISSING:
        text, cure = "A tracked folder is no longer in the mailbox.", "Remove its rule or track another one."
    else:
        text, cure = "A tracked folder was moved out of the Inbox.", "Move it back, or remove its rule."
    details = "What was tracked stays tracked."
    return Alert(16, TraceLevel.WARNING, text, cure, details, about=rule)


def waiting(name: str, reason: str) -> Alert:
    """Return the alert that says why mail of a mailbox does not leave."""
    return Alert(9, TraceLevel.WARNING, "E-mails wait and can't be sent.", reason, about=name)


def raise_alert(
    database: Database,
    connection: Connection,
    regarding: UUID,
    alert: Alert,
    now: datetime,
    *,
    table: str = "mailbox",
    machine: str = "",
) -> None:
    """Raise the alert, or count it on the row that already says the same of the same record.

    The organization's switches may silence a level. `createdon` is the first occurrence, `modifiedon` the
    latest; level and words are those of the latest. It is for the owner of the record.
    """
    organization = connection.execute(sa.select(_ORGANIZATION)).mappings().first()
    if organization and organization[_SWITCHES[alert.level]] is False:
        return
    folded = _fold(alert, regarding, table)
    same = sa.and_(
        _TRACE.c.regardingobjectid == regarding,
        _TRACE.c.tracecode == alert.code,
        _TRACE.c.traceparameterhash == folded,
    )
    version = database.next_versions(connection)
    values = {**_latest(alert, machine), "modifiedon": now, "versionnumber": version}
    count = sa.func.coalesce(_TRACE.c.collationlevel, 0) + 1
    changed = connection.execute(sa.update(_TRACE).where(same).values(**values, collationlevel=count))
    if not changed.rowcount:
        first = {**values, **_first(connection, alert, regarding, table, folded), "createdon": now}
        connection.execute(sa.insert(_TRACE).values(first))


def _latest(alert: Alert, machine: str) -> Mapping[str, Any]:
    return {
        "text": f"{alert.text} {alert.cure}".strip()[:2000],
        "level": int(alert.level),
        "tracestatus": alert.level is TraceLevel.INFORMATION,
        "errordetails": alert.details[:2048] or None,
        "errortypedisplay": alert.cause[:320] or None,
        "traceactionxml": _action_xml(alert.action),
        "machinename": machine[:320] or None,
    }


def _first(
    connection: Connection, alert: Alert, regarding: UUID, table: str, folded: int
) -> Mapping[str, Any]:
    owned = registry.by_logical_name(table)
    of_it = owned.table.c[owned.primary_id] == regarding
    owner = connection.execute(
        sa.select(owned.table.c.ownerid, owned.table.c.owningbusinessunit).where(of_it)
    ).first()
    return {
        "tracelogid": new_id(),
        "tracecode": alert.code,
        "collationlevel": 1,
        "regardingobjectid": regarding,
        "regardingobjecttypecode": table,
        "regardingobjectownerid": owner.ownerid if owner else None,
        "regardingobjectowningbusinessunit": owner.owningbusinessunit if owner else None,
        "traceparameterhash": folded,
        "isunique": True,
        "canbedeleted": True,
    }


def _action_xml(command: str) -> str | None:
    if not command:
        return None
    return ET.tostring(ET.Element("Action", Command=command), encoding="unicode")


def _fold(alert: Alert, regarding: UUID, table: str) -> int:
    """Return the signed 32-bit hash by which repetitions are found."""
    value = zlib.crc32(f"{table}:{regarding}:{alert.code}:{alert.about}".encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def alerts_on(connection: Connection, regarding: UUID) -> list[Mapping[str, Any]]:
    """Return the alerts on a record, the latest first."""
    query = (
        sa.select(_TRACE).where(_TRACE.c.regardingobjectid == regarding).order_by(_TRACE.c.modifiedon.desc())
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def has_older(connection: Connection, before: datetime) -> bool:
    """Say whether there are alerts that were last raised before this instant."""
    found = sa.select(_TRACE.c.tracelogid).where(_TRACE.c.modifiedon < before)
    return connection.scalar(found.limit(1)) is not None


def forget(connection: Connection, before: datetime, limit: int = 1000) -> int:
    """Delete alerts that were last raised before this instant, the oldest first; return how many rows."""
    key = _TRACE.c.tracelogid
    old = sa.select(key).where(_TRACE.c.modifiedon < before).order_by(_TRACE.c.modifiedon).limit(limit)
    ids = list(connection.scalars(old))
    if not ids:
        return 0
    return connection.execute(sa.delete(_TRACE).where(key.in_(ids))).rowcount
