"""Messages about appointments: booked and rescheduled, with what stands against it.

# source: DATAVERSE-ACTIONS
"""

from typing import Any, Final
from uuid import UUID

from postroom.api import audit
from postroom.api.address import Key
from postroom.api.messages.message import Form, Message, Occasion, Parameter, Type, record_of, table_of
from postroom.api.odata.write import Draft, read_draft
from postroom.api.problems import Problem, denied
from postroom.api.rights import check_changeable, check_writable
from postroom.api.visit import Needs
from postroom.api.writing import Writing
from postroom.errors import InvalidRecord
from postroom.passes.book import Booking, Consent, book, reschedule
from postroom.passes.series import add_recurrence, end_series
from postroom.schema import registry
from postroom.schema.choices import AppointmentState
from postroom.store.records.hooks import WriteKind

_NOT_SCHEDULED: Final = 0x80040275
_TIMES: Final = {
    "appointment": ("scheduledstart", "scheduledend"),
    "recurringappointmentmaster": ("starttime", "endtime"),
}
_CONSENT: Final = "postroom_Consent"


def _draft(occasion: Occasion) -> Draft:
    said = occasion.arguments["Target"]
    table = table_of(said, where="Target")
    if table.logical_name not in ("appointment", "recurringappointmentmaster"):
        raise Problem(400, f"Target: {table.plural_label} take nobody's time; only appointments do.")
    draft = read_draft(table, said, where="Target")
    if draft.nested:
        raise Problem(400, "Target: bind related records, don't create them here.")
    return draft


def _consent(occasion: Occasion) -> Consent:
    return Consent.GIVEN if occasion.arguments[_CONSENT] else Consent.NOT_ASKED


def _values(occasion: Occasion, draft: Draft) -> dict[str, Any]:
    visit = occasion.visit
    with visit.postroom.database.read() as connection:
        values = Writing(connection, visit).values_of(draft)
    owner = values.get("ownerid")
    if not visit.caller.is_administrator and owner not in (None, *visit.caller.mine):
        raise denied("An appointment can be booked only for yourself or one of your queues.")
    return values


def _book(occasion: Occasion) -> dict[str, Any]:
    draft, visit = _draft(occasion), occasion.visit
    check_writable(visit.caller, draft.table, WriteKind.CREATE)
    values = _values(occasion, draft)
    needed = _TIMES[draft.table.logical_name]
    if any(values.get(name) is None for name in needed):
        raise InvalidRecord(f"Give {' and '.join(needed)}.", code=_NOT_SCHEDULED)
    table, context = draft.table.logical_name, visit.postroom.context()
    booking = book(context, values, table=table, by=visit.caller.user, consent=_consent(occasion))
    return _outcome(occasion, booking, "Book", draft, booking.id)


def _reschedule(occasion: Occasion) -> dict[str, Any]:
    draft, visit = _draft(occasion), occasion.visit
    check_writable(visit.caller, draft.table, WriteKind.UPDATE)
    id_ = draft.id
    if id_ is None:
        raise Problem(400, "Target: give activityid.")
    with visit.postroom.database.read() as connection:
        Writing(connection, visit).get(draft.table, Key(id_))
        check_changeable(visit.caller, connection, draft.table, id_)
    values = _values(occasion, draft)
    values.pop("activityid", None)
    context = visit.postroom.context()
    table = draft.table.logical_name
    booking = reschedule(context, id_, values, table=table, by=visit.caller.user, consent=_consent(occasion))
    return _outcome(occasion, booking, "Reschedule", draft, id_)


def _add_recurrence(occasion: Occasion) -> dict[str, Any]:
    """Put a series in the place of an appointment."""
    visit, series = occasion.visit, registry.by_logical_name("recurringappointmentmaster")
    said = occasion.arguments["Target"]
    draft = read_draft(series, said, where="Target")
    check_writable(visit.caller, series, WriteKind.CREATE)
    check_writable(visit.caller, occasion.bound, WriteKind.DELETE)
    with visit.postroom.database.read() as connection:
        check_changeable(visit.caller, connection, occasion.bound, occasion.row)
    values = _values(occasion, draft)
    made = add_recurrence(visit.postroom.context(), occasion.row, values, by=visit.caller.user)
    _note(occasion, "AddRecurrence", series.logical_name, made)
    return {"activityid": str(made)}


def _end(occasion: Occasion) -> None:
    """Let a series have no day after an instant."""
    visit = occasion.visit
    table, id_ = record_of(
        {"@odata.type": "recurringappointmentmaster", **occasion.arguments["Target"]}, where="Target"
    )
    check_writable(visit.caller, table, WriteKind.UPDATE)
    with visit.postroom.database.read() as connection:
        Writing(connection, visit).get(table, Key(id_))
        check_changeable(visit.caller, connection, table, id_)
    try:
        state = AppointmentState(occasion.arguments["StateOfPastInstances"])
    except ValueError as fault:
        raise Problem(400, "StateOfPastInstances is no state of an appointment.") from fault
    context, at = visit.postroom.context(), occasion.arguments["SeriesEndDate"]
    end_series(context, id_, at, state, by=visit.caller.user)
    _note(occasion, "DeleteOpenInstances", table.logical_name, id_)


def _note(occasion: Occasion, operation: str, table: str, id_: UUID | None) -> None:
    visit = occasion.visit
    with visit.postroom.database.write() as connection:
        audit.note(connection, visit.caller, visit.postroom.clock.now(), operation, table, id_)


def _outcome(
    occasion: Occasion, booking: Booking, operation: str, draft: Draft, id_: UUID | None
) -> dict[str, Any]:
    if booking.is_booked:
        _note(occasion, operation, draft.table.logical_name, id_)
    faults = [
        {
            "ErrorCode": "ResourceBusy",
            "ResourceList": [
                {"Id": str(conflict.party), "DisplayName": conflict.party_name, "EntityName": ""}
            ],
        }
        for conflict in booking.conflicts
    ]
    result = {
        "ValidationSuccess": booking.is_booked,
        "ActivityId": str(id_ or UUID(int=0)),
        "TraceInfo": {"ErrorInfoList": faults},
    }
    return {"ValidationResult": result, "Notifications": []}


_PARAMETERS = (
    Parameter("Target", Type.RECORD, description="The appointment, with its parties."),
    Parameter("ReturnNotifications", Type.TRUTH, is_required=False),
    Parameter(_CONSENT, Type.TRUTH, is_required=False, description="True: book it in spite of conflicts."),
)
_RETURNS = {"ValidationResult": "Edm.Untyped", "Notifications": "Collection(Edm.Untyped)"}

MESSAGES = (
    Message(
        "Book",
        Form.ACTION,
        _book,
        "Create an appointment, and say what stands against it.",
        _PARAMETERS,
        needs=Needs.NOTHING,
        returns=_RETURNS,
    ),
    Message(
        "Reschedule",
        Form.ACTION,
        _reschedule,
        "Change an appointment, and say what stands against it.",
        _PARAMETERS,
        needs=Needs.NOTHING,
        returns=_RETURNS,
    ),
    Message(
        "AddRecurrence",
        Form.ACTION,
        _add_recurrence,
        "Put a series in the place of an appointment.",
        (Parameter("Target", Type.RECORD, description="How it recurs: columns of the series."),),
        "appointment",
        needs=Needs.NOTHING,
        returns={"activityid": "Edm.Guid"},
    ),
    Message(
        "DeleteOpenInstances",
        Form.ACTION,
        _end,
        "Let a series have no day after an instant.",
        (
            Parameter("Target", Type.RECORD, description="The series."),
            Parameter("SeriesEndDate", Type.MOMENT),
            Parameter("StateOfPastInstances", Type.NUMBER, description="State of open days before it."),
        ),
        needs=Needs.NOTHING,
    ),
)
