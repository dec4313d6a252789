"""Attendees: parties of an appointment as people with addresses, and people as parties."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.mime.key import address_key
from postroom.reconcile.item import Attendee, Part, Value
from postroom.reconcile.values import Answer, Response
from postroom.schema.choices import AttendeeResponse, Participation
from postroom.schema.party import ActivityParty
from postroom.store.index import chunks_of, find_known
from postroom.store.items.columns import Row
from postroom.store.items.keeper import Keeper
from postroom.tracking.facts import Known
from postroom.tracking.resolution import SENDER_ORDER

_PARTY = ActivityParty.__table__
_MIRRORED = (Participation.REGARDING, Participation.OWNER)
ROLES: Mapping[str, Participation] = {
    "required": Participation.REQUIRED,
    "optional": Participation.OPTIONAL,
}
_ANSWERS: Mapping[int, Answer] = {
    AttendeeResponse.ACCEPTED: Answer.ACCEPTED,
    AttendeeResponse.TENTATIVE: Answer.TENTATIVE,
    AttendeeResponse.DECLINED: Answer.DECLINED,
}
_CODES = {answer: code for code, answer in _ANSWERS.items()}
_KEPT = (
    "activitypartyid",
    "partyid",
    "partyobjecttypecode",
    "participationtypemask",
    "addressused",
    "unresolvedpartyname",
    "partyidname",
    "effort",
    "exchangeentryid",
    "externalid",
    "externalidtype",
    "postroom_response",
)


@dataclass(frozen=True, slots=True)
class Party:
    """One participant as the store has it."""

    row: Row
    #: The address as addresses are compared; empty when there is none.
    key: str

    @property
    def role(self) -> int:
        """Return the role in the appointment."""
        return int(self.row["participationtypemask"])

    @property
    def name(self) -> str:
        """Return the name that is shown."""
        return str(self.row["partyidname"] or self.row["unresolvedpartyname"] or "")


@dataclass(frozen=True, slots=True)
class People:
    """Who takes part in an appointment, as the keeper sees it."""

    keeper: Keeper
    parties: Sequence[Party] = field(default=())

    @property
    def organizer(self) -> Party | None:
        """Return who invites, or None when nobody does."""
        return next((each for each in self.parties if each.role == Participation.ORGANIZER), None)

    @property
    def organizer_key(self) -> str | None:
        """Return the organizer's address as addresses are compared."""
        return self._key(self.organizer) or None if self.organizer else None

    @property
    def part(self) -> Part:
        """Return what the keeper is to the appointment."""
        organizer = self.organizer
        if organizer is None:
            return Part.UNKNOWN
        if self._is_keeper(organizer):
            return Part.OWNER
        is_colleague = organizer.row["partyid"] in self.keeper.colleagues
        return Part.GUEST_OF_COLLEAGUE if is_colleague else Part.GUEST_OF_OUTSIDER

    @property
    def unaddressed(self) -> tuple[str, ...]:
        """Return the names of attendees who have no address."""
        return tuple(each.name or "somebody without a name" for each in self._invited() if not each.key)

    def invited(self, name: str) -> frozenset[Attendee] | None:
        """Return the required or optional attendees; the organizer is none of them, listed or not."""
        organizer = self.organizer_key
        found = frozenset(
            Attendee(key, each.row["addressused"] or "", each.name)
            for each in self.parties
            if each.role == ROLES[name] and (key := self._key(each)) and key != organizer
        )
        return found or None

    def responses(self) -> frozenset[Response] | None:
        """Return what attendees have answered."""
        found = frozenset(
            Response(self._key(each), answer)
            for each in self._invited()
            if each.key and (answer := _ANSWERS.get(each.row["postroom_response"] or 0))
        )
        return found or None

    def _invited(self) -> list[Party]:
        return [each for each in self.parties if each.role in ROLES.values()]

    def _is_keeper(self, party: Party) -> bool:
        return party.row["partyid"] == self.keeper.user or party.key in self.keeper.addresses

    def _key(self, party: Party) -> str:
        # Whatever address of his stands on the record, his mailbox speaks of itself by one.
        return (self.keeper.address or party.key) if self._is_keeper(party) else party.key


def people_of(connection: Connection, activities: Iterable[UUID], keeper: Keeper) -> Mapping[UUID, People]:
    """Return who takes part in each of these appointments."""
    found: dict[UUID, list[Party]] = {}
    for chunk in chunks_of(activities):
        query = sa.select(_PARTY).where(
            _PARTY.c.activityid.in_(chunk), _PARTY.c.participationtypemask.not_in(_MIRRORED)
        )
        for row in connection.execute(query.order_by(_PARTY.c.activitypartyid)).mappings():
            party = Party(dict(row), address_key(row["addressused"] or ""))
            found.setdefault(row["activityid"], []).append(party)
    return {id: People(keeper, tuple(parties)) for id, parties in found.items()}


def parties_with(
    connection: Connection, present: People, fields: Mapping[str, Value]
) -> list[dict[str, Any]] | None:
    """Return all parties as they are to be with these fields, or None when no field concerns them."""
    if not {"required", "optional", "responses", "organizer"} & fields.keys():
        return None
    kept = [_as_given(each) for each in present.parties if not _is_replaced(present, each, fields)]
    taken = {(each["participationtypemask"], address_key(each["addressused"] or "")) for each in kept}
    wanted = [each for each in _wanted(fields) if (each[0], each[1].key) not in taken]
    known = find_known(connection, {person.key for _, person in wanted})
    parties = kept + [_made(present.keeper, role, person, known) for role, person in wanted]
    return _answered(parties, fields) if "responses" in fields else parties


def known_user(connection: Connection, keeper: Keeper, key: str) -> UUID | None:
    """Return the user with this address, or None."""
    if key in keeper.addresses:
        return keeper.user
    matches = find_known(connection, [key]).get(key, ()) if key else ()
    return next((each.id for each in matches if each.table == "systemuser"), None)


def _is_replaced(present: People, party: Party, fields: Mapping[str, Value]) -> bool:
    """Say whether a party goes; who stays keeps what is known of him, and so does one without an address."""
    if party.role == Participation.ORGANIZER:
        return "organizer" in fields and present.organizer_key != fields["organizer"]
    name = next((name for name, role in ROLES.items() if role == party.role), None)
    if name is None or name not in fields or not party.key:
        return False
    value = fields[name]
    people = value if isinstance(value, frozenset) else frozenset()
    is_organizer = party.key == present.organizer_key or present._is_keeper(party)
    return not is_organizer and party.key not in {each.key for each in people}


def _wanted(fields: Mapping[str, Value]) -> list[tuple[Participation, Attendee]]:
    found: list[tuple[Participation, Attendee]] = []
    for name, role in ROLES.items():
        value = fields.get(name)
        people = (
            [each for each in value if isinstance(each, Attendee)] if isinstance(value, frozenset) else []
        )
        found += [(role, each) for each in sorted(people, key=lambda each: each.key)]
    if organizer := fields.get("organizer"):
        found.append((Participation.ORGANIZER, Attendee(str(organizer), str(organizer))))
    return found


def _as_given(party: Party) -> dict[str, Any]:
    row = {name: party.row[name] for name in _KEPT}
    if party.row["ispartydeleted"]:
        # Its record is gone; its name and address stay.
        row |= {"partyid": None, "partyobjecttypecode": None}
        row["unresolvedpartyname"] = row["unresolvedpartyname"] or (party.name or None)
    return row


def _made(
    keeper: Keeper, role: Participation, person: Attendee, known: Mapping[str, tuple[Known, ...]]
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "participationtypemask": int(role),
        "addressused": (person.address or person.key)[:320],
        "unresolvedpartyname": (person.name or person.address or person.key)[:200],
    }
    match = _meant(known.get(person.key, ()))
    if person.key in keeper.addresses:
        return row | {"partyid": keeper.user, "partyobjecttypecode": "systemuser"}
    if match is not None:
        return row | {"partyid": match.id, "partyobjecttypecode": match.table}
    return row


def _meant(matches: Sequence[Known]) -> Known | None:
    """Return the record that an attendee's address stands for: a person's choice, else an active one."""
    order = {table: place for place, table in enumerate(SENDER_ORDER)}
    eligible = [each for each in matches if each.chosen or each.active]
    return min(
        eligible,
        key=lambda each: (not each.chosen, order.get(each.table, len(order)), each.id),
        default=None,
    )


def _answered(parties: list[dict[str, Any]], fields: Mapping[str, Value]) -> list[dict[str, Any]]:
    value = fields["responses"]
    given = [each for each in value if isinstance(each, Response)] if isinstance(value, frozenset) else []
    answers = {each.key: _CODES[each.answer] for each in given}
    return [
        {**each, "postroom_response": answers.get(address_key(each["addressused"] or ""))}
        if each["participationtypemask"] in ROLES.values()
        else each
        for each in parties
    ]
