"""Messages about appointments: booked and rescheduled, with what stands against it.

# source: DATAVERSE-ACTIONS
"""

from typing import Any, Final
from uuid import UUID

from postroom.api import audit
from postroom.api.address import Key
from postroom.api.messages.message import Form, Message, Occasion, Parameter, Type, table_of
from postroom.api.odata.write import Draft, read_draft
from postroom.api.problems import Problem, denied
from postroom.api.rights import check_writable
from postroom.api.visit import Needs
from postroom.api.writing import Writing
from postroom.errors import InvalidRecord
from postroom.passes.book import Booking, Consent, book, reschedule
from postroom.store.records.hooks import WriteKind

_NOT_SCHEDULED: Final = 0x80040275
_CONSENT: Final = "postroom_Consent"


def _draft(occasion: Occasion) -> Draft:
    said = occasion.arguments["Target"]
    table = table_of(said, where="Target")
    if table.logical_name != "appointment":
        raise Problem(400, f"Target: {table.plural_label} are created and changed as records, not booked.")
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
    if values.get("scheduledstart") is None or values.get("scheduledend") is None:
        raise InvalidRecord("Give scheduledstart and scheduledend.", code=_NOT_SCHEDULED)
    booking = book(visit.postroom.context(), values, by=visit.caller.user, consent=_consent(occasion))
    return _outcome(occasion, booking, "Book", booking.id)


def _reschedule(occasion: Occasion) -> dict[str, Any]:
    draft, visit = _draft(occasion), occasion.visit
    check_writable(visit.caller, draft.table, WriteKind.UPDATE)
    id_ = draft.id
    if id_ is None:
        raise Problem(400, "Target: give activityid.")
    with visit.postroom.database.read() as connection:
        Writing(connection, visit).get(draft.table, Key(id_))
    values = _values(occasion, draft)
    values.pop("activityid", None)
    context = visit.postroom.context()
    booking = reschedule(context, id_, values, by=visit.caller.user, consent=_consent(occasion))
    return _outcome(occasion, booking, "Reschedule", id_)


def _outcome(occasion: Occasion, booking: Booking, operation: str, id_: UUID | None) -> dict[str, Any]:
    visit = occasion.visit
    if booking.is_booked:
        with visit.postroom.database.write() as connection:
            now = visit.postroom.clock.now()
            audit.note(connection, visit.caller, now, operation, "appointment", id_)
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
)
