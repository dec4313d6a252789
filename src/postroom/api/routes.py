"""Routes: what a method and an address come to."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.api import changes, csdl, definitions, fetching
from postroom.api.address import NAMESPACE, Key, Segment, read_address
from postroom.api.call import Call, Reply
from postroom.api.messages import catalog
from postroom.api.messages.message import Form, Message, Occasion
from postroom.api.odata.names import Names, meant, names_of
from postroom.api.odata.tokens import TokenKind, split_tokens
from postroom.api.odata.write import Draft, read_draft, read_reference
from postroom.api.problems import (
    DUPLICATE,
    NO_SUCH_TABLE,
    Problem,
    denied,
    not_allowed,
    not_found,
)
from postroom.api.reading import Reading
from postroom.api.visit import Needs, Operation, Visit
from postroom.api.writing import Writing, absent, expected_version, give_key
from postroom.errors import InvalidRecord, UserError
from postroom.schema import registry
from postroom.schema.table import TableInfo

_EXISTS = "A record with matching key values already exists."


def operation_of(visit: Visit) -> Operation:
    """Return what the request comes to; raises `Problem` where there is no such thing."""
    segments = read_address(visit.call.path)
    if not segments:
        return _reading(visit, lambda reading: _service_document(visit))
    first = segments[0]
    if first.name == "$metadata":
        return _reading(visit, lambda reading: Reply.text(csdl.describe(), "application/xml"))
    if first.name in definitions.SETS:
        return Operation(Needs.READING, lambda _: definitions.answer(visit, segments))
    table = _table_named(first.name)
    if table is None:
        return _unbound(visit, segments)
    return _Resource(visit, table, first, segments[1:]).operation()


def _table_named(set_name: str) -> TableInfo | None:
    return next((table for table in registry.tables() if table.set_name == set_name), None)


def _service_document(visit: Visit) -> Reply:
    sets = sorted(table.set_name for table in registry.tables())
    value = [{"name": name, "kind": "EntitySet", "url": name} for name in sets]
    return Reply.of({"@odata.context": f"{visit.call.base}$metadata", "value": value})


def _reading(visit: Visit, run: Callable[[Reading], Reply]) -> Operation:
    if visit.call.method not in ("GET", "HEAD"):
        raise not_allowed(f"{visit.call.method} is not for this resource.", "GET")
    return Operation(Needs.READING, lambda connection: run(Reading(connection, visit)))


class _Resource:
    """A set, or something in it, that a request is about."""

    def __init__(self, visit: Visit, table: TableInfo, first: Segment, rest: tuple[Segment, ...]) -> None:
        self.visit = visit
        self.call = visit.call
        self.table = table
        self.key = first.key()
        self.rest = rest

    def operation(self) -> Operation:
        """Return what is to be done with it."""
        if self.key is None:
            return self._of_set()
        if not self.rest:
            return self._of_record(self.key)
        return self._of_part(self.key, self.rest)

    # Sets -------------------------------------------------------------------------------------------------

    def _of_set(self) -> Operation:
        if self.rest:
            return self._in_set(self.rest[0])
        match self.call.method:
            case "GET" | "HEAD":
                if any(option in self.call.options for option in fetching.OPTIONS):
                    return Operation(
                        Needs.READING, lambda connection: fetching.answer(self.visit, connection, self.table)
                    )
                if changes.is_asked(self.visit):
                    return Operation(
                        Needs.READING, lambda connection: changes.answer(self.visit, connection, self.table)
                    )
                return _reading(self.visit, lambda reading: reading.collection(self.table))
            case "POST":
                return self._writing(self._create)
        raise not_allowed(f"{self.call.method} is not for a set.", "GET", "POST")

    def _in_set(self, segment: Segment) -> Operation:
        if segment.name == "$count" and len(self.rest) == 1:
            return _reading(self.visit, lambda reading: reading.count(self.table))
        return _bound(self.visit, self.table, None, segment)

    def _create(self, writing: Writing) -> Reply:
        draft = self._draft()
        id_ = writing.create(draft)
        return self._written(writing, self.table, id_, status=201)

    # Records ----------------------------------------------------------------------------------------------

    def _of_record(self, key: Key) -> Operation:
        match self.call.method:
            case "GET" | "HEAD":
                return _reading(self.visit, lambda reading: reading.record(self.table, key))
            case "PATCH":
                return self._writing(lambda writing: self._patch(writing, key))
            case "DELETE":
                return self._writing(lambda writing: self._delete(writing, key))
        raise not_allowed(f"{self.call.method} is not for a record.", "GET", "PATCH", "DELETE")

    def _patch(self, writing: Writing, key: Key) -> Reply:
        """Change a record, or create it under this key where the caller's conditions allow that."""
        if self.call.headers.get("if-match") is None:
            writing.hold_key(self.table, key)
        return put(writing, self.table, key, self._draft(), self.call)

    def _delete(self, writing: Writing, key: Key) -> Reply:
        id_ = writing.get(self.table, key)
        condition = self.call.headers.get("if-match", "*")
        writing.delete(self.table, id_, expected_version(self.table, condition))
        return Reply(204)

    # Parts of records -------------------------------------------------------------------------------------

    def _of_part(self, key: Key, rest: tuple[Segment, ...]) -> Operation:
        first, tail = rest[0], "/".join(segment.name for segment in rest[1:])
        names = names_of(self.table.logical_name)
        if first.message is not None:
            return _bound(self.visit, self.table, key, first)
        if first.name in names.collections:
            return self._of_collection(key, names, first, tail)
        if first.name in names.links and names.links[first.name].name == first.name:
            return self._of_link(key, names, first.name, tail)
        if first.name in names.properties:
            return self._of_property(key, first.name, tail)
        if catalog.bound(first.name, self.table, to_collection=False) is not None:
            raise _unresolved(first.name)
        known = [*names.properties, *names.links, *names.collections]
        raise not_found(f"{self.table.logical_name} has no {first.name!r:.60}. {meant(first.name, known)}")

    def _of_collection(self, key: Key, names: Names, first: Segment, tail: str) -> Operation:
        method = self.call.method
        collection = names.collections[first.name]
        if method in ("GET", "HEAD") and tail in ("", "$ref", "$count") and first.inside is None:
            return _reading(self.visit, lambda reading: reading.related(self.table, key, first.name, tail))
        if tail == "$ref" and method == "POST":
            return self._writing(lambda writing: self._associate(writing, key, collection))
        if tail == "$ref" and method == "DELETE":
            inner = first.key()
            return self._writing(lambda writing: self._disassociate(writing, key, collection, inner))
        if not tail and method == "POST":
            return self._writing(lambda writing: self._create_related(writing, key, collection))
        if not tail and method == "PUT" and collection.table.logical_name == "activityparty":
            return self._writing(lambda writing: self._put_parties(writing, key, first.name))
        raise not_allowed(f"{method} is not for the collection {first.name}.", "GET", "POST")

    def _associate(self, writing: Writing, key: Key, collection: Any) -> Reply:
        parent = writing.get(self.table, key)
        child = read_reference(self.call.json().get("@odata.id"), (collection.table.logical_name,))
        id_ = writing.get(collection.table, Key(child.id, child.key))
        reference = read_reference(f"{self.table.set_name}({parent})", (self.table.logical_name,))
        writing.point(collection.table, id_, collection.column, reference)
        return Reply(204)

    def _disassociate(self, writing: Writing, key: Key, collection: Any, inner: Key | None) -> Reply:
        parent = writing.get(self.table, key)
        if inner is None:
            said = self.call.options.get("$id")
            if said is None:
                raise Problem(400, "Say which record is to be taken off: ?$id=<address of the record>.")
            child = read_reference(said, (collection.table.logical_name,))
            inner = Key(child.id, child.key)
        id_ = writing.get(collection.table, inner)
        held = writing.visit.postroom.records.get(writing.connection, collection.table.logical_name, id_)
        if held[collection.column] != parent:
            raise absent(collection.table, inner)
        writing.point(collection.table, id_, collection.column, None)
        return Reply(204)

    def _create_related(self, writing: Writing, key: Key, collection: Any) -> Reply:
        parent = writing.get(self.table, key)
        draft = read_draft(collection.table, self.call.json())
        id_ = writing.create_part(self.table, parent, collection.column, draft)
        return self._written(writing, collection.table, id_, status=201)

    def _put_parties(self, writing: Writing, key: Key, name: str) -> Reply:
        id_ = writing.get(self.table, key)
        body = self.call.json()
        draft = read_draft(self.table, {name: body.get("value")})
        writing.set_parties(self.table, id_, draft.parts.get("activityid", []))
        return Reply(204)

    def _of_link(self, key: Key, names: Names, name: str, tail: str) -> Operation:
        method, link = self.call.method, names.links[name]
        if method in ("GET", "HEAD") and tail in ("", "$ref"):
            return _reading(self.visit, lambda reading: reading.related(self.table, key, name, tail))
        if tail == "$ref" and method == "PUT":

            def put_reference(writing: Writing) -> Reply:
                reference = read_reference(self.call.json().get("@odata.id"), link.targets)
                writing.point(self.table, writing.get(self.table, key), link.column, reference)
                return Reply(204)

            return self._writing(put_reference)
        if tail == "$ref" and method == "DELETE":

            def take_off(writing: Writing) -> Reply:
                writing.point(self.table, writing.get(self.table, key), link.column, None)
                return Reply(204)

            return self._writing(take_off)
        raise not_allowed(f"{method} is not for {name}.", "GET", "PUT", "DELETE")

    def _of_property(self, key: Key, name: str, tail: str) -> Operation:
        method = self.call.method
        if method in ("GET", "HEAD") and tail in ("", "$value"):
            is_raw = tail == "$value"
            return _reading(
                self.visit, lambda reading: reading.property(self.table, key, name, is_raw=is_raw)
            )
        if method in ("PUT", "DELETE") and not tail:

            def set_one(writing: Writing) -> Reply:
                value = self.call.json().get("value") if method == "PUT" else None
                draft = read_draft(self.table, {name: value})
                writing.update(draft, writing.get(self.table, key))
                return Reply(204)

            return self._writing(set_one)
        raise not_allowed(f"{method} is not for a property.", "GET", "PUT", "DELETE")

    # Answers ----------------------------------------------------------------------------------------------

    def _draft(self) -> Draft:
        return read_draft(self.table, self.call.json())

    def _writing(self, run: Callable[[Writing], Reply]) -> Operation:
        return Operation(Needs.WRITING, lambda connection: run(Writing(connection, self.visit)))

    def _written(self, writing: Writing, table: TableInfo, id_: UUID, *, status: int) -> Reply:
        return written(writing, table, id_, self.call, status=status)


def put(writing: Writing, table: TableInfo, key: Key, draft: Draft, call: Call) -> Reply:
    """Carry out a PATCH: update, or create where nothing is there and no condition forbids it."""
    match, none_match = call.headers.get("if-match"), call.headers.get("if-none-match", "null")
    found = writing.find(table, key)
    if found is not None:
        if none_match == "*":
            raise InvalidRecord(_EXISTS, code=DUPLICATE)
        writing.update(draft, found, None if match is None else expected_version(table, match))
        return written(writing, table, found, call, status=200)
    if match is not None:
        raise absent(table, key)
    give_key(draft, key)
    return written(writing, table, writing.create(draft), call, status=201)


def written(writing: Writing, table: TableInfo, id_: UUID, call: Call, *, status: int) -> Reply:
    """Return the answer to a write: nothing but the address, or the row where that was asked for."""
    address = f"{call.base}{table.set_name}({id_})"
    if not call.wants_representation:
        return Reply(204, b"", {"odata-entityid": address, "location": address})
    allowed = ("$select", "$expand") if status == 201 else ("$select",)
    options = {name: text for name, text in call.options.items() if name in allowed}
    row = Reading(writing.connection, writing.visit).row(table, id_, options)
    context = f"{call.base}$metadata#{table.set_name}/$entity"
    reply = Reply.of({"@odata.context": context, **(row or {})}, status)
    reply.headers["preference-applied"] = "return=representation"
    reply.headers["location"] = address
    return reply


# Messages -------------------------------------------------------------------------------------------------


def _unbound(visit: Visit, segments: tuple[Segment, ...]) -> Operation:
    first = segments[0]
    message = catalog.unbound(first.name)
    if message is None or len(segments) > 1:
        known = [*(table.set_name for table in registry.tables()), *catalog.unbound_names()]
        sentence = f"Resource not found for the segment '{first.name:.100}'. {meant(first.name, known)}"
        raise Problem(404, sentence, NO_SUCH_TABLE)
    return _call(visit, message, first, None, None)


def _bound(visit: Visit, table: TableInfo, key: Key | None, segment: Segment) -> Operation:
    name = segment.message
    if name is None:
        raise _unresolved(segment.name)
    message = catalog.bound(name, table, to_collection=key is None)
    if message is None:
        raise not_found(f"{table.set_name} has no message {name!r:.60}.")
    return _call(visit, message, segment, table, key)


def _unresolved(name: str) -> Problem:
    # source: DATAVERSE-WEBAPI bound functions
    return Problem(
        400, f"Request message has unresolved parameters. A bound message is called as {NAMESPACE}{name:.60}."
    )


def _call(
    visit: Visit, message: Message, segment: Segment, table: TableInfo | None, key: Key | None
) -> Operation:
    method = visit.call.method
    if message.form is Form.FUNCTION:
        if method not in ("GET", "HEAD"):
            raise not_allowed(f"{message.name} is a function and is called by GET.", "GET")
        given = _function_arguments(segment, visit.call.options)
    else:
        if method != "POST":
            raise not_allowed(f"{message.name} is an action and is called by POST.", "POST")
        given = visit.call.json()
    if message.is_for_administrators and not visit.caller.is_administrator:
        raise denied(f"{message.name} is for administrators.")
    arguments = message.read_arguments(given)

    def run(connection: sa.Connection) -> Reply:
        id_ = None
        if key is not None and table is not None:
            id_ = Writing(connection, visit).get(table, key)
        occasion = Occasion(visit, arguments, connection, table, id_)
        return message.answer(message.run(occasion), visit.call.base)

    def alone() -> Reply:
        id_ = None
        if key is not None and table is not None:
            with visit.postroom.database.read() as connection:
                id_ = Writing(connection, visit).get(table, key)
        occasion = Occasion(visit, arguments, None, table, id_)
        return message.answer(message.run(occasion), visit.call.base)

    return Operation(message.needs, run, alone)


def _function_arguments(segment: Segment, options: Mapping[str, str]) -> dict[str, Any]:
    """Return what stands in a function's parentheses, with `@name` replaced by the option of that name."""
    if not segment.inside:
        return {name: _literal(text) for name, text in options.items() if name[:1].isalpha()}
    arguments: dict[str, Any] = {}
    for part in _parts(segment.inside):
        name, equals, text = part.partition("=")
        if not equals:
            raise Problem(400, f"{segment.name}: expected Name=value, not {part!r:.60}.")
        text = text.strip()
        arguments[name.strip()] = _literal(options.get(text, "null") if text.startswith("@") else text)
    return arguments


def _parts(text: str) -> list[str]:
    parts, start, quoted, depth = [], 0, False, 0
    for at, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif not quoted and character in "[{(":
            depth += 1
        elif not quoted and character in ")}]":
            depth -= 1
        elif not quoted and character == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _literal(text: str) -> Any:
    """Return the value of an argument: a literal of OData, or JSON, which may be written in single quotes."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text if '"' in text else text.replace("'", '"'))
        except (ValueError, RecursionError) as fault:
            raise Problem(400, f"{text:.60} is not JSON.") from fault
    try:
        tokens = list(split_tokens(text))[:-1]
    except UserError as fault:
        raise Problem(400, str(fault)) from fault
    if len(tokens) != 1 or tokens[0].kind is not TokenKind.LITERAL:
        raise Problem(400, f"{text!r:.60} is no value; texts stand in single quotes.")
    return tokens[0].value
