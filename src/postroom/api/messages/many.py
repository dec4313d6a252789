"""Messages that write many records at once: all of them, or none."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from postroom.api import audit
from postroom.api.address import Key, read_address
from postroom.api.call import Reply
from postroom.api.messages.message import Form, Message, Occasion, Parameter, Type, record_of
from postroom.api.odata.write import Draft, read_draft
from postroom.api.problems import Problem
from postroom.api.query_expression import read_expression
from postroom.api.visit import Needs
from postroom.api.writing import Writing, give_key
from postroom.errors import InvalidRecord, NoSuchRecord, UserError
from postroom.schema.ids import new_id
from postroom.store.fetch import compiled

#: More belong into several requests. # source: DATAVERSE-WEBAPI bulk operations
MOST_TARGETS = 1_000


def _targets(occasion: Occasion) -> Sequence[Mapping[str, Any]]:
    targets: Sequence[Mapping[str, Any]] = occasion.arguments["Targets"]
    if not 0 < len(targets) <= MOST_TARGETS:
        raise Problem(400, f"Targets: between 1 and {MOST_TARGETS} records, not {len(targets)}.")
    return targets


def _drafts(occasion: Occasion) -> list[Draft]:
    """Return every target as a draft; all that is wrong with any of them is told at once."""
    problems: list[str] = []
    drafts = []
    for number, target in enumerate(_targets(occasion)):
        try:
            drafts.append(read_draft(occasion.bound, target, where=f"Targets[{number}]"))
        except UserError as fault:
            problems.extend(fault.problems)
    if problems:
        raise UserError(*problems)
    return drafts


def _create(occasion: Occasion) -> dict[str, Any]:
    writing = Writing(occasion.store, occasion.visit)
    return {"Ids": [str(_named(draft, writing.create)) for draft in _drafts(occasion)]}


def _named(draft: Draft, write: Any) -> UUID:
    """Write a draft; what is wrong with it is told with the place where it stood."""
    try:
        id_: UUID = write(draft)
    except NoSuchRecord as fault:
        raise NoSuchRecord(f"{draft.where}: {fault}", code=fault.code) from fault
    except InvalidRecord as fault:
        raise InvalidRecord(f"{draft.where}: {fault}", code=fault.code, column=fault.column) from fault
    return id_


def _key_of(draft: Draft, target: Mapping[str, Any]) -> Key:
    """Return the key of a target: its address where it has one, else the key column."""
    address = target.get("@odata.id")
    if isinstance(address, str):
        segments = read_address(address.partition("/api/data/")[2].partition("/")[2] or address)
        key = segments[-1].key() if segments and segments[-1].name == draft.table.set_name else None
        if key is not None:
            return key
        raise Problem(400, f"{draft.where}: @odata.id names no record of {draft.table.set_name}.")
    if draft.id is not None:
        return Key(draft.id)
    raise Problem(400, f"{draft.where}: give {draft.table.primary_id} or @odata.id.")


def _update(occasion: Occasion) -> None:
    writing = Writing(occasion.store, occasion.visit)
    for draft, target in zip(_drafts(occasion), _targets(occasion), strict=True):
        key = _key_of(draft, target)

        def write(draft: Draft, key: Key = key) -> UUID:
            id_ = writing.get(draft.table, key)
            writing.update(draft, id_)
            return id_

        _named(draft, write)


def _upsert(occasion: Occasion) -> Reply:
    writing = Writing(occasion.store, occasion.visit)
    for draft, target in zip(_drafts(occasion), _targets(occasion), strict=True):
        key = _key_of(draft, target)

        def write(draft: Draft, key: Key = key) -> UUID:
            writing.hold_key(draft.table, key)
            found = writing.find(draft.table, key)
            if found is not None:
                writing.update(draft, found)
                return found
            give_key(draft, key)
            return writing.create(draft)

        _named(draft, write)
    return Reply(204)


def _delete(occasion: Occasion) -> None:
    writing = Writing(occasion.store, occasion.visit)
    for number, target in enumerate(_targets(occasion)):
        table, id_ = record_of(target, where=f"Targets[{number}]")
        if table is not occasion.bound:
            raise Problem(400, f"Targets[{number}] is no record of {occasion.bound.set_name}.")
        writing.delete(table, writing.get(table, Key(id_)))


def _bulk_delete(occasion: Occasion) -> dict[str, Any]:
    """Delete what the queries find; there is no job to wait for, it is done when the answer comes."""
    visit, connection = occasion.visit, occasion.store
    writing, viewer = Writing(connection, visit), visit.full_sight(connection).viewer
    assert viewer is not None  # noqa: S101 - a full sight has one
    for query in occasion.arguments["QuerySet"]:
        table, fetch = read_expression(query)
        for id_ in connection.scalars(compiled(fetch, viewer)).all():
            if writing.is_seen(table, id_):
                writing.delete(table, id_)
    job = new_id()
    audit.note(connection, visit.caller, visit.postroom.clock.now(), "BulkDelete")
    return {"JobId": str(job)}


def _many(name: str, run: Any, description: str, **said: Any) -> Message:
    targets = Parameter("Targets", Type.LIST, description="The records.")
    return Message(
        name,
        Form.ACTION,
        run,
        description,
        (targets,),
        "*",
        is_of_collection=True,
        needs=Needs.WRITING,
        **said,
    )


MESSAGES = (
    _many("CreateMultiple", _create, "Create records, all or none.", returns={"Ids": "Collection(Edm.Guid)"}),
    _many("UpdateMultiple", _update, "Change records, all or none."),
    _many("UpsertMultiple", _upsert, "Create or change records, all or none."),
    _many("DeleteMultiple", _delete, "Delete records, all or none."),
    Message(
        "BulkDelete",
        Form.ACTION,
        _bulk_delete,
        "Delete what queries find.",
        (
            Parameter("QuerySet", Type.LIST, description="QueryExpressions."),
            Parameter("JobName", Type.TEXT, is_required=False),
            Parameter("SendEmailNotification", Type.TRUTH, is_required=False),
            Parameter("ToRecipients", Type.OBJECT, is_required=False),
            Parameter("CCRecipients", Type.OBJECT, is_required=False),
            Parameter("RecurrencePattern", Type.TEXT, is_required=False),
            Parameter("StartDateTime", Type.MOMENT, is_required=False),
            Parameter("SourceImportId", Type.ID, is_required=False),
            Parameter("RunNow", Type.TRUTH, is_required=False),
        ),
        needs=Needs.WRITING,
        returns={"JobId": "Edm.Guid"},
    ),
)
