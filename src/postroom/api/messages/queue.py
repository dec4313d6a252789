"""Messages about queues: put into one, taken from one, worked on.

# source: DATAVERSE-ACTIONS
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from postroom.api.address import Key
from postroom.api.messages.message import Form, Message, Occasion, Parameter, Type, record_of
from postroom.api.odata.write import Draft, Reference
from postroom.api.problems import Problem
from postroom.api.visit import Needs
from postroom.api.writing import Writing
from postroom.errors import InvalidRecord
from postroom.schema import registry
from postroom.schema.choices import ActiveState, QueueViewType
from postroom.schema.queue import QueueItem

_ITEM = QueueItem.__table__
_SAME_QUEUE: Final = 0x80040523
_NOT_IN_SOURCE: Final = 0x80040524


def _add(occasion: Occasion) -> dict[str, Any]:
    """Put a record into the queue; one that waits in another queue is moved."""
    table, id_ = record_of(occasion.arguments["Target"], where="Target")
    writing = Writing(occasion.store, occasion.visit)
    writing.get(table, Key(id_))
    item = _waiting(occasion.store, id_)
    source = occasion.arguments["SourceQueue"]
    if source is not None:
        _, queue = record_of({"@odata.type": "queue", **source}, where="SourceQueue")
        if item is None or item.queueid != queue:
            raise InvalidRecord("The record is not in the source queue.", code=_NOT_IN_SOURCE)
    if item is not None and item.queueid == occasion.row:
        raise InvalidRecord("The record is in this queue already.", code=_SAME_QUEUE)
    draft = Draft(registry.by_logical_name("queueitem"), "queueitem")
    draft.values["queueid"] = occasion.row
    if item is not None:
        writing.update(draft, item.queueitemid)
        return {"QueueItemId": str(item.queueitemid)}
    draft.references["objectid"] = Reference(table, id_)
    return {"QueueItemId": str(writing.create(draft))}


def _waiting(connection: sa.Connection, record: UUID) -> Any:
    query = sa.select(_ITEM.c.queueitemid, _ITEM.c.queueid).where(
        _ITEM.c.objectid == record, _ITEM.c.statecode == int(ActiveState.ACTIVE)
    )
    return connection.execute(query.order_by(_ITEM.c.enteredon, _ITEM.c.queueitemid)).first()


def _pick(occasion: Occasion) -> None:
    """Note who works on what waits, or take it out of the queue for him."""
    said = occasion.arguments["SystemUser"]
    table, user = record_of({"@odata.type": "systemuser", **said}, where="SystemUser")
    if table.logical_name != "systemuser":
        raise Problem(400, "SystemUser must be a user.")
    writing = Writing(occasion.store, occasion.visit)
    writing.get(table, Key(user))
    if occasion.arguments["RemoveQueueItem"]:
        writing.delete(occasion.bound, occasion.row)
    else:
        writing.point(occasion.bound, occasion.row, "workerid", Reference(table, user))


def _release(occasion: Occasion) -> None:
    Writing(occasion.store, occasion.visit).point(occasion.bound, occasion.row, "workerid", None)


def _remove(occasion: Occasion) -> None:
    Writing(occasion.store, occasion.visit).delete(occasion.bound, occasion.row)


def _route(occasion: Occasion) -> None:
    """Move what waits to another queue, or give it to a user or team to work on."""
    writing = Writing(occasion.store, occasion.visit)
    table, target = record_of(occasion.arguments["Target"], where="Target")
    said = {"@odata.type": "queueitem", **occasion.arguments["QueueItem"]}
    kind, item = record_of(said, where="QueueItem")
    writing.get(table, Key(target))
    writing.get(kind, Key(item))
    if table.logical_name not in ("queue", "systemuser", "team"):
        raise Problem(400, "Target must be a queue, a user or a team.")
    column = "queueid" if table.logical_name == "queue" else "workerid"
    writing.point(kind, item, column, Reference(table, target))


def _queues_of(occasion: Occasion) -> dict[str, Any]:
    """Return the queues that a user owns, and the public ones where they are wanted."""
    table = registry.by_logical_name("queue")
    source = occasion.visit.sight(occasion.store).of(table)
    mine = source.c.ownerid == occasion.row
    if occasion.arguments["IncludePublic"]:
        mine = sa.or_(mine, source.c.queueviewtype == int(QueueViewType.PUBLIC))
    query = sa.select(source.c.queueid, source.c.name, source.c.emailaddress).where(mine)
    rows = occasion.store.execute(query.order_by(source.c.name, source.c.queueid))
    return {
        "value": [{"queueid": str(r.queueid), "name": r.name, "emailaddress": r.emailaddress} for r in rows]
    }


_ON_ITEM: Mapping[str, Any] = {"binding": "queueitem", "needs": Needs.WRITING}

MESSAGES = (
    Message(
        "AddToQueue",
        Form.ACTION,
        _add,
        "Put a record into a queue.",
        (
            Parameter("Target", Type.RECORD, description="The record."),
            Parameter("SourceQueue", Type.RECORD, is_required=False, description="Where it must be now."),
            Parameter("QueueItemProperties", Type.RECORD, is_required=False),
        ),
        "queue",
        needs=Needs.WRITING,
        returns={"QueueItemId": "Edm.Guid"},
    ),
    Message(
        "PickFromQueue",
        Form.ACTION,
        _pick,
        "Have a user work on what waits in a queue.",
        (Parameter("SystemUser", Type.RECORD), Parameter("RemoveQueueItem", Type.TRUTH)),
        **_ON_ITEM,
    ),
    Message("ReleaseToQueue", Form.ACTION, _release, "Have nobody work on it any more.", **_ON_ITEM),
    Message("RemoveFromQueue", Form.ACTION, _remove, "Take it out of its queue.", **_ON_ITEM),
    Message(
        "RouteTo",
        Form.ACTION,
        _route,
        "Move what waits to another queue, or give it to somebody.",
        (Parameter("Target", Type.RECORD), Parameter("QueueItem", Type.RECORD)),
        needs=Needs.WRITING,
    ),
    Message(
        "RetrieveUserQueues",
        Form.FUNCTION,
        _queues_of,
        "Return the queues of a user.",
        (Parameter("IncludePublic", Type.TRUTH),),
        "systemuser",
        returns={"value": "Collection(mscrm.queue)"},
    ),
)
