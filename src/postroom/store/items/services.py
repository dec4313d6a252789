"""Service activities: rows and parties as fields of items; nothing of them comes back."""

from collections.abc import Mapping

from postroom.reconcile.item import Attendee, State, Value
from postroom.schema.choices import Participation, ServiceState, ServiceStatus
from postroom.store.items.appointments import span_of
from postroom.store.items.columns import Row, importance_of, regarding_of
from postroom.store.items.people import People

_COLUMNS: Mapping[str, str] = {"subject": "subject", "body": "description", "location": "location"}
_STATES: Mapping[int, State] = {
    ServiceState.CLOSED: State.COMPLETED,
    ServiceState.CANCELED: State.CANCELED,
}


def fields_of(row: Row, people: People) -> dict[str, Value]:
    """Return the fields of a service activity, of which each user has a copy that is his own."""
    # source: DATAVERSE-FIELDS service activity: its organizer is who synchronizes it
    others = People(people.keeper, [each for each in people.parties if each.role != Participation.ORGANIZER])
    return {
        **{field: row[column] for field, column in _COLUMNS.items()},
        "time": span_of(row),
        "importance": importance_of(row),
        "show_as": ServiceStatus(row["statuscode"]),
        "required": _invited(others, "required"),
        "optional": _invited(others, "optional"),
        "organizer": people.keeper.address or None,
        "regarding": regarding_of(row),
    }


def state_of(row: Row) -> State:
    """Return whether a service activity is still to come."""
    return _STATES.get(row["statecode"], State.OPEN)


def _invited(people: People, name: str) -> frozenset[Attendee] | None:
    found = people.invited(name) or frozenset()
    return frozenset(each for each in found if each.key != people.keeper.address) or None
