"""Rules of the calendar: times that make sense, states, and instances of a series."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from postroom.schema.choices import (
    AppointmentState,
    CorrespondenceState,
    InstanceType,
    ServiceState,
    TaskState,
)
from postroom.schema.organization import Organization
from postroom.schema.recurrence import RecurringAppointmentMaster
from postroom.store.records.hooks import Write, WriteKind

_MASTER = RecurringAppointmentMaster.__table__
_WRONG_TIMES: Final = 0x80040203
_MINUTE: Final = timedelta(minutes=1)
#: What does not make an instance differ from its series.
_NOT_OF_CONTENT: Final = frozenset(
    {"statecode", "statuscode", "actualstart", "actualend", "globalobjectid", "ownerid", "owneridtype"}
)
_STILL_ON: Final = (AppointmentState.OPEN, AppointmentState.SCHEDULED)
#: The state in which each of these has come to its end.
_COMPLETED: Final = {
    "appointment": AppointmentState.COMPLETED,
    "task": TaskState.COMPLETED,
    "phonecall": CorrespondenceState.COMPLETED,
    "letter": CorrespondenceState.COMPLETED,
    "fax": CorrespondenceState.COMPLETED,
    "serviceappointment": ServiceState.CLOSED,
}
#: What takes a length of time.
_LASTING: Final = frozenset({"appointment", "serviceappointment"})


def check_times(write: Write) -> None:
    """Refuse what ends before it starts, and an appointment that is too long."""
    if write.kind is WriteKind.DELETE or not write.changes("scheduledstart", "scheduledend"):
        return
    start, end = write.after.get("scheduledstart"), write.after.get("scheduledend")
    if start is None or end is None:
        return
    if end < start:
        write.refuse(
            f"It ends at {end.isoformat()}, before it starts at {start.isoformat()}.",
            code=_WRONG_TIMES,
            column="scheduledend",
        )
    elif write.table.logical_name in _LASTING:
        _check_length(write, start, end)
        write.values["scheduleddurationminutes"] = (end - start) // _MINUTE


def note_completion(write: Write) -> None:
    """Fill in when something ended that is completed now."""
    completed = _COMPLETED.get(write.table.logical_name)
    if write.kind is WriteKind.DELETE or not write.changes("statecode"):
        return
    if write.after.get("statecode") == completed and write.after.get("actualend") is None:
        write.values["actualend"] = write.now


def make_exception(write: Write) -> None:
    """Let an instance that a person changes be an exception of its series from then on."""
    kind = write.before.get("instancetypecode")
    if write.internal or write.kind is not WriteKind.UPDATE or write.before.get("seriesid") is None:
        return
    if kind not in (InstanceType.RECURRING_INSTANCE, InstanceType.RECURRING_EXCEPTION):
        return
    changed = {name for name in write.values if name not in _NOT_OF_CONTENT and write.changes(name)}
    if write.parties is not None:
        changed.add("parties")
    if write.changes("statuscode") and write.after["statecode"] in _STILL_ON:
        # How it shows in the calendar; that it is over or called off is no difference from the others.
        changed.add("statuscode")
    if not changed:
        return
    already = (write.before.get("modifiedfieldsmask") or "").split(",")
    write.values["instancetypecode"] = int(InstanceType.RECURRING_EXCEPTION)
    write.values["modifiedfieldsmask"] = ",".join(sorted({*changed, *filter(None, already)}))
    if write.before.get("originalstartdate") is None:
        write.values["originalstartdate"] = write.before.get("scheduledstart")


def follow_instance(write: Write) -> None:
    """Let the series know of an instance that was changed or removed: it is one item with its series."""
    row = write.before or write.after
    series: UUID | None = row.get("seriesid")
    if write.internal or series is None or write.kind is WriteKind.CREATE:
        return
    values: dict[str, Any] = {
        "versionnumber": write.records.database.next_versions(write.connection),
        "modifiedon": write.now,
    }
    original = row.get("originalstartdate") or row.get("scheduledstart")
    if write.kind is WriteKind.DELETE and original is not None:
        held = sa.select(_MASTER.c.deletedexceptionslist).where(_MASTER.c.activityid == series)
        deleted = read_deletions(write.connection.scalar(held))
        values["deletedexceptionslist"] = write_deletions({*deleted, original})
    write.connection.execute(sa.update(_MASTER).where(_MASTER.c.activityid == series).values(values))


def read_deletions(text: str | None) -> frozenset[datetime]:
    """Return the original starts of the removed instances of a series; what is none is passed over.

    >>> read_deletions("2026-03-02T09:00:00Z,nonsense")
    frozenset({datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.timezone.utc)})
    """
    return frozenset(found for part in (text or "").split(",") if (found := _instant(part)) is not None)


def write_deletions(starts: Iterable[datetime]) -> str | None:
    """Return the original starts of removed instances as the series keeps them."""
    return ",".join(f"{each.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for each in sorted(starts)) or None


def _check_length(write: Write, start: datetime, end: datetime) -> None:
    most = write.connection.scalar(sa.select(Organization.__table__.c.maxappointmentdurationdays))
    # source: DATAVERSE-TABLES organization.maxAppointmentDurationInDays
    if most and end - start > timedelta(days=most):
        write.refuse(
            f"An appointment may last up to {most} days; shorten it, or make several of it.",
            code=_WRONG_TIMES,
            column="scheduledend",
        )


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
