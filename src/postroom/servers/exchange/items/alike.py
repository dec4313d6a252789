"""Items that look like given ones: searched for by the server, then compared in full."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from postroom.reconcile.item import Item, Kind, Span
from postroom.reconcile.match import TELLING, content_key
from postroom.reconcile.values import PersonName
from postroom.servers.exchange.items.find import CHUNK, equal_to
from postroom.servers.exchange.items.places import Places
from postroom.servers.exchange.items.reader import Named, Reader
from postroom.servers.exchange.items.text import moment
from postroom.servers.exchange.items.translate import id_in
from postroom.servers.exchange.markup import field, tag
from postroom.servers.exchange.search import find_items, folder_id
from postroom.servers.exchange.session import Session

_NAMES: Final[Mapping[str, str]] = {"first": "contacts:GivenName", "last": "contacts:Surname"}
_PROBLEM: Final = "Items that look alike were not looked for"


def alike(session: Session, reader: Reader, places: Places, items: Sequence[Item]) -> Sequence[str]:
    """Return the ids of items with an equal `match.content_key`."""
    keys = {(item.kind.on_server, content_key(item)) for item in items if content_key(item)}
    found: list[str] = []
    for kind in dict.fromkeys(kind for kind, _ in keys):
        folders = [folder for folder, held in places.kinds.items() if held is _held(kind)]
        candidates = _candidates(session, folders, [item for item in items if item.kind.on_server is kind])
        for batch in reader.read(map(Named, dict.fromkeys(candidates)), (_held(kind),), folders):
            found += (each.id for each in batch.values() if (each.kind, content_key(each)) in keys)
    return found


def _held(kind: Kind) -> Kind:
    """Return of which kind a folder is that holds such items."""
    return Kind.APPOINTMENT if kind is Kind.SERIES else kind


def _candidates(session: Session, folders: Sequence[str], items: Sequence[Item]) -> Iterator[str]:
    conditions = [condition for item in items if (condition := _condition(item))]
    places = [folder_id(folder) for folder in folders]
    for start in range(0, len(conditions), CHUNK):
        chunk = conditions[start : start + CHUNK]
        restriction = tag("m:Restriction", tag("t:Or", *chunk) if len(chunk) > 1 else chunk[0])
        for _, found in find_items(session, places, (), restriction, _PROBLEM):
            yield from (id_in(each)[0] for each in found)


def _condition(item: Item) -> str:
    """Return what the server is to compare, or nothing for an item that says too little."""
    conditions = []
    if "subject" in TELLING[item.kind] and (subject := item.fields.get("subject")):
        conditions.append(equal_to(field("item:Subject"), str(subject)))
    span, name = item.fields.get("time"), item.fields.get("full_name")
    if isinstance(span, Span):
        conditions.append(equal_to(field("calendar:Start"), moment(span.start_at)))
    if isinstance(name, PersonName):
        parts = ((uri, getattr(name, part)) for part, uri in _NAMES.items())
        conditions += [equal_to(field(uri), written) for uri, written in parts if written]
    if not conditions:
        return ""
    return tag("t:And", *conditions) if len(conditions) > 1 else conditions[0]
