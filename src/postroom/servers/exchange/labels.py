"""Categories on messages: read, changed and written back; nothing else on them is touched."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from postroom.errors import Refused, TransportError
from postroom.ports.folders import Recategorized
from postroom.servers.exchange.answer import Message, local, texts_at
from postroom.servers.exchange.faults import about_item
from postroom.servers.exchange.item import item_id
from postroom.servers.exchange.markup import field, item_ids, shape, tag, text
from postroom.servers.exchange.session import Session

#: Messages changed with one request.
CHUNK = 100
#: How often it is tried when somebody else changes the same messages.
ATTEMPTS = 3

_PROBLEM = "The categories of messages were not changed"


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A message and the categories that it is to have."""

    server_id: str
    change_key: str
    kind: str
    categories: tuple[str, ...]


def recategorize(session: Session, changes: Sequence[Recategorized]) -> Mapping[str, TransportError]:
    """Change the categories of messages and return what could not be changed, and why."""
    failures: dict[str, TransportError] = {}
    for start in range(0, len(changes), CHUNK):
        wanted = {change.server_id: change for change in changes[start : start + CHUNK]}
        for attempt in range(1, ATTEMPTS + 1):
            failed = dict(_changed(session, wanted))
            # Somebody else was faster: what they made of it is read before it is written again.
            again = {key for key, said in failed.items() if "ErrorIrresolvableConflict" in said.reply}
            if attempt == ATTEMPTS:
                again = set()
            failures.update((key, said) for key, said in failed.items() if key not in again)
            wanted = {key: wanted[key] for key in again}
            if not wanted:
                break
    return failures


def _changed(session: Session, changes: Mapping[str, Recategorized]) -> Iterator[tuple[str, TransportError]]:
    """Change these messages once and yield the failures."""
    ids = list(changes)
    request = tag("m:GetItem", shape(field("item:Categories")), item_ids(ids))
    labelled: list[_Labelled] = []
    for server_id, message in _paired(ids, session.call(request, _PROBLEM)):
        if message is None or not message.is_ok:
            yield server_id, _failure(message)
        elif (found := _relabelled(message, changes[server_id])) is not None:
            labelled.append(found)
    if labelled:
        answers = session.call(lambda: _update(session, labelled), _PROBLEM)
        for server_id, message in _paired([each.server_id for each in labelled], answers):
            if message is None or not message.is_ok:
                yield server_id, _failure(message)


def _paired(ids: Sequence[str], messages: Sequence[Message]) -> Iterator[tuple[str, Message | None]]:
    for position, server_id in enumerate(ids):
        yield server_id, messages[position] if position < len(messages) else None


def _failure(message: Message | None) -> TransportError:
    if message is None:
        return Refused("The server's answer leaves the message out.")
    return about_item(message.said, "The message's categories were not changed")


def _relabelled(message: Message, change: Recategorized) -> _Labelled | None:
    """Return what is to be written, or None when the message has the right categories already."""
    item = next(message.all("m:Items/*"), None)
    if item is None:
        return None
    present = tuple(filter(None, texts_at(item, "t:Categories/t:String")))
    # Outlook takes categories whose names differ in case for one.
    removed = {name.casefold() for name in change.remove}
    kept = tuple(name for name in present if name.casefold() not in removed)
    known = {name.casefold() for name in kept}
    wanted = kept + tuple(sorted(name for name in change.add if name.casefold() not in known))
    if wanted == present:
        return None
    identity = next(item.iterfind("{*}ItemId"))
    return _Labelled(item_id(item), identity.get("ChangeKey") or "", local(item), wanted)


def _update(session: Session, labelled: Sequence[_Labelled]) -> str:
    # source: MS-OXWSCORE 3.1.4.9
    quiet = {"SuppressReadReceipts": "true"} if session.may_suppress_receipts else {}
    return tag(
        "m:UpdateItem",
        tag("m:ItemChanges", *map(_change, labelled)),
        ConflictResolution="AutoResolve",
        MessageDisposition="SaveOnly",
        SendMeetingInvitationsOrCancellations="SendToNone",
        **quiet,
    )


def _change(each: _Labelled) -> str:
    path = field("item:Categories")
    if each.categories:
        strings = (tag("t:String", text(name)) for name in each.categories)
        value = tag(f"t:{each.kind}", tag("t:Categories", *strings))
        update = tag("t:SetItemField", path, value)
    else:
        update = tag("t:DeleteItemField", path)
    version = {"ChangeKey": each.change_key} if each.change_key else {}
    identity = tag("t:ItemId", Id=each.server_id, **version)
    return tag("t:ItemChange", identity, tag("t:Updates", update))
