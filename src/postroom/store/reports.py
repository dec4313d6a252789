"""Reports on sent e-mails: kept once, and shown on the e-mail and its recipients."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.mime.key import address_key
from postroom.schema.choices import DeliveryState, Participation
from postroom.schema.decision import Decision
from postroom.schema.email import Email
from postroom.schema.party import ActivityParty
from postroom.schema.report import Report
from postroom.store.database import Database, insert_new
from postroom.store.index import chunks_of

_REPORT = Report.__table__
_DECISION = Decision.__table__
_EMAIL = Email.__table__
_PARTY = ActivityParty.__table__
_RECIPIENTS = (int(Participation.TO), int(Participation.CC), int(Participation.BCC))

Row = Mapping[str, Any]


def note(database: Database, connection: Connection, rows: Sequence[Row], now: datetime) -> list[UUID]:
    """Keep new reports, show them on their e-mails, and return the mailboxes of those that bounced."""
    # Each once, and in one order in all processes, so that two that read the same don't wait for each other.
    each = sorted(
        {row["postroom_reportid"]: row for row in rows}.values(), key=lambda row: row["postroom_reportid"]
    )
    known = _known(connection, each)
    if again := [row for row in each if row["postroom_reportid"] in known]:
        _link_again(connection, again)
    fresh = [row for row in each if row["postroom_reportid"] not in known]
    if not fresh:
        return []
    connection.execute(insert_new(connection, _REPORT), [dict(row) for row in fresh])
    by_email: dict[UUID, list[Row]] = {}
    for row in fresh:
        by_email.setdefault(row["emailid"], []).append(row)
    for email, reports in sorted(by_email.items()):
        _show(database, connection, email, reports, now)
    return _mailboxes_of(
        connection, {row["emailid"] for row in fresh if row["state"] == DeliveryState.BOUNCED}
    )


def _known(connection: Connection, rows: Sequence[Row]) -> set[UUID]:
    """Return which of the reports are kept already."""
    known: set[UUID] = set()
    for chunk in chunks_of(row["postroom_reportid"] for row in rows):
        query = sa.select(_REPORT.c.postroom_reportid).where(_REPORT.c.postroom_reportid.in_(chunk))
        known.update(connection.execute(query).scalars())
    return known


def _link_again(connection: Connection, rows: Sequence[Row]) -> None:
    """Let known reports whose message was judged anew point to what was decided and made of it now."""
    links = [
        {"key": row["postroom_reportid"], "decision": row["decisionid"], "email": row["reportemailid"]}
        for row in rows
    ]
    connection.execute(_LINK_AGAIN, links)


_LINK_AGAIN = (
    sa.update(_REPORT)
    .where(
        _REPORT.c.postroom_reportid == sa.bindparam("key"),
        ~sa.exists().where(_DECISION.c.postroom_decisionid == _REPORT.c.decisionid),
    )
    .values(
        decisionid=sa.bindparam("decision"),
        reportemailid=sa.func.coalesce(
            sa.bindparam("email", type_=_REPORT.c.reportemailid.type), _REPORT.c.reportemailid
        ),
    )
)


def _show(
    database: Database, connection: Connection, email: UUID, reports: Sequence[Row], now: datetime
) -> None:
    worst = max(row["state"] for row in reports)
    shown = sa.func.coalesce(_EMAIL.c.postroom_deliverystate, int(DeliveryState.NONE))
    connection.execute(
        sa.update(_EMAIL)
        .where(_EMAIL.c.activityid == email, shown < worst)
        .values(
            postroom_deliverystate=worst, modifiedon=now, versionnumber=database.next_versions(connection)
        )
    )
    states: dict[str, int] = {}
    for row in reports:
        states[row["recipient"]] = max(row["state"], states.get(row["recipient"], 0))
    parties = sa.select(
        _PARTY.c.activitypartyid, _PARTY.c.addressused, _PARTY.c.postroom_deliverystate
    ).where(_PARTY.c.activityid == email, _PARTY.c.participationtypemask.in_(_RECIPIENTS))
    for party in connection.execute(parties).all():
        state = states.get(address_key(party.addressused or ""))
        if state is not None and state > (party.postroom_deliverystate or 0):
            connection.execute(
                sa.update(_PARTY)
                .where(_PARTY.c.activitypartyid == party.activitypartyid)
                .values(postroom_deliverystate=state, versionnumber=database.next_versions(connection))
            )


def _mailboxes_of(connection: Connection, emails: Iterable[UUID]) -> list[UUID]:
    found: set[UUID] = set()
    for chunk in chunks_of(emails):
        query = sa.select(_EMAIL.c.sendermailboxid).where(
            _EMAIL.c.activityid.in_(chunk), _EMAIL.c.sendermailboxid.is_not(None)
        )
        found.update(connection.execute(query).scalars())
    return sorted(found)


def on_address(connection: Connection, address: str, limit: int = 10) -> list[dict[str, Any]]:
    """Return the latest reports about mail to an address, the newest first."""
    query = (
        sa.select(_REPORT)
        .where(_REPORT.c.recipient == address_key(address))
        .order_by(_REPORT.c.createdon.desc())
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
