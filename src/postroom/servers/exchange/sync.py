"""What has changed in one folder since it was last read, in the server's own account."""

from collections.abc import Iterator
from dataclasses import replace

from postroom.errors import Refused, SignInRejected, Throttled, TransportError
from postroom.ports.mail import Offered, Page
from postroom.servers.exchange.answer import Element, Message, SoapFault, local
from postroom.servers.exchange.glance import Seen
from postroom.servers.exchange.item import LISTED, Listing, Place, item_id
from postroom.servers.exchange.mark import Mark
from postroom.servers.exchange.markup import shape, tag, text
from postroom.servers.exchange.search import find_items, folder_id
from postroom.servers.exchange.session import Session, require

#: Changes in one answer.
# source: MS-OXWSSYNC 2.2.5.1
STEP = 512

LOST_COUNT = frozenset({"ErrorInvalidSyncStateData", "ErrorSyncStateInvalid"})
_GONE = frozenset({"ErrorFolderNotFound", "ErrorSyncFolderNotFound", "ErrorItemNotFound"})
_PROBLEM = "The changes of a folder were not listed"


def changes_of(session: Session, place: Place, mark: Mark, seen: Seen, listing: Listing) -> Iterator[Page]:
    """Yield what changed in the folder since its mark, a page for each answer.

    A mark that the server refuses is forgotten and the folder read from its beginning. A server
    that can't tell changes is asked for all that the folder holds.
    """
    try:
        yield from _synchronized(session, place, mark, seen, listing)
    except TransportError as failure:
        is_answer = isinstance(failure.__cause__, SoapFault) or isinstance(failure, Refused)
        if not is_answer or isinstance(failure, Throttled | SignInRejected):
            raise
        # Some servers and gateways know no SyncFolderItems, or fail in it.
        yield from _listed(session, place, mark, seen, listing)


def _synchronized(session: Session, place: Place, mark: Mark, seen: Seen, listing: Listing) -> Iterator[Page]:
    while True:
        message = session.call(_request(place, mark.state), _PROBLEM)[:1]
        code = message[0].said.code if message else ""
        if message and not message[0].is_ok and mark.state and code in LOST_COUNT:
            mark = Mark(folder=place.id)
            continue
        if code in _GONE and not message[0].is_ok:
            yield Page((), marks={place.key: ""})
            return
        answer = require(message, _PROBLEM)
        state = answer.text("m:SyncState")
        is_last = answer.text("m:IncludesLastItemInRange").lower() != "false"
        if not state or (not is_last and state == mark.state):
            # All that is there can still be asked for.
            raise Refused("The server lists changes of a folder and never comes to their end.")
        offered, gone = _read(answer, place, mark, listing)
        mark = replace(mark, state=state, folder=place.id, at=session.now())
        if is_last:
            mark = replace(mark, glance=seen.settled(session.answered_at), is_complete=True)
        yield Page(offered, gone, marks={place.key: mark.written()})
        if is_last:
            return


def _request(place: Place, state: str) -> str:
    # source: MS-OXWSSYNC 3.1.4.2
    return tag(
        "m:SyncFolderItems",
        shape(*LISTED),
        tag("m:SyncFolderId", folder_id(place.id)),
        tag("m:SyncState", text(state)) if state else "",
        tag("m:MaxChangesReturned", str(STEP)),
    )


def _read(answer: Message, place: Place, mark: Mark, listing: Listing) -> tuple[list[Offered], list[str]]:
    offered: dict[str, Offered] = {}
    gone: list[str] = []
    for change in answer.all("m:Changes/*"):
        kind = local(change)
        if kind == "Delete":
            gone.append(item_id(change))
            offered.pop(gone[-1], None)
        elif kind in {"Create", "Update"} and (item := _only(change)) is not None:
            is_arrival = mark.is_complete and bool(mark.state) and kind == "Create"
            if found := listing.offer(item, place, is_arrival=is_arrival):
                # An item that was made and changed since may be listed twice.
                known = offered.get(found.server_id)
                offered[found.server_id] = found if known is None else _latest(known, found)
    return list(offered.values()), [each for each in gone if each]


def _only(change: Element) -> Element | None:
    return change[0] if len(change) else None


def _latest(known: Offered, found: Offered) -> Offered:
    return replace(found, number=known.number, is_arrival=known.is_arrival or found.is_arrival)


def _listed(session: Session, place: Place, mark: Mark, seen: Seen, listing: Listing) -> Iterator[Page]:
    """Yield all that the folder holds; what is gone from it can't be told."""
    for _, items in find_items(session, [folder_id(place.id)], LISTED, "", _PROBLEM):
        yield Page([offer for item in items if (offer := listing.offer(item, place))])
    glance = seen.settled(session.answered_at)
    mark = replace(mark, glance=glance, at=session.now(), folder=place.id, is_complete=True)
    yield Page((), marks={place.key: mark.written()})
